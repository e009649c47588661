/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of an AUX buffer: what of each the views decode, and what perf does. */
#include "check.h"
#include "api/session.h"
#include "perf_image.h"

/* 26 bytes each. */
#define PSB(time) "\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82" "\x19" time "\0\0\0\0\0\0" "\x02\x23"
/* TNT packets, 10 and 6 bytes. */
#define TEN "\x06\x06\x06\x06\x06\x06\x06\x06\x06\x06"
#define SIX "\x06\x06\x06\x06\x06\x06"

typedef struct snapshot {
	uint64_t offset, size;
	const char *bytes;
} snapshot;

/* Two snapshots, and of each what is taken: its offset in the buffer and bytes; "!": does not follow on the one before. */
static const struct {
	const char *name, *views, *perf;
	snapshot first, second;
} cases[] = {
	{ "the ring was not full", "0+36 36+10", "0+40 46+0!",
		{ 0, 40, PSB("\1") TEN "\0\0\0\0" }, { 36, 10, TEN } },
	{ "the ring was not full, and a PSB came", "0+40 40+36", "0+40 50+26!",
		{ 0, 40, PSB("\1") TEN "\0\0\0\0" }, { 40, 36, TEN PSB("\2") } },
	{ "what is no padding is kept", "0+40 36+10!", "0+40 46+0!",
		{ 0, 40, PSB("\1") TEN "\0\0\x06\0" }, { 36, 10, TEN } },
	{ "bytes are missing, and told", "0+36 40+42!", "0+36 50+32!",
		{ 0, 36, PSB("\1") TEN }, { 40, 42, TEN PSB("\2") SIX } },
	{ "they overlap by their times", "0+36 56+6", "0+36 56+6",
		{ 0, 36, PSB("\1") TEN }, { 20, 42, PSB("\1") TEN SIX } },
	{ "all is known by its times", "0+36 62+0!", "0+36 62+0!",
		{ 0, 36, PSB("\2") TEN }, { 36, 26, PSB("\1") } },
};

static image_bytes file;

static void put_snapshot(const snapshot *own)
{
	size_t start = file.length;
	image_auxtrace(&file, own->size, own->offset, 0, 5, -1);
	memcpy(file.at + start + (file.length - start - own->size), own->bytes, own->size);
}

static void check_layout(const char *name, const ptm_aux_chunk *chunks, const ptm_queue *queue, const char *wanted)
{
	char text[256];
	size_t length = 0;
	uint64_t size = 0;

	for (uint32_t i = 0; i < queue->chunk_count; i++) {
		const ptm_aux_chunk *chunk = &chunks[queue->first_chunk + i];
		length += (size_t)snprintf(text + length, sizeof text - length, "%s%u+%u%s", i ? " " : "", (unsigned)chunk->aux_offset,
			(unsigned)chunk->size, chunk->restarts ? "!" : "");
		size += chunk->size;
	}
	check_text(text, wanted, name, __FILE__, __LINE__);
	CHECK_EQ(queue->size, size);
}

int main(void)
{
	const image_attr attr = { .sample_type = IMAGE_USUAL, .flags = IMAGE_SAMPLE_ID_ALL, .ids = { 7 }, .id_count = 1 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ptm_session *session = ptm_session_new();
		image_start(&file, &attr, 1);
		put_snapshot(&cases[i].first);
		put_snapshot(&cases[i].second);
		image_end_data(&file);
		ptm_source_init_memory(&session->source, file.at, file.length);
		CHECK_EQ(ptm_trace_file_open(&session->file, &session->source, &session->strings, &session->message), PTM_OK);
		session->pt.snapshot = true;
		CHECK_EQ(ptm_snapshots_trim(session), PTM_OK);
		check_layout(cases[i].name, session->file.chunks.at, session->file.queues.at, cases[i].views);
		check_layout(cases[i].name, session->file.snapshots.chunks.at, session->file.snapshots.queues.at, cases[i].perf);
		ptm_session_free(session);
	}
	return check_report("snapshots");
}
