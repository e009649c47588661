/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path's loop over packets, with the frequent decisions in it: what most of
 * most traces consists of is one look up and one addition a branch. */
#include "flow/pt_cached_state.h"

/* The loop's parts: as calls they would keep its state in memory. */
#define INLINE inline __attribute__((always_inline))
#define EVENTS_FULL (PTM_CACHED_EVENTS - PTM_CACHED_PACKET_EVENTS)

/* What the loop keeps to itself: see ptm_cached. */
typedef struct walk {
	ptm_node *nodes;
	const ptm_node_code *codes;
	uint32_t row, at, last;
	bool special;
} walk;

static INLINE walk take_out(const ptm_cached *cached)
{
	return (walk){ cached->graph->nodes, cached->graph->codes, cached->node, cached->at, cached->last, cached->special };
}

static INLINE void put_back(ptm_cached *cached, const walk *walk)
{
	cached->node = walk->row;
	cached->at = walk->at;
	cached->last = walk->last;
	cached->special = walk->special;
}

/* Full IP of a TIP at `at`; stores its size, 0 when it is for the slow path. */
static inline uint64_t tip_ip(const uint8_t *at, uint64_t last_ip, uint32_t *size)
{
	uint64_t payload;
	memcpy(&payload, at + 1, sizeof payload);
	switch (at[0] >> 5) {
	case 1: *size = 3; return (last_ip & ~0xffffull) | (payload & 0xffff);
	case 2: *size = 5; return (last_ip & ~0xffffffffull) | (payload & 0xffffffff);
	case 3: *size = 7; return (uint64_t)((int64_t)(payload << 16) >> 16);
	case 4: *size = 7; return (last_ip & ~0xffffffffffffull) | (payload & 0xffffffffffffull);
	case 6: *size = 9; return payload;
	default: *size = 0; return 0;
	}
}

/* Cycles of a CYC at `at`; stores its size, 0 when it is for the slow path. */
static inline uint64_t cyc_cycles(const uint8_t *at, uint32_t *size)
{
	uint64_t cycles = at[0] >> 3;
	uint32_t length = 1, shift = 5;
	bool more = at[0] & 4;
	while (more && length < 8) {
		uint8_t byte = at[length++];
		cycles |= (uint64_t)(byte >> 1) << shift;
		shift += 7;
		more = byte & 1;
	}
	*size = more ? 0 : length;
	return cycles;
}

/* ------------------------------------------------------------- decisions -- */

/* Counts a decision, and does what lies on the way to it. */
static INLINE void pass_path(ptm_cached *cached, walk *walk, const ptm_node_code *code, uint32_t taken, uint32_t delta)
{
	ptm_node *node = &walk->nodes[walk->row];
	if (!(node->count[0] | node->count[1]))
		ptm_cached_tell(cached, PTM_CACHED_FIRST, walk->row, walk->special ? walk->at : walk->at - code->plain, 0, 0);
	node->count[taken]++;
	if (walk->special) {
		if (code->op_count)
			ptm_cached_walk_path(cached, code, walk->at, delta);
		walk->at += code->instructions;
	}
	if (cached->dirty)
		ptm_cached_latch(cached, walk->row, walk->at);
	walk->last = walk->row << 1 | taken;
	ptm_cached_log_edge(cached, walk->row, taken);
}

static INLINE void arrive(walk *walk, uint32_t row)
{
	uint32_t plain = walk->codes[row].plain;
	walk->row = row;
	walk->special = !plain;
	walk->at += plain;
}

/* A bit that decides a node which is not plain, or an edge from it that is not. false: not
 * known yet, or for the slow path; nothing was done. */
static INLINE bool pass_special(ptm_cached *cached, walk *walk, uint32_t taken, uint32_t delta)
{
	uint32_t row = walk->row, target;
	const ptm_node_code *code = &walk->codes[row];
	ptm_return_stack *returns = &cached->flow->returns;

	if (code->kind == PTM_NODE_BRANCH) {
		target = walk->nodes[row].to[taken] >> 8;
		if (!target)
			return false;
		pass_path(cached, walk, code, taken, delta);
		if (taken && code->taken_replaces)
			ptm_cached_tell(cached, PTM_CACHED_TAKEN, row, walk->at, target, delta);
	} else {
		/* A path with calls may return from them: then the stack holds nothing of interest before. */
		uint32_t place = (returns->top - 1) % PTM_RETURN_STACK_DEPTH;
		target = cached->return_node[place];
		if (code->kind != PTM_NODE_RETURN || !taken || code->op_count || !returns->depth || !target ||
		    !cached->flow->config.return_compression)
			return false;
		pass_path(cached, walk, code, 1, delta);
		returns->top--;
		returns->depth--;
		ptm_cached_tell(cached, PTM_CACHED_RETURN, row, walk->at, target, delta);
	}
	arrive(walk, target);
	return true;
}

/* Uses up `left` bits, the next on top of `*bits`, as long as each is a look up. Returns how many are left. */
static INLINE uint32_t pass_bits(ptm_cached *cached, walk *walk, uint32_t *bits, uint32_t left, uint32_t delta)
{
	bool dirty = cached->dirty;
	uint32_t rest = *bits;

	while (left) {
		if (!walk->special && !dirty) {
			uint32_t row = walk->row, instructions = walk->at, last = walk->last;
			do {
				uint32_t taken = rest >> 31;
				ptm_node *node = &walk->nodes[row];
				uint32_t to = node->to[taken], count = node->count[taken];
				if (!(to & 255) || !count)
					break;
				node->count[taken] = count + 1;
				last = row << 1 | taken;
				ptm_cached_log_edge(cached, row, taken);
				row = to >> 8;
				instructions += to & 255;
				rest <<= 1;
			} while (--left);
			walk->row = row;
			walk->at = instructions;
			walk->last = last;
			if (!left)
				break;
		}
		if (!pass_special(cached, walk, rest >> 31, delta))
			break;
		dirty = false;
		rest <<= 1;
		left--;
	}
	*bits = rest;
	return left;
}

/* Where the indirect branch at the end of a node leads, 0: to be found out. */
static INLINE uint32_t known_target(ptm_cached *cached, const walk *walk, const ptm_node_code *code, uint64_t ip)
{
	if (code->kind == PTM_NODE_RETURN) {
		const ptm_return_stack *returns = &cached->flow->returns;
		uint32_t place = (returns->top - 1) % PTM_RETURN_STACK_DEPTH;
		return !code->op_count && returns->depth && returns->at[place] == ip ? cached->return_node[place] : 0;
	}
	if (code->kind != PTM_NODE_JUMP && code->kind != PTM_NODE_CALL)
		return 0;
	uint32_t target = walk->nodes[walk->row].to[0] >> 8;
	if (target && walk->codes[target].ip == ip)
		return target;
	target = cached->graph->recent[(ip ^ ip >> 13) % PTM_GRAPH_RECENT];
	if (!target || walk->codes[target].ip != ip)
		return 0;
	walk->nodes[walk->row].to[0] = target << 8;
	return target;
}

/* Decides an indirect branch or a return. false: nothing was done. */
static INLINE bool pass_tip(ptm_cached *cached, walk *walk, uint64_t ip, uint32_t delta)
{
	uint32_t row = walk->row;
	const ptm_node_code *code = &walk->codes[row];
	uint32_t target = walk->special ? known_target(cached, walk, code, ip) : 0;

	if (!target)
		return false;
	cached->flow->last_ip = ip;
	pass_path(cached, walk, code, 1, delta);
	if (code->kind == PTM_NODE_RETURN) {
		cached->flow->returns.top--;
		cached->flow->returns.depth--;
		ptm_cached_tell(cached, PTM_CACHED_RETURN, row, walk->at, target, delta);
	} else if (code->kind == PTM_NODE_CALL) {
		ptm_cached_push_return(cached, code->next_ip, walk->nodes[row].to[1] >> 8, row | PTM_CACHED_CALLER);
		ptm_cached_tell(cached, PTM_CACHED_CALL, row, walk->at, target, delta);
	} else if (code->last_function != walk->codes[target].function) {
		ptm_cached_tell(cached, PTM_CACHED_JUMP, row, walk->at, target, delta);
	}
	arrive(walk, target);
	return true;
}

/* --------------------------------------------------------------- packets -- */

/* Notes where time moved, for estimates that the slow path may make. */
static INLINE void time_moved(ptm_cached *cached, uint32_t at, uint32_t plain_node, uint64_t moves)
{
	if (cached->flow->clock.moves != moves) {
		cached->moved_at = at;
		cached->moved_node = plain_node;
	}
	cached->dirty = true;
}

static INLINE void take_cyc(ptm_cached *cached, const walk *walk, uint64_t cycles)
{
	uint64_t moves = cached->flow->clock.moves;
	ptm_clock_cyc(&cached->flow->clock, cycles);
	time_moved(cached, walk->at, walk->special ? 0 : walk->row, moves);
}

/* MTC, and what the clock looks ahead for: the reader's window may move. */
static void take_mtc(ptm_cached *cached, uint32_t instructions, uint32_t plain_node, const uint8_t *at, uint64_t offset)
{
	ptm_pt_flow *flow = cached->flow;
	ptm_packet packet = { PTM_PACKET_MTC, 2, 0, at[1] };
	uint64_t moves = flow->clock.moves;
	flow->reader.offset = offset + 2;
	(void)ptm_flow_take_time(&flow->clock, &flow->reader, &packet, cached->kind == PTM_PACKET_CYC);
	time_moved(cached, instructions, plain_node, moves);
}

static ptm_went take_long_tnt(ptm_cached *cached, const uint8_t *at, uint64_t offset, uint32_t *size)
{
	ptm_packet packet;
	if (at[1] != 0xa3 || ptm_packet_decode(at, PTM_CACHED_AHEAD, 0, &packet) != PTM_OK || !packet.count)
		return PTM_WENT_OUT;
	*size = packet.size;
	return ptm_cached_take_tnt(cached, packet.payload, packet.count, offset);
}

/* Whether the present node is an indirect branch, for which a TIP must come before the bits that are left. */
static INLINE bool waits_for_tip(const walk *walk)
{
	uint8_t kind = walk->codes[walk->row].kind;
	return walk->special && (kind == PTM_NODE_JUMP || kind == PTM_NODE_CALL);
}

/* A short TNT packet or a TIP, the frequent way. false: nothing was done, *went is not set. */
static INLINE bool take_frequent(ptm_cached *cached, walk *walk, const uint8_t *at, uint64_t offset, uint32_t *size, ptm_went *went)
{
	uint8_t byte = *at;
	uint32_t delta = (uint32_t)(offset - cached->batch.offset), bits, count;

	if (byte & 1) {
		uint64_t ip = tip_ip(at, cached->flow->last_ip, size);
		if (!*size || cached->bits_left > 32 || !pass_tip(cached, walk, ip, delta))
			return false;
		count = cached->bits_left;
		bits = (uint32_t)(cached->bits >> 32);
	} else {
		count = 30 - (uint32_t)__builtin_clz(byte);
		bits = (uint32_t)byte << (31 - count);
		*size = 1;
	}
	uint32_t left = count ? pass_bits(cached, walk, &bits, count, delta) : 0;
	if (!(byte & 1) && left == count)
		return false;
	cached->last_offset = cached->packet_offset = offset;
	cached->bits = (uint64_t)bits << 32;
	cached->bits_left = left;
	*went = PTM_WENT_ON;
	if (!left || waits_for_tip(walk))
		return true;
	put_back(cached, walk);
	*went = ptm_cached_take_rest(cached);
	*walk = take_out(cached);
	return true;
}

/* Any packet the general way. Stores its kind and size. */
static ptm_went take_any(ptm_cached *cached, const uint8_t *at, uint64_t offset, uint8_t *kind, uint32_t *size)
{
	uint8_t byte = *at;

	if (!(byte & 1)) {
		*kind = PTM_PACKET_TNT;
		*size = 1;
		if (byte == 2)
			return take_long_tnt(cached, at, offset, size);
		uint32_t count = 30 - (uint32_t)__builtin_clz(byte);
		return ptm_cached_take_tnt(cached, (byte >> 1) & ((1u << count) - 1), count, offset);
	}
	if ((byte & 31) == 13) {
		uint64_t ip = tip_ip(at, cached->flow->last_ip, size);
		*kind = PTM_PACKET_TIP;
		return *size ? ptm_cached_take_tip(cached, ip, offset) : PTM_WENT_OUT;
	}
	return PTM_WENT_OUT;
}

ptm_went ptm_cached_take_packets(ptm_cached *cached, const uint8_t *from, const uint8_t *end)
{
	ptm_pt_reader *reader = &cached->flow->reader;
	const uint64_t offset = reader->offset, window = reader->window_offset;
	const uint8_t *at = from;
	const bool sparse = cached->flow->clock.config.cyc_threshold;
	uint32_t size = 0, packets = 0;
	ptm_went went = PTM_WENT_ON;
	walk walk = take_out(cached);

	while (at < end && cached->length < EVENTS_FULL) {
		uint8_t byte = *at, kind;
		uint64_t here = offset + (uint64_t)(at - from);
		if (!byte) {
			at++;
			packets++;
			continue;
		}
		if (sparse)
			ptm_clock_next(&cached->flow->clock, cached->kind);
		if ((byte & 3) == 3) {
			uint64_t cycles = cyc_cycles(at, &size);
			if (!size || cached->bits_left) {
				went = PTM_WENT_OUT;
				break;
			}
			take_cyc(cached, &walk, cycles);
			kind = PTM_PACKET_CYC;
		} else if (byte == 0x59 && !cached->bits_left) {
			take_mtc(cached, walk.at, walk.special ? 0 : walk.row, at, here);
			kind = PTM_PACKET_MTC;
			size = 2;
		} else {
			bool is_tip = (byte & 31) == 13, is_frequent = is_tip || (!(byte & 1) && byte > 2);
			bool is_calm = !cached->fresh && (is_tip || !cached->bits_left) && !(cached->dirty && ptm_cached_is_odd_time(cached, walk.at));
			kind = is_tip ? PTM_PACKET_TIP : PTM_PACKET_TNT;
			if (!is_frequent || !is_calm || !take_frequent(cached, &walk, at, here, &size, &went)) {
				put_back(cached, &walk);
				went = take_any(cached, at, here, &kind, &size);
				walk = take_out(cached);
			}
			if (went != PTM_WENT_ON && went != PTM_WENT_HALF)
				break;
		}
		cached->packet_offset = here;
		cached->kind = kind;
		at += size;
		packets++;
		if (went == PTM_WENT_HALF || reader->window_offset != window)
			break;
	}
	put_back(cached, &walk);
	reader->packets += packets;
	reader->offset = offset + (uint64_t)(at - from);
	return went;
}
