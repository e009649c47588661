/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

ptm_status ptm_array_reserve_bytes(void **at, uint32_t length, uint32_t *capacity, uint32_t more, size_t element)
{
	uint64_t wanted = (uint64_t)length + more;

	if (wanted <= *capacity)
		return PTM_OK;
	if (wanted > INT32_MAX)
		return PTM_NO_MEMORY;
	uint64_t grown = *capacity ? (uint64_t)*capacity * 2 : 16;
	if (grown < wanted)
		grown = wanted;
	if (grown > SIZE_MAX / element)
		return PTM_NO_MEMORY;
	void *moved = realloc(*at, (size_t)grown * element);
	if (!moved)
		return PTM_NO_MEMORY;
	*at = moved;
	*capacity = (uint32_t)grown;
	return PTM_OK;
}
