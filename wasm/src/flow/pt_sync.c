/* SPDX-License-Identifier: Apache-2.0 */
/* Where the PT flow starts, starts again and ends: PSB+, the first IP after a loss,
 * the limit of a segment. */
#include "flow/pt_flow_state.h"
#include "pt/last_ip.h"

/* Reads PSB+ after its PSB, up to PSBEND. Stores the FUP's IP, 0 without one.
 * PTM_BAD_DATA: a packet that is none, or (`stray`) has no business there; the reader stands behind it. */
static ptm_status read_psb_packets(ptm_pt_flow *flow, uint64_t *ip, bool *stray)
{
	flow->last_ip = 0;
	*ip = 0;
	ptm_flow_forget_returns(flow);
	for (;;) {
		PTM_TRY(ptm_flow_read(flow));
		if (flow->packet.kind == PTM_PACKET_PSBEND)
			return PTM_OK;
		if (ptm_flow_take_common(flow))
			continue;
		switch (flow->packet.kind) {
		case PTM_PACKET_FUP:
			flow->enabled = flow->clock.counting = true;
			if (flow->packet.count)
				*ip = ptm_flow_packet_ip(flow);
			break;
		case PTM_PACKET_MODE_TSX:
			flow->found_transaction = flow->packet.payload & 1;
			break;
		default:
			*stray = true;
			return PTM_BAD_DATA;
		}
	}
}

static ptm_status read_psb(ptm_pt_flow *flow, uint64_t *ip, bool *stray)
{
	uint64_t offset = flow->packet_offset;
	*stray = false;
	flow->psb_before_ns = ptm_flow_packets_ns(flow);
	flow->clock.in_psb = true;
	ptm_status status = read_psb_packets(flow, ip, stray);
	flow->clock.in_psb = false;
	if (status != PTM_OK || *ip)
		return status;
	ptm_flow_note_off(flow);
	if (flow->lost && !flow->lost_to)
		flow->lost_to = offset;
	return PTM_OK;
}

/* A packet that has no business in a PSB+, as perf takes it: in sync as one behind it, else for an error, and after some of
 * these it goes on where it was. */
static void stray_in_psb(ptm_pt_flow *flow)
{
	uint8_t kind = flow->packet.kind, step = flow->step;
	bool distrusts = flow->distrusts, goes_on = kind == PTM_PACKET_TRACESTOP || kind == PTM_PACKET_TNT;

	if (goes_on || step == PTM_STEP_PACKET)
		ptm_clock_lose(&flow->clock);
	if (step == PTM_STEP_PACKET) {
		ptm_flow_unread(flow);
		return;
	}
	ptm_flow_lose(flow, PTM_GAP_BAD_PACKET);
	/* Then it still knows that there was a PSB, which compressed addresses count from. */
	flow->distrusts = distrusts && !goes_on;
	if (kind == PTM_PACKET_TRACESTOP)
		ptm_flow_disable(flow);
	if (goes_on && flow->ip)
		flow->step = PTM_STEP_PACKET;
}

/* A PSB+ cut short: by an overflow, or by a packet that is none or has no business there. */
static ptm_status broken_psb(ptm_pt_flow *flow, bool stray)
{
	/* What was good up to it: a flow that starts here knows no more. */
	if (!flow->config.as_perf && flow->psb_before_ns > flow->now_ns)
		flow->now_ns = flow->psb_before_ns;
	if (stray && flow->packet.kind == PTM_PACKET_OVF)
		ptm_flow_overflow(flow);
	else if (!flow->config.as_perf)
		ptm_flow_lose(flow, PTM_GAP_BAD_PACKET);
	else if (stray)
		stray_in_psb(flow);
	else
		return PTM_BAD_DATA;
	return PTM_OK;
}

/* perf's state at a PSB: takes over time and cycles. Here the time is never an
 * estimate, for a flow that starts here would not know it. `to_ip`: where the
 * code goes on, if that is all that is known; else 0. */
static void psb_event(ptm_pt_flow *flow, uint64_t offset, uint64_t ip, uint64_t to_ip, bool searched)
{
	ptm_flow_latch_exactly(flow);
	flow->in_transaction = flow->found_transaction;
	flow->interrupts_on = flow->interrupts_next;
	/* perf's is that of the TSC packet, even where others went on from it, or ran ahead. */
	if (flow->config.as_perf && flow->clock.tsc_packet)
		flow->latched_tsc = flow->clock.tsc_packet;
	ptm_item *item = ptm_flow_emit_event(flow, PTM_EVENT_PSB, offset, ip);
	item->to_ip = to_ip;
	item->reason = searched ? PTM_GAP_NO_SYNC : PTM_GAP_NONE;
	item->found_ns = flow->psb_before_ns;
	ptm_flow_emit_cbr(flow, ip);
}

static void begin_at_psb(ptm_pt_flow *flow, uint64_t ip, uint64_t offset)
{
	flow->ip = ip;
	flow->step = PTM_STEP_PACKET;
	ptm_item *item = ptm_flow_emit(flow, PTM_ITEM_BEGIN);
	item->to_ip = ip;
	item->resumed = true;
	ptm_flow_found(flow, item, offset);
	ptm_flow_tell_place(flow);
}

/* Decoding may begin at this PSB: measurements do not go across it. */
static void checkpoint(ptm_pt_flow *flow, uint64_t offset, uint64_t packets)
{
	ptm_item *item = ptm_flow_emit(flow, PTM_ITEM_CHECKPOINT);
	item->offset = offset;
	item->payload = packets;
	flow->measured_instructions = flow->instructions;
	flow->measure_partial = true;
}

/* perf looks so far behind a PSB+ for the TIP.PGE that makes its FUP mean nothing. */
#define MOST_BEFORE_PGE 6

/* The address in the PSB+ that was begun, before it is read, as perf finds it; 0: none. */
static uint64_t coming_ip(ptm_pt_flow *flow)
{
	ptm_packet next;
	uint64_t ip = 0;
	unsigned behind = 0;

	ptm_pt_reader_peek_start(&flow->reader);
	while (behind <= MOST_BEFORE_PGE && ptm_pt_reader_peek(&flow->reader, &next) == PTM_OK) {
		if (next.kind == PTM_PACKET_FUP && next.count && !ip)
			ip = ptm_last_ip_update(flow->last_ip, &next);
		else if (next.kind == PTM_PACKET_PSBEND && ip && !behind)
			behind = 1;
		else if (next.kind == PTM_PACKET_TIP_PGE)
			return behind ? 0 : ip;
		else if (!ptm_flow_may_intervene(next.kind) && next.kind != PTM_PACKET_MODE_TSX)
			return ip;
		else
			behind += behind > 0;
	}
	return ip;
}

/* perf walks to a PSB's address before it reads the PSB+: where no code leads there, that is lost first, and the address
 * is one that an error ends at like any other; what waits for a FUP takes it for its own, and perf the rest of the PSB+ for
 * ordinary packets. Elsewhere a cut there must not matter. Stores the address, 0: none was walked to. */
static ptm_status lose_before_psb(ptm_pt_flow *flow, uint64_t *ip, bool *lost)
{
	ptm_way way = PTM_WAY_THERE;

	*lost = false;
	*ip = flow->config.as_perf && flow->enabled && flow->ip && !flow->config.quick ? coming_ip(flow) : 0;
	if (!*ip)
		return PTM_OK;
	if (*ip != flow->ip)
		PTM_TRY(ptm_flow_reaches(flow, *ip, &way));
	*lost = way != PTM_WAY_THERE || (*ip != flow->ip && flow->pending_count && !flow->config.samples_each);
	if (!*lost)
		return PTM_OK;
	flow->last_ip = flow->stop_ip = *ip;
	flow->fup_branches = false;
	flow->step = PTM_STEP_FUP;
	return PTM_OK;
}

/* A PSB while in sync: no break in the flow. The visit in progress is cut at the
 * address the PSB names, so that decoding may begin here and see the same. What
 * is walked on the way still has the time before the PSB. */
ptm_status ptm_flow_psb(ptm_pt_flow *flow)
{
	bool was_enabled = flow->enabled, lost, stray;
	ptm_way way = PTM_WAY_ELSEWHERE;
	uint64_t ip, stop_ip;

	PTM_TRY(lose_before_psb(flow, &stop_ip, &lost));
	if (lost)
		return PTM_OK;
	flow->psb_offset = flow->packet_offset;
	flow->psb_packets = flow->reader.packets - 1;
	flow->psb_moves = flow->clock.moves;
	flow->psb_walked = (ptm_walked){ flow->clock.tsc, flow->clock.instructions };
	flow->psb_clock = flow->clock;
	flow->found_transaction = flow->in_transaction;
	ptm_status status = read_psb(flow, &ip, &stray);
	flow->psb_broken = status == PTM_BAD_DATA && stop_ip;
	if (flow->psb_broken && !stray)
		ptm_pt_reader_skip(&flow->reader);
	else if (status == PTM_BAD_DATA && !flow->psb_broken)
		return broken_psb(flow, stray);
	else if (status != PTM_BAD_DATA)
		PTM_TRY(status);
	if (!flow->config.as_perf && was_enabled && !flow->config.quick)
		stop_ip = ip;
	flow->psb_ip = ip;
	/* Erratum BDM70 (and SKD024, SKL021, KBL021): PSB+ before a TIP.PGE may have a FUP, though tracing is still off. */
	if (stop_ip && flow->ip && stop_ip != flow->ip)
		PTM_TRY(ptm_flow_reaches(flow, stop_ip, &way));
	if (way == PTM_WAY_THERE || flow->psb_broken) {
		flow->stop_ip = stop_ip;
		flow->step = PTM_STEP_PSB;
		return PTM_OK;
	}
	psb_event(flow, flow->psb_offset, ip, 0, false);
	checkpoint(flow, flow->psb_offset, flow->psb_packets);
	if (ip && flow->config.quick) {
		flow->ip = ip;
		ptm_flow_tell_place(flow);
	} else if (ip && !flow->ip)
		begin_at_psb(flow, ip, flow->psb_offset);
	else if (ip && !was_enabled)
		flow->ip = ip;
	return PTM_OK;
}

/* At the address of a PSB whose PSB+ was cut short. */
static void lose_psb(ptm_pt_flow *flow)
{
	ptm_clock_lose(&flow->clock);
	if (flow->packet.kind == PTM_PACKET_OVF) {
		flow->in_transaction = flow->enabled = flow->clock.counting = false;
		flow->clock.instructions = 0;
		flow->pending_count = 0;
		flow->ip = 0;
	}
	ptm_flow_mismatch(flow);
}

ptm_status ptm_flow_walk_psb(ptm_pt_flow *flow)
{
	ptm_walk walk;
	uint32_t row;

	PTM_TRY(ptm_flow_walk(flow, true, &walk, &row));
	if (walk == PTM_WALK_ON || walk == PTM_WALK_LOST)
		return PTM_OK;
	if (walk == PTM_WALK_STOP) {
		if (flow->cut_instructions) {
			ptm_flow_visit_part(flow, flow->cut_block, flow->cut_instructions);
			flow->resumed = true;
		}
		flow->ip = flow->stop_ip;
	}
	/* What was walked lies before the times of the PSB. */
	if (flow->clock.moves != flow->psb_moves)
		flow->clock.instructions = 0;
	if (flow->psb_broken) {
		lose_psb(flow);
		return PTM_OK;
	}
	flow->step = PTM_STEP_PACKET;
	psb_event(flow, flow->psb_offset, flow->psb_ip, 0, false);
	checkpoint(flow, flow->psb_offset, flow->psb_packets);
	return PTM_OK;
}

/* Finds the first or next PSB and starts there. */
ptm_status ptm_flow_find_psb(ptm_pt_flow *flow)
{
	uint64_t from = flow->reader.offset, ip;
	bool distrusts = flow->distrusts, stray;

	ptm_status found = ptm_pt_reader_sync(&flow->reader);
	if (found != PTM_OK && found != PTM_END)
		return found;
	uint64_t offset = flow->reader.offset, packets = flow->reader.packets;
	if (offset > from) {
		ptm_item *gap = ptm_flow_emit(flow, PTM_ITEM_GAP);
		gap->reason = PTM_GAP_NO_SYNC;
		gap->bytes = offset - from;
		gap->offset = from;
	}
	PTM_TRY(found);
	PTM_TRY(ptm_flow_read(flow));
	/* In what follows a broken PSB+ perf waits for an IP in full. */
	if (flow->config.as_perf) {
		flow->step = PTM_STEP_FIND_IP;
		flow->distrusts = true;
	}
	ptm_status status = read_psb(flow, &ip, &stray);
	if (status == PTM_BAD_DATA)
		return broken_psb(flow, stray);
	PTM_TRY(status);
	flow->distrusts = distrusts;
	flow->ip = ip;
	psb_event(flow, offset, ip, 0, true);
	checkpoint(flow, offset, packets);
	/* Without an IP tracing is off: the packets are in sync all the same, but for an error before. */
	flow->step = ip || (!flow->enabled && !flow->distrusts) ? PTM_STEP_PACKET : PTM_STEP_FIND_IP;
	if (ip && !flow->continuing) {
		ptm_item *begin = ptm_flow_emit(flow, PTM_ITEM_BEGIN);
		begin->to_ip = ip;
		begin->resumed = true;
		ptm_flow_tell_place(flow);
	}
	flow->resumed = flow->continuing;
	flow->continuing = false;
	return PTM_OK;
}

/* ------------------------------------------------------ waiting for an IP */

/* Packet generation stops while the code is not known. */
static void stop_tracing(ptm_pt_flow *flow)
{
	ptm_flow_disable(flow);
	ptm_flow_note_off(flow);
	flow->off_since = true;
}

/* After missing code only an IP is trusted that is sent in full; perf takes 48 bits without the sign for less. */
static bool is_full(const ptm_pt_flow *flow)
{
	return flow->packet.count >= 3 && !(flow->packet.count == 4 && flow->config.as_perf);
}

/* The IP of a packet while one is looked for; 0: none to trust. */
static uint64_t ip_to_begin(ptm_pt_flow *flow)
{
	bool trusted = !flow->distrusts || is_full(flow);
	/* perf takes an IP that is left out for the place of the error. */
	if (!flow->packet.count)
		return flow->config.as_perf && !flow->config.quick && trusted ? flow->ip : 0;
	/* Of one that is not trusted perf does not keep the bits, but the CPU leaves out those it sent. */
	if (!trusted && flow->config.as_perf)
		return 0;
	uint64_t ip = ptm_flow_packet_ip(flow);
	return trusted ? ip : 0;
}

ptm_status ptm_flow_find_ip(ptm_pt_flow *flow)
{
	uint64_t ip;
	bool stray;

	PTM_TRY(ptm_flow_read(flow));
	if (ptm_flow_take_common(flow)) {
		/* Nothing is known of the flag before, so this is no change. */
		if (flow->packet.kind == PTM_PACKET_MODE_EXEC)
			flow->interrupts_on = flow->interrupts_next;
		return PTM_OK;
	}
	switch (flow->packet.kind) {
	case PTM_PACKET_TIP: case PTM_PACKET_TIP_PGE: case PTM_PACKET_TIP_PGD: case PTM_PACKET_FUP:
		if (flow->packet.kind == PTM_PACKET_TIP_PGE)
			ptm_flow_enable(flow);
		else if (flow->packet.kind == PTM_PACKET_TIP_PGD)
			stop_tracing(flow);
		else if (flow->packet.kind == PTM_PACKET_TIP)
			flow->enabled = flow->clock.counting = true;
		ip = ip_to_begin(flow);
		if (ip) {
			ptm_flow_begin(flow, ip);
			flow->in_transaction = flow->found_transaction;
		}
		return PTM_OK;
	case PTM_PACKET_PSB: {
		uint64_t offset = flow->packet_offset, packets = flow->reader.packets - 1;
		ptm_status status = read_psb(flow, &ip, &stray);
		if (status == PTM_BAD_DATA)
			return broken_psb(flow, stray);
		PTM_TRY(status);
		/* After an error nothing is known of where this PSB was met. Where it has no IP, perf is back in sync at the place of the error. */
		bool goes_on = !ip && flow->config.as_perf && !flow->config.quick && flow->ip;
		psb_event(flow, offset, 0, goes_on ? flow->ip : ip, false);
		checkpoint(flow, offset, packets);
		if (ip)
			begin_at_psb(flow, ip, offset);
		else if (goes_on)
			flow->step = PTM_STEP_PACKET;
		return PTM_OK;
	}
	case PTM_PACKET_MODE_TSX:
		flow->found_transaction = flow->packet.payload & 1;
		return PTM_OK;
	case PTM_PACKET_OVF:
		ptm_flow_overflow(flow);
		return PTM_OK;
	case PTM_PACKET_TRACESTOP:
		stop_tracing(flow);
		return PTM_OK;
	default:
		return PTM_OK;
	}
}

/* The stream's end. A limit before it is a PSB: what lies between here and the
 * address it names belongs to this side. */
ptm_status ptm_flow_at_limit(ptm_pt_flow *flow)
{
	uint64_t ip;
	bool stray;

	flow->step = PTM_STEP_END;
	flow->lost_bytes = ptm_flow_bytes_lost(flow, flow->reader.offset);
	flow->loss_end = (ptm_loss_end){ flow->off_ns ? flow->off_ns : ptm_flow_packets_ns(flow), flow->off_ns };
	flow->limit_clock = flow->clock;
	if (!flow->limited || !flow->ip || !flow->enabled)
		return PTM_OK;
	flow->limit_packets = flow->reader.packets;
	flow->reader.limit = flow->reader.input.size;
	ptm_status status = ptm_flow_read(flow);
	if (status == PTM_OK)
		status = read_psb(flow, &ip, &stray);
	if (status != PTM_OK || !ip)
		return status == PTM_BAD_DATA || status == PTM_TRUNCATED ? PTM_OK : status;
	ptm_way way;
	PTM_TRY(ptm_flow_reaches(flow, ip, &way));
	if (way == PTM_WAY_THERE) {
		flow->stop_ip = ip;
		flow->step = PTM_STEP_LIMIT;
	}
	return PTM_OK;
}

ptm_status ptm_flow_walk_limit(ptm_pt_flow *flow)
{
	ptm_walk walk;
	uint32_t row;

	PTM_TRY(ptm_flow_walk(flow, true, &walk, &row));
	if (walk == PTM_WALK_ON)
		return PTM_OK;
	if (walk == PTM_WALK_STOP && flow->cut_instructions)
		ptm_flow_visit_part(flow, flow->cut_block, flow->cut_instructions);
	flow->step = PTM_STEP_END;
	return PTM_OK;
}
