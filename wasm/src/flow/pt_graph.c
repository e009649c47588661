/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/pt_graph.h"
#include "base/hash.h"

#define FIRST_NODES 1024

void ptm_graph_init(ptm_graph *graph, ptm_blocks *blocks)
{
	*graph = (ptm_graph){ .blocks = blocks, .length = 1, .next_pause = 1, .code_id = UINT32_MAX };
}

void ptm_graph_free(ptm_graph *graph)
{
	free(graph->nodes);
	free(graph->codes);
	free(graph->costs);
	free(graph->slots);
	ptm_array_free(&graph->ops);
	ptm_array_free(&graph->rows);
	ptm_array_free(&graph->touched);
	*graph = (ptm_graph){ 0 };
}

void ptm_graph_enter(ptm_graph *graph, uint32_t space, uint8_t mode)
{
	uint32_t code_id = ptm_spaces_code_id(graph->blocks->spaces, space);
	graph->space = space;
	if (code_id == graph->code_id && mode == graph->mode)
		return;
	graph->code_id = code_id;
	graph->mode = mode;
	memset(graph->recent, 0, sizeof graph->recent);
}

/* -------------------------------------------------------------- finding -- */

static uint32_t hash_of(uint64_t ip, uint32_t code_id, uint8_t mode)
{
	return (uint32_t)ptm_hash_u64(ip ^ (uint64_t)code_id << 48 ^ (uint64_t)mode << 46);
}

/* The slot of a node, or the empty one where it belongs. */
static uint32_t slot_of(const ptm_graph *graph, uint64_t ip, uint32_t code_id, uint8_t mode)
{
	uint32_t mask = graph->slot_count - 1, slot = hash_of(ip, code_id, mode) & mask;
	for (; graph->slots[slot]; slot = (slot + 1) & mask) {
		const ptm_node_code *code = &graph->codes[graph->slots[slot]];
		if (code->ip == ip && code->code_id == code_id && code->mode == mode)
			break;
	}
	return slot;
}

static ptm_status grow_slots(ptm_graph *graph)
{
	uint32_t count = graph->slot_count ? graph->slot_count * 2 : FIRST_NODES * 2;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return PTM_NO_MEMORY;
	free(graph->slots);
	graph->slots = slots;
	graph->slot_count = count;
	for (uint32_t row = 1; row < graph->length; row++) {
		const ptm_node_code *code = &graph->codes[row];
		slots[slot_of(graph, code->ip, code->code_id, code->mode)] = row;
	}
	return PTM_OK;
}

static ptm_status grow_nodes(ptm_graph *graph)
{
	uint32_t count = graph->capacity ? graph->capacity * 2 : FIRST_NODES;
	ptm_node *nodes = realloc(graph->nodes, count * sizeof *nodes);
	if (nodes)
		graph->nodes = nodes;
	ptm_node_code *codes = realloc(graph->codes, count * sizeof *codes);
	if (codes)
		graph->codes = codes;
	ptm_node_cost *costs = realloc(graph->costs, count * sizeof *costs);
	if (costs)
		graph->costs = costs;
	if (!nodes || !codes || !costs)
		return PTM_NO_MEMORY;
	graph->capacity = count;
	return PTM_OK;
}

/* --------------------------------------------------------------- making -- */

static bool is_entry(const ptm_block *block)
{
	return !block->function_offset && block->function;
}

static ptm_node_kind kind_of(uint8_t class)
{
	switch (class) {
	case PTM_INSN_JCC: case PTM_INSN_LOOP: return PTM_NODE_BRANCH;
	case PTM_INSN_RETURN: return PTM_NODE_RETURN;
	case PTM_INSN_JUMP_INDIRECT: return PTM_NODE_JUMP;
	case PTM_INSN_CALL_INDIRECT: return PTM_NODE_CALL;
	default: return PTM_NODE_SLOW;
	}
}

/* Notes what the direct branch from block `from` to block `to` does to the call stack. */
static ptm_status add_op(ptm_graph *graph, ptm_node_code *code, uint32_t from, uint32_t to)
{
	const ptm_block *a = &graph->blocks->blocks.at[from], *b = &graph->blocks->blocks.at[to];
	bool is_call = a->class == PTM_INSN_CALL && b->ip != a->ip + a->size;
	bool is_tail_call = a->class == PTM_INSN_JUMP && b->function != a->function && is_entry(b);
	if (!is_call && !is_tail_call)
		return PTM_OK;
	ptm_node_op op = { .return_ip = a->ip + a->size, .instructions = code->instructions, .from = from, .to = to,
			   .function = b->function, .is_call = is_call, .is_entry = !b->function_offset,
			   .is_odd = b->function_offset && b->function == a->function };
	code->op_count++;
	return ptm_array_push(&graph->ops, op);
}

/* Follows the code from code->ip to the next decision. */
static ptm_status trace_path(ptm_graph *graph, ptm_node_code *code)
{
	uint64_t ip = code->ip;
	uint32_t row, before = 0;

	for (;;) {
		PTM_TRY(ptm_blocks_find(graph->blocks, graph->space, ip, graph->mode, &row));
		if (code->block_count)
			PTM_TRY(add_op(graph, code, before, row));
		const ptm_block *block = &graph->blocks->blocks.at[row];
		PTM_TRY(ptm_array_push(&graph->rows, row));
		code->block_count++;
		code->instructions += block->instructions;
		code->no_code = block->no_code;
		bool is_direct = block->class == PTM_INSN_JUMP || block->class == PTM_INSN_CALL;
		bool goes_on = (is_direct || block->class == PTM_INSN_OTHER) && !block->no_code;
		if (!goes_on) {
			code->kind = kind_of(block->class);
			return PTM_OK;
		}
		if (code->block_count >= PTM_NODE_BLOCKS || code->op_count >= PTM_NODE_OPS || code->instructions > PTM_NODE_INSTRUCTIONS)
			return PTM_OK;
		ip = is_direct ? block->target : block->ip + block->size;
		before = row;
	}
}

static uint8_t tag_of(const ptm_node_code *code)
{
	switch (code->kind) {
	case PTM_NODE_BRANCH: return code->op_count || code->instructions > PTM_TAG_PLAIN ? PTM_TAG_BRANCH : (uint8_t)code->instructions;
	case PTM_NODE_RETURN: return code->op_count ? PTM_TAG_OTHER : PTM_TAG_RETURN;
	case PTM_NODE_JUMP: return PTM_TAG_JUMP;
	case PTM_NODE_CALL: return PTM_TAG_CALL;
	default: return PTM_TAG_OTHER;
	}
}

static ptm_status make(ptm_graph *graph, uint64_t ip, ptm_node_code *code)
{
	*code = (ptm_node_code){ .ip = ip, .code_id = graph->code_id, .mode = graph->mode, .kind = PTM_NODE_SLOW, .tag = PTM_TAG_OTHER,
				 .first_block = graph->rows.length, .first_op = graph->ops.length };
	if (graph->ops.length + PTM_NODE_OPS < PTM_GRAPH_ROWS)
		PTM_TRY(trace_path(graph, code));
	if (code->block_count) {
		const ptm_block *first = &graph->blocks->blocks.at[graph->rows.at[code->first_block]];
		const ptm_block *last = &graph->blocks->blocks.at[graph->rows.at[graph->rows.length - 1]];
		code->next_ip = last->ip + last->size;
		code->function = first->function;
		code->last_function = last->function;
		code->is_entry = is_entry(first);
		code->is_inside = first->function_offset != 0;
		code->is_nameless = ptm_spaces_is_nameless(graph->blocks->spaces, first->function);
	}
	code->tag = tag_of(code);
	return PTM_OK;
}

uint32_t ptm_graph_look(ptm_graph *graph, uint64_t ip)
{
	uint32_t row = ptm_graph_recent(graph, ip);

	if (row)
		return row;
	row = graph->slot_count ? graph->slots[slot_of(graph, ip, graph->code_id, graph->mode)] : 0;
	if (!row || graph->codes[row].no_code)
		return 0;
	return graph->recent[(ip ^ ip >> 13) % PTM_GRAPH_RECENT] = row;
}

static ptm_node first_node(const ptm_node_code *code)
{
	return (ptm_node){ .to[0] = code->kind == PTM_NODE_RETURN ? code->instructions : 0 };
}

ptm_status ptm_graph_find_slow(ptm_graph *graph, uint64_t ip, uint32_t *row)
{
	if ((graph->length + 1) * 2 > graph->slot_count)
		PTM_TRY(grow_slots(graph));
	uint32_t slot = slot_of(graph, ip, graph->code_id, graph->mode);
	*row = graph->slots[slot];
	if (!*row) {
		ptm_node_code code;
		if (graph->length >= PTM_GRAPH_ROWS)
			return PTM_NO_MEMORY;
		if (graph->length >= graph->capacity)
			PTM_TRY(grow_nodes(graph));
		PTM_TRY(make(graph, ip, &code));
		*row = graph->length++;
		graph->nodes[*row] = first_node(&code);
		graph->costs[*row] = (ptm_node_cost){ 0 };
		graph->codes[*row] = code;
		graph->slots[slot] = *row;
	} else if (graph->codes[*row].no_code) {
		/* Code that was not there may have been mapped since. */
		uint32_t rows = graph->rows.length, ops = graph->ops.length;
		ptm_node_code code;
		PTM_TRY(make(graph, ip, &code));
		if (!code.no_code) {
			graph->codes[*row] = code;
			graph->nodes[*row].to[0] = first_node(&code).to[0];
		} else {
			graph->rows.length = rows;
			graph->ops.length = ops;
		}
	}
	graph->recent[(ip ^ ip >> 13) % PTM_GRAPH_RECENT] = graph->codes[*row].no_code ? 0 : *row;
	return PTM_OK;
}

ptm_status ptm_graph_resolve(ptm_graph *graph, uint32_t row, uint32_t taken)
{
	const ptm_block *block = ptm_graph_last(graph, row);
	uint32_t function = block->function, target;

	uint64_t to = taken ? block->target : block->ip + block->size;
	PTM_TRY(ptm_graph_find(graph, to, &target));
	const ptm_node_code *first = &graph->codes[target];
	bool replaces = taken && first->function != function && first->is_entry;
	graph->nodes[row].to[taken] = replaces ? target << 8 | PTM_EDGE_REPLACES : ptm_graph_edge(graph, target);
	return PTM_OK;
}

/* ----------------------------------------------------------------- runs -- */

static void count_run(ptm_graph *graph, ptm_node_run *run)
{
	uint32_t row = run->key >> 8, bits = run->key << 24;

	for (uint32_t i = 0; i < run->used; i++, bits <<= 1) {
		ptm_node *node = &graph->nodes[row];
		node->count[bits >> 31] += run->hits;
		row = ptm_edge_row(node->to[bits >> 31]);
	}
	run->hits = 0;
}

void ptm_graph_keep_run(ptm_graph *graph, const ptm_node_run *run)
{
	ptm_node_run *place = ptm_graph_run(graph, run->key);
	if (place->hits)
		count_run(graph, place);
	if (!place->key)
		graph->used_runs[graph->used_run_count++] = (uint16_t)(place - graph->runs);
	*place = *run;
}

void ptm_graph_flush_runs(ptm_graph *graph)
{
	for (uint32_t i = 0; i < graph->used_run_count; i++) {
		ptm_node_run *run = &graph->runs[graph->used_runs[i]];
		if (run->hits)
			count_run(graph, run);
		run->key = 0;
	}
	graph->used_run_count = 0;
}
