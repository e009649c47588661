/* SPDX-License-Identifier: Apache-2.0 */
/* What the PT flow tells, and when: items, the time and cycles they take over, the
 * place where tracing begins, gaps. */
#include "flow/pt_flow_state.h"

ptm_item *ptm_flow_emit(ptm_pt_flow *flow, uint8_t kind)
{
	/* Every step emits fewer items than the queue holds, and runs on an empty one. */
	ptm_item *item = flow->out;
	flow->out = NULL;
	if (!item) {
		item = &flow->queue[(flow->queue_head + flow->queue_length) % PTM_FLOW_QUEUE];
		if (flow->queue_length < PTM_FLOW_QUEUE)
			flow->queue_length++;
	}
	*item = (ptm_item){
		.kind = kind,
		.in_transaction = flow->in_transaction,
		.interrupts_off = !flow->interrupts_on,
		.from_guest = flow->guest,
		.to_guest = flow->guest,
		.thread = ptm_flow_thread_now(flow),
		.end_thread = ptm_flow_thread_now(flow),
		.space = ptm_flow_space_now(flow),
		.start_ns = flow->now_ns,
		.end_ns = flow->now_ns,
		.end_tsc = flow->latched_tsc,
		.offset = flow->packet_offset,
		.total_instructions = flow->instructions,
		.total_cycles = flow->latched_cycles,
		.new_cycles = kind != PTM_ITEM_SWITCH && flow->latched,
		.estimated_cycles = !flow->clock.have_cyc,
	};
	if (kind != PTM_ITEM_SWITCH)
		flow->latched = false;
	if (kind == PTM_ITEM_GAP || kind == PTM_ITEM_BEGIN) {
		item->found_ns = flow->off_ns ? flow->off_ns : flow->now_ns;
		flow->off_ns = 0;
	}
	return item;
}

uint64_t ptm_flow_packets_ns(const ptm_pt_flow *flow)
{
	return flow->clock.tsc ? ptm_time_ns(&flow->config.time, flow->clock.tsc) : flow->now_ns;
}

void ptm_flow_note_off(ptm_pt_flow *flow)
{
	if (!flow->off_ns)
		flow->off_ns = ptm_flow_packets_ns(flow);
}

static void set_now(ptm_pt_flow *flow, uint64_t tsc)
{
	if (tsc < flow->least_tsc)
		tsc = flow->least_tsc;
	bool holds = tsc >= flow->now_tsc && tsc < flow->context.until_tsc;
	flow->now_tsc = tsc;
	flow->now_ns = ptm_time_ns(&flow->config.time, tsc);
	if (holds)
		return;
	uint32_t thread = flow->context.thread, turn = flow->context.turn;
	flow->config.context(flow->config.host, tsc, &flow->context);
	if (flow->context.thread != thread || flow->context.turn != turn)
		ptm_flow_emit(flow, PTM_ITEM_SWITCH);
}

void ptm_flow_not_before(ptm_pt_flow *flow, uint64_t tsc)
{
	flow->least_tsc = tsc;
	set_now(flow, tsc);
}

/* Takes over the packets' time: a decision of theirs is used now. */
void ptm_flow_latch(ptm_pt_flow *flow)
{
	flow->latched_tsc = flow->clock.tsc;
	if (flow->clock.tsc > flow->now_tsc)
		set_now(flow, flow->clock.tsc);
	if (flow->clock.cycles_sampled) {
		flow->clock.cycles_sampled = false;
		flow->latched_cycles = flow->clock.cycles;
		flow->latched = true;
	} else if (flow->config.approximate_ipc) {
		flow->latched_cycles = flow->clock.cycles;
	}
	flow->loop_count = 0;
}

/* The time of the packets, plus two ticks for each instruction since they moved it. */
static uint64_t estimated_tsc(const ptm_pt_flow *flow)
{
	uint64_t estimate = flow->clock.tsc ? flow->clock.instructions << 1 : 0;
	uint32_t ratio = flow->clock.config.max_nonturbo_ratio;
	if (flow->clock.cbr && ratio)
		estimate = estimate * ratio / flow->clock.cbr;
	return flow->clock.tsc + estimate;
}

uint64_t ptm_pt_flow_uncount(ptm_pt_flow *flow, uint64_t count)
{
	flow->instructions -= count;
	flow->clock.instructions -= count < flow->clock.instructions ? count : flow->clock.instructions;
	return estimated_tsc(flow);
}

void ptm_flow_latch_estimate(ptm_pt_flow *flow)
{
	ptm_flow_latch(flow);
	flow->latched_tsc = estimated_tsc(flow);
	set_now(flow, flow->latched_tsc);
}

void ptm_flow_latch_exactly(ptm_pt_flow *flow)
{
	ptm_flow_latch(flow);
	if (flow->now_tsc != flow->clock.tsc)
		set_now(flow, flow->clock.tsc);
}

/* What waits for a FUP goes with an error; perf keeps it where a packet is none, and the data of control flow events unless
 * the CPU lost packets. */
static void lose_pending(ptm_pt_flow *flow, uint8_t reason)
{
	uint32_t kept = 0;

	flow->pending_abort = flow->pending_branch = false;
	if (flow->config.as_perf && reason != PTM_GAP_OVERFLOW && reason != PTM_GAP_AUX_MISSING)
		for (uint32_t i = 0; i < flow->pending_count; i++)
			if (reason == PTM_GAP_BAD_PACKET || flow->pending[i].kind == PTM_EVENT_EVD)
				flow->pending[kept++] = flow->pending[i];
	flow->pending_count = kept;
	flow->pending_stale = (uint8_t)kept;
}

/* perf takes the interrupt flag that was announced over when it reads a TIP, and forgets one for which no TIP was read. */
static void lose_interrupts(ptm_pt_flow *flow, uint8_t reason)
{
	if (!flow->config.as_perf || reason == PTM_GAP_OVERFLOW || reason == PTM_GAP_BAD_PACKET)
		return;
	if (flow->step == PTM_STEP_TIP || flow->step == PTM_STEP_TIP_PGD)
		flow->interrupts_on = flow->interrupts_next;
	else
		flow->interrupts_next = flow->interrupts_on;
}

/* Emits a gap at the current place and waits for the next IP. */
ptm_item *ptm_flow_lose(ptm_pt_flow *flow, uint8_t reason)
{
	uint64_t ip = flow->ip;
	/* The cycles so far go with the error, but perf still tells them with the next state. */
	flow->latched_cycles = flow->clock.cycles;
	ptm_item *item = ptm_flow_emit(flow, PTM_ITEM_GAP);
	item->reason = reason;
	item->payload = ptm_flow_bytes_lost(flow, flow->packet_offset);
	item->ip = ip;
	/* perf estimates the time of an error, and goes on with that of the packets. */
	item->end_tsc = estimated_tsc(flow);
	uint64_t end_ns = ptm_time_ns(&flow->config.time, item->end_tsc);
	if (end_ns > item->end_ns)
		item->end_ns = end_ns;
	item->offset = flow->packet_offset;
	flow->lost_from = flow->packet_offset;
	flow->lost_to = 0;
	item->resumed = flow->lost && flow->off_since;
	flow->lost = true;
	flow->off_since = false;
	flow->tnt_count = 0;
	lose_pending(flow, reason);
	lose_interrupts(flow, reason);
	flow->resumed = false;
	flow->found_transaction = flow->in_transaction;
	flow->in_transaction = false;
	flow->overflowed = false;
	flow->distrusts = reason == PTM_GAP_NO_CODE || reason == PTM_GAP_GUEST_CODE;
	if (flow->distrusts) {
		flow->ip = 0;
		/* The CPU does not know of it, but perf looks for an IP as at a start. */
		if (flow->config.as_perf)
			flow->last_ip = 0;
	}
	/* perf's packet generation is only off once the code was walked up to the TIP.PGD: its cycles go on. */
	if (flow->step == PTM_STEP_TIP_PGD && flow->config.as_perf)
		flow->enabled = flow->clock.counting = flow->was_enabled;
	flow->loop_count = 0;
	flow->step = PTM_STEP_FIND_IP;
	return item;
}

void ptm_flow_take_guest(ptm_pt_flow *flow, ptm_item *item)
{
	flow->guest = item->to_guest = flow->guest_next;
}

void ptm_flow_take_interrupts(ptm_pt_flow *flow, ptm_item *item)
{
	item->interrupts_toggle = flow->interrupts_on != flow->interrupts_next;
	flow->interrupts_on = flow->interrupts_next;
}

ptm_item *ptm_flow_emit_event(ptm_pt_flow *flow, uint8_t kind, uint64_t payload, uint64_t ip)
{
	ptm_item *item = ptm_flow_emit(flow, PTM_ITEM_EVENT);
	item->event = kind;
	item->payload = payload;
	item->ip = ip;
	return item;
}

void ptm_flow_emit_pending(ptm_pt_flow *flow, uint8_t end, uint64_t to_ip)
{
	bool changes = flow->interrupts_on != flow->interrupts_next;
	bool toggles = changes && end != PTM_END_FALLTHROUGH && flow->packet.kind == PTM_PACKET_TIP;
	/* To perf they share one state; a transaction's does not say of a control flow event that it has an IP. */
	ptm_event *transaction = ptm_flow_pending_of(flow, PTM_EVENT_TRANSACTION);
	if (transaction && flow->config.as_perf)
		flow->in_transaction = transaction->payload & 1;
	/* Where a TIP.PGD says so, control went to what is not traced. */
	bool leaves = flow->config.as_perf && end != PTM_END_FALLTHROUGH && flow->packet.kind == PTM_PACKET_TIP_PGD && flow->packet.count;
	for (uint32_t i = 0; i < flow->pending_count; i++)
		toggles |= changes && flow->pending[i].kind == PTM_EVENT_IFLAG;
	for (uint32_t i = 0; i < flow->pending_count; i++) {
		const ptm_event *event = &flow->pending[i];
		if (event->kind == PTM_EVENT_TRANSACTION)
			flow->in_transaction = event->payload & 1;
		ptm_item *item = ptm_flow_emit_event(flow, event->kind, event->payload, flow->ip);
		item->bytes = event->kind == PTM_EVENT_CFE ? transaction && flow->config.as_perf : event->id;
		item->offset = event->offset;
		item->has_ip = flow->packet.kind != PTM_PACKET_CFE;
		item->interrupts_toggle = toggles;
		item->end = end;
		item->to_ip = leaves ? flow->last_ip : to_ip;
		item->reason = leaves ? PTM_GAP_NOT_TRACED : PTM_GAP_NONE;
		if (to_ip)
			item->to_guest = flow->guest_next;
	}
	if (flow->block_pending)
		ptm_flow_end_block(flow, flow->ip, true);
	flow->pending_count = 0;
	flow->pending_stale = 0;
	flow->pending_abort = flow->pending_branch = flow->block_pending = false;
}

void ptm_flow_emit_cbr(ptm_pt_flow *flow, uint64_t ip)
{
	bool latched = flow->latched;
	if (flow->clock.cbr == flow->cbr_told)
		return;
	flow->cbr_told = flow->clock.cbr;
	ptm_flow_emit_event(flow, PTM_EVENT_CBR, flow->clock.cbr, ip)->new_cycles = false;
	flow->latched = latched;
}

void ptm_flow_end_block(ptm_pt_flow *flow, uint64_t ip, bool has_ip)
{
	flow->block_whole = true;
	flow->block_told = 0;
	flow->block_ip = ip;
	flow->block_has_ip = has_ip;
}

bool ptm_flow_emit_block(ptm_pt_flow *flow)
{
	if (flow->block_told < flow->block_count) {
		const ptm_event *value = &flow->block[flow->block_told++];
		ptm_item *item = ptm_flow_emit_event(flow, PTM_EVENT_PEBS, value->payload, flow->block_ip);
		item->bytes = value->id;
		item->has_ip = flow->block_has_ip;
		return true;
	}
	if (flow->config.as_perf && flow->block_told == flow->block_count) {
		flow->block_told++;
		ptm_flow_emit_event(flow, PTM_EVENT_PEBS_END, 0, flow->block_ip)->has_ip = flow->block_has_ip;
		return true;
	}
	flow->block_count = 0;
	return flow->block_whole = false;
}

void ptm_flow_begin(ptm_pt_flow *flow, uint64_t ip)
{
	bool leaves = flow->step == PTM_STEP_PACKET && flow->packet.kind == PTM_PACKET_TIP_PGD;
	flow->ip = ip;
	flow->guest = flow->guest_next;
	flow->step = PTM_STEP_PACKET;
	bool after_overflow = flow->overflowed && flow->packet.kind == PTM_PACKET_FUP;
	flow->overflowed = flow->distrusts = false;
	if (ptm_leaves_kernel(0, ip))
		ptm_flow_latch_estimate(flow);
	else
		ptm_flow_latch(flow);
	ptm_flow_date(flow);
	ptm_flow_emit_cbr(flow, 0);
	ptm_item *item = ptm_flow_emit(flow, PTM_ITEM_BEGIN);
	item->to_ip = ip;
	ptm_flow_found(flow, item, flow->packet_offset);
	if (after_overflow)
		item->reason = PTM_GAP_OVERFLOW;
	if (flow->packet.kind == PTM_PACKET_TIP_PGD)
		item->end = PTM_END_OFF;
	else
		ptm_flow_take_interrupts(flow, item);
	if (!leaves)
		ptm_flow_tell_place(flow);
}

/* Times are no longer sure, but the packets behind it are read in the same state. */
ptm_item *ptm_flow_bad_packet(ptm_pt_flow *flow)
{
	uint8_t step = flow->step;
	uint32_t bits = flow->tnt_count;
	bool overflowed = flow->overflowed, distrusts = flow->distrusts, lost = flow->lost && !flow->lost_to;
	ptm_clock_lose(&flow->clock);
	ptm_item *gap = ptm_flow_lose(flow, PTM_GAP_BAD_PACKET);
	ptm_pt_reader_skip(&flow->reader);
	gap->bytes = flow->reader.offset - gap->offset;
	flow->lost = lost;
	flow->lost_from = flow->reader.offset;
	flow->step = step;
	flow->tnt_count = bits;
	flow->overflowed = overflowed;
	flow->distrusts = distrusts;
	return gap;
}

uint64_t ptm_flow_bytes_lost(const ptm_pt_flow *flow, uint64_t offset)
{
	return flow->lost ? (flow->lost_to ? flow->lost_to : offset) - flow->lost_from : 0;
}

void ptm_flow_found(ptm_pt_flow *flow, ptm_item *begin, uint64_t offset)
{
	begin->bytes = ptm_flow_bytes_lost(flow, offset);
	begin->payload = flow->off_since;
	flow->lost = flow->off_since = false;
}

ptm_item *ptm_flow_mismatch(ptm_pt_flow *flow)
{
	return ptm_flow_lose(flow, PTM_GAP_CODE_MISMATCH);
}

void ptm_flow_overflow(ptm_pt_flow *flow)
{
	flow->in_transaction = false;
	flow->clock.instructions = 0;
	ptm_flow_lose(flow, PTM_GAP_OVERFLOW);
	ptm_flow_disable(flow);
	/* The packets stay in sync: a FUP or TIP.PGE says where the code goes on. */
	flow->step = PTM_STEP_PACKET;
	flow->overflowed = true;
	flow->distrusts = false;
	flow->ip = 0;
}

void ptm_flow_restart(ptm_pt_flow *flow)
{
	ptm_flow_lose(flow, PTM_GAP_AUX_MISSING);
	flow->lost = flow->distrusts = flow->enabled = flow->guest = flow->guest_next = false;
	flow->found_transaction = false;
	flow->ip = 0;
	flow->step = PTM_STEP_FIND_PSB;
	ptm_clock_restart(&flow->clock, flow->reader.reference);
	flow->now_tsc = flow->latched_tsc = 0;
}
