/* SPDX-License-Identifier: Apache-2.0 */
#include "image/inlines.h"

#define NONE UINT32_MAX
#define MOST_UNIT_BYTES (128u << 20)
#define MOST_SPANS (1u << 24)

/* A range of an inlined call. Entries come parents first, so of two calls with
 * the same range the earlier is the outer one. */
typedef struct span {
	uint64_t low, high;
	uint32_t call;
} span;

typedef struct reader {
	ptm_inlines *inlines;
	ptm_dwarf *dwarf;
	ptm_dwarf_unit *unit;
	PTM_ARRAY(span) spans;
	ptm_dwarf_ranges ranges; /* scratch */
} reader;

/* ------------------------------------------------------------ read entries */

/* Attributes of an entry that stands for code. */
typedef struct code_entry {
	ptm_dwarf_value low, high, ranges;
} code_entry;

static ptm_status add_call(reader *reader, const ptm_inline_call *made, const code_entry *of)
{
	const ptm_dwarf_value *low = &of->low, *high = &of->high, *ranges = &of->ranges;
	uint32_t call = reader->inlines->calls.length;
	uint64_t from = 0, to = 0;
	reader->ranges.length = 0;
	if (ranges->class != DWARF_NOTHING) {
		PTM_TRY(ptm_dwarf_ranges_read(reader->dwarf, reader->unit, ranges, &reader->ranges));
	} else if (ptm_dwarf_address(reader->dwarf, reader->unit, low, &from)) {
		if (!ptm_dwarf_address(reader->dwarf, reader->unit, high, &to))
			to = high->class == DWARF_NUMBER || high->class == DWARF_OFFSET ? from + high->number : from;
		if (to > from)
			PTM_TRY(ptm_array_push(&reader->ranges, ((ptm_dwarf_range){ from, to })));
	}
	if (!reader->ranges.length || reader->spans.length > MOST_SPANS)
		return PTM_OK;
	PTM_TRY(ptm_array_push(&reader->inlines->calls, *made));
	reader->inlines->calls.at[call].low = reader->ranges.at[0].low;
	for (uint32_t i = 0; i < reader->ranges.length; i++)
		if (ptm_dwarf_is_code(reader->dwarf, reader->ranges.at[i].low))
			PTM_TRY(ptm_array_push(&reader->spans, ((span){ reader->ranges.at[i].low, reader->ranges.at[i].high, call })));
	return PTM_OK;
}

/* Takes one entry; false when it cannot be read. */
static bool take_entry(reader *reader, ptm_bytes *bytes, const uint8_t *base, ptm_status *status)
{
	const ptm_dwarf_unit *unit = reader->unit;
	ptm_inline_call made = { .origin = unit->entries + (uint64_t)(bytes->at - base), .parent = NONE, .name = NONE, .file = NONE };
	ptm_dwarf_value value, origin = { 0 };
	code_entry of = { 0 };
	uint64_t code = ptm_bytes_leb(bytes);
	const ptm_dwarf_abbreviation *entry = code ? ptm_dwarf_abbreviation_find(&unit->abbreviations, code) : NULL;
	if (!entry)
		return !code && !bytes->failed;
	for (uint32_t i = 0; i < entry->count; i++) {
		const ptm_dwarf_specification *specification = &unit->abbreviations.specifications.at[entry->first + i];
		if (!ptm_dwarf_take(unit, specification, bytes, base, unit->entries, &value))
			return false;
		switch (specification->attribute) {
		case DW_AT_abstract_origin: origin = value; break;
		case DW_AT_low_pc: of.low = value; break;
		case DW_AT_high_pc: of.high = value; break;
		case DW_AT_ranges: of.ranges = value; break;
		case DW_AT_call_file: made.file = value.class == DWARF_NUMBER ? (uint32_t)value.number : NONE; break;
		case DW_AT_call_line: made.line = value.class == DWARF_NUMBER ? (uint32_t)value.number : 0; break;
		default: break;
		}
	}
	made.is_function = entry->tag == DW_TAG_subprogram;
	made.by_index = of.ranges.class == DWARF_RANGE_INDEX;
	if (entry->tag == DW_TAG_inlined_subroutine) {
		made.origin = origin.number;
		made.in_alternate = origin.class == DWARF_ALTERNATE_REFERENCE;
	}
	if (made.is_function || (entry->tag == DW_TAG_inlined_subroutine && (origin.class == DWARF_REFERENCE || made.in_alternate)))
		*status = add_call(reader, &made, &of);
	return true;
}

static ptm_status take_entries(reader *reader)
{
	ptm_dwarf_unit *unit = reader->unit;
	uint64_t length = unit->end - unit->entries;
	const uint8_t *at;
	ptm_status status = PTM_OK;
	if (length > MOST_UNIT_BYTES)
		return PTM_OK;
	PTM_TRY(ptm_source_view(&reader->dwarf->units, reader->dwarf->sections[DWARF_INFO].offset + unit->entries, (uint32_t)length, &at));
	ptm_bytes bytes = ptm_bytes_of(at, (size_t)length);
	while (status == PTM_OK && ptm_bytes_left(&bytes))
		if (!take_entry(reader, &bytes, at, &status))
			break;
	return status;
}

/* ------------------------------------------------------------ lay out spans */

static int compare_spans(const void *a, const void *b)
{
	const span *x = a, *y = b;
	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	if (x->high != y->high)
		return x->high > y->high ? -1 : 1;
	return x->call < y->call ? -1 : x->call > y->call;
}

static ptm_status add_piece(ptm_inlines *inlines, uint64_t address, uint32_t call)
{
	ptm_inline_piece *last = inlines->pieces.length ? &inlines->pieces.at[inlines->pieces.length - 1] : NULL;
	if (last && last->address == address) {
		last->call = call;
		return PTM_OK;
	}
	return last && last->call == call ? PTM_OK : ptm_array_push(&inlines->pieces, ((ptm_inline_piece){ address, call }));
}

typedef PTM_ARRAY(span) open_spans;

/* Closes the open spans that end at or before `address`. */
static ptm_status close_until(ptm_inlines *inlines, open_spans *open, uint64_t address)
{
	while (open->length && open->at[open->length - 1].high <= address) {
		uint64_t end = open->at[--open->length].high;
		PTM_TRY(add_piece(inlines, end, open->length ? open->at[open->length - 1].call : NONE));
	}
	return PTM_OK;
}

/* Sweeps over the spans, outer before inner; what sticks out of its parent is cut. */
static ptm_status lay_out(reader *reader, open_spans *open)
{
	ptm_inlines *inlines = reader->inlines;
	for (uint32_t i = 0; i < reader->spans.length; i++) {
		span next = reader->spans.at[i];
		PTM_TRY(close_until(inlines, open, next.low));
		const span *around = open->length ? &open->at[open->length - 1] : NULL;
		if (around && next.high > around->high)
			next.high = around->high;
		ptm_inline_call *call = &inlines->calls.at[next.call];
		if (around && around->call < next.call && call->parent == NONE)
			call->parent = around->call;
		PTM_TRY(add_piece(inlines, next.low, next.call));
		PTM_TRY(ptm_array_push(open, next));
	}
	return close_until(inlines, open, UINT64_MAX);
}

ptm_status ptm_inlines_read(ptm_inlines *inlines, ptm_dwarf *dwarf, ptm_dwarf_unit *unit)
{
	reader reader = { .inlines = inlines, .dwarf = dwarf, .unit = unit };
	open_spans open = { 0 };
	*inlines = (ptm_inlines){ 0 };
	ptm_status status = ptm_dwarf_unit_abbreviations(dwarf, unit);
	if (status == PTM_OK)
		status = take_entries(&reader);
	if (status == PTM_OK && reader.spans.length) {
		qsort(reader.spans.at, reader.spans.length, sizeof *reader.spans.at, compare_spans);
		status = lay_out(&reader, &open);
	}
	ptm_array_free(&open);
	ptm_array_free(&reader.spans);
	ptm_array_free(&reader.ranges);
	return status;
}

void ptm_inlines_free(ptm_inlines *inlines)
{
	ptm_array_free(&inlines->calls);
	ptm_array_free(&inlines->pieces);
}

uint32_t ptm_inlines_find(const ptm_inlines *inlines, uint64_t address)
{
	uint32_t low = 0, high = inlines->pieces.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (inlines->pieces.at[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? inlines->pieces.at[low - 1].call : NONE;
}
