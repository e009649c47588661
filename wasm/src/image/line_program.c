/* SPDX-License-Identifier: Apache-2.0 */
/* DWARF 5, chapter 6.2; earlier versions differ in the header only. */
#include "image/line_program.h"

#define MOST_BYTES (64u << 20)
#define MOST_ROWS (1u << 24)
#define MOST_FILES (1u << 20)
#define NONE UINT32_MAX

typedef struct program {
	ptm_line_table *table;
	ptm_dwarf *dwarf;
	ptm_dwarf_unit unit;     /* version and sizes of the program's own header */
	ptm_bytes bytes;
	const uint8_t *base;
	uint64_t start;          /* section offset of base */
	uint8_t minimum_length, most_operations, line_range, opcode_base;
	int8_t line_base;
	uint8_t lengths[256];    /* operands of standard opcodes */
	uint32_t first_sequence_row;
	bool sorted;
	/* the state machine */
	uint64_t address, operation;
	uint32_t file, line;
} program;

/* ------------------------------------------------------------------ header */

/* An entry of the list of files before DWARF 5, from `bytes`, which are in the program. */
static ptm_status take_old_file(program *program, ptm_bytes *bytes)
{
	ptm_dwarf_value value;
	if (!ptm_dwarf_take_form(&program->unit, 0x08, bytes, program->base, program->start, &value))
		return PTM_BAD_DATA;
	uint32_t directory = (uint32_t)ptm_bytes_leb(bytes);
	(void)ptm_bytes_leb(bytes);
	(void)ptm_bytes_leb(bytes);
	return ptm_array_push(&program->table->files, ((ptm_line_file){ { value.number, DWARF_LINE }, directory, NONE }));
}

static ptm_status take_old_files(program *program)
{
	ptm_line_table *table = program->table;
	ptm_bytes *bytes = &program->bytes;
	ptm_dwarf_value value;
	PTM_TRY(ptm_array_push(&table->directories, table->compilation));
	while (ptm_bytes_left(bytes) && *bytes->at && table->directories.length < MOST_FILES) {
		if (!ptm_dwarf_take_form(&program->unit, 0x08, bytes, program->base, program->start, &value))
			return PTM_BAD_DATA;
		PTM_TRY(ptm_array_push(&table->directories, ((ptm_dwarf_place){ value.number, DWARF_LINE })));
	}
	ptm_bytes_skip(bytes, 1);
	PTM_TRY(ptm_array_push(&table->files, ((ptm_line_file){ { 0, DWARF_SECTIONS }, NONE, NONE })));
	while (ptm_bytes_left(bytes) && *bytes->at && table->files.length < MOST_FILES)
		PTM_TRY(take_old_file(program, bytes));
	ptm_bytes_skip(bytes, 1);
	return bytes->failed ? PTM_BAD_DATA : PTM_OK;
}

/* A list of directories or files with its own description of what each entry holds. */
static ptm_status take_entries(program *program, bool files)
{
	uint32_t kinds[256], forms[256], formats = ptm_bytes_u8(&program->bytes);
	for (uint32_t i = 0; i < formats; i++) {
		kinds[i] = (uint32_t)ptm_bytes_leb(&program->bytes);
		forms[i] = (uint32_t)ptm_bytes_leb(&program->bytes);
	}
	uint64_t count = ptm_bytes_leb(&program->bytes);
	if (program->bytes.failed || count > MOST_FILES || (count && !formats))
		return PTM_BAD_DATA;
	for (uint64_t i = 0; i < count; i++) {
		ptm_line_file file = { { 0, DWARF_SECTIONS }, NONE, NONE };
		for (uint32_t j = 0; j < formats; j++) {
			ptm_dwarf_value value;
			if (!ptm_dwarf_take_form(&program->unit, forms[j], &program->bytes, program->base, program->start, &value))
				return PTM_BAD_DATA;
			if (kinds[j] == 1 && value.class == DWARF_TEXT)
				file.name = (ptm_dwarf_place){ value.number, DWARF_LINE };
			else if (kinds[j] == 1)
				(void)ptm_dwarf_text_place(program->dwarf, &program->unit, &value, &file.name.section, &file.name.offset);
			else if (kinds[j] == 2)
				file.directory = (uint32_t)value.number;
		}
		if (files)
			PTM_TRY(ptm_array_push(&program->table->files, file));
		else
			PTM_TRY(ptm_array_push(&program->table->directories, file.name));
	}
	return PTM_OK;
}

static ptm_status take_header(program *program)
{
	ptm_bytes *bytes = &program->bytes;
	if (program->unit.version >= 5)
		ptm_bytes_skip(bytes, 2);
	uint64_t header = ptm_bytes_number(bytes, program->unit.offset_size);
	if (bytes->failed || header > ptm_bytes_left(bytes))
		return PTM_BAD_DATA;
	const uint8_t *code = bytes->at + header;
	program->minimum_length = ptm_bytes_u8(bytes);
	program->most_operations = program->unit.version >= 4 ? ptm_bytes_u8(bytes) : 1;
	ptm_bytes_skip(bytes, 1);
	program->line_base = (int8_t)ptm_bytes_u8(bytes);
	program->line_range = ptm_bytes_u8(bytes);
	program->opcode_base = ptm_bytes_u8(bytes);
	for (uint32_t i = 1; i < program->opcode_base; i++)
		program->lengths[i] = ptm_bytes_u8(bytes);
	if (bytes->failed || !program->line_range || !program->opcode_base)
		return PTM_BAD_DATA;
	if (!program->most_operations)
		program->most_operations = 1;
	if (program->unit.version >= 5) {
		PTM_TRY(take_entries(program, false));
		PTM_TRY(take_entries(program, true));
	} else {
		PTM_TRY(take_old_files(program));
	}
	bytes->at = code;
	return PTM_OK;
}

/* --------------------------------------------------------------------- run */

/* Of several rows at one address the last counts. */
static ptm_status add_row(program *program, uint32_t line)
{
	ptm_line_table *table = program->table;
	ptm_line_row row = { program->address, program->file, line };
	ptm_line_row *last = table->rows.length > program->first_sequence_row ? &table->rows.at[table->rows.length - 1] : NULL;
	if (last && last->address == row.address) {
		*last = row;
		return PTM_OK;
	}
	if (table->rows.length && table->rows.at[table->rows.length - 1].address > row.address)
		program->sorted = false;
	return table->rows.length < MOST_ROWS ? ptm_array_push(&table->rows, row) : PTM_END;
}

static void advance(program *program, uint64_t operations)
{
	uint64_t total = program->operation + operations;
	program->address += program->minimum_length * (total / program->most_operations);
	program->operation = total % program->most_operations;
}

static void reset(program *program)
{
	program->address = program->operation = 0;
	program->file = program->line = 1;
	program->first_sequence_row = program->table->rows.length;
}

static ptm_status run_extended(program *program)
{
	uint64_t length = ptm_bytes_leb(&program->bytes);
	const uint8_t *operands = ptm_bytes_take(&program->bytes, length < SIZE_MAX ? (size_t)length : SIZE_MAX);
	if (!operands || !length)
		return operands ? PTM_OK : PTM_END;
	ptm_bytes bytes = ptm_bytes_of(operands + 1, (size_t)length - 1);
	switch (operands[0]) {
	case 1:
		PTM_TRY(add_row(program, 0));
		if (!ptm_dwarf_is_code(program->dwarf, program->table->rows.at[program->first_sequence_row].address))
			program->table->rows.length = program->first_sequence_row;
		reset(program);
		break;
	case 2:
		program->address = ptm_bytes_number(&bytes, length - 1 < 8 ? (uint32_t)length - 1 : 8);
		program->operation = 0;
		break;
	case 3: /* before DWARF 5: one file more */
		if (program->unit.version < 5 && program->table->files.length < MOST_FILES)
			return take_old_file(program, &bytes);
		break;
	default: break;
	}
	return PTM_OK;
}

static ptm_status run_standard(program *program, uint8_t opcode)
{
	ptm_bytes *bytes = &program->bytes;
	switch (opcode) {
	case 1: return add_row(program, program->line);
	case 2: advance(program, ptm_bytes_leb(bytes)); return PTM_OK;
	case 3: program->line += (uint32_t)ptm_bytes_signed_leb(bytes); return PTM_OK;
	case 4: program->file = (uint32_t)ptm_bytes_leb(bytes); return PTM_OK;
	case 8: advance(program, (255u - program->opcode_base) / program->line_range); return PTM_OK;
	case 9:
		program->address += ptm_bytes_u16(bytes);
		program->operation = 0;
		return PTM_OK;
	default:
		for (uint32_t i = 0; i < program->lengths[opcode]; i++)
			(void)ptm_bytes_leb(bytes);
		return PTM_OK;
	}
}

static ptm_status run(program *program)
{
	ptm_status status = PTM_OK;
	reset(program);
	while (status == PTM_OK && ptm_bytes_left(&program->bytes)) {
		uint8_t opcode = ptm_bytes_u8(&program->bytes);
		if (!opcode) {
			status = run_extended(program);
		} else if (opcode < program->opcode_base) {
			status = run_standard(program, opcode);
		} else {
			uint32_t special = opcode - program->opcode_base;
			advance(program, special / program->line_range);
			program->line += (uint32_t)(program->line_base + (int)(special % program->line_range));
			status = add_row(program, program->line);
		}
	}
	return status == PTM_END ? PTM_OK : status;
}

/* ------------------------------------------------------------------- table */

typedef struct sequence { uint64_t address; uint32_t first, count; } sequence;

static int compare_sequences(const void *a, const void *b)
{
	const sequence *x = a, *y = b;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->first < y->first ? -1 : 1;
}

/* Puts the sequences (each sorted, each ending in a row of line 0) in order. */
static ptm_status sort_sequences(ptm_line_table *table)
{
	PTM_ARRAY(sequence) sequences = { 0 };
	ptm_line_row *sorted = malloc(table->rows.length * sizeof *sorted);
	ptm_status status = sorted ? PTM_OK : PTM_NO_MEMORY;
	uint32_t first = 0, filled = 0;
	for (uint32_t i = 0; i < table->rows.length && status == PTM_OK; i++) {
		bool backwards = i + 1 < table->rows.length && table->rows.at[i + 1].address < table->rows.at[i].address;
		if (table->rows.at[i].line && !backwards && i + 1 < table->rows.length)
			continue;
		status = ptm_array_push(&sequences, ((sequence){ table->rows.at[first].address, first, i + 1 - first }));
		first = i + 1;
	}
	if (status == PTM_OK) {
		qsort(sequences.at, sequences.length, sizeof *sequences.at, compare_sequences);
		for (uint32_t i = 0; i < sequences.length; i++) {
			memcpy(sorted + filled, table->rows.at + sequences.at[i].first, sequences.at[i].count * sizeof *sorted);
			filled += sequences.at[i].count;
		}
		memcpy(table->rows.at, sorted, filled * sizeof *sorted);
	}
	ptm_array_free(&sequences);
	free(sorted);
	return status;
}

ptm_status ptm_line_table_read(ptm_line_table *table, ptm_dwarf *dwarf, const ptm_dwarf_unit *unit)
{
	uint8_t head[14];
	const uint8_t *at;
	*table = (ptm_line_table){ .compilation = { unit->directory, unit->directory_section } };
	program program = { .table = table, .dwarf = dwarf, .unit = *unit, .sorted = true };
	if (!unit->has_lines)
		return PTM_OK;
	ptm_bytes bytes = ptm_bytes_of(head, ptm_dwarf_read(dwarf, DWARF_LINE, unit->line_offset, head, sizeof head));
	uint64_t length = ptm_bytes_u32(&bytes);
	program.unit.offset_size = length == 0xffffffff ? 8 : 4;
	if (program.unit.offset_size == 8)
		length = ptm_bytes_u64(&bytes);
	program.start = unit->line_offset + (uint64_t)(bytes.at - head);
	uint64_t there = dwarf->sections[DWARF_LINE].size;
	if (bytes.failed || program.start > there || length > there - program.start || length > MOST_BYTES)
		return PTM_OK;
	PTM_TRY(ptm_source_view(&dwarf->tables, dwarf->sections[DWARF_LINE].offset + program.start, (uint32_t)length, &at));
	program.base = at;
	program.bytes = ptm_bytes_of(at, (size_t)length);
	program.unit.version = (uint8_t)ptm_bytes_u16(&program.bytes);
	if (program.unit.version < 2 || program.unit.version > 5)
		return PTM_OK;
	ptm_status status = take_header(&program);
	if (status == PTM_OK)
		status = run(&program);
	if (status != PTM_OK && status != PTM_BAD_DATA)
		return status;
	return program.sorted ? PTM_OK : sort_sequences(table);
}

void ptm_line_table_free(ptm_line_table *table)
{
	ptm_array_free(&table->rows);
	ptm_array_free(&table->files);
	ptm_array_free(&table->directories);
}

const ptm_line_row *ptm_line_table_find(const ptm_line_table *table, uint64_t address)
{
	uint32_t low = 0, high = table->rows.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (table->rows.at[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	const ptm_line_row *row = low ? &table->rows.at[low - 1] : NULL;
	return row;
}

/* What addr2line calls a file whose name is empty, wherever it may lie. */
#define NO_NAME "<unknown>"

static bool is_named(ptm_dwarf *dwarf, ptm_dwarf_place place)
{
	char first = 0;
	return place.section < DWARF_SECTIONS && ptm_dwarf_read(dwarf, place.section, place.offset, &first, 1) && first;
}

/* Appends a directory or file name, after a slash when something is there;
 * an absolute one replaces all before it. */
static ptm_status append_part(ptm_dwarf *dwarf, ptm_dwarf_place place, ptm_text *path)
{
	char first = 0;
	if (!is_named(dwarf, place))
		return PTM_OK;
	(void)ptm_dwarf_read(dwarf, place.section, place.offset, &first, 1);
	if (first == '/')
		path->bytes.length = 0;
	else if (path->bytes.length && path->bytes.at[path->bytes.length - 1] != '/')
		PTM_TRY(ptm_text_append(path, "/", 1));
	return ptm_dwarf_text(dwarf, place.section, place.offset, path);
}

ptm_status ptm_line_table_path(ptm_line_table *table, ptm_dwarf *dwarf, ptm_strings *strings, uint32_t file, uint32_t *path)
{
	ptm_text text = { 0 };
	*path = 0;
	if (file >= table->files.length)
		return PTM_OK;
	ptm_line_file *known = &table->files.at[file];
	if (known->path == NONE) {
		bool named = is_named(dwarf, known->name);
		ptm_status status = named ? append_part(dwarf, table->compilation, &text) : ptm_text_append(&text, NO_NAME, sizeof NO_NAME - 1);
		if (status == PTM_OK && named && known->directory < table->directories.length)
			status = append_part(dwarf, table->directories.at[known->directory], &text);
		if (status == PTM_OK && named)
			status = append_part(dwarf, known->name, &text);
		if (status == PTM_OK)
			status = ptm_strings_add(strings, text.bytes.at, text.bytes.length, &known->path);
		ptm_array_free(&text.bytes);
		PTM_TRY(status);
	}
	*path = known->path;
	return PTM_OK;
}
