/* SPDX-License-Identifier: Apache-2.0 */
/* BTS records over a few instructions of code: what follows, what cannot, what
 * leaves for the kernel, and that flow is the same from wherever it starts.
 * Items are printed as text, one a line. */
#include "check.h"
#include "elf_file.h"
#include "flow/bts_flow.h"

/* Addresses below are written without their base, 0x401000. */
enum { BASE = 0x401000, MOST = 64 };
#define KERNEL 0xffffffff81000000u

static const uint8_t program[] = {
	0x90,                   /* 00 nop */
	0x74, 0x05,             /* 01 je 08 */
	0x0f, 0x05,             /* 03 syscall */
	0x90,                   /* 05 nop */
	0xeb, 0x08,             /* 06 jmp 10 */
	0xe8, 0x13, 0, 0, 0,    /* 08 call 20 */
	0xff, 0xe0,             /* 0d jmp *rax */
	0x90,                   /* 0f nop */
	0x90,                   /* 10 nop */
	0x75, 0xed,             /* 11 jne 00 */
	0xff, 0xd0,             /* 13 call *rax */
	0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
	0x90,                   /* 20 nop */
	0xc3                    /* 21 ret */
};

static elf_file binary;
static ptm_strings strings;
static ptm_images images;
static ptm_spaces *spaces;
static ptm_blocks blocks;
static uint32_t space;

static uint64_t records[MOST][3];
static uint64_t stream_size;
static ptm_bts_span spans[8];
static uint32_t span_count;
static char text[1 << 16];

static void begin(void)
{
	uint32_t name, image, served;
	ptm_message message;

	elf_file_make(&binary, 0xab, 20, 0x90, NULL, 0);
	memcpy(binary.bytes + 0x1000, program, sizeof program);
	elf_file_publish(&binary);
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_spaces_new(&spaces, &images), PTM_OK);
	CHECK_EQ(ptm_strings_add(&strings, "/bin/x", 6, &name), PTM_OK);
	CHECK_EQ(ptm_images_want(&images, name, NULL, 0, &image), PTM_OK);
	CHECK_EQ(ptm_images_offer(&images, binary.source, binary.size, "/bin/x", &served, &message), PTM_OK);
	ptm_map map = { BASE, BASE + 0x800, 0x1000, image, name };
	CHECK_EQ(ptm_spaces_map(spaces, 1, 7, &map), PTM_OK);
	space = ptm_spaces_at(spaces, 7, 1);
	ptm_blocks_init(&blocks, spaces);
}

static void end(void)
{
	ptm_blocks_free(&blocks);
	ptm_spaces_free(spaces);
	ptm_images_free(&images);
	ptm_strings_free(&strings);
}

static ptm_status read_records(void *host, uint64_t offset, uint8_t *into, uint32_t *length)
{
	(void)host;
	uint64_t left = offset < stream_size ? stream_size - offset : 0;
	if (*length > left)
		*length = (uint32_t)left;
	memcpy(into, (const uint8_t *)records + offset, *length);
	return PTM_OK;
}

static ptm_status find_span(void *host, uint64_t offset, ptm_bts_span *span)
{
	(void)host;
	for (uint32_t i = 0; i < span_count; i++)
		if (offset < spans[i].next) {
			*span = spans[i];
			return PTM_OK;
		}
	return PTM_END;
}

/* Takes `count` records {from, to}; small addresses are offsets in the program. */
static void set(const uint64_t (*pairs)[2], uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		for (int end = 0; end < 2; end++)
			records[i][end] = pairs[i][end] && pairs[i][end] < 0x1000 ? BASE + pairs[i][end] - 0x100 : pairs[i][end];
	stream_size = count * PTM_BTS_RECORD;
	span_count = 1;
	spans[0] = (ptm_bts_span){ .end = stream_size, .next = stream_size, .before = PTM_BTS_NOTHING, .start_ns = 10, .end_ns = 20, .thread = 1, .space = space };
}

/* An offset in the program, as the tests write it: 0x100 is its start. */
static const char *place(uint64_t ip)
{
	static char names[4][24];
	static unsigned turn;
	char *name = names[turn++ % 4];
	if (ip >= BASE && ip < BASE + 0x800)
		snprintf(name, sizeof names[0], "%02" PRIx64, ip - BASE);
	else
		snprintf(name, sizeof names[0], "%" PRIx64, ip);
	return name;
}

static size_t show_item(char *into, size_t size, const ptm_item *item)
{
	static const char *const ends[] = { "falls", "not", "taken", "jump", "call", "return", "far", "async", "off", "abort", "lost" };
	switch (item->kind) {
	case PTM_ITEM_VISIT:
		return (size_t)snprintf(into, size, "%s +%u %s %s -> %s%s\n", place(blocks.blocks.at[item->block].ip), item->instructions,
			ends[item->end], place(item->ip), place(item->to_ip), item->end_ns > item->start_ns ? " until the end" : "");
	case PTM_ITEM_BEGIN:
		return (size_t)snprintf(into, size, "begin %s\n", place(item->to_ip));
	case PTM_ITEM_GAP:
		return (size_t)snprintf(into, size, "gap %u at %s, %u bytes\n", item->reason, place(item->ip), (unsigned)item->bytes);
	case PTM_ITEM_SWITCH:
		return (size_t)snprintf(into, size, "switch to %u\n", item->thread);
	default:
		return 0;
	}
}

static const ptm_bts_flow_config *config(void)
{
	static ptm_bts_flow_config made;
	made = (ptm_bts_flow_config){ .size = stream_size, .read = read_records, .span = find_span };
	return &made;
}

/* All items of [from, limit) that the records at `since` and later made. */
static const char *show(uint64_t from, uint64_t since, uint64_t limit)
{
	ptm_bts_flow *flow;
	ptm_item item;
	ptm_status status;
	size_t length = 0;

	CHECK_EQ(ptm_bts_flow_new(&flow, &blocks, config(), from, limit), PTM_OK);
	text[0] = 0;
	while ((status = ptm_bts_flow_next(flow, &item)) == PTM_OK && length + 200 < sizeof text)
		if (item.offset >= since)
			length += show_item(text + length, sizeof text - length, &item);
	CHECK_EQ(status, PTM_END);
	ptm_bts_flow_free(flow);
	return text;
}

static const char *all(void)
{
	return show(0, 0, UINT64_MAX);
}

static void code_between_records_is_walked(void)
{
	const uint64_t pairs[][2] = { { 0x101, 0x108 }, { 0x108, 0x120 }, { 0x121, 0x10d }, { 0x10d, 0x110 }, { 0x111, 0x100 },
		{ 0x106, 0x110 }, { 0x113, 0x120 }, { 0x121, 0x115 } };
	set(pairs, 8);
	CHECK_TEXT(all(),
		"begin 01\n"
		"01 +1 taken 01 -> 08\n"
		"08 +1 call 08 -> 20\n"
		"20 +2 return 21 -> 0d\n"
		"0d +1 jump 0d -> 10\n"
		"10 +2 taken 11 -> 00\n"
		"00 +2 not 01 -> 0\n"
		"03 +1 off 03 -> 0\n"
		"begin 05\n"
		"05 +2 jump 06 -> 10\n"
		"10 +2 not 11 -> 0\n"
		"13 +1 call 13 -> 20\n"
		"20 +2 return 21 -> 15 until the end\n");
}

static void what_cannot_follow_is_a_gap(void)
{
	const uint64_t pairs[][2] = { { 0x101, 0x108 },
		{ 0x101, 0x108 },  /* backwards */
		{ 0x111, 0x100 },  /* behind a call */
		{ 0x101, 0x110 },  /* je cannot go there */
		{ 0x10a, 0x100 },  /* inside an instruction: not even the branch is known */
		{ 0x100, 0x110 },  /* no branch: a transaction's abort */
		{ 0x500000, 0x500100 }, { 0x500110, 0x108 }, { 0x108, 0x120 } };
	set(pairs, 9);
	CHECK_TEXT(all(),
		"begin 01\n"
		"01 +1 taken 01 -> 08\n"
		"gap 5 at 08, 24 bytes\n"
		"begin 01\n"
		"01 +1 taken 01 -> 08\n"
		"gap 5 at 08, 24 bytes\n"
		"begin 11\n"
		"11 +1 taken 11 -> 00\n"
		"gap 5 at 01, 24 bytes\n"
		"begin 10\n"
		"gap 5 at 10, 24 bytes\n"
		"begin 00\n"
		"00 +0 abort 00 -> 10\n"
		"gap 5 at 10, 24 bytes\n"
		"begin 500100\n"
		"gap 4 at 500100, 24 bytes\n"
		"begin 08\n"
		"08 +1 call 08 -> 20 until the end\n");
}

static void the_kernel_is_left_alone(void)
{
	const uint64_t pairs[][2] = { { 0, 0x100 }, { 0x103, KERNEL }, { KERNEL + 8, KERNEL + 64 }, { KERNEL + 80, 0x105 },
		{ 0x106, KERNEL },  /* interrupted at a branch */
		{ KERNEL, 0x106 }, { 0x106, 0x110 }, { 0, 0 },
		{ 0x111, 0 },       /* tracing ends */
		{ 0, 0x120 }, { KERNEL, 0x100 } };
	set(pairs, 11);
	CHECK_TEXT(all(),
		"begin 00\n"
		"00 +2 not 01 -> 0\n"
		"03 +1 off 03 -> 0\n"
		"begin 05\n"
		"05 +1 async 06 -> 0\n"
		"begin 06\n"
		"06 +1 jump 06 -> 10\n"
		"10 +2 off 11 -> 0\n"
		"begin 20\n"
		"gap 5 at 20, 24 bytes\n"
		"begin 00\n");
}

static void missing_code_has_its_own_reason(void)
{
	const uint64_t pairs[][2] = { { 0x10d, 0x500000 }, { 0x500010, 0x500100 }, { 0x500110, 0x120 }, { 0x121, 0x7000000000000000 } };
	set(pairs, 4);
	CHECK_TEXT(all(),
		"begin 0d\n"
		"0d +1 jump 0d -> 500000\n"
		"gap 4 at 500000, 24 bytes\n"
		"begin 500100\n"
		"gap 4 at 500100, 24 bytes\n"
		"begin 20\n"
		"20 +2 return 21 -> 7000000000000000 until the end\n");
}

/* Three spans: of one thread, of another after a loss, then cut short. */
static void set_spans(void)
{
	const uint64_t pairs[][2] = { { 0x101, 0x108 }, { 0x108, 0x120 }, { 0x121, 0x10d }, { 0x10d, 0x110 }, { 0x111, 0x100 }, { 0x106, 0x110 },
		{ 0x111, 0x100 } };
	set(pairs, 7);
	stream_size -= 4;
	spans[0].end = spans[0].next = 48;
	spans[1] = spans[0];
	spans[1].before = 24;
	spans[1].start = 48;
	spans[1].end = spans[1].next = 96;
	spans[2] = spans[1];
	spans[2].before = PTM_BTS_NOTHING;
	spans[2].missing = 240;
	spans[2].lost = true;
	spans[2].thread = 2;
	spans[2].start = 96;
	spans[2].end = 144;
	spans[2].next = stream_size;
	span_count = 3;
}

static void spans_part_threads_and_losses(void)
{
	uint64_t count;

	set_spans();
	CHECK_TEXT(all(),
		"begin 01\n"
		"01 +1 taken 01 -> 08\n"
		"08 +1 call 08 -> 20 until the end\n"
		"20 +2 return 21 -> 0d\n"
		"0d +1 jump 0d -> 10 until the end\n"
		"switch to 2\n"
		"gap 3 at 0, 240 bytes\n"
		"begin 11\n"
		"11 +1 taken 11 -> 00\n"
		"00 +2 not 01 -> 0\n"
		"03 +1 off 03 -> 0\n"
		"begin 05\n"
		"05 +2 jump 06 -> 10 until the end\n"
		"gap 6 at 0, 20 bytes\n");
	CHECK_EQ(ptm_bts_flow_scan(config(), 0, UINT64_MAX, &count), PTM_OK);
	CHECK_EQ(count, 6);
	CHECK_EQ(ptm_bts_flow_scan(config(), 24, 120, &count), PTM_OK);
	CHECK_EQ(count, 4);
}

/* Without the thread told at a start, flow from any record on is the flow from the first on. */
static void flow_is_the_same_from_any_start(void)
{
	static char whole[sizeof text];

	set_spans();
	for (uint64_t start = 0; start < 144; start += PTM_BTS_RECORD) {
		strcpy(whole, show(0, start, UINT64_MAX));
		const char *wanted = start == 96 ? whole + strlen("switch to 2\n") : whole;
		CHECK_TEXT(show(start, start, UINT64_MAX), wanted);
		strcpy(whole, show(0, 0, start));
		size_t length = strlen(whole);
		CHECK(!strncmp(all(), whole, length));
	}
}

static void any_records_come_to_an_end(void)
{
	uint32_t random = 1;
	for (unsigned round = 0; round < 2000; round++) {
		set(NULL, 0);
		for (uint32_t i = 0; i < MOST * 3; i++) {
			random = random * 1664525 + 1013904223;
			uint64_t value = BASE + (random >> 16 & 63);
			if (random >> 30 == 0)
				value = (uint64_t)random << (random >> 8 & 32);
			records[i / 3][i % 3] = value;
		}
		stream_size = sizeof records - random % 30;
		spans[0].end = stream_size / PTM_BTS_RECORD * PTM_BTS_RECORD;
		spans[0].next = stream_size;
		CHECK(strlen(all()) + 200 < sizeof text);
	}
}

int main(void)
{
	begin();
	code_between_records_is_walked();
	what_cannot_follow_is_a_gap();
	the_kernel_is_left_alone();
	missing_code_has_its_own_reason();
	spans_part_threads_and_losses();
	flow_is_the_same_from_any_start();
	any_records_come_to_an_end();
	end();
	return check_report("bts_flow");
}
