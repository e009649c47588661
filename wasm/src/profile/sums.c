/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/sums.h"
#include "base/hash.h"

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
	ptm_slab_free(&sums->places);
	for (uint32_t level = 0; level < PTM_SUM_LEVELS; level++) {
		ptm_slab_free(&sums->levels[level].slab);
		ptm_array_free(&sums->levels[level].units);
	}
	for (uint32_t i = 0; i < sums->epochs.length; i++)
		ptm_array_free(&sums->epochs.at[i].nodes);
	ptm_array_free(&sums->segments);
	ptm_array_free(&sums->epochs);
}

ptm_status ptm_sums_expect(ptm_sums *sums, uint32_t segments)
{
	if (!sums->span)
		sums->span = PTM_SUM_SPAN;
	PTM_TRY(ptm_array_reserve(&sums->segments, segments));
	if (segments)
		memset(sums->segments.at, 0, segments * sizeof *sums->segments.at);
	sums->segments.length = segments;
	for (uint32_t level = 0, units = segments; level < PTM_SUM_LEVELS; level++) {
		units /= sums->span;
		PTM_TRY(ptm_array_reserve(&sums->levels[level].units, units));
		if (units)
			memset(sums->levels[level].units.at, 0, units * sizeof *sums->levels[level].units.at);
		sums->levels[level].units.length = units;
	}
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

/* One entry: a node and its weights. */
static uint8_t *put_node(uint8_t *at, uint32_t node, uint32_t last, const ptm_weights *weights)
{
	at = put(put(at, folded(node, last)), (uint64_t)weights->calls);
	at = put(put(at, (uint64_t)weights->self_ns), (uint64_t)weights->self_instructions);
	return put(at, (uint64_t)weights->self_cycles);
}

static const uint8_t *take_node(const uint8_t *at, uint32_t *node, ptm_weights *weights)
{
	uint64_t distance, calls, ns, instructions, cycles;

	at = take(take(at, &distance), &calls);
	at = take(take(take(at, &ns), &instructions), &cycles);
	*node = unfolded(distance, *node);
	*weights = (ptm_weights){ (int64_t)calls, (int64_t)ns, (int64_t)instructions, (int64_t)cycles };
	return at;
}

static void add_weights(ptm_weights *into, const ptm_weights *more)
{
	into->calls += more->calls;
	into->self_ns += more->self_ns;
	into->self_instructions += more->self_instructions;
	into->self_cycles += more->self_cycles;
}

/* --------------------------------------------------------------- levels -- */

/* Weights by epoch and node, while several sums are made one. */
typedef struct summed { uint64_t key; ptm_weights weights; } summed;

typedef struct adder {
	PTM_ARRAY(summed) rows;
	uint32_t *slots;         /* row + 1, 0: free; open addressing */
	uint32_t slot_count;     /* a power of two */
} adder;

static ptm_status grow(adder *adder)
{
	uint32_t count = adder->slot_count ? adder->slot_count * 2 : 8192;
	uint32_t *slots = calloc(count, sizeof *slots);

	if (!slots)
		return PTM_NO_MEMORY;
	for (uint32_t i = 0; i < adder->rows.length; i++) {
		uint32_t at = (uint32_t)ptm_hash_u64(adder->rows.at[i].key) & (count - 1);
		while (slots[at])
			at = (at + 1) & (count - 1);
		slots[at] = i + 1;
	}
	free(adder->slots);
	adder->slots = slots;
	adder->slot_count = count;
	return PTM_OK;
}

static ptm_status add_one(adder *adder, uint64_t key, const ptm_weights *weights)
{
	if (adder->rows.length >= adder->slot_count / 2)
		PTM_TRY(grow(adder));
	uint32_t at = (uint32_t)ptm_hash_u64(key) & (adder->slot_count - 1);
	for (; adder->slots[at]; at = (at + 1) & (adder->slot_count - 1)) {
		summed *row = &adder->rows.at[adder->slots[at] - 1];
		if (row->key != key)
			continue;
		add_weights(&row->weights, weights);
		return PTM_OK;
	}
	summed made = { key, *weights };
	adder->slots[at] = adder->rows.length + 1;
	return ptm_array_push(&adder->rows, made);
}

static ptm_status add_all(adder *adder, const ptm_sum_bytes *from)
{
	const uint8_t *at = from->at, *end = at + from->length;

	while (at < end) {
		uint64_t epoch, left;
		uint32_t node = 0;
		at = take(take(at, &epoch), &left);
		for (; left; left--) {
			ptm_weights weights;
			at = take_node(at, &node, &weights);
			PTM_TRY(add_one(adder, epoch << 32 | node, &weights));
		}
	}
	return PTM_OK;
}

static int by_key(const void *left, const void *right)
{
	const summed *a = left, *b = right;
	return a->key < b->key ? -1 : a->key > b->key;
}

/* Writes the rows, sorted by epoch and node. */
static ptm_status write_rows(const adder *adder, ptm_sum_bytes *into)
{
	const summed *rows = adder->rows.at;
	uint32_t count = adder->rows.length, end;

	PTM_TRY(ptm_array_reserve(into, count * 7 * MOST_NUMBER));
	uint8_t *at = into->at;
	for (uint32_t i = 0; i < count; i = end) {
		uint32_t last = 0;
		for (end = i; end < count && rows[end].key >> 32 == rows[i].key >> 32;)
			end++;
		at = put(put(at, rows[i].key >> 32), end - i);
		for (uint32_t k = i; k < end; last = (uint32_t)rows[k++].key)
			at = put_node(at, (uint32_t)rows[k].key, last, &rows[k].weights);
	}
	into->length = (uint32_t)(at - into->at);
	return PTM_OK;
}

/* The sum of so many, in the level's slab. */
static ptm_status sum_of(ptm_level *level, const ptm_sum_bytes *const *from, uint32_t count, ptm_sum_bytes *into)
{
	adder adder = { 0 };
	ptm_sum_bytes made = { 0 };
	ptm_status status = PTM_OK;

	for (uint32_t i = 0; status == PTM_OK && i < count; i++)
		status = add_all(&adder, from[i]);
	if (adder.rows.length)
		qsort(adder.rows.at, adder.rows.length, sizeof *adder.rows.at, by_key);
	if (status == PTM_OK)
		status = write_rows(&adder, &made);
	into->at = status == PTM_OK ? ptm_slab_copy(&level->slab, made.at, made.length) : NULL;
	into->length = into->at ? made.length : 0;
	ptm_array_free(&adder.rows);
	ptm_array_free(&made);
	free(adder.slots);
	return status;
}

/* What unit `row` of a level is the sum of; false: some of it is not whole, or given up. */
static bool members(const ptm_sums *sums, uint32_t level, uint32_t row, const ptm_sum_bytes **from)
{
	for (uint32_t i = 0; i < sums->span; i++) {
		uint32_t member = row * sums->span + i;
		const ptm_segment_sums *segment = level ? NULL : &sums->segments.at[member];
		from[i] = level ? &sums->levels[level - 1].units.at[member] : &segment->bytes;
		if (level ? !from[i]->at : !segment->is_closed || segment->is_given_up)
			return false;
	}
	return true;
}

/* A segment is whole: so may be what it is a part of. Without memory a level lacks a sum, which is made of finer ones then. */
static void sum_up(ptm_sums *sums, uint32_t segment)
{
	const ptm_sum_bytes *from[PTM_SUM_SPAN];
	uint32_t row = segment;

	for (uint32_t level = 0; level < PTM_SUM_LEVELS; level++) {
		row /= sums->span;
		if (row >= sums->levels[level].units.length || sums->levels[level].units.at[row].at || !members(sums, level, row, from))
			return;
		if (sum_of(&sums->levels[level], from, sums->span, &sums->levels[level].units.at[row]) != PTM_OK)
			return;
		sums->kept += sums->levels[level].units.at[row].length;
	}
}

/* Gives the bytes of segments up whose sum a coarser one has; returns how many bytes. */
static uint64_t give_up_finest(ptm_sums *sums)
{
	uint64_t before = sums->kept;
	ptm_slab kept = { 0 };

	for (uint32_t i = 0; i < sums->segments.length; i++) {
		ptm_segment_sums *segment = &sums->segments.at[i];
		uint32_t unit = i / sums->span;
		if (!segment->is_closed || segment->is_given_up)
			continue;
		bool is_needed = unit >= sums->levels[0].units.length || !sums->levels[0].units.at[unit].at;
		uint8_t *copy = is_needed ? ptm_slab_copy(&kept, segment->bytes.at, segment->bytes.length) : NULL;
		segment->is_given_up = !copy;
		sums->kept -= copy ? 0 : segment->bytes.length;
		segment->bytes.at = copy;
		segment->bytes.length = segment->bytes.capacity = copy ? segment->bytes.length : 0;
	}
	ptm_slab_free(&sums->slab);
	sums->slab = kept;
	return before - sums->kept;
}

static void keep_within(ptm_sums *sums)
{
	uint64_t most = sums->most ? sums->most : PTM_MOST_SUMS;

	/* Little is gained again and again: then it is too much as a whole. */
	if (sums->kept > most && give_up_finest(sums) < most / 4)
		ptm_sums_turn_off(sums);
}

void ptm_sums_map_epoch(ptm_sums *sums, uint32_t epoch, const uint32_t *nodes, uint32_t count)
{
	if (sums->is_off || epoch >= sums->epochs.length)
		return;
	ptm_epoch_map *map = &sums->epochs.at[epoch];
	sums->kept += (uint64_t)count * sizeof *nodes - (uint64_t)map->nodes.length * sizeof *nodes;
	map->nodes.length = 0;
	if (ptm_array_reserve(&map->nodes, count) != PTM_OK)
		return ptm_sums_turn_off(sums);
	if (count)
		memcpy(map->nodes.at, nodes, count * sizeof *nodes);
	map->nodes.length = count;
	keep_within(sums);
}

static bool has_weight(const ptm_tree_node *node)
{
	return node->calls || node->self_ns || node->self_instructions || node->self_cycles;
}

static ptm_status put_piece(ptm_segment_sums *into, const ptm_part_data *part, const ptm_piece *piece, const ptm_sum_place *place, const uint32_t *map)
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
		ptm_weights weights = { (int64_t)calls, (int64_t)nodes[i].self_ns, (int64_t)nodes[i].self_instructions, (int64_t)nodes[i].self_cycles };
		at = put_node(at, map[i], last, &weights);
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
	if (reserve_places(into, part->piece_count) != PTM_OK || put_piece(into, part, &part->pieces.at[piece], place, map) != PTM_OK)
		return ptm_sums_turn_off(sums);
	into->places.at[piece] = *place;
	sums->kept += into->bytes.length - before + sizeof *place;
	keep_within(sums);
}

void ptm_sums_close(ptm_sums *sums, uint32_t segment)
{
	if (sums->is_off || segment >= sums->segments.length || sums->segments.at[segment].is_closed)
		return;
	ptm_segment_sums *sum = &sums->segments.at[segment];
	uint8_t *bytes = ptm_slab_copy(&sums->slab, sum->bytes.at, sum->bytes.length);
	ptm_sum_place *places = ptm_slab_copy(&sums->places, sum->places.at, sum->places.length * sizeof *places);
	if (!bytes || !places)
		return ptm_sums_turn_off(sums);
	free(sum->bytes.at);
	free(sum->places.at);
	sum->bytes.at = bytes;
	sum->places.at = places;
	sum->bytes.capacity = sum->bytes.length;
	sum->places.capacity = sum->places.length;
	sum->is_closed = true;
	sum_up(sums, segment);
}

typedef struct taken {
	const ptm_sums *sums;
	const uint32_t *rows;    /* of the joined tree's nodes */
	uint32_t count;
	ptm_weights *weights;
} taken;

static ptm_status take_bytes(const taken *into, const ptm_sum_bytes *from)
{
	const uint8_t *at = from->at, *end = at + from->length;

	while (at < end) {
		uint64_t epoch, left;
		uint32_t node = 0;
		at = take(take(at, &epoch), &left);
		const ptm_epoch_map *map = &into->sums->epochs.at[epoch];
		for (; left; left--) {
			ptm_weights read;
			at = take_node(at, &node, &read);
			if (node >= map->nodes.length || map->nodes.at[node] >= into->count || into->rows[map->nodes.at[node]] == UINT32_MAX)
				return PTM_NOT_FOUND;
			add_weights(&into->weights[into->rows[map->nodes.at[node]]], &read);
		}
	}
	return PTM_OK;
}

/* The coarsest sum that begins at `segment` and ends by `to`; stores how many segments it is of. NULL: none is kept. */
static const ptm_sum_bytes *coarsest(const ptm_sums *sums, uint32_t segment, uint32_t to, uint32_t *span)
{
	const ptm_segment_sums *finest = &sums->segments.at[segment];
	const ptm_sum_bytes *found = finest->is_given_up ? NULL : &finest->bytes;

	*span = 1;
	for (uint32_t level = 0, wide = sums->span; level < PTM_SUM_LEVELS; level++, wide *= sums->span) {
		uint32_t unit = segment / wide;
		if (segment % wide || to - segment < wide || unit >= sums->levels[level].units.length || !sums->levels[level].units.at[unit].at)
			break;
		found = &sums->levels[level].units.at[unit];
		*span = wide;
	}
	return found;
}

ptm_status ptm_sums_take(const ptm_sums *sums, uint32_t *segment, uint32_t to, const uint32_t *rows, uint32_t count, ptm_weights *weights)
{
	taken into = { sums, rows, count, weights };
	uint32_t span;

	for (; *segment < to; *segment += span) {
		const ptm_sum_bytes *from = coarsest(sums, *segment, to, &span);
		if (!from)
			return PTM_MORE;
		PTM_TRY(take_bytes(&into, from));
	}
	return PTM_OK;
}
