/* SPDX-License-Identifier: Apache-2.0 */
#include "pt/packet.h"
#include <string.h>

/* Little-endian value of `length` bytes (at most 8). */
static uint64_t little(const uint8_t *at, unsigned length)
{
	uint64_t value = 0;
	memcpy(&value, at, length);
	return value;
}

static ptm_status put(ptm_packet *packet, uint8_t kind, uint8_t size, uint32_t available, uint16_t count, uint64_t payload)
{
	if (size > available)
		return PTM_TRUNCATED;
	*packet = (ptm_packet){ kind, size, count, payload };
	return PTM_OK;
}

/* Packets whose payload is `bytes` raw bytes after a header of `header` bytes. */
static ptm_status raw(ptm_packet *packet, uint8_t kind, unsigned header, unsigned bytes, const uint8_t *at, uint32_t available, uint16_t count)
{
	if (header + bytes > available)
		return PTM_TRUNCATED;
	return put(packet, kind, (uint8_t)(header + bytes), available, count, little(at + header, bytes));
}

static ptm_status psb(const uint8_t *at, uint32_t available, ptm_packet *packet)
{
	uint32_t seen = available < PTM_PSB_SIZE ? available : PTM_PSB_SIZE;
	for (uint32_t i = 0; i < seen; i++)
		if (at[i] != (i & 1 ? 0x82 : 0x02))
			return PTM_BAD_DATA;
	return put(packet, PTM_PACKET_PSB, PTM_PSB_SIZE, available, 0, 0);
}

static ptm_status long_tnt(const uint8_t *at, uint32_t available, ptm_packet *packet)
{
	if (available < 8)
		return PTM_TRUNCATED;
	uint64_t bits = little(at + 2, 6);
	if (!bits)
		return PTM_BAD_DATA;
	uint16_t count = (uint16_t)(63 - __builtin_clzll(bits));
	return put(packet, PTM_PACKET_TNT, 8, available, count, bits & ((1ull << count) - 1));
}

static ptm_status ptwrite(const uint8_t *at, uint32_t available, ptm_packet *packet)
{
	unsigned size = at[1] >> 5 & 3;
	if (size > 1)
		return PTM_BAD_DATA;
	return raw(packet, PTM_PACKET_PTWRITE, 2, size ? 8 : 4, at, available, at[1] >> 7);
}

static ptm_status pip(const uint8_t *at, uint32_t available, ptm_packet *packet)
{
	PTM_TRY(raw(packet, PTM_PACKET_PIP, 2, 6, at, available, 0));
	packet->count = packet->payload & 1;
	packet->payload = packet->payload >> 1 << 5;
	return PTM_OK;
}

static ptm_status tma(const uint8_t *at, uint32_t available, ptm_packet *packet)
{
	if (available < 7)
		return PTM_TRUNCATED;
	return put(packet, PTM_PACKET_TMA, 7, available, (uint16_t)(at[5] | (at[6] & 1) << 8), little(at + 2, 2));
}

static ptm_status mnt(const uint8_t *at, uint32_t available, ptm_packet *packet)
{
	if (available < 3)
		return PTM_TRUNCATED;
	return at[2] == 0x88 ? raw(packet, PTM_PACKET_MNT, 3, 8, at, available, 0) : PTM_BAD_DATA;
}

/* Packets that begin with 02 and one more opcode byte. */
static ptm_status extended(const uint8_t *at, uint32_t available, ptm_packet *packet)
{
	if (available < 2)
		return PTM_TRUNCATED;
	if ((at[1] & 0x1f) == 0x12)
		return ptwrite(at, available, packet);
	switch (at[1]) {
	case 0x82: return psb(at, available, packet);
	case 0x23: return put(packet, PTM_PACKET_PSBEND, 2, available, 0, 0);
	case 0xa3: return long_tnt(at, available, packet);
	case 0x43: return pip(at, available, packet);
	case 0xc8:
		PTM_TRY(raw(packet, PTM_PACKET_VMCS, 2, 5, at, available, 0));
		packet->payload <<= 12;
		return PTM_OK;
	case 0x73: return tma(at, available, packet);
	case 0x03:
		PTM_TRY(raw(packet, PTM_PACKET_CBR, 2, 2, at, available, 0));
		packet->count = at[3];
		packet->payload = at[2];
		return PTM_OK;
	case 0xf3: return put(packet, PTM_PACKET_OVF, 2, available, 0, 0);
	case 0x83: return put(packet, PTM_PACKET_TRACESTOP, 2, available, 0, 0);
	case 0xc3: return mnt(at, available, packet);
	case 0xc2: return raw(packet, PTM_PACKET_MWAIT, 2, 8, at, available, 0);
	case 0x22: return raw(packet, PTM_PACKET_PWRE, 2, 2, at, available, 0);
	case 0xa2: return raw(packet, PTM_PACKET_PWRX, 2, 5, at, available, 0);
	case 0x62: case 0xe2: return put(packet, PTM_PACKET_EXSTOP, 2, available, at[1] >> 7, 0);
	case 0x63:
		if (available < 3)
			return PTM_TRUNCATED;
		return put(packet, PTM_PACKET_BBP, 3, available, at[2] >> 7, at[2] & 0x1f);
	case 0x33: case 0xb3: return put(packet, PTM_PACKET_BEP, 2, available, at[1] >> 7, 0);
	case 0x13:
		if (available < 4)
			return PTM_TRUNCATED;
		return put(packet, PTM_PACKET_CFE, 4, available, at[2] >> 7, (at[2] & 0x1f) | (uint64_t)at[3] << 8);
	case 0x53:
		if (available < 3)
			return PTM_TRUNCATED;
		return raw(packet, PTM_PACKET_EVD, 3, 8, at, available, at[2] & 0x3f);
	default: return PTM_BAD_DATA;
	}
}

/* Cycle counter: 5 bits in the header, then 7 bits a byte while bit 0 says so. */
static ptm_status cyc(const uint8_t *at, uint32_t available, ptm_packet *packet)
{
	uint64_t value = at[0] >> 3;
	unsigned size = 1, shift = 5;
	bool more = at[0] & 4;

	for (; more; size++, shift += 7) {
		if (size >= available)
			return PTM_TRUNCATED;
		if (shift > 63)
			return PTM_BAD_DATA;
		value |= (uint64_t)(at[size] >> 1) << shift;
		more = at[size] & 1;
	}
	return put(packet, PTM_PACKET_CYC, (uint8_t)size, available, 0, value);
}

static ptm_status with_ip(uint8_t kind, const uint8_t *at, uint32_t available, ptm_packet *packet)
{
	static const uint8_t bytes[8] = { 0, 2, 4, 6, 6, 0xff, 8, 0xff };
	uint8_t field = at[0] >> 5;
	if (bytes[field] == 0xff)
		return PTM_BAD_DATA;
	return raw(packet, kind, 1, bytes[field], at, available, field);
}

/* The two lower bits exclude each other: 64 and 32 bit code, in a transaction and just aborted. */
static ptm_status mode(const uint8_t *at, uint32_t available, ptm_packet *packet)
{
	if (available < 2)
		return PTM_TRUNCATED;
	if ((at[1] & 3) == 3)
		return PTM_BAD_DATA;
	switch (at[1] >> 5) {
	case 0: return put(packet, PTM_PACKET_MODE_EXEC, 2, available, 0, at[1] & 7);
	case 1: return put(packet, PTM_PACKET_MODE_TSX, 2, available, 0, at[1] & 3);
	default: return PTM_BAD_DATA;
	}
}

ptm_status ptm_packet_decode(const uint8_t *at, uint32_t available, uint8_t block_item, ptm_packet *packet)
{
	if (!available)
		return PTM_TRUNCATED;
	uint8_t byte = at[0];
	if (block_item && (byte & 7) == 4)
		return raw(packet, PTM_PACKET_BIP, 1, block_item, at, available, byte >> 3);
	if (!(byte & 1)) {
		if (byte == 0)
			return put(packet, PTM_PACKET_PAD, 1, available, 0, 0);
		if (byte == 2)
			return extended(at, available, packet);
		uint16_t count = (uint16_t)(30 - __builtin_clz(byte));
		return put(packet, PTM_PACKET_TNT, 1, available, count, (byte >> 1) & ((1u << count) - 1));
	}
	if ((byte & 3) == 3)
		return cyc(at, available, packet);
	switch (byte & 0x1f) {
	case 0x0d: return with_ip(PTM_PACKET_TIP, at, available, packet);
	case 0x11: return with_ip(PTM_PACKET_TIP_PGE, at, available, packet);
	case 0x01: return with_ip(PTM_PACKET_TIP_PGD, at, available, packet);
	case 0x1d: return with_ip(PTM_PACKET_FUP, at, available, packet);
	default: break;
	}
	switch (byte) {
	case 0x99: return mode(at, available, packet);
	case 0x19: return raw(packet, PTM_PACKET_TSC, 1, 7, at, available, 0);
	case 0x59: return raw(packet, PTM_PACKET_MTC, 1, 1, at, available, 0);
	case 0xd9:
		if (available < 5)
			return PTM_TRUNCATED;
		return put(packet, PTM_PACKET_TRIG, 5, available, at[1] >> 7, at[2] | little(at + 3, 2) << 16);
	default: return PTM_BAD_DATA;
	}
}

ptm_status ptm_packet_decode_as_perf(const uint8_t *at, uint32_t available, uint8_t block_item, ptm_packet *packet)
{
	enum { TRIG = 0xd9 };
	static const uint8_t without_stop[8] = { 0x02, 0xa3 };

	if (*at == TRIG)
		return PTM_BAD_DATA;
	if (available < sizeof without_stop || memcmp(at, without_stop, sizeof without_stop))
		return ptm_packet_decode(at, available, block_item, packet);
	*packet = (ptm_packet){ .kind = PTM_PACKET_TNT, .size = sizeof without_stop };
	return PTM_OK;
}

size_t ptm_psb_find(const uint8_t *data, size_t from, size_t length)
{
	/* Every PSB holds the byte 82 at odd distances: look for one in steps, then for its start. */
	while (from + PTM_PSB_SIZE <= length) {
		const uint8_t *hit = memchr(data + from, 0x02, length - from - (PTM_PSB_SIZE - 1));
		if (!hit)
			return length;
		size_t at = (size_t)(hit - data), seen = 1;
		while (seen < PTM_PSB_SIZE && data[at + seen] == (seen & 1 ? 0x82 : 0x02))
			seen++;
		if (seen == PTM_PSB_SIZE)
			return at;
		from = at + 1;
	}
	return length;
}

size_t ptm_pads_at(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *first = at;
	uint64_t word;

	/* Buffers that were never filled are runs of gigabytes. */
	for (; (size_t)(end - at) >= sizeof word; at += sizeof word) {
		memcpy(&word, at, sizeof word);
		if (word)
			break;
	}
	while (at < end && !*at)
		at++;
	return (size_t)(at - first);
}
