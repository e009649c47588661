/* SPDX-License-Identifier: Apache-2.0 */
/* Native cases: each fixture decoded with sanitizers, its instructions per
 * thread hashed and held against the truth's hashes, as script prints
 * them and as the views show them; then the same trace cut
 * short and damaged, where only not crashing and coming to an end counts.
 * Usage: decode_case FIXTURES. Says nothing about perf's format: judge.mjs does. */
#include "check.h"
#include "cli/host.h"
#include "cli/open.h"
#include "stream.h"
#include <stdlib.h>
#include <unistd.h>

enum { MOST_THREADS = 64 };

typedef struct thread_hash {
	int32_t tid;
	uint64_t count, hash;
} thread_hash;

typedef struct hashes {
	thread_hash of[MOST_THREADS];
	uint32_t count;
} hashes;

static void add_instruction(void *self, int32_t tid, uint64_t ip)
{
	hashes *all = self;
	uint32_t i = 0;
	while (i < all->count && all->of[i].tid != tid)
		i++;
	if (i == MOST_THREADS)
		return;
	if (i == all->count)
		all->of[all->count++] = (thread_hash){ .tid = tid, .hash = 0xcbf29ce484222325 };
	all->of[i].hash = (all->of[i].hash ^ ip) * 0x100000001b3;
	all->of[i].count++;
}

static void ignore_gap(void *self, int32_t tid)
{
	(void)self, (void)tid;
}

static int by_tid(const void *left, const void *right)
{
	const thread_hash *a = left, *b = right;
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

/* "TID COUNT HASH" lines, as the .hash files hold them. */
static void print_hashes(hashes *all, char *text, size_t size)
{
	size_t used = 0;
	text[0] = 0;
	qsort(all->of, all->count, sizeof *all->of, by_tid);
	for (uint32_t i = 0; i < all->count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%d %" PRIu64 " %016" PRIx64 "\n", all->of[i].tid,
			all->of[i].count, all->of[i].hash);
}

static void read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t length = file ? fread(text, 1, size - 1, file) : 0;
	text[length] = 0;
	if (file)
		fclose(file);
}

/* Decodes a trace; hashes it as script would print it and as the views show it. */
static ptm_status decode(const char *trace, const char *symfs, hashes *script, hashes *views)
{
	const stream_visitor to_script = { add_instruction, ignore_gap, script };
	const stream_visitor to_views = { add_instruction, ignore_gap, views };

	ptm_session *session = ptm_session_new();
	if (!session)
		return PTM_NO_MEMORY;
	ptm_status status = ptm_open_with_symfs(session, trace, symfs);
	if (status == PTM_OK)
		status = ptm_decode_all(session, 1u << 16);
	if (status == PTM_OK)
		status = stream_samples(session, &to_script);
	if (status == PTM_OK)
		status = stream_instructions(session, &to_views);
	if (status != PTM_OK && !ptm_session_message(session)[0])
		status = PTM_BAD_REQUEST; /* a failure must come with a sentence */
	ptm_session_free(session);
	return status;
}

/* Both streams of a fixture against the truth's hashes; of one that loses trace, against each other. */
static void check_fixture(const char *fixtures, const char *name, const char *truth)
{
	static hashes script, views;
	char path[1024], symfs[1024], by_script[4096], by_views[4096], wanted[4096];
	memset(&script, 0, sizeof script);
	memset(&views, 0, sizeof views);
	snprintf(path, sizeof path, "%s/%s.perf.data", fixtures, name);
	snprintf(symfs, sizeof symfs, "%s/symfs", fixtures);
	check_number(decode(path, symfs, &script, &views), PTM_OK, name, __FILE__, __LINE__);
	print_hashes(&script, by_script, sizeof by_script);
	print_hashes(&views, by_views, sizeof by_views);
	snprintf(path, sizeof path, "%s/%s.hash", fixtures, truth);
	read_text(path, wanted, sizeof wanted);
	if (strstr(name, "ovf") || strstr(name, "truncated")) {
		check_text(by_views, by_script, name, __FILE__, __LINE__);
		return;
	}
	check_text(by_views, wanted, name, __FILE__, __LINE__);
	if (!strstr(name, "notime")) /* without times perf attributes nothing to a thread, and so does script */
		check_text(by_script, wanted, name, __FILE__, __LINE__);
}

/* Writes `bytes` as a file, decodes it, and is content with whatever comes back. */
static void survive(const char *symfs, const uint8_t *bytes, size_t length)
{
	static hashes script, views;
	char path[] = "/tmp/ptarmigan-case-XXXXXX";
	int file = mkstemp(path);
	if (file < 0)
		return;
	script.count = views.count = 0;
	if (write(file, bytes, length) == (ssize_t)length) {
		(void)!decode(path, symfs, &script, &views);
		check_passed++;
	}
	close(file);
	unlink(path);
	ptm_host_close_all();
}

/* One trace cut at many places, then with bytes changed at many places. */
static void check_damage(const char *fixtures, const char *name, size_t cuts, size_t changes)
{
	static uint8_t bytes[1 << 16], damaged[1 << 16];
	char path[1024], symfs[1024];
	snprintf(path, sizeof path, "%s/%s.perf.data", fixtures, name);
	snprintf(symfs, sizeof symfs, "%s/symfs", fixtures);
	FILE *file = fopen(path, "rb");
	size_t length = file ? fread(bytes, 1, sizeof bytes, file) : 0;
	if (file)
		fclose(file);
	CHECK(length > 1000 && length < sizeof bytes);
	for (size_t i = 0; i < cuts; i++)
		survive(symfs, bytes, i < cuts / 2 ? i * 7 : length * i / cuts);
	uint32_t random = 1;
	for (size_t i = 0; i < changes; i++) {
		memcpy(damaged, bytes, length);
		for (int k = 0; k < 3; k++) {
			random = random * 1664525u + 1013904223u;
			damaged[(random >> 8) % (i % 2 ? length : 4096)] ^= (uint8_t)(1u << (random >> 29));
		}
		survive(symfs, damaged, length);
	}
}

int main(int argc, char **argv)
{
	char path[1024], line[512], name[128], truth[128];
	if (argc != 2)
		return 2;
	snprintf(path, sizeof path, "%s/index.tsv", argv[1]);
	FILE *index = fopen(path, "r");
	CHECK(index);
	for (int number = 0; index && fgets(line, sizeof line, index); number++)
		if (number && sscanf(line, "%127s %*s %127s", name, truth) == 2)
			check_fixture(argv[1], name, truth);
	if (index)
		fclose(index);
	check_damage(argv[1], "signals-cyc", 200, 200);
	check_damage(argv[1], "tsx", 60, 120);
	return check_report("cases");
}
