/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries of a stream of visits: call tree, calls for the timeline, block
 * counters, gaps, runs, checkpoints. Decoders make one Part per segment,
 * independent of all others; a Profile joins parts in any order of arrival and
 * is the same whatever the cut.
 *
 * A part is a list of Runs: maximal stretches of one thread on one queue. A run
 * knows its stack only relative to an unknown base: returns below the base are
 * its underflow, frames still open at its end its residue. Joining the runs of
 * a thread in time order pops and pushes these over the thread's real stack. */
#ifndef PTM_PROFILE_PROFILE_H
#define PTM_PROFILE_PROFILE_H

#include "flow/pt_cached.h"
#include "flow/visit.h"
#include "pt/clock.h"

typedef struct ptm_part ptm_part;       /* profile/part.c: being built by one decoder */
typedef struct ptm_profile ptm_profile; /* profile/profile.c: the joined result */

/* A new, empty part of segment `segment` of queue `queue`; borrows blocks and
 * spaces (function ids are rows of the session's functions and must therefore be
 * translated by name when merged into another session: see serialize). */
ptm_status ptm_part_new(ptm_part **part, uint32_t segment, uint32_t queue, const ptm_blocks *blocks, ptm_spaces *spaces) PTM_MUST_CHECK;
void ptm_part_free(ptm_part *part);

/* Makes `part` an empty one of another segment. Keeps its memory: fresh memory costs more than most segments' decoding. */
void ptm_part_restart(ptm_part *part, uint32_t segment, uint32_t queue);

/* Calls shorter than that need not be kept: no profile that the part goes to would. */
void ptm_part_leave_out(ptm_part *part, uint64_t shortest_ns);

/* Takes in the next item of the stream. */
ptm_status ptm_part_add(ptm_part *part, const ptm_item *item) PTM_MUST_CHECK;

/* Decodes packets below `stop` by the fast path, some 32 KB of them at most, as if they had come visit by visit.
 * `leave`: hands the flow back at `stop`, as it does in any case where it cannot go on; stores in `left` whether it did.
 * Counts stay in the graph of `cached` until ptm_part_flush. */
ptm_status ptm_part_run_fast(ptm_part *part, ptm_cached *cached, uint64_t stop, bool leave, bool *left) PTM_MUST_CHECK;
/* Before the fast path takes a flow of `thread` over. */
void ptm_part_before_entry(ptm_part *part, uint32_t thread);
/* Takes the counts of edges over as those of blocks, and clears them. */
void ptm_part_flush(ptm_part *part);

/* Marks a place where decoding may start again (a PSB): its AUX offset, and the
 * packets seen in this segment so far. Taken just before the item that follows. */
ptm_status ptm_part_checkpoint(ptm_part *part, uint64_t offset, uint64_t time_ns, uint64_t packets) PTM_MUST_CHECK;

/* Remembers the clock at the checkpoint made last. */
ptm_status ptm_part_mark_clock(ptm_part *part, uint64_t offset, const ptm_clock *clock) PTM_MUST_CHECK;

/* Remembers the clock with which decoding started and the one it ended with
 * (copies of ptm_clock_at_cut): so neighbours can be held against each other. */
void ptm_part_clocks(ptm_part *part, const ptm_clock *in, const ptm_clock *out);

/* AUX bytes that passed by without code since the part's last gap: they count there. */
void ptm_part_lose_bytes(ptm_part *part, uint64_t bytes);
/* What is lost where the part ends (ptm_flow_loss_end). */
void ptm_part_loss_end(ptm_part *part, const ptm_loss_end *end);
/* Closes all runs. `end_offset` and `packets` are the segment's totals. */
ptm_status ptm_part_finish(ptm_part *part, uint64_t end_offset, uint64_t packets) PTM_MUST_CHECK;

/* Self-contained bytes (owned by the part): functions and blocks travel as
 * (image row, address), threads, images and queues as rows, which are equal in
 * every session of the same trace. */
ptm_status ptm_part_serialize(ptm_part *part, const uint8_t **data, size_t *length) PTM_MUST_CHECK;

/* Segment that a part's bytes are of, and how many instructions it executed;
 * UINT32_MAX when they are no part's. */
uint32_t ptm_part_segment(const uint8_t *data, size_t length, uint64_t *instructions);

/* -------------------------------------------------------------- joined -- */

ptm_status ptm_profile_new(ptm_profile **profile, ptm_blocks *blocks, ptm_spaces *spaces) PTM_MUST_CHECK;
void ptm_profile_free(ptm_profile *profile);

/* Tells which segments there will be, so that what no later part can change is
 * joined once and for all and its memory given back: those of queue q are
 * first_segment[q] up to first_segment[q + 1], of `queues` + 1 numbers. Parts are
 * best merged in about the order of time. `idle_thread` (PTM_ALL: none) is the one
 * that runs on several CPUs at once; it and thread 0 get a stack per queue. */
ptm_status ptm_profile_expect(ptm_profile *profile, const uint32_t *first_segment, uint32_t queues, uint32_t idle_thread) PTM_MUST_CHECK;

/* Merges the bytes of a part. PTM_BAD_DATA when they are not a part's. A segment
 * that is there already counts once. Segments of one queue have consecutive
 * numbers in stream order: where one is missing, stacks are unknown until it comes. */
ptm_status ptm_profile_merge(ptm_profile *profile, const uint8_t *data, size_t length) PTM_MUST_CHECK;

/* Calls shorter than that are left out by now, and will be. */
uint64_t ptm_profile_leaves_out(const ptm_profile *profile);

/* --- what a joined profile (or, over a window, a fresh one) answers --- */

typedef struct ptm_call_node {
	uint32_t parent;         /* row, UINT32_MAX for a root; parents come first */
	uint32_t function;       /* row of functions; roots: the outermost functions known */
	uint32_t thread;
	uint64_t calls;          /* times entered, tail calls too; 0: only seen already open */
	uint64_t self_ns, self_instructions; /* of visits: time that was not traced is nobody's */
	uint64_t self_cycles;    /* a measurement is shared among the functions it covers by their instructions */
} ptm_call_node;

/* A call with its place in time; depth counts from 0 at the deepest known base. */
typedef struct ptm_call {
	uint64_t start_ns, end_ns;
	uint64_t instructions;   /* inclusive */
	uint32_t thread, function;
	uint16_t depth;
	uint16_t flags;          /* PTM_CALL_* */
} ptm_call;
enum { PTM_CALL_OPEN_START = 1 /* began before the trace or a gap */, PTM_CALL_OPEN_END = 2 /* still open at the end or at a gap */ };

typedef struct ptm_gap {
	uint64_t start_ns, end_ns, bytes, offset, ip, count;
	uint64_t missing_ns;     /* of a loss: up to the next packet that tells where the code goes on, or that tracing is off; all of
	                            `count` gaps added up, where end_ns - start_ns is as far as they reach */
	uint64_t instruction;    /* ordinal, in its queue's stream (in a part: in the part), of the next one after it */
	uint32_t thread, queue;
	uint8_t reason;
	uint8_t reserved[7];
} ptm_gap;

/* The loss that `gap` tells, and that began at `from_ns`, ended. */
void ptm_gap_end(ptm_gap *gap, uint64_t from_ns, uint64_t end_ns);

typedef struct ptm_block_stat {
	uint32_t block;          /* row of blocks */
	uint32_t first_segment;
	uint64_t visits, instructions, ns;
	uint64_t cycles, cycle_visits, cycle_instructions; /* over the visits that end with a measurement */
	uint64_t taken;          /* visits whose last instruction branched */
	uint64_t not_taken;      /* visits whose conditional branch was passed by */
	uint64_t first_ns;       /* of its first visit: when, and the visit's first */
	uint64_t first_instruction; /* instruction, counted from the start of first_segment */
} ptm_block_stat;

typedef struct ptm_run {
	uint64_t start_ns, end_ns;
	uint64_t first_instruction;  /* ordinal in its queue's stream */
	uint64_t instructions, branches, cycles;
	uint64_t on_ns;              /* time with trace: without what was not traced inside it */
	uint32_t thread, queue;
	uint32_t segment;            /* where it starts; one that goes on in the next segment is one run */
	int32_t cpu;                 /* -1: as the queue says */
} ptm_run;

typedef struct ptm_checkpoint {
	uint64_t offset;         /* in the queue's AUX stream: of a PSB */
	uint64_t time_ns;
	uint64_t instruction;    /* ordinal of the next instruction in the queue's stream */
	uint64_t packet;         /* ordinal of the next packet in the queue's stream */
	uint32_t queue;
	uint32_t thread;
} ptm_checkpoint;

/* What is merged of each queue, in order of queues. */
typedef struct ptm_queue_total {
	uint32_t queue, segments;
	uint64_t instructions, packets;
} ptm_queue_total;
/* The clock at the start of a merged segment of queue `queue`; NULL: it is not merged. */
const ptm_clock *ptm_profile_clock(const ptm_profile *profile, uint32_t queue, uint32_t segment);

/* The latest clock that is known of a merged segment not behind `offset`, and where; NULL: none but that at its start. */
const ptm_clock *ptm_profile_clock_before(const ptm_profile *profile, uint32_t queue, uint32_t segment, uint64_t offset, uint64_t *at);

/* Merged neighbours whose clocks do not meet: their times were guessed wrong (see ptm_segment_clock). */
uint32_t ptm_profile_clock_breaks(ptm_profile *profile);

const ptm_queue_total *ptm_profile_queues(ptm_profile *profile, uint32_t *count);

/* Each returns borrowed rows, valid until the next merge. The calls kept are the
 * longest: every call of at least `*shortest_ns` is there. */
const ptm_call_node *ptm_profile_call_tree(ptm_profile *profile, uint32_t *count);
const ptm_call *ptm_profile_calls(ptm_profile *profile, uint32_t *count, uint64_t *shortest_ns); /* sorted by (thread, start, depth) */
const ptm_gap *ptm_profile_gaps(ptm_profile *profile, uint32_t *count);
const ptm_block_stat *ptm_profile_blocks(ptm_profile *profile, uint32_t *count);
const ptm_run *ptm_profile_runs(ptm_profile *profile, uint32_t *count);          /* sorted by (thread, start) */
const ptm_checkpoint *ptm_profile_checkpoints(ptm_profile *profile, uint32_t *count); /* sorted by (queue, offset) */

/* The open stack of `thread` at `time_ns` (functions, outermost first, with their
 * start times), from the kept calls and run boundaries, for drawing a window
 * that starts inside calls. At most `capacity`; returns how many. */
uint32_t ptm_profile_stack_at(ptm_profile *profile, uint32_t thread, uint64_t time_ns, ptm_call *into, uint32_t capacity);

/* Weights of a row of the call tree, summed; differences may be below zero on the way. */
typedef struct ptm_weights {
	int64_t calls, self_ns, self_instructions, self_cycles;
} ptm_weights;

/* A measurement of cycles that an end of a range cuts is shared out otherwise than in its whole segment: the cycles that rows
 * then have too few (fewer than none), the row with most gives. It is left below zero where it has not enough. */
void ptm_weights_balance(ptm_weights *rows, uint32_t count);

/* The tree of a range as a sum over segments. All are of the state in which
 * ptm_profile_call_tree was asked last; `rows` are one for each of its rows. */
/* From now on no sums are kept. */
void ptm_profile_forget_sums(ptm_profile *profile);
/* Whether sums of the segments [from, to) of a queue are kept. */
bool ptm_profile_has_sums(const ptm_profile *profile, uint32_t queue, uint32_t from, uint32_t to);
/* Adds what the segments from `*segment` to below `to` added to the tree. PTM_NOT_FOUND: that is not known.
 * PTM_MORE: those before `*segment` are in, its own sum is not kept: ptm_profile_add_start adds it, of all of it. */
ptm_status ptm_profile_add_segments(ptm_profile *profile, uint32_t *segment, uint32_t to, ptm_weights *rows) PTM_MUST_CHECK;
/* Adds `sign` times what a part of the beginning of a segment says (the bytes of
 * ptm_part_serialize). PTM_NOT_FOUND: it has no place in the tree. */
ptm_status ptm_profile_add_start(ptm_profile *profile, const uint8_t *data, size_t length, uint32_t segment, int64_t sign, ptm_weights *rows) PTM_MUST_CHECK;

/* For a profile of a window: the stack that `thread` has where the window begins,
 * outermost first, as ptm_profile_stack_at tells it (copies; before any merge).
 * Frames known only from here have no calls of their own in the tree. */
ptm_status ptm_profile_seed(ptm_profile *profile, uint32_t thread, const ptm_call *stack, uint32_t count) PTM_MUST_CHECK;

#endif
