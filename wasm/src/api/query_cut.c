/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that a bundle is made from: records, AUX data and code that a time
 * range needs, and the frames of the images the code is in. */
#include "api/cut.h"
#include "pt/clock_words.h"

/* A run of code in one row: of instructions that share symbol, line and inlined calls. */
#define MOST_RUN 64u
#define MOST_INLINED 8
#define INLINED_BYTES 512

static size_t put_hex(const uint8_t *bytes, size_t count, char *into)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < count; i++) {
		into[2 * i] = digits[bytes[i] >> 4];
		into[2 * i + 1] = digits[bytes[i] & 15];
	}
	return 2 * count;
}

/* ------------------------------------------------------------------- records */

#define RECORD_HEADER 8u

static ptm_status add_offset(const ptm_session *session, ptm_table *table, uint64_t offset)
{
	const uint8_t *bytes;
	uint32_t row;

	PTM_TRY(ptm_table_add_row(table, &row));
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
	for (uint32_t row = 0; row < session->file.samples.length; row++) {
		const ptm_sample_ref *sample = &session->file.samples.at[row];
		bool own = cut->thread == PTM_ALL || sample->tid == session->sideband.threads.at[cut->thread].tid;
		if (own && sample->time >= cut->first_ns && sample->time <= cut->last_ns)
			PTM_TRY(add_offset(session, table, sample->file_offset));
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
	return ptm_table_set_text(table, PTM_cut_aux_clock, row, text, put_hex((const uint8_t *)words, sizeof words, text));
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
		start += chunk->size;
		if (from >= end)
			continue;
		PTM_TRY(ptm_table_add_row(table, &row));
		ptm_table_set_u32(table, PTM_cut_aux_queue, row, queue);
		ptm_table_set_u32(table, PTM_cut_aux_index, row, of->index);
		ptm_table_set_f64(table, PTM_cut_aux_file_offset, row, (double)(chunk->file_offset + from));
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

/* ---------------------------------------------------------------------- code */

/* What one address of an image is, and a run of alike ones. */
typedef struct place {
	uint32_t symbol;         /* name, 0: none */
	uint64_t symbol_address, symbol_size;
	uint32_t file, line, depth;
	uint32_t inlined[MOST_INLINED];
} place;

typedef struct run {
	ptm_session *session;
	ptm_table *table;
	uint32_t image;
	uint64_t address;
	uint32_t length;
	place place;
	uint8_t code[MOST_RUN + 16];
} run;

static bool same_place(const place *a, const place *b)
{
	return a->symbol == b->symbol && a->symbol_address == b->symbol_address && a->file == b->file && a->line == b->line &&
	       a->depth == b->depth && !memcmp(a->inlined, b->inlined, a->depth * sizeof *a->inlined);
}

static ptm_status find_place(ptm_session *session, uint32_t image, uint64_t address, place *found)
{
	*found = (place){ .depth = MOST_INLINED };
	const ptm_symbol *symbol = ptm_image_symbol(&session->images, image, address);
	if (symbol) {
		found->symbol = symbol->name;
		found->symbol_address = symbol->address;
		found->symbol_size = symbol->size;
	}
	ptm_status status = ptm_image_line(&session->images, image, address, &found->file, &found->line, found->inlined, &found->depth);
	return status == PTM_NO_MEMORY ? status : PTM_OK;
}

/* File offset of an image's own address: the inverse of ptm_image_address. */
static bool offset_of(const ptm_image *image, uint64_t address, uint64_t *offset)
{
	for (uint32_t i = 0; i < image->loads.length; i++) {
		const ptm_load *load = &image->loads.at[i];
		*offset = address - load->address + load->file_offset;
		if (ptm_image_address(image, *offset) == address && *offset < image->source.size)
			return true;
	}
	return false;
}

static ptm_status put_text(ptm_session *session, ptm_table *table, uint32_t column, uint32_t row, uint32_t string)
{
	const char *text = ptm_strings_get(&session->strings, string);
	return ptm_table_set_text(table, column, row, text, strlen(text));
}

static ptm_status put_inlined(run *of, uint32_t row)
{
	char text[INLINED_BYTES];
	size_t at = 0;

	for (uint32_t i = 0; i < of->place.depth; i++) {
		const char *name = ptm_strings_get(&of->session->strings, of->place.inlined[i]);
		size_t length = strlen(name);
		if (at + length + 1 >= sizeof text)
			break;
		if (at)
			text[at++] = '\n';
		memcpy(text + at, name, length);
		at += length;
	}
	return ptm_table_set_text(of->table, PTM_cut_code_inlined, row, text, at);
}

static ptm_status put_run(run *of)
{
	char text[sizeof of->code * 2];
	uint32_t row;

	if (!of->length)
		return PTM_OK;
	PTM_TRY(ptm_table_add_row(of->table, &row));
	ptm_table_set_u32(of->table, PTM_cut_code_image, row, of->image);
	ptm_table_set_u64(of->table, PTM_cut_code_address, row, of->address);
	PTM_TRY(ptm_table_set_text(of->table, PTM_cut_code_code, row, text, put_hex(of->code, of->length, text)));
	if (of->place.symbol)
		PTM_TRY(put_text(of->session, of->table, PTM_cut_code_symbol, row, of->place.symbol));
	ptm_table_set_u64(of->table, PTM_cut_code_symbol_address, row, of->place.symbol_address);
	ptm_table_set_u64(of->table, PTM_cut_code_symbol_size, row, of->place.symbol_size);
	if (of->place.file)
		PTM_TRY(put_text(of->session, of->table, PTM_cut_code_file, row, of->place.file));
	ptm_table_set_u32(of->table, PTM_cut_code_line, row, of->place.line);
	PTM_TRY(put_inlined(of, row));
	of->length = 0;
	return PTM_OK;
}

/* Adds an instruction to the run, or begins another with it. */
static ptm_status add_instruction(run *of, uint32_t image, uint64_t address, uint32_t size)
{
	uint64_t offset;
	uint32_t got = size;
	place found;

	PTM_TRY(find_place(of->session, image, address, &found));
	bool goes_on = of->length && image == of->image && address == of->address + of->length && of->length < MOST_RUN &&
		       same_place(&found, &of->place);
	if (!goes_on) {
		PTM_TRY(put_run(of));
		of->image = image;
		of->address = address;
		of->place = found;
	}
	if (!offset_of(&of->session->images.images.at[image], address, &offset) ||
	    ptm_image_code(&of->session->images.images.at[image], offset, of->code + of->length, &got) != PTM_OK)
		return PTM_OK;
	of->length += got;
	return PTM_OK;
}

static ptm_status put_block(run *of, const ptm_block *block)
{
	const ptm_function *function = ptm_spaces_function(of->session->spaces, block->function);
	uint32_t image = function ? function->image : 0, name = function ? function->name : 0;
	bool named = name && *ptm_strings_get(&of->session->strings, name);

	if (!image || of->session->images.images.at[image].status != PTM_IMAGE_LOADED)
		return PTM_OK;
	uint64_t address = block->function_offset + (named ? function->address : 0);
	for (uint32_t i = 0; i < block->instructions; i++) {
		uint8_t size = of->session->blocks.lengths.at[block->lengths + i];
		PTM_TRY(add_instruction(of, image, address, size));
		address += size;
	}
	return put_run(of);
}

ptm_status ptm_query_cut_code(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	run of = { .session = session, .table = table };
	ptm_cut *cut;

	PTM_TRY(ptm_cut_of(session, request, &cut));
	PTM_TRY(ptm_cut_walk(session, cut));
	for (uint32_t row = 0; row < cut->visited.length; row++) {
		const ptm_block block = session->blocks.blocks.at[row];
		if (cut->visited.at[row])
			PTM_TRY(put_block(&of, &block));
	}
	return PTM_OK;
}

/* --------------------------------------------------------------------- loads */

ptm_status ptm_query_image_loads(ptm_session *session, ptm_table *table)
{
	for (uint32_t i = 1; i < session->images.images.length; i++) {
		const ptm_image *image = &session->images.images.at[i];
		for (uint32_t k = 0; image->status == PTM_IMAGE_LOADED && k < image->loads.length; k++) {
			uint32_t row;
			PTM_TRY(ptm_table_add_row(table, &row));
			ptm_table_set_u32(table, PTM_image_loads_image, row, i);
			ptm_table_set_u8(table, PTM_image_loads_is_32bit, row, image->is_32bit);
			ptm_table_set_u8(table, PTM_image_loads_executable, row, image->loads.at[k].executable);
			ptm_table_set_u64(table, PTM_image_loads_file_offset, row, image->loads.at[k].file_offset);
			ptm_table_set_u64(table, PTM_image_loads_file_size, row, image->loads.at[k].file_size);
			ptm_table_set_u64(table, PTM_image_loads_address, row, image->loads.at[k].address);
			ptm_table_set_u64(table, PTM_image_loads_memory_size, row, image->loads.at[k].memory_size);
		}
	}
	return PTM_OK;
}
