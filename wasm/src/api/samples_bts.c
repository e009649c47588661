/* SPDX-License-Identifier: Apache-2.0 */
/* perf takes a piece of AUX data at a time, the one fetched first, between the
 * sideband records; it gives samples no time, names the queue's own thread, and
 * leaves out the last record of every piece: so does table script (no other). */
#include "api/samples_state.h"
#include "base/bytes.h"
#include <stdio.h>

enum { ERROR_NO_CODE = 5 };

#define BATCH 512u

typedef struct lane { uint32_t chunk; uint64_t stream; } lane; /* the queue's next piece, and where it starts in the stream */

struct ptm_bts_samples {
	PTM_ARRAY(lane) lanes;
	/* The piece being told: its records are at [offset, end) of the stream. */
	bool in_chunk;
	uint32_t queue, thread, chunk;
	uint64_t offset, end;
};

void ptm_bts_samples_free(ptm_bts_samples *samples)
{
	if (!samples)
		return;
	ptm_array_free(&samples->lanes);
	free(samples);
}

/* ------------------------------------------------------------------- rows */

/* perf's flags of a record whose instruction has these. */
static uint32_t flags_of(uint64_t from, uint64_t to, uint32_t flags)
{
	if (!from || !to)
		return PTM_FLAG_BRANCH | (from ? PTM_FLAG_END : PTM_FLAG_BEGIN);
	bool into_kernel = !(from >> 63) && to >> 63;
	if (into_kernel && flags != (PTM_FLAG_BRANCH | PTM_FLAG_CALL | PTM_FLAG_SYSCALL))
		return PTM_FLAG_BRANCH | PTM_FLAG_CALL | PTM_FLAG_ASYNC | PTM_FLAG_INTERRUPT;
	return flags;
}

/* Decodes the instruction at `ip`; length 0 where there is none. */
static ptm_status decode(ptm_session *session, uint32_t space, uint64_t ip, ptm_insn *insn)
{
	uint8_t code[16];
	uint32_t length = 15;
	const ptm_map *map;

	*insn = (ptm_insn){ 0 };
	if (!ip)
		return PTM_OK;
	ptm_status status = ptm_spaces_code(session->spaces, space, ip, code, &length, &map);
	if (status == PTM_OK)
		status = ptm_insn_decode(code, length, PTM_MODE_64, insn);
	if (status == PTM_NO_MEMORY)
		return status;
	if (status != PTM_OK)
		insn->length = 0;
	return PTM_OK;
}

static ptm_status put_record(ptm_session *session, ptm_samples *samples, uint64_t from, uint64_t to)
{
	ptm_script *script = &samples->script;
	const ptm_script_options *options = &script->options;
	ptm_thread_stack *stack;
	ptm_insn insn;

	PTM_TRY(decode(session, script->space, from, &insn));
	bool unknown = from && to && !insn.length;
	if (unknown && options->want & PTM_WANT_ERRORS)
		ptm_script_put_error(script, 0, from, ERROR_NO_CODE);
	ptm_script_row row = { .event = PTM_SCRIPT_BRANCHES, .ip = from, .addr = to, .period = 1, .code_ip = from, .code_space = script->space,
		.length = insn.length, .flags = unknown ? 0 : flags_of(from, to, ptm_sample_class_flags(insn.class)) };
	PTM_TRY(ptm_samples_stack(samples, samples->bts->thread, &stack));
	if (stack)
		PTM_TRY(ptm_thread_stack_take(stack, samples->script.ring_size, samples->bts->chunk, &row, insn.length));
	row.stack = stack;
	if (!(options->want & PTM_WANT_BRANCHES) || (options->branch_filter && !(row.flags & options->branch_filter)) ||
	    ptm_samples_skips(samples, options->skip ? options->skip + 1 : 0)) /* perf counts from 0 here */
		return script->status;
	(void)ptm_script_put_row(script, &row);
	return script->status;
}

/* ----------------------------------------------------------------- pieces */

/* Rows of the piece in hand, until it is done or the answer long enough (PTM_MORE). */
static ptm_status tell_chunk(ptm_session *session, ptm_samples *samples)
{
	ptm_bts_samples *bts = samples->bts;
	uint8_t batch[BATCH * PTM_BTS_RECORD];
	ptm_stream stream = ptm_stream_of(session, bts->queue);
	ptm_flow_config config;

	ptm_stream_config(&stream, &config);
	while (bts->offset < bts->end) {
		uint64_t left = bts->end - bts->offset;
		uint32_t length = left < sizeof batch ? (uint32_t)left : sizeof batch;
		PTM_TRY(config.bts.read(&stream, bts->offset, batch, &length));
		if (length < PTM_BTS_RECORD)
			break;
		for (uint32_t at = 0; at + PTM_BTS_RECORD <= length; at += PTM_BTS_RECORD) {
			ptm_bytes bytes = ptm_bytes_of(batch + at, PTM_BTS_RECORD);
			uint64_t from = ptm_bytes_u64(&bytes), to = ptm_bytes_u64(&bytes);
			if (samples->script.text.length >= PTM_SCRIPT_ANSWER)
				return PTM_MORE;
			bts->offset += PTM_BTS_RECORD;
			if (from || to)
				PTM_TRY(put_record(session, samples, from, to));
		}
	}
	bts->in_chunk = false;
	return PTM_OK;
}

/* The queue whose next piece was fetched first, up to the limit; UINT32_MAX: none. */
static uint32_t next_queue(const ptm_session *session, const ptm_bts_samples *bts, uint64_t limit, int32_t exit_tid)
{
	const ptm_trace_file *file = &session->file;
	uint32_t first = UINT32_MAX;
	uint64_t first_reference = 0;

	for (uint32_t row = 0; row < bts->lanes.length; row++) {
		const ptm_queue *queue = &file->queues.at[row];
		if (bts->lanes.at[row].chunk >= queue->chunk_count)
			continue;
		uint64_t reference = file->chunks.at[queue->first_chunk + bts->lanes.at[row].chunk].reference;
		bool ready = exit_tid != -1 ? queue->tid == exit_tid : reference <= limit;
		if (ready && (first == UINT32_MAX || reference < first_reference)) {
			first = row;
			first_reference = reference;
		}
	}
	return first;
}

static void start_chunk(ptm_session *session, ptm_samples *samples, uint32_t row)
{
	ptm_bts_samples *bts = samples->bts;
	ptm_script *script = &samples->script;
	const ptm_queue *queue = &session->file.queues.at[row];
	lane *own = &bts->lanes.at[row];
	const ptm_aux_chunk *chunk = &session->file.chunks.at[queue->first_chunk + own->chunk++];

	bts->thread = queue->tid > 0 ? ptm_sideband_thread(&session->sideband, -1, queue->tid) : 0;
	bts->chunk++;
	bts->in_chunk = true;
	bts->queue = row;
	bts->offset = own->stream;
	bts->end = own->stream + (chunk->size ? (chunk->size - 1) / PTM_BTS_RECORD * PTM_BTS_RECORD : 0);
	own->stream += chunk->size;
	ptm_script_set_thread(script, bts->thread, samples->record_ns);
	script->cpu = queue->cpu;
	if (!bts->thread) {
		script->tid = queue->tid;
		snprintf(script->comm, sizeof script->comm, ":%d", queue->tid);
	}
	script->space = ptm_spaces_at(session->spaces, script->pid, samples->record_ns);
}

ptm_status ptm_bts_samples_run(ptm_session *session, ptm_samples *samples, uint64_t limit, int32_t exit_tid)
{
	for (;;) {
		if (samples->bts->in_chunk)
			PTM_TRY(tell_chunk(session, samples));
		uint32_t row = next_queue(session, samples->bts, limit, exit_tid);
		if (row == UINT32_MAX)
			return PTM_OK;
		start_chunk(session, samples, row);
	}
}

ptm_status ptm_bts_samples_new(ptm_session *session, ptm_bts_samples **bts)
{
	*bts = calloc(1, sizeof **bts);
	if (!*bts)
		return PTM_NO_MEMORY;
	for (uint32_t row = 0; row < session->file.queues.length; row++)
		PTM_TRY(ptm_array_push(&(*bts)->lanes, (lane){ 0 }));
	return PTM_OK;
}
