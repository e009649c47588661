/* SPDX-License-Identifier: Apache-2.0 */
/* Ordinary samples as perf script 6.1 prints them. The order of the fields is
 * perf's, whatever the order in which they are asked for. */
#include "api/sample_chain.h"
#include "api/script_dump.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void ptm_script_put(ptm_script *script, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (length > 0)
		ptm_script_put_text(script, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

void ptm_script_put_text(ptm_script *script, const char *text, size_t length)
{
	if (script->status != PTM_OK)
		return;
	script->status = ptm_array_reserve(&script->text, (uint32_t)length);
	if (script->status != PTM_OK)
		return;
	memcpy(script->text.at + script->text.length, text, length);
	script->text.length += (uint32_t)length;
}

static const ptm_map *map_in(const ptm_script *script, uint64_t ip, bool in_kernel, uint32_t *space)
{
	const ptm_session *session = script->session;

	*space = in_kernel ? script->kernel_space : script->space;
	const ptm_map *map = ptm_spaces_find(session->spaces, *space, ip);
	return map && session->images.images.at[map->image].is_kernel == in_kernel ? map : NULL;
}

const ptm_map *ptm_script_map(const ptm_script *script, uint64_t ip, uint32_t *space)
{
	bool told = ip >> 63;
	const ptm_map *map = map_in(script, ip, script->in_kernel, space);

	return map || told == script->in_kernel || script->only_mode ? map : map_in(script, ip, told, space);
}

void ptm_script_put_name(ptm_script *script, uint64_t ip, const char *unknown)
{
	ptm_session *session = script->session;
	uint64_t offset;
	const char *name = "";

	uint32_t space;
	const ptm_map *map = ptm_script_map(script, ip, &space);
	if (map) {
		const ptm_function *function = ptm_spaces_function(session->spaces, ptm_spaces_perf_function_at(session->spaces, space, ip, &offset));
		name = ptm_strings_get(&session->strings, function->name);
		offset = ptm_script_offset(function, map, offset);
	}
	if (!*name) {
		ptm_script_put(script, "%s", unknown);
		return;
	}
	ptm_script_put_text(script, name, strlen(name));
	if (script->fields & PTM_SCRIPT_SYMOFF)
		ptm_script_put(script, "+0x%" PRIx64, offset);
}

void ptm_script_put_dso(ptm_script *script, uint64_t ip)
{
	uint32_t space;
	const ptm_map *map = ptm_script_map(script, ip, &space);
	const char *dso = map ? ptm_strings_get(&script->session->strings, ptm_script_binary_name(script, map)) : "[unknown]";

	size_t length = strlen(dso), most = PTM_SCRIPT_DSO_WIDTH - 1;
	ptm_script_put_text(script, "(", 1);
	ptm_script_put_text(script, dso, script->options.pad_dso && length > most ? most : length);
	if (script->options.pad_dso)
		ptm_script_put(script, "%*s", (int)(PTM_SCRIPT_DSO_WIDTH - (length < most ? length : most)), "");
	ptm_script_put_text(script, ")", 1);
}

/* The binary, and where in it. */
static void put_dso(ptm_script *script, uint64_t ip)
{
	uint32_t space;
	const ptm_map *map = script->fields & PTM_SCRIPT_DSOFF ? ptm_script_map(script, ip, &space) : NULL;

	ptm_script_put_text(script, " ", 1);
	ptm_script_put_dso(script, ip);
	if (!map || !map->image)
		return;
	script->text.length--;
	ptm_script_put(script, "+0x%" PRIx64 ")", ip - map->start + map->file_offset);
}

static void put_place(ptm_script *script, uint64_t ip)
{
	if (script->fields & PTM_SCRIPT_SYM) {
		ptm_script_put_text(script, " ", 1);
		ptm_script_put_name(script, ip, "[unknown]");
	}
	if (script->fields & PTM_SCRIPT_DSO)
		put_dso(script, ip);
}

enum { TYPE_SOFTWARE = 1, TRACEPOINT = 2 }; /* PERF_TYPE_* */
enum { BPF_OUTPUT = 10 };        /* PERF_COUNT_SW_* */

/* ------------------------------------------------------------ line start */

static void set_who(ptm_script *script, const ptm_sample *sample)
{
	ptm_session *session = script->session;
	uint32_t thread = ptm_sideband_thread(&session->sideband, sample->pid, sample->tid);
	uint64_t time = sample->time == PTM_NO_TIME ? UINT64_MAX - 1 : sample->time;
	const char *comm = thread ? ptm_strings_get(&session->strings, ptm_script_name_of(&session->sideband, thread, time)) : "";

	script->thread = thread;
	script->pid = sample->pid;
	script->tid = sample->tid;
	script->cpu = sample->cpu;
	if (*comm && !ptm_script_is_forgotten(script, thread))
		snprintf(script->comm, sizeof script->comm, "%s", comm);
	else if (sample->tid)
		snprintf(script->comm, sizeof script->comm, ":%d", sample->tid);
	else
		snprintf(script->comm, sizeof script->comm, "swapper");
}

static void put_start(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr)
{
	static const char *const modes[8] = { "", "K", "U", "H", "G", "g", "", "" };
	bool has_time = sample->time != PTM_NO_TIME;

	/* perf does not tell the mode of samples that it makes. */
	ptm_script_put_who(script, has_time ? sample->time : 0, script->made ? "" : modes[sample->misc & PTM_MODE_MASK]);
	if (script->fields & PTM_SCRIPT_PERIOD)
		ptm_script_put(script, "%10" PRIu64 " ", sample->period);
	if (script->fields & PTM_SCRIPT_EVENT)
		ptm_script_put(script, "%*s: ", (int)script->event_width, ptm_strings_get(&script->session->strings, attr->script_name));
	/* A sample has none, but perf keeps their place. */
	if (script->fields & PTM_SCRIPT_FLAGS) {
		char text[80];
		ptm_script_put_text(script, text, (uint32_t)ptm_script_flags_text(0, script->options.version, text));
	}
}

/* ------------------------------------------------------------ call chain */

/* A line of a function that addr2line tells; the offset is that in the symbol, even of what is inlined. */
static void put_function(ptm_script *script, const ptm_chain_function *function, uint64_t place, uint64_t ip, uint64_t offset)
{
	const char *name = function->name ? ptm_strings_get(&script->session->strings, function->name) : "??";

	ptm_script_put(script, "\t%16" PRIx64, place);
	if (script->fields & PTM_SCRIPT_SYM) {
		ptm_script_put_text(script, " ", 1);
		ptm_script_put_text(script, name, strlen(name));
		if (script->fields & PTM_SCRIPT_SYMOFF)
			ptm_script_put(script, "+0x%" PRIx64, offset);
	}
	if (script->fields & PTM_SCRIPT_DSO && !function->inlined) {
		ptm_script_put_text(script, " ", 1);
		ptm_script_put_dso(script, ip);
	}
	ptm_script_put_line(script, function->file, function->line);
	if (function->inlined)
		ptm_script_put(script, " (inlined)");
	ptm_script_put_text(script, "\n", 1);
}

/* The functions of an unwound frame, innermost first; false: the symbol stands alone. */
static bool put_functions(ptm_script *script, const ptm_chain_frame *frame, uint32_t space, uint64_t place)
{
	ptm_chain_function functions[PTM_INLINED_MOST];
	uint32_t count = 0;
	uint64_t offset = 0;

	if (script->options.no_inline || !frame->unwound || script->status != PTM_OK)
		return false;
	script->status = ptm_chain_functions(script->session, space, frame, true, functions, &count);
	if (count)
		(void)ptm_spaces_perf_function_at(script->session->spaces, space, frame->ip, &offset);
	for (uint32_t i = 0; i < count; i++)
		put_function(script, &functions[i], place, frame->ip, offset);
	return count;
}

/* The symbol at an address; "": there is none. */
static const char *symbol_at(const ptm_script *script, const ptm_map *map, uint32_t space, uint64_t ip)
{
	ptm_session *session = script->session;
	uint64_t offset;

	return map ? ptm_strings_get(&session->strings, ptm_spaces_function(session->spaces, ptm_spaces_perf_function_at(session->spaces, space, ip, &offset))->name) : "";
}

/* The line of a frame, or several: perf 6.1 shows where in the file user code is. False: the chain ends with it. */
static bool put_frame(ptm_script *script, const ptm_chain_frame *frame)
{
	uint32_t space;

	script->in_kernel = frame->in_kernel;
	const ptm_map *map = ptm_script_map(script, frame->ip, &space);
	if (map)
		script->session->images.images.at[map->image].resolved = true;
	/* A guest's space has its kernel, at the kernel's addresses, and its processes' code. */
	bool is_user = map && (space != script->kernel_space || (script->space == script->kernel_space && !(frame->ip >> 63)));
	uint64_t place = is_user && script->options.version < 612 ? frame->ip - map->start + map->file_offset : frame->ip;
	bool goes_on = !script->options.stop_symbols.length || !ptm_script_stops_at(script, symbol_at(script, map, space, frame->ip));
	if (is_user && put_functions(script, frame, space, place))
		return goes_on;
	ptm_script_put(script, "\t%16" PRIx64, place);
	put_place(script, frame->ip);
	ptm_script_put_source(script, frame->ip);
	ptm_script_put_text(script, "\n", 1);
	return goes_on;
}

/* The callers that the LBR had no room for. */
static void put_stitched(ptm_script *script, const ptm_sample *sample)
{
	const ptm_session *session = script->session;
	const uint64_t *callers;
	uint32_t count = 0, thread = ptm_sideband_thread(&session->sideband, sample->pid, sample->tid);

	if (!script->stitch)
		script->status = ptm_stitch_new(&script->stitch, session->sideband.threads.length);
	if (script->status == PTM_OK)
		script->status = ptm_stitch_next(script->stitch, thread, sample, session->file.lbr_registers, &callers, &count);
	for (uint32_t i = 0; i < count; i++) {
		ptm_chain_frame frame = { .ip = callers[i] };
		if (!put_frame(script, &frame))
			break;
	}
}

void ptm_script_put_chain(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr)
{
	ptm_chain_frame frames[PTM_CHAIN_MOST];
	uint32_t count = 0;
	bool in_kernel = script->in_kernel;

	uint32_t most = script->options.max_stack;
	/* perf walks as far as it makes chains itself, if that is more. */
	if (most < script->options.chain_size)
		most = script->options.chain_size;
	if (most < script->options.added_chain_size)
		most = script->options.added_chain_size;
	if (script->status == PTM_OK)
		script->status = ptm_sample_chain(script->session, sample, attr, script->space, most, frames, &count);
	script->only_mode = true;
	ptm_script_put_text(script, "\n", 1);
	for (uint32_t i = 0; i < count; i++)
		if (!put_frame(script, &frames[i]))
			break;
	if (script->options.stitch_lbr && script->status == PTM_OK && ptm_sample_chain_is_lbr(sample, attr, most))
		put_stitched(script, sample);
	script->only_mode = false;
	script->in_kernel = in_kernel;
}

/* -------------------------------------------------------------- the rest */

static void put_registers(ptm_script *script, const ptm_registers *registers)
{
	static const char *const vectors[] = { "XMM0", "XMM1", "XMM2", "XMM3", "XMM4", "XMM5", "XMM6", "XMM7", "XMM8", "XMM9", "XMM10", "XMM11", "XMM12", "XMM13", "XMM14", "XMM15" };
	static const char *const names[] = { "AX", "BX", "CX", "DX", "SI", "DI", "BP", "SP", "IP", "FLAGS", "CS", "SS", "DS", "ES", "FS", "GS",
					     "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15" };
	uint32_t word = 0;

	if (!registers->words.count)
		return;
	ptm_script_put(script, " ABI:%" PRIu64 " ", registers->abi);
	for (uint32_t bit = 0; bit < 64 && word < registers->words.count; bit++)
		if (registers->mask >> bit & 1)
			ptm_script_put(script, "%5s:0x%" PRIx64 " ", bit < 24 ? names[bit] : bit >= 32 ? vectors[(bit - 32) / 2] : "unknown", ptm_words_get(&registers->words, word++));
}

static void put_page_size(ptm_script *script, uint64_t size)
{
	char text[32];
	ptm_script_put(script, " %s", ptm_script_size_text(size, text));
}

/* Samples of branches, each of them: as perf inject makes them of a trace. Theirs is another line. */
static bool is_every_branch(const ptm_attr *attr)
{
	enum { BRANCHES = 4 };
	return attr->type == PTM_EVENTS_HARDWARE && attr->config & BRANCHES && attr->sample_period == 1;
}

static void put_source(ptm_script *script, uint64_t ip)
{
	script->only_mode = true;
	ptm_script_put_source(script, ip);
	script->only_mode = false;
}

/* Whether it is a call chain. */
static bool put_ip(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr)
{
	ptm_sample added = *sample;

	if (script->adds_chain && script->status == PTM_OK)
		script->status = ptm_thread_stack_late_chain(script, script->stack, sample->ip, &added.callchain);
	else if (script->made && script->options.chain_size && script->status == PTM_OK)
		script->status = ptm_thread_stack_chain(script, script->made, &added.callchain);
	/* Without an entry that may be unwound, perf has no chain at all. */
	bool none = !script->options.max_stack && sample->stack_used;
	if (script->has_chains && added.callchain.at && !none) {
		ptm_script_put_chain(script, &added, attr);
		return true;
	}
	ptm_script_put(script, " %16" PRIx64, sample->ip);
	script->only_mode = true;
	put_place(script, sample->ip);
	script->only_mode = false;
	return false;
}

/* The address that a sample is about; that of a page fault, or where a branch led, is looked up. */
static void put_address(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr)
{
	enum { PAGE_FAULTS = 2, PAGE_FAULTS_MIN = 5, PAGE_FAULTS_MAJ = 6 };
	uint64_t event = attr->config;

	ptm_script_put(script, "%16" PRIx64, sample->addr);
	if (is_every_branch(attr) || (attr->type == TYPE_SOFTWARE && (event == PAGE_FAULTS || event == PAGE_FAULTS_MIN || event == PAGE_FAULTS_MAJ)))
		put_place(script, sample->addr);
}

/* What was not recorded is printed all the same where it was asked for by name, and not refused. */
static bool prints(const ptm_script *script, uint64_t field, bool recorded)
{
	return script->fields & field && (recorded || script->options.asked & field);
}

static void put_body(ptm_script *script, ptm_sample *sample, const ptm_attr *attr)
{
	uint64_t fields = script->fields, type = attr->sample_type;

	if (fields & PTM_SCRIPT_TRACE)
		ptm_script_put_trace(script, sample, attr);
	if (fields & PTM_SCRIPT_SYNTH && sample->raw)
		ptm_script_put_written_synth(script, attr->config, sample->raw, sample->raw_size);
	/* 0 where it was not recorded, but not where nobody asked for it. */
	if (fields & PTM_SCRIPT_ADDR && (script->options.asked & PTM_SCRIPT_ADDR || ptm_script_first_of_type(&script->session->file, attr)->sample_type & PTM_SAMPLE_ADDR))
		put_address(script, sample, attr);
	if (prints(script, PTM_SCRIPT_DATA_SRC, type & PTM_SAMPLE_DATA_SRC))
		ptm_script_put_data_source(script, type & PTM_SAMPLE_DATA_SRC || script->made ? sample->data_source : PTM_NO_DATA_SOURCE);
	if (prints(script, PTM_SCRIPT_WEIGHT, type & (PTM_SAMPLE_WEIGHT | PTM_SAMPLE_WEIGHT_STRUCT)))
		ptm_script_put(script, "%16" PRIu64, sample->weight);
	if (fields & PTM_SCRIPT_INS_LAT && type & PTM_SAMPLE_WEIGHT_STRUCT)
		ptm_script_put(script, "%16u", sample->weight2);
	if (fields & PTM_SCRIPT_RETIRE_LAT && type & PTM_SAMPLE_WEIGHT_STRUCT)
		ptm_script_put(script, "%16u", sample->weight3);
	if (fields & PTM_SCRIPT_CGROUP && type & PTM_SAMPLE_CGROUP)
		ptm_script_put_cgroup(script, sample->cgroup);
	if (fields & PTM_SCRIPT_IP && !put_ip(script, sample, attr))
		put_source(script, sample->ip);
	if (fields & PTM_SCRIPT_IREGS && type & PTM_SAMPLE_REGS_INTR)
		put_registers(script, &sample->interrupted);
	if (fields & PTM_SCRIPT_UREGS && type & PTM_SAMPLE_REGS_USER)
		put_registers(script, &sample->user);
	if (script->adds_branches && script->status == PTM_OK)
		script->status = ptm_thread_stack_late_branches(script, script->stack, sample->ip, &sample->branches, &sample->branch_count);
	if (script->made && type & PTM_SAMPLE_BRANCH_STACK && !sample->branches.at && script->options.branch_stack_size && script->status == PTM_OK)
		script->status = ptm_thread_stack_branches(script, script->made, &sample->branches, &sample->branch_count);
	ptm_script_put_branches(script, sample);
	if (fields & PTM_SCRIPT_BPF_OUTPUT && attr->type == TYPE_SOFTWARE && attr->config == BPF_OUTPUT)
		ptm_script_put_bpf_output(script, sample);
	if (script->made)
		ptm_script_put_code(script, script->made);
	else
		ptm_script_put_instruction(script, sample->ip);
	if (fields & (PTM_SCRIPT_BRSTACKINSN | PTM_SCRIPT_BRSTACKINSNLEN))
		ptm_script_put_branch_code(script, sample, attr->branch_sample_type);
	if (prints(script, PTM_SCRIPT_PHYS_ADDR, type & PTM_SAMPLE_PHYS_ADDR))
		ptm_script_put(script, "%16" PRIx64, sample->physical_address);
	if (fields & PTM_SCRIPT_DATA_PAGE_SIZE && type & PTM_SAMPLE_DATA_PAGE_SIZE)
		put_page_size(script, sample->data_page_size);
	if (fields & PTM_SCRIPT_CODE_PAGE_SIZE && type & PTM_SAMPLE_CODE_PAGE_SIZE)
		put_page_size(script, sample->code_page_size);
	ptm_script_put_text(script, "\n", 1);
}

static void put_branch(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr)
{
	uint64_t fields = script->fields;
	bool chosen = script->options.chosen >> PTM_EVENTS_HARDWARE & 1, has_chain = fields & PTM_SCRIPT_IP && put_ip(script, sample, attr);

	if (fields & PTM_SCRIPT_ADDR || (attr->sample_type & PTM_SAMPLE_ADDR && !chosen)) {
		ptm_script_put_text(script, " => ", 4);
		put_address(script, sample, attr);
	}
	if (fields & PTM_SCRIPT_IP && !has_chain)
		put_source(script, sample->ip);
	ptm_script_put_instruction(script, sample->ip);
	ptm_script_put_text(script, "\n", 1);
}

/* The fields of an event's samples; false: none. */
static bool choose_fields(ptm_script *script, const ptm_attr *attr)
{
	uint32_t type = ptm_script_type(attr->type);

	script->fields = script->options.fields[type];
	/* Places of tracepoints are printed with call chains only, unless they were asked for. */
	if (attr->type == TRACEPOINT && !(script->options.chosen >> type & 1) && !script->traced_chains)
		script->fields &= ~(uint64_t)(PTM_SCRIPT_IP | PTM_SCRIPT_SYM | PTM_SCRIPT_SYMOFF | PTM_SCRIPT_DSO);
	return script->fields;
}

/* With the fields chosen: whether a call chain follows the sample. */
static bool shows_chains(const ptm_script *script, const ptm_attr *attr)
{
	bool has_one = attr->sample_type & PTM_SAMPLE_CALLCHAIN || script->adds_chain;
	return has_one && script->fields & PTM_SCRIPT_IP && !(script->fields & PTM_SCRIPT_NO_CHAINS);
}

static void put_lines(ptm_script *script, ptm_sample *sample, const ptm_attr *attr)
{
	put_start(script, sample, attr);
	if (is_every_branch(attr) && !script->made)
		put_branch(script, sample, attr);
	else
		put_body(script, sample, attr);
	ptm_script_put_source_code(script, sample->ip);
	script->lines++;
}

/* The filters that look at where a sample was taken; `map`: what is mapped there. */
static bool wants_place(ptm_script *script, const ptm_map *map, uint32_t space, uint64_t ip)
{
	if (ptm_script_filters_places(script) &&
	    !ptm_script_wants_place(script, ip, symbol_at(script, map, space, ip), map ? ptm_strings_get(&script->session->strings, map->name) : NULL))
		return false;
	return ptm_script_wants_call(script, "", script->stack ? script->stack->returns.length : 0);
}

bool ptm_script_put_made(ptm_script *script, const ptm_script_row *row)
{
	const ptm_attr *attr = &script->session->file.attrs.at[row->sample->attr];
	ptm_sample sample = *row->sample;

	sample.time = row->ns;
	if (!choose_fields(script, attr) || !ptm_script_wants(script, row->ns))
		return false;
	uint32_t space;
	script->in_kernel = row->ip >> 63;
	const ptm_map *map = ptm_script_map(script, row->ip, &space);
	if (!wants_place(script, map, space, row->ip) || ptm_script_discards(script, row->sample->attr))
		return false;
	script->made = row;
	script->adds_chain = script->adds_branches = false;
	script->has_chains = shows_chains(script, attr);
	put_lines(script, &sample, attr);
	script->made = NULL;
	return true;
}

/* A sample as one of the event that its `attr` names. */
static ptm_status put_sample_of_event(ptm_script *script, ptm_sample *sample, uint64_t time)
{
	ptm_session *session = script->session;
	const ptm_attr *attr = &session->file.attrs.at[sample->attr];

	script->space = ptm_spaces_at(session->spaces, sample->pid, time);
	script->kernel_space = ptm_spaces_at(session->spaces, -1, time);
	script->in_kernel = (sample->misc & PTM_MODE_MASK) == PTM_MODE_KERNEL;
	if (script->tells_where)
		ptm_dump_put_where(script, sample, time);
	if (!choose_fields(script, attr))
		return PTM_OK;
	bool is_traced = session->flow_source == PTM_SOURCE_PT;
	script->adds_chain = is_traced && script->options.added_chain_size && !(attr->sample_type & PTM_SAMPLE_CALLCHAIN);
	script->adds_branches = is_traced && script->options.added_branch_size && !(attr->sample_type & PTM_SAMPLE_BRANCH_STACK);
	script->has_chains = shows_chains(script, attr);
	set_who(script, sample);
	if (!ptm_script_wants(script, sample->time == PTM_NO_TIME ? 0 : sample->time))
		return PTM_OK;
	uint32_t space;
	const ptm_map *map = ptm_script_map(script, sample->ip, &space);
	if (map)
		session->images.images.at[map->image].resolved = true;
	if (!wants_place(script, map, space, sample->ip) || ptm_script_discards(script, sample->attr))
		return PTM_OK;
	put_lines(script, sample, attr);
	script->put_ip = sample->ip;
	return script->status;
}

ptm_status ptm_script_put_sample(ptm_script *script, uint32_t row)
{
	ptm_session *session = script->session;
	const ptm_sample_ref *ref = &session->file.samples.at[row];
	const ptm_attr *attr = &session->file.attrs.at[ref->attr];
	const uint64_t time = ref->time ? ref->time : UINT64_MAX - 1;
	ptm_sample sample;

	if (!(attr->sample_type & PTM_SAMPLE_READ) && !script->tells_where && !choose_fields(script, attr))
		return PTM_OK;
	PTM_TRY(ptm_sample_read(&session->file, row, &sample));
	PTM_TRY(ptm_array_reserve(&script->record, ref->size));
	/* Reading code moves the file's window: the record must stay. */
	const char *field;
	const uint8_t *bytes;
	PTM_TRY(ptm_trace_file_view(&session->file, ref->file_offset, ref->size, &bytes));
	memcpy(script->record.at, bytes, ref->size);
	PTM_TRY(ptm_sample_decode(attr, script->record.at, ref->size, &sample, &field));
	sample.attr = ref->attr;
	if (!(attr->sample_type & PTM_SAMPLE_READ))
		return put_sample_of_event(script, &sample, time);
	ptm_counter counter;
	for (uint32_t i = 0; ptm_script_next_counter(attr, &sample, i, &counter); i++) {
		ptm_sample one = sample;
		PTM_TRY(ptm_script_count(script, &counter, &one));
		if (one.period)
			PTM_TRY(put_sample_of_event(script, &one, time));
	}
	return script->status;
}

void ptm_script_look_at_events(ptm_script *script)
{
	const ptm_trace_file *file = &script->session->file;

	script->on_attr = ptm_script_attr_named(script->session, script->options.switch_on);
	script->off_attr = ptm_script_attr_named(script->session, script->options.switch_off);
	script->discards = script->options.switch_on;
	for (uint32_t i = 0; i < file->attrs.length; i++) {
		uint32_t length = (uint32_t)strlen(ptm_strings_get(&script->session->strings, file->attrs.at[i].script_name));
		if (length > script->event_width)
			script->event_width = length;
		bool has_chains = file->attrs.at[i].sample_type & PTM_SAMPLE_CALLCHAIN;
		script->traced_chains |= has_chains && file->attrs.at[i].type == TRACEPOINT;
	}
}
