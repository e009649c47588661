/* SPDX-License-Identifier: Apache-2.0 */
/* The call tree of a long time range without decoding it: the sum of its segments,
 * less what the first of them did before the range, plus what the segment in which
 * it ends did until then. These two beginnings of segments are decoded again. */
#include "api/stretch.h"

/* A range of fewer segments is decoded as a window: that is no more. */
#define LEAST_SEGMENTS 2

struct ptm_range {
	uint64_t start_ns, end_ns; /* absolute */
	uint32_t version;
	uint32_t queue;          /* being summed */
	uint32_t first, last;    /* its segments that the range starts and ends in */
	uint32_t next;           /* of these, the first that is not summed yet */
	bool has_start, at_end;  /* of the queue: what is before the start is done, what is before the end */
	bool is_refused;         /* some sum is not known: the range must be decoded */
	ptm_stretch edge;
	ptm_weights *rows;       /* of the call tree */
	uint32_t count;
};

void ptm_range_free(ptm_session *session)
{
	if (!session->range)
		return;
	ptm_stretch_free(session, &session->range->edge);
	free(session->range->rows);
	free(session->range);
	session->range = NULL;
}

bool ptm_range_is_summed(const ptm_session *session)
{
	return session->range && !session->range->is_refused;
}

void ptm_range_give_up(ptm_session *session)
{
	if (session->range && session->range->edge.started)
		ptm_range_free(session);
}

/* The segment of `queue` that holds what begins just before `time_ns`; stores whether anything does. */
static uint32_t segment_of(ptm_session *session, uint32_t queue, uint64_t time_ns, bool *has_before)
{
	const ptm_checkpoint *before = ptm_checkpoint_by_time(session, queue, time_ns);
	*has_before = before;
	return before ? ptm_segment_at(session, queue, before->offset) : session->first_segment.at[queue];
}

/* Whether perf lost trace in the segment: there its part was cut by more than its packets. */
static bool is_truncated(const ptm_session *session, uint32_t row)
{
	const ptm_segment *segment = &session->segments.at[row];
	for (uint32_t i = 0; i < session->truncations.length; i++) {
		const ptm_truncation *lost = &session->truncations.at[i];
		if (lost->queue == segment->queue && lost->offset >= segment->offset && lost->offset <= segment->limit)
			return true;
	}
	return false;
}

/* Starts to decode what a segment did before `time_ns` (UINT64_MAX: all it did). */
static ptm_status start_edge(ptm_session *session, ptm_range *range, uint32_t segment, uint64_t time_ns)
{
	uint64_t offset = session->segments.at[segment].offset;
	bool is_first = segment == session->first_segment.at[range->queue];
	const ptm_checkpoint *from = is_first ? NULL : ptm_checkpoint_by_offset(session, range->queue, offset);

	if (is_truncated(session, segment) || (!is_first && (!from || from->offset != offset)))
		return PTM_NOT_FOUND;
	range->edge = (ptm_stretch){ .queue = range->queue, .thread = PTM_ALL, .end_ns = time_ns,
				     .limit = time_ns == UINT64_MAX ? session->segments.at[segment].limit : 0 };
	return ptm_stretch_start(session, &range->edge, from, segment);
}

/* Decodes a slice of an edge and adds it when it is whole; PTM_END then. */
static ptm_status step_edge(ptm_session *session, ptm_range *range, uint32_t segment, uint64_t time_ns, int64_t sign)
{
	const uint8_t *bytes;
	size_t length;

	if (!range->edge.started)
		PTM_TRY(start_edge(session, range, segment, time_ns));
	ptm_status status = ptm_stretch_step(&range->edge);
	if (status != PTM_END)
		return status;
	PTM_TRY(ptm_stretch_finish(&range->edge, &bytes, &length));
	PTM_TRY(ptm_profile_add_start(session->profile, bytes, length, segment, sign, range->rows));
	ptm_stretch_free(session, &range->edge);
	return PTM_END;
}

/* Adds the segments that lie in the range, where their sums were given up decoded again; PTM_END: they are in. */
static ptm_status step_sums(ptm_session *session, ptm_range *range)
{
	ptm_status status = range->edge.started ? PTM_MORE : ptm_profile_add_segments(session->profile, &range->next, range->last, range->rows);

	if (status != PTM_MORE)
		return status == PTM_OK ? PTM_END : status;
	status = step_edge(session, range, range->next, UINT64_MAX, 1);
	if (status != PTM_END)
		return status;
	range->next++;
	return PTM_OK;
}

/* A slice of work on the current queue; PTM_END: it is done. */
static ptm_status step_queue(ptm_session *session, ptm_range *range)
{
	bool before_start, before_end;

	range->first = segment_of(session, range->queue, range->start_ns, &before_start);
	range->last = segment_of(session, range->queue, range->end_ns, &before_end);
	if (!ptm_profile_has_sums(session->profile, range->queue, range->first, before_end ? range->last + 1 : range->last))
		return PTM_NOT_FOUND;
	if (!range->has_start) {
		ptm_status status = before_start ? step_edge(session, range, range->first, range->start_ns, -1) : PTM_END;
		if (status != PTM_END)
			return status;
		range->has_start = true;
		range->next = range->first;
	}
	if (!range->at_end) {
		ptm_status status = step_sums(session, range);
		if (status != PTM_END)
			return status;
		range->at_end = true;
		if (before_end)
			return PTM_OK;
	}
	return before_end ? step_edge(session, range, range->last, range->end_ns, 1) : PTM_END;
}

static ptm_status open_range(ptm_session *session, uint64_t start_ns, uint64_t end_ns)
{
	uint32_t count;

	(void)ptm_profile_call_tree(session->profile, &count);
	ptm_range_free(session);
	ptm_window_give_up(session);
	session->range = calloc(1, sizeof *session->range);
	if (!session->range)
		return PTM_NO_MEMORY;
	*session->range = (ptm_range){ .start_ns = start_ns, .end_ns = end_ns, .version = session->version, .count = count };
	session->range->rows = calloc(count + 1, sizeof *session->range->rows);
	return session->range->rows ? PTM_OK : PTM_NO_MEMORY;
}

/* Counts cannot be below zero: then something was not as assumed. */
static bool is_sound(const ptm_range *range)
{
	for (uint32_t i = 0; i < range->count; i++) {
		const ptm_weights *row = &range->rows[i];
		if (row->calls < 0 || row->self_ns < 0 || row->self_instructions < 0 || row->self_cycles < 0)
			return false;
	}
	return true;
}

static ptm_status step(ptm_session *session, ptm_range *range)
{
	if (range->queue >= session->file.queues.length)
		return PTM_OK;
	ptm_status status = step_queue(session, range);
	if (status == PTM_OK)
		return PTM_MORE;
	if (status != PTM_END)
		return status;
	range->has_start = range->at_end = false;
	range->queue++;
	if (range->queue < session->file.queues.length)
		return PTM_MORE;
	ptm_weights_balance(range->rows, range->count);
	return is_sound(range) ? PTM_OK : PTM_NOT_FOUND;
}

ptm_status ptm_range_tree(ptm_session *session, const ptm_request *request, const ptm_weights **rows)
{
	uint64_t start_ns = ptm_absolute_ns(session, request->start_ns), end_ns = ptm_absolute_ns(session, request->end_ns);
	ptm_range *range = session->range;

	if ((!request->start_ns && !request->end_ns) || session->flow_source != PTM_SOURCE_PT || session->without_cache || end_ns <= start_ns)
		return PTM_NOT_FOUND;
	if (!range || range->start_ns != start_ns || range->end_ns != end_ns || range->version != session->version) {
		if (ptm_window_bytes(session, start_ns, end_ns) < LEAST_SEGMENTS * (uint64_t)session->segment_bytes)
			return PTM_NOT_FOUND;
		PTM_TRY(open_range(session, start_ns, end_ns));
		range = session->range;
	}
	if (range->is_refused)
		return PTM_NOT_FOUND;
	ptm_status status = step(session, range);
	if (status == PTM_NOT_FOUND) {
		ptm_stretch_free(session, &range->edge);
		range->is_refused = true;
	}
	*rows = range->rows;
	return status;
}
