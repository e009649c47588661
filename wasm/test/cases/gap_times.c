/* SPDX-License-Identifier: Apache-2.0 */
/* What is lost, in bytes and in time, is the same however a trace is cut into segments, in which order these are
 * decoded, and by which path: the table of gaps of each way is held against that of the trace in one segment, for whole
 * traces and for damaged ones. Of these only such as have CYC packets: without them a damaged byte may become the first,
 * and what time it tells depends on when the bus ratio changed last, which no cut knows. And where a thread goes on
 * after a loss of its own, the list of its instructions says so. Usage: gap_times FIXTURES [DAMAGED]. Exits 1 where they differ. */
#include "api/session.h"
#include "cli/host.h"
#include "cli/open.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 20, CHANGES = 4, OVERFLOW_BYTES = 40 };

typedef struct way {
	uint32_t segment_bytes;
	bool slow, backwards;
} way;

static const way ways[] = { { 1u << 30, true, false }, { 1u << 30, false, false }, { 1500, false, false }, { 1500, true, true }, { 256, false, true } };

typedef struct ledger {
	PTM_ARRAY(char) text;
	uint32_t losses, timed;  /* and those of them that took time */
	uint32_t untold;         /* runs after one that do not tell it */
} ledger;

static ptm_status decode(ptm_session *session, uint32_t segment)
{
	ptm_status status;
	size_t length;

	PTM_TRY(ptm_decode_start(session, segment));
	while ((status = ptm_decode_step(session, 1u << 20)) == PTM_MORE)
		;
	if (status != PTM_END)
		return status;
	const uint8_t *part = ptm_decode_part(session, &length);
	return ptm_session_merge(session, part, length);
}

static ptm_status put(ledger *ledger, const char *line)
{
	for (const char *at = line; *at; at++)
		PTM_TRY(ptm_array_push(&ledger->text, *at));
	return PTM_OK;
}

static ptm_status write_gaps(ptm_session *session, ledger *ledger)
{
	uint32_t count;
	char line[200];
	const ptm_gap *gaps = ptm_profile_gaps(session->profile, &count);

	for (uint32_t i = 0; i < count; i++) {
		const ptm_gap *gap = &gaps[i];
		bool lost = ptm_gap_is_loss(gap->reason);
		ledger->losses += lost;
		ledger->timed += lost && gap->missing_ns;
		snprintf(line, sizeof line, "reason %u thread %u queue %u offset 0x%" PRIx64 " from %" PRIu64 " to %" PRIu64 " ns, missing %" PRIu64 " ns %" PRIu64 " bytes, count %" PRIu64 "\n",
			gap->reason, gap->thread, gap->queue, gap->offset, gap->start_ns, gap->end_ns, gap->missing_ns, gap->bytes, gap->count);
		PTM_TRY(put(ledger, line));
	}
	return PTM_OK;
}

/* Of each run that comes after a loss, whether its first instruction tells it. */
static ptm_status write_told(ptm_session *session, ledger *ledger)
{
	uint32_t count;
	char line[100];
	const ptm_gap *gaps = ptm_profile_gaps(session->profile, &count);

	PTM_TRY(ptm_ordinals_refresh(session));
	const ptm_ordinals *ordinals = &session->ordinals;
	for (uint32_t i = 0; i < ordinals->runs.length; i++) {
		const ptm_run *run = &ordinals->runs.at[i];
		if (!run->instructions || !ptm_ordinals_loss_before(ordinals, run, gaps, count))
			continue;
		/* Listed behind the one before it. */
		uint64_t first = ordinals->thread_first.at[i];
		uint32_t behind = first > 0;
		ptm_request request = { .table = PTM_TABLE_instructions, .thread = run->thread, .queue = PTM_ALL, .first = (double)(first - behind), .count = 1 + behind };
		ptm_table *table;
		PTM_TRY(ptm_query(session, &request, &table));
		const uint8_t *lost = ptm_table_data(table, PTM_instructions_gap_lost);
		if (ptm_table_rows(table) <= behind || !lost[behind]) {
			ledger->untold++;
			snprintf(line, sizeof line, "thread %u instruction %" PRIu64 ": a loss before it is not told\n", run->thread, first);
			PTM_TRY(put(ledger, line));
		}
		ptm_table_free(table);
	}
	return PTM_OK;
}

static ptm_status take(const char *trace, const char *symfs, const way *way, ledger *ledger)
{
	ptm_session *session = ptm_session_new();
	ptm_status status = session ? PTM_OK : PTM_NO_MEMORY;

	ledger->text.length = ledger->losses = ledger->timed = ledger->untold = 0;
	if (status == PTM_OK) {
		ptm_session_segment_bytes(session, way->segment_bytes);
		ptm_session_exact_clocks(session);
		status = ptm_open_with_symfs(session, trace, symfs);
		session->without_cache = way->slow;
	}
	uint32_t segments = status == PTM_OK ? ptm_session_segments(session) : 0;
	for (uint32_t i = 0; status == PTM_OK && i < segments; i++)
		status = decode(session, way->backwards ? segments - 1 - i : i);
	if (status == PTM_OK)
		status = write_gaps(session, ledger);
	if (status == PTM_OK)
		status = write_told(session, ledger);
	if (status == PTM_OK)
		status = ptm_array_push(&ledger->text, 0);
	ptm_session_free(session);
	return status;
}

/* Prints the first line in which two ledgers differ. */
static void tell(const char *name, const way *way, const char *wanted, const char *got)
{
	while (*wanted && *wanted == *got) {
		const char *end = strchr(wanted, '\n');
		if (!end || strncmp(wanted, got, (size_t)(end - wanted) + 1))
			break;
		got += end + 1 - wanted;
		wanted = end + 1;
	}
	fprintf(stderr, "gap_times: %s, segments of %u bytes, %s%s:\n  wanted %.*s\n  got    %.*s\n", name, way->segment_bytes, way->slow ? "slow" : "fast",
		way->backwards ? ", backwards" : "", (int)strcspn(wanted, "\n"), wanted, (int)strcspn(got, "\n"), got);
}

/* Returns in how many ways the trace differs; adds to `losses` and `timed`. */
static uint32_t check(const char *name, const char *trace, const char *symfs, uint32_t *losses, uint32_t *timed)
{
	ledger wanted = { 0 }, got = { 0 };
	uint32_t differ = 0;

	if (take(trace, symfs, &ways[0], &wanted) == PTM_OK) {
		*losses += wanted.losses;
		*timed += wanted.timed;
		differ += wanted.untold;
		if (wanted.untold)
			fprintf(stderr, "gap_times: %s: %s", name, wanted.text.at);
		for (uint32_t i = 1; i < sizeof ways / sizeof *ways; i++) {
			if (take(trace, symfs, &ways[i], &got) == PTM_OK && !strcmp(wanted.text.at, got.text.at))
				continue;
			differ++;
			tell(name, &ways[i], wanted.text.at, got.text.length ? got.text.at : "");
		}
	}
	ptm_array_free(&wanted.text);
	ptm_array_free(&got.text);
	return differ;
}

/* `overflows`: of each a stretch is replaced by one, and another thread may run where it ends; else a few bits are changed. */
static uint32_t check_damaged(const char *name, const char *trace, const char *symfs, bool overflows, uint32_t times, uint32_t *losses, uint32_t *timed)
{
	static uint8_t bytes[MOST_BYTES], damaged[MOST_BYTES];
	char path[] = "/tmp/ptarmigan-gaps-XXXXXX";
	FILE *file = fopen(trace, "rb");
	size_t length = file ? fread(bytes, 1, sizeof bytes, file) : 0;
	uint32_t differ = 0, random = 1;

	if (file)
		fclose(file);
	int made = mkstemp(path);
	if (made < 0)
		return 1;
	for (uint32_t i = 0; i < times; i++) {
		memcpy(damaged, bytes, length);
		/* The second half: the trace, not the records before it. */
		for (int k = 0; k < CHANGES && !overflows; k++) {
			random = random * 1664525u + 1013904223u;
			damaged[length / 2 + (random >> 3) % (length - length / 2)] ^= (uint8_t)(1u << (random >> 29));
		}
		if (overflows) {
			random = random * 1664525u + 1013904223u;
			uint8_t *at = damaged + length / 2 + (random >> 3) % (length / 2 - OVERFLOW_BYTES);
			memset(at, 0, OVERFLOW_BYTES);
			memcpy(at, "\x02\xf3", 2);
		}
		if (pwrite(made, damaged, length, 0) == (ssize_t)length)
			differ += check(name, path, symfs, losses, timed);
		ptm_host_close_all();
	}
	close(made);
	unlink(path);
	return differ;
}

int main(int argc, char **argv)
{
	uint32_t traces = 0, differ = 0, losses = 0, timed = 0, times = argc > 2 ? (uint32_t)atoi(argv[2]) : 3;
	char symfs[1024], path[2048];

	if (argc < 2)
		return 2;
	snprintf(symfs, sizeof symfs, "%s/symfs", argv[1]);
	DIR *folder = opendir(argv[1]);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		if (!strstr(entry->d_name, ".perf.data"))
			continue;
		snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
		differ += check(entry->d_name, path, symfs, &losses, &timed);
		if (strstr(entry->d_name, "cyc") || strstr(entry->d_name, "ovf") || strstr(entry->d_name, "2cpu"))
			differ += check_damaged(entry->d_name, path, symfs, false, times, &losses, &timed);
		if (strstr(entry->d_name, "2cpu"))
			differ += check_damaged(entry->d_name, path, symfs, true, 8 * times, &losses, &timed);
		ptm_host_close_all();
		traces++;
	}
	if (folder)
		closedir(folder);
	printf("gap_times: %u traces, whole and damaged, %u losses, %u of them with time, %u differ\n", traces, losses, timed, differ);
	return differ || !timed;
}
