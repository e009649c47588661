/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that code was found in, as stable rows: a symbol of an image,
 * or the nameless rest of an image. Row 0 is the unknown function. */
#ifndef PTM_IMAGE_FUNCTIONS_H
#define PTM_IMAGE_FUNCTIONS_H

#include "image/address_space.h"

typedef struct ptm_functions {
	ptm_images *images;      /* borrowed */
	PTM_ARRAY(ptm_function) rows;
	uint32_t *slots;         /* (image, address, named) -> row; 0 empty (row 0 is not in it) */
	uint32_t slot_count;     /* a power of two, at most half full */
} ptm_functions;

ptm_status ptm_functions_init(ptm_functions *functions, ptm_images *images) PTM_MUST_CHECK;
void ptm_functions_free(ptm_functions *functions);

/* Row of the function at an image's own address, made when new (0 when memory
 * is out); stores the offset in it, for nameless code the address itself.
 * `as_perf`: named by what perf 6.1 reads alone. */
uint32_t ptm_functions_at(ptm_functions *functions, uint32_t image, uint64_t address, bool as_perf, uint64_t *offset);

/* Row of a function known by its parts, made when new; 0 when memory is out. */
uint32_t ptm_functions_row(ptm_functions *functions, const ptm_function *wanted);

#endif
