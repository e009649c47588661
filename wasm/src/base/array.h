/* SPDX-License-Identifier: Apache-2.0 */
/* A growable array of any element type: declare with PTM_ARRAY(type) and push
 * with ptm_array_push. Owned by whoever holds it; free with ptm_array_free. */
#ifndef PTM_BASE_ARRAY_H
#define PTM_BASE_ARRAY_H

#include "ptarmigan.h"
#include <stdlib.h>
#include <string.h>

#define PTM_ARRAY(type)          \
	struct {                 \
		type *at;        \
		uint32_t length; \
		uint32_t capacity; \
	}

/* Makes room for `more` further elements. Returns PTM_NO_MEMORY, and leaves the
 * array as it was, when that fails or the count would pass 2^31. */
ptm_status ptm_array_reserve_bytes(void **at, uint32_t length, uint32_t *capacity, uint32_t more, size_t element) PTM_MUST_CHECK;

#define ptm_array_reserve(array, more) \
	ptm_array_reserve_bytes((void **)&(array)->at, (array)->length, &(array)->capacity, (more), sizeof *(array)->at)

/* Appends a copy of `value`; evaluates to a status. */
#define ptm_array_push(array, value)                                                   \
	(((array)->length < (array)->capacity || ptm_array_reserve((array), 1) == PTM_OK) \
		 ? ((array)->at[(array)->length++] = (value), PTM_OK)                   \
		 : PTM_NO_MEMORY)

#define ptm_array_free(array)                          \
	do {                                           \
		free((array)->at);                     \
		(array)->at = NULL;                    \
		(array)->length = (array)->capacity = 0; \
	} while (0)

#endif
