/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path's packets in any state, one by one. */
#include "flow/pt_cached_state.h"

/* Notes where time moved, for estimates that the slow path may make. */
static void time_moved(ptm_cached *cached, uint32_t at, uint32_t plain_node, uint64_t moves)
{
	if (cached->flow->clock.moves != moves) {
		cached->moved_at = at;
		cached->moved_node = plain_node;
	}
	cached->dirty = true;
}

static void take_cyc(ptm_cached *cached, uint64_t cycles)
{
	uint64_t moves = cached->flow->clock.moves;
	ptm_clock_cyc(&cached->flow->clock, cycles);
	time_moved(cached, cached->at, cached->special ? 0 : cached->node, moves);
}

void ptm_cached_take_mtc(ptm_cached *cached, uint32_t at, uint32_t plain_node, uint32_t mtc, uint64_t offset, uint8_t before)
{
	ptm_pt_flow *flow = cached->flow;
	ptm_packet packet = { PTM_PACKET_MTC, 2, 0, mtc };
	uint64_t moves = flow->clock.moves;
	flow->reader.offset = offset + 2;
	(void)ptm_flow_take_time(&flow->clock, &flow->reader, &packet, before == PTM_PACKET_CYC);
	time_moved(cached, at, plain_node, moves);
}

static ptm_went take_long_tnt(ptm_cached *cached, const uint8_t *at, uint64_t offset, uint32_t *size)
{
	ptm_packet packet;
	if (at[1] != 0xa3 || ptm_packet_decode(at, PTM_CACHED_AHEAD, 0, &packet) != PTM_OK || !packet.count)
		return PTM_WENT_OUT;
	*size = packet.size;
	return ptm_cached_take_tnt(cached, packet.payload, packet.count, offset);
}

/* A packet that decides. Stores its kind and size. */
static ptm_went take_decision(ptm_cached *cached, const uint8_t *at, uint64_t offset, uint8_t *kind, uint32_t *size)
{
	uint8_t byte = *at;

	if (!(byte & 1)) {
		*kind = PTM_PACKET_TNT;
		*size = 1;
		if (byte == 2)
			return take_long_tnt(cached, at, offset, size);
		uint32_t count = 30 - (uint32_t)__builtin_clz(byte);
		return ptm_cached_take_tnt(cached, (byte >> 1) & ((1u << count) - 1), count, offset);
	}
	if ((byte & 31) == 13) {
		uint64_t ip = ptm_cached_tip_ip(at, cached->flow->last_ip, size);
		*kind = PTM_PACKET_TIP;
		return *size ? ptm_cached_take_tip(cached, ip, offset) : PTM_WENT_OUT;
	}
	return PTM_WENT_OUT;
}

ptm_went ptm_cached_take_packet(ptm_cached *cached, const uint8_t *from, const uint8_t *end)
{
	ptm_pt_reader *reader = &cached->flow->reader;
	const uint64_t offset = reader->offset;
	const uint8_t *at = from;
	uint32_t size = 0;
	ptm_went went = PTM_WENT_ON;

	while (at < end && !*at)
		at++;
	reader->packets += (uint64_t)(at - from);
	reader->offset = offset + (uint64_t)(at - from);
	if (at == end)
		return PTM_WENT_ON;
	uint8_t byte = *at, kind;
	uint64_t here = reader->offset;
	ptm_clock_next(&cached->flow->clock, cached->kind);
	if ((byte & 3) == 3) {
		uint64_t cycles = ptm_cached_cyc(at, &size);
		if (!size || cached->bits_left)
			return PTM_WENT_OUT;
		take_cyc(cached, cycles);
		kind = PTM_PACKET_CYC;
	} else if (byte == 0x59 && !cached->bits_left) {
		ptm_cached_take_mtc(cached, cached->at, cached->special ? 0 : cached->node, at[1], here, cached->kind);
		kind = PTM_PACKET_MTC;
		size = 2;
	} else {
		went = take_decision(cached, at, here, &kind, &size);
		if (went != PTM_WENT_ON && went != PTM_WENT_HALF)
			return went;
	}
	cached->packet_offset = here;
	cached->kind = kind;
	reader->packets++;
	reader->offset = here + size;
	return went;
}
