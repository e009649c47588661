/* SPDX-License-Identifier: Apache-2.0 */
/* How fast the native decoder makes a whole profile of a trace, single-threaded.
 * Usage: decode TRACE SYMFS. Prints: AUX bytes, instructions, seconds. */
#include "base/table.h"
#include "cli/open.h"
#include <stdio.h>
#include <time.h>

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Sum of one f64 column of a table; -1 when the table cannot be had. */
static double column_sum(ptm_session *session, uint32_t id, uint32_t column)
{
	ptm_request request = { .table = id, .thread = PTM_ALL, .queue = PTM_ALL };
	ptm_table *table;
	double sum = 0;
	if (ptm_query(session, &request, &table) != PTM_OK)
		return -1;
	const double *values = ptm_table_data(table, column);
	for (uint32_t row = 0; row < ptm_table_rows(table); row++)
		sum += values[row];
	ptm_table_free(table);
	return sum;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: decode TRACE SYMFS\n");
		return 2;
	}
	ptm_session *session = ptm_session_new();
	ptm_status status = session ? ptm_open_with_symfs(session, argv[1], argv[2]) : PTM_NO_MEMORY;
	double start = now();
	if (status == PTM_OK)
		status = ptm_decode_all(session, 1u << 20);
	double seconds = now() - start;
	if (status != PTM_OK) {
		fprintf(stderr, "decode: %s\n", session ? ptm_session_message(session) : "out of memory");
		return 1;
	}
	printf("%.0f %.0f %.6f\n", column_sum(session, PTM_TABLE_queues, PTM_queues_aux_bytes),
		column_sum(session, PTM_TABLE_threads, PTM_threads_instructions), seconds);
	ptm_session_free(session);
	return 0;
}
