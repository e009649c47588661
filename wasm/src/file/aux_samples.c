/* SPDX-License-Identifier: Apache-2.0 */
/* AUX data in samples (PERF_SAMPLE_AUX): each sample holds the last bytes that
 * the CPU had written to its AUX buffer, so two of them may overlap, or leave
 * bytes out between them. */
#include "file/perf_data.h"

#define RECORD_HEADER 8
#define PLACE_BYTES 32
/* The kernel keeps a sample within a record of 64 KB. */
#define MOST_PIECE (64u << 10)
/* Fewer equal bytes may be chance. */
#define LEAST_OVERLAP 16

ptm_status ptm_aux_samples_places(ptm_trace_file *file, const uint8_t *bytes, uint32_t size)
{
	ptm_bytes body = ptm_bytes_of(bytes, size);

	ptm_bytes_skip(&body, RECORD_HEADER);
	uint64_t count = ptm_bytes_u64(&body);
	for (uint64_t i = 0; i < count && ptm_bytes_left(&body) >= PLACE_BYTES; i++) {
		ptm_id_place place;
		place.id = ptm_bytes_u64(&body);
		place.index = ptm_bytes_u64(&body);
		place.cpu = (int32_t)ptm_bytes_u64(&body);
		place.tid = (int32_t)ptm_bytes_u64(&body);
		PTM_TRY(ptm_array_push(&file->id_places, place));
	}
	return PTM_OK;
}

static int compare_places(const void *left, const void *right)
{
	const ptm_id_place *a = left, *b = right;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

static const ptm_id_place *find_place(const ptm_trace_file *file, uint64_t id)
{
	uint32_t low = 0, high = file->id_places.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (file->id_places.at[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < file->id_places.length && file->id_places.at[low].id == id ? &file->id_places.at[low] : NULL;
}

/* A piece, and the buffer that it was taken from. */
typedef struct placed {
	uint64_t buffer;
	uint32_t row;            /* of aux_pieces */
	int32_t tid, cpu;
} placed;

static int compare_placed(const void *left, const void *right)
{
	const placed *a = left, *b = right;
	if (a->buffer != b->buffer)
		return a->buffer < b->buffer ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

/* Samples whose id nobody has told the place of belong to their CPU, or else their thread. */
static placed place(const ptm_trace_file *file, uint32_t row)
{
	const ptm_aux_piece *piece = &file->aux_pieces.at[row];
	const ptm_id_place *known = find_place(file, piece->id);

	if (known)
		return (placed){ known->index, row, known->tid, known->cpu };
	if (piece->cpu >= 0)
		return (placed){ (uint64_t)1 << 32 | (uint32_t)piece->cpu, row, -1, piece->cpu };
	return (placed){ (uint64_t)2 << 32 | (uint32_t)piece->tid, row, piece->tid, -1 };
}

/* How many bytes at the start of `next` are the last ones of `last`: the most that are, by
 * the failure function of Knuth, Morris and Pratt over `next`. */
static uint32_t overlap(const uint8_t *last, uint32_t last_length, const uint8_t *next, uint32_t next_length, uint32_t *failure)
{
	uint32_t matched = 0;

	failure[0] = 0;
	for (uint32_t i = 1; i < next_length; i++) {
		while (matched && next[i] != next[matched])
			matched = failure[matched - 1];
		matched += next[i] == next[matched];
		failure[i] = matched;
	}
	matched = 0;
	for (uint32_t i = last_length > next_length ? last_length - next_length : 0; i < last_length; i++) {
		while (matched && (matched == next_length || last[i] != next[matched]))
			matched = failure[matched - 1];
		matched += last[i] == next[matched];
	}
	return matched < LEAST_OVERLAP ? 0 : matched;
}

/* Two pieces of the same buffer, one after the other. */
typedef struct join {
	uint8_t bytes[2][MOST_PIECE];
	uint32_t lengths[2];
	uint32_t failure[MOST_PIECE];
	uint32_t queue;
	uint64_t aux_offset;     /* where the next chunk of the queue goes on */
} join;

static ptm_status add_piece(ptm_trace_file *file, join *pair, const placed *at, bool first)
{
	const ptm_aux_piece *piece = &file->aux_pieces.at[at->row];
	const uint8_t *bytes;
	uint32_t size = piece->size < MOST_PIECE ? (uint32_t)piece->size : MOST_PIECE, known = 0;

	memcpy(pair->bytes[0], pair->bytes[1], pair->lengths[1]);
	pair->lengths[0] = pair->lengths[1];
	PTM_TRY(ptm_trace_file_view(file, piece->file_offset, size, &bytes));
	memcpy(pair->bytes[1], bytes, size);
	pair->lengths[1] = size;
	if (!first)
		known = overlap(pair->bytes[0], pair->lengths[0], pair->bytes[1], size, pair->failure);
	if (!known) {
		pair->queue++;
		pair->aux_offset = 0;
	}
	ptm_aux_chunk chunk = { .file_offset = piece->file_offset + known, .size = piece->size - known, .aux_offset = pair->aux_offset,
		.reference = piece->time, .queue = pair->queue, .tid = at->tid, .cpu = at->cpu };
	pair->aux_offset += chunk.size;
	return chunk.size ? ptm_array_push(&file->chunks, chunk) : PTM_OK;
}

/* The sample as perf takes it: behind those of the same buffer before it. */
static ptm_status add_whole(ptm_trace_file *file, const placed *at, bool first)
{
	const ptm_aux_piece *piece = &file->aux_pieces.at[at->row];

	if (first) {
		ptm_queue queue = { .index = file->sampled.queues.length, .cpu = at->cpu, .tid = at->tid, .first_chunk = file->sampled.chunks.length };
		PTM_TRY(ptm_array_push(&file->sampled.queues, queue));
	}
	ptm_queue *queue = &file->sampled.queues.at[file->sampled.queues.length - 1];
	ptm_aux_chunk chunk = { .file_offset = piece->file_offset, .size = piece->size, .aux_offset = queue->size, .reference = piece->time,
		.queue = queue->index, .tid = at->tid, .cpu = at->cpu };
	queue->chunk_count++;
	queue->size += chunk.size;
	return ptm_array_push(&file->sampled.chunks, chunk);
}

static ptm_status add_all(ptm_trace_file *file, placed *pieces, join *pair)
{
	uint32_t count = file->aux_pieces.length;

	for (uint32_t row = 0; row < count; row++)
		pieces[row] = place(file, row);
	qsort(pieces, count, sizeof *pieces, compare_placed);
	for (uint32_t i = 0; i < count; i++) {
		bool first = !i || pieces[i - 1].buffer != pieces[i].buffer;
		PTM_TRY(add_piece(file, pair, &pieces[i], first));
		PTM_TRY(add_whole(file, &pieces[i], first));
	}
	return PTM_OK;
}

ptm_status ptm_aux_samples_join(ptm_trace_file *file)
{
	if (!file->aux_pieces.length)
		return PTM_OK;
	if (file->chunks.length) {
		file->aux_pieces.length = 0;
		return ptm_trace_file_warn(file, "The samples bring AUX data along and there are AUXTRACE records too, which perf never writes into one file: the AUX data of the samples is not read.");
	}
	if (file->id_places.length)
		qsort(file->id_places.at, file->id_places.length, sizeof *file->id_places.at, compare_places);
	placed *pieces = calloc(file->aux_pieces.length, sizeof *pieces);
	join *pair = calloc(1, sizeof *pair);
	ptm_status status = pieces && pair ? add_all(file, pieces, pair) : PTM_NO_MEMORY;
	free(pieces);
	free(pair);
	return status;
}
