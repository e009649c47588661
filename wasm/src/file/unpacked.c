/* SPDX-License-Identifier: Apache-2.0 */
#include "file/unpacked.h"
#include "base/array.h"
#include "base/zstd.h"

#define PACKED_WINDOW (256u << 10)
/* Bytes of the stream that are kept, at most and after the window was cut. */
#define MOST_WINDOW (16u << 20)
#define KEPT_WINDOW (8u << 20)
/* All copies of the decoder together; when they are more, every other is given up. */
#define MOST_COPY_BYTES (64u << 20)
#define FIRST_SPACING (4u << 20)
/* No piece of 64 KB unpacks to more, unless it was made to fill memories. */
#define MOST_FROM_PIECE (64u << 20)

typedef struct piece {
	uint64_t offset;         /* in the input */
	uint64_t end;            /* of what it unpacks to, in the stream */
	uint32_t length;
} piece;

/* The decoder as it was before a piece. */
typedef struct checkpoint {
	uint64_t start;          /* in the stream */
	uint32_t piece;
	ptm_zstd *zstd;          /* NULL: fresh */
} checkpoint;

struct ptm_unpacked {
	ptm_source packed;
	uint64_t size;
	PTM_ARRAY(piece) pieces;
	PTM_ARRAY(checkpoint) checkpoints; /* ascending; the first is the stream's start */
	uint64_t spacing;        /* least distance of checkpoints */
	/* The window, and the decoder that stands at its end. */
	ptm_zstd *zstd;
	uint32_t next_piece;
	PTM_ARRAY(uint8_t) window;
	uint64_t window_start;
};

ptm_status ptm_unpacked_new(ptm_unpacked **result, const ptm_source *source)
{
	ptm_unpacked *unpacked = calloc(1, sizeof *unpacked);

	*result = unpacked;
	if (!unpacked)
		return PTM_NO_MEMORY;
	unpacked->spacing = FIRST_SPACING;
	ptm_source_init_beside(&unpacked->packed, source, PACKED_WINDOW);
	ptm_status status = ptm_zstd_new(&unpacked->zstd);
	if (status == PTM_OK)
		status = ptm_array_push(&unpacked->checkpoints, ((checkpoint){ 0 }));
	if (status != PTM_OK) {
		ptm_unpacked_free(unpacked);
		*result = NULL;
	}
	return status;
}

void ptm_unpacked_free(ptm_unpacked *unpacked)
{
	if (!unpacked)
		return;
	for (uint32_t i = 0; i < unpacked->checkpoints.length; i++)
		ptm_zstd_free(unpacked->checkpoints.at[i].zstd);
	ptm_zstd_free(unpacked->zstd);
	ptm_array_free(&unpacked->checkpoints);
	ptm_array_free(&unpacked->pieces);
	ptm_array_free(&unpacked->window);
	ptm_source_free(&unpacked->packed);
	free(unpacked);
}

uint64_t ptm_unpacked_size(const ptm_unpacked *unpacked)
{
	return unpacked->size;
}

static uint64_t window_end(const ptm_unpacked *unpacked)
{
	return unpacked->window_start + unpacked->window.length;
}

/* Gives up what is before `wanted` in a window that has grown too long. */
static void cut_window(ptm_unpacked *unpacked, uint64_t wanted)
{
	if (unpacked->window.length <= MOST_WINDOW)
		return;
	uint64_t from = window_end(unpacked) - KEPT_WINDOW;
	if (from > wanted)
		from = wanted;
	if (from <= unpacked->window_start)
		return;
	uint32_t dropped = (uint32_t)(from - unpacked->window_start);
	unpacked->window.length -= dropped;
	unpacked->window_start = from;
	memmove(unpacked->window.at, unpacked->window.at + dropped, unpacked->window.length);
}

/* Decodes the next piece to the window's end. */
static ptm_status decode_piece(ptm_unpacked *unpacked)
{
	const piece *next = &unpacked->pieces.at[unpacked->next_piece];
	const uint8_t *at;
	size_t length;
	uint64_t most = window_end(unpacked) + MOST_FROM_PIECE;
	ptm_status status;

	PTM_TRY(ptm_source_view(&unpacked->packed, next->offset, next->length, &at));
	PTM_TRY(ptm_zstd_feed(unpacked->zstd, at, next->length));
	unpacked->next_piece++;
	while ((status = ptm_zstd_next(unpacked->zstd, &at, &length)) == PTM_OK) {
		PTM_TRY(ptm_array_reserve(&unpacked->window, (uint32_t)length));
		memcpy(unpacked->window.at + unpacked->window.length, at, length);
		unpacked->window.length += (uint32_t)length;
		if (window_end(unpacked) > most)
			return PTM_BAD_DATA;
	}
	return status == PTM_END ? PTM_OK : status;
}

/* Makes sure that another copy fits in; gives up every other one until it does. */
static void thin_out(ptm_unpacked *unpacked, size_t more)
{
	for (;;) {
		size_t bytes = more;
		for (uint32_t i = 1; i < unpacked->checkpoints.length; i++)
			bytes += ptm_zstd_copy_bytes(unpacked->checkpoints.at[i].zstd);
		if (bytes <= MOST_COPY_BYTES || unpacked->checkpoints.length < 2)
			return;
		uint32_t kept = 1;
		for (uint32_t i = 1; i < unpacked->checkpoints.length; i++) {
			if (i % 2)
				ptm_zstd_free(unpacked->checkpoints.at[i].zstd);
			else
				unpacked->checkpoints.at[kept++] = unpacked->checkpoints.at[i];
		}
		unpacked->checkpoints.length = kept;
		unpacked->spacing *= 2;
	}
}

/* The decoder stands at the end of all that was appended: remembers it now and then. */
static ptm_status add_checkpoint(ptm_unpacked *unpacked)
{
	const checkpoint *last = &unpacked->checkpoints.at[unpacked->checkpoints.length - 1];
	size_t bytes = ptm_zstd_copy_bytes(unpacked->zstd);
	checkpoint next = { .start = unpacked->size, .piece = unpacked->next_piece };

	if (unpacked->size - last->start < unpacked->spacing || bytes > MOST_COPY_BYTES / 2)
		return PTM_OK;
	thin_out(unpacked, bytes);
	PTM_TRY(ptm_array_reserve(&unpacked->checkpoints, 1));
	PTM_TRY(ptm_zstd_copy(unpacked->zstd, &next.zstd));
	unpacked->checkpoints.at[unpacked->checkpoints.length++] = next;
	return PTM_OK;
}

static const checkpoint *last_before(const ptm_unpacked *unpacked, uint64_t offset)
{
	uint32_t row = unpacked->checkpoints.length - 1;
	while (unpacked->checkpoints.at[row].start > offset)
		row--;
	return &unpacked->checkpoints.at[row];
}

/* Puts the decoder where it was at a checkpoint; the window is empty then. */
static ptm_status go_back(ptm_unpacked *unpacked, const checkpoint *to)
{
	ptm_zstd *zstd;

	PTM_TRY(to->zstd ? ptm_zstd_copy(to->zstd, &zstd) : ptm_zstd_new(&zstd));
	ptm_zstd_free(unpacked->zstd);
	unpacked->zstd = zstd;
	unpacked->next_piece = to->piece;
	unpacked->window_start = to->start;
	unpacked->window.length = 0;
	return PTM_OK;
}

/* Makes the window end where the stream does or behind `end`. */
static ptm_status decode_up_to(ptm_unpacked *unpacked, uint64_t wanted, uint64_t end)
{
	while (window_end(unpacked) < end && unpacked->next_piece < unpacked->pieces.length) {
		ptm_status status = decode_piece(unpacked);
		if (status != PTM_OK && window_end(unpacked) < end)
			return status;
		cut_window(unpacked, wanted);
	}
	return window_end(unpacked) < end ? PTM_READ_FAILED : PTM_OK;
}

/* Puts the decoder behind all that was appended, when a view has moved it. */
static ptm_status go_to_end(ptm_unpacked *unpacked)
{
	if (unpacked->next_piece == unpacked->pieces.length)
		return PTM_OK;
	PTM_TRY(go_back(unpacked, last_before(unpacked, unpacked->size)));
	while (unpacked->next_piece < unpacked->pieces.length) {
		PTM_TRY(decode_piece(unpacked));
		cut_window(unpacked, window_end(unpacked));
	}
	return PTM_OK;
}

ptm_status ptm_unpacked_append(ptm_unpacked *unpacked, uint64_t offset, uint32_t length, uint64_t keep)
{
	PTM_TRY(go_to_end(unpacked));
	PTM_TRY(add_checkpoint(unpacked));
	PTM_TRY(ptm_array_push(&unpacked->pieces, ((piece){ offset, unpacked->size, length })));
	ptm_status status = decode_piece(unpacked);
	unpacked->size = window_end(unpacked);
	unpacked->pieces.at[unpacked->pieces.length - 1].end = unpacked->size;
	cut_window(unpacked, keep);
	return status;
}

uint64_t ptm_unpacked_end_before(const ptm_unpacked *unpacked, uint64_t offset)
{
	uint32_t low = 0, high = unpacked->pieces.length;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (unpacked->pieces.at[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? unpacked->pieces.at[low - 1].end : 0;
}

ptm_status ptm_unpacked_view(ptm_unpacked *unpacked, uint64_t offset, uint32_t length, const uint8_t **at)
{
	if (offset > unpacked->size || length > unpacked->size - offset)
		return PTM_TRUNCATED;
	const checkpoint *from = last_before(unpacked, offset);
	if (offset < unpacked->window_start || from->start > window_end(unpacked))
		PTM_TRY(go_back(unpacked, from));
	PTM_TRY(decode_up_to(unpacked, offset, offset + length));
	*at = unpacked->window.at + (offset - unpacked->window_start);
	return PTM_OK;
}
