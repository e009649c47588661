/* SPDX-License-Identifier: Apache-2.0 */
#include "file/bts_overlap.h"
#include <inttypes.h>

#define RECORD 24u
/* Pieces above this are left as they are: no ring is that large. */
#define MOST_BYTES (256u << 20)

typedef struct piece { uint8_t *bytes; uint32_t records; } piece;

static ptm_status read_piece(const ptm_trace_file *file, const ptm_aux_chunk *chunk, piece *into)
{
	uint64_t size = chunk->size / RECORD * RECORD, done = 0;

	into->records = (uint32_t)(size / RECORD);
	into->bytes = malloc(size ? size : 1);
	if (!into->bytes)
		return PTM_NO_MEMORY;
	while (done < size) {
		const uint8_t *at;
		uint32_t length = (uint32_t)(size - done);
		PTM_TRY(ptm_trace_file_view_some(file, chunk->file_offset + done, &length, &at));
		if (!length)
			return PTM_TRUNCATED;
		memcpy(into->bytes + done, at, length);
		done += length;
	}
	return PTM_OK;
}

static bool same(const piece *a, uint32_t i, const piece *b, uint32_t j)
{
	return !memcmp(a->bytes + (size_t)i * RECORD, b->bytes + (size_t)j * RECORD, RECORD);
}

/* Length of the longest start of `next` that is an end of `last`: the prefix
 * function of next, run over last. `borders` has room for next's records. */
static uint32_t overlap(const piece *last, const piece *next, uint32_t *borders)
{
	uint32_t length = 0;

	borders[0] = 0;
	for (uint32_t i = 1; i < next->records; i++) {
		while (length && !same(next, i, next, length))
			length = borders[length - 1];
		length += same(next, i, next, length);
		borders[i] = length;
	}
	length = 0;
	for (uint32_t i = 0; i < last->records; i++) {
		if (length == next->records)
			length = borders[length - 1];
		while (length && !same(last, i, next, length))
			length = borders[length - 1];
		length += same(last, i, next, length);
	}
	return length;
}

static ptm_status trim_pair(const ptm_trace_file *file, const ptm_aux_chunk *before, ptm_aux_chunk *chunk, uint64_t *trimmed)
{
	piece last = { 0 }, next = { 0 };
	uint32_t *borders = NULL;

	*trimmed = 0;
	ptm_status status = read_piece(file, before, &last);
	if (status == PTM_OK)
		status = read_piece(file, chunk, &next);
	if (status == PTM_OK && last.records && next.records) {
		borders = malloc(next.records * sizeof *borders);
		if (borders)
			*trimmed = (uint64_t)overlap(&last, &next, borders) * RECORD;
		else
			status = PTM_NO_MEMORY;
	}
	free(last.bytes);
	free(next.bytes);
	free(borders);
	return status;
}

static int by_queue_in_file(const void *left, const void *right)
{
	const ptm_aux_chunk *a = left, *b = right;
	if (a->queue != b->queue)
		return a->queue < b->queue ? -1 : 1;
	return a->file_offset < b->file_offset ? -1 : a->file_offset > b->file_offset;
}

ptm_status ptm_bts_overlap_trim(ptm_trace_file *file)
{
	if (file->chunks.length)
		qsort(file->chunks.at, file->chunks.length, sizeof *file->chunks.at, by_queue_in_file);
	for (uint32_t row = 0; row < file->queues.length; row++) {
		ptm_queue *queue = &file->queues.at[row];
		ptm_aux_chunk before = { 0 };
		uint64_t position = 0;
		for (uint32_t i = 0; i < queue->chunk_count; i++) {
			ptm_aux_chunk *chunk = &file->chunks.at[queue->first_chunk + i];
			const ptm_aux_chunk whole = *chunk;
			uint64_t trimmed = 0;
			if (i && before.size <= MOST_BYTES && chunk->size <= MOST_BYTES)
				PTM_TRY(trim_pair(file, &before, chunk, &trimmed));
			/* Until the ring is full, a snapshot holds only what is new. */
			bool meets = trimmed || before.aux_offset + before.size == chunk->aux_offset;
			chunk->file_offset += trimmed;
			chunk->size -= trimmed;
			chunk->aux_offset = position + (i && !meets ? RECORD : 0);
			position = chunk->aux_offset + chunk->size;
			queue->size -= trimmed;
			before = whole;
		}
	}
	return PTM_OK;
}
