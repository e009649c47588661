/* SPDX-License-Identifier: Apache-2.0 */
/* Queues as streams of bytes for the flow, who runs on them, and their cut into
 * segments. */
#include "api/cut.h"
#include "image/kernel.h"

/* The MTC period is a field of four bits; a damaged file may claim more. */
#define MTC_PERIOD_MASK 15
/* How far before a segment its clock is looked for first. */
#define LOOK_BACK (UINT64_C(32) << 10)
/* Read at a time where a cut is looked for: a PSB is near. Less than what was read
 * with the header of the buffer that begins there: a browser has that at hand. */
#define CUT_WINDOW (12u << 10)
/* How far behind a place packets are read ahead. */
#define READ_AHEAD (UINT64_C(64) << 10)

ptm_stream ptm_stream_of(ptm_session *session, uint32_t queue)
{
	return (ptm_stream){ .session = session, .queue = queue };
}

uint32_t ptm_stream_perf_queues(const ptm_session *session)
{
	return session->file.sampled.queues.length ? session->file.sampled.queues.length : session->file.queues.length;
}

ptm_stream ptm_stream_of_perf(ptm_session *session, uint32_t queue)
{
	return (ptm_stream){ .session = session, .queue = queue, .as_perf = true };
}

/* perf's own layout of the AUX data; NULL: the views'. */
static const ptm_aux_layout *layout_of_perf(const ptm_stream *stream)
{
	const ptm_trace_file *file = &stream->session->file;
	const ptm_aux_layout *layout = file->sampled.queues.length ? &file->sampled : &file->snapshots;
	return stream->as_perf && layout->queues.length ? layout : NULL;
}

const ptm_queue *ptm_stream_queue(const ptm_stream *stream)
{
	const ptm_aux_layout *layout = layout_of_perf(stream);
	return layout ? &layout->queues.at[stream->queue] : &stream->session->file.queues.at[stream->queue];
}

static const ptm_aux_chunk *chunks_of(const ptm_stream *stream)
{
	const ptm_aux_layout *layout = layout_of_perf(stream);
	return layout ? layout->chunks.at : stream->session->file.chunks.at;
}

uint64_t ptm_stream_size(const ptm_stream *stream)
{
	return ptm_stream_queue(stream)->size;
}

/* Finds the chunk that holds stream position `offset`, and the position of its
 * start; looks from the last one found on. */
static const ptm_aux_chunk *chunk_at(ptm_stream *stream, uint64_t offset, uint64_t *start)
{
	const ptm_aux_chunk *chunks = chunks_of(stream);
	const ptm_queue *queue = ptm_stream_queue(stream);
	bool from_last = offset >= stream->last_start;
	uint64_t at = from_last ? stream->last_start : 0;
	for (uint32_t i = from_last ? stream->last_chunk : 0; i < queue->chunk_count; i++) {
		const ptm_aux_chunk *chunk = &chunks[queue->first_chunk + i];
		if (offset - at < chunk->size) {
			stream->last_chunk = i;
			stream->last_start = *start = at;
			return chunk;
		}
		at += chunk->size;
	}
	return NULL;
}

static ptm_status read_stream(void *context, uint64_t offset, uint8_t *into, uint32_t *length)
{
	ptm_stream *stream = context;
	uint32_t got = 0;

	while (got < *length) {
		uint64_t start;
		const uint8_t *at;
		const ptm_aux_chunk *chunk = chunk_at(stream, offset + got, &start);
		if (!chunk)
			break;
		uint64_t within = offset + got - start;
		uint32_t more = *length - got;
		if (more > chunk->size - within)
			more = (uint32_t)(chunk->size - within);
		PTM_TRY(ptm_trace_file_view_some(&stream->session->file, chunk->file_offset + within, &more, &at));
		if (!more)
			break;
		memcpy(into + got, at, more);
		got += more;
	}
	*length = got;
	return PTM_OK;
}

/* Where in the file decoding [offset, limit) begins to read, and how many bytes; false: they do not lie together. */
static bool place_of(ptm_stream *stream, uint64_t offset, uint64_t limit, uint64_t *start, uint64_t *length)
{
	uint64_t from = offset > 2 * LOOK_BACK ? offset - 2 * LOOK_BACK : 0, first_start, last_start;
	const ptm_aux_chunk *first = chunk_at(stream, from, &first_start);
	const ptm_aux_chunk *last = limit > offset ? chunk_at(stream, limit - 1, &last_start) : NULL;

	if (!first || !last || stream->session->flow_source == PTM_SOURCE_LBR)
		return false;
	uint64_t end = last->file_offset + (limit - last_start) + READ_AHEAD;
	*start = first->file_offset + (from - first_start);
	*length = end - *start;
	return end > *start && *length <= 2 * (limit - from + READ_AHEAD);
}

void ptm_stream_want(ptm_stream *stream, uint64_t offset, uint64_t limit)
{
	uint64_t start, length;
	bool is_dense = place_of(stream, offset, limit, &start, &length);

	ptm_trace_file_want(&stream->session->file, is_dense ? start : 0, is_dense ? length : 0);
}

ptm_status ptm_session_segment_place(ptm_session *session, uint32_t segment, ptm_host_place *place)
{
	uint64_t start, length, within;

	if (segment >= session->segments.length)
		return PTM_NOT_FOUND;
	const ptm_segment *row = &session->segments.at[segment];
	ptm_stream stream = ptm_stream_of(session, row->queue);
	if (!place_of(&stream, row->offset, row->limit, &start, &length))
		return PTM_NOT_FOUND;
	const ptm_source *source = ptm_trace_file_source(&session->file, start, &within);
	if (!source || within >= source->size)
		return PTM_NOT_FOUND;
	*place = (ptm_host_place){ (double)within, (double)(length < source->size - within ? length : source->size - within), source->id };
	return PTM_OK;
}

static uint64_t buffer_end(void *context, uint64_t offset)
{
	uint64_t start;
	const ptm_aux_chunk *chunk = chunk_at(context, offset, &start);
	return chunk ? start + chunk->size : offset;
}

static bool restarts(void *context, uint64_t offset, uint64_t *start, uint64_t *reference)
{
	const ptm_aux_chunk *chunk = chunk_at(context, offset, start);
	if (chunk)
		*reference = chunk->reference;
	return chunk && chunk->restarts;
}

uint64_t ptm_stream_latest_ns(const ptm_session *session, uint64_t tsc)
{
	uint64_t ns = ptm_time_ns(&session->time, tsc);
	/* The two conversions round down: perf compares in ticks. */
	for (unsigned i = 0; i < 8 && ptm_time_tsc(&session->time, ns + 1) <= tsc; i++)
		ns++;
	return ns;
}

/* First recorded change after `tsc`. */
static uint64_t next_change(const ptm_session *session, uint64_t tsc)
{
	uint32_t low = 0, high = session->change_tsc.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (session->change_tsc.at[middle] <= tsc)
			low = middle + 1;
		else
			high = middle;
	}
	return low < session->change_tsc.length ? session->change_tsc.at[low] : UINT64_MAX;
}

uint32_t ptm_session_space_of(const ptm_session *session, uint32_t thread, uint64_t ns)
{
	const ptm_thread *row = &session->sideband.threads.at[thread];
	uint32_t space = ptm_spaces_at(session->spaces, ptm_spaces_process(row->machine, row->pid), ns);
	if (!row->machine)
		return space;
	return ptm_spaces_as_guest(session->spaces, space, ptm_kernel_of_guest(&session->images, row->machine), ns);
}

uint32_t ptm_session_guest_of(const ptm_session *session, uint32_t thread, uint64_t ns)
{
	if (session->file.guest_ids.length)
		return ptm_sideband_inside(&session->sideband, &session->file, thread, ns);
	uint32_t kernel = ptm_kernel_of_guest(&session->images, 0);
	bool is_known = session->guest_code || (kernel && ptm_kernel_is_given(&session->images.guests.at[kernel - 1]));
	return is_known ? ptm_sideband_guest_of(&session->sideband, thread) : 0;
}

uint32_t ptm_session_guest_space(const ptm_session *session, uint32_t guest, uint32_t space, uint64_t ns)
{
	if (!session->file.guest_ids.length)
		return ptm_spaces_as_guest(session->spaces, session->guest_code ? space : 0, ptm_kernel_of_guest(&session->images, 0), ns);
	return guest ? ptm_session_space_of(session, guest, ns) : ptm_spaces_as_guest(session->spaces, 0, 0, ns);
}

/* What runs while a virtual machine does: what its own records say, where they were joined to the host's; else its kernel, where that was given, and what lies in the process that runs it, where it was told so. */
static void guest_context(const ptm_session *session, ptm_flow_context *context, uint64_t ns)
{
	uint32_t guest = ptm_session_guest_of(session, context->thread, ns);
	context->knows_guest = guest && (session->guest_code || session->file.guest_ids.length);
	context->guest_thread = guest ? guest : context->thread;
	context->guest_space = ptm_session_guest_space(session, guest, context->space, ns);
}

/* Without times nobody can say who ran when: the trace's thread, if it has but one process. */
static uint32_t timeless_thread(const ptm_sideband *sideband, const ptm_queue *queue)
{
	uint32_t found = 0;
	if (queue->tid > 0)
		return ptm_sideband_thread(sideband, -1, queue->tid);
	for (uint32_t row = 1; row < sideband->threads.length; row++) {
		if (sideband->threads.at[row].pid <= 0)
			continue;
		if (found)
			return 0;
		found = row;
	}
	return found;
}

void ptm_stream_context(void *opaque, uint64_t tsc, ptm_flow_context *context)
{
	const ptm_stream *stream = opaque;
	const ptm_session *session = stream->session;
	const ptm_queue *queue = ptm_stream_queue(stream);
	bool timeless = session->pt.timeless || stream->timeless;
	/* Names of code that a program made have times of their own, which perf does not know. */
	bool is_told = stream->as_perf && !session->made_ns.length;
	uint64_t ns = timeless ? UINT64_MAX - 1 : is_told ? stream->record_ns : ptm_stream_latest_ns(session, tsc);

	if (timeless || is_told) {
		context->turn = 0;
		context->thread = stream->as_perf ? stream->thread : timeless_thread(&session->sideband, queue);
		context->space = ptm_spaces_at(session->spaces, session->sideband.threads.at[context->thread].pid, ns);
		context->until_tsc = UINT64_MAX;
		guest_context(session, context, ns);
		return;
	}
	/* The switches of a CPU are asked first: a queue may be of a thread on one CPU. */
	context->thread = context->turn = 0;
	if (queue->cpu >= 0)
		context->turn = ptm_sideband_turn(&session->sideband, queue->cpu, ns);
	if (queue->cpu >= 0 && (queue->tid <= 0 || session->pt.have_sched_switch))
		context->thread = ptm_sideband_running(&session->sideband, queue->cpu, ns);
	if (!context->thread && queue->tid > 0)
		context->thread = ptm_sideband_thread(&session->sideband, -1, queue->tid);
	context->space = ptm_spaces_at(session->spaces, session->sideband.threads.at[context->thread].pid, ns);
	context->until_tsc = next_change(session, tsc);
	guest_context(session, context, ns);
}

/* Whether a branch to `ip` leaves what the trace's address filter lets be traced. */
static bool leaves_filter(void *host, uint32_t space, uint64_t ip)
{
	const ptm_session *session = ((const ptm_stream *)host)->session;
	if (ip >> 63)
		return ptm_address_filter_leaves(&session->pt.filters, ip, 0, 0);
	const ptm_map *map = ptm_spaces_find(session->spaces, space, ip);
	return map && ptm_address_filter_leaves(&session->pt.filters, ip, map->name, ip - map->start + map->file_offset);
}

/* When the last of its AUX data were written. */
static uint64_t latest_tsc(const ptm_stream *stream)
{
	const ptm_queue *queue = ptm_stream_queue(stream);

	return queue->chunk_count ? chunks_of(stream)[queue->first_chunk + queue->chunk_count - 1].reference : 0;
}

void ptm_stream_config(ptm_stream *stream, ptm_flow_config *config)
{
	const ptm_pt_info *pt = &stream->session->pt;
	if (stream->session->flow_source == PTM_SOURCE_BTS) {
		*config = (ptm_flow_config){
			.source = PTM_SOURCE_BTS,
			.bts = { stream, ptm_stream_size(stream), read_stream, ptm_bts_spans_find },
		};
		return;
	}
	if (stream->session->flow_source == PTM_SOURCE_LBR) {
		*config = (ptm_flow_config){
			.source = PTM_SOURCE_LBR,
			.lbr = { stream, ptm_stream_size(stream), stream->session->cycle_ns, ptm_sample_queues_stack, ptm_sample_queues_count },
		};
		return;
	}
	*config = (ptm_flow_config){
		.source = PTM_SOURCE_PT,
		.pt = {
			.input = { stream, read_stream, buffer_end, ptm_stream_size(stream), restarts, stream->as_perf ? 0 : stream->session->errata, stream->as_perf },
			.clock = { pt->tsc_ctc_numerator, pt->tsc_ctc_denominator, pt->mtc_period & MTC_PERIOD_MASK, pt->max_nonturbo_ratio, pt->cyc_threshold, latest_tsc(stream) },
			.time = stream->session->time,
			.return_compression = pt->return_compression,
			.as_perf = stream->as_perf,
			.cr3_filter = pt->cr3_filter && !stream->as_perf,
			.host = stream,
			.context = ptm_stream_context,
			.leaves = pt->filters.count ? leaves_filter : NULL,
		},
	};
}

/* --------------------------------------------------------------- segments */

/* Records are all alike: any of them may begin a segment. */
static ptm_status cut_bts_queue(ptm_session *session, uint32_t queue)
{
	ptm_stream stream = ptm_stream_of(session, queue);
	uint64_t size = ptm_stream_size(&stream), offset = 0;

	do {
		uint64_t limit = size;
		ptm_bts_span span;
		if (size - offset > session->segment_bytes && ptm_bts_spans_find(&stream, offset + session->segment_bytes, &span) == PTM_OK) {
			uint64_t at = offset + session->segment_bytes;
			limit = at < span.start ? span.start : span.start + (at - span.start) / PTM_BTS_RECORD * PTM_BTS_RECORD;
			if (limit > span.end)
				limit = span.next;
		}
		ptm_segment segment = { .queue = queue, .offset = offset, .limit = limit, .clock_state = PTM_CLOCK_EXACT };
		PTM_TRY(ptm_array_push(&session->segments, segment));
		offset = limit;
	} while (offset < size);
	return PTM_OK;
}

/* Most packets of a PSB+ that are looked at for its TSC. */
#define MOST_PSB_PACKETS 64

/* The time that the PSB+ tells which `reader` stands at; 0: none. */
static ptm_status psb_time(const ptm_session *session, ptm_stream *stream, ptm_pt_reader *reader, uint64_t *time_ns)
{
	const ptm_aux_chunk *chunk;
	ptm_clock clock;
	ptm_packet packet;
	uint64_t start;

	*time_ns = 0;
	ptm_clock_init(&clock, &(ptm_clock_config){ 0 });
	chunk = chunk_at(stream, reader->offset, &start);
	clock.reference = chunk ? chunk->reference : 0;
	reader->limit = ptm_stream_size(stream);
	for (unsigned i = 0; i < MOST_PSB_PACKETS; i++) {
		ptm_status status = ptm_pt_reader_next(reader, &packet);
		if (status == PTM_TRUNCATED)
			continue; /* another snapshot: its reference is the one taken above */
		if (status == PTM_END || status == PTM_BAD_DATA || status == PTM_TRUNCATED || packet.kind == PTM_PACKET_PSBEND)
			return PTM_OK;
		PTM_TRY(status);
		if (packet.kind != PTM_PACKET_TSC)
			continue;
		ptm_clock_tsc(&clock, packet.payload, false);
		*time_ns = session->pt.timeless ? 0 : ptm_time_ns(&session->time, clock.tsc);
		return PTM_OK;
	}
	return PTM_OK;
}

/* The first segment of a queue knows its clock. */
static void start_clock(ptm_session *session, ptm_segment *segment, const ptm_flow_config *config)
{
	const ptm_queue *row = &session->file.queues.at[segment->queue];
	ptm_clock_init(&segment->clock, &config->pt.clock);
	segment->clock.reference = row->chunk_count ? session->file.chunks.at[row->first_chunk].reference : 0;
	segment->clock_state = PTM_CLOCK_EXACT;
}

/* Where a cut behind `offset` is looked for: the start of a recorder's buffer, if
 * one is near, because its header has been read. */
static uint64_t cut_place(ptm_stream *stream, uint64_t offset)
{
	uint64_t wanted = offset + stream->session->segment_bytes, most = stream->session->segment_bytes / 4, start;
	const ptm_aux_chunk *chunk = chunk_at(stream, wanted, &start);

	if (!chunk)
		return wanted;
	uint64_t place = wanted - start < start + chunk->size - wanted ? start : start + chunk->size;
	bool is_near = place < wanted ? wanted - place <= most : place - wanted <= most;
	return is_near && place < ptm_stream_size(stream) ? place : wanted;
}

/* Reads little where a cut is looked for. */
static void want_cut(ptm_stream *stream, uint64_t offset)
{
	uint64_t start;
	const ptm_aux_chunk *chunk = chunk_at(stream, offset, &start);
	if (chunk)
		ptm_trace_file_want(&stream->session->file, chunk->file_offset + (offset - start), CUT_WINDOW);
}

static ptm_status cut_queue(ptm_session *session, uint32_t queue)
{
	ptm_stream stream = ptm_stream_of(session, queue);
	ptm_flow_config config;
	ptm_stream_config(&stream, &config);
	uint64_t size = ptm_stream_size(&stream), offset = 0, start_ns = 0;

	do {
		ptm_pt_reader reader;
		ptm_segment segment = { .queue = queue, .offset = offset, .limit = size, .start_ns = start_ns };
		uint64_t place = size - offset > session->segment_bytes ? cut_place(&stream, offset) : size;
		want_cut(&stream, place);
		ptm_pt_reader_init(&reader, &config.pt.input, place, size);
		reader.window_bytes = CUT_WINDOW;
		ptm_status status = ptm_pt_reader_sync(&reader);
		if (status == PTM_OK) {
			segment.limit = reader.offset;
			status = psb_time(session, &stream, &reader, &start_ns);
		}
		ptm_pt_reader_free(&reader);
		if (status != PTM_OK && status != PTM_END)
			return status;
		if (!offset) {
			start_clock(session, &segment, &config);
			PTM_TRY(ptm_cut_seed(session, queue, &segment.clock, &segment.seeded));
		}
		PTM_TRY(ptm_array_push(&session->segments, segment));
		offset = segment.limit;
	} while (offset < size);
	ptm_trace_file_want(&session->file, 0, 0);
	return PTM_OK;
}

ptm_status ptm_segments_cut(ptm_session *session)
{
	session->segments.length = session->first_segment.length = 0;
	for (uint32_t queue = 0; queue < session->file.queues.length; queue++) {
		PTM_TRY(ptm_array_push(&session->first_segment, session->segments.length));
		if (session->flow_source == PTM_SOURCE_LBR)
			PTM_TRY(ptm_sample_queues_cut(session, queue));
		else
			PTM_TRY(session->flow_source == PTM_SOURCE_BTS ? cut_bts_queue(session, queue) : cut_queue(session, queue));
	}
	return ptm_array_push(&session->first_segment, session->segments.length);
}

/* The clock of segment `row` from the segment before it. */
static ptm_status scan_from(ptm_session *session, uint32_t row)
{
	ptm_segment *from = &session->segments.at[row - 1], *to = from + 1;
	ptm_stream stream = ptm_stream_of(session, from->queue);
	ptm_flow_config config;
	uint64_t packets;

	ptm_stream_config(&stream, &config);
	ptm_clock clock = from->clock;
	PTM_TRY(ptm_flow_scan(&config, from->offset, from->limit, &clock, &packets));
	to->clock = ptm_clock_at_cut(&clock);
	to->clock_state = PTM_CLOCK_EXACT;
	return PTM_OK;
}

static ptm_status exact_clock(ptm_session *session, uint32_t row)
{
	uint32_t known = row;
	while (session->segments.at[known].clock_state != PTM_CLOCK_EXACT)
		known--;
	for (; known < row; known++)
		PTM_TRY(scan_from(session, known + 1));
	return PTM_OK;
}

/* What the last `distance` bytes before `segment`, from a PSB on, say of its clock. */
static ptm_status scan_back(ptm_session *session, const ptm_segment *segment, uint64_t distance, ptm_clock *clock)
{
	ptm_stream stream = ptm_stream_of(session, segment->queue);
	ptm_flow_config config;
	ptm_pt_reader reader;
	uint64_t start, packets;

	ptm_stream_config(&stream, &config);
	ptm_pt_reader_init(&reader, &config.pt.input, segment->offset - distance, segment->offset);
	ptm_status status = ptm_pt_reader_sync(&reader);
	uint64_t psb = status == PTM_OK ? reader.offset : segment->offset;
	ptm_pt_reader_free(&reader);
	if (status != PTM_OK && status != PTM_END)
		return status;
	ptm_clock made;
	ptm_clock_init(&made, &config.pt.clock);
	const ptm_aux_chunk *chunk = chunk_at(&stream, psb, &start);
	made.reference = chunk ? chunk->reference : 0;
	PTM_TRY(ptm_pt_flow_scan(&config.pt, psb, segment->offset, &made, &packets));
	*clock = ptm_clock_at_cut(&made);
	return PTM_OK;
}

ptm_status ptm_segment_clock(ptm_session *session, uint32_t row)
{
	ptm_segment *segment = &session->segments.at[row];
	const ptm_clock *merged = segment->merged ? ptm_profile_clock(session->profile, segment->queue, row) : NULL;
	ptm_clock clock, before;

	if (segment->clock_state != PTM_CLOCK_UNKNOWN)
		return PTM_OK;
	if (merged) {
		segment->clock = *merged;
		segment->clock_state = PTM_CLOCK_GUESSED;
		return PTM_OK;
	}
	if (session->exact_clocks)
		return exact_clock(session, row);
	PTM_TRY(scan_back(session, segment, LOOK_BACK, &before));
	for (uint64_t distance = LOOK_BACK * 2; distance < segment->offset; distance *= 2) {
		PTM_TRY(scan_back(session, segment, distance, &clock));
		if (clock.tsc && !memcmp(&clock, &before, sizeof clock)) {
			segment->clock = clock;
			segment->clock_state = PTM_CLOCK_GUESSED;
			return PTM_OK;
		}
		before = clock;
	}
	return exact_clock(session, row);
}

uint32_t ptm_segment_at(const ptm_session *session, uint32_t queue, uint64_t offset)
{
	uint32_t row = session->first_segment.at[queue], end = session->first_segment.at[queue + 1];
	while (row + 1 < end && session->segments.at[row].limit <= offset)
		row++;
	return row;
}
