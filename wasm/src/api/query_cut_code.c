/* SPDX-License-Identifier: Apache-2.0 */
/* Table `cut_code`: the code that decoding a cut visits, and the names and lines
 * of it and of what its samples name. */
#include "api/cut.h"
#include "api/sample_chain.h"
#include "api/script.h"
#include "base/hash.h"
#include "image/cfi.h"
#include <stdlib.h>
#include <string.h>

/* A run of code in one row: of instructions that share symbol, line and inlined calls. */
#define MOST_RUN 64u
#define MOST_INLINED 8
#define INLINED_BYTES 512

/* ---------------------------------------------------------------------- runs */

/* What one address of an image is, and a run of alike ones. */
typedef struct place {
	uint32_t symbol;         /* name, 0: none */
	bool is_unread;          /* perf does not read it */
	uint64_t symbol_address, symbol_size;
	uint32_t file, line, depth;
	enum ptm_lineless lineless; /* PTM_LINELESS_UNTOLD: it has a line */
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
	return a->symbol == b->symbol && a->is_unread == b->is_unread && a->symbol_address == b->symbol_address && a->file == b->file && a->line == b->line &&
	       a->lineless == b->lineless && a->depth == b->depth && !memcmp(a->inlined, b->inlined, a->depth * sizeof *a->inlined);
}

static ptm_status find_place(ptm_session *session, uint32_t image, uint64_t address, place *found)
{
	*found = (place){ .depth = MOST_INLINED };
	const ptm_symbol *symbol = ptm_image_symbol(&session->images, image, address);
	if (!symbol) {
		symbol = ptm_image_more_symbol(&session->images, image, address);
		found->is_unread = symbol;
	}
	if (symbol) {
		found->symbol = symbol->name;
		found->symbol_address = symbol->address;
		found->symbol_size = symbol->size;
	}
	ptm_status status = ptm_image_line(&session->images, image, address, &found->file, &found->line, found->inlined, &found->depth);
	if (status == PTM_NO_MEMORY)
		return status;
	if (status == PTM_OK && found->file)
		return PTM_OK;
	found->line = 0;
	PTM_TRY(ptm_script_lineless(session, image, address, &found->lineless, &found->file));
	if (found->lineless != PTM_LINELESS_FILE)
		found->file = 0;
	return PTM_OK;
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

static ptm_status put_row(run *of)
{
	char text[sizeof of->code * 2];
	uint32_t row;

	PTM_TRY(ptm_table_add_row(of->table, &row));
	ptm_table_set_u32(of->table, PTM_cut_code_image, row, of->image);
	ptm_table_set_u64(of->table, PTM_cut_code_address, row, of->address);
	PTM_TRY(ptm_table_set_text(of->table, PTM_cut_code_code, row, text, ptm_cut_hex(of->code, of->length, text)));
	if (of->place.symbol)
		PTM_TRY(put_text(of->session, of->table, PTM_cut_code_symbol, row, of->place.symbol));
	ptm_table_set_u32(of->table, PTM_cut_code_is_unread, row, of->place.is_unread);
	ptm_table_set_u64(of->table, PTM_cut_code_symbol_address, row, of->place.symbol_address);
	ptm_table_set_u64(of->table, PTM_cut_code_symbol_size, row, of->place.symbol_size);
	if (of->place.file)
		PTM_TRY(put_text(of->session, of->table, PTM_cut_code_file, row, of->place.file));
	ptm_table_set_u32(of->table, PTM_cut_code_line, row, of->place.line);
	ptm_table_set_u32(of->table, PTM_cut_code_lineless, row, of->place.lineless);
	PTM_TRY(put_inlined(of, row));
	of->length = 0;
	return PTM_OK;
}

static ptm_status put_run(run *of)
{
	return of->length ? put_row(of) : PTM_OK;
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

/* A row without code for where a call returns to, which call chains name though it never returned. */
static ptm_status put_return(run *of, uint32_t image, uint64_t address)
{
	PTM_TRY(put_run(of));
	of->image = image;
	of->address = address;
	PTM_TRY(find_place(of->session, image, address, &of->place));
	return put_row(of);
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
	if (block->class == PTM_INSN_CALL || block->class == PTM_INSN_CALL_INDIRECT || block->class == PTM_INSN_CALL_FAR)
		return put_return(of, image, address);
	return put_run(of);
}

/* ------------------------------------------------------------------- samples */

#define REMEMBERED 4096u

/* Places told of late, so that most are told of once; who reads the rows drops the rest. */
typedef struct places {
	run run;
	uint64_t keys[REMEMBERED];
} places;

/* A row for the symbol and line at `ip`, without code. */
static ptm_status put_named(places *of, uint32_t space, uint64_t ip)
{
	ptm_session *session = of->run.session;
	const ptm_map *map = ptm_spaces_find(session->spaces, space, ip);

	if (!map || !map->image || session->images.images.at[map->image].status != PTM_IMAGE_LOADED)
		return PTM_OK;
	of->run.image = map->image;
	of->run.address = ptm_image_address(&session->images.images.at[map->image], ip - map->start + map->file_offset);
	uint64_t key = ptm_hash_u64(of->run.address) ^ map->image;
	if (of->keys[key % REMEMBERED] == key)
		return PTM_OK;
	of->keys[key % REMEMBERED] = key;
	PTM_TRY(find_place(session, map->image, of->run.address, &of->run.place));
	return of->run.place.symbol || of->run.place.line || of->run.place.lineless ? put_row(&of->run) : PTM_OK;
}

/* A row for the instruction at `ip`: where a branch stack's last branch led to, the sample
 * may have been taken before anything was executed, and brstackinsn prints it all the same. */
static ptm_status put_instruction(places *of, uint32_t space, uint64_t ip)
{
	ptm_session *session = of->run.session;
	const ptm_map *map = ptm_spaces_find(session->spaces, space, ip);
	uint32_t row;

	if (!map || !map->image || session->images.images.at[map->image].status != PTM_IMAGE_LOADED)
		return PTM_OK;
	uint32_t image = map->image;
	uint64_t address = ptm_image_address(&session->images.images.at[image], ip - map->start + map->file_offset);
	PTM_TRY(ptm_blocks_find(&session->blocks, space, ip, PTM_MODE_64, &row));
	const ptm_block *block = &session->blocks.blocks.at[row];
	if (!block->instructions)
		return PTM_OK;
	PTM_TRY(add_instruction(&of->run, image, address, session->blocks.lengths.at[block->lengths]));
	return put_run(&of->run);
}

/* Notes that a copied stack was unwound through the code at `ip`. */
static ptm_status note_unwound(ptm_session *session, ptm_cut *cut, uint32_t space, uint64_t ip)
{
	const ptm_map *map = ptm_spaces_find(session->spaces, space, ip);

	while (map && cut->unwound.length <= map->image)
		PTM_TRY(ptm_array_push(&cut->unwound, 0));
	if (map)
		cut->unwound.at[map->image] = 1;
	return PTM_OK;
}

/* Where the sample was taken, its callers, its branches. */
static ptm_status put_sample(places *of, ptm_cut *cut, uint32_t row)
{
	ptm_session *session = of->run.session;
	ptm_chain_frame frames[PTM_CHAIN_MOST];
	ptm_sample sample;
	uint32_t count;

	PTM_TRY(ptm_sample_read(&session->file, row, &sample));
	uint32_t space = ptm_spaces_at(session->spaces, sample.pid, session->file.samples.at[row].time);
	PTM_TRY(put_named(of, space, sample.ip));
	for (uint32_t i = 0; i < sample.branch_count; i++) {
		ptm_branch branch = ptm_sample_branch(&sample, i);
		PTM_TRY(put_named(of, space, branch.from));
		PTM_TRY(put_named(of, space, branch.to));
	}
	if (sample.branch_count && ptm_sample_has_flow(&session->file.attrs.at[sample.attr]))
		PTM_TRY(put_instruction(of, space, sample.ip));
	PTM_TRY(ptm_sample_chain(session, &sample, &session->file.attrs.at[sample.attr], space, UINT32_MAX, frames, &count));
	for (uint32_t i = 0; i < count; i++)
		PTM_TRY(put_named(of, space, frames[i].ip));
	for (uint32_t i = 0; i < count && sample.stack_used; i++)
		PTM_TRY(note_unwound(session, cut, space, frames[i].ip));
	return PTM_OK;
}

static ptm_status put_samples(ptm_session *session, ptm_cut *cut, ptm_table *table)
{
	places *of = calloc(1, sizeof *of);
	ptm_status status = of ? PTM_OK : PTM_NO_MEMORY;

	if (of)
		of->run = (run){ .session = session, .table = table };
	for (uint32_t row = 0; row < session->file.samples.length && status == PTM_OK; row++)
		if (ptm_cut_needs_sample(session, cut, row))
			status = put_sample(of, cut, row);
	free(of);
	return status;
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
	return put_samples(session, cut, table);
}

/* ------------------------------------------------------------------ unwinding */

/* Of an image: more is not taken along. */
#define MOST_FRAME_BYTES (16u << 20)

static ptm_status put_part(ptm_table *table, uint32_t image_row, ptm_image *image, const ptm_cfi_part *part)
{
	uint32_t row;
	char *bytes;

	if (!part->size || part->size > MOST_FRAME_BYTES)
		return PTM_OK;
	bytes = malloc((size_t)part->size);
	if (!bytes)
		return PTM_NO_MEMORY;
	ptm_status status = ptm_cfi_bytes(image, part->offset, bytes, (uint32_t)part->size);
	if (status == PTM_OK)
		status = ptm_table_add_row(table, &row);
	if (status == PTM_OK) {
		ptm_table_set_u32(table, PTM_cut_frames_image, row, image_row);
		ptm_table_set_u64(table, PTM_cut_frames_address, row, part->address);
		ptm_table_set_u64(table, PTM_cut_frames_file_offset, row, part->offset);
		status = ptm_table_set_text(table, PTM_cut_frames_section, row, part->section, strlen(part->section));
	}
	if (status == PTM_OK)
		status = ptm_table_set_text(table, PTM_cut_frames_bytes, row, bytes, (size_t)part->size);
	free(bytes);
	return status;
}

ptm_status ptm_query_cut_frames(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	ptm_cfi_part parts[2];
	ptm_cut *cut;

	PTM_TRY(ptm_cut_of(session, request, &cut));
	for (uint32_t i = 1; i < cut->unwound.length && i < session->images.images.length; i++) {
		ptm_image *image = &session->images.images.at[i];
		if (!cut->unwound.at[i] || image->status != PTM_IMAGE_LOADED)
			continue;
		PTM_TRY(ptm_cfi_parts(image, parts));
		for (uint32_t k = 0; k < 2; k++)
			PTM_TRY(put_part(table, i, image, &parts[k]));
	}
	return PTM_OK;
}
