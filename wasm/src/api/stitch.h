/* SPDX-License-Identifier: Apache-2.0 */
/* Call stacks of the LBR that grew out of its registers: the callers that a
 * sample has no room for any more are those of the sample before it, as long as
 * both agree on entries in the same registers. What perf script --stitch-lbr does. */
#ifndef PTM_API_STITCH_H
#define PTM_API_STITCH_H

#include "api/session.h"

typedef struct ptm_stitch ptm_stitch;

ptm_status ptm_stitch_new(ptm_stitch **made, uint32_t threads) PTM_MUST_CHECK;
void ptm_stitch_free(ptm_stitch *stitch);

/* Takes in the next sample of a thread that has a call-stack LBR; stores the
 * addresses of callers above its oldest entry, innermost first (borrowed until
 * the next call). `registers`: entries that the CPU's LBR has; 0: unknown, and
 * nothing is stitched. */
ptm_status ptm_stitch_next(ptm_stitch *stitch, uint32_t thread, const ptm_sample *sample, uint32_t registers, const uint64_t **callers, uint32_t *count) PTM_MUST_CHECK;

#endif
