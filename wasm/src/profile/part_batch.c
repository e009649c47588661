/* SPDX-License-Identifier: Apache-2.0 */
/* Takes what the fast path tells into a part: the same answer as visit by visit.
 * Counts of edges become counts of blocks at the end of a run, or of the part. */
#include "profile/part_stack.h"

/* One batch being taken in. */
typedef struct taking {
	ptm_part *part;
	ptm_graph *graph;
	const ptm_cached_batch *batch;
	uint64_t now_ns;         /* the flow's time */
	uint32_t counted;        /* instructions of the batch that the part knows of */
} taking;

/* The instructions up to `at` belong to the frame on top. */
static inline void count_up_to(taking *taking, uint32_t at)
{
	ptm_part *part = taking->part;
	uint32_t more = at - taking->counted;
	if (!more)
		return;
	uint32_t node = ptm_part_top(part)->node;
	taking->counted = at;
	part->tree.nodes.at[node].self_instructions += more;
	part->piece.instructions += more;
	part->data.instructions += more;
	ptm_part_note_measured(part, node, more);
}

/* Sets how and where the last visit ended: as in part.c. */
static void depart(ptm_part *part, uint32_t block_row, uint8_t end, uint64_t to_ip, uint64_t offset)
{
	const ptm_block *block = &part->blocks->blocks.at[block_row];
	part->last.to_ip = to_ip;
	part->last.offset = offset;
	part->last.function = block->function;
	part->last.end = end;
	part->last_next_ip = block->ip + block->size;
	part->last_block = block_row;
	part->last_instructions = block->instructions;
}

static uint32_t first_row(const ptm_graph *graph, uint32_t node)
{
	return graph->rows.at[graph->codes[node].first_block];
}

static uint32_t last_row(const ptm_graph *graph, uint32_t node)
{
	const ptm_node_code *code = &graph->codes[node];
	return graph->rows.at[code->first_block + code->block_count - 1];
}

/* The whole decision about the stack, as for a visit of `row` that comes next. */
static ptm_status step(taking *taking, uint32_t row, bool resumed)
{
	ptm_part *part = taking->part;
	ptm_item item = { .kind = PTM_ITEM_VISIT, .block = row, .thread = taking->batch->thread,
			  .start_ns = taking->now_ns, .resumed = resumed };
	PTM_TRY(ptm_part_step(part, &item, &part->blocks->blocks.at[row]));
	if (part->last.time_ns < taking->now_ns)
		part->last.time_ns = taking->now_ns;
	return PTM_OK;
}

/* The path of `node` starts: makes counters for the blocks that have none yet, in order. */
static ptm_status meet_blocks(taking *taking, uint32_t node, uint32_t at)
{
	ptm_part *part = taking->part;
	const ptm_node_code *code = &taking->graph->codes[node];
	uint64_t instruction = part->data.instructions + (at - taking->counted);

	for (uint32_t i = 0; i < code->block_count; i++) {
		uint32_t row = taking->graph->rows.at[code->first_block + i];
		ptm_block_stat *stat;
		PTM_TRY(ptm_block_stats_find(&part->stats, row, &stat));
		if (stat->first_ns == UINT64_MAX) {
			stat->first_ns = taking->now_ns;
			stat->first_instruction = instruction;
			stat->first_segment = part->data.segment;
		}
		instruction += part->blocks->blocks.at[row].instructions;
	}
	return PTM_OK;
}

static ptm_status enter(taking *taking, const ptm_cached_event *event, uint32_t node)
{
	ptm_part *part = taking->part;
	ptm_block_stat *stat;
	uint32_t row = first_row(taking->graph, node);

	PTM_TRY(step(taking, row, event->a));
	if (!event->a)
		return PTM_OK;
	/* That block was entered by a visit before: it must not count twice. */
	PTM_TRY(meet_blocks(taking, node, event->at));
	PTM_TRY(ptm_block_stats_find(&part->stats, row, &stat));
	stat->visits--;
	return PTM_OK;
}

static inline void pass_time(taking *taking, const ptm_cached_event *event)
{
	ptm_part *part = taking->part;

	part->tree.nodes.at[ptm_part_top(part)->node].self_ns += event->a;
	part->run.run.on_ns += event->a;
	taking->now_ns += event->a;
	if (part->last.time_ns < taking->now_ns)
		part->last.time_ns = taking->now_ns;
}

static ptm_status call(taking *taking, uint32_t from, uint32_t to, uint64_t to_ip, uint64_t offset)
{
	ptm_part *part = taking->part;
	const ptm_block *caller = &part->blocks->blocks.at[from], *callee = &part->blocks->blocks.at[to];

	bool is_odd = callee->function_offset && callee->function == caller->function;
	if (callee->ip == caller->ip + caller->size || part->stack.length >= PTM_STACK_DEPTH) {
		depart(part, from, PTM_END_CALL, to_ip, offset);
		return step(taking, to, false);
	}
	ptm_frame frame = { .return_ip = caller->ip + caller->size, .start_ns = part->last.time_ns,
			    .start_instructions = part->piece.instructions, .function = callee->function,
			    .flags = is_odd ? PTM_FRAME_ODD : 0 };
	return ptm_part_push(part, &frame);
}

static inline ptm_status take_op(taking *taking, const ptm_cached_event *event, uint32_t row)
{
	const ptm_node_op *op = &taking->graph->ops.at[row];
	ptm_part *part = taking->part;

	if (!op->is_call)
		return ptm_part_replace(part, op->function, part->last.time_ns);
	if (op->is_entry && part->stack.length < PTM_STACK_DEPTH) {
		ptm_frame frame = { .return_ip = op->return_ip, .start_ns = part->last.time_ns,
				    .start_instructions = part->piece.instructions, .function = op->function };
		return ptm_part_push(part, &frame);
	}
	uint64_t to_ip = part->blocks->blocks.at[op->to].ip;
	return call(taking, op->from, op->to, to_ip, taking->batch->offset + (uint64_t)(int32_t)event->b);
}

/* An indirect call from the end of `node`. */
static ptm_status call_indirect(taking *taking, const ptm_cached_event *event, uint32_t node)
{
	const ptm_node_code *from = &taking->graph->codes[node], *to = &taking->graph->codes[event->a];
	ptm_part *part = taking->part;

	if (!to->is_entry || to->ip == from->next_ip || part->stack.length >= PTM_STACK_DEPTH)
		return call(taking, last_row(taking->graph, node), first_row(taking->graph, event->a), to->ip,
			taking->batch->offset + (uint64_t)(int32_t)event->b);
	ptm_frame frame = { .return_ip = from->next_ip, .start_ns = part->last.time_ns, .start_instructions = part->piece.instructions,
			    .function = to->function };
	return ptm_part_push(part, &frame);
}

/* The end of `node`, which is no plain branch, leads to another node. */
static ptm_status lead_on(taking *taking, const ptm_cached_event *event, uint32_t node)
{
	ptm_part *part = taking->part;
	ptm_graph *graph = taking->graph;
	const ptm_node_code *to = &graph->codes[event->a];
	uint64_t offset = taking->batch->offset + (uint64_t)(int32_t)event->b;

	switch (event->what >> 24) {
	case PTM_CACHED_RETURN:
		if (part->stack.length > 1 && ptm_part_top(part)->return_ip == to->ip)
			return ptm_part_pop(part, 1);
		depart(part, last_row(graph, node), PTM_END_RETURN, to->ip, offset);
		break;
	case PTM_CACHED_TAKEN:
		return ptm_part_replace(part, to->function, part->last.time_ns);
	default:
		if (to->is_entry)
			return ptm_part_replace(part, to->function, part->last.time_ns);
		depart(part, last_row(graph, node), PTM_END_JUMP, to->ip, offset);
		break;
	}
	return step(taking, first_row(graph, event->a), false);
}

static void measure(taking *taking, uint32_t cycles)
{
	ptm_part *part = taking->part;

	ptm_part_share_cycles(part, cycles);
	part->run.run.cycles += cycles;
}

static inline ptm_status take(taking *taking, const ptm_cached_event *event)
{
	uint32_t row = event->what & 0xffffff, kind = event->what >> 24;

	if (kind == PTM_CACHED_FIRST) {
		PTM_TRY(ptm_array_push(&taking->graph->touched, row));
		return meet_blocks(taking, row, event->at);
	}
	if (kind == PTM_CACHED_ENTER)
		return enter(taking, event, row);
	count_up_to(taking, event->at);
	switch (kind) {
	case PTM_CACHED_TIME:
		pass_time(taking, event);
		return PTM_OK;
	case PTM_CACHED_CYCLES:
		pass_time(taking, event);
		measure(taking, event->b);
		return PTM_OK;
	case PTM_CACHED_OP:
		return take_op(taking, event, row);
	case PTM_CACHED_CALL:
		return call_indirect(taking, event, row);
	default:
		return lead_on(taking, event, row);
	}
}

ptm_status ptm_part_tell(ptm_part *part, ptm_graph *graph, const ptm_cached_batch *batch, const ptm_cached_event *event, uint64_t now_ns)
{
	taking taking = { .part = part, .graph = graph, .batch = batch, .now_ns = now_ns, .counted = event->at };
	return take(&taking, event);
}

ptm_status ptm_part_add_batch(ptm_part *part, ptm_graph *graph, const ptm_cached_batch *batch)
{
	taking taking = { .part = part, .graph = graph, .batch = batch, .now_ns = batch->start_ns };

	part->graph = graph;
	for (uint32_t i = 0; i < batch->length; i++)
		PTM_TRY(take(&taking, &batch->events[i]));
	count_up_to(&taking, batch->instructions);
	if (batch->left && batch->leave.decided)
		depart(part, last_row(graph, batch->leave.node), batch->leave.end, batch->leave.to_ip, batch->leave.offset);
	return PTM_OK;
}

void ptm_part_before_entry(ptm_part *part, uint32_t thread)
{
	/* A run may end there: what is counted so far belongs to it. */
	if (part->is_switched || part->piece.thread != thread)
		ptm_part_flush(part);
}

/* Tells the counts of one node to the blocks on its path. Returns how many branches those are. */
static uint64_t flush_node(ptm_part *part, ptm_graph *graph, uint32_t row)
{
	const ptm_node_code *code = &graph->codes[row];
	ptm_node *node = &graph->nodes[row];
	ptm_node_cost *cost = &graph->costs[row];
	uint64_t passed = node->count[0], taken = node->count[1], count = passed + taken, branches = 0;
	ptm_block_stat *stat = NULL;
	bool resumed = false, is_branch = false;

	node->count[0] = node->count[1] = 0;
	for (uint32_t i = 0; i < code->block_count; i++) {
		uint32_t block_row = graph->rows.at[code->first_block + i];
		const ptm_block *block = &part->blocks->blocks.at[block_row];
		bool is_last = i + 1 == code->block_count;
		is_branch = block->class != PTM_INSN_OTHER;
		stat = &part->stats.stats.at[part->stats.rows[block_row] - 1];
		stat->visits += resumed ? 0 : count;
		stat->instructions += count * block->instructions;
		stat->taken += !is_branch ? 0 : is_last ? taken : count;
		branches += is_branch ? count : 0;
		resumed = !is_branch;
	}
	if (code->kind == PTM_NODE_BRANCH) {
		for (uint32_t side = 0; side < 2; side++)
			node->to[side] = node->to[side] ? (node->to[side] & ~255u) | PTM_EDGE_UNMET : 0;
	}
	if (!stat)
		return branches;
	if (code->kind == PTM_NODE_BRANCH)
		stat->not_taken += passed;
	/* What measurements charged to the block that ends it. */
	stat->ns += cost->ns;
	stat->cycles += cost->cycles;
	stat->cycle_visits += cost->cycle_visits;
	stat->cycle_instructions += cost->cycle_instructions;
	*cost = (ptm_node_cost){ 0 };
	return branches;
}

void ptm_part_flush(ptm_part *part)
{
	ptm_graph *graph = part->graph;

	if (!graph)
		return;
	ptm_graph_flush_runs(graph);
	for (uint32_t i = 0; i < graph->touched.length; i++)
		part->run.run.branches += flush_node(part, graph, graph->touched.at[i]);
	graph->touched.length = 0;
}
