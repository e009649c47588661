/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the table `instructions`, what the views show, as "TID IP" lines, "! TID"
 * where trace is missing: for judge.mjs. Usage: print_stream TRACE SYMFS. */
#include "cli/open.h"
#include "stream.h"
#include <inttypes.h>
#include <stdio.h>

static void print_instruction(void *self, int32_t tid, uint64_t ip)
{
	(void)self;
	printf("%d %" PRIx64 "\n", tid, ip);
}

static void print_gap(void *self, int32_t tid)
{
	(void)self;
	printf("! %d\n", tid);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	const stream_visitor visitor = { print_instruction, print_gap, NULL };
	ptm_session *session = ptm_session_new();
	ptm_status status = session ? ptm_open_with_symfs(session, argv[1], argv[2]) : PTM_NO_MEMORY;
	if (status == PTM_OK)
		status = ptm_decode_all(session, 1u << 20);
	if (status == PTM_OK)
		status = stream_instructions(session, &visitor);
	if (status != PTM_OK)
		fprintf(stderr, "print_stream: %s\n", session ? ptm_session_message(session) : "out of memory");
	ptm_session_free(session);
	return status == PTM_OK ? 0 : 1;
}
