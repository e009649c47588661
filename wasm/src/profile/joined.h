/* SPDX-License-Identifier: Apache-2.0 */
/* The joined profile: the parts as merged, and the answers made of them. Private
 * to profile/. Answers are made anew, from all parts in the order of the trace,
 * when somebody asks after a merge: so the order of merging leaves no trace. */
#ifndef PTM_PROFILE_JOINED_H
#define PTM_PROFILE_JOINED_H

#include "profile/part.h"

/* How a part follows the one before it in its queue. */
typedef struct ptm_part_link {
	bool is_next;            /* its segment is the very next */
	bool is_hole;            /* a segment before it is missing */
	bool is_lost;            /* trace was lost between */
	bool is_away;            /* tracing was off between */
	bool is_switched;        /* another thread may have run between */
} ptm_part_link;

/* A time in which a segment that is not merged yet may hold anything. */
typedef struct ptm_hole {
	uint64_t start_ns, end_ns;
} ptm_hole;

/* A call as joined; its level counts from the first frame known after the last
 * loss of trace, and becomes a depth when the lowest level is known. */
typedef struct ptm_joined_call {
	ptm_call call;
	int64_t level;
} ptm_joined_call;

struct ptm_profile {
	ptm_blocks *blocks;          /* borrowed */
	ptm_spaces *spaces;          /* borrowed; NULL: functions are known by number only */
	PTM_ARRAY(ptm_part_data *) parts; /* sorted by (queue, segment); owned */
	ptm_block_stats stats;
	uint64_t shortest_ns;        /* stored calls are at least this long */
	uint64_t stored_calls;
	bool is_stale;

	PTM_ARRAY(ptm_part_link) links;   /* per part */
	PTM_ARRAY(ptm_hole) holes;        /* sorted by start; ends never fall */
	ptm_call_tree tree;               /* joined, below one stand-in per thread */
	PTM_ARRAY(uint32_t) tree_threads; /* per root of `tree`, in order: row, thread */
	PTM_ARRAY(ptm_joined_call) joined_calls;
	PTM_ARRAY(ptm_part_gap) joined_gaps;
	PTM_ARRAY(uint32_t) entered;      /* blocks that a part took for resumed, but that were entered at its start */

	PTM_ARRAY(ptm_call_node) call_tree;
	PTM_ARRAY(ptm_call) calls;
	PTM_ARRAY(uint32_t) call_parents; /* per call: the kept call around it, UINT32_MAX */
	uint64_t calls_shortest_ns;
	PTM_ARRAY(ptm_gap) gaps;
	PTM_ARRAY(ptm_block_stat) block_stats;
	PTM_ARRAY(ptm_run) runs;
	PTM_ARRAY(ptm_checkpoint) checkpoints;
	PTM_ARRAY(ptm_queue_total) queues;
};

/* queues.c: runs, checkpoints, totals, the queues' own gaps; links and holes. */
ptm_status ptm_join_queues(ptm_profile *profile) PTM_MUST_CHECK;

/* join.c: stacks of all threads: joined_calls, tree, gaps between runs. */
ptm_status ptm_join_threads(ptm_profile *profile) PTM_MUST_CHECK;

/* timeline.c: joined_calls -> calls, call_parents. */
ptm_status ptm_join_calls(ptm_profile *profile) PTM_MUST_CHECK;

/* block_stats.c: stats -> block_stats, by address: rows of blocks depend on who found them first. */
ptm_status ptm_join_blocks(ptm_profile *profile) PTM_MUST_CHECK;

/* Leaves the shortest stored calls out when there are far too many. */
void ptm_profile_thin_calls(ptm_profile *profile);

#endif
