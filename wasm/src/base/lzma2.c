/* SPDX-License-Identifier: Apache-2.0 */
/* LZMA2 as the .xz format has it: chunks of plain bytes or of LZMA. What was put
 * out so far is the dictionary: it is all in memory anyway. */
#include "base/lzma2.h"
#include <stdlib.h>

#define HALF 1024u               /* a bit is as likely 0 as 1, of 2048 */
#define MOST_LITERALS (0x300u << 4)
enum { STATES = 12, POSITIONS = 16, LENGTH_KINDS = 4, FIRST_MATCH_STATE = 7 };

typedef struct lengths {
	uint16_t choice[2], low[POSITIONS][8], middle[POSITIONS][8], high[256];
} lengths;

/* Probabilities of the next bit being 0; all are numbers of 11 bits. */
typedef struct model {
	uint16_t match[STATES][POSITIONS], repeat[STATES], repeat_newest[STATES], repeat_second[STATES], repeat_third[STATES];
	uint16_t one_byte[STATES][POSITIONS], slot[LENGTH_KINDS][64], special[128], align[16];
	lengths matches, repeats;
	uint16_t literals[MOST_LITERALS];
} model;

typedef struct decoder {
	ptm_bytes *in;
	uint32_t range, code;
	uint8_t *out;
	size_t done, size, start; /* start: of the dictionary */
	uint32_t literal_bits, literal_position_bits, position_bits;
	uint32_t state, distances[4]; /* newest first, less one */
	model model;
} decoder;

/* ------------------------------------------------------------ range coder */

static void start_range(decoder *decoder)
{
	decoder->range = UINT32_MAX;
	decoder->code = 0;
	for (int i = 0; i < 5; i++)
		decoder->code = decoder->code << 8 | ptm_bytes_u8(decoder->in);
}

static void normalize(decoder *decoder)
{
	if (decoder->range >= 1u << 24)
		return;
	decoder->range <<= 8;
	decoder->code = decoder->code << 8 | ptm_bytes_u8(decoder->in);
}

static uint32_t take_bit(decoder *decoder, uint16_t *probability)
{
	normalize(decoder);
	uint32_t bound = (decoder->range >> 11) * *probability;
	if (decoder->code < bound) {
		decoder->range = bound;
		*probability = (uint16_t)(*probability + ((2048 - *probability) >> 5));
		return 0;
	}
	decoder->range -= bound;
	decoder->code -= bound;
	*probability = (uint16_t)(*probability - (*probability >> 5));
	return 1;
}

/* A number of `bits` bits, the highest first. */
static uint32_t take_tree(decoder *decoder, uint16_t *probabilities, uint32_t bits)
{
	uint32_t at = 1;
	for (uint32_t i = 0; i < bits; i++)
		at = at << 1 | take_bit(decoder, &probabilities[at]);
	return at - (1u << bits);
}

/* A number of `bits` bits, the lowest first. */
static uint32_t take_reverse_tree(decoder *decoder, uint16_t *probabilities, uint32_t bits)
{
	uint32_t at = 1, value = 0;
	for (uint32_t i = 0; i < bits; i++) {
		uint32_t bit = take_bit(decoder, &probabilities[at]);
		at = at << 1 | bit;
		value |= bit << i;
	}
	return value;
}

static uint32_t take_plain_bits(decoder *decoder, uint32_t bits)
{
	uint32_t value = 0;
	while (bits--) {
		normalize(decoder);
		decoder->range >>= 1;
		uint32_t bit = decoder->code >= decoder->range;
		if (bit)
			decoder->code -= decoder->range;
		value = value << 1 | bit;
	}
	return value;
}

/* ------------------------------------------------------------------- LZMA */

static uint8_t byte_before(const decoder *decoder, uint32_t distance)
{
	return distance < decoder->done - decoder->start ? decoder->out[decoder->done - 1 - distance] : 0;
}

static void take_literal(decoder *decoder)
{
	uint32_t position = (uint32_t)(decoder->done - decoder->start) & ((1u << decoder->literal_position_bits) - 1);
	uint32_t context = (position << decoder->literal_bits) + (byte_before(decoder, 0) >> (8 - decoder->literal_bits));
	uint16_t *probabilities = decoder->model.literals + 0x300 * context;
	uint32_t symbol = 1;
	/* Behind a match the byte that would have gone on with it says which bit is likely, while it is right. */
	if (decoder->state >= FIRST_MATCH_STATE)
		for (uint32_t likely = byte_before(decoder, decoder->distances[0]); symbol < 0x100;) {
			uint32_t expected = likely >> 7 & 1, bit = take_bit(decoder, &probabilities[((1 + expected) << 8) + symbol]);
			likely <<= 1;
			symbol = symbol << 1 | bit;
			if (bit != expected)
				break;
		}
	while (symbol < 0x100)
		symbol = symbol << 1 | take_bit(decoder, &probabilities[symbol]);
	decoder->out[decoder->done++] = (uint8_t)symbol;
	decoder->state = decoder->state < 4 ? 0 : decoder->state < 10 ? decoder->state - 3 : decoder->state - 6;
}

static uint32_t take_length(decoder *decoder, lengths *lengths, uint32_t position)
{
	if (!take_bit(decoder, &lengths->choice[0]))
		return 2 + take_tree(decoder, lengths->low[position], 3);
	if (!take_bit(decoder, &lengths->choice[1]))
		return 10 + take_tree(decoder, lengths->middle[position], 3);
	return 18 + take_tree(decoder, lengths->high, 8);
}

static uint32_t take_distance(decoder *decoder, uint32_t length)
{
	uint32_t slot = take_tree(decoder, decoder->model.slot[length < 6 ? length - 2 : 3], 6), bits = (slot >> 1) - 1;
	if (slot < 4)
		return slot;
	uint32_t distance = (2 | (slot & 1)) << bits;
	if (slot < 14)
		return distance + take_reverse_tree(decoder, decoder->model.special + distance - slot, bits);
	distance += take_plain_bits(decoder, bits - 4) << 4;
	return distance + take_reverse_tree(decoder, decoder->model.align, 4);
}

/* Takes one of the last four distances and makes it the newest; returns false for a single byte. */
static bool take_repeat(decoder *decoder, uint32_t position)
{
	model *model = &decoder->model;
	uint32_t state = decoder->state, which = 0;
	if (!take_bit(decoder, &model->repeat_newest[state])) {
		if (!take_bit(decoder, &model->one_byte[state][position])) {
			decoder->state = state < FIRST_MATCH_STATE ? 9 : 11;
			return false;
		}
	} else {
		which = !take_bit(decoder, &model->repeat_second[state]) ? 1 : 2 + take_bit(decoder, &model->repeat_third[state]);
	}
	uint32_t distance = decoder->distances[which];
	for (; which; which--)
		decoder->distances[which] = decoder->distances[which - 1];
	decoder->distances[0] = distance;
	return true;
}

/* Copies from the dictionary, up to `end`. False: it reaches behind its start, or over the end. */
static bool copy(decoder *decoder, uint32_t length, size_t end)
{
	uint32_t distance = decoder->distances[0];
	if (distance >= decoder->done - decoder->start || length > end - decoder->done)
		return false;
	for (; length; length--, decoder->done++)
		decoder->out[decoder->done] = decoder->out[decoder->done - 1 - distance];
	return true;
}

static bool take_match(decoder *decoder, uint32_t position, size_t end)
{
	uint32_t state = decoder->state, length = 1;
	if (!take_bit(decoder, &decoder->model.repeat[state])) {
		for (int i = 3; i; i--)
			decoder->distances[i] = decoder->distances[i - 1];
		length = take_length(decoder, &decoder->model.matches, position);
		decoder->distances[0] = take_distance(decoder, length);
		decoder->state = state < FIRST_MATCH_STATE ? 7 : 10;
	} else if (take_repeat(decoder, position)) {
		length = take_length(decoder, &decoder->model.repeats, position);
		decoder->state = state < FIRST_MATCH_STATE ? 8 : 11;
	}
	return copy(decoder, length, end);
}

static ptm_status take_packed(decoder *decoder, size_t end)
{
	uint32_t mask = (1u << decoder->position_bits) - 1;
	start_range(decoder);
	while (decoder->done < end && !decoder->in->failed) {
		uint32_t position = (uint32_t)(decoder->done - decoder->start) & mask;
		if (!take_bit(decoder, &decoder->model.match[decoder->state][position]))
			take_literal(decoder);
		else if (!take_match(decoder, position, end))
			return PTM_BAD_DATA;
	}
	normalize(decoder);
	return decoder->in->failed ? PTM_BAD_DATA : PTM_OK;
}

/* ----------------------------------------------------------------- chunks */

static void reset_state(decoder *decoder)
{
	uint16_t *probabilities = (uint16_t *)&decoder->model;
	for (size_t i = 0; i < sizeof decoder->model / sizeof *probabilities; i++)
		probabilities[i] = HALF;
	decoder->state = 0;
	memset(decoder->distances, 0, sizeof decoder->distances);
}

/* The byte that says how literals and positions are modelled. */
static bool take_properties(decoder *decoder)
{
	uint32_t byte = ptm_bytes_u8(decoder->in);
	decoder->literal_bits = byte % 9;
	decoder->literal_position_bits = byte / 9 % 5;
	decoder->position_bits = byte / 45;
	return decoder->position_bits <= 4 && decoder->literal_bits + decoder->literal_position_bits <= 4;
}

static uint32_t take_size(ptm_bytes *in)
{
	uint32_t high = ptm_bytes_u8(in);
	return (high << 8 | ptm_bytes_u8(in)) + 1;
}

static ptm_status take_plain(decoder *decoder)
{
	uint32_t size = take_size(decoder->in);
	const uint8_t *at = ptm_bytes_take(decoder->in, size);
	if (!at || size > decoder->size - decoder->done)
		return PTM_BAD_DATA;
	memcpy(decoder->out + decoder->done, at, size);
	decoder->done += size;
	return PTM_OK;
}

static ptm_status take_chunk(decoder *decoder, uint32_t control)
{
	uint32_t resets = control >> 5 & 3, size = (control & 31) << 16;
	size += take_size(decoder->in);
	uint32_t packed = take_size(decoder->in);
	if (resets >= 2 && !take_properties(decoder))
		return PTM_BAD_DATA;
	if (resets)
		reset_state(decoder);
	const uint8_t *at = ptm_bytes_take(decoder->in, packed);
	if (!at || size > decoder->size - decoder->done)
		return PTM_BAD_DATA;
	ptm_bytes chunk = ptm_bytes_of(at, packed), *in = decoder->in;
	decoder->in = &chunk;
	ptm_status status = take_packed(decoder, decoder->done + size);
	decoder->in = in;
	return status;
}

ptm_status ptm_lzma2(ptm_bytes *in, uint8_t *out, size_t size, size_t *length)
{
	decoder *decoder = calloc(1, sizeof *decoder);
	ptm_status status = PTM_OK;
	*length = 0;
	if (!decoder)
		return PTM_NO_MEMORY;
	*decoder = (struct decoder){ .in = in, .out = out, .size = size };
	reset_state(decoder);
	while (status == PTM_OK) {
		uint32_t control = ptm_bytes_u8(in);
		if (!control)
			break;
		if (control == 1 || control >= 0xe0)
			decoder->start = decoder->done;
		status = control >= 0x80 ? take_chunk(decoder, control) : control <= 2 ? take_plain(decoder) : PTM_BAD_DATA;
	}
	*length = decoder->done;
	free(decoder);
	return in->failed ? PTM_BAD_DATA : status;
}
