/* SPDX-License-Identifier: Apache-2.0 */
/* The call tree of a range, summed from what is known of its segments. */
#include "profile/joined.h"

/* Stands for the root above a thread's outermost functions: rows are below it. */
#define ROOTS 0x80000000u

bool ptm_profile_has_sums(const ptm_profile *profile, uint32_t queue, uint32_t from, uint32_t to)
{
	if (profile->sums.is_off || to > profile->sums.segments.length)
		return false;
	for (uint32_t segment = from; segment < to; segment++) {
		const ptm_part_data *part = ptm_profile_part(profile, queue, segment);
		if (!part || part->settled < part->piece_count)
			return false;
	}
	return true;
}

void ptm_profile_forget_sums(ptm_profile *profile)
{
	ptm_sums_turn_off(&profile->sums);
}

ptm_status ptm_profile_add_segments(ptm_profile *profile, uint32_t *segment, uint32_t to, ptm_weights *rows)
{
	return ptm_sums_take(&profile->sums, segment, to, profile->tree_rows.at, profile->tree_rows.length, rows);
}

/* Rows of the call tree by parent and function. */
static ptm_status index_tree(ptm_profile *profile)
{
	if (profile->is_indexed)
		return PTM_OK;
	ptm_call_tree_clear(&profile->tree_index);
	for (uint32_t i = 0; i < profile->call_tree.length; i++) {
		const ptm_call_node *node = &profile->call_tree.at[i];
		uint32_t parent = node->parent == UINT32_MAX ? ROOTS | node->thread : node->parent, row;
		PTM_TRY(ptm_call_tree_add(&profile->tree_index, parent, node->function, &row));
		PTM_TRY(ptm_call_tree_attach(&profile->tree_index, row, parent, node->function));
	}
	profile->is_indexed = true;
	return PTM_OK;
}

static void add(ptm_weights *into, const ptm_tree_node *node, uint64_t calls, int64_t sign)
{
	into->calls += sign * (int64_t)calls;
	into->self_ns += sign * (int64_t)node->self_ns;
	into->self_instructions += sign * (int64_t)node->self_instructions;
	into->self_cycles += sign * (int64_t)node->self_cycles;
}

/* The row of the call tree that a piece's base lay at; UINT32_MAX: not known. */
static uint32_t row_of(const ptm_profile *profile, const ptm_sum_place *place)
{
	if (place->epoch >= profile->sums.epochs.length)
		return UINT32_MAX;
	const ptm_epoch_map *map = &profile->sums.epochs.at[place->epoch];
	if (place->node >= map->nodes.length || map->nodes.at[place->node] >= profile->tree_rows.length)
		return UINT32_MAX;
	return profile->tree_rows.at[map->nodes.at[place->node]];
}

static bool has_one_stack(const ptm_profile *profile, uint32_t thread)
{
	return ptm_lane_queue(profile, thread, 0) == PTM_ANY_QUEUE;
}

static ptm_status add_piece(ptm_profile *profile, const ptm_part_data *part, const ptm_piece *piece, const ptm_sum_place *place, int64_t sign, ptm_weights *rows)
{
	const ptm_tree_node *nodes = &part->nodes.at[piece->first_node];
	uint32_t base = row_of(profile, place);

	if (base == UINT32_MAX)
		return PTM_NOT_FOUND;
	profile->row_map.length = 0;
	PTM_TRY(ptm_array_reserve(&profile->row_map, piece->node_count));
	uint32_t *map = profile->row_map.at;
	map[0] = profile->call_tree.at[base].parent;
	map[1] = base;
	add(&rows[base], &nodes[1], nodes[1].calls + place->is_called, sign);
	for (uint32_t i = 2; i < piece->node_count; i++) {
		uint32_t parent = map[nodes[i].parent - piece->first_node];
		if (parent == UINT32_MAX && !has_one_stack(profile, piece->thread))
			return PTM_NOT_FOUND;
		if (!ptm_call_tree_look(&profile->tree_index, parent == UINT32_MAX ? ROOTS | piece->thread : parent, nodes[i].function, &map[i]))
			return PTM_NOT_FOUND;
		add(&rows[map[i]], &nodes[i], nodes[i].calls, sign);
	}
	return PTM_OK;
}

static ptm_status add_pieces(ptm_profile *profile, const ptm_part_data *part, uint32_t segment, int64_t sign, ptm_weights *rows)
{
	const ptm_segment_sums *sums = &profile->sums.segments.at[segment];

	PTM_TRY(index_tree(profile));
	for (uint32_t i = 0; i < part->pieces.length; i++) {
		const ptm_piece *piece = &part->pieces.at[i];
		if (piece->flags & PTM_PIECE_EMPTY)
			continue;
		if (i >= sums->places.length)
			return PTM_NOT_FOUND;
		PTM_TRY(add_piece(profile, part, piece, &sums->places.at[i], sign, rows));
	}
	return PTM_OK;
}

ptm_status ptm_profile_add_start(ptm_profile *profile, const uint8_t *data, size_t length, uint32_t segment, int64_t sign, ptm_weights *rows)
{
	ptm_part_data part = { 0 };
	ptm_part_counters counters = { 0 };

	ptm_status status = segment < profile->sums.segments.length ? PTM_OK : PTM_NOT_FOUND;
	if (status == PTM_OK)
		status = ptm_part_deserialize(data, length, profile->blocks, profile->spaces, &part, &counters);
	if (status == PTM_OK)
		status = add_pieces(profile, &part, segment, sign, rows);
	ptm_part_data_free(&part);
	ptm_array_free(&counters.blocks);
	return status;
}

void ptm_weights_balance(ptm_weights *rows, uint32_t count)
{
	ptm_weights *most = rows;
	int64_t missing = 0;

	for (uint32_t i = 0; i < count; i++)
		if (rows[i].self_cycles > most->self_cycles)
			most = &rows[i];
	for (uint32_t i = 0; i < count && missing <= most->self_cycles; i++) {
		if (rows[i].self_cycles >= 0)
			continue;
		missing -= rows[i].self_cycles;
		rows[i].self_cycles = 0;
	}
	if (count)
		most->self_cycles -= missing;
}
