/* SPDX-License-Identifier: Apache-2.0 */
/* The callers of a sampled user instruction, from the copy of its stack that
 * perf record --call-graph dwarf takes: by call frame information, and by frame
 * pointers where an image has such information but not for that address. Steps
 * and stops as perf 6.1 with libunwind does. */
#ifndef PTM_IMAGE_UNWIND_H
#define PTM_IMAGE_UNWIND_H

#include "image/address_space.h"
#include "image/cfi.h"

typedef struct ptm_unwind_start {
	uint32_t space;
	uint64_t registers[PTM_CFI_REGISTERS]; /* by DWARF number; the last is the instruction's address */
	uint32_t known;          /* a bit for each register that was taken */
	const uint8_t *stack;    /* memory from rsp on (borrowed) */
	uint64_t stack_size;
} ptm_unwind_start;

/* Stores up to `most` addresses, innermost first: the instruction itself, then
 * of each caller the byte before the return address (of one that a signal
 * interrupted: the interrupted instruction). perf 6.1 keeps a library's place in
 * the first process it saw for all others, and loses frames there; this does not. Never fails for what the
 * stack holds: the way just ends. */
ptm_status ptm_unwind(ptm_spaces *spaces, const ptm_unwind_start *start, uint64_t *frames, uint32_t most, uint32_t *count) PTM_MUST_CHECK;

#endif
