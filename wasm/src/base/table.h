/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the tables of tables.h: typed columns, each contiguous so that a host
 * copies it whole. Reading them is the public part, in ptarmigan.h. */
#ifndef PTM_BASE_TABLE_H
#define PTM_BASE_TABLE_H

#include "ptarmigan.h"
#include "tables.h"

/* PTM_TABLE_info, PTM_TABLE_queues, …: the ids are those of tables.h as written there. */
enum ptm_table_id {
#define PTM_T(id, meaning) PTM_TABLE_##id,
#define PTM_C(table, column, type, meaning)
	PTM_TABLES(PTM_T, PTM_C)
#undef PTM_T
#undef PTM_C
	PTM_TABLE_COUNT
};

/* PTM_info_key, PTM_call_tree_self_ns, …: columns, counted from 0 in each table. */
enum ptm_column_none { PTM_COLUMN_NONE = -1,
#define PTM_T(id, meaning) }; enum ptm_##id##_column {
#define PTM_C(table, column, type, meaning) PTM_##table##_##column,
	PTM_TABLES(PTM_T, PTM_C)
#undef PTM_T
#undef PTM_C
};

typedef enum ptm_column_type {
	PTM_COLUMN_u8, PTM_COLUMN_u32, PTM_COLUMN_i32, PTM_COLUMN_u64, PTM_COLUMN_f64, PTM_COLUMN_str
} ptm_column_type;

typedef struct ptm_column_info {
	const char *name;
	uint8_t type;            /* ptm_column_type */
	uint8_t size;            /* bytes of an element; of an offset for str */
} ptm_column_info;

typedef struct ptm_table_info {
	const char *name;
	const ptm_column_info *columns;
	uint32_t column_count;
} ptm_table_info;

/* What tables.h says of table `id`; NULL when there is no such table. */
const ptm_table_info *ptm_table_info_of(uint32_t id);

/* A new table without rows; caller frees with ptm_table_free. PTM_BAD_REQUEST
 * when `id` is no table. */
ptm_status ptm_table_new(uint32_t id, ptm_table **table) PTM_MUST_CHECK;

/* The id it was made with. */
uint32_t ptm_table_kind(const ptm_table *table);

/* Makes room for `more` rows, so that adding them cannot fail. */
ptm_status ptm_table_reserve(ptm_table *table, uint32_t more) PTM_MUST_CHECK;

/* Appends a row of zeros and empty texts; stores its number. */
ptm_status ptm_table_add_row(ptm_table *table, uint32_t *row) PTM_MUST_CHECK;

/* Appends `more` rows of zeros and empty texts. */
ptm_status ptm_table_add_rows(ptm_table *table, uint32_t more) PTM_MUST_CHECK;

/* Sets one cell. The row must exist and the column be of that type (asserted). */
void ptm_table_set_u8(ptm_table *table, uint32_t column, uint32_t row, uint8_t value);
void ptm_table_set_u32(ptm_table *table, uint32_t column, uint32_t row, uint32_t value);
void ptm_table_set_i32(ptm_table *table, uint32_t column, uint32_t row, int32_t value);
void ptm_table_set_u64(ptm_table *table, uint32_t column, uint32_t row, uint64_t value);
void ptm_table_set_f64(ptm_table *table, uint32_t column, uint32_t row, double value);

/* Sets a text cell (copies). The cells of a column are set at most once each and
 * in row order (PTM_BAD_REQUEST otherwise); rows left out are empty. */
ptm_status ptm_table_set_text(ptm_table *table, uint32_t column, uint32_t row, const char *text, size_t length) PTM_MUST_CHECK;

#endif
