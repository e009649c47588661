/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs where and under what name; what perf 6.1 says of the same records. */
#include "check.h"
#include "file/sideband.h"
#include "perf_image.h"

static image_bytes file;
static ptm_source source;
static ptm_strings strings;
static ptm_trace_file trace;
static ptm_sideband sideband;

static void start(void)
{
	static const image_attr attr = { .type = 8, .sample_type = IMAGE_USUAL, .flags = IMAGE_SAMPLE_ID_ALL, .ids = { 1 }, .id_count = 1 };
	image_start(&file, &attr, 1);
}

static ptm_status build(uint32_t have_sched_switch)
{
	ptm_message message;

	image_end_data(&file);
	ptm_source_init_memory(&source, file.at, file.length);
	CHECK_EQ(ptm_trace_file_open(&trace, &source, &strings, &message), PTM_OK);
	return ptm_sideband_build(&sideband, &trace, have_sched_switch);
}

static void end(void)
{
	ptm_sideband_free(&sideband);
	ptm_trace_file_free(&trace);
	ptm_strings_free(&strings);
}

static int32_t tid_on(int32_t cpu, uint64_t time)
{
	return sideband.threads.at[ptm_sideband_running(&sideband, cpu, time)].tid;
}

static const char *name_of(int32_t pid, int32_t tid, uint64_t time)
{
	return ptm_strings_get(&strings, ptm_sideband_comm(&sideband, ptm_sideband_thread(&sideband, pid, tid), time));
}

static void test_names_over_time(void)
{
	start();
	image_comm(&file, 10, 5, 5, "bash", 0);
	image_fork(&file, 20, 6, 6, 5, 5);
	image_comm(&file, 30, 6, 6, "cat", 1);
	image_comm(&file, 30, 5, 5, "sh", 0);
	image_comm(&file, 30, 5, 5, "dash", 0);
	CHECK_EQ(build(3), PTM_OK);
	CHECK_EQ(sideband.threads.length, 3);
	CHECK_TEXT(name_of(5, 5, 0), "bash");
	CHECK_TEXT(name_of(5, 5, 29), "bash");
	CHECK_TEXT(name_of(5, 5, 30), "dash");
	CHECK_TEXT(name_of(6, 6, 19), "bash");
	CHECK_TEXT(name_of(6, 6, 29), "bash");
	CHECK_TEXT(name_of(6, 6, 30), "cat");
	CHECK_TEXT(name_of(7, 7, 30), "");
	CHECK_EQ(ptm_sideband_comm(&sideband, 1000, 30), 0);
	CHECK_EQ(sideband.comms.length, 5);
	CHECK(!sideband.comms.at[1].exec);
	CHECK(sideband.comms.at[4].exec);
	CHECK_TEXT(ptm_strings_get(&strings, sideband.threads.at[1].first_comm), "bash");
	CHECK_TEXT(ptm_strings_get(&strings, sideband.threads.at[1].last_comm), "dash");
	end();
}

static void test_rows_of_threads(void)
{
	start();
	image_itrace_start(&file, 1, 0, -1, -1);
	image_comm(&file, 2, 5, 8, "a", 0);
	image_comm(&file, 3, 6, 8, "tid used again", 0);
	image_comm(&file, 4, 5, 5, "b", 0);
	CHECK_EQ(build(3), PTM_OK);
	CHECK_EQ(sideband.threads.length, 4);
	CHECK_EQ(sideband.threads.at[0].pid, (uint64_t)-1);
	CHECK_EQ(ptm_sideband_thread(&sideband, 5, 8), 1);
	CHECK_EQ(ptm_sideband_thread(&sideband, 6, 8), 2);
	CHECK_EQ(ptm_sideband_thread(&sideband, -1, 8), 2);
	CHECK_EQ(ptm_sideband_thread(&sideband, 5, 5), 3);
	CHECK_EQ(ptm_sideband_thread(&sideband, 7, 8), 0);
	CHECK_EQ(ptm_sideband_thread(&sideband, -1, 9), 0);
	CHECK_EQ(ptm_sideband_thread(&sideband, -1, -1), 0);
	end();
}

/* A thread that is known by its tid alone gets its process when a record says it. */
static void test_process_becomes_known(void)
{
	start();
	image_itrace_start(&file, 1, 0, -1, 8);
	image_comm(&file, 2, 5, 8, "a", 0);
	CHECK_EQ(build(3), PTM_OK);
	CHECK_EQ(sideband.threads.length, 2);
	CHECK_EQ(ptm_sideband_thread(&sideband, 5, 8), 1);
	CHECK_EQ(ptm_sideband_thread(&sideband, -1, 8), 1);
	CHECK_EQ(sideband.threads.at[1].pid, 5);
	end();
}

static void test_cpu_wide_switches(void)
{
	start();
	image_switch_cpu_wide(&file, 10, 0, 0, 1, 5);
	image_switch_cpu_wide(&file, 12, 0, 5, 0, 0);
	image_switch_cpu_wide(&file, 20, 0, 5, 1, 0);
	image_switch_cpu_wide(&file, 20, 0, 0, 0, 5);
	image_switch_cpu_wide(&file, 15, 1, 0, 1, 6);
	image_switch_cpu_wide(&file, 30, 1, 6, 1, -1);
	CHECK_EQ(build(3), PTM_OK);
	CHECK_EQ(tid_on(0, 9), (uint64_t)-1);
	CHECK_EQ(tid_on(0, 10), 5);
	CHECK_EQ(tid_on(0, 19), 5);
	CHECK_EQ(tid_on(0, 20), 0);
	CHECK_EQ(tid_on(0, UINT64_MAX), 0);
	CHECK_EQ(tid_on(1, 14), (uint64_t)-1);
	CHECK_EQ(tid_on(1, 15), 6);
	CHECK_EQ(tid_on(1, 30), (uint64_t)-1);
	CHECK_EQ(tid_on(2, 30), (uint64_t)-1);
	CHECK_EQ(tid_on(-1, 30), (uint64_t)-1);
	CHECK_TEXT(name_of(0, 0, 1), "swapper");
	end();
}

/* Without cpu-wide records the one who left stays until somebody comes. */
static void test_per_task_switches(void)
{
	for (uint32_t mode = 0; mode <= 2; mode += 2) {
		start();
		image_itrace_start(&file, 5, 0, 5, 5);
		image_switch(&file, 10, 0, 5, 1);
		image_switch(&file, 20, 0, 6, 0);
		image_switch_cpu_wide(&file, 30, 0, 6, 1, 7);
		CHECK_EQ(build(mode), PTM_OK);
		CHECK_EQ(tid_on(0, 4), (uint64_t)-1);
		CHECK_EQ(tid_on(0, 5), 5);
		CHECK_EQ(tid_on(0, 10), 5);
		CHECK_EQ(tid_on(0, 20), 6);
		CHECK_EQ(tid_on(0, 30), 6);
		end();
	}
}

static void test_tracepoint_switches_are_not_read(void)
{
	start();
	image_comm(&file, 1, 6, 6, "a", 0);
	image_switch(&file, 20, 0, 6, 0);
	CHECK_EQ(build(1), PTM_UNSUPPORTED);
	CHECK_EQ(sideband.switches.length, 0);
	CHECK_TEXT(name_of(6, 6, 1), "a");
	end();
}

static void test_thread_of_a_queue_without_records(void)
{
	start();
	image_auxtrace(&file, 8, 0, 0, 4711, -1);
	CHECK_EQ(build(0), PTM_OK);
	CHECK_EQ(sideband.threads.length, 2);
	CHECK_EQ(ptm_sideband_thread(&sideband, -1, 4711), 1);
	CHECK_TEXT(name_of(-1, 4711, 1), "");
	end();
}

static void test_many_threads(void)
{
	start();
	for (int32_t i = 0; i < 300; i++)
		image_comm(&file, 1000 - (uint64_t)i, i / 3 + 1, i + 1, i & 1 ? "odd" : "even", 0);
	CHECK_EQ(build(3), PTM_OK);
	CHECK_EQ(sideband.threads.length, 301);
	for (int32_t i = 0; i < 300; i++) {
		uint32_t row = ptm_sideband_thread(&sideband, i / 3 + 1, i + 1);
		CHECK_EQ(sideband.threads.at[row].tid, i + 1);
		CHECK_EQ(ptm_sideband_thread(&sideband, -1, i + 1), row);
		CHECK_TEXT(name_of(i / 3 + 1, i + 1, 5000), i & 1 ? "odd" : "even");
	}
	end();
}

int main(void)
{
	test_names_over_time();
	test_rows_of_threads();
	test_process_becomes_known();
	test_cpu_wide_switches();
	test_per_task_switches();
	test_tracepoint_switches_are_not_read();
	test_thread_of_a_queue_without_records();
	test_many_threads();
	return check_report("sideband");
}
