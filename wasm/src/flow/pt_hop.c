/* SPDX-License-Identifier: Apache-2.0 */
/* Quick decoding, as perf script's --itrace=q has it: no code is walked, and places are
 * what TIP, FUP and PSB packets say; qq goes from PSB to PSB. Only for `script`. */
#include "flow/pt_flow_state.h"

static ptm_item *tell_place(ptm_pt_flow *flow)
{
	/* Without code perf only looks whether it is in a transaction where one begins or ends. */
	flow->in_transaction = false;
	return ptm_flow_emit_event(flow, PTM_EVENT_PLACE, 0, flow->ip);
}

void ptm_flow_tell_place(ptm_pt_flow *flow)
{
	if (flow->config.quick)
		tell_place(flow);
}

/* The place is told between the events of its FUP, where perf has it; `branch` (enum ptm_hop) leaves from it to `away_ip`. */
static void bind_place(ptm_pt_flow *flow, uint16_t branch, uint64_t away_ip)
{
	uint32_t at = 0;
	if (flow->pending_count == PTM_FLOW_EVENTS)
		flow->pending_count--;
	for (uint32_t i = 0; i < flow->pending_count; i++)
		if (flow->pending[i].kind != PTM_EVENT_TRANSACTION && flow->pending[i].kind != PTM_EVENT_PTWRITE)
			at = i + 1;
	for (uint32_t i = flow->pending_count++; i > at; i--)
		flow->pending[i] = flow->pending[i - 1];
	flow->pending[at] = (ptm_event){ .kind = PTM_EVENT_PLACE, .id = branch, .payload = away_ip };
	/* It stands in the transaction that they begin, or no more in the one that they end. */
	flow->in_transaction = false;
	for (uint32_t i = 0; i < flow->pending_count; i++)
		if (flow->pending[i].kind == PTM_EVENT_TRANSACTION)
			flow->in_transaction = flow->pending[i].payload & 1;
}

void ptm_flow_hop_branch(ptm_pt_flow *flow, uint64_t to_ip, uint64_t away_ip)
{
	ptm_flow_latch(flow);
	bool latched = flow->latched;
	ptm_flow_emit_cbr(flow, flow->ip);
	uint16_t kind = flow->pending_abort ? PTM_HOP_ABORT : PTM_HOP_ASYNC;
	bind_place(flow, kind, away_ip);
	flow->latched = latched;
	ptm_flow_emit_pending(flow, kind == PTM_HOP_ABORT ? PTM_END_ABORT : PTM_END_ASYNC, to_ip);
	flow->latched = latched;
	ptm_item *item = ptm_flow_emit_event(flow, PTM_EVENT_HOP, away_ip, flow->ip);
	item->bytes = kind;
	item->to_ip = to_ip;
	ptm_flow_take_guest(flow, item);
	if (flow->packet.kind == PTM_PACKET_TIP)
		ptm_flow_take_interrupts(flow, item);
	if (!to_ip && !away_ip)
		return;
	flow->ip = to_ip ? to_ip : away_ip;
	ptm_flow_tell_place(flow);
}

static void hop_tip(ptm_pt_flow *flow)
{
	if (flow->packet.count) {
		flow->ip = ptm_flow_packet_ip(flow);
		ptm_flow_latch(flow);
		/* Where a guest is entered perf still takes it for the host's. */
		ptm_flow_take_interrupts(flow, tell_place(flow));
	}
	flow->guest = flow->guest_next;
}

static void hop_pgd(ptm_pt_flow *flow)
{
	ptm_flow_disable(flow);
	if (flow->packet.count)
		ptm_flow_begin(flow, ptm_flow_packet_ip(flow));
	flow->guest = flow->guest_next;
}

/* `branches`: nothing that waits for the FUP says that no TIP follows. */
static void hop_fup(ptm_pt_flow *flow, bool branches)
{
	if (!flow->packet.count)
		return;
	flow->ip = flow->stop_ip = ptm_flow_packet_ip(flow);
	if (branches && flow->enabled) {
		flow->step = PTM_STEP_FUP_TIP;
		return;
	}
	if (flow->overflowed && !flow->enabled && !flow->pending_count) {
		flow->enabled = flow->clock.counting = true;
		ptm_flow_begin(flow, flow->ip);
		return;
	}
	ptm_flow_latch(flow);
	bind_place(flow, 0, 0);
	ptm_flow_emit_pending(flow, PTM_END_FALLTHROUGH, 0);
	flow->interrupts_on = flow->interrupts_next;
	flow->in_transaction = flow->overflowed = false;
}

ptm_status ptm_flow_hop(ptm_pt_flow *flow, bool *taken)
{
	*taken = false;
	if (flow->config.quick > 1 && flow->packet.kind != PTM_PACKET_PSB) {
		ptm_flow_unread(flow);
		PTM_TRY(ptm_pt_reader_sync(&flow->reader));
		PTM_TRY(ptm_flow_read(flow));
	}
	switch (flow->packet.kind) {
	case PTM_PACKET_TNT: break;
	case PTM_PACKET_TIP: hop_tip(flow); break;
	case PTM_PACKET_TIP_PGD: hop_pgd(flow); break;
	case PTM_PACKET_FUP: hop_fup(flow, flow->pending_branch || (flow->pending_count == flow->pending_stale && !flow->block_pending)); break;
	default: return PTM_OK;
	}
	*taken = true;
	return PTM_OK;
}
