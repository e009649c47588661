/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/joined.h"

void ptm_lane_free(ptm_lane *lane)
{
	ptm_call_tree_free(&lane->tree);
	ptm_array_free(&lane->outsides);
	ptm_array_free(&lane->stack);
	ptm_array_free(&lane->calls);
	ptm_array_free(&lane->map);
}

#define COPY_ARRAY(into, from)                                                                         \
	do {                                                                                           \
		PTM_TRY(ptm_array_reserve((into), (from)->length));                                    \
		if ((from)->length)                                                                    \
			memcpy((into)->at, (from)->at, (from)->length * sizeof *(from)->at);           \
		(into)->length = (from)->length;                                                       \
	} while (0)

ptm_status ptm_lane_copy(ptm_lane *copy, const ptm_lane *lane)
{
	copy->thread = lane->thread;
	copy->queue = lane->queue;
	copy->root = lane->root;
	copy->seeds = lane->seeds;
	copy->seed_count = lane->seed_count;
	copy->part = lane->part;
	copy->piece = lane->piece;
	copy->run = lane->run;
	copy->departure = lane->departure;
	if (!lane->departure.known)
		return PTM_OK;
	copy->goes_on = true;
	copy->bottom_level = lane->bottom_level;
	copy->epoch_start_ns = lane->epoch_start_ns;
	copy->instructions = lane->instructions;
	copy->epoch = lane->epoch;
	COPY_ARRAY(&copy->outsides, &lane->outsides);
	COPY_ARRAY(&copy->stack, &lane->stack);
	return ptm_call_tree_copy(&copy->tree, &lane->tree);
}

/* ---------------------------------------------------------------- epoch -- */

static uint32_t outside(const ptm_lane *lane)
{
	return lane->outsides.at[lane->outsides.length - 1];
}

static ptm_status add_outside(ptm_lane *lane)
{
	uint32_t node;

	PTM_TRY(ptm_call_tree_add(&lane->tree, PTM_NO_NODE, PTM_NO_FUNCTION, &node));
	return ptm_array_push(&lane->outsides, node);
}

static ptm_status begin_epoch(ptm_lane *lane, uint64_t start_ns)
{
	ptm_call_tree_clear(&lane->tree);
	lane->outsides.length = lane->stack.length = lane->calls.length = 0;
	lane->bottom_level = 0;
	lane->epoch_start_ns = start_ns;
	lane->instructions = 0;
	return add_outside(lane);
}

static ptm_status keep_call(ptm_lane *lane, const ptm_joined *joined, const ptm_call *call, int64_t level)
{
	ptm_joined_call kept = { *call, level };

	return call->end_ns - call->start_ns < joined->shortest_ns ? PTM_OK : ptm_array_push(&lane->calls, kept);
}

static ptm_status close_top(ptm_lane *lane, const ptm_joined *joined, uint64_t end_ns, uint64_t instructions, uint16_t flags)
{
	uint32_t top = --lane->stack.length;
	const ptm_frame *frame = &lane->stack.at[top];
	ptm_call call = { .start_ns = frame->start_ns, .end_ns = end_ns > frame->start_ns ? end_ns : frame->start_ns,
			  .instructions = instructions - frame->start_instructions, .thread = lane->thread,
			  .function = frame->function };

	call.flags = flags | (frame->flags & PTM_FRAME_OPEN_START ? PTM_CALL_OPEN_START : 0);
	return keep_call(lane, joined, &call, lane->bottom_level + top);
}

/* The caller of everything known in this epoch shows. */
static ptm_status push_below(ptm_lane *lane, uint32_t function)
{
	bool is_seed = lane->seed_count && lane->seeds[lane->seed_count - 1].function == function;
	uint32_t node = outside(lane);
	ptm_frame frame = { .start_ns = lane->epoch_start_ns, .function = function, .flags = PTM_FRAME_OPEN_START, .node = node };

	if (is_seed)
		frame.start_ns = lane->seeds[--lane->seed_count].start_ns;
	PTM_TRY(add_outside(lane));
	PTM_TRY(ptm_call_tree_attach(&lane->tree, node, outside(lane), function));
	lane->bottom_level--;
	return ptm_array_push(&lane->stack, frame);
}

/* What was below before the first epoch, and never returned to, was there all the time. */
static ptm_status close_seeds(ptm_lane *lane, const ptm_joined *joined)
{
	while (lane->seed_count) {
		PTM_TRY(push_below(lane, lane->seeds[lane->seed_count - 1].function));
		PTM_TRY(close_top(lane, joined, lane->departure.time_ns, lane->instructions, PTM_CALL_OPEN_END));
	}
	return PTM_OK;
}

static void add_weights(ptm_tree_node *into, const ptm_tree_node *from)
{
	into->calls += from->calls;
	into->self_ns += from->self_ns;
	into->self_instructions += from->self_instructions;
	into->self_cycles += from->self_cycles;
}

/* Adds the epoch's tree to the thread's. Stand-ins that became functions first,
 * from the outside in: all other nodes come after their parents. */
static ptm_status fold_tree(ptm_lane *lane, ptm_call_tree *into)
{
	uint32_t count = lane->tree.nodes.length;

	lane->map.length = 0;
	PTM_TRY(ptm_array_reserve(&lane->map, count));
	uint32_t *map = lane->map.at;
	memset(map, 0xff, count * sizeof *map);
	map[outside(lane)] = lane->root;
	for (uint32_t i = lane->outsides.length - 1; i--;) {
		uint32_t node = lane->outsides.at[i];
		const ptm_tree_node *from = &lane->tree.nodes.at[node];
		PTM_TRY(ptm_call_tree_find(into, map[from->parent], from->function, &map[node]));
	}
	for (uint32_t i = 0; i < count; i++) {
		const ptm_tree_node *from = &lane->tree.nodes.at[i];
		if (map[i] == PTM_NO_NODE)
			PTM_TRY(ptm_call_tree_find(into, map[from->parent], from->function, &map[i]));
		add_weights(&into->nodes.at[map[i]], from);
	}
	return PTM_OK;
}

ptm_status ptm_lane_end_epoch(ptm_lane *lane, ptm_joined *joined)
{
	uint64_t end_ns = lane->departure.time_ns;

	if (!lane->departure.known)
		return PTM_OK;
	if (lane->stack.length && ptm_departure_returns(&lane->departure))
		PTM_TRY(close_top(lane, joined, end_ns, lane->instructions, 0));
	while (lane->stack.length)
		PTM_TRY(close_top(lane, joined, end_ns, lane->instructions, PTM_CALL_OPEN_END));
	PTM_TRY(close_seeds(lane, joined));
	PTM_TRY(ptm_array_reserve(&joined->calls, lane->calls.length));
	for (uint32_t i = 0; i < lane->calls.length; i++) {
		ptm_joined_call *call = &lane->calls.at[i];
		call->call.depth = ptm_depth(call->level - lane->bottom_level);
		joined->calls.at[joined->calls.length++] = *call;
	}
	ptm_array_free(&lane->calls);
	if (lane->goes_on)
		lane->copied_bottom = lane->bottom_level;
	lane->goes_on = false;
	lane->departure.known = 0;
	PTM_TRY(fold_tree(lane, &joined->tree));
	if (joined->sums)
		ptm_sums_map_epoch(joined->sums, lane->epoch, lane->map.at, lane->tree.nodes.length);
	return PTM_OK;
}

/* ---------------------------------------------------------------- stack -- */

static ptm_status push(ptm_lane *lane, uint32_t parent, const ptm_frame *frame, bool is_call)
{
	uint32_t node;

	PTM_TRY(ptm_call_tree_find(&lane->tree, parent, frame->function, &node));
	lane->tree.nodes.at[node].calls += is_call;
	lane->is_called = is_call;
	PTM_TRY(ptm_array_push(&lane->stack, *frame));
	lane->stack.at[lane->stack.length - 1].node = node;
	return PTM_OK;
}

/* The first frame of an epoch. */
static ptm_status start(ptm_lane *lane, ptm_joined *joined, const ptm_arrival *to, uint64_t start_ns)
{
	bool is_entry = to->flags & PTM_ARRIVAL_ENTRY;
	ptm_frame frame = { .start_ns = start_ns, .function = to->function, .flags = is_entry ? 0 : PTM_FRAME_OPEN_START };

	PTM_TRY(ptm_lane_end_epoch(lane, joined));
	PTM_TRY(begin_epoch(lane, start_ns));
	lane->epoch = joined->sums && !joined->is_copy ? ptm_sums_begin_epoch(joined->sums) : PTM_NO_EPOCH;
	if (!is_entry && lane->seed_count && lane->seeds[lane->seed_count - 1].function == to->function)
		frame.start_ns = lane->seeds[--lane->seed_count].start_ns;
	return push(lane, outside(lane), &frame, is_entry);
}

static ptm_status arrive(ptm_lane *lane, ptm_joined *joined, const ptm_arrival *to, uint64_t start_ns)
{
	ptm_move move = ptm_call_stack_move(lane->stack.at, lane->stack.length, &lane->departure, to);
	ptm_frame frame = { .return_ip = move.return_ip, .resume_ip = move.resume_ip, .flags = move.flags,
			    .start_ns = start_ns, .start_instructions = lane->instructions, .function = to->function };
	uint64_t end_ns = lane->departure.time_ns;

	if (move.kind == PTM_MOVE_RESET || move.kind == PTM_MOVE_UNDECIDED)
		return start(lane, joined, to, start_ns);
	for (uint32_t i = 0; i < move.pops && lane->stack.length; i++)
		PTM_TRY(close_top(lane, joined, end_ns, lane->instructions, 0));
	if (move.kind == PTM_MOVE_PUSH)
		return push(lane, lane->stack.length ? lane->stack.at[lane->stack.length - 1].node : outside(lane), &frame, true);
	if (!lane->stack.length)
		return push_below(lane, to->function);
	if (move.kind == PTM_MOVE_STAY)
		return PTM_OK;
	ptm_frame top = lane->stack.at[lane->stack.length - 1];
	frame.return_ip = top.return_ip;
	frame.resume_ip = top.resume_ip;
	PTM_TRY(close_top(lane, joined, end_ns, lane->instructions, 0));
	return push(lane, lane->tree.nodes.at[top.node].parent, &frame, true);
}

/* --------------------------------------------------------------- pieces -- */

/* Grafts the piece's nodes: its base is the top frame. Fills `map`. */
static ptm_status graft(ptm_lane *lane, const ptm_part_data *part, const ptm_piece *piece)
{
	const ptm_tree_node *nodes = &part->nodes.at[piece->first_node];
	uint32_t base = lane->stack.at[lane->stack.length - 1].node;

	lane->map.length = 0;
	PTM_TRY(ptm_array_reserve(&lane->map, piece->node_count));
	uint32_t *map = lane->map.at;
	map[0] = lane->tree.nodes.at[base].parent;
	map[1] = base;
	add_weights(&lane->tree.nodes.at[base], &nodes[1]);
	for (uint32_t i = 2; i < piece->node_count; i++) {
		PTM_TRY(ptm_call_tree_find(&lane->tree, map[nodes[i].parent - piece->first_node], nodes[i].function, &map[i]));
		add_weights(&lane->tree.nodes.at[map[i]], &nodes[i]);
	}
	return PTM_OK;
}

/* The part's first call of `piece` or of a later one. */
static uint32_t first_call(const ptm_part_data *part, uint32_t piece)
{
	uint32_t from = 0, to = part->calls.length;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		if (part->calls.at[middle].piece < piece)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static ptm_status add_calls(ptm_lane *lane, const ptm_joined *joined, const ptm_part_data *part, uint32_t piece)
{
	int64_t level = lane->bottom_level + (int64_t)lane->stack.length - 1;

	for (uint32_t i = first_call(part, piece); i < part->calls.length && part->calls.at[i].piece == piece; i++) {
		const ptm_piece_call *from = &part->calls.at[i];
		ptm_call call = { .start_ns = from->start_ns, .end_ns = from->end_ns, .instructions = from->instructions,
				  .function = from->function, .thread = lane->thread };
		PTM_TRY(keep_call(lane, joined, &call, level + from->depth));
	}
	return PTM_OK;
}

/* A frame of a piece's residue as one of the lane's. */
static ptm_frame adopt(const ptm_lane *lane, const ptm_piece *piece, const ptm_frame *residue)
{
	ptm_frame frame = *residue;

	frame.start_instructions += lane->instructions;
	frame.node = lane->map.at[frame.node - piece->first_node];
	return frame;
}

/* Lays the piece on the stack, on whose top is its base. */
static ptm_status place(ptm_lane *lane, const ptm_joined *joined, const ptm_part_data *part, uint32_t row)
{
	const ptm_piece *piece = &part->pieces.at[row];
	const ptm_frame *residue = &part->frames.at[piece->first_frame];
	ptm_frame base = lane->stack.at[lane->stack.length - 1];

	PTM_TRY(graft(lane, part, piece));
	if (joined->sums && !joined->is_copy && lane->epoch != PTM_NO_EPOCH) {
		ptm_sum_place at = { lane->epoch, base.node, lane->is_called };
		ptm_sums_add(joined->sums, part, row, &at, lane->map.at);
	}
	if (piece->flags & PTM_PIECE_BASE_REPLACED) {
		PTM_TRY(close_top(lane, joined, piece->base_end_ns, lane->instructions + piece->base_end_instructions, 0));
		ptm_frame frame = adopt(lane, piece, &residue[0]);
		frame.return_ip = base.return_ip;
		frame.resume_ip = base.resume_ip;
		frame.flags = 0;
		PTM_TRY(ptm_array_push(&lane->stack, frame));
	}
	PTM_TRY(add_calls(lane, joined, part, row));
	for (uint32_t i = 1; i < piece->frame_count; i++)
		PTM_TRY(ptm_array_push(&lane->stack, adopt(lane, piece, &residue[i])));
	lane->instructions += piece->instructions;
	return PTM_OK;
}

ptm_status ptm_lane_add(ptm_lane *lane, ptm_joined *joined, const ptm_part_data *part, uint32_t row, const ptm_arrival *arrival)
{
	const ptm_piece *piece = &part->pieces.at[row];
	bool is_early = lane->departure.known && piece->start_ns < lane->departure.time_ns;

	lane->is_called = false;
	PTM_TRY(arrive(lane, joined, arrival, is_early ? lane->departure.time_ns : piece->start_ns));
	PTM_TRY(place(lane, joined, part, row));
	lane->departure = piece->departure;
	lane->departure.known = 1;
	if (lane->departure.time_ns < piece->end_ns)
		lane->departure.time_ns = piece->end_ns;
	return piece->flags & PTM_PIECE_LOST_AFTER ? ptm_lane_end_epoch(lane, joined) : PTM_OK;
}
