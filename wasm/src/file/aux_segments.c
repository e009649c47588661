/* SPDX-License-Identifier: Apache-2.0 */
/* The AUX data of a perf.data: AUXTRACE records, each with its payload behind
 * it, sorted into queues (one for each CPU or thread). Payload is never read. */
#include "file/perf_data.h"
#include <inttypes.h>

#define AUXTRACE_SIZE 40  /* of the record without `reserved` at its end */

ptm_status ptm_aux_segments_append(ptm_trace_file *file, const uint8_t *bytes, uint32_t size, uint64_t offset, uint64_t left, uint64_t *payload)
{
	ptm_aux_chunk chunk = { .file_offset = offset + size };
	ptm_bytes body = ptm_bytes_of(bytes, size);

	*payload = 0;
	ptm_bytes_skip(&body, 8);
	uint64_t length = ptm_bytes_u64(&body);
	chunk.aux_offset = ptm_bytes_u64(&body);
	chunk.reference = ptm_bytes_u64(&body);
	chunk.queue = ptm_bytes_u32(&body);
	chunk.tid = (int32_t)ptm_bytes_u32(&body);
	chunk.cpu = size >= AUXTRACE_SIZE + 4 ? (int32_t)ptm_bytes_u32(&body) : -1;
	if (body.failed)
		return ptm_trace_file_warn(file, "The AUXTRACE record at %s is only %" PRIu32 " bytes long and is skipped.", ptm_trace_file_place(file, offset), size);
	if (length > left)
		PTM_TRY(ptm_trace_file_warn(file, "The AUX data at %s ends %" PRIu64 " bytes early (%" PRIu64 " of %" PRIu64 " bytes are there); what is there is shown.",
			ptm_trace_file_place(file, chunk.file_offset), length - left, left, length));
	*payload = length < left ? length : left;
	chunk.size = *payload;
	return chunk.size ? ptm_array_push(&file->chunks, chunk) : PTM_OK;
}

static int compare_chunks(const void *left, const void *right)
{
	const ptm_aux_chunk *a = left, *b = right;
	if (a->queue != b->queue)
		return a->queue < b->queue ? -1 : 1;
	if (a->aux_offset != b->aux_offset)
		return a->aux_offset < b->aux_offset ? -1 : 1;
	return (a->file_offset > b->file_offset) - (a->file_offset < b->file_offset);
}

/* A queue's CPU and thread are its first chunk's; chunks that contradict it are
 * counted. */
static ptm_status append_to_queue(ptm_trace_file *file, uint32_t row, uint32_t *strangers)
{
	ptm_aux_chunk *chunk = &file->chunks.at[row];
	uint32_t last = file->queues.length - 1;

	if (!file->queues.length || file->queues.at[last].index != chunk->queue) {
		ptm_queue queue = { .index = chunk->queue, .cpu = chunk->cpu, .tid = chunk->tid, .first_chunk = row };
		PTM_TRY(ptm_array_push(&file->queues, queue));
		last = file->queues.length - 1;
	}
	ptm_queue *queue = &file->queues.at[last];
	if (queue->cpu != chunk->cpu || queue->tid != chunk->tid)
		++*strangers;
	queue->chunk_count++;
	queue->size += chunk->size;
	chunk->queue = last;
	return PTM_OK;
}

ptm_status ptm_aux_segments_sort(ptm_trace_file *file)
{
	uint32_t strangers = 0;

	if (!file->chunks.length)
		return PTM_OK;
	qsort(file->chunks.at, file->chunks.length, sizeof *file->chunks.at, compare_chunks);
	for (uint32_t row = 0; row < file->chunks.length; row++)
		PTM_TRY(append_to_queue(file, row, &strangers));
	if (strangers)
		return ptm_trace_file_warn(file, "%" PRIu32 " pieces of AUX data name another CPU or thread than the first of their queue; they are decoded with it.", strangers);
	return PTM_OK;
}
