/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of a BTS trace as spans: pieces of AUX data (AUXTRACE) hold whole
 * records from their start on, AUX records say whose they are and by when they
 * were made. */
#include "api/session.h"

/* One AUX record of a queue, in the queue's AUX offsets. */
typedef struct aux_range {
	uint64_t start, end, time;
	uint32_t thread;
	bool lost;               /* trace was lost before its end */
} aux_range;

typedef struct builder {
	ptm_session *session;
	uint32_t queue, thread;  /* thread: of the queue */
	PTM_ARRAY(uint32_t) rows;/* of the AUX and ITRACE_START records, for all queues */
	PTM_ARRAY(aux_range) ranges;
	uint32_t range;          /* next one */
	uint64_t stream;         /* position */
	uint64_t since_ns;       /* what comes next was made after it */
	uint64_t before;         /* as in ptm_bts_span */
	uint64_t missing;
	bool lost;
	uint32_t last_thread;
} builder;

static int compare_ranges(const void *left, const void *right)
{
	const aux_range *a = left, *b = right;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->time < b->time ? -1 : a->time > b->time;
}

/* The AUX records of the builder's queue (those of snapshots are of no use: their
 * offsets are a ring's), and the time it started at. */
static ptm_status gather(builder *build)
{
	const ptm_trace_file *file = &build->session->file;
	const ptm_queue *queue = &file->queues.at[build->queue];

	build->since_ns = 0;
	for (uint32_t i = 0; i < build->rows.length; i++) {
		const ptm_record *record = &file->records.at[build->rows.at[i]];
		bool own = queue->cpu >= 0 ? record->cpu == queue->cpu : record->tid == queue->tid;
		if (!own)
			continue;
		if (record->type == PTM_RECORD_ITRACE_START && !build->since_ns)
			build->since_ns = record->time;
		if (record->type != PTM_RECORD_AUX || build->session->bts.snapshot)
			continue;
		uint64_t end = record->as.aux.offset + record->as.aux.size;
		aux_range range = { record->as.aux.offset, end, record->time,
			ptm_sideband_thread(&build->session->sideband, record->pid, record->tid), record->as.aux.flags & 1 };
		if (end >= range.start)
			PTM_TRY(ptm_array_push(&build->ranges, range));
	}
	if (!build->since_ns && file->first_time != PTM_NO_TIME)
		build->since_ns = file->first_time;
	if (build->ranges.length)
		qsort(build->ranges.at, build->ranges.length, sizeof *build->ranges.at, compare_ranges);
	return PTM_OK;
}

/* Adds the span of `records` records at the stream's position; `tail` bytes are cut off behind it. */
static ptm_status add_span(builder *build, uint64_t records, uint64_t tail, uint64_t end_ns, uint32_t thread)
{
	ptm_session *session = build->session;
	int32_t pid = session->sideband.threads.at[thread].pid;
	ptm_bts_span span = { .start = build->stream, .end = build->stream + records * PTM_BTS_RECORD,
		.before = thread == build->last_thread ? build->before : PTM_BTS_NOTHING, .missing = build->missing, .lost = build->lost,
		.start_ns = build->since_ns < end_ns ? build->since_ns : end_ns, .end_ns = end_ns, .thread = thread,
		.space = ptm_spaces_at(session->spaces, pid, end_ns ? end_ns : UINT64_MAX - 1) };

	span.next = span.end + tail;
	build->stream = span.next;
	build->before = tail || !records ? PTM_BTS_NOTHING : span.end - PTM_BTS_RECORD;
	build->last_thread = thread;
	build->missing = build->lost = 0;
	if (!build->ranges.length && end_ns > build->since_ns)
		build->since_ns = end_ns;
	return ptm_array_push(&session->bts_spans, span);
}

/* A piece without AUX records: all that is known is when perf fetched it. */
static uint64_t fetched_ns(const builder *build, const ptm_aux_chunk *chunk)
{
	return build->session->bts.timeless || !chunk->reference ? 0 : ptm_time_ns(&build->session->time, chunk->reference);
}

static ptm_status add_chunk(builder *build, const ptm_aux_chunk *chunk)
{
	uint64_t size = chunk->size / PTM_BTS_RECORD * PTM_BTS_RECORD, tail = chunk->size - size, done = 0;

	do {
		uint64_t end_ns = fetched_ns(build, chunk), more = size - done, at = chunk->aux_offset + done;
		uint32_t thread = build->thread;
		while (build->range < build->ranges.length && build->ranges.at[build->range].end <= at) {
			const aux_range *past = &build->ranges.at[build->range++];
			if (past->time > build->since_ns)
				build->since_ns = past->time;
			if (past->lost)
				build->before = PTM_BTS_NOTHING;
		}
		if (build->range < build->ranges.length) {
			const aux_range *range = &build->ranges.at[build->range];
			uint64_t until = range->start <= at ? range->end - at : range->start - at;
			uint64_t whole = (until + PTM_BTS_RECORD - 1) / PTM_BTS_RECORD * PTM_BTS_RECORD;
			if (whole < more)
				more = whole;
			if (range->start <= at) {
				end_ns = range->time;
				thread = range->thread ? range->thread : thread;
			}
		}
		done += more;
		PTM_TRY(add_span(build, more / PTM_BTS_RECORD, done == size ? tail : 0, end_ns, thread));
	} while (done < size);
	return PTM_OK;
}

static ptm_status build_queue(builder *build)
{
	const ptm_trace_file *file = &build->session->file;
	const ptm_queue *queue = &file->queues.at[build->queue];
	uint64_t expected = queue->chunk_count ? file->chunks.at[queue->first_chunk].aux_offset : 0;

	build->ranges.length = build->range = 0;
	build->stream = build->missing = build->lost = 0;
	build->before = PTM_BTS_NOTHING;
	build->thread = build->last_thread = queue->tid > 0 ? ptm_sideband_thread(&build->session->sideband, -1, queue->tid) : 0;
	PTM_TRY(gather(build));
	for (uint32_t i = 0; i < queue->chunk_count; i++) {
		const ptm_aux_chunk *chunk = &file->chunks.at[queue->first_chunk + i];
		if (chunk->aux_offset != expected) {
			build->before = PTM_BTS_NOTHING;
			build->lost = true;
			if (!build->session->bts.snapshot && chunk->aux_offset > expected)
				build->missing = chunk->aux_offset - expected;
		}
		expected = chunk->aux_offset + chunk->size;
		PTM_TRY(add_chunk(build, chunk));
	}
	return PTM_OK;
}

ptm_status ptm_bts_spans_build(ptm_session *session)
{
	builder build = { .session = session };
	ptm_status status = PTM_OK;

	session->bts_spans.length = session->first_bts_span.length = 0;
	for (uint32_t row = 0; status == PTM_OK && row < session->file.records.length; row++) {
		const ptm_record *record = &session->file.records.at[row];
		if ((record->type == PTM_RECORD_AUX || record->type == PTM_RECORD_ITRACE_START) && record->time != PTM_NO_TIME)
			status = ptm_array_push(&build.rows, row);
	}
	for (build.queue = 0; status == PTM_OK && build.queue < session->file.queues.length; build.queue++) {
		status = ptm_array_push(&session->first_bts_span, session->bts_spans.length);
		if (status == PTM_OK)
			status = build_queue(&build);
	}
	ptm_array_free(&build.ranges);
	ptm_array_free(&build.rows);
	PTM_TRY(status);
	return ptm_array_push(&session->first_bts_span, session->bts_spans.length);
}

ptm_status ptm_bts_spans_find(void *opaque, uint64_t offset, ptm_bts_span *span)
{
	const ptm_stream *stream = opaque;
	const ptm_session *session = stream->session;
	uint32_t low = session->first_bts_span.at[stream->queue], end = session->first_bts_span.at[stream->queue + 1], high = end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (session->bts_spans.at[middle].next <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == end)
		return PTM_END;
	*span = session->bts_spans.at[low];
	return PTM_OK;
}
