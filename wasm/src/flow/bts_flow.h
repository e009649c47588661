/* SPDX-License-Identifier: Apache-2.0 */
/* Flow from Intel BTS records {from, to, flags}, one queue at a time: code ran
 * straight from where the record before went to, to where this one came from.
 * SDM vol. 3, "Branch Trace Store". Only user code is followed: addresses in the
 * upper half are the kernel's, where flow leaves and comes back. */
#ifndef PTM_FLOW_BTS_FLOW_H
#define PTM_FLOW_BTS_FLOW_H

#include "flow/visit.h"

#define PTM_BTS_RECORD 24
#define PTM_BTS_NOTHING UINT64_MAX

/* A record's third word. */
#define PTM_BTS_PREDICTED (1u << 4)

/* An unbroken run of whole records of one thread. All that is known of their
 * time is that it lies in [start_ns, end_ns] (0: not even that): visits carry
 * start_ns, the last of the span ends at end_ns, gaps carry both. */
typedef struct ptm_bts_span {
	uint64_t start, end;     /* in the queue's stream */
	uint64_t next;           /* where the next span starts: bytes between are a record cut short */
	uint64_t before;         /* offset of the record that the thread left before; PTM_BTS_NOTHING: unknown */
	uint64_t missing;        /* bytes of trace lost before it */
	bool lost;               /* trace was lost before it, known how much or not */
	uint64_t start_ns, end_ns;
	uint32_t thread, space;
} ptm_bts_span;

typedef struct ptm_bts_flow_config {
	void *host;
	uint64_t size;           /* of the stream */
	/* Copies up to *length bytes from `offset`; stores how many. */
	ptm_status (*read)(void *host, uint64_t offset, uint8_t *into, uint32_t *length);
	/* Stores the span that holds `offset`, or the first one after it. PTM_END: there is none. */
	ptm_status (*span)(void *host, uint64_t offset, ptm_bts_span *span);
} ptm_bts_flow_config;

typedef struct ptm_bts_flow ptm_bts_flow;

/* A flow over the records that start in [offset, limit); `offset` must be the
 * start of one (of a checkpoint). Caller frees with ptm_bts_flow_free. */
ptm_status ptm_bts_flow_new(ptm_bts_flow **flow, ptm_blocks *blocks, const ptm_bts_flow_config *config, uint64_t offset, uint64_t limit) PTM_MUST_CHECK;
void ptm_bts_flow_free(ptm_bts_flow *flow);

/* Stores the next item. PTM_END at the end. */
ptm_status ptm_bts_flow_next(ptm_bts_flow *flow, ptm_item *item) PTM_MUST_CHECK;

/* Offset of the next record. */
uint64_t ptm_bts_flow_offset(const ptm_bts_flow *flow);
/* Records read so far. */
uint64_t ptm_bts_flow_records(const ptm_bts_flow *flow);

/* Counts the records that start in [offset, limit). */
ptm_status ptm_bts_flow_scan(const ptm_bts_flow_config *config, uint64_t offset, uint64_t limit, uint64_t *records) PTM_MUST_CHECK;

#endif
