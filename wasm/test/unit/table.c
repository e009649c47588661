/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: what is set is what a host reads, columns are contiguous and aligned. */
#include "base/table.h"
#include "check.h"

static void descriptions(void)
{
	const ptm_table_info *info = ptm_table_info_of(PTM_TABLE_call_tree);
	CHECK_TEXT(info->name, "call_tree");
	CHECK_EQ(info->column_count, 9);
	CHECK_TEXT(info->columns[PTM_call_tree_self_ns].name, "self_ns");
	CHECK_EQ(info->columns[PTM_call_tree_self_ns].type, PTM_COLUMN_f64);
	CHECK_EQ(info->columns[PTM_call_tree_self_ns].size, 8);
	CHECK_EQ(PTM_info_key, 0);
	CHECK_EQ(PTM_queues_cpu, 0);
	CHECK(ptm_table_info_of(PTM_TABLE_COUNT) == NULL);

	ptm_table *table;
	CHECK_EQ(ptm_table_new(PTM_TABLE_COUNT, &table), PTM_BAD_REQUEST);
}

static void numbers(void)
{
	ptm_table *table;
	CHECK_EQ(ptm_table_new(PTM_TABLE_blocks, &table), PTM_OK);
	CHECK_EQ(ptm_table_rows(table), 0);
	CHECK_EQ(ptm_table_columns(table), 16);
	for (uint32_t i = 0; i < 100; i++) {
		uint32_t row;
		CHECK_EQ(ptm_table_add_row(table, &row), PTM_OK);
		CHECK_EQ(row, i);
		ptm_table_set_u64(table, PTM_blocks_ip, row, 0x100000000u + i);
		ptm_table_set_u8(table, PTM_blocks_class, row, (uint8_t)i);
		ptm_table_set_f64(table, PTM_blocks_ns, row, i / 2.0);
		ptm_table_set_u32(table, PTM_blocks_size, row, 3 * i);
	}
	const uint64_t *ip = ptm_table_data(table, PTM_blocks_ip);
	const uint8_t *class = ptm_table_data(table, PTM_blocks_class);
	const double *ns = ptm_table_data(table, PTM_blocks_ns);
	const double *visits = ptm_table_data(table, PTM_blocks_visits);
	CHECK_EQ((uintptr_t)ip % 8, 0);
	CHECK_EQ(ip[99], 0x100000063u);
	CHECK_EQ(class[99], 99);
	CHECK(ns[99] == 49.5);
	CHECK(visits[99] == 0);
	uint32_t length = 1;
	CHECK_TEXT(ptm_table_pool(table, PTM_blocks_ip, &length), "");
	CHECK_EQ(length, 0);
	CHECK(ptm_table_data(table, 16) == NULL);
	ptm_table_free(table);
}

static void texts(void)
{
	ptm_table *table;
	uint32_t row, length;
	CHECK_EQ(ptm_table_new(PTM_TABLE_info, &table), PTM_OK);
	const uint32_t *offsets = ptm_table_data(table, PTM_info_value);
	CHECK_EQ(offsets[0], 0);
	for (uint32_t i = 0; i < 40; i++) {
		CHECK_EQ(ptm_table_add_row(table, &row), PTM_OK);
		CHECK_EQ(ptm_table_set_text(table, PTM_info_key, row, "keys", i % 5), PTM_OK);
	}
	CHECK_EQ(ptm_table_set_text(table, PTM_info_key, 39, "again", 5), PTM_BAD_REQUEST);
	CHECK_EQ(ptm_table_set_text(table, PTM_info_value, 40, "no row", 6), PTM_BAD_REQUEST);
	CHECK_EQ(ptm_table_set_text(table, PTM_info_value, 3, "three", 5), PTM_OK);
	CHECK_EQ(ptm_table_set_text(table, PTM_info_value, 7, "seven", 5), PTM_OK);
	offsets = ptm_table_data(table, PTM_info_value);
	CHECK_EQ(offsets[3], 0);
	CHECK_EQ(offsets[4], 5);
	CHECK_EQ(offsets[7], 5);
	CHECK_EQ(offsets[8], 10);
	CHECK_EQ(offsets[40], 10);
	const char *pool = ptm_table_pool(table, PTM_info_value, &length);
	CHECK_EQ(length, 10);
	CHECK(!memcmp(pool, "threeseven", 10));
	offsets = ptm_table_data(table, PTM_info_key);
	CHECK_EQ(offsets[5], 0 + 1 + 2 + 3 + 4);
	CHECK_EQ(offsets[40], 80);
	offsets = ptm_table_data(table, PTM_info_label);
	CHECK_EQ(offsets[40], 0);
	ptm_table_free(table);
}

static void many_rows_at_once(void)
{
	ptm_table *table;
	CHECK_EQ(ptm_table_new(PTM_TABLE_queues, &table), PTM_OK);
	CHECK_EQ(ptm_table_reserve(table, UINT32_MAX), PTM_NO_MEMORY);
	CHECK_EQ(ptm_table_add_rows(table, 1000), PTM_OK);
	ptm_table_set_i32(table, PTM_queues_tid, 999, -1);
	const int32_t *tid = ptm_table_data(table, PTM_queues_tid);
	CHECK_EQ(tid[998], 0);
	CHECK_EQ(tid[999], -1);
	CHECK_EQ(ptm_table_kind(table), PTM_TABLE_queues);
	ptm_table_free(table);
}

int main(void)
{
	descriptions();
	numbers();
	texts();
	many_rows_at_once();
	return check_report("table");
}
