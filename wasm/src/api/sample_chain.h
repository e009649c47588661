/* SPDX-License-Identifier: Apache-2.0 */
/* The call chain of a sample: as the kernel wrote it, or with its user part from
 * a call-stack LBR or from the copy of the user stack. */
#ifndef PTM_API_SAMPLE_CHAIN_H
#define PTM_API_SAMPLE_CHAIN_H

#include "api/session.h"

/* perf script's own limit, for each of the parts. */
#define PTM_CHAIN_PART 127
#define PTM_CHAIN_MOST (2 * PTM_CHAIN_PART)

typedef struct ptm_chain_frame {
	uint64_t ip;
	bool in_kernel;
	bool unwound;            /* out of the copy of the user stack: for these perf tells what is inlined */
} ptm_chain_frame;

/* Stores the sample's frames, innermost first, PTM_CHAIN_MOST at most; none when
 * its event takes no call chains. `space`: of its process at its time. `most`: entries that perf takes of the kernel's
 * chain and of what is unwound, but of a call-stack LBR all. */
ptm_status ptm_sample_chain(ptm_session *session, const ptm_sample *sample, const ptm_attr *attr, uint32_t space, uint32_t most, ptm_chain_frame *frames, uint32_t *count) PTM_MUST_CHECK;

/* Functions of one frame at most that are told. */
#define PTM_INLINED_MOST 64

/* One function of a frame. */
typedef struct ptm_chain_function {
	uint32_t name;           /* string id */
	uint32_t file, line;     /* see ptm_code_frame */
	bool inlined;            /* by perf's reckoning: it is not the symbol's name */
} ptm_chain_function;

/* Stores what perf prints for an unwound frame, innermost first: as addr2line has
 * it, the functions inlined at the address and the one they are in. None where the
 * frame has no symbol, or addr2line knows nothing: then the symbol stands alone. `as_addr2line`: with its whims,
 * see ptm_code_frame. */
ptm_status ptm_chain_functions(ptm_session *session, uint32_t space, const ptm_chain_frame *frame, bool as_addr2line, ptm_chain_function functions[PTM_INLINED_MOST], uint32_t *count) PTM_MUST_CHECK;

/* Whether perf runs addr2line on a binary of this name at all. */
bool ptm_is_asked_of_addr2line(const char *name);

/* Whether the user part of its chain is its call-stack LBR. */
bool ptm_sample_chain_is_lbr(const ptm_sample *sample, const ptm_attr *attr, uint32_t most);

#endif
