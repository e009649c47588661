/* SPDX-License-Identifier: Apache-2.0 */
/* Samples as queues, for a file without AUX data: one for each CPU, or for each
 * thread where the samples do not tell their CPU. A queue's stream is its
 * samples' records, one behind the other in order of time. */
#include "api/session.h"

static int compare_samples(const void *left, const void *right)
{
	const ptm_queue_sample *a = left, *b = right;
	if (a->queue != b->queue)
		return a->queue < b->queue ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static int compare_queues(const void *left, const void *right)
{
	const ptm_queue *a = left, *b = right;
	if (a->cpu != b->cpu)
		return a->cpu < b->cpu ? -1 : 1;
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

static ptm_queue queue_of(const ptm_sample_ref *ref)
{
	return (ptm_queue){ .cpu = ref->cpu, .tid = ref->cpu < 0 ? ref->tid : -1 };
}

/* One queue for every CPU or thread that has samples. */
static ptm_status make_queues(ptm_trace_file *file)
{
	PTM_ARRAY(ptm_queue) all = { 0 };
	ptm_status status = PTM_OK;

	for (uint32_t i = 0; status == PTM_OK && i < file->samples.length; i++) {
		ptm_queue queue = queue_of(&file->samples.at[i]);
		status = ptm_array_push(&all, queue);
	}
	if (status == PTM_OK && all.length)
		qsort(all.at, all.length, sizeof *all.at, compare_queues);
	for (uint32_t i = 0; status == PTM_OK && i < all.length; i++) {
		if (i && !compare_queues(&all.at[i], &all.at[i - 1]))
			continue;
		all.at[i].index = file->queues.length;
		status = ptm_array_push(&file->queues, all.at[i]);
	}
	ptm_array_free(&all);
	return status;
}

static uint32_t find_queue(const ptm_trace_file *file, const ptm_sample_ref *ref)
{
	ptm_queue wanted = queue_of(ref);
	uint32_t low = 0, high = file->queues.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (compare_queues(&file->queues.at[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

ptm_status ptm_sample_queues_build(ptm_session *session)
{
	ptm_trace_file *file = &session->file;
	uint32_t queue = UINT32_MAX, thread;

	PTM_TRY(make_queues(file));
	PTM_TRY(ptm_array_reserve(&session->queue_samples, file->samples.length));
	for (uint32_t i = 0; i < file->samples.length; i++) {
		const ptm_sample_ref *ref = &file->samples.at[i];
		PTM_TRY(ptm_sideband_make_thread(&session->sideband, file, ref->pid, ref->tid, &thread));
		ptm_queue_sample sample = { .row = i, .queue = find_queue(file, ref) };
		session->queue_samples.at[session->queue_samples.length++] = sample;
	}
	if (session->queue_samples.length)
		qsort(session->queue_samples.at, session->queue_samples.length, sizeof *session->queue_samples.at, compare_samples);
	for (uint32_t i = 0; i < session->queue_samples.length; i++) {
		ptm_queue_sample *sample = &session->queue_samples.at[i];
		if (sample->queue != queue)
			PTM_TRY(ptm_array_push(&session->first_queue_sample, i));
		queue = sample->queue;
		sample->start = file->queues.at[queue].size;
		file->queues.at[queue].size += file->samples.at[sample->row].size;
	}
	return ptm_array_push(&session->first_queue_sample, session->queue_samples.length);
}

/* Row of the first sample of a queue that starts at or after `offset`. */
static uint32_t sample_at(const ptm_session *session, uint32_t queue, uint64_t offset)
{
	uint32_t low = session->first_queue_sample.at[queue], high = session->first_queue_sample.at[queue + 1];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (session->queue_samples.at[middle].start < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool ptm_sample_has_flow(const ptm_attr *attr)
{
	uint64_t kind = attr->branch_sample_type;
	return attr->sample_type & PTM_SAMPLE_BRANCH_STACK && (!kind || kind & PTM_BRANCH_ANY) &&
	       !(kind & (PTM_BRANCH_CALL_STACK | PTM_BRANCH_IN_TX | PTM_BRANCH_NO_TX));
}

static void fill_entries(const ptm_sample *sample, const ptm_attr *attr, ptm_lbr_stack *stack)
{
	stack->count = sample->branch_count < PTM_LBR_MOST ? sample->branch_count : PTM_LBR_MOST;
	stack->timed = false;
	for (uint32_t i = 0; i < stack->count; i++) {
		ptm_branch branch = ptm_sample_branch(sample, i);
		stack->entries[i] = (ptm_lbr_entry){ .from = branch.from, .to = branch.to, .cycles = branch.cycles,
						     .abort = branch.abort, .in_transaction = branch.in_transaction };
		stack->timed |= branch.cycles != 0;
	}
	if (attr->branch_sample_type & PTM_BRANCH_NO_CYCLES)
		stack->timed = false;
}

ptm_status ptm_sample_queues_stack(void *opaque, uint64_t offset, ptm_lbr_stack *stack)
{
	const ptm_stream *stream = opaque;
	ptm_session *session = stream->session;
	uint32_t row = sample_at(session, stream->queue, offset), first = session->first_queue_sample.at[stream->queue];
	ptm_sample sample;

	for (; row < session->first_queue_sample.at[stream->queue + 1]; row++) {
		const ptm_queue_sample *at = &session->queue_samples.at[row];
		const ptm_sample_ref *ref = &session->file.samples.at[at->row];
		const ptm_attr *attr = &session->file.attrs.at[ref->attr];
		if (!ptm_sample_has_flow(attr))
			continue;
		PTM_TRY(ptm_sample_read(&session->file, at->row, &sample));
		stack->start = at->start;
		stack->end = at->start + ref->size;
		stack->time_ns = ref->time;
		stack->floor_ns = row > first ? session->file.samples.at[at[-1].row].time : 0;
		stack->ip = sample.ip;
		stack->thread = ptm_sideband_thread(&session->sideband, ref->pid, ref->tid);
		stack->space = ptm_spaces_at(session->spaces, ref->pid, ref->time);
		fill_entries(&sample, attr, stack);
		return PTM_OK;
	}
	return PTM_END;
}

uint64_t ptm_sample_queues_count(void *opaque, uint64_t offset, uint64_t limit)
{
	const ptm_stream *stream = opaque;
	uint32_t end = sample_at(stream->session, stream->queue, limit);
	uint64_t count = 0;

	for (uint32_t row = sample_at(stream->session, stream->queue, offset); row < end; row++) {
		uint32_t attr = stream->session->file.samples.at[stream->session->queue_samples.at[row].row].attr;
		count += ptm_sample_has_flow(&stream->session->file.attrs.at[attr]);
	}
	return count;
}

ptm_status ptm_sample_queues_cut(ptm_session *session, uint32_t queue)
{
	uint64_t size = session->file.queues.at[queue].size, offset = 0;

	do {
		uint32_t row = sample_at(session, queue, offset + session->segment_bytes);
		bool is_last = row >= session->first_queue_sample.at[queue + 1];
		uint64_t limit = is_last ? size : session->queue_samples.at[row].start;
		ptm_segment segment = { .queue = queue, .offset = offset, .limit = limit, .clock_state = PTM_CLOCK_EXACT };
		PTM_TRY(ptm_array_push(&session->segments, segment));
		offset = limit;
	} while (offset < size);
	return PTM_OK;
}

ptm_status ptm_sample_queues_start(ptm_session *session, uint32_t queue, uint64_t *time_ns)
{
	ptm_stream stream = ptm_stream_of(session, queue);
	ptm_lbr_stack *stack = calloc(1, sizeof *stack);
	ptm_status status = stack ? ptm_sample_queues_stack(&stream, 0, stack) : PTM_NO_MEMORY;
	double before_ns = 0;

	*time_ns = session->file.samples.at[session->queue_samples.at[session->first_queue_sample.at[queue]].row].time;
	if (status == PTM_OK && !stack->floor_ns && stack->timed) {
		for (uint32_t i = 0; i + 1 < stack->count; i++)
			before_ns += stack->entries[i].cycles * session->cycle_ns;
		*time_ns = before_ns < (double)stack->time_ns ? stack->time_ns - (uint64_t)before_ns : stack->time_ns;
	}
	free(stack);
	return status == PTM_END ? PTM_OK : status;
}

/* The clock rate that the CPU's name tells ("… @ 2.40GHz"), as ns per cycle; 0: it tells none. */
static double cycle_ns_of(const char *cpu)
{
	const char *at = strrchr(cpu, '@');
	double gigahertz = at ? strtod(at + 1, NULL) : 0;
	return gigahertz > 0.1 && gigahertz < 20 ? 1 / gigahertz : 0;
}

ptm_status ptm_sample_queues_open(ptm_session *session)
{
	bool has_stacks = false, timed = false;

	for (uint32_t i = 0; i < session->file.samples.length && !timed; i++) {
		const ptm_sample_ref *ref = &session->file.samples.at[i];
		if (!ref->branches || !ptm_sample_has_flow(&session->file.attrs.at[ref->attr]))
			continue;
		has_stacks = true;
		timed = ref->timed;
	}
	session->flow_source = PTM_SOURCE_LBR;
	session->has_branch_flow = has_stacks;
	session->pt = (ptm_pt_info){ .attr = UINT32_MAX, .timeless = session->file.first_time == PTM_NO_TIME,
				    .cyc_enabled = timed };
	session->time = (ptm_time){ .mult = 1 };
	session->cycle_ns = cycle_ns_of(ptm_strings_get(&session->strings, session->file.cpu_description));
	session->cycle_ns_assumed = timed && !(session->cycle_ns > 0);
	if (session->cycle_ns_assumed)
		session->cycle_ns = 1;
	return PTM_OK;
}
