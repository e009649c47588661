/* SPDX-License-Identifier: Apache-2.0 */
/* The names of inlined calls: of the entries that they come from. */
#include "image/inlines.h"

#define MOST_ORIGINS 8           /* from an inlined call to its name */
#define ENTRY_BYTES 1024

/* What an entry says of its function's name. */
typedef struct description {
	ptm_dwarf_value linkage, name, origin;
} description;

static bool describe(ptm_dwarf *dwarf, ptm_dwarf_unit *unit, uint64_t offset, description *found)
{
	uint8_t entry[ENTRY_BYTES];
	ptm_dwarf_value value;
	*found = (description){ 0 };
	if (offset < unit->entries || ptm_dwarf_unit_abbreviations(dwarf, unit) != PTM_OK)
		return false;
	uint64_t left = unit->end - offset;
	ptm_bytes bytes = ptm_bytes_of(entry, ptm_dwarf_read(dwarf, DWARF_INFO, offset, entry, left < sizeof entry ? (uint32_t)left : sizeof entry));
	uint64_t code = ptm_bytes_leb(&bytes);
	const ptm_dwarf_abbreviation *abbreviation = code ? ptm_dwarf_abbreviation_find(&unit->abbreviations, code) : NULL;
	for (uint32_t i = 0; abbreviation && i < abbreviation->count; i++) {
		const ptm_dwarf_specification *specification = &unit->abbreviations.specifications.at[abbreviation->first + i];
		if (!ptm_dwarf_take(unit, specification, &bytes, entry, offset, &value))
			break;
		switch (specification->attribute) {
		case DW_AT_linkage_name: case DW_AT_MIPS_linkage_name: found->linkage = value; break;
		case DW_AT_name: found->name = value; break;
		case DW_AT_abstract_origin: case DW_AT_specification: found->origin = value; break;
		default: break;
		}
	}
	return abbreviation;
}

/* Stores the name that value `name` holds, demangled as symbols are. */
static ptm_status take_name(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, const ptm_dwarf_value *value, ptm_strings *strings, uint32_t *name)
{
	uint8_t section;
	uint64_t offset;
	ptm_text raw = { 0 }, text = { 0 };
	if (!ptm_dwarf_text_place(dwarf, unit, value, &section, &offset))
		return PTM_NOT_FOUND;
	ptm_status status = ptm_dwarf_text(dwarf, (ptm_dwarf_section)section, offset, &raw);
	if (status == PTM_OK && raw.bytes.length) {
		status = ptm_demangle(raw.bytes.at, dwarf->name_style, &text);
		const ptm_text *best = status == PTM_OK ? &text : &raw;
		if (status == PTM_OK || status == PTM_NOT_FOUND)
			status = ptm_strings_add(strings, best->bytes.at, best->bytes.length, name);
	}
	ptm_array_free(&raw.bytes);
	ptm_array_free(&text.bytes);
	return status;
}

/* Languages whose functions are linked by their plain names (C and its like, Cobol, Fortran 77, Pascal, PL/I, assembly). */
static bool links_plain_names(const ptm_dwarf_unit *unit)
{
	static const uint16_t languages[] = { 0x01, 0x02, 0x05, 0x06, 0x07, 0x09, 0x0c, 0x0f, 0x12, 0x1d, 0x8001 };
	for (uint32_t i = 0; i < sizeof languages / sizeof *languages; i++)
		if (unit->language == languages[i])
			return true;
	return false;
}

ptm_status ptm_inline_call_name(ptm_inline_call *call, ptm_dwarf *dwarf, const ptm_unit_finder *finder, ptm_strings *strings)
{
	uint64_t offset = call->origin;
	bool alternate = call->in_alternate;
	description found;
	call->name = 0;
	for (uint32_t i = 0; i < MOST_ORIGINS; i++) {
		ptm_dwarf_unit *unit = finder->find(finder->context, alternate, offset);
		ptm_dwarf *in = alternate ? dwarf->alternate : dwarf;
		if (!unit || !describe(in, unit, offset, &found))
			break;
		ptm_status status = take_name(in, unit, &found.linkage, strings, &call->name);
		call->is_linkage |= status == PTM_OK;
		if (status != PTM_NOT_FOUND)
			return status;
		if (!call->name) {
			status = take_name(in, unit, &found.name, strings, &call->name);
			call->is_linkage = status == PTM_OK && links_plain_names(unit);
			if (status != PTM_OK && status != PTM_NOT_FOUND)
				return status;
		}
		if (found.origin.class != DWARF_REFERENCE && found.origin.class != DWARF_ALTERNATE_REFERENCE)
			break;
		alternate |= found.origin.class == DWARF_ALTERNATE_REFERENCE;
		offset = found.origin.number;
	}
	return PTM_OK;
}
