/* SPDX-License-Identifier: Apache-2.0 */
/* Flow from branch stacks (LBR and its kin), one queue of samples at a time: in
 * a stack code ran straight from where one branch went to, to where the next
 * one came from; between samples nothing is known. SDM vol. 3, "Last Branch
 * Records". Only for stacks that hold every branch taken. */
#ifndef PTM_FLOW_LBR_FLOW_H
#define PTM_FLOW_LBR_FLOW_H

#include "flow/visit.h"

/* As many as fit in the longest record. */
#define PTM_LBR_MOST 2730
/* A count of cycles that has reached its end measures nothing. */
#define PTM_LBR_CYCLES_FULL 0xffff

typedef struct ptm_lbr_entry {
	uint64_t from, to;
	uint16_t cycles;         /* since the branch before it */
	bool abort, in_transaction;
} ptm_lbr_entry;

typedef struct ptm_lbr_stack {
	uint64_t start, end;     /* of its record, in the queue's stream */
	uint64_t time_ns;
	uint64_t floor_ns;       /* nothing of it was before: time of the queue's sample before it; 0: none */
	uint64_t ip;             /* where the sample was taken; 0: unknown */
	uint32_t thread, space;
	uint32_t count;
	bool timed;              /* cycles are measured */
	ptm_lbr_entry entries[PTM_LBR_MOST]; /* newest first */
} ptm_lbr_stack;

typedef struct ptm_lbr_flow_config {
	void *host;
	uint64_t size;           /* of the stream */
	/* ns of a cycle, to place branches in time before their sample; 0: unknown,
	 * and all of a stack is at the sample's time. */
	double cycle_ns;
	/* Stores the first stack that starts at or after `offset`. PTM_END: there is none. */
	ptm_status (*stack)(void *host, uint64_t offset, ptm_lbr_stack *stack);
	/* Counts the samples that start in [offset, limit). */
	uint64_t (*count)(void *host, uint64_t offset, uint64_t limit);
} ptm_lbr_flow_config;

typedef struct ptm_lbr_flow ptm_lbr_flow;

/* A flow over the samples that start in [offset, limit). Caller frees with
 * ptm_lbr_flow_free, whatever is returned. */
ptm_status ptm_lbr_flow_new(ptm_lbr_flow **flow, ptm_blocks *blocks, const ptm_lbr_flow_config *config, uint64_t offset, uint64_t limit) PTM_MUST_CHECK;
void ptm_lbr_flow_free(ptm_lbr_flow *flow);

/* Stores the next item. PTM_END at the end. */
ptm_status ptm_lbr_flow_next(ptm_lbr_flow *flow, ptm_item *item) PTM_MUST_CHECK;

/* Offset of the sample being told. */
uint64_t ptm_lbr_flow_offset(const ptm_lbr_flow *flow);
/* Samples read so far. */
uint64_t ptm_lbr_flow_samples(const ptm_lbr_flow *flow);

#endif
