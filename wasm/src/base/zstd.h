/* SPDX-License-Identifier: Apache-2.0 */
/* A decoder of Zstandard streams (RFC 8878) that is fed in pieces of any size
 * and hands out block after block. It can be copied at any block, so that a
 * stream may be decoded again from there. Dictionaries are not supported, and
 * checksums are not looked at. */
#ifndef PTM_BASE_ZSTD_H
#define PTM_BASE_ZSTD_H

#include "ptarmigan.h"

/* A larger window is refused, as zstd itself does: its streams need --long=31. */
#define PTM_ZSTD_MOST_WINDOW (128u << 20)

typedef struct ptm_zstd ptm_zstd;

/* PTM_NO_MEMORY or a decoder; caller frees with ptm_zstd_free. */
ptm_status ptm_zstd_new(ptm_zstd **zstd) PTM_MUST_CHECK;
void ptm_zstd_free(ptm_zstd *zstd);

/* A second decoder in the same state; it holds a copy of the window. */
ptm_status ptm_zstd_copy(const ptm_zstd *zstd, ptm_zstd **copy) PTM_MUST_CHECK;

/* Appends `length` bytes (copied) to what is to be decoded. */
ptm_status ptm_zstd_feed(ptm_zstd *zstd, const uint8_t *bytes, size_t length) PTM_MUST_CHECK;

/* Decodes the next block and stores where its bytes are (at least one, 128 KB
 * at most; borrowed until the next call). PTM_END: nothing more can be decoded
 * from what was fed. PTM_BAD_DATA: the stream is broken, now and for good.
 * PTM_UNSUPPORTED: it needs a dictionary or too large a window. */
ptm_status ptm_zstd_next(ptm_zstd *zstd, const uint8_t **at, size_t *length) PTM_MUST_CHECK;

/* Bytes that were fed and are not decoded: part of a block. */
size_t ptm_zstd_undecoded(const ptm_zstd *zstd);

/* About how much memory a copy takes. */
size_t ptm_zstd_copy_bytes(const ptm_zstd *zstd);

#endif
