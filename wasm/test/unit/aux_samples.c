/* SPDX-License-Identifier: Apache-2.0 */
/* AUX data in samples: pieces that overlap are one stream, others are streams of
 * their own; whose they are is told by ID_INDEX. */
#include "check.h"
#include "file/perf_data.h"
#include "perf_image.h"

enum { IMAGE_AUX = 1 << 20 };
static const image_attr sampled = { .sample_type = IMAGE_USUAL | IMAGE_AUX, .flags = IMAGE_SAMPLE_ID_ALL, .ids = { 7, 8 }, .id_count = 2 };
static image_bytes file;

/* Bytes [from, to) of a buffer in which no two places look alike. */
static void put_sample(uint64_t id, uint64_t time, uint32_t cpu, uint32_t from, uint32_t to)
{
	static image_bytes body;
	put_u64(&body, id);
	put_u64(&body, 0x1000);
	put_u32(&body, 5);
	put_u32(&body, 6);
	put_u64(&body, time);
	put_u32(&body, cpu);
	put_u32(&body, 0);
	put_u64(&body, to - from);
	for (uint32_t at = from; at < to; at += 2)
		put_u16(&body, (uint16_t)(at * 40503u >> 3));
	image_record(&file, PTM_RECORD_SAMPLE, 2, &body);
}

/* "queue: cpu tid, then file bytes and AUX offset of each chunk", a line for each queue. */
static void check_queues(const char *wanted)
{
	static char text[1024];
	ptm_source source;
	ptm_strings strings = { 0 };
	ptm_trace_file trace;
	ptm_message message;
	int length = 0;

	text[0] = 0;
	ptm_source_init_memory(&source, file.at, file.length);
	CHECK_EQ(ptm_trace_file_open(&trace, &source, &strings, &message), PTM_OK);
	for (uint32_t row = 0; row < trace.queues.length; row++) {
		const ptm_queue *queue = &trace.queues.at[row];
		length += snprintf(text + length, sizeof text - (size_t)length, "cpu %d tid %d:", queue->cpu, queue->tid);
		for (uint32_t i = 0; i < queue->chunk_count; i++) {
			const ptm_aux_chunk *chunk = &trace.chunks.at[queue->first_chunk + i];
			length += snprintf(text + length, sizeof text - (size_t)length, " %u at %u", (unsigned)chunk->size, (unsigned)chunk->aux_offset);
		}
		length += snprintf(text + length, sizeof text - (size_t)length, "\n");
	}
	CHECK_TEXT(text, wanted);
	ptm_trace_file_free(&trace);
	ptm_strings_free(&strings);
}

int main(void)
{
	static image_bytes body;

	image_start(&file, &sampled, 1);
	put_sample(7, 10, 0, 0, 400);
	put_sample(8, 11, 1, 5000, 5300);
	put_sample(7, 12, 0, 300, 700);   /* overlaps by 100 */
	put_sample(7, 13, 0, 400, 700);   /* all of it is known */
	put_sample(7, 14, 0, 2000, 2400); /* bytes were left out */
	put_sample(8, 15, 1, 5290, 5500); /* 10 equal bytes may be chance */
	image_end_data(&file);
	check_queues("cpu 0 tid -1: 400 at 0 300 at 400\ncpu 0 tid -1: 400 at 0\ncpu 1 tid -1: 300 at 0\ncpu 1 tid -1: 210 at 0\n");

	image_start(&file, &sampled, 1);
	put_u64(&body, 2);
	for (uint64_t id = 7; id <= 8; id++) {
		put_u64(&body, id);
		put_u64(&body, 8 - id); /* index */
		put_u64(&body, UINT64_MAX);
		put_u64(&body, 40 + id);
	}
	image_record(&file, PTM_RECORD_ID_INDEX, 0, &body);
	put_sample(7, 10, 0, 0, 400);
	put_sample(8, 11, 0, 5000, 5300);
	image_end_data(&file);
	check_queues("cpu -1 tid 48: 300 at 0\ncpu -1 tid 47: 400 at 0\n");
	return check_report("aux_samples");
}
