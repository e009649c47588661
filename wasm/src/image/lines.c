/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the unit of an address and asks its line table and its functions;
 * both are read when a unit is first asked for, and kept. */
#include "image/lines.h"
#include "base/hash.h"
#include "image/inlines.h"
#include "image/line_program.h"
#include "image/line_rows.h"
#include "image/split_files.h"

#define NONE UINT32_MAX
#define MOST_UNITS (1u << 20)
#define MOST_ARANGES (256u << 20)
#define MOST_SCANNED (1ull << 30)  /* .debug_info beyond this is not scanned when .debug_aranges tells the units */
#define MOST_ROW_NAMES 8         /* inlined at one row of a bundle that are told */

typedef struct unit {
	ptm_dwarf_unit header;
	ptm_line_table lines;
	ptm_inlines inlines, split;      /* split: of the unit that was split from it */
	bool header_read, loaded, split_loaded;
} unit;

/* Code of a unit, from `low` on, up to `high` or the next extent. */
typedef struct extent {
	uint64_t low, high, unit_offset;
} extent;

typedef struct skeleton_id {
	uint64_t id;
	uint32_t unit;
} skeleton_id;

/* An address that addr2line was asked of, and the how manieth it was. */
typedef struct question {
	uint64_t address;
	uint32_t order;          /* from 1 on; 0: a free slot */
} question;

struct ptm_lines {
	ptm_dwarf dwarf;
	question *questions;             /* by hash of the address */
	uint32_t question_slots, question_count; /* slots: a power of two, at most half full */
	PTM_ARRAY(unit) units;           /* sorted by offset */
	PTM_ARRAY(extent) extents;       /* sorted by low */
	PTM_ARRAY(uint32_t) skeletons;   /* rows of units, in their order */
	PTM_ARRAY(skeleton_id) skeleton_ids; /* the same, sorted by id */
	ptm_dwarf_unit_list alternate_units;
	ptm_line_rows rows;              /* of an image out of a bundle, which has no DWARF */
	bool usable;
};

void ptm_lines_free(ptm_image *image)
{
	struct ptm_lines *lines = image->lines;
	for (uint32_t i = 0; lines && i < lines->units.length; i++) {
		ptm_dwarf_unit_free(&lines->units.at[i].header);
		ptm_line_table_free(&lines->units.at[i].lines);
		ptm_inlines_free(&lines->units.at[i].inlines);
		ptm_inlines_free(&lines->units.at[i].split);
	}
	if (lines) {
		ptm_array_free(&lines->units);
		ptm_array_free(&lines->extents);
		ptm_array_free(&lines->skeletons);
		ptm_dwarf_unit_list_free(&lines->alternate_units);
		ptm_array_free(&lines->skeleton_ids);
		ptm_dwarf_close(&lines->dwarf);
		ptm_line_rows_free(&lines->rows);
		free(lines->questions);
		free(lines);
	}
	image->lines = NULL;
	image->not_split = false;
}

/* ------------------------------------------------------------------- index */

static ptm_status add_extent(struct ptm_lines *lines, uint64_t low, uint64_t high, uint64_t unit_offset)
{
	if (high <= low || !ptm_dwarf_is_code(&lines->dwarf, low))
		return PTM_OK;
	return ptm_array_push(&lines->extents, ((extent){ low, high, unit_offset }));
}

/* One set of .debug_aranges: the pairs (address, size) of one unit. */
static ptm_status take_range_set(struct ptm_lines *lines, ptm_bytes *bytes, const uint8_t *base)
{
	uint32_t offset_size = 4;
	uint64_t length = ptm_bytes_u32(bytes);
	if (length == 0xffffffff) {
		offset_size = 8;
		length = ptm_bytes_u64(bytes);
	}
	const uint8_t *start = bytes->at - (offset_size == 8 ? 12 : 4);
	const uint8_t *set_bytes = ptm_bytes_take(bytes, length < SIZE_MAX ? (size_t)length : SIZE_MAX);
	if (!set_bytes || start < base)
		return PTM_END;
	ptm_bytes set = ptm_bytes_of(set_bytes, (size_t)length);
	ptm_bytes_skip(&set, 2);
	uint64_t unit_offset = ptm_bytes_number(&set, offset_size);
	uint32_t size = ptm_bytes_u8(&set);
	ptm_bytes_skip(&set, 1);
	if (set.failed || (size != 4 && size != 8))
		return PTM_OK;
	size_t misaligned = (size_t)(set.at - start) % (2 * size);
	ptm_bytes_skip(&set, misaligned ? 2 * size - misaligned : 0);
	while (ptm_bytes_left(&set) >= 2 * size) {
		uint64_t low = ptm_bytes_number(&set, size), count = ptm_bytes_number(&set, size);
		if (!low && !count)
			break;
		PTM_TRY(add_extent(lines, low, low + count, unit_offset));
	}
	return PTM_OK;
}

static ptm_status read_range_sets(struct ptm_lines *lines)
{
	uint64_t size = lines->dwarf.sections[DWARF_ARANGES].size;
	const uint8_t *at;
	ptm_status status = PTM_OK;
	if (!size || size > MOST_ARANGES)
		return PTM_OK;
	ptm_source source;
	ptm_source_init_beside(&source, &lines->dwarf.units, (uint32_t)size);
	status = ptm_source_view(&source, lines->dwarf.sections[DWARF_ARANGES].offset, (uint32_t)size, &at);
	ptm_bytes bytes = ptm_bytes_of(at, status == PTM_OK ? (size_t)size : 0);
	while (status == PTM_OK && ptm_bytes_left(&bytes))
		status = take_range_set(lines, &bytes, at);
	ptm_source_free(&source);
	return status == PTM_END ? PTM_OK : status;
}

static int compare_offsets(const void *a, const void *b)
{
	uint64_t x = ((const extent *)a)->unit_offset, y = ((const extent *)b)->unit_offset;
	return x < y ? -1 : x > y;
}

static int compare_lows(const void *a, const void *b)
{
	const extent *x = a, *y = b;
	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return compare_offsets(a, b);
}

/* Code of a unit that does not say where it has any, as of generated code that perf inject writes: where its lines are. */
static ptm_status add_rows(struct ptm_lines *lines, const ptm_dwarf_unit *unit)
{
	ptm_line_table table;
	uint64_t low = 0;
	ptm_status status = ptm_line_table_read(&table, &lines->dwarf, unit);
	for (uint32_t i = 0; status == PTM_OK && i < table.rows.length; i++) {
		const ptm_line_row *row = &table.rows.at[i];
		if (!i || !row[-1].line)
			low = row->address;
		if (!row->line)
			status = add_extent(lines, low, row->address, unit->offset);
	}
	ptm_line_table_free(&table);
	return status;
}

/* Walks over all units; those that .debug_aranges does not know tell their ranges themselves. */
static ptm_status scan_units(struct ptm_lines *lines)
{
	uint32_t told = lines->extents.length, next = 0;
	ptm_dwarf_ranges ranges = { 0 };
	ptm_status status = PTM_OK;
	uint64_t size = lines->dwarf.sections[DWARF_INFO].size, offset = 0;
	if (told)
		qsort(lines->extents.at, told, sizeof *lines->extents.at, compare_offsets);
	while (status == PTM_OK && offset < size && lines->units.length < MOST_UNITS) {
		unit unit = { .header_read = true };
		status = ptm_dwarf_unit_read(&lines->dwarf, offset, &unit.header);
		while (next < told && lines->extents.at[next].unit_offset < offset)
			next++;
		ranges.length = 0;
		bool known = next < told && lines->extents.at[next].unit_offset == offset;
		if (status == PTM_OK && unit.header.holds_code && !known)
			status = ptm_dwarf_unit_ranges(&lines->dwarf, &unit.header, &ranges);
		for (uint32_t i = 0; i < ranges.length && status == PTM_OK; i++)
			status = add_extent(lines, ranges.at[i].low, ranges.at[i].high, offset);
		if (status == PTM_OK && !known && unit.header.tag == DW_TAG_compile_unit && !unit.header.has_high_pc && !unit.header.has_ranges)
			status = add_rows(lines, &unit.header);
		ptm_dwarf_unit_free(&unit.header);
		unit.header.abbreviations = (ptm_dwarf_abbreviations){ 0 };
		offset = unit.header.end > offset ? unit.header.end : size;
		if (status == PTM_OK)
			status = ptm_array_push(&lines->units, unit);
		else if (status == PTM_BAD_DATA)
			status = PTM_OK;
	}
	ptm_array_free(&ranges);
	return status;
}

/* The units that .debug_aranges tells, without their headers. */
static ptm_status take_told_units(struct ptm_lines *lines)
{
	qsort(lines->extents.at, lines->extents.length, sizeof *lines->extents.at, compare_offsets);
	for (uint32_t i = 0; i < lines->extents.length && lines->units.length < MOST_UNITS; i++)
		if (!i || lines->extents.at[i].unit_offset != lines->extents.at[i - 1].unit_offset)
			PTM_TRY(ptm_array_push(&lines->units, ((unit){ .header.offset = lines->extents.at[i].unit_offset })));
	return PTM_OK;
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = ((const skeleton_id *)a)->id, y = ((const skeleton_id *)b)->id;
	return x < y ? -1 : x > y;
}

static ptm_status list_skeletons(struct ptm_lines *lines)
{
	for (uint32_t i = 0; i < lines->units.length; i++) {
		if (!lines->units.at[i].header.is_skeleton)
			continue;
		PTM_TRY(ptm_array_push(&lines->skeletons, i));
		PTM_TRY(ptm_array_push(&lines->skeleton_ids, ((skeleton_id){ lines->units.at[i].header.split_id, i })));
	}
	if (lines->skeleton_ids.length)
		qsort(lines->skeleton_ids.at, lines->skeleton_ids.length, sizeof *lines->skeleton_ids.at, compare_ids);
	return PTM_OK;
}

static ptm_status open_lines(struct ptm_lines *lines, ptm_image *image)
{
	PTM_TRY(ptm_dwarf_open(&lines->dwarf, image));
	PTM_TRY(read_range_sets(lines));
	if (lines->extents.length && lines->dwarf.sections[DWARF_INFO].size > MOST_SCANNED)
		PTM_TRY(take_told_units(lines));
	else
		PTM_TRY(scan_units(lines));
	PTM_TRY(list_skeletons(lines));
	if (lines->extents.length)
		qsort(lines->extents.at, lines->extents.length, sizeof *lines->extents.at, compare_lows);
	return PTM_OK;
}

/* ------------------------------------------------------------------ lookup */

/* The unit that begins at, or, when `within`, holds the offset; NULL when there is none. */
static unit *find_unit(struct ptm_lines *lines, uint64_t offset, bool within)
{
	uint32_t low = 0, high = lines->units.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (lines->units.at[middle].header.offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	unit *found = low ? &lines->units.at[low - 1] : NULL;
	if (!found || (!within && found->header.offset != offset))
		return NULL;
	if (!found->header_read) {
		found->header_read = true;
		if (ptm_dwarf_unit_read(&lines->dwarf, found->header.offset, &found->header) != PTM_OK)
			found->header.end = 0;
	}
	return offset < found->header.end ? found : NULL;
}

static ptm_status load_unit(struct ptm_lines *lines, unit *unit)
{
	if (unit->loaded)
		return PTM_OK;
	unit->loaded = true;
	PTM_TRY(ptm_line_table_read(&unit->lines, &lines->dwarf, &unit->header));
	return ptm_inlines_read(&unit->inlines, &lines->dwarf, &unit->header);
}

/* The inlined calls that the debug information tells: of the split unit, if that is there. */
static ptm_status inlines_of(ptm_images *images, struct ptm_lines *lines, unit *unit, ptm_inlines **inlines)
{
	*inlines = &unit->inlines;
	if (!unit->header.is_skeleton)
		return PTM_OK;
	if (!unit->split_loaded) {
		unit->split_loaded = true;
		ptm_status status = ptm_split_unit_read(images, &lines->dwarf, &unit->header, &unit->split);
		if (status == PTM_NO_MEMORY || status == PTM_READ_FAILED)
			return status;
	}
	if (unit->split.pieces.length)
		*inlines = &unit->split;
	return PTM_OK;
}

static unit *unit_at(struct ptm_lines *lines, uint64_t address)
{
	uint32_t low = 0, high = lines->extents.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (lines->extents.at[middle].low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	const extent *extent = low ? &lines->extents.at[low - 1] : NULL;
	return extent && address < extent->high ? find_unit(lines, extent->unit_offset, false) : NULL;
}

static ptm_dwarf_unit *unit_of_entry(void *context, bool alternate, uint64_t offset)
{
	struct ptm_lines *lines = context;
	if (alternate)
		return ptm_dwarf_unit_list_find(&lines->alternate_units, lines->dwarf.alternate, offset);
	unit *found = find_unit(lines, offset, true);
	return found ? &found->header : NULL;
}

static ptm_status name_call(struct ptm_lines *lines, ptm_strings *strings, ptm_inline_call *call)
{
	return ptm_inline_call_name(call, &lines->dwarf, &(ptm_unit_finder){ unit_of_entry, lines }, strings);
}

/* Stores the names of the inlined calls around an address, outermost first; of
 * too many, the innermost. */
static ptm_status list_inlined(struct ptm_lines *lines, ptm_inlines *inlines, ptm_strings *strings, uint64_t address, uint32_t *inlined, uint32_t *depth)
{
	uint32_t most = *depth, count = 0;
	*depth = 0;
	for (uint32_t at = ptm_inlines_find(inlines, address); at != NONE && count < most; at = inlines->calls.at[at].parent) {
		ptm_inline_call *call = &inlines->calls.at[at];
		if (call->is_function)
			break;
		if (call->name == NONE)
			PTM_TRY(name_call(lines, strings, call));
		if (call->name) /* 0: it is in a file that was not given */
			inlined[count++] = call->name;
	}
	for (uint32_t i = 0; i < count / 2; i++) {
		uint32_t swapped = inlined[i];
		inlined[i] = inlined[count - 1 - i];
		inlined[count - 1 - i] = swapped;
	}
	*depth = count;
	return PTM_OK;
}

/* What is known of an image's lines, read the first time; NULL: it is not loaded. */
static ptm_status lines_of(ptm_images *images, uint32_t row, struct ptm_lines **found)
{
	ptm_image *image = row < images->images.length ? &images->images.at[row] : NULL;
	*found = NULL;
	if (!image || (image->status != PTM_IMAGE_LOADED && !image->module_file.size))
		return PTM_OK;
	if (!image->lines) {
		image->lines = calloc(1, sizeof(struct ptm_lines));
		if (!image->lines)
			return PTM_NO_MEMORY;
		struct ptm_lines *made = image->lines;
		made->usable = (image->status != PTM_IMAGE_LOADED || ptm_line_rows_read(&made->rows, image) != PTM_OK) && open_lines(made, image) == PTM_OK;
	}
	*found = image->lines;
	return PTM_OK;
}

ptm_status ptm_image_line(ptm_images *images, uint32_t row, uint64_t address, uint32_t *file, uint32_t *line, uint32_t *inlined, uint32_t *depth)
{
	struct ptm_lines *lines;
	uint32_t most = *depth;
	*file = *line = *depth = 0;
	PTM_TRY(lines_of(images, row, &lines));
	if (!lines)
		return PTM_OK;
	if (lines->rows.count) {
		*depth = most;
		return ptm_line_rows_find(&lines->rows, images->strings, address, file, line, inlined, depth);
	}
	address -= ptm_image_lines_slide(&images->images.at[row]);
	unit *unit = lines->usable ? unit_at(lines, address) : NULL;
	if (!unit || load_unit(lines, unit) != PTM_OK)
		return PTM_OK;
	const ptm_line_row *found = ptm_line_table_find(&unit->lines, address);
	if (found && found->line) {
		PTM_TRY(ptm_line_table_path(&unit->lines, &lines->dwarf, images->strings, found->file, file));
		*line = found->line;
	}
	*depth = most;
	ptm_inlines *inlines;
	PTM_TRY(inlines_of(images, lines, unit, &inlines));
	return list_inlined(lines, inlines, images->strings, address, inlined, depth);
}

ptm_status ptm_image_has_own_lines(ptm_images *images, uint32_t row, bool *has)
{
	struct ptm_lines *lines;
	PTM_TRY(lines_of(images, row, &lines));
	const ptm_image *image = &images->images.at[row];
	*has = lines && (lines->rows.count || (lines->usable && (image->debug_size || !image->lines_file.size)));
	return PTM_OK;
}

ptm_status ptm_image_lineless(ptm_images *images, uint32_t row, uint64_t address, enum ptm_lineless *what, uint32_t *file)
{
	struct ptm_lines *lines;
	*file = 0;
	*what = PTM_LINELESS_UNTOLD;
	PTM_TRY(lines_of(images, row, &lines));
	if (lines && lines->rows.count)
		return ptm_line_rows_lineless(&lines->rows, images->strings, address, what, file);
	if (!lines)
		return PTM_OK;
	address -= ptm_image_lines_slide(&images->images.at[row]);
	unit *unit = lines->usable ? unit_at(lines, address) : NULL;
	if (!unit || load_unit(lines, unit) != PTM_OK)
		return PTM_OK;
	const ptm_line_row *found = ptm_line_table_find(&unit->lines, address);
	if (found && !found->line)
		PTM_TRY(ptm_line_table_path(&unit->lines, &lines->dwarf, images->strings, found->file, file));
	if (*file)
		*what = PTM_LINELESS_FILE;
	return PTM_OK;
}

/* --------------------------------------------------------------- split units */

/* The lines of an image that may have skeletons, which have their addresses in .debug_addr; NULL: it has none. */
static ptm_status skeletons_of(ptm_images *images, uint32_t row, struct ptm_lines **found)
{
	ptm_image *image = &images->images.at[row];
	*found = image->lines;
	if (image->lines || image->not_split || image->status != PTM_IMAGE_LOADED || image->is_flat || image->names != PTM_NAMES_ELF)
		return PTM_OK;
	ptm_dwarf dwarf;
	ptm_status status = ptm_dwarf_open(&dwarf, image);
	image->not_split = status != PTM_OK || !dwarf.sections[DWARF_ADDR].size;
	ptm_dwarf_close(&dwarf);
	return image->not_split ? PTM_OK : lines_of(images, row, found);
}

ptm_status ptm_image_skeletons(ptm_images *images, uint32_t row, uint32_t *count)
{
	struct ptm_lines *lines;
	*count = 0;
	PTM_TRY(skeletons_of(images, row, &lines));
	if (lines)
		*count = lines->skeletons.length;
	return PTM_OK;
}

static ptm_status text_of(struct ptm_lines *lines, ptm_strings *strings, uint8_t section, uint64_t offset, uint32_t *id)
{
	ptm_text text = { 0 };
	ptm_status status = section < DWARF_SECTIONS ? ptm_dwarf_text(&lines->dwarf, (ptm_dwarf_section)section, offset, &text) : PTM_OK;
	if (status == PTM_OK)
		status = ptm_strings_add(strings, text.bytes.length ? text.bytes.at : "", text.bytes.length, id);
	ptm_array_free(&text.bytes);
	return status;
}

ptm_status ptm_image_skeleton(ptm_images *images, uint32_t row, uint32_t index, ptm_skeleton *skeleton)
{
	struct ptm_lines *lines = images->images.at[row].lines;
	const ptm_dwarf_unit *unit = &lines->units.at[lines->skeletons.at[index]].header;
	*skeleton = (ptm_skeleton){ .id = unit->split_id, .given = ptm_split_unit_known(images, unit->split_id) };
	PTM_TRY(text_of(lines, images->strings, unit->split_name_section, unit->split_name, &skeleton->name));
	return text_of(lines, images->strings, unit->directory_section, unit->directory, &skeleton->directory);
}

ptm_status ptm_image_take_split(ptm_images *images, uint32_t row, uint64_t id, bool *wanted)
{
	struct ptm_lines *lines;
	skeleton_id key = { .id = id };
	PTM_TRY(skeletons_of(images, row, &lines));
	if (!lines || !lines->skeleton_ids.length)
		return PTM_OK;
	const skeleton_id *found = bsearch(&key, lines->skeleton_ids.at, lines->skeleton_ids.length, sizeof key, compare_ids);
	if (!found)
		return PTM_OK;
	unit *unit = &lines->units.at[found->unit];
	ptm_inlines_free(&unit->split);
	unit->split_loaded = false;
	*wanted = true;
	return PTM_OK;
}

/* -------------------------------------------------------- as addr2line has it */

static question *slot_of(const struct ptm_lines *lines, uint64_t address)
{
	uint32_t mask = lines->question_slots - 1, slot = (uint32_t)ptm_hash_u64(address) & mask;
	while (lines->questions[slot].order && lines->questions[slot].address != address)
		slot = (slot + 1) & mask;
	return &lines->questions[slot];
}

static ptm_status grow_questions(struct ptm_lines *lines)
{
	struct ptm_lines bigger = { .question_slots = lines->question_slots ? lines->question_slots * 2 : 64 };
	bigger.questions = calloc(bigger.question_slots, sizeof *bigger.questions);
	if (!bigger.questions)
		return PTM_NO_MEMORY;
	for (uint32_t i = 0; i < lines->question_slots; i++)
		if (lines->questions[i].order)
			*slot_of(&bigger, lines->questions[i].address) = lines->questions[i];
	free(lines->questions);
	lines->questions = bigger.questions;
	lines->question_slots = bigger.question_slots;
	return PTM_OK;
}

/* Notes that an address is asked of; stores the how manieth it was when it was first. */
static ptm_status ask(struct ptm_lines *lines, uint64_t address, uint32_t *order)
{
	if (2 * (lines->question_count + 1) > lines->question_slots)
		PTM_TRY(grow_questions(lines));
	question *slot = slot_of(lines, address);
	if (!slot->order)
		*slot = (question){ address, ++lines->question_count };
	*order = slot->order;
	return PTM_OK;
}

/* Where a function's name is none that the linker knows (C++'s local functions),
 * addr2line tells the symbol's name instead, but only the first time that the
 * function is the innermost; from then on only where the symbol begins with it. */
static bool is_named_by_symbol(ptm_inline_call *call, bool innermost, uint32_t order, const ptm_symbol *symbol)
{
	if (call->is_linkage || !symbol)
		return false;
	if (innermost && !call->asked)
		call->asked = order;
	if (innermost && call->asked == order)
		return true;
	return call->asked && call->asked < order && call->low == symbol->address;
}

/* The rows of a bundle: names outermost first, one line for all of them. */
static ptm_status frames_of_rows(const struct ptm_lines *lines, ptm_strings *strings, uint64_t address, ptm_code_frame *frames, uint32_t most, uint32_t *count)
{
	uint32_t file = 0, line = 0, inlined[MOST_ROW_NAMES], depth = MOST_ROW_NAMES;
	PTM_TRY(ptm_line_rows_find(&lines->rows, strings, address, &file, &line, inlined, &depth));
	for (uint32_t i = depth; i-- > 0 && *count < most; file = line = 0)
		frames[(*count)++] = (ptm_code_frame){ .name = inlined[i], .file = file, .line = line, .inlined = true };
	return PTM_OK;
}

static ptm_status take_frame(struct ptm_lines *lines, unit *unit, ptm_strings *strings, ptm_inline_call *call, uint32_t file, ptm_code_frame *frame)
{
	if (call->name == NONE)
		PTM_TRY(name_call(lines, strings, call));
	frame->name = call->name;
	frame->inlined = !call->is_function;
	return ptm_line_table_path(&unit->lines, &lines->dwarf, strings, file, &frame->file);
}

ptm_status ptm_image_frames(ptm_images *images, uint32_t row, uint64_t address, bool as_addr2line, ptm_code_frame *frames, uint32_t most, uint32_t *count)
{
	struct ptm_lines *lines;
	uint32_t order = 0;
	*count = 0;
	PTM_TRY(lines_of(images, row, &lines));
	if (lines && lines->rows.count)
		return frames_of_rows(lines, images->strings, address, frames, most, count);
	const ptm_symbol *symbol = lines && as_addr2line ? ptm_image_symbol(images, row, address) : NULL;
	if (lines)
		address -= ptm_image_lines_slide(&images->images.at[row]);
	unit *unit = lines && lines->usable ? unit_at(lines, address) : NULL;
	if (!unit || load_unit(lines, unit) != PTM_OK)
		return PTM_OK;
	if (as_addr2line)
		PTM_TRY(ask(lines, address, &order));
	const ptm_line_row *found = ptm_line_table_find(&unit->lines, address);
	uint32_t file = found && found->line ? found->file : NONE, line = found ? found->line : 0;
	uint32_t at = ptm_inlines_find(&unit->inlines, address);
	/* addr2line does not read ranges by index, and so finds what is around. */
	while (as_addr2line && at != NONE && unit->inlines.calls.at[at].by_index)
		at = unit->inlines.calls.at[at].is_function ? NONE : unit->inlines.calls.at[at].parent;
	while (at != NONE && *count < most) {
		ptm_inline_call *call = &unit->inlines.calls.at[at];
		ptm_code_frame *frame = &frames[*count];
		*frame = (ptm_code_frame){ .line = line };
		PTM_TRY(take_frame(lines, unit, images->strings, call, file, frame));
		frame->by_symbol = as_addr2line && is_named_by_symbol(call, !*count, order, symbol);
		++*count;
		file = call->file;
		line = call->line;
		at = call->is_function ? NONE : call->parent;
	}
	return PTM_OK;
}
