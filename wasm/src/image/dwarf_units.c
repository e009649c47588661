/* SPDX-License-Identifier: Apache-2.0 */
/* The units of a file that others refer to, read when an entry of theirs is asked for. */
#include "image/dwarf.h"

#define MOST_UNITS (1u << 20)
#define KEPT 64u                 /* units with their abbreviations */

static ptm_status list_offsets(ptm_dwarf_unit_list *list, ptm_dwarf *dwarf)
{
	uint64_t size = dwarf->sections[DWARF_INFO].size;
	for (uint64_t offset = 0; offset < size && list->offsets.length < MOST_UNITS;) {
		uint64_t length = ptm_dwarf_number(dwarf, DWARF_INFO, offset, 4), header = 4;
		if (length == 0xffffffff) {
			length = ptm_dwarf_number(dwarf, DWARF_INFO, offset + 4, 8);
			header = 12;
		}
		if (!length || length > size - offset)
			break;
		PTM_TRY(ptm_array_push(&list->offsets, offset));
		offset += header + length;
	}
	return PTM_OK;
}

/* Where the unit begins that may hold the offset; UINT64_MAX: before all of them. */
static uint64_t start_of(const ptm_dwarf_unit_list *list, uint64_t offset)
{
	uint32_t low = 0, high = list->offsets.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (list->offsets.at[middle] <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? list->offsets.at[low - 1] : UINT64_MAX;
}

ptm_dwarf_unit *ptm_dwarf_unit_list_find(ptm_dwarf_unit_list *list, ptm_dwarf *dwarf, uint64_t offset)
{
	if (!dwarf)
		return NULL;
	if (!list->read) {
		list->read = true;
		if (list_offsets(list, dwarf) != PTM_OK)
			return NULL;
	}
	uint64_t start = start_of(list, offset);
	if (start == UINT64_MAX)
		return NULL;
	for (uint32_t i = 0; i < list->units.length; i++)
		if (list->units.at[i].offset == start)
			return offset < list->units.at[i].end ? &list->units.at[i] : NULL;
	ptm_dwarf_unit unit;
	if (ptm_dwarf_unit_read(dwarf, start, &unit) != PTM_OK || offset >= unit.end) {
		ptm_dwarf_unit_free(&unit);
		return NULL;
	}
	if (list->units.length == KEPT) { /* the oldest goes */
		ptm_dwarf_unit_free(&list->units.at[0]);
		memmove(list->units.at, list->units.at + 1, (KEPT - 1) * sizeof unit);
		list->units.length--;
	}
	if (ptm_array_push(&list->units, unit) != PTM_OK) {
		ptm_dwarf_unit_free(&unit);
		return NULL;
	}
	return &list->units.at[list->units.length - 1];
}

void ptm_dwarf_unit_list_free(ptm_dwarf_unit_list *list)
{
	for (uint32_t i = 0; i < list->units.length; i++)
		ptm_dwarf_unit_free(&list->units.at[i]);
	ptm_array_free(&list->units);
	ptm_array_free(&list->offsets);
	list->read = false;
}
