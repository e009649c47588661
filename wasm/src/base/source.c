/* SPDX-License-Identifier: Apache-2.0 */
#include "base/source.h"
#include <stdlib.h>

/* What a careful source fetches where reading begins; doubled as long as it goes on from there. */
#define FIRST_FETCH (16u << 10)
/* … and how far behind the place it begins: those who look ahead come back. */
#define COMES_BACK 4096u
/* Most that is fetched at once because somebody said that he will read it. */
#define MOST_WANTED (4u << 20)

void ptm_source_init(ptm_source *source, uint32_t id, uint64_t size, uint32_t window_capacity)
{
	*source = (ptm_source){ .id = id, .size = size, .window_capacity = window_capacity };
}

void ptm_source_init_careful(ptm_source *source, uint32_t id, uint64_t size, uint32_t window_capacity)
{
	ptm_source_init(source, id, size, window_capacity);
	source->careful = true;
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

/* Whether `offset` goes on where the window lies; readers that looked ahead come back a little. */
static bool goes_on(const ptm_source *source, uint64_t offset)
{
	return source->window_length && offset + FIRST_FETCH >= source->window_offset &&
	       offset <= source->window_offset + source->window_length;
}

/* Fills the window with at least `length` bytes (which exist) from `offset` on. */
static ptm_status fetch(ptm_source *source, uint64_t offset, uint32_t length)
{
	uint32_t behind = 0, size = source->window_capacity;

	if (offset >= source->wanted_start && offset < source->wanted_end) {
		behind = (uint32_t)(offset - source->wanted_start);
		size = (uint32_t)(source->wanted_end - source->wanted_start);
	} else if (source->careful && goes_on(source, offset)) {
		behind = offset < COMES_BACK ? (uint32_t)offset : COMES_BACK;
		size = source->window_length < size / 2 ? source->window_length * 2 : size;
	} else if (source->careful && size > FIRST_FETCH) {
		size = FIRST_FETCH;
	}
	if (size < length + behind)
		size = length + behind;
	if (size > source->window_capacity || !source->window) {
		if (size > source->window_capacity)
			source->window_capacity = size;
		free(source->window);
		source->window_length = 0;
		source->window = malloc(source->window_capacity);
		if (!source->window)
			return PTM_NO_MEMORY;
	}
	uint64_t start = offset - behind, left = source->size - start;
	int32_t got = ptm_host_read(source->id, start, source->window, left < size ? (uint32_t)left : size);
	source->window_offset = start;
	source->window_length = got < 0 ? 0 : (uint32_t)got;
	return got < 0 || (uint32_t)got < length + behind ? PTM_READ_FAILED : PTM_OK;
}

void ptm_source_want(ptm_source *source, uint64_t offset, uint64_t length)
{
	bool is_short = offset < source->size && length <= MOST_WANTED;
	source->wanted_start = is_short ? offset : 0;
	source->wanted_end = is_short ? offset + length : 0;
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
