/* SPDX-License-Identifier: Apache-2.0 */
#include "api/script_options.h"
#include <stdlib.h>

/* The words of one line. */
typedef struct line {
	const char *name;
	size_t name_length;
	const char *rest, *end;  /* what follows the name */
} line;

/* Takes the next number of the line; false: there is none. */
static bool next_number(line *of, uint64_t *number)
{
	char *end;

	while (of->rest < of->end && *of->rest == ' ')
		of->rest++;
	if (of->rest == of->end)
		return false;
	*number = strtoull(of->rest, &end, 0);
	bool any = end > of->rest && end <= of->end;
	of->rest = any ? end : of->end;
	return any;
}

static bool is(const line *of, const char *name)
{
	return strlen(name) == of->name_length && !memcmp(of->name, name, of->name_length);
}

/* The rest of a line as one name of a list; PTM_NOT_FOUND: it is no such line. */
static ptm_status read_name(ptm_script_options *options, const line *of, ptm_strings *strings)
{
	uint32_t id;
	bool comm = is(of, "comm"), symbol = is(of, "symbol"), dso = is(of, "dso"), graph = is(of, "graph_function");

	if (is(of, "switch_on"))
		return ptm_strings_add(strings, of->rest, (size_t)(of->end - of->rest), &options->switch_on);
	if (is(of, "switch_off"))
		return ptm_strings_add(strings, of->rest, (size_t)(of->end - of->rest), &options->switch_off);
	if (is(of, "kernel_path"))
		return ptm_strings_add(strings, of->rest, (size_t)(of->end - of->rest), &options->kernel_path);
	if (!comm && !symbol && !dso && !graph && !is(of, "stop_bt"))
		return PTM_NOT_FOUND;
	PTM_TRY(ptm_strings_add(strings, of->rest, (size_t)(of->end - of->rest), &id));
	if (comm)
		return ptm_array_push(&options->comms, id);
	if (symbol)
		return ptm_array_push(&options->symbols, id);
	if (dso)
		return ptm_array_push(&options->dsos, id);
	return graph ? ptm_array_push(&options->graph_functions, id) : ptm_array_push(&options->stop_symbols, id);
}

static ptm_status read_range(ptm_script_options *options, line *of)
{
	ptm_script_range range;
	if (!next_number(of, &range.start) || !next_number(of, &range.end))
		return PTM_BAD_REQUEST;
	return ptm_array_push(&options->times, range);
}

static ptm_status read_fields(ptm_script_options *options, line *of)
{
	uint64_t type, fields, chosen;
	if (!next_number(of, &type) || !next_number(of, &fields) || !next_number(of, &chosen) || type >= PTM_EVENTS_TYPES)
		return PTM_BAD_REQUEST;
	options->fields[type] = fields;
	options->chosen |= chosen ? 1u << type : 0;
	return PTM_OK;
}

/* Numbers that stand alone: where each goes. */
static ptm_status read_number(ptm_script_options *options, const line *of, uint64_t number)
{
	const struct { const char *name; uint32_t *into; } words[] = {
		{ "want", &options->want }, { "show", &options->show }, { "version", &options->version },
		{ "branch_filter", &options->branch_filter }, { "error_filter", &options->error_filter }, { "quick", &options->quick }, { "skip", &options->skip },
		{ "chain_size", &options->chain_size }, { "branch_stack_size", &options->branch_stack_size },
		{ "added_chain_size", &options->added_chain_size }, { "added_branch_size", &options->added_branch_size },
		{ "max_stack", &options->max_stack }, { "max_blocks", &options->max_blocks },
	};
	const struct { const char *name; bool *into; } switches[] = {
		{ "approximate_ipc", &options->approximate_ipc }, { "timeless", &options->timeless }, { "ns", &options->ns },
		{ "header_only", &options->header_only }, { "show_info", &options->show_info },
		{ "relative_time", &options->relative_time }, { "delta_time", &options->delta_time }, { "pad_dso", &options->pad_dso }, { "stitch_lbr", &options->stitch_lbr },
		{ "no_inline", &options->no_inline }, { "no_demangle", &options->no_demangle }, { "dump_unsorted", &options->dump_unsorted }, { "show_rounds", &options->show_rounds }, { "show_kernel_path", &options->show_kernel_path }, { "not_decoded", &options->not_decoded }, { "latency", &options->latency }, { "show_on_off", &options->show_on_off }, { "full_source_path", &options->full_source_path },
	};
	for (uint32_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (is(of, words[i].name)) {
			*words[i].into = (uint32_t)number;
			return PTM_OK;
		}
	}
	for (uint32_t i = 0; i < sizeof switches / sizeof *switches; i++) {
		if (is(of, switches[i].name)) {
			*switches[i].into = number != 0;
			return PTM_OK;
		}
	}
	if (is(of, "asked")) {
		options->asked = number;
		return PTM_OK;
	}
	if (is(of, "utc_offset")) {
		options->utc_offset = (int32_t)number;
		return PTM_OK;
	}
	if (is(of, "address_range")) {
		options->address_range = number;
		return PTM_OK;
	}
	if (is(of, "address"))
		return ptm_array_push(&options->addresses, number);
	if (is(of, "cpu"))
		return ptm_array_push(&options->cpus, (int32_t)number);
	if (is(of, "pid"))
		return ptm_array_push(&options->pids, (int32_t)number);
	return is(of, "tid") ? ptm_array_push(&options->tids, (int32_t)number) : PTM_BAD_REQUEST;
}

static ptm_status read_line(ptm_script_options *options, line *of, ptm_strings *strings)
{
	uint64_t number;

	ptm_status status = read_name(options, of, strings);
	if (status != PTM_NOT_FOUND)
		return status;
	if (is(of, "dump"))
		return ptm_strings_add(strings, of->rest, (size_t)(of->end - of->rest), &options->dump);
	if (is(of, "header"))
		return ptm_strings_add(strings, of->rest, (size_t)(of->end - of->rest), &options->header);
	if (is(of, "time"))
		return read_range(options, of);
	if (is(of, "fields"))
		return read_fields(options, of);
	if (!next_number(of, &number))
		return PTM_BAD_REQUEST;
	if (!is(of, "period"))
		return read_number(options, of, number);
	options->period_unit = (uint8_t)number;
	return number <= PTM_PERIOD_NS && next_number(of, &options->period) ? PTM_OK : PTM_BAD_REQUEST;
}

ptm_status ptm_script_options_read(ptm_script_options *options, const char *text, ptm_strings *strings, ptm_message *message)
{
	options->max_stack = UINT32_MAX;
	while (text && *text) {
		const char *end = strchr(text, '\n');
		if (!end)
			end = text + strlen(text);
		const char *space = memchr(text, ' ', (size_t)(end - text));
		line of = { .name = text, .name_length = (size_t)((space ? space : end) - text), .rest = space ? space + 1 : end, .end = end };
		ptm_status status = of.name_length ? read_line(options, &of, strings) : PTM_OK;
		if (status == PTM_BAD_REQUEST)
			return ptm_message_set(message, status, "The option \"%.*s\" is not one that the decoder knows.", (int)(end - text), text);
		PTM_TRY(status);
		text = *end ? end + 1 : end;
	}
	return PTM_OK;
}

void ptm_script_options_free(ptm_script_options *options)
{
	ptm_array_free(&options->times);
	ptm_array_free(&options->cpus);
	ptm_array_free(&options->pids);
	ptm_array_free(&options->tids);
	ptm_array_free(&options->comms);
	ptm_array_free(&options->symbols);
	ptm_array_free(&options->dsos);
	ptm_array_free(&options->addresses);
	ptm_array_free(&options->graph_functions);
	ptm_array_free(&options->stop_symbols);
}
