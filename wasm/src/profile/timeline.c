/* SPDX-License-Identifier: Apache-2.0 */
/* The calls kept, in order of (thread, start, depth), and the stack at a time. */
#include "profile/joined.h"

typedef struct key {
	uint64_t start_ns;
	uint32_t thread, depth, row;
} key;

static uint64_t length_of(const ptm_call *call)
{
	return call->end_ns - call->start_ns;
}

/* The smallest of the thresholds 0, 1, 2, 4… from `shortest_ns` up that leaves at most `most` calls. */
static uint64_t threshold(const ptm_profile *profile, uint64_t shortest_ns, uint32_t most)
{
	uint32_t counts[66] = { 0 };  /* by number of bits of the length */
	uint64_t left = profile->joined_calls.length;
	uint32_t bits = 0;

	for (uint32_t i = 0; i < profile->joined_calls.length; i++) {
		uint64_t length = length_of(&profile->joined_calls.at[i].call);
		counts[length ? 64 - __builtin_clzll(length) : 0]++;
	}
	/* `bits` zero bits: a threshold of 2^(bits - 1) leaves out all shorter lengths. */
	while (bits < 63 && (bits ? (uint64_t)1 << (bits - 1) : 0) < shortest_ns)
		left -= counts[bits++];
	while (bits < 63 && left > most)
		left -= counts[bits++];
	return bits ? (uint64_t)1 << (bits - 1) : 0;
}

static int compare_keys(const void *left, const void *right)
{
	const key *a = left, *b = right;
	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	if (a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static ptm_status gather(ptm_profile *profile, key *keys)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < profile->joined_calls.length; i++) {
		const ptm_call *call = &profile->joined_calls.at[i].call;
		if (length_of(call) >= profile->calls_shortest_ns)
			keys[count++] = (key){ call->start_ns, call->thread, call->depth, i };
	}
	if (count)
		qsort(keys, count, sizeof *keys, compare_keys);
	PTM_TRY(ptm_array_reserve(&profile->calls, count));
	for (uint32_t i = 0; i < count; i++)
		profile->calls.at[i] = profile->joined_calls.at[keys[i].row].call;
	profile->calls.length = count;
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

ptm_status ptm_join_calls(ptm_profile *profile)
{
	uint64_t shortest_ns = profile->shortest_ns;

	for (uint32_t i = 0; i < profile->parts.length; i++)
		if (profile->parts.at[i]->shortest_ns > shortest_ns)
			shortest_ns = profile->parts.at[i]->shortest_ns;
	profile->calls_shortest_ns = threshold(profile, shortest_ns, PTM_PROFILE_CALLS);
	key *keys = malloc((profile->joined_calls.length + 1) * sizeof *keys);
	if (!keys)
		return PTM_NO_MEMORY;
	ptm_status status = gather(profile, keys);
	free(keys);
	return status == PTM_OK ? find_parents(profile) : status;
}

static void drop_stored(ptm_profile *profile)
{
	profile->stored_calls = 0;
	for (uint32_t i = 0; i < profile->parts.length; i++) {
		ptm_part_data *part = profile->parts.at[i];
		uint32_t left = 0;
		for (uint32_t k = 0; k < part->calls.length; k++) {
			const ptm_piece_call *call = &part->calls.at[k];
			if (call->end_ns - call->start_ns >= profile->shortest_ns)
				part->calls.at[left++] = *call;
		}
		part->calls.length = left;
		profile->stored_calls += left;
		/* Gives the memory back; keeping it when that fails does no harm. */
		void *moved = left ? realloc(part->calls.at, left * sizeof *part->calls.at) : NULL;
		if (moved) {
			part->calls.at = moved;
			part->calls.capacity = left;
		} else if (!left) {
			ptm_array_free(&part->calls);
		}
	}
}

void ptm_profile_thin_calls(ptm_profile *profile)
{
	if (profile->stored_calls <= 2 * PTM_PROFILE_CALLS)
		return;
	while (profile->stored_calls > PTM_PROFILE_CALLS && profile->shortest_ns < (uint64_t)1 << 62) {
		profile->shortest_ns = ptm_longer(profile->shortest_ns);
		drop_stored(profile);
	}
}

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
