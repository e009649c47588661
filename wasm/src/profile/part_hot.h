/* SPDX-License-Identifier: Apache-2.0 */
/* The frequent decisions of the fast path, as they lie in the loop of part_fast.c: a look up and an addition a branch,
 * calls and returns that the call tree knows. Included there only. */
#ifndef PTM_PROFILE_PART_HOT_H
#define PTM_PROFILE_PART_HOT_H

#include "profile/part_walk.h"

/* In the loop, not called from it. */
#define INLINE inline __attribute__((always_inline))
/* Called from it: browsers compile the loop once more while it runs, in a time that grows faster than its size. */
#define APART __attribute__((noinline))

/* TNT bits left, the next on top, behind the last a 1 and zeros. None left: */
#define NO_BITS (1u << 31)

/* What the loop has at hand. */
typedef struct hot {
	ptm_node *node;
	ptm_frame *frame;
	uint32_t at, bits, edge; /* edge to node */
} hot;

static INLINE void give(const hot *hot, ptm_fast_walk *walk)
{
	walk->node = hot->node;
	walk->frame = hot->frame;
	walk->at = hot->at;
	walk->edge = hot->edge;
}

static INLINE void take(hot *hot, const ptm_fast_walk *walk)
{
	hot->node = walk->node;
	hot->frame = walk->frame;
	hot->at = walk->at;
	hot->edge = walk->edge;
}

static INLINE uint32_t tag_of(const hot *hot)
{
	return hot->edge & 255;
}

static INLINE ptm_node *node_of(const ptm_fast_walk *walk, uint32_t edge)
{
	return (ptm_node *)((char *)walk->nodes + (edge >> 8) * sizeof(ptm_node));
}

static INLINE const ptm_node_code *code_of(const hot *hot, const ptm_fast_walk *walk)
{
	return &walk->codes[hot->edge >> 8];
}

static INLINE void arrive(hot *hot, const ptm_fast_walk *walk, uint32_t edge)
{
	uint32_t tag = edge & 255;

	hot->node = node_of(walk, edge);
	hot->edge = edge;
	hot->at += tag <= PTM_TAG_PLAIN ? tag : 0;
}

/* Takes over the packets' time with the decision at the end of the present node, whose path is passed. */
static INLINE void latch(const hot *hot, ptm_fast_walk *walk)
{
	if (walk->has_cyc)
		ptm_walk_latch_steady(walk, &walk->costs[hot->edge >> 8], hot->frame, hot->at);
	else
		ptm_walk_latch(walk, hot->node, hot->frame, hot->at);
}

/* The decision at the end of the present node, whose path is passed. */
static INLINE void decide(hot *hot, ptm_fast_walk *walk, uint32_t side)
{
	hot->node->count[side]++;
	walk->last = (hot->edge >> 8) << 1 | side;
	ptm_cached_log_edge(walk->cached, hot->edge >> 8, side);
	if (walk->dirty)
		ptm_walk_latch(walk, hot->node, hot->frame, hot->at);
}

static INLINE void note_change(const hot *hot, ptm_fast_walk *walk, uint8_t kind, const uint8_t *packet)
{
	walk->change = kind;
	walk->change_at = hot->at;
	walk->change_packet = packet;
	walk->has_made = false;
}

static INLINE void end_call(const hot *hot, ptm_fast_walk *walk)
{
	if (walk->now_ns - hot->frame->start_ns >= walk->shortest_ns)
		ptm_walk_keep(walk, hot->frame);
}

/* Whether the path of the present node holds no more than one call, of which no more need be found out; stores who is called, as the call tree knows it. */
static INLINE bool can_pass_op(const hot *hot, const ptm_fast_walk *walk, const ptm_node_code *code, uint32_t *child)
{
	const ptm_node_op *op = &walk->ops[code->first_op];

	*child = ptm_walk_child(walk, hot->frame->node, op->function);
	return code->op_count == 1 && op->is_call && hot->frame < walk->last_frame && ptm_walk_is_child(walk, *child, hot->frame->node, op->function);
}

static INLINE void pass_op(hot *hot, ptm_fast_walk *walk, const ptm_node_code *code, uint32_t child)
{
	const ptm_node_op *op = &walk->ops[code->first_op];

	ptm_walk_charge(walk, hot->frame, hot->at + op->instructions);
	ptm_cached_push_return(walk->cached, op->return_ip, op->return_to, code->first_op + 1);
	hot->frame = ptm_walk_push(walk, hot->frame, child, op->return_ip, op->function, op->is_odd ? PTM_FRAME_ODD : 0);
}

/* A return to `ip`, on top of the return stack. false: nothing was done. */
static INLINE bool pass_return(hot *hot, ptm_fast_walk *walk, uint64_t ip, uint32_t edge, const uint8_t *packet)
{
	ptm_return_stack *returns = walk->returns;

	if (!edge || !hot->node->count[1] || hot->frame->return_ip != ip)
		return false;
	hot->at += hot->node->to[0];
	decide(hot, walk, 1);
	returns->top--;
	returns->depth--;
	ptm_walk_charge(walk, hot->frame, hot->at);
	end_call(hot, walk);
	note_change(hot, walk, PTM_CACHED_RETURN, packet);
	hot->frame--;
	arrive(hot, walk, edge);
	return true;
}

static INLINE bool pass_compressed_return(hot *hot, ptm_fast_walk *walk, const uint8_t *packet)
{
	const ptm_return_stack *returns = walk->returns;
	uint32_t place = (returns->top - 1) % PTM_RETURN_STACK_DEPTH;

	return hot->bits >> 31 && returns->depth && walk->compresses && pass_return(hot, walk, returns->at[place], walk->cached->return_to[place], packet);
}

/* A bit that decides the present node, which is a branch behind a call, or a long one. false: nothing was done. */
static INLINE bool pass_branch(hot *hot, ptm_fast_walk *walk)
{
	uint32_t side = hot->bits >> 31, edge = hot->node->to[side];
	const ptm_node_code *code = code_of(hot, walk);
	uint32_t child = 0;

	if (!(edge & 255) || (code->op_count && !can_pass_op(hot, walk, code, &child)))
		return false;
	if (code->op_count)
		pass_op(hot, walk, code, child);
	hot->at += code->instructions;
	decide(hot, walk, side);
	arrive(hot, walk, edge);
	return true;
}

/* Uses up bits through plain nodes, as long as each only counts. */
static INLINE void pass_plain(hot *hot, ptm_fast_walk *walk)
{
	ptm_node *node = hot->node;
	uint32_t bits = hot->bits, at = hot->at, edge = hot->edge, before = 0, side = 0;

	do {
		uint32_t next = node->to[bits >> 31];
		if (!(next & 255))
			break;
		side = bits >> 31;
		node->count[side]++;
		ptm_cached_log_edge(walk->cached, edge >> 8, side);
		before = edge;
		edge = next;
		node = node_of(walk, edge);
		bits <<= 1;
		if ((edge & 255) > PTM_TAG_PLAIN)
			break;
		at += edge & 255;
	} while (bits != NO_BITS);
	if (before)
		walk->last = (before >> 8) << 1 | side;
	hot->node = node;
	hot->edge = edge;
	hot->bits = bits;
	hot->at = at;
}

#ifdef PTM_CACHED_LOGS
static void log_run(ptm_fast_walk *walk, const ptm_node_run *run)
{
	uint32_t row = run->key >> 8, bits = run->key << 24;
	for (uint32_t i = 0; i < run->used; i++, bits <<= 1) {
		ptm_cached_log_edge(walk->cached, row, bits >> 31);
		row = ptm_edge_row(walk->nodes[row].to[bits >> 31]);
	}
}
#endif

/* Keeps what pass_plain passed, from where the walk stood as `key` says, when it is more than one bit. */
static APART void keep_run(ptm_fast_walk *walk, uint32_t key, uint32_t to, uint32_t used, uint32_t instructions)
{
	ptm_node_run made = { key, to, walk->last, 0, (uint16_t)instructions, (uint16_t)used };

	if (used > 1)
		ptm_graph_keep_run(walk->graph, &made);
}

/* At most 7 bits that were passed so before, at once. false: nothing was done; keep_run is to know of `key`. */
static INLINE bool pass_run(hot *hot, ptm_fast_walk *walk, uint32_t *key)
{
	*key = (hot->edge & ~255u) | hot->bits >> 24;
	ptm_node_run *run = ptm_graph_run(walk->graph, *key);

	if (run->key != *key) {
		walk->runs_missed++;
		return false;
	}
	run->hits++;
	walk->runs_met++;
#ifdef PTM_CACHED_LOGS
	log_run(walk, run);
#endif
	hot->at += run->instructions;
	hot->node = node_of(walk, run->to);
	hot->edge = run->to;
	walk->last = run->last;
	hot->bits <<= run->used;
	return true;
}

/* Uses up bits through plain nodes, as far as they go. Returns whether it used any. */
static INLINE bool pass_plain_bits(hot *hot, ptm_fast_walk *walk)
{
	const uint32_t before = hot->bits, start = hot->at;
	uint32_t key = 0;

	if (walk->has_runs && !(before << 8) && pass_run(hot, walk, &key))
		return true;
	pass_plain(hot, walk);
	if (hot->bits == before)
		return false;
	if (key)
		keep_run(walk, key, hot->edge, (uint32_t)(__builtin_ctz(hot->bits) - __builtin_ctz(before)), hot->at - start);
	return true;
}

/* Where the indirect branch `node` leads, an edge; 0: to be found out. */
static INLINE uint32_t edge_to(ptm_fast_walk *walk, ptm_node *node, uint64_t ip)
{
	uint32_t edge = node->to[0];
	if (edge && walk->codes[edge >> 8].ip == ip)
		return edge;
	uint32_t row = ptm_graph_recent(walk->graph, ip);
	return row ? node->to[0] = ptm_graph_edge(walk->graph, row) : 0;
}

/* An indirect jump at `ip`. false: nothing was done. */
static INLINE bool pass_jump(hot *hot, ptm_fast_walk *walk, uint64_t ip, const uint8_t *packet)
{
	const ptm_node_code *code = code_of(hot, walk);
	uint32_t edge = hot->node->count[1] ? edge_to(walk, hot->node, ip) : 0, called = 0, child = 0;
	const ptm_node_code *to = &walk->codes[edge >> 8];
	bool leaves = code->last_function != to->function;

	if (!edge || (code->op_count && !can_pass_op(hot, walk, code, &called)))
		return false;
	if (leaves) {
		/* A tail call, or a call's way through the PLT. */
		uint32_t parent = code->op_count ? hot->frame->node : walk->tree[hot->frame->node].parent;
		if (!code->op_count && hot->frame->flags & PTM_FRAME_BASE)
			return false;
		child = ptm_walk_child(walk, parent, to->function);
		if (!(to->is_entry || to->is_nameless) || !ptm_walk_is_child(walk, child, parent, to->function))
			return false;
	}
	if (code->op_count)
		pass_op(hot, walk, code, called);
	hot->at += code->instructions;
	decide(hot, walk, 1);
	if (leaves) {
		ptm_frame *frame = hot->frame;
		ptm_walk_charge(walk, frame, hot->at);
		end_call(hot, walk);
		note_change(hot, walk, PTM_CACHED_JUMP, packet);
		walk->replaced = *frame;
		walk->tree[child].calls++;
		frame->start_ns = walk->now_ns;
		frame->start_instructions = walk->piece_base + walk->counted;
		frame->function = to->function;
		frame->node = child;
		frame->flags = 0;
	}
	arrive(hot, walk, edge);
	return true;
}

/* An indirect call of `ip`. false: nothing was done. */
static INLINE bool pass_call(hot *hot, ptm_fast_walk *walk, uint64_t ip, const uint8_t *packet)
{
	ptm_node *node = hot->node;
	const ptm_node_code *code = code_of(hot, walk);
	uint32_t edge = node->count[1] ? edge_to(walk, node, ip) : 0, parent = hot->frame->node;
	const ptm_node_code *to = &walk->codes[edge >> 8];
	uint32_t child = ptm_walk_child(walk, parent, to->function);

	if (!edge || code->op_count || hot->frame >= walk->last_frame || ip == code->next_ip || !ptm_walk_is_child(walk, child, parent, to->function))
		return false;
	hot->at += code->instructions;
	decide(hot, walk, 1);
	ptm_cached_push_return(walk->cached, code->next_ip, node->to[1], hot->edge >> 8 | PTM_CACHED_CALLER);
	ptm_walk_charge(walk, hot->frame, hot->at);
	note_change(hot, walk, PTM_CACHED_CALL, packet);
	hot->frame = ptm_walk_push(walk, hot->frame, child, code->next_ip, to->function,
		to->is_inside && to->function == code->last_function ? PTM_FRAME_ODD : 0);
	arrive(hot, walk, edge);
	return true;
}

/* A TIP. false: for the slow path; nothing was done. */
static INLINE bool pass_tip(hot *hot, ptm_fast_walk *walk, uint64_t ip, const uint8_t *packet)
{
	bool passed = false;

	if (tag_of(hot) == PTM_TAG_JUMP) {
		passed = pass_jump(hot, walk, ip, packet);
	} else if (tag_of(hot) == PTM_TAG_RETURN) {
		uint32_t place = (walk->returns->top - 1) % PTM_RETURN_STACK_DEPTH;
		passed = walk->returns->depth && walk->returns->at[place] == ip && pass_return(hot, walk, ip, walk->cached->return_to[place], packet);
	} else if (tag_of(hot) == PTM_TAG_CALL) {
		passed = pass_call(hot, walk, ip, packet);
	}
	if (passed) {
		walk->last_ip = ip;
		return true;
	}
	give(hot, walk);
	walk->at_packet = packet;
	passed = ptm_walk_tip(walk, ip);
	take(hot, walk);
	return passed;
}

/* Uses up bits as long as they are for this path. Returns whether none is left, or a TIP must come before those that are. */
static INLINE bool pass_bits(hot *hot, ptm_fast_walk *walk, const uint8_t *packet)
{
	do {
		bool passed = false;
		if (tag_of(hot) <= PTM_TAG_PLAIN) {
			if (walk->dirty && (uint8_t)hot->node->to[hot->bits >> 31])
				latch(hot, walk);
			if (!walk->dirty && pass_plain_bits(hot, walk))
				continue;
		} else if (tag_of(hot) == PTM_TAG_RETURN) {
			passed = pass_compressed_return(hot, walk, packet);
		} else if (tag_of(hot) == PTM_TAG_BRANCH) {
			passed = pass_branch(hot, walk);
		} else if (tag_of(hot) != PTM_TAG_OTHER) {
			return true;
		}
		if (!passed) {
			give(hot, walk);
			walk->at_packet = packet;
			passed = ptm_walk_bit(walk, hot->bits >> 31);
			take(hot, walk);
			if (!passed)
				return false;
		}
		hot->bits <<= 1;
	} while (hot->bits != NO_BITS);
	return true;
}

#endif
