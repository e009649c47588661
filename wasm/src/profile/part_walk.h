/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path's walk: where it stands while frequent packets go through the
 * graph straight into a part, and what a decision does that is more than a count.
 * part_fast.c loops over packets. Private to profile/. */
#ifndef PTM_PROFILE_PART_WALK_H
#define PTM_PROFILE_PART_WALK_H

#include "flow/pt_cached_state.h"
#include "profile/part_stack.h"

/* The state of the loop. */
typedef struct ptm_fast_walk {
	ptm_part *part;
	ptm_cached *cached;
	ptm_node *nodes;
	const ptm_node_code *codes;
	ptm_tree_node *tree;     /* the part's call tree */
	uint32_t row, at, last;  /* as node, at, last of ptm_cached */
	bool special;
	bool dirty;              /* timing packets came since the last decision */
	bool has_cyc;            /* … of them a CYC that the clock does not know of, of so many cycles */
	uint32_t cyc;
	uint64_t next_ns;        /* time at the next decision when dirty */
	uint32_t top;            /* the call-tree node of the frame on top */
	uint32_t counted;        /* instructions that the part knows of, as `at` counts */
	uint64_t piece_base, part_base; /* of the piece and of the part before these */
	/* Where the last decision that changes the stack led to: it counts once something follows. kind 0: none. */
	uint32_t arrival, arrival_to, arrival_delta; /* as what, a, b of ptm_cached_event */
	bool has_runs;           /* runs are sought: how often, and how often in vain */
	uint32_t runs_sought, runs_missed;
	ptm_status status;
} ptm_fast_walk;

/* The part's counts are brought up to date for others, and taken back. */
static inline void ptm_walk_give(ptm_fast_walk *walk)
{
	walk->part->piece.instructions = walk->piece_base + walk->counted;
	walk->part->data.instructions = walk->part_base + walk->counted;
}

static inline void ptm_walk_take(ptm_fast_walk *walk)
{
	walk->tree = walk->part->tree.nodes.at;
	walk->top = ptm_part_top(walk->part)->node;
	walk->piece_base = walk->part->piece.instructions - walk->counted;
	walk->part_base = walk->part->data.instructions - walk->counted;
}

/* The instructions up to `at` belong to the frame on top. */
static inline void ptm_walk_charge(ptm_fast_walk *walk, uint32_t at)
{
	uint32_t more = at - walk->counted;
	if (!more)
		return;
	walk->counted = at;
	walk->tree[walk->top].self_instructions += more;
	ptm_part_note_measured(walk->part, walk->top, more);
}

/* Tells the clock of the CYC packet that came last. */
static inline void ptm_walk_flush_cyc(ptm_fast_walk *walk)
{
	ptm_cached *cached = walk->cached;
	uint64_t moves = cached->flow->clock.moves;

	if (!walk->has_cyc)
		return;
	walk->has_cyc = false;
	ptm_clock_cyc(&cached->flow->clock, walk->cyc);
	if (cached->flow->clock.moves != moves) {
		cached->moved_at = walk->at;
		cached->moved_node = walk->special ? 0 : walk->row;
	}
}

/* Whether taking over the packets' time is for the slow path, as ptm_cached_is_odd_time. */
bool ptm_walk_is_odd_time(ptm_fast_walk *walk);
/* Takes over the packets' time and cycles with the decision at the end of the present node: as ptm_cached_latch. */
void ptm_walk_latch(ptm_fast_walk *walk);
/* Takes in what the last decision did to the stack, now that something follows. */
void ptm_walk_settle(ptm_fast_walk *walk);
/* A bit that decides a node which is not plain, or an edge which is not. false: not known yet, or for the slow path; nothing was done. */
bool ptm_walk_bit(ptm_fast_walk *walk, uint32_t taken, uint32_t delta);
/* An indirect branch, or a return that is not compressed. false: as ptm_walk_bit. */
bool ptm_walk_tip(ptm_fast_walk *walk, uint64_t ip, uint32_t delta);

#endif
