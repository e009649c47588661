/* SPDX-License-Identifier: Apache-2.0 */
/* The calls kept, in order of (thread, start, depth), and the stack at a time. */
#include "profile/joined.h"

/* A call to be sorted: by thread, start and depth; at equal ones, in order of ends. */
typedef struct key {
	uint64_t start_ns;
	uint32_t thread, depth;
	const ptm_call *call;
} key;

typedef struct keys {
	PTM_ARRAY(key) at;
} keys;

static uint64_t length_of(const ptm_call *call)
{
	return call->end_ns - call->start_ns;
}

static ptm_status add_keys(keys *keys, const ptm_joined_call *calls, uint32_t count, uint64_t shortest_ns)
{
	PTM_TRY(ptm_array_reserve(&keys->at, count));
	for (uint32_t i = 0; i < count; i++) {
		const ptm_call *call = &calls[i].call;
		if (length_of(call) >= shortest_ns)
			keys->at.at[keys->at.length++] = (key){ call->start_ns, call->thread, call->depth, call };
	}
	return PTM_OK;
}

/* The lane of `joined` that is a copy of `lane`. */
static const ptm_lane *copy_of(const ptm_joined *joined, const ptm_lane *lane)
{
	uint32_t from = 0, to = joined->lanes.length;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		const ptm_lane *other = joined->lanes.at[middle];
		if (other->thread < lane->thread || (other->thread == lane->thread && other->queue < lane->queue))
			from = middle + 1;
		else
			to = middle;
	}
	return joined->lanes.at[from];
}

/* All calls: of epochs settled, of the settled part of epochs that went on, of the rest. */
static ptm_status collect(ptm_profile *profile, const ptm_joined *work, uint64_t shortest_ns, keys *keys)
{
	const ptm_joined *settled = &profile->settled;

	PTM_TRY(add_keys(keys, settled->calls.at, settled->calls.length, shortest_ns));
	for (uint32_t i = 0; i < settled->lanes.length; i++) {
		const ptm_lane *lane = settled->lanes.at[i];
		int64_t bottom = copy_of(work, lane)->copied_bottom;
		for (uint32_t k = 0; k < lane->calls.length; k++)
			lane->calls.at[k].call.depth = ptm_depth(lane->calls.at[k].level - bottom);
		PTM_TRY(add_keys(keys, lane->calls.at, lane->calls.length, shortest_ns));
	}
	return add_keys(keys, work->calls.at, work->calls.length, shortest_ns);
}

/* The smallest of the thresholds 0, 1, 2, 4… from `shortest_ns` up that leaves at most `most` calls. */
static uint64_t threshold(const keys *keys, uint64_t shortest_ns, uint32_t most)
{
	uint32_t counts[66] = { 0 };  /* by number of bits of the length */
	uint64_t left = keys->at.length;
	uint32_t bits = 0;

	for (uint32_t i = 0; i < keys->at.length; i++) {
		uint64_t length = length_of(keys->at.at[i].call);
		counts[length ? 64 - __builtin_clzll(length) : 0]++;
	}
	/* A threshold of 2^(bits - 1) leaves out all lengths of fewer bits. */
	while (bits < 63 && (bits ? (uint64_t)1 << (bits - 1) : 0) < shortest_ns)
		left -= counts[bits++];
	while (bits < 63 && left > most)
		left -= counts[bits++];
	return bits ? (uint64_t)1 << (bits - 1) : 0;
}

static void drop_short(keys *keys, uint64_t shortest_ns)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < keys->at.length; i++)
		if (length_of(keys->at.at[i].call) >= shortest_ns)
			keys->at.at[left++] = keys->at.at[i];
	keys->at.length = left;
}

/* ----------------------------------------------------------------- sort -- */

static uint32_t digit_of(const key *key, uint32_t field, uint32_t shift)
{
	uint64_t value = field == 0 ? key->depth : field == 1 ? key->start_ns : key->thread;
	return value >> shift & 2047;
}

/* One stable pass by 11 bits of a field; nothing to do when all have the same. */
static void sort_pass(key **from, key **into, uint32_t count, uint32_t field, uint32_t shift)
{
	uint32_t at[2049] = { 0 };

	for (uint32_t i = 0; i < count; i++)
		at[digit_of(&(*from)[i], field, shift) + 1]++;
	if (at[digit_of(&(*from)[0], field, shift) + 1] == count)
		return;
	for (uint32_t i = 0; i < 2048; i++)
		at[i + 1] += at[i];
	for (uint32_t i = 0; i < count; i++)
		(*into)[at[digit_of(&(*from)[i], field, shift)]++] = (*from)[i];
	key *swap = *from;
	*from = *into;
	*into = swap;
}

/* Least significant digits first; keeps the order of equal ones. */
static ptm_status sort(keys *keys)
{
	uint32_t count = keys->at.length;
	key *spare = malloc((count + 1) * sizeof *spare);

	if (!spare)
		return PTM_NO_MEMORY;
	for (uint32_t shift = 0; count && shift < 22; shift += 11)
		sort_pass(&keys->at.at, &spare, count, 0, shift);
	for (uint32_t shift = 0; count && shift < 64; shift += 11)
		sort_pass(&keys->at.at, &spare, count, 1, shift);
	for (uint32_t shift = 0; count && shift < 33; shift += 11)
		sort_pass(&keys->at.at, &spare, count, 2, shift);
	free(spare);
	return PTM_OK;
}

/* ----------------------------------------------------------------- join -- */

static ptm_status take_calls(ptm_profile *profile, const keys *keys)
{
	PTM_TRY(ptm_array_reserve(&profile->calls, keys->at.length));
	for (uint32_t i = 0; i < keys->at.length; i++)
		profile->calls.at[i] = *keys->at.at[i].call;
	profile->calls.length = keys->at.length;
	return PTM_OK;
}

/* A call that is kept lies in calls that are at least as long, and so kept too. */
static ptm_status find_parents(ptm_profile *profile)
{
	uint32_t last = UINT32_MAX;

	PTM_TRY(ptm_array_reserve(&profile->call_parents, profile->calls.length));
	for (uint32_t i = 0; i < profile->calls.length; i++) {
		const ptm_call *call = &profile->calls.at[i];
		while (last != UINT32_MAX &&
		       (profile->calls.at[last].thread != call->thread || profile->calls.at[last].depth >= call->depth))
			last = profile->call_parents.at[last];
		profile->call_parents.at[i] = last;
		last = i;
	}
	profile->call_parents.length = profile->calls.length;
	return PTM_OK;
}

static ptm_status join_calls(ptm_profile *profile, const ptm_joined *work, uint64_t shortest_ns, keys *keys)
{
	PTM_TRY(collect(profile, work, shortest_ns, keys));
	profile->calls_shortest_ns = threshold(keys, shortest_ns, PTM_PROFILE_CALLS);
	drop_short(keys, profile->calls_shortest_ns);
	PTM_TRY(sort(keys));
	PTM_TRY(take_calls(profile, keys));
	return find_parents(profile);
}

ptm_status ptm_join_calls(ptm_profile *profile, const ptm_joined *work)
{
	uint64_t shortest_ns = profile->settled.shortest_ns;
	keys keys = { 0 };

	for (uint32_t i = 0; i < profile->parts.length; i++)
		if (profile->parts.at[i]->shortest_ns > shortest_ns)
			shortest_ns = profile->parts.at[i]->shortest_ns;
	ptm_status status = join_calls(profile, work, shortest_ns, &keys);
	ptm_array_free(&keys.at);
	return status;
}

/* ----------------------------------------------------------------- thin -- */

static void thin_part_calls(ptm_part_data *part, uint64_t shortest_ns)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < part->calls.length; i++) {
		const ptm_piece_call *call = &part->calls.at[i];
		if (call->end_ns - call->start_ns >= shortest_ns)
			part->calls.at[left++] = *call;
	}
	part->calls.length = left;
	/* Gives the memory back; keeping it when that fails does no harm. */
	void *moved = left ? realloc(part->calls.at, left * sizeof *part->calls.at) : NULL;
	if (moved) {
		part->calls.at = moved;
		part->calls.capacity = left;
	} else if (!left) {
		ptm_array_free(&part->calls);
	}
}

static uint32_t thin_joined_calls(ptm_joined_call *calls, uint32_t count, uint64_t shortest_ns)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < count; i++)
		if (length_of(&calls[i].call) >= shortest_ns)
			calls[left++] = calls[i];
	return left;
}

static void thin_calls(ptm_profile *profile)
{
	ptm_joined *settled = &profile->settled;

	settled->shortest_ns = ptm_longer(settled->shortest_ns);
	profile->stored_calls = 0;
	for (uint32_t i = 0; i < profile->parts.length; i++) {
		thin_part_calls(profile->parts.at[i], settled->shortest_ns);
		profile->stored_calls += profile->parts.at[i]->calls.length;
	}
	settled->calls.length = thin_joined_calls(settled->calls.at, settled->calls.length, settled->shortest_ns);
	for (uint32_t i = 0; i < settled->lanes.length; i++) {
		ptm_lane *lane = settled->lanes.at[i];
		lane->calls.length = thin_joined_calls(lane->calls.at, lane->calls.length, settled->shortest_ns);
	}
}

static uint64_t count_calls(const ptm_profile *profile)
{
	uint64_t count = profile->stored_calls + profile->settled.calls.length;

	for (uint32_t i = 0; i < profile->settled.lanes.length; i++)
		count += profile->settled.lanes.at[i]->calls.length;
	return count;
}

static void thin_gaps(ptm_profile *profile)
{
	profile->gap_shift = profile->gap_shift ? profile->gap_shift + 1 : 10;
	profile->stored_gaps = 0;
	for (uint32_t i = 0; i < profile->parts.length; i++) {
		ptm_part_data *part = profile->parts.at[i];
		part->gaps.length = ptm_gaps_unite_cells(part->gaps.at, part->gaps.length, profile->gap_shift);
		profile->stored_gaps += part->gaps.length;
	}
}

void ptm_profile_thin(ptm_profile *profile)
{
	if (count_calls(profile) > 2 * PTM_PROFILE_CALLS)
		while (count_calls(profile) > PTM_PROFILE_CALLS && profile->settled.shortest_ns < (uint64_t)1 << 62)
			thin_calls(profile);
	if (profile->stored_gaps <= 2 * PTM_PROFILE_GAPS)
		return;
	while (profile->stored_gaps > PTM_PROFILE_GAPS && profile->gap_shift < 62)
		thin_gaps(profile);
	/* Keeping the memory when that fails does no harm. */
	(void)!ptm_profile_repack(profile);
}

/* ---------------------------------------------------------------- stack -- */

/* The last call of `thread` that starts at or before `time_ns`, UINT32_MAX for none. */
static uint32_t last_started(const ptm_profile *profile, uint32_t thread, uint64_t time_ns)
{
	uint32_t from = 0, to = profile->calls.length;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		const ptm_call *call = &profile->calls.at[middle];
		if (call->thread < thread || (call->thread == thread && call->start_ns <= time_ns))
			from = middle + 1;
		else
			to = middle;
	}
	return from && profile->calls.at[from - 1].thread == thread ? from - 1 : UINT32_MAX;
}

uint32_t ptm_profile_stack_at(ptm_profile *profile, uint32_t thread, uint64_t time_ns, ptm_call *into, uint32_t capacity)
{
	uint32_t count = 0, all;

	(void)ptm_profile_calls(profile, &all, &(uint64_t){ 0 });
	uint32_t innermost = last_started(profile, thread, time_ns);
	while (innermost != UINT32_MAX && profile->calls.at[innermost].end_ns <= time_ns)
		innermost = profile->call_parents.at[innermost];
	for (uint32_t i = innermost; i != UINT32_MAX; i = profile->call_parents.at[i])
		count++;
	uint32_t at = count;
	for (uint32_t i = innermost; i != UINT32_MAX; i = profile->call_parents.at[i])
		if (--at < capacity)
			into[at] = profile->calls.at[i];
	return count < capacity ? count : capacity;
}
