/* SPDX-License-Identifier: Apache-2.0 */
#include "image/name_list.h"
#include "image/jitdump.h"

#define LINE_WINDOW (1u << 20)
#define LONGEST_LINE (1u << 16)
#define NAME_PAGE (128u << 10)

enum { BIND_LOCAL = 0, BIND_GLOBAL = 1, BIND_WEAK = 2, TYPE_FUNC = 2 };

ptm_status ptm_name_lines(ptm_source *source, ptm_status (*take)(void *context, const ptm_name_line *line), void *context)
{
	const uint8_t *at;
	uint64_t offset = 0;
	while (offset < source->size) {
		uint32_t there = LONGEST_LINE;
		PTM_TRY(ptm_source_view_some(source, offset, &there, &at));
		if (!there)
			break;
		uint32_t done = 0;
		while (done < there) {
			const uint8_t *end = memchr(at + done, '\n', there - done);
			if (!end && offset + there < source->size)
				break;
			if (!end)
				end = at + there;
			ptm_name_line line = { at + done, end, offset + done };
			PTM_TRY(take(context, &line));
			done = (uint32_t)(end - at) + 1;
		}
		offset += done ? done : there;
	}
	return PTM_OK;
}

/* Reads hexadecimal digits, as strtoull(3) after blanks and a "0x" where that is allowed; returns how many bytes they take. */
static uint32_t take_hex(const uint8_t *at, const uint8_t *end, bool with_prefix, uint64_t *value)
{
	const uint8_t *start = at;
	*value = 0;
	while (with_prefix && at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
		at++;
	if (with_prefix && end - at > 2 && at[0] == '0' && (at[1] | 32) == 'x')
		at += 2;
	const uint8_t *digits = at;
	for (; at < end; at++) {
		uint8_t lower = *at | 32;
		if (*at >= '0' && *at <= '9')
			*value = *value << 4 | (uint64_t)(*at - '0');
		else if (lower >= 'a' && lower <= 'f')
			*value = *value << 4 | (uint64_t)(lower - 'a' + 10);
		else
			break;
	}
	return at > digits ? (uint32_t)(at - start) : 0;
}

bool ptm_kallsyms_line_read(const ptm_name_line *line, ptm_kallsyms_line *into)
{
	uint32_t length = (uint32_t)(line->end - line->at), digits = take_hex(line->at, line->end, false, &into->address);
	if ((digits != 8 && digits != 16) || length < digits + 4 || line->at[digits] != ' ' || line->at[digits + 2] != ' ')
		return false;
	into->type = (char)line->at[digits + 1];
	into->name = digits + 3;
	const uint8_t *name = line->at + into->name, *tab = memchr(name, '\t', (size_t)(line->end - name));
	into->name_length = (uint32_t)((tab ? tab : line->end) - name);
	into->module = memchr(name, '[', (size_t)(line->end - name));
	return true;
}

/* As perf cuts the line: what leaves less than three bytes for the rest is none. */
bool ptm_perf_map_line_read(const ptm_name_line *line, ptm_perf_map_line *into)
{
	uint32_t length = (uint32_t)(line->end - line->at);
	uint32_t at = take_hex(line->at, line->end, true, &into->address) + 1;
	if (at + 2 >= length)
		return false;
	at += take_hex(line->at + at, line->end, true, &into->size) + 1;
	into->name = at;
	return at + 2 < length;
}

typedef struct reader {
	ptm_symbol_table *table;
} reader;

/* Kinds of symbols that perf takes: code and data, global and local, and weak ones. */
static ptm_status take_kallsyms(void *context, const ptm_name_line *line)
{
	reader *reader = context;
	ptm_kallsyms_line told;
	if (!ptm_kallsyms_line_read(line, &told) || !strchr("TWDBtwdb", told.type) || !told.type || line->at[told.name] == '$')
		return PTM_OK;
	uint8_t binding = told.type == 'W' ? BIND_WEAK : told.type >= 'a' ? BIND_LOCAL : BIND_GLOBAL;
	return ptm_symbol_tree_insert(&reader->table->tree, &(ptm_symbol_node){ .start = told.address, .end = told.address,
			.name = (uint32_t)line->offset + told.name, .binding = binding, .type = TYPE_FUNC, .table = PTM_TABLE_LIST,
			.module = told.module });
}

static ptm_status take_perf_map(void *context, const ptm_name_line *line)
{
	reader *reader = context;
	ptm_perf_map_line told;
	if (!ptm_perf_map_line_read(line, &told))
		return PTM_OK;
	return ptm_symbol_tree_insert(&reader->table->tree, &(ptm_symbol_node){ .start = told.address, .end = told.address + told.size,
			.name = (uint32_t)line->offset + told.name, .binding = BIND_GLOBAL, .type = TYPE_FUNC, .table = PTM_TABLE_LIST });
}

static ptm_status take_jit_load(void *context, const ptm_jit_event *event)
{
	reader *reader = context;
	if (event->kind != PTM_JIT_LOAD || event->name_offset > UINT32_MAX)
		return PTM_OK;
	return ptm_symbol_tree_insert(&reader->table->tree, &(ptm_symbol_node){ .start = event->code_offset,
			.end = event->code_offset + event->size, .name = (uint32_t)event->name_offset, .binding = BIND_GLOBAL,
			.type = TYPE_FUNC, .table = PTM_TABLE_LIST });
}

static ptm_status read_list(reader *reader, uint8_t kind, ptm_source *source)
{
	ptm_message message;
	uint64_t cut_at;
	switch (kind) {
	case PTM_NAMES_KALLSYMS:
		PTM_TRY(ptm_name_lines(source, take_kallsyms, reader));
		ptm_symbol_table_fix_ends(&reader->table->tree);
		return ptm_symbol_table_drop_duplicates(reader->table);
	case PTM_NAMES_PERF_MAP:
		reader->table->names.with_tabs = true;
		return ptm_name_lines(source, take_perf_map, reader);
	default:
		reader->table->names.with_tabs = true;
		reader->table->names.style = PTM_NAMED_BRIEF;
		return ptm_jitdump_read(source, "", take_jit_load, reader, &cut_at, &message);
	}
}

/* perf takes the last byte of every line of a perf map for its end: a last line without one loses a letter. */
static ptm_status cut_last_line(ptm_source *lines)
{
	const uint8_t *at;
	if (!lines->size)
		return PTM_OK;
	PTM_TRY(ptm_source_view(lines, lines->size - 1, 1, &at));
	lines->size -= *at != '\n';
	return PTM_OK;
}

ptm_status ptm_name_list_read(ptm_symbol_table *table, uint8_t kind, uint32_t source, uint64_t size)
{
	reader reader = { .table = table };
	ptm_source lines;
	*table = (ptm_symbol_table){ 0 };
	if (size > UINT32_MAX)
		return PTM_UNSUPPORTED;
	PTM_TRY(ptm_symbol_tree_init(&table->tree));
	table->names.style = PTM_NAMED_LINKED;
	ptm_pages_init(&table->names.pages[0], source, size, NAME_PAGE);
	ptm_source_init(&lines, source, size, LINE_WINDOW);
	ptm_status status = kind == PTM_NAMES_PERF_MAP ? cut_last_line(&lines) : PTM_OK;
	table->names.tables[PTM_TABLE_LIST].size = lines.size;
	if (status == PTM_OK)
		status = read_list(&reader, kind, &lines);
	ptm_source_free(&lines);
	return status;
}
