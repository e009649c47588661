/* SPDX-License-Identifier: Apache-2.0 */
/* The joined profile: takes in parts, and makes the answers anew when asked. */
#include "profile/joined.h"
#include "profile/serialize.h"

ptm_status ptm_profile_new(ptm_profile **profile, ptm_blocks *blocks, ptm_spaces *spaces)
{
	ptm_profile *made = calloc(1, sizeof *made);
	if (!made)
		return PTM_NO_MEMORY;
	made->blocks = blocks;
	made->spaces = spaces;
	*profile = made;
	return PTM_OK;
}

static void free_part(ptm_part_data *part)
{
	ptm_part_data_free(part);
	free(part);
}

void ptm_profile_free(ptm_profile *profile)
{
	if (!profile)
		return;
	for (uint32_t i = 0; i < profile->parts.length; i++)
		free_part(profile->parts.at[i]);
	ptm_array_free(&profile->parts);
	ptm_block_stats_free(&profile->stats);
	ptm_array_free(&profile->links);
	ptm_array_free(&profile->holes);
	ptm_call_tree_free(&profile->tree);
	ptm_array_free(&profile->tree_threads);
	ptm_array_free(&profile->joined_calls);
	ptm_array_free(&profile->joined_gaps);
	ptm_array_free(&profile->entered);
	ptm_array_free(&profile->call_tree);
	ptm_array_free(&profile->calls);
	ptm_array_free(&profile->call_parents);
	ptm_array_free(&profile->gaps);
	ptm_array_free(&profile->block_stats);
	ptm_array_free(&profile->runs);
	ptm_array_free(&profile->checkpoints);
	ptm_array_free(&profile->queues);
	free(profile);
}

/* ---------------------------------------------------------------- merge -- */

/* Where the part belongs in (queue, segment) order; true when it is there already. */
static bool find_part(const ptm_profile *profile, const ptm_part_data *part, uint32_t *row)
{
	uint32_t from = 0, to = profile->parts.length;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		const ptm_part_data *other = profile->parts.at[middle];
		if (other->queue < part->queue || (other->queue == part->queue && other->segment < part->segment))
			from = middle + 1;
		else
			to = middle;
	}
	*row = from;
	return from < profile->parts.length && profile->parts.at[from]->queue == part->queue &&
	       profile->parts.at[from]->segment == part->segment;
}

static ptm_status add_stats(ptm_profile *profile, const ptm_block_stats *stats)
{
	ptm_block_stat *into;

	/* First make room everywhere, so that adding is all or nothing. */
	for (uint32_t i = 0; i < stats->stats.length; i++)
		PTM_TRY(ptm_block_stats_find(&profile->stats, stats->stats.at[i].block, &into));
	for (uint32_t i = 0; i < stats->stats.length; i++) {
		PTM_TRY(ptm_block_stats_find(&profile->stats, stats->stats.at[i].block, &into));
		ptm_block_stat_add(into, &stats->stats.at[i]);
	}
	return PTM_OK;
}

static ptm_status insert_part(ptm_profile *profile, ptm_part_data *part, const ptm_block_stats *stats, bool *is_taken)
{
	uint32_t row;

	*is_taken = false;
	if (find_part(profile, part, &row))
		return PTM_OK;
	PTM_TRY(ptm_array_reserve(&profile->parts, 1));
	PTM_TRY(add_stats(profile, stats));
	memmove(profile->parts.at + row + 1, profile->parts.at + row, (profile->parts.length - row) * sizeof *profile->parts.at);
	profile->parts.at[row] = part;
	profile->parts.length++;
	profile->stored_calls += part->calls.length;
	profile->is_stale = true;
	*is_taken = true;
	ptm_profile_thin_calls(profile);
	return PTM_OK;
}

ptm_status ptm_profile_merge(ptm_profile *profile, const uint8_t *data, size_t length)
{
	ptm_block_stats stats = { 0 };
	bool is_taken = false;
	ptm_part_data *part = calloc(1, sizeof *part);
	if (!part)
		return PTM_NO_MEMORY;
	ptm_status status = ptm_part_deserialize(data, length, profile->blocks, profile->spaces, part, &stats);
	if (status == PTM_OK)
		status = insert_part(profile, part, &stats, &is_taken);
	if (!is_taken)
		free_part(part);
	ptm_block_stats_free(&stats);
	return status;
}

/* -------------------------------------------------------------- answers -- */

/* The joined tree without its stand-ins: thread by thread, parents first, children
 * in the order in which they were first called. */
static ptm_status flatten_tree(ptm_profile *profile)
{
	const ptm_tree_node *nodes = profile->tree.nodes.at;
	uint32_t count = profile->tree.nodes.length;
	uint32_t *first = malloc((3 * (size_t)count + 1) * sizeof *first), *next = first + count, *rows = next + count;

	if (!first)
		return PTM_NO_MEMORY;
	ptm_status status = ptm_array_reserve(&profile->call_tree, count);
	memset(first, 0xff, 2 * (size_t)count * sizeof *first);
	for (uint32_t i = count; i--;) {
		if (nodes[i].parent != PTM_NO_NODE) {
			next[i] = first[nodes[i].parent];
			first[nodes[i].parent] = i;
		}
	}
	for (uint32_t i = 0; status == PTM_OK && i < profile->tree_threads.length; i += 2) {
		uint32_t root = profile->tree_threads.at[i], node = first[root];
		rows[root] = UINT32_MAX;
		while (node != PTM_NO_NODE) {
			rows[node] = profile->call_tree.length;
			profile->call_tree.at[profile->call_tree.length++] = (ptm_call_node){
				.parent = rows[nodes[node].parent], .function = nodes[node].function,
				.thread = profile->tree_threads.at[i + 1], .calls = nodes[node].calls,
				.self_ns = nodes[node].self_ns, .self_instructions = nodes[node].self_instructions,
				.self_cycles = nodes[node].self_cycles };
			uint32_t at = first[node];
			for (; at == PTM_NO_NODE && node != root; node = nodes[node].parent)
				at = next[node];
			node = at;
		}
	}
	free(first);
	return status;
}

static int compare_gaps(const void *left, const void *right)
{
	const ptm_gap *a = &((const ptm_part_gap *)left)->gap, *b = &((const ptm_part_gap *)right)->gap;
	const uint64_t keys[][2] = { { a->thread, b->thread }, { a->start_ns, b->start_ns }, { a->end_ns, b->end_ns },
				     { a->queue, b->queue }, { a->offset, b->offset }, { a->reason, b->reason }, { a->ip, b->ip } };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i][0] != keys[i][1])
			return keys[i][0] < keys[i][1] ? -1 : 1;
	return 0;
}

static ptm_status finish_gaps(ptm_profile *profile)
{
	uint32_t count = profile->joined_gaps.length;

	if (count)
		qsort(profile->joined_gaps.at, count, sizeof *profile->joined_gaps.at, compare_gaps);
	count = ptm_gaps_unite(profile->joined_gaps.at, count, PTM_PROFILE_GAPS);
	PTM_TRY(ptm_array_reserve(&profile->gaps, count));
	for (uint32_t i = 0; i < count; i++)
		profile->gaps.at[i] = profile->joined_gaps.at[i].gap;
	profile->gaps.length = count;
	return PTM_OK;
}

static void clear(ptm_profile *profile)
{
	profile->links.length = profile->holes.length = 0;
	ptm_call_tree_clear(&profile->tree);
	profile->tree_threads.length = profile->joined_calls.length = profile->joined_gaps.length = 0;
	profile->entered.length = 0;
	profile->call_tree.length = profile->calls.length = profile->call_parents.length = 0;
	profile->gaps.length = profile->block_stats.length = profile->runs.length = 0;
	profile->checkpoints.length = profile->queues.length = 0;
}

static ptm_status join(ptm_profile *profile)
{
	PTM_TRY(ptm_join_queues(profile));
	PTM_TRY(ptm_join_threads(profile));
	PTM_TRY(ptm_join_calls(profile));
	PTM_TRY(flatten_tree(profile));
	PTM_TRY(finish_gaps(profile));
	return ptm_join_blocks(profile);
}

/* Answers are all of one state: all new, or, when memory is out, all empty. */
static void refresh(ptm_profile *profile)
{
	if (!profile->is_stale)
		return;
	clear(profile);
	if (join(profile) != PTM_OK)
		clear(profile);
	ptm_array_free(&profile->joined_calls);
	ptm_array_free(&profile->joined_gaps);
	profile->is_stale = false;
}

#define ANSWER(type, name, array)                                       \
	const type *ptm_profile_##name(ptm_profile *profile, uint32_t *count) \
	{                                                               \
		refresh(profile);                                       \
		*count = profile->array.length;                         \
		return profile->array.at;                               \
	}
ANSWER(ptm_call_node, call_tree, call_tree)
ANSWER(ptm_gap, gaps, gaps)
ANSWER(ptm_block_stat, blocks, block_stats)
ANSWER(ptm_run, runs, runs)
ANSWER(ptm_checkpoint, checkpoints, checkpoints)
ANSWER(ptm_queue_total, queues, queues)
#undef ANSWER

const ptm_call *ptm_profile_calls(ptm_profile *profile, uint32_t *count, uint64_t *shortest_ns)
{
	refresh(profile);
	*count = profile->calls.length;
	*shortest_ns = profile->calls_shortest_ns;
	return profile->calls.at;
}
