/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/sums.h"

/* Longest number as LEB128. */
#define MOST_NUMBER 10

void ptm_sums_free(ptm_sums *sums)
{
	for (uint32_t i = 0; i < sums->segments.length; i++) {
		if (sums->segments.at[i].is_closed)
			continue;
		ptm_array_free(&sums->segments.at[i].bytes);
		ptm_array_free(&sums->segments.at[i].places);
	}
	ptm_slab_free(&sums->slab);
	for (uint32_t i = 0; i < sums->epochs.length; i++)
		ptm_array_free(&sums->epochs.at[i].nodes);
	ptm_array_free(&sums->segments);
	ptm_array_free(&sums->epochs);
}

ptm_status ptm_sums_expect(ptm_sums *sums, uint32_t segments)
{
	PTM_TRY(ptm_array_reserve(&sums->segments, segments));
	if (segments)
		memset(sums->segments.at, 0, segments * sizeof *sums->segments.at);
	sums->segments.length = segments;
	return PTM_OK;
}

void ptm_sums_turn_off(ptm_sums *sums)
{
	ptm_sums_free(sums);
	sums->is_off = true;
}

uint32_t ptm_sums_begin_epoch(ptm_sums *sums)
{
	ptm_epoch_map none = { 0 };

	if (sums->is_off)
		return PTM_NO_EPOCH;
	if (ptm_array_push(&sums->epochs, none) == PTM_OK)
		return sums->epochs.length - 1;
	ptm_sums_turn_off(sums);
	return PTM_NO_EPOCH;
}

void ptm_sums_map_epoch(ptm_sums *sums, uint32_t epoch, const uint32_t *nodes, uint32_t count)
{
	if (sums->is_off || epoch >= sums->epochs.length)
		return;
	ptm_epoch_map *map = &sums->epochs.at[epoch];
	sums->kept += (uint64_t)count * sizeof *nodes - (uint64_t)map->nodes.length * sizeof *nodes;
	map->nodes.length = 0;
	if (sums->kept > PTM_MOST_SUMS || ptm_array_reserve(&map->nodes, count) != PTM_OK)
		return ptm_sums_turn_off(sums);
	if (count)
		memcpy(map->nodes.at, nodes, count * sizeof *nodes);
	map->nodes.length = count;
}

/* ---------------------------------------------------------------- bytes -- */

static uint8_t *put(uint8_t *at, uint64_t value)
{
	for (; value > 127; value >>= 7)
		*at++ = (uint8_t)(value | 128);
	*at++ = (uint8_t)value;
	return at;
}

/* The bytes are our own: always whole. */
static const uint8_t *take(const uint8_t *at, uint64_t *value)
{
	unsigned shift = 0;

	*value = 0;
	for (; *at & 128; shift += 7)
		*value |= (uint64_t)(*at++ & 127) << shift;
	*value |= (uint64_t)*at++ << shift;
	return at;
}

/* Distances are small and of either sign. */
static uint64_t folded(uint32_t node, uint32_t last)
{
	int64_t distance = (int64_t)node - last;
	return distance < 0 ? (uint64_t)(-distance) << 1 | 1 : (uint64_t)distance << 1;
}

static uint32_t unfolded(uint64_t distance, uint32_t last)
{
	return distance & 1 ? last - (uint32_t)(distance >> 1) : last + (uint32_t)(distance >> 1);
}

static bool has_weight(const ptm_tree_node *node)
{
	return node->calls || node->self_ns || node->self_instructions || node->self_cycles;
}

static ptm_status put_nodes(ptm_segment_sums *into, const ptm_part_data *part, const ptm_piece *piece, const ptm_sum_place *place, const uint32_t *map)
{
	const ptm_tree_node *nodes = &part->nodes.at[piece->first_node];
	uint32_t count = 0, last = 0;

	for (uint32_t i = 1; i < piece->node_count; i++)
		count += has_weight(&nodes[i]) || (i == 1 && place->is_called);
	PTM_TRY(ptm_array_reserve(&into->bytes, (5 * count + 2) * MOST_NUMBER));
	uint8_t *at = put(put(into->bytes.at + into->bytes.length, place->epoch), count);
	for (uint32_t i = 1; i < piece->node_count; i++) {
		uint64_t calls = nodes[i].calls + (i == 1 && place->is_called);
		if (!has_weight(&nodes[i]) && !calls)
			continue;
		at = put(put(at, folded(map[i], last)), calls);
		at = put(put(put(at, nodes[i].self_ns), nodes[i].self_instructions), nodes[i].self_cycles);
		last = map[i];
	}
	into->bytes.length = (uint32_t)(at - into->bytes.at);
	return PTM_OK;
}

static ptm_status reserve_places(ptm_segment_sums *into, uint32_t count)
{
	ptm_sum_place none = { .epoch = PTM_NO_EPOCH };

	if (into->places.length)
		return PTM_OK;
	PTM_TRY(ptm_array_reserve(&into->places, count));
	while (into->places.length < count)
		into->places.at[into->places.length++] = none;
	return PTM_OK;
}

void ptm_sums_add(ptm_sums *sums, const ptm_part_data *part, uint32_t piece, const ptm_sum_place *place, const uint32_t *map)
{
	if (sums->is_off || part->segment >= sums->segments.length)
		return;
	ptm_segment_sums *into = &sums->segments.at[part->segment];
	uint32_t before = into->bytes.length;
	if (reserve_places(into, part->piece_count) != PTM_OK || put_nodes(into, part, &part->pieces.at[piece], place, map) != PTM_OK)
		return ptm_sums_turn_off(sums);
	into->places.at[piece] = *place;
	sums->kept += into->bytes.length - before + sizeof *place;
	if (sums->kept > PTM_MOST_SUMS)
		ptm_sums_turn_off(sums);
}

void ptm_sums_close(ptm_sums *sums, uint32_t segment)
{
	if (sums->is_off || segment >= sums->segments.length || sums->segments.at[segment].is_closed)
		return;
	ptm_segment_sums *sum = &sums->segments.at[segment];
	uint8_t *bytes = ptm_slab_copy(&sums->slab, sum->bytes.at, sum->bytes.length);
	ptm_sum_place *places = ptm_slab_copy(&sums->slab, sum->places.at, sum->places.length * sizeof *places);
	if (!bytes || !places)
		return ptm_sums_turn_off(sums);
	free(sum->bytes.at);
	free(sum->places.at);
	sum->bytes.at = bytes;
	sum->places.at = places;
	sum->bytes.capacity = sum->bytes.length;
	sum->places.capacity = sum->places.length;
	sum->is_closed = true;
}

ptm_status ptm_sums_take(const ptm_sums *sums, uint32_t segment, const uint32_t *rows, uint32_t count, ptm_weights *weights)
{
	const ptm_segment_sums *from = &sums->segments.at[segment];
	const uint8_t *at = from->bytes.at, *end = at + from->bytes.length;

	while (at < end) {
		uint64_t epoch, left, distance, calls, ns, instructions, cycles;
		uint32_t node = 0;
		at = take(take(at, &epoch), &left);
		const ptm_epoch_map *map = &sums->epochs.at[epoch];
		for (; left; left--) {
			at = take(take(at, &distance), &calls);
			at = take(take(take(at, &ns), &instructions), &cycles);
			node = unfolded(distance, node);
			if (node >= map->nodes.length || map->nodes.at[node] >= count || rows[map->nodes.at[node]] == UINT32_MAX)
				return PTM_NOT_FOUND;
			ptm_weights *into = &weights[rows[map->nodes.at[node]]];
			into->calls += (int64_t)calls;
			into->self_ns += (int64_t)ns;
			into->self_instructions += (int64_t)instructions;
			into->self_cycles += (int64_t)cycles;
		}
	}
	return PTM_OK;
}
