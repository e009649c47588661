/* SPDX-License-Identifier: Apache-2.0 */
/* The .xz container: stream header, blocks, index, footer. The index, found from
 * the end, tells how large all blocks are when unpacked. */
#include "base/xz.h"
#include "base/bytes.h"
#include "base/lzma2.h"
#include <stdlib.h>

enum { FRAME = 12, LZMA2 = 0x21 };
/* LZMA cannot pack better than this. */
#define MOST_RATIO 8000u

/* A number of 7 bits a byte, the lowest first, of at most nine bytes. */
static uint64_t take_number(ptm_bytes *bytes)
{
	uint64_t value = 0;
	for (uint32_t shift = 0; shift < 63; shift += 7) {
		uint8_t byte = ptm_bytes_u8(bytes);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	bytes->failed = true;
	return 0;
}

/* Bytes of a block's checksum, by the kind that the stream header names. */
static uint32_t check_size(uint8_t kind)
{
	static const uint8_t sizes[16] = { 0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64 };
	return sizes[kind & 15];
}

/* Stores the size of all blocks when unpacked, and where the index begins. */
static ptm_status read_index(const uint8_t *in, size_t length, size_t most, size_t *size, size_t *start)
{
	if (length < 2 * FRAME + 8 || memcmp(in, "\xfd" "7zXZ", 6) || in[length - 2] != 'Y' || in[length - 1] != 'Z')
		return PTM_BAD_DATA;
	ptm_bytes footer = ptm_bytes_of(in + length - 8, 4);
	uint64_t index_size = ((uint64_t)ptm_bytes_u32(&footer) + 1) * 4, total = 0;
	if (index_size > length - 2 * FRAME)
		return PTM_BAD_DATA;
	*start = length - FRAME - (size_t)index_size;
	ptm_bytes index = ptm_bytes_of(in + *start, (size_t)index_size);
	if (ptm_bytes_u8(&index))
		return PTM_BAD_DATA;
	for (uint64_t blocks = take_number(&index); blocks && !index.failed; blocks--) {
		(void)take_number(&index);
		uint64_t unpacked = take_number(&index);
		if (unpacked > most - total)
			return PTM_UNSUPPORTED;
		total += unpacked;
	}
	*size = (size_t)total;
	return index.failed || total / MOST_RATIO > length ? PTM_BAD_DATA : PTM_OK;
}

/* Takes a block's header; its filters may only be LZMA2. */
static ptm_status take_block_header(ptm_bytes *in)
{
	uint32_t size = (ptm_bytes_u8(in) + 1u) * 4;
	const uint8_t *at = ptm_bytes_take(in, size - 1);
	if (!at)
		return PTM_BAD_DATA;
	ptm_bytes header = ptm_bytes_of(at, size - 1);
	uint8_t flags = ptm_bytes_u8(&header);
	if (flags & 0x40)
		(void)take_number(&header);
	if (flags & 0x80)
		(void)take_number(&header);
	return flags & 3 || take_number(&header) != LZMA2 ? PTM_UNSUPPORTED : PTM_OK;
}

static ptm_status take_blocks(ptm_bytes *in, uint32_t check, uint8_t *out, size_t size)
{
	size_t done = 0, length;
	while (ptm_bytes_left(in) && done < size) {
		PTM_TRY(take_block_header(in));
		size_t before = ptm_bytes_left(in);
		PTM_TRY(ptm_lzma2(in, out + done, size - done, &length));
		done += length;
		ptm_bytes_skip(in, -(before - ptm_bytes_left(in)) & 3);
		ptm_bytes_skip(in, check);
	}
	return done == size && !in->failed ? PTM_OK : PTM_BAD_DATA;
}

ptm_status ptm_xz(const uint8_t *in, size_t length, size_t most, uint8_t **out, size_t *size)
{
	size_t index;
	*out = NULL;
	PTM_TRY(read_index(in, length, most, size, &index));
	uint8_t *made = malloc(*size ? *size : 1);
	if (!made)
		return PTM_NO_MEMORY;
	ptm_bytes blocks = ptm_bytes_of(in + FRAME, index - FRAME);
	ptm_status status = take_blocks(&blocks, check_size(in[7]), made, *size);
	if (status == PTM_OK)
		*out = made;
	else
		free(made);
	return status;
}
