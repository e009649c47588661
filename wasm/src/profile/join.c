/* SPDX-License-Identifier: Apache-2.0 */
/* Hands the pieces of all parts to the lanes of their threads, in order of time. */
#include "profile/joined.h"

/* Where a piece belongs: sorted by lane and time; within a queue, never against its order. */
typedef struct place {
	uint64_t key_ns;
	uint32_t thread, queue;      /* of the lane */
	uint32_t part, piece;
} place;

typedef struct places {
	PTM_ARRAY(place) at;
} places;

void ptm_joined_free(ptm_joined *joined)
{
	for (uint32_t i = 0; i < joined->lanes.length; i++) {
		ptm_lane_free(joined->lanes.at[i]);
		free(joined->lanes.at[i]);
	}
	ptm_array_free(&joined->lanes);
	ptm_call_tree_free(&joined->tree);
	ptm_array_free(&joined->calls);
	ptm_array_free(&joined->gaps);
}

static ptm_status copy_joined(ptm_joined *copy, const ptm_joined *from)
{
	copy->shortest_ns = from->shortest_ns;
	copy->sums = from->sums;
	copy->is_copy = true;
	PTM_TRY(ptm_call_tree_copy(&copy->tree, &from->tree));
	PTM_TRY(ptm_array_reserve(&copy->lanes, from->lanes.length));
	for (uint32_t i = 0; i < from->lanes.length; i++) {
		ptm_lane *lane = calloc(1, sizeof *lane);
		if (!lane)
			return PTM_NO_MEMORY;
		copy->lanes.at[copy->lanes.length++] = lane;
		PTM_TRY(ptm_lane_copy(lane, from->lanes.at[i]));
	}
	return PTM_OK;
}

/* ---------------------------------------------------------------- lanes -- */

static void seed_lane(const ptm_profile *profile, ptm_lane *lane)
{
	for (uint32_t i = 0; lane->queue == PTM_ANY_QUEUE && i < profile->seeds.length; i++) {
		if (profile->seeds.at[i].thread == lane->thread) {
			lane->seeds = profile->seeds.at[i].stack;
			lane->seed_count = profile->seeds.at[i].count;
		}
	}
}

static ptm_status add_lane(const ptm_profile *profile, ptm_joined *joined, uint32_t row, const place *at)
{
	PTM_TRY(ptm_array_reserve(&joined->lanes, 1));
	ptm_lane *lane = calloc(1, sizeof *lane);
	if (!lane)
		return PTM_NO_MEMORY;
	lane->thread = at->thread;
	lane->queue = at->queue;
	seed_lane(profile, lane);
	memmove(joined->lanes.at + row + 1, joined->lanes.at + row, (joined->lanes.length - row) * sizeof *joined->lanes.at);
	joined->lanes.at[row] = lane;
	joined->lanes.length++;
	return ptm_call_tree_add(&joined->tree, PTM_NO_NODE, PTM_NO_FUNCTION, &lane->root);
}

static ptm_status find_lane(const ptm_profile *profile, ptm_joined *joined, const place *at, ptm_lane **lane)
{
	uint32_t from = 0, to = joined->lanes.length;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		const ptm_lane *other = joined->lanes.at[middle];
		if (other->thread < at->thread || (other->thread == at->thread && other->queue < at->queue))
			from = middle + 1;
		else
			to = middle;
	}
	if (from == joined->lanes.length || joined->lanes.at[from]->thread != at->thread || joined->lanes.at[from]->queue != at->queue)
		PTM_TRY(add_lane(profile, joined, from, at));
	*lane = joined->lanes.at[from];
	return PTM_OK;
}

/* --------------------------------------------------------------- pieces -- */

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

/* The thread was elsewhere since its last piece, or tracing was off. */
static ptm_status add_absence(ptm_joined *joined, const ptm_lane *lane, const ptm_part_data *part, const ptm_piece *piece)
{
	const ptm_departure *from = &lane->departure;
	ptm_gap gap = { .start_ns = from->time_ns, .end_ns = piece->start_ns, .offset = from->offset, .ip = from->next_ip, .count = 1,
			.missing_ns = piece->start_ns - from->time_ns, .thread = piece->thread, .queue = part->queue, .reason = PTM_GAP_NOT_TRACED };

	if (piece->start_ns <= from->time_ns)
		return PTM_OK;
	return ptm_array_push(&joined->gaps, gap);
}

/* True when the piece follows the lane's last one in the same queue with nothing between. */
static bool follows(const ptm_profile *profile, const ptm_lane *lane, const place *at)
{
	const ptm_part_data *part = profile->parts.at[at->part];

	if (!lane->part)
		return false;
	if (lane->part == part)
		return lane->piece + 1 == at->piece && lane->run == part->pieces.at[at->piece].run;
	if (part->link.is_switched || lane->part->row > at->part || at->piece || lane->piece + 1 != lane->part->piece_count)
		return false;
	for (uint32_t i = lane->part->row + 1; i <= at->part; i++) {
		bool is_between = i < at->part;
		if (!profile->parts.at[i]->link.is_next || (is_between && profile->parts.at[i]->piece_count))
			return false;
	}
	return true;
}

static ptm_status add_piece(const ptm_profile *profile, ptm_joined *joined, ptm_lane *lane, const place *at)
{
	const ptm_part_data *part = profile->parts.at[at->part];
	const ptm_piece *piece = &part->pieces.at[at->piece];
	ptm_arrival arrival = piece->arrival;
	bool is_next = follows(profile, lane, at);

	lane->part = part;
	lane->piece = at->piece;
	lane->run = piece->run;
	if (piece->flags & PTM_PIECE_EMPTY)
		return ptm_lane_end_epoch(lane, joined);
	bool is_lost = piece->flags & PTM_PIECE_LOST_BEFORE || (!at->piece && (part->link.is_lost || part->link.is_hole));
	bool is_hole = !is_next && lane->departure.known && is_in_hole(profile, lane->departure.time_ns, piece->start_ns);
	if (is_lost || is_hole)
		PTM_TRY(ptm_lane_end_epoch(lane, joined));
	if (!is_next || (!at->piece && part->link.is_away))
		arrival.flags |= PTM_ARRIVAL_BEGIN;
	if (lane->departure.known && !is_next)
		PTM_TRY(add_absence(joined, lane, part, piece));
	return ptm_lane_add(lane, joined, part, at->piece, &arrival);
}

static ptm_status add_places(const ptm_profile *profile, ptm_joined *joined, const places *places)
{
	ptm_lane *lane = NULL;

	for (uint32_t i = 0; i < places->at.length; i++) {
		const place *at = &places->at.at[i];
		if (!lane || lane->thread != at->thread || lane->queue != at->queue)
			PTM_TRY(find_lane(profile, joined, at, &lane));
		PTM_TRY(add_piece(profile, joined, lane, at));
	}
	return PTM_OK;
}

/* ---------------------------------------------------------------- order -- */

static int compare_places(const void *left, const void *right)
{
	const place *a = left, *b = right;
	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	if (a->queue != b->queue)
		return a->queue < b->queue ? -1 : 1;
	if (a->key_ns != b->key_ns)
		return a->key_ns < b->key_ns ? -1 : 1;
	if (a->part != b->part)
		return a->part < b->part ? -1 : 1;
	return a->piece < b->piece ? -1 : a->piece > b->piece;
}

/* The time that orders piece `row`, when `key_ns` orders the one before it in its queue. */
static uint64_t key_of(const ptm_part_data *part, uint32_t row, uint64_t key_ns)
{
	uint64_t start_ns = part->pieces.at[row].start_ns;
	return start_ns > key_ns ? start_ns : key_ns;
}

/* Stores the places of the pieces of `part` that are not settled and whose key is below `bound_ns`. */
static ptm_status collect(const ptm_profile *profile, uint32_t row, uint64_t bound_ns, places *places)
{
	const ptm_part_data *part = profile->parts.at[row];
	uint64_t key_ns = part->settled_key_ns;

	for (uint32_t i = part->settled; i < part->piece_count; i++) {
		uint32_t thread = part->pieces.at[i].thread;
		key_ns = key_of(part, i, key_ns > part->link.key_ns ? key_ns : part->link.key_ns);
		if (key_ns >= bound_ns)
			break;
		place made = { key_ns, thread, ptm_lane_queue(profile, thread, part->queue), row, i };
		PTM_TRY(ptm_array_push(&places->at, made));
	}
	return PTM_OK;
}

static void sort(places *places)
{
	if (places->at.length)
		qsort(places->at.at, places->at.length, sizeof *places->at.at, compare_places);
}

static ptm_status join_rest(const ptm_profile *profile, ptm_joined *work, places *places)
{
	for (uint32_t i = 0; i < profile->parts.length; i++)
		PTM_TRY(collect(profile, i, UINT64_MAX, places));
	sort(places);
	PTM_TRY(add_places(profile, work, places));
	for (uint32_t i = 0; i < work->lanes.length; i++)
		PTM_TRY(ptm_lane_end_epoch(work->lanes.at[i], work));
	return PTM_OK;
}

ptm_status ptm_join_threads(ptm_profile *profile, ptm_joined *work)
{
	places places = { 0 };

	PTM_TRY(copy_joined(work, &profile->settled));
	ptm_status status = join_rest(profile, work, &places);
	ptm_array_free(&places.at);
	return status;
}

/* --------------------------------------------------------------- settle -- */

/* Row of the first part of `queue`. */
static uint32_t first_part(const ptm_profile *profile, uint32_t queue)
{
	uint32_t from = 0, to = profile->parts.length;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		if (profile->parts.at[middle]->queue < queue)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* How many parts from row `first` on are the first segments of `queue`, without a hole. */
static uint32_t prefix_of(const ptm_profile *profile, uint32_t queue, uint32_t first)
{
	uint32_t count = 0;

	while (first + count < profile->parts.length && profile->parts.at[first + count]->queue == queue &&
	       profile->parts.at[first + count]->segment == profile->first_segment.at[queue] + count)
		count++;
	return count;
}

/* The time before which no part that is still to come can have a piece. */
static uint64_t settled_until(const ptm_profile *profile)
{
	uint64_t until_ns = UINT64_MAX;

	for (uint32_t queue = 0; queue + 1 < profile->first_segment.length; queue++) {
		uint32_t first = first_part(profile, queue), count = prefix_of(profile, queue, first);
		bool is_whole = count >= profile->first_segment.at[queue + 1] - profile->first_segment.at[queue];
		uint64_t last_ns = count ? profile->parts.at[first + count - 1]->link.last_key_ns : 0;
		if (!is_whole && last_ns < until_ns)
			until_ns = last_ns;
	}
	return until_ns;
}

static void free_settled(ptm_profile *profile)
{
	for (uint32_t i = 0; i < profile->parts.length; i++) {
		ptm_part_data *part = profile->parts.at[i];
		if (part->settled < part->piece_count || !part->pieces.at)
			continue;
		profile->stored_calls -= part->calls.length;
		profile->loose_bytes -= ptm_part_loose_bytes(part);
		ptm_sums_close(&profile->sums, part->segment);
		ptm_array_free(&part->pieces);
		ptm_array_free(&part->nodes);
		ptm_array_free(&part->frames);
		ptm_array_free(&part->calls);
	}
}

ptm_status ptm_settle(ptm_profile *profile)
{
	places places = { 0 };
	uint64_t until_ns = settled_until(profile);
	ptm_status status = PTM_OK;

	if (profile->is_broken)
		return PTM_NO_MEMORY;
	if (profile->first_segment.length < 2 || !until_ns)
		return PTM_OK;
	for (uint32_t queue = 0; status == PTM_OK && queue + 1 < profile->first_segment.length; queue++) {
		uint32_t first = first_part(profile, queue), count = prefix_of(profile, queue, first);
		for (uint32_t i = first; status == PTM_OK && i < first + count; i++)
			status = collect(profile, i, until_ns, &places);
	}
	sort(&places);
	if (status == PTM_OK)
		status = add_places(profile, &profile->settled, &places);
	for (uint32_t i = 0; status == PTM_OK && i < places.at.length; i++) {
		ptm_part_data *part = profile->parts.at[places.at.at[i].part];
		part->settled = part->settled > places.at.at[i].piece + 1 ? part->settled : places.at.at[i].piece + 1;
		part->settled_key_ns = places.at.at[i].key_ns > part->settled_key_ns ? places.at.at[i].key_ns : part->settled_key_ns;
	}
	ptm_array_free(&places.at);
	profile->is_broken = status != PTM_OK;
	free_settled(profile);
	return status;
}
