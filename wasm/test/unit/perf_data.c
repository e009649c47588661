/* SPDX-License-Identifier: Apache-2.0 */
/* Reading perf.data: each kind of record, order, attributes of all ages,
 * features, AUX chunks. Damage is in perf_data_damage.c. */
#include "check.h"
#include "file/trace_file.h"
#include "perf_image.h"
#include <stdlib.h>

static const image_attr usual = { .type = 8, .config = 0x300e601, .sample_type = IMAGE_USUAL,
	.flags = IMAGE_SAMPLE_ID_ALL | IMAGE_EXCLUDE_KERNEL, .ids = { 1, 2 }, .id_count = 2 };

typedef struct opened {
	ptm_source source;
	ptm_strings strings;
	ptm_trace_file file;
	ptm_message message;
	ptm_status status;
} opened;

/* Whether images are opened as perf would have written them into a pipe. */
static bool piped;

static opened *open_image(const image_bytes *image)
{
	static image_bytes pipe;
	opened *trace = calloc(1, sizeof *trace);

	if (piped) {
		image_as_pipe(image, &pipe);
		image = &pipe;
	}
	ptm_source_init_memory(&trace->source, image->at, image->length);
	trace->status = ptm_trace_file_open(&trace->file, &trace->source, &trace->strings, &trace->message);
	return trace;
}

static void close_image(opened *trace)
{
	ptm_trace_file_free(&trace->file);
	ptm_strings_free(&trace->strings);
	ptm_source_free(&trace->source);
	free(trace);
}

static const char *text(const opened *trace, uint32_t id)
{
	return ptm_strings_get(&trace->strings, id);
}

/* One line for each record, into `into`. */
static void print_body(const opened *trace, const ptm_record *record, char *into, size_t size)
{
	*into = 0;
	switch (record->type) {
	case PTM_RECORD_COMM:
		snprintf(into, size, " '%s'%s", text(trace, record->as.comm.name), record->as.comm.exec ? " exec" : "");
		break;
	case PTM_RECORD_FORK:
	case PTM_RECORD_EXIT:
		snprintf(into, size, " of %d/%d", record->as.task.ppid, record->as.task.ptid);
		break;
	case PTM_RECORD_MMAP:
	case PTM_RECORD_MMAP2:
		snprintf(into, size, " %" PRIx64 "+%" PRIx64 " @%" PRIx64 " '%s' prot %u%s%s inode %u:%u %" PRIu64 " %" PRIu64 " id %u %02x",
			record->as.map.address, record->as.map.length, record->as.map.file_offset, text(trace, record->as.map.name),
			record->as.map.protection, record->as.map.executable ? " code" : "", record->as.map.kernel ? " kernel" : "",
			record->as.map.major, record->as.map.minor, record->as.map.inode, record->as.map.generation,
			record->as.map.build_id_length, record->as.map.build_id[0]);
		break;
	case PTM_RECORD_AUX:
		snprintf(into, size, " %" PRIx64 "+%" PRIx64 " flags %" PRIu64, record->as.aux.offset, record->as.aux.size, record->as.aux.flags);
		break;
	case PTM_RECORD_SWITCH:
	case PTM_RECORD_SWITCH_CPU_WIDE:
		snprintf(into, size, " %s%s %d/%d", record->as.swap.out ? "out" : "in", record->as.swap.preempt ? " preempt" : "",
			record->as.swap.other_pid, record->as.swap.other_tid);
		break;
	case PTM_RECORD_LOST:
	case PTM_RECORD_LOST_SAMPLES:
		snprintf(into, size, " %" PRIu64, record->as.lost.lost);
		break;
	case PTM_RECORD_KSYMBOL:
		snprintf(into, size, " %" PRIx64 "+%" PRIx64 " '%s'", record->as.map.address, record->as.map.length, text(trace, record->as.map.name));
		break;
	}
}

static const char *print_records(const opened *trace)
{
	static char all[8192];
	char body[512];
	size_t length = 0;

	all[0] = 0;
	for (uint32_t i = 0; i < trace->file.records.length; i++) {
		const ptm_record *record = &trace->file.records.at[i];
		print_body(trace, record, body, sizeof body);
		length += (size_t)snprintf(all + length, sizeof all - length, "%" PRId64 " cpu %d %d/%d %s%s\n", (int64_t)record->time, record->cpu,
			record->pid, record->tid, ptm_record_type_name(record->type), body);
	}
	return all;
}

static void put_map(image_bytes *body, uint64_t address, int version)
{
	put_u32(body, 100);
	put_u32(body, 101);
	put_u64(body, address);
	put_u64(body, 0x1000);
	put_u64(body, 0x2000);
	if (version == 1)
		return;
	put_u32(body, 253);
	put_u32(body, 7);
	put_u64(body, 4711);
	put_u64(body, 3);
	put_u32(body, 5);
	put_u32(body, 2);
}

static void put_kinds(image_bytes *file)
{
	static image_bytes body;

	put_map(&body, 0x400000, 1);
	put_text(&body, "/bin/old");
	put_trailer(&body, 100, 101, 10, 3, 1);
	image_record(file, PTM_RECORD_MMAP, 2, &body);
	put_map(&body, 0x500000, 1);
	put_text(&body, "heap");
	put_trailer(&body, 100, 101, 11, 3, 1);
	image_record(file, PTM_RECORD_MMAP, 2 | 1 << 13, &body);
	put_map(&body, 0x600000, 2);
	put_text(&body, "/bin/new");
	put_trailer(&body, 100, 101, 12, 3, 1);
	image_record(file, PTM_RECORD_MMAP2, 2, &body);
	put_map(&body, 0x700000, 1);
	put_u32(&body, 20); /* length of the build-id, and reserved bytes */
	put(&body, "\xab\xcd\xef\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11", 20);
	put_u32(&body, 5);
	put_u32(&body, 2);
	put_text(&body, "/bin/id");
	put_trailer(&body, 100, 101, 13, 3, 1);
	image_record(file, PTM_RECORD_MMAP2, 1 | 1 << 14, &body);
	put_u64(&body, 77);
	put_u64(&body, 5);
	put_trailer(&body, 100, 101, 14, 3, 1);
	image_record(file, PTM_RECORD_LOST, 0, &body);
	put_u64(&body, 6);
	put_trailer(&body, 100, 101, 15, 3, 1);
	image_record(file, PTM_RECORD_LOST_SAMPLES, 0, &body);
	put_u64(&body, 0x1000);
	put_u64(&body, 0x800);
	put_u64(&body, 5);
	put_trailer(&body, 100, 102, 16, 2, 1);
	image_record(file, PTM_RECORD_AUX, 0, &body);
	put_u64(&body, 0xffffffffc0000000u);
	put_u32(&body, 64);
	put_u32(&body, 1);
	put_text(&body, "bpf_prog");
	put_trailer(&body, 0, 0, 17, 2, 0);
	image_record(file, PTM_RECORD_KSYMBOL, 0, &body);
	put_trailer(&body, 100, 102, 18, 2, 1);
	image_record(file, PTM_RECORD_SWITCH, 3 << 13, &body);
}

static void test_kinds(void)
{
	static image_bytes file;

	image_start(&file, &usual, 1);
	image_comm(&file, 1, 100, 101, "name with space", 1);
	image_fork(&file, 2, 100, 103, 100, 101);
	image_itrace_start(&file, 3, 1, 100, 101);
	image_switch_cpu_wide(&file, 4, 1, 9, 1, 101);
	image_switch_cpu_wide(&file, 5, 1, 101, 0, 9);
	image_switch(&file, 6, 1, 101, 0);
	put_kinds(&file);
	image_end_data(&file);
	opened *trace = open_image(&file);
	CHECK_EQ(trace->status, PTM_OK);
	CHECK_EQ(trace->file.warnings.length, 0);
	CHECK_TEXT(print_records(trace),
		"1 cpu 0 100/101 COMM 'name with space' exec\n"
		"2 cpu 0 100/103 FORK of 100/101\n"
		"3 cpu 1 100/101 ITRACE_START\n"
		"4 cpu 1 9/9 SWITCH_CPU_WIDE out 101/101\n"
		"5 cpu 1 101/101 SWITCH_CPU_WIDE in 9/9\n"
		"6 cpu 1 101/101 SWITCH in -1/-1\n"
		"10 cpu 3 100/101 MMAP 400000+1000 @2000 '/bin/old' prot 4 code inode 0:0 0 0 id 0 00\n"
		"11 cpu 3 100/101 MMAP 500000+1000 @2000 'heap' prot 0 inode 0:0 0 0 id 0 00\n"
		"12 cpu 3 100/101 MMAP2 600000+1000 @2000 '/bin/new' prot 5 code inode 253:7 4711 3 id 0 00\n"
		"13 cpu 3 100/101 MMAP2 700000+1000 @2000 '/bin/id' prot 5 code kernel inode 0:0 0 0 id 20 ab\n"
		"14 cpu 3 100/101 LOST 5\n"
		"15 cpu 3 100/101 LOST_SAMPLES 6\n"
		"16 cpu 2 100/102 AUX 1000+800 flags 5\n"
		"17 cpu 2 0/0 KSYMBOL ffffffffc0000000+40 'bpf_prog'\n"
		"18 cpu 2 100/102 SWITCH out preempt -1/-1\n");
	CHECK_EQ(trace->file.first_time, 1);
	CHECK_EQ(trace->file.last_time, 18);
	close_image(trace);
}

/* CPU 1's buffer stands behind CPU 0's; records of perf's own time 0 do not
 * count as the start. */
static void test_order_is_by_time_and_stable(void)
{
	static image_bytes file;

	image_start(&file, &usual, 1);
	image_comm(&file, 0, 1, 1, "made up", 0);
	image_comm(&file, 20, 1, 1, "a20", 0);
	image_comm(&file, 30, 1, 1, "a30", 0);
	image_comm(&file, 30, 1, 1, "b30", 0);
	image_comm(&file, 10, 2, 2, "c10", 0);
	image_comm(&file, 30, 2, 2, "c30", 0);
	image_comm(&file, 25, 3, 3, "d25", 0);
	image_end_data(&file);
	opened *trace = open_image(&file);
	CHECK_TEXT(print_records(trace),
		"0 cpu 0 1/1 COMM 'made up'\n"
		"10 cpu 0 2/2 COMM 'c10'\n"
		"20 cpu 0 1/1 COMM 'a20'\n"
		"25 cpu 0 3/3 COMM 'd25'\n"
		"30 cpu 0 1/1 COMM 'a30'\n"
		"30 cpu 0 1/1 COMM 'b30'\n"
		"30 cpu 0 2/2 COMM 'c30'\n");
	CHECK_EQ(trace->file.first_time, 10);
	CHECK_EQ(trace->file.last_time, 30);
	close_image(trace);
}

/* The second event's records have no time and no CPU, and its id stands where
 * the first event's does. */
static void test_trailer_is_of_the_records_own_event(void)
{
	static image_bytes file, body;
	image_attr attrs[2] = { usual, usual };

	attrs[1].ids[0] = 500;
	attrs[1].id_count = 1;
	attrs[1].sample_type = IMAGE_TID | IMAGE_ID | IMAGE_STREAM_ID | IMAGE_IDENTIFIER;
	image_start(&file, attrs, 2);
	image_comm(&file, 50, 1, 1, "late", 0);
	put_u32(&body, 5);
	put_u32(&body, 6);
	put_text(&body, "timeless");
	put_u32(&body, 5);
	put_u32(&body, 6);
	put_u64(&body, 500);
	put_u64(&body, 501);
	put_u64(&body, 500);
	image_record(&file, PTM_RECORD_COMM, 0, &body);
	image_comm(&file, 40, 1, 1, "early", 0);
	put_trailer(&body, 7, 7, 60, 1, 999);
	image_record(&file, PTM_RECORD_SWITCH, 0, &body);
	image_end_data(&file);
	opened *trace = open_image(&file);
	CHECK_TEXT(print_records(trace),
		"40 cpu 0 1/1 COMM 'early'\n"
		"50 cpu 0 1/1 COMM 'late'\n"
		"-1 cpu -1 5/6 COMM 'timeless'\n"
		"60 cpu 1 7/7 SWITCH in -1/-1\n");
	CHECK_EQ(trace->file.records.at[1].attr, 0);
	CHECK_EQ(trace->file.records.at[2].attr, 1);
	CHECK_EQ(trace->file.records.at[3].attr, UINT32_MAX);
	CHECK_EQ(trace->file.warnings.length, 1);
	CHECK_TEXT(text(trace, trace->file.warnings.at[0]),
		"1 records belong to an event that the file does not describe; they are read like the first event's.");
	close_image(trace);
}

static void test_no_trailer_without_sample_id_all(void)
{
	static image_bytes file, body;
	image_attr attr = usual;

	attr.flags = 0;
	attr.size = 64; /* of Linux 2.6.31 */
	image_start(&file, &attr, 1);
	put_u32(&body, 5);
	put_u32(&body, 6);
	put_text(&body, "old kernel");
	image_record(&file, PTM_RECORD_COMM, 0, &body);
	image_end_data(&file);
	opened *trace = open_image(&file);
	CHECK_EQ(trace->status, PTM_OK);
	CHECK_TEXT(print_records(trace), "-1 cpu -1 5/6 COMM 'old kernel'\n");
	CHECK_EQ(trace->file.first_time, PTM_NO_TIME);
	CHECK_EQ(trace->file.attrs.at[0].branch_sample_type, 0);
	close_image(trace);
}

static void test_attrs_of_newer_kernels(void)
{
	static image_bytes file;
	image_attr attr = usual;

	attr.size = 200;
	image_start(&file, &attr, 1);
	image_end_data(&file);
	opened *trace = open_image(&file);
	CHECK_EQ(trace->status, PTM_OK);
	CHECK_EQ(trace->file.attrs.at[0].config, 0x300e601);
	CHECK_EQ(trace->file.attrs.at[0].id_count, 2);
	CHECK_EQ(trace->file.ids.at[1], 2);
	CHECK(trace->file.attrs.at[0].exclude_kernel);
	CHECK(!trace->file.attrs.at[0].exclude_user);
	close_image(trace);
}

/* Without EVENT_DESC the names say what the events are. */
static void test_names_of_nameless_events(void)
{
	static image_bytes file, body;
	image_attr attrs[7] = { usual, usual, usual, usual, usual, usual, usual };

	attrs[6].type = 0, attrs[6].config = 1;
	attrs[6].flags = IMAGE_SAMPLE_ID_ALL | 2 << 15 | 1 << 20; /* precise, without guests */
	attrs[1].type = 0, attrs[1].config = 0;
	attrs[2].type = 1, attrs[2].config = 9;
	attrs[3].type = 3, attrs[3].config = 0x10000;
	attrs[4].type = 4, attrs[4].config = 0x1cd, attrs[4].flags = IMAGE_SAMPLE_ID_ALL;
	attrs[5].type = 9, attrs[5].config = 7;
	image_start(&file, attrs, 7);
	put_u32(&body, 1);
	put_u32(&body, 0);
	put_u64(&body, 8);
	image_record(&file, PTM_RECORD_AUXTRACE_INFO, 0, &body);
	image_end_data(&file);
	opened *trace = open_image(&file);
	static const char *const wanted[7] = { "intel_pt//uh", "cycles:uh", "dummy:uh", "L1-dcache-load-misses:uh", "raw 0x1cd:HG", "pmu9/config=0x7/uh", "instructions:ppH" };
	for (int i = 0; i < 7; i++)
		CHECK_TEXT(text(trace, trace->file.attrs.at[i].name), wanted[i]);
	close_image(trace);
}

static void put_build_id(image_bytes *section, uint16_t misc, uint8_t length, const char *path)
{
	put_u32(section, 0);
	put_u16(section, misc);
	put_u16(section, (uint16_t)(8 + 4 + 24 + ((strlen(path) + 8) & ~(size_t)7)));
	put_u32(section, (uint32_t)-1);
	put(section, "\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x01\x02\x03\x04\x05", 20);
	put_u32(section, length);
	put_text(section, path);
}

static void put_event_description(image_bytes *section, const char *first, const char *second)
{
	static const uint8_t attr[IMAGE_ATTR_SIZE] = { [4] = IMAGE_ATTR_SIZE };
	const char *names[2] = { first, second };

	put_u32(section, 2);
	put_u32(section, sizeof attr);
	for (int i = 0; i < 2; i++) {
		put(section, attr, sizeof attr);
		put_u32(section, 1);
		put_string(section, names[i]);
		put_u64(section, 1);
	}
}

static void test_features(void)
{
	static image_bytes file, build_ids, host, cpus, memory, line, events;
	static const uint32_t bits[6] = { 2, 3, 7, 10, 11, 12 };
	image_bytes *const contents[6] = { &build_ids, &host, &cpus, &memory, &line, &events };
	image_attr attrs[2] = { usual, usual };

	for (int i = 0; i < 6; i++)
		contents[i]->length = 0;
	put_build_id(&build_ids, 1, 0, "[kernel.kallsyms]");
	put_build_id(&build_ids, 2 | 1 << 15, 16, "/bin/true");
	put_string(&host, "vm");
	put_u32(&cpus, 8);
	put_u32(&cpus, 6);
	put_u64(&memory, 1234);
	put_u32(&line, 3);
	put_string(&line, "perf");
	put_string(&line, "record");
	put_string(&line, "./program with space");
	put_event_description(&events, "intel_pt//u", "dummy:u");
	image_start(&file, attrs, 2);
	image_comm(&file, 1, 1, 1, "a", 0);
	image_end_data(&file);
	image_features(&file, bits, contents, 6);
	opened *trace = open_image(&file);
	CHECK_EQ(trace->status, PTM_OK);
	CHECK_EQ(trace->file.warnings.length, 0);
	CHECK_TEXT(text(trace, trace->file.hostname), "vm");
	CHECK_EQ(trace->file.cpus_available, 8);
	CHECK_EQ(trace->file.cpus_online, 6);
	CHECK_EQ(trace->file.memory_kb, 1234);
	CHECK_TEXT(text(trace, trace->file.command_line), "perf record ./program with space");
	CHECK_TEXT(text(trace, trace->file.attrs.at[0].name), "intel_pt//u");
	CHECK_TEXT(text(trace, trace->file.attrs.at[1].name), "dummy:u");
	CHECK_EQ(trace->file.build_ids.length, 2);
	CHECK_TEXT(text(trace, trace->file.build_ids.at[0].path), "[kernel.kallsyms]");
	CHECK(trace->file.build_ids.at[0].kernel);
	CHECK_EQ(trace->file.build_ids.at[0].length, 20);
	CHECK_EQ(trace->file.build_ids.at[1].length, 16);
	CHECK_EQ(trace->file.build_ids.at[1].id[15], 1);
	CHECK_EQ(trace->file.build_ids.at[1].pid, (uint64_t)-1);
	close_image(trace);
}

static void test_aux_chunks_become_queues(void)
{
	static image_bytes file;

	image_start(&file, &usual, 1);
	image_comm(&file, 1, 1, 1, "a", 0);
	size_t first = image_auxtrace(&file, 24, 100, 7, -1, 1);
	size_t second = image_auxtrace(&file, 8, 0, 2, -1, 0);
	size_t third = image_auxtrace(&file, 16, 0, 7, -1, 1);
	image_auxtrace(&file, 0, 16, 7, -1, 1);
	image_comm(&file, 2, 1, 1, "b", 0);
	image_end_data(&file);
	opened *trace = open_image(&file);
	CHECK_EQ(trace->file.records.length, 2);
	CHECK_EQ(trace->file.chunks.length, 3);
	CHECK_EQ(trace->file.queues.length, 2);
	const ptm_queue *queue = trace->file.queues.at;
	CHECK_EQ(queue[0].index, 2);
	CHECK_EQ(queue[0].cpu, 0);
	CHECK_EQ(queue[0].size, 8);
	CHECK_EQ(queue[1].index, 7);
	CHECK_EQ(queue[1].cpu, 1);
	CHECK_EQ(queue[1].tid, (uint64_t)-1);
	CHECK_EQ(queue[1].first_chunk, 1);
	CHECK_EQ(queue[1].chunk_count, 2);
	CHECK_EQ(queue[1].size, 40);
	const ptm_aux_chunk *chunk = trace->file.chunks.at;
	CHECK_EQ(chunk[0].file_offset, second + 48);
	/* In the order of the file: the offsets of snapshots wrap around. */
	CHECK_EQ(chunk[1].file_offset, first + 48);
	CHECK_EQ(chunk[1].aux_offset, 100);
	CHECK_EQ(chunk[1].size, 24);
	CHECK_EQ(chunk[2].file_offset, third + 48);
	CHECK_EQ(chunk[2].aux_offset, 0);
	CHECK_EQ(chunk[2].size, 16);
	CHECK_EQ(chunk[2].queue, 1);
	CHECK_EQ(chunk[2].reference, 0x1234);
	close_image(trace);
}

static void test_samples_are_counted_and_timed(void)
{
	static image_bytes file, body;

	image_start(&file, &usual, 1);
	put_u64(&body, 1);        /* identifier */
	put_u64(&body, 0x401000); /* ip */
	put_u64(&body, 0);        /* pid, tid */
	put_u64(&body, 90);       /* time */
	put_u64(&body, 0);        /* cpu */
	image_record(&file, PTM_RECORD_SAMPLE, 2, &body);
	image_comm(&file, 80, 1, 1, "a", 0);
	image_end_data(&file);
	opened *trace = open_image(&file);
	CHECK_EQ(trace->file.sample_count, 1);
	CHECK_EQ(trace->file.records.length, 1);
	CHECK_EQ(trace->file.first_time, 80);
	CHECK_EQ(trace->file.last_time, 90);
	close_image(trace);
}

static void test_time_conv_of_both_lengths(void)
{
	static image_bytes file, body;

	for (int words = 3; words <= 6; words += 3) {
		image_start(&file, &usual, 1);
		for (int i = 0; i < words; i++)
			put_u64(&body, i == 5 ? 0 : 31u + (unsigned)i);
		image_record(&file, PTM_RECORD_TIME_CONV, 0, &body);
		image_end_data(&file);
		opened *trace = open_image(&file);
		CHECK(trace->file.time_conv.seen);
		CHECK_EQ(trace->file.time_conv.shift, 31);
		CHECK_EQ(trace->file.time_conv.mult, 32);
		CHECK_EQ(trace->file.time_conv.zero, 33);
		CHECK_EQ(trace->file.time_conv.mask, words == 6 ? 35 : 0);
		CHECK_EQ(trace->file.time_conv.capable, words == 3);
		close_image(trace);
	}
}

/* Tracepoint descriptions stand behind their record; EVENT_UPDATE names events
 * by their ids; kinds of it other than the name change nothing. */
static void test_names_that_follow_in_a_pipe(void)
{
	static image_bytes file, body;
	image_attr attrs[2] = { usual, usual };

	attrs[1].ids[0] = 500;
	attrs[1].id_count = 1;
	image_start(&file, attrs, 2);
	put_u64(&body, 12); /* bytes behind the record */
	image_record(&file, PTM_RECORD_HEADER_TRACING_DATA, 0, &body);
	put(&file, "tracepoints\0\0\0\0\0", 16);
	image_comm(&file, 1, 5, 5, "a", 0);
	static const uint64_t updates[4][2] = { { 2, 500 }, { 2, 1 }, { 2, 999 }, { 0, 1 } };
	static const char *const names[4] = { "second", "first", "nobody", "unit" };
	for (int i = 0; i < 4; i++) {
		put_u64(&body, updates[i][0]);
		put_u64(&body, updates[i][1]);
		put_text(&body, names[i]);
		image_record(&file, PTM_RECORD_EVENT_UPDATE, 0, &body);
	}
	put_u64(&file, 0); /* not a record: the walk ends here */
	image_end_data(&file);
	opened *trace = open_image(&file);
	CHECK_EQ(trace->status, PTM_OK);
	CHECK_TEXT(print_records(trace), "1 cpu 0 5/5 COMM 'a'\n");
	CHECK_TEXT(text(trace, trace->file.attrs.at[0].name), "first");
	CHECK_TEXT(text(trace, trace->file.attrs.at[1].name), "second");
	CHECK_EQ(trace->file.warnings.length, 1);
	close_image(trace);
}

static void test_all(void)
{
	test_kinds();
	test_order_is_by_time_and_stable();
	test_trailer_is_of_the_records_own_event();
	test_no_trailer_without_sample_id_all();
	test_attrs_of_newer_kernels();
	test_names_of_nameless_events();
	test_features();
	test_samples_are_counted_and_timed();
	test_time_conv_of_both_lengths();
}

int main(void)
{
	test_all();
	test_aux_chunks_become_queues();
	piped = true;
	test_all();
	test_names_that_follow_in_a_pipe();
	return check_report("perf_data");
}
