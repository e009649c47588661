/* SPDX-License-Identifier: Apache-2.0 */
#include "base/zstd_entropy.h"

#define LEAST_FSE_LOG 5
#define MOST_WEIGHT_LOG 6
#define MOST_SYMBOLS 256

static uint32_t highest_bit(uint32_t value)
{
	return 31 - (uint32_t)__builtin_clz(value);
}

ptm_status ptm_zstd_bits_open(ptm_zstd_bits *bits, const uint8_t *at, size_t length)
{
	if (!length || !at[length - 1])
		return PTM_BAD_DATA;
	*bits = (ptm_zstd_bits){ at, (int64_t)(length - 1) * 8 + highest_bit(at[length - 1]) };
	return PTM_OK;
}

/* -------------------------------------------------------------------- FSE */

void ptm_zstd_fse_single(ptm_zstd_fse *table, uint8_t symbol)
{
	table->log = 0;
	table->known = true;
	table->states[0].symbol = symbol;
	table->states[0].base = table->states[0].bits = 0;
}

/* Spreads the symbols over the states: rare ones at the end, the others in
 * steps that visit every state once. */
static ptm_status spread(ptm_zstd_fse *table, const int16_t *probabilities, uint32_t count, uint16_t *next)
{
	uint32_t size = 1u << table->log, step = (size >> 1) + (size >> 3) + 3, high = size, place = 0;

	for (uint32_t symbol = 0; symbol < count; symbol++) {
		next[symbol] = (uint16_t)(probabilities[symbol] < 0 ? 1 : probabilities[symbol]);
		if (probabilities[symbol] < 0)
			table->states[--high].symbol = (uint8_t)symbol;
	}
	for (uint32_t symbol = 0; symbol < count; symbol++)
		for (int16_t i = 0; i < probabilities[symbol]; i++) {
			table->states[place].symbol = (uint8_t)symbol;
			do
				place = (place + step) & (size - 1);
			while (place >= high);
		}
	return place ? PTM_BAD_DATA : PTM_OK;
}

ptm_status ptm_zstd_fse_build(ptm_zstd_fse *table, const int16_t *probabilities, uint32_t count, uint32_t log)
{
	uint16_t next[MOST_SYMBOLS];
	uint32_t size = 1u << log;

	table->known = false;
	table->log = (uint8_t)log;
	PTM_TRY(spread(table, probabilities, count, next));
	for (uint32_t state = 0; state < size; state++) {
		uint32_t rank = next[table->states[state].symbol]++;
		uint32_t bits = log - highest_bit(rank);
		table->states[state].bits = (uint8_t)bits;
		table->states[state].base = (uint16_t)((rank << bits) - size);
	}
	table->known = true;
	return PTM_OK;
}

/* Bits in the order of the bytes, the lowest first; only table descriptions are
 * written so. */
typedef struct forward_bits {
	const uint8_t *at;
	size_t length;
	size_t taken;           /* bits */
} forward_bits;

static uint32_t take_forward(forward_bits *bits, uint32_t count)
{
	uint32_t value = 0;
	for (uint32_t i = 0; i < count; i++, bits->taken++)
		if (bits->taken / 8 < bits->length)
			value |= (uint32_t)(bits->at[bits->taken / 8] >> bits->taken % 8 & 1) << i;
	return value;
}

/* A probability plus one, in as few bits as what remains to be given away allows. */
static uint32_t take_probability(forward_bits *bits, uint32_t remaining)
{
	uint32_t width = highest_bit(remaining + 1) + 1;
	uint32_t short_values = (1u << width) - 1 - (remaining + 1);
	uint32_t low = take_forward(bits, width - 1);

	if (low < short_values)
		return low;
	uint32_t value = low | take_forward(bits, 1) << (width - 1);
	return value >= 1u << (width - 1) ? value - short_values : value;
}

/* Reads the probabilities of as many symbols as there are states for. */
static ptm_status read_probabilities(forward_bits *bits, int16_t *probabilities, uint32_t most, uint32_t log, uint32_t *count)
{
	uint32_t remaining = 1u << log, symbol = 0;

	while (remaining) {
		if (symbol == most)
			return PTM_BAD_DATA;
		int32_t probability = (int32_t)take_probability(bits, remaining) - 1;
		remaining -= (uint32_t)(probability < 0 ? 1 : probability);
		probabilities[symbol++] = (int16_t)probability;
		for (uint32_t zeros = probability ? 0 : 3; zeros == 3;) {
			zeros = take_forward(bits, 2);
			if (zeros > most - symbol)
				return PTM_BAD_DATA;
			for (uint32_t i = 0; i < zeros; i++)
				probabilities[symbol++] = 0;
		}
	}
	*count = symbol;
	return PTM_OK;
}

ptm_status ptm_zstd_fse_read(ptm_zstd_fse *table, ptm_bytes *bytes, uint32_t most_symbol, uint32_t most_log)
{
	forward_bits bits = { bytes->at, ptm_bytes_left(bytes), 0 };
	int16_t probabilities[MOST_SYMBOLS];
	uint32_t count, log = take_forward(&bits, 4) + LEAST_FSE_LOG;

	table->known = false;
	if (log > most_log)
		return PTM_BAD_DATA;
	PTM_TRY(read_probabilities(&bits, probabilities, most_symbol + 1, log, &count));
	ptm_bytes_skip(bytes, (bits.taken + 7) / 8);
	return bytes->failed ? PTM_BAD_DATA : ptm_zstd_fse_build(table, probabilities, count, log);
}

/* ---------------------------------------------------------------- Huffman */

static uint32_t update(const ptm_zstd_fse *table, uint32_t state, ptm_zstd_bits *bits)
{
	return table->states[state].base + (uint32_t)ptm_zstd_bits_take(bits, table->states[state].bits);
}

/* Two states take turns until the bits are used up; the other one then holds the last weight. */
static ptm_status unpack_weights(const ptm_zstd_fse *table, const uint8_t *at, size_t length, uint8_t *weights, uint32_t *count)
{
	ptm_zstd_bits bits;
	uint32_t states[2];

	PTM_TRY(ptm_zstd_bits_open(&bits, at, length));
	states[0] = (uint32_t)ptm_zstd_bits_take(&bits, table->log);
	states[1] = (uint32_t)ptm_zstd_bits_take(&bits, table->log);
	if (bits.left < 0)
		return PTM_BAD_DATA;
	for (*count = 0; *count < MOST_SYMBOLS - 2;) {
		uint32_t *state = &states[*count & 1];
		weights[(*count)++] = table->states[*state].symbol;
		*state = update(table, *state, &bits);
		if (bits.left < 0) {
			weights[*count] = table->states[states[*count & 1]].symbol;
			++*count;
			return PTM_OK;
		}
	}
	return PTM_BAD_DATA;
}

static ptm_status read_weights(ptm_bytes *bytes, uint8_t *weights, uint32_t *count)
{
	ptm_zstd_fse table;
	uint8_t head = ptm_bytes_u8(bytes);

	*count = 0;
	if (head >= 128) {
		*count = head - 127u;
		const uint8_t *packed = ptm_bytes_take(bytes, (*count + 1) / 2);
		for (uint32_t i = 0; packed && i < *count; i++)
			weights[i] = packed[i / 2] >> (i % 2 ? 0 : 4) & 15;
		return packed ? PTM_OK : PTM_BAD_DATA;
	}
	const uint8_t *packed = ptm_bytes_take(bytes, head);
	if (!packed)
		return PTM_BAD_DATA;
	ptm_bytes inner = ptm_bytes_of(packed, head);
	PTM_TRY(ptm_zstd_fse_read(&table, &inner, PTM_ZSTD_MOST_HUFFMAN_LOG + 1, MOST_WEIGHT_LOG));
	return unpack_weights(&table, inner.at, ptm_bytes_left(&inner), weights, count);
}

/* The last weight is not written: it is what makes the codes complete. */
static ptm_status add_last_weight(uint8_t *weights, uint32_t *count, uint32_t *log)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < *count; i++) {
		if (weights[i] > PTM_ZSTD_MOST_HUFFMAN_LOG)
			return PTM_BAD_DATA;
		sum += weights[i] ? 1u << (weights[i] - 1) : 0;
	}
	if (!sum)
		return PTM_BAD_DATA;
	*log = highest_bit(sum) + 1;
	uint32_t left = (1u << *log) - sum;
	if (*log > PTM_ZSTD_MOST_HUFFMAN_LOG || left & (left - 1))
		return PTM_BAD_DATA;
	weights[(*count)++] = (uint8_t)(highest_bit(left) + 1);
	return PTM_OK;
}

ptm_status ptm_zstd_huffman_read(ptm_zstd_huffman *table, ptm_bytes *bytes)
{
	uint8_t weights[MOST_SYMBOLS];
	uint32_t count, log, place = 0;

	table->known = false;
	PTM_TRY(read_weights(bytes, weights, &count));
	PTM_TRY(add_last_weight(weights, &count, &log));
	/* Long codes first, and each code's entries side by side. */
	for (uint32_t weight = 1; weight <= log; weight++)
		for (uint32_t symbol = 0; symbol < count; symbol++)
			for (uint32_t i = 0; weights[symbol] == weight && i < 1u << (weight - 1); i++, place++) {
				table->entries[place].symbol = (uint8_t)symbol;
				table->entries[place].bits = (uint8_t)(log + 1 - weight);
			}
	table->log = (uint8_t)log;
	table->known = place == 1u << log;
	return table->known ? PTM_OK : PTM_BAD_DATA;
}

ptm_status ptm_zstd_huffman_decode(const ptm_zstd_huffman *table, const uint8_t *at, size_t length, uint8_t *into, size_t count)
{
	ptm_zstd_bits bits;

	PTM_TRY(ptm_zstd_bits_open(&bits, at, length));
	for (size_t i = 0; i < count; i++) {
		uint64_t entry = ptm_zstd_bits_peek(&bits, table->log);
		into[i] = table->entries[entry].symbol;
		bits.left -= table->entries[entry].bits;
	}
	return bits.left ? PTM_BAD_DATA : PTM_OK;
}
