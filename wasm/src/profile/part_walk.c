/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions of the fast path that are not frequent enough for the loop, but no reason to leave it either. What is
 * neither is told as an event by the slow path, which part_batch.c takes in. */
#include "profile/part_walk.h"

#define LARGE (1u << 31)

/* ------------------------------------------------------------- the stack -- */

static void commit_pending(ptm_fast_walk *walk)
{
	ptm_part_data *data = &walk->part->data;

	if (!walk->has_pending)
		return;
	walk->has_pending = false;
	if (walk->pending.end_ns - walk->pending.start_ns < data->shortest_ns)
		return;
	if (ptm_array_push(&data->calls, walk->pending) != PTM_OK)
		walk->status = PTM_NO_MEMORY;
	if (data->calls.length > PTM_PART_CALLS)
		ptm_part_drop_short_calls(data, PTM_PART_CALLS);
	walk->shortest_ns = data->shortest_ns;
}

void ptm_walk_keep(ptm_fast_walk *walk, const ptm_frame *frame)
{
	uint64_t end_ns = walk->now_ns > frame->start_ns ? walk->now_ns : frame->start_ns;

	if (end_ns - frame->start_ns < walk->shortest_ns)
		return;
	commit_pending(walk);
	walk->has_pending = true;
	walk->pending_at = walk->counted;
	walk->pending = (ptm_piece_call){ .start_ns = frame->start_ns, .end_ns = end_ns,
					  .instructions = walk->piece_base + walk->counted - frame->start_instructions,
					  .function = frame->function, .depth = (uint32_t)(frame - walk->part->stack.at),
					  .piece = walk->part->data.pieces.length };
}

/* The call-tree node of `function` below `parent`, made when new; 0: out of memory. */
static uint32_t child_of(ptm_fast_walk *walk, uint32_t parent, uint32_t function)
{
	uint32_t length = walk->part->tree.nodes.length, child = ptm_walk_child(walk, parent, function);

	if (ptm_walk_is_child(walk, child, parent, function))
		return child;
	if (ptm_part_child(walk->part, parent, function, &child) != PTM_OK) {
		walk->status = PTM_NO_MEMORY;
		return 0;
	}
	walk->tree = walk->part->tree.nodes.at;
	walk->has_made = walk->part->tree.nodes.length > length;
	return child;
}

static bool has_room(ptm_fast_walk *walk, uint32_t more)
{
	ptm_part *part = walk->part;
	uint32_t length = (uint32_t)(walk->frame - part->stack.at) + 1;

	if (walk->last_frame - walk->frame >= (ptrdiff_t)more)
		return true;
	if (length + more > PTM_STACK_DEPTH)
		return false;
	part->stack.length = length;
	if (ptm_array_reserve(&part->stack, more) != PTM_OK) {
		walk->status = PTM_NO_MEMORY;
		return false;
	}
	uint32_t room = part->stack.capacity < PTM_STACK_DEPTH ? part->stack.capacity : PTM_STACK_DEPTH;
	walk->frame = part->stack.at + length - 1;
	walk->last_frame = part->stack.at + room - 1;
	return true;
}

/* There is room. */
static void push(ptm_fast_walk *walk, uint64_t return_ip, uint32_t function, bool is_odd)
{
	uint32_t child = child_of(walk, walk->frame->node, function);
	walk->frame = ptm_walk_push(walk, walk->frame, child, return_ip, function, is_odd ? PTM_FRAME_ODD : 0);
}

/* Another function takes the place of the frame on top, which is not the base. */
static void replace(ptm_fast_walk *walk, uint32_t function)
{
	ptm_frame *top = walk->frame;

	ptm_walk_keep(walk, top);
	walk->replaced = *top;
	uint32_t child = child_of(walk, walk->tree[top->node].parent, function);
	walk->tree[child].calls++;
	top->start_ns = walk->now_ns;
	top->start_instructions = walk->piece_base + walk->counted;
	top->function = function;
	top->node = child;
	top->flags = 0;
}

static bool is_base(const ptm_frame *frame)
{
	return frame->flags & PTM_FRAME_BASE;
}

/* Whether a change of the stack is one of those that need no look at what came before. */
static bool can_change(ptm_fast_walk *walk, uint32_t kind, const ptm_node_code *from, const ptm_node_code *to, uint32_t calls)
{
	bool base = !calls && is_base(walk->frame);
	switch (kind) {
	case PTM_CACHED_RETURN: return !calls && !base && walk->frame->return_ip == to->ip;
	case PTM_CACHED_CALL: return to->ip != from->next_ip && has_room(walk, calls + 1);
	case PTM_CACHED_TAKEN: return !base;
	case PTM_CACHED_JUMP: return !base && (to->is_entry || to->is_nameless);
	default: return true;
	}
}

/* Changes the stack as the last decision does, up to which all is charged. */
static void change(ptm_fast_walk *walk, uint32_t kind, const ptm_node_code *from, const ptm_node_code *to)
{
	walk->has_made = false;
	walk->change = (uint8_t)kind;
	walk->change_at = walk->counted;
	walk->change_packet = walk->at_packet;
	switch (kind) {
	case PTM_CACHED_RETURN:
		ptm_walk_keep(walk, walk->frame);
		walk->frame--;
		break;
	case PTM_CACHED_CALL:
		push(walk, from->next_ip, to->function, to->is_inside && to->function == from->last_function);
		break;
	default:
		replace(walk, to->function);
		break;
	}
}

/* ----------------------------------------------------------------- paths -- */

/* Whether the calls and moves on the path of a node can be taken; stores how many calls they are. */
static bool can_pass_ops(ptm_fast_walk *walk, const ptm_node_code *code, uint32_t *calls)
{
	*calls = 0;
	for (uint32_t i = 0; i < code->op_count; i++) {
		if (walk->ops[code->first_op + i].is_call)
			++*calls;
		else if (!*calls && is_base(walk->frame))
			return false;
	}
	return has_room(walk, *calls);
}

static void pass_ops(ptm_fast_walk *walk, const ptm_node_code *code)
{
	for (uint32_t i = 0; i < code->op_count; i++) {
		const ptm_node_op *op = &walk->ops[code->first_op + i];
		ptm_walk_charge(walk, walk->frame, walk->at + op->instructions);
		if (op->is_call) {
			ptm_cached_push_return(walk->cached, op->return_ip, op->return_to, code->first_op + i + 1);
			push(walk, op->return_ip, op->function, op->is_odd);
		} else {
			replace(walk, op->function);
		}
	}
}

/* The present node is counted for the first time; `start`: where its path starts. */
static void meet(ptm_fast_walk *walk, uint32_t start)
{
	ptm_cached_event event = { PTM_CACHED_FIRST << 24 | (uint32_t)(walk->node - walk->nodes), start, 0, 0 };

	ptm_walk_tell_time(walk);
	walk->part->data.instructions = walk->part_base + start;
	if (ptm_part_tell(walk->part, walk->graph, &walk->cached->batch, &event, walk->cached->flow->now_ns) != PTM_OK)
		walk->status = PTM_NO_MEMORY;
}

/* What lies on the way to the decision at the end of the present node, and the decision's time. */
static void pass_path(ptm_fast_walk *walk, const ptm_node_code *code, uint32_t taken)
{
	ptm_node *node = walk->node;
	bool special = ptm_walk_tag(walk) > PTM_TAG_PLAIN;

	if (!(node->count[0] | node->count[1]))
		meet(walk, special ? walk->at : walk->at - code->instructions);
	node->count[taken]++;
	if (special) {
		pass_ops(walk, code);
		walk->at += code->instructions;
	}
	if (walk->dirty)
		ptm_walk_latch(walk, node, walk->frame, walk->at);
	walk->last = (uint32_t)(node - walk->nodes) << 1 | taken;
	ptm_cached_log_edge(walk->cached, walk->last >> 1, taken);
}

static void arrive(ptm_fast_walk *walk, uint32_t row)
{
	uint32_t tag = walk->codes[row].tag;

	walk->node = walk->nodes + row;
	walk->edge = row << 8 | tag;
	if (tag <= PTM_TAG_PLAIN)
		walk->at += tag;
}

/* ------------------------------------------------------------------ time -- */

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

void ptm_walk_share_cycles(ptm_fast_walk *walk, const ptm_frame *frame, uint32_t at, uint32_t cycles)
{
	ptm_walk_charge(walk, frame, at);
	ptm_walk_flush_measured(walk);
	walk->measures = true;
	ptm_part_share_cycles(walk->part, cycles);
}

void ptm_walk_tell_time(ptm_fast_walk *walk)
{
	ptm_steady *steady = &walk->steady;
	ptm_pt_flow *flow = walk->cached->flow;
	ptm_clock *clock = &flow->clock;
	uint64_t cycles = steady->count - clock->cyc_count;

	if (!steady->latches)
		return;
	clock->cyc_count = steady->count;
	clock->cycles += cycles;
	clock->cycles_told = clock->cycles;
	clock->cycles_sampled = false;
	clock->instructions = 0;
	clock->moves += steady->latches;
	clock->tsc = flow->now_tsc = flow->latched_tsc = steady->tsc;
	flow->now_ns = steady->ns;
	flow->latched_cycles = clock->cycles;
	flow->measured_instructions = flow->instructions + steady->measured_at;
	walk->part->last.time_ns = walk->now_ns;
	walk->part->run.run.cycles += cycles;
	walk->part->run.run.on_ns += steady->on_ns;
	ptm_walk_moved(walk, steady->moved_edge, steady->moved_at);
	steady->latches = 0;
	steady->on_ns = 0;
}

/* The clock's time, `ns`, is later than the flow's: up to there it is charged. */
static inline void pass_time(ptm_fast_walk *walk, ptm_node_cost *cost, const ptm_frame *frame, uint64_t ns)
{
	ptm_pt_flow *flow = walk->cached->flow;
	uint64_t passed = ns > flow->now_ns ? ns - flow->now_ns : 0;

	flow->now_tsc = flow->clock.tsc;
	flow->now_ns = ns;
	cost->ns += passed;
	walk->tree[frame->node].self_ns += passed;
	walk->part->run.run.on_ns += passed;
}

/* The part is as late as the flow. */
static inline void keep_time(ptm_fast_walk *walk)
{
	uint64_t ns = walk->cached->flow->now_ns;
	if (walk->part->last.time_ns < ns)
		walk->now_ns = walk->part->last.time_ns = ns;
}

/* The last measurement is taken over, `at` instructions into the batch: up to the next MTC, what CYC packets tell is the same
 * few operations, unless it becomes odd. */
static void settle(ptm_fast_walk *walk, uint32_t at)
{
	const ptm_pt_flow *flow = walk->cached->flow;
	const ptm_clock *clock = &flow->clock;
	const ptm_time *time = &flow->config.time;
	uint64_t left = flow->context.until_tsc - clock->tsc, ticks = left < 1u << 30 ? left : 1u << 30;
	double scale = clock->have_cycles_to_tsc ? clock->cycles_to_tsc : clock->cbr ? clock->cbr_cycles_to_tsc : 0;
	bool is_usual = time->shift <= 32 && time->mult <= UINT32_MAX && clock->cyc_reference < 1ull << 62;

	walk->steady.until = 0;
	if (walk->sparse || !clock->counting || !clock->cyc_reference || clock->tsc != flow->now_tsc || !is_usual || !(scale > 0x1p-8 && scale < 0x1p8))
		return;
	if (ticks <= 2 || ptm_time_ns(time, clock->tsc + ticks) - flow->now_ns >= LARGE)
		return;
	uint64_t below = (1ull << time->shift) - 1;
	walk->steady = (ptm_steady){
		.until = clock->cyc_count + (uint64_t)((double)(int64_t)(ticks - 2) / scale) + 1, .count = clock->cyc_count,
		.tsc = clock->tsc, .ns = flow->now_ns, .reference = ptm_clock_double(clock->cyc_reference), .scale = scale,
		.base_tsc = clock->tsc, .base_ns = ptm_time_ns(time, clock->tsc), .base_rest = (clock->tsc & below) * time->mult & below,
		.mult = time->mult, .shift = (uint32_t)time->shift, .measured_at = at,
	};
}

void ptm_walk_latch(ptm_fast_walk *walk, const ptm_node *node, const ptm_frame *frame, uint32_t at)
{
	ptm_pt_flow *flow = walk->cached->flow;
	ptm_clock *clock = &flow->clock;
	ptm_node_cost *cost = &walk->costs[node - walk->nodes];

	if (walk->has_cyc) {
		ptm_walk_latch_steady(walk, cost, frame, at);
		return;
	}
	const bool is_measured = clock->cycles_sampled && clock->have_cyc, is_later = clock->tsc > flow->now_tsc;
	const bool passes = is_later && walk->next_ns > flow->now_ns;
	walk->dirty = false;
	flow->latched_tsc = clock->tsc;
	if (clock->cycles_sampled)
		flow->latched_cycles = clock->cycles;
	clock->cycles_sampled = false;
	if (is_measured) {
		uint32_t cycles = ptm_cached_measure(flow, cost, at);
		walk->part->run.run.cycles += cycles;
		ptm_walk_share_cycles(walk, frame, at, cycles);
	} else if (passes) {
		ptm_walk_charge(walk, frame, at);
	}
	if (is_later)
		pass_time(walk, cost, frame, walk->next_ns);
	if (is_measured || passes)
		keep_time(walk);
	if (is_measured)
		settle(walk, at);
}

/* ------------------------------------------------------------- decisions -- */

/* A decision that is known to lead to `row` and to be none of the slow path's, and how it changes the stack (0: not). */
static void decide(ptm_fast_walk *walk, const ptm_node_code *code, uint32_t taken, uint32_t row, uint32_t kind)
{
	const ptm_node_code *to = &walk->codes[row];
	uint32_t from = (uint32_t)(walk->node - walk->nodes);

	pass_path(walk, code, taken);
	if (kind == PTM_CACHED_CALL)
		ptm_cached_push_return(walk->cached, code->next_ip, walk->nodes[from].to[1], from | PTM_CACHED_CALLER);
	if (kind) {
		ptm_walk_charge(walk, walk->frame, walk->at);
		change(walk, kind, code, to);
	}
	arrive(walk, row);
}

static bool pass_branch(ptm_fast_walk *walk, const ptm_node_code *code, uint32_t taken)
{
	uint32_t edge = walk->node->to[taken], row = ptm_edge_row(edge), calls;
	ptm_node *node = walk->node;
	uint32_t kind = edge & PTM_EDGE_REPLACES ? PTM_CACHED_TAKEN : 0;

	if (!edge || !can_pass_ops(walk, code, &calls) || !can_change(walk, kind, code, &walk->codes[row], calls))
		return false;
	decide(walk, code, taken, row, kind);
	if (edge & PTM_EDGE_UNMET)
		node->to[taken] = ptm_graph_met(walk->graph, edge);
	return true;
}

/* The node to which the newest entry of the return stack, `ip`, leads; 0: to be found out. */
static uint32_t returns_to(ptm_fast_walk *walk, uint64_t ip)
{
	uint32_t place = (walk->returns->top - 1) % PTM_RETURN_STACK_DEPTH, row = walk->cached->return_to[place] >> 8;

	if (!row && (row = ptm_graph_look(walk->graph, ip)))
		ptm_cached_let_know(walk->cached, walk->cached->returner[place], row);
	return row;
}

/* Whether a return can be taken at the end of a path: one with calls may return from these, and then the stack before holds nothing of interest. */
static bool can_return(ptm_fast_walk *walk, const ptm_node_code *code, uint32_t row)
{
	uint32_t calls;
	return row && can_pass_ops(walk, code, &calls) && !calls && can_change(walk, PTM_CACHED_RETURN, code, &walk->codes[row], 0);
}

static void pop_return(ptm_return_stack *returns)
{
	if (!returns->depth)
		return;
	returns->top--;
	returns->depth--;
}

bool ptm_walk_bit(ptm_fast_walk *walk, uint32_t taken)
{
	const ptm_node_code *code = &walk->codes[walk->node - walk->nodes];
	ptm_return_stack *returns = walk->returns;

	if (code->kind == PTM_NODE_BRANCH)
		return pass_branch(walk, code, taken);
	if (code->kind != PTM_NODE_RETURN || !taken || !returns->depth || !walk->compresses)
		return false;
	uint32_t row = returns_to(walk, ptm_return_stack_top(returns));
	if (!can_return(walk, code, row))
		return false;
	pop_return(returns);
	decide(walk, code, 1, row, PTM_CACHED_RETURN);
	return true;
}

static bool pass_return(ptm_fast_walk *walk, const ptm_node_code *code, uint64_t ip)
{
	ptm_return_stack *returns = walk->returns;
	uint32_t row = returns->depth && ptm_return_stack_top(returns) == ip ? returns_to(walk, ip) : ptm_graph_look(walk->graph, ip);

	if (!can_return(walk, code, row))
		return false;
	pop_return(returns);
	decide(walk, code, 1, row, PTM_CACHED_RETURN);
	return true;
}

static bool pass_indirect(ptm_fast_walk *walk, const ptm_node_code *code, uint64_t ip)
{
	uint32_t row = walk->node->to[0] >> 8, calls;

	if (!row || walk->codes[row].ip != ip)
		row = ptm_graph_look(walk->graph, ip);
	uint32_t kind = code->kind == PTM_NODE_CALL ? PTM_CACHED_CALL : code->last_function != walk->codes[row].function ? PTM_CACHED_JUMP : 0;
	if (!row || !can_pass_ops(walk, code, &calls) || !can_change(walk, kind, code, &walk->codes[row], calls))
		return false;
	walk->node->to[0] = ptm_graph_edge(walk->graph, row);
	decide(walk, code, 1, row, kind);
	return true;
}

bool ptm_walk_tip(ptm_fast_walk *walk, uint64_t ip)
{
	const ptm_node_code *code = &walk->codes[walk->node - walk->nodes];
	bool passed = code->kind == PTM_NODE_RETURN ? pass_return(walk, code, ip) :
		      code->kind == PTM_NODE_JUMP || code->kind == PTM_NODE_CALL ? pass_indirect(walk, code, ip) : false;

	if (passed)
		walk->last_ip = ip;
	return passed;
}

/* ------------------------------------------------------------ begin, end -- */

bool ptm_walk_resume(ptm_fast_walk *walk, const ptm_cached_event *event, const uint8_t *from)
{
	const ptm_node_code *code = &walk->codes[event->what & 0xffffff], *to = &walk->codes[event->a];

	if (!can_change(walk, event->what >> 24, code, to, 0))
		return false;
	walk->at_packet = from + (int32_t)event->b;
	change(walk, event->what >> 24, code, to);
	return true;
}

/* Nothing followed the last decision, which changed the stack: it does not count yet. */
static void take_back(ptm_fast_walk *walk)
{
	uint32_t child = walk->frame->node;
	ptm_call_tree *tree = &walk->part->tree;

	if (walk->has_pending && walk->pending_at == walk->change_at)
		walk->has_pending = false;
	if (walk->change == PTM_CACHED_RETURN) {
		walk->frame++;
		return;
	}
	walk->tree[child].calls--;
	if (walk->has_made) {
		*ptm_part_memo(walk->part, tree->nodes.at[child].parent, tree->nodes.at[child].function) = 0;
		ptm_call_tree_forget_last(tree);
	}
	if (walk->change == PTM_CACHED_CALL)
		walk->frame--;
	else
		*walk->frame = walk->replaced;
}

void ptm_walk_end(ptm_fast_walk *walk, const uint8_t *from)
{
	ptm_cached *cached = walk->cached;

	ptm_walk_flush_cyc(walk);
	ptm_walk_tell_time(walk);
	cached->node = (uint32_t)(walk->node - walk->nodes);
	cached->at = walk->at;
	cached->last = walk->last;
	cached->special = ptm_walk_tag(walk) > PTM_TAG_PLAIN;
	cached->dirty = walk->dirty;
	cached->flow->last_ip = walk->last_ip;
	uint32_t executed = ptm_cached_executed(cached);
	ptm_walk_charge(walk, walk->frame, executed);
	cached->length = cached->batch.length = 0;
	if (walk->change && walk->change_at == executed) {
		take_back(walk);
		cached->events[cached->length++] = (ptm_cached_event){ (uint32_t)walk->change << 24 | walk->last >> 1, executed, cached->node,
								       (uint32_t)(walk->change_packet - from) };
	}
	commit_pending(walk);
	ptm_walk_flush_measured(walk);
	ptm_walk_give(walk);
	ptm_cached_end(cached);
}
