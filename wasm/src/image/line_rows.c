/* SPDX-License-Identifier: Apache-2.0 */
/* Layout, little-endian: "PTML", u32 version (1), u32 rows, u32 bytes of text;
 * rows of u64 address, u32 length, u32 file, u32 line, u32 inlined, sorted by
 * address; then the texts, which file and inlined are offsets of. Inlined
 * functions are outermost first, a newline between. Line 0: what addr2line says of code without a line; file may then be
 * PTM_ROWS_EMPTY_NAME and the like. */
#include "image/line_rows.h"
#include "base/bytes.h"
#include "image/elf.h"

#define HEADER_BYTES 16
#define ROW_BYTES 24
#define MOST_BYTES (256u << 20)

void ptm_line_rows_free(ptm_line_rows *rows)
{
	ptm_array_free(&rows->bytes);
	ptm_array_free(&rows->texts);
	rows->count = 0;
}

static ptm_status copy(ptm_source *source, uint64_t offset, uint32_t length, uint8_t *into)
{
	for (uint32_t done = 0, more; done < length; done += more) {
		const uint8_t *at;
		more = length - done;
		PTM_TRY(ptm_source_view_some(source, offset + done, &more, &at));
		if (!more)
			return PTM_NOT_FOUND;
		memcpy(into + done, at, more);
	}
	return PTM_OK;
}

static ptm_status read_section(ptm_line_rows *rows, ptm_source *source, const ptm_elf_section *section)
{
	const uint8_t *at;

	if (section->size < HEADER_BYTES || section->size > MOST_BYTES || section->offset > source->size ||
	    section->size > source->size - section->offset)
		return PTM_NOT_FOUND;
	PTM_TRY(ptm_source_view(source, section->offset, HEADER_BYTES, &at));
	ptm_bytes header = ptm_bytes_of(at, HEADER_BYTES);
	const uint8_t *magic = ptm_bytes_take(&header, 4);
	uint32_t version = ptm_bytes_u32(&header), count = ptm_bytes_u32(&header), text = ptm_bytes_u32(&header);
	uint64_t left = section->size - HEADER_BYTES;
	if (memcmp(magic, "PTML", 4) || version != 1 || count > left / ROW_BYTES || text > left - (uint64_t)count * ROW_BYTES)
		return PTM_NOT_FOUND;
	PTM_TRY(ptm_array_reserve(&rows->bytes, count * ROW_BYTES));
	PTM_TRY(ptm_array_reserve(&rows->texts, text + 1));
	PTM_TRY(copy(source, section->offset + HEADER_BYTES, count * ROW_BYTES, rows->bytes.at));
	PTM_TRY(copy(source, section->offset + HEADER_BYTES + (uint64_t)count * ROW_BYTES, text, (uint8_t *)rows->texts.at));
	rows->texts.at[text] = 0;
	rows->texts.length = text + 1;
	rows->bytes.length = count * ROW_BYTES;
	rows->count = count;
	return PTM_OK;
}

ptm_status ptm_line_rows_read(ptm_line_rows *rows, ptm_image *image)
{
	ptm_message unheard;
	ptm_elf elf;

	*rows = (ptm_line_rows){ 0 };
	ptm_status status = ptm_elf_read(&elf, &image->source, "", &unheard);
	const ptm_elf_section *section = status == PTM_OK ? ptm_elf_section_named(&elf, &image->source, ".ptarmigan.lines") : NULL;
	if (status == PTM_OK)
		status = section ? read_section(rows, &image->source, section) : PTM_NOT_FOUND;
	ptm_elf_free(&elf);
	if (status != PTM_OK)
		ptm_line_rows_free(rows);
	return status;
}

static uint64_t address_of(const ptm_line_rows *rows, uint32_t row)
{
	uint64_t address;
	memcpy(&address, rows->bytes.at + (size_t)row * ROW_BYTES, sizeof address);
	return address;
}

/* Stores the id of the text at `offset`, 0 where there is none. */
static ptm_status text_id(const ptm_line_rows *rows, ptm_strings *strings, uint32_t offset, uint32_t *id)
{
	*id = 0;
	if (offset >= rows->texts.length || !rows->texts.at[offset])
		return PTM_OK;
	return ptm_strings_add(strings, rows->texts.at + offset, strlen(rows->texts.at + offset), id);
}

static ptm_status split(const ptm_line_rows *rows, ptm_strings *strings, uint32_t offset, uint32_t *inlined, uint32_t *depth)
{
	uint32_t most = *depth;

	*depth = 0;
	if (offset >= rows->texts.length)
		return PTM_OK;
	for (const char *at = rows->texts.at + offset; *at && *depth < most;) {
		size_t length = strcspn(at, "\n");
		PTM_TRY(ptm_strings_add(strings, at, length, &inlined[(*depth)++]));
		at += length + (at[length] == '\n');
	}
	return PTM_OK;
}

/* A row as it is in the file. */
typedef struct line_row {
	uint32_t file, line, inlined;
} line_row;

static bool find_row(const ptm_line_rows *rows, uint64_t address, line_row *found)
{
	uint32_t low = 0, high = rows->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (address_of(rows, middle) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	ptm_bytes row = ptm_bytes_of(rows->bytes.at + (size_t)(low - 1) * ROW_BYTES, ROW_BYTES);
	uint64_t start = ptm_bytes_u64(&row);
	uint32_t length = ptm_bytes_u32(&row);
	found->file = ptm_bytes_u32(&row);
	found->line = ptm_bytes_u32(&row);
	found->inlined = ptm_bytes_u32(&row);
	return address - start < length;
}

ptm_status ptm_line_rows_find(const ptm_line_rows *rows, ptm_strings *strings, uint64_t address, uint32_t *file, uint32_t *line, uint32_t *inlined, uint32_t *depth)
{
	line_row row;

	if (!find_row(rows, address, &row)) {
		*depth = 0;
		return PTM_OK;
	}
	*line = row.line;
	if (row.line)
		PTM_TRY(text_id(rows, strings, row.file, file));
	return split(rows, strings, row.inlined, inlined, depth);
}

ptm_status ptm_line_rows_lineless(const ptm_line_rows *rows, ptm_strings *strings, uint64_t address, enum ptm_lineless *what, uint32_t *file)
{
	line_row row;

	if (!find_row(rows, address, &row) || row.line || !row.file)
		return PTM_OK;
	*what = row.file == PTM_ROWS_UNKNOWN ? PTM_LINELESS_UNKNOWN : row.file == PTM_ROWS_FUNCTION ? PTM_LINELESS_FUNCTION : PTM_LINELESS_FILE;
	return text_id(rows, strings, row.file, file);
}
