/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of packet: its bytes, what they decode to, its text as perf prints
 * it, and that no packet is read from fewer bytes than it has. */
#include "pt/last_ip.h"
#include "pt/reader.h"
#include "pt/packet_text.h"
#include "check.h"

typedef struct example {
	const char *hex;
	uint8_t kind;
	uint16_t count;
	uint64_t payload;
	const char *text;        /* name and payload */
	uint8_t block_item;
} example;

static const example examples[] = {
	{ "00", PTM_PACKET_PAD, 0, 0, "PAD" },
	{ "02 82 02 82 02 82 02 82 02 82 02 82 02 82 02 82", PTM_PACKET_PSB, 0, 0, "PSB" },
	{ "02 23", PTM_PACKET_PSBEND, 0, 0, "PSBEND" },
	{ "02 f3", PTM_PACKET_OVF, 0, 0, "OVF" },
	{ "02 83", PTM_PACKET_TRACESTOP, 0, 0, "TraceSTOP" },
	{ "06", PTM_PACKET_TNT, 1, 1, "TNT T (1)" },
	{ "04", PTM_PACKET_TNT, 1, 0, "TNT N (1)" },
	{ "ee", PTM_PACKET_TNT, 6, 0x37, "TNT TTNTTT (6)" },
	{ "80", PTM_PACKET_TNT, 6, 0, "TNT NNNNNN (6)" },
	{ "02 a3 01 00 00 00 00 00", PTM_PACKET_TNT, 0, 0, "TNT  (0)" },
	{ "02 a3 45 05 00 00 00 00", PTM_PACKET_TNT, 10, 0x145, "TNT NTNTNNNTNT (10)" },
	{ "02 a3 00 00 00 00 00 80", PTM_PACKET_TNT, 47, 0, "TNT NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN (47)" },
	{ "0d", PTM_PACKET_TIP, 0, 0, "TIP no ip" },
	{ "2d 11 22", PTM_PACKET_TIP, 1, 0x2211, "TIP 0x2211" },
	{ "4d 11 22 33 44", PTM_PACKET_TIP, 2, 0x44332211, "TIP 0x44332211" },
	{ "6d 11 22 33 44 55 f6", PTM_PACKET_TIP, 3, 0xf65544332211, "TIP 0xf65544332211" },
	{ "8d 11 22 33 44 55 f6", PTM_PACKET_TIP, 4, 0xf65544332211, "TIP 0xf65544332211" },
	{ "cd 11 22 33 44 55 66 77 f8", PTM_PACKET_TIP, 6, 0xf877665544332211, "TIP 0xf877665544332211" },
	{ "31 f7 00", PTM_PACKET_TIP_PGE, 1, 0xf7, "TIP.PGE 0xf7" },
	{ "01", PTM_PACKET_TIP_PGD, 0, 0, "TIP.PGD no ip" },
	{ "3d 00 00", PTM_PACKET_FUP, 1, 0, "FUP 0x0" },
	{ "02 43 00 34 d4 3f 00 00", PTM_PACKET_PIP, 0, 0x3fd434000, "PIP 0x1fea1a00 (NR=0)" },
	{ "02 43 01 10 20 30 40 50", PTM_PACKET_PIP, 1, 0x5040302010000, "PIP 0x282018100800 (NR=1)" },
	{ "02 c8 01 02 03 04 05", PTM_PACKET_VMCS, 0, 0x504030201000, "VMCS 0x504030201" },
	{ "99 00", PTM_PACKET_MODE_EXEC, 0, 0, "MODE.Exec IF:0 16" },
	{ "99 01", PTM_PACKET_MODE_EXEC, 0, 1, "MODE.Exec IF:0 64" },
	{ "99 06", PTM_PACKET_MODE_EXEC, 0, 6, "MODE.Exec IF:1 32" },
	{ "99 21", PTM_PACKET_MODE_TSX, 0, 1, "MODE.TSX TXAbort:0 InTX:1" },
	{ "99 22", PTM_PACKET_MODE_TSX, 0, 2, "MODE.TSX TXAbort:1 InTX:0" },
	{ "19 da d3 a3 df 7b fa 00", PTM_PACKET_TSC, 0, 0xfa7bdfa3d3da, "TSC 0xfa7bdfa3d3da" },
	{ "02 73 2d 87 00 43 ff", PTM_PACKET_TMA, 0x143, 0x872d, "TMA CTC 0x872d FC 0x143" },
	{ "59 e6", PTM_PACKET_MTC, 0, 0xe6, "MTC 0xe6" },
	{ "63", PTM_PACKET_CYC, 0, 0xc, "CYC 0xc" },
	{ "b7 10", PTM_PACKET_CYC, 0, 0x116, "CYC 0x116" },
	{ "07 01 0f 01 02", PTM_PACKET_CYC, 0, 0x4007000, "CYC 0x4007000" },
	{ "02 03 31 00", PTM_PACKET_CBR, 0, 0x31, "CBR 0x31" },
	{ "02 03 31 ff", PTM_PACKET_CBR, 0xff, 0x31, "CBR 0xff31" },
	{ "02 c3 88 01 02 03 04 05 06 07 08", PTM_PACKET_MNT, 0, 0x807060504030201, "MNT 0x807060504030201" },
	{ "02 12 02 00 fe ca", PTM_PACKET_PTWRITE, 0, 0xcafe0002, "PTWRITE 0xcafe0002 IP:0" },
	{ "02 b2 02 00 00 00 7e 01 16 81", PTM_PACKET_PTWRITE, 1, 0x8116017e00000002, "PTWRITE 0x8116017e00000002 IP:1" },
	{ "02 c2 11 22 33 44 55 66 77 88", PTM_PACKET_MWAIT, 0, 0x8877665544332211, "MWAIT 0x8877665544332211 Hints 0x11 Extensions 0x1" },
	{ "02 22 80 21", PTM_PACKET_PWRE, 0, 0x2180, "PWRE 0x2180 HW:1 CState:2 Sub-CState:1" },
	{ "02 a2 12 f4 00 00 00", PTM_PACKET_PWRX, 0, 0xf412, "PWRX 0xf412 Last CState:1 Deepest CState:2 Wake Reason 0x4" },
	{ "02 62", PTM_PACKET_EXSTOP, 0, 0, "EXSTOP IP:0" },
	{ "02 e2", PTM_PACKET_EXSTOP, 1, 0, "EXSTOP IP:1" },
	{ "02 63 01", PTM_PACKET_BBP, 0, 1, "BBP SZ 8-byte Type 0x1" },
	{ "02 63 81", PTM_PACKET_BBP, 1, 1, "BBP SZ 4-byte Type 0x1" },
	{ "fc 11 22 33 44 55 66 77 88", PTM_PACKET_BIP, 31, 0x8877665544332211, "BIP ID 0x1f Value 0x8877665544332211", 8 },
	{ "04 11 22 33 44", PTM_PACKET_BIP, 0, 0x44332211, "BIP ID 0x00 Value 0x44332211", 4 },
	{ "02 33", PTM_PACKET_BEP, 0, 0, "BEP IP:0" },
	{ "02 b3", PTM_PACKET_BEP, 1, 0, "BEP IP:1" },
	{ "02 13 81 ec", PTM_PACKET_CFE, 1, 0xec01, "CFE IP:1 Type 0x01 Vector 0xec" },
	{ "02 53 3f a2 0d 00 00 00 7f 00 00", PTM_PACKET_EVD, 0x3f, 0x7f0000000da2, "EVD Type 0x3f Payload 0x7f0000000da2" },
	{ "d9 80 05 07 01", PTM_PACKET_TRIG, 1, 0x1070005, "TRIG IP:1 Trigger 0x05 Instructions 263" },
};

static uint32_t bytes_of(const char *hex, uint8_t *into)
{
	uint32_t length = 0;
	unsigned value;
	int used;
	while (sscanf(hex, "%x%n", &value, &used) == 1) {
		into[length++] = (uint8_t)value;
		hex += used;
	}
	return length;
}

static void check_example(const example *wanted)
{
	uint8_t bytes[PTM_PACKET_SIZE + 4] = { 0 };
	char text[PTM_PACKET_TEXT_SIZE], line[160];
	uint32_t length = bytes_of(wanted->hex, bytes);
	ptm_packet packet = { 0 };

	for (uint32_t cut = 0; cut < length; cut++)
		CHECK_EQ(ptm_packet_decode(bytes, cut, wanted->block_item, &packet), PTM_TRUNCATED);
	CHECK_EQ(ptm_packet_decode(bytes, length, wanted->block_item, &packet), PTM_OK);
	CHECK_EQ(packet.size, length);
	CHECK_EQ(packet.kind, wanted->kind);
	CHECK_EQ(packet.count, wanted->count);
	CHECK_EQ(packet.payload, wanted->payload);
	size_t written = ptm_packet_text(&packet, text, sizeof text);
	CHECK_EQ(written, strlen(text));
	snprintf(line, sizeof line, "%s%s%s", ptm_packet_name(packet.kind), *text ? " " : "", text);
	CHECK_TEXT(line, wanted->text);
}

static void bad_packets(void)
{
	static const char *const bad[] = {
		"02 82 02 82 02 82 02 82 02 82 02 82 02 82 02 83", "02 ff 00 00 00 00 00 00", "02 a3 00 00 00 00 00 00",
		"02 c3 89 00 00 00 00 00 00 00 00", "02 52 00 00 00 00 00 00 00 00", "99 03", "99 07", "99 23", "99 40",
		"ad 00 00 00 00 00 00 00 00", "ed 00 00 00 00 00 00 00 00", "05", "09", "15",
		"ff ff ff ff ff ff ff ff ff ff ff ff ff",
	};
	uint8_t bytes[PTM_PACKET_SIZE + 4];
	ptm_packet packet;
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_EQ(ptm_packet_decode(bytes, bytes_of(bad[i], bytes), 0, &packet), PTM_BAD_DATA);
	CHECK_EQ(ptm_packet_decode_as_perf(bytes, bytes_of("02 a3 00 00 00 00 00 00", bytes), 0, &packet), PTM_OK);
	CHECK(packet.kind == PTM_PACKET_TNT && !packet.count && packet.size == 8);
	CHECK_EQ(ptm_packet_decode_as_perf(bytes, bytes_of("02 a3 00 00 00 00 00", bytes), 0, &packet), PTM_TRUNCATED);
	CHECK_EQ(ptm_packet_decode_as_perf(bytes, bytes_of("d9 80 05 07 01", bytes), 0, &packet), PTM_BAD_DATA);
	CHECK_EQ(ptm_packet_decode(bytes, bytes_of("04", bytes), 0, &packet), PTM_OK);
	CHECK_EQ(packet.kind, PTM_PACKET_TNT);
	CHECK_TEXT(ptm_packet_name(PTM_PACKET_KINDS), "Bad");
}

static void text_is_cut(void)
{
	ptm_packet packet = { PTM_PACKET_PSB, 16, 0, 0 };
	char text[8] = "before";
	CHECK_EQ(ptm_packet_text(&packet, text, sizeof text), 0);
	CHECK_TEXT(text, "");
	packet = (ptm_packet){ PTM_PACKET_TSC, 8, 0, 0x123456789a };
	CHECK_EQ(ptm_packet_text(&packet, text, sizeof text), 7);
	CHECK_TEXT(text, "0x12345");
	CHECK_EQ(ptm_packet_text(&packet, text, 0), 0);
}

/* A block ends at any packet that may not stand in one. */
static void block_items(void)
{
	ptm_packet packet = { PTM_PACKET_BBP, 3, 1, 0 };
	uint8_t item = ptm_packet_block_item(0, &packet);
	CHECK_EQ(item, 4);
	packet.kind = PTM_PACKET_MTC;
	CHECK_EQ(ptm_packet_block_item(item, &packet), 4);
	packet.kind = PTM_PACKET_BEP;
	CHECK_EQ(ptm_packet_block_item(item, &packet), 0);
}

static void last_ips(void)
{
	static const struct { uint16_t count; uint64_t payload, wanted; } cases[] = {
		{ 0, 0, 0x1122334455667788 }, { 1, 0xabcd, 0x112233445566abcd }, { 2, 0x89abcdef, 0x1122334489abcdef },
		{ 3, 0x7fff00000001, 0x00007fff00000001 }, { 3, 0x800000000001, 0xffff800000000001 },
		{ 4, 0x800000000001, 0x1122800000000001 }, { 6, 0x8877665544332211, 0x8877665544332211 },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		ptm_packet packet = { PTM_PACKET_TIP, 1, cases[i].count, cases[i].payload };
		CHECK_EQ(ptm_last_ip_update(0x1122334455667788, &packet), cases[i].wanted);
	}
}

static void psbs(void)
{
	uint8_t data[64] = { 0 };
	CHECK_EQ(ptm_psb_find(data, 0, sizeof data), 64);
	for (unsigned i = 0; i < PTM_PSB_SIZE; i++)
		data[21 + i] = i & 1 ? 0x82 : 0x02;
	data[19] = 0x02, data[20] = 0x83;
	CHECK_EQ(ptm_psb_find(data, 0, sizeof data), 21);
	CHECK_EQ(ptm_psb_find(data, 21, sizeof data), 21);
	CHECK_EQ(ptm_psb_find(data, 22, sizeof data), 64);
	CHECK_EQ(ptm_psb_find(data, 0, 36), 36);
	CHECK_EQ(ptm_psb_find(data, 0, 37), 21);
}

static ptm_status read_bytes(void *context, uint64_t offset, uint8_t *into, uint32_t *length)
{
	uint32_t left = offset < 64 ? (uint32_t)(64 - offset) : 0;
	if (*length > left)
		*length = left;
	memcpy(into, (const uint8_t *)context + (64 - left), *length);
	return PTM_OK;
}

static uint64_t no_buffer(void *context, uint64_t offset)
{
	(void)context, (void)offset;
	return 64;
}

/* Offset of the PSB that a reader finds in `count` bytes 02 82 from 20 on. */
static uint64_t synced(unsigned count)
{
	uint8_t data[64] = { 0 };
	ptm_pt_reader reader;
	ptm_pt_input input = { data, read_bytes, no_buffer, sizeof data };
	for (unsigned i = 0; i < count; i++)
		data[20 + i] = i & 1 ? 0x82 : 0x02;
	ptm_pt_reader_init(&reader, &input, 0, sizeof data);
	CHECK_EQ(ptm_pt_reader_sync(&reader), PTM_OK);
	ptm_pt_reader_free(&reader);
	return reader.offset;
}

/* A CYC of two bytes that ends in 02, a TNT 82, a PSB: the first 02 82 is not its start. */
static void psb_after_its_likes(void)
{
	CHECK_EQ(synced(16), 20);
	CHECK_EQ(synced(18), 22);
	CHECK_EQ(synced(30), 34);
	CHECK_EQ(synced(32), 20);
}

/* A run of PADs from 3 on, of any length, up to the buffer's end or the limit: all are passed, counted, and no other. */
static void pads(void)
{
	for (uint32_t count = 1; count < 61; count++) {
		uint8_t data[64];
		ptm_packet packet;
		ptm_pt_reader reader;
		ptm_pt_input input = { data, read_bytes, no_buffer, sizeof data };
		uint32_t limit = count % 3 ? 64 : 40;
		uint32_t end = 3 + count < limit ? 3 + count : limit;
		memset(data, 0x63, sizeof data);
		memset(data + 3, 0, count);
		CHECK_EQ(ptm_pads_at(data + 3, data + sizeof data), count);
		CHECK_EQ(ptm_pads_at(data + 2, data + sizeof data), 0);
		ptm_pt_reader_init(&reader, &input, 0, limit);
		for (unsigned i = 0; i < 4; i++)
			CHECK_EQ(ptm_pt_reader_next(&reader, &packet), PTM_OK);
		CHECK_EQ(packet.kind, PTM_PACKET_PAD);
		ptm_pt_reader_pass_pads(&reader);
		CHECK_EQ(reader.offset, end);
		CHECK_EQ(reader.packets, end);
		ptm_pt_reader_free(&reader);
	}
}

int main(void)
{
	for (unsigned i = 0; i < sizeof examples / sizeof *examples; i++)
		check_example(&examples[i]);
	bad_packets();
	text_is_cut();
	block_items();
	last_ips();
	psbs();
	psb_after_its_likes();
	pads();
	return check_report("packet");
}
