/* SPDX-License-Identifier: Apache-2.0 */
#include "base/inflate.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_BITS = 15, LITERALS = 288, DISTANCES = 32, LENGTH_CODES = 19 };
enum { BLOCK_STORED, BLOCK_FIXED, BLOCK_DYNAMIC };

/* Each entry: symbol << 4 | bits of its code, by the next `bits` bits; 0: no code begins so. */
typedef struct huffman {
	uint32_t bits;
	uint16_t at[1 << MOST_BITS];
} huffman;

typedef struct inflate {
	const uint8_t *in, *end;
	uint64_t held;           /* bits not yet taken, the next one lowest */
	uint32_t count;          /* of them; may count bits behind the end, which are 0 */
	uint8_t *out;
	size_t size, done;
	huffman literals, distances;
} inflate;

/* Holds at least 32 bits, of the input or behind it. */
static void fill(inflate *state)
{
	for (; state->count <= 56; state->count += 8)
		if (state->in < state->end)
			state->held |= (uint64_t)*state->in++ << state->count;
		else
			break;
}

/* The next bits, 16 at most; bits behind the end are 0 and take `count` below it: see ran_out. */
static uint32_t take(inflate *state, uint32_t bits)
{
	if (state->count < bits)
		fill(state);
	uint32_t value = (uint32_t)state->held & ((1u << bits) - 1);
	state->held >>= bits;
	state->count -= bits;
	return value;
}

/* More bits were taken than there were. */
static bool ran_out(const inflate *state)
{
	return (int32_t)state->count < 0;
}

static uint32_t reversed(uint32_t code, uint32_t bits)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < bits; i++)
		value |= (code >> i & 1) << (bits - 1 - i);
	return value;
}

/* Gives out the codes by their lengths. False when there are more codes than bits can tell. */
static bool build(huffman *table, const uint8_t *lengths, uint32_t symbols)
{
	uint32_t counts[MOST_BITS + 1] = { 0 }, next[MOST_BITS + 2] = { 0 }, code = 0, used = 0;

	for (uint32_t i = 0; i < symbols; i++)
		counts[lengths[i]]++;
	counts[0] = 0;
	table->bits = 1;
	for (uint32_t bits = 1; bits <= MOST_BITS; bits++) {
		next[bits] = code;
		used += counts[bits] << (MOST_BITS - bits);
		code = (code + counts[bits]) << 1;
		if (counts[bits])
			table->bits = bits;
	}
	if (used > 1u << MOST_BITS)
		return false;
	memset(table->at, 0, sizeof *table->at << table->bits);
	for (uint32_t i = 0; i < symbols; i++) {
		uint32_t bits = lengths[i];
		if (!bits)
			continue;
		for (uint32_t at = reversed(next[bits]++, bits); at < 1u << table->bits; at += 1u << bits)
			table->at[at] = (uint16_t)(i << 4 | bits);
	}
	return true;
}

/* The next symbol; UINT32_MAX: no code. */
static uint32_t symbol(inflate *state, const huffman *table)
{
	if (state->count < MOST_BITS)
		fill(state);
	uint32_t entry = table->at[state->held & ((1u << table->bits) - 1)];
	state->held >>= entry & 15;
	state->count -= entry & 15;
	return entry && !ran_out(state) ? entry >> 4 : UINT32_MAX;
}

static bool read_lengths(inflate *state, uint8_t *lengths, uint32_t count)
{
	for (uint32_t i = 0; i < count;) {
		uint32_t code = symbol(state, &state->distances), times = 1;
		uint8_t value = (uint8_t)code;
		if (code > 18)
			return false;
		if (code >= 16) {
			if (code == 16 && !i)
				return false;
			value = code == 16 ? lengths[i - 1] : 0;
			times = code == 16 ? 3 + take(state, 2) : code == 17 ? 3 + take(state, 3) : 11 + take(state, 7);
		}
		if (times > count - i)
			return false;
		memset(lengths + i, value, times);
		i += times;
	}
	return !ran_out(state);
}

static bool read_tables(inflate *state)
{
	static const uint8_t order[LENGTH_CODES] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	uint8_t lengths[LITERALS + DISTANCES] = { 0 };
	uint32_t literals = 257 + take(state, 5), distances = 1 + take(state, 5), codes = 4 + take(state, 4);

	if (literals > LITERALS)
		return false;
	for (uint32_t i = 0; i < codes; i++)
		lengths[order[i]] = (uint8_t)take(state, 3);
	if (!build(&state->distances, lengths, LENGTH_CODES))
		return false;
	memset(lengths, 0, sizeof lengths);
	return read_lengths(state, lengths, literals + distances) && build(&state->literals, lengths, literals) &&
	       build(&state->distances, lengths + literals, distances);
}

static bool fixed_tables(inflate *state)
{
	uint8_t lengths[LITERALS];

	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 256 - 144);
	memset(lengths + 256, 7, 280 - 256);
	memset(lengths + 280, 8, LITERALS - 280);
	if (!build(&state->literals, lengths, LITERALS))
		return false;
	memset(lengths, 5, DISTANCES);
	return build(&state->distances, lengths, DISTANCES);
}

static bool copy_back(inflate *state, size_t distance, size_t length)
{
	if (distance > state->done || length > state->size - state->done)
		return false;
	uint8_t *to = state->out + state->done;
	const uint8_t *from = to - distance;
	for (size_t i = 0; i < length; i++)
		to[i] = from[i];
	state->done += length;
	return true;
}

static bool copy_match(inflate *state, uint32_t code)
{
	static const uint16_t bases[29] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258 };
	static const uint16_t starts[30] = { 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
		6145, 8193, 12289, 16385, 24577 };

	if (code >= 29)
		return false;
	uint32_t length = bases[code] + take(state, code < 8 || code == 28 ? 0 : (code - 4) / 4);
	uint32_t place = symbol(state, &state->distances);
	if (place >= 30)
		return false;
	uint32_t distance = starts[place] + take(state, place < 4 ? 0 : (place - 2) / 2);
	return !ran_out(state) && copy_back(state, distance, length);
}

static bool read_codes(inflate *state)
{
	for (;;) {
		uint32_t code = symbol(state, &state->literals);
		if (code == 256)
			return true;
		if (code < 256) {
			if (state->done == state->size)
				return false;
			state->out[state->done++] = (uint8_t)code;
		} else if (code == UINT32_MAX || !copy_match(state, code - 257)) {
			return false;
		}
	}
}

/* Bytes as they are, from the next byte on. */
static bool read_stored(inflate *state)
{
	(void)take(state, state->count & 7);
	uint32_t length = take(state, 16), check = take(state, 16);
	if (ran_out(state) || (length ^ check) != 0xffff || length > state->size - state->done)
		return false;
	for (; length && state->count; length--)
		state->out[state->done++] = (uint8_t)take(state, 8);
	if (length > (size_t)(state->end - state->in))
		return false;
	memcpy(state->out + state->done, state->in, length);
	state->in += length;
	state->done += length;
	return true;
}

static bool read_blocks(inflate *state)
{
	bool last = false;

	while (!last) {
		last = take(state, 1);
		uint32_t type = take(state, 2);
		bool good = !ran_out(state) && (type == BLOCK_STORED ? read_stored(state) :
						type == BLOCK_FIXED ? fixed_tables(state) && read_codes(state) :
						type == BLOCK_DYNAMIC ? read_tables(state) && read_codes(state) : false);
		if (!good)
			return false;
	}
	return true;
}

ptm_status ptm_inflate(const uint8_t *in, size_t length, uint8_t *out, size_t size)
{
	/* Method 8, no dictionary, and a check of these two bytes. */
	if (length < 2 || (in[0] & 15) != 8 || in[1] & 32 || (in[0] << 8 | in[1]) % 31)
		return PTM_BAD_DATA;
	inflate *state = calloc(1, sizeof *state);
	if (!state)
		return PTM_NO_MEMORY;
	*state = (inflate){ .in = in + 2, .end = in + length, .out = out, .size = size };
	bool good = read_blocks(state) && state->done == size;
	free(state);
	return good ? PTM_OK : PTM_BAD_DATA;
}
