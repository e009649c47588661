/* SPDX-License-Identifier: Apache-2.0 */
/* Walking code for the PT flow: from block to block over direct branches, up to
 * where a packet must decide or a given address is reached. */
#include "flow/pt_flow_state.h"

/* How many direct branches in a row without a packet are believable. */
#define MOST_BRANCHES 100000
/* How far ptm_flow_reaches looks. */
#define MOST_STEPS 256
/* Changes of maps, and of who runs, between two packets of time that are looked at. */
#define MOST_LOOKS 256

static const ptm_block *block_at(const ptm_pt_flow *flow, uint32_t row)
{
	return &flow->blocks->blocks.at[row];
}

/* Fills what all visits share: the first `instructions` of `block` were executed
 * and the last of them is at `last_ip`. `end`: ASYNC or ABORT where an interruption to `to_ip`
 * ends it; the events bound to it are told before it, for they share its state in perf. */
static inline ptm_item *visit(ptm_pt_flow *flow, uint32_t block, uint32_t instructions, uint64_t last_ip, bool latch, uint8_t end, uint64_t to_ip)
{
	uint64_t start_ns = flow->now_ns;
	uint32_t thread = ptm_flow_thread_now(flow), space = ptm_flow_space_now(flow);

	flow->instructions += instructions;
	flow->clock.instructions += instructions;
	flow->psb_walked.instructions += instructions;
	flow->walked = flow->step == PTM_STEP_PSB ? flow->psb_walked : (ptm_walked){ flow->clock.tsc, flow->clock.instructions };
	if (latch && ptm_leaves_kernel(last_ip, to_ip))
		ptm_flow_latch_estimate(flow);
	else if (latch)
		ptm_flow_latch(flow);
	if (end == PTM_END_ASYNC || end == PTM_END_ABORT) {
		bool latched = flow->latched;
		ptm_flow_emit_cbr(flow, flow->ip);
		ptm_flow_emit_pending(flow, end, to_ip);
		flow->latched = latched;
	}
	ptm_item *item = ptm_flow_emit(flow, PTM_ITEM_VISIT);
	item->block = block;
	item->instructions = (uint16_t)instructions;
	item->resumed = flow->resumed;
	item->thread = thread;
	item->space = space;
	item->start_ns = start_ns;
	item->ip = last_ip;
	flow->resumed = false;
	if (item->new_cycles && flow->clock.have_cyc) {
		item->has_cycles = true;
		item->cycles_partial = flow->measure_partial;
		item->cycles = flow->latched_cycles - flow->clock.cycles_told;
		item->cycle_instructions = flow->instructions - flow->measured_instructions;
		flow->clock.cycles_told = flow->latched_cycles;
		flow->measured_instructions = flow->instructions;
		flow->measure_partial = false;
	}
	return item;
}

ptm_item *ptm_flow_visit(ptm_pt_flow *flow, uint32_t row, uint8_t end, uint64_t to_ip, bool latch)
{
	const ptm_block *block = block_at(flow, row);
	ptm_item *item = visit(flow, row, block->instructions, block->last_ip, latch, end, to_ip);
	item->end = end;
	item->to_ip = to_ip;
	return item;
}

ptm_item *ptm_flow_visit_cut(ptm_pt_flow *flow, uint32_t row, uint32_t instructions, uint8_t end, uint64_t to_ip)
{
	ptm_item *item = visit(flow, row, instructions, flow->ip, true, end, to_ip);
	item->end = end;
	item->to_ip = to_ip;
	return item;
}

void ptm_flow_visit_part(ptm_pt_flow *flow, uint32_t row, uint32_t instructions)
{
	ptm_item *item = visit(flow, row, instructions, flow->ip, false, PTM_END_FALLTHROUGH, 0);
	item->end = PTM_END_FALLTHROUGH;
}

/* Returns true when the code turns in circles without a packet. */
static bool stuck(ptm_pt_flow *flow, uint64_t to_ip)
{
	uint64_t count = flow->loop_count++;
	if (!count) {
		flow->loop_ip = to_ip;
		flow->loop_period = 1;
		return false;
	}
	if (count > MOST_BRANCHES || to_ip == flow->loop_ip)
		return true;
	if (count >= flow->loop_period * 2) {
		flow->loop_period = count;
		flow->loop_ip = to_ip;
	}
	return false;
}

/* As perf has it: it keeps each place a branch longer than the one before. */
static bool stuck_as_perf(ptm_pt_flow *flow, uint64_t to_ip)
{
	uint64_t count = flow->loop_count++;

	if (!count)
		return false;
	if (count > MOST_BRANCHES || (count > 1 && to_ip == flow->loop_ip))
		return true;
	if (count > 1 && --flow->loop_left)
		return false;
	flow->loop_period = count > 1 ? flow->loop_period + 1 : 1;
	flow->loop_left = flow->loop_period;
	flow->loop_ip = to_ip;
	return false;
}

/* To perf any other place that a walk comes to ends the row of branches. */
static void leave_loop(ptm_pt_flow *flow)
{
	if (flow->config.as_perf)
		flow->loop_count = 0;
}

/* perf counts the branch that it finds to be stuck, but does not tell it. */
static ptm_walk lose_stuck(ptm_pt_flow *flow, uint32_t row)
{
	const ptm_block *block = block_at(flow, row);
	if (block->instructions > 1)
		ptm_flow_visit_part(flow, row, block->instructions - 1u);
	flow->instructions++;
	flow->clock.instructions++;
	flow->ip = block->target;
	ptm_item *gap = ptm_flow_lose(flow, PTM_GAP_ENDLESS_LOOP);
	gap->block = row;
	gap->instructions = block->instructions;
	return PTM_WALK_LOST;
}

/* Follows a direct jump or call at the end of `row`. */
static ptm_walk follow(ptm_pt_flow *flow, uint32_t row)
{
	const ptm_block *block = block_at(flow, row);
	uint64_t target = block->target, next = block->ip + block->size;
	bool call = block->class == PTM_INSN_CALL;

	/* A call to the next instruction only reads the address: the CPU does not count it. */
	if (call && target != next)
		ptm_flow_push_return(flow, next);
	if (flow->config.as_perf && stuck_as_perf(flow, target))
		return lose_stuck(flow, row);
	ptm_flow_visit(flow, row, call ? PTM_END_CALL : PTM_END_JUMP, target, false);
	flow->ip = target;
	if (!flow->config.as_perf && stuck(flow, target)) {
		ptm_flow_lose(flow, PTM_GAP_ENDLESS_LOOP);
		return PTM_WALK_LOST;
	}
	return PTM_WALK_ON;
}

/* Ticks from one MTC packet to the next, rounded up. */
static uint64_t mtc_ticks(const ptm_clock_config *config)
{
	return ((uint64_t)config->tsc_ctc_numerator << (config->mtc_period & 31)) / config->tsc_ctc_denominator + 1;
}

/* What the packets read so far decide was no later: the next packet of time behind them says it, or else the end of the recorder's buffer. */
static uint64_t latest_tsc(ptm_pt_flow *flow)
{
	ptm_pt_reader *reader = &flow->reader;
	ptm_clock clock = flow->clock;
	uint64_t start, reference = 0;
	ptm_packet packet;

	if (reader->offset < flow->latest_offset)
		return flow->latest_tsc;
	ptm_pt_reader_peek_start(reader);
	bool found = false;
	while (!found && ptm_pt_reader_peek(reader, &packet) == PTM_OK)
		found = packet.kind == PTM_PACKET_TSC || (packet.kind == PTM_PACKET_MTC && clock.ctc.have_tma);
	if (!found && reader->input.restarts)
		reader->input.restarts(reader->input.context, reader->offset ? reader->offset - 1 : 0, &start, &reference);
	else if (found && packet.kind == PTM_PACKET_TSC)
		ptm_clock_tsc(&clock, packet.payload, false);
	else if (found)
		clock.tsc += mtc_ticks(&clock.config);
	flow->latest_tsc = found ? clock.tsc : reference;
	flow->latest_offset = reader->peek_offset;
	return flow->latest_tsc;
}

/* Nothing is mapped at the flow's ip (`row`) in what its time says. But the time lags, or was estimated ahead: between the packets of time
 * before and behind it something may have been mapped there, or another thread have run. Where that is one thing alone, it was that: the
 * time becomes what it needs, and `row` is of it. That who runs first ran it needs no proof: wherever time lags it is taken for granted. */
static ptm_status date_code(ptm_pt_flow *flow, uint32_t *row)
{
	uint64_t tsc = flow->clock.tsc > flow->least_tsc ? flow->clock.tsc : flow->least_tsc, latest = latest_tsc(flow), found_tsc = 0;
	uint32_t thread = 0, found = 0;
	bool runs_on = true; /* it is still who runs first */
	ptm_flow_context then;

	for (uint32_t looks = 0; tsc <= latest; tsc = then.until_tsc) {
		uint32_t there;
		if (looks++ == MOST_LOOKS)
			return PTM_OK;
		flow->config.context(flow->config.host, tsc, &then);
		if (!found_tsc) {
			runs_on &= looks == 1 || then.thread == thread;
			thread = then.thread;
		}
		PTM_TRY(ptm_blocks_find(flow->blocks, then.space, flow->ip, flow->mode, &there));
		if (!block_at(flow, there)->instructions)
			continue;
		if (found_tsc && (there != found || (then.thread != thread && !runs_on)))
			return PTM_OK;
		found_tsc = found_tsc ? found_tsc : tsc;
		found = there;
	}
	if (!found_tsc)
		return PTM_OK;
	ptm_flow_not_before(flow, found_tsc);
	*row = found;
	return PTM_OK;
}

static ptm_status block_here(ptm_pt_flow *flow, uint32_t *row)
{
	PTM_TRY(ptm_blocks_find(flow->blocks, ptm_flow_space_now(flow), flow->ip, flow->mode, row));
	bool is_dated = block_at(flow, *row)->instructions || flow->config.as_perf || flow->guest || flow->ip >> 63;
	return is_dated ? PTM_OK : date_code(flow, row);
}

void ptm_flow_date(ptm_pt_flow *flow)
{
	uint32_t row;
	/* What fails here fails again where the code is walked. */
	if (!flow->config.as_perf && block_here(flow, &row) != PTM_OK)
		return;
}

ptm_status ptm_flow_walk(ptm_pt_flow *flow, bool stops, ptm_walk *walk, uint32_t *row)
{
	uint32_t run = flow->run;

	stops = stops && flow->stop_ip; /* address 0 is no place to stop at: there is no code */
	flow->run = 0;
	if (stops && flow->ip == flow->stop_ip) {
		PTM_TRY(ptm_blocks_find(flow->blocks, ptm_flow_space_now(flow), flow->ip, flow->mode, row));
		flow->cut_block = *row;
		flow->cut_instructions = 0;
		leave_loop(flow);
		*walk = PTM_WALK_STOP;
		return PTM_OK;
	}
	PTM_TRY(block_here(flow, row));
	const ptm_block *block = block_at(flow, *row);
	if (stops) {
		uint32_t index = ptm_blocks_index_of(flow->blocks, block, flow->stop_ip);
		if (index != UINT32_MAX) {
			flow->cut_block = *row;
			flow->cut_instructions = (uint16_t)index;
			leave_loop(flow);
			*walk = PTM_WALK_STOP;
			return PTM_OK;
		}
	}
	switch (block->class) {
	case PTM_INSN_JUMP: case PTM_INSN_CALL:
		*walk = follow(flow, *row);
		return PTM_OK;
	case PTM_INSN_OTHER: {
		uint64_t next = block->ip + block->size;
		bool no_code = block->no_code;
		if (block->instructions)
			ptm_flow_visit_part(flow, *row, block->instructions);
		flow->ip = next;
		flow->resumed = true;
		run += block->instructions;
		if (no_code)
			ptm_flow_lose(flow, flow->guest && !flow->context.knows_guest ? PTM_GAP_GUEST_CODE : PTM_GAP_NO_CODE)->cycle_instructions = run;
		else
			flow->run = run;
		*walk = no_code ? PTM_WALK_LOST : PTM_WALK_ON;
		return PTM_OK;
	}
	default:
		leave_loop(flow);
		*walk = PTM_WALK_DECISION;
		return PTM_OK;
	}
}

ptm_status ptm_flow_reaches(ptm_pt_flow *flow, uint64_t ip, ptm_way *way)
{
	uint64_t at = flow->ip;
	*way = PTM_WAY_ELSEWHERE;
	for (unsigned step = 0; step < MOST_STEPS; step++) {
		uint32_t row;
		if (at == ip) {
			*way = PTM_WAY_THERE;
			return PTM_OK;
		}
		PTM_TRY(ptm_blocks_find(flow->blocks, ptm_flow_space_now(flow), at, flow->mode, &row));
		const ptm_block *block = block_at(flow, row);
		if (ptm_blocks_index_of(flow->blocks, block, ip) != UINT32_MAX) {
			*way = PTM_WAY_THERE;
			return PTM_OK;
		}
		if (block->class == PTM_INSN_JUMP || block->class == PTM_INSN_CALL)
			at = block->target;
		else if (block->class == PTM_INSN_OTHER && !block->no_code)
			at = block->ip + block->size;
		else {
			if (block->no_code)
				*way = PTM_WAY_WITHOUT_CODE;
			return PTM_OK;
		}
	}
	return PTM_OK;
}
