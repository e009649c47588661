/* SPDX-License-Identifier: Apache-2.0 */
#include "image/split_package.h"

#define HEADER_BYTES 16
#define NONE UINT32_MAX

/* A column's section; DWARF_SECTIONS: one that is not read. */
static ptm_dwarf_section section_of(uint32_t kind, uint32_t version)
{
	switch (kind) {
	case 1: return DWARF_INFO;
	case 3: return DWARF_ABBREV;
	case 4: return DWARF_LINE;
	case 6: return DWARF_STR_OFFSETS;
	case 8: return version >= 5 ? DWARF_RNGLISTS : DWARF_SECTIONS;
	default: return DWARF_SECTIONS;
	}
}

static const char *name_of(ptm_dwarf_section section)
{
	switch (section) {
	case DWARF_INFO: return ".debug_info.dwo";
	case DWARF_ABBREV: return ".debug_abbrev.dwo";
	case DWARF_LINE: return ".debug_line.dwo";
	case DWARF_STR_OFFSETS: return ".debug_str_offsets.dwo";
	default: return ".debug_rnglists.dwo";
	}
}

static uint32_t word(ptm_dwarf *dwarf, uint64_t place)
{
	return (uint32_t)ptm_dwarf_number(dwarf, DWARF_UNIT_INDEX, place, 4);
}

/* The section of a cell of the tables, and its unit's bytes of it. */
static ptm_dwarf_section take_cell(const ptm_split_package *package, ptm_dwarf *dwarf, uint32_t row, uint32_t column, ptm_dwarf_extent *bytes)
{
	uint64_t cell = 4 * ((uint64_t)row * package->columns + column);
	*bytes = (ptm_dwarf_extent){ word(dwarf, package->offsets + cell), word(dwarf, package->sizes + cell) };
	return section_of(word(dwarf, package->kinds + 4 * column), package->version);
}

static ptm_status check_cells(const ptm_split_package *package, ptm_dwarf *dwarf, const char *path, ptm_message *message)
{
	for (uint32_t row = 0; row < package->used; row++)
		for (uint32_t column = 0; column < package->columns; column++) {
			ptm_dwarf_extent bytes;
			ptm_dwarf_section section = take_cell(package, dwarf, row, column, &bytes);
			if (section == DWARF_SECTIONS || bytes.offset + bytes.size <= package->whole[section].size)
				continue;
			return ptm_message_set(message, PTM_BAD_DATA, "%s is damaged: its index says that unit %u has %llu bytes at %llu of %s, which has %llu.", path,
					       row, (unsigned long long)bytes.size, (unsigned long long)bytes.offset, name_of(section),
					       (unsigned long long)package->whole[section].size);
		}
	return PTM_OK;
}

ptm_status ptm_split_package_read(ptm_split_package *package, ptm_dwarf *dwarf, const char *path, ptm_message *message)
{
	uint8_t header[HEADER_BYTES] = { 0 };
	uint64_t size = dwarf->sections[DWARF_UNIT_INDEX].size;

	memcpy(package->whole, dwarf->sections, sizeof package->whole);
	uint32_t length = ptm_dwarf_read(dwarf, DWARF_UNIT_INDEX, 0, header, sizeof header);
	ptm_bytes bytes = ptm_bytes_of(header, length);
	package->version = ptm_bytes_u32(&bytes);
	package->columns = ptm_bytes_u32(&bytes);
	package->used = ptm_bytes_u32(&bytes);
	package->slots = ptm_bytes_u32(&bytes);
	if (bytes.failed)
		return ptm_message_set(message, PTM_TRUNCATED, "%s is cut off: its index of units has %llu bytes.", path, (unsigned long long)size);
	if (package->version != 2 && package->version != 5)
		return ptm_message_set(message, PTM_UNSUPPORTED, "%s has an index of units of version %u; 2 and 5 are read.", path, package->version);
	package->rows = HEADER_BYTES + (uint64_t)package->slots * 8;
	package->kinds = package->rows + (uint64_t)package->slots * 4;
	package->offsets = package->kinds + (uint64_t)package->columns * 4;
	package->sizes = package->offsets + (uint64_t)package->columns * package->used * 4;
	bool fits = package->columns <= 16 && package->used <= package->slots && (package->slots & (package->slots - 1)) == 0 &&
		    package->sizes + (uint64_t)package->columns * package->used * 4 <= size;
	if (!fits)
		return ptm_message_set(message, PTM_BAD_DATA, "%s is damaged: its index of %u units (%u columns, %u slots) does not fit into its %llu bytes.", path,
				       package->used, package->columns, package->slots, (unsigned long long)size);
	return check_cells(package, dwarf, path, message);
}

bool ptm_split_package_id(const ptm_split_package *package, ptm_dwarf *dwarf, uint32_t slot, uint64_t *id)
{
	*id = ptm_dwarf_number(dwarf, DWARF_UNIT_INDEX, HEADER_BYTES + (uint64_t)slot * 8, 8);
	uint32_t row = word(dwarf, package->rows + (uint64_t)slot * 4);
	return row && row <= package->used;
}

/* Row of a unit in the tables; NONE: it is not there. */
static uint32_t find(const ptm_split_package *package, ptm_dwarf *dwarf, uint64_t id)
{
	uint64_t mask = package->slots - 1, slot = id & mask, step = (id >> 32 & mask) | 1, found;
	for (uint32_t i = 0; i < package->slots; i++, slot = (slot + step) & mask) {
		if (!ptm_split_package_id(package, dwarf, (uint32_t)slot, &found))
			return NONE;
		if (found == id)
			return word(dwarf, package->rows + slot * 4) - 1;
	}
	return NONE;
}

bool ptm_split_package_choose(const ptm_split_package *package, ptm_dwarf *dwarf, uint64_t id)
{
	uint32_t row = package->slots ? find(package, dwarf, id) : NONE;
	if (row == NONE)
		return false;
	for (uint32_t column = 0; column < package->columns; column++) {
		ptm_dwarf_extent bytes;
		ptm_dwarf_section section = take_cell(package, dwarf, row, column, &bytes);
		if (section != DWARF_SECTIONS)
			dwarf->sections[section] = (ptm_dwarf_extent){ package->whole[section].offset + bytes.offset, bytes.size };
	}
	return true;
}
