/* SPDX-License-Identifier: Apache-2.0 */
/* Table `block_cycles`: how often a measurement of cycles that ended with a
 * visit of a block had which value. The profile keeps sums alone; this decodes
 * the range again, by the path that yields every visit. */
#include "api/session.h"
#include "base/hash.h"
#include <stdlib.h>

/* Most rows: further values of a block are left out. */
#define MOST_VALUES (1u << 20)

typedef struct value { uint64_t cycles, count; uint32_t block; } value;

typedef struct counter {
	uint64_t start_ns, end_ns;
	uint32_t thread, function;
	uint64_t ip;             /* of the one block that is wanted */
	bool is_single;          /* ip and function count */
	PTM_ARRAY(value) values;
	uint32_t *slots; uint32_t slot_count;
} counter;

static uint32_t slot_of(const counter *count, uint32_t block, uint64_t cycles)
{
	uint32_t mask = count->slot_count - 1;
	uint32_t slot = (uint32_t)ptm_hash_u64(cycles << 32 ^ cycles >> 32 ^ block) & mask;
	for (; count->slots[slot]; slot = (slot + 1) & mask) {
		const value *known = &count->values.at[count->slots[slot] - 1];
		if (known->block == block && known->cycles == cycles)
			break;
	}
	return slot;
}

static ptm_status grow(counter *count)
{
	uint32_t slot_count = count->slot_count ? count->slot_count * 2 : 1024;
	uint32_t *slots = calloc(slot_count, sizeof *slots);

	if (!slots)
		return PTM_NO_MEMORY;
	free(count->slots);
	count->slots = slots;
	count->slot_count = slot_count;
	for (uint32_t row = 0; row < count->values.length; row++)
		slots[slot_of(count, count->values.at[row].block, count->values.at[row].cycles)] = row + 1;
	return PTM_OK;
}

static ptm_status add_value(counter *count, uint32_t block, uint64_t cycles)
{
	if ((count->values.length + 1) * 2 > count->slot_count)
		PTM_TRY(grow(count));
	uint32_t slot = slot_of(count, block, cycles);
	if (!count->slots[slot]) {
		if (count->values.length >= MOST_VALUES)
			return PTM_OK;
		PTM_TRY(ptm_array_push(&count->values, ((value){ cycles, 0, block })));
		count->slots[slot] = count->values.length;
	}
	count->values.at[count->slots[slot] - 1].count++;
	return PTM_OK;
}

/* Counts a visit as ptm_block_stat_count does. */
static ptm_status add_visit(counter *count, const ptm_blocks *blocks, const ptm_item *item)
{
	const ptm_block *block = &blocks->blocks.at[item->block];

	if (!item->has_cycles || item->cycles_partial || item->start_ns < count->start_ns)
		return PTM_OK;
	if (count->thread != PTM_ALL && item->thread != count->thread)
		return PTM_OK;
	if (count->is_single && (block->ip != count->ip || block->function != count->function))
		return PTM_OK;
	return add_value(count, item->block, item->cycles);
}

/* Decodes the range's part of a queue, of it at most `most` bytes of trace. */
static ptm_status add_queue(ptm_session *session, counter *count, uint32_t queue, uint64_t most)
{
	ptm_replay replay;
	ptm_item item;
	ptm_status status = ptm_replay_start(session, queue, ptm_checkpoint_by_time(session, queue, count->start_ns), &replay);

	while (status == PTM_OK && ptm_flow_offset(replay.flow) - replay.offset < most) {
		status = ptm_flow_next(replay.flow, &item);
		if (status != PTM_OK || item.start_ns >= count->end_ns)
			break;
		if (item.kind == PTM_ITEM_VISIT)
			status = add_visit(count, &session->blocks, &item);
	}
	ptm_replay_free(&replay);
	return status == PTM_END ? PTM_OK : status;
}

static int compare_values(const void *left, const void *right)
{
	const value *a = left, *b = right;
	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	return a->cycles < b->cycles ? -1 : a->cycles > b->cycles;
}

static ptm_status put_values(const ptm_session *session, counter *count, ptm_table *table)
{
	uint32_t row;

	if (count->values.length)
		qsort(count->values.at, count->values.length, sizeof *count->values.at, compare_values);
	for (uint32_t i = 0; i < count->values.length; i++) {
		const value *one = &count->values.at[i];
		const ptm_block *block = &session->blocks.blocks.at[one->block];
		PTM_TRY(ptm_table_add_row(table, &row));
		ptm_table_set_u64(table, PTM_block_cycles_ip, row, block->ip);
		ptm_table_set_u32(table, PTM_block_cycles_function, row, block->function);
		ptm_table_set_f64(table, PTM_block_cycles_cycles, row, (double)one->cycles);
		ptm_table_set_f64(table, PTM_block_cycles_count, row, (double)one->count);
	}
	return PTM_OK;
}

ptm_status ptm_query_block_cycles(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	bool everything = !request->start_ns && !request->end_ns;
	uint32_t queues = session->file.queues.length;
	counter count = { .thread = request->thread, .function = request->extra, .start_ns = everything ? 0 : ptm_absolute_ns(session, request->start_ns),
		.end_ns = everything ? UINT64_MAX : ptm_absolute_ns(session, request->end_ns) };
	if (request->text && *request->text) {
		char *end;
		count.ip = strtoull(request->text, &end, 16);
		count.is_single = true;
		if (*end)
			return ptm_message_set(&session->message, PTM_BAD_REQUEST, "\"%.32s\" is no address in hex.", request->text);
	}
	/* Each queue has its share, so that no thread or CPU is left out. */
	uint64_t most = request->count == PTM_ALL || !queues ? UINT64_MAX : request->count / queues + 1u;
	ptm_status status = PTM_OK;
	for (uint32_t queue = 0; status == PTM_OK && queue < queues; queue++)
		status = add_queue(session, &count, queue, most);
	if (status == PTM_OK)
		status = put_values(session, &count, table);
	ptm_array_free(&count.values);
	free(count.slots);
	return status;
}
