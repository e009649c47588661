/* SPDX-License-Identifier: Apache-2.0 */
/* A host source read in pages that are kept once read: for small pieces asked
 * for all over a file, where one window would be fetched again and again. */
#ifndef PTM_IMAGE_PAGES_H
#define PTM_IMAGE_PAGES_H

#include "ptarmigan.h"

typedef struct ptm_pages {
	uint32_t source;         /* host id */
	uint32_t page_size;
	uint64_t size;           /* bytes in the source */
	uint32_t count;          /* pages in `at`; 0 until the first read */
	uint8_t **at;            /* owned; NULL until read */
	const uint8_t *memory;   /* borrowed: the whole source, or NULL */
} ptm_pages;

void ptm_pages_init(ptm_pages *pages, uint32_t source, uint64_t size, uint32_t page_size);
/* The same over borrowed memory: one page. */
void ptm_pages_init_memory(ptm_pages *pages, const uint8_t *memory, uint64_t size);
void ptm_pages_free(ptm_pages *pages);

/* Stores a pointer to the bytes at `offset` up to the end of their page, and how
 * many these are (borrowed until freed). PTM_TRUNCATED at the end of the source. */
ptm_status ptm_pages_view(ptm_pages *pages, uint64_t offset, const uint8_t **at, uint32_t *length) PTM_MUST_CHECK;

#endif
