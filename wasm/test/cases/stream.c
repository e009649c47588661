/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

enum { ROWS = 4096, INSTRUCTIONS = 2, ERRORS = 4 };

/* Asks until the answer is there. */
static ptm_status ask(ptm_session *session, const ptm_request *request, ptm_table **table)
{
	ptm_status status;
	while ((status = ptm_query(session, request, table)) == PTM_MORE)
		;
	return status;
}

ptm_status stream_samples(ptm_session *session, const stream_visitor *visitor)
{
	ptm_request request = { .table = PTM_TABLE_samples, .thread = PTM_ALL, .queue = PTM_ALL,
		.flags = INSTRUCTIONS | ERRORS, .count = ROWS };
	for (;;) {
		ptm_table *table;
		PTM_TRY(ask(session, &request, &table));
		uint32_t rows = ptm_table_rows(table);
		const uint8_t *kinds = ptm_table_data(table, PTM_samples_kind);
		const int32_t *tids = ptm_table_data(table, PTM_samples_tid);
		const uint64_t *ips = ptm_table_data(table, PTM_samples_ip);
		for (uint32_t row = 0; row < rows; row++)
			if (kinds[row] == INSTRUCTIONS)
				visitor->instruction(visitor->self, tids[row], ips[row]);
			else
				visitor->gap(visitor->self, tids[row]);
		ptm_table_free(table);
		if (!rows)
			return PTM_OK;
		request.first += rows;
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
