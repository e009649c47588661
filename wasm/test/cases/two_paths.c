/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes traces by the fast path and by the slow path alone, and compares the
 * parts of all segments byte for byte.
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

/* Returns how many segments differ; `name` is for what is said about them. */
static uint32_t compare(const char *name, const char *trace, const char *symfs, uint32_t step, uint64_t *segments)
{
	ptm_session *fast = open_trace(trace, symfs, false), *slow = open_trace(trace, symfs, true);
	uint32_t differ = !fast != !slow;

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
	printf("two_paths: %" PRIu64 " traces, whole and damaged, %" PRIu64 " segments, %u differ\n", traces, segments, differ);
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
	printf("%s: %" PRIu64 " segments, %u differ\n", argv[1], segments, differ);
	return differ || !segments;
}
