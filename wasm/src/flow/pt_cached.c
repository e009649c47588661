/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path as others see it: where it takes the flow over, packet by packet, and hands it back. */
#include "flow/pt_cached_state.h"

/* The nodes that one batch may ask for. */
#define MOST_NEW_NODES (1u << 20)

ptm_status ptm_cached_new(ptm_cached **made, ptm_pt_flow *flow, ptm_graph *graph, ptm_cached_log *log)
{
	ptm_cached *cached = calloc(1, sizeof *cached);
	ptm_cached_event *events = malloc(PTM_CACHED_EVENTS * sizeof *events);
	if (!cached || !events) {
		free(cached);
		free(events);
		return PTM_NO_MEMORY;
	}
	cached->flow = flow;
	cached->graph = graph;
	cached->log = log;
	cached->events = events;
	*made = cached;
	return PTM_OK;
}

void ptm_cached_free(ptm_cached *cached)
{
	if (!cached)
		return;
	free(cached->events);
	free(cached);
}

/* ------------------------------------------------------------ there, back -- */

static bool is_arrival(uint32_t what)
{
	return what >> 24 >= PTM_CACHED_CALL;
}

/* A calm state: whatever comes next in the stream, only packets decide it. */
static bool is_calm(const ptm_pt_flow *flow)
{
	return flow->step == PTM_STEP_PACKET && !flow->queue_length && flow->enabled && flow->ip && !flow->tnt_count &&
	       !flow->pending_count && !flow->block_pending && !flow->block_whole && !flow->overflowed && !flow->latched && !flow->reader.block_item &&
	       flow->interrupts_on == flow->interrupts_next && !flow->guest && !flow->guest_next &&
	       !(flow->in_transaction && flow->config.input.errata & PTM_BDM64);
}

ptm_status ptm_cached_enter(ptm_cached *cached, bool *entered, uint32_t *thread)
{
	ptm_pt_flow *flow = cached->flow;

	*entered = false;
	*thread = flow->context.thread;
	if (!is_calm(flow) || ptm_graph_is_full(cached->graph, MOST_NEW_NODES))
		return PTM_OK;
	ptm_graph_enter(cached->graph, flow->context.space, flow->mode);
	PTM_TRY(ptm_graph_find(cached->graph, flow->ip, &cached->node));
	if (cached->graph->codes[cached->node].kind == PTM_NODE_SLOW)
		return PTM_OK;
	cached->at = cached->moved_at = cached->moved_node = cached->bits_left = 0;
	ptm_cached_arrive(cached, cached->node);
	cached->length = cached->batch.length = 0;
	cached->inside = cached->dirty = cached->fresh = *entered = true;
	cached->kind = flow->packet.kind;
	cached->packet_offset = flow->packet_offset;
	memset(cached->return_to, 0, sizeof cached->return_to);
	memset(cached->returner, 0, sizeof cached->returner);
	return PTM_OK;
}

/* Keeps what the batch before did not give away: an arrival that nothing followed yet. */
void ptm_cached_begin(ptm_cached *cached)
{
	uint64_t offset = cached->flow->reader.offset;
	uint32_t taken = cached->batch.length;

	cached->length -= taken;
	for (uint32_t i = 0; i < cached->length; i++) {
		cached->events[i] = cached->events[taken + i];
		cached->events[i].at = 0;
		cached->events[i].b += (uint32_t)(cached->batch.offset - offset);
	}
	cached->batch = (ptm_cached_batch){ .events = cached->events, .start_ns = cached->flow->now_ns, .offset = offset,
					    .thread = cached->flow->context.thread };
}

void ptm_cached_end(ptm_cached *cached)
{
	ptm_pt_flow *flow = cached->flow;
	uint32_t at = ptm_cached_executed(cached), length = cached->length;

	/* An arrival counts once something follows it: the slow path might find nothing there. */
	if (length && is_arrival(cached->events[length - 1].what) && cached->events[length - 1].at == at)
		length--;
	cached->batch.length = length;
	cached->batch.instructions = at;
	flow->instructions += at;
	uint32_t moved_at = cached->moved_at - (cached->moved_node ? cached->graph->codes[cached->moved_node].instructions : 0);
	flow->clock.instructions += at - moved_at;
	cached->moved_at = cached->moved_node = 0;
	cached->at -= at;
}

/* How a decision ends its node. */
static uint8_t end_of(const ptm_node_code *code, uint32_t taken)
{
	switch (code->kind) {
	case PTM_NODE_RETURN: return PTM_END_RETURN;
	case PTM_NODE_CALL: return PTM_END_CALL;
	case PTM_NODE_JUMP: return PTM_END_JUMP;
	default: return taken ? PTM_END_TAKEN : PTM_END_NOT_TAKEN;
	}
}

static void hand_back(ptm_cached *cached)
{
	ptm_pt_flow *flow = cached->flow;
	const ptm_node_code *codes = cached->graph->codes;
	uint64_t ip = codes[cached->node].ip;

	cached->inside = false;
	cached->batch.left = true;
	cached->batch.leave = (ptm_cached_leave){ !cached->fresh, end_of(&codes[cached->last >> 1], cached->last & 1), cached->last >> 1, ip, cached->last_offset };
	flow->ip = ip;
	if (!cached->fresh)
		flow->pips = 0;
	flow->packet.kind = cached->kind;
	flow->packet_offset = cached->packet_offset;
	if (cached->bits_left) {
		flow->tnt = cached->bits >> (64 - cached->bits_left);
		flow->tnt_count = cached->bits_left;
		flow->step = PTM_STEP_TNT;
	}
}

ptm_status ptm_cached_room(ptm_cached *cached, uint64_t stop, const uint8_t **from, const uint8_t **end)
{
	ptm_pt_reader *reader = &cached->flow->reader;
	uint32_t available;

	PTM_TRY(ptm_pt_reader_view(reader, reader->offset, PTM_CACHED_AHEAD + 1, from, &available));
	*end = *from;
	/* No packet goes across the end of a recorder's buffer: the slow path sees to that. */
	if (available <= PTM_CACHED_AHEAD || reader->offset + PTM_CACHED_AHEAD >= reader->buffer_end || reader->offset >= stop)
		return PTM_OK;
	uint64_t room = stop - reader->offset;
	if (room > reader->buffer_end - PTM_CACHED_AHEAD - reader->offset)
		room = reader->buffer_end - PTM_CACHED_AHEAD - reader->offset;
	if (room > available - PTM_CACHED_AHEAD)
		room = available - PTM_CACHED_AHEAD;
	*end = *from + room;
	return PTM_OK;
}

/* Takes in the next packet, or the bits left of the last one. */
static ptm_status take_next(ptm_cached *cached, uint64_t stop, ptm_went *went)
{
	const uint8_t *from, *end;

	*went = PTM_WENT_OUT;
	if (ptm_graph_is_full(cached->graph, MOST_NEW_NODES))
		return PTM_OK;
	if (cached->bits_left && !ptm_cached_waits_for_tip(cached)) {
		*went = ptm_cached_take_rest(cached);
		return PTM_OK;
	}
	PTM_TRY(ptm_cached_room(cached, stop, &from, &end));
	if (from < end)
		*went = ptm_cached_take_packet(cached, from, end);
	return PTM_OK;
}

ptm_status ptm_cached_step(ptm_cached *cached, uint64_t stop, bool leave, const ptm_cached_batch **batch)
{
	const ptm_pt_reader *reader = &cached->flow->reader;
	ptm_went went = PTM_WENT_ON;

	ptm_cached_begin(cached);
	if (stop >= reader->limit) {
		stop = reader->limit;
		leave = true;
	}
	if (reader->offset < stop)
		PTM_TRY(take_next(cached, stop, &went));
	else if (leave)
		went = PTM_WENT_OUT;
	if (went == PTM_WENT_WRONG)
		return PTM_NO_MEMORY;
	ptm_cached_end(cached);
	if (went != PTM_WENT_ON)
		hand_back(cached);
	*batch = &cached->batch;
	return PTM_OK;
}

bool ptm_cached_inside(const ptm_cached *cached)
{
	return cached->inside;
}
