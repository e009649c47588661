/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of the PT flow while it is in sync: what each one asks for. */
#include "flow/pt_flow_state.h"
#include "pt/last_ip.h"

/* How many packets next_kind skips. */
#define MOST_PEEKS 64

static ptm_status peek(void *context, ptm_packet *packet, uint64_t *cycles, bool *after_cyc)
{
	ptm_pt_reader_peek_past(context, cycles, after_cyc);
	return ptm_pt_reader_peek(context, packet);
}

ptm_status ptm_flow_read(ptm_pt_flow *flow)
{
	flow->packet_before = flow->packet.kind;
	for (;;) {
		flow->packet_offset = flow->reader.offset;
		ptm_status status = ptm_pt_reader_next(&flow->reader, &flow->packet);
		if (status == PTM_BAD_DATA)
			flow->packet.kind = PTM_PACKET_BAD; /* for what comes behind it */
		PTM_TRY(status);
		if (flow->packet.kind != PTM_PACKET_PAD)
			return PTM_OK;
		ptm_pt_reader_pass_pads(&flow->reader);
	}
}

void ptm_flow_unread(ptm_pt_flow *flow)
{
	flow->reader.offset = flow->packet_offset;
	flow->reader.packets--;
	flow->packet.kind = flow->packet_before;
}

/* Timing packets: the same in every state. Returns false for other packets. */
bool ptm_flow_take_time(ptm_clock *clock, ptm_pt_reader *reader, const ptm_packet *packet, bool after_cyc)
{
	switch (packet->kind) {
	case PTM_PACKET_TSC: ptm_clock_tsc(clock, packet->payload, after_cyc); return true;
	case PTM_PACKET_TMA: ptm_clock_tma(clock, (uint32_t)packet->payload, packet->count); return true;
	case PTM_PACKET_MTC:
		if (after_cyc)
			ptm_pt_reader_peek_start(reader);
		ptm_clock_mtc(clock, (uint32_t)packet->payload, after_cyc, peek, reader);
		return true;
	case PTM_PACKET_CYC: ptm_clock_cyc(clock, packet->payload); return true;
	case PTM_PACKET_CBR: ptm_clock_cbr(clock, (uint32_t)packet->payload); return true;
	default: return false;
	}
}

static void set_mode(ptm_pt_flow *flow)
{
	uint64_t bits = flow->packet.payload;
	flow->interrupts_next = bits & 4;
	flow->mode = bits & 1 ? PTM_MODE_64 : bits & 2 ? PTM_MODE_32 : PTM_MODE_16;
	if (flow->config.as_perf)
		flow->mode |= PTM_MODE_AS_PERF;
}

/* Packets that mean the same in every state: time, mode, context. */
bool ptm_flow_take_common(ptm_pt_flow *flow)
{
	if (ptm_flow_take_time(&flow->clock, &flow->reader, &flow->packet, flow->packet_before == PTM_PACKET_CYC))
		return true;
	switch (flow->packet.kind) {
	case PTM_PACKET_MODE_EXEC: set_mode(flow); return true;
	case PTM_PACKET_PIP:
		flow->guest_next = flow->packet.count;
		if (flow->clock.in_psb)
			flow->guest = flow->guest_next;
		return true;
	case PTM_PACKET_VMCS: case PTM_PACKET_PSBEND: case PTM_PACKET_BAD: return true;
	case PTM_PACKET_MNT:
		/* Like the others it may stand anywhere, but it is news; a row of them without end is not all told. */
		if (flow->queue_length < PTM_FLOW_QUEUE / 4 && !flow->config.as_perf)
			ptm_flow_emit_event(flow, PTM_EVENT_MNT, flow->packet.payload, flow->ip)->new_cycles = false;
		return true;
	default: return false;
	}
}

uint64_t ptm_flow_packet_ip(ptm_pt_flow *flow)
{
	return flow->last_ip = ptm_last_ip_update(flow->last_ip, &flow->packet);
}

void ptm_flow_enable(ptm_pt_flow *flow)
{
	flow->enabled = true;
	ptm_clock_enable(&flow->clock);
}

void ptm_flow_disable(ptm_pt_flow *flow)
{
	flow->enabled = false;
	ptm_clock_disable(&flow->clock);
}

/* Packets of time, mode and context may stand anywhere. */
bool ptm_flow_may_intervene(uint8_t kind)
{
	switch (kind) {
	case PTM_PACKET_PAD: case PTM_PACKET_CYC: case PTM_PACKET_MTC: case PTM_PACKET_TSC: case PTM_PACKET_TMA:
	case PTM_PACKET_CBR: case PTM_PACKET_MODE_EXEC: case PTM_PACKET_PIP: case PTM_PACKET_VMCS: case PTM_PACKET_MNT:
		return true;
	default:
		return false;
	}
}

/* Kind of the next packet that does not merely intervene and is no `other`; PTM_PACKET_BAD where none can be seen. */
static uint8_t next_kind_past(ptm_pt_flow *flow, uint8_t other)
{
	ptm_packet next;
	ptm_pt_reader_peek_start(&flow->reader);
	for (unsigned i = 0; i < MOST_PEEKS; i++) {
		if (ptm_pt_reader_peek(&flow->reader, &next) != PTM_OK)
			return PTM_PACKET_BAD;
		if (!ptm_flow_may_intervene(next.kind) && next.kind != other)
			return next.kind;
	}
	return PTM_PACKET_BAD;
}

static uint8_t next_kind(ptm_pt_flow *flow)
{
	return next_kind_past(flow, PTM_PACKET_PAD);
}

void ptm_flow_unbind(ptm_pt_flow *flow, uint8_t kind)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < flow->pending_count; i++)
		if (flow->pending[i].kind != kind)
			flow->pending[kept++] = flow->pending[i];
	flow->pending_count = kept;
	if (flow->pending_stale > kept)
		flow->pending_stale = (uint8_t)kept;
}

static void bind(ptm_pt_flow *flow, uint8_t kind, uint16_t id, uint64_t payload)
{
	/* perf keeps the last of a kind alone, but for the data of control flow events. */
	if (flow->config.as_perf && kind != PTM_EVENT_EVD)
		ptm_flow_unbind(flow, kind);
	if (flow->pending_count < PTM_FLOW_EVENTS)
		flow->pending[flow->pending_count++] = (ptm_event){ kind, id, payload, flow->packet_offset };
}

/* A TIP that leads on, or TIP.PGD: `step` walks to the branch it decides. */
static void tip(ptm_pt_flow *flow, uint8_t step)
{
	if (flow->packet.count)
		ptm_flow_packet_ip(flow);
	flow->step = step;
}

void ptm_flow_pge(ptm_pt_flow *flow)
{
	ptm_flow_enable(flow);
	if (flow->packet.count) {
		ptm_flow_packet_ip(flow);
		ptm_flow_begin(flow, flow->last_ip);
		flow->resumed = false;
	}
}

ptm_event *ptm_flow_pending_of(ptm_pt_flow *flow, uint8_t kind)
{
	for (uint32_t i = 0; i < flow->pending_count; i++)
		if (flow->pending[i].kind == kind)
			return &flow->pending[i];
	return NULL;
}

/* A FUP while no code is followed: events are bound to it; or an overflow ends there. */
static void fup_alone(ptm_pt_flow *flow)
{
	flow->ip = flow->stop_ip;
	if (flow->pending_count || flow->block_pending) {
		ptm_flow_latch(flow);
		ptm_flow_emit_pending(flow, PTM_END_FALLTHROUGH, 0);
		flow->interrupts_on = flow->interrupts_next;
		flow->overflowed = false;
	} else if (flow->overflowed && !ptm_flow_fup_is_odd(flow)) {
		flow->enabled = flow->clock.counting = true;
		ptm_flow_begin(flow, flow->ip);
	}
}

static void fup(ptm_pt_flow *flow)
{
	if (!flow->packet.count)
		return;
	flow->stop_ip = ptm_flow_packet_ip(flow);
	if (!flow->enabled) {
		fup_alone(flow);
		return;
	}
	uint8_t next = next_kind(flow);
	/* No TIP follows that of an MWAIT, however late it is. */
	bool branch = !ptm_flow_pending_of(flow, PTM_EVENT_MWAIT) && (flow->pending_branch || (flow->pending_count == flow->pending_stale && !flow->block_pending));
	/* Without its TIP it tells a place to the views, but is an error to perf. */
	flow->fup_branches = branch && (next == PTM_PACKET_TIP || next == PTM_PACKET_TIP_PGD || next == PTM_PACKET_BAD || flow->config.as_perf);
	flow->step = PTM_STEP_FUP;
}

/* perf keeps a control flow event without its FUP (the trace was cut there) for the next FUP, unless another comes first. */
static void drop_stale(ptm_pt_flow *flow)
{
	ptm_flow_unbind(flow, PTM_EVENT_CFE);
	flow->pending_stale = 0;
}

/* Control flow events: most are interrupts of the code at their FUP; those that an
 * instruction makes are not, and a FUP that the packet itself announces stands alone. */
static void control_flow_event(ptm_pt_flow *flow)
{
	enum { IRET = 2, RSM = 4, VMENTRY = 7, UIRET = 13 };
	uint8_t type = flow->packet.payload & 31;
	if (flow->pending_stale)
		drop_stale(flow);
	bind(flow, PTM_EVENT_CFE, 0, flow->packet.payload);
	flow->unanswered = flow->packet.count > 0;
	if (flow->packet.count)
		return;
	if (flow->enabled && next_kind(flow) == PTM_PACKET_FUP) {
		flow->pending_branch |= flow->config.as_perf || (type != IRET && type != RSM && type != VMENTRY && type != UIRET);
		return;
	}
	if (flow->enabled && flow->config.as_perf) {
		flow->pending_stale = 1;
		return;
	}
	ptm_flow_latch(flow);
	ptm_flow_emit_pending(flow, PTM_END_FALLTHROUGH, 0);
}

/* Events without an IP of their own happen here and now. perf does not say whether in a transaction. */
static void event(ptm_pt_flow *flow, uint8_t kind, uint64_t payload, bool with_fup)
{
	if (with_fup) {
		bind(flow, kind, 0, payload);
		flow->unanswered = kind == PTM_EVENT_PTWRITE || kind == PTM_EVENT_EXSTOP;
		return;
	}
	ptm_flow_latch(flow);
	ptm_item *item = ptm_flow_emit_event(flow, kind, payload, flow->ip);
	item->in_transaction &= !flow->config.as_perf;
}

/* MWAIT, and the PWRE that is one with it. Outside of traced code no FUP follows: then a later one is none of their
 * business. But perf keeps the last of each for that one. */
static void mwait(ptm_pt_flow *flow, uint8_t kind, bool with_fup)
{
	ptm_event *before = flow->config.as_perf ? ptm_flow_pending_of(flow, kind) : NULL;
	if (before)
		before->payload = flow->packet.payload;
	else
		event(flow, kind, flow->packet.payload, with_fup);
}

/* Packets of a PEBS record: BBP, BIP, BEP. */
static void block_item(ptm_pt_flow *flow)
{
	const ptm_packet *packet = &flow->packet;
	switch (packet->kind) {
	case PTM_PACKET_BBP:
		flow->block_type = (uint8_t)packet->payload;
		flow->block_small = packet->count;
		return;
	case PTM_PACKET_BIP:
		if (flow->block_count < PTM_FLOW_BLOCK_VALUES) {
			uint32_t small = flow->config.as_perf && flow->block_small ? PTM_PEBS_SMALL : 0;
			flow->block[flow->block_count++] = (ptm_event){ PTM_EVENT_PEBS, (uint16_t)(small | (uint32_t)flow->block_type << 8 | (packet->count & 0xff)), packet->payload };
		}
		return;
	default:
		if (packet->count) {
			flow->block_pending = flow->unanswered = true;
			return;
		}
		ptm_flow_latch(flow);
		ptm_flow_end_block(flow, flow->ip, false);
	}
}

/* Whether the very next packet is a FUP. */
static bool fup_is_next(ptm_pt_flow *flow)
{
	ptm_packet next;
	ptm_pt_reader_peek_start(&flow->reader);
	while (ptm_pt_reader_peek(&flow->reader, &next) == PTM_OK)
		if (next.kind != PTM_PACKET_PAD)
			return next.kind == PTM_PACKET_FUP;
	return false;
}

/* A change of the interrupt flag by no branch: then a FUP follows at once. To perf that is all that such a FUP says, even
 * behind an overflow. */
static void interrupt_flag(ptm_pt_flow *flow)
{
	bool follows = flow->config.as_perf ? fup_is_next(flow) : flow->enabled && next_kind(flow) == PTM_PACKET_FUP;
	if (follows && flow->pending_count == flow->pending_stale)
		bind(flow, PTM_EVENT_IFLAG, 0, (uint64_t)flow->interrupts_next | (uint64_t)flow->interrupts_on << 1);
}

/* perf binds it to a FUP that is the very next packet, and else takes the lowest bit of that packet for the state. */
static bool takes_next(ptm_pt_flow *flow)
{
	ptm_packet next;

	ptm_pt_reader_peek_start(&flow->reader);
	do {
		if (ptm_pt_reader_peek(&flow->reader, &next) != PTM_OK)
			return false;
	} while (next.kind == PTM_PACKET_PAD);
	if (next.kind == PTM_PACKET_FUP)
		return false;
	flow->in_transaction = next.kind != PTM_PACKET_TNT && next.kind != PTM_PACKET_MODE_EXEC && next.payload & 1;
	return true;
}

/* Bound to a FUP when one follows; else it only tells the state. */
static void transaction(ptm_pt_flow *flow)
{
	uint64_t payload = flow->packet.payload;

	if (flow->enabled && flow->config.as_perf && takes_next(flow))
		return;
	if (flow->enabled && next_kind(flow) == PTM_PACKET_FUP) {
		bind(flow, PTM_EVENT_TRANSACTION, 0, payload);
		flow->pending_abort |= payload & 2;
		flow->pending_branch |= flow->pending_abort;
	} else {
		flow->in_transaction = payload & 1;
	}
}

/* The packet before said that a FUP follows; perf forgets what it told where another packet does. */
static void forget_unanswered(ptm_pt_flow *flow)
{
	if (!flow->config.as_perf)
		return;
	switch (flow->packet_before) {
	case PTM_PACKET_PTWRITE: ptm_flow_unbind(flow, PTM_EVENT_PTWRITE); return;
	case PTM_PACKET_EXSTOP: ptm_flow_unbind(flow, PTM_EVENT_EXSTOP); return;
	case PTM_PACKET_CFE: ptm_flow_unbind(flow, PTM_EVENT_CFE); return;
	default: flow->block_pending = false; flow->block_count = 0; return;
	}
}

ptm_status ptm_flow_in_sync(ptm_pt_flow *flow)
{
	bool unanswered = flow->unanswered;

	flow->unanswered = false;
	ptm_status read = ptm_flow_read(flow);
	if (unanswered && (read != PTM_OK || flow->packet.kind != PTM_PACKET_FUP))
		forget_unanswered(flow);
	PTM_TRY(read);
	ptm_clock_next(&flow->clock, flow->packet_before);
	if (flow->config.quick) {
		bool taken;
		PTM_TRY(ptm_flow_hop(flow, &taken));
		if (taken)
			return PTM_OK;
	}
	if (ptm_flow_take_common(flow)) {
		flow->pips += flow->packet.kind == PTM_PACKET_PIP;
		if (flow->packet.kind == PTM_PACKET_MODE_EXEC)
			interrupt_flag(flow);
		if (flow->packet.kind == PTM_PACKET_CBR && flow->clock.cbr != flow->cbr_told) {
			flow->cbr_told = flow->clock.cbr;
			event(flow, PTM_EVENT_CBR, flow->clock.cbr, false);
		}
		return PTM_OK;
	}
	if (ptm_flow_after_overflow(flow))
		return PTM_OK;
	const ptm_packet *packet = &flow->packet;
	if (packet->kind == PTM_PACKET_TNT || packet->kind == PTM_PACKET_TIP || packet->kind == PTM_PACKET_TIP_PGE || packet->kind == PTM_PACKET_FUP)
		flow->pips = 0;
	/* perf forgets meanwhile that the FUP of what waits for one has no TIP. */
	if (flow->config.as_perf && (packet->kind == PTM_PACKET_TNT || packet->kind == PTM_PACKET_TIP))
		flow->pending_stale = (uint8_t)flow->pending_count;
	switch (packet->kind) {
	case PTM_PACKET_TNT:
		if (packet->count) {
			flow->tnt = packet->payload;
			flow->tnt_count = packet->count;
			flow->tnt_used = false;
			flow->step = PTM_STEP_TNT;
		}
		return PTM_OK;
	case PTM_PACKET_TIP: tip(flow, PTM_STEP_TIP); return PTM_OK;
	case PTM_PACKET_TIP_PGD:
		tip(flow, PTM_STEP_TIP_PGD);
		flow->was_enabled = flow->enabled;
		ptm_flow_disable(flow);
		return PTM_OK;
	case PTM_PACKET_TIP_PGE: ptm_flow_pge(flow); return PTM_OK;
	case PTM_PACKET_FUP: fup(flow); return PTM_OK;
	case PTM_PACKET_PSB: return ptm_flow_psb(flow);
	case PTM_PACKET_OVF: ptm_flow_overflow(flow); return PTM_OK;
	case PTM_PACKET_TRACESTOP:
		ptm_flow_disable(flow);
		ptm_flow_note_off(flow);
		ptm_flow_emit_event(flow, PTM_EVENT_TRACESTOP, 0, flow->ip);
		return PTM_OK;
	case PTM_PACKET_MODE_TSX:
		transaction(flow);
		return PTM_OK;
	case PTM_PACKET_PTWRITE: event(flow, PTM_EVENT_PTWRITE, packet->payload, packet->count); return PTM_OK;
	case PTM_PACKET_MWAIT: mwait(flow, PTM_EVENT_MWAIT, flow->config.as_perf || next_kind_past(flow, PTM_PACKET_PWRE) == PTM_PACKET_FUP); return PTM_OK;
	case PTM_PACKET_PWRE: mwait(flow, PTM_EVENT_PWRE, ptm_flow_pending_of(flow, PTM_EVENT_MWAIT)); return PTM_OK;
	case PTM_PACKET_PWRX: event(flow, PTM_EVENT_PWRX, packet->payload, false); return PTM_OK;
	case PTM_PACKET_EXSTOP: event(flow, PTM_EVENT_EXSTOP, packet->count, packet->count); return PTM_OK;
	case PTM_PACKET_CFE: control_flow_event(flow); return PTM_OK;
	case PTM_PACKET_EVD: bind(flow, PTM_EVENT_EVD, packet->count, packet->payload); return PTM_OK;
	case PTM_PACKET_TRIG: event(flow, PTM_EVENT_TRIG, packet->payload, packet->count); return PTM_OK;
	case PTM_PACKET_BBP: case PTM_PACKET_BIP: case PTM_PACKET_BEP: block_item(flow); return PTM_OK;
	default: return PTM_OK;
	}
}
