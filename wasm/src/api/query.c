/* SPDX-License-Identifier: Apache-2.0 */
/* One verb out: a request becomes a table. */
#include "api/session.h"

ptm_status ptm_query(ptm_session *session, const ptm_request *request, ptm_table **table)
{
	if (!session->profile)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "No trace is open.");
	PTM_TRY(ptm_table_new(request->table, table));
	ptm_status status;
	switch (request->table) {
	case PTM_TABLE_info: status = ptm_query_info(session, *table); break;
	case PTM_TABLE_queues: status = ptm_query_queues(session, *table); break;
	case PTM_TABLE_segments: status = ptm_query_segments(session, *table); break;
	case PTM_TABLE_threads: status = ptm_query_threads(session, *table); break;
	case PTM_TABLE_functions: status = ptm_query_functions(session, *table); break;
	case PTM_TABLE_images: status = ptm_query_images(session, *table); break;
	case PTM_TABLE_split_files: status = ptm_query_split_files(session, *table); break;
	case PTM_TABLE_call_tree: status = ptm_query_call_tree(session, request, *table); break;
	case PTM_TABLE_sample_events: status = ptm_query_sample_events(session, *table); break;
	case PTM_TABLE_calls: status = ptm_query_calls(session, request, *table); break;
	case PTM_TABLE_gaps: status = ptm_query_gaps(session, request, *table); break;
	case PTM_TABLE_blocks: status = ptm_query_blocks(session, request, *table); break;
	case PTM_TABLE_block_cycles: status = ptm_query_block_cycles(session, request, *table); break;
	case PTM_TABLE_coverage: status = ptm_query_coverage(session, request, *table); break;
	case PTM_TABLE_instructions: status = ptm_query_instructions(session, request, *table); break;
	case PTM_TABLE_packets: status = ptm_query_packets(session, request, *table); break;
	case PTM_TABLE_script: status = ptm_query_script(session, request, *table); break;
	case PTM_TABLE_events: status = ptm_query_events(session, request, *table); break;
	case PTM_TABLE_branches: status = ptm_query_branches(session, request, *table); break;
	case PTM_TABLE_marks: status = ptm_query_marks(session, request, *table); break;
	case PTM_TABLE_samples: status = ptm_query_samples(session, request, *table); break;
	case PTM_TABLE_cut_guests: status = ptm_query_cut_guests(session, *table); break;
	case PTM_TABLE_cut_records: status = ptm_query_cut_records(session, request, *table); break;
	case PTM_TABLE_cut_aux: status = ptm_query_cut_aux(session, request, *table); break;
	case PTM_TABLE_cut_blanks: status = ptm_query_cut_blanks(session, request, *table); break;
	case PTM_TABLE_cut_lost: status = ptm_query_cut_lost(session, request, *table); break;
	case PTM_TABLE_cut_code: status = ptm_query_cut_code(session, request, *table); break;
	case PTM_TABLE_cut_addresses: status = ptm_query_cut_addresses(session, request, *table); break;
	case PTM_TABLE_cut_frames: status = ptm_query_cut_frames(session, request, *table); break;
	case PTM_TABLE_image_loads: status = ptm_query_image_loads(session, *table); break;
	default: status = PTM_BAD_REQUEST; break;
	}
	if (status != PTM_OK) {
		ptm_table_free(*table);
		*table = NULL;
	}
	return status;
}
