/* SPDX-License-Identifier: Apache-2.0 */
/* A flow of one queue, whatever its source: the stream of items of visit.h.
 * Who makes one knows the source; who reads it does not. */
#ifndef PTM_FLOW_FLOW_H
#define PTM_FLOW_FLOW_H

#include "flow/bts_flow.h"
#include "flow/lbr_flow.h"
#include "flow/pt_flow.h"

typedef enum ptm_flow_source { PTM_SOURCE_PT, PTM_SOURCE_BTS, PTM_SOURCE_LBR } ptm_flow_source;

typedef struct ptm_flow_config {
	uint8_t source;          /* enum ptm_flow_source: which of the following counts */
	ptm_pt_flow_config pt;
	ptm_bts_flow_config bts;
	ptm_lbr_flow_config lbr;
} ptm_flow_config;

typedef struct ptm_flow ptm_flow;

/* A flow over [offset, limit) of the queue's stream, as ptm_pt_flow_new; `clock`
 * counts for PT only. Caller frees with ptm_flow_free, whatever is returned. */
ptm_status ptm_flow_new(ptm_flow **flow, ptm_blocks *blocks, const ptm_flow_config *config, uint64_t offset, uint64_t limit, const ptm_clock *clock) PTM_MUST_CHECK;
void ptm_flow_free(ptm_flow *flow);

/* Stores the next item. PTM_END at the end. */
ptm_status ptm_flow_next(ptm_flow *flow, ptm_item *item) PTM_MUST_CHECK;

/* The PT flow inside, NULL for other sources. */
ptm_pt_flow *ptm_flow_pt(ptm_flow *flow);

/* How far decoding has come in the stream. */
uint64_t ptm_flow_offset(const ptm_flow *flow);
/* Packets (records) read up to the limit. */
uint64_t ptm_flow_segment_packets(const ptm_flow *flow);

/* Bytes lost before the end, since the last gap, once ptm_flow_next said PTM_END. */
uint64_t ptm_flow_lost_bytes(const ptm_flow *flow);
/* When what is lost there ended. */
ptm_loss_end ptm_flow_loss_end(const ptm_flow *flow);

/* The clock at the limit, once ptm_flow_next said PTM_END; NULL: the source has none. */
const ptm_clock *ptm_flow_limit_clock(const ptm_flow *flow);

/* The clock at the CHECKPOINT that was told last, at `offset`; NULL: it is not known. */
const ptm_clock *ptm_flow_checkpoint_clock(const ptm_flow *flow, uint64_t offset);

/* The clock of a PT flow as of the packets read so far (borrowed); NULL: the source has none. */
const ptm_clock *ptm_flow_clock(const ptm_flow *flow);

/* Of a PT flow: see ptm_pt_flow_walked. */
ptm_walked ptm_flow_walked(const ptm_flow *flow);

/* What a flow that starts at `limit` must know of [offset, limit): brings `clock`
 * there, counts the packets (records). */
ptm_status ptm_flow_scan(const ptm_flow_config *config, uint64_t offset, uint64_t limit, ptm_clock *clock, uint64_t *packets) PTM_MUST_CHECK;

#endif
