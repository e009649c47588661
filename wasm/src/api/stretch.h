/* SPDX-License-Identifier: Apache-2.0 */
/* A stretch of a queue decoded again into a part, in slices: for api/ only. */
#ifndef PTM_API_STRETCH_H
#define PTM_API_STRETCH_H

#include "api/session.h"

typedef struct ptm_stretch {
	uint32_t queue, thread;  /* PTM_ALL: all threads */
	uint64_t start_ns, end_ns; /* what begins in there is taken */
	uint64_t limit;          /* a segment's, where the stretch ends as well; 0: none */
	ptm_replay replay;
	ptm_cached *cached;      /* NULL: the source has no fast path */
	bool started;
	bool inside;             /* the queue has reached the start */
	uint64_t calm_until;     /* up to here all is before the end */
	ptm_part *part;
} ptm_stretch;

/* Starts at `from` (NULL: at the queue's start) with a part of segment `segment`.
 * Free with ptm_stretch_free, whatever it returns. */
ptm_status ptm_stretch_start(ptm_session *session, ptm_stretch *stretch, const ptm_checkpoint *from, uint32_t segment) PTM_MUST_CHECK;
/* Decodes a slice. PTM_END: the stretch is done. */
ptm_status ptm_stretch_step(ptm_stretch *stretch) PTM_MUST_CHECK;
/* The part's bytes, until it is freed. */
ptm_status ptm_stretch_finish(ptm_stretch *stretch, const uint8_t **bytes, size_t *length) PTM_MUST_CHECK;
void ptm_stretch_free(ptm_session *session, ptm_stretch *stretch);

#endif
