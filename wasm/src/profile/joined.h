/* SPDX-License-Identifier: Apache-2.0 */
/* The joined profile: the parts as merged, and the answers made of them. Private
 * to profile/.
 *
 * Answers are made anew when somebody asks after a merge, always in the order of
 * the trace: so the order of merging leaves no trace. What no later part can
 * change any more is settled: joined once and for all, and its pieces are freed.
 * An answer starts from a copy of what is settled. */
#ifndef PTM_PROFILE_JOINED_H
#define PTM_PROFILE_JOINED_H

#include "profile/lane.h"
#include "profile/serialize.h"

/* A time in which a segment that is not merged yet may hold anything. */
typedef struct ptm_hole {
	uint64_t start_ns, end_ns;
} ptm_hole;

struct ptm_joined {
	uint64_t shortest_ns;             /* calls below it are left out */
	ptm_call_tree tree;               /* below one stand-in per lane */
	PTM_ARRAY(ptm_lane *) lanes;      /* sorted by (thread, queue); owned */
	PTM_ARRAY(ptm_joined_call) calls; /* of epochs that are over; their depths are known */
	PTM_ARRAY(ptm_gap) gaps;     /* times in which a thread did not run */
	ptm_sums *sums;                   /* borrowed; NULL: none are kept */
	bool is_copy;                     /* adds nothing to them */
};

typedef struct ptm_seed {
	uint32_t thread, count;
	ptm_call *stack;                  /* owned */
} ptm_seed;

struct ptm_profile {
	ptm_blocks *blocks;          /* borrowed */
	ptm_spaces *spaces;          /* borrowed; NULL: functions are known by number only */
	PTM_ARRAY(ptm_part_data *) parts; /* sorted by (queue, segment); owned */
	ptm_slab kept;               /* what stays of each of them */
	PTM_ARRAY(ptm_seed) seeds;
	PTM_ARRAY(uint32_t) first_segment; /* per queue, and one past the last; empty: not known, nothing is settled */
	uint32_t idle_thread;        /* runs on every CPU at once; PTM_ALL: none */
	ptm_block_stats stats;
	ptm_part_counters incoming;  /* scratch: of the part being merged */
	ptm_joined settled;
	ptm_sums sums;               /* of what is settled; none without first_segment */
	uint64_t stored_calls, stored_gaps, stored_checkpoints;
	uint64_t loose_bytes;        /* of what is not settled of the parts, without calls */
	uint32_t gap_shift;          /* stored gaps in one cell of 2^shift ns are one; 0: none are */
	uint32_t unsettled;          /* parts merged since the last settling */
	uint32_t clock_breaks;       /* neighbours among parts whose clocks do not meet */
	bool is_stale;
	bool is_broken;              /* memory ran out while settling: nothing can be answered any more */

	PTM_ARRAY(ptm_hole) holes;   /* sorted by start; ends never fall */
	PTM_ARRAY(uint32_t) entered; /* blocks that a part took for resumed, but that were entered at its start */
	PTM_ARRAY(ptm_gap) queue_gaps;

	PTM_ARRAY(ptm_call_node) call_tree;
	PTM_ARRAY(uint32_t) tree_rows;    /* per node of the joined tree: its row, UINT32_MAX */
	ptm_call_tree tree_index;         /* rows by parent and function, when is_indexed */
	bool is_indexed;
	PTM_ARRAY(uint32_t) row_map;      /* scratch */
	PTM_ARRAY(ptm_call) calls;
	PTM_ARRAY(uint32_t) call_parents; /* per call: the kept call around it, UINT32_MAX */
	uint64_t calls_shortest_ns;
	PTM_ARRAY(ptm_gap) gaps;
	PTM_ARRAY(ptm_block_stat) block_stats;
	PTM_ARRAY(ptm_run) runs;
	PTM_ARRAY(ptm_checkpoint) checkpoints;
	PTM_ARRAY(ptm_queue_total) queues;
};

static inline uint16_t ptm_depth(int64_t depth)
{
	return depth > UINT16_MAX ? UINT16_MAX : (uint16_t)depth;
}

/* Unknown threads and the idle one may run on several CPUs at once: a stack each. */
static inline uint32_t ptm_lane_queue(const ptm_profile *profile, uint32_t thread, uint32_t queue)
{
	return !thread || thread == profile->idle_thread ? queue : PTM_ANY_QUEUE;
}

/* The part of a segment; NULL: it is not merged. */
const ptm_part_data *ptm_profile_part(const ptm_profile *profile, uint32_t queue, uint32_t segment);

/* queues.c: runs, checkpoints, totals, the queues' own gaps; links and holes. */
ptm_status ptm_join_queues(ptm_profile *profile) PTM_MUST_CHECK;

/* join.c: adds all that is not settled to `work`, a copy of it, and ends all epochs. */
ptm_status ptm_join_threads(ptm_profile *profile, ptm_joined *work) PTM_MUST_CHECK;

/* join.c: settles what can be; needs the links of ptm_join_queues. */
ptm_status ptm_settle(ptm_profile *profile) PTM_MUST_CHECK;
void ptm_joined_free(ptm_joined *joined);

/* timeline.c: calls settled and of `work` -> calls, call_parents. */
ptm_status ptm_join_calls(ptm_profile *profile, const ptm_joined *work) PTM_MUST_CHECK;

/* profile.c: moves what stays of the parts into memory of its own, where it is whole; the old is given back.
 * PTM_NO_MEMORY: all is as it was. */
ptm_status ptm_profile_repack(ptm_profile *profile) PTM_MUST_CHECK;

/* headroom.c: bytes of what is given back when the part is settled, without its calls. */
uint64_t ptm_part_loose_bytes(const ptm_part_data *part);
/* Whether another part, of so many bytes, leaves memory to join all there is. Where it does not, the sums are given up. */
bool ptm_profile_has_room(ptm_profile *profile, size_t length);

/* timeline.c: leaves the shortest stored calls out, and unites stored gaps, when there are far too many. */
void ptm_profile_thin(ptm_profile *profile);

/* block_stats.c: stats -> block_stats, by address: rows of blocks depend on who found them first. */
ptm_status ptm_join_blocks(ptm_profile *profile) PTM_MUST_CHECK;

#endif
