/* SPDX-License-Identifier: Apache-2.0 */
/* perf takes a piece of AUX data at a time, the one fetched first, between the
 * sideband records; it gives samples no time, names the queue's own thread, and
 * leaves out the last record of every piece: so does this table (no other). */
#include "api/samples_bts.h"
#include "base/bytes.h"
#include <stdio.h>

enum { SAMPLE_BRANCHES = 1, SAMPLE_ERRORS = 4 };
enum { KIND_BRANCH = 1, KIND_ERROR = 4 };
enum { ERROR_NO_CODE = 5, ERROR_LOST = 9 };

/* perf's sample flags. */
enum {
	FLAG_BRANCH = 1 << 0, FLAG_CALL = 1 << 1, FLAG_SYSCALL = 1 << 4, FLAG_ASYNC = 1 << 5, FLAG_INTERRUPT = 1 << 6,
	FLAG_BEGIN = 1 << 8, FLAG_END = 1 << 9
};

#define BATCH 512u

typedef struct lane { uint32_t chunk; uint64_t stream; } lane; /* the queue's next piece, and where it starts in the stream */

struct ptm_bts_samples {
	PTM_ARRAY(lane) lanes;
	uint32_t record;         /* next sideband record */
	uint64_t record_ns;      /* time of the last one let in */
	uint64_t limit;          /* pieces fetched up to this tick may be told now */
	bool limited, exiting, finished;
	int32_t exit_tid;        /* exiting: all pieces of this thread's queue may be told */
	/* The piece being told: its records are at [offset, end) of the stream. */
	bool in_chunk;
	uint32_t queue;
	uint64_t offset, end;
	int32_t pid, tid, cpu;
	uint32_t space;
	char comm[64];
};

void ptm_bts_samples_free(ptm_bts_samples *samples)
{
	if (!samples)
		return;
	ptm_array_free(&samples->lanes);
	free(samples);
}

/* ------------------------------------------------------------------- rows */

static ptm_status put(ptm_bts_samples *samples, ptm_table *table, uint8_t kind, uint32_t *row)
{
	PTM_TRY(ptm_table_add_row(table, row));
	ptm_table_set_u8(table, PTM_samples_kind, *row, kind);
	ptm_table_set_i32(table, PTM_samples_pid, *row, samples->pid);
	ptm_table_set_i32(table, PTM_samples_tid, *row, samples->tid);
	ptm_table_set_i32(table, PTM_samples_cpu, *row, samples->cpu);
	return ptm_table_set_text(table, PTM_samples_comm, *row, samples->comm, strlen(samples->comm));
}

/* perf's flags of a record whose instruction has these. */
static uint32_t flags_of(uint64_t from, uint64_t to, uint32_t flags)
{
	if (!from || !to)
		return FLAG_BRANCH | (from ? FLAG_END : FLAG_BEGIN);
	bool into_kernel = !(from >> 63) && to >> 63;
	if (into_kernel && flags != (FLAG_BRANCH | FLAG_CALL | FLAG_SYSCALL))
		return FLAG_BRANCH | FLAG_CALL | FLAG_ASYNC | FLAG_INTERRUPT;
	return flags;
}

/* Decodes the instruction at `ip`; length 0 where there is none. */
static ptm_status decode(ptm_session *session, const ptm_bts_samples *samples, uint64_t ip, uint8_t code[16], ptm_insn *insn)
{
	uint32_t length = 15;
	const ptm_map *map;

	*insn = (ptm_insn){ 0 };
	if (!ip)
		return PTM_OK;
	ptm_status status = ptm_spaces_code(session->spaces, samples->space, ip, code, &length, &map);
	if (status == PTM_OK)
		status = ptm_insn_decode(code, length, PTM_MODE_64, insn);
	if (status == PTM_NO_MEMORY)
		return status;
	if (status != PTM_OK)
		insn->length = 0;
	memset(code + insn->length, 0, 16u - insn->length);
	return PTM_OK;
}

static ptm_status put_error(ptm_bts_samples *samples, ptm_table *table, uint64_t ip)
{
	uint32_t row;
	PTM_TRY(put(samples, table, KIND_ERROR, &row));
	ptm_table_set_u64(table, PTM_samples_ip, row, ip);
	ptm_table_set_u32(table, PTM_samples_error, row, ERROR_NO_CODE);
	return PTM_OK;
}

static ptm_status put_record(ptm_session *session, ptm_bts_samples *samples, ptm_table *table, uint32_t wanted, uint64_t from, uint64_t to)
{
	uint8_t code[16] = { 0 };
	uint64_t half[2];
	ptm_insn insn;
	uint32_t row;

	PTM_TRY(decode(session, samples, from, code, &insn));
	bool unknown = from && to && !insn.length;
	if (unknown && wanted & SAMPLE_ERRORS)
		PTM_TRY(put_error(samples, table, from));
	if (!(wanted & SAMPLE_BRANCHES))
		return PTM_OK;
	PTM_TRY(put(samples, table, KIND_BRANCH, &row));
	ptm_table_set_u32(table, PTM_samples_flags, row, unknown ? 0 : flags_of(from, to, ptm_sample_class_flags(insn.class)));
	ptm_table_set_u64(table, PTM_samples_ip, row, from);
	ptm_table_set_u64(table, PTM_samples_addr, row, to);
	PTM_TRY(ptm_sample_put_symbol(session, table, row, samples->space, from, PTM_samples_ip_symbol, PTM_samples_ip_offset, PTM_samples_ip_dso));
	PTM_TRY(ptm_sample_put_symbol(session, table, row, samples->space, to, PTM_samples_addr_symbol, PTM_samples_addr_offset, PTM_samples_addr_dso));
	memcpy(half, code, sizeof half);
	ptm_table_set_u8(table, PTM_samples_length, row, insn.length);
	ptm_table_set_u64(table, PTM_samples_code_low, row, half[0]);
	ptm_table_set_u64(table, PTM_samples_code_high, row, half[1]);
	return PTM_OK;
}

/* ----------------------------------------------------------------- pieces */

/* Rows of the piece in hand, until it is done or the table full (PTM_MORE). */
static ptm_status tell_chunk(ptm_session *session, ptm_bts_samples *samples, ptm_table *table, const ptm_request *request, uint32_t most)
{
	uint8_t batch[BATCH * PTM_BTS_RECORD];
	ptm_stream stream = ptm_stream_of(session, samples->queue);
	ptm_flow_config config;

	ptm_stream_config(&stream, &config);
	while (samples->offset < samples->end) {
		uint64_t left = samples->end - samples->offset;
		uint32_t length = left < sizeof batch ? (uint32_t)left : sizeof batch;
		PTM_TRY(config.bts.read(&stream, samples->offset, batch, &length));
		if (length < PTM_BTS_RECORD)
			break;
		for (uint32_t at = 0; at + PTM_BTS_RECORD <= length; at += PTM_BTS_RECORD) {
			ptm_bytes bytes = ptm_bytes_of(batch + at, PTM_BTS_RECORD);
			uint64_t from = ptm_bytes_u64(&bytes), to = ptm_bytes_u64(&bytes);
			if (ptm_table_rows(table) >= most)
				return PTM_MORE;
			samples->offset += PTM_BTS_RECORD;
			if (from || to)
				PTM_TRY(put_record(session, samples, table, request->flags, from, to));
		}
	}
	samples->in_chunk = false;
	return PTM_OK;
}

/* The queue whose next piece was fetched first, up to the limit; UINT32_MAX: none. */
static uint32_t next_queue(const ptm_session *session, const ptm_bts_samples *samples)
{
	const ptm_trace_file *file = &session->file;
	uint32_t first = UINT32_MAX;
	uint64_t first_reference = 0;

	for (uint32_t row = 0; row < samples->lanes.length; row++) {
		const ptm_queue *queue = &file->queues.at[row];
		if (samples->lanes.at[row].chunk >= queue->chunk_count)
			continue;
		uint64_t reference = file->chunks.at[queue->first_chunk + samples->lanes.at[row].chunk].reference;
		bool ready = samples->exiting ? queue->tid == samples->exit_tid : reference <= samples->limit;
		if (ready && (first == UINT32_MAX || reference < first_reference)) {
			first = row;
			first_reference = reference;
		}
	}
	return first;
}

static void start_chunk(ptm_session *session, ptm_bts_samples *samples, uint32_t row)
{
	const ptm_queue *queue = &session->file.queues.at[row];
	lane *own = &samples->lanes.at[row];
	const ptm_aux_chunk *chunk = &session->file.chunks.at[queue->first_chunk + own->chunk++];
	uint32_t thread = queue->tid > 0 ? ptm_sideband_thread(&session->sideband, -1, queue->tid) : 0;

	samples->in_chunk = true;
	samples->queue = row;
	samples->offset = own->stream;
	samples->end = own->stream + (chunk->size ? (chunk->size - 1) / PTM_BTS_RECORD * PTM_BTS_RECORD : 0);
	own->stream += chunk->size;
	samples->cpu = queue->cpu;
	samples->tid = queue->tid;
	samples->pid = thread ? session->sideband.threads.at[thread].pid : -1;
	samples->space = ptm_spaces_at(session->spaces, samples->pid, samples->record_ns);
	uint32_t comm = thread ? ptm_sideband_comm(&session->sideband, thread, samples->record_ns) : 0;
	if (comm)
		snprintf(samples->comm, sizeof samples->comm, "%s", ptm_strings_get(&session->strings, comm));
	else
		snprintf(samples->comm, sizeof samples->comm, ":%d", queue->tid);
}

static ptm_status tell_chunks(ptm_session *session, ptm_bts_samples *samples, ptm_table *table, const ptm_request *request, uint32_t most)
{
	for (;;) {
		if (samples->in_chunk)
			PTM_TRY(tell_chunk(session, samples, table, request, most));
		uint32_t row = next_queue(session, samples);
		if (row == UINT32_MAX)
			return PTM_OK;
		start_chunk(session, samples, row);
	}
}

/* -------------------------------------------------------------- the whole */

/* Lets a sideband record in. */
static ptm_status let_in(ptm_bts_samples *samples, ptm_table *table, uint32_t wanted, const ptm_record *record)
{
	uint32_t row;

	if (record->time != PTM_NO_TIME)
		samples->record_ns = record->time;
	if (record->type != PTM_RECORD_AUX || !(record->as.aux.flags & 1) || !(wanted & SAMPLE_ERRORS))
		return PTM_OK;
	PTM_TRY(ptm_table_add_row(table, &row));
	ptm_table_set_u8(table, PTM_samples_kind, row, KIND_ERROR);
	ptm_table_set_u64(table, PTM_samples_time, row, record->time == PTM_NO_TIME ? 0 : record->time);
	ptm_table_set_i32(table, PTM_samples_pid, row, record->pid);
	ptm_table_set_i32(table, PTM_samples_tid, row, record->tid);
	ptm_table_set_i32(table, PTM_samples_cpu, row, record->cpu);
	ptm_table_set_u32(table, PTM_samples_error, row, ERROR_LOST);
	return PTM_OK;
}

static ptm_status fill(ptm_session *session, ptm_bts_samples *samples, ptm_table *table, const ptm_request *request, uint32_t most)
{
	const ptm_trace_file *file = &session->file;

	while (!samples->finished) {
		bool last = samples->record >= file->records.length;
		const ptm_record *record = last ? NULL : &file->records.at[samples->record];
		bool timed = record && record->time != PTM_NO_TIME;
		samples->limit = last ? UINT64_MAX : timed ? ptm_time_tsc(&session->time, record->time) : 0;
		if (!samples->limited && samples->limit)
			PTM_TRY(tell_chunks(session, samples, table, request, most));
		samples->limited = true;
		if (last) {
			samples->finished = true;
			break;
		}
		if (record->type == PTM_RECORD_EXIT) {
			samples->exiting = true;
			samples->exit_tid = record->tid;
			PTM_TRY(tell_chunks(session, samples, table, request, most));
			samples->exiting = false;
		}
		PTM_TRY(let_in(samples, table, request->flags, record));
		samples->record++;
		samples->limited = false;
	}
	return PTM_END;
}

ptm_status ptm_query_bts_samples(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	if (!request->first || !session->bts_samples) {
		ptm_bts_samples_free(session->bts_samples);
		session->bts_samples = calloc(1, sizeof *session->bts_samples);
		if (!session->bts_samples)
			return PTM_NO_MEMORY;
		PTM_TRY(ptm_array_reserve(&session->bts_samples->lanes, session->file.queues.length));
		for (uint32_t row = 0; row < session->file.queues.length; row++)
			PTM_TRY(ptm_array_push(&session->bts_samples->lanes, (lane){ 0 }));
	}
	ptm_status status = fill(session, session->bts_samples, table, request, request->count ? request->count : 1u << 16);
	return status == PTM_END || status == PTM_MORE ? PTM_OK : status;
}
