/* SPDX-License-Identifier: Apache-2.0 */
/* Source files and names of functions by the symbol table alone. */
#ifndef PTM_IMAGE_FUNCTION_FILES_H
#define PTM_IMAGE_FUNCTION_FILES_H

#include "image/image.h"

void ptm_function_files_free(ptm_image *image);

#define PTM_NO_FUNCTION_FILE UINT32_MAX

/* Whether there is a function at or before `address` (of the file's own address
 * space) in its section, and the source file (string id, of an empty string where
 * the table has an empty name; PTM_NO_FUNCTION_FILE: not told) that the symbol
 * table says it is of. Reads the symbols the first time. Fails only for want of
 * memory. */
ptm_status ptm_image_function_file(ptm_images *images, uint32_t image, uint64_t address, bool *known, uint32_t *file) PTM_MUST_CHECK;
/* That function's name (string id, demangled; 0: there is none): of several that
 * begin there addr2line's choice, which need not be the symbol's. */
ptm_status ptm_image_function_name(ptm_images *images, uint32_t image, uint64_t address, uint32_t *name) PTM_MUST_CHECK;

#endif
