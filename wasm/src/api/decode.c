/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding one segment into a profile part, in slices, and merging parts. */
#include "api/session.h"
#include "pt/event.h"

ptm_status ptm_part_take(ptm_part *part, const ptm_item *item)
{
	return item->kind == PTM_ITEM_CHECKPOINT ? ptm_part_checkpoint(part, item->offset, item->end_ns, item->payload)
						 : ptm_part_add(part, item);
}

/* Clocks are kept at checkpoints this far apart, at most; of a segment's bytes, at most this part. */
#define MARK_BYTES (128u << 10)
#define MARK_PART 8

/* Keeps the clock at some checkpoints. */
static ptm_status take_mark(ptm_session *session, const ptm_item *item)
{
	const ptm_clock *clock = item->kind == PTM_ITEM_CHECKPOINT ? ptm_flow_checkpoint_clock(session->flow, item->offset) : NULL;
	uint32_t apart = session->segment_bytes / MARK_PART < MARK_BYTES ? session->segment_bytes / MARK_PART : MARK_BYTES;

	if (!clock || item->offset - session->marked < apart)
		return PTM_OK;
	session->marked = item->offset;
	return ptm_part_mark_clock(session->part, item->offset, clock);
}

static void stop(ptm_session *session)
{
	/* A part given up in the middle leaves counts behind. */
	if (session->part && !session->part_bytes) {
		ptm_graph_free(&session->graph);
		ptm_graph_init(&session->graph, &session->blocks);
	}
	if (session->flow)
		ptm_stream_want(&session->stream, 0, 0);
	ptm_cached_free(session->cached);
	ptm_flow_free(session->flow);
	if (session->part)
		session->spare_part = session->part;
	session->cached = NULL;
	session->flow = NULL;
	session->part = NULL;
	session->part_bytes = NULL;
	session->part_length = 0;
	session->decoding = UINT32_MAX;
}

/* First truncation at or after `offset` of a queue. */
static uint32_t first_truncation(const ptm_session *session, uint32_t queue, uint64_t offset)
{
	uint32_t row = 0;
	while (row < session->truncations.length &&
	       (session->truncations.at[row].queue < queue ||
		(session->truncations.at[row].queue == queue && session->truncations.at[row].offset < offset)))
		row++;
	return row;
}

/* Puts the gap of a truncation before the first item that comes after it. */
static ptm_status take_truncation(ptm_session *session, const ptm_item *item)
{
	const ptm_segment *segment = &session->segments.at[session->decoding];
	while (session->truncation < session->truncations.length) {
		const ptm_truncation *next = &session->truncations.at[session->truncation];
		if (next->queue != segment->queue || next->offset >= segment->limit || item->offset < next->offset)
			break;
		ptm_item gap = *item;
		gap.kind = PTM_ITEM_GAP;
		gap.reason = PTM_GAP_AUX_TRUNCATED;
		/* Of the last good packet, where what comes is the first PSB behind it. */
		if (item->kind == PTM_ITEM_EVENT && item->event == PTM_EVENT_PSB && item->found_ns && item->found_ns < gap.start_ns)
			gap.start_ns = item->found_ns;
		gap.end_ns = gap.found_ns = gap.start_ns;
		gap.ip = gap.bytes = gap.payload = 0;
		gap.offset = next->offset;
		session->truncation++;
		PTM_TRY(ptm_part_add(session->part, &gap));
	}
	return PTM_OK;
}

ptm_status ptm_decode_start(ptm_session *session, uint32_t row)
{
	ptm_flow_config config;

	stop(session);
	if (row >= session->segments.length)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "There is no segment %u: the trace has %u.", row, session->segments.length);
	const ptm_segment *segment = &session->segments.at[row];
	session->stream = ptm_stream_of(session, segment->queue);
	ptm_stream_want(&session->stream, segment->offset, segment->limit);
	PTM_TRY(ptm_segment_clock(session, row));
	if (session->spare_part)
		ptm_part_restart(session->spare_part, row, segment->queue);
	else
		PTM_TRY(ptm_part_new(&session->spare_part, row, segment->queue, &session->blocks, session->spaces));
	session->part = session->spare_part;
	session->spare_part = NULL;
	ptm_part_leave_out(session->part, ptm_profile_leaves_out(session->profile));
	ptm_stream_config(&session->stream, &config);
	PTM_TRY(ptm_flow_new(&session->flow, &session->blocks, &config, segment->offset, segment->limit, &segment->clock));
	if (ptm_flow_pt(session->flow) && !session->without_cache)
		PTM_TRY(ptm_cached_new(&session->cached, ptm_flow_pt(session->flow), &session->graph, NULL));
	session->decoding = row;
	session->marked = segment->offset;
	session->truncation = first_truncation(session, segment->queue, segment->offset);
	return PTM_OK;
}

/* The clock where this segment ends is that of the next. */
static void take_limit_clock(ptm_session *session)
{
	ptm_segment *segment = &session->segments.at[session->decoding], *next = segment + 1;
	const ptm_clock *limit = ptm_flow_limit_clock(session->flow);
	ptm_clock in = ptm_clock_at_cut(&segment->clock), out = limit ? ptm_clock_at_cut(limit) : in;

	ptm_part_clocks(session->part, &in, &out);
	if (session->decoding + 1 < session->segments.length && next->queue == segment->queue &&
	    segment->clock_state == PTM_CLOCK_EXACT && next->clock_state != PTM_CLOCK_EXACT) {
		next->clock = out;
		next->clock_state = PTM_CLOCK_EXACT;
	}
}

/* Offset that only the slow path may pass: there a gap is to be told. */
static uint64_t next_truncation(const ptm_session *session)
{
	if (session->truncation >= session->truncations.length)
		return UINT64_MAX;
	const ptm_truncation *next = &session->truncations.at[session->truncation];
	return next->queue == session->segments.at[session->decoding].queue ? next->offset : UINT64_MAX;
}

/* Decodes by the fast path up to `until`, a batch of it. Stores whether it goes on. */
static ptm_status step_fast(ptm_session *session, uint64_t until, bool *goes_on)
{
	uint64_t truncation = next_truncation(session);
	uint32_t thread;
	bool left;

	*goes_on = session->cached && ptm_cached_inside(session->cached);
	if (session->cached && !*goes_on) {
		PTM_TRY(ptm_cached_enter(session->cached, goes_on, &thread));
		ptm_part_before_entry(session->part, thread);
	}
	if (!*goes_on)
		return PTM_OK;
	PTM_TRY(ptm_part_run_fast(session->part, session->cached, until < truncation ? until : truncation, truncation <= until, &left));
	*goes_on = !left;
	return PTM_OK;
}

ptm_status ptm_decode_step(ptm_session *session, uint32_t budget)
{
	ptm_item item;
	ptm_status status = PTM_OK;

	if (session->decoding == UINT32_MAX || session->part_bytes)
		return PTM_BAD_REQUEST;
	uint64_t until = ptm_flow_offset(session->flow) + budget;
	while (ptm_flow_offset(session->flow) < until) {
		bool is_fast;
		PTM_TRY(step_fast(session, until, &is_fast));
		if (is_fast)
			continue;
		status = ptm_flow_next(session->flow, &item);
		if (status != PTM_OK)
			break;
		PTM_TRY(take_truncation(session, &item));
		PTM_TRY(ptm_part_take(session->part, &item));
		PTM_TRY(take_mark(session, &item));
	}
	if (status == PTM_OK)
		return PTM_MORE;
	if (status != PTM_END)
		return status;
	take_limit_clock(session);
	ptm_loss_end loss_end = ptm_flow_loss_end(session->flow);
	ptm_part_lose_bytes(session->part, ptm_flow_lost_bytes(session->flow));
	ptm_part_loss_end(session->part, &loss_end);
	ptm_stream_want(&session->stream, 0, 0);
	/* The limit's PSB+ is read by the next segment too: it counts there. */
	const ptm_segment *segment = &session->segments.at[session->decoding];
	uint64_t packets = ptm_flow_segment_packets(session->flow);
	PTM_TRY(ptm_part_finish(session->part, segment->limit, packets));
	PTM_TRY(ptm_part_serialize(session->part, &session->part_bytes, &session->part_length));
	return PTM_END;
}

const uint8_t *ptm_decode_part(const ptm_session *session, size_t *length)
{
	*length = session->part_length;
	return session->part_bytes;
}

ptm_status ptm_session_merge(ptm_session *session, const uint8_t *part, size_t length)
{
	uint64_t instructions;
	uint32_t segment = ptm_part_segment(part, length, &instructions);
	session->version++;
	ptm_status status = ptm_profile_merge(session->profile, part, length);
	if (status == PTM_OK && segment < session->segments.length && !session->segments.at[segment].merged) {
		session->segments.at[segment].merged = true;
		session->segments.at[segment].instructions = instructions;
		session->instructions += instructions;
	}
	if (status == PTM_BAD_DATA)
		return ptm_message_set(&session->message, status, "A decoded part of %zu bytes is damaged: it was not merged.", length);
	return status;
}

void ptm_session_without_ranges(ptm_session *session)
{
	if (session->profile)
		ptm_profile_forget_sums(session->profile);
}

double ptm_session_instructions(const ptm_session *session)
{
	return (double)session->instructions;
}

uint32_t ptm_session_clock_breaks(ptm_session *session)
{
	return session->profile ? ptm_profile_clock_breaks(session->profile) : 0;
}

void ptm_session_segment_bytes(ptm_session *session, uint32_t bytes)
{
	session->segment_bytes = bytes;
}

void ptm_session_guest_code(ptm_session *session)
{
	session->guest_code = true;
}

void ptm_session_guest_files(ptm_session *session, int32_t machine)
{
	session->images.for_guest = machine;
}

void ptm_session_exact_clocks(ptm_session *session)
{
	session->exact_clocks = true;
}
