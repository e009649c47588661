/* SPDX-License-Identifier: Apache-2.0 */
#include "pt/packet_text.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const names[PTM_PACKET_KINDS] = {
	[PTM_PACKET_BAD] = "Bad", [PTM_PACKET_PAD] = "PAD", [PTM_PACKET_PSB] = "PSB", [PTM_PACKET_PSBEND] = "PSBEND",
	[PTM_PACKET_OVF] = "OVF", [PTM_PACKET_TRACESTOP] = "TraceSTOP", [PTM_PACKET_TNT] = "TNT", [PTM_PACKET_TIP] = "TIP",
	[PTM_PACKET_TIP_PGE] = "TIP.PGE", [PTM_PACKET_TIP_PGD] = "TIP.PGD", [PTM_PACKET_FUP] = "FUP", [PTM_PACKET_PIP] = "PIP",
	[PTM_PACKET_VMCS] = "VMCS", [PTM_PACKET_MODE_EXEC] = "MODE.Exec", [PTM_PACKET_MODE_TSX] = "MODE.TSX",
	[PTM_PACKET_TSC] = "TSC", [PTM_PACKET_TMA] = "TMA", [PTM_PACKET_MTC] = "MTC", [PTM_PACKET_CYC] = "CYC",
	[PTM_PACKET_CBR] = "CBR", [PTM_PACKET_MNT] = "MNT", [PTM_PACKET_PTWRITE] = "PTWRITE", [PTM_PACKET_MWAIT] = "MWAIT",
	[PTM_PACKET_PWRE] = "PWRE", [PTM_PACKET_PWRX] = "PWRX", [PTM_PACKET_EXSTOP] = "EXSTOP", [PTM_PACKET_BBP] = "BBP",
	[PTM_PACKET_BIP] = "BIP", [PTM_PACKET_BEP] = "BEP", [PTM_PACKET_CFE] = "CFE", [PTM_PACKET_EVD] = "EVD",
	[PTM_PACKET_TRIG] = "TRIG",
};

const char *ptm_packet_name(uint8_t kind)
{
	return kind < PTM_PACKET_KINDS ? names[kind] : names[PTM_PACKET_BAD];
}

static size_t write(char *into, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static size_t write(char *into, size_t size, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(into, size, format, arguments);
	va_end(arguments);
	if (length < 0 || !size)
		return 0;
	return (size_t)length < size ? (size_t)length : size - 1;
}

/* Branches in order, T taken, N not taken, and how many. */
static size_t tnt(const ptm_packet *packet, char *into, size_t size)
{
	char branches[64];
	unsigned count = packet->count < 63 ? packet->count : 63;
	for (unsigned i = 0; i < count; i++)
		branches[i] = packet->payload >> (count - 1 - i) & 1 ? 'T' : 'N';
	branches[count] = 0;
	return write(into, size, "%s (%u)", branches, count);
}

static unsigned bits(uint64_t payload, unsigned from, unsigned count)
{
	return (unsigned)(payload >> from & ((1u << count) - 1));
}

size_t ptm_packet_text(const ptm_packet *packet, char *into, size_t size)
{
	uint64_t payload = packet->payload;
	unsigned count = packet->count;

	switch (packet->kind) {
	case PTM_PACKET_BAD:
		return write(into, size, "packet!");
	case PTM_PACKET_TNT:
		return tnt(packet, into, size);
	case PTM_PACKET_TIP: case PTM_PACKET_TIP_PGE: case PTM_PACKET_TIP_PGD: case PTM_PACKET_FUP:
		return count ? write(into, size, "0x%" PRIx64, payload) : write(into, size, "no ip");
	case PTM_PACKET_PIP:
		return write(into, size, "0x%" PRIx64 " (NR=%u)", payload >> 5, count);
	case PTM_PACKET_VMCS:
		return write(into, size, "0x%" PRIx64, payload >> 12);
	case PTM_PACKET_MODE_EXEC:
		return write(into, size, "IF:%u %u", bits(payload, 2, 1), payload & 1 ? 64u : payload & 2 ? 32u : 16u);
	case PTM_PACKET_MODE_TSX:
		return write(into, size, "TXAbort:%u InTX:%u", bits(payload, 1, 1), bits(payload, 0, 1));
	case PTM_PACKET_TSC: case PTM_PACKET_MTC: case PTM_PACKET_CYC: case PTM_PACKET_MNT:
		return write(into, size, "0x%" PRIx64, payload);
	case PTM_PACKET_CBR:
		return write(into, size, "0x%" PRIx64, payload | (uint64_t)count << 8);
	case PTM_PACKET_TMA:
		return write(into, size, "CTC 0x%" PRIx64 " FC 0x%x", payload, count);
	case PTM_PACKET_PTWRITE:
		return write(into, size, "0x%" PRIx64 " IP:%u", payload, count);
	case PTM_PACKET_MWAIT:
		return write(into, size, "0x%" PRIx64 " Hints 0x%x Extensions 0x%x", payload, bits(payload, 0, 8), bits(payload, 32, 2));
	case PTM_PACKET_PWRE:
		return write(into, size, "0x%" PRIx64 " HW:%u CState:%u Sub-CState:%u", payload, bits(payload, 7, 1),
			bits(payload, 12, 4), bits(payload, 8, 4));
	case PTM_PACKET_PWRX:
		return write(into, size, "0x%" PRIx64 " Last CState:%u Deepest CState:%u Wake Reason 0x%x", payload,
			bits(payload, 4, 4), bits(payload, 0, 4), bits(payload, 8, 4));
	case PTM_PACKET_EXSTOP: case PTM_PACKET_BEP:
		return write(into, size, "IP:%u", count);
	case PTM_PACKET_BBP:
		return write(into, size, "SZ %u-byte Type 0x%" PRIx64, count ? 4 : 8, payload);
	case PTM_PACKET_BIP:
		return write(into, size, "ID 0x%02x Value 0x%" PRIx64, count, payload);
	case PTM_PACKET_CFE:
		return write(into, size, "IP:%u Type 0x%02x Vector 0x%x", count, bits(payload, 0, 5), bits(payload, 8, 8));
	case PTM_PACKET_EVD:
		return write(into, size, "Type 0x%02x Payload 0x%" PRIx64, count, payload);
	case PTM_PACKET_TRIG:
		return write(into, size, "IP:%u Trigger 0x%02x Instructions %u", count, bits(payload, 0, 8), bits(payload, 16, 16));
	default:
		if (size)
			*into = 0;
		return 0;
	}
}
