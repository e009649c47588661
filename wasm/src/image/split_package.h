/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a package of split units (.debug_cu_index): which bytes of each
 * section are which unit's. DWARF 5, 7.3.5.3; version 2 is that of GNU's dwp. */
#ifndef PTM_IMAGE_SPLIT_PACKAGE_H
#define PTM_IMAGE_SPLIT_PACKAGE_H

#include "image/dwarf.h"

typedef struct ptm_split_package {
	ptm_dwarf_extent whole[DWARF_SECTIONS]; /* the sections, of all units */
	uint32_t version, columns, used, slots; /* slots: a power of two */
	uint64_t rows, kinds, offsets, sizes;   /* places in the index; the ids are at its start, behind the header */
} ptm_split_package;

/* Reads the header, and checks that every unit's bytes are in the file; if not,
 * PTM_BAD_DATA, and `message` says which are not (`path`: the file's). */
ptm_status ptm_split_package_read(ptm_split_package *package, ptm_dwarf *dwarf, const char *path, ptm_message *message) PTM_MUST_CHECK;

/* The id in a slot; false: the slot is empty. */
bool ptm_split_package_id(const ptm_split_package *package, ptm_dwarf *dwarf, uint32_t slot, uint64_t *id);

/* Makes the sections of `dwarf` those of one unit, so that it reads as a .dwo file. False when the package does not hold it. */
bool ptm_split_package_choose(const ptm_split_package *package, ptm_dwarf *dwarf, uint64_t id);

#endif
