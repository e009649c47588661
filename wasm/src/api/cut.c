/* SPDX-License-Identifier: Apache-2.0 */
#include "api/cut.h"

/* AUX bytes decoded per call. */
#define SLICE_BYTES (1u << 20)
/* PSBs of lead before a range, and of trail behind it: the first measurement of
 * cycles after a cut is partial, and what was under way at its end is told late. */
#define LEAD 2

static void stop_walk(ptm_cut *cut)
{
	ptm_flow_free(cut->flow);
	free(cut->input);
	cut->flow = NULL;
	cut->input = NULL;
}

void ptm_cut_free(ptm_session *session)
{
	ptm_cut *cut = session->cut;
	if (!cut)
		return;
	stop_walk(cut);
	ptm_address_walk_free(cut);
	ptm_cut_choice_free(cut);
	ptm_array_free(&cut->threads);
	ptm_array_free(&cut->blanks);
	ptm_array_free(&cut->blank_bytes);
	ptm_array_free(&cut->processes);
	ptm_array_free(&cut->queues);
	ptm_array_free(&cut->visited);
	ptm_array_free(&cut->unwound);
	free(cut);
	session->cut = NULL;
}

/* ---------------------------------------------------------------- the pieces */

static void cover(ptm_cut *cut, uint64_t first_ns, uint64_t last_ns)
{
	if (first_ns < cut->first_ns)
		cut->first_ns = first_ns;
	if (last_ns > cut->last_ns)
		cut->last_ns = last_ns;
}

/* First of a queue's checkpoints after a time; `at` and `end` are the queue's rows. */
static uint32_t first_after(const ptm_checkpoint *rows, uint32_t at, uint32_t end, uint64_t time_ns)
{
	while (at < end) {
		uint32_t middle = at + (end - at) / 2;
		if (rows[middle].time_ns <= time_ns)
			at = middle + 1;
		else
			end = middle;
	}
	return at;
}

/* PT: from a PSB well before the range to one well behind it. */
static void cut_pt(ptm_session *session, ptm_cut *cut, uint32_t queue, ptm_cut_queue *piece)
{
	uint32_t count, first = 0;
	const ptm_checkpoint *rows = ptm_profile_checkpoints(session->profile, &count);
	while (first < count && rows[first].queue < queue)
		first++;
	uint32_t end = first;
	while (end < count && rows[end].queue == queue)
		end++;
	uint32_t before = first_after(rows, first, end, cut->start_ns ? cut->start_ns - 1 : 0);
	uint32_t behind = first_after(rows, first, end, cut->end_ns) + LEAD - 1;

	if (before > first + LEAD) {
		piece->from = rows[before - LEAD].offset;
		cover(cut, rows[before - LEAD].time_ns, cut->end_ns);
	} else {
		cover(cut, 0, cut->end_ns);
	}
	piece->limit = behind < end ? rows[behind].offset : piece->limit;
	cover(cut, cut->start_ns, behind < end ? rows[behind].time_ns : UINT64_MAX);
}

/* BTS: whole spans, with the ones around them. A ring's pieces overlap, and only
 * all of them tell where: they are not cut. */
static void cut_bts(ptm_session *session, ptm_cut *cut, uint32_t queue, ptm_cut_queue *piece)
{
	uint32_t first = session->first_bts_span.at[queue], end = session->first_bts_span.at[queue + 1], at = first, behind;
	const ptm_bts_span *spans = session->bts_spans.at;

	if (session->bts.snapshot || session->bts.timeless)
		return cover(cut, 0, UINT64_MAX);
	while (at < end && spans[at].end_ns < cut->start_ns)
		at++;
	for (behind = at; behind < end && spans[behind].start_ns <= cut->end_ns; behind++)
		;
	at = at > first + LEAD ? at - LEAD : first;
	behind = behind + LEAD < end ? behind + LEAD : end;
	piece->from = at < end ? spans[at].start : piece->limit;
	piece->limit = behind > at ? spans[behind - 1].next : piece->from;
	if (piece->limit > piece->from)
		cover(cut, at > first ? spans[at].start_ns : 0, behind < end ? spans[behind - 1].end_ns : UINT64_MAX);
}

/* Samples: those of the range, and the one before, which tells where a stack goes on. */
static void cut_samples(ptm_session *session, ptm_cut *cut, uint32_t queue, ptm_cut_queue *piece)
{
	uint32_t first = session->first_queue_sample.at[queue], end = session->first_queue_sample.at[queue + 1], at = first, behind;

	while (at < end && session->file.samples.at[session->queue_samples.at[at].row].time < cut->start_ns)
		at++;
	for (behind = at; behind < end && session->file.samples.at[session->queue_samples.at[behind].row].time <= cut->end_ns; behind++)
		;
	at = at > first + LEAD ? at - LEAD : first;
	behind = behind + LEAD < end ? behind + LEAD : end;
	piece->from = at < end ? session->queue_samples.at[at].start : piece->limit;
	piece->limit = behind < end ? session->queue_samples.at[behind].start : piece->limit;
	if (at < end)
		cover(cut, session->file.samples.at[session->queue_samples.at[at].row].time, cut->end_ns);
	if (behind > at)
		cover(cut, cut->start_ns, session->file.samples.at[session->queue_samples.at[behind - 1].row].time);
}

/* The clock before the piece's first packet. */
static ptm_status seed(ptm_session *session, uint32_t queue, ptm_cut_queue *piece)
{
	uint32_t row = ptm_segment_at(session, queue, piece->from);
	ptm_stream stream = ptm_stream_of(session, queue);
	ptm_flow_config config;
	uint64_t packets;

	PTM_TRY(ptm_segment_clock(session, row));
	const ptm_segment *segment = &session->segments.at[row];
	piece->clock = segment->clock;
	piece->seeded = piece->from || segment->seeded;
	if (piece->from <= segment->offset)
		return PTM_OK;
	ptm_stream_config(&stream, &config);
	return ptm_flow_scan(&config, segment->offset, piece->from, &piece->clock, &packets);
}

/* AUX offsets of the piece's ends. */
static void place_in_aux(ptm_session *session, uint32_t queue, ptm_cut_queue *piece)
{
	const ptm_queue *row = &session->file.queues.at[queue];
	uint64_t start = 0;

	for (uint32_t i = 0; i < row->chunk_count; i++) {
		const ptm_aux_chunk *chunk = &session->file.chunks.at[row->first_chunk + i];
		if (piece->from >= start && piece->from - start < chunk->size)
			piece->aux_from = chunk->aux_offset + (piece->from - start);
		if (piece->limit > start && piece->limit - start <= chunk->size)
			piece->aux_limit = chunk->aux_offset + (piece->limit - start);
		start += chunk->size;
	}
}

static bool wants_tid(const ptm_session *session, const ptm_cut *cut, int32_t tid)
{
	for (uint32_t i = 0; i < cut->threads.length; i++)
		if (session->sideband.threads.at[cut->threads.at[i]].tid == tid)
			return true;
	return !cut->threads.length;
}

static ptm_status cut_queue(ptm_session *session, ptm_cut *cut, uint32_t queue)
{
	const ptm_queue *row = &session->file.queues.at[queue];
	ptm_cut_queue piece = { .limit = row->size };
	bool everything = !cut->start_ns && cut->end_ns == UINT64_MAX;

	if (row->tid > 0 && !wants_tid(session, cut, row->tid))
		piece.limit = 0;
	else if (everything)
		cover(cut, 0, UINT64_MAX);
	else if (session->flow_source == PTM_SOURCE_BTS)
		cut_bts(session, cut, queue, &piece);
	else if (session->flow_source == PTM_SOURCE_LBR)
		cut_samples(session, cut, queue, &piece);
	else if (session->pt.timeless)
		cover(cut, 0, UINT64_MAX);
	else
		cut_pt(session, cut, queue, &piece);
	place_in_aux(session, queue, &piece);
	if (session->flow_source == PTM_SOURCE_PT && piece.limit > piece.from)
		PTM_TRY(seed(session, queue, &piece));
	return ptm_array_push(&cut->queues, piece);
}

bool ptm_cut_wants(const ptm_cut *cut, uint32_t thread)
{
	for (uint32_t i = 0; i < cut->threads.length; i++)
		if (cut->threads.at[i] == thread)
			return true;
	return !cut->threads.length;
}

static int compare_rows(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;
	return *a < *b ? -1 : *a > *b;
}

/* Rows of threads, with a comma between them. */
static ptm_status read_threads(ptm_session *session, const char *text, ptm_cut *cut)
{
	for (const char *at = text; at && *at;) {
		char *end;
		unsigned long row = strtoul(at, &end, 10);
		if (end == at || row >= session->sideband.threads.length)
			return ptm_message_set(&session->message, PTM_BAD_REQUEST, "There is no thread %.20s: the trace has %u.", at, session->sideband.threads.length);
		PTM_TRY(ptm_array_push(&cut->threads, (uint32_t)row));
		at = *end == ',' ? end + 1 : end;
	}
	if (cut->threads.length)
		qsort(cut->threads.at, cut->threads.length, sizeof *cut->threads.at, compare_rows);
	return PTM_OK;
}

/* Generations of a process that are looked for. */
#define MOST_ANCESTORS 64

/* Forks stand in their order: one walk back finds the parent, its parent, … */
static ptm_status find_processes(const ptm_session *session, ptm_cut *cut, uint32_t thread)
{
	int32_t of = session->sideband.threads.at[thread].pid;
	PTM_TRY(ptm_array_push(&cut->processes, ((ptm_cut_process){ of, UINT64_MAX })));
	for (uint32_t i = session->file.records.length, found = 0; i-- > 0 && found < MOST_ANCESTORS;) {
		const ptm_record *record = &session->file.records.at[i];
		if (record->type != PTM_RECORD_FORK || record->pid != of || record->as.task.ppid == of)
			continue;
		of = record->as.task.ppid;
		found++;
		PTM_TRY(ptm_array_push(&cut->processes, ((ptm_cut_process){ of, record->time })));
	}
	return PTM_OK;
}

/* Who ran when must be known where threads share a stream. */
static ptm_status check_threads(ptm_session *session, const ptm_cut *cut)
{
	for (uint32_t queue = 0; cut->threads.length && queue < session->file.queues.length; queue++) {
		if (session->file.queues.at[queue].tid > 0 || session->flow_source == PTM_SOURCE_LBR)
			continue;
		if (session->flow_source == PTM_SOURCE_BTS ? session->bts.snapshot || session->bts.timeless : session->pt.timeless)
			return ptm_message_set(&session->message, PTM_BAD_REQUEST,
				"The threads of a CPU share one stream here, and without times nobody can tell who ran when: one thread cannot be cut out. Record with --per-thread, or with times.");
	}
	return PTM_OK;
}

static ptm_status make_cut(ptm_session *session, uint64_t start_ns, uint64_t end_ns, const char *threads)
{
	ptm_cut_free(session);
	session->cut = calloc(1, sizeof *session->cut);
	if (!session->cut)
		return PTM_NO_MEMORY;
	ptm_cut *cut = session->cut;
	*cut = (ptm_cut){ .start_ns = start_ns, .end_ns = end_ns, .version = session->version, .first_ns = UINT64_MAX };
	PTM_TRY(read_threads(session, threads, cut));
	PTM_TRY(check_threads(session, cut));
	for (uint32_t i = 0; i < cut->threads.length; i++)
		PTM_TRY(find_processes(session, cut, cut->threads.at[i]));
	for (uint32_t queue = 0; queue < session->file.queues.length; queue++)
		PTM_TRY(cut_queue(session, cut, queue));
	return PTM_OK;
}

/* Whether a cut is of the threads that a request names. */
static bool same_threads(const ptm_cut *cut, const char *text)
{
	for (uint32_t i = 0; i < cut->threads.length; i++) {
		char *end = NULL;
		if (!text || strtoul(text, &end, 10) != cut->threads.at[i])
			return false;
		text = *end == ',' ? end + 1 : end;
	}
	return !text || !*text;
}

ptm_status ptm_cut_of(ptm_session *session, const ptm_request *request, ptm_cut **cut)
{
	bool everything = !request->start_ns && !request->end_ns;
	uint64_t start_ns = everything ? 0 : ptm_absolute_ns(session, request->start_ns);
	uint64_t end_ns = everything ? UINT64_MAX : ptm_absolute_ns(session, request->end_ns);
	const ptm_cut *old = session->cut;

	if (!old || old->start_ns != start_ns || old->end_ns != end_ns || old->version != session->version || !same_threads(old, request->text)) {
		ptm_status status = make_cut(session, start_ns, end_ns, request->text);
		if (status != PTM_OK) {
			ptm_cut_free(session);
			return status;
		}
	}
	*cut = session->cut;
	return ptm_cut_choose(session, *cut);
}

/* ------------------------------------------------------------------ the code */

/* First blank of a queue that ends behind `offset`. */
static uint32_t blank_after(const ptm_cut *cut, uint32_t queue, uint64_t offset)
{
	uint32_t low = 0, high = cut->blanks.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const ptm_blank *blank = &cut->blanks.at[middle];
		if (blank->queue < queue || (blank->queue == queue && blank->offset + blank->size <= offset))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Writes the blanks over `length` bytes that were at `offset` of the queue's stream. */
static void write_over(const ptm_cut *cut, uint32_t queue, uint64_t offset, uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = blank_after(cut, queue, offset); i < cut->blanks.length; i++) {
		const ptm_blank *blank = &cut->blanks.at[i];
		if (blank->queue != queue || blank->offset >= offset + length)
			break;
		uint64_t from = blank->offset > offset ? blank->offset : offset, end = blank->offset + blank->size;
		if (end > offset + length)
			end = offset + length;
		for (uint64_t at = from; at < end; at++) {
			uint64_t within = at - blank->offset;
			bytes[at - offset] = within < blank->length ? cut->blank_bytes.at[blank->at + within] : 0;
		}
	}
}

static ptm_status read_piece(void *context, uint64_t offset, uint8_t *into, uint32_t *length)
{
	ptm_cut_input *input = context;
	uint64_t left = offset < input->size ? input->size - offset : 0;
	if (*length > left)
		*length = (uint32_t)left;
	if (!*length)
		return PTM_OK;
	PTM_TRY(input->whole.read(input->whole.context, offset + input->shift, into, length));
	if (!input->as_recorded)
		write_over(input->cut, input->stream.queue, offset + input->shift, into, *length);
	return PTM_OK;
}

static uint64_t piece_buffer_end(void *context, uint64_t offset)
{
	ptm_cut_input *input = context;
	uint64_t end = input->whole.buffer_end(input->whole.context, offset + input->shift) - input->shift;
	return end < input->size ? end : input->size;
}

static bool piece_restarts(void *context, uint64_t offset, uint64_t *start, uint64_t *reference)
{
	ptm_cut_input *input = context;
	bool does = input->whole.restarts(input->whole.context, offset + input->shift, start, reference);
	*start = *start > input->shift ? *start - input->shift : 0;
	return does;
}

void ptm_cut_input_open(ptm_session *session, ptm_cut *cut, uint32_t queue, uint64_t shift, uint64_t size, ptm_cut_input *input, ptm_flow_config *config)
{
	*input = (ptm_cut_input){ .cut = cut, .stream = ptm_stream_of(session, queue), .shift = shift, .size = size };
	ptm_stream_config(&input->stream, config);
	input->whole = config->pt.input;
	config->pt.input = (ptm_pt_input){ input, read_piece, piece_buffer_end, size, piece_restarts };
}

static ptm_status start_walk(ptm_session *session, ptm_cut *cut)
{
	const ptm_cut_queue *piece = &cut->queues.at[cut->queue];
	ptm_flow_config config;

	cut->input = calloc(1, sizeof *cut->input);
	if (!cut->input)
		return PTM_NO_MEMORY;
	if (session->flow_source == PTM_SOURCE_PT) {
		ptm_cut_input_open(session, cut, cut->queue, piece->from, piece->limit - piece->from, cut->input, &config);
		return ptm_flow_new(&cut->flow, &session->blocks, &config, 0, cut->input->size, &piece->clock);
	}
	cut->input->stream = ptm_stream_of(session, cut->queue);
	ptm_stream_config(&cut->input->stream, &config);
	return ptm_flow_new(&cut->flow, &session->blocks, &config, piece->from, piece->limit, NULL);
}

static ptm_status visit(ptm_cut *cut, uint32_t block)
{
	while (cut->visited.length <= block)
		PTM_TRY(ptm_array_push(&cut->visited, 0));
	cut->visited.at[block] = 1;
	return PTM_OK;
}

/* Decodes up to a slice of the current queue. PTM_END: it is done. */
static ptm_status step_walk(ptm_cut *cut)
{
	uint64_t until = ptm_flow_offset(cut->flow) + SLICE_BYTES;
	ptm_item item;

	while (ptm_flow_offset(cut->flow) < until) {
		PTM_TRY(ptm_flow_next(cut->flow, &item));
		if (item.kind == PTM_ITEM_VISIT && ptm_cut_wants(cut, item.thread))
			PTM_TRY(visit(cut, item.block));
	}
	return PTM_OK;
}

ptm_status ptm_cut_walk(ptm_session *session, ptm_cut *cut)
{
	while (cut->queue < cut->queues.length) {
		const ptm_cut_queue *piece = &cut->queues.at[cut->queue];
		if (piece->limit > piece->from) {
			if (!cut->flow)
				PTM_TRY(start_walk(session, cut));
			ptm_status status = step_walk(cut);
			if (status != PTM_END)
				return status == PTM_OK ? PTM_MORE : status;
			stop_walk(cut);
		}
		cut->queue++;
	}
	return PTM_OK;
}
