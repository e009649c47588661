/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path's decisions in any state, one by one: the first ones after the flow was
 * taken over, edges that are not known yet, returns whose place is not known.
 * The frequent ones are in pt_cached_packets.c. */
#include "flow/pt_cached_state.h"

#define LARGE (1u << 31)

bool ptm_cached_is_odd_time(const ptm_cached *cached, uint32_t at)
{
	const ptm_pt_flow *flow = cached->flow;
	const ptm_clock *clock = &flow->clock;
	if (clock->tsc >= flow->context.until_tsc ||
	    (clock->tsc > flow->now_tsc && ptm_time_ns(&flow->config.time, clock->tsc) - flow->now_ns >= LARGE))
		return true;
	return clock->have_cyc && clock->cycles_sampled && (clock->cycles - clock->cycles_told >= LARGE ||
		flow->instructions + at - flow->measured_instructions >= LARGE);
}

void ptm_cached_latch(ptm_cached *cached, uint32_t row, uint32_t at)
{
	ptm_pt_flow *flow = cached->flow;
	ptm_clock *clock = &flow->clock;
	ptm_node_cost *cost = &cached->graph->costs[row];
	uint64_t ns = flow->now_ns;

	cached->dirty = false;
	flow->latched_tsc = clock->tsc;
	if (clock->tsc > flow->now_tsc) {
		flow->now_tsc = clock->tsc;
		flow->now_ns = ptm_time_ns(&flow->config.time, clock->tsc);
	}
	uint32_t passed = flow->now_ns > ns ? (uint32_t)(flow->now_ns - ns) : 0;
	cost->ns += passed;
	if (!clock->cycles_sampled || !clock->have_cyc) {
		if (clock->cycles_sampled)
			flow->latched_cycles = clock->cycles;
		clock->cycles_sampled = false;
		if (passed)
			ptm_cached_tell(cached, PTM_CACHED_TIME, row, at, passed, 0);
		return;
	}
	clock->cycles_sampled = false;
	flow->latched_cycles = clock->cycles;
	uint32_t cycles = ptm_cached_measure(flow, cost, at);
	ptm_cached_tell(cached, PTM_CACHED_CYCLES, row, at, passed, cycles);
}

void ptm_cached_let_know(ptm_cached *cached, uint32_t returner, uint32_t node)
{
	if (returner & PTM_CACHED_CALLER)
		cached->graph->nodes[returner & ~PTM_CACHED_CALLER].to[1] = ptm_graph_edge(cached->graph, node);
	else if (returner)
		cached->graph->ops.at[returner - 1].return_to = ptm_graph_edge(cached->graph, node);
}

/* Pops the return stack and stores the node at `ip`, to which control returns. */
static ptm_status pop_return(ptm_cached *cached, uint64_t ip, uint32_t *node)
{
	uint32_t place = (cached->flow->returns.top - 1) % PTM_RETURN_STACK_DEPTH;
	bool is_top = cached->flow->returns.depth && cached->flow->returns.at[place] == ip;
	*node = is_top ? cached->return_to[place] >> 8 : 0;
	if (!*node) {
		PTM_TRY(ptm_graph_find(cached->graph, ip, node));
		if (is_top)
			ptm_cached_let_know(cached, cached->returner[place], *node);
	}
	(void)ptm_return_stack_pop(&cached->flow->returns);
	return PTM_OK;
}

void ptm_cached_arrive(ptm_cached *cached, uint32_t row)
{
	uint32_t tag = cached->graph->codes[row].tag;
	cached->node = row;
	cached->special = tag > PTM_TAG_PLAIN;
	cached->at += cached->special ? 0 : tag;
}

static uint32_t delta_of(const ptm_cached *cached)
{
	return (uint32_t)(cached->packet_offset - cached->batch.offset);
}

/* What every decision does before it leads on: at the end of the present node's path. */
static void decide(ptm_cached *cached, uint32_t taken)
{
	ptm_graph *graph = cached->graph;
	uint32_t row = cached->node;
	const ptm_node_code *code = &graph->codes[row];
	ptm_node *node = &graph->nodes[row];
	uint32_t start = ptm_cached_executed(cached);

	if (cached->fresh)
		ptm_cached_tell(cached, PTM_CACHED_ENTER, row, start, cached->flow->resumed, 0);
	cached->fresh = cached->flow->resumed = false;
	cached->flow->loop_count = 0;
	if (!(node->count[0] | node->count[1]))
		ptm_cached_tell(cached, PTM_CACHED_FIRST, row, start, 0, 0);
	node->count[taken]++;
	if (node->to[taken] & PTM_EDGE_UNMET)
		node->to[taken] = ptm_graph_met(graph, node->to[taken]);
	if (cached->special) {
		ptm_cached_walk_path(cached, code, cached->at, delta_of(cached));
		cached->at += code->instructions;
	}
	if (cached->dirty)
		ptm_cached_latch(cached, row, cached->at);
	cached->last = row << 1 | taken;
	ptm_cached_log_edge(cached, row, taken);
}

/* From a BRANCH. */
static ptm_went branch_on(ptm_cached *cached, uint32_t row, uint32_t taken)
{
	ptm_graph *graph = cached->graph;
	if (!graph->nodes[row].to[taken] && ptm_graph_resolve(graph, row, taken) != PTM_OK)
		return PTM_WENT_WRONG;
	uint32_t edge = graph->nodes[row].to[taken], target = ptm_edge_row(edge);
	if (edge & PTM_EDGE_REPLACES)
		ptm_cached_tell(cached, PTM_CACHED_TAKEN, row, cached->at, target, delta_of(cached));
	ptm_cached_arrive(cached, target);
	return PTM_WENT_ON;
}

/* Uses up one TNT bit. */
static ptm_went take_bit(ptm_cached *cached, uint32_t taken)
{
	ptm_graph *graph = cached->graph;
	uint32_t row = cached->node, target;
	const ptm_node_code *code = &graph->codes[row];
	ptm_pt_flow *flow = cached->flow;

	if (cached->dirty && ptm_cached_is_odd_time(cached, cached->at))
		return PTM_WENT_OUT;
	if (code->kind == PTM_NODE_BRANCH) {
		decide(cached, taken);
		return branch_on(cached, row, taken);
	}
	if (code->kind != PTM_NODE_RETURN || !taken || !flow->config.return_compression)
		return PTM_WENT_OUT;
	uint32_t calls = 0;
	for (uint32_t i = 0; i < code->op_count; i++)
		calls += graph->ops.at[code->first_op + i].is_call;
	if (!flow->returns.depth && !calls)
		return PTM_WENT_OUT;
	decide(cached, 1);
	uint64_t ip = flow->returns.at[(flow->returns.top - 1) % PTM_RETURN_STACK_DEPTH];
	if (pop_return(cached, ip, &target) != PTM_OK)
		return PTM_WENT_WRONG;
	ptm_cached_tell(cached, PTM_CACHED_RETURN, row, cached->at, target, delta_of(cached));
	ptm_cached_arrive(cached, target);
	return PTM_WENT_ON;
}

static ptm_went walk_bits(ptm_cached *cached)
{
	ptm_went went = PTM_WENT_ON;

	while (cached->bits_left && went == PTM_WENT_ON) {
		went = take_bit(cached, (uint32_t)(cached->bits >> 63));
		if (went == PTM_WENT_ON) {
			cached->bits <<= 1;
			cached->bits_left--;
		}
	}
	return went;
}

bool ptm_cached_waits_for_tip(const ptm_cached *cached)
{
	uint8_t kind = cached->graph->codes[cached->node].kind;
	return kind == PTM_NODE_JUMP || kind == PTM_NODE_CALL;
}

ptm_went ptm_cached_take_rest(ptm_cached *cached)
{
	ptm_went went = walk_bits(cached);
	return went != PTM_WENT_OUT ? went : ptm_cached_waits_for_tip(cached) ? PTM_WENT_ON : PTM_WENT_HALF;
}

ptm_went ptm_cached_take_tnt(ptm_cached *cached, uint64_t payload, uint32_t count, uint64_t offset)
{
	uint64_t before = cached->packet_offset, last_before = cached->last_offset;

	if (cached->bits_left)
		return PTM_WENT_OUT;
	cached->packet_offset = cached->last_offset = offset;
	cached->bits = payload << (64 - count);
	cached->bits_left = count;
	ptm_went went = walk_bits(cached);
	if (went == PTM_WENT_ON)
		return went;
	if (cached->bits_left == count)
		cached->last_offset = last_before;
	if (went == PTM_WENT_OUT && ptm_cached_waits_for_tip(cached))
		return PTM_WENT_ON;
	if (went == PTM_WENT_OUT && cached->bits_left < count)
		return PTM_WENT_HALF;
	cached->packet_offset = before;
	cached->bits_left = 0;
	return went;
}

/* The node where a TIP leads from the present one. */
static ptm_status find_target(ptm_cached *cached, const ptm_node_code *code, uint64_t ip, uint32_t *target)
{
	ptm_graph *graph = cached->graph;
	uint32_t row = cached->node, known = graph->nodes[row].to[0] >> 8;

	if (code->kind == PTM_NODE_RETURN)
		return pop_return(cached, ip, target);
	if (code->kind == PTM_NODE_CALL)
		ptm_cached_push_return(cached, code->next_ip, graph->nodes[row].to[1], row | PTM_CACHED_CALLER);
	if (known && graph->codes[known].ip == ip) {
		*target = known;
		return PTM_OK;
	}
	PTM_TRY(ptm_graph_find(graph, ip, target));
	graph->nodes[row].to[0] = ptm_graph_edge(graph, *target);
	return PTM_OK;
}

ptm_went ptm_cached_take_tip(ptm_cached *cached, uint64_t ip, uint64_t offset)
{
	ptm_graph *graph = cached->graph;
	uint32_t row = cached->node, target;
	uint8_t kind = graph->codes[row].kind;

	if (!cached->special || kind == PTM_NODE_SLOW || kind == PTM_NODE_BRANCH ||
	    (cached->dirty && ptm_cached_is_odd_time(cached, cached->at)))
		return PTM_WENT_OUT;
	cached->flow->last_ip = ip;
	cached->packet_offset = cached->last_offset = offset;
	decide(cached, 1);
	if (find_target(cached, &graph->codes[row], ip, &target) != PTM_OK)
		return PTM_WENT_WRONG;
	uint32_t delta = delta_of(cached);
	if (kind == PTM_NODE_RETURN)
		ptm_cached_tell(cached, PTM_CACHED_RETURN, row, cached->at, target, delta);
	else if (kind == PTM_NODE_CALL)
		ptm_cached_tell(cached, PTM_CACHED_CALL, row, cached->at, target, delta);
	else if (graph->codes[row].last_function != graph->codes[target].function)
		ptm_cached_tell(cached, PTM_CACHED_JUMP, row, cached->at, target, delta);
	ptm_cached_arrive(cached, target);
	return cached->bits_left ? ptm_cached_take_rest(cached) : PTM_WENT_ON;
}
