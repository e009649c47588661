/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes .xz files (LZMA2, no other filter) from memory to memory. Checksums are
 * not looked at. */
#ifndef PTM_BASE_XZ_H
#define PTM_BASE_XZ_H

#include "ptarmigan.h"

/* Unpacks the `length` bytes at `in` to `*out` (caller frees with free; NULL unless
 * PTM_OK), `*size` bytes, of which more than `most` are refused. PTM_BAD_DATA: it is
 * no such file, or broken; PTM_UNSUPPORTED: another filter, or too large; PTM_NO_MEMORY. */
ptm_status ptm_xz(const uint8_t *in, size_t length, size_t most, uint8_t **out, size_t *size) PTM_MUST_CHECK;

#endif
