/* SPDX-License-Identifier: Apache-2.0 */
/* The peer: libipt's block decoder over the same AUX bytes, single-threaded.
 * Takes the AUX area from the AUXTRACE records of a perf.data of one process, and
 * the code from the files below SYMFS that its mmap records name; attributes
 * nothing to threads and keeps no calls. Sections stay mapped (the section
 * cache's limit): without it libipt is many times slower.
 * Usage: libipt_blk TRACE SYMFS. Prints: AUX bytes, instructions, CPU seconds. */
#include <intel-pt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_QUEUES = 256, RECORD_MMAP = 1, RECORD_MMAP2 = 10, RECORD_AUXTRACE = 71, MMAP_NAME = 40, MMAP2_NAME = 72 };

static struct pt_image *image;
static struct pt_image_section_cache *sections;

typedef struct bytes {
	uint8_t *at;
	size_t length;
} bytes;

static bytes queues[MOST_QUEUES];

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bytes read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file || fseek(file, 0, SEEK_END))
		return (bytes){ 0 };
	long size = ftell(file);
	rewind(file);
	bytes whole = { malloc((size_t)size + 1), (size_t)size };
	if (!whole.at || fread(whole.at, 1, whole.length, file) != whole.length)
		whole = (bytes){ 0 };
	fclose(file);
	return whole;
}

static uint64_t u64_at(const uint8_t *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof value);
	return value;
}

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof value);
	return value;
}

/* Adds the code of an mmap record; what is not there is left out, and later missed. */
static void add_code(const char *symfs, const uint8_t *record, uint32_t name_at)
{
	char path[4096];
	int32_t pid = (int32_t)u32_at(record + 8);
	if (pid < 0)
		return;
	snprintf(path, sizeof path, "%s/%s", symfs, (const char *)record + name_at);
	int section = pt_iscache_add_file(sections, path, u64_at(record + 32), u64_at(record + 24), u64_at(record + 16));
	if (section > 0)
		(void)pt_image_add_cached(image, sections, section, NULL);
}

/* Joins the AUX area of each queue and maps the code. Returns false for what is not a plain perf.data. */
static int collect(bytes trace, const char *symfs)
{
	if (trace.length < 104 || memcmp(trace.at, "PERFILE2", 8))
		return 0;
	uint64_t at = u64_at(trace.at + 40), end = at + u64_at(trace.at + 48);
	if (end > trace.length)
		return 0;
	while (at + 8 <= end) {
		uint32_t type = u32_at(trace.at + at), size = u32_at(trace.at + at + 4) >> 16;
		if (size < 8 || at + size > end)
			return 0;
		if (type == RECORD_AUXTRACE) {
			uint64_t payload = u64_at(trace.at + at + 8);
			uint32_t queue = u32_at(trace.at + at + 32);
			if (queue >= MOST_QUEUES || payload > end - at - size)
				return 0;
			bytes *into = &queues[queue];
			uint8_t *grown = realloc(into->at, into->length + payload);
			if (!grown)
				return 0;
			memcpy(grown + into->length, trace.at + at + size, payload);
			*into = (bytes){ grown, into->length + payload };
			at += payload;
		} else if (type == RECORD_MMAP2 || type == RECORD_MMAP) {
			add_code(symfs, trace.at + at, type == RECORD_MMAP ? MMAP_NAME : MMAP2_NAME);
		}
		at += size;
	}
	return 1;
}

/* Decodes one queue, going on at the next PSB after an error. Returns instructions. */
static uint64_t decode(bytes aux)
{
	struct pt_config config;
	uint64_t instructions = 0;
	pt_config_init(&config);
	config.begin = aux.at;
	config.end = aux.at + aux.length;
	struct pt_block_decoder *decoder = pt_blk_alloc_decoder(&config);
	if (!decoder || pt_blk_set_image(decoder, image) < 0)
		return 0;
	int status;
	while ((status = pt_blk_sync_forward(decoder)) >= 0)
		for (;;) {
			struct pt_block block = { 0 };
			struct pt_event event;
			while (status & pts_event_pending && (status = pt_blk_event(decoder, &event, sizeof event)) >= 0)
				;
			if (status < 0 || status & pts_eos)
				break;
			status = pt_blk_next(decoder, &block, sizeof block);
			instructions += block.ninsn;
			if (status < 0)
				break;
		}
	pt_blk_free_decoder(decoder);
	return instructions;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: libipt_blk TRACE SYMFS\n");
		return 2;
	}
	image = pt_image_alloc("bench");
	sections = pt_iscache_alloc("bench");
	if (!image || !sections || pt_iscache_set_limit(sections, 1ull << 32) < 0 || !collect(read_file(argv[1]), argv[2])) {
		fprintf(stderr, "libipt_blk: cannot read %s\n", argv[1]);
		return 1;
	}
	double start = now();
	uint64_t instructions = 0, length = 0;
	for (int queue = 0; queue < MOST_QUEUES; queue++)
		if (queues[queue].length) {
			instructions += decode(queues[queue]);
			length += queues[queue].length;
		}
	printf("%llu %llu %.6f\n", (unsigned long long)length, (unsigned long long)instructions, now() - start);
	return 0;
}
