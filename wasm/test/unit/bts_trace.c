/* SPDX-License-Identifier: Apache-2.0 */
/* BTS perf.datas without binaries: AUXTRACE_INFO, whose records are whose and
 * when, what the tables say of them, snapshots that overlap, and damage. */
#include "check.h"
#include "../cli/host.h"
#include "api/session.h"
#include "perf_image.h"
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static image_bytes file, body;
static ptm_session *session;
static ptm_table *table;
static char text[4096];

/* Ticks are ns. */
static void start(bool snapshot)
{
	const uint64_t words[6] = { 9, 0, 1, 0, 1, snapshot };
	image_attr attrs[1] = { { .type = 9, .sample_type = IMAGE_USUAL, .flags = IMAGE_SAMPLE_ID_ALL | IMAGE_EXCLUDE_KERNEL, .ids = { 1 }, .id_count = 1 } };

	image_start(&file, attrs, 1);
	put_u32(&body, PTM_AUXTRACE_INTEL_BTS);
	put_u32(&body, 0);
	put(&body, words, sizeof words);
	image_record(&file, PTM_RECORD_AUXTRACE_INFO, 0, &body);
	image_comm(&file, 90, 7, 7, "seven", 0);
	image_itrace_start(&file, 100, 0, 7, 7);
}

static void aux(uint64_t time, int32_t tid, uint64_t offset, uint64_t size, uint64_t flags)
{
	put_u64(&body, offset);
	put_u64(&body, size);
	put_u64(&body, flags);
	put_trailer(&body, 7, tid, time, 0, 1);
	image_record(&file, PTM_RECORD_AUX, 0, &body);
}

/* A piece of `size` bytes: records whose ends are first, first + 1, … */
static void auxtrace(uint64_t size, uint64_t offset, uint64_t reference, uint32_t index, int32_t tid, uint64_t first)
{
	put_u64(&body, size);
	put_u64(&body, offset);
	put_u64(&body, reference);
	put_u32(&body, index);
	put_u32(&body, (uint32_t)tid);
	put_u32(&body, UINT32_MAX);
	put_u32(&body, 0);
	image_record(&file, PTM_RECORD_AUXTRACE, 0, &body);
	for (uint64_t at = 0; at < size; at += PTM_BTS_RECORD) {
		uint64_t record[3] = { 0x1000 + first, 0x2000 + first, first & 1 ? PTM_BTS_PREDICTED : 0 };
		put(&file, record, size - at < sizeof record ? size - at : sizeof record);
		first++;
	}
}

static ptm_status open_file(void)
{
	char path[] = "/tmp/ptarmigan-test-XXXXXX";
	uint32_t source;
	uint64_t size;

	image_end_data(&file);
	int descriptor = mkstemp(path);
	if (descriptor < 0 || write(descriptor, file.at, file.length) != (ssize_t)file.length || close(descriptor) || !ptm_host_open(path, &source, &size))
		abort();
	unlink(path);
	session = ptm_session_new();
	return ptm_session_open(session, source, size);
}

static void decode(void)
{
	for (uint32_t segment = 0; segment < ptm_session_segments(session); segment++) {
		size_t length;
		CHECK_EQ(ptm_decode_start(session, segment), PTM_OK);
		while (ptm_decode_step(session, 64) == PTM_MORE)
			;
		const uint8_t *part = ptm_decode_part(session, &length);
		CHECK_EQ(ptm_session_merge(session, part, length), PTM_OK);
	}
}

static uint32_t ask(uint32_t id, uint32_t flags, double first)
{
	ptm_request request = { .table = id, .thread = PTM_ALL, .flags = flags, .first = first, .count = 100 };
	ptm_table_free(table);
	CHECK_EQ(ptm_query(session, &request, &table), PTM_OK);
	return ptm_table_rows(table);
}

static void close_file(void)
{
	ptm_table_free(table);
	table = NULL;
	ptm_session_free(session);
}

static const char *text_at(uint32_t column, uint32_t row)
{
	const uint32_t *offsets = ptm_table_data(table, column);
	uint32_t length = 0;
	const char *pool = ptm_table_pool(table, column, &length);
	snprintf(text, sizeof text, "%.*s", (int)(offsets[row + 1] - offsets[row]), pool + offsets[row]);
	return text;
}

static const char *info(const char *key)
{
	uint32_t rows = ask(PTM_TABLE_info, 0, 0);
	for (uint32_t row = 0; row < rows; row++)
		if (!strcmp(text_at(PTM_info_key, row), key))
			return text_at(PTM_info_value, row);
	return "";
}

#define NUMBER(type, column, row) (((const type *)ptm_table_data(table, column))[row])

static void spans_are_cut_by_aux_records(void)
{
	ptm_bts_span span;

	start(false);
	aux(200, 7, 0, 48, 0);
	aux(300, 7, 48, 52, 0);
	auxtrace(100, 0, 350, 0, 7, 1);
	CHECK_EQ(open_file(), PTM_OK);
	CHECK_EQ(session->bts_spans.length, 2);
	ptm_stream stream = ptm_stream_of(session, 0);
	CHECK_EQ(ptm_bts_spans_find(&stream, 24, &span), PTM_OK);
	CHECK_EQ(span.start, 0);
	CHECK_EQ(span.end, 48);
	CHECK_EQ(span.start_ns, 100);
	CHECK_EQ(span.end_ns, 200);
	CHECK_EQ(span.before, PTM_BTS_NOTHING);
	CHECK_EQ(ptm_bts_spans_find(&stream, 48, &span), PTM_OK);
	CHECK_EQ(span.end, 96);
	CHECK_EQ(span.next, 100);
	CHECK_EQ(span.start_ns, 200);
	CHECK_EQ(span.end_ns, 300);
	CHECK_EQ(span.before, 24);
	CHECK_EQ(ptm_bts_spans_find(&stream, 100, &span), PTM_END);
	close_file();
}

static void tables_tell_of_records(void)
{
	start(false);
	aux(200, 7, 0, 48, 0);
	aux(300, 7, 48, 52, 0);
	auxtrace(100, 0, 350, 0, 7, 1);
	CHECK_EQ(open_file(), PTM_OK);
	decode();
	CHECK_TEXT(info("source"), "Intel BTS");
	CHECK_TEXT(info("pt_config"), "");
	CHECK_TEXT(info("duration_ns"), "200");
	CHECK_EQ(ask(PTM_TABLE_packets, 0, 0), 5);
	CHECK_TEXT(text_at(PTM_packets_text, 0), "1001 -> 2001 pred");
	CHECK_TEXT(text_at(PTM_packets_text, 1), "1002 -> 2002 miss");
	CHECK_TEXT(text_at(PTM_packets_name, 3), "BRANCH");
	CHECK_TEXT(text_at(PTM_packets_name, 4), "BAD");
	CHECK_TEXT(text_at(PTM_packets_text, 4), "4 bytes: a record cut short");
	CHECK_TEXT(text_at(PTM_packets_bytes, 4), "05 10 00 00");
	CHECK_EQ(ask(PTM_TABLE_packets, 0, 3), 2);
	CHECK_EQ(NUMBER(double, PTM_packets_offset, 0), 72);
	CHECK_EQ(ask(PTM_TABLE_packets, 1, 30), 4);
	CHECK_EQ(NUMBER(double, PTM_packets_ordinal, 0), 1);
	CHECK_EQ(ask(PTM_TABLE_queues, 0, 0), 1);
	CHECK_EQ(NUMBER(double, PTM_queues_packets, 0), 4);
	CHECK_EQ(ask(PTM_TABLE_gaps, 0, 0), 2);
	CHECK_EQ(NUMBER(uint8_t, PTM_gaps_reason, 0), PTM_GAP_NO_CODE);
	CHECK_EQ(NUMBER(double, PTM_gaps_bytes, 0), 96);
	CHECK_EQ(NUMBER(uint8_t, PTM_gaps_reason, 1), PTM_GAP_BAD_PACKET);
	CHECK_EQ(NUMBER(double, PTM_gaps_bytes, 1), 4);
	CHECK_TEXT(text_at(PTM_gaps_text, 1), "The last 4 bytes of a piece of trace at 0x60 are no whole branch record (24 bytes): they are skipped.");
	close_file();
}

/* All that table script says with these options. */
static const char *script(const char *options)
{
	ptm_request request = { .table = PTM_TABLE_script, .thread = PTM_ALL, .text = options };
	uint32_t length = 0;

	ptm_table_free(table);
	table = NULL;
	CHECK_EQ(ptm_query(session, &request, &table), PTM_OK);
	const char *lines = ptm_table_pool(table, PTM_script_text, &length);
	snprintf(text, sizeof text, "%.*s", ptm_table_rows(table) ? (int)length : 0, lines);
	return text;
}

/* perf leaves out the last record of each piece and takes pieces as they were fetched. */
static void samples_come_in_perfs_order(void)
{
	start(false);
	auxtrace(72, 0, 310, 0, 7, 1);
	auxtrace(48, 0, 305, 1, 8, 11);
	auxtrace(48, 72, 320, 0, 7, 4);
	CHECK_EQ(open_file(), PTM_OK);
	CHECK_TEXT(script("want 1\nfields 0 261 1\n"), "              :8     8              100b\n"
							"           seven     7              1001\n"
							"           seven     7              1002\n"
							"           seven     7              1004\n");
	/* Without the binary perf cannot tell what the branches are. */
	CHECK_TEXT(script("want 4\nfields 0 261 1\n"), " instruction trace error type 1 time 0 cpu -1 pid -1 tid 8 ip 0x100b code 5: Failed to get instruction\n"
							" instruction trace error type 1 time 0 cpu -1 pid 7 tid 7 ip 0x1001 code 5: Failed to get instruction\n"
							" instruction trace error type 1 time 0 cpu -1 pid 7 tid 7 ip 0x1002 code 5: Failed to get instruction\n"
							" instruction trace error type 1 time 0 cpu -1 pid 7 tid 7 ip 0x1004 code 5: Failed to get instruction\n");
	CHECK_TEXT(script("want 2\nfields 0 261 1\n"), "");
	close_file();
}

static void snapshots_are_put_together(void)
{
	start(true);
	auxtrace(96, 500, 310, 0, 7, 1);
	auxtrace(96, 20, 320, 0, 7, 3);  /* two of four are known */
	auxtrace(96, 90, 330, 0, 7, 20); /* nothing in common */
	auxtrace(96, 186, 340, 0, 7, 24);/* the ring is not full: goes on */
	auxtrace(96, 7, 350, 0, 7, 24);  /* all the same */
	CHECK_EQ(open_file(), PTM_OK);
	decode();
	CHECK_EQ(ask(PTM_TABLE_packets, 0, 0), 14);
	CHECK_TEXT(text_at(PTM_packets_text, 3), "1004 -> 2004 miss");
	CHECK_TEXT(text_at(PTM_packets_text, 4), "1005 -> 2005 pred");
	CHECK_TEXT(text_at(PTM_packets_text, 6), "1014 -> 2014 miss");
	CHECK_TEXT(text_at(PTM_packets_text, 13), "101b -> 201b pred");
	uint32_t gaps = ask(PTM_TABLE_gaps, 0, 0), missing = 0;
	for (uint32_t row = 0; row < gaps; row++)
		missing += NUMBER(uint8_t, PTM_gaps_reason, row) == PTM_GAP_AUX_MISSING;
	CHECK_EQ(missing, 1);
	CHECK_EQ(session->bts_spans.at[1].start_ns, 310);
	CHECK_EQ(session->bts_spans.at[1].end_ns, 320);
	close_file();
}

static void lost_pieces_are_gaps(void)
{
	start(false);
	auxtrace(24, 0, 310, 0, 7, 1);
	auxtrace(10, 24, 315, 0, 7, 2);
	auxtrace(24, 240, 320, 0, 7, 3);
	CHECK_EQ(open_file(), PTM_OK);
	decode();
	uint32_t gaps = ask(PTM_TABLE_gaps, 0, 0), missing = UINT32_MAX, cut = UINT32_MAX;
	for (uint32_t row = 0; row < gaps; row++) {
		missing = NUMBER(uint8_t, PTM_gaps_reason, row) == PTM_GAP_AUX_MISSING ? row : missing;
		cut = NUMBER(uint8_t, PTM_gaps_reason, row) == PTM_GAP_BAD_PACKET ? row : cut;
	}
	CHECK(missing < gaps && NUMBER(double, PTM_gaps_bytes, missing) == 206);
	CHECK(cut < gaps && NUMBER(double, PTM_gaps_bytes, cut) == 10);
	close_file();
}

/* Every byte of a small file changed in turn: no crash, and decoding comes to an end. */
static void damage_is_survived(void)
{
	start(true);
	aux(200, 7, 0, 48, 1);
	auxtrace(100, 0, 310, 0, 7, 1);
	auxtrace(50, 40, 320, 0, 7, 3);
	const image_bytes whole = file;
	for (size_t at = 104; at < whole.length; at++) {
		file = whole;
		file.at[at] ^= (uint8_t)(0x11 << (at & 3));
		if (open_file() == PTM_OK) {
			decode();
			for (uint32_t id = 0; id < PTM_TABLE_COUNT; id++) {
				ptm_request request = { .table = id, .thread = PTM_ALL, .text = id == PTM_TABLE_script ? "want 5\nfields 0 261 1\n" : NULL, .count = 50 };
				ptm_table *answer = NULL;
				ptm_status status = PTM_MORE;
				for (int turn = 0; status == PTM_MORE && turn < 100; turn++)
					status = ptm_query(session, &request, &answer);
				ptm_table_free(answer);
			}
		}
		close_file();
		ptm_host_close_all();
	}
	check_passed++;
}

/* Real executions, kept beside the project: every record is followed, and the
 * branches that visits tell are the records, one by one. */
static void real_traces_are_followed(const char *name, const char *program, uint64_t instructions, uint64_t records)
{
	static const char *const binaries[] = { "", "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/libc.so.6",
		"/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30", "/usr/lib/x86_64-linux-gnu/libm.so.6", "/usr/lib/x86_64-linux-gnu/libgcc_s.so.1" };
	const char *shared = getenv("PTARMIGAN_SHARED");
	char path[1024];
	uint32_t source;
	uint64_t size, told = 0, taken = 0, different = 0;

	snprintf(path, sizeof path, "%s/fixtures/%s.perf.data", shared ? shared : "../../shared", name);
	if (!ptm_host_open(path, &source, &size))
		return;
	session = ptm_session_new();
	CHECK_EQ(ptm_session_open(session, source, size), PTM_OK);
	for (uint32_t i = 0; i < sizeof binaries / sizeof *binaries; i++) {
		const char *wanted = i ? binaries[i] : program;
		snprintf(path, sizeof path, "%s/fixtures/symfs%s", shared ? shared : "../../shared", wanted);
		CHECK(ptm_host_open(path, &source, &size));
		ptm_status status = ptm_session_add_image(session, source, size, wanted);
		CHECK(status == PTM_OK || status == PTM_NOT_FOUND);
	}
	for (uint32_t queue = 0; queue < session->file.queues.length; queue++) {
		ptm_stream stream = ptm_stream_of(session, queue);
		ptm_flow_config config;
		ptm_flow *flow;
		ptm_item item;
		ptm_stream_config(&stream, &config);
		CHECK_EQ(ptm_flow_new(&flow, &session->blocks, &config, 0, UINT64_MAX, NULL), PTM_OK);
		while (ptm_flow_next(flow, &item) == PTM_OK) {
			uint64_t record[2];
			uint32_t length = sizeof record;
			CHECK(item.kind != PTM_ITEM_GAP);
			told += item.kind == PTM_ITEM_VISIT ? item.instructions : 0;
			if (item.kind != PTM_ITEM_VISIT || item.end < PTM_END_TAKEN || item.end == PTM_END_OFF)
				continue;
			taken++;
			if (config.bts.read(&stream, item.offset, (uint8_t *)record, &length) != PTM_OK || record[0] != item.ip || record[1] != item.to_ip)
				different++;
		}
		ptm_flow_free(flow);
	}
	CHECK_EQ(told, instructions);
	CHECK_EQ(taken, records);
	CHECK_EQ(different, 0);
	ptm_session_free(session);
	ptm_host_close_all();
}

int main(void)
{
	spans_are_cut_by_aux_records();
	tables_tell_of_records();
	samples_come_in_perfs_order();
	snapshots_are_put_together();
	lost_pieces_are_gaps();
	damage_is_survived();
	real_traces_are_followed("bts-algo", "/opt/ptgen/bin/algo", 477322, 71077);
	real_traces_are_followed("bts-pthr", "/opt/ptgen/bin/pthr", 222064, 20570);
	real_traces_are_followed("bts-per-thread", "/opt/ptgen/bin/cxx", 300003, 27036);
	return check_report("bts_trace");
}
