/* SPDX-License-Identifier: Apache-2.0 */
/* The PT flow's packet side: what each packet means in each state. */
#include "flow/pt_flow_state.h"
#include "pt/last_ip.h"

/* How many packets next_kind skips. */
#define MOST_PEEKS 64

/* ------------------------------------------------------------ items, time */

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
		.thread = flow->context.thread,
		.end_thread = flow->context.thread,
		.space = flow->context.space,
		.start_ns = flow->now_ns,
		.end_ns = flow->now_ns,
		.end_tsc = flow->now_tsc,
		.offset = flow->packet_offset,
		.total_instructions = flow->instructions,
		.total_cycles = flow->latched_cycles,
		.new_cycles = kind != PTM_ITEM_SWITCH && flow->latched,
		.estimated_cycles = !flow->clock.have_cyc,
	};
	if (kind != PTM_ITEM_SWITCH)
		flow->latched = false;
	return item;
}

static void set_now(ptm_pt_flow *flow, uint64_t tsc)
{
	flow->now_tsc = tsc;
	flow->now_ns = ptm_time_ns(&flow->config.time, tsc);
	if (tsc < flow->context.until_tsc)
		return;
	uint32_t thread = flow->context.thread, turn = flow->context.turn;
	flow->config.context(flow->config.host, tsc, &flow->context);
	if (flow->context.thread != thread || flow->context.turn != turn)
		ptm_flow_emit(flow, PTM_ITEM_SWITCH);
}

/* Takes over the packets' time: a decision of theirs is used now. */
void ptm_flow_latch(ptm_pt_flow *flow)
{
	if (flow->clock.tsc > flow->now_tsc)
		set_now(flow, flow->clock.tsc);
	if (flow->clock.cycles_sampled) {
		flow->clock.cycles_sampled = false;
		flow->latched_cycles = flow->clock.cycles;
		flow->latched = true;
	}
	flow->loop_count = 0;
}

/* The time of the packets, plus two ticks for each instruction since they moved it. */
static uint64_t estimated_tsc(const ptm_pt_flow *flow)
{
	uint64_t estimate = flow->clock.instructions << 1;
	uint32_t ratio = flow->clock.config.max_nonturbo_ratio;
	if (flow->clock.cbr && ratio)
		estimate = estimate * ratio / flow->clock.cbr;
	return flow->clock.tsc + estimate;
}

/* Takes over the time at a return to user code, where perf estimates it. */
static void latch_estimate(ptm_pt_flow *flow)
{
	ptm_flow_latch(flow);
	set_now(flow, estimated_tsc(flow));
}

/* Emits a gap at the current place and waits for the next IP. */
void ptm_flow_lose(ptm_pt_flow *flow, uint8_t reason)
{
	uint64_t ip = flow->ip;
	flow->latched_cycles = flow->clock.cycles;
	flow->clock.cycles_sampled = false;
	ptm_item *item = ptm_flow_emit(flow, PTM_ITEM_GAP);
	item->reason = reason;
	item->ip = ip;
	/* perf estimates the time of an error, and goes on with that of the packets. */
	item->end_tsc = estimated_tsc(flow);
	uint64_t end_ns = ptm_time_ns(&flow->config.time, item->end_tsc);
	if (end_ns > item->end_ns)
		item->end_ns = end_ns;
	item->offset = flow->packet_offset;
	flow->lost_from = flow->packet_offset;
	flow->tnt_count = 0;
	flow->pending_count = 0;
	flow->resumed = false;
	flow->found_transaction = flow->in_transaction;
	flow->in_transaction = false;
	flow->overflowed = false;
	flow->distrusts = true;
	flow->loop_count = 0;
	flow->step = PTM_STEP_FIND_IP;
}

/* ---------------------------------------------------------------- packets */

static ptm_status peek(void *context, ptm_packet *packet)
{
	return ptm_pt_reader_peek(context, packet);
}

static ptm_status read_packet(ptm_pt_flow *flow)
{
	flow->packet_before = flow->packet.kind;
	do {
		flow->packet_offset = flow->reader.offset;
		PTM_TRY(ptm_pt_reader_next(&flow->reader, &flow->packet));
	} while (flow->packet.kind == PTM_PACKET_PAD);
	return PTM_OK;
}

/* Timing packets: the same in every state. Returns false for other packets. */
static bool take_time(ptm_clock *clock, ptm_pt_reader *reader, const ptm_packet *packet, bool after_cyc)
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
}

/* Packets that mean the same in every state: time, mode, context. */
static bool take_common(ptm_pt_flow *flow)
{
	if (take_time(&flow->clock, &flow->reader, &flow->packet, flow->packet_before == PTM_PACKET_CYC))
		return true;
	switch (flow->packet.kind) {
	case PTM_PACKET_MODE_EXEC: set_mode(flow); return true;
	case PTM_PACKET_PIP: case PTM_PACKET_VMCS: case PTM_PACKET_MNT: case PTM_PACKET_PSBEND: return true;
	default: return false;
	}
}

static uint64_t packet_ip(ptm_pt_flow *flow)
{
	return flow->last_ip = ptm_last_ip_update(flow->last_ip, &flow->packet);
}

static void enable(ptm_pt_flow *flow)
{
	flow->enabled = true;
	ptm_clock_enable(&flow->clock);
}

static void disable(ptm_pt_flow *flow)
{
	flow->enabled = false;
	ptm_clock_disable(&flow->clock);
}

static void overflow(ptm_pt_flow *flow)
{
	flow->in_transaction = false;
	flow->clock.instructions = 0;
	ptm_flow_lose(flow, PTM_GAP_OVERFLOW);
	disable(flow);
	flow->overflowed = true;
	flow->distrusts = false;
	flow->ip = 0;
}

/* The branch of `item` takes over the interrupt flag that MODE.Exec announced. */
static void take_interrupts(ptm_pt_flow *flow, ptm_item *item)
{
	item->interrupts_toggle = flow->interrupts_on != flow->interrupts_next;
	flow->interrupts_on = flow->interrupts_next;
}

static void emit_event(ptm_pt_flow *flow, uint8_t kind, uint64_t payload)
{
	ptm_item *item = ptm_flow_emit(flow, PTM_ITEM_EVENT);
	item->event = kind;
	item->payload = payload;
	item->ip = flow->ip;
}

/* Tells the events that were bound to a FUP. */
static void emit_pending(ptm_pt_flow *flow)
{
	for (uint32_t i = 0; i < flow->pending_count; i++) {
		if (flow->pending[i].kind == PTM_EVENT_TRANSACTION)
			flow->in_transaction = flow->pending[i].payload & 1;
		emit_event(flow, flow->pending[i].kind, flow->pending[i].payload);
	}
	flow->pending_count = 0;
	flow->pending_abort = flow->pending_branch = false;
}

/* ------------------------------------------------------------------- PSB+ */

/* Reads PSB+ after its PSB, up to PSBEND. Stores the FUP's IP, 0 without one.
 * PTM_BAD_DATA: a packet that has no business there; the reader stands behind it. */
static ptm_status read_psb(ptm_pt_flow *flow, uint64_t *ip)
{
	flow->last_ip = 0;
	*ip = 0;
	ptm_return_stack_clear(&flow->returns);
	for (;;) {
		PTM_TRY(read_packet(flow));
		if (flow->packet.kind == PTM_PACKET_PSBEND) {
			flow->interrupts_on = flow->interrupts_next;
			return PTM_OK;
		}
		if (take_common(flow))
			continue;
		switch (flow->packet.kind) {
		case PTM_PACKET_FUP:
			if (!flow->enabled)
				flow->clock.counting = true;
			flow->enabled = true;
			if (flow->packet.count)
				*ip = packet_ip(flow);
			break;
		case PTM_PACKET_MODE_TSX:
			flow->in_transaction = flow->packet.payload & 1;
			break;
		default:
			return PTM_BAD_DATA;
		}
	}
}

/* perf's state at a PSB: takes over time and cycles. */
static void psb_event(ptm_pt_flow *flow, uint64_t offset)
{
	ptm_flow_latch(flow);
	emit_event(flow, PTM_EVENT_PSB, offset);
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

/* A PSB while in sync: no break in the flow. The visit in progress is cut at the
 * address the PSB names, so that decoding may begin here and see the same. What
 * is walked on the way still has the time before the PSB. */
static ptm_status in_sync_psb(ptm_pt_flow *flow)
{
	bool reaches = false;
	uint64_t ip;

	flow->psb_offset = flow->packet_offset;
	flow->psb_packets = flow->reader.packets - 1;
	flow->psb_moves = flow->clock.moves;
	ptm_status status = read_psb(flow, &ip);
	if (status == PTM_BAD_DATA) {
		if (flow->packet.kind == PTM_PACKET_OVF)
			overflow(flow);
		else
			ptm_flow_lose(flow, PTM_GAP_BAD_PACKET);
		return PTM_OK;
	}
	PTM_TRY(status);
	if (ip && flow->ip && ip != flow->ip)
		PTM_TRY(ptm_flow_reaches(flow, ip, &reaches));
	if (reaches) {
		flow->stop_ip = ip;
		flow->step = PTM_STEP_PSB;
		return PTM_OK;
	}
	psb_event(flow, flow->psb_offset);
	checkpoint(flow, flow->psb_offset, flow->psb_packets);
	return PTM_OK;
}

static ptm_status walk_psb(ptm_pt_flow *flow)
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
	flow->step = PTM_STEP_PACKET;
	psb_event(flow, flow->psb_offset);
	checkpoint(flow, flow->psb_offset, flow->psb_packets);
	return PTM_OK;
}

/* Finds the first or next PSB and starts there. */
static ptm_status find_psb(ptm_pt_flow *flow)
{
	uint64_t from = flow->reader.offset, ip;

	PTM_TRY(ptm_pt_reader_sync(&flow->reader));
	uint64_t offset = flow->reader.offset, packets = flow->reader.packets;
	if (offset > from) {
		ptm_item *gap = ptm_flow_emit(flow, PTM_ITEM_GAP);
		gap->reason = PTM_GAP_NO_SYNC;
		gap->bytes = offset - from;
		gap->offset = from;
	}
	PTM_TRY(read_packet(flow));
	ptm_status status = read_psb(flow, &ip);
	if (status == PTM_BAD_DATA)
		return PTM_OK;
	PTM_TRY(status);
	flow->ip = ip;
	psb_event(flow, offset);
	checkpoint(flow, offset, packets);
	flow->step = ip ? PTM_STEP_PACKET : PTM_STEP_FIND_IP;
	if (ip && !flow->continuing) {
		ptm_item *begin = ptm_flow_emit(flow, PTM_ITEM_BEGIN);
		begin->to_ip = ip;
		begin->resumed = true;
	}
	flow->resumed = flow->continuing;
	flow->continuing = false;
	return PTM_OK;
}

/* ------------------------------------------------------ waiting for an IP */

static void begin_at(ptm_pt_flow *flow, uint64_t ip)
{
	flow->ip = ip;
	flow->step = PTM_STEP_PACKET;
	flow->overflowed = flow->distrusts = false;
	if (flow->packet.kind == PTM_PACKET_TIP_PGE || (ip >> 63) == 0)
		latch_estimate(flow);
	else
		ptm_flow_latch(flow);
	ptm_item *item = ptm_flow_emit(flow, PTM_ITEM_BEGIN);
	item->to_ip = ip;
	if (flow->packet.kind != PTM_PACKET_TIP_PGD)
		take_interrupts(flow, item);
}

static ptm_status find_ip(ptm_pt_flow *flow)
{
	uint64_t ip;

	PTM_TRY(read_packet(flow));
	if (take_common(flow))
		return PTM_OK;
	switch (flow->packet.kind) {
	case PTM_PACKET_TIP: case PTM_PACKET_TIP_PGE: case PTM_PACKET_TIP_PGD: case PTM_PACKET_FUP:
		if (flow->packet.kind == PTM_PACKET_TIP_PGE)
			enable(flow);
		else if (flow->packet.kind == PTM_PACKET_TIP_PGD)
			disable(flow);
		else if (flow->packet.kind == PTM_PACKET_TIP)
			flow->enabled = true;
		else if (flow->overflowed) /* a FUP after OVF says that tracing goes on */
			flow->enabled = flow->clock.counting = true;
		ip = flow->packet.count ? packet_ip(flow) : 0;
		/* After an error perf trusts only an IP that is sent in full. */
		if (ip && (flow->overflowed || !flow->distrusts || flow->packet.count >= 3)) {
			begin_at(flow, ip);
			flow->in_transaction = flow->found_transaction;
		}
		return PTM_OK;
	case PTM_PACKET_PSB: {
		uint64_t offset = flow->packet_offset, packets = flow->reader.packets - 1;
		ptm_status status = read_psb(flow, &ip);
		if (status == PTM_BAD_DATA)
			return PTM_OK;
		PTM_TRY(status);
		psb_event(flow, offset);
		checkpoint(flow, offset, packets);
		if (ip) {
			flow->ip = ip;
			flow->step = PTM_STEP_PACKET;
			ptm_item *item = ptm_flow_emit(flow, PTM_ITEM_BEGIN);
			item->to_ip = ip;
			item->resumed = true;
		}
		return PTM_OK;
	}
	case PTM_PACKET_MODE_TSX:
		flow->found_transaction = flow->packet.payload & 1;
		return PTM_OK;
	case PTM_PACKET_OVF:
		overflow(flow);
		return PTM_OK;
	case PTM_PACKET_TRACESTOP:
		disable(flow);
		return PTM_OK;
	default:
		return PTM_OK;
	}
}

/* ---------------------------------------------------------------- in sync */

/* Packets of time, mode and context may stand anywhere. */
static bool may_intervene(uint8_t kind)
{
	switch (kind) {
	case PTM_PACKET_PAD: case PTM_PACKET_CYC: case PTM_PACKET_MTC: case PTM_PACKET_TSC: case PTM_PACKET_TMA:
	case PTM_PACKET_CBR: case PTM_PACKET_MODE_EXEC: case PTM_PACKET_PIP: case PTM_PACKET_VMCS: case PTM_PACKET_MNT:
		return true;
	default:
		return false;
	}
}

/* Kind of the next packet that does not merely intervene; PTM_PACKET_BAD where none can be seen. */
static uint8_t next_kind(ptm_pt_flow *flow)
{
	ptm_packet next;
	ptm_pt_reader_peek_start(&flow->reader);
	for (unsigned i = 0; i < MOST_PEEKS; i++) {
		if (ptm_pt_reader_peek(&flow->reader, &next) != PTM_OK)
			return PTM_PACKET_BAD;
		if (!may_intervene(next.kind))
			return next.kind;
	}
	return PTM_PACKET_BAD;
}

static void bind(ptm_pt_flow *flow, uint8_t kind, uint64_t payload)
{
	if (flow->pending_count < PTM_FLOW_EVENTS)
		flow->pending[flow->pending_count++] = (ptm_event){ kind, payload };
}

/* A TIP that leads on, or TIP.PGD: `step` walks to the branch it decides. */
static void tip(ptm_pt_flow *flow, uint8_t step)
{
	if (flow->packet.count)
		packet_ip(flow);
	flow->step = step;
}

static void pge(ptm_pt_flow *flow)
{
	enable(flow);
	if (flow->packet.count) {
		packet_ip(flow);
		begin_at(flow, flow->last_ip);
		flow->resumed = false;
	}
}

static void fup(ptm_pt_flow *flow)
{
	if (!flow->packet.count)
		return;
	flow->stop_ip = packet_ip(flow);
	if (!flow->enabled) {
		flow->ip = flow->stop_ip;
		emit_pending(flow);
		return;
	}
	uint8_t next = next_kind(flow);
	bool branch = flow->pending_branch || !flow->pending_count;
	flow->fup_branches = branch && (next == PTM_PACKET_TIP || next == PTM_PACKET_TIP_PGD || next == PTM_PACKET_BAD);
	flow->step = PTM_STEP_FUP;
}

/* Control flow events: most are interrupts of the code at their FUP; those that an instruction makes are not. */
static void control_flow_event(ptm_pt_flow *flow)
{
	enum { IRET = 2, RSM = 4, VMENTRY = 7, UIRET = 13 };
	uint8_t type = flow->packet.payload & 31;
	bind(flow, PTM_EVENT_CFE, flow->packet.payload);
	if (flow->packet.count || next_kind(flow) == PTM_PACKET_FUP) {
		flow->pending_branch |= type != IRET && type != RSM && type != VMENTRY && type != UIRET;
		return;
	}
	ptm_flow_latch(flow);
	emit_pending(flow);
}

/* Events without an IP of their own happen here and now. */
static void event(ptm_pt_flow *flow, uint8_t kind, uint64_t payload, bool with_fup)
{
	if (with_fup) {
		bind(flow, kind, payload);
		return;
	}
	ptm_flow_latch(flow);
	emit_event(flow, kind, payload);
}

static ptm_status in_sync(ptm_pt_flow *flow)
{
	ptm_status status = read_packet(flow);
	if (status == PTM_BAD_DATA) {
		ptm_flow_lose(flow, PTM_GAP_BAD_PACKET);
		flow->step = PTM_STEP_FIND_PSB;
		return PTM_OK;
	}
	PTM_TRY(status);
	uint32_t ratio = flow->clock.cbr;
	if (take_common(flow)) {
		if (flow->clock.cbr != ratio)
			event(flow, PTM_EVENT_CBR, flow->clock.cbr, false);
		return PTM_OK;
	}
	const ptm_packet *packet = &flow->packet;
	switch (packet->kind) {
	case PTM_PACKET_TNT:
		if (packet->count) {
			flow->tnt = packet->payload;
			flow->tnt_count = packet->count;
			flow->step = PTM_STEP_TNT;
		}
		return PTM_OK;
	case PTM_PACKET_TIP: tip(flow, PTM_STEP_TIP); return PTM_OK;
	case PTM_PACKET_TIP_PGD: tip(flow, PTM_STEP_TIP_PGD); return PTM_OK;
	case PTM_PACKET_TIP_PGE: pge(flow); return PTM_OK;
	case PTM_PACKET_FUP: fup(flow); return PTM_OK;
	case PTM_PACKET_PSB: return in_sync_psb(flow);
	case PTM_PACKET_OVF: overflow(flow); return PTM_OK;
	case PTM_PACKET_TRACESTOP:
		disable(flow);
		emit_event(flow, PTM_EVENT_TRACESTOP, 0);
		return PTM_OK;
	case PTM_PACKET_MODE_TSX:
		/* Bound to a FUP when one follows; else it only tells the state. */
		if (flow->enabled && next_kind(flow) == PTM_PACKET_FUP) {
			bind(flow, PTM_EVENT_TRANSACTION, packet->payload);
			flow->pending_abort |= packet->payload & 2;
			flow->pending_branch |= flow->pending_abort;
		} else {
			flow->in_transaction = packet->payload & 1;
		}
		return PTM_OK;
	case PTM_PACKET_PTWRITE: event(flow, PTM_EVENT_PTWRITE, packet->payload, packet->count); return PTM_OK;
	case PTM_PACKET_MWAIT: event(flow, PTM_EVENT_MWAIT, packet->payload, true); return PTM_OK;
	case PTM_PACKET_PWRE: event(flow, PTM_EVENT_PWRE, packet->payload, false); return PTM_OK;
	case PTM_PACKET_PWRX: event(flow, PTM_EVENT_PWRX, packet->payload, false); return PTM_OK;
	case PTM_PACKET_EXSTOP: event(flow, PTM_EVENT_EXSTOP, packet->count, packet->count); return PTM_OK;
	case PTM_PACKET_CFE: control_flow_event(flow); return PTM_OK;
	case PTM_PACKET_EVD: bind(flow, PTM_EVENT_EVD, packet->payload); return PTM_OK;
	case PTM_PACKET_TRIG: event(flow, PTM_EVENT_TRIG, packet->payload, packet->count); return PTM_OK;
	default: return PTM_OK;
	}
}

/* ------------------------------------------------- decisions of a packet */

static void mismatch(ptm_pt_flow *flow)
{
	ptm_flow_lose(flow, PTM_GAP_CODE_MISMATCH);
}

static uint8_t end_of(uint8_t class)
{
	switch (class) {
	case PTM_INSN_JUMP: case PTM_INSN_JUMP_INDIRECT: return PTM_END_JUMP;
	case PTM_INSN_CALL: case PTM_INSN_CALL_INDIRECT: return PTM_END_CALL;
	case PTM_INSN_RETURN: return PTM_END_RETURN;
	case PTM_INSN_JCC: case PTM_INSN_LOOP: return PTM_END_TAKEN;
	default: return PTM_END_FAR;
	}
}

/* Pushes or pops the return stack for an indirect branch that goes to `to_ip`. */
static void account_indirect(ptm_pt_flow *flow, const ptm_block *block)
{
	if (block->class == PTM_INSN_CALL_INDIRECT || block->class == PTM_INSN_CALL_FAR)
		ptm_return_stack_push(&flow->returns, block->ip + block->size);
	else if (block->class == PTM_INSN_RETURN)
		(void)ptm_return_stack_pop(&flow->returns);
}

/* A TIP in the middle of TNT bits: a deferred one. The next packet must be it. */
static ptm_status deferred_tip(ptm_pt_flow *flow, uint32_t row)
{
	do
		PTM_TRY(read_packet(flow));
	while (take_common(flow));
	if (flow->packet.kind != PTM_PACKET_TIP || !flow->packet.count) {
		mismatch(flow);
		return PTM_OK;
	}
	const ptm_block *block = &flow->blocks->blocks.at[row];
	uint8_t end = end_of(block->class);
	account_indirect(flow, block);
	take_interrupts(flow, ptm_flow_visit(flow, row, end, packet_ip(flow), true));
	flow->ip = flow->last_ip;
	return PTM_OK;
}

static ptm_status walk_tnt(ptm_pt_flow *flow)
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

	switch (block->class) {
	case PTM_INSN_JCC: case PTM_INSN_LOOP:
		if (!taken)
			to = next;
		break;
	case PTM_INSN_RETURN:
		to = ptm_return_stack_pop(&flow->returns);
		if (!flow->config.return_compression || !taken || !to) {
			mismatch(flow);
			return PTM_OK;
		}
		end = PTM_END_RETURN;
		break;
	default:
		return deferred_tip(flow, row);
	}
	if (!--flow->tnt_count)
		flow->step = PTM_STEP_PACKET;
	ptm_flow_visit(flow, row, end, to, true);
	flow->ip = to;
	return PTM_OK;
}

static ptm_status walk_tip(ptm_pt_flow *flow)
{
	bool stops = flow->step == PTM_STEP_TIP_PGD;
	ptm_walk walk;
	uint32_t row;

	PTM_TRY(ptm_flow_walk(flow, false, &walk, &row));
	if (walk != PTM_WALK_DECISION)
		return PTM_OK;
	const ptm_block *block = &flow->blocks->blocks.at[row];
	if (block->class == PTM_INSN_JCC || block->class == PTM_INSN_LOOP) {
		mismatch(flow);
		return PTM_OK;
	}
	uint64_t to = flow->packet.count ? flow->last_ip : 0;
	uint8_t end = stops ? PTM_END_OFF : end_of(block->class);
	account_indirect(flow, block);
	flow->step = PTM_STEP_PACKET;
	if (stops)
		disable(flow);
	ptm_item *item = ptm_flow_visit(flow, row, end, to, true);
	if (!stops)
		take_interrupts(flow, item);
	if (flow->packet.count)
		flow->ip = to;
	else if (stops)
		flow->ip = block->last_ip;
	return PTM_OK;
}

/* Reached the FUP's address: waits for the TIP, or tells the bound events and goes on. */
static void at_fup(ptm_pt_flow *flow)
{
	if (flow->fup_branches) {
		flow->step = PTM_STEP_FUP_TIP;
		return;
	}
	if (flow->cut_instructions) {
		ptm_flow_visit_part(flow, flow->cut_block, flow->cut_instructions);
		flow->resumed = true;
		flow->ip = flow->stop_ip;
	}
	if (flow->pending_count)
		ptm_flow_latch(flow);
	emit_pending(flow);
	flow->interrupts_on = flow->interrupts_next;
	flow->step = PTM_STEP_PACKET;
}

static ptm_status walk_fup(ptm_pt_flow *flow)
{
	ptm_walk walk;
	uint32_t row;

	PTM_TRY(ptm_flow_walk(flow, true, &walk, &row));
	if (walk == PTM_WALK_DECISION)
		mismatch(flow);
	else if (walk == PTM_WALK_STOP)
		at_fup(flow);
	return PTM_OK;
}

/* The asynchronous event's branch: from stop_ip to `to_ip`. */
static void async_end(ptm_pt_flow *flow, uint64_t to_ip)
{
	flow->ip = flow->stop_ip;
	flow->step = PTM_STEP_PACKET;
	for (uint32_t i = 0; i < flow->pending_count; i++)
		if (flow->pending[i].kind == PTM_EVENT_TRANSACTION)
			flow->in_transaction = flow->pending[i].payload & 1;
	ptm_item *item = ptm_flow_visit_cut(flow, flow->cut_block, flow->cut_instructions,
		flow->pending_abort ? PTM_END_ABORT : PTM_END_ASYNC, to_ip);
	if (flow->packet.kind == PTM_PACKET_TIP)
		take_interrupts(flow, item);
	emit_pending(flow);
	if (to_ip)
		flow->ip = to_ip;
}

static ptm_status fup_tip(ptm_pt_flow *flow)
{
	PTM_TRY(read_packet(flow));
	if (take_common(flow))
		return PTM_OK;
	switch (flow->packet.kind) {
	case PTM_PACKET_TIP:
		async_end(flow, flow->packet.count ? packet_ip(flow) : 0);
		return PTM_OK;
	case PTM_PACKET_TIP_PGD:
		disable(flow);
		if (flow->packet.count)
			packet_ip(flow);
		async_end(flow, 0);
		return PTM_OK;
	case PTM_PACKET_TIP_PGE:
		pge(flow);
		return PTM_OK;
	case PTM_PACKET_OVF:
		overflow(flow);
		return PTM_OK;
	default:
		mismatch(flow);
		return PTM_OK;
	}
}

/* ------------------------------------------------------------------ limit */

/* The stream's end. A limit before it is a PSB: what lies between here and the
 * address it names belongs to this side. */
static ptm_status at_limit(ptm_pt_flow *flow)
{
	uint64_t ip;

	flow->step = PTM_STEP_END;
	if (!flow->limited || !flow->ip || !flow->enabled)
		return PTM_OK;
	flow->limit_packets = flow->reader.packets;
	flow->reader.limit = flow->reader.input.size;
	PTM_TRY(read_packet(flow));
	ptm_status status = read_psb(flow, &ip);
	if (status != PTM_OK || !ip)
		return status == PTM_BAD_DATA ? PTM_OK : status;
	bool reaches;
	PTM_TRY(ptm_flow_reaches(flow, ip, &reaches));
	if (reaches) {
		ptm_flow_latch(flow);
		flow->latched = false;
		flow->stop_ip = ip;
		flow->step = PTM_STEP_LIMIT;
	}
	return PTM_OK;
}

static ptm_status walk_limit(ptm_pt_flow *flow)
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

/* -------------------------------------------------------------- interface */

static ptm_status step(ptm_pt_flow *flow)
{
	switch (flow->step) {
	case PTM_STEP_FIND_PSB: return find_psb(flow);
	case PTM_STEP_FIND_IP: return find_ip(flow);
	case PTM_STEP_PACKET: return in_sync(flow);
	case PTM_STEP_PSB: return walk_psb(flow);
	case PTM_STEP_TNT: return walk_tnt(flow);
	case PTM_STEP_TIP: case PTM_STEP_TIP_PGD: return walk_tip(flow);
	case PTM_STEP_FUP: return walk_fup(flow);
	case PTM_STEP_FUP_TIP: return fup_tip(flow);
	case PTM_STEP_LIMIT: return walk_limit(flow);
	default: return PTM_END;
	}
}

ptm_status ptm_pt_flow_next(ptm_pt_flow *flow, ptm_item *item)
{
	if (flow->queue_length) {
		*item = flow->queue[flow->queue_head];
		flow->queue_head = (flow->queue_head + 1) % PTM_FLOW_QUEUE;
		flow->queue_length--;
		return PTM_OK;
	}
	flow->out = item;
	while (flow->out) {
		ptm_status status = step(flow);
		if (status == PTM_END && flow->step != PTM_STEP_LIMIT && flow->step != PTM_STEP_END)
			status = at_limit(flow);
		if (status == PTM_BAD_DATA) {
			ptm_flow_lose(flow, PTM_GAP_BAD_PACKET);
			flow->step = PTM_STEP_FIND_PSB;
			flow->reader.offset++;
			status = PTM_OK;
		}
		PTM_TRY(status);
	}
	return PTM_OK;
}

ptm_status ptm_pt_flow_new(ptm_pt_flow **made, ptm_blocks *blocks, const ptm_pt_flow_config *config, uint64_t offset, uint64_t limit, const ptm_clock *clock)
{
	ptm_pt_flow *flow = calloc(1, sizeof *flow);
	if (!flow)
		return PTM_NO_MEMORY;
	flow->config = *config;
	flow->blocks = blocks;
	flow->mode = PTM_MODE_64;
	flow->limited = limit < config->input.size;
	ptm_pt_reader_init(&flow->reader, &config->input, offset, limit);
	if (clock)
		flow->clock = *clock;
	else
		ptm_clock_init(&flow->clock, &config->clock);
	flow->continuing = clock && offset;
	if (flow->continuing) {
		flow->latched_cycles = flow->clock.cycles;
		flow->now_tsc = flow->clock.tsc;
		flow->now_ns = ptm_time_ns(&config->time, flow->now_tsc);
	}
	config->context(config->host, flow->now_tsc, &flow->context);
	*made = flow;
	return PTM_OK;
}

void ptm_pt_flow_free(ptm_pt_flow *flow)
{
	if (!flow)
		return;
	ptm_pt_reader_free(&flow->reader);
	free(flow);
}

uint64_t ptm_pt_flow_offset(const ptm_pt_flow *flow)
{
	return flow->reader.offset;
}

uint64_t ptm_pt_flow_segment_packets(const ptm_pt_flow *flow)
{
	return flow->limit_packets ? flow->limit_packets : flow->reader.packets;
}

/* What the flow does to the cycles at this packet, without code. */
static void take_told(ptm_clock *clock, uint8_t kind)
{
	switch (kind) {
	case PTM_PACKET_TNT: case PTM_PACKET_TIP: case PTM_PACKET_TIP_PGD:
		if (clock->cycles_sampled)
			clock->cycles_told = clock->cycles;
		clock->cycles_sampled = false;
		break;
	case PTM_PACKET_TIP_PGE: case PTM_PACKET_PSBEND: case PTM_PACKET_PTWRITE:
		clock->cycles_sampled = false;
		break;
	default:
		break;
	}
}

void ptm_pt_flow_time(ptm_clock *clock, ptm_pt_reader *reader, const ptm_packet *packet, uint8_t before)
{
	if (take_time(clock, reader, packet, before == PTM_PACKET_CYC))
		return;
	if (packet->kind == PTM_PACKET_TIP_PGE)
		ptm_clock_enable(clock);
	else if (packet->kind == PTM_PACKET_TIP_PGD || packet->kind == PTM_PACKET_TRACESTOP || packet->kind == PTM_PACKET_OVF)
		ptm_clock_disable(clock);
	take_told(clock, packet->kind);
}

static ptm_status scan(const ptm_pt_flow_config *config, uint64_t offset, uint64_t limit, bool until_time, ptm_clock *clock, uint64_t *packets)
{
	ptm_pt_reader reader;
	ptm_packet packet;
	uint8_t before = PTM_PACKET_PAD;
	ptm_status status;

	ptm_pt_reader_init(&reader, &config->input, offset, limit);
	if (!offset)
		status = ptm_pt_reader_sync(&reader);
	while ((status = ptm_pt_reader_next(&reader, &packet)) != PTM_END) {
		if (status == PTM_BAD_DATA) {
			reader.offset++;
			if (ptm_pt_reader_sync(&reader) != PTM_OK)
				break;
			continue;
		}
		if (status != PTM_OK)
			break;
		if (packet.kind == PTM_PACKET_PAD)
			continue;
		ptm_pt_flow_time(clock, &reader, &packet, before);
		before = packet.kind;
		if (until_time && clock->tsc)
			break;
	}
	*packets = reader.packets;
	ptm_pt_reader_free(&reader);
	return status == PTM_END || status == PTM_BAD_DATA ? PTM_OK : status;
}

ptm_status ptm_pt_flow_scan(const ptm_pt_flow_config *config, uint64_t offset, uint64_t limit, ptm_clock *clock, uint64_t *packets)
{
	return scan(config, offset, limit, false, clock, packets);
}

ptm_status ptm_pt_flow_scan_first(const ptm_pt_flow_config *config, uint64_t limit, ptm_clock *clock, uint64_t *packets)
{
	return scan(config, 0, limit, true, clock, packets);
}
