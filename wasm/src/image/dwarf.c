/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf.h"

#define MOST_TEXT 65536u
#define MOST_ABBREVIATION_BYTES (32u << 20)
#define MOST_SPECIFICATIONS (1u << 22)
#define ROOT_BYTES 2048          /* enough for any root entry: it holds no long text in its own bytes */

/* ---------------------------------------------------------------- sections */

bool ptm_dwarf_is_code(const ptm_dwarf *dwarf, uint64_t address)
{
	for (uint32_t i = 0; i < dwarf->load_count; i++) {
		const ptm_load *load = &dwarf->loads[i];
		if (load->executable && address >= load->address && address - load->address < load->file_size)
			return true;
	}
	return false;
}

uint32_t ptm_dwarf_read(ptm_dwarf *dwarf, ptm_dwarf_section section, uint64_t offset, void *into, uint32_t length)
{
	uint32_t done = 0;
	if (section == DWARF_ALTERNATE_STR && dwarf->alternate) {
		dwarf = dwarf->alternate;
		section = DWARF_STR;
	}
	if (offset >= dwarf->sections[section].size)
		return 0;
	if (length > dwarf->sections[section].size - offset)
		length = (uint32_t)(dwarf->sections[section].size - offset);
	const uint8_t *at;
	if (section == DWARF_INFO) {
		if (ptm_source_view_some(&dwarf->entries, dwarf->sections[section].offset + offset, &length, &at) != PTM_OK)
			return 0;
		memcpy(into, at, length);
		return length;
	}
	while (done < length) {
		uint32_t piece;
		if (ptm_pages_view(&dwarf->pages, dwarf->sections[section].offset + offset + done, &at, &piece) != PTM_OK)
			break;
		if (piece > length - done)
			piece = length - done;
		memcpy((uint8_t *)into + done, at, piece);
		done += piece;
	}
	return done;
}

uint64_t ptm_dwarf_number(ptm_dwarf *dwarf, ptm_dwarf_section section, uint64_t offset, uint32_t length)
{
	uint64_t value = 0;
	return length <= 8 && ptm_dwarf_read(dwarf, section, offset, &value, length) == length ? value : 0;
}

ptm_status ptm_dwarf_text(ptm_dwarf *dwarf, ptm_dwarf_section section, uint64_t offset, ptm_text *into)
{
	char piece[128];
	for (uint32_t done = 0; done < MOST_TEXT; done += sizeof piece) {
		uint32_t length = ptm_dwarf_read(dwarf, section, offset + done, piece, sizeof piece);
		uint32_t text = (uint32_t)strnlen(piece, length);
		PTM_TRY(ptm_text_append(into, piece, text));
		if (text < sizeof piece)
			break;
	}
	return PTM_OK;
}

/* ----------------------------------------------------------- abbreviations */

static int compare_codes(const void *a, const void *b)
{
	uint64_t x = ((const ptm_dwarf_abbreviation *)a)->code, y = ((const ptm_dwarf_abbreviation *)b)->code;
	return x < y ? -1 : x > y;
}

/* Takes one abbreviation; PTM_END at the table's end, PTM_TRUNCATED when bytes run out. */
static ptm_status take_abbreviation(ptm_dwarf_abbreviations *into, ptm_bytes *bytes)
{
	ptm_dwarf_abbreviation made = { .code = ptm_bytes_leb(bytes), .first = into->specifications.length };
	if (!made.code)
		return bytes->failed ? PTM_TRUNCATED : PTM_END;
	made.tag = (uint32_t)ptm_bytes_leb(bytes);
	ptm_bytes_skip(bytes, 1);
	for (;;) {
		ptm_dwarf_specification specification = { .attribute = (uint16_t)ptm_bytes_leb(bytes) };
		specification.form = (uint16_t)ptm_bytes_leb(bytes);
		if (specification.form == 0x21)
			specification.constant = ptm_bytes_signed_leb(bytes);
		if (bytes->failed || into->specifications.length > MOST_SPECIFICATIONS)
			return PTM_TRUNCATED;
		if (!specification.attribute && !specification.form)
			break;
		PTM_TRY(ptm_array_push(&into->specifications, specification));
	}
	made.count = into->specifications.length - made.first;
	return ptm_array_push(&into->list, made);
}

ptm_status ptm_dwarf_unit_abbreviations(ptm_dwarf *dwarf, ptm_dwarf_unit *unit)
{
	uint64_t size = dwarf->sections[DWARF_ABBREV].size, start = unit->abbreviations_offset;
	ptm_dwarf_abbreviations *into = &unit->abbreviations;
	if (into->list.length)
		return PTM_OK;
	if (start >= size)
		return PTM_BAD_DATA;
	for (uint32_t wanted = 4096;; wanted *= 8) {
		const uint8_t *at;
		uint32_t length = wanted < size - start ? wanted : (uint32_t)(size - start);
		PTM_TRY(ptm_source_view_some(&dwarf->tables, dwarf->sections[DWARF_ABBREV].offset + start, &length, &at));
		ptm_bytes bytes = ptm_bytes_of(at, length);
		ptm_status status = PTM_OK;
		into->list.length = into->specifications.length = 0;
		while (status == PTM_OK)
			status = take_abbreviation(into, &bytes);
		if (status == PTM_END)
			break;
		if (status != PTM_TRUNCATED)
			return status;
		if (length < wanted || wanted >= MOST_ABBREVIATION_BYTES)
			return PTM_BAD_DATA;
	}
	for (uint32_t i = 1; i < into->list.length; i++)
		if (into->list.at[i].code <= into->list.at[i - 1].code) {
			qsort(into->list.at, into->list.length, sizeof *into->list.at, compare_codes);
			break;
		}
	return into->list.length ? PTM_OK : PTM_BAD_DATA;
}

const ptm_dwarf_abbreviation *ptm_dwarf_abbreviation_find(const ptm_dwarf_abbreviations *abbreviations, uint64_t code)
{
	uint32_t low = 0, high = abbreviations->list.length;
	if (code - 1 < high && abbreviations->list.at[code - 1].code == code)
		return &abbreviations->list.at[code - 1];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (abbreviations->list.at[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low < abbreviations->list.length && abbreviations->list.at[low].code == code ? &abbreviations->list.at[low] : NULL;
}

/* -------------------------------------------------------------- attributes */

static void take_inline_text(ptm_bytes *bytes, const uint8_t *base, uint64_t start, ptm_dwarf_value *value)
{
	*value = (ptm_dwarf_value){ DWARF_TEXT, start + (uint64_t)(bytes->at - base) };
	const uint8_t *end = memchr(bytes->at, 0, ptm_bytes_left(bytes));
	ptm_bytes_skip(bytes, end ? (size_t)(end - bytes->at) + 1 : ptm_bytes_left(bytes) + 1);
}

/* One flat switch over the forms of DWARF 2 to 5 and GNU's. */
bool ptm_dwarf_take_form(const ptm_dwarf_unit *unit, uint32_t form, ptm_bytes *bytes, const uint8_t *base, uint64_t start, ptm_dwarf_value *value)
{
	uint32_t offset_size = unit->offset_size;
	ptm_dwarf_class class = DWARF_NOTHING;
	uint64_t number = 0;
	switch (form) {
	case 0x01: class = DWARF_ADDRESS; number = ptm_bytes_number(bytes, unit->address_size); break;
	case 0x03: ptm_bytes_skip(bytes, ptm_bytes_u16(bytes)); break;
	case 0x04: ptm_bytes_skip(bytes, ptm_bytes_u32(bytes)); break;
	case 0x05: class = DWARF_NUMBER; number = ptm_bytes_u16(bytes); break;
	case 0x06: class = unit->version < 4 ? DWARF_OFFSET : DWARF_NUMBER; number = ptm_bytes_u32(bytes); break;
	case 0x07: class = unit->version < 4 ? DWARF_OFFSET : DWARF_NUMBER; number = ptm_bytes_u64(bytes); break;
	case 0x08: take_inline_text(bytes, base, start, value); return !bytes->failed;
	case 0x09: case 0x18: {
		uint64_t length = ptm_bytes_leb(bytes);
		ptm_bytes_skip(bytes, length < SIZE_MAX ? (size_t)length : SIZE_MAX);
		break;
	}
	case 0x0a: ptm_bytes_skip(bytes, ptm_bytes_u8(bytes)); break;
	case 0x0b: case 0x0c: class = DWARF_NUMBER; number = ptm_bytes_u8(bytes); break;
	case 0x0d: class = DWARF_NUMBER; number = (uint64_t)ptm_bytes_signed_leb(bytes); break;
	case 0x0e: class = DWARF_TEXT_OFFSET; number = ptm_bytes_number(bytes, offset_size); break;
	case 0x0f: class = DWARF_NUMBER; number = ptm_bytes_leb(bytes); break;
	case 0x10: class = DWARF_REFERENCE; number = ptm_bytes_number(bytes, unit->version < 3 ? unit->address_size : offset_size); break;
	case 0x11: class = DWARF_REFERENCE; number = unit->offset + ptm_bytes_u8(bytes); break;
	case 0x12: class = DWARF_REFERENCE; number = unit->offset + ptm_bytes_u16(bytes); break;
	case 0x13: class = DWARF_REFERENCE; number = unit->offset + ptm_bytes_u32(bytes); break;
	case 0x14: class = DWARF_REFERENCE; number = unit->offset + ptm_bytes_u64(bytes); break;
	case 0x15: class = DWARF_REFERENCE; number = unit->offset + ptm_bytes_leb(bytes); break;
	case 0x17: class = DWARF_OFFSET; number = ptm_bytes_number(bytes, offset_size); break;
	case 0x19: class = DWARF_NUMBER; number = 1; break;
	case 0x1a: case 0x1f02: class = DWARF_TEXT_INDEX; number = ptm_bytes_leb(bytes); break;
	case 0x1b: case 0x1f01: class = DWARF_ADDRESS_INDEX; number = ptm_bytes_leb(bytes); break;
	case 0x1c: class = DWARF_ALTERNATE_REFERENCE; number = ptm_bytes_u32(bytes); break;
	case 0x1f20: class = DWARF_ALTERNATE_REFERENCE; number = ptm_bytes_number(bytes, offset_size); break;
	case 0x1d: case 0x1f21: class = DWARF_ALTERNATE_TEXT; number = ptm_bytes_number(bytes, offset_size); break;
	case 0x1e: ptm_bytes_skip(bytes, 16); break;
	case 0x1f: class = DWARF_LINE_TEXT_OFFSET; number = ptm_bytes_number(bytes, offset_size); break;
	case 0x20: ptm_bytes_skip(bytes, 8); break;
	case 0x24: class = DWARF_ALTERNATE_REFERENCE; number = ptm_bytes_u64(bytes); break;
	case 0x22: (void)ptm_bytes_leb(bytes); break;
	case 0x23: class = DWARF_RANGE_INDEX; number = ptm_bytes_leb(bytes); break;
	case 0x25: case 0x26: case 0x27: case 0x28:
		class = DWARF_TEXT_INDEX;
		number = ptm_bytes_number(bytes, form - 0x24);
		break;
	case 0x29: case 0x2a: case 0x2b: case 0x2c:
		class = DWARF_ADDRESS_INDEX;
		number = ptm_bytes_number(bytes, form - 0x28);
		break;
	default: return false;
	}
	*value = (ptm_dwarf_value){ class, number };
	return !bytes->failed;
}

bool ptm_dwarf_take(const ptm_dwarf_unit *unit, const ptm_dwarf_specification *specification, ptm_bytes *bytes, const uint8_t *base,
		    uint64_t start, ptm_dwarf_value *value)
{
	uint32_t form = specification->form;
	if (form == 0x16)
		form = (uint32_t)ptm_bytes_leb(bytes);
	if (form == 0x21) {
		*value = (ptm_dwarf_value){ DWARF_NUMBER, (uint64_t)specification->constant };
		return true;
	}
	return ptm_dwarf_take_form(unit, form, bytes, base, start, value);
}

bool ptm_dwarf_text_place(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, const ptm_dwarf_value *value, uint8_t *section, uint64_t *offset)
{
	*offset = value->number;
	switch (value->class) {
	case DWARF_TEXT: *section = DWARF_INFO; return true;
	case DWARF_TEXT_OFFSET: *section = DWARF_STR; return true;
	case DWARF_LINE_TEXT_OFFSET: *section = DWARF_LINE_STR; return true;
	case DWARF_ALTERNATE_TEXT: *section = DWARF_ALTERNATE_STR; return dwarf->alternate;
	case DWARF_TEXT_INDEX:
		*section = DWARF_STR;
		*offset = ptm_dwarf_number(dwarf, DWARF_STR_OFFSETS, unit->string_offsets_base + value->number * unit->offset_size, unit->offset_size);
		return true;
	default: return false;
	}
}

bool ptm_dwarf_address(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, const ptm_dwarf_value *value, uint64_t *address)
{
	*address = value->number;
	if (value->class == DWARF_ADDRESS_INDEX)
		*address = ptm_dwarf_number(dwarf->program ? dwarf->program : dwarf, DWARF_ADDR, unit->address_base + value->number * unit->address_size, unit->address_size);
	return value->class == DWARF_ADDRESS || value->class == DWARF_ADDRESS_INDEX;
}

/* ------------------------------------------------------------------- units */

static ptm_status read_header(ptm_dwarf *dwarf, uint64_t offset, ptm_dwarf_unit *unit)
{
	uint8_t header[48];
	uint32_t length = ptm_dwarf_read(dwarf, DWARF_INFO, offset, header, sizeof header);
	ptm_bytes bytes = ptm_bytes_of(header, length);
	*unit = (ptm_dwarf_unit){ .offset = offset, .offset_size = 4, .holds_code = true };
	uint64_t size = ptm_bytes_u32(&bytes);
	if (size == 0xffffffff) {
		unit->offset_size = 8;
		size = ptm_bytes_u64(&bytes);
	}
	uint64_t start = offset + (uint64_t)(bytes.at - header);
	if (bytes.failed || !size || size > dwarf->sections[DWARF_INFO].size - start)
		return PTM_BAD_DATA;
	unit->end = start + size;
	unit->version = (uint8_t)ptm_bytes_u16(&bytes);
	if (unit->version >= 5) {
		uint8_t kind = ptm_bytes_u8(&bytes);
		unit->address_size = ptm_bytes_u8(&bytes);
		unit->abbreviations_offset = ptm_bytes_number(&bytes, unit->offset_size);
		unit->holds_code = kind != 2 && kind != 6;
		if (kind == 4 || kind == 5)
			unit->split_id = ptm_bytes_u64(&bytes);
		unit->string_offsets_base = unit->offset_size == 8 ? 16 : 8;
		if (kind == 5)
			unit->range_lists_base = unit->offset_size == 8 ? 20 : 12;
	} else {
		unit->abbreviations_offset = ptm_bytes_number(&bytes, unit->offset_size);
		unit->address_size = ptm_bytes_u8(&bytes);
	}
	unit->entries = offset + (uint64_t)(bytes.at - header);
	bool sane = !bytes.failed && unit->version >= 2 && unit->version <= 5 && (unit->address_size == 4 || unit->address_size == 8);
	return sane && unit->entries < unit->end ? PTM_OK : PTM_BAD_DATA;
}

/* Values of the root that need a base wait until all attributes are known. */
typedef struct root {
	ptm_dwarf_value low, high, directory, split_name;
} root;

static void note_root_attribute(ptm_dwarf_unit *unit, root *root, uint32_t attribute, const ptm_dwarf_value *value)
{
	switch (attribute) {
	case DW_AT_low_pc: root->low = *value; break;
	case DW_AT_high_pc: root->high = *value; break;
	case DW_AT_comp_dir: root->directory = *value; break;
	case DW_AT_language: unit->language = (uint16_t)value->number; break;
	case DW_AT_str_offsets_base: unit->string_offsets_base = value->number; break;
	case DW_AT_addr_base: case DW_AT_GNU_addr_base: unit->address_base = value->number; break;
	case DW_AT_GNU_ranges_base: unit->ranges_base = value->number; break;
	case DW_AT_GNU_dwo_id: unit->split_id = value->number; break;
	case DW_AT_dwo_name: case DW_AT_GNU_dwo_name: root->split_name = *value; break;
	case DW_AT_rnglists_base: unit->range_lists_base = value->number; break;
	case DW_AT_stmt_list:
		unit->line_offset = value->number;
		unit->has_lines = value->class == DWARF_OFFSET || value->class == DWARF_NUMBER;
		break;
	case DW_AT_ranges:
		unit->ranges = value->number;
		unit->ranges_indexed = value->class == DWARF_RANGE_INDEX;
		unit->has_ranges = unit->ranges_indexed || value->class == DWARF_OFFSET;
		break;
	default: break;
	}
}

static ptm_status read_root(ptm_dwarf *dwarf, ptm_dwarf_unit *unit)
{
	uint8_t entry[ROOT_BYTES];
	root root = { 0 };
	ptm_dwarf_value value;
	PTM_TRY(ptm_dwarf_unit_abbreviations(dwarf, unit));
	uint64_t left = unit->end - unit->entries;
	uint32_t length = ptm_dwarf_read(dwarf, DWARF_INFO, unit->entries, entry, left < sizeof entry ? (uint32_t)left : sizeof entry);
	ptm_bytes bytes = ptm_bytes_of(entry, length);
	const ptm_dwarf_abbreviation *abbreviation = ptm_dwarf_abbreviation_find(&unit->abbreviations, ptm_bytes_leb(&bytes));
	if (!abbreviation)
		return PTM_BAD_DATA;
	unit->tag = abbreviation->tag;
	for (uint32_t i = 0; i < abbreviation->count; i++) {
		const ptm_dwarf_specification *specification = &unit->abbreviations.specifications.at[abbreviation->first + i];
		if (!ptm_dwarf_take(unit, specification, &bytes, entry, unit->entries, &value))
			break;
		note_root_attribute(unit, &root, specification->attribute, &value);
	}
	unit->has_low_pc = ptm_dwarf_address(dwarf, unit, &root.low, &unit->low_pc);
	unit->has_high_pc = ptm_dwarf_address(dwarf, unit, &root.high, &unit->high_pc);
	if (root.high.class == DWARF_NUMBER || root.high.class == DWARF_OFFSET) {
		unit->high_pc = unit->low_pc + root.high.number;
		unit->has_high_pc = true;
	}
	if (!unit->has_low_pc)
		unit->low_pc = 0;
	if (!ptm_dwarf_text_place(dwarf, unit, &root.directory, &unit->directory_section, &unit->directory))
		unit->directory_section = DWARF_SECTIONS;
	unit->is_skeleton = ptm_dwarf_text_place(dwarf, unit, &root.split_name, &unit->split_name_section, &unit->split_name);
	return PTM_OK;
}

ptm_status ptm_dwarf_unit_read(ptm_dwarf *dwarf, uint64_t offset, ptm_dwarf_unit *unit)
{
	PTM_TRY(read_header(dwarf, offset, unit));
	return unit->holds_code ? read_root(dwarf, unit) : PTM_OK;
}

void ptm_dwarf_unit_free(ptm_dwarf_unit *unit)
{
	ptm_array_free(&unit->abbreviations.list);
	ptm_array_free(&unit->abbreviations.specifications);
}
