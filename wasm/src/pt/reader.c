/* SPDX-License-Identifier: Apache-2.0 */
#include "pt/reader.h"
#include <stdlib.h>
#include <string.h>

void ptm_pt_reader_init(ptm_pt_reader *reader, const ptm_pt_input *input, uint64_t offset, uint64_t limit)
{
	*reader = (ptm_pt_reader){ .input = *input, .origin = offset, .offset = offset, .limit = limit < input->size ? limit : input->size,
		.window_bytes = PTM_PT_WINDOW };
}

void ptm_pt_reader_free(ptm_pt_reader *reader)
{
	free(reader->window);
	reader->window = NULL;
	reader->window_length = 0;
}

ptm_status ptm_pt_reader_view(ptm_pt_reader *reader, uint64_t offset, uint32_t length, const uint8_t **at, uint32_t *available)
{
	uint64_t end = reader->window_offset + reader->window_length;
	if (!reader->window || offset < reader->window_offset || (offset + length > end && end < reader->input.size)) {
		if (!reader->window && !(reader->window = malloc(reader->window_bytes)))
			return PTM_NO_MEMORY;
		/* Keep some bytes behind: the look ahead comes back. */
		uint32_t got = reader->window_bytes;
		reader->window_length = 0;
		reader->window_offset = offset;
		PTM_TRY(reader->input.read(reader->input.context, offset, reader->window, &got));
		reader->window_length = got;
		end = offset + got;
	}
	*at = reader->window + (offset - reader->window_offset);
	*available = offset < end ? (uint32_t)(end - offset) : 0;
	return PTM_OK;
}

/* Decodes a frequent packet at `offset` when the window holds it before `end`. */
static inline bool quick(const ptm_pt_reader *reader, uint64_t offset, uint64_t end, uint8_t block_item, ptm_packet *packet)
{
	uint64_t at = offset - reader->window_offset;
	return !block_item && at + 2 <= reader->window_length && at < reader->window_length && end - offset >= 2 &&
	       ptm_packet_quick(reader->window + at, packet);
}

/* As ptm_packet_decode, with the CPU's errata in mind: of a CYC that an OVF cut short
 * (SKD007) the OVF counts; a TMA with reserved bits set (SKZ84) is none, and a byte longer. */
static ptm_status decode(const ptm_pt_reader *reader, const uint8_t *at, uint32_t available, uint8_t block_item, ptm_packet *packet)
{
	if (reader->input.as_perf)
		return ptm_packet_decode_as_perf(at, available, block_item, packet);
	PTM_TRY(ptm_packet_decode(at, available, block_item, packet));
	if (packet->kind == PTM_PACKET_CYC && reader->input.errata & PTM_SKD007 && packet->size == 2 && available > 2 && at[1] == 0x02 && at[2] == 0xf3)
		*packet = (ptm_packet){ PTM_PACKET_OVF, 3, 0, 0 };
	if (packet->kind == PTM_PACKET_TMA && reader->input.errata & PTM_SKZ84 && available > packet->size && (at[4] || at[6] & 0xfe))
		*packet = (ptm_packet){ PTM_PACKET_BAD, packet->size + 1, 0, 0 };
	return PTM_OK;
}

/* Returns whether the buffer at the current offset does not follow on the one before it. */
static bool enter_buffer(ptm_pt_reader *reader)
{
	const ptm_pt_input *input = &reader->input;
	uint64_t start;

	reader->buffer_end = input->buffer_end(input->context, reader->offset);
	return input->restarts && input->restarts(input->context, reader->offset, &start, &reader->reference) &&
	       start && start >= reader->origin;
}

ptm_status ptm_pt_reader_next(ptm_pt_reader *reader, ptm_packet *packet)
{
	const uint8_t *at;
	uint32_t available;

	if (reader->offset >= reader->limit)
		return PTM_END;
	if (reader->offset >= reader->buffer_end && enter_buffer(reader))
		return PTM_TRUNCATED;
	if (quick(reader, reader->offset, reader->buffer_end, reader->block_item, packet)) {
		reader->offset += packet->size;
		reader->packets++;
		return PTM_OK;
	}
	PTM_TRY(ptm_pt_reader_view(reader, reader->offset, PTM_PACKET_SIZE, &at, &available));
	if (available > reader->buffer_end - reader->offset)
		available = (uint32_t)(reader->buffer_end - reader->offset);
	ptm_status status = decode(reader, at, available, reader->block_item, packet);
	reader->cut_short = status == PTM_TRUNCATED;
	if (reader->cut_short)
		return PTM_BAD_DATA;
	PTM_TRY(status);
	reader->block_item = ptm_packet_block_item(reader->block_item, packet);
	reader->offset += packet->size;
	reader->packets++;
	return PTM_OK;
}

void ptm_pt_reader_pass_pads(ptm_pt_reader *reader)
{
	uint64_t end = reader->window_offset + reader->window_length;

	end = end < reader->limit ? end : reader->limit;
	end = end < reader->buffer_end ? end : reader->buffer_end;
	if (reader->block_item || reader->offset < reader->window_offset || reader->offset >= end)
		return;
	const uint8_t *at = reader->window + (reader->offset - reader->window_offset);
	size_t count = ptm_pads_at(at, at + (end - reader->offset));
	reader->offset += count;
	reader->packets += count;
}

void ptm_pt_reader_skip(ptm_pt_reader *reader)
{
	reader->block_item = 0;
	if (reader->cut_short && !reader->input.as_perf)
		reader->offset = reader->buffer_end;
	else
		reader->offset++;
	reader->packets++;
}

/* The packet before a PSB may end in bytes that look like its start: of a longer
 * run the last 16 bytes are the PSB. */
static ptm_status skip_lookalikes(ptm_pt_reader *reader)
{
	const uint8_t *at;
	uint32_t available, extra = 0;

	PTM_TRY(ptm_pt_reader_view(reader, reader->offset, 2 * PTM_PSB_SIZE, &at, &available));
	while (PTM_PSB_SIZE + extra + 2 <= available && at[PTM_PSB_SIZE + extra] == 0x02 && at[PTM_PSB_SIZE + extra + 1] == 0x82)
		extra += 2;
	/* As long as two of them, it is two. */
	reader->offset += extra < PTM_PSB_SIZE ? extra : 0;
	return PTM_OK;
}

ptm_status ptm_pt_reader_sync(ptm_pt_reader *reader)
{
	const uint8_t *at;
	uint32_t available;

	reader->block_item = 0;
	while (reader->offset < reader->limit) {
		PTM_TRY(ptm_pt_reader_view(reader, reader->offset, PTM_PSB_SIZE, &at, &available));
		if (available < PTM_PSB_SIZE)
			break;
		size_t found = ptm_psb_find(at, 0, available);
		if (found < available) {
			reader->offset += found;
			PTM_TRY(skip_lookalikes(reader));
			return reader->offset < reader->limit ? PTM_OK : PTM_END;
		}
		reader->offset += available - (PTM_PSB_SIZE - 1);
	}
	reader->offset = reader->limit;
	return PTM_END;
}

void ptm_pt_reader_peek_start(ptm_pt_reader *reader)
{
	reader->peek_offset = reader->offset;
	reader->peek_end = reader->input.buffer_end(reader->input.context, reader->offset ? reader->offset - 1 : 0);
	reader->peek_block_item = reader->block_item;
}

ptm_status ptm_pt_reader_peek(ptm_pt_reader *reader, ptm_packet *packet)
{
	const uint8_t *at;
	uint32_t available;

	if (reader->peek_offset >= reader->peek_end)
		return PTM_END;
	if (quick(reader, reader->peek_offset, reader->peek_end, reader->peek_block_item, packet)) {
		reader->peek_offset += packet->size;
		return PTM_OK;
	}
	PTM_TRY(ptm_pt_reader_view(reader, reader->peek_offset, PTM_PACKET_SIZE, &at, &available));
	if (available > reader->peek_end - reader->peek_offset)
		available = (uint32_t)(reader->peek_end - reader->peek_offset);
	PTM_TRY(decode(reader, at, available, reader->peek_block_item, packet));
	reader->peek_block_item = ptm_packet_block_item(reader->peek_block_item, packet);
	reader->peek_offset += packet->size;
	return PTM_OK;
}

/* What a look ahead passes over, by its first byte: size in bits 0 to 3, cycles told there in bits 4 to 8, PASSED_CYC, and in
 * bits 16 to 31 all ones when the bytes behind tell more. 0: a PAD, or what it does not pass over. */
#define PASSED_CYC (1u << 9)
#define PASSED_IP(byte) ((uint32_t)(0x0009000707050301ull >> ((byte) >> 5) * 8) & 15)
#define PASSED(byte) \
	(((byte) & 3) == 3 ? (uint32_t)(byte) >> 3 << 4 | PASSED_CYC | ((byte) & 4 ? 0xffff0000u | 2 : 1) : \
	 !((byte) & 1) ? (uint32_t)((byte) > 2) : \
	 ((byte) & 31) == 0x0d || ((byte) & 31) == 0x11 || ((byte) & 31) == 0x1d ? PASSED_IP(byte) : 0)
#define PASSED_4(byte) PASSED(byte), PASSED((byte) + 1), PASSED((byte) + 2), PASSED((byte) + 3)
#define PASSED_16(byte) PASSED_4(byte), PASSED_4((byte) + 4), PASSED_4((byte) + 8), PASSED_4((byte) + 12)
#define PASSED_64(byte) PASSED_16(byte), PASSED_16((byte) + 16), PASSED_16((byte) + 32), PASSED_16((byte) + 48)
static const uint32_t passed_over[256] = { PASSED_64(0), PASSED_64(64), PASSED_64(128), PASSED_64(192) };

void ptm_pt_reader_peek_past(ptm_pt_reader *reader, uint64_t *cycles, bool *after_cyc)
{
	uint64_t end = reader->window_offset + reader->window_length;
	if (end > reader->peek_end)
		end = reader->peek_end;
	if (reader->peek_block_item || reader->peek_offset < reader->window_offset || reader->peek_offset + PTM_PACKET_SIZE > end)
		return;
	const uint8_t *first = reader->window + (reader->peek_offset - reader->window_offset), *at = first;
	const uint8_t *last = first + (end - reader->peek_offset - PTM_PACKET_SIZE);
	uint64_t first_bits = 0, more_bits = 0;
	uint32_t before = *after_cyc ? PASSED_CYC : 0;

	while (at <= last) {
		uint16_t behind;
		memcpy(&behind, at + 1, sizeof behind);
		uint32_t what = passed_over[*at], more = behind & what >> 16;
		if (!what) {
			if (*at)
				break;
			at += ptm_pads_at(at, last + 1);
			continue;
		}
		/* More bytes than two, or perhaps an OVF that cut it short: see ptm_erratum. */
		if (more & 1 || more == 0xf302)
			break;
		first_bits += what & 31 << 4;
		more_bits += more & 0xfe;
		at += what & 15;
		before = what;
	}
	reader->peek_offset += (uint64_t)(at - first);
	*cycles += (first_bits >> 4) + (more_bits << 4);
	*after_cyc = before & PASSED_CYC;
}
