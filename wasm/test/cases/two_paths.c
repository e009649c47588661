/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes traces by the fast path and by the slow path alone, and compares the
 * parts of all segments byte for byte, and every visit where the fast path logs
 * its decisions (PTM_CACHED_LOGS: in the build with sanitizers).
 * Usage: two_paths TRACE SYMFS [STEP-BYTES] for one trace, or
 *        two_paths FIXTURES for all traces there, whole and damaged.
 * Exits 1 where they differ. */
#include "api/session.h"
#include "cli/host.h"
#include "cli/open.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { DAMAGED = 12, FLIPS = 40, STEP = 5000 };

/* Visits compared. */
static uint64_t visited;

/* Decodes one segment; the part stays the session's. */
static ptm_status decode(ptm_session *session, uint32_t segment, uint32_t step, const uint8_t **part, size_t *length)
{
	PTM_TRY(ptm_decode_start(session, segment));
	ptm_status status = PTM_MORE;
	while (status == PTM_MORE)
		status = ptm_decode_step(session, step);
	if (status != PTM_END)
		return status;
	*part = ptm_decode_part(session, length);
	return PTM_OK;
}

/* NULL: the trace cannot be opened, which a damaged one may well be. */
static ptm_session *open_trace(const char *trace, const char *symfs, bool slow)
{
	ptm_session *session = ptm_session_new();
	if (session && ptm_open_with_symfs(session, trace, symfs) == PTM_OK) {
		session->without_cache = slow;
		return session;
	}
	ptm_session_free(session);
	return NULL;
}

#ifdef PTM_CACHED_LOGS
/* A visit: where it starts, how many instructions, and whether a conditional branch at its end was passed by. */
typedef struct visit { uint64_t ip; uint32_t instructions, passed; } visit;
typedef struct visits { PTM_ARRAY(visit) at; } visits;

static void add(visits *visits, const ptm_block *block, uint32_t instructions, bool passed)
{
	visit made = { block->ip, instructions, passed };
	if (ptm_array_push(&visits->at, made) != PTM_OK)
		abort();
}

/* The blocks on the paths of the nodes decided, in order. */
static void add_edges(visits *visits, const ptm_session *session, ptm_cached_log *log)
{
	const ptm_graph *graph = &session->graph;
	for (uint32_t i = 0; i < log->edges.length; i++) {
		const ptm_node_code *code = &graph->codes[log->edges.at[i] >> 1];
		bool passed = code->kind == PTM_NODE_BRANCH && !(log->edges.at[i] & 1);
		for (uint32_t k = 0; k < code->block_count; k++) {
			const ptm_block *block = &session->blocks.blocks.at[graph->rows.at[code->first_block + k]];
			add(visits, block, block->instructions, passed && k + 1 == code->block_count);
		}
	}
	log->edges.length = 0;
}

static bool run_fast(ptm_session *session, ptm_cached_log *log, uint32_t step, visits *visits)
{
	bool left = true;
	uint32_t thread;
	bool entered = ptm_cached_inside(session->cached);
	if (!entered) {
		if (ptm_cached_enter(session->cached, &entered, &thread) != PTM_OK)
			abort();
		ptm_part_before_entry(session->part, thread);
	}
	if (entered && ptm_part_run_fast(session->part, session->cached, ptm_flow_offset(session->flow) + step, false, &left) != PTM_OK)
		abort();
	add_edges(visits, session, log);
	return !left;
}

/* All visits of a segment; the session's part is left unfinished. */
static void list_visits(ptm_session *session, uint32_t segment, uint32_t step, visits *visits)
{
	ptm_cached_log log = { 0 };
	ptm_item item;
	if (ptm_decode_start(session, segment) != PTM_OK)
		return;
	bool is_fast = session->cached;
	ptm_cached_free(session->cached);
	session->cached = NULL;
	if (is_fast && ptm_cached_new(&session->cached, ptm_flow_pt(session->flow), &session->graph, &log) != PTM_OK)
		abort();
	do {
		while (is_fast && run_fast(session, &log, step, visits))
			;
		item.kind = PTM_ITEM_EVENT;
		if (ptm_flow_next(session->flow, &item) != PTM_OK)
			break;
		if (item.kind == PTM_ITEM_VISIT)
			add(visits, &session->blocks.blocks.at[item.block], item.instructions, item.end == PTM_END_NOT_TAKEN);
		if (ptm_part_take(session->part, &item) != PTM_OK)
			abort();
	} while (true);
	ptm_array_free(&log.edges);
}

/* Returns how many segments have other visits by the two paths. */
static uint32_t compare_visits(const char *name, const char *trace, const char *symfs, uint32_t step)
{
	ptm_session *fast = open_trace(trace, symfs, false), *slow = open_trace(trace, symfs, true);
	uint32_t differ = 0;

	for (uint32_t segment = 0; fast && slow && segment < ptm_session_segments(fast); segment++) {
		visits a = { 0 }, b = { 0 };
		uint32_t at = 0;
		list_visits(fast, segment, step, &a);
		list_visits(slow, segment, step, &b);
		while (at < a.at.length && at < b.at.length && !memcmp(&a.at.at[at], &b.at.at[at], sizeof *a.at.at))
			at++;
		visited += b.at.length;
		if (at < a.at.length || at < b.at.length) {
			differ++;
			fprintf(stderr, "two_paths: %s: segment %u: %u and %u visits, first difference at %u\n", name, segment,
				a.at.length, b.at.length, at);
		}
		ptm_array_free(&a.at);
		ptm_array_free(&b.at);
	}
	ptm_session_free(fast);
	ptm_session_free(slow);
	ptm_host_close_all();
	return differ;
}
#else
static uint32_t compare_visits(const char *name, const char *trace, const char *symfs, uint32_t step)
{
	(void)name, (void)trace, (void)symfs, (void)step;
	return 0;
}
#endif

/* Returns how many segments differ; `name` is for what is said about them. */
static uint32_t compare(const char *name, const char *trace, const char *symfs, uint32_t step, uint64_t *segments)
{
	uint32_t differ = compare_visits(name, trace, symfs, step);
	ptm_session *fast = open_trace(trace, symfs, false), *slow = open_trace(trace, symfs, true);

	differ += !fast != !slow;

	for (uint32_t segment = 0; fast && slow && segment < ptm_session_segments(fast); segment++) {
		const uint8_t *a = NULL, *b = NULL;
		size_t length_a = 0, length_b = 0, at = 0;
		ptm_status status_a = decode(fast, segment, step, &a, &length_a);
		ptm_status status_b = decode(slow, segment, 1u << 20, &b, &length_b);
		while (at < length_a && at < length_b && a[at] == b[at])
			at++;
		++*segments;
		if (status_a == status_b && length_a == length_b && at == length_a)
			continue;
		differ++;
		fprintf(stderr, "two_paths: %s: segment %u: status %d and %d, %zu and %zu bytes, first difference at %zu\n", name, segment,
			status_a, status_b, length_a, length_b, at);
	}
	ptm_session_free(fast);
	ptm_session_free(slow);
	ptm_host_close_all();
	return differ;
}

static uint32_t next_random(uint32_t *seed)
{
	return *seed = *seed * 1664525 + 1013904223;
}

/* The trace with bits turned, most of them in the second half, where the AUX data is. */
static uint32_t compare_damaged(const char *name, const char *trace, const char *symfs, uint64_t *segments)
{
	static uint8_t bytes[1 << 21];
	FILE *file = fopen(trace, "rb");
	size_t length = file ? fread(bytes, 1, sizeof bytes, file) : 0;
	uint32_t differ = 0, seed = (uint32_t)length;
	if (file)
		fclose(file);
	for (uint32_t turn = 0; turn < DAMAGED && length > 4096; turn++) {
		char path[] = "/tmp/ptarmigan-paths-XXXXXX";
		int made = mkstemp(path);
		FILE *damaged = made < 0 ? NULL : fdopen(made, "wb");
		for (uint32_t i = 0; i < FLIPS; i++)
			bytes[length / 4 + next_random(&seed) % (length - length / 4)] ^= (uint8_t)(1u << (next_random(&seed) >> 29));
		if (!damaged || fwrite(bytes, 1, length, damaged) != length || fclose(damaged))
			return differ + 1;
		differ += compare(name, path, symfs, STEP, segments);
		unlink(path);
	}
	return differ;
}

static int compare_fixtures(const char *folder)
{
	char symfs[4096], path[4096];
	uint64_t segments = 0, traces = 0;
	uint32_t differ = 0;
	DIR *list = opendir(folder);
	struct dirent *entry;

	snprintf(symfs, sizeof symfs, "%s/symfs", folder);
	while (list && (entry = readdir(list))) {
		if (!strstr(entry->d_name, ".perf.data"))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		traces++;
		differ += compare(entry->d_name, path, symfs, STEP, &segments);
		differ += compare_damaged(entry->d_name, path, symfs, &segments);
	}
	if (list)
		closedir(list);
	printf("two_paths: %" PRIu64 " traces, whole and damaged, %" PRIu64 " segments and %" PRIu64 " visits, %u differ\n", traces, segments, visited, differ);
	return differ || !traces;
}

int main(int argc, char **argv)
{
	uint64_t segments = 0;

	if (argc == 2)
		return compare_fixtures(argv[1]);
	if (argc < 3) {
		fprintf(stderr, "usage: two_paths TRACE SYMFS [STEP-BYTES], or two_paths FIXTURES\n");
		return 2;
	}
	uint32_t differ = compare(argv[1], argv[1], argv[2], argc > 3 ? (uint32_t)atoi(argv[3]) : 1u << 16, &segments);
	printf("%s: %" PRIu64 " segments and %" PRIu64 " visits, %u differ\n", argv[1], segments, visited, differ);
	return differ || !segments;
}
