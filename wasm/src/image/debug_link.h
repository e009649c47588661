/* SPDX-License-Identifier: Apache-2.0 */
/* .gnu_debuglink: the name and the checksum of the file into which a binary's
 * symbols and lines were split. Layout: the GDB manual, "Debugging Information in
 * Separate Files". */
#ifndef PTM_IMAGE_DEBUG_LINK_H
#define PTM_IMAGE_DEBUG_LINK_H

#include "image/elf.h"

/* Stores the name (string id; 0: there is no such section, or it is damaged) and
 * the CRC-32. Fails only for want of memory. */
ptm_status ptm_debug_link_read(const ptm_elf *elf, ptm_source *source, ptm_strings *strings, uint32_t *name, uint32_t *crc) PTM_MUST_CHECK;

/* Whether the file offered as `path` has that name and that checksum; reads all of it if the name fits. */
bool ptm_debug_link_fits(const char *name, uint32_t crc, uint32_t source, uint64_t size, const char *path);

#endif
