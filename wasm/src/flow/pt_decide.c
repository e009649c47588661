/* SPDX-License-Identifier: Apache-2.0 */
/* What TNT, TIP and FUP packets decide about the code. */
#include "flow/pt_flow_state.h"

/* RET compression is of near returns only; perf knows no others. */
static bool returns(const ptm_pt_flow *flow, const ptm_block *block)
{
	return block->class == PTM_INSN_RETURN || (block->class == PTM_INSN_RETURN_FAR && flow->config.as_perf);
}

/* Pushes or pops the return stack for an indirect branch. */
static void account_indirect(ptm_pt_flow *flow, const ptm_block *block)
{
	if (block->class == PTM_INSN_CALL_INDIRECT || (block->class == PTM_INSN_CALL_FAR && flow->config.as_perf))
		ptm_flow_push_return(flow, block->ip + block->size);
	else if (returns(flow, block))
		ptm_flow_pop_return(flow);
}

/* The branch at the end of `row` was reached, and nothing decides it: perf counts it, and it pushes or pops a return
 * address. false: what stands before it is told first, and the step that comes to it again finds it alone. */
static bool reach(ptm_pt_flow *flow, uint32_t row)
{
	const ptm_block *block = &flow->blocks->blocks.at[row];
	uint64_t branch_ip = block->last_ip;
	if (block->instructions > 1) {
		ptm_flow_visit_part(flow, row, block->instructions - 1u);
		flow->ip = branch_ip;
		flow->resumed = true;
		return false;
	}
	account_indirect(flow, block);
	flow->instructions++;
	flow->clock.instructions++;
	return true;
}

/* The gap tells of it. */
static void count_reached(const ptm_pt_flow *flow, ptm_item *gap, uint32_t row)
{
	gap->block = row;
	gap->instructions = flow->blocks->blocks.at[row].instructions;
}

/* The branch at the end of `row` is none that the packet can decide. */
static void contradict(ptm_pt_flow *flow, uint32_t row)
{
	if (!reach(flow, row))
		return;
	count_reached(flow, ptm_flow_mismatch(flow), row);
}

/* A TIP in the middle of TNT bits: a deferred one. The next packet must be it. */
static ptm_status deferred_tip(ptm_pt_flow *flow, uint32_t row)
{
	ptm_status status = ptm_flow_read(flow);
	if (status == PTM_BAD_DATA) {
		if (reach(flow, row))
			count_reached(flow, ptm_flow_bad_packet(flow), row);
		return PTM_OK;
	}
	/* The trace ends, or another begins: perf has told what stands before the branch. */
	if ((status == PTM_END || status == PTM_TRUNCATED) && flow->config.as_perf && flow->blocks->blocks.at[row].instructions > 1)
		(void)reach(flow, row);
	PTM_TRY(status);
	if (flow->packet.kind != PTM_PACKET_TIP || !flow->packet.count) {
		contradict(flow, row);
		ptm_flow_unread(flow);
		return PTM_OK;
	}
	const ptm_block *block = &flow->blocks->blocks.at[row];
	uint8_t end = ptm_end_of_branch(block->class);
	account_indirect(flow, block);
	/* Before the first bit is used, a damaged trace: perf takes no time over yet. */
	bool latch = flow->tnt_used || !flow->config.as_perf;
	ptm_item *item = ptm_flow_visit(flow, row, end, ptm_flow_packet_ip(flow), latch);
	ptm_flow_take_interrupts(flow, item);
	ptm_flow_take_guest(flow, item);
	flow->ip = flow->last_ip;
	return PTM_OK;
}

ptm_status ptm_flow_walk_tnt(ptm_pt_flow *flow)
{
	ptm_walk walk;
	uint32_t row;

	PTM_TRY(ptm_flow_walk(flow, false, &walk, &row));
	if (walk != PTM_WALK_DECISION)
		return PTM_OK;
	const ptm_block *block = &flow->blocks->blocks.at[row];
	uint64_t next = block->ip + block->size, to = block->target;
	bool taken = flow->tnt >> (flow->tnt_count - 1) & 1;
	uint8_t end = taken ? PTM_END_TAKEN : PTM_END_NOT_TAKEN;

	switch (returns(flow, block) ? PTM_INSN_RETURN : block->class) {
	case PTM_INSN_JCC: case PTM_INSN_LOOP:
		if (!taken)
			to = next;
		break;
	case PTM_INSN_RETURN:
		to = ptm_flow_top_return(flow);
		if (!flow->config.return_compression || !taken || !to) {
			contradict(flow, row);
			return PTM_OK;
		}
		ptm_flow_pop_return(flow);
		end = PTM_END_RETURN;
		break;
	default:
		return deferred_tip(flow, row);
	}
	flow->tnt_used = true;
	if (!--flow->tnt_count) {
		flow->step = PTM_STEP_PACKET;
		PTM_TRY(ptm_flow_before_abort(flow, &to));
		if (end == PTM_END_TAKEN || end == PTM_END_NOT_TAKEN)
			end = to == next ? PTM_END_NOT_TAKEN : PTM_END_TAKEN;
	}
	ptm_flow_visit(flow, row, end, to, true);
	flow->ip = to;
	return PTM_OK;
}

/* Tracing stops with the last of the first `instructions` of `block`, which goes to `to`. */
static void stop_at(ptm_pt_flow *flow, uint32_t row, uint32_t instructions, uint64_t to)
{
	const ptm_block *block = &flow->blocks->blocks.at[row];
	flow->step = PTM_STEP_PACKET;
	if (instructions == block->instructions) {
		ptm_flow_visit(flow, row, PTM_END_OFF, to, true);
	} else {
		flow->ip = block->ip;
		for (uint32_t i = 0; i + 1 < instructions; i++)
			flow->ip += flow->blocks->lengths.at[block->lengths + i];
		ptm_flow_visit_cut(flow, row, instructions, PTM_END_OFF, to);
	}
	flow->ip = to;
}

/* TIP.PGD with an IP: traced code was left, by any instruction that leads there. */
static ptm_status leave(ptm_pt_flow *flow, bool *left)
{
	uint64_t to = flow->last_ip;
	uint32_t row;

	*left = true;
	PTM_TRY(ptm_blocks_find(flow->blocks, ptm_flow_space_now(flow), flow->ip, flow->mode, &row));
	const ptm_block *block = &flow->blocks->blocks.at[row];
	uint32_t index = ptm_blocks_index_of(flow->blocks, block, to);
	bool direct = block->class == PTM_INSN_JCC || block->class == PTM_INSN_LOOP || block->class == PTM_INSN_JUMP ||
		      block->class == PTM_INSN_CALL;
	bool falls = block->class == PTM_INSN_JCC || block->class == PTM_INSN_LOOP || block->class == PTM_INSN_OTHER;
	if (index && index != UINT32_MAX)
		stop_at(flow, row, index, to);
	else if (block->instructions && ((direct && block->target == to) || (falls && block->ip + block->size == to)))
		stop_at(flow, row, block->instructions, to);
	else
		*left = false;
	return PTM_OK;
}

/* TIP.PGD without an IP, where a filter may say what left the traced code. */
static ptm_status leave_filter(ptm_pt_flow *flow, bool *left)
{
	uint32_t row, instructions;

	PTM_TRY(ptm_flow_leaves_filter(flow, &row, &instructions));
	if (!instructions)
		return PTM_OK;
	*left = true;
	const ptm_block *block = &flow->blocks->blocks.at[row];
	uint64_t from = flow->ip;
	stop_at(flow, row, instructions, instructions == block->instructions ? block->target : 0);
	if (!flow->ip)
		flow->ip = from;
	return PTM_OK;
}

ptm_status ptm_flow_walk_tip(ptm_pt_flow *flow)
{
	bool stops = flow->step == PTM_STEP_TIP_PGD, left = false;
	ptm_walk walk;
	uint32_t row;

	/* To perf only a filter makes direct branches leave. */
	bool is_told = flow->packet.count && (flow->config.leaves || !flow->config.as_perf);
	if (stops)
		PTM_TRY(is_told ? leave(flow, &left) : leave_filter(flow, &left));
	if (left)
		return PTM_OK;
	PTM_TRY(ptm_flow_walk(flow, false, &walk, &row));
	if (walk != PTM_WALK_DECISION)
		return PTM_OK;
	const ptm_block *block = &flow->blocks->blocks.at[row];
	if (block->class == PTM_INSN_JCC || block->class == PTM_INSN_LOOP) {
		contradict(flow, row);
		return PTM_OK;
	}
	uint64_t to = flow->packet.count ? flow->last_ip : 0;
	account_indirect(flow, block);
	if (!stops)
		PTM_TRY(ptm_flow_before_abort(flow, &to));
	flow->step = PTM_STEP_PACKET;
	ptm_item *item = ptm_flow_visit(flow, row, stops ? PTM_END_OFF : ptm_end_of_branch(block->class), to, true);
	ptm_flow_take_guest(flow, item);
	ptm_flow_take_interrupts(flow, item);
	/* Without an IP it is not known where it leads: the branch is still to come. */
	flow->ip = flow->packet.count ? to : block->last_ip;
	return PTM_OK;
}

/* Tells what leads up to the FUP's address by itself: events are told between it and the branch, and it keeps the time
 * before them. perf looks there, even where nothing does, when its next sample is due. */
static ptm_status walk_to_event(ptm_pt_flow *flow)
{
	bool resumed = flow->resumed || flow->cut_instructions;

	if (!flow->cut_instructions && !flow->config.as_perf)
		return PTM_OK;
	ptm_flow_visit_part(flow, flow->cut_block, flow->cut_instructions);
	flow->resumed = resumed;
	flow->ip = flow->stop_ip;
	if (!flow->cut_instructions)
		return PTM_OK;
	flow->cut_instructions = 0;
	return ptm_blocks_find(flow->blocks, ptm_flow_space_now(flow), flow->ip, flow->mode, &flow->cut_block);
}

/* Where the interrupt flag changes by no branch, and each instruction is a state, perf tells the one at the FUP with it,
 * and goes on behind it. */
static ptm_status pass_changed(ptm_pt_flow *flow)
{
	uint32_t row;

	PTM_TRY(ptm_blocks_find(flow->blocks, ptm_flow_space_now(flow), flow->ip, flow->mode, &row));
	const ptm_block *block = &flow->blocks->blocks.at[row];
	if (!block->instructions || (block->instructions == 1 && block->class != PTM_INSN_OTHER))
		return PTM_OK;
	ptm_flow_visit_part(flow, row, 1);
	flow->ip += flow->blocks->lengths.at[block->lengths];
	flow->resumed = true;
	return PTM_OK;
}

/* Reached the FUP's address: waits for the TIP, or tells the bound events and goes on. */
static ptm_status at_fup(ptm_pt_flow *flow)
{
	if (flow->fup_branches) {
		flow->step = PTM_STEP_FUP_TIP;
		return flow->pending_count || flow->config.as_perf ? walk_to_event(flow) : PTM_OK;
	}
	bool passes = flow->config.samples_each && ptm_flow_pending_of(flow, PTM_EVENT_IFLAG);
	PTM_TRY(walk_to_event(flow));
	if (flow->pending_count || flow->block_pending)
		ptm_flow_latch(flow);
	ptm_flow_emit_pending(flow, PTM_END_FALLTHROUGH, 0);
	flow->interrupts_on = flow->interrupts_next;
	flow->step = PTM_STEP_PACKET;
	return passes ? pass_changed(flow) : PTM_OK;
}

ptm_status ptm_flow_walk_fup(ptm_pt_flow *flow)
{
	ptm_walk walk;
	uint32_t row;

	PTM_TRY(ptm_flow_walk(flow, true, &walk, &row));
	if (walk == PTM_WALK_DECISION)
		contradict(flow, row);
	else if (walk == PTM_WALK_STOP)
		return at_fup(flow);
	return PTM_OK;
}

/* The asynchronous event's branch: from stop_ip to `to_ip`, or out of the traced code to `away_ip`. */
static void async_end(ptm_pt_flow *flow, uint64_t to_ip, uint64_t away_ip)
{
	flow->ip = flow->stop_ip;
	flow->step = PTM_STEP_PACKET;
	if (flow->config.quick) {
		ptm_flow_hop_branch(flow, to_ip, away_ip);
		return;
	}
	uint8_t end = flow->pending_abort ? PTM_END_ABORT : PTM_END_ASYNC;
	if (ptm_flow_entry_counts(flow)) {
		ptm_flow_take_guest(flow, ptm_flow_visit(flow, flow->cut_block, PTM_END_OFF, 0, true));
		return;
	}
	ptm_item *item = ptm_flow_visit_cut(flow, flow->cut_block, flow->cut_instructions, end, to_ip);
	item->payload = away_ip;
	ptm_flow_take_guest(flow, item);
	if (flow->packet.kind == PTM_PACKET_TIP)
		ptm_flow_take_interrupts(flow, item);
	if (to_ip)
		flow->ip = to_ip;
}

ptm_status ptm_flow_fup_tip(ptm_pt_flow *flow)
{
	PTM_TRY(ptm_flow_read(flow));
	if (ptm_flow_take_common(flow))
		return PTM_OK;
	switch (flow->packet.kind) {
	case PTM_PACKET_TIP:
		async_end(flow, flow->packet.count ? ptm_flow_packet_ip(flow) : 0, 0);
		return PTM_OK;
	case PTM_PACKET_TIP_PGD:
		ptm_flow_disable(flow);
		flow->in_transaction = false; /* no transaction outlives an interrupt */
		async_end(flow, 0, flow->packet.count ? ptm_flow_packet_ip(flow) : 0);
		return PTM_OK;
	case PTM_PACKET_TIP_PGE:
		ptm_flow_pge(flow);
		return PTM_OK;
	case PTM_PACKET_OVF:
		ptm_flow_overflow(flow);
		return PTM_OK;
	default:
		if (flow->cut_instructions)
			PTM_TRY(walk_to_event(flow));
		ptm_flow_mismatch(flow);
		ptm_flow_unread(flow);
		return PTM_OK;
	}
}
