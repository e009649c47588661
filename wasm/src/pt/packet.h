/* SPDX-License-Identifier: Apache-2.0 */
/* One Intel PT packet: kind, size and payload. Knows nothing of what packets
 * mean together. Intel SDM vol. 3, chapter "Intel Processor Trace", "Trace
 * Packets and Data Types". */
#ifndef PTM_PT_PACKET_H
#define PTM_PT_PACKET_H

#include "ptarmigan.h"
#include <stdbool.h>

typedef enum ptm_packet_kind {
	PTM_PACKET_BAD, PTM_PACKET_PAD,
	PTM_PACKET_PSB, PTM_PACKET_PSBEND, PTM_PACKET_OVF, PTM_PACKET_TRACESTOP,
	PTM_PACKET_TNT,          /* payload: bits, the first in bit count-1; count: how many, 0 to 47 */
	PTM_PACKET_TIP, PTM_PACKET_TIP_PGE, PTM_PACKET_TIP_PGD, PTM_PACKET_FUP, /* payload: IP bytes; count: IPBytes field, 0 to 6 */
	PTM_PACKET_PIP,          /* payload: CR3; count: NR bit */
	PTM_PACKET_VMCS,         /* payload: VMCS base address */
	PTM_PACKET_MODE_EXEC,    /* payload: bit 0 CS.L, bit 1 CS.D, bit 2 IF */
	PTM_PACKET_MODE_TSX,     /* payload: bit 0 InTX, bit 1 TXAbort */
	PTM_PACKET_TSC,          /* payload: low 56 bits of TSC */
	PTM_PACKET_TMA,          /* payload: CTC; count: fast counter (9 bits) */
	PTM_PACKET_MTC,          /* payload: 8 bits of CTC */
	PTM_PACKET_CYC,          /* payload: core cycles since the last CYC */
	PTM_PACKET_CBR,          /* payload: core:bus ratio; count: the reserved byte after it */
	PTM_PACKET_MNT,          /* payload: 64 bits */
	PTM_PACKET_PTWRITE,      /* payload: operand; count: 1 when a FUP follows */
	PTM_PACKET_MWAIT,        /* payload: hints in 31:0, extensions in 63:32 */
	PTM_PACKET_PWRE,         /* payload: bit 7 HW, bits 15:12 resolved C-state, 11:8 sub C-state */
	PTM_PACKET_PWRX,         /* payload: 3:0 deepest, 7:4 last C-state, 11:8 wake reason */
	PTM_PACKET_EXSTOP,       /* count: 1 when a FUP follows */
	PTM_PACKET_BBP,          /* payload: block type; count: 1 when items have 4 bytes */
	PTM_PACKET_BIP,          /* payload: value; count: id */
	PTM_PACKET_BEP,          /* count: 1 when a FUP follows */
	PTM_PACKET_CFE,          /* payload: 4:0 type, 15:8 vector; count: 1 when a FUP follows */
	PTM_PACKET_EVD,          /* payload: 64 bits; count: type */
	PTM_PACKET_TRIG,         /* payload: 7:0 trigger bits, 31:16 instruction count; count: 1 when a FUP follows */
	PTM_PACKET_KINDS
} ptm_packet_kind;

typedef struct ptm_packet {
	uint8_t kind;            /* enum ptm_packet_kind */
	uint8_t size;            /* bytes, header included */
	uint16_t count;
	uint64_t payload;
} ptm_packet;

/* Longest packet, in bytes. */
#define PTM_PACKET_SIZE 16

/* What the bytes of the 8-byte PSB pattern pairs are: 02 82, eight times. */
#define PTM_PSB_SIZE 16

/* Decodes the packet at `at`. `block_item` is 0 outside a BBP block, else the
 * size of its items (4 or 8): only there is xxxxx100 a BIP. PTM_TRUNCATED: more
 * than `available` bytes are needed. PTM_BAD_DATA: no packet starts like this. */
ptm_status ptm_packet_decode(const uint8_t *at, uint32_t available, uint8_t block_item, ptm_packet *packet) PTM_MUST_CHECK;
/* As perf 6.1 does: a long TNT without its stop bit, as a cut packet and the padding behind it look, is to it one of no branches;
 * a TRIG is no packet. */
ptm_status ptm_packet_decode_as_perf(const uint8_t *at, uint32_t available, uint8_t block_item, ptm_packet *packet) PTM_MUST_CHECK;

/* The most frequent packets (short TNT, CYC of one or two bytes) outside a BBP
 * block, as ptm_packet_decode decodes them; false: another packet, or one that an
 * erratum may have spoilt. Two bytes must be available. */
static inline bool ptm_packet_quick(const uint8_t *at, ptm_packet *packet)
{
	uint8_t byte = at[0];
	if ((byte & 7) == 3) {
		*packet = (ptm_packet){ PTM_PACKET_CYC, 1, 0, byte >> 3 };
		return true;
	}
	if ((byte & 7) == 7 && !(at[1] & 1) && at[1] != 2) {
		*packet = (ptm_packet){ PTM_PACKET_CYC, 2, 0, byte >> 3 | (uint64_t)(at[1] >> 1) << 5 };
		return true;
	}
	if (byte == 0x59) {
		*packet = (ptm_packet){ PTM_PACKET_MTC, 2, 0, at[1] };
		return true;
	}
	if (byte & 1 || byte < 4)
		return false;
	uint16_t count = (uint16_t)(30 - __builtin_clz(byte));
	*packet = (ptm_packet){ PTM_PACKET_TNT, 1, count, (byte >> 1) & ((1u << count) - 1) };
	return true;
}

/* Updates the block_item state of ptm_packet_decode after `packet`. */
static inline uint8_t ptm_packet_block_item(uint8_t block_item, const ptm_packet *packet)
{
	switch (packet->kind) {
	case PTM_PACKET_BBP:
		return packet->count ? 4 : 8;
	case PTM_PACKET_BIP: case PTM_PACKET_PAD: case PTM_PACKET_MTC: case PTM_PACKET_TSC:
	case PTM_PACKET_CYC: case PTM_PACKET_TMA: case PTM_PACKET_CBR:
		return block_item;
	default:
		return 0;
	}
}

/* Offset of the first PSB at or after `from` in `data`, or `length` when there is none. */
size_t ptm_psb_find(const uint8_t *data, size_t from, size_t length);

/* How many PAD packets stand at `at`, before `end`, one after the other. */
size_t ptm_pads_at(const uint8_t *at, const uint8_t *end);

#endif
