/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pages.h"
#include <stdlib.h>

void ptm_pages_init(ptm_pages *pages, uint32_t source, uint64_t size, uint32_t page_size)
{
	*pages = (ptm_pages){ .source = source, .page_size = page_size, .size = size };
}

void ptm_pages_init_memory(ptm_pages *pages, const uint8_t *memory, uint64_t size)
{
	*pages = (ptm_pages){ .memory = memory, .size = size };
}

void ptm_pages_free(ptm_pages *pages)
{
	for (uint32_t i = 0; i < pages->count; i++)
		free(pages->at[i]);
	free(pages->at);
	pages->at = NULL;
	pages->count = 0;
}

static ptm_status make_table(ptm_pages *pages)
{
	uint64_t count = (pages->size + pages->page_size - 1) / pages->page_size;
	if (count > UINT32_MAX / sizeof *pages->at)
		return PTM_NO_MEMORY;
	pages->at = calloc((size_t)count, sizeof *pages->at);
	if (!pages->at)
		return PTM_NO_MEMORY;
	pages->count = (uint32_t)count;
	return PTM_OK;
}

/* Bytes in a page: all but the last are full. */
static uint32_t page_length(const ptm_pages *pages, uint32_t page)
{
	uint64_t left = pages->size - (uint64_t)page * pages->page_size;
	return left < pages->page_size ? (uint32_t)left : pages->page_size;
}

static ptm_status read_page(ptm_pages *pages, uint32_t page)
{
	uint32_t length = page_length(pages, page);
	uint8_t *bytes = malloc(length);
	if (!bytes)
		return PTM_NO_MEMORY;
	if (ptm_host_read(pages->source, (uint64_t)page * pages->page_size, bytes, length) != (int32_t)length) {
		free(bytes);
		return PTM_READ_FAILED;
	}
	pages->at[page] = bytes;
	return PTM_OK;
}

ptm_status ptm_pages_view(ptm_pages *pages, uint64_t offset, const uint8_t **at, uint32_t *length)
{
	if (offset >= pages->size)
		return PTM_TRUNCATED;
	if (pages->memory) {
		uint64_t left = pages->size - offset;
		*at = pages->memory + offset;
		*length = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
		return PTM_OK;
	}
	if (!pages->at)
		PTM_TRY(make_table(pages));
	uint32_t page = (uint32_t)(offset / pages->page_size), within = (uint32_t)(offset % pages->page_size);
	if (!pages->at[page])
		PTM_TRY(read_page(pages, page));
	*at = pages->at[page] + within;
	*length = page_length(pages, page) - within;
	return PTM_OK;
}
