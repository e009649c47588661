/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that a bundle is made from: records and AUX data that a time range
 * needs, and the frames of the images its code is in (query_cut_code.c). */
#include "api/cut.h"
#include "image/kernel.h"
#include "pt/clock_words.h"

/* ------------------------------------------------------------------- records */

#define RECORD_HEADER 8u

static ptm_status add_offset(const ptm_session *session, ptm_table *table, uint64_t offset)
{
	const uint64_t volume = offset >> PTM_VOLUME_SHIFT;
	const uint8_t *bytes;
	uint32_t row;

	PTM_TRY(ptm_table_add_row(table, &row));
	ptm_table_set_u8(table, PTM_cut_records_joined, row, volume && session->file.volumes.at[volume - 1].joined);
	ptm_table_set_f64(table, PTM_cut_records_file_offset, row, (double)offset);
	/* The first volumes are files of a directory; unpacked records come after. */
	if (offset >> PTM_VOLUME_SHIFT <= session->file.data_files)
		return PTM_OK;
	PTM_TRY(ptm_trace_file_view(&session->file, offset, RECORD_HEADER, &bytes));
	uint32_t size = bytes[6] | bytes[7] << 8;
	if (size < RECORD_HEADER)
		return PTM_OK;
	PTM_TRY(ptm_trace_file_view(&session->file, offset, size, &bytes));
	return ptm_table_set_text(table, PTM_cut_records_record, row, (const char *)bytes, size);
}

ptm_status ptm_query_cut_records(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	ptm_cut *cut;

	PTM_TRY(ptm_cut_of(session, request, &cut));
	for (uint32_t row = 0; row < session->file.records.length; row++)
		if (ptm_cut_needs_record(session, cut, row))
			PTM_TRY(add_offset(session, table, session->file.records.at[row].file_offset));
	for (uint32_t row = 0; row < session->file.samples.length; row++)
		if (ptm_cut_needs_sample(session, cut, row))
			PTM_TRY(add_offset(session, table, session->file.samples.at[row].file_offset));
	return PTM_OK;
}

/* Ids of what was joined come behind all of the file's. */
static bool event_is_joined(const ptm_session *session, uint64_t id)
{
	for (uint32_t i = 0; i < session->file.volumes.length; i++)
		if (session->file.volumes.at[i].joined && id >= session->file.volumes.at[i].first_id)
			return true;
	return false;
}

static void put_event(const ptm_session *session, ptm_table *table, uint32_t row, const ptm_guest_id *id)
{
	const ptm_trace_file *file = &session->file;

	ptm_table_set_u64(table, PTM_cut_guests_id, row, id->id);
	ptm_table_set_i32(table, PTM_cut_guests_machine, row, id->machine);
	ptm_table_set_i32(table, PTM_cut_guests_vcpu, row, id->vcpu);
	ptm_table_set_i32(table, PTM_cut_guests_tid, row, id->tid);
	ptm_table_set_u8(table, PTM_cut_guests_joined, row, event_is_joined(session, id->id));
	for (uint32_t event = 0; event < file->attrs.length; event++) {
		const ptm_attr *attr = &file->attrs.at[event];
		for (uint32_t i = 0; i < attr->id_count; i++) {
			if (file->ids.at[attr->first_id + i] != id->id)
				continue;
			ptm_table_set_u32(table, PTM_cut_guests_event, row, event);
			ptm_table_set_u32(table, PTM_cut_guests_type, row, attr->type);
			ptm_table_set_u64(table, PTM_cut_guests_config, row, attr->config);
			ptm_table_set_u64(table, PTM_cut_guests_sample_type, row, attr->sample_type);
			return;
		}
	}
}

ptm_status ptm_query_cut_guests(ptm_session *session, ptm_table *table)
{
	for (uint32_t i = 0; i < session->file.guest_ids.length; i++) {
		uint32_t row;
		PTM_TRY(ptm_table_add_row(table, &row));
		put_event(session, table, row, &session->file.guest_ids.at[i]);
	}
	return PTM_OK;
}

/* ----------------------------------------------------------------------- AUX */

static ptm_status put_clock(ptm_table *table, uint32_t row, const ptm_cut_queue *piece)
{
	uint64_t words[PTM_CLOCK_WORDS];
	char text[sizeof words * 2];

	if (!piece->seeded)
		return PTM_OK;
	ptm_clock_words_put(&piece->clock, words);
	return ptm_table_set_text(table, PTM_cut_aux_clock, row, text, ptm_cut_hex((const uint8_t *)words, sizeof words, text));
}

static ptm_status put_pieces(ptm_session *session, ptm_table *table, uint32_t queue, const ptm_cut_queue *piece)
{
	const ptm_queue *of = &session->file.queues.at[queue];
	uint64_t start = 0;
	bool first = true;

	for (uint32_t i = 0; i < of->chunk_count; i++) {
		const ptm_aux_chunk *chunk = &session->file.chunks.at[of->first_chunk + i];
		uint64_t from = piece->from > start ? piece->from - start : 0, end = piece->limit > start ? piece->limit - start : 0;
		uint32_t row;
		if (end > chunk->size)
			end = chunk->size;
		uint64_t offset = start + from;
		start += chunk->size;
		if (from >= end)
			continue;
		PTM_TRY(ptm_table_add_row(table, &row));
		ptm_table_set_u32(table, PTM_cut_aux_queue, row, queue);
		ptm_table_set_u32(table, PTM_cut_aux_index, row, of->index);
		ptm_table_set_f64(table, PTM_cut_aux_file_offset, row, (double)(chunk->file_offset + from));
		ptm_table_set_f64(table, PTM_cut_aux_offset, row, (double)offset);
		ptm_table_set_f64(table, PTM_cut_aux_size, row, (double)(end - from));
		if (first)
			PTM_TRY(put_clock(table, row, piece));
		first = false;
	}
	return PTM_OK;
}

ptm_status ptm_query_cut_aux(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	ptm_cut *cut;

	PTM_TRY(ptm_cut_of(session, request, &cut));
	for (uint32_t queue = 0; queue < cut->queues.length; queue++)
		PTM_TRY(put_pieces(session, table, queue, &cut->queues.at[queue]));
	return PTM_OK;
}

/* -------------------------------------------------------------------- blanks */

#define DEFAULT_BLANKS 4096u

/* The chunk of a queue that holds `offset` of its stream; `start` becomes that of the chunk. */
static const ptm_aux_chunk *chunk_of(const ptm_session *session, const ptm_blank *blank, uint64_t *start)
{
	const ptm_queue *queue = &session->file.queues.at[blank->queue];

	*start = 0;
	for (uint32_t i = 0; i < queue->chunk_count; i++) {
		const ptm_aux_chunk *chunk = &session->file.chunks.at[queue->first_chunk + i];
		if (blank->offset - *start < chunk->size)
			return chunk;
		*start += chunk->size;
	}
	return NULL;
}

ptm_status ptm_query_cut_blanks(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	ptm_cut *cut;
	uint32_t row;

	PTM_TRY(ptm_cut_of(session, request, &cut));
	uint64_t first = request->first > 0 ? (uint64_t)request->first : 0, end = first + (request->count ? request->count : DEFAULT_BLANKS);
	for (uint64_t i = first; i < end && i < cut->blanks.length; i++) {
		const ptm_blank *blank = &cut->blanks.at[i];
		uint64_t start;
		const ptm_aux_chunk *chunk = chunk_of(session, blank, &start);
		PTM_TRY(ptm_table_add_row(table, &row));
		if (!chunk)
			continue;
		ptm_table_set_f64(table, PTM_cut_blanks_file_offset, row, (double)(chunk->file_offset + (blank->offset - start)));
		ptm_table_set_f64(table, PTM_cut_blanks_size, row, (double)blank->size);
		PTM_TRY(ptm_table_set_text(table, PTM_cut_blanks_bytes, row, (const char *)cut->blank_bytes.at + blank->at, blank->length));
	}
	return PTM_OK;
}

ptm_status ptm_query_cut_lost(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	ptm_cut *cut;
	uint32_t row;

	PTM_TRY(ptm_cut_of(session, request, &cut));
	PTM_TRY(ptm_table_add_row(table, &row));
	ptm_table_set_f64(table, PTM_cut_lost_stretches, row, (double)cut->lost_stretches);
	ptm_table_set_f64(table, PTM_cut_lost_instructions, row, (double)cut->lost_instructions);
	return PTM_OK;
}

/* --------------------------------------------------------------------- loads */

static ptm_status put_load(ptm_table *table, uint32_t image, bool is_32bit, const ptm_load *load, const char *section)
{
	uint32_t row;

	PTM_TRY(ptm_table_add_row(table, &row));
	ptm_table_set_u32(table, PTM_image_loads_image, row, image);
	ptm_table_set_u8(table, PTM_image_loads_is_32bit, row, is_32bit);
	ptm_table_set_u8(table, PTM_image_loads_executable, row, load->executable);
	ptm_table_set_u64(table, PTM_image_loads_file_offset, row, load->file_offset);
	ptm_table_set_u64(table, PTM_image_loads_file_size, row, load->file_size);
	ptm_table_set_u64(table, PTM_image_loads_address, row, load->address);
	ptm_table_set_u64(table, PTM_image_loads_memory_size, row, load->memory_size);
	return ptm_table_set_text(table, PTM_image_loads_section, row, section, strlen(section));
}

/* A kernel is mapped in pieces, each called after its section. */
static ptm_status put_kernel(ptm_session *session, const ptm_kernel *kernel, ptm_table *table)
{
	const ptm_image *image = &session->images.images.at[kernel->image];
	size_t prefix = strlen(ptm_strings_get(&session->strings, image->path));

	for (uint32_t i = 0; i < kernel->pieces.length; i++) {
		const struct ptm_kernel_piece *piece = &kernel->pieces.at[i];
		uint64_t size = piece->end - piece->start;
		ptm_load load = { piece->file_offset, size, ptm_image_address(image, piece->file_offset), size, true };
		const char *dso = ptm_strings_get(&session->strings, piece->dso);
		PTM_TRY(put_load(table, kernel->image, image->is_32bit, &load, strlen(dso) > prefix ? dso + prefix : ".text"));
	}
	return PTM_OK;
}

ptm_status ptm_query_image_loads(ptm_session *session, ptm_table *table)
{
	for (uint32_t i = 1; i < session->images.images.length; i++) {
		const ptm_image *image = &session->images.images.at[i];
		if (image->status != PTM_IMAGE_LOADED)
			continue;
		const ptm_kernel *kernel = image->is_kernel ? ptm_kernel_of_image(&session->images, image) : NULL;
		if (kernel && i == kernel->image && kernel->pieces.length) {
			PTM_TRY(put_kernel(session, kernel, table));
			continue;
		}
		for (uint32_t k = 0; k < image->loads.length; k++)
			PTM_TRY(put_load(table, i, image->is_32bit, &image->loads.at[k], ""));
	}
	return PTM_OK;
}
