/* SPDX-License-Identifier: Apache-2.0 */
/* Table `samples`: the rows of perf script, in perf's order. perf decodes the
 * queues side by side, always the one that lags, and lets sideband records in
 * between as their time comes; which thread a row names depends on that order. */
#include "api/samples_bts.h"
#include "api/samples_state.h"

void ptm_samples_free(ptm_samples *samples)
{
	if (!samples)
		return;
	for (uint32_t i = 0; i < samples->lanes.length; i++)
		ptm_flow_free(samples->lanes.at[i].flow);
	ptm_array_free(&samples->lanes);
	ptm_array_free(&samples->heap);
	ptm_array_free(&samples->running);
	ptm_array_free(&samples->unreadable);
	free(samples);
}

/* ---------------------------------------------------------------- the heap */

/* A binary heap by time that breaks ties as perf's does. */
static void heap_place(ptm_samples *samples, uint32_t at, ptm_heap_entry entry)
{
	ptm_heap_entry *heap = samples->heap.at;
	while (at) {
		uint32_t parent = (at - 1) / 2;
		if (heap[parent].tsc <= entry.tsc)
			break;
		heap[at] = heap[parent];
		at = parent;
	}
	heap[at] = entry;
}

static ptm_status heap_add(ptm_samples *samples, uint32_t row, uint64_t tsc)
{
	ptm_heap_entry entry = { tsc, row };
	PTM_TRY(ptm_array_push(&samples->heap, entry));
	heap_place(samples, samples->heap.length - 1, entry);
	return PTM_OK;
}

/* Takes the first entry out. The hole sinks to the bottom and the last entry
 * fills it; on its way the last entry still counts as a child, and of equal
 * children the right one moves up. */
static void heap_pop(ptm_samples *samples)
{
	ptm_heap_entry *heap = samples->heap.at;
	uint32_t count = samples->heap.length, at = 0;
	ptm_heap_entry last = heap[count - 1];

	while (at * 2 + 1 < count) {
		uint32_t left = at * 2 + 1, right = left + 1;
		uint32_t child = right >= count || heap[left].tsc < heap[right].tsc ? left : right;
		heap[at] = heap[child];
		at = child;
	}
	samples->heap.length--;
	if (at < samples->heap.length)
		heap_place(samples, at, last);
}

/* ------------------------------------------------------------------ lanes */

static ptm_status open_lanes(ptm_session *session, ptm_samples *samples)
{
	uint32_t count = session->file.queues.length;
	PTM_TRY(ptm_array_reserve(&samples->lanes, count));
	for (uint32_t queue = 0; queue < count; queue++) {
		ptm_lane *added = &samples->lanes.at[samples->lanes.length++];
		ptm_flow_config config;
		*added = (ptm_lane){ .stream = ptm_stream_of(session, queue) };
		ptm_stream_config(&added->stream, &config);
		const ptm_segment *first = &session->segments.at[session->first_segment.at[queue]];
		PTM_TRY(ptm_flow_new(&added->flow, &session->blocks, &config, 0, ptm_stream_size(&added->stream), &first->clock));
	}
	return PTM_OK;
}

/* Next item of a lane that perf would call a state. */
static ptm_status next_state(ptm_lane *from)
{
	do {
		ptm_status status = ptm_flow_next(from->flow, &from->item);
		if (status == PTM_END)
			from->ended = true;
		PTM_TRY(status);
	} while (from->item.kind == PTM_ITEM_SWITCH || from->item.kind == PTM_ITEM_CHECKPOINT);
	from->has_item = true;
	return PTM_OK;
}

/* perf's set-up of its queues: decode each to its first time. Without times the
 * queue of a thread is decoded as a whole. */
static ptm_status set_up(const ptm_session *session, ptm_samples *samples)
{
	samples->set_up = true;
	for (uint32_t row = 0; row < samples->lanes.length; row++) {
		ptm_lane *one = &samples->lanes.at[row];
		ptm_status status;
		if (session->pt.timeless && session->file.queues.at[one->stream.queue].tid > 0) {
			PTM_TRY(heap_add(samples, row, 0));
			continue;
		}
		while ((status = next_state(one)) == PTM_OK && (one->item.kind == PTM_ITEM_GAP || !one->item.end_tsc))
			;
		if (status == PTM_END)
			continue;
		PTM_TRY(status);
		one->tsc = one->item.end_tsc;
		PTM_TRY(heap_add(samples, row, one->tsc));
	}
	return PTM_OK;
}

/* Whom perf takes to run on a queue: the last switch on its CPU says it, else the queue's own thread. */
static uint32_t thread_of(const ptm_session *session, const ptm_samples *samples, const ptm_lane *one)
{
	const ptm_queue *queue = &session->file.queues.at[one->stream.queue];
	uint32_t thread = 0;
	if (queue->cpu >= 0 && (uint32_t)queue->cpu < samples->running.length && (queue->tid <= 0 || session->pt.have_sched_switch))
		thread = samples->running.at[queue->cpu];
	return thread || queue->tid <= 0 ? thread : ptm_sideband_thread(&session->sideband, -1, queue->tid);
}

/* Decodes one lane until its time reaches the run's limit. PTM_MORE: the table is full. */
static ptm_status run_lane(ptm_session *session, ptm_samples *samples, uint32_t most)
{
	ptm_lane *one = &samples->lanes.at[samples->run_lane];

	for (;;) {
		if (ptm_table_rows(samples->table) >= most)
			return PTM_MORE;
		if (one->has_item) {
			one->has_item = false;
			PTM_TRY(ptm_samples_tell(session, samples, one));
		}
		PTM_TRY(next_state(one));
		if (one->item.kind == PTM_ITEM_GAP) {
			one->has_item = false;
			ptm_samples_take_cycles(samples, one);
			PTM_TRY(ptm_samples_tell_gap(session, samples, one));
			continue;
		}
		if (one->item.kind == PTM_ITEM_VISIT && samples->flags & PTM_SAMPLE_INSTRUCTIONS)
			PTM_TRY(ptm_samples_tell_body(session, samples, one));
		if (!ptm_samples_is_state(samples, &one->item))
			continue;
		/* Where tracing begins, an estimate ahead of the packets is corrected. */
		if (one->item.end_tsc > one->tsc || (one->item.kind == PTM_ITEM_BEGIN && !one->item.resumed))
			one->tsc = one->item.end_tsc;
		if (one->tsc >= samples->run_limit)
			return PTM_OK;
	}
}

/* Runs the lanes, always the one that lags, up to samples->limit. */
static ptm_status run_lanes(ptm_session *session, ptm_samples *samples, uint32_t most)
{
	for (;;) {
		if (!samples->in_run) {
			if (!samples->heap.length || samples->heap.at[0].tsc >= samples->limit)
				return PTM_OK;
			samples->run_lane = samples->heap.at[0].lane;
			heap_pop(samples);
			samples->run_limit = samples->limit;
			if (samples->heap.length && samples->heap.at[0].tsc + 1 < samples->limit)
				samples->run_limit = samples->heap.at[0].tsc + 1;
			ptm_lane *one = &samples->lanes.at[samples->run_lane];
			one->thread = thread_of(session, samples, one);
			samples->in_run = true;
		}
		ptm_status status = run_lane(session, samples, most);
		if (status != PTM_OK && status != PTM_END)
			return status;
		samples->in_run = false;
		if (status == PTM_OK)
			PTM_TRY(heap_add(samples, samples->run_lane, samples->lanes.at[samples->run_lane].tsc));
	}
}

/* Lets a sideband record in: what perf changes at its time. */
static ptm_status let_in(ptm_session *session, ptm_samples *samples, const ptm_record *record)
{
	int32_t pid = record->pid, tid = record->tid;

	if (record->time != PTM_NO_TIME)
		samples->record_ns = record->time;
	switch (record->type) {
	case PTM_RECORD_AUX:
		return record->as.aux.flags & 1 ? ptm_samples_tell_truncated(session, samples, record) : PTM_OK;
	case PTM_RECORD_SWITCH:
		if (record->as.swap.out)
			return PTM_OK;
		break;
	case PTM_RECORD_SWITCH_CPU_WIDE:
		if (!record->as.swap.out)
			return PTM_OK;
		pid = record->as.swap.other_pid;
		tid = record->as.swap.other_tid;
		break;
	case PTM_RECORD_ITRACE_START:
		if (!session->pt.per_cpu_mmaps)
			return PTM_OK;
		break;
	default:
		return PTM_OK;
	}
	if (record->cpu < 0 || record->cpu > 65535 || tid == -1)
		return PTM_OK;
	while (samples->running.length <= (uint32_t)record->cpu)
		PTM_TRY(ptm_array_push(&samples->running, 0));
	samples->running.at[record->cpu] = ptm_sideband_thread(&session->sideband, pid, tid);
	return PTM_OK;
}

/* Fills the table with up to `most` rows (a visit's rows stay together). */
static ptm_status fill(ptm_session *session, ptm_samples *samples, uint32_t most)
{
	for (;;) {
		if (samples->limited) {
			PTM_TRY(run_lanes(session, samples, most));
			samples->limited = false;
			if (samples->record > session->file.records.length)
				return PTM_END;
			PTM_TRY(let_in(session, samples, &session->file.records.at[samples->record - 1]));
		}
		if (samples->record >= session->file.records.length) {
			if (!samples->set_up)
				PTM_TRY(set_up(session, samples));
			samples->record++;
			samples->limit = UINT64_MAX;
			samples->limited = true;
			continue;
		}
		const ptm_record *record = &session->file.records.at[samples->record++];
		if (record->time == PTM_NO_TIME || !record->time) {
			PTM_TRY(let_in(session, samples, record));
			continue;
		}
		if (!samples->set_up)
			PTM_TRY(set_up(session, samples));
		samples->limit = ptm_time_tsc(&session->time, record->time);
		samples->limited = true;
	}
}

ptm_status ptm_query_samples(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	if (session->flow_source == PTM_SOURCE_BTS)
		return ptm_query_bts_samples(session, request, table);
	if (!request->first || !session->samples) {
		ptm_samples_free(session->samples);
		session->samples = calloc(1, sizeof *session->samples);
		if (!session->samples)
			return PTM_NO_MEMORY;
		session->samples->flags = request->flags;
		PTM_TRY(open_lanes(session, session->samples));
	}
	session->samples->table = table;
	ptm_status status = fill(session, session->samples, request->count ? request->count : 1u << 16);
	return status == PTM_END || status == PTM_MORE ? PTM_OK : status;
}
