/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes a trace by the fast path and by the slow path alone, and compares the
 * parts of all segments byte for byte.
 * Usage: two_paths TRACE SYMFS [STEP-BYTES]. Exits 1 where they differ. */
#include "api/session.h"
#include "cli/host.h"
#include "cli/open.h"
#include <inttypes.h>
#include <stdio.h>

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

static ptm_session *open_trace(const char *trace, const char *symfs, bool slow)
{
	ptm_session *session = ptm_session_new();
	if (session && ptm_open_with_symfs(session, trace, symfs) != PTM_OK)
		fprintf(stderr, "two_paths: %s: %s\n", trace, ptm_session_message(session));
	if (session)
		session->without_cache = slow;
	return session;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: two_paths TRACE SYMFS [STEP-BYTES]\n");
		return 2;
	}
	uint32_t step = argc > 3 ? (uint32_t)atoi(argv[3]) : 1u << 16;
	ptm_session *fast = open_trace(argv[1], argv[2], false), *slow = open_trace(argv[1], argv[2], true);
	if (!fast || !slow)
		return 2;
	uint32_t differ = 0;
	uint64_t bytes = 0;
	for (uint32_t segment = 0; segment < ptm_session_segments(fast); segment++) {
		const uint8_t *a = NULL, *b = NULL;
		size_t length_a = 0, length_b = 0;
		ptm_status status_a = decode(fast, segment, step, &a, &length_a), status_b = decode(slow, segment, step, &b, &length_b);
		bytes += length_a;
		size_t at = 0;
		while (at < length_a && at < length_b && a[at] == b[at])
			at++;
		if (status_a == status_b && length_a == length_b && at == length_a)
			continue;
		differ++;
		fprintf(stderr, "two_paths: %s: segment %u: status %d and %d, %zu and %zu bytes, first difference at %zu\n", argv[1], segment,
			status_a, status_b, length_a, length_b, at);
	}
	printf("%s: %u segments, %" PRIu64 " bytes of parts, %u differ\n", argv[1], ptm_session_segments(fast), bytes, differ);
	ptm_session_free(fast);
	ptm_session_free(slow);
	return differ != 0;
}
