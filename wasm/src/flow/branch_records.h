/* SPDX-License-Identifier: Apache-2.0 */
/* What the flows of recorded branches (bts_flow, lbr_flow) share: what may lie on
 * the way between two records, and the items that wait to be told. */
#ifndef PTM_FLOW_BRANCH_RECORDS_H
#define PTM_FLOW_BRANCH_RECORDS_H

#include "flow/block.h"
#include "flow/visit.h"

/* Most items that one record makes. */
#define PTM_BRANCH_ITEMS 8

typedef struct ptm_branch_items {
	ptm_item at[PTM_BRANCH_ITEMS];
	uint32_t head, count;
} ptm_branch_items;

/* The place behind the items that wait, which is one of them now. */
static inline ptm_item *ptm_branch_items_add(ptm_branch_items *items)
{
	return &items->at[(items->head + items->count++) % PTM_BRANCH_ITEMS];
}

/* The first of the items that wait, which is none of them any more; there is one. */
static inline const ptm_item *ptm_branch_items_take(ptm_branch_items *items)
{
	const ptm_item *first = &items->at[items->head];
	items->head = (items->head + 1) % PTM_BRANCH_ITEMS;
	items->count--;
	return first;
}

static inline bool ptm_branch_is_kernel(uint64_t ip)
{
	return ip >> 63;
}

/* Instructions that call the kernel, which may leave no record and comes back behind them. */
static inline bool ptm_branch_calls_kernel(uint8_t class)
{
	return class == PTM_INSN_SYSCALL || class == PTM_INSN_INT || class == PTM_INSN_VMCALL;
}

/* Whether code may run on behind the end of a block without a record. */
static inline bool ptm_branch_runs_on(uint8_t class)
{
	return class == PTM_INSN_OTHER || class == PTM_INSN_JCC || class == PTM_INSN_LOOP || ptm_branch_calls_kernel(class);
}

/* How a visit ends (enum ptm_end) whose block no record ends. */
static inline uint8_t ptm_branch_end_between(uint8_t class)
{
	return class == PTM_INSN_OTHER ? PTM_END_FALLTHROUGH : ptm_branch_calls_kernel(class) ? PTM_END_OFF : PTM_END_NOT_TAKEN;
}

#endif
