/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the pieces of each thread, in order of time, on the thread's real stack.
 *
 * Between two losses of trace (an epoch) frames below the first known one appear
 * only when something returns into them. Then the stand-in above all roots of the
 * epoch's tree becomes that caller, and a new stand-in goes above it:
 *
 *     (outside)                 (outside')
 *       |- foo        bar          |- bar
 *       '- foo2    returned to        |- foo
 *                                     '- foo2
 */
#include "profile/joined.h"

typedef struct place {
	uint64_t key_ns;
	uint32_t thread, part, piece;
} place;

typedef struct joiner {
	ptm_profile *profile;
	PTM_ARRAY(place) places;
	ptm_call_tree tree;          /* of the epoch */
	PTM_ARRAY(uint32_t) outsides; /* its stand-ins, innermost first; the last one is the current */
	PTM_ARRAY(ptm_frame) stack;
	PTM_ARRAY(uint32_t) map;
	int64_t bottom_level;        /* of stack[0] */
	uint64_t epoch_start_ns, instructions;
	uint32_t first_call, root;   /* of the epoch; root of its thread in the joined tree */
	ptm_departure departure;
} joiner;

/* ---------------------------------------------------------------- epoch -- */

static uint32_t outside(const joiner *join)
{
	return join->outsides.at[join->outsides.length - 1];
}

static ptm_status add_outside(joiner *join)
{
	uint32_t node;

	PTM_TRY(ptm_call_tree_add(&join->tree, PTM_NO_NODE, PTM_NO_FUNCTION, &node));
	return ptm_array_push(&join->outsides, node);
}

static ptm_status begin_epoch(joiner *join, uint64_t start_ns)
{
	ptm_call_tree_clear(&join->tree);
	join->outsides.length = join->stack.length = 0;
	join->bottom_level = 0;
	join->epoch_start_ns = start_ns;
	join->instructions = 0;
	join->first_call = join->profile->joined_calls.length;
	return add_outside(join);
}

static ptm_status keep_call(joiner *join, const ptm_call *call, int64_t level)
{
	ptm_joined_call kept = { *call, level };

	if (call->end_ns - call->start_ns < join->profile->shortest_ns)
		return PTM_OK;
	return ptm_array_push(&join->profile->joined_calls, kept);
}

static ptm_status close_top(joiner *join, uint64_t end_ns, uint64_t instructions, uint16_t flags)
{
	uint32_t top = --join->stack.length;
	const ptm_frame *frame = &join->stack.at[top];
	ptm_call call = { .start_ns = frame->start_ns, .end_ns = end_ns > frame->start_ns ? end_ns : frame->start_ns,
			  .instructions = instructions - frame->start_instructions, .function = frame->function };

	call.thread = join->profile->tree_threads.at[join->profile->tree_threads.length - 1];
	call.flags = flags | (frame->flags & PTM_FRAME_OPEN_START ? PTM_CALL_OPEN_START : 0);
	return keep_call(join, &call, join->bottom_level + top);
}

/* Adds the epoch's tree to the thread's. Stand-ins that became functions first,
 * from the outside in: all other nodes come after their parents. */
static ptm_status fold_tree(joiner *join)
{
	ptm_call_tree *into = &join->profile->tree;
	uint32_t count = join->tree.nodes.length;

	join->map.length = 0;
	PTM_TRY(ptm_array_reserve(&join->map, count));
	memset(join->map.at, 0xff, count * sizeof *join->map.at);
	join->map.at[outside(join)] = join->root;
	for (uint32_t i = join->outsides.length - 1; i--;) {
		uint32_t node = join->outsides.at[i];
		const ptm_tree_node *from = &join->tree.nodes.at[node];
		PTM_TRY(ptm_call_tree_find(into, join->map.at[from->parent], from->function, &join->map.at[node]));
	}
	for (uint32_t i = 0; i < count; i++) {
		const ptm_tree_node *from = &join->tree.nodes.at[i];
		if (join->map.at[i] == PTM_NO_NODE)
			PTM_TRY(ptm_call_tree_find(into, join->map.at[from->parent], from->function, &join->map.at[i]));
		ptm_tree_node *node = &into->nodes.at[join->map.at[i]];
		node->calls += from->calls;
		node->self_ns += from->self_ns;
		node->self_instructions += from->self_instructions;
		node->self_cycles += from->self_cycles;
	}
	return PTM_OK;
}

/* Closes what is open: trace was lost, or there is no more. */
static ptm_status end_epoch(joiner *join)
{
	ptm_profile *profile = join->profile;

	if (!join->departure.known)
		return PTM_OK;
	if (join->stack.length && ptm_departure_returns(&join->departure))
		PTM_TRY(close_top(join, join->departure.time_ns, join->instructions, 0));
	while (join->stack.length)
		PTM_TRY(close_top(join, join->departure.time_ns, join->instructions, PTM_CALL_OPEN_END));
	for (uint32_t i = join->first_call; i < profile->joined_calls.length; i++) {
		int64_t depth = profile->joined_calls.at[i].level - join->bottom_level;
		profile->joined_calls.at[i].call.depth = depth > UINT16_MAX ? UINT16_MAX : (uint16_t)depth;
	}
	join->departure.known = 0;
	return fold_tree(join);
}

/* ---------------------------------------------------------------- stack -- */

static ptm_status push(joiner *join, uint32_t parent, const ptm_frame *frame, bool is_call)
{
	uint32_t node;

	PTM_TRY(ptm_call_tree_find(&join->tree, parent, frame->function, &node));
	join->tree.nodes.at[node].calls += is_call;
	PTM_TRY(ptm_array_push(&join->stack, *frame));
	join->stack.at[join->stack.length - 1].node = node;
	return PTM_OK;
}

/* The caller of everything known in this epoch shows. */
static ptm_status push_below(joiner *join, uint32_t function)
{
	uint32_t node = outside(join);
	ptm_frame frame = { .start_ns = join->epoch_start_ns, .function = function, .flags = PTM_FRAME_OPEN_START, .node = node };

	PTM_TRY(add_outside(join));
	PTM_TRY(ptm_call_tree_attach(&join->tree, node, outside(join), function));
	join->bottom_level--;
	return ptm_array_push(&join->stack, frame);
}

static ptm_status arrive(joiner *join, const ptm_arrival *to, uint64_t start_ns)
{
	ptm_move move = ptm_call_stack_move(join->stack.at, join->stack.length, &join->departure, to);
	ptm_frame frame = { .return_ip = move.return_ip, .resume_ip = move.resume_ip, .flags = move.flags,
			    .start_ns = start_ns, .start_instructions = join->instructions, .function = to->function };
	bool is_entry = to->flags & PTM_ARRIVAL_ENTRY;

	if (move.kind == PTM_MOVE_RESET || move.kind == PTM_MOVE_UNDECIDED) {
		PTM_TRY(end_epoch(join));
		PTM_TRY(begin_epoch(join, start_ns));
		frame.start_instructions = 0;
		frame.flags = is_entry ? 0 : PTM_FRAME_OPEN_START;
		return push(join, outside(join), &frame, is_entry);
	}
	for (uint32_t i = 0; i < move.pops && join->stack.length; i++)
		PTM_TRY(close_top(join, join->departure.time_ns, join->instructions, 0));
	if (move.kind == PTM_MOVE_PUSH)
		return push(join, join->stack.length ? join->stack.at[join->stack.length - 1].node : outside(join), &frame, true);
	if (!join->stack.length)
		return push_below(join, to->function);
	if (move.kind == PTM_MOVE_STAY)
		return PTM_OK;
	ptm_frame top = join->stack.at[join->stack.length - 1];
	frame.return_ip = top.return_ip;
	frame.resume_ip = top.resume_ip;
	PTM_TRY(close_top(join, join->departure.time_ns, join->instructions, 0));
	return push(join, join->tree.nodes.at[top.node].parent, &frame, true);
}

/* --------------------------------------------------------------- pieces -- */

/* Grafts the piece's nodes: its base is the top frame. Fills `map`. */
static ptm_status graft(joiner *join, const ptm_part_data *part, const ptm_piece *piece)
{
	const ptm_tree_node *nodes = &part->nodes.at[piece->first_node];
	uint32_t base = join->stack.at[join->stack.length - 1].node;

	join->map.length = 0;
	PTM_TRY(ptm_array_reserve(&join->map, piece->node_count));
	uint32_t *map = join->map.at;
	map[0] = join->tree.nodes.at[base].parent;
	map[1] = base;
	for (uint32_t i = 1; i < piece->node_count; i++) {
		if (i > 1) {
			uint32_t parent = map[nodes[i].parent - piece->first_node];
			PTM_TRY(ptm_call_tree_find(&join->tree, parent, nodes[i].function, &map[i]));
		}
		ptm_tree_node *into = &join->tree.nodes.at[map[i]];
		into->calls += nodes[i].calls;
		into->self_ns += nodes[i].self_ns;
		into->self_instructions += nodes[i].self_instructions;
		into->self_cycles += nodes[i].self_cycles;
	}
	return PTM_OK;
}

static ptm_status add_calls(joiner *join, const ptm_part_data *part, uint32_t piece)
{
	const ptm_piece_call *calls = part->calls.at;
	int64_t level = join->bottom_level + (int64_t)join->stack.length - 1;
	uint32_t from = 0, to = part->calls.length;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		if (calls[middle].piece < piece)
			from = middle + 1;
		else
			to = middle;
	}
	for (uint32_t i = from; i < part->calls.length && calls[i].piece == piece; i++) {
		ptm_call call = { .start_ns = calls[i].start_ns, .end_ns = calls[i].end_ns, .instructions = calls[i].instructions,
				  .function = calls[i].function, .thread = part->pieces.at[piece].thread };
		PTM_TRY(keep_call(join, &call, level + calls[i].depth));
	}
	return PTM_OK;
}

/* Lays the piece on the stack, on whose top is its base. */
static ptm_status place_piece(joiner *join, const ptm_part_data *part, uint32_t row)
{
	const ptm_piece *piece = &part->pieces.at[row];
	const ptm_frame *residue = &part->frames.at[piece->first_frame];
	ptm_frame base = join->stack.at[join->stack.length - 1];

	PTM_TRY(graft(join, part, piece));
	if (piece->flags & PTM_PIECE_BASE_REPLACED) {
		PTM_TRY(close_top(join, piece->base_end_ns, join->instructions + piece->base_end_instructions, 0));
		ptm_frame frame = residue[0];
		frame.return_ip = base.return_ip;
		frame.resume_ip = base.resume_ip;
		frame.flags = 0;
		frame.start_instructions += join->instructions;
		frame.node = join->map.at[frame.node - piece->first_node];
		PTM_TRY(ptm_array_push(&join->stack, frame));
	}
	PTM_TRY(add_calls(join, part, row));
	for (uint32_t i = 1; i < piece->frame_count; i++) {
		ptm_frame frame = residue[i];
		frame.start_instructions += join->instructions;
		frame.node = join->map.at[frame.node - piece->first_node];
		PTM_TRY(ptm_array_push(&join->stack, frame));
	}
	join->instructions += piece->instructions;
	return PTM_OK;
}

/* --------------------------------------------------------------- thread -- */

/* True when a segment that is not merged may hold something between two times. */
static bool is_in_hole(const ptm_profile *profile, uint64_t from_ns, uint64_t to_ns)
{
	uint32_t from = 0, to = profile->holes.length;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		if (profile->holes.at[middle].start_ns < to_ns)
			from = middle + 1;
		else
			to = middle;
	}
	return from && profile->holes.at[from - 1].end_ns > from_ns;
}

static ptm_status add_absence(joiner *join, const ptm_part_data *part, const ptm_piece *piece)
{
	const ptm_departure *from = &join->departure;
	ptm_part_gap gap;

	if (piece->start_ns <= from->time_ns)
		return PTM_OK;
	memset(&gap, 0, sizeof gap);
	gap.gap = (ptm_gap){ .start_ns = from->time_ns, .end_ns = piece->start_ns, .offset = from->offset, .ip = from->next_ip,
			     .count = 1, .thread = piece->thread, .queue = part->queue, .reason = PTM_GAP_NOT_TRACED };
	return ptm_array_push(&join->profile->joined_gaps, gap);
}

static uint32_t run_of(const ptm_profile *profile, const place *at)
{
	return profile->parts.at[at->part]->pieces.at[at->piece].run;
}

/* True when the piece follows `before`, the thread's last one, in the same queue with nothing between. */
static bool follows(const ptm_profile *profile, const place *before, const place *at)
{
	if (!before || before->thread != at->thread)
		return false;
	if (before->part == at->part)
		return before->piece + 1 == at->piece && run_of(profile, before) == run_of(profile, at);
	if (profile->links.at[at->part].is_switched || before->part > at->part || at->piece || before->piece + 1 != profile->parts.at[before->part]->pieces.length)
		return false;
	for (uint32_t i = before->part + 1; i <= at->part; i++) {
		bool is_between = i < at->part;
		if (!profile->links.at[i].is_next || (is_between && profile->parts.at[i]->pieces.length))
			return false;
	}
	return true;
}

static ptm_status join_piece(joiner *join, const place *before, const place *at)
{
	const ptm_profile *profile = join->profile;
	const ptm_part_data *part = profile->parts.at[at->part];
	const ptm_piece *piece = &part->pieces.at[at->piece];
	const ptm_part_link *link = &profile->links.at[at->part];
	ptm_arrival arrival = piece->arrival;

	if (piece->flags & PTM_PIECE_EMPTY)
		return end_epoch(join);
	bool is_next = follows(profile, before, at);
	bool is_lost = piece->flags & PTM_PIECE_LOST_BEFORE || (!at->piece && (link->is_lost || link->is_hole));
	bool is_hole = !is_next && join->departure.known && is_in_hole(profile, join->departure.time_ns, piece->start_ns);
	if (is_lost || is_hole)
		PTM_TRY(end_epoch(join));
	if (!is_next || (!at->piece && link->is_away))
		arrival.flags |= PTM_ARRIVAL_BEGIN;
	if (join->departure.known && !is_next)
		PTM_TRY(add_absence(join, part, piece));
	bool is_early = join->departure.known && piece->start_ns < join->departure.time_ns;
	PTM_TRY(arrive(join, &arrival, is_early ? join->departure.time_ns : piece->start_ns));
	PTM_TRY(place_piece(join, part, at->piece));
	join->departure = piece->departure;
	join->departure.known = 1;
	if (join->departure.time_ns < piece->end_ns)
		join->departure.time_ns = piece->end_ns;
	return piece->flags & PTM_PIECE_LOST_AFTER ? end_epoch(join) : PTM_OK;
}

static int compare_places(const void *left, const void *right)
{
	const place *a = left, *b = right;
	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	if (a->key_ns != b->key_ns)
		return a->key_ns < b->key_ns ? -1 : 1;
	if (a->part != b->part)
		return a->part < b->part ? -1 : 1;
	return a->piece < b->piece ? -1 : a->piece > b->piece;
}

/* All pieces by thread and time; within a queue, never against its order. */
static ptm_status sort_places(joiner *join)
{
	const ptm_profile *profile = join->profile;
	uint64_t key_ns = 0;

	for (uint32_t i = 0; i < profile->parts.length; i++) {
		const ptm_part_data *part = profile->parts.at[i];
		if (i && part->queue != profile->parts.at[i - 1]->queue)
			key_ns = 0;
		for (uint32_t k = 0; k < part->pieces.length; k++) {
			if (part->pieces.at[k].start_ns > key_ns)
				key_ns = part->pieces.at[k].start_ns;
			place made = { key_ns, part->pieces.at[k].thread, i, k };
			PTM_TRY(ptm_array_push(&join->places, made));
		}
	}
	if (join->places.length)
		qsort(join->places.at, join->places.length, sizeof *join->places.at, compare_places);
	return PTM_OK;
}

static ptm_status join_places(joiner *join)
{
	ptm_profile *profile = join->profile;

	PTM_TRY(sort_places(join));
	for (uint32_t i = 0; i < join->places.length; i++) {
		const place *at = &join->places.at[i], *before = i ? at - 1 : NULL;
		if (!before || before->thread != at->thread) {
			PTM_TRY(end_epoch(join));
			PTM_TRY(ptm_call_tree_add(&profile->tree, PTM_NO_NODE, PTM_NO_FUNCTION, &join->root));
			PTM_TRY(ptm_array_push(&profile->tree_threads, join->root));
			PTM_TRY(ptm_array_push(&profile->tree_threads, at->thread));
		}
		PTM_TRY(join_piece(join, before, at));
	}
	return end_epoch(join);
}

ptm_status ptm_join_threads(ptm_profile *profile)
{
	joiner join = { .profile = profile };
	ptm_status status = join_places(&join);

	ptm_array_free(&join.places);
	ptm_call_tree_free(&join.tree);
	ptm_array_free(&join.outsides);
	ptm_array_free(&join.stack);
	ptm_array_free(&join.map);
	return status;
}
