/* SPDX-License-Identifier: Apache-2.0 */
/* Address ranges of DWARF entries: .debug_ranges (2 to 4) and .debug_rnglists (5). */
#include "image/dwarf.h"

#define MOST_RANGES 65536        /* of one entry */
#define LIST_WINDOW 512

static ptm_status add(ptm_dwarf_ranges *into, uint64_t low, uint64_t high)
{
	return low < high ? ptm_array_push(into, ((ptm_dwarf_range){ low, high })) : PTM_OK;
}

/* Pairs of addresses from the base on; all ones sets the base, two zeros end. */
static ptm_status read_pairs(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, uint64_t offset, ptm_dwarf_ranges *into)
{
	uint32_t size = unit->address_size;
	uint64_t base = unit->low_pc, ones = size == 8 ? UINT64_MAX : UINT32_MAX;
	if (dwarf->program) {
		dwarf = dwarf->program;
		offset += unit->ranges_base;
	}
	for (uint32_t i = 0; i < MOST_RANGES; i++, offset += 2 * size) {
		uint8_t pair[16];
		if (ptm_dwarf_read(dwarf, DWARF_RANGES, offset, pair, 2 * size) != 2 * size)
			break;
		ptm_bytes bytes = ptm_bytes_of(pair, 2 * size);
		uint64_t low = ptm_bytes_number(&bytes, size), high = ptm_bytes_number(&bytes, size);
		if (!low && !high)
			break;
		if (low == ones)
			base = high;
		else
			PTM_TRY(add(into, base + low, base + high));
	}
	return PTM_OK;
}

static uint64_t indexed(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, uint64_t index)
{
	uint64_t address;
	ptm_dwarf_value value = { DWARF_ADDRESS_INDEX, index };
	return ptm_dwarf_address(dwarf, unit, &value, &address) ? address : 0;
}

/* Takes one entry of a range list; PTM_END at its end or at an unknown kind. */
static ptm_status take_entry(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, ptm_bytes *bytes, uint64_t *base, ptm_dwarf_ranges *into)
{
	uint64_t low = 0, high = 0;
	switch (ptm_bytes_u8(bytes)) {
	case 1: *base = indexed(dwarf, unit, ptm_bytes_leb(bytes)); break;
	case 2:
		low = indexed(dwarf, unit, ptm_bytes_leb(bytes));
		high = indexed(dwarf, unit, ptm_bytes_leb(bytes));
		break;
	case 3:
		low = indexed(dwarf, unit, ptm_bytes_leb(bytes));
		high = low + ptm_bytes_leb(bytes);
		break;
	case 4:
		low = *base + ptm_bytes_leb(bytes);
		high = *base + ptm_bytes_leb(bytes);
		break;
	case 5: *base = ptm_bytes_number(bytes, unit->address_size); break;
	case 6:
		low = ptm_bytes_number(bytes, unit->address_size);
		high = ptm_bytes_number(bytes, unit->address_size);
		break;
	case 7:
		low = ptm_bytes_number(bytes, unit->address_size);
		high = low + ptm_bytes_leb(bytes);
		break;
	default: return PTM_END;
	}
	return bytes->failed ? PTM_END : add(into, low, high);
}

static ptm_status read_list(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, uint64_t offset, ptm_dwarf_ranges *into)
{
	uint64_t base = unit->low_pc;
	uint8_t window[LIST_WINDOW];
	for (uint32_t i = 0; i < MOST_RANGES;) {
		uint32_t length = ptm_dwarf_read(dwarf, DWARF_RNGLISTS, offset, window, sizeof window);
		ptm_bytes bytes = ptm_bytes_of(window, length);
		const uint8_t *start = bytes.at;
		bool last = length < sizeof window;
		while (ptm_bytes_left(&bytes) >= 32 || (last && ptm_bytes_left(&bytes))) {
			ptm_status status = take_entry(dwarf, unit, &bytes, &base, into);
			if (status != PTM_OK)
				return status == PTM_END ? PTM_OK : status;
			i++;
		}
		if (last || bytes.at == start)
			break;
		offset += (uint64_t)(bytes.at - start);
	}
	return PTM_OK;
}

ptm_status ptm_dwarf_ranges_read(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, const ptm_dwarf_value *value, ptm_dwarf_ranges *into)
{
	uint64_t offset = value->number;
	if (value->class == DWARF_RANGE_INDEX) {
		uint64_t base = unit->range_lists_base;
		offset = base + ptm_dwarf_number(dwarf, DWARF_RNGLISTS, base + offset * unit->offset_size, unit->offset_size);
	} else if (value->class != DWARF_OFFSET && value->class != DWARF_NUMBER) {
		return PTM_OK;
	}
	return unit->version >= 5 ? read_list(dwarf, unit, offset, into) : read_pairs(dwarf, unit, offset, into);
}

ptm_status ptm_dwarf_unit_ranges(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, ptm_dwarf_ranges *into)
{
	ptm_dwarf_value value = { unit->ranges_indexed ? DWARF_RANGE_INDEX : DWARF_OFFSET, unit->ranges };
	if (unit->has_ranges)
		return ptm_dwarf_ranges_read(dwarf, unit, &value, into);
	return unit->has_low_pc && unit->has_high_pc ? add(into, unit->low_pc, unit->high_pc) : PTM_OK;
}
