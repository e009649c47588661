/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of what perf script makes of a processor trace: branches, instructions,
 * events, errors. Made of bytes straight into one buffer, because there are
 * millions; what is looked up of an address is kept. */
#include "api/script_put.h"
#include <inttypes.h>
#include <stdio.h>

#define LATENCY_COMM 8u

/* ------------------------------------------------------------ line start */

static void put_time(ptm_script *script, uint64_t ns)
{
	if (script->options.relative_time) {
		if (!script->first_ns)
			script->first_ns = ns;
		ns -= script->first_ns;
	} else if (script->options.delta_time) {
		uint64_t before = script->previous_ns ? script->previous_ns : ns;
		script->previous_ns = ns;
		ns -= before;
	}
	uint64_t seconds = ns / 1000000000, rest = ns % 1000000000;
	put_decimal(script, seconds, 5, ' ');
	put_byte(script, '.');
	if (script->options.ns)
		put_decimal(script, rest, 9, '0');
	else
		put_decimal(script, rest / 1000, 6, '0');
	PUT_LITERAL(script, ": ");
}

static void put_ids(ptm_script *script)
{
	bool both = script->fields & PTM_SCRIPT_PID && script->fields & PTM_SCRIPT_TID;
	uint32_t width = script->options.version >= 612 ? 7 : 5;

	put_signed(script, script->fields & PTM_SCRIPT_PID ? script->pid : script->tid, width);
	if (both) {
		put_byte(script, '/');
		uint32_t start = script->text.length;
		put_signed(script, script->tid, 0);
		uint32_t length = script->text.length - start;
		if (length < width)
			put_spaces(script, width - length);
	}
	put_byte(script, ' ');
}

static void put_cpu(ptm_script *script)
{
	if (script->cpu < 0 || script->options.latency) {
		ptm_script_put(script, script->options.latency ? "%3d " : "[%03d] ", script->cpu);
		return;
	}
	put_byte(script, '[');
	put_decimal(script, (uint32_t)script->cpu, 3, '0');
	PUT_LITERAL(script, "] ");
}

/* Whether the line's start is that of the line before. */
static bool is_same_who(const ptm_script *script, uint64_t ns)
{
	const ptm_script_who *who = &script->who;

	return who->length && who->ns == ns && who->fields == script->fields && who->pid == script->pid && who->tid == script->tid &&
	       who->cpu == script->cpu && who->machine == script->machine && who->vcpu == script->vcpu && who->has_chains == script->has_chains &&
	       !strcmp(who->comm, script->comm);
}

/* Keeps the line's start, from `start` on, for the next line. */
static void keep_who(ptm_script *script, uint64_t ns, uint32_t start)
{
	ptm_script_who *who = &script->who;
	uint32_t length = script->text.length - start;

	who->length = 0;
	if (script->status != PTM_OK || length > sizeof who->text - CHUNK || script->fields & (PTM_SCRIPT_MISC | PTM_SCRIPT_TOD) ||
	    script->options.relative_time || script->options.delta_time)
		return;
	*who = (ptm_script_who){ .ns = ns, .fields = script->fields, .pid = script->pid, .tid = script->tid, .cpu = script->cpu,
				 .machine = script->machine, .vcpu = script->vcpu, .has_chains = script->has_chains, .length = length };
	memcpy(who->comm, script->comm, sizeof who->comm);
	memcpy(who->text, script->text.at + start, length);
}

static void put_who_anew(ptm_script *script, uint64_t ns, const char *misc)
{
	uint64_t fields = script->fields;

	if (script->machine && fields & PTM_SCRIPT_MACHINE_PID)
		ptm_script_put(script, "VM:%5d ", script->machine);
	if (script->machine && fields & PTM_SCRIPT_VCPU)
		ptm_script_put(script, "VCPU:%03d ", script->vcpu);
	if (!room(script, LINE_BYTES))
		return;
	if (fields & PTM_SCRIPT_COMM) {
		uint32_t length = (uint32_t)strlen(script->comm), width = script->options.latency ? LATENCY_COMM : script->has_chains ? 0 : 16;
		if (script->options.latency && length > width)
			length = width;
		if (length < width)
			put_spaces(script, width - length);
		put_bytes(script, script->comm, length);
		put_byte(script, ' ');
	}
	if (fields & (PTM_SCRIPT_PID | PTM_SCRIPT_TID))
		put_ids(script);
	if (fields & PTM_SCRIPT_CPU && (script->cpu >= 0 || fields & PTM_SCRIPT_CPU_ASKED))
		put_cpu(script);
	if (fields & PTM_SCRIPT_MISC)
		ptm_script_put(script, "%-6s", misc);
	char date[64];
	if (fields & PTM_SCRIPT_TOD)
		ptm_script_put(script, "%s ", ptm_wall_clock(script->session, ns ? ns : PTM_NO_TIME, script->options.utc_offset, script->options.ns, date) ? date : "disabled");
	if (fields & PTM_SCRIPT_TIME && ns && room(script, LINE_BYTES))
		put_time(script, ns);
}

void ptm_script_put_who(ptm_script *script, uint64_t ns, const char *misc)
{
	if (!room(script, LINE_BYTES))
		return;
	if (is_same_who(script, ns)) {
		put_again(script, script->who.text, script->who.length);
		return;
	}
	uint32_t start = script->text.length;
	put_who_anew(script, ns, misc);
	keep_who(script, ns, start);
}

static void put_start(ptm_script *script, const ptm_script_row *row)
{
	uint64_t fields = script->fields;

	/* perf does not tell the mode of samples that it makes up. */
	ptm_script_put_who(script, row->ns, "");
	if (!room(script, LINE_BYTES))
		return;
	if (!row->ns && fields & PTM_SCRIPT_TIME && fields & PTM_SCRIPT_TIME_ALWAYS)
		put_time(script, 0);
	if (fields & PTM_SCRIPT_PERIOD) {
		put_decimal(script, row->period, 10, ' ');
		put_byte(script, ' ');
	}
	if (fields & PTM_SCRIPT_EVENT) {
		const char *name = script->names[row->event];
		uint32_t length = (uint32_t)strlen(name);
		if (length < script->event_width)
			put_spaces(script, script->event_width - length);
		put_bytes(script, name, length);
		PUT_LITERAL(script, ": ");
	}
	if (fields & PTM_SCRIPT_FLAGS) {
		ptm_script_flags *kept = &script->flags[row->flags * 0x9e3779b1u >> 28];
		if (!kept->length || kept->flags != row->flags) {
			kept->flags = row->flags;
			kept->length = (uint32_t)ptm_script_flags_text(row->flags, script->options.version, kept->text);
		}
		put_again(script, kept->text, kept->length);
	}
}

/* ----------------------------------------------------------------- parts */

void ptm_script_put_code(ptm_script *script, const ptm_script_row *row)
{
	ptm_place *place = NULL;
	uint8_t length = row->length;

	if (!(script->fields & (PTM_SCRIPT_INSN | PTM_SCRIPT_INSNLEN)) || !room(script, LINE_BYTES))
		return;
	if (length == PTM_LENGTH_UNKNOWN && script->is_foreign)
		length = 0;
	if (length) {
		place = ptm_script_place_of(script, row->code_space, row->code_ip);
		if (!place->has_code)
			ptm_script_look_at_code(script, place, length);
		length = place->code_length;
	}
	if (script->fields & PTM_SCRIPT_INSNLEN) {
		PUT_LITERAL(script, " ilen: ");
		put_decimal(script, length, 0, ' ');
	}
	if (!(script->fields & PTM_SCRIPT_INSN) || !length)
		return;
	PUT_LITERAL(script, " insn:");
	for (uint8_t i = 0; i < length; i++) {
		put_byte(script, ' ');
		put_byte(script, "0123456789abcdef"[place->code[i] >> 4]);
		put_byte(script, "0123456789abcdef"[place->code[i] & 15]);
	}
}

void ptm_script_put_instruction(ptm_script *script, uint64_t ip)
{
	ptm_script_row row = { .code_ip = ip };

	if (ptm_script_map(script, ip, &row.code_space))
		row.length = PTM_LENGTH_UNKNOWN;
	ptm_script_put_code(script, &row);
}

static void put_ipc(ptm_script *script, const ptm_script_row *row)
{
	if (!(script->fields & PTM_SCRIPT_IPC) || !row->instructions || !row->cycles || !room(script, LINE_BYTES))
		return;
	/* perf counts in 32 bits. */
	uint32_t hundredths = (uint32_t)(row->instructions * 100 / row->cycles);
	PUT_LITERAL(script, " \t IPC: ");
	put_decimal(script, hundredths / 100, 0, ' ');
	put_byte(script, '.');
	put_decimal(script, hundredths % 100, 2, '0');
	PUT_LITERAL(script, " (");
	put_decimal(script, row->instructions, 0, ' ');
	put_byte(script, '/');
	put_decimal(script, row->cycles, 0, ' ');
	PUT_LITERAL(script, ") ");
}

/* Calls that are open: perf follows a guest's calls, but never finds them again. */
static uint32_t depth_of(const ptm_script_row *row)
{
	return row->stack && !row->is_guest ? row->stack->returns.length : 0;
}

/* The function that a row calls or returns from; 0: neither. */
static uint64_t called_ip(const ptm_script_row *row)
{
	if (row->flags & (PTM_FLAG_CALL | PTM_FLAG_BEGIN))
		return row->event == PTM_SCRIPT_BRANCHES ? row->addr : 0;
	return row->flags & (PTM_FLAG_RETURN | PTM_FLAG_END) ? row->ip : 0;
}

/* It, under as many spaces as calls are open. */
static void put_call(ptm_script *script, const ptm_script_row *row)
{
	uint32_t depth = depth_of(row), start;
	uint64_t ip = called_ip(row);

	if (row->stack && !row->is_guest && row->flags & PTM_FLAG_RETURN)
		depth++;
	const ptm_place *place = ip ? ptm_script_place_of(script, script->space, ip) : &ptm_script_unknown_place;
	if (script->fields & PTM_SCRIPT_DSO && !(script->fields & (PTM_SCRIPT_IP | PTM_SCRIPT_ADDR))) {
		ptm_script_put_binary(script, row->ip ? ptm_script_place_of(script, script->space, row->ip) : &ptm_script_unknown_place);
		if (!room(script, LINE_BYTES))
			return;
		put_byte(script, '\t');
	}
	start = script->text.length;
	if (!room(script, place->name_length + depth * 4 + LINE_BYTES))
		return;
	if (place->name_length) {
		put_spaces(script, depth * 4);
		put_bytes(script, ptm_strings_get(&script->session->strings, place->name), place->name_length);
	} else if (ip) {
		put_spaces(script, depth * 4);
		put_hex(script, ip, 16);
	}
	uint32_t length = script->text.length - start;
	/* The column keeps its width, so that lines stay below each other. */
	if (length > script->indent_width || (length && length + 52 < script->indent_width))
		script->indent_width = (length + 4 + 31) / 32 * 32;
	if (length < script->indent_width && room(script, script->indent_width + LINE_BYTES))
		put_spaces(script, script->indent_width - length);
}

/* Below the line: where in the source its code is from. */
static void put_source(ptm_script *script, uint64_t ip)
{
	ptm_session *session = script->session;

	if (!(script->fields & PTM_SCRIPT_SRCLINE) || !ip || script->status != PTM_OK)
		return;
	ptm_place *place = ptm_script_place_of(script, script->space, ip);
	if (!place->has_source) {
		script->status = ptm_script_source_line(script, ptm_spaces_find(session->spaces, script->space, ip), ip, &place->source);
		place->has_source = true;
	}
	const char *text = ptm_strings_get(&session->strings, place->source);
	size_t length = strlen(text);
	if (!length || !room(script, length + LINE_BYTES))
		return;
	PUT_LITERAL(script, "\n  ");
	put_bytes(script, text, length);
}

/* Behind the line: that line itself. */
static void put_source_code(ptm_script *script, uint64_t ip)
{
	ptm_session *session = script->session;

	if (!(script->fields & PTM_SCRIPT_SRCCODE) || !ip || script->status != PTM_OK)
		return;
	ptm_place *place = ptm_script_place_of(script, script->space, ip);
	if (!place->has_source_code) {
		script->status = ptm_script_source_code(session, ptm_spaces_find(session->spaces, script->space, ip), ip, &place->source_code);
		place->has_source_code = true;
	}
	if (place->source_code)
		ptm_script_put(script, PTM_SOURCE_CODE "%d" PTM_SOURCE_CODE "%s\n", script->tid, ptm_strings_get(&session->strings, place->source_code));
}

/* ip with its names, or the call chain from the line's end on. */
static void put_ip(ptm_script *script, const ptm_script_row *row, bool has_chain)
{
	if (has_chain) {
		ptm_sample sample = { .ip = row->ip };
		const ptm_attr attr = { .sample_type = PTM_SAMPLE_CALLCHAIN };
		if (script->status == PTM_OK)
			script->status = ptm_thread_stack_chain(script, row, &sample.callchain);
		ptm_script_put_chain(script, &sample, &attr);
		room(script, LINE_BYTES);
		return;
	}
	if (!room(script, LINE_BYTES))
		return;
	put_byte(script, ' ');
	put_hex(script, row->ip, 16);
	ptm_script_put_place(script, row->ip);
	if (row->event != PTM_SCRIPT_BRANCHES)
		put_source(script, row->ip);
}

static void put_branch_body(ptm_script *script, const ptm_script_row *row, bool chosen)
{
	uint64_t fields = script->fields;

	if (fields & PTM_SCRIPT_CALLINDENT)
		put_call(script, row);
	if (fields & PTM_SCRIPT_IP)
		put_ip(script, row, false);
	if ((fields & PTM_SCRIPT_ADDR || !chosen) && room(script, LINE_BYTES)) {
		PUT_LITERAL(script, " => ");
		put_hex(script, row->addr, 16);
		ptm_script_put_place(script, row->addr);
	}
	put_ipc(script, row);
	if (fields & PTM_SCRIPT_IP)
		put_source(script, row->ip);
	ptm_script_put_code(script, row);
}

#define BRANCH_CODE (PTM_SCRIPT_BRSTACKINSN | PTM_SCRIPT_BRSTACKINSNLEN)

/* A number of 16 places that such a sample does not have. */
static void put_zero(ptm_script *script)
{
	if (room(script, LINE_BYTES))
		put_decimal(script, 0, 16, ' ');
}

static void put_body(ptm_script *script, const ptm_script_row *row)
{
	uint64_t fields = script->fields, asked = fields & script->options.asked;

	if (fields & PTM_SCRIPT_SYNTH)
		ptm_script_put_synth(script, row);
	if (fields & PTM_SCRIPT_ADDR && room(script, LINE_BYTES))
		put_hex(script, row->addr, 16);
	if (asked & PTM_SCRIPT_DATA_SRC)
		ptm_script_put_data_source(script, 0);
	if (asked & PTM_SCRIPT_WEIGHT)
		put_zero(script);
	if (fields & PTM_SCRIPT_IP)
		put_ip(script, row, script->has_chains);
	ptm_sample sample = { .ip = row->ip };
	if (fields & (PTM_SCRIPT_BRSTACK | PTM_SCRIPT_BRSTACKSYM | PTM_SCRIPT_BRSTACKOFF | BRANCH_CODE) && script->status == PTM_OK)
		script->status = ptm_thread_stack_branches(script, row, &sample.branches, &sample.branch_count);
	ptm_script_put_branches(script, &sample);
	ptm_script_put_code(script, row);
	if (fields & BRANCH_CODE)
		ptm_script_put_branch_code(script, &sample, 0);
	if (asked & PTM_SCRIPT_PHYS_ADDR)
		put_zero(script);
	put_ipc(script, row);
}

/* The filters that look at where the row is. */
static bool wants_place(ptm_script *script, const ptm_script_row *row)
{
	const ptm_strings *strings = &script->session->strings;

	if (ptm_script_filters_places(script)) {
		const ptm_place *place = row->ip ? ptm_script_place_of(script, script->space, row->ip) : &ptm_script_unknown_place;
		if (!ptm_script_wants_place(script, row->ip, ptm_strings_get(strings, place->name), place->dso ? ptm_strings_get(strings, place->dso) : NULL))
			return false;
	}
	if (!script->options.graph_functions.length)
		return true;
	uint64_t called = called_ip(row);
	return ptm_script_wants_call(script, called ? ptm_strings_get(strings, ptm_script_place_of(script, script->space, called)->name) : "", depth_of(row));
}

bool ptm_script_put_row(ptm_script *script, const ptm_script_row *row)
{
	bool synthetic = row->event >= PTM_SCRIPT_PTWRITE, branch = row->event == PTM_SCRIPT_BRANCHES;
	uint32_t type = synthetic ? PTM_EVENTS_SYNTHETIC : PTM_EVENTS_HARDWARE;
	bool chains = script->options.chain_size && !branch;

	if (row->sample)
		return ptm_script_put_made(script, row);
	if (!script->options.fields[type] || !ptm_script_wants(script, row->ns) || !wants_place(script, row) ||
	    ptm_script_discards(script, UINT32_MAX))
		return false;
	script->fields = script->options.fields[type];
	if (!synthetic)
		script->fields &= ~PTM_SCRIPT_SYNTH;
	script->in_kernel = row->ip >> 63;
	script->has_chains = chains && script->fields & PTM_SCRIPT_IP && !(script->fields & PTM_SCRIPT_NO_CHAINS);
	put_start(script, row);
	if (branch)
		put_branch_body(script, row, script->options.chosen >> type & 1);
	else
		put_body(script, row);
	if (!room(script, LINE_BYTES))
		return true;
	put_byte(script, '\n');
	put_source_code(script, row->ip);
	script->lines++;
	return true;
}

void ptm_script_put_error(ptm_script *script, uint64_t ns, uint64_t ip, uint32_t code)
{
	static const char *const messages[] = { "", "Memory allocation failed", "Internal error", "Bad packet", "No more data", "Failed to get instruction",
		"Trace doesn't match instruction", "Overflow packet", "Lost trace data", "Unknown error!",
		"Never-ending loop (refer perf config intel-pt.max-loops)", "Broken emulated ptwrite" };

	if (script->options.error_filter >> code & 1)
		return;
	script->lines++;
	script->errors++;
	ptm_script_put(script, " instruction trace error type 1 time ");
	if (ns)
		ptm_script_put(script, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
	else
		ptm_script_put(script, "0");
	if (script->machine)
		ptm_script_put(script, " machine_pid %d vcpu %d", script->machine, script->vcpu);
	ptm_script_put(script, " cpu %d pid %d tid %d ip %#" PRIx64 " code %u: %s\n", script->cpu, script->pid, script->tid, ip, code,
		code < sizeof messages / sizeof *messages ? messages[code] : messages[9]);
}
