/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"
#include "base/array.h"
#include <assert.h>

enum { SIZE_u8 = 1, SIZE_u32 = 4, SIZE_i32 = 4, SIZE_u64 = 8, SIZE_f64 = 8, SIZE_str = 4 };

/* One array of column descriptions per table: infos_of_info, infos_of_queues, … */
static const ptm_column_info infos_of_nothing[] = {
#define PTM_T(id, meaning) }; static const ptm_column_info infos_of_##id[] = {
#define PTM_C(table, column, type, meaning) { #column, PTM_COLUMN_##type, SIZE_##type },
	PTM_TABLES(PTM_T, PTM_C)
#undef PTM_T
#undef PTM_C
};

static const ptm_table_info tables[] = {
#define PTM_T(id, meaning) { #id, infos_of_##id, sizeof infos_of_##id / sizeof *infos_of_##id },
#define PTM_C(table, column, type, meaning)
	PTM_TABLES(PTM_T, PTM_C)
#undef PTM_T
#undef PTM_C
};

/* The cells of one column: `capacity` (+ 1 for str) elements. A str column's
 * elements are offsets into its pool, correct for the rows before `texts`. */
typedef struct column {
	uint8_t *cells;
	uint32_t texts;          /* rows whose end offset is final */
	PTM_ARRAY(char) pool;
} column;

struct ptm_table {
	uint32_t id, rows, capacity, column_count;
	column columns[];
};

const ptm_table_info *ptm_table_info_of(uint32_t id)
{
	(void)infos_of_nothing;
	return id < PTM_TABLE_COUNT ? &tables[id] : NULL;
}

static ptm_status grow(ptm_table *table, uint32_t capacity)
{
	const ptm_table_info *info = &tables[table->id];

	for (uint32_t i = 0; i < table->column_count; i++) {
		uint32_t size = info->columns[i].size;
		uint64_t bytes = ((uint64_t)capacity + 1) * size;
		if (bytes > SIZE_MAX / 2)
			return PTM_NO_MEMORY;
		uint8_t *moved = realloc(table->columns[i].cells, (size_t)bytes);
		if (!moved)
			return PTM_NO_MEMORY;
		table->columns[i].cells = moved;
	}
	table->capacity = capacity;
	return PTM_OK;
}

ptm_status ptm_table_new(uint32_t id, ptm_table **table)
{
	if (id >= PTM_TABLE_COUNT)
		return PTM_BAD_REQUEST;
	uint32_t columns = tables[id].column_count;
	ptm_table *made = calloc(1, sizeof *made + columns * sizeof *made->columns);
	if (!made)
		return PTM_NO_MEMORY;
	made->id = id;
	made->column_count = columns;
	ptm_status status = grow(made, 0);
	if (status != PTM_OK) {
		ptm_table_free(made);
		return status;
	}
	for (uint32_t i = 0; i < columns; i++)
		memset(made->columns[i].cells, 0, tables[id].columns[i].size);
	*table = made;
	return PTM_OK;
}

void ptm_table_free(ptm_table *table)
{
	if (!table)
		return;
	for (uint32_t i = 0; i < table->column_count; i++) {
		free(table->columns[i].cells);
		ptm_array_free(&table->columns[i].pool);
	}
	free(table);
}

uint32_t ptm_table_kind(const ptm_table *table)
{
	return table->id;
}

ptm_status ptm_table_reserve(ptm_table *table, uint32_t more)
{
	uint64_t wanted = (uint64_t)table->rows + more;

	if (wanted <= table->capacity)
		return PTM_OK;
	if (wanted > INT32_MAX)
		return PTM_NO_MEMORY;
	uint64_t grown = table->capacity ? (uint64_t)table->capacity * 2 : 16;
	return grow(table, (uint32_t)(grown < wanted ? wanted : grown));
}

ptm_status ptm_table_add_rows(ptm_table *table, uint32_t more)
{
	PTM_TRY(ptm_table_reserve(table, more));
	for (uint32_t i = 0; i < table->column_count; i++) {
		const ptm_column_info *info = &tables[table->id].columns[i];
		size_t size = info->size;
		if (info->type != PTM_COLUMN_str)
			memset(table->columns[i].cells + size * table->rows, 0, size * more);
	}
	table->rows += more;
	return PTM_OK;
}

ptm_status ptm_table_add_row(ptm_table *table, uint32_t *row)
{
	PTM_TRY(ptm_table_add_rows(table, 1));
	*row = table->rows - 1;
	return PTM_OK;
}

#define SETTER(kind, c_type)                                                                                  \
	void ptm_table_set_##kind(ptm_table *table, uint32_t column, uint32_t row, c_type value)              \
	{                                                                                                     \
		assert(column < table->column_count && row < table->rows);                                    \
		assert(tables[table->id].columns[column].type == PTM_COLUMN_##kind);                          \
		memcpy(table->columns[column].cells + (size_t)row * sizeof value, &value, sizeof value);      \
	}
SETTER(u8, uint8_t)
SETTER(u32, uint32_t)
SETTER(i32, int32_t)
SETTER(u64, uint64_t)
SETTER(f64, double)
#undef SETTER

/* Ends the texts of all rows before `row` that have none where the pool ends now. */
static void settle_texts(column *into, uint32_t row)
{
	uint32_t *offsets = (uint32_t *)(void *)into->cells;

	for (; into->texts < row; into->texts++)
		offsets[into->texts + 1] = into->pool.length;
}

ptm_status ptm_table_set_text(ptm_table *table, uint32_t column_row, uint32_t row, const char *text, size_t length)
{
	assert(column_row < table->column_count && tables[table->id].columns[column_row].type == PTM_COLUMN_str);
	column *into = &table->columns[column_row];
	if (row >= table->rows || row < into->texts)
		return PTM_BAD_REQUEST;
	if (length >= INT32_MAX)
		return PTM_NO_MEMORY;
	PTM_TRY(ptm_array_reserve(&into->pool, (uint32_t)length));
	settle_texts(into, row);
	if (length)
		memcpy(into->pool.at + into->pool.length, text, length);
	into->pool.length += (uint32_t)length;
	settle_texts(into, row + 1);
	return PTM_OK;
}

uint32_t ptm_table_rows(const ptm_table *table)
{
	return table->rows;
}

uint32_t ptm_table_columns(const ptm_table *table)
{
	return table->column_count;
}

const void *ptm_table_data(const ptm_table *table, uint32_t column_row)
{
	if (column_row >= table->column_count)
		return NULL;
	/* Rows after the last text set are empty; writing that down late does not change the table. */
	column *from = (column *)&table->columns[column_row];
	if (tables[table->id].columns[column_row].type == PTM_COLUMN_str) {
		uint32_t *offsets = (uint32_t *)(void *)from->cells;
		for (uint32_t row = from->texts; row < table->rows; row++)
			offsets[row + 1] = from->pool.length;
	}
	return from->cells;
}

const char *ptm_table_pool(const ptm_table *table, uint32_t column_row, uint32_t *length)
{
	bool is_text = column_row < table->column_count && tables[table->id].columns[column_row].type == PTM_COLUMN_str;

	*length = is_text ? table->columns[column_row].pool.length : 0;
	return *length ? table->columns[column_row].pool.at : "";
}
