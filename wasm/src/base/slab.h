/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for many small things that live equally long: taken from large pieces,
 * given back all at once. Between things that come and go, each of them alone would
 * leave a hole that no larger one fits in: WebAssembly's memory never shrinks. */
#ifndef PTM_BASE_SLAB_H
#define PTM_BASE_SLAB_H

#include "base/array.h"

typedef struct ptm_slab {
	PTM_ARRAY(uint8_t *) pieces;     /* owned; the last one is being filled */
	size_t used, size;               /* bytes of the last one */
} ptm_slab;

/* Memory of `bytes` bytes, aligned for any number, for as long as the slab; NULL: there is none. */
void *ptm_slab_take(ptm_slab *slab, size_t bytes);
/* A copy of `bytes` bytes in there; NULL: there is no memory. */
void *ptm_slab_copy(ptm_slab *slab, const void *from, size_t bytes);
void ptm_slab_free(ptm_slab *slab);

#endif
