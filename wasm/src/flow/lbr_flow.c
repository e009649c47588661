/* SPDX-License-Identifier: Apache-2.0 */
/* One entry at a time, oldest first: can it follow from the last? If so the code
 * between is walked, if not there is a gap and only the branch itself is known. */
#include "flow/lbr_flow.h"
#include "flow/branch_records.h"
#include <stdlib.h>

#define CHECKPOINT_BYTES (32u << 10)
/* Code that runs on without a taken branch, at most: more is not believed. */
#define LONGEST_RUN (16u << 10)
#define ENTRY_BYTES 24

struct ptm_lbr_flow {
	ptm_lbr_flow_config config;
	ptm_blocks *blocks;      /* borrowed */
	uint64_t offset, limit, samples;
	uint64_t next_checkpoint;
	bool has_stack, walking, resumed;
	bool no_code_told;       /* a gap says so, and no code was found since */
	uint32_t left;           /* entries not yet taken */
	uint64_t ip;             /* where the last entry went to; 0: unknown */
	ptm_lbr_entry entry;     /* being told: code is walked from ip to its from */
	bool is_tail;            /* no entry: from the newest one to the sample's ip */
	uint64_t start_ns, end_ns; /* of the code between the last entry and this one */
	uint64_t covered;        /* instructions since the last entry */
	bool measured;           /* the entry's cycles are of exactly those */
	uint64_t instructions, cycles;
	ptm_branch_items items;
	ptm_lbr_stack stack;
	uint64_t before[PTM_LBR_MOST + 1]; /* cycles from entry k to the sample */
};

ptm_status ptm_lbr_flow_new(ptm_lbr_flow **made, ptm_blocks *blocks, const ptm_lbr_flow_config *config, uint64_t offset, uint64_t limit)
{
	ptm_lbr_flow *flow = *made = calloc(1, sizeof *flow);
	if (!flow)
		return PTM_NO_MEMORY;
	flow->config = *config;
	flow->blocks = blocks;
	flow->offset = flow->next_checkpoint = offset;
	flow->limit = limit < config->size ? limit : config->size;
	return PTM_OK;
}

void ptm_lbr_flow_free(ptm_lbr_flow *flow)
{
	free(flow);
}

uint64_t ptm_lbr_flow_offset(const ptm_lbr_flow *flow)
{
	return flow->offset;
}

uint64_t ptm_lbr_flow_samples(const ptm_lbr_flow *flow)
{
	return flow->samples;
}

/* ------------------------------------------------------------------ items */

static ptm_item *emit(ptm_lbr_flow *flow, uint8_t kind)
{
	ptm_item *item = ptm_branch_items_add(&flow->items);
	*item = (ptm_item){ .kind = kind, .thread = flow->stack.thread, .end_thread = flow->stack.thread, .space = flow->stack.space,
		.start_ns = flow->start_ns, .end_ns = flow->start_ns, .offset = flow->stack.start,
		.total_instructions = flow->instructions, .total_cycles = flow->cycles };
	return item;
}

static void emit_begin(ptm_lbr_flow *flow, uint64_t ip)
{
	emit(flow, PTM_ITEM_BEGIN)->to_ip = ip;
}

static void emit_gap(ptm_lbr_flow *flow, uint8_t reason, uint64_t ip)
{
	bool again = reason == PTM_GAP_NO_CODE && flow->no_code_told;

	flow->no_code_told = reason == PTM_GAP_NO_CODE;
	flow->measured = false;
	if (again)
		return;
	ptm_item *item = emit(flow, PTM_ITEM_GAP);
	item->reason = reason;
	item->ip = ip;
	item->bytes = ENTRY_BYTES;
	item->end_ns = flow->end_ns;
}

/* The first `instructions` of a block ran; `ip` is where they ended. */
static ptm_item *emit_visit(ptm_lbr_flow *flow, uint32_t block, uint32_t instructions, uint8_t end, uint64_t ip, uint64_t to_ip)
{
	flow->instructions += instructions;
	flow->covered += instructions;
	ptm_item *item = emit(flow, PTM_ITEM_VISIT);
	item->block = block;
	item->instructions = (uint16_t)instructions;
	item->end = end;
	item->resumed = flow->resumed;
	item->ip = ip;
	item->to_ip = to_ip;
	flow->resumed = flow->no_code_told = false;
	return item;
}

/* ------------------------------------------------------------------- code */

static const ptm_block *block_at(const ptm_lbr_flow *flow, uint32_t row)
{
	return &flow->blocks->blocks.at[row];
}

static ptm_status find(ptm_lbr_flow *flow, uint64_t ip, uint32_t *row)
{
	return ptm_blocks_find(flow->blocks, flow->stack.space, ip, PTM_MODE_64, row);
}

/* Stores PTM_GAP_NONE when code runs straight from flow->ip to `until`, else why
 * not, and in `at` where. */
static ptm_status check_way(ptm_lbr_flow *flow, uint64_t until, uint8_t *reason, uint64_t *at)
{
	uint64_t ip = *at = flow->ip;

	*reason = PTM_GAP_CODE_MISMATCH;
	while (until >= ip && until - flow->ip <= LONGEST_RUN) {
		uint32_t row;
		PTM_TRY(find(flow, ip, &row));
		const ptm_block *block = block_at(flow, row);
		uint64_t next = block->ip + block->size;
		if (until < next) {
			if (ptm_blocks_index_of(flow->blocks, block, until) != UINT32_MAX)
				*reason = PTM_GAP_NONE;
			return PTM_OK;
		}
		if (block->no_code) {
			*reason = PTM_GAP_NO_CODE;
			*at = next;
			return PTM_OK;
		}
		if (!ptm_branch_runs_on(block->class) || next <= ip)
			return PTM_OK;
		ip = next;
	}
	uint32_t row;
	PTM_TRY(find(flow, ip, &row));
	if (!block_at(flow, row)->instructions)
		*reason = PTM_GAP_NO_CODE;
	return PTM_OK;
}

/* ----------------------------------------------------------------- visits */

/* Goes on where the entry went. */
static void arrive(ptm_lbr_flow *flow, bool begins)
{
	flow->walking = false;
	flow->resumed = false;
	flow->covered = 0;
	flow->measured = flow->stack.timed;
	flow->ip = flow->entry.to;
	flow->start_ns = flow->end_ns;
	if (begins && flow->ip)
		emit_begin(flow, flow->ip);
}

/* Gives the visit that ends with the entry its time and cycles. */
static void finish_visit(ptm_lbr_flow *flow, ptm_item *item)
{
	item->end_ns = flow->end_ns;
	item->in_transaction = flow->entry.in_transaction;
	if (flow->measured && flow->entry.cycles != PTM_LBR_CYCLES_FULL) {
		flow->cycles += flow->entry.cycles;
		item->has_cycles = item->new_cycles = true;
		item->cycles = flow->entry.cycles;
		item->cycle_instructions = flow->covered;
		item->total_cycles = flow->cycles;
	} else {
		item->cycles_restart = true;
	}
}

/* Tells the block that holds the entry's `from`, at instruction `index`, and its end. */
static void tell_end(ptm_lbr_flow *flow, uint32_t row, uint32_t index)
{
	const ptm_block *block = block_at(flow, row);
	uint64_t from = flow->entry.from, to = flow->entry.to;
	bool is_branch = index + 1u == block->instructions && ptm_insn_is_branch(block->class);
	bool is_direct = is_branch && block->class <= PTM_INSN_CALL;
	bool leaves = ptm_branch_is_kernel(to) && !ptm_branch_is_kernel(from) && !(is_branch && block->class >= PTM_INSN_JUMP_FAR);

	if (flow->entry.abort)
		finish_visit(flow, emit_visit(flow, row, index, PTM_END_ABORT, from, to));
	else if (!is_branch || leaves) /* interrupted before it */
		finish_visit(flow, emit_visit(flow, row, index, PTM_END_ASYNC, from, to));
	else if (is_direct && block->target != to) {
		emit_gap(flow, PTM_GAP_CODE_MISMATCH, from);
		arrive(flow, true);
		return;
	} else {
		finish_visit(flow, emit_visit(flow, row, index + 1, ptm_end_of_branch(block->class), from, to));
	}
	arrive(flow, false);
}

/* The sample was taken before instruction `index`. */
static void tell_tail(ptm_lbr_flow *flow, uint32_t row, uint32_t index)
{
	if (index)
		emit_visit(flow, row, index, PTM_END_LOST, flow->entry.from, 0)->cycles_restart = true;
	flow->walking = false;
}

/* Tells the block at flow->ip, on the way that check_way found. */
static ptm_status walk(ptm_lbr_flow *flow)
{
	uint32_t row;
	PTM_TRY(find(flow, flow->ip, &row));
	const ptm_block *block = block_at(flow, row);
	uint64_t next = block->ip + block->size;

	if (flow->entry.from < next) {
		uint32_t index = ptm_blocks_index_of(flow->blocks, block, flow->entry.from);
		if (flow->is_tail)
			tell_tail(flow, row, index);
		else
			tell_end(flow, row, index);
		return PTM_OK;
	}
	uint8_t end = ptm_branch_end_between(block->class);
	ptm_item *item = emit_visit(flow, row, block->instructions, end, block->last_ip, 0);
	if (flow->is_tail)
		item->cycles_restart = true;
	if (end == PTM_END_OFF)
		emit_begin(flow, next);
	flow->resumed = end == PTM_END_FALLTHROUGH;
	flow->ip = next;
	return PTM_OK;
}

/* ---------------------------------------------------------------- entries */

/* All that is known is the branch itself. */
static ptm_status start_at_branch(ptm_lbr_flow *flow)
{
	uint32_t row;
	PTM_TRY(find(flow, flow->entry.from, &row));
	if (!block_at(flow, row)->instructions) {
		emit_gap(flow, PTM_GAP_NO_CODE, flow->entry.from);
		arrive(flow, false);
		return PTM_OK;
	}
	flow->ip = flow->entry.from;
	flow->measured = flow->resumed = false;
	emit_begin(flow, flow->ip);
	flow->walking = true;
	return PTM_OK;
}

/* Places the code before an entry in time. */
static void place(ptm_lbr_flow *flow)
{
	double ns = (double)flow->before[flow->left] * flow->config.cycle_ns;
	uint64_t end_ns = flow->stack.time_ns, floor_ns = flow->stack.floor_ns < end_ns ? flow->stack.floor_ns : end_ns;

	end_ns = ns < (double)(end_ns - floor_ns) ? end_ns - (uint64_t)ns : floor_ns;
	flow->end_ns = end_ns > flow->start_ns ? end_ns : flow->start_ns;
}

static ptm_status take_entry(ptm_lbr_flow *flow)
{
	uint8_t reason = PTM_GAP_NONE;
	uint64_t at;

	flow->entry = flow->stack.entries[--flow->left];
	place(flow);
	if (!flow->entry.from && !flow->entry.to)
		return PTM_OK;
	if (!flow->ip || ptm_branch_is_kernel(flow->ip) != ptm_branch_is_kernel(flow->entry.from))
		return start_at_branch(flow);
	PTM_TRY(check_way(flow, flow->entry.from, &reason, &at));
	if (reason == PTM_GAP_NONE) {
		flow->walking = true;
		return PTM_OK;
	}
	emit_gap(flow, reason, at);
	return start_at_branch(flow);
}

/* From the newest entry to where the sample was taken, when that is on the way. */
static ptm_status take_tail(ptm_lbr_flow *flow)
{
	uint8_t reason;
	uint64_t at;

	flow->is_tail = true;
	if (!flow->ip || !flow->stack.ip || ptm_branch_is_kernel(flow->ip) != ptm_branch_is_kernel(flow->stack.ip))
		return PTM_OK;
	flow->entry = (ptm_lbr_entry){ .from = flow->stack.ip };
	PTM_TRY(check_way(flow, flow->stack.ip, &reason, &at));
	flow->walking = reason == PTM_GAP_NONE;
	return PTM_OK;
}

/* ---------------------------------------------------------------- samples */

static void measure(ptm_lbr_flow *flow)
{
	ptm_lbr_stack *stack = &flow->stack;

	if (stack->count > PTM_LBR_MOST)
		stack->count = PTM_LBR_MOST;
	flow->before[0] = 0;
	for (uint32_t i = 0; i < stack->count; i++)
		flow->before[i + 1] = flow->before[i] + (stack->timed ? stack->entries[i].cycles : 0);
}

/* Reads the next stack. Between it and the last one nothing is known. */
static ptm_status open_stack(ptm_lbr_flow *flow)
{
	ptm_lbr_stack *stack = &flow->stack;
	ptm_item last = { 0 };
	bool follows = flow->has_stack;

	if (follows) {
		flow->start_ns = stack->time_ns;
		last = *emit(flow, PTM_ITEM_GAP);
		flow->items.count--;
		last.reason = PTM_GAP_BETWEEN_SAMPLES;
		flow->offset = stack->end;
	}
	flow->has_stack = false;
	ptm_status status = flow->offset < flow->config.size ? flow->config.stack(flow->config.host, flow->offset, stack) : PTM_END;
	if (status == PTM_OK) {
		measure(flow);
		flow->start_ns = 0;
		flow->left = stack->count ? stack->count - 1 : 0;
		place(flow);
		flow->start_ns = flow->end_ns;
		flow->left = stack->count;
		last.end_ns = flow->start_ns > last.start_ns ? flow->start_ns : last.start_ns;
	}
	if (follows)
		*ptm_branch_items_add(&flow->items) = last;
	PTM_TRY(status);
	if (stack->start >= flow->limit)
		return PTM_END;
	flow->offset = stack->start;
	flow->has_stack = true;
	flow->is_tail = flow->walking = flow->resumed = flow->no_code_told = false;
	flow->measured = false;
	flow->ip = flow->covered = 0;
	if (stack->start >= flow->next_checkpoint) {
		emit(flow, PTM_ITEM_CHECKPOINT)->payload = flow->samples;
		flow->next_checkpoint = stack->start + CHECKPOINT_BYTES;
	}
	flow->samples++;
	return PTM_OK;
}

static ptm_status advance(ptm_lbr_flow *flow)
{
	if (flow->walking)
		return walk(flow);
	if (flow->has_stack && flow->left)
		return take_entry(flow);
	if (flow->has_stack && !flow->is_tail)
		return take_tail(flow);
	if (flow->offset >= flow->limit)
		return PTM_END;
	return open_stack(flow);
}

ptm_status ptm_lbr_flow_next(ptm_lbr_flow *flow, ptm_item *item)
{
	while (!flow->items.count) {
		ptm_status status = advance(flow);
		if (status == PTM_END && flow->items.count) {
			flow->offset = flow->limit;
			break;
		}
		PTM_TRY(status);
	}
	*item = *ptm_branch_items_take(&flow->items);
	return PTM_OK;
}
