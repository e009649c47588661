/* SPDX-License-Identifier: Apache-2.0 */
/* The records that perf record -z packed into COMPRESSED records, as one stream
 * of bytes that can be read anywhere. It is never in memory as a whole: a window
 * of it is kept, and copies of the decoder from which any other is made again. */
#ifndef PTM_FILE_UNPACKED_H
#define PTM_FILE_UNPACKED_H

#include "base/source.h"

typedef struct ptm_unpacked ptm_unpacked;

/* A stream without bytes, over the input of `source`; caller frees with ptm_unpacked_free. */
ptm_status ptm_unpacked_new(ptm_unpacked **unpacked, const ptm_source *source) PTM_MUST_CHECK;
void ptm_unpacked_free(ptm_unpacked *unpacked);

/* Appends what the `length` bytes at `offset` of the input unpack to (64 MB at
 * most); the stream from `keep` on stays in the window. PTM_BAD_DATA, PTM_UNSUPPORTED:
 * they are broken; what came before stays, nothing more can be appended. */
ptm_status ptm_unpacked_append(ptm_unpacked *unpacked, uint64_t offset, uint32_t length, uint64_t keep) PTM_MUST_CHECK;

/* Bytes in it so far. */
uint64_t ptm_unpacked_size(const ptm_unpacked *unpacked);

/* How many bytes those unpack to that stand before `offset` of the input. */
uint64_t ptm_unpacked_end_before(const ptm_unpacked *unpacked, uint64_t offset);

/* As ptm_source_view. */
ptm_status ptm_unpacked_view(ptm_unpacked *unpacked, uint64_t offset, uint32_t length, const uint8_t **at) PTM_MUST_CHECK;

#endif
