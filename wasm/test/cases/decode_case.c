/* SPDX-License-Identifier: Apache-2.0 */
/* Native cases: each fixture decoded with sanitizers, its instructions per
 * thread hashed and held against the truth's hashes; then the same trace cut
 * short and damaged, where only not crashing and coming to an end counts.
 * Usage: decode_case FIXTURES. Says nothing about perf's format: judge.mjs does. */
#include "base/table.h"
#include "check.h"
#include "cli/host.h"
#include "cli/open.h"
#include <stdlib.h>
#include <unistd.h>

enum { MOST_THREADS = 64, ROWS = 4096, INSTRUCTIONS = 2, ERRORS = 4 };

typedef struct thread_hash {
	int32_t tid;
	uint64_t count, hash;
} thread_hash;

typedef struct hashes {
	thread_hash of[MOST_THREADS];
	uint32_t count;
} hashes;

static void add_instruction(hashes *all, int32_t tid, uint64_t ip)
{
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

static int by_tid(const void *left, const void *right)
{
	const thread_hash *a = left, *b = right;
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

/* Walks the samples table from its start to its end. Returns the last status. */
static ptm_status read_samples(ptm_session *session, hashes *all)
{
	ptm_request request = { .table = PTM_TABLE_samples, .thread = PTM_ALL, .queue = PTM_ALL,
		.flags = INSTRUCTIONS | ERRORS, .count = ROWS };
	for (;;) {
		ptm_table *table;
		ptm_status status;
		while ((status = ptm_query(session, &request, &table)) == PTM_MORE)
			;
		if (status != PTM_OK)
			return status;
		uint32_t rows = ptm_table_rows(table);
		const uint8_t *kinds = ptm_table_data(table, PTM_samples_kind);
		const int32_t *tids = ptm_table_data(table, PTM_samples_tid);
		const uint64_t *ips = ptm_table_data(table, PTM_samples_ip);
		for (uint32_t row = 0; row < rows; row++)
			if (kinds[row] == INSTRUCTIONS)
				add_instruction(all, tids[row], ips[row]);
		ptm_table_free(table);
		if (!rows)
			return PTM_OK;
		request.first += rows;
	}
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

static ptm_status decode(const char *trace, const char *symfs, hashes *all)
{
	ptm_session *session = ptm_session_new();
	if (!session)
		return PTM_NO_MEMORY;
	ptm_status status = ptm_open_with_symfs(session, trace, symfs);
	if (status == PTM_OK)
		status = ptm_decode_all(session, 1u << 16);
	if (status == PTM_OK)
		status = read_samples(session, all);
	if (status != PTM_OK && !ptm_session_message(session)[0])
		status = PTM_BAD_REQUEST; /* a failure must come with a sentence */
	ptm_session_free(session);
	return status;
}

static void check_truth(const char *fixtures, const char *name, const char *truth)
{
	static hashes all;
	char path[1024], symfs[1024], got[4096], wanted[4096];
	memset(&all, 0, sizeof all);
	snprintf(path, sizeof path, "%s/%s.perf.data", fixtures, name);
	snprintf(symfs, sizeof symfs, "%s/symfs", fixtures);
	check_number(decode(path, symfs, &all), PTM_OK, name, __FILE__, __LINE__);
	print_hashes(&all, got, sizeof got);
	snprintf(path, sizeof path, "%s/%s.hash", fixtures, truth);
	read_text(path, wanted, sizeof wanted);
	check_text(got, wanted, name, __FILE__, __LINE__);
}

/* Writes `bytes` as a file, decodes it, and is content with whatever comes back. */
static void survive(const char *symfs, const uint8_t *bytes, size_t length)
{
	static hashes all;
	char path[] = "/tmp/ptarmigan-case-XXXXXX";
	int file = mkstemp(path);
	if (file < 0)
		return;
	all.count = 0;
	if (write(file, bytes, length) == (ssize_t)length) {
		decode(path, symfs, &all);
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
		if (number && sscanf(line, "%127s %*s %127s", name, truth) == 2 && !strstr(name, "ovf") && !strstr(name, "truncated"))
			check_truth(argv[1], name, truth);
	if (index)
		fclose(index);
	check_damage(argv[1], "signals-cyc", 200, 200);
	check_damage(argv[1], "tsx", 60, 120);
	return check_report("cases");
}
