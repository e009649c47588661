/* SPDX-License-Identifier: Apache-2.0 */
/* Carries records from the file to the address spaces and the clock: the only
 * place where file, image and flow meet. */
#include "api/session.h"


static ptm_status load_map(ptm_session *session, const ptm_record *record, uint64_t time)
{
	uint32_t image = 0;
	ptm_map map = {
		.start = record->as.map.address,
		.end = record->as.map.address + record->as.map.length,
		.file_offset = record->as.map.file_offset,
		.name = record->as.map.name,
	};
	if (map.end <= map.start)
		return PTM_OK;
	PTM_TRY(ptm_images_want(&session->images, map.name, record->as.map.build_id, record->as.map.build_id_length, &image));
	map.image = image;
	return ptm_spaces_map(session->spaces, time, record->as.map.kernel ? -1 : record->pid, &map);
}

static ptm_status load_record(ptm_session *session, const ptm_record *record)
{
	uint64_t time = record->time == PTM_NO_TIME ? 0 : record->time;

	switch (record->type) {
	case PTM_RECORD_MMAP: case PTM_RECORD_MMAP2:
		return record->as.map.executable ? load_map(session, record, time) : PTM_OK;
	case PTM_RECORD_FORK:
		/* A new thread shares its process's maps. */
		if (record->as.task.ppid != record->pid)
			return ptm_spaces_fork(session->spaces, time, record->pid, record->as.task.ppid);
		return PTM_OK;
	case PTM_RECORD_COMM:
		return record->as.comm.exec ? ptm_spaces_exec(session->spaces, time, record->pid) : PTM_OK;
	default:
		return PTM_OK;
	}
}

/* Records with a time, as places where the context of a flow may change. */
static ptm_status load_change(ptm_session *session, const ptm_record *record)
{
	uint64_t count = session->change_ns.length;
	if (record->time == PTM_NO_TIME || (count && session->change_ns.at[count - 1] >= record->time))
		return PTM_OK;
	PTM_TRY(ptm_array_push(&session->change_ns, record->time));
	return ptm_array_push(&session->change_tsc, ptm_time_tsc(&session->time, record->time));
}

/* Position in a queue's stream of an AUX offset. They differ, because perf pads
 * each chunk to 8 bytes. */
static uint64_t stream_position(const ptm_trace_file *file, const ptm_queue *queue, uint64_t aux_offset)
{
	uint64_t start = 0;
	for (uint32_t i = 0; i < queue->chunk_count; i++) {
		const ptm_aux_chunk *chunk = &file->chunks.at[queue->first_chunk + i];
		if (aux_offset >= chunk->aux_offset && aux_offset - chunk->aux_offset <= chunk->size &&
		    (i + 1 == queue->chunk_count || aux_offset < chunk[1].aux_offset))
			return start + (aux_offset - chunk->aux_offset);
		start += chunk->size;
	}
	return start;
}

/* Where perf lost trace: the end of every AUX record with the truncated flag. */
static ptm_status load_truncation(ptm_session *session, const ptm_record *record)
{
	if (record->type != PTM_RECORD_AUX || !(record->as.aux.flags & 1))
		return PTM_OK;
	for (uint32_t queue = 0; queue < session->file.queues.length; queue++) {
		const ptm_queue *row = &session->file.queues.at[queue];
		bool own = row->cpu >= 0 ? row->cpu == record->cpu : row->tid == record->tid;
		if (!own || !row->chunk_count)
			continue;
		uint64_t end = record->as.aux.offset + record->as.aux.size;
		/* In a piece cut out of a longer trace, a loss before the piece has no place. */
		if (session->file.cut_size && end <= session->file.chunks.at[row->first_chunk].aux_offset)
			return PTM_OK;
		ptm_truncation truncation = { queue, stream_position(&session->file, row, end) };
		return ptm_array_push(&session->truncations, truncation);
	}
	return PTM_OK;
}

static int compare_truncations(const void *left, const void *right)
{
	const ptm_truncation *a = left, *b = right;
	if (a->queue != b->queue)
		return a->queue < b->queue ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

ptm_status ptm_load_trace(ptm_session *session)
{
	for (uint32_t i = 0; i < session->file.records.length; i++) {
		const ptm_record *record = &session->file.records.at[i];
		PTM_TRY(load_record(session, record));
		PTM_TRY(load_change(session, record));
		PTM_TRY(load_truncation(session, record));
	}
	if (session->truncations.length)
		qsort(session->truncations.at, session->truncations.length, sizeof *session->truncations.at, compare_truncations);
	for (uint32_t i = 0; i < session->file.build_ids.length; i++) {
		const ptm_build_id *known = &session->file.build_ids.at[i];
		ptm_images_set_build_id(&session->images, known->path, known->id, known->length);
	}
	return PTM_OK;
}
