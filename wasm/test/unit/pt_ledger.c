/* SPDX-License-Identifier: Apache-2.0 */
/* Every byte of a trace is decoded or in exactly one gap: random packets and garbage,
 * their gaps held against a reader that knows nothing of code. */
#include "pt/event.h"
#include "pt_text.h"

enum { STREAMS = 4000, PIECES = 60, MOST_RANGES = 400 };

typedef struct range { uint64_t start, end; bool whole; } range; /* whole: begins and ends between packets */

static range ranges[MOST_RANGES];
static uint32_t range_count;
static uint32_t state;

static uint32_t below(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % limit;
}

static uint32_t random_stream(void)
{
	static const char *const pieces[] = { START, START, "06 ", "04 ", "0c ", "7a ", "2d 1b 10 ", "2d 0b 10 ", "2d 00 20 ", "6d 19 10 40 00 00 00 ",
		"01 ", "21 06 10 ", "31 19 10 ", "71 00 10 40 00 00 00 ", "3d 06 10 ", "7d 0f 10 40 00 00 00 ", "02 f3 ", "02 83 ", "99 21 ", "99 22 ",
		"99 01 ", "05 ", "ff ff ", "02 00 ", "02 63 10 ", "04 00 10 40 00 00 00 00 00 ", "02 33 ", "00 00 ", TSC_2000, PSB, "02 23 ", "53 ", "59 07 ",
		"02 a3 aa aa aa aa aa 00 ", "02 43 01 00 00 00 00 00 ", "02 43 00 00 00 00 00 00 ", "02 92 21 43 65 87 ", "a3 " };
	static char hex[1 << 16];
	uint32_t length = 0;
	for (unsigned i = 0; i < PIECES; i++) {
		const char *piece = pieces[below(sizeof pieces / sizeof *pieces)];
		length += (uint32_t)snprintf(hex + length, sizeof hex - length, "%s", piece);
	}
	return bytes_of(hex);
}

static void add_range(uint64_t start, uint64_t end, bool whole)
{
	if (end > start && range_count < MOST_RANGES)
		ranges[range_count++] = (range){ start, end, whole };
}

/* Collects what the flow's items say is lost. */
static void take_flow(const pt_world *world, ptm_pt_flow *flow)
{
	bool open = false;
	uint64_t from = 0, off = 0;
	ptm_item item;

	range_count = 0;
	while (ptm_pt_flow_next(flow, &item) == PTM_OK) {
		if (item.kind == PTM_ITEM_BEGIN) {
			if (open)
				add_range(from, from + item.bytes, true);
			else
				CHECK_EQ(item.bytes, 0);
			open = false;
			off = 0;
		} else if (item.kind == PTM_ITEM_EVENT && item.event == PTM_EVENT_PSB) {
			/* One without an IP: tracing is off, and nothing more is lost. */
			if (open && !off && !item.ip)
				off = item.payload;
		} else if (item.kind == PTM_ITEM_GAP && item.reason == PTM_GAP_NO_SYNC) {
			add_range(item.offset, item.offset + item.bytes, false);
		} else if (item.kind == PTM_ITEM_GAP) {
			CHECK_EQ(item.payload, open ? (off ? off : item.offset) - from : 0);
			add_range(from, from + item.payload, true);
			add_range(item.offset, item.offset + item.bytes, true);
			from = item.offset + item.bytes;
			open = (open && !off) || !item.bytes;
			off = 0;
		}
	}
	uint64_t rest = ptm_pt_flow_lost_bytes(flow);
	CHECK_EQ(rest, open ? (off ? off : world->size) - from : 0);
	add_range(from, from + rest, true);
}

static const range *range_of(uint64_t offset)
{
	for (uint32_t i = 0; i < range_count; i++)
		if (offset >= ranges[i].start && offset < ranges[i].end)
			return &ranges[i];
	return NULL;
}

/* Bytes that are in no gap, packet by packet. */
static uint64_t decoded_bytes(const pt_world *world)
{
	ptm_pt_reader reader;
	ptm_packet packet;
	uint64_t decoded = 0;
	ptm_status status;

	ptm_pt_reader_init(&reader, &world->config.input, 0, world->size);
	status = ptm_pt_reader_sync(&reader);
	while (status != PTM_END) {
		uint64_t start = reader.offset;
		status = ptm_pt_reader_next(&reader, &packet);
		if (status == PTM_BAD_DATA)
			ptm_pt_reader_skip(&reader);
		const range *lost = range_of(start);
		if (!lost)
			decoded += reader.offset - start;
		else
			CHECK(!lost->whole || reader.offset <= lost->end);
	}
	ptm_pt_reader_free(&reader);
	return decoded;
}

int main(void)
{
	pt_world world;
	uint64_t lost_in_all = 0;

	pt_world_open(&world, 0x401000, pt_code, sizeof pt_code);
	for (uint32_t seed = 1; seed <= STREAMS; seed++) {
		ptm_pt_flow *flow;
		uint64_t lost = 0;
		state = seed * 2654435761u;
		pt_world_trace(&world, bytes, random_stream());
		CHECK_EQ(ptm_pt_flow_new(&flow, &world.blocks, &world.config, 0, world.size, NULL), PTM_OK);
		take_flow(&world, flow);
		ptm_pt_flow_free(flow);
		for (uint32_t i = 0; i < range_count; i++)
			lost += ranges[i].end - ranges[i].start;
		CHECK_EQ(decoded_bytes(&world) + lost, world.size);
		lost_in_all += lost;
	}
	CHECK(lost_in_all > 0);
	pt_world_close(&world);
	return check_report("pt_ledger");
}
