/* SPDX-License-Identifier: Apache-2.0 */
/* Table `instructions`: any stretch of a thread's instructions, decoded again
 * from the nearest checkpoints. */
#include "api/session.h"
#include <math.h>
#include <stdio.h>

/* Rows per answer at most, whatever is asked for. */
#define MOST_ROWS 65536u

/* What is being filled: rows [first, first + count) of a thread. */
typedef struct listing {
	ptm_session *session;
	ptm_table *table;
	uint32_t thread, count;
	uint64_t first;          /* next ordinal wanted */
	ptm_gap gap;             /* since the last visit; reason NONE: no gap */
	uint64_t lost_from_ns;   /* of that gap, while it lasts; 0: it does not */
	const ptm_run *run;      /* being read */
	uint64_t run_first;      /* thread's ordinal of the run's first instruction */
} listing;

static ptm_status set_string(const ptm_session *session, ptm_table *table, uint32_t column, uint32_t row, uint32_t string)
{
	const char *text = ptm_strings_get(&session->strings, string);
	return ptm_table_set_text(table, column, row, text, strlen(text));
}

static ptm_status put_line(listing *list, uint32_t row, const ptm_map *map, uint64_t ip)
{
	ptm_session *session = list->session;
	uint32_t file, line, inlined[8], depth = 8;
	char text[512];
	size_t at = 0;

	if (!map || !map->image)
		return PTM_OK;
	uint64_t address = ptm_image_address(&session->images.images.at[map->image], map->file_offset + (ip - map->start));
	ptm_status status = ptm_image_line(&session->images, map->image, address, &file, &line, inlined, &depth);
	if (status == PTM_NO_MEMORY)
		return status;
	if (status != PTM_OK || !line)
		return PTM_OK;
	PTM_TRY(set_string(session, list->table, PTM_instructions_file, row, file));
	ptm_table_set_u32(list->table, PTM_instructions_line, row, line);
	for (uint32_t i = 0; i < depth; i++) {
		const char *name = ptm_strings_get(&session->strings, inlined[i]);
		size_t length = strlen(name);
		if (at + length + 3 >= sizeof text)
			break;
		if (at) {
			memcpy(text + at, " > ", 3);
			at += 3;
		}
		memcpy(text + at, name, length);
		at += length;
	}
	return ptm_table_set_text(list->table, PTM_instructions_inlined, row, text, at);
}

static ptm_status put_code(listing *list, uint32_t row, const ptm_item *item, uint64_t ip, uint32_t length)
{
	uint8_t code[16] = { 0 };
	uint64_t half[2], offset;
	const ptm_map *map = NULL;
	ptm_session *session = list->session;

	ptm_table_set_u8(list->table, PTM_instructions_length, row, (uint8_t)length);
	if (ptm_spaces_code(session->spaces, item->space, ip, code, &length, &map) == PTM_OK) {
		memcpy(half, code, sizeof half);
		ptm_table_set_u64(list->table, PTM_instructions_code_low, row, half[0]);
		ptm_table_set_u64(list->table, PTM_instructions_code_high, row, half[1]);
	}
	uint32_t function = ptm_spaces_function_at(session->spaces, item->space, ip, &offset);
	ptm_table_set_u32(list->table, PTM_instructions_function, row, function);
	ptm_table_set_f64(list->table, PTM_instructions_function_offset, row, (double)offset);
	ptm_table_set_u32(list->table, PTM_instructions_image, row, map ? map->image : 0);
	return put_line(list, row, map, ip);
}

/* How much a gap lost, as a sentence, where it is known. Returns its length. */
static size_t put_loss(const ptm_gap *gap, char *into, size_t size)
{
	double us = (double)gap->missing_ns / 1000;
	unsigned long long bytes = gap->bytes;

	if (us > 0 && bytes)
		return (size_t)snprintf(into, size, " Lost: %.3f \xc2\xb5s, %llu bytes.", us, bytes);
	if (us > 0)
		return (size_t)snprintf(into, size, " Lost: %.3f \xc2\xb5s.", us);
	return bytes ? (size_t)snprintf(into, size, " Lost: %llu bytes.", bytes) : 0;
}

/* Tells the gap before a row, and forgets it. */
static ptm_status put_gap(listing *list, uint32_t row)
{
	char text[900];
	if (list->gap.reason == PTM_GAP_NONE)
		return PTM_OK;
	size_t length = ptm_gap_text(list->session, &list->gap, text, sizeof text);
	if (ptm_gap_is_loss(list->gap.reason) && length < sizeof text)
		length += put_loss(&list->gap, text + length, sizeof text - length);
	ptm_table_set_u8(list->table, PTM_instructions_gap_lost, row, list->gap.reason != PTM_GAP_NOT_TRACED);
	list->gap.reason = PTM_GAP_NONE;
	return ptm_table_set_text(list->table, PTM_instructions_gap_text, row, text, length < sizeof text ? length : sizeof text - 1);
}

/* Notes what is missing between two visits. */
static void note_gap(listing *list, const ptm_item *item, const ptm_item *last)
{
	bool left = last->kind == PTM_ITEM_VISIT && (last->end == PTM_END_OFF || (last->end == PTM_END_ASYNC && !last->to_ip));
	if (item->kind == PTM_ITEM_GAP) {
		list->gap = (ptm_gap){ .start_ns = item->start_ns, .end_ns = item->start_ns, .bytes = item->bytes, .offset = item->offset,
			.ip = item->ip, .count = 1, .thread = item->thread, .queue = list->run->queue, .reason = item->reason };
		list->lost_from_ns = item->found_ns ? item->start_ns : 0;
		return;
	}
	if (list->gap.reason != PTM_GAP_NONE && item->kind == PTM_ITEM_BEGIN)
		list->gap.bytes += item->bytes;
	/* Where another thread's tracing begins after an overflow, not in the middle of it, the loss is not that thread's. */
	if (list->gap.reason == PTM_GAP_OVERFLOW && item->kind == PTM_ITEM_BEGIN && item->reason != PTM_GAP_OVERFLOW && item->thread != list->gap.thread)
		list->gap.reason = PTM_GAP_NONE;
	if (list->lost_from_ns && (item->kind == PTM_ITEM_BEGIN || item->kind == PTM_ITEM_VISIT)) {
		ptm_gap_end(&list->gap, list->lost_from_ns, item->kind == PTM_ITEM_BEGIN ? item->found_ns : item->start_ns);
		list->lost_from_ns = 0;
	}
	if (item->kind == PTM_ITEM_VISIT && left && item->start_ns > last->end_ns && list->gap.reason == PTM_GAP_NONE)
		list->gap = (ptm_gap){ .start_ns = last->end_ns, .end_ns = item->start_ns, .offset = last->offset, .ip = last->ip,
			.count = 1, .thread = item->thread, .queue = list->run->queue, .reason = PTM_GAP_NOT_TRACED };
}

/* One row: instruction `index` of a visit. */
static ptm_status put_row(listing *list, const ptm_item *item, const ptm_block *block, uint32_t index, uint64_t ip)
{
	ptm_table *table = list->table;
	bool is_last = index + 1u == item->instructions;
	bool is_branch = is_last && index + 1u == block->instructions;
	uint32_t row;

	PTM_TRY(ptm_table_add_row(table, &row));
	ptm_table_set_f64(table, PTM_instructions_ordinal, row, (double)list->first);
	ptm_table_set_f64(table, PTM_instructions_time_ns, row, ptm_relative_ns(list->session, is_last ? item->end_ns : item->start_ns));
	ptm_table_set_u64(table, PTM_instructions_ip, row, ip);
	ptm_table_set_u8(table, PTM_instructions_mode, row, block->mode);
	PTM_TRY(put_code(list, row, item, ip, list->session->blocks.lengths.at[block->lengths + index]));
	ptm_table_set_u8(table, PTM_instructions_class, row, is_branch ? block->class : PTM_INSN_OTHER);
	ptm_table_set_u8(table, PTM_instructions_end, row, is_last ? item->end + 1 : 0);
	ptm_table_set_u64(table, PTM_instructions_target, row, is_last && item->end != PTM_END_NOT_TAKEN ? item->to_ip : 0);
	ptm_table_set_u32(table, PTM_instructions_queue, row, list->run->queue);
	ptm_table_set_i32(table, PTM_instructions_cpu, row, list->session->file.queues.at[list->run->queue].cpu);
	ptm_table_set_f64(table, PTM_instructions_offset, row, (double)item->offset);
	ptm_table_set_u64(table, PTM_instructions_block, row, block->ip);
	ptm_table_set_f64(table, PTM_instructions_cycles, row, is_last && item->has_cycles ? (double)item->cycles : NAN);
	ptm_table_set_f64(table, PTM_instructions_cycle_instructions, row, is_last && item->has_cycles ? (double)item->cycle_instructions : NAN);
	list->first++;
	list->count--;
	return put_gap(list, row);
}

/* Rows of one visit whose first instruction has queue ordinal `ordinal`. */
static ptm_status put_visit(listing *list, const ptm_item *item, uint64_t ordinal)
{
	const ptm_block block = list->session->blocks.blocks.at[item->block];
	uint64_t wanted = list->run->first_instruction + (list->first - list->run_first);
	uint64_t end = list->run->first_instruction + list->run->instructions;
	uint64_t ip = block.ip;

	for (uint32_t i = 0; i < item->instructions; i++) {
		if (ordinal + i == wanted && wanted < end && list->count) {
			PTM_TRY(put_row(list, item, &block, i, ip));
			wanted++;
		}
		ip += list->session->blocks.lengths.at[block.lengths + i];
	}
	return PTM_OK;
}

/* The replay may begin after a loss. */
static void note_loss_before(listing *list)
{
	uint32_t count;
	const ptm_gap *gaps = ptm_profile_gaps(list->session->profile, &count);
	const ptm_gap *loss = ptm_ordinals_loss_before(&list->session->ordinals, list->run, gaps, count);

	if (loss)
		list->gap = *loss;
}

/* Rows out of the current run. */
static ptm_status put_run(listing *list)
{
	uint64_t wanted = list->run->first_instruction + (list->first - list->run_first);
	uint64_t end = list->run->first_instruction + list->run->instructions;
	const ptm_checkpoint *from = ptm_checkpoint_by_instruction(list->session, list->run->queue, wanted);
	ptm_replay replay;
	ptm_item item, last = { .kind = PTM_ITEM_SWITCH };

	list->gap.reason = PTM_GAP_NONE;
	ptm_status status = ptm_replay_start(list->session, list->run->queue, from, &replay);
	while (status == PTM_OK && list->count && replay.instruction < end) {
		status = ptm_flow_next(replay.flow, &item);
		if (status != PTM_OK)
			break;
		note_gap(list, &item, &last);
		if (item.kind != PTM_ITEM_VISIT)
			continue;
		bool is_told = list->gap.reason != PTM_GAP_NONE && ptm_gap_is_loss(list->gap.reason) && list->gap.thread == list->run->thread;
		if (replay.instruction == list->run->first_instruction && !is_told)
			note_loss_before(list);
		last = item;
		if (replay.instruction + item.instructions > list->run->first_instruction + (list->first - list->run_first))
			status = put_visit(list, &item, replay.instruction);
		else if (item.instructions)
			list->gap.reason = PTM_GAP_NONE;
		replay.instruction += item.instructions;
	}
	ptm_replay_free(&replay);
	return status == PTM_END ? PTM_OK : status;
}

/* Ordinal of the thread's first instruction that ends at or after a time. */
static ptm_status ordinal_at(ptm_session *session, uint32_t thread, uint64_t time_ns, uint64_t *ordinal)
{
	const ptm_ordinals *ordinals = &session->ordinals;
	uint32_t row = ptm_ordinals_run_at(ordinals, thread, time_ns);
	ptm_replay replay;
	ptm_item item;

	*ordinal = UINT64_MAX;
	if (row == UINT32_MAX)
		return PTM_OK;
	const ptm_run *run = &ordinals->runs.at[row];
	*ordinal = ordinals->thread_first.at[row];
	if (run->start_ns >= time_ns)
		return PTM_OK;
	const ptm_checkpoint *from = ptm_checkpoint_by_time(session, run->queue, time_ns);
	if (!from || from->instruction < run->first_instruction)
		from = ptm_checkpoint_by_instruction(session, run->queue, run->first_instruction);
	ptm_status status = ptm_replay_start(session, run->queue, from, &replay);
	while (status == PTM_OK) {
		status = ptm_flow_next(replay.flow, &item);
		if (status != PTM_OK || item.kind != PTM_ITEM_VISIT)
			continue;
		if (replay.instruction >= run->first_instruction)
			*ordinal = ordinals->thread_first.at[row] + (replay.instruction - run->first_instruction);
		replay.instruction += item.instructions;
		if (item.end_ns >= time_ns || replay.instruction >= run->first_instruction + run->instructions)
			break;
	}
	ptm_replay_free(&replay);
	return status == PTM_END ? PTM_OK : status;
}

ptm_status ptm_query_instructions(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	listing list = { .session = session, .table = table, .thread = request->thread,
		.count = request->count < MOST_ROWS ? request->count : MOST_ROWS,
		.first = request->first > 0 ? (uint64_t)request->first : 0 };

	PTM_TRY(ptm_ordinals_refresh(session));
	if (request->flags & 1)
		PTM_TRY(ordinal_at(session, request->thread, ptm_absolute_ns(session, request->start_ns), &list.first));
	while (list.count) {
		uint32_t row = ptm_ordinals_run_of(&session->ordinals, list.thread, list.first), before = list.count;
		if (row == UINT32_MAX)
			break;
		list.run = &session->ordinals.runs.at[row];
		list.run_first = session->ordinals.thread_first.at[row];
		PTM_TRY(put_run(&list));
		if (list.count == before)
			break;
	}
	return PTM_OK;
}
