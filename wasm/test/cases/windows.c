/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of time ranges and threads, decoded again by the fast path and by the
 * slow path alone: the tables must be the same to the last byte. And call trees
 * summed from what is known of many small segments: the same weights of each function
 * as decoded, and at each path the same however the segments were cut. Of cycles and
 * instructions only totals are compared: a measurement may have a cut in it, and who
 * decodes a range alone may take a jump on an unknown stack for another function's.
 * Nor does he see the call on which the range begins. One of them keeps but the coarsest sums. The clock at each checkpoint is
 * held against a scan of its segment.
 * Usage: windows TRACE SYMFS, or windows FIXTURES for all traces there. Exits 1 where they differ. */
#include "api/session.h"
#include "profile/joined.h"
#include "cli/host.h"
#include "cli/open.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

enum { RANGES = 6, MOST_THREADS = 4, MANY_SEGMENTS = 64, FEW_SEGMENTS = 24, LEAST_SEGMENT = 256 };

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

/* So that few segments are enough for each coarser sum, which takes the place of the finer ones. */
static ptm_status keep_little(ptm_session *session)
{
	ptm_sums *sums = &session->profile->sums;
	sums->span = 2;
	sums->most = 1;
	return ptm_sums_expect(sums, session->segments.length);
}

/* NULL: it cannot be opened. */
static ptm_session *open_trace(const char *trace, const char *symfs, bool slow, uint32_t segment_bytes, bool is_scarce)
{
	ptm_session *session = ptm_session_new();
	if (session && segment_bytes)
		ptm_session_segment_bytes(session, segment_bytes);
	if (session && ptm_open_with_symfs(session, trace, symfs) == PTM_OK) {
		session->without_cache = slow;
		if ((!is_scarce || keep_little(session) == PTM_OK) && decode_all(session) == PTM_OK)
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
	/* A tree that is a sum is compared as such. */
	bool is_same = (request->table == PTM_TABLE_call_tree && ptm_range_is_summed(fast)) || same(fast, slow, a, b);
	if (!is_same)
		fprintf(stderr, "windows: %s: table %u, thread %d, %.0f to %.0f ns: %u and %u rows, not the same\n", name, request->table,
			(int)request->thread, request->start_ns, request->end_ns, a ? ptm_table_rows(a) : 0, b ? ptm_table_rows(b) : 0);
	ptm_table_free(a);
	ptm_table_free(b);
	return !is_same;
}

/* ----------------------------------------------------------- summed trees */

enum { CALLS, NS, INSTRUCTIONS, CYCLES, WEIGHTS };

/* Rows of a path, or of a function, as a number made of names; what they weigh. */
typedef struct weighed { uint64_t id; double weights[WEIGHTS]; } weighed;
typedef struct listed { weighed *at; uint32_t count; } listed;

static uint64_t mixed(uint64_t id, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		id = (id ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
	return id;
}

static int by_id(const void *left, const void *right)
{
	const weighed *a = left, *b = right;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* Rows of one number are one; those that weigh nothing are none. */
static uint32_t united(weighed *rows, uint32_t count)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < count; i++) {
		const double *weights = rows[i].weights;
		if (!(weights[CALLS] + weights[NS] + weights[INSTRUCTIONS] + weights[CYCLES] > 0))
			continue;
		if (!left || rows[left - 1].id != rows[i].id) {
			rows[left++] = rows[i];
			continue;
		}
		for (uint32_t k = 0; k < WEIGHTS; k++)
			rows[left - 1].weights[k] += weights[k];
	}
	return left;
}

static listed list_of(ptm_session *session, const ptm_table *tree, bool by_path)
{
	static const uint32_t columns[WEIGHTS] = { PTM_call_tree_calls, PTM_call_tree_self_ns, PTM_call_tree_self_instructions, PTM_call_tree_self_cycles };
	const ptm_request request = { .table = PTM_TABLE_functions };
	ptm_table *functions = ask(session, &request);
	const uint32_t *names = ptm_table_data(functions, PTM_functions_name), *parent = ptm_table_data(tree, PTM_call_tree_parent);
	const uint32_t *function = ptm_table_data(tree, PTM_call_tree_function), *thread = ptm_table_data(tree, PTM_call_tree_thread);
	uint32_t length, rows = ptm_table_rows(tree);
	const char *pool = ptm_table_pool(functions, PTM_functions_name, &length);
	listed list = { calloc(rows + 1, sizeof *list.at), rows };

	for (uint32_t row = 0; row < rows; row++) {
		uint64_t above = !by_path || parent[row] == PTM_ALL ? thread[row] : list.at[parent[row]].id;
		uint32_t from = names[function[row]];
		list.at[row].id = mixed(mixed(above, "/", 1), pool + from, names[function[row] + 1] - from);
		for (uint32_t i = 0; i < WEIGHTS; i++) {
			double weight = ((const double *)ptm_table_data(tree, columns[i]))[row];
			list.at[row].weights[i] = weight == weight ? weight : 0;
		}
	}
	qsort(list.at, rows, sizeof *list.at, by_id);
	list.count = united(list.at, rows);
	ptm_table_free(functions);
	return list;
}

/* `lost`: so many calls may be missing in `b`. */
static bool same_weights(const listed *a, const listed *b, double lost)
{
	double cycles = 0, instructions = 0;
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		const double *x = a->at[i].weights, *y = b->at[i].weights;
		if (a->at[i].id != b->at[i].id || x[NS] != y[NS] || x[CALLS] < y[CALLS])
			return false;
		lost -= x[CALLS] - y[CALLS];
		cycles += x[CYCLES] - y[CYCLES];
		instructions += x[INSTRUCTIONS] - y[INSTRUCTIONS];
	}
	return lost >= 0 && cycles == 0 && instructions == 0;
}

typedef struct sums { ptm_session *fine, *coarse; uint64_t count; } sums;

static uint32_t compare_sums(sums *sums, ptm_session *slow, const char *name, const ptm_request *request)
{
	ptm_table *a = ask(sums->fine, request), *b = ask(sums->coarse, request), *c = ask(slow, request);
	bool are_sums = ptm_range_is_summed(sums->fine) && ptm_range_is_summed(sums->coarse), is_same = a && b && c;

	if (is_same && are_sums) {
		listed x = list_of(sums->fine, a, true), y = list_of(sums->coarse, b, true);
		listed own = list_of(sums->fine, a, false), decoded = list_of(slow, c, false);
		is_same = same_weights(&x, &y, 0) && same_weights(&own, &decoded, slow->sideband.threads.length);
		free(x.at);
		free(y.at);
		free(own.at);
		free(decoded.at);
		sums->count++;
	}
	if (!is_same)
		fprintf(stderr, "windows: %s: summed call tree, thread %d, %.0f to %.0f ns: not the same\n", name,
			(int)request->thread, request->start_ns, request->end_ns);
	ptm_table_free(a);
	ptm_table_free(b);
	ptm_table_free(c);
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

/* So small that there are about `count`. */
/* ----------------------------------------------------------------- clocks */

/* Checkpoints at which decoding would start with another clock than all packets of their segment say. */
static uint32_t compare_clocks(ptm_session *session, const char *name, uint64_t *clocks)
{
	uint32_t count, differ = 0;
	const ptm_checkpoint *rows = session ? ptm_profile_checkpoints(session->profile, &count) : NULL;

	for (uint32_t i = 0; rows && i < count; i++) {
		const ptm_segment *segment = &session->segments.at[ptm_segment_at(session, rows[i].queue, rows[i].offset)];
		ptm_replay replay;
		ptm_flow_config config;
		uint64_t packets;
		if (ptm_replay_start(session, rows[i].queue, &rows[i], &replay) != PTM_OK)
			abort();
		ptm_stream_config(&replay.stream, &config);
		if (ptm_segment_clock(session, (uint32_t)(segment - session->segments.at)) != PTM_OK)
			abort();
		ptm_clock scanned = segment->clock;
		if (rows[i].offset > segment->offset && ptm_flow_scan(&config, segment->offset, rows[i].offset, &scanned, &packets) != PTM_OK)
			abort();
		ptm_clock a = ptm_clock_at_cut(&replay.clock), b = ptm_clock_at_cut(&scanned);
		if (session->flow_source == PTM_SOURCE_PT && memcmp(&a, &b, sizeof a)) {
			differ++;
			fprintf(stderr, "windows: %s: the clock kept before 0x%" PRIx64 " is not the one that is scanned for\n", name, rows[i].offset);
		}
		ptm_replay_free(&replay);
		++*clocks;
	}
	return differ;
}

static uint32_t small_segment(const char *trace, uint32_t count)
{
	struct stat facts;
	uint64_t bytes = stat(trace, &facts) ? 0 : (uint64_t)facts.st_size / count;
	return bytes < LEAST_SEGMENT ? LEAST_SEGMENT : (uint32_t)bytes;
}

typedef struct counts { uint64_t windows, sums, clocks; } counts;

static uint32_t compare(const char *name, const char *trace, const char *symfs, counts *counts)
{
	static const uint32_t tables[] = { PTM_TABLE_call_tree, PTM_TABLE_calls, PTM_TABLE_blocks };
	ptm_session *fast = open_trace(trace, symfs, false, 0, false), *slow = open_trace(trace, symfs, true, 0, false);
	sums sums = { open_trace(trace, symfs, false, small_segment(trace, MANY_SEGMENTS), true), open_trace(trace, symfs, false, small_segment(trace, FEW_SEGMENTS), false), 0 };
	uint32_t differ = !fast != !slow || !fast != !sums.fine || !fast != !sums.coarse, threads = fast && slow && sums.fine && sums.coarse ? fast->sideband.threads.length : 0;
	uint64_t length = fast ? length_of(fast) : 0;

	for (uint32_t thread = 0; thread < threads && thread <= MOST_THREADS; thread++)
		for (uint32_t range = 0; range <= RANGES; range++)
			for (uint32_t i = 0; i < sizeof tables / sizeof *tables; i++) {
				/* The last range is the whole trace; the others overlap. */
				ptm_request request = { .table = tables[i], .thread = thread ? thread : PTM_ALL, .queue = PTM_ALL, .count = 1000,
							.start_ns = range == RANGES ? 0 : (double)(length * range / (RANGES + 2)),
							.end_ns = range == RANGES ? 0 : (double)(length * (range + 2) / (RANGES + 2)) };
				counts->windows++;
				differ += compare_one(fast, slow, name, &request);
				if (tables[i] == PTM_TABLE_call_tree)
					differ += compare_sums(&sums, slow, name, &request);
			}
	differ += compare_clocks(fast, name, &counts->clocks) + compare_clocks(sums.coarse, name, &counts->clocks);
	ptm_session_free(fast);
	ptm_session_free(slow);
	ptm_session_free(sums.fine);
	ptm_session_free(sums.coarse);
	counts->sums += sums.count;
	ptm_host_close_all();
	return differ;
}

int main(int argc, char **argv)
{
	char symfs[4096], path[4096];
	counts counts = { 0 };
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
		differ += compare(entry->d_name, path, symfs, &counts);
	}
	if (list)
		closedir(list);
	if (argc == 3)
		differ = compare(argv[1], argv[1], argv[2], &counts);
	printf("windows: %" PRIu64 " tables of time ranges and threads, %" PRIu64 " more call trees are sums, clocks at %" PRIu64 " checkpoints, %u differ\n",
		counts.windows, counts.sums, counts.clocks, differ);
	return differ || !counts.windows || !counts.sums || !counts.clocks;
}
