/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer entry: any branch records over real code, cut into any spans. What
 * comes out is bounded, and the same from any record on. Reads the binary named
 * by PTM_FUZZ_BINARY once. */
#include "flow/bts_flow.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS = 200, BASE = 0x400000 };

static uint8_t binary[1 << 20];
static size_t binary_size;
static uint8_t stream[RECORDS * PTM_BTS_RECORD];
static uint64_t stream_size;
static ptm_bts_span spans[16];
static uint32_t span_count;

int32_t ptm_host_read(uint32_t source, uint64_t offset, void *into, uint32_t length)
{
	(void)source;
	size_t rest = offset < binary_size ? binary_size - (size_t)offset : 0;
	if (length > rest)
		length = (uint32_t)rest;
	if (length)
		memcpy(into, binary + offset, length);
	return (int32_t)length;
}

static void check(bool promise)
{
	if (!promise)
		abort();
}

static ptm_status read_stream(void *host, uint64_t offset, uint8_t *into, uint32_t *length)
{
	(void)host;
	uint64_t left = offset < stream_size ? stream_size - offset : 0;
	if (*length > left)
		*length = (uint32_t)left;
	memcpy(into, stream + offset, *length);
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

/* Six bytes are a record: offsets in the binary and what is done to them. */
static void take(const uint8_t *data, size_t size, uint32_t space)
{
	uint64_t start = 0;

	stream_size = span_count = 0;
	for (size_t at = 0; at + 6 <= size && stream_size + PTM_BTS_RECORD <= sizeof stream; at += 6) {
		uint64_t ends[3] = { BASE + (data[at] | data[at + 1] << 8), BASE + (data[at + 2] | data[at + 3] << 8), data[at + 4] };
		uint8_t twist = data[at + 5];
		if (twist & 1)
			ends[twist >> 1 & 1] = twist & 4 ? 0 : ends[0] << 44;
		memcpy(stream + stream_size, ends, sizeof ends);
		stream_size += sizeof ends;
		if (twist > 0xf0 && span_count < 15) {
			uint64_t cut = data[at + 4] % PTM_BTS_RECORD, end = stream_size - (cut ? PTM_BTS_RECORD : 0);
			spans[span_count] = (ptm_bts_span){ .start = start, .end = end, .next = end + cut, .thread = twist & 3, .space = space,
				.before = span_count && spans[span_count - 1].end > spans[span_count - 1].start && twist & 8
					? spans[span_count - 1].end - PTM_BTS_RECORD : PTM_BTS_NOTHING,
				.lost = twist & 2, .start_ns = span_count, .end_ns = span_count + 1u };
			start = stream_size = spans[span_count++].next;
		}
	}
	spans[span_count++] = (ptm_bts_span){ .start = start, .end = start + (stream_size - start) / PTM_BTS_RECORD * PTM_BTS_RECORD,
		.next = stream_size, .before = PTM_BTS_NOTHING, .space = space };
}

/* Runs a flow from `start`; sums up what its items from `since` on say. */
static uint64_t run(ptm_blocks *blocks, uint64_t start, uint64_t since)
{
	const ptm_bts_flow_config config = { .size = stream_size, .read = read_stream, .span = find_span };
	ptm_bts_flow *flow;
	ptm_item item;
	ptm_status status;
	uint64_t sum = 0, items = 0;

	check(ptm_bts_flow_new(&flow, blocks, &config, start, stream_size) == PTM_OK);
	while ((status = ptm_bts_flow_next(flow, &item)) == PTM_OK) {
		check(++items < 1u << 24);
		check(item.start_ns <= item.end_ns && item.offset < stream_size);
		if (item.kind == PTM_ITEM_VISIT)
			check(item.block < blocks->blocks.length && item.instructions <= blocks->blocks.at[item.block].instructions);
		if (item.offset >= since && item.kind != PTM_ITEM_CHECKPOINT && item.kind != PTM_ITEM_SWITCH)
			sum = (sum ^ item.kind ^ item.end << 4 ^ item.instructions << 8 ^ item.ip << 20 ^ item.to_ip << 3 ^ item.offset << 40) * 0x100000001b3;
	}
	check(status == PTM_END || status == PTM_NO_MEMORY);
	ptm_bts_flow_free(flow);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static ptm_strings strings;
	static ptm_images images;
	static ptm_spaces *spaces;
	static uint32_t space;
	ptm_blocks blocks;

	if (!spaces) {
		const char *path = getenv("PTM_FUZZ_BINARY");
		FILE *file = path ? fopen(path, "rb") : NULL;
		uint32_t name, image, served;
		ptm_message message;
		binary_size = file ? fread(binary, 1, sizeof binary, file) : 0;
		if (file)
			fclose(file);
		check(ptm_images_init(&images, &strings) == PTM_OK && ptm_spaces_new(&spaces, &images) == PTM_OK);
		check(ptm_strings_add(&strings, "/bin/x", 6, &name) == PTM_OK);
		check(ptm_images_want(&images, name, NULL, 0, &image) == PTM_OK);
		(void)!ptm_images_offer(&images, 1, binary_size, "/bin/x", &served, &message);
		check(ptm_spaces_map(spaces, 1, 7, &(ptm_map){ BASE, BASE + binary_size + 1, 0, image, name }) == PTM_OK);
		space = ptm_spaces_at(spaces, 7, 1);
	}
	take(data, size, space);
	ptm_blocks_init(&blocks, spaces);
	(void)run(&blocks, 0, 0);
	uint64_t from = size ? data[0] % (span_count ? span_count : 1) : 0;
	const ptm_bts_span *span = &spans[from];
	if (span->end > span->start) {
		uint64_t start = span->start + (span->end - span->start) / PTM_BTS_RECORD / 2 * PTM_BTS_RECORD;
		check(run(&blocks, start, start) == run(&blocks, 0, start));
	}
	ptm_blocks_free(&blocks);
	return 0;
}
