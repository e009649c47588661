/* SPDX-License-Identifier: Apache-2.0 */
/* Table `script`: what perf script prints, in perf's order. perf decodes the
 * queues side by side, always the one that lags, and lets sideband records and
 * ordinary samples in between as their time comes; which thread a row names
 * depends on that order. */
#include "api/samples_state.h"
#include "api/script_header.h"

void ptm_samples_free(ptm_samples *samples)
{
	if (!samples)
		return;
	for (uint32_t i = 0; i < samples->lanes.length; i++)
		ptm_flow_free(samples->lanes.at[i].flow);
	for (uint32_t i = 0; i < samples->stacks.length; i++)
		ptm_thread_stack_free(&samples->stacks.at[i]);
	ptm_array_free(&samples->stacks);
	ptm_dump_free(samples->dump);
	ptm_bts_samples_free(samples->bts);
	ptm_script_free(&samples->script);
	ptm_array_free(&samples->lanes);
	ptm_array_free(&samples->heap);
	ptm_array_free(&samples->running);
	ptm_array_free(&samples->met);
	ptm_array_free(&samples->unreadable);
	free(samples);
}

/* ------------------------------------------------------------------ lanes */

/* Without times perf decodes AUX data in samples sample by sample. */
static bool is_by_sample(const ptm_session *session, const ptm_samples *samples)
{
	return session->file.sampled.queues.length && samples->script.options.timeless;
}

static ptm_status open_flow(ptm_session *session, const ptm_script_options *options, ptm_lane *one, uint64_t size)
{
	ptm_flow_config config;
	ptm_clock clock;

	ptm_stream_config(&one->stream, &config);
	config.pt.input.size = size;
	config.pt.quick = options->quick;
	config.pt.approximate_ipc = options->approximate_ipc;
	config.pt.samples_each = options->want & PTM_WANT_INSTRUCTIONS && options->period <= 1 && (!options->period || options->period_unit == PTM_PERIOD_INSTRUCTIONS);
	if (session->file.sampled.queues.length) {
		ptm_clock_init(&clock, &config.pt.clock);
		clock.reference = session->file.sampled.chunks.at[ptm_stream_queue(&one->stream)->first_chunk].reference;
	} else {
		clock = session->segments.at[session->first_segment.at[one->stream.queue]].clock;
	}
	return ptm_flow_new(&one->flow, &session->blocks, &config, 0, size, &clock);
}

static ptm_status open_lanes(ptm_session *session, ptm_samples *samples)
{
	uint32_t count = ptm_stream_perf_queues(session);
	PTM_TRY(ptm_array_reserve(&samples->lanes, count));
	for (uint32_t queue = 0; queue < count; queue++) {
		ptm_lane *added = &samples->lanes.at[samples->lanes.length++];
		*added = (ptm_lane){ .stream = ptm_stream_of_perf(session, queue), .ratio_told = UINT32_MAX };
		/* Without times it depends on who runs when it is decoded. */
		added->stream.timeless = samples->timeless;
		/* What nobody asked for is not decoded, and has no errors. */
		added->ended = !ptm_script_wants_cpu(&samples->script.options, ptm_stream_queue(&added->stream)->cpu);
		if (!samples->timeless && !is_by_sample(session, samples) && !added->ended)
			PTM_TRY(open_flow(session, &samples->script.options, added, ptm_stream_size(&added->stream)));
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

/* perf's set-up of its queues: decode each to its first time. */
static ptm_status set_up(ptm_samples *samples)
{
	samples->set_up = true;
	for (uint32_t row = 0; row < samples->lanes.length; row++) {
		ptm_lane *one = &samples->lanes.at[row];
		ptm_status status;
		if (one->ended)
			continue;
		while ((status = next_state(one)) == PTM_OK && (one->item.kind == PTM_ITEM_GAP || !one->item.end_tsc))
			;
		if (status == PTM_END)
			continue;
		PTM_TRY(status);
		one->tsc = one->item.end_tsc;
		PTM_TRY(ptm_lane_heap_add(&samples->heap, row, one->tsc));
	}
	return PTM_OK;
}

/* Whom perf takes to run on a queue: the last switch on its CPU says it, else the queue's own thread. */
static uint32_t thread_of(const ptm_session *session, const ptm_samples *samples, const ptm_lane *one)
{
	const ptm_queue *queue = ptm_stream_queue(&one->stream);
	uint32_t thread = 0;
	if (queue->cpu >= 0 && (uint32_t)queue->cpu < samples->running.length && (queue->tid <= 0 || session->pt.have_sched_switch))
		thread = samples->running.at[queue->cpu];
	return thread || queue->tid <= 0 ? thread : ptm_sideband_thread(&session->sideband, -1, queue->tid);
}

/* Whether the item's time is perf's estimate, which may lie before an earlier one. */
static bool is_estimate(const ptm_item *item)
{
	if (item->kind == PTM_ITEM_BEGIN)
		return !item->resumed && ptm_leaves_kernel(0, item->to_ip);
	/* After an error a PSB is to perf where code begins. */
	if (item->kind == PTM_ITEM_EVENT && item->event == PTM_EVENT_PSB)
		return ptm_leaves_kernel(item->ip, item->to_ip);
	return item->kind == PTM_ITEM_VISIT && ptm_leaves_kernel(item->ip, item->to_ip);
}

/* Lets a lane decode from now on what `one->thread` runs, with the maps of the records let in. */
static void run_as(const ptm_samples *samples, ptm_lane *one)
{
	if (one->stream.thread == one->thread && one->stream.record_ns == samples->record_ns)
		return;
	one->stream.thread = one->thread;
	one->stream.record_ns = samples->record_ns;
	ptm_pt_flow_ask_context(ptm_flow_pt(one->flow));
}

/* Behind the last of the times asked for perf decodes no more. */
static bool is_past(const ptm_session *session, const ptm_samples *samples, ptm_lane *one)
{
	return ptm_samples_is_outside(session, samples, one) && one->range == samples->script.options.times.length;
}

static void begin_run(ptm_samples *samples, uint32_t row, uint64_t limit)
{
	samples->run_lane = row;
	samples->run_limit = limit;
	samples->in_run = true;
}

/* Decodes one lane until its time reaches the run's limit. PTM_MORE: the answer is long enough. */
static ptm_status run_lane(ptm_session *session, ptm_samples *samples)
{
	ptm_lane *one = &samples->lanes.at[samples->run_lane];
	bool samples_instructions = samples->script.options.want & (PTM_WANT_INSTRUCTIONS | PTM_WANT_CYCLES);

	for (;;) {
		if (samples->script.text.length >= PTM_SCRIPT_ANSWER)
			return PTM_MORE;
		if (one->has_item && !one->sampling.paused) {
			one->has_item = false;
			PTM_TRY(ptm_samples_tell(session, samples, one));
		}
		if (!one->sampling.paused)
			PTM_TRY(next_state(one));
		if (one->item.kind == PTM_ITEM_GAP) {
			one->has_item = false;
			ptm_samples_take_cycles(samples, one);
			PTM_TRY(ptm_samples_tell_gap(session, samples, one));
			continue;
		}
		if (one->item.kind == PTM_ITEM_VISIT && samples_instructions) {
			ptm_status status = ptm_samples_tell_body(session, samples, one);
			if (status == PTM_MORE)
				return PTM_OK;
			PTM_TRY(status);
		}
		if (!ptm_samples_is_state(samples, one)) {
			/* A branch not taken still uses its packet's time, which is that of what is sampled next. */
			if (one->item.kind == PTM_ITEM_VISIT && one->item.end == PTM_END_NOT_TAKEN)
				one->used_tsc = one->item.end_tsc;
			continue;
		}
		if (one->item.end_tsc > one->tsc || is_estimate(&one->item))
			one->tsc = one->item.end_tsc;
		if (is_past(session, samples, one))
			return PTM_END;
		if (one->tsc >= samples->run_limit)
			return PTM_OK;
	}
}

/* Runs the lanes, always the one that lags, up to samples->limit. */
static ptm_status run_lanes(ptm_session *session, ptm_samples *samples)
{
	for (;;) {
		if (!samples->in_run) {
			if (!samples->heap.length || samples->heap.at[0].tsc >= samples->limit)
				return PTM_OK;
			uint32_t row = samples->heap.at[0].lane;
			ptm_lane *one = &samples->lanes.at[row];
			uint64_t limit = samples->limit;
			ptm_lane_heap_pop(&samples->heap);
			if (samples->heap.length && samples->heap.at[0].tsc + 1 < limit)
				limit = samples->heap.at[0].tsc + 1;
			one->thread = thread_of(session, samples, one);
			ptm_samples_set_who(session, samples, one);
			run_as(samples, one);
			begin_run(samples, row, limit);
		}
		ptm_status status = run_lane(session, samples);
		if (status != PTM_OK && status != PTM_END)
			return status;
		samples->in_run = false;
		if (status == PTM_OK)
			PTM_TRY(ptm_lane_heap_add(&samples->heap, samples->run_lane, samples->lanes.at[samples->run_lane].tsc));
	}
}

/* Without times each queue is decoded as a whole: a thread's when it ends (`tid`), what is left at the end (-1). */
static ptm_status run_timeless(ptm_session *session, ptm_samples *samples, int32_t tid)
{
	for (uint32_t row = 0; row < samples->lanes.length; row++) {
		ptm_lane *one = &samples->lanes.at[row];
		if (one->ended || (tid != -1 && ptm_stream_queue(&one->stream)->tid != tid))
			continue;
		if (!samples->in_run) {
			one->thread = one->stream.thread = thread_of(session, samples, one);
			ptm_samples_set_who(session, samples, one);
			PTM_TRY(open_flow(session, &samples->script.options, one, ptm_stream_size(&one->stream)));
			begin_run(samples, row, UINT64_MAX);
		}
		ptm_status status = run_lane(session, samples);
		if (status != PTM_END)
			return status;
		samples->in_run = false;
	}
	return PTM_OK;
}

/* Decodes the AUX data of an ordinary sample, which perf does before it tells the sample. What is left of them may be nothing, at their end. */
static ptm_status run_sample(ptm_session *session, ptm_samples *samples, const ptm_sample_ref *sample)
{
	for (uint32_t row = 0; row < samples->lanes.length; row++) {
		ptm_lane *one = &samples->lanes.at[row];
		const ptm_queue *queue = ptm_stream_queue(&one->stream);
		const ptm_aux_chunk *chunk = &session->file.sampled.chunks.at[queue->first_chunk + one->chunk];
		if (one->chunk == queue->chunk_count || chunk->file_offset - sample->file_offset - 1 >= sample->size || !ptm_script_wants_cpu(&samples->script.options, queue->cpu))
			continue;
		if (!samples->in_run) {
			one->thread = ptm_sideband_thread(&session->sideband, sample->pid, sample->tid);
			ptm_samples_set_who(session, samples, one);
			one->chunks_size += chunk->size;
			if (!one->flow)
				PTM_TRY(open_flow(session, &samples->script.options, one, one->chunks_size));
			ptm_pt_flow_extend(ptm_flow_pt(one->flow), one->chunks_size);
			run_as(samples, one);
			begin_run(samples, row, UINT64_MAX);
		}
		ptm_status status = run_lane(session, samples);
		if (status != PTM_END)
			return status;
		samples->in_run = false;
		one->chunk++;
	}
	return PTM_OK;
}

/* A record tells the process of a thread: until one does, perf knows a queue's thread by its number alone. */
static ptm_status meet(const ptm_session *session, ptm_samples *samples, const ptm_record *record)
{
	if (record->tid < 0 || record->type == PTM_RECORD_ITRACE_START || record->type == PTM_RECORD_AUX || record->type == PTM_RECORD_SWITCH ||
	    record->type == PTM_RECORD_SWITCH_CPU_WIDE)
		return PTM_OK;
	uint32_t thread = ptm_sideband_of_record(&session->sideband, record);
	while (samples->met.length <= thread)
		PTM_TRY(ptm_array_push(&samples->met, false));
	samples->met.at[thread] = true;
	return PTM_OK;
}

/* Lets a sideband record in: what perf changes at its time. */
static ptm_status let_in(ptm_session *session, ptm_samples *samples, const ptm_record *record)
{
	int32_t pid = record->pid, tid = record->tid;

	if (record->time != PTM_NO_TIME)
		samples->record_ns = record->time;
	PTM_TRY(meet(session, samples, record));
	if (record->machine)
		return PTM_OK;
	switch (record->type) {
	case PTM_RECORD_MMAP: case PTM_RECORD_MMAP2:
		ptm_samples_meet_map(session, samples, record);
		return samples->script.status;
	case PTM_RECORD_AUX:
		return record->as.aux.flags & 1 ? ptm_samples_tell_truncated(session, samples, record) : PTM_OK;
	case PTM_RECORD_AUX_OUTPUT_HW_ID:
		ptm_samples_take_counter(session, samples, record);
		return PTM_OK;
	case PTM_RECORD_SWITCH:
		if (record->as.swap.out)
			return PTM_OK;
		break;
	case PTM_RECORD_SWITCH_CPU_WIDE:
		if (record->as.swap.out) {
			pid = record->as.swap.other_pid;
			tid = record->as.swap.other_tid;
		}
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

/* ------------------------------------------------------- what comes next */

/* The file's next sideband record or ordinary sample, whichever comes first; false: none is left. */
typedef struct next_event { bool is_sample; uint32_t row; uint64_t time; } next_event;

static bool find_next(const ptm_session *session, const ptm_samples *samples, next_event *next)
{
	const ptm_trace_file *file = &session->file;
	bool has_record = samples->record < file->records.length, has_sample = samples->sample < file->samples.length;

	if (has_record && has_sample) {
		const ptm_record *record = &file->records.at[samples->record];
		const ptm_sample_ref *sample = &file->samples.at[samples->sample];
		uint64_t record_time = record->time == PTM_NO_TIME ? samples->record_ns : record->time;
		has_sample = sample->time < record_time || (sample->time == record_time && sample->file_offset < record->file_offset);
	}
	if (has_sample)
		*next = (next_event){ true, samples->sample, file->samples.at[samples->sample].time };
	else if (has_record)
		*next = (next_event){ false, samples->record, file->records.at[samples->record].time };
	return has_sample || has_record;
}

/* Decodes what lies before `time`; PTM_NO_TIME: all. */
static ptm_status run_to(ptm_session *session, ptm_samples *samples, uint64_t time)
{
	if (session->flow_source == PTM_SOURCE_BTS)
		return ptm_bts_samples_run(session, samples, time == PTM_NO_TIME ? UINT64_MAX : ptm_time_tsc(&session->time, time), -1);
	if (session->flow_source != PTM_SOURCE_PT)
		return PTM_OK;
	if (samples->timeless || is_by_sample(session, samples))
		return samples->timeless && time == PTM_NO_TIME ? run_timeless(session, samples, -1) : PTM_OK;
	if (!samples->set_up)
		PTM_TRY(set_up(samples));
	samples->limit = time == PTM_NO_TIME ? UINT64_MAX : ptm_time_tsc(&session->time, time);
	return run_lanes(session, samples);
}

static ptm_status take_next(ptm_session *session, ptm_samples *samples, const next_event *next)
{
	ptm_script *script = &samples->script;

	if (next->is_sample) {
		const ptm_sample_ref *ref = &session->file.samples.at[next->row];
		if (is_by_sample(session, samples))
			PTM_TRY(run_sample(session, samples, ref));
		samples->sample++;
		script->put_ip = 0;
		uint32_t thread = samples->follows_stacks ? ptm_sideband_thread(&session->sideband, ref->pid, ref->tid) : 0;
		script->stack = thread < samples->stacks.length && samples->stacks.at[thread].trace ? &samples->stacks.at[thread] : NULL;
		PTM_TRY(ptm_script_put_sample(script, next->row));
		if (samples->any_missing && script->put_ip)
			ptm_samples_try_code(session, samples, script->put_ip);
		return script->status;
	}
	const ptm_record *record = &session->file.records.at[next->row];
	if (session->flow_source == PTM_SOURCE_BTS && record->type == PTM_RECORD_EXIT)
		PTM_TRY(ptm_bts_samples_run(session, samples, 0, record->tid));
	if (session->flow_source == PTM_SOURCE_PT && samples->timeless && record->type == PTM_RECORD_EXIT)
		PTM_TRY(run_timeless(session, samples, record->tid));
	samples->record++;
	PTM_TRY(let_in(session, samples, record));
	if (!samples->untimed_put || ptm_script_record_time(session, record) != PTM_NO_TIME)
		ptm_script_put_record(script, record);
	return script->status;
}

/* perf handles a record without time when it reads it, and those with one when it has read all of a round: of a file
 * that has both, the former come first. */
static void put_untimed(ptm_session *session, ptm_samples *samples)
{
	const ptm_trace_file *file = &session->file;

	if (session->flow_source != PTM_SOURCE_PT || file->first_time == PTM_NO_TIME || !samples->script.options.show)
		return;
	for (uint32_t row = 0; row < file->records.length; row++)
		if (ptm_script_record_time(session, &file->records.at[row]) == PTM_NO_TIME)
			ptm_script_put_record(&samples->script, &file->records.at[row]);
	samples->untimed_put = true;
}

/* Fills the answer. PTM_END: there is no more, PTM_MORE: it is long enough. */
static ptm_status fill(ptm_session *session, ptm_samples *samples)
{
	next_event next;

	while (find_next(session, samples, &next)) {
		if (samples->script.text.length >= PTM_SCRIPT_ANSWER)
			return PTM_MORE;
		if (next.time != PTM_NO_TIME && next.time)
			PTM_TRY(run_to(session, samples, next.time));
		PTM_TRY(take_next(session, samples, &next));
	}
	PTM_TRY(run_to(session, samples, PTM_NO_TIME));
	return PTM_END;
}

/* The largest power of two that is not above `value`; 0 for 0. */
static uint64_t lower_power(uint64_t value)
{
	return value ? 1ull << (63 - __builtin_clzll(value)) : 0;
}

static void set_period(const ptm_session *session, ptm_samples *samples)
{
	const ptm_script_options *options = &samples->script.options;

	if (options->period_unit == PTM_PERIOD_TICKS)
		samples->period_ticks = lower_power(options->period);
	if (options->period_unit == PTM_PERIOD_NS && session->pt.time_mult) {
		uint64_t whole = options->period / session->pt.time_mult, rest = options->period % session->pt.time_mult;
		samples->period_ticks = lower_power((whole << session->pt.time_shift) + (rest << session->pt.time_shift) / session->pt.time_mult);
	}
}

/* Of each of perf's own types the first event has to tell the CPU, where some CPUs are asked for. */
static ptm_status check_switch(ptm_session *session, const char *option, uint32_t name)
{
	if (!name || ptm_script_attr_named(session, name) != UINT32_MAX)
		return PTM_OK;
	return ptm_message_set(&session->message, PTM_BAD_REQUEST, "%s event not found (%s)", option, ptm_strings_get(&session->strings, name));
}

static ptm_status check_cpus(ptm_session *session, const ptm_script_options *options)
{
	for (uint32_t i = 0; i < session->file.attrs.length && options->cpus.length; i++) {
		const ptm_attr *attr = &session->file.attrs.at[i];
		bool is_first = ptm_script_first_of_type(&session->file, attr) == attr && ptm_script_type(attr->type) != PTM_EVENTS_OTHER;
		if (is_first && !(attr->sample_type & PTM_SAMPLE_CPU))
			return ptm_message_set(&session->message, PTM_BAD_REQUEST, "File does not contain CPU events. Remove -C option to proceed.");
	}
	return PTM_OK;
}

/* perf refuses what its samples do not have when it was asked for by name. */
static ptm_status check_fields(ptm_session *session, const ptm_script *script)
{
	const ptm_script_options *options = &script->options;
	bool timeless = (session->flow_source == PTM_SOURCE_BTS && options->want & PTM_WANT_BRANCHES) ||
		(session->flow_source == PTM_SOURCE_PT && (session->pt.timeless || options->timeless));

	for (uint32_t type = 0; type < PTM_EVENTS_TYPES; type++)
		if (options->fields[type] & (PTM_SCRIPT_SRCLINE | PTM_SCRIPT_SRCCODE) && !(options->fields[type] & PTM_SCRIPT_IP))
			return ptm_message_set(&session->message, PTM_BAD_REQUEST,
				"Display of source line number requested but sample IP is not selected. Hence, no address to lookup the source line number.");
	PTM_TRY(check_cpus(session, options));
	PTM_TRY(check_switch(session, "switch-on", options->switch_on));
	PTM_TRY(check_switch(session, "switch-off", options->switch_off));
	PTM_TRY(ptm_script_check(session, options->asked, options->asked));
	if (timeless && options->asked & PTM_SCRIPT_TIME)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "Samples for '%s' event do not have TIME attribute set. Cannot print 'time' field.",
			script->names[options->want & PTM_WANT_BRANCHES ? PTM_SCRIPT_BRANCHES : PTM_SCRIPT_INSTRUCTIONS]);
	return PTM_OK;
}

/* Last branches that are kept: as many as are told, and for a sample that is written late those since it was due,
 * which in user code are at most the one into the kernel. */
static uint32_t ring_size(const ptm_session *session, const ptm_script_options *options)
{
	enum { SINCE_IN_KERNEL = 1024, SINCE = 1 };
	uint32_t size = options->branch_stack_size > options->added_branch_size ? options->branch_stack_size : options->added_branch_size;
	const ptm_attr *attr = session->pt.attr < session->file.attrs.length ? &session->file.attrs.at[session->pt.attr] : NULL;

	if (options->added_branch_size)
		size += attr && !attr->exclude_kernel ? SINCE_IN_KERNEL : SINCE;
	return size;
}

static ptm_status start(ptm_session *session, const ptm_request *request)
{
	ptm_samples_free(session->samples);
	ptm_samples *samples = session->samples = calloc(1, sizeof *samples);
	if (!samples)
		return PTM_NO_MEMORY;
	ptm_script_options *options = &samples->script.options;
	samples->script.session = session;
	PTM_TRY(ptm_script_options_read(options, request->text, &session->strings, &session->message));
	bool newer = options->version >= 612;
	ptm_images_name(&session->images, options->no_demangle ? PTM_NAMED_LINKED : newer ? PTM_NAMED_WHOLE : PTM_NAMED_BRIEF, newer);
	ptm_script_add_dso(session, options->fields);
	PTM_TRY(ptm_script_start(&samples->script));
	if (options->header)
		PTM_TRY(ptm_script_put_header(&samples->script));
	if (options->header_only)
		return PTM_OK;
	if (options->dump)
		return ptm_dump_new(session, options, &samples->dump);
	PTM_TRY(check_fields(session, &samples->script));
	if (options->show_rounds)
		return ptm_dump_new(session, options, &samples->dump);
	uint64_t calls = 0;
	for (uint32_t type = 0; type < PTM_EVENTS_TYPES; type++)
		calls |= options->fields[type] & PTM_SCRIPT_CALLINDENT;
	samples->script.ring_size = ring_size(session, options);
	samples->follows_stacks = calls || options->graph_functions.length || options->chain_size || options->added_chain_size || samples->script.ring_size;
	set_period(session, samples);
	for (uint32_t i = 1; i < session->images.images.length; i++)
		samples->any_missing |= session->images.images.at[i].status != PTM_IMAGE_LOADED;
	if (session->flow_source == PTM_SOURCE_BTS)
		return ptm_bts_samples_new(session, &samples->bts);
	/* Of samples with AUX data each is decoded when it is met. */
	samples->timeless = session->pt.timeless || (options->timeless && !session->file.sampled.queues.length);
	put_untimed(session, samples);
	return session->flow_source == PTM_SOURCE_PT ? open_lanes(session, samples) : PTM_OK;
}

static ptm_status put_answer(const ptm_script *script, ptm_table *table)
{
	uint32_t row;

	PTM_TRY(ptm_table_add_row(table, &row));
	ptm_table_set_f64(table, PTM_script_lines, row, (double)script->lines);
	ptm_table_set_f64(table, PTM_script_errors, row, (double)script->errors);
	return ptm_table_set_text(table, PTM_script_text, row, script->text.at, script->text.length);
}

ptm_status ptm_query_script(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	bool starts = !request->first || !session->samples;
	if (starts) {
		ptm_status status = start(session, request);
		if (status != PTM_OK) {
			ptm_samples_free(session->samples);
			session->samples = NULL;
			return status;
		}
	}
	ptm_script *script = &session->samples->script;
	if (!starts) /* else the header is there */
		script->text.length = 0;
	script->lines = script->errors = 0;
	if (script->options.header_only)
		return starts ? put_answer(script, table) : PTM_OK;
	ptm_dump *dump = session->samples->dump;
	ptm_status status = dump ? ptm_dump_run(dump, script, PTM_SCRIPT_ANSWER) : fill(session, session->samples);
	if (status == PTM_END && !script->text.length)
		return PTM_OK;
	return status == PTM_END || status == PTM_MORE ? put_answer(script, table) : status;
}
