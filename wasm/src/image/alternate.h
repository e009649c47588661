/* SPDX-License-Identifier: Apache-2.0 */
/* The file with debug information that several binaries share, as dwz makes it:
 * .gnu_debugaltlink (the GDB manual, "Debugging Information in Separate Files") and
 * .debug_sup (DWARF 5, 7.3.6) tell its name and the build-id or checksum it must have. */
#ifndef PTM_IMAGE_ALTERNATE_H
#define PTM_IMAGE_ALTERNATE_H

#include "image/elf.h"

/* Notes which one the image's debug information wants; none: name 0. Fails only for want of memory. */
ptm_status ptm_alternate_note(ptm_images *images, ptm_image *image) PTM_MUST_CHECK;

/* Gives the file to the images that want it; PTM_NOT_FOUND, without a message, when it is no
 * such file, PTM_MISMATCH when it has the name of one that is wanted, but not its id. */
ptm_status ptm_alternate_offer(ptm_images *images, const ptm_elf *elf, ptm_source *reader, const char *path, uint32_t *served, ptm_message *message) PTM_MUST_CHECK;

#endif
