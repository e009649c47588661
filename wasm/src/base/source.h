/* SPDX-License-Identifier: Apache-2.0 */
/* A random-access input read in windows: a host source (file, blob, URL) or
 * borrowed memory. Keeps one window of bytes; never the whole input. */
#ifndef PTM_BASE_SOURCE_H
#define PTM_BASE_SOURCE_H

#include "ptarmigan.h"

typedef struct ptm_source {
	uint32_t id;            /* host id; unused for memory */
	uint64_t size;          /* bytes in the whole source */
	uint8_t *window;        /* owned, or NULL for a memory source */
	const uint8_t *memory;  /* borrowed: the whole source, or NULL */
	uint64_t window_offset;
	uint32_t window_length;
	uint32_t window_capacity; /* bytes fetched at a time */
	bool careful;             /* fetches less where reading begins */
	uint64_t wanted_start, wanted_end; /* soon to be read; see ptm_source_want */
} ptm_source;

/* Prepares a host source; `window_capacity` is how much to fetch at a time. */
void ptm_source_init(ptm_source *source, uint32_t id, uint64_t size, uint32_t window_capacity);
/* The same for an input so large that most places are only visited: little is
 * fetched at each, more and more where it is read on from there. */
void ptm_source_init_careful(ptm_source *source, uint32_t id, uint64_t size, uint32_t window_capacity);
/* Prepares a source over borrowed memory. */
void ptm_source_init_memory(ptm_source *source, const void *data, size_t size);
/* Prepares a second window over the input of `source`. */
void ptm_source_init_beside(ptm_source *window, const ptm_source *source, uint32_t window_capacity);
void ptm_source_free(ptm_source *source);

/* Tells that `length` bytes from `offset` on will be read: the first read in there
 * fetches them all. Asking a browser for bytes costs as much as a megabyte of them.
 * Longer stretches than that is meant for are read as always. */
void ptm_source_want(ptm_source *source, uint64_t offset, uint64_t length);

/* Stores a pointer to `length` contiguous bytes at `offset`, borrowed until the
 * next call on this source. PTM_TRUNCATED when the source is shorter,
 * PTM_READ_FAILED when the host fails, PTM_NO_MEMORY. A length beyond the
 * window's capacity grows the window; callers bound it by the format's limits. */
ptm_status ptm_source_view(ptm_source *source, uint64_t offset, uint32_t length, const uint8_t **at) PTM_MUST_CHECK;

/* Like ptm_source_view, but stores as many bytes as are there (0 at the end),
 * `*length` at most. */
ptm_status ptm_source_view_some(ptm_source *source, uint64_t offset, uint32_t *length, const uint8_t **at) PTM_MUST_CHECK;

#endif
