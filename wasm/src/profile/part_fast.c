/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path's loop: frequent packets, walked through the graph straight into
 * a part. What most of most traces consists of is one look up and one addition a
 * branch. What is not frequent (code met for the first time, odd times, odd
 * stacks) is told packet by packet by flow/pt_cached*.c and taken in by part_batch.c. */
#include "flow/pt_cached_state.h"
#include "profile/part_stack.h"

/* What is in the loop, and what is called from it: one large function would keep nothing in registers, and take browsers long to compile. */
#define INLINE inline __attribute__((always_inline))
#define APART __attribute__((noinline))
#define STRETCH_BYTES (32u << 10)
#define LARGE (1u << 31)

/* The state of the loop. */
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
	uint32_t arrival, arrival_to, arrival_delta; /* as what, a, b of ptm_cached_event */
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

static APART ptm_status tell_event(ptm_part *part, ptm_cached *cached, uint32_t what, uint32_t at, uint32_t a, uint32_t b)
{
	ptm_cached_event event = { what, at, a, b };
	return ptm_part_tell(part, cached->graph, &cached->batch, &event, cached->flow->now_ns);
}

/* Everything that is not frequent, as an event. */
static INLINE void tell(walk *walk, uint32_t what, uint32_t a, uint32_t b)
{
	give_part(walk);
	if (tell_event(walk->part, walk->cached, what, walk->counted, a, b) != PTM_OK)
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

static APART ptm_status find_child(ptm_part *part, uint32_t parent, uint32_t function, uint32_t *child)
{
	return ptm_part_child(part, parent, function, child);
}

static APART bool make_room(ptm_part *part)
{
	return ptm_array_reserve(&part->stack, 1) == PTM_OK;
}

/* The call-tree node of `function` below `parent`, with one call more. */
static INLINE uint32_t count_call(walk *walk, uint32_t parent, uint32_t function)
{
	uint32_t child = *ptm_part_memo(walk->part, parent, function);

	if (!ptm_part_is_child(walk->part, child, parent, function)) {
		if (find_child(walk->part, parent, function, &child) != PTM_OK) {
			walk->status = PTM_NO_MEMORY;
			return walk->top;
		}
		walk->tree = walk->part->tree.nodes.at;
	}
	walk->tree[child].calls++;
	return child;
}

static INLINE void push(walk *walk, uint64_t return_ip, uint32_t return_node, uint32_t function)
{
	ptm_part *part = walk->part;

	walk->top = count_call(walk, walk->top, function);
	if (part->stack.length == part->stack.capacity && !make_room(part)) {
		walk->status = PTM_NO_MEMORY;
		return;
	}
	part->stack.at[part->stack.length++] =
		(ptm_frame){ .return_ip = return_ip, .start_ns = part->last.time_ns, .start_instructions = walk->piece_base + walk->counted,
			     .function = function, .node = walk->top, .return_node = return_node };
}

static APART ptm_status keep_call(ptm_part *part, uint64_t end_ns)
{
	return ptm_part_keep_call(part, part->stack.length - 1, end_ns);
}

/* The call of the frame on top ends. */
static INLINE void end_call(walk *walk, const ptm_frame *frame)
{
	ptm_part *part = walk->part;
	uint64_t end_ns = part->last.time_ns > frame->start_ns ? part->last.time_ns : frame->start_ns;

	if (end_ns - frame->start_ns < part->data.shortest_ns)
		return;
	part->piece.instructions = walk->piece_base + walk->counted;
	if (keep_call(part, end_ns) != PTM_OK)
		walk->status = PTM_NO_MEMORY;
}

static INLINE void pop(walk *walk, const ptm_frame *top)
{
	end_call(walk, top);
	walk->part->stack.length--;
	walk->top = top[-1].node;
}

/* Another function takes the place of the frame on top, which is not the base. */
static INLINE void replace(walk *walk, ptm_frame *top, uint32_t function)
{
	end_call(walk, top);
	walk->top = count_call(walk, walk->tree[top->node].parent, function);
	top->start_ns = walk->part->last.time_ns;
	top->start_instructions = walk->piece_base + walk->counted;
	top->function = function;
	top->node = walk->top;
	top->flags = 0;
}

/* Takes the last arrival in. */
static INLINE void settle(walk *walk)
{
	if (!walk->arrival)
		return;
	uint32_t kind = walk->arrival >> 24, row = walk->arrival & 0xffffff, depth = walk->part->stack.length;
	ptm_frame *top = &walk->part->stack.at[depth - 1];
	const ptm_node_code *from = &walk->codes[row];
	const ptm_node_code *to = &walk->codes[walk->arrival_to];

	if (kind == PTM_CACHED_RETURN && depth > 1 && top->return_node == walk->arrival_to)
		pop(walk, top);
	else if (kind == PTM_CACHED_CALL && to->is_entry && depth < PTM_STACK_DEPTH && to->ip != from->next_ip)
		push(walk, from->next_ip, walk->nodes[row].to[1] >> 8, to->function);
	else if ((kind == PTM_CACHED_TAKEN || (kind == PTM_CACHED_JUMP && to->is_entry)) && !(top->flags & PTM_FRAME_BASE))
		replace(walk, top, to->function);
	else
		tell(walk, walk->arrival, walk->arrival_to, walk->arrival_delta);
	walk->arrival = 0;
}

static APART void settle_apart(walk *walk)
{
	settle(walk);
}

/* What the decision at the end of node `row` does to the stack takes place when something follows. */
static INLINE void note_arrival(walk *walk, uint32_t kind, uint32_t row, uint32_t target, uint32_t delta)
{
	charge(walk, walk->at);
	walk->arrival = kind << 24 | row;
	walk->arrival_to = target;
	walk->arrival_delta = delta;
}

/* The calls and moves on the path of a node, which starts at instruction walk->at. */
static APART void pass_ops(walk *walk, const ptm_node_code *code, uint32_t delta)
{
	for (uint32_t i = 0; i < code->op_count; i++) {
		const ptm_node_op *op = &walk->cached->graph->ops.at[code->first_op + i];
		if (op->is_call)
			ptm_cached_push_return(walk->cached, op->return_ip, op->return_to, code->first_op + i + 1);
		charge(walk, walk->at + op->instructions);
		if (op->is_call && op->is_entry && walk->part->stack.length < PTM_STACK_DEPTH) {
			push(walk, op->return_ip, op->return_to >> 8, op->function);
		} else {
			tell(walk, PTM_CACHED_OP << 24 | (code->first_op + i), 0, delta);
		}
	}
}

/* A node is counted for the first time; `start`: where its path starts. */
static INLINE void meet(walk *walk, uint32_t start)
{
	walk->part->data.instructions = walk->part_base + start;
	if (tell_event(walk->part, walk->cached, PTM_CACHED_FIRST << 24 | walk->row, start, 0, 0) != PTM_OK)
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
static APART bool is_odd_time(walk *walk)
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
static APART void latch(walk *walk)
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
	walk->row = ptm_edge_row(edge);
	walk->at += edge & 255;
	walk->special = !(edge & 255);
}

/* Uses up `left` bits, the next on top of `bits`, as long as each only counts. Returns how many are left. */
static INLINE uint32_t pass_plain(walk *walk, uint32_t *bits, uint32_t left)
{
	ptm_node *nodes = walk->nodes, *node = NULL, *next = &nodes[walk->row];
	uint32_t at = walk->at, rest = *bits, edge = 1, taken = 0;

	do {
		uint32_t side = rest >> 31, to = next->to[side], count = next->count[side];
		if (to - 1 >= PTM_EDGE_REPLACES - 1 || !count)
			break;
		next->count[side] = count + 1;
		ptm_cached_log_edge(walk->cached, (uint32_t)(next - nodes), side);
		node = next;
		taken = side;
		edge = to;
		next = &nodes[to >> 8];
		at += to & 255;
		rest <<= 1;
	} while (--left && edge & 255);
	if (!node)
		return left;
	walk->last = (uint32_t)(node - nodes) << 1 | taken;
	walk->row = edge >> 8;
	walk->at = at;
	walk->special = !(edge & 255);
	*bits = rest;
	return left;
}

/* What lies on the way to the decision at the end of the present node, and the decision's time. */
static INLINE void pass_path(walk *walk, ptm_node *node, const ptm_node_code *code, uint32_t taken, uint32_t delta)
{
	settle(walk);
	if (!(node->count[0] | node->count[1]))
		meet(walk, walk->special ? walk->at : walk->at - code->instructions);
	node->count[taken]++;
	if (walk->special) {
		if (code->op_count)
			pass_ops(walk, code, delta);
		walk->at += code->instructions;
	}
	if (walk->dirty)
		latch(walk);
	walk->last = walk->row << 1 | taken;
	ptm_cached_log_edge(walk->cached, walk->row, taken);
}

/* A compressed return, or one that a TIP tells. */
static INLINE void pass_return(walk *walk, ptm_node *node, const ptm_node_code *code, uint32_t edge, uint32_t delta)
{
	ptm_return_stack *returns = &walk->cached->flow->returns;
	uint32_t row = walk->row;
	pass_path(walk, node, code, 1, delta);
	returns->top--;
	returns->depth--;
	note_arrival(walk, PTM_CACHED_RETURN, row, edge >> 8, delta);
	arrive(walk, edge);
}

/* A bit that decides a node which is not plain, or an edge which is not. false: not known yet, or for the slow path; nothing was done. */
static APART bool pass_bit(walk *walk, uint32_t taken, uint32_t delta)
{
	const ptm_node_code *code = &walk->codes[walk->row];
	ptm_node *node = &walk->nodes[walk->row];
	const ptm_cached *cached = walk->cached;
	const ptm_return_stack *returns = &cached->flow->returns;
	uint32_t edge, row = walk->row;

	if (code->kind == PTM_NODE_BRANCH) {
		edge = node->to[taken];
		if (!edge)
			return false;
		pass_path(walk, node, code, taken, delta);
		if (edge & PTM_EDGE_REPLACES)
			note_arrival(walk, PTM_CACHED_TAKEN, row, ptm_edge_row(edge), delta);
		arrive(walk, edge);
		return true;
	}
	/* A path with calls may return from them: then the stack holds nothing of interest before. */
	if (code->kind != PTM_NODE_RETURN || !taken || code->op_count || !returns->depth || !cached->flow->config.return_compression)
		return false;
	edge = cached->return_to[(returns->top - 1) % PTM_RETURN_STACK_DEPTH];
	if (!edge)
		return false;
	pass_return(walk, node, code, edge, delta);
	return true;
}

/* Where an indirect branch leads, 0: to be found out. */
static INLINE uint32_t edge_to(walk *walk, ptm_node *node, uint64_t ip)
{
	uint32_t edge = node->to[0];
	if (edge && walk->codes[edge >> 8].ip == ip)
		return edge;
	uint32_t target = walk->cached->graph->recent[(ip ^ ip >> 13) % PTM_GRAPH_RECENT];
	if (!target || walk->codes[target].ip != ip)
		return 0;
	return node->to[0] = ptm_graph_edge(walk->cached->graph, target);
}

/* An indirect branch, or a return that is not compressed. false: as pass_bit. */
static APART bool pass_tip(walk *walk, uint64_t ip, uint32_t delta)
{
	uint32_t row = walk->row, edge;
	const ptm_node_code *code = &walk->codes[row];
	ptm_node *node = &walk->nodes[row];
	ptm_cached *cached = walk->cached;

	if (code->kind == PTM_NODE_RETURN) {
		const ptm_return_stack *returns = &cached->flow->returns;
		uint32_t place = (returns->top - 1) % PTM_RETURN_STACK_DEPTH;
		edge = !code->op_count && returns->depth && returns->at[place] == ip ? cached->return_to[place] : 0;
	} else {
		edge = code->kind == PTM_NODE_JUMP || code->kind == PTM_NODE_CALL ? edge_to(walk, node, ip) : 0;
	}
	if (!edge || (walk->dirty && is_odd_time(walk)))
		return false;
	cached->flow->last_ip = ip;
	if (code->kind == PTM_NODE_RETURN) {
		pass_return(walk, node, code, edge, delta);
		return true;
	}
	pass_path(walk, node, code, 1, delta);
	if (code->kind == PTM_NODE_CALL) {
		ptm_cached_push_return(cached, code->next_ip, node->to[1], row | PTM_CACHED_CALLER);
		note_arrival(walk, PTM_CACHED_CALL, row, edge >> 8, delta);
	} else if (code->last_function != walk->codes[edge >> 8].function) {
		note_arrival(walk, PTM_CACHED_JUMP, row, edge >> 8, delta);
	}
	arrive(walk, edge);
	return true;
}

/* Uses up `left` bits, the next on top of `bits`. Returns how many are left, of which the first is not frequent. */
static INLINE uint32_t pass_bits(walk *walk, uint32_t *bits, uint32_t left, uint32_t delta)
{
	do {
		if (!walk->special) {
			if (walk->dirty) {
				const ptm_node *node = &walk->nodes[walk->row];
				if ((node->count[0] | node->count[1]) && node->to[*bits >> 31]) {
					settle_apart(walk);
					latch(walk);
				}
			}
			if (!walk->dirty) {
				left = pass_plain(walk, bits, left);
				if (!left)
					break;
			}
		}
		if (!pass_bit(walk, *bits >> 31, delta))
			break;
		*bits <<= 1;
	} while (--left);
	return left;
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
	if (cached->length) {
		walk.arrival = cached->events[0].what;
		walk.arrival_to = cached->events[0].a;
		walk.arrival_delta = cached->events[0].b;
	}
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
	else if (walk->arrival)
		cached->events[cached->length++] = (ptm_cached_event){ walk->arrival, executed, walk->arrival_to, walk->arrival_delta };
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
	uint32_t left = cached->bits_left, bits = (uint32_t)(cached->bits >> 32), pads = 0, packets = 0;
	ptm_went went = PTM_WENT_ON;
	walk walk = begin(part, cached);

	while (at < end) {
		uint32_t byte = *at, size = 1, delta = (uint32_t)(at - from);
		if (sparse && byte) {
			flush_cyc(&walk);
			ptm_clock_next(&cached->flow->clock, before ? kind_of(before) : cached->kind);
		}
		if ((byte & 3) == 3) {
			uint64_t cycles = byte >> 3;
			if (byte & 4)
				cycles = ptm_cached_cyc(at, &size);
			went = PTM_WENT_OUT;
			if (!size || left || cycles > UINT32_MAX)
				break;
			flush_cyc(&walk);
			walk.cyc = (uint32_t)cycles;
			walk.has_cyc = walk.dirty = true;
		} else if (!(byte & 1)) {
			if (!byte) {
				at++;
				pads++;
				continue;
			}
			went = PTM_WENT_OUT;
			if (byte == 2 || left || (walk.dirty && is_odd_time(&walk)))
				break;
			uint32_t count = 30 - (uint32_t)__builtin_clz(byte);
			bits = byte << (31 - count);
			left = pass_bits(&walk, &bits, count, delta);
			if (left) {
				bool waits = waits_for_tip(&walk);
				if (left == count && !waits) {
					left = 0;
					break;
				}
				if (left < count)
					decided = at;
				if (!waits) {
					/* The packet is taken, but bits of it are not frequent. */
					before = at++;
					packets++;
					break;
				}
			} else {
				decided = at;
			}
		} else if ((byte & 31) == 13) {
			uint64_t ip = ptm_cached_tip_ip(at, cached->flow->last_ip, &size);
			went = PTM_WENT_OUT;
			if (!size || !walk.special || !pass_tip(&walk, ip, delta))
				break;
			decided = at;
			if (left && (left = pass_bits(&walk, &bits, left, delta)) && !waits_for_tip(&walk)) {
				before = at;
				at += size;
				packets++;
				break;
			}
		} else {
			went = PTM_WENT_OUT;
			if (byte != 0x59 || left)
				break;
			flush_cyc(&walk);
			ptm_cached_take_mtc(cached, walk.at, walk.special ? 0 : walk.row, at[1], offset + delta, before ? kind_of(before) : cached->kind);
			walk.dirty = true;
			size = 2;
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
	reader->packets += packets + pads;
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
		if (from < end && !cached->fresh && cached->bits_left <= 32 && !(cached->bits_left && !ptm_cached_waits_for_tip(cached)))
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
