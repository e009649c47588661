/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes one LZMA2 stream, the only filter that .xz files here may use. */
#ifndef PTM_BASE_LZMA2_H
#define PTM_BASE_LZMA2_H

#include "base/bytes.h"

/* Fills `out` with what the stream at `in` holds, `size` bytes at most, and takes the
 * stream from `in`; stores how many there were. PTM_BAD_DATA: it is broken, or longer. */
ptm_status ptm_lzma2(ptm_bytes *in, uint8_t *out, size_t size, size_t *length) PTM_MUST_CHECK;

#endif
