/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed perf.data: zstd frames made by hand and by zstd, records cut
 * anywhere, damage, and the data.N files of a directory. */
#include "base/zstd.h"
#include "check.h"
#include "file/perf_data.h"
#include "file/unpacked.h"
#include "perf_image.h"
#include <stdlib.h>

static const image_attr usual = { .type = 8, .sample_type = IMAGE_USUAL, .flags = IMAGE_SAMPLE_ID_ALL, .ids = { 1 }, .id_count = 1 };

/* -------------------------------------------------------------------- zstd */

/* `yes 'all work and no play ' | head -c 200 | zstd -19`, with its checksum. */
static const uint8_t repeated[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x68, 0xed, 0x00, 0x00, 0xb0, 0x61, 0x6c, 0x6c, 0x20, 0x77, 0x6f, 0x72, 0x6b,
	0x20, 0x61, 0x6e, 0x64, 0x20, 0x6e, 0x6f, 0x20, 0x70, 0x6c, 0x61, 0x79, 0x20, 0x0a, 0x01, 0x00, 0x5e, 0x49,
	0xcd, 0x26, 0x28, 0xc4, 0x16, 0xcf };

static const char *decode(const uint8_t *bytes, size_t length, size_t piece, ptm_status *end)
{
	static char text[512];
	size_t done = 0;
	ptm_zstd *zstd;

	CHECK_EQ(ptm_zstd_new(&zstd), PTM_OK);
	for (size_t at = 0; at < length; at += piece) {
		const uint8_t *out;
		size_t got;
		CHECK_EQ(ptm_zstd_feed(zstd, bytes + at, piece < length - at ? piece : length - at), PTM_OK);
		while ((*end = ptm_zstd_next(zstd, &out, &got)) == PTM_OK && done + got < sizeof text) {
			memcpy(text + done, out, got);
			done += got;
		}
	}
	text[done] = 0;
	ptm_zstd_free(zstd);
	return text;
}

static void test_frames(void)
{
	static const uint8_t by_hand[] = { 0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'x', 'x', /* skipped */
		0x28, 0xb5, 0x2f, 0xfd, 0, 0x50, 5 << 3, 0, 0, 'h', 'e', 'l', 'l', 'o', 4 << 3 | 2 | 1, 0, 0, '!' };
	static const uint8_t wrong_magic[] = { 0x28, 0xb5, 0x2f, 0xfe, 0, 0x50 };
	static const uint8_t dictionary[] = { 0x28, 0xb5, 0x2f, 0xfd, 1, 0x50, 7 };
	static const uint8_t wide[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 0xf8 };
	static const uint8_t reserved[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 0x50, 7 << 3 | 6, 0, 0 };
	ptm_status end;

	for (size_t piece = 1; piece < sizeof by_hand; piece++) {
		CHECK_TEXT(decode(by_hand, sizeof by_hand, piece, &end), "hello!!!!");
		CHECK_EQ(end, PTM_END);
	}
	decode(wrong_magic, sizeof wrong_magic, 8, &end);
	CHECK_EQ(end, PTM_BAD_DATA);
	decode(dictionary, sizeof dictionary, 8, &end);
	CHECK_EQ(end, PTM_UNSUPPORTED);
	decode(wide, sizeof wide, 8, &end);
	CHECK_EQ(end, PTM_UNSUPPORTED);
	decode(reserved, sizeof reserved, 16, &end);
	CHECK_EQ(end, PTM_BAD_DATA);
}

static void test_what_zstd_made(void)
{
	char wanted[201];
	ptm_status end;

	for (size_t i = 0; i < 200; i++)
		wanted[i] = "all work and no play \n"[i % 22];
	wanted[200] = 0;
	for (size_t piece = 1; piece <= sizeof repeated; piece++) {
		CHECK_TEXT(decode(repeated, sizeof repeated, piece, &end), wanted);
		CHECK_EQ(end, PTM_END);
	}
	/* Any damage gives other bytes or a refusal, never more than a block. */
	for (size_t at = 0; at < sizeof repeated * 8; at++) {
		uint8_t damaged[sizeof repeated];
		memcpy(damaged, repeated, sizeof damaged);
		damaged[at / 8] ^= (uint8_t)(1 << at % 8);
		decode(damaged, sizeof damaged, sizeof damaged, &end);
		CHECK(end == PTM_OK || end == PTM_END || end == PTM_BAD_DATA || end == PTM_UNSUPPORTED);
	}
}

/* -------------------------------------------------------------- perf.data */

/* A record's bytes, as the kernel would have put them into its buffer. */
static void put_comm(image_bytes *into, int32_t tid, uint64_t time, const char *name)
{
	static image_bytes body;
	put_u32(&body, (uint32_t)tid);
	put_u32(&body, (uint32_t)tid);
	put_text(&body, name);
	put_trailer(&body, tid, tid, time, 0, 1);
	image_record(into, PTM_RECORD_COMM, 0, &body);
}

/* Appends [from, to) of `plain` to the file as COMPRESSED or COMPRESSED2, in a block of its own. */
static void put_packed(image_bytes *file, const image_bytes *plain, size_t from, size_t to, uint32_t type)
{
	static image_bytes body;
	size_t start = type == PTM_RECORD_COMPRESSED2 ? 8 : 0;
	uint32_t size = (uint32_t)(to - from);

	if (start)
		put_u64(&body, 0);
	if (!from)
		put(&body, "\x28\xb5\x2f\xfd\0\x50", 6);
	put_u32(&body, size << 3);
	body.length--;
	put(&body, plain->at + from, size);
	if (start) {
		patch_u64(&body, 0, body.length - 8);
		put(&body, "\0\0\0\0\0\0\0", -body.length & 7);
	}
	image_record(file, type, 0, &body);
}

typedef struct opened {
	ptm_source source;
	ptm_strings strings;
	ptm_trace_file file;
	ptm_message message;
} opened;

static void open_image(opened *trace, const image_bytes *image)
{
	*trace = (opened){ 0 };
	ptm_source_init_memory(&trace->source, image->at, image->length);
	CHECK_EQ(ptm_trace_file_open(&trace->file, &trace->source, &trace->strings, &trace->message), PTM_OK);
}

static void close_image(opened *trace)
{
	ptm_trace_file_free(&trace->file);
	ptm_strings_free(&trace->strings);
	ptm_source_free(&trace->source);
}

/* "time name" of every record, then the warnings. */
static const char *print(const opened *trace)
{
	static char text[4096];
	int length = 0;

	text[0] = 0;
	for (uint32_t i = 0; i < trace->file.records.length; i++)
		length += snprintf(text + length, sizeof text - (size_t)length, "%d %s\n", (int)trace->file.records.at[i].time,
			ptm_strings_get(&trace->strings, trace->file.records.at[i].as.comm.name));
	for (uint32_t i = 0; i < trace->file.warnings.length; i++)
		length += snprintf(text + length, sizeof text - (size_t)length, "%s\n", ptm_strings_get(&trace->strings, trace->file.warnings.at[i]));
	return text;
}

static void test_records_cut_anywhere(void)
{
	static image_bytes plain, file;
	opened trace;

	plain.length = 0;
	put_comm(&plain, 5, 10, "first");
	put_comm(&plain, 6, 20, "second");
	put_comm(&plain, 7, 30, "third");
	for (size_t cut = 1; cut < plain.length; cut++)
		for (uint32_t kind = 0; kind < 3; kind++) {
			image_start(&file, &usual, 1);
			put_packed(&file, &plain, 0, cut, kind ? PTM_RECORD_COMPRESSED2 : PTM_RECORD_COMPRESSED);
			put_packed(&file, &plain, cut, plain.length, kind == 2 ? PTM_RECORD_COMPRESSED : PTM_RECORD_COMPRESSED2);
			image_end_data(&file);
			open_image(&trace, &file);
			CHECK_TEXT(print(&trace), "10 first\n20 second\n30 third\n");
			close_image(&trace);
		}
}

static void test_damage_keeps_what_came_before(void)
{
	static image_bytes plain, file, body;
	opened trace;
	size_t half;

	plain.length = 0;
	put_comm(&plain, 5, 10, "first");
	half = plain.length;
	put_comm(&plain, 6, 20, "second");
	image_start(&file, &usual, 1);
	put_packed(&file, &plain, 0, half, PTM_RECORD_COMPRESSED);
	put(&body, "\xff\xff\xff\xff", 4);
	size_t place = image_record(&file, PTM_RECORD_COMPRESSED, 0, &body);
	put_packed(&file, &plain, half, plain.length, PTM_RECORD_COMPRESSED);
	put_comm(&file, 7, 30, "plain");
	image_end_data(&file);
	open_image(&trace, &file);
	char wanted[400];
	snprintf(wanted, sizeof wanted, "10 first\n30 plain\nThe compressed records cannot be unpacked from byte %zu on (their zstd data is damaged): what perf recorded later beside the AUX data (maps, switches, samples) is missing.\n", place);
	CHECK_TEXT(print(&trace), wanted);
	close_image(&trace);

	image_start(&file, &usual, 1);
	put_packed(&file, &plain, 0, plain.length - 3, PTM_RECORD_COMPRESSED);
	image_end_data(&file);
	open_image(&trace, &file);
	snprintf(wanted, sizeof wanted, "10 first\nThe compressed records end in the middle of a record: its %zu bytes (at byte %zu of the unpacked records) are not read.\n",
		plain.length - 3 - half, half);
	CHECK_TEXT(print(&trace), wanted);
	close_image(&trace);

	image_start(&file, &usual, 1);
	put_u64(&body, 100);
	put_u64(&body, 0);
	place = image_record(&file, PTM_RECORD_COMPRESSED2, 0, &body);
	image_end_data(&file);
	open_image(&trace, &file);
	snprintf(wanted, sizeof wanted, "The compressed records cannot be unpacked from byte %zu on (their zstd data is damaged): what perf recorded later beside the AUX data (maps, switches, samples) is missing.\n", place);
	CHECK_TEXT(print(&trace), wanted);
	close_image(&trace);
}

/* A stream of 96 MB from a few hundred bytes: its windows are made again when they are gone. */
static void test_reading_far_back(void)
{
	enum { BLOCK = 128 << 10, BLOCKS = 768, PIECE = 6 };
	static uint8_t packed[6 + BLOCKS * 4];
	ptm_source source;
	ptm_unpacked *unpacked;
	const uint8_t *at;
	uint32_t length = 6;

	memcpy(packed, "\x28\xb5\x2f\xfd\0\x50", 6);
	for (uint32_t i = 0; i < BLOCKS; i++) {
		uint32_t header = BLOCK << 3 | 2;
		memcpy(packed + length, &header, 3);
		packed[length + 3] = (uint8_t)(i * 7);
		length += 4;
	}
	ptm_source_init_memory(&source, packed, length);
	CHECK_EQ(ptm_unpacked_new(&unpacked, &source), PTM_OK);
	for (uint32_t done = 0; done < length; done += PIECE)
		CHECK_EQ(ptm_unpacked_append(unpacked, done, PIECE < length - done ? PIECE : length - done, UINT64_MAX), PTM_OK);
	CHECK_EQ(ptm_unpacked_size(unpacked), (uint64_t)BLOCK * BLOCKS);
	for (uint32_t i = 0, block = 0; i < 200; i++, block = (block * 331 + 77) % BLOCKS) {
		uint64_t offset = (uint64_t)block * BLOCK + 5;
		CHECK_EQ(ptm_unpacked_view(unpacked, offset, BLOCK - 5, &at), PTM_OK);
		CHECK_EQ(at[0], (uint8_t)(block * 7));
		CHECK_EQ(at[BLOCK - 6], (uint8_t)(block * 7));
	}
	CHECK_EQ(ptm_unpacked_view(unpacked, (uint64_t)BLOCK * BLOCKS - 1, 2, &at), PTM_TRUNCATED);
	/* More can be appended after reading far back. */
	CHECK_EQ(ptm_unpacked_view(unpacked, 0, 1, &at), PTM_OK);
	CHECK_EQ(ptm_unpacked_append(unpacked, 6, 4, UINT64_MAX), PTM_OK);
	CHECK_EQ(ptm_unpacked_size(unpacked), (uint64_t)BLOCK * (BLOCKS + 1));
	ptm_unpacked_free(unpacked);
}

int main(void)
{
	test_frames();
	test_what_zstd_made();
	test_records_cut_anywhere();
	test_damage_keeps_what_came_before();
	test_reading_far_back();
	return check_report("unpacked");
}
