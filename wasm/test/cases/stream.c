/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4096 };

/* Asks until the answer is there. */
static ptm_status ask(ptm_session *session, const ptm_request *request, ptm_table **table)
{
	ptm_status status;
	while ((status = ptm_query(session, request, table)) == PTM_MORE)
		;
	return status;
}

/* One line of script: "TID IP", or an error with its " tid TID ". */
static void visit_line(const char *line, const char *end, const stream_visitor *visitor)
{
	const char *error = " instruction trace error";
	char *rest;

	if ((size_t)(end - line) > strlen(error) && !memcmp(line, error, strlen(error))) {
		const char *tid = strstr(line, " tid ");
		visitor->gap(visitor->self, tid && tid < end ? (int32_t)strtol(tid + 5, NULL, 10) : -1);
		return;
	}
	int32_t tid = (int32_t)strtol(line, &rest, 10);
	visitor->instruction(visitor->self, tid, strtoull(rest, NULL, 16));
}

ptm_status stream_samples(ptm_session *session, const stream_visitor *visitor)
{
	/* Every instruction and all errors; thread and address of counted events. */
	ptm_request request = { .table = PTM_TABLE_script, .thread = PTM_ALL, .queue = PTM_ALL,
		.text = "version 601\nwant 6\nperiod 0 1\nfields 0 260 1\n" };
	for (;;) {
		ptm_table *table;
		uint32_t length;
		PTM_TRY(ask(session, &request, &table));
		const char *text = ptm_table_pool(table, PTM_script_text, &length), *line = text;
		bool any = ptm_table_rows(table) > 0;
		for (const char *end; any && line < text + length; line = end + 1) {
			end = memchr(line, '\n', (size_t)(text + length - line));
			if (!end)
				break;
			visit_line(line, end, visitor);
		}
		ptm_table_free(table);
		if (!any)
			return PTM_OK;
		request.first = 1;
	}
}

static ptm_status stream_thread(ptm_session *session, uint32_t thread, int32_t tid, const stream_visitor *visitor)
{
	ptm_request request = { .table = PTM_TABLE_instructions, .thread = thread, .queue = PTM_ALL, .count = ROWS };
	for (;;) {
		ptm_table *table;
		PTM_TRY(ask(session, &request, &table));
		uint32_t rows = ptm_table_rows(table);
		const uint64_t *ips = ptm_table_data(table, PTM_instructions_ip);
		const uint8_t *lost = ptm_table_data(table, PTM_instructions_gap_lost);
		for (uint32_t row = 0; row < rows; row++) {
			if (lost[row])
				visitor->gap(visitor->self, tid);
			visitor->instruction(visitor->self, tid, ips[row]);
		}
		ptm_table_free(table);
		if (!rows)
			return PTM_OK;
		request.first += rows;
	}
}

ptm_status stream_instructions(ptm_session *session, const stream_visitor *visitor)
{
	ptm_request request = { .table = PTM_TABLE_threads, .thread = PTM_ALL, .queue = PTM_ALL };
	ptm_table *threads;
	PTM_TRY(ask(session, &request, &threads));
	const int32_t *tids = ptm_table_data(threads, PTM_threads_tid);
	const double *instructions = ptm_table_data(threads, PTM_threads_instructions);
	ptm_status status = PTM_OK;
	for (uint32_t row = 0; row < ptm_table_rows(threads) && status == PTM_OK; row++)
		if (instructions[row] > 0)
			status = stream_thread(session, row, tids[row], visitor);
	ptm_table_free(threads);
	return status;
}
