/* SPDX-License-Identifier: Apache-2.0 */
/* The maps that jitdumps stand for; for api/load.c only. */
#ifndef PTM_API_LOAD_JIT_H
#define PTM_API_LOAD_JIT_H

#include "api/session.h"
#include "image/names.h"

#define PTM_CLOCK_MONOTONIC 1

typedef struct ptm_jit_map {
	uint64_t time;           /* of the trace; 0: the dump's clock cannot be compared with it */
	bool ambiguous;          /* it has no time and is not the only code of its place: not to be mapped */
	int32_t pid;
	uint32_t order;
	ptm_map map;
} ptm_jit_map;

typedef PTM_ARRAY(ptm_jit_map) ptm_jit_maps; /* sorted by time, then as in the dumps */

/* Reads all dumps that were given; caller frees with ptm_array_free in any case. */
ptm_status ptm_jit_maps_read(ptm_session *session, ptm_jit_maps *maps) PTM_MUST_CHECK;

#endif
