/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path's walk: where it stands while frequent packets go through the
 * graph straight into a part, and what a decision does that is more than a count.
 * part_fast.c loops over packets. Private to profile/. */
#ifndef PTM_PROFILE_PART_WALK_H
#define PTM_PROFILE_PART_WALK_H

#include "flow/pt_cached_state.h"
#include "profile/part_stack.h"

/* Time between two MTCs, while each decision comes with a CYC packet: kept here, and the clock and the flow are told of it
 * when others ask them (ptm_walk_tell_time). */
typedef struct ptm_steady {
	uint64_t until;          /* no time can be odd as long as the clock's cyc_count is below it; 0: not steady */
	uint64_t count;          /* the clock's cyc_count */
	uint64_t tsc, ns;        /* the flow's time */
	uint64_t on_ns;          /* that passed since the clock was told */
	double reference, scale; /* how cyc_count tells the TSC */
	/* … and the TSC nanoseconds: ns of a TSC, what was rounded off, and ptm_time. */
	uint64_t base_tsc, base_ns, base_rest, mult;
	uint32_t shift;
	uint32_t measured_at;    /* end of the last measurement of cycles, as `at` counts */
	uint32_t latches;        /* measurements of which the clock was not told */
	uint32_t moved_at, moved_edge; /* as of ptm_fast_walk, where time moved last */
} ptm_steady;

/* The state of a walk. The loop has node, edge, at and frame at hand, and stores them here when it calls others. */
typedef struct ptm_fast_walk {
	ptm_part *part;
	ptm_cached *cached;
	ptm_graph *graph;
	ptm_node *nodes;
	ptm_node_cost *costs;
	const ptm_node_code *codes;
	const ptm_node_op *ops;
	ptm_tree_node *tree;     /* the part's call tree */
	ptm_return_stack *returns;
	ptm_node *node;          /* present one */
	ptm_frame *frame, *last_frame; /* on top of the part's stack, and the last there is room for */
	uint64_t now_ns, shortest_ns;  /* as the part's last.time_ns and data.shortest_ns */
	uint64_t piece_base, part_base; /* instructions of the piece and of the part before these */
	uint64_t last_ip;        /* of the last TIP */
	uint64_t next_ns;        /* time at the next decision when dirty */
	ptm_steady steady;
	const uint8_t *at_packet;      /* the packet being taken */
	uint32_t edge;           /* to the present node, as ptm_node.to: its row << 8 | its tag */
	uint32_t at, last;       /* as of ptm_cached */
	uint32_t counted;        /* instructions that the part knows of, as `at` counts */
	uint32_t cyc;            /* with has_cyc: cycles of the last CYC, of which the clock does not know */
	uint32_t runs_met, runs_missed;
	uint32_t measured_at;
	bool has_cyc;
	bool dirty;              /* timing packets came since the last decision */
	bool measures;           /* it is noted whose instructions the next measurement covers. Once the part's list is full all are its last's, those from measured_at on told late */
	bool compresses;         /* returns */
	bool has_runs;           /* runs are sought */
	bool sparse;             /* a CYC packet needs not tell all cycles */
	/* What the last decision that changed the stack did, to be taken back where nothing follows it: a decision's change counts once something does. */
	uint8_t change;          /* enum ptm_cached_kind; 0: none */
	bool has_made;           /* it made the call-tree node */
	bool has_pending;        /* a call ended, at pending_at, and is not kept yet */
	uint32_t change_at, pending_at;
	const uint8_t *change_packet;
	ptm_frame replaced;
	ptm_piece_call pending;
	ptm_status status;
} ptm_fast_walk;

/* The part's counts and stack are brought up to date for others. */
static inline void ptm_walk_give(ptm_fast_walk *walk)
{
	ptm_part *part = walk->part;
	part->piece.instructions = walk->piece_base + walk->counted;
	part->data.instructions = walk->part_base + walk->counted;
	part->stack.length = (uint32_t)(walk->frame - part->stack.at) + 1;
}

/* Tells the last of a full list of the instructions since. */
static inline void ptm_walk_flush_measured(ptm_fast_walk *walk)
{
	if (walk->measures)
		return;
	walk->part->measured[PTM_MEASURED - 1].instructions += walk->counted - walk->measured_at;
	walk->measured_at = walk->counted;
}

/* Notes that of the coming measurement so many instructions, up to `at`, belong to a node of the call tree. */
static inline void ptm_walk_note_measured(ptm_fast_walk *walk, uint32_t node, uint32_t more, uint32_t at)
{
	ptm_part_note_measured(walk->part, node, more);
	if (walk->part->measured_count == PTM_MEASURED) {
		walk->measures = false;
		walk->measured_at = at;
	}
}

/* The instructions up to `at` belong to `frame`, the one on top. */
static inline void ptm_walk_charge(ptm_fast_walk *walk, const ptm_frame *frame, uint32_t at)
{
	uint32_t more = at - walk->counted;
	walk->counted = at;
	walk->tree[frame->node].self_instructions += more;
	if (walk->measures && more)
		ptm_walk_note_measured(walk, frame->node, more, at);
}

/* Where the child of `parent` in `function` may be. */
static inline uint32_t ptm_walk_child(const ptm_fast_walk *walk, uint32_t parent, uint32_t function)
{
	return *ptm_part_memo(walk->part, parent, function);
}

static inline bool ptm_walk_is_child(const ptm_fast_walk *walk, uint32_t child, uint32_t parent, uint32_t function)
{
	const ptm_tree_node *node = &walk->tree[child];
	return node->function == function && node->parent == parent;
}

/* A call to `function` from `frame`, of which the instructions are charged. */
static inline ptm_frame *ptm_walk_push(ptm_fast_walk *walk, ptm_frame *frame, uint32_t child, uint64_t return_ip, uint32_t function, uint32_t flags)
{
	frame++;
	walk->tree[child].calls++;
	frame->return_ip = return_ip;
	frame->resume_ip = 0;
	frame->start_ns = walk->now_ns;
	frame->start_instructions = walk->piece_base + walk->counted;
	frame->function = function;
	frame->node = child;
	frame->flags = flags;
	return frame;
}

static inline uint32_t ptm_walk_tag(const ptm_fast_walk *walk)
{
	return walk->edge & 255;
}

/* Notes where time moved: at the node that `edge` leads to. */
static inline void ptm_walk_moved(const ptm_fast_walk *walk, uint32_t edge, uint32_t at)
{
	walk->cached->moved_at = at;
	walk->cached->moved_node = (edge & 255) > PTM_TAG_PLAIN ? 0 : edge >> 8;
}

/* Tells the clock and the flow the time kept here, if any. */
void ptm_walk_tell_time(ptm_fast_walk *walk);

/* The clock keeps the time from here on. */
static inline void ptm_walk_end_steady(ptm_fast_walk *walk)
{
	if (walk->steady.latches)
		ptm_walk_tell_time(walk);
	walk->steady.until = 0;
}

/* Tells the clock of the CYC packet that came last. */
static inline void ptm_walk_flush_cyc(ptm_fast_walk *walk)
{
	ptm_clock *clock = &walk->cached->flow->clock;

	if (!walk->has_cyc)
		return;
	ptm_walk_end_steady(walk);
	uint64_t moves = clock->moves;
	walk->has_cyc = false;
	ptm_clock_cyc(clock, walk->cyc);
	if (clock->moves != moves)
		ptm_walk_moved(walk, walk->edge, walk->at);
}

/* Whether taking over the packets' time is for the slow path, as ptm_cached_is_odd_time. Where the walk stands must be stored. */
bool ptm_walk_is_odd_time(ptm_fast_walk *walk);
/* Whether the last CYC, of which the clock does not know yet, tells time and cycles that cannot be odd. */
static inline bool ptm_walk_is_steady(const ptm_fast_walk *walk, uint32_t at)
{
	return walk->has_cyc && walk->steady.count + walk->cyc < walk->steady.until && at < 1u << 31;
}

/* Cycles of a measurement that ends at `at` belong to `frame`, and to those on top before it. */
void ptm_walk_share_cycles(ptm_fast_walk *walk, const ptm_frame *frame, uint32_t at, uint32_t cycles);

/* Takes over the last CYC, which is steady, with the decision at the end of the node of `cost`: as ptm_cached_latch. */
static inline __attribute__((always_inline)) void ptm_walk_latch_steady(ptm_fast_walk *walk, ptm_node_cost *cost, const ptm_frame *frame, uint32_t at)
{
	ptm_steady *steady = &walk->steady;
	const uint32_t more = at - walk->counted, cycles = walk->cyc;
	ptm_tree_node *top = &walk->tree[frame->node];
	uint64_t count = steady->count + cycles;
	uint64_t tsc = (uint64_t)(int64_t)(steady->reference + (double)(int64_t)count * steady->scale);

	walk->dirty = walk->has_cyc = false;
	steady->count = count;
	steady->latches++;
	cost->cycles += cycles;
	cost->cycle_visits++;
	cost->cycle_instructions += at - steady->measured_at;
	steady->measured_at = at;
	if (more && !walk->part->measured_count) {
		/* The frequent case: all that it covers is of one function. */
		walk->counted = at;
		top->self_instructions += more;
		top->self_cycles += cycles;
	} else {
		ptm_walk_share_cycles(walk, frame, at, cycles);
	}
	if (tsc > steady->tsc) {
		uint64_t ns = steady->base_ns + ((steady->base_rest + (tsc - steady->base_tsc) * steady->mult) >> steady->shift);
		uint64_t passed = ns > steady->ns ? ns - steady->ns : 0;
		steady->tsc = tsc;
		steady->ns = ns;
		steady->on_ns += passed;
		cost->ns += passed;
		top->self_ns += passed;
		if (walk->now_ns < ns)
			walk->now_ns = ns;
	}
}

/* Takes over the packets' time and cycles with the decision at the end of `node`, whose path is passed: as ptm_cached_latch. */
void ptm_walk_latch(ptm_fast_walk *walk, const ptm_node *node, const ptm_frame *frame, uint32_t at);
/* The call of `frame` on top, of which the instructions are charged, ends and is not short. */
void ptm_walk_keep(ptm_fast_walk *walk, const ptm_frame *frame);

/* These return false where something is for the slow path: then nothing was done. */
/* A bit that decides the present node, a branch; or a compressed return. */
bool ptm_walk_bit(ptm_fast_walk *walk, uint32_t taken);
/* An indirect branch, or a return that is not compressed. */
bool ptm_walk_tip(ptm_fast_walk *walk, uint64_t ip);
/* A change of the stack that a decision before the walk made, and that nothing followed yet. */
bool ptm_walk_resume(ptm_fast_walk *walk, const ptm_cached_event *event, const uint8_t *from);

/* Ends the walk after whole packets, the first of them at `from`; tells a change that nothing followed. */
void ptm_walk_end(ptm_fast_walk *walk, const uint8_t *from);

#endif
