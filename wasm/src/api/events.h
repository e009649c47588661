/* SPDX-License-Identifier: Apache-2.0 */
/* PT events of a time range, as api/query_events.c decodes and keeps them. */
#ifndef PTM_API_EVENTS_H
#define PTM_API_EVENTS_H

#include "api/session.h"

typedef struct ptm_event_row {
	ptm_item item;
	uint32_t queue, sequence;
	uint64_t order_ns;       /* its time, or that of an earlier event of its queue where that is later */
	uint64_t left_out;       /* events of the queue after this one that were not kept */
} ptm_event_row;

/* Stores the events of `thread` (PTM_ALL: all) in [start_ns, end_ns), absolute, in
 * order of time (borrowed until the next call). PTM_MORE: call again. None when
 * the trace is not PT. */
ptm_status ptm_events_decode(ptm_session *session, uint64_t start_ns, uint64_t end_ns, uint32_t thread, const ptm_event_row **rows, uint32_t *count) PTM_MUST_CHECK;

/* The same from the answer kept last, without decoding, when that holds all of them;
 * it may hold others as well. false: it does not. */
bool ptm_events_kept(const ptm_session *session, uint64_t start_ns, uint64_t end_ns, uint32_t thread, const ptm_event_row **rows, uint32_t *count);

#endif
