/* SPDX-License-Identifier: Apache-2.0 */
/* Files with the units that -gsplit-dwarf split from a program: .dwo files, and the
 * packages (.dwp) that dwp makes of many. DWARF 5, 7.3.2 and 7.3.5; of DWARF 4 as
 * GNU's tools write them. Which unit is whose is told by a 64-bit id that the
 * program's skeleton unit and the split one share. */
#ifndef PTM_IMAGE_SPLIT_FILES_H
#define PTM_IMAGE_SPLIT_FILES_H

#include "image/inlines.h"

/* Whether a file holds split units and nothing that can be loaded. */
bool ptm_split_file_is(const ptm_elf *elf, ptm_source *reader);

/* Keeps the file if images that were given have skeletons of units in it; stores of
 * how many. PTM_MISMATCH: it is of another build; PTM_NOT_FOUND: nothing names it;
 * PTM_BAD_DATA: it is damaged; `message` says so. */
ptm_status ptm_split_file_offer(ptm_images *images, ptm_source *reader, const char *path, uint32_t *served, ptm_message *message) PTM_MUST_CHECK;
void ptm_split_files_free(ptm_images *images);

/* Whether a file with the unit was given. */
bool ptm_split_unit_known(const ptm_images *images, uint64_t id);

/* Reads the functions and inlined calls of the unit split from `skeleton`, the latter
 * with their names. PTM_NOT_FOUND: its file was not given, or is damaged. */
ptm_status ptm_split_unit_read(ptm_images *images, ptm_dwarf *program, const ptm_dwarf_unit *skeleton, ptm_inlines *inlines) PTM_MUST_CHECK;

#endif
