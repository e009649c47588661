/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path's loop over packets. What most of most traces consists of is one
 * look up and one addition a branch; what is more is in part_walk.c. What is not
 * frequent (code met for the first time, odd times, odd stacks) is told packet by
 * packet by flow/pt_cached*.c and taken in by part_batch.c. */
#include "profile/part_walk.h"

/* In the loop, not called from it. */
#define INLINE inline __attribute__((always_inline))
/* Called from it: browsers compile the loop once more while it runs, in a time that grows faster than its size. */
#define APART __attribute__((noinline))
#define STRETCH_BYTES (32u << 10)
/* Of at least so many runs sought in a stretch, no more than one in so many may be missing, else some stretches go without, at most so many. */
#define LEAST_SOUGHT 256
#define MOST_MISSED 4
#define MOST_PAUSE 64

/* TNT bits left, the next on top, behind the last a 1 and zeros. None left: */
#define NO_BITS (1u << 31)

/* What the loop has at hand. */
typedef struct hot {
	ptm_node *node;
	ptm_frame *frame;
	uint32_t at, bits, tag;
} hot;

static INLINE void give(const hot *hot, ptm_fast_walk *walk)
{
	walk->node = hot->node;
	walk->frame = hot->frame;
	walk->at = hot->at;
	walk->tag = hot->tag;
}

static INLINE void take(hot *hot, const ptm_fast_walk *walk)
{
	hot->node = walk->node;
	hot->frame = walk->frame;
	hot->at = walk->at;
	hot->tag = walk->tag;
}

static INLINE ptm_node *node_of(const ptm_fast_walk *walk, uint32_t edge)
{
	return (ptm_node *)((char *)walk->nodes + (edge >> 8) * sizeof(ptm_node));
}

static INLINE const ptm_node_code *code_of(const ptm_fast_walk *walk, const ptm_node *node)
{
	return &walk->codes[node - walk->nodes];
}

static INLINE void arrive(hot *hot, const ptm_fast_walk *walk, uint32_t edge)
{
	hot->node = node_of(walk, edge);
	hot->tag = edge & 255;
	hot->at += hot->tag <= PTM_TAG_PLAIN ? hot->tag : 0;
}

/* The decision at the end of the present node, whose path is passed. */
static INLINE void decide(hot *hot, ptm_fast_walk *walk, uint32_t side)
{
	hot->node->count[side]++;
	walk->last = (uint32_t)(hot->node - walk->nodes) << 1 | side;
	ptm_cached_log_edge(walk->cached, walk->last >> 1, side);
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
	ptm_walk_push_return(walk, op->return_ip, op->return_to, code->first_op + 1);
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
	const ptm_node_code *code = code_of(walk, hot->node);
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
	ptm_node *node = hot->node, *before = NULL;
	uint32_t bits = hot->bits, at = hot->at, tag, side, decided = 0;

	do {
		side = bits >> 31;
		uint32_t edge = node->to[side];
		tag = edge & 255;
		if (!tag)
			break;
		node->count[side]++;
		ptm_cached_log_edge(walk->cached, (uint32_t)(node - walk->nodes), side);
		before = node;
		decided = side;
		node = node_of(walk, edge);
		bits <<= 1;
		hot->tag = tag;
		if (tag > PTM_TAG_PLAIN)
			break;
		at += tag;
	} while (bits != NO_BITS);
	if (before)
		walk->last = (uint32_t)(before - walk->nodes) << 1 | decided;
	hot->node = node;
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
	*key = (uint32_t)(hot->node - walk->nodes) << 8 | hot->bits >> 24;
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
	hot->tag = run->to & 255;
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
		keep_run(walk, key, (uint32_t)(hot->node - walk->nodes) << 8 | hot->tag, (uint32_t)(__builtin_ctz(hot->bits) - __builtin_ctz(before)), hot->at - start);
	return true;
}

/* Where the indirect branch `node` leads, an edge; 0: to be found out. */
static INLINE uint32_t edge_to(ptm_fast_walk *walk, ptm_node *node, uint64_t ip)
{
	uint32_t edge = node->to[0];
	if (edge && walk->codes[edge >> 8].ip == ip)
		return edge;
	uint32_t row = walk->graph->recent[(ip ^ ip >> 13) % PTM_GRAPH_RECENT];
	if (!row || walk->codes[row].ip != ip)
		return 0;
	return node->to[0] = ptm_graph_edge(walk->graph, row);
}

/* An indirect jump at `ip`. false: nothing was done. */
static INLINE bool pass_jump(hot *hot, ptm_fast_walk *walk, uint64_t ip, const uint8_t *packet)
{
	const ptm_node_code *code = code_of(walk, hot->node);
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
	const ptm_node_code *code = code_of(walk, node);
	uint32_t edge = node->count[1] ? edge_to(walk, node, ip) : 0, parent = hot->frame->node;
	const ptm_node_code *to = &walk->codes[edge >> 8];
	uint32_t child = ptm_walk_child(walk, parent, to->function);

	if (!edge || code->op_count || hot->frame >= walk->last_frame || ip == code->next_ip || !ptm_walk_is_child(walk, child, parent, to->function))
		return false;
	hot->at += code->instructions;
	decide(hot, walk, 1);
	ptm_walk_push_return(walk, code->next_ip, node->to[1], (uint32_t)(node - walk->nodes) | PTM_CACHED_CALLER);
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

	if (hot->tag == PTM_TAG_JUMP) {
		passed = pass_jump(hot, walk, ip, packet);
	} else if (hot->tag == PTM_TAG_RETURN) {
		uint32_t place = (walk->returns->top - 1) % PTM_RETURN_STACK_DEPTH;
		passed = walk->returns->depth && walk->returns->at[place] == ip && pass_return(hot, walk, ip, walk->cached->return_to[place], packet);
	} else if (hot->tag == PTM_TAG_CALL) {
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
		if (hot->tag <= PTM_TAG_PLAIN) {
			if (walk->dirty && (uint8_t)hot->node->to[hot->bits >> 31])
				ptm_walk_latch(walk, hot->node, hot->frame, hot->at);
			if (!walk->dirty && pass_plain_bits(hot, walk))
				continue;
		} else if (hot->tag == PTM_TAG_RETURN) {
			passed = pass_compressed_return(hot, walk, packet);
		} else if (hot->tag == PTM_TAG_BRANCH) {
			passed = pass_branch(hot, walk);
		} else if (hot->tag != PTM_TAG_OTHER) {
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

/* ---------------------------------------------------------------- packets -- */

static uint8_t kind_of(const uint8_t *at)
{
	return (*at & 3) == 3 ? PTM_PACKET_CYC : !(*at & 1) ? PTM_PACKET_TNT : *at == 0x59 ? PTM_PACKET_MTC : PTM_PACKET_TIP;
}

/* How the bytes behind a TIP's first, as many as bits 5 to 7 tell, become an IP: what of them is taken, and what of the last IP stays; size 0: for the slow path. */
static const struct { uint64_t takes, keeps; uint32_t size; } tips[8] = {
	[1] = { 0xffff, ~0xffffull, 3 }, [2] = { 0xffffffff, ~0xffffffffull, 5 },
	[4] = { 0xffffffffffff, ~0xffffffffffffull, 7 }, [6] = { ~0ull, 0, 9 },
};

static INLINE uint64_t tip_ip(const uint8_t *at, uint64_t last_ip, uint32_t *size)
{
	uint32_t form = *at >> 5;
	uint64_t payload;

	memcpy(&payload, at + 1, sizeof payload);
	if (form == 3) {
		*size = 7;
		return (uint64_t)((int64_t)(payload << 16) >> 16);
	}
	*size = tips[form].size;
	return (payload & tips[form].takes) | (last_ip & tips[form].keeps);
}

static void begin(ptm_fast_walk *walk, ptm_part *part, ptm_cached *cached)
{
	ptm_graph *graph = cached->graph;
	uint32_t tag = graph->codes[cached->node].tag;

	ptm_cached_begin(cached);
	uint32_t room = part->stack.capacity < PTM_STACK_DEPTH ? part->stack.capacity : PTM_STACK_DEPTH;
	walk->part = part;
	walk->cached = cached;
	walk->graph = graph;
	walk->nodes = graph->nodes;
	walk->codes = graph->codes;
	walk->ops = graph->ops.at;
	walk->tree = part->tree.nodes.at;
	walk->returns = &cached->flow->returns;
	walk->node = graph->nodes + cached->node;
	walk->frame = ptm_part_top(part);
	walk->last_frame = part->stack.at + room - 1;
	walk->now_ns = part->last.time_ns;
	walk->shortest_ns = part->data.shortest_ns;
	walk->piece_base = part->piece.instructions;
	walk->part_base = part->data.instructions;
	walk->last_ip = cached->flow->last_ip;
	walk->tag = cached->special && tag <= PTM_TAG_PLAIN ? PTM_TAG_OTHER : tag;
	walk->at = cached->at;
	walk->last = cached->last;
	walk->counted = walk->runs_met = walk->runs_missed = walk->measured_at = 0;
	walk->dirty = cached->dirty;
	walk->measures = part->measured_count < PTM_MEASURED;
	walk->compresses = cached->flow->config.return_compression;
	walk->has_runs = !graph->run_pause;
	walk->sparse = cached->flow->clock.config.cyc_threshold;
	walk->has_cyc = walk->has_made = walk->has_pending = false;
	walk->change = 0;
	walk->status = PTM_OK;
}

/* Runs cost more than they save where few come again: there the longer they are not sought the more often that is found. */
static void pause_runs(ptm_graph *graph, uint32_t met, uint32_t missed)
{
	if (graph->run_pause) {
		graph->run_pause--;
	} else if (met + missed >= LEAST_SOUGHT) {
		bool helps = missed <= (met + missed) / MOST_MISSED;
		graph->run_pause = helps ? 0 : graph->next_pause;
		graph->next_pause = helps ? 1 : graph->next_pause < MOST_PAUSE ? graph->next_pause * 2 : MOST_PAUSE;
	}
}

/* With a threshold, cycles are known only behind a CYC packet. */
static APART void next_sparse(ptm_fast_walk *walk, uint8_t before)
{
	ptm_walk_flush_cyc(walk);
	ptm_clock_next(&walk->cached->flow->clock, before);
}

/* Takes in what is frequent of the packets that start in [from, end). WENT_OUT: the next is not. */
static ptm_went pass_packets(ptm_part *part, ptm_cached *cached, const uint8_t *from, const uint8_t *end)
{
	ptm_pt_reader *reader = &cached->flow->reader;
	const uint64_t offset = reader->offset, window = reader->window_offset;
	const uint8_t *at = from, *before = NULL, *decided = NULL; /* the last packet, the last that decided */
	uint32_t packets = 0;
	ptm_went went = PTM_WENT_ON;
	ptm_fast_walk walk;
	hot hot = { .bits = cached->bits_left ? (uint32_t)(cached->bits >> 32) | NO_BITS >> cached->bits_left : NO_BITS };

	begin(&walk, part, cached);
	if (cached->length && !ptm_walk_resume(&walk, cached->events, from))
		return PTM_WENT_OUT;
	take(&hot, &walk);
	while (at < end) {
		uint32_t byte = *at, size = 1;
		if (walk.sparse && byte) {
			give(&hot, &walk);
			next_sparse(&walk, before ? kind_of(before) : cached->kind);
		}
		went = PTM_WENT_OUT;
		if (!(byte & 1)) {
			if (byte <= 2) {
				if (byte)
					break;
				at++;
				reader->packets++;
				went = PTM_WENT_ON;
				continue;
			}
			if (hot.bits != NO_BITS)
				break;
			if (walk.dirty) {
				give(&hot, &walk);
				if (ptm_walk_is_odd_time(&walk))
					break;
			}
			hot.bits = (byte | 1) << (__builtin_clz(byte) + 1);
		} else if ((byte & 31) == 13) {
			uint64_t ip = tip_ip(at, walk.last_ip, &size);
			if (!size || hot.tag <= PTM_TAG_PLAIN)
				break;
			if (walk.dirty) {
				give(&hot, &walk);
				if (ptm_walk_is_odd_time(&walk))
					break;
			}
			if (!pass_tip(&hot, &walk, ip, at))
				break;
			decided = at;
		} else if ((byte & 3) == 3) {
			uint64_t cycles = byte >> 3;
			if (byte & 4)
				cycles = ptm_cached_cyc(at, &size);
			if (!size || hot.bits != NO_BITS || cycles > UINT32_MAX)
				break;
			if (walk.has_cyc) {
				give(&hot, &walk);
				ptm_walk_flush_cyc(&walk);
			}
			walk.cyc = (uint32_t)cycles;
			walk.has_cyc = walk.dirty = true;
		} else {
			if (byte != 0x59 || hot.bits != NO_BITS)
				break;
			give(&hot, &walk);
			ptm_walk_flush_cyc(&walk);
			ptm_cached_take_mtc(cached, hot.at, hot.tag > PTM_TAG_PLAIN ? 0 : (uint32_t)(hot.node - walk.nodes), at[1],
				offset + (uint64_t)(at - from), before ? kind_of(before) : cached->kind);
			walk.dirty = true;
			size = 2;
			/* What it looked ahead at may lie in another window. */
			if (reader->window_offset != window)
				end = at;
		}
		if (hot.bits != NO_BITS) {
			const uint32_t all = hot.bits;
			bool passed = pass_bits(&hot, &walk, at);
			if (hot.bits != all)
				decided = at;
			if (!passed) {
				if (decided != at) {
					hot.bits = NO_BITS;
					break;
				}
				/* The packet is taken, but bits of it are not frequent. */
				before = at;
				at += size;
				packets++;
				break;
			}
		}
		before = at;
		at += size;
		packets++;
		went = PTM_WENT_ON;
	}
	const uint32_t left = hot.bits == NO_BITS ? 0 : 31 - (uint32_t)__builtin_ctz(hot.bits);
	cached->bits = left ? (uint64_t)(hot.bits & (hot.bits - 1)) << 32 : 0;
	cached->bits_left = left;
	if (before) {
		cached->packet_offset = offset + (uint64_t)(before - from);
		cached->kind = kind_of(before);
	}
	if (decided)
		cached->last_offset = offset + (uint64_t)(decided - from);
	reader->packets += packets;
	reader->offset = offset + (uint64_t)(at - from);
	give(&hot, &walk);
	pause_runs(cached->graph, walk.runs_met, walk.runs_missed);
	ptm_walk_end(&walk, from);
	return walk.status ? PTM_WENT_WRONG : went;
}

ptm_status ptm_part_run_fast(ptm_part *part, ptm_cached *cached, uint64_t stop, bool leave, bool *left)
{
	const ptm_pt_reader *reader = &cached->flow->reader;
	const uint64_t most = reader->offset + STRETCH_BYTES;
	const ptm_cached_batch *batch;

	part->graph = cached->graph;
	do {
		const uint8_t *from, *end;
		uint64_t until = stop < reader->limit ? stop : reader->limit;
		PTM_TRY(ptm_cached_room(cached, until < most ? until : most, &from, &end));
		ptm_went went = PTM_WENT_OUT;
		if (from < end && !cached->fresh && cached->bits_left < 32 && !(cached->bits_left && !ptm_cached_waits_for_tip(cached)))
			went = pass_packets(part, cached, from, end);
		if (went == PTM_WENT_WRONG)
			return PTM_NO_MEMORY;
		*left = false;
		if (went == PTM_WENT_ON)
			continue;
		PTM_TRY(ptm_cached_step(cached, stop, leave, &batch));
		PTM_TRY(ptm_part_add_batch(part, cached->graph, batch));
		*left = batch->left;
	} while (!*left && reader->offset < most && reader->offset < stop);
	return PTM_OK;
}
