/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path's loop: frequent packets, walked through the graph straight into
 * a part. What most of most traces consists of is one look up and one addition a
 * branch. What is not frequent (code met for the first time, odd times, odd
 * stacks) is told packet by packet by flow/pt_cached*.c and taken in by part_batch.c. */
#include "flow/pt_cached_state.h"
#include "profile/part_stack.h"

/* The loop's parts: as calls they would keep its state in memory. */
#define INLINE inline __attribute__((always_inline))
#define APART __attribute__((noinline))
#define STRETCH_BYTES (32u << 10)
#define LARGE (1u << 31)

/* What the loop keeps to itself. */
typedef struct walk {
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
	ptm_cached_event arrival;
	ptm_status status;
} walk;

/* ------------------------------------------------------ there, and back -- */

static INLINE void give_part(walk *walk)
{
	walk->part->piece.instructions = walk->piece_base + walk->counted;
	walk->part->data.instructions = walk->part_base + walk->counted;
}

static INLINE void take_part(walk *walk)
{
	walk->tree = walk->part->tree.nodes.at;
	walk->top = ptm_part_top(walk->part)->node;
	walk->piece_base = walk->part->piece.instructions - walk->counted;
	walk->part_base = walk->part->data.instructions - walk->counted;
}

/* ------------------------------------------------------------- the stack -- */

/* Everything that is not frequent, as an event. */
static INLINE void tell(walk *walk, const ptm_cached_event *event)
{
	ptm_cached *cached = walk->cached;
	give_part(walk);
	if (ptm_part_tell(walk->part, cached->graph, &cached->batch, event, cached->flow->now_ns) != PTM_OK)
		walk->status = PTM_NO_MEMORY;
	take_part(walk);
}

/* The instructions up to `at` belong to the frame on top. */
static INLINE void charge(walk *walk, uint32_t at)
{
	uint32_t more = at - walk->counted;
	if (!more)
		return;
	walk->counted = at;
	walk->tree[walk->top].self_instructions += more;
	ptm_part_note_measured(walk->part, walk->top, more);
}

static APART bool find_child(ptm_part *part, uint32_t parent, uint32_t function, uint32_t *child)
{
	return ptm_part_child(part, parent, function, child) == PTM_OK;
}

static APART bool make_room(ptm_part *part)
{
	return ptm_array_reserve(&part->stack, 1) == PTM_OK;
}

/* Calls `function`. `memo`: the call-tree node that the same call led to last. */
static INLINE void push(walk *walk, uint64_t return_ip, uint32_t return_node, uint32_t function, uint32_t *memo)
{
	ptm_part *part = walk->part;
	uint32_t child = *memo;
	bool is_it = child < part->tree.nodes.length && walk->tree[child].parent == walk->top && walk->tree[child].function == function;

	if (!is_it) {
		if (!find_child(part, walk->top, function, &child)) {
			walk->status = PTM_NO_MEMORY;
			return;
		}
		walk->tree = part->tree.nodes.at;
		*memo = child;
	}
	if (part->stack.length == part->stack.capacity && !make_room(part)) {
		walk->status = PTM_NO_MEMORY;
		return;
	}
	walk->tree[child].calls++;
	part->stack.at[part->stack.length++] =
		(ptm_frame){ .return_ip = return_ip, .start_ns = part->last.time_ns, .start_instructions = walk->piece_base + walk->counted,
			     .function = function, .node = child, .return_node = return_node };
	walk->top = child;
}

static APART ptm_status keep_call(ptm_part *part, uint64_t end_ns)
{
	return ptm_part_keep_call(part, part->stack.length - 1, end_ns);
}

static INLINE void pop(walk *walk)
{
	ptm_part *part = walk->part;
	const ptm_frame *frame = &part->stack.at[part->stack.length - 1];
	uint64_t end_ns = part->last.time_ns > frame->start_ns ? part->last.time_ns : frame->start_ns;

	if (end_ns - frame->start_ns >= part->data.shortest_ns) {
		part->piece.instructions = walk->piece_base + walk->counted;
		if (keep_call(part, end_ns) != PTM_OK)
			walk->status = PTM_NO_MEMORY;
	}
	part->stack.length--;
	walk->top = ptm_part_top(part)->node;
}

/* Takes the last arrival in. */
static INLINE void settle(walk *walk)
{
	ptm_cached_event *arrival = &walk->arrival;
	uint32_t kind = arrival->what >> 24;
	ptm_part *part = walk->part;

	if (!kind)
		return;
	if (kind == PTM_CACHED_RETURN && part->stack.length > 1 && ptm_part_top(part)->return_node == arrival->a) {
		pop(walk);
	} else if (kind == PTM_CACHED_CALL && walk->codes[arrival->a].is_entry && part->stack.length < PTM_STACK_DEPTH &&
		   walk->codes[arrival->a].ip != walk->codes[arrival->what & 0xffffff].next_ip) {
		uint32_t from = arrival->what & 0xffffff, memo = walk->part->tree.recent.at[walk->top];
		push(walk, walk->codes[from].next_ip, walk->nodes[from].to[1] >> 8, walk->codes[arrival->a].function, &memo);
	} else {
		tell(walk, arrival);
	}
	arrival->what = 0;
}

/* What the decision at the end of node `row` does to the stack takes place when something follows. */
static INLINE void note_arrival(walk *walk, uint32_t kind, uint32_t row, uint32_t target, uint32_t delta)
{
	charge(walk, walk->at);
	walk->arrival = (ptm_cached_event){ kind << 24 | row, walk->at, target, delta };
}

/* The calls and moves on the path of a node, which starts at instruction walk->at. */
static INLINE void pass_ops(walk *walk, const ptm_node_code *code, uint32_t delta)
{
	for (uint32_t i = 0; i < code->op_count; i++) {
		ptm_node_op *op = &walk->cached->graph->ops.at[code->first_op + i];
		if (op->is_call)
			ptm_cached_push_return(walk->cached, op->return_ip, op->return_to, code->first_op + i + 1);
		charge(walk, walk->at + op->instructions);
		if (op->is_call && op->is_entry && walk->part->stack.length < PTM_STACK_DEPTH) {
			push(walk, op->return_ip, op->return_to >> 8, op->function, &op->memo);
		} else {
			ptm_cached_event event = { PTM_CACHED_OP << 24 | (code->first_op + i), walk->counted, 0, delta };
			tell(walk, &event);
		}
	}
}

/* A node is counted for the first time; `start`: where its path starts. */
static INLINE void meet(walk *walk, uint32_t start)
{
	ptm_cached_event event = { PTM_CACHED_FIRST << 24 | walk->row, start, 0, 0 };
	ptm_part *part = walk->part;
	part->data.instructions = walk->part_base + start;
	if (ptm_part_tell(part, walk->cached->graph, &walk->cached->batch, &event, walk->cached->flow->now_ns) != PTM_OK)
		walk->status = PTM_NO_MEMORY;
}

/* ------------------------------------------------------------------ time -- */

static INLINE void flush_cyc(walk *walk)
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
static INLINE bool is_odd_time(walk *walk)
{
	const ptm_pt_flow *flow = walk->cached->flow;
	const ptm_clock *clock = &flow->clock;

	flush_cyc(walk);
	walk->next_ns = flow->now_ns;
	if (clock->tsc > flow->now_tsc) {
		walk->next_ns = ptm_time_ns(&flow->config.time, clock->tsc);
		if (clock->tsc >= flow->context.until_tsc || walk->next_ns - flow->now_ns >= LARGE)
			return true;
	} else if (clock->tsc >= flow->context.until_tsc) {
		return true;
	}
	return clock->have_cyc && clock->cycles_sampled && (clock->cycles - clock->cycles_told >= LARGE ||
		flow->instructions + walk->at - flow->measured_instructions >= LARGE);
}

/* Takes over the packets' time and cycles with the decision at the end of the present node: as ptm_cached_latch. */
static INLINE void latch(walk *walk)
{
	ptm_pt_flow *flow = walk->cached->flow;
	ptm_clock *clock = &flow->clock;
	ptm_node_cost *cost = &walk->cached->graph->costs[walk->row];
	ptm_part *part = walk->part;
	bool is_measured = clock->cycles_sampled && clock->have_cyc;
	uint32_t passed = walk->next_ns > flow->now_ns ? (uint32_t)(walk->next_ns - flow->now_ns) : 0;

	walk->dirty = false;
	flow->latched_tsc = clock->tsc;
	if (clock->tsc > flow->now_tsc) {
		flow->now_tsc = clock->tsc;
		flow->now_ns = walk->next_ns;
	}
	if (clock->cycles_sampled)
		flow->latched_cycles = clock->cycles;
	clock->cycles_sampled = false;
	if (!passed && !is_measured)
		return;
	charge(walk, walk->at);
	cost->ns += passed;
	walk->tree[walk->top].self_ns += passed;
	part->run.run.on_ns += passed;
	if (part->last.time_ns < flow->now_ns)
		part->last.time_ns = flow->now_ns;
	if (!is_measured)
		return;
	uint32_t cycles = (uint32_t)(clock->cycles - clock->cycles_told);
	uint64_t instructions = flow->instructions + walk->at;
	clock->cycles_told = clock->cycles;
	if (!flow->measure_partial) {
		cost->cycles += cycles;
		cost->cycle_visits++;
		cost->cycle_instructions += instructions - flow->measured_instructions;
	}
	flow->measured_instructions = instructions;
	flow->measure_partial = false;
	part->run.run.cycles += cycles;
	if (part->measured_count == 1) {
		walk->tree[part->measured[0].node].self_cycles += cycles;
		part->measured_count = 0;
	} else {
		ptm_part_share_cycles(part, cycles);
	}
}

/* ------------------------------------------------------------- decisions -- */

static INLINE void arrive(walk *walk, uint32_t edge)
{
	walk->row = edge >> 8;
	walk->at += edge & 255;
	walk->special = !(edge & 255);
}

/* Uses up `left` bits, the next on top of `bits`, as long as each only counts. Returns how many are left. */
static INLINE uint32_t pass_plain(walk *walk, uint32_t *bits, uint32_t left)
{
	uint32_t row = walk->row, at = walk->at, last = walk->last, rest = *bits;

	do {
		uint32_t taken = rest >> 31;
		ptm_node *node = &walk->nodes[row];
		uint32_t to = node->to[taken], count = node->count[taken];
		if (!(to & 255) || !count)
			break;
		node->count[taken] = count + 1;
		last = row << 1 | taken;
		ptm_cached_log_edge(walk->cached, row, taken);
		row = to >> 8;
		at += to & 255;
		rest <<= 1;
	} while (--left);
	walk->row = row;
	walk->at = at;
	walk->last = last;
	*bits = rest;
	return left;
}

/* Where a bit leads that decides a node which is not plain, or an edge which is not. 0: not known yet, or for the slow path. */
static INLINE uint32_t edge_of_bit(const walk *walk, const ptm_node_code *code, uint32_t taken)
{
	const ptm_cached *cached = walk->cached;
	const ptm_return_stack *returns = &cached->flow->returns;

	if (code->kind == PTM_NODE_BRANCH) {
		uint32_t edge = walk->nodes[walk->row].to[taken];
		return edge >> 8 ? edge : 0;
	}
	/* A path with calls may return from them: then the stack holds nothing of interest before. */
	if (code->kind != PTM_NODE_RETURN || !taken || code->op_count || !returns->depth || !cached->flow->config.return_compression)
		return 0;
	return cached->return_to[(returns->top - 1) % PTM_RETURN_STACK_DEPTH];
}

/* Where a TIP leads, 0: to be found out. */
static INLINE uint32_t edge_of_tip(walk *walk, uint64_t ip)
{
	const ptm_node_code *code = &walk->codes[walk->row];
	const ptm_cached *cached = walk->cached;

	if (code->kind == PTM_NODE_RETURN) {
		const ptm_return_stack *returns = &cached->flow->returns;
		uint32_t place = (returns->top - 1) % PTM_RETURN_STACK_DEPTH;
		return !code->op_count && returns->depth && returns->at[place] == ip ? cached->return_to[place] : 0;
	}
	if (code->kind != PTM_NODE_JUMP && code->kind != PTM_NODE_CALL)
		return 0;
	uint32_t edge = walk->nodes[walk->row].to[0];
	if (edge && walk->codes[edge >> 8].ip == ip)
		return edge;
	uint32_t target = cached->graph->recent[(ip ^ ip >> 13) % PTM_GRAPH_RECENT];
	if (!target || walk->codes[target].ip != ip)
		return 0;
	edge = ptm_graph_edge(cached->graph, target);
	walk->nodes[walk->row].to[0] = edge;
	return edge;
}

/* A decision of any kind that leads to a known edge. */
static INLINE void pass(walk *walk, uint32_t taken, uint32_t edge, uint32_t delta)
{
	uint32_t row = walk->row, target = edge >> 8;
	const ptm_node_code *code = &walk->codes[row];
	ptm_node *node = &walk->nodes[row];
	ptm_return_stack *returns = &walk->cached->flow->returns;

	settle(walk);
	if (!(node->count[0] | node->count[1]))
		meet(walk, walk->special ? walk->at : walk->at - code->instructions);
	node->count[taken]++;
	if (walk->special) {
		pass_ops(walk, code, delta);
		walk->at += code->instructions;
	}
	if (walk->dirty)
		latch(walk);
	walk->last = row << 1 | taken;
	ptm_cached_log_edge(walk->cached, row, taken);
	if (code->kind == PTM_NODE_BRANCH) {
		if (taken && code->taken_replaces)
			note_arrival(walk, PTM_CACHED_TAKEN, row, target, delta);
	} else if (code->kind == PTM_NODE_RETURN) {
		returns->top--;
		returns->depth--;
		note_arrival(walk, PTM_CACHED_RETURN, row, target, delta);
	} else if (code->kind == PTM_NODE_CALL) {
		ptm_cached_push_return(walk->cached, code->next_ip, node->to[1], row | PTM_CACHED_CALLER);
		note_arrival(walk, PTM_CACHED_CALL, row, target, delta);
	} else if (code->last_function != walk->codes[target].function) {
		note_arrival(walk, PTM_CACHED_JUMP, row, target, delta);
	}
	arrive(walk, edge);
}

/* ---------------------------------------------------------------- packets -- */

static uint8_t kind_of(const uint8_t *at)
{
	return (*at & 3) == 3 ? PTM_PACKET_CYC : !(*at & 1) ? PTM_PACKET_TNT : *at == 0x59 ? PTM_PACKET_MTC : PTM_PACKET_TIP;
}

/* Whether the present node is an indirect branch, for which a TIP must come before the bits that are left. */
static INLINE bool waits_for_tip(const walk *walk)
{
	uint8_t kind = walk->codes[walk->row].kind;
	return walk->special && (kind == PTM_NODE_JUMP || kind == PTM_NODE_CALL);
}

static INLINE walk begin(ptm_part *part, ptm_cached *cached)
{
	ptm_cached_begin(cached);
	walk walk = { .part = part, .cached = cached, .nodes = cached->graph->nodes, .codes = cached->graph->codes, .row = cached->node,
		      .at = cached->at, .last = cached->last, .special = cached->special, .dirty = cached->dirty };
	take_part(&walk);
	if (cached->length)
		walk.arrival = cached->events[0];
	return walk;
}

/* Gives all back as it is after whole packets. */
static INLINE void finish(walk *walk)
{
	ptm_cached *cached = walk->cached;

	flush_cyc(walk);
	cached->node = walk->row;
	cached->at = walk->at;
	cached->last = walk->last;
	cached->special = walk->special;
	cached->dirty = walk->dirty;
	uint32_t executed = ptm_cached_executed(cached);
	cached->length = cached->batch.length = 0;
	if (executed > walk->counted)
		settle(walk);
	else if (walk->arrival.what)
		cached->events[cached->length++] = walk->arrival;
	charge(walk, executed);
	give_part(walk);
	ptm_cached_end(cached);
}

/* Takes in what is frequent of the packets that start in [from, end). WENT_OUT: the next is not. */
static ptm_went pass_packets(ptm_part *part, ptm_cached *cached, const uint8_t *from, const uint8_t *end)
{
	ptm_pt_reader *reader = &cached->flow->reader;
	const uint64_t offset = reader->offset, window = reader->window_offset;
	const bool sparse = cached->flow->clock.config.cyc_threshold;
	const uint8_t *at = from, *before = NULL, *decided = NULL; /* the last packet, the last that decided */
	uint32_t left = cached->bits_left, bits = (uint32_t)(cached->bits >> 32), packets = 0;
	ptm_went went = PTM_WENT_ON;
	walk walk = begin(part, cached);

	while (at < end) {
		uint32_t byte = *at, size = 1, edge = 0, count = 0;
		if (!byte) {
			at++;
			packets++;
			continue;
		}
		if (sparse) {
			flush_cyc(&walk);
			ptm_clock_next(&cached->flow->clock, before ? kind_of(before) : cached->kind);
		}
		went = PTM_WENT_OUT;
		if ((byte & 3) == 3) {
			uint64_t cycles = ptm_cached_cyc(at, &size);
			if (!size || left || cycles > UINT32_MAX)
				break;
			flush_cyc(&walk);
			walk.cyc = (uint32_t)cycles;
			walk.has_cyc = walk.dirty = true;
		} else if (byte == 0x59 && !left) {
			flush_cyc(&walk);
			ptm_cached_take_mtc(cached, walk.at, walk.special ? 0 : walk.row, at[1], offset + (uint64_t)(at - from),
				before ? kind_of(before) : cached->kind);
			walk.dirty = true;
			size = 2;
		} else {
			if (!(byte & 1)) {
				if (byte == 2 || left)
					break;
				count = left = 30 - (uint32_t)__builtin_clz(byte);
				bits = byte << (31 - left);
			} else {
				uint64_t ip = ptm_cached_tip_ip(at, cached->flow->last_ip, &size);
				if ((byte & 31) != 13 || !size || left > 32 || !walk.special || !(edge = edge_of_tip(&walk, ip)))
					break;
				if (!(walk.dirty && is_odd_time(&walk)))
					cached->flow->last_ip = ip;
				else
					edge = 0;
			}
			if (!edge && (!count || (walk.dirty && is_odd_time(&walk)))) {
				left -= count;
				break;
			}
			uint32_t delta = (uint32_t)(at - from);
			do {
				uint32_t taken = 1;
				if (!edge) {
					if (!walk.special) {
						const ptm_node *node = &walk.nodes[walk.row];
						if (walk.dirty && (node->count[0] | node->count[1]) && node->to[bits >> 31] >> 8) {
							settle(&walk);
							latch(&walk);
						}
						if (!walk.dirty && !(left = pass_plain(&walk, &bits, left)))
							break;
					}
					taken = bits >> 31;
					edge = edge_of_bit(&walk, &walk.codes[walk.row], taken);
					if (!edge)
						break;
					bits <<= 1;
					left--;
				}
				pass(&walk, taken, edge, delta);
				edge = 0;
			} while (left);
			if (left < count || !count)
				decided = at;
			if (left && !waits_for_tip(&walk)) {
				if (left == count) {
					left = 0;
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
		if (reader->window_offset != window || walk.status)
			break;
	}
	cached->bits = (uint64_t)bits << 32;
	cached->bits_left = left;
	if (before) {
		cached->packet_offset = offset + (uint64_t)(before - from);
		cached->kind = kind_of(before);
	}
	if (decided)
		cached->last_offset = offset + (uint64_t)(decided - from);
	reader->packets += packets;
	reader->offset = offset + (uint64_t)(at - from);
	finish(&walk);
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
		if (from < end && !cached->fresh && !(cached->bits_left && !ptm_cached_waits_for_tip(cached)))
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
