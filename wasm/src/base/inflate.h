/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes DEFLATE (RFC 1951) with a zlib frame (RFC 1950) from memory to memory,
 * where the length of the outcome is known before. Checksums are not looked at. */
#ifndef PTM_BASE_INFLATE_H
#define PTM_BASE_INFLATE_H

#include "ptarmigan.h"

/* Fills all `size` bytes of `out` from the zlib stream of `length` bytes at `in`.
 * PTM_BAD_DATA: the stream is broken, or its outcome is not that long;
 * PTM_NO_MEMORY. */
ptm_status ptm_inflate(const uint8_t *in, size_t length, uint8_t *out, size_t size) PTM_MUST_CHECK;

#endif
