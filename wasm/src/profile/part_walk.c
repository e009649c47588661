/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions of the fast path that are more than a count: calls, returns, jumps between functions, and time. What is
 * not frequent is told as an event, which part_batch.c takes in. */
#include "profile/part_walk.h"

/* What is in the loop, and what is called from it: one large function would keep nothing in registers, and take browsers long to compile. */
#define INLINE inline __attribute__((always_inline))
#define APART __attribute__((noinline))
#define LARGE (1u << 31)

/* ------------------------------------------------------------- the stack -- */

static APART ptm_status tell_event(ptm_part *part, ptm_cached *cached, uint32_t what, uint32_t at, uint32_t a, uint32_t b)
{
	ptm_cached_event event = { what, at, a, b };
	return ptm_part_tell(part, cached->graph, &cached->batch, &event, cached->flow->now_ns);
}

/* Everything that is not frequent, as an event. */
static INLINE void tell(ptm_fast_walk *walk, uint32_t what, uint32_t a, uint32_t b)
{
	ptm_walk_give(walk);
	if (tell_event(walk->part, walk->cached, what, walk->counted, a, b) != PTM_OK)
		walk->status = PTM_NO_MEMORY;
	ptm_walk_take(walk);
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
static INLINE uint32_t count_call(ptm_fast_walk *walk, uint32_t parent, uint32_t function)
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

static INLINE void push(ptm_fast_walk *walk, uint64_t return_ip, uint32_t return_node, uint32_t function, bool is_odd)
{
	ptm_part *part = walk->part;

	walk->top = count_call(walk, walk->top, function);
	if (part->stack.length == part->stack.capacity && !make_room(part)) {
		walk->status = PTM_NO_MEMORY;
		return;
	}
	part->stack.at[part->stack.length++] =
		(ptm_frame){ .return_ip = return_ip, .start_ns = part->last.time_ns, .start_instructions = walk->piece_base + walk->counted,
			     .function = function, .node = walk->top, .flags = is_odd ? PTM_FRAME_ODD : 0, .return_node = return_node };
}

static APART ptm_status keep_call(ptm_part *part, uint64_t end_ns)
{
	return ptm_part_keep_call(part, part->stack.length - 1, end_ns);
}

/* The call of the frame on top ends. */
static INLINE void end_call(ptm_fast_walk *walk, const ptm_frame *frame)
{
	ptm_part *part = walk->part;
	uint64_t end_ns = part->last.time_ns > frame->start_ns ? part->last.time_ns : frame->start_ns;

	if (end_ns - frame->start_ns < part->data.shortest_ns)
		return;
	part->piece.instructions = walk->piece_base + walk->counted;
	if (keep_call(part, end_ns) != PTM_OK)
		walk->status = PTM_NO_MEMORY;
}

static INLINE void pop(ptm_fast_walk *walk, const ptm_frame *top)
{
	end_call(walk, top);
	walk->part->stack.length--;
	walk->top = top[-1].node;
}

/* Another function takes the place of the frame on top, which is not the base. */
static INLINE void replace(ptm_fast_walk *walk, ptm_frame *top, uint32_t function)
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
static INLINE void settle(ptm_fast_walk *walk)
{
	if (!walk->arrival)
		return;
	uint32_t kind = walk->arrival >> 24, row = walk->arrival & 0xffffff, depth = walk->part->stack.length;
	ptm_frame *top = &walk->part->stack.at[depth - 1];
	const ptm_node_code *from = &walk->codes[row];
	const ptm_node_code *to = &walk->codes[walk->arrival_to];

	if (kind == PTM_CACHED_RETURN && depth > 1 && top->return_node == walk->arrival_to)
		pop(walk, top);
	else if (kind == PTM_CACHED_CALL && depth < PTM_STACK_DEPTH && to->ip != from->next_ip)
		push(walk, from->next_ip, walk->nodes[row].to[1] >> 8, to->function, to->is_inside && to->function == from->last_function);
	else if ((kind == PTM_CACHED_TAKEN || (kind == PTM_CACHED_JUMP && (to->is_entry || to->is_nameless))) && !(top->flags & PTM_FRAME_BASE))
		replace(walk, top, to->function);
	else
		tell(walk, walk->arrival, walk->arrival_to, walk->arrival_delta);
	walk->arrival = 0;
}

void ptm_walk_settle(ptm_fast_walk *walk)
{
	settle(walk);
}

/* What the decision at the end of node `row` does to the stack takes place when something follows. */
static INLINE void note_arrival(ptm_fast_walk *walk, uint32_t kind, uint32_t row, uint32_t target, uint32_t delta)
{
	ptm_walk_charge(walk, walk->at);
	walk->arrival = kind << 24 | row;
	walk->arrival_to = target;
	walk->arrival_delta = delta;
}

/* The calls and moves on the path of a node, which starts at instruction walk->at. */
static APART void pass_ops(ptm_fast_walk *walk, const ptm_node_code *code, uint32_t delta)
{
	for (uint32_t i = 0; i < code->op_count; i++) {
		const ptm_node_op *op = &walk->cached->graph->ops.at[code->first_op + i];
		if (op->is_call)
			ptm_cached_push_return(walk->cached, op->return_ip, op->return_to, code->first_op + i + 1);
		ptm_walk_charge(walk, walk->at + op->instructions);
		ptm_frame *top = ptm_part_top(walk->part);
		if (op->is_call && walk->part->stack.length < PTM_STACK_DEPTH)
			push(walk, op->return_ip, op->return_to >> 8, op->function, op->is_odd);
		else if (!op->is_call && !(top->flags & PTM_FRAME_BASE))
			replace(walk, top, op->function);
		else
			tell(walk, PTM_CACHED_OP << 24 | (code->first_op + i), 0, delta);
	}
}

/* A node is counted for the first time; `start`: where its path starts. */
static INLINE void meet(ptm_fast_walk *walk, uint32_t start)
{
	walk->part->data.instructions = walk->part_base + start;
	if (tell_event(walk->part, walk->cached, PTM_CACHED_FIRST << 24 | walk->row, start, 0, 0) != PTM_OK)
		walk->status = PTM_NO_MEMORY;
}

/* ------------------------------------------------------------------ time -- */

/* Whether taking over the packets' time is for the slow path, as ptm_cached_is_odd_time. */
bool ptm_walk_is_odd_time(ptm_fast_walk *walk)
{
	const ptm_pt_flow *flow = walk->cached->flow;
	const ptm_clock *clock = &flow->clock;

	ptm_walk_flush_cyc(walk);
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
void ptm_walk_latch(ptm_fast_walk *walk)
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
	ptm_walk_charge(walk, walk->at);
	cost->ns += passed;
	walk->tree[walk->top].self_ns += passed;
	part->run.run.on_ns += passed;
	if (part->last.time_ns < flow->now_ns)
		part->last.time_ns = flow->now_ns;
	if (!is_measured)
		return;
	uint32_t cycles = ptm_cached_measure(flow, cost, walk->at);
	part->run.run.cycles += cycles;
	if (part->measured_count == 1) {
		walk->tree[part->measured[0].node].self_cycles += cycles;
		part->measured_count = 0;
	} else {
		ptm_part_share_cycles(part, cycles);
	}
}

/* ------------------------------------------------------------- decisions -- */

static INLINE void arrive(ptm_fast_walk *walk, uint32_t edge)
{
	walk->row = ptm_edge_row(edge);
	walk->at += edge & 255;
	walk->special = !(edge & 255);
}

/* What lies on the way to the decision at the end of the present node, and the decision's time. */
static INLINE void pass_path(ptm_fast_walk *walk, ptm_node *node, const ptm_node_code *code, uint32_t taken, uint32_t delta)
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
		ptm_walk_latch(walk);
	walk->last = walk->row << 1 | taken;
	ptm_cached_log_edge(walk->cached, walk->row, taken);
}

/* A compressed return, or one that a TIP tells. */
static INLINE void pass_return(ptm_fast_walk *walk, ptm_node *node, const ptm_node_code *code, uint32_t edge, uint32_t delta)
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
bool ptm_walk_bit(ptm_fast_walk *walk, uint32_t taken, uint32_t delta)
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
		node->to[taken] = edge & ~PTM_EDGE_UNMET;
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
static INLINE uint32_t edge_to(ptm_fast_walk *walk, ptm_node *node, uint64_t ip)
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
bool ptm_walk_tip(ptm_fast_walk *walk, uint64_t ip, uint32_t delta)
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
	if (!edge || (walk->dirty && ptm_walk_is_odd_time(walk)))
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

