/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of what perf script makes of a processor trace: branches, instructions,
 * events, errors. Made of bytes straight into one buffer, because there are
 * millions; what is looked up of an address is kept. */
#include "api/script.h"
#include <inttypes.h>
#include <stdio.h>

/* All of a line but its names, generously. */
#define LINE_BYTES 512u
#define LATENCY_COMM 8u

/* ----------------------------------------------------------------- bytes */

static bool room(ptm_script *script, size_t more)
{
	if (script->status == PTM_OK)
		script->status = ptm_array_reserve(&script->text, (uint32_t)more);
	return script->status == PTM_OK;
}

/* The following write where room was made. */
static inline void put_byte(ptm_script *script, char byte)
{
	script->text.at[script->text.length++] = byte;
}

static inline void put_bytes(ptm_script *script, const char *text, size_t length)
{
	memcpy(script->text.at + script->text.length, text, length);
	script->text.length += (uint32_t)length;
}

#define CHUNK 16u

/* Text that was put before, kept with CHUNK bytes behind it: whole chunks need no call of memcpy. */
static inline void put_again(ptm_script *script, const char *kept, uint32_t length)
{
	char *at = script->text.at + script->text.length;
	for (uint32_t i = 0; i < length; i += CHUNK)
		memcpy(at + i, kept + i, CHUNK);
	script->text.length += length;
}

#define PUT_LITERAL(script, literal) put_bytes(script, literal, sizeof(literal) - 1)

static void put_spaces(ptm_script *script, uint32_t count)
{
	memset(script->text.at + script->text.length, ' ', count);
	script->text.length += count;
}

static void put_hex(ptm_script *script, uint64_t value, uint32_t width)
{
	uint32_t digits = value ? (67 - (uint32_t)__builtin_clzll(value)) / 4 : 1;
	if (digits < width)
		put_spaces(script, width - digits);
	char *at = script->text.at + script->text.length;
	for (uint32_t i = digits; i-- > 0; value >>= 4)
		at[i] = "0123456789abcdef"[value & 15];
	script->text.length += digits;
}

/* `fill` on the left up to `width`. */
static void put_decimal(ptm_script *script, uint64_t value, uint32_t width, char fill)
{
	char digits[20];
	uint32_t count = 0, rest;

	for (; value > UINT32_MAX; value /= 10)
		digits[count++] = (char)('0' + value % 10);
	rest = (uint32_t)value;
	do {
		digits[count++] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	char *at = script->text.at + script->text.length;
	uint32_t length = count > width ? count : width;
	for (uint32_t i = 0; i < length; i++)
		at[i] = i < length - count ? fill : digits[length - 1 - i];
	script->text.length += length;
}

static void put_signed(ptm_script *script, int32_t value, uint32_t width)
{
	if (value >= 0)
		put_decimal(script, (uint32_t)value, width, ' ');
	else
		ptm_script_put(script, "%*d", (int)width, value);
}

/* ---------------------------------------------------------------- places */

static const ptm_place unknown_place;

/* Fills in what perf shows of an address. */
static void look_up(ptm_script *script, ptm_place *place, uint32_t space, uint64_t ip)
{
	ptm_session *session = script->session;
	const ptm_map *map = ptm_spaces_find(session->spaces, space, ip);

	*place = (ptm_place){ .ip = ip, .space = space, .known = true };
	if (!map)
		return;
	const ptm_function *function = ptm_spaces_function(session->spaces, ptm_spaces_perf_function_at(session->spaces, space, ip, &place->offset));
	const char *dso = ptm_strings_get(&session->strings, map->name);
	place->offset = ptm_script_offset(function, map, place->offset);
	place->name = function->name;
	place->name_length = (uint32_t)strlen(ptm_strings_get(&session->strings, function->name));
	place->dso = map->name;
	place->dso_length = (uint32_t)strlen(dso);
	place->file_offset = ip - map->start + map->file_offset;
	place->in_file = map->image != 0;
}

static ptm_place *place_of(ptm_script *script, uint32_t space, uint64_t ip)
{
	ptm_place *place = &script->places[(ip ^ ip >> 13 ^ space * 0x9e3779b1u) % PTM_PLACES];
	if (!place->known || place->ip != ip || place->space != space)
		look_up(script, place, space, ip);
	return place;
}

/* Reads the instruction at a place. */
static void look_at_code(ptm_script *script, ptm_place *place, uint8_t length)
{
	ptm_session *session = script->session;
	uint32_t available = length == PTM_LENGTH_UNKNOWN ? 15 : length;
	const ptm_map *map;
	ptm_insn insn = { .length = length };

	place->has_code = true;
	if (ptm_spaces_code(session->spaces, place->space, place->ip, place->code, &available, &map) != PTM_OK)
		return;
	if (length == PTM_LENGTH_UNKNOWN && ptm_insn_decode(place->code, available, PTM_MODE_64, &insn) != PTM_OK)
		return;
	place->code_length = insn.length;
}

static void put_name(ptm_script *script, const ptm_place *place)
{
	if (!room(script, place->name_length + LINE_BYTES))
		return;
	if (!place->name_length) {
		PUT_LITERAL(script, " [unknown]");
		return;
	}
	put_byte(script, ' ');
	put_bytes(script, ptm_strings_get(&script->session->strings, place->name), place->name_length);
	if (!(script->fields & PTM_SCRIPT_SYMOFF))
		return;
	PUT_LITERAL(script, "+0x");
	put_hex(script, place->offset, 0);
}

/* "(binary)", without the space before it. */
static void put_binary(ptm_script *script, const ptm_place *place)
{
	if (!room(script, place->dso_length + LINE_BYTES))
		return;
	put_byte(script, '(');
	uint32_t start = script->text.length;
	if (place->dso)
		put_bytes(script, ptm_strings_get(&script->session->strings, place->dso), place->dso_length);
	else
		PUT_LITERAL(script, "[unknown]");
	if (script->options.pad_dso) {
		uint32_t length = script->text.length - start, shown = length < PTM_SCRIPT_DSO_WIDTH ? length : PTM_SCRIPT_DSO_WIDTH - 1;
		script->text.length = start + shown;
		put_spaces(script, PTM_SCRIPT_DSO_WIDTH - shown);
	}
	if (script->fields & PTM_SCRIPT_DSOFF && place->in_file) {
		PUT_LITERAL(script, "+0x");
		put_hex(script, place->file_offset, 0);
	}
	put_byte(script, ')');
}

/* What of the fields tells how a place is put. */
#define PLACE_FIELDS (PTM_SCRIPT_SYM | PTM_SCRIPT_SYMOFF | PTM_SCRIPT_DSO | PTM_SCRIPT_DSOFF)
#define KEPT_BYTES (1u << 20)

/* Keeps what was put of a place, from `start` on. */
static void keep_place(ptm_script *script, ptm_place *place, uint32_t start)
{
	uint32_t length = script->text.length - start;

	if (script->status != PTM_OK || length > LINE_BYTES / 2)
		return;
	if (script->kept.length + length + CHUNK > KEPT_BYTES) {
		script->kept.length = 0;
		for (uint32_t i = 0; i < PTM_PLACES; i++)
			script->places[i].kept_fields = 0;
	}
	/* Without memory for it, it is put anew each time. */
	if (ptm_array_reserve(&script->kept, length + CHUNK) != PTM_OK)
		return;
	place->kept = script->kept.length;
	place->kept_length = (uint16_t)length;
	place->kept_fields = script->fields & PLACE_FIELDS;
	memcpy(script->kept.at + place->kept, script->text.at + start, length);
	memset(script->kept.at + place->kept + length, 0, CHUNK);
	script->kept.length += length + CHUNK;
}

static void put_place_anew(ptm_script *script, const ptm_place *place)
{
	if (script->fields & PTM_SCRIPT_SYM)
		put_name(script, place);
	if (script->fields & PTM_SCRIPT_DSO && room(script, LINE_BYTES)) {
		put_byte(script, ' ');
		put_binary(script, place);
	}
	room(script, LINE_BYTES);
}

/* Symbol and binary of an address, as far as they were asked for. */
static void put_place(ptm_script *script, uint64_t ip)
{
	ptm_place *place = ip ? place_of(script, script->space, ip) : NULL;

	if (!place) {
		put_place_anew(script, &unknown_place);
	} else if (place->kept_fields && place->kept_fields == (script->fields & PLACE_FIELDS)) {
		if (room(script, LINE_BYTES))
			put_again(script, script->kept.at + place->kept, place->kept_length);
		room(script, LINE_BYTES);
	} else {
		uint32_t start = script->text.length;
		put_place_anew(script, place);
		keep_place(script, place, start);
	}
}

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
	if (fields & PTM_SCRIPT_TOD && ptm_wall_clock(script->session, ns ? ns : PTM_NO_TIME, script->options.utc_offset, script->options.ns, date))
		ptm_script_put(script, "%s ", date);
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
	if (length) {
		place = place_of(script, row->code_space, row->code_ip);
		if (!place->has_code)
			look_at_code(script, place, length);
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
	const ptm_place *place = ip ? place_of(script, script->space, ip) : &unknown_place;
	if (script->fields & PTM_SCRIPT_DSO && !(script->fields & (PTM_SCRIPT_IP | PTM_SCRIPT_ADDR))) {
		put_binary(script, row->ip ? place_of(script, script->space, row->ip) : &unknown_place);
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
	ptm_place *place = place_of(script, script->space, ip);
	if (!place->has_source) {
		script->status = ptm_script_source_line(session, ptm_spaces_find(session->spaces, script->space, ip), ip, script->options.full_source_path, &place->source);
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
	ptm_place *place = place_of(script, script->space, ip);
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
	put_place(script, row->ip);
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
		put_place(script, row->addr);
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
		const ptm_place *place = row->ip ? place_of(script, script->space, row->ip) : &unknown_place;
		if (!ptm_script_wants_place(script, row->ip, ptm_strings_get(strings, place->name), place->dso ? ptm_strings_get(strings, place->dso) : NULL))
			return false;
	}
	if (!script->options.graph_functions.length)
		return true;
	uint64_t called = called_ip(row);
	return ptm_script_wants_call(script, called ? ptm_strings_get(strings, place_of(script, script->space, called)->name) : "", depth_of(row));
}

bool ptm_script_put_row(ptm_script *script, const ptm_script_row *row)
{
	bool synthetic = row->event >= PTM_SCRIPT_PTWRITE, branch = row->event == PTM_SCRIPT_BRANCHES;
	uint32_t type = synthetic ? PTM_EVENTS_SYNTHETIC : PTM_EVENTS_HARDWARE;
	bool chains = script->options.chain_size && !branch;

	if (row->sample)
		return ptm_script_put_made(script, row);
	if (!script->options.fields[type] || !ptm_script_wants(script, row->ns) || !wants_place(script, row))
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
