/* SPDX-License-Identifier: Apache-2.0 */
/* Frames, blocks, literals and sequences (RFC 8878, section 3). */
#include "base/zstd.h"
#include "base/array.h"
#include "base/zstd_entropy.h"

#define FRAME_MAGIC 0xfd2fb528u
#define SKIPPABLE_MAGIC 0x184d2a50u
#define MOST_BLOCK (128u << 10)
#define BLOCK_HEADER 3
/* The window is moved to the front of its buffer when this much is behind it. */
#define LEAST_SLACK (1u << 20)

enum { BLOCK_RAW, BLOCK_RLE, BLOCK_COMPRESSED };
enum { LITERALS_RAW, LITERALS_RLE, LITERALS_COMPRESSED, LITERALS_TREELESS };
enum { MODE_PREDEFINED, MODE_SINGLE, MODE_DESCRIBED, MODE_REPEAT };
enum { MOST_LENGTH_CODE = 35, MOST_OFFSET_CODE = 31, MOST_MATCH_CODE = 52 };
enum { LENGTH_LOG = 9, OFFSET_LOG = 8, MATCH_LOG = 9 };

/* What one block leaves to the next of its frame. */
typedef struct block_state {
	ptm_zstd_huffman huffman;
	ptm_zstd_fse lengths, offsets, matches;
	uint32_t repeats[3];
} block_state;

struct ptm_zstd {
	PTM_ARRAY(uint8_t) input;       /* fed; decoded up to input_at; PTM_ZSTD_SLACK bytes of room behind it */
	uint32_t input_at;
	PTM_ARRAY(uint8_t) output;      /* decoded; at least the frame's last `window` bytes of them */
	uint64_t window;
	uint64_t skip;                  /* bytes of a skippable frame or checksum to come */
	bool in_frame, checksum;
	ptm_status failed;
	block_state state;
	uint8_t literals[MOST_BLOCK];
	uint32_t literal_count;
};

static const struct { uint32_t base; uint8_t bits; } length_codes[MOST_LENGTH_CODE + 1] = {
	{ 0, 0 }, { 1, 0 }, { 2, 0 }, { 3, 0 }, { 4, 0 }, { 5, 0 }, { 6, 0 }, { 7, 0 }, { 8, 0 }, { 9, 0 }, { 10, 0 }, { 11, 0 },
	{ 12, 0 }, { 13, 0 }, { 14, 0 }, { 15, 0 }, { 16, 1 }, { 18, 1 }, { 20, 1 }, { 22, 1 }, { 24, 2 }, { 28, 2 }, { 32, 3 },
	{ 40, 3 }, { 48, 4 }, { 64, 6 }, { 128, 7 }, { 256, 8 }, { 512, 9 }, { 1024, 10 }, { 2048, 11 }, { 4096, 12 },
	{ 8192, 13 }, { 16384, 14 }, { 32768, 15 }, { 65536, 16 },
}, match_codes[MOST_MATCH_CODE + 1] = {
	{ 3, 0 }, { 4, 0 }, { 5, 0 }, { 6, 0 }, { 7, 0 }, { 8, 0 }, { 9, 0 }, { 10, 0 }, { 11, 0 }, { 12, 0 }, { 13, 0 }, { 14, 0 },
	{ 15, 0 }, { 16, 0 }, { 17, 0 }, { 18, 0 }, { 19, 0 }, { 20, 0 }, { 21, 0 }, { 22, 0 }, { 23, 0 }, { 24, 0 }, { 25, 0 },
	{ 26, 0 }, { 27, 0 }, { 28, 0 }, { 29, 0 }, { 30, 0 }, { 31, 0 }, { 32, 0 }, { 33, 0 }, { 34, 0 }, { 35, 1 }, { 37, 1 },
	{ 39, 1 }, { 41, 1 }, { 43, 2 }, { 47, 2 }, { 51, 3 }, { 59, 3 }, { 67, 4 }, { 83, 4 }, { 99, 5 }, { 131, 7 }, { 259, 8 },
	{ 515, 9 }, { 1027, 10 }, { 2051, 11 }, { 4099, 12 }, { 8195, 13 }, { 16387, 14 }, { 32771, 15 }, { 65539, 16 },
};

/* Which codes are how probable when a block does not say (RFC 8878, 3.1.1.3.2.2). */
static const int16_t usual_lengths[] = { 4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1 };
static const int16_t usual_offsets[] = { 1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1 };
static const int16_t usual_matches[] = { 1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1 };

typedef struct code_kind {
	uint32_t most_symbol, most_log;
	const int16_t *usual;
	uint32_t usual_count, usual_log;
} code_kind;
static const code_kind length_kind = { MOST_LENGTH_CODE, LENGTH_LOG, usual_lengths, sizeof usual_lengths / sizeof *usual_lengths, 6 };
static const code_kind offset_kind = { MOST_OFFSET_CODE, OFFSET_LOG, usual_offsets, sizeof usual_offsets / sizeof *usual_offsets, 5 };
static const code_kind match_kind = { MOST_MATCH_CODE, MATCH_LOG, usual_matches, sizeof usual_matches / sizeof *usual_matches, 6 };

ptm_status ptm_zstd_new(ptm_zstd **zstd)
{
	*zstd = calloc(1, sizeof **zstd);
	return *zstd ? PTM_OK : PTM_NO_MEMORY;
}

void ptm_zstd_free(ptm_zstd *zstd)
{
	if (!zstd)
		return;
	ptm_array_free(&zstd->input);
	ptm_array_free(&zstd->output);
	free(zstd);
}

size_t ptm_zstd_undecoded(const ptm_zstd *zstd)
{
	return zstd->input.length - zstd->input_at;
}

/* Bytes of output that later blocks may refer to. */
static uint32_t history(const ptm_zstd *zstd)
{
	return zstd->output.length < zstd->window ? zstd->output.length : (uint32_t)zstd->window;
}

size_t ptm_zstd_copy_bytes(const ptm_zstd *zstd)
{
	return sizeof *zstd + history(zstd) + ptm_zstd_undecoded(zstd);
}

ptm_status ptm_zstd_copy(const ptm_zstd *zstd, ptm_zstd **copy)
{
	uint32_t kept = history(zstd);

	*copy = malloc(sizeof **copy);
	if (!*copy)
		return PTM_NO_MEMORY;
	**copy = *zstd;
	(*copy)->input.at = (*copy)->output.at = NULL;
	(*copy)->input.length = (*copy)->input.capacity = (*copy)->output.length = (*copy)->output.capacity = 0;
	(*copy)->input_at = 0;
	size_t undecoded = ptm_zstd_undecoded(zstd);
	ptm_status status = undecoded ? ptm_zstd_feed(*copy, zstd->input.at + zstd->input_at, undecoded) : PTM_OK;
	if (status == PTM_OK && kept)
		status = ptm_array_reserve(&(*copy)->output, kept);
	if (status == PTM_OK && kept) {
		memcpy((*copy)->output.at, zstd->output.at + zstd->output.length - kept, kept);
		(*copy)->output.length = kept;
	}
	if (status != PTM_OK) {
		ptm_zstd_free(*copy);
		*copy = NULL;
	}
	return status;
}

ptm_status ptm_zstd_feed(ptm_zstd *zstd, const uint8_t *bytes, size_t length)
{
	if (!length)
		return PTM_OK;
	if (zstd->input_at) {
		memmove(zstd->input.at, zstd->input.at + zstd->input_at, ptm_zstd_undecoded(zstd));
		zstd->input.length -= zstd->input_at;
		zstd->input_at = 0;
	}
	if (length > UINT32_MAX / 2)
		return PTM_NO_MEMORY;
	PTM_TRY(ptm_array_reserve(&zstd->input, (uint32_t)length + PTM_ZSTD_SLACK));
	memcpy(zstd->input.at + zstd->input.length, bytes, length);
	zstd->input.length += (uint32_t)length;
	memset(zstd->input.at + zstd->input.length, 0, PTM_ZSTD_SLACK);
	return PTM_OK;
}

/* ----------------------------------------------------------------- frames */

static uint32_t little_endian(const uint8_t *at, uint32_t count)
{
	uint32_t value = 0;
	for (uint32_t i = 0; i < count; i++)
		value |= (uint32_t)at[i] << 8 * i;
	return value;
}

/* Takes the frame's header. PTM_END: more of it must be fed. */
static ptm_status open_frame(ptm_zstd *zstd)
{
	static const uint8_t dictionary_bytes[] = { 0, 1, 2, 4 }, size_bytes[] = { 0, 2, 4, 8 };
	const uint8_t *at = zstd->input.at + zstd->input_at;
	size_t left = ptm_zstd_undecoded(zstd);

	if (left < 5)
		return PTM_END;
	uint32_t magic = little_endian(at, 4);
	if ((magic & ~15u) == SKIPPABLE_MAGIC) {
		if (left < 8)
			return PTM_END;
		zstd->skip = little_endian(at + 4, 4);
		zstd->input_at += 8;
		return PTM_OK;
	}
	if (magic != FRAME_MAGIC || at[4] & 8)
		return PTM_BAD_DATA;
	bool single = at[4] & 32;
	uint32_t dictionary = dictionary_bytes[at[4] & 3];
	uint32_t size = !(at[4] >> 6) && single ? 1 : size_bytes[at[4] >> 6];
	uint32_t length = 5 + !single + dictionary + size;
	if (left < length)
		return PTM_END;
	if (little_endian(at + 5 + !single, dictionary))
		return PTM_UNSUPPORTED;
	if (single) {
		ptm_bytes content = ptm_bytes_of(at + length - size, PTM_ZSTD_SLACK);
		uint64_t bytes = ptm_bytes_u64(&content);
		zstd->window = size == 8 ? bytes : (bytes & (((uint64_t)1 << 8 * size) - 1)) + (size == 2 ? 256 : 0);
	} else {
		uint64_t base = (uint64_t)1 << (10 + (at[5] >> 3));
		zstd->window = base + base / 8 * (at[5] & 7);
	}
	if (zstd->window > PTM_ZSTD_MOST_WINDOW)
		return PTM_UNSUPPORTED;
	zstd->checksum = at[4] & 4;
	zstd->in_frame = true;
	zstd->input_at += length;
	zstd->output.length = 0;
	zstd->state.huffman.known = zstd->state.lengths.known = zstd->state.offsets.known = zstd->state.matches.known = false;
	zstd->state.repeats[0] = 1;
	zstd->state.repeats[1] = 4;
	zstd->state.repeats[2] = 8;
	return PTM_OK;
}

/* --------------------------------------------------------------- literals */

/* Takes `count` bits of a little-endian header of `length` bytes, after `from`. */
static uint32_t field(const uint8_t *at, uint32_t length, uint32_t from, uint32_t count)
{
	uint64_t value = 0;
	for (uint32_t i = 0; i < length; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return (uint32_t)(value >> from & (((uint64_t)1 << count) - 1));
}

static ptm_status read_plain_literals(ptm_zstd *zstd, ptm_bytes *block, uint32_t type, uint32_t format)
{
	uint32_t header = format == 1 ? 2 : format == 3 ? 3 : 1;
	const uint8_t *at = ptm_bytes_take(block, header);

	if (!at)
		return PTM_BAD_DATA;
	zstd->literal_count = header == 1 ? at[0] >> 3 : field(at, header, 4, header == 2 ? 12 : 20);
	if (zstd->literal_count > MOST_BLOCK)
		return PTM_BAD_DATA;
	const uint8_t *from = ptm_bytes_take(block, type == LITERALS_RLE ? 1 : zstd->literal_count);
	if (!from)
		return PTM_BAD_DATA;
	if (type == LITERALS_RLE)
		memset(zstd->literals, *from, zstd->literal_count);
	else
		memcpy(zstd->literals, from, zstd->literal_count);
	return PTM_OK;
}

/* Four streams, three of whose sizes are told, share the literals out evenly. */
static ptm_status decode_four_streams(ptm_zstd *zstd, ptm_bytes *packed)
{
	uint32_t each = (zstd->literal_count + 3) / 4;
	uint32_t sizes[3];

	for (uint32_t i = 0; i < 3; i++)
		sizes[i] = ptm_bytes_u16(packed);
	if (packed->failed || each * 3 > zstd->literal_count)
		return PTM_BAD_DATA;
	for (uint32_t i = 0; i < 4; i++) {
		size_t length = i < 3 ? sizes[i] : ptm_bytes_left(packed);
		const uint8_t *at = ptm_bytes_take(packed, length);
		if (!at)
			return PTM_BAD_DATA;
		uint32_t count = i < 3 ? each : zstd->literal_count - 3 * each;
		PTM_TRY(ptm_zstd_huffman_decode(&zstd->state.huffman, at, length, zstd->literals + i * each, count));
	}
	return PTM_OK;
}

static ptm_status read_packed_literals(ptm_zstd *zstd, ptm_bytes *block, uint32_t type, uint32_t format)
{
	uint32_t header = format < 2 ? 3 : format + 2, width = format < 2 ? 10 : format == 2 ? 14 : 18;
	const uint8_t *at = ptm_bytes_take(block, header);

	if (!at)
		return PTM_BAD_DATA;
	uint32_t size = field(at, header, 4 + width, width);
	zstd->literal_count = field(at, header, 4, width);
	const uint8_t *from = ptm_bytes_take(block, size);
	if (!from || zstd->literal_count > MOST_BLOCK)
		return PTM_BAD_DATA;
	ptm_bytes packed = ptm_bytes_of(from, size);
	if (type == LITERALS_COMPRESSED)
		PTM_TRY(ptm_zstd_huffman_read(&zstd->state.huffman, &packed));
	if (!zstd->state.huffman.known)
		return PTM_BAD_DATA;
	if (format)
		return decode_four_streams(zstd, &packed);
	return ptm_zstd_huffman_decode(&zstd->state.huffman, packed.at, ptm_bytes_left(&packed), zstd->literals, zstd->literal_count);
}

static ptm_status read_literals(ptm_zstd *zstd, ptm_bytes *block)
{
	if (!ptm_bytes_left(block))
		return PTM_BAD_DATA;
	uint32_t type = block->at[0] & 3, format = block->at[0] >> 2 & 3;
	return type < LITERALS_COMPRESSED ? read_plain_literals(zstd, block, type, format) : read_packed_literals(zstd, block, type, format);
}

/* -------------------------------------------------------------- sequences */

static ptm_status read_codes(ptm_zstd_fse *table, ptm_bytes *block, uint32_t mode, const code_kind *kind)
{
	switch (mode) {
	case MODE_PREDEFINED:
		return ptm_zstd_fse_build(table, kind->usual, kind->usual_count, kind->usual_log);
	case MODE_SINGLE: {
		uint8_t symbol = ptm_bytes_u8(block);
		if (block->failed || symbol > kind->most_symbol)
			return PTM_BAD_DATA;
		ptm_zstd_fse_single(table, symbol);
		return PTM_OK;
	}
	case MODE_DESCRIBED:
		return ptm_zstd_fse_read(table, block, kind->most_symbol, kind->most_log);
	default:
		return table->known ? PTM_OK : PTM_BAD_DATA;
	}
}

static uint32_t read_sequence_count(ptm_bytes *block)
{
	uint32_t first = ptm_bytes_u8(block);
	if (first < 128)
		return first;
	if (first < 255)
		return (first - 128) << 8 | ptm_bytes_u8(block);
	return ptm_bytes_u16(block) + 0x7f00u;
}

/* The offset that a sequence's value stands for: the last three can be named by 1 to 3. */
static uint32_t resolve_offset(uint32_t *repeats, uint32_t value, bool no_literals)
{
	uint32_t which = value > 3 ? 3 : value - 1 + no_literals, offset;

	if (value > 3)
		offset = value - 3;
	else
		offset = which < 3 ? repeats[which] : repeats[0] - 1;
	if (!which)
		return offset;
	if (which > 1)
		repeats[2] = repeats[1];
	repeats[1] = repeats[0];
	return repeats[0] = offset;
}

/* Copies from what was decoded before; source and target may overlap. */
static void copy_match(uint8_t *to, uint32_t offset, uint32_t length)
{
	const uint8_t *from = to - offset;
	if (offset >= length) {
		memcpy(to, from, length);
		return;
	}
	for (uint32_t i = 0; i < length; i++)
		to[i] = from[i];
}

/* Where a block is being written. */
typedef struct block_output {
	uint8_t *start, *at, *end;
	uint32_t literal;        /* next of the literals */
	uint64_t reach;          /* bytes before `start` that may be referred to */
} block_output;

static ptm_status run_sequence(ptm_zstd *zstd, block_output *out, uint32_t literals, uint32_t offset, uint32_t match)
{
	if (literals > zstd->literal_count - out->literal || (uint64_t)literals + match > (uint64_t)(out->end - out->at))
		return PTM_BAD_DATA;
	memcpy(out->at, zstd->literals + out->literal, literals);
	out->at += literals;
	out->literal += literals;
	if (!offset || offset > (uint64_t)(out->at - out->start) + out->reach)
		return PTM_BAD_DATA;
	copy_match(out->at, offset, match);
	out->at += match;
	return PTM_OK;
}

static ptm_status run_sequences(ptm_zstd *zstd, block_output *out, ptm_bytes *block, uint32_t count)
{
	block_state *state = &zstd->state;
	ptm_zstd_bits bits;

	PTM_TRY(ptm_zstd_bits_open(&bits, block->at, ptm_bytes_left(block)));
	uint32_t length = (uint32_t)ptm_zstd_bits_take(&bits, state->lengths.log);
	uint32_t offset = (uint32_t)ptm_zstd_bits_take(&bits, state->offsets.log);
	uint32_t match = (uint32_t)ptm_zstd_bits_take(&bits, state->matches.log);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t offset_code = state->offsets.states[offset].symbol, match_code = state->matches.states[match].symbol;
		uint32_t length_code = state->lengths.states[length].symbol;
		uint32_t value = (1u << offset_code) + (uint32_t)ptm_zstd_bits_take(&bits, offset_code);
		uint32_t matched = match_codes[match_code].base + (uint32_t)ptm_zstd_bits_take(&bits, match_codes[match_code].bits);
		uint32_t literals = length_codes[length_code].base + (uint32_t)ptm_zstd_bits_take(&bits, length_codes[length_code].bits);
		if (bits.left < 0)
			return PTM_BAD_DATA;
		PTM_TRY(run_sequence(zstd, out, literals, resolve_offset(state->repeats, value, !literals), matched));
		if (i + 1 == count)
			break;
		length = state->lengths.states[length].base + (uint32_t)ptm_zstd_bits_take(&bits, state->lengths.states[length].bits);
		match = state->matches.states[match].base + (uint32_t)ptm_zstd_bits_take(&bits, state->matches.states[match].bits);
		offset = state->offsets.states[offset].base + (uint32_t)ptm_zstd_bits_take(&bits, state->offsets.states[offset].bits);
	}
	return bits.left ? PTM_BAD_DATA : PTM_OK;
}

static ptm_status decode_compressed(ptm_zstd *zstd, block_output *out, const uint8_t *at, uint32_t size)
{
	ptm_bytes block = ptm_bytes_of(at, size);

	PTM_TRY(read_literals(zstd, &block));
	uint32_t count = read_sequence_count(&block);
	if (count) {
		uint8_t modes = ptm_bytes_u8(&block);
		if (block.failed || modes & 3)
			return PTM_BAD_DATA;
		PTM_TRY(read_codes(&zstd->state.lengths, &block, modes >> 6, &length_kind));
		PTM_TRY(read_codes(&zstd->state.offsets, &block, modes >> 4 & 3, &offset_kind));
		PTM_TRY(read_codes(&zstd->state.matches, &block, modes >> 2 & 3, &match_kind));
		PTM_TRY(run_sequences(zstd, out, &block, count));
	} else if (block.failed || ptm_bytes_left(&block)) {
		return PTM_BAD_DATA;
	}
	uint32_t rest = zstd->literal_count - out->literal;
	if (rest > (size_t)(out->end - out->at))
		return PTM_BAD_DATA;
	memcpy(out->at, zstd->literals + out->literal, rest);
	out->at += rest;
	return PTM_OK;
}

/* ----------------------------------------------------------------- blocks */

/* Makes room for a block behind the window. */
static ptm_status make_room(ptm_zstd *zstd)
{
	uint32_t kept = history(zstd);

	if (zstd->output.length - kept >= LEAST_SLACK && zstd->output.length - kept >= kept) {
		memmove(zstd->output.at, zstd->output.at + zstd->output.length - kept, kept);
		zstd->output.length = kept;
	}
	return ptm_array_reserve(&zstd->output, MOST_BLOCK);
}

static ptm_status decode_block(ptm_zstd *zstd, uint32_t type, const uint8_t *at, uint32_t size, size_t *length)
{
	PTM_TRY(make_room(zstd));
	uint8_t *start = zstd->output.at + zstd->output.length;
	block_output out = { .start = start, .at = start, .end = start + MOST_BLOCK, .reach = history(zstd) };

	if (type == BLOCK_RAW)
		memcpy(start, at, size);
	else if (type == BLOCK_RLE)
		memset(start, *at, size);
	else
		PTM_TRY(decode_compressed(zstd, &out, at, size));
	*length = type == BLOCK_COMPRESSED ? (size_t)(out.at - start) : size;
	zstd->output.length += (uint32_t)*length;
	return PTM_OK;
}

/* Takes one frame header, block, checksum or skipped stretch; `*length` is what it decoded to. */
static ptm_status step(ptm_zstd *zstd, size_t *length)
{
	size_t left = ptm_zstd_undecoded(zstd);

	*length = 0;
	if (zstd->skip) {
		size_t skipped = zstd->skip < left ? (size_t)zstd->skip : left;
		zstd->skip -= skipped;
		zstd->input_at += (uint32_t)skipped;
		return skipped ? PTM_OK : PTM_END;
	}
	if (!zstd->in_frame)
		return open_frame(zstd);
	if (left < BLOCK_HEADER)
		return PTM_END;
	const uint8_t *at = zstd->input.at + zstd->input_at;
	uint32_t header = little_endian(at, BLOCK_HEADER), type = header >> 1 & 3, size = header >> 3;
	if (type > BLOCK_COMPRESSED || size > MOST_BLOCK)
		return PTM_BAD_DATA;
	uint32_t stored = type == BLOCK_RLE ? 1 : size;
	if (left < BLOCK_HEADER + stored)
		return PTM_END;
	PTM_TRY(decode_block(zstd, type, at + BLOCK_HEADER, size, length));
	zstd->input_at += BLOCK_HEADER + stored;
	if (header & 1) {
		zstd->in_frame = false;
		zstd->skip = zstd->checksum ? 4 : 0;
	}
	return PTM_OK;
}

ptm_status ptm_zstd_next(ptm_zstd *zstd, const uint8_t **at, size_t *length)
{
	if (zstd->failed)
		return zstd->failed;
	for (;;) {
		ptm_status status = step(zstd, length);
		if (status == PTM_BAD_DATA || status == PTM_UNSUPPORTED)
			zstd->failed = status;
		PTM_TRY(status);
		if (*length) {
			*at = zstd->output.at + zstd->output.length - *length;
			return PTM_OK;
		}
	}
}
