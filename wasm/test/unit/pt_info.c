/* SPDX-License-Identifier: Apache-2.0 */
/* Intel PT's AUXTRACE_INFO: of today, of an old perf, of other hardware. */
#include "check.h"
#include "file/pt_info.h"
#include "perf_image.h"

static image_bytes file, body;
static ptm_source source;
static ptm_strings strings;
static ptm_trace_file trace;
static ptm_message message;
static ptm_pt_info info;

static void start(uint64_t config, uint64_t sample_type)
{
	image_attr attrs[2] = {
		{ .type = 1, .config = 9, .sample_type = IMAGE_USUAL, .flags = IMAGE_SAMPLE_ID_ALL, .ids = { 2 }, .id_count = 1 },
		{ .type = 8, .config = config, .sample_type = sample_type, .flags = IMAGE_SAMPLE_ID_ALL, .ids = { 1 }, .id_count = 1 },
	};
	image_start(&file, attrs, 2);
}

/* The words that every perf since Linux 4.2 writes. */
static void put_words(void)
{
	static const uint64_t words[10] = { 8, 31, 673783775, 18446744071985034306u, 1, 0x400, 0x800, 3, 0, 1 };
	put_u32(&body, 1);
	put_u32(&body, 0);
	put(&body, words, sizeof words);
}

static ptm_status finish(uint32_t type)
{
	image_record(&file, type, 0, &body);
	image_auxtrace(&file, 8, 0, 0, -1, 0);
	image_end_data(&file);
	ptm_source_init_memory(&source, file.at, file.length);
	ptm_status status = ptm_trace_file_open(&trace, &source, &strings, &message);
	return status == PTM_OK ? ptm_pt_info_read(&trace, &info, &message) : status;
}

static void test_today(void)
{
	static const uint64_t more[6] = { 0x200, 0x3c000, 166, 2, 0x2, 32 };

	start(0x300e603, IMAGE_USUAL);
	put_words();
	put(&body, more, sizeof more);
	put_u64(&body, 23);
	put(&body, "filter 0x10/0x20@/bin/x\0", 24);
	put_u64(&body, 1);
	CHECK_EQ(finish(PTM_RECORD_AUXTRACE_INFO), PTM_OK);
	CHECK_EQ(info.pmu_type, 8);
	CHECK_EQ(info.time_shift, 31);
	CHECK_EQ(info.time_mult, 673783775);
	CHECK_EQ(info.time_zero, 18446744071985034306u);
	CHECK(info.cap_user_time_zero);
	CHECK_EQ(info.have_sched_switch, 3);
	CHECK(!info.snapshot);
	CHECK(info.per_cpu_mmaps);
	CHECK_EQ(info.tsc_ctc_numerator, 166);
	CHECK_EQ(info.tsc_ctc_denominator, 2);
	CHECK_EQ(info.max_nonturbo_ratio, 32);
	CHECK_TEXT(ptm_strings_get(&strings, info.filter), "filter 0x10/0x20@/bin/x");
	CHECK(info.event_trace);
	CHECK(info.per_cpu);
	CHECK_EQ(info.attr, 1);
	CHECK_EQ(info.config, 0x300e603);
	CHECK(info.branch_enabled);
	CHECK(info.return_compression);
	CHECK(info.tsc_enabled);
	CHECK(info.mtc_enabled);
	CHECK(info.cyc_enabled);
	CHECK(!info.ptw_enabled);
	CHECK(!info.fup_on_ptw);
	CHECK_EQ(info.mtc_period, 3);
	CHECK_EQ(info.psb_period, 3);
	CHECK_EQ(info.cyc_threshold, 0);
	CHECK(!info.timeless);
	ptm_trace_file_free(&trace);
}

/* The perf of Linux 4.2 writes ten words: what it does not say is off. */
static void test_old_perf(void)
{
	start(0x400 | 0x800 | 0x200, IMAGE_USUAL);
	put_words();
	CHECK_EQ(finish(PTM_RECORD_AUXTRACE_INFO), PTM_OK);
	CHECK(info.tsc_enabled);
	CHECK(!info.return_compression);
	CHECK(!info.mtc_enabled);
	CHECK(!info.cyc_enabled);
	CHECK_EQ(info.tsc_ctc_denominator, 0);
	CHECK_EQ(info.filter, 0);
	CHECK(!info.event_trace);
	CHECK(info.branch_enabled);
	ptm_trace_file_free(&trace);
}

static void test_options(void)
{
	start(0x400 | 1 | 1 << 5 | 1 << 12, IMAGE_USUAL);
	put_words();
	CHECK_EQ(finish(PTM_RECORD_AUXTRACE_INFO), PTM_OK);
	CHECK(!info.branch_enabled);
	CHECK(info.ptw_enabled);
	CHECK(info.fup_on_ptw);
	ptm_trace_file_free(&trace);
}

static void test_timeless(void)
{
	start(0, IMAGE_USUAL);
	put_words();
	CHECK_EQ(finish(PTM_RECORD_AUXTRACE_INFO), PTM_OK);
	CHECK(info.timeless);
	ptm_trace_file_free(&trace);
	start(0x400, IMAGE_USUAL & ~IMAGE_TIME);
	put_words();
	CHECK_EQ(finish(PTM_RECORD_AUXTRACE_INFO), PTM_OK);
	CHECK(info.timeless);
	ptm_trace_file_free(&trace);
}

/* A NUL follows the text, in words of its own where it fills its own. */
static void test_filter_of_whole_words(void)
{
	static const uint64_t more[6] = { 0 };

	start(0x400, IMAGE_USUAL);
	put_words();
	put(&body, more, sizeof more);
	put_u64(&body, 24);
	put(&body, "filter 0x10/0x20@/bin/xy\0\0\0\0\0\0\0\0", 32);
	put_u64(&body, 1);
	CHECK_EQ(finish(PTM_RECORD_AUXTRACE_INFO), PTM_OK);
	CHECK_TEXT(ptm_strings_get(&strings, info.filter), "filter 0x10/0x20@/bin/xy");
	CHECK(info.event_trace);
	ptm_trace_file_free(&trace);
}

/* A filter longer than the record is not read past it. */
static void test_filter_that_lies(void)
{
	static const uint64_t more[6] = { 0 };

	start(0x400, IMAGE_USUAL);
	put_words();
	put(&body, more, sizeof more);
	put_u64(&body, UINT64_MAX);
	put_u64(&body, 0);
	CHECK_EQ(finish(PTM_RECORD_AUXTRACE_INFO), PTM_OK);
	CHECK_EQ(info.filter, 0);
	ptm_trace_file_free(&trace);
}

static void test_other_hardware(void)
{
	start(0x400, IMAGE_USUAL);
	put_u64(&body, 3);
	CHECK_EQ(finish(PTM_RECORD_AUXTRACE_INFO), PTM_UNSUPPORTED);
	CHECK_TEXT(message.text, "The hardware trace in this perf.data is ARM CoreSight ETM (type 3), not Intel PT.");
	ptm_trace_file_free(&trace);
	start(0x400, IMAGE_USUAL);
	CHECK_EQ(finish(PTM_RECORD_FINISHED_INIT), PTM_NOT_FOUND);
	CHECK_TEXT(message.text,
		"This perf.data holds no hardware trace (it has no AUXTRACE_INFO record): record with `perf record -e intel_pt//u -- PROGRAM`.");
	ptm_trace_file_free(&trace);
}

int main(void)
{
	test_today();
	test_old_perf();
	test_options();
	test_timeless();
	test_filter_of_whole_words();
	test_filter_that_lies();
	test_other_hardware();
	ptm_strings_free(&strings);
	return check_report("pt_info");
}
