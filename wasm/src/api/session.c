/* SPDX-License-Identifier: Apache-2.0 */
/* A session's life: opened with a trace, given binaries, closed. */
#include "api/session.h"

/* Sideband is read in windows of this size; AUX data in turn. */
#define TRACE_WINDOW (256u << 10)
/* The first PSB+ lies within the first bytes of a stream, or there is no hurry. */
#define FIRST_BYTES (1u << 16)

ptm_session *ptm_session_new(void)
{
	ptm_session *session = calloc(1, sizeof *session);
	if (session)
		session->decoding = UINT32_MAX;
	return session;
}

static void free_guest(const ptm_guest_data *guest)
{
	for (uint32_t i = 0; i < guest->other_count; i++)
		free((char *)guest->others[i].name);
	free((void *)guest->others);
	free((char *)guest->name);
}

void ptm_session_free(ptm_session *session)
{
	if (!session)
		return;
	ptm_samples_free(session->samples);
	ptm_window_free(session);
	ptm_range_free(session);
	ptm_cut_free(session);
	ptm_events_free(session);
	ptm_cached_free(session->cached);
	ptm_flow_free(session->flow);
	ptm_part_free(session->part);
	ptm_part_free(session->spare_part);
	ptm_profile_free(session->profile);
	ptm_ordinals_free(&session->ordinals);
	ptm_event_formats_free(&session->event_formats);
	ptm_array_free(&session->thread_samples);
	ptm_array_free(&session->image_samples);
	ptm_graph_free(&session->graph);
	ptm_graph_free(&session->window_graph);
	ptm_blocks_free(&session->blocks);
	ptm_spaces_free(session->spaces);
	ptm_images_free(&session->images);
	ptm_sideband_free(&session->sideband);
	ptm_trace_file_free(&session->file);
	ptm_strings_free(&session->strings);
	ptm_source_free(&session->source);
	for (uint32_t i = 0; i < session->data_files.length; i++)
		free((char *)session->data_files.at[i].name);
	ptm_array_free(&session->data_files);
	for (uint32_t i = 0; i < session->guest_data.length; i++)
		free_guest(&session->guest_data.at[i]);
	ptm_array_free(&session->guest_data);
	ptm_array_free(&session->change_tsc);
	ptm_array_free(&session->change_ns);
	ptm_array_free(&session->made_ns);
	ptm_array_free(&session->segments);
	ptm_array_free(&session->truncations);
	ptm_array_free(&session->first_segment);
	ptm_array_free(&session->bts_spans);
	ptm_array_free(&session->first_bts_span);
	ptm_array_free(&session->queue_samples);
	ptm_array_free(&session->first_queue_sample);
	free(session);
}

const char *ptm_session_message(const ptm_session *session)
{
	return session->message.text;
}

static ptm_status open_bts(ptm_session *session)
{
	session->flow_source = PTM_SOURCE_BTS;
	PTM_TRY(ptm_bts_info_read(&session->file, &session->bts, &session->message));
	session->time = (ptm_time){ session->bts.time_shift, session->bts.time_mult, session->bts.time_zero };
	session->pt = (ptm_pt_info){ .attr = session->bts.attr, .timeless = session->bts.timeless };
	return session->bts.snapshot ? ptm_bts_overlap_trim(&session->file) : PTM_OK;
}

/* Of a sample's AUX data the time in TSC ticks. */
static void set_reference(const ptm_session *session, ptm_aux_chunk *chunk)
{
	chunk->reference = session->pt.timeless ? 0 : ptm_time_tsc(&session->time, chunk->reference);
}

static ptm_status open_pt(ptm_session *session)
{
	if (session->file.auxtrace_type == PTM_AUXTRACE_INTEL_BTS)
		return open_bts(session);
	if (!session->file.queues.length && session->file.samples.length)
		return ptm_sample_queues_open(session);
	ptm_status status = ptm_pt_info_read(&session->file, &session->pt, &session->message);
	if (status == PTM_NOT_FOUND && session->file.warnings.length)
		return ptm_message_set(&session->message, PTM_UNSUPPORTED, "This perf.data holds neither trace (no AUX data) nor samples. %s",
			ptm_strings_get(&session->strings, session->file.warnings.at[0]));
	if (status == PTM_NOT_FOUND)
		return ptm_message_set(&session->message, PTM_UNSUPPORTED,
			"This perf.data holds neither trace (no AUX data) nor samples: record a trace with `perf record -e intel_pt//u -- COMMAND`.");
	PTM_TRY(status);
	session->has_pt = true;
	const char *cpuid = ptm_strings_get(&session->strings, session->file.cpuid);
	session->errata = ptm_errata_of(cpuid, strlen(cpuid));
	if (!session->pt.timeless)
		session->time = (ptm_time){ session->pt.time_shift, session->pt.time_mult, session->pt.time_zero };
	for (uint32_t i = 0; session->file.aux_pieces.length && i < session->file.chunks.length; i++)
		set_reference(session, &session->file.chunks.at[i]);
	for (uint32_t i = 0; i < session->file.sampled.chunks.length; i++)
		set_reference(session, &session->file.sampled.chunks.at[i]);
	return PTM_OK;
}

/* Time of the first TSC packet of a queue, 0 when there is none near its start. */
static ptm_status first_time(ptm_session *session, uint32_t queue, uint64_t *time_ns)
{
	ptm_stream stream = ptm_stream_of(session, queue);
	ptm_flow_config config;
	uint64_t packets;

	if (session->flow_source == PTM_SOURCE_BTS) {
		ptm_bts_span span;
		ptm_status status = ptm_bts_spans_find(&stream, 0, &span);
		*time_ns = status == PTM_OK ? span.start_ns : 0;
		return status == PTM_END ? PTM_OK : status;
	}
	if (session->flow_source == PTM_SOURCE_LBR)
		return ptm_sample_queues_start(session, queue, time_ns);
	ptm_stream_config(&stream, &config);
	ptm_clock clock = session->segments.at[session->first_segment.at[queue]].clock;
	uint64_t limit = config.pt.input.size < FIRST_BYTES ? config.pt.input.size : FIRST_BYTES;
	config.pt.input.size = limit;
	PTM_TRY(ptm_pt_flow_scan_first(&config.pt, limit, &clock, &packets));
	*time_ns = clock.tsc ? ptm_time_ns(&session->time, clock.tsc) : 0;
	return PTM_OK;
}

/* The trace starts with its first TSC packet, or a sample before it. */
static ptm_status find_start(ptm_session *session)
{
	session->start_ns = UINT64_MAX;
	for (uint32_t queue = 0; queue < session->file.queues.length; queue++) {
		uint64_t time_ns;
		PTM_TRY(first_time(session, queue, &time_ns));
		if (session->first_segment.at[queue] < session->first_segment.at[queue + 1])
			session->segments.at[session->first_segment.at[queue]].start_ns = time_ns;
		if (time_ns && time_ns < session->start_ns)
			session->start_ns = time_ns;
	}
	/* Samples may have been taken before tracing began. */
	for (uint32_t row = 0; !session->pt.timeless && session->start_ns != UINT64_MAX && row < session->file.samples.length; row++) {
		uint64_t time_ns = session->file.samples.at[row].time;
		if (!time_ns)
			continue;
		if (time_ns < session->start_ns)
			session->start_ns = time_ns;
		break;
	}
	if (session->start_ns == UINT64_MAX)
		session->start_ns = session->file.first_time == PTM_NO_TIME || session->pt.timeless ? 0 : session->file.first_time;
	return PTM_OK;
}

static uint32_t idle_thread(const ptm_session *session)
{
	for (uint32_t row = 1; row < session->sideband.threads.length; row++)
		if (!session->sideband.threads.at[row].tid)
			return row;
	return PTM_ALL;
}

ptm_status ptm_session_add_data(ptm_session *session, uint32_t source, uint64_t size, const char *name)
{
	if (session->opened)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "This session has a trace open already.");
	ptm_data_file data = { source, size, strdup(name) };
	ptm_status status = data.name ? ptm_array_push(&session->data_files, data) : PTM_NO_MEMORY;
	if (status != PTM_OK)
		free((char *)data.name);
	return status;
}

ptm_status ptm_session_add_guest(ptm_session *session, uint32_t source, uint64_t size, const char *name, int32_t machine, uint64_t time_offset, double time_scale)
{
	if (session->opened)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "This session has a trace open already.");
	if (!(time_scale > 0) || machine <= 0)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "A guest is run by a process, whose number is above 0, and its time scale is above 0.");
	ptm_guest_data data = { .source = source, .size = size, .name = strdup(name), .machine = machine, .time_offset = time_offset, .time_scale = time_scale };
	ptm_status status = data.name ? ptm_array_push(&session->guest_data, data) : PTM_NO_MEMORY;
	if (status != PTM_OK)
		free((char *)data.name);
	return status;
}

ptm_status ptm_session_add_guest_data(ptm_session *session, uint32_t source, uint64_t size, const char *name)
{
	if (session->opened || !session->guest_data.length)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "A file of a guest's recording comes after the guest, and before its host's trace.");
	ptm_guest_data *guest = &session->guest_data.at[session->guest_data.length - 1];
	ptm_data_file *grown = realloc((void *)guest->others, (guest->other_count + 1) * sizeof *grown);
	if (!grown)
		return PTM_NO_MEMORY;
	guest->others = grown;
	grown[guest->other_count] = (ptm_data_file){ source, size, strdup(name) };
	if (!grown[guest->other_count].name)
		return PTM_NO_MEMORY;
	guest->other_count++;
	return PTM_OK;
}

ptm_status ptm_session_open(ptm_session *session, uint32_t source, uint64_t size)
{
	if (session->opened)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "This session has a trace open already.");
	session->opened = true;
	if (!session->segment_bytes)
		session->segment_bytes = PTM_SEGMENT_BYTES;
	ptm_source_init_careful(&session->source, source, size, TRACE_WINDOW);
	ptm_trace_company company = { session->data_files.at, session->data_files.length, session->guest_data.at, session->guest_data.length };
	PTM_TRY(ptm_trace_file_open_with(&session->file, &session->source, &company, &session->strings, &session->message));
	PTM_TRY(open_pt(session));
	PTM_TRY(ptm_sideband_build(&session->sideband, &session->file, session->pt.have_sched_switch));
	PTM_TRY(ptm_images_init(&session->images, &session->strings));
	PTM_TRY(ptm_spaces_new(&session->spaces, &session->images));
	ptm_blocks_init(&session->blocks, session->spaces);
	ptm_graph_init(&session->graph, &session->blocks);
	ptm_graph_init(&session->window_graph, &session->blocks);
	PTM_TRY(ptm_load_trace(session));
	if (session->flow_source == PTM_SOURCE_BTS)
		PTM_TRY(ptm_bts_spans_build(session));
	if (session->flow_source == PTM_SOURCE_LBR)
		PTM_TRY(ptm_sample_queues_build(session));
	if (!session->file.guest_ids.length && (session->guest_code || session->images.guests.length))
		PTM_TRY(ptm_sideband_add_guests(&session->sideband, session->guest_code ? session->file.strings : NULL));
	PTM_TRY(ptm_snapshots_trim(session));
	PTM_TRY(ptm_segments_cut(session));
	PTM_TRY(find_start(session));
	session->version = 1;
	PTM_TRY(ptm_profile_new(&session->profile, &session->blocks, session->spaces));
	return ptm_profile_expect(session->profile, session->first_segment.at, session->file.queues.length, idle_thread(session));
}

/* Code was given that the records do not map (the kernel's, a runtime's): what
 * was found so far in the old maps is forgotten. */
static ptm_status lay_out_again(ptm_session *session)
{
	if (session->version > 1 || session->decoding != UINT32_MAX)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "Give code of the kernel or of a runtime before decoding.");
	PTM_TRY(ptm_load_maps(session));
	ptm_blocks_free(&session->blocks);
	ptm_blocks_init(&session->blocks, session->spaces);
	return session->flow_source == PTM_SOURCE_BTS ? ptm_bts_spans_build(session) : PTM_OK;
}

ptm_status ptm_session_add_image(ptm_session *session, uint32_t source, uint64_t size, const char *path)
{
	uint32_t served;
	if (!session->spaces)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "Open a trace before its binaries.");
	PTM_TRY(ptm_images_offer(&session->images, source, size, path, &served, &session->message));
	return session->images.maps_changed ? lay_out_again(session) : PTM_OK;
}

ptm_status ptm_session_add_lines(ptm_session *session, uint32_t source, uint64_t size, const char *path)
{
	uint32_t served;
	if (!session->spaces)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "Open a trace before its binaries.");
	return ptm_images_offer_lines(&session->images, source, size, path, &served, &session->message);
}

uint32_t ptm_session_segments(const ptm_session *session)
{
	return session->segments.length;
}
