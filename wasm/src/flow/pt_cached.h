/* SPDX-License-Identifier: Apache-2.0 */
/* The PT flow's fast path. Takes a flow over at a packet boundary while nothing
 * but TNT, TIP, CYC, MTC and PAD packets comes, walks them through the graph of
 * nodes, and hands the flow back, in the state that the slow path would have
 * reached, before anything else. Tells no visits: counts them at the edges of
 * the graph, and lists what a profile cannot know from counts alone. */
#ifndef PTM_FLOW_PT_CACHED_H
#define PTM_FLOW_PT_CACHED_H

#include "flow/pt_flow.h"
#include "flow/pt_graph.h"

/* What a batch lists, in order. `row` is the low 24 bits of `what`; `at` is the
 * number of instructions of the batch executed when it happens. */
typedef enum ptm_cached_kind {
	PTM_CACHED_ENTER,        /* control arrives at node `row`; a: its first block was entered before */
	PTM_CACHED_FIRST,        /* node `row` is counted for the first time; at: where its path starts */
	PTM_CACHED_TIME,         /* a ns pass in the last block of node `row` */
	PTM_CACHED_CYCLES,       /* the same, and a measurement of b cycles ends there */
	PTM_CACHED_OP,           /* op `row` of a path: a call, or a jump to the start of another function */
	/* The end of node `row`, at packet offset b from the batch's, leads to node a: */
	PTM_CACHED_CALL, PTM_CACHED_RETURN, PTM_CACHED_JUMP, /* indirect; JUMP only to another function */
	PTM_CACHED_TAKEN         /* a conditional branch to the start of another function */
} ptm_cached_kind;

typedef struct ptm_cached_event { uint32_t what, at, a, b; } ptm_cached_event;

#define PTM_CACHED_EVENTS 2048

/* The last decision before the flow was handed back. */
typedef struct ptm_cached_leave {
	bool decided;            /* false: there was none since the flow was taken over */
	uint8_t end;             /* enum ptm_end */
	uint32_t node;
	uint64_t to_ip, offset;
} ptm_cached_leave;

typedef struct ptm_cached_batch {
	ptm_cached_event *events;
	uint32_t length;         /* of these, those to take now */
	uint32_t instructions;   /* executed */
	uint32_t thread;
	uint64_t start_ns;       /* the flow's time where the batch starts */
	uint64_t offset;         /* packet offsets count from here */
	bool left;               /* the flow was handed back: see leave */
	ptm_cached_leave leave;
} ptm_cached_batch;

typedef struct ptm_cached ptm_cached;

/* For one flow (borrowed, as is the graph). `log`, or NULL: an array that gets
 * every edge (row << 1 | taken) in order, for tests; only where PTM_CACHED_LOGS was defined. Caller frees with ptm_cached_free. */
typedef struct ptm_cached_log { PTM_ARRAY(uint32_t) edges; } ptm_cached_log;
ptm_status ptm_cached_new(ptm_cached **cached, ptm_pt_flow *flow, ptm_graph *graph, ptm_cached_log *log) PTM_MUST_CHECK;
void ptm_cached_free(ptm_cached *cached);

/* Takes the flow over when it is in a calm state; stores whether it did, and who
 * runs. Then only ptm_cached_step may be called until a batch says `left`. */
ptm_status ptm_cached_enter(ptm_cached *cached, bool *entered, uint32_t *thread) PTM_MUST_CHECK;

/* Whether the flow is taken over now. */
bool ptm_cached_inside(const ptm_cached *cached);

/* Decodes the next packet below `stop`, or what is left of the last one. `leave`: hands the flow back where
 * `stop` is reached, which it does at the flow's limit in any case. The batch is good until the next call. */
ptm_status ptm_cached_step(ptm_cached *cached, uint64_t stop, bool leave, const ptm_cached_batch **batch) PTM_MUST_CHECK;

#endif
