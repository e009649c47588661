/* SPDX-License-Identifier: Apache-2.0 */
/* The call chain of a sample: as the kernel wrote it, or with its user part from
 * a call-stack LBR or from the copy of the user stack. */
#ifndef PTM_API_SAMPLE_CHAIN_H
#define PTM_API_SAMPLE_CHAIN_H

#include "api/session.h"

/* perf script's own limit, for each of the parts. */
#define PTM_CHAIN_PART 127
#define PTM_CHAIN_MOST (2 * PTM_CHAIN_PART)

typedef struct ptm_chain_frame { uint64_t ip; bool in_kernel; } ptm_chain_frame;

/* Stores the sample's frames, innermost first, PTM_CHAIN_MOST at most; none when
 * its event takes no call chains. `space`: of its process at its time. */
ptm_status ptm_sample_chain(ptm_session *session, const ptm_sample *sample, const ptm_attr *attr, uint32_t space, ptm_chain_frame *frames, uint32_t *count) PTM_MUST_CHECK;

/* Whether the user part of its chain is its call-stack LBR. */
bool ptm_sample_chain_is_lbr(const ptm_sample *sample, const ptm_attr *attr);

#endif
