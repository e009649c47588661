/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of time ranges and threads, decoded again by the fast path and by the
 * slow path alone: the tables must be the same to the last byte.
 * Usage: windows TRACE SYMFS, or windows FIXTURES for all traces there. Exits 1 where they differ. */
#include "api/session.h"
#include "cli/host.h"
#include "cli/open.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

enum { RANGES = 6, MOST_THREADS = 4 };

static ptm_status decode_all(ptm_session *session)
{
	for (uint32_t segment = 0; segment < ptm_session_segments(session); segment++) {
		size_t length;
		PTM_TRY(ptm_decode_start(session, segment));
		ptm_status status = PTM_MORE;
		while (status == PTM_MORE)
			status = ptm_decode_step(session, 1u << 20);
		if (status != PTM_END)
			return status;
		const uint8_t *part = ptm_decode_part(session, &length);
		PTM_TRY(ptm_session_merge(session, part, length));
	}
	return PTM_OK;
}

/* NULL: it cannot be opened. */
static ptm_session *open_trace(const char *trace, const char *symfs, bool slow)
{
	ptm_session *session = ptm_session_new();
	if (session && ptm_open_with_symfs(session, trace, symfs) == PTM_OK) {
		session->without_cache = slow;
		if (decode_all(session) == PTM_OK)
			return session;
	}
	ptm_session_free(session);
	return NULL;
}

static ptm_table *ask(ptm_session *session, const ptm_request *request)
{
	ptm_table *table = NULL;
	ptm_status status = PTM_MORE;
	while (status == PTM_MORE)
		status = ptm_query(session, request, &table);
	return status == PTM_OK ? table : NULL;
}

/* Rows of functions depend on when they were found: two are the same when both name the same. */
static bool same_functions(ptm_session *fast, ptm_session *slow, const uint32_t *a, const uint32_t *b, uint32_t rows)
{
	const ptm_request request = { .table = PTM_TABLE_functions };
	ptm_table *x = ask(fast, &request), *y = ask(slow, &request);
	const uint32_t *from_x = ptm_table_data(x, PTM_functions_name), *from_y = ptm_table_data(y, PTM_functions_name);
	uint32_t length;
	const char *pool_x = ptm_table_pool(x, PTM_functions_name, &length), *pool_y = ptm_table_pool(y, PTM_functions_name, &length);
	bool is_same = true;

	for (uint32_t row = 0; row < rows && is_same; row++) {
		uint32_t bytes = from_x[a[row] + 1] - from_x[a[row]];
		is_same = bytes == from_y[b[row] + 1] - from_y[b[row]] && !memcmp(pool_x + from_x[a[row]], pool_y + from_y[b[row]], bytes);
	}
	ptm_table_free(x);
	ptm_table_free(y);
	return is_same;
}

static bool same(ptm_session *fast, ptm_session *slow, const ptm_table *a, const ptm_table *b)
{
	if (!a || !b || ptm_table_rows(a) != ptm_table_rows(b))
		return !a && !b;
	const ptm_table_info *info = ptm_table_info_of(ptm_table_kind(a));
	for (uint32_t column = 0; column < info->column_count; column++) {
		const void *data_a = ptm_table_data(a, column), *data_b = ptm_table_data(b, column);
		bool is_text = info->columns[column].type == PTM_COLUMN_str;
		size_t bytes = (size_t)(ptm_table_rows(a) + is_text) * info->columns[column].size;
		if (!memcmp(data_a, data_b, bytes))
			continue;
		if (strcmp(info->columns[column].name, "function") || !same_functions(fast, slow, data_a, data_b, ptm_table_rows(a)))
			return false;
	}
	return true;
}

static uint32_t compare_one(ptm_session *fast, ptm_session *slow, const char *name, const ptm_request *request)
{
	ptm_table *a = ask(fast, request), *b = ask(slow, request);
	bool is_same = same(fast, slow, a, b);
	if (!is_same)
		fprintf(stderr, "windows: %s: table %u, thread %d, %.0f to %.0f ns: %u and %u rows, not the same\n", name, request->table,
			(int)request->thread, request->start_ns, request->end_ns, a ? ptm_table_rows(a) : 0, b ? ptm_table_rows(b) : 0);
	ptm_table_free(a);
	ptm_table_free(b);
	return !is_same;
}

/* From the trace's start to the end of its last call. */
static uint64_t length_of(ptm_session *session)
{
	ptm_table *calls = ask(session, &(ptm_request){ .table = PTM_TABLE_calls, .thread = PTM_ALL, .queue = PTM_ALL, .count = 1000 });
	const double *ends = calls ? ptm_table_data(calls, PTM_calls_end_ns) : NULL;
	double last = 0;
	for (uint32_t row = 0; calls && row < ptm_table_rows(calls); row++)
		last = ends[row] > last ? ends[row] : last;
	ptm_table_free(calls);
	return (uint64_t)last;
}

static uint32_t compare(const char *name, const char *trace, const char *symfs, uint64_t *windows)
{
	static const uint32_t tables[] = { PTM_TABLE_call_tree, PTM_TABLE_calls, PTM_TABLE_blocks };
	ptm_session *fast = open_trace(trace, symfs, false), *slow = open_trace(trace, symfs, true);
	uint32_t differ = !fast != !slow, threads = fast && slow ? fast->sideband.threads.length : 0;
	uint64_t length = fast ? length_of(fast) : 0;

	for (uint32_t thread = 0; thread < threads && thread <= MOST_THREADS; thread++)
		for (uint32_t range = 0; range <= RANGES; range++)
			for (uint32_t i = 0; i < sizeof tables / sizeof *tables; i++) {
				/* The last range is the whole trace; the others overlap. */
				ptm_request request = { .table = tables[i], .thread = thread ? thread : PTM_ALL, .queue = PTM_ALL, .count = 1000,
							.start_ns = range == RANGES ? 0 : (double)(length * range / (RANGES + 2)),
							.end_ns = range == RANGES ? 0 : (double)(length * (range + 2) / (RANGES + 2)) };
				++*windows;
				differ += compare_one(fast, slow, name, &request);
			}
	ptm_session_free(fast);
	ptm_session_free(slow);
	ptm_host_close_all();
	return differ;
}

int main(int argc, char **argv)
{
	char symfs[4096], path[4096];
	uint64_t windows = 0;
	uint32_t differ = 0;
	struct dirent *entry;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: windows TRACE SYMFS, or windows FIXTURES\n");
		return 2;
	}
	DIR *list = argc == 2 ? opendir(argv[1]) : NULL;
	snprintf(symfs, sizeof symfs, "%s/symfs", argv[1]);
	while (list && (entry = readdir(list))) {
		if (!strstr(entry->d_name, ".perf.data"))
			continue;
		snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
		differ += compare(entry->d_name, path, symfs, &windows);
	}
	if (list)
		closedir(list);
	if (argc == 3)
		differ = compare(argv[1], argv[1], argv[2], &windows);
	printf("windows: %" PRIu64 " tables of time ranges and threads, %u differ\n", windows, differ);
	return differ || !windows;
}
