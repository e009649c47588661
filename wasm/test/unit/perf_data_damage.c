/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are not a perf.data, or a damaged one: each gets a sentence, none
 * crashes, and what can be read is. */
#include "check.h"
#include "file/pt_info.h"
#include "file/sideband.h"
#include "perf_image.h"
#include <stdlib.h>

static const image_attr usual = { .type = 8, .config = 0x300e601, .sample_type = IMAGE_USUAL,
	.flags = IMAGE_SAMPLE_ID_ALL, .ids = { 1, 2 }, .id_count = 2 };

static ptm_source source;
static ptm_strings strings;
static ptm_trace_file trace;
static ptm_message message;

static ptm_status open_bytes(const void *at, size_t length)
{
	ptm_source_init_memory(&source, at, length);
	return ptm_trace_file_open(&trace, &source, &strings, &message);
}

static void end(void)
{
	ptm_trace_file_free(&trace);
	ptm_strings_free(&strings);
}

static const char *warning(uint32_t row)
{
	return row < trace.warnings.length ? ptm_strings_get(&strings, trace.warnings.at[row]) : "no warning";
}

static void check_refused(const void *at, size_t length, ptm_status status, const char *begins)
{
	CHECK_EQ(open_bytes(at, length), status);
	message.text[strlen(begins)] = 0;
	CHECK_TEXT(message.text, begins);
	end();
}

static void test_foreign_files(void)
{
	char tar[512] = "perf.data";
	memcpy(tar + 257, "ustar", 5);
	check_refused("", 0, PTM_BAD_DATA, "The file is empty (0 bytes)");
	check_refused("2ELIFREP", 8, PTM_UNSUPPORTED, "This perf.data was recorded on a big-endian machine");
	check_refused("PERFFILE", 8, PTM_UNSUPPORTED, "This perf.data is in the old format of perf before");
	check_refused("PERFILE2\x10\0\0\0\0\0\0\0", 16, PTM_TRUNCATED, "The perf.data (written to a pipe) ends at byte 16 and describes no event");
	check_refused("\x1f\x8b\x08", 3, PTM_BAD_DATA, "This is a gzip file");
	check_refused("\x28\xb5\x2f\xfd", 4, PTM_BAD_DATA, "This is a zstd file");
	check_refused("\xfd" "7zXZ\0", 6, PTM_BAD_DATA, "This is an xz file");
	check_refused("BZh9", 4, PTM_BAD_DATA, "This is a bzip2 file");
	check_refused("PK\3\4", 4, PTM_BAD_DATA, "This is a zip file");
	check_refused(tar, sizeof tar, PTM_BAD_DATA, "This is a tar archive");
	check_refused("\x7f" "ELF", 4, PTM_BAD_DATA, "This is an ELF binary");
	check_refused("{\"a\": 1}", 8, PTM_BAD_DATA, "This is a JSON file");
	check_refused("\x02\x82\x02\x82\x02\x82\x02\x82", 8, PTM_UNSUPPORTED, "This is a raw stream of Intel PT packets");
	check_refused("perf 1234 [0]\nnext", 18, PTM_BAD_DATA,
		"This is a text file, not a perf.data: open the file that perf record wrote, not what perf script printed. It starts with \"perf 1234 [0]\".");
	check_refused("\1\2\3", 3, PTM_BAD_DATA, "This is not a perf.data: it starts with the bytes 01 02 03; a perf.data starts with PERFILE2.");
	check_refused("PERFILE2", 8, PTM_TRUNCATED, "The file ends after 8 bytes, inside the perf.data header");
	check_refused("PERF", 4, PTM_TRUNCATED, "The file ends after 4 bytes, inside the perf.data header");
	check_refused("PERFILE2\x68\0\0\0\0\0\0\0\x90", 17, PTM_TRUNCATED, "The file ends after 17 bytes, inside the perf.data header (104 bytes)");
	check_refused("PERFILE2\x99\0\0\0\0\0\0\0", 16, PTM_BAD_DATA, "The perf.data header says it is 153 bytes long");
}

static image_bytes file;

/* Two records, AUX data, a third record, a hostname. Returns where the data starts. */
static size_t start(void)
{
	static image_bytes host;
	static const uint32_t bit = 3;
	image_bytes *const contents = &host;

	host.length = 0;
	put_string(&host, "vm");
	image_start(&file, &usual, 1);
	size_t data = file.length;
	image_comm(&file, 10, 5, 5, "a", 0);
	image_itrace_start(&file, 11, 0, 5, 5);
	image_auxtrace(&file, 24, 0, 0, -1, 0);
	image_comm(&file, 20, 5, 5, "b", 0);
	image_end_data(&file);
	image_features(&file, &bit, &contents, 1);
	return data;
}

static void test_truncated_at_any_byte(void)
{
	size_t data = start();
	size_t whole = file.length;

	for (size_t length = 0; length < whole; length++) {
		uint8_t *copy = malloc(length ? length : 1); /* so that the sanitizer sees a read past it */
		memcpy(copy, file.at, length);
		ptm_status status = open_bytes(copy, length);
		CHECK_EQ(status == PTM_OK, length >= data);
		CHECK(status == PTM_OK ? trace.warnings.length > 0 : strlen(message.text) > 20);
		end();
		free(copy);
	}
	CHECK_EQ(open_bytes(file.at, whole), PTM_OK);
	CHECK_EQ(trace.warnings.length, 0);
	CHECK_EQ(trace.records.length, 3);
	CHECK_TEXT(ptm_strings_get(&strings, trace.hostname), "vm");
	end();
}

static void test_cut_in_the_aux_data(void)
{
	size_t data = start();
	size_t payload = data + 56 + 48 + 48;

	CHECK_EQ(open_bytes(file.at, payload + 10), PTM_OK);
	CHECK_EQ(trace.records.length, 2);
	CHECK_EQ(trace.chunks.length, 1);
	CHECK_EQ(trace.chunks.at[0].size, 10);
	CHECK_TEXT(warning(0),
		"The file ends 70 bytes early (162 of 232 bytes of data are there), so its end, and with it hostname, command line and build-ids, is missing; what is there is shown.");
	CHECK_TEXT(warning(1), "The AUX data at byte 416 ends 14 bytes early (10 of 24 bytes are there); what is there is shown.");
	end();
}

static void test_unfinished_recording(void)
{
	start();
	patch_u64(&file, 48, 0);
	CHECK_EQ(open_bytes(file.at, file.length - 28), PTM_OK);
	CHECK_EQ(trace.records.length, 3);
	CHECK_EQ(trace.hostname, 0);
	CHECK_TEXT(warning(0),
		"perf record did not finish this file (its header gives the data no size): everything up to the end of the file, 232 bytes, is read; hostname, command line and build-ids are not there.");
	end();
}

static void test_records_that_lie(void)
{
	size_t data = start();

	file.at[data + 56 + 6] = 0; /* size of the second record */
	CHECK_EQ(open_bytes(file.at, file.length), PTM_OK);
	CHECK_EQ(trace.records.length, 1);
	CHECK_TEXT(warning(0),
		"The record at byte 320 (ITRACE_START) says it is 0 bytes long, less than its own header: the 176 bytes from there on cannot be read.");
	end();
	file.at[data + 56 + 7] = 0xff;
	CHECK_EQ(open_bytes(file.at, file.length), PTM_OK);
	CHECK_TEXT(warning(0), "The record at byte 320 (ITRACE_START, 65280 bytes) goes beyond the end of the data (176 bytes are left) and is not read.");
	end();
	start();
	patch_u64(&file, data + 56 + 48 + 8, UINT64_MAX); /* size of the AUX data */
	CHECK_EQ(open_bytes(file.at, file.length), PTM_OK);
	CHECK_EQ(trace.chunks.at[0].size, 80);
	end();
	start();
	memcpy(file.at + data + 56 + 48 + 32, "\xff\xff\xff\xff", 4); /* idx of the AUX data */
	CHECK_EQ(open_bytes(file.at, file.length), PTM_OK);
	CHECK_EQ(trace.queues.length, 1);
	CHECK_EQ(trace.queues.at[0].index, UINT32_MAX);
	end();
}

static void test_short_records(void)
{
	static image_bytes body;

	image_start(&file, &usual, 1);
	for (int i = 0; i < 3; i++)
		image_record(&file, PTM_RECORD_MMAP2, 0, &body);
	image_comm(&file, 20, 5, 5, "b", 0);
	image_end_data(&file);
	CHECK_EQ(open_bytes(file.at, file.length), PTM_OK);
	CHECK_EQ(trace.records.length, 1);
	CHECK_TEXT(warning(0), "3 records are too short for their kind (the first at byte 264) and are skipped.");
	end();
}

/* The kernel replaced no code: nothing was read from nowhere (UBSan). */
static void test_a_poke_of_no_bytes(void)
{
	static image_bytes body;
	static image_bytes lone;

	image_start(&lone, &usual, 1);
	put_u64(&body, 0x1000);
	put_u64(&body, 0);
	put_trailer(&body, 1, 1, 10, 0, 1);
	image_record(&lone, PTM_RECORD_TEXT_POKE, 0, &body);
	image_end_data(&lone);
	CHECK_EQ(open_bytes(lone.at, lone.length), PTM_OK);
	CHECK_EQ(trace.records.length, 1);
	CHECK(trace.poked.at != NULL);
	end();
}

static void check_lie(size_t offset, uint64_t value, ptm_status status, const char *begins)
{
	start();
	patch_u64(&file, offset, value);
	check_refused(file.at, file.length, status, begins);
}

static void test_headers_that_lie(void)
{
	enum { ATTR_SIZE = 16, ATTRS_OFFSET = 24, ATTRS_SIZE = 32, DATA_OFFSET = 40 };

	check_lie(ATTR_SIZE, 0, PTM_BAD_DATA, "The perf.data header says an event attribute is 0 bytes long (80 to 4096 are possible)");
	check_lie(ATTR_SIZE, UINT64_MAX, PTM_BAD_DATA, "The perf.data header says an event attribute is 18446744073709551615 bytes long");
	check_lie(ATTRS_OFFSET, UINT64_MAX, PTM_TRUNCATED, "The file ends at byte 524, before the end of its event attributes");
	check_lie(ATTRS_SIZE, UINT64_MAX, PTM_TRUNCATED, "The file ends at byte 524, before the end of its event attributes");
	check_lie(ATTRS_SIZE, 0, PTM_BAD_DATA, "The perf.data describes no event (its attribute section has 0 bytes)");
	check_lie(DATA_OFFSET, UINT64_MAX, PTM_TRUNCATED, "The file ends at byte 524, before its data section");
	check_lie(DATA_OFFSET, 0, PTM_BAD_DATA, "The perf.data header says the data starts at byte 0, inside the header");
}

static void test_ids_beyond_the_file(void)
{
	size_t data = start();

	patch_u64(&file, data - 8, UINT64_MAX);
	CHECK_EQ(open_bytes(file.at, file.length), PTM_OK);
	CHECK_EQ(trace.ids.length, 0);
	CHECK_EQ(trace.records.length, 3);
	CHECK_TEXT(warning(0),
		"The ids of event 0 (18446744073709551615 bytes at 104) are not in the file: its records may be taken for another event's.");
	end();
}

static void test_features_that_lie(void)
{
	start();
	size_t table = file.length - 16 - 8 - 4;
	patch_u64(&file, table + 8, UINT64_MAX);
	CHECK_EQ(open_bytes(file.at, file.length), PTM_OK);
	CHECK_EQ(trace.hostname, 0);
	CHECK_TEXT(warning(0), "The HOSTNAME section of the perf.data (feature 3, 18446744073709551615 bytes at 512) is damaged or cut; what it says is not used.");
	end();
	start();
	patch_u64(&file, 72, (uint64_t)-1);
	CHECK_EQ(open_bytes(file.at, file.length), PTM_OK);
	CHECK(trace.warnings.length > 0);
	end();
}

static void test_directory_without_its_files(void)
{
	static image_bytes version;
	static const uint32_t bit = 24;
	image_bytes *const contents = &version;

	for (uint64_t value = 0; value < 2; value++) {
		image_start(&file, &usual, 1);
		image_comm(&file, 1, 5, 5, "a", 0);
		image_end_data(&file);
		version.length = 0;
		put_u64(&version, value);
		image_features(&file, &bit, &contents, 1);
		if (value)
			check_refused(file.at, file.length, PTM_UNSUPPORTED, "This is the file `data` of a perf.data directory");
		else
			check_refused(file.at, file.length, PTM_OK, "");
	}
}

/* A pipe's attributes come first: without them nothing can be read. */
static void test_pipe_truncated_at_any_byte(void)
{
	static image_bytes pipe;
	enum { ATTR_RECORD = 8 + IMAGE_ATTR_SIZE + 16 };

	start();
	image_as_pipe(&file, &pipe);
	for (size_t length = 0; length < pipe.length; length++) {
		uint8_t *copy = malloc(length ? length : 1);
		memcpy(copy, pipe.at, length);
		ptm_status status = open_bytes(copy, length);
		CHECK_EQ(status == PTM_OK, length >= 16 + ATTR_RECORD);
		CHECK(status == PTM_OK ? trace.warnings.length > 0 : strlen(message.text) > 20);
		end();
		free(copy);
	}
	CHECK_EQ(open_bytes(pipe.at, pipe.length), PTM_OK);
	CHECK_EQ(trace.warnings.length, 0);
	CHECK_EQ(trace.records.length, 3);
	CHECK_EQ(trace.chunks.length, 1);
	CHECK_TEXT(ptm_strings_get(&strings, trace.hostname), "vm");
	end();
}

static void test_pipes_that_lie(void)
{
	static image_bytes pipe, body;

	start();
	image_as_pipe(&file, &pipe);
	memset(pipe.at + 16 + 8 + 4, 0xff, 4); /* size of the attribute */
	check_refused(pipe.at, pipe.length, PTM_BAD_DATA, "The perf.data (written to a pipe) has its first record, COMM, at byte ");
	image_as_pipe(&file, &pipe);
	put(&body, pipe.at + 24, IMAGE_ATTR_SIZE);
	image_record(&pipe, PTM_RECORD_HEADER_ATTR, 0, &body);
	put_u64(&body, UINT32_MAX);
	image_record(&pipe, PTM_RECORD_HEADER_TRACING_DATA, 0, &body);
	CHECK_EQ(open_bytes(pipe.at, pipe.length), PTM_OK);
	CHECK_EQ(trace.attrs.length, 1);
	CHECK_EQ(trace.records.length, 3);
	CHECK_EQ(trace.warnings.length, 3);
	end();
}

int main(void)
{
	test_foreign_files();
	test_truncated_at_any_byte();
	test_cut_in_the_aux_data();
	test_unfinished_recording();
	test_records_that_lie();
	test_short_records();
	test_a_poke_of_no_bytes();
	test_headers_that_lie();
	test_ids_beyond_the_file();
	test_features_that_lie();
	test_directory_without_its_files();
	test_pipe_truncated_at_any_byte();
	test_pipes_that_lie();
	return check_report("perf_data_damage");
}
