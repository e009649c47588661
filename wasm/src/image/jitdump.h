/* SPDX-License-Identifier: Apache-2.0 */
/* A jitdump (jit-PID.dump): the code that a runtime made, with when it was made,
 * moved and named. Format: Linux tools/perf/Documentation/jitdump-specification.txt. */
#ifndef PTM_IMAGE_JITDUMP_H
#define PTM_IMAGE_JITDUMP_H

#include "base/message.h"
#include "base/source.h"

enum { PTM_JIT_LOAD = 0, PTM_JIT_MOVE = 1, PTM_JIT_DEBUG_INFO = 2, PTM_JIT_CLOSE = 3 };

typedef struct ptm_jit_header {
	uint32_t pid, machine;   /* machine: an ELF machine number */
	bool tsc;                /* times are TSC ticks; else CLOCK_MONOTONIC ns */
} ptm_jit_header;

/* One record. `code_offset` and `name_offset` are places in the file. */
typedef struct ptm_jit_event {
	uint8_t kind;
	uint32_t pid;
	uint64_t time, index, address, size;
	uint64_t old_address;    /* of a move */
	uint64_t code_offset, name_offset;
	uint64_t entries_offset, entries_end, entry_count; /* of debug information */
} ptm_jit_event;

/* Whether a file that begins with these bytes (at least 4) is one. */
bool ptm_jitdump_is(const uint8_t *at, uint32_t length);

/* Reads the header. PTM_BAD_DATA, PTM_TRUNCATED, PTM_UNSUPPORTED with a sentence about `path`. */
ptm_status ptm_jitdump_header(ptm_source *source, const char *path, ptm_jit_header *header, ptm_message *message) PTM_MUST_CHECK;

/* Hands every whole record to `take`, in the order of the file, until `take`
 * returns something else than PTM_OK. The last record may be cut: a runtime that
 * is killed leaves it so. `cut_at`: where the first record is that is not whole; the file's size: nowhere. */
ptm_status ptm_jitdump_read(ptm_source *source, const char *path, ptm_status (*take)(void *context, const ptm_jit_event *event), void *context,
			    uint64_t *cut_at, ptm_message *message) PTM_MUST_CHECK;

#endif
