/* SPDX-License-Identifier: Apache-2.0 */
#include "base/source.h"
#include <stdlib.h>

void ptm_source_init(ptm_source *source, uint32_t id, uint64_t size, uint32_t window_capacity)
{
	*source = (ptm_source){ .id = id, .size = size, .window_capacity = window_capacity };
}

void ptm_source_init_memory(ptm_source *source, const void *data, size_t size)
{
	*source = (ptm_source){ .size = size, .memory = data };
}

void ptm_source_init_beside(ptm_source *window, const ptm_source *source, uint32_t window_capacity)
{
	if (source->memory)
		ptm_source_init_memory(window, source->memory, (size_t)source->size);
	else
		ptm_source_init(window, source->id, source->size, window_capacity);
}

void ptm_source_free(ptm_source *source)
{
	free(source->window);
	*source = (ptm_source){ 0 };
}

/* Fills the window from `offset` on with at least `length` bytes (which exist). */
static ptm_status fetch(ptm_source *source, uint64_t offset, uint32_t length)
{
	if (length > source->window_capacity || !source->window) {
		if (length > source->window_capacity)
			source->window_capacity = length;
		free(source->window);
		source->window_length = 0;
		source->window = malloc(source->window_capacity);
		if (!source->window)
			return PTM_NO_MEMORY;
	}
	uint64_t left = source->size - offset;
	uint32_t wanted = left < source->window_capacity ? (uint32_t)left : source->window_capacity;
	int32_t got = ptm_host_read(source->id, offset, source->window, wanted);
	source->window_offset = offset;
	source->window_length = got < 0 ? 0 : (uint32_t)got;
	return got < 0 || (uint32_t)got < length ? PTM_READ_FAILED : PTM_OK;
}

ptm_status ptm_source_view(ptm_source *source, uint64_t offset, uint32_t length, const uint8_t **at)
{
	if (offset > source->size || length > source->size - offset)
		return PTM_TRUNCATED;
	if (source->memory) {
		*at = source->memory + offset;
		return PTM_OK;
	}
	bool inside = source->window && offset >= source->window_offset &&
		      offset - source->window_offset + length <= source->window_length;
	if (!inside)
		PTM_TRY(fetch(source, offset, length));
	*at = source->window + (offset - source->window_offset);
	return PTM_OK;
}

ptm_status ptm_source_view_some(ptm_source *source, uint64_t offset, uint32_t *length, const uint8_t **at)
{
	if (offset > source->size)
		return PTM_TRUNCATED;
	if (*length > source->size - offset)
		*length = (uint32_t)(source->size - offset);
	return ptm_source_view(source, offset, *length, at);
}
