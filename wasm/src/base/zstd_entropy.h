/* SPDX-License-Identifier: Apache-2.0 */
/* The entropy coders of Zstandard (RFC 8878, section 4): bit streams that are
 * read from their end, FSE tables and Huffman tables. */
#ifndef PTM_BASE_ZSTD_ENTROPY_H
#define PTM_BASE_ZSTD_ENTROPY_H

#include "base/bytes.h"

/* Readers load words: this many bytes behind any input must be readable. */
#define PTM_ZSTD_SLACK 8

/* A stream of bits, read backwards. Invariant: `left` bits from `start` on are
 * still to be read, the highest first; below 0 it was read too far, as zeros. */
typedef struct ptm_zstd_bits {
	const uint8_t *start;
	int64_t left;
} ptm_zstd_bits;

/* Opens `length` bytes as a stream; the highest set bit of the last is a mark.
 * PTM_BAD_DATA: there is no mark. */
ptm_status ptm_zstd_bits_open(ptm_zstd_bits *bits, const uint8_t *at, size_t length) PTM_MUST_CHECK;

/* The next `count` bits (at most 56), which stay in the stream. */
static inline uint64_t ptm_zstd_bits_peek(const ptm_zstd_bits *bits, uint32_t count)
{
	int64_t from = bits->left - count;
	uint64_t word;

	if (from >= 0) {
		memcpy(&word, bits->start + (from >> 3), sizeof word);
		return word >> (from & 7) & (((uint64_t)1 << count) - 1);
	}
	if (bits->left <= 0)
		return 0;
	memcpy(&word, bits->start, sizeof word);
	return (word & (((uint64_t)1 << bits->left) - 1)) << -from;
}

static inline uint64_t ptm_zstd_bits_take(ptm_zstd_bits *bits, uint32_t count)
{
	uint64_t value = ptm_zstd_bits_peek(bits, count);
	bits->left -= count;
	return value;
}

#define PTM_ZSTD_MOST_FSE_LOG 9

typedef struct ptm_zstd_fse {
	uint8_t log;            /* the table has 1 << log states; 0: one symbol without bits */
	bool known;
	struct { uint16_t base; uint8_t symbol, bits; } states[1 << PTM_ZSTD_MOST_FSE_LOG];
} ptm_zstd_fse;

/* Builds a table from the probabilities of `count` symbols (-1: less than one state). */
ptm_status ptm_zstd_fse_build(ptm_zstd_fse *table, const int16_t *probabilities, uint32_t count, uint32_t log) PTM_MUST_CHECK;
/* The table of a single symbol. */
void ptm_zstd_fse_single(ptm_zstd_fse *table, uint8_t symbol);
/* Reads a table's description; symbols go up to `most_symbol`, its log to `most_log`. */
ptm_status ptm_zstd_fse_read(ptm_zstd_fse *table, ptm_bytes *bytes, uint32_t most_symbol, uint32_t most_log) PTM_MUST_CHECK;

#define PTM_ZSTD_MOST_HUFFMAN_LOG 11

typedef struct ptm_zstd_huffman {
	uint8_t log;
	bool known;
	struct { uint8_t symbol, bits; } entries[1 << PTM_ZSTD_MOST_HUFFMAN_LOG];
} ptm_zstd_huffman;

ptm_status ptm_zstd_huffman_read(ptm_zstd_huffman *table, ptm_bytes *bytes) PTM_MUST_CHECK;
/* Decodes `count` symbols, which must use up the stream. */
ptm_status ptm_zstd_huffman_decode(const ptm_zstd_huffman *table, const uint8_t *at, size_t length, uint8_t *into, size_t count) PTM_MUST_CHECK;

#endif
