/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of one ring buffer, taken again and again: each holds what the one
 * before it held, as far as that is not overwritten yet. Cuts what was seen
 * before, and marks where a snapshot does not follow on the one before. perf
 * drops what stands before a snapshot's first PSB; the views decode it where it
 * goes on, else they tell it as lost. */
#include "api/session.h"
#include "pt/reader.h"

/* perf pads a piece of AUX data with so many zeros at most. */
#define MOST_PADDING 7
/* A ring is whole pages. */
#define PAGE 4096

/* The bytes of one snapshot. */
typedef struct ring {
	const uint8_t *at;
	size_t size;
} ring;

/* Finds the TSC of the first PSB+ at or after `*offset` that has one; stores the
 * offset behind its packet. False: there is none. */
static bool next_tsc(const ring *ring, size_t *offset, uint64_t *tsc)
{
	size_t psb = ptm_psb_find(ring->at, *offset, ring->size);
	while (psb < ring->size) {
		ptm_packet packet = { .kind = PTM_PACKET_PSB };
		size_t at = psb;
		while (at < ring->size && packet.kind != PTM_PACKET_PSBEND && packet.kind != PTM_PACKET_OVF) {
			uint32_t left = ring->size - at < PTM_PACKET_SIZE ? (uint32_t)(ring->size - at) : PTM_PACKET_SIZE;
			if (ptm_packet_decode(ring->at + at, left, 0, &packet) != PTM_OK)
				break;
			at += packet.size;
			if (packet.kind == PTM_PACKET_TSC) {
				*tsc = packet.payload;
				*offset = at;
				return true;
			}
		}
		psb = ptm_psb_find(ring->at, psb + PTM_PSB_SIZE, ring->size);
	}
	return false;
}

/* The last PSB+ with a TSC. */
static bool last_tsc(const ring *ring, size_t *behind, uint64_t *tsc)
{
	size_t offset = 0;
	bool found = false;
	while (next_tsc(ring, &offset, tsc)) {
		*behind = offset;
		found = true;
	}
	return found;
}

/* Zeros at the end of `before` may be padding, which the ring itself does not have. */
static size_t without_padding(const ring *before, const ring *after, size_t start)
{
	for (size_t count = MOST_PADDING; count; count--) {
		if (count > before->size || count > start)
			continue;
		if (after->at[start - count] != before->at[before->size - count])
			return start - count;
	}
	return start;
}

/* Where in `after` begins what `before` does not hold. follows: right behind it. */
static size_t new_part(const ring *before, const ring *after, bool *follows)
{
	uint64_t tsc, other;
	size_t behind = 0, start = ptm_psb_find(after->at, 0, after->size), offset = start;

	*follows = false;
	if (!last_tsc(before, &behind, &tsc))
		return start;
	size_t rest = before->size - behind;
	while (next_tsc(after, &offset, &other)) {
		/* The same moment, so the same bytes follow. */
		if (other == tsc && after->size - offset >= rest) {
			*follows = true;
			return without_padding(before, after, offset + rest);
		}
		/* TSC packets carry 56 bits. */
		if ((other - tsc) << 8 >> 63 == 0)
			return start;
	}
	return after->size;
}

static ptm_status load(const ptm_session *session, const ptm_aux_chunk *chunk, uint8_t **bytes, ring *ring)
{
	uint64_t done = 0;

	*bytes = malloc(chunk->size ? chunk->size : 1);
	if (!*bytes)
		return PTM_NO_MEMORY;
	while (done < chunk->size) {
		uint32_t more = chunk->size - done < 1u << 16 ? (uint32_t)(chunk->size - done) : 1u << 16;
		const uint8_t *at;
		PTM_TRY(ptm_trace_file_view_some(&session->file, chunk->file_offset + done, &more, &at));
		if (!more)
			break;
		memcpy(*bytes + done, at, more);
		done += more;
	}
	*ring = (struct ring){ *bytes, done };
	return PTM_OK;
}

/* Whether `chunk` goes on where the one before it ended, as where the ring was not full; then what is new alone was
 * written. `padding`: zeros at that one's end which the ring does not have. A whole ring may have gone round often. */
static bool adjoins(const ptm_aux_chunk *chunk, const ring *before, uint64_t *padding)
{
	*padding = chunk[-1].aux_offset + chunk[-1].size - chunk->aux_offset;
	if (*padding > MOST_PADDING || *padding > chunk[-1].size || *padding > before->size || chunk->size % PAGE == 0)
		return false;
	for (uint64_t i = 1; i <= *padding; i++)
		if (before->at[before->size - i])
			return false;
	return true;
}

/* Cuts `start` bytes off the beginning. */
static void cut(ptm_queue *queue, ptm_aux_chunk *chunk, size_t start)
{
	chunk->file_offset += start;
	chunk->aux_offset += start;
	chunk->size -= start;
	queue->size -= start;
}

/* Joins a chunk to the one before it. */
static void join(ptm_queue *queue, ptm_aux_chunk *chunk, const ring *before, const ring *own, bool as_perf)
{
	bool follows = false;
	uint64_t padding;
	size_t start = new_part(before, own, &follows), first = ptm_psb_find(own->at, 0, own->size);
	/* Else the times say that all of it is known. */
	bool is_new = !follows && start == first;

	if (!as_perf && is_new && adjoins(chunk, before, &padding)) {
		chunk[-1].size -= padding;
		queue->size -= padding;
		return;
	}
	chunk->restarts = !follows;
	cut(queue, chunk, !as_perf && is_new ? 0 : start);
}

static ptm_status trim_queue(ptm_session *session, ptm_queue *queue, ptm_aux_chunk *chunks, bool as_perf)
{
	uint8_t *bytes = NULL, *own_bytes = NULL;
	ring before = { NULL, 0 }, own;
	ptm_status status = PTM_OK;

	for (uint32_t i = 0; status == PTM_OK && i < queue->chunk_count; i++) {
		ptm_aux_chunk *chunk = &chunks[queue->first_chunk + i];
		status = load(session, chunk, &own_bytes, &own);
		if (status == PTM_OK && i)
			join(queue, chunk, &before, &own, as_perf);
		/* A snapshot that brings nothing new is none to compare with. */
		if (chunk->size || !i) {
			free(bytes);
			bytes = own_bytes;
			before = own;
		} else {
			free(own_bytes);
		}
		own_bytes = NULL;
	}
	free(bytes);
	free(own_bytes);
	return status;
}

static ptm_status copy_layout(const ptm_trace_file *file, ptm_aux_layout *into)
{
	for (uint32_t row = 0; row < file->chunks.length; row++)
		PTM_TRY(ptm_array_push(&into->chunks, file->chunks.at[row]));
	for (uint32_t row = 0; row < file->queues.length; row++)
		PTM_TRY(ptm_array_push(&into->queues, file->queues.at[row]));
	return PTM_OK;
}

ptm_status ptm_snapshots_trim(ptm_session *session)
{
	ptm_trace_file *file = &session->file;

	if (session->pt.snapshot)
		PTM_TRY(copy_layout(file, &file->snapshots));
	for (uint32_t row = 0; session->pt.snapshot && row < file->queues.length; row++) {
		PTM_TRY(trim_queue(session, &file->queues.at[row], file->chunks.at, false));
		PTM_TRY(trim_queue(session, &file->snapshots.queues.at[row], file->snapshots.chunks.at, true));
	}
	/* perf takes AUX data in samples for snapshots. */
	for (uint32_t row = 0; row < file->sampled.queues.length; row++)
		PTM_TRY(trim_queue(session, &file->sampled.queues.at[row], file->sampled.chunks.at, true));
	return PTM_OK;
}
