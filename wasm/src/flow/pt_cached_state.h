/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path's own state, and what its files (pt_cached*.c) call of each other.
 * Not for anyone else.
 *
 * While it runs, `at` counts the instructions executed since the batch began, those
 * of the present node's path included when the node is plain (its decision is then
 * one look up), left out when it is not ("special": calls on its path, or no
 * conditional branch). */
#ifndef PTM_FLOW_PT_CACHED_STATE_H
#define PTM_FLOW_PT_CACHED_STATE_H

#include "flow/pt_cached.h"
#include "flow/pt_flow_state.h"

/* Bytes that must lie ahead for a packet to be taken here. */
#define PTM_CACHED_AHEAD 16
/* Events that one packet may bring: 47 decisions. */
#define PTM_CACHED_PACKET_EVENTS (48 * (PTM_NODE_OPS + 4))

_Static_assert(PTM_CACHED_PACKET_EVENTS < PTM_CACHED_EVENTS, "a packet's events fit, and one that is left");

struct ptm_cached {
	ptm_pt_flow *flow;       /* borrowed */
	ptm_graph *graph;        /* borrowed */
	ptm_cached_log *log;     /* borrowed; NULL */
	ptm_cached_batch batch;
	ptm_cached_event *events;
	uint32_t length;         /* of events; batch.length is how many may be taken */
	uint32_t node;           /* present one */
	bool special;
	bool inside;             /* the flow is ours */
	bool dirty;              /* timing packets came since the last decision */
	bool fresh;              /* no decision since the flow was taken over */
	uint8_t kind;            /* of the last packet that is no PAD */
	uint32_t last;           /* the last decision: row of its node << 1 | taken */
	uint64_t last_offset;    /* … and its packet's place */
	uint64_t packet_offset;  /* of the last packet that is no PAD */
	/* TNT bits left, the next on top, where an indirect branch waits for its TIP (a deferred one). */
	uint64_t bits;
	uint32_t bits_left;
	uint32_t at;
	uint32_t moved_at, moved_node; /* `at` when time moved last, and the node then present if it was plain (else 0) */
	/* Beside the flow's return stack: edge (as ptm_node.to; 0: not known) of each entry, and who is to
	 * know it: an op (its row + 1), or an indirect call (its node | PTM_CACHED_CALLER), or none (0). */
	uint32_t return_to[PTM_RETURN_STACK_DEPTH], returner[PTM_RETURN_STACK_DEPTH];
};

#define PTM_CACHED_CALLER (1u << 31)

/* What a step comes to. */
typedef enum ptm_went {
	PTM_WENT_ON,
	PTM_WENT_OUT,            /* nothing was done: this is for the slow path */
	PTM_WENT_HALF,           /* the packet was taken, but bits of it are for the slow path */
	PTM_WENT_WRONG           /* out of memory */
} ptm_went;

static inline void ptm_cached_tell(ptm_cached *cached, uint32_t kind, uint32_t row, uint32_t at, uint32_t a, uint32_t b)
{
	cached->events[cached->length++] = (ptm_cached_event){ kind << 24 | row, at, a, b };
}

static inline void ptm_cached_log_edge(ptm_cached *cached, uint32_t row, uint32_t taken)
{
#ifdef PTM_CACHED_LOGS
	if (cached->log)
		(void)!ptm_array_push(&cached->log->edges, row << 1 | taken);
#else
	(void)cached, (void)row, (void)taken;
#endif
}

static inline void ptm_cached_push_return(ptm_cached *cached, uint64_t ip, uint32_t edge, uint32_t returner)
{
	uint32_t place = cached->flow->returns.top % PTM_RETURN_STACK_DEPTH;
	cached->return_to[place] = edge;
	cached->returner[place] = returner;
	ptm_return_stack_push(&cached->flow->returns, ip);
}

/* Tells the calls and moves on the path of a node, which starts at instruction `start` and
 * is of a packet `delta` behind the batch's start. */
static inline void ptm_cached_walk_path(ptm_cached *cached, const ptm_node_code *code, uint32_t start, uint32_t delta)
{
	for (uint32_t i = 0; i < code->op_count; i++) {
		const ptm_node_op *op = &cached->graph->ops.at[code->first_op + i];
		if (op->is_call)
			ptm_cached_push_return(cached, op->return_ip, op->return_to, code->first_op + i + 1);
		ptm_cached_tell(cached, PTM_CACHED_OP, code->first_op + i, start + op->instructions, 0, delta);
	}
}

/* Full IP of a TIP at `at`; stores its size, 0 when it is for the slow path. */
static inline uint64_t ptm_cached_tip_ip(const uint8_t *at, uint64_t last_ip, uint32_t *size)
{
	/* By bits 5 to 7 of its first byte: what of the bytes behind is taken, and what of the last IP stays. */
	static const struct { uint64_t takes, keeps; uint32_t size; } forms[8] = {
		[1] = { 0xffff, ~0xffffull, 3 }, [2] = { 0xffffffff, ~0xffffffffull, 5 },
		[4] = { 0xffffffffffff, ~0xffffffffffffull, 7 }, [6] = { ~0ull, 0, 9 },
	};
	uint32_t form = *at >> 5;
	uint64_t payload;

	memcpy(&payload, at + 1, sizeof payload);
	if (form == 3) {
		*size = 7;
		return (uint64_t)((int64_t)(payload << 16) >> 16);
	}
	*size = forms[form].size;
	return (payload & forms[form].takes) | (last_ip & forms[form].keeps);
}

/* Cycles of a CYC at `at`; stores its size, 0 when it is for the slow path. */
static inline uint64_t ptm_cached_cyc(const uint8_t *at, uint32_t *size)
{
	uint64_t cycles = at[0] >> 3;
	uint32_t length = 1, shift = 5;
	bool more = at[0] & 4;
	/* Perhaps an OVF that cut it short: see ptm_erratum. */
	if (more && at[1] == 0x02 && at[2] == 0xf3) {
		*size = 0;
		return 0;
	}
	while (more && length < 8) {
		uint8_t byte = at[length++];
		cycles |= (uint64_t)(byte >> 1) << shift;
		shift += 7;
		more = byte & 1;
	}
	*size = more ? 0 : length;
	return cycles;
}

/* A measurement of cycles ends with a decision, `at` instructions into the batch: charges it to
 * the block there, unless it began before a PSB. Returns the cycles. */
static inline uint32_t ptm_cached_measure(ptm_pt_flow *flow, ptm_node_cost *cost, uint32_t at)
{
	uint32_t cycles = (uint32_t)(flow->clock.cycles - flow->clock.cycles_told);
	uint64_t instructions = flow->instructions + at;

	flow->clock.cycles_told = flow->clock.cycles;
	if (!flow->measure_partial) {
		cost->cycles += cycles;
		cost->cycle_visits++;
		cost->cycle_instructions += instructions - flow->measured_instructions;
	}
	flow->measured_instructions = instructions;
	flow->measure_partial = false;
	return cycles;
}

/* Instructions executed, without the present node's. */
static inline uint32_t ptm_cached_executed(const ptm_cached *cached)
{
	return cached->special ? cached->at : cached->at - cached->graph->codes[cached->node].instructions;
}

/* pt_cached_decide.c: in any state, one by one. */
/* The next time it is known at once where a call, `returner` as above, returns to. */
void ptm_cached_let_know(ptm_cached *cached, uint32_t returner, uint32_t node);
/* Makes `row` the present node. */
void ptm_cached_arrive(ptm_cached *cached, uint32_t row);
/* Whether taking over the packets' time, `at` instructions into the batch, is for the slow path. */
bool ptm_cached_is_odd_time(const ptm_cached *cached, uint32_t at);
/* Takes over the packets' time and cycles with the decision at the end of node `row`. */
void ptm_cached_latch(ptm_cached *cached, uint32_t row, uint32_t at);
/* Uses up the TNT bits that are left, all unless it cannot go on; WENT_HALF: some are for the slow path. */
ptm_went ptm_cached_take_rest(ptm_cached *cached);
ptm_went ptm_cached_take_tnt(ptm_cached *cached, uint64_t payload, uint32_t count, uint64_t offset);
ptm_went ptm_cached_take_tip(ptm_cached *cached, uint64_t ip, uint64_t offset);

/* Whether the present node is an indirect branch, for which a TIP must come. */
bool ptm_cached_waits_for_tip(const ptm_cached *cached);

/* pt_cached_packets.c */
/* Takes in the packet at `from`, and the PADs before it, as far as it is for this path. Moves the reader behind it. */
ptm_went ptm_cached_take_packet(ptm_cached *cached, const uint8_t *from, const uint8_t *end);
/* MTC, and what the clock looks ahead for: the reader's window may move. `before`: kind of the packet before. */
void ptm_cached_take_mtc(ptm_cached *cached, uint32_t at, uint32_t plain_node, uint32_t mtc, uint64_t offset, uint8_t before);

/* pt_cached.c, for those who walk by themselves from packet to packet. */
/* Begins a batch where the flow stands: `at` counts from here. */
void ptm_cached_begin(ptm_cached *cached);
/* Ends it: what was executed counts. */
void ptm_cached_end(ptm_cached *cached);
/* Bytes of the stream at hand, of which a packet that starts in them may be taken; none where the slow path must see to it. */
ptm_status ptm_cached_room(ptm_cached *cached, uint64_t stop, const uint8_t **from, const uint8_t **end) PTM_MUST_CHECK;

#endif
