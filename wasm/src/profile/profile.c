/* SPDX-License-Identifier: Apache-2.0 */
/* The joined profile: takes in parts, and makes the answers anew when asked. */
#include "profile/joined.h"

/* Merges after which what can be settled is, whether anybody asks or not. */
#define MOST_UNSETTLED 32

ptm_status ptm_profile_new(ptm_profile **profile, ptm_blocks *blocks, ptm_spaces *spaces)
{
	ptm_profile *made = calloc(1, sizeof *made);
	if (!made)
		return PTM_NO_MEMORY;
	made->blocks = blocks;
	made->spaces = spaces;
	made->idle_thread = PTM_ALL;
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
	for (uint32_t i = 0; i < profile->seeds.length; i++)
		free(profile->seeds.at[i].stack);
	ptm_slab_free(&profile->kept);
	ptm_joined_free(&profile->settled);
	ptm_sums_free(&profile->sums);
	ptm_call_tree_free(&profile->tree_index);
	ptm_array_free(&profile->tree_rows);
	ptm_array_free(&profile->row_map);
	ptm_array_free(&profile->parts);
	ptm_array_free(&profile->seeds);
	ptm_array_free(&profile->first_segment);
	ptm_block_stats_free(&profile->stats);
	ptm_array_free(&profile->incoming.blocks);
	ptm_array_free(&profile->holes);
	ptm_array_free(&profile->entered);
	ptm_array_free(&profile->queue_gaps);
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

ptm_status ptm_profile_expect(ptm_profile *profile, const uint32_t *first_segment, uint32_t queues, uint32_t idle_thread)
{
	PTM_TRY(ptm_array_reserve(&profile->first_segment, queues + 1));
	memcpy(profile->first_segment.at, first_segment, (queues + 1) * sizeof *first_segment);
	profile->first_segment.length = queues + 1;
	profile->idle_thread = idle_thread;
	PTM_TRY(ptm_sums_expect(&profile->sums, first_segment[queues]));
	profile->settled.sums = &profile->sums;
	return PTM_OK;
}

uint64_t ptm_profile_leaves_out(const ptm_profile *profile)
{
	return profile->settled.shortest_ns;
}

ptm_status ptm_profile_seed(ptm_profile *profile, uint32_t thread, const ptm_call *stack, uint32_t count)
{
	ptm_seed seed = { .thread = thread, .count = count, .stack = malloc((count + 1) * sizeof *stack) };

	if (!seed.stack)
		return PTM_NO_MEMORY;
	memcpy(seed.stack, stack, count * sizeof *stack);
	ptm_status status = ptm_array_push(&profile->seeds, seed);
	if (status != PTM_OK)
		free(seed.stack);
	return status;
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

/* Copies of the part's runs, gaps, checkpoints and marks in `slab`, of the arrays' types; nothing is freed. */
static ptm_status keep(ptm_slab *slab, const ptm_part_data *part, ptm_part_data *copy)
{
	copy->runs.at = ptm_slab_copy(slab, part->runs.at, part->runs.length * sizeof *part->runs.at);
	copy->gaps.at = ptm_slab_copy(slab, part->gaps.at, part->gaps.length * sizeof *part->gaps.at);
	copy->checkpoints.at = ptm_slab_copy(slab, part->checkpoints.at, part->checkpoints.length * sizeof *part->checkpoints.at);
	copy->marks.at = ptm_slab_copy(slab, part->marks.at, part->marks.length * sizeof *part->marks.at);
	return copy->runs.at && copy->gaps.at && copy->checkpoints.at && copy->marks.at ? PTM_OK : PTM_NO_MEMORY;
}

static void take_kept(ptm_part_data *part, const ptm_part_data *copy)
{
	if (!part->is_kept) {
		free(part->runs.at);
		free(part->gaps.at);
		free(part->checkpoints.at);
		free(part->marks.at);
	}
	part->runs.at = copy->runs.at;
	part->gaps.at = copy->gaps.at;
	part->checkpoints.at = copy->checkpoints.at;
	part->marks.at = copy->marks.at;
	part->runs.capacity = part->runs.length;
	part->gaps.capacity = part->gaps.length;
	part->checkpoints.capacity = part->checkpoints.length;
	part->marks.capacity = part->marks.length;
	part->is_kept = true;
}

/* What stays of a part goes where it is not in the way of what does not. */
static ptm_status keep_part(ptm_profile *profile, ptm_part_data *part)
{
	ptm_part_data copy;

	PTM_TRY(keep(&profile->kept, part, &copy));
	take_kept(part, &copy);
	return PTM_OK;
}

ptm_status ptm_profile_repack(ptm_profile *profile)
{
	uint32_t count = profile->parts.length;
	ptm_part_data *copies = calloc((size_t)count + 1, sizeof *copies);
	ptm_status status = copies ? PTM_OK : PTM_NO_MEMORY;
	ptm_slab packed = { 0 };

	for (uint32_t i = 0; status == PTM_OK && i < count; i++)
		status = keep(&packed, profile->parts.at[i], &copies[i]);
	for (uint32_t i = 0; status == PTM_OK && i < count; i++)
		take_kept(profile->parts.at[i], &copies[i]);
	ptm_slab_free(status == PTM_OK ? &profile->kept : &packed);
	if (status == PTM_OK)
		profile->kept = packed;
	free(copies);
	return status;
}

static ptm_status insert_part(ptm_profile *profile, ptm_part_data *part, const ptm_part_counters *counters, bool *is_taken)
{
	uint32_t row;

	*is_taken = false;
	if (find_part(profile, part, &row))
		return PTM_OK;
	PTM_TRY(ptm_array_reserve(&profile->parts, 1));
	PTM_TRY(keep_part(profile, part));
	PTM_TRY(ptm_part_counters_add(counters, &profile->stats));
	memmove(profile->parts.at + row + 1, profile->parts.at + row, (profile->parts.length - row) * sizeof *profile->parts.at);
	profile->parts.at[row] = part;
	profile->parts.length++;
	profile->stored_calls += part->calls.length;
	profile->stored_gaps += part->gaps.length;
	profile->stored_checkpoints += part->checkpoints.length;
	profile->loose_bytes += ptm_part_loose_bytes(part);
	profile->is_stale = true;
	*is_taken = true;
	ptm_profile_thin(profile);
	if (++profile->unsettled < MOST_UNSETTLED)
		return PTM_OK;
	profile->unsettled = 0;
	PTM_TRY(ptm_join_queues(profile));
	return ptm_settle(profile);
}

ptm_status ptm_profile_merge(ptm_profile *profile, const uint8_t *data, size_t length)
{
	bool is_taken = false;
	ptm_part_data *part = ptm_profile_has_room(profile, length) ? calloc(1, sizeof *part) : NULL;
	if (!part)
		return PTM_NO_MEMORY;
	ptm_status status = ptm_part_deserialize(data, length, profile->blocks, profile->spaces, part, &profile->incoming);
	if (status == PTM_OK)
		status = insert_part(profile, part, &profile->incoming, &is_taken);
	if (!is_taken)
		free_part(part);
	return status;
}

/* -------------------------------------------------------------- answers -- */

/* Appends what is below the stand-in `root`: parents first, children in the order
 * in which they were first called. `first` and `next` link siblings. */
static void flatten_lane(ptm_profile *profile, const ptm_tree_node *nodes, const ptm_lane *lane, const uint32_t *first,
			 const uint32_t *next, uint32_t *rows)
{
	uint32_t node = first[lane->root];

	rows[lane->root] = UINT32_MAX;
	while (node != PTM_NO_NODE) {
		const ptm_tree_node *from = &nodes[node];
		rows[node] = profile->call_tree.length;
		profile->call_tree.at[profile->call_tree.length++] = (ptm_call_node){
			.parent = rows[from->parent], .function = from->function, .thread = lane->thread, .calls = from->calls,
			.self_ns = from->self_ns, .self_instructions = from->self_instructions, .self_cycles = from->self_cycles };
		uint32_t at = first[node];
		for (; at == PTM_NO_NODE && node != lane->root; node = nodes[node].parent)
			at = next[node];
		node = at;
	}
}

/* The joined tree without its stand-ins, lane by lane. */
static ptm_status flatten_tree(ptm_profile *profile, const ptm_joined *work)
{
	const ptm_tree_node *nodes = work->tree.nodes.at;
	uint32_t count = work->tree.nodes.length;
	PTM_TRY(ptm_array_reserve(&profile->call_tree, count));
	PTM_TRY(ptm_array_reserve(&profile->tree_rows, count));
	uint32_t *first = malloc((2 * (size_t)count + 1) * sizeof *first), *next = first + count, *rows = profile->tree_rows.at;
	if (!first)
		return PTM_NO_MEMORY;
	profile->tree_rows.length = count;
	memset(first, 0xff, 2 * (size_t)count * sizeof *first);
	if (count)
		memset(rows, 0xff, count * sizeof *rows);
	for (uint32_t i = count; i--;) {
		if (nodes[i].parent != PTM_NO_NODE) {
			next[i] = first[nodes[i].parent];
			first[nodes[i].parent] = i;
		}
	}
	for (uint32_t i = 0; i < work->lanes.length; i++)
		flatten_lane(profile, nodes, work->lanes.at[i], first, next, rows);
	free(first);
	return PTM_OK;
}

static int compare_gaps(const void *left, const void *right)
{
	const ptm_gap *a = left, *b = right;
	const uint64_t keys[][2] = { { a->thread, b->thread }, { a->start_ns, b->start_ns }, { a->end_ns, b->end_ns },
				     { a->queue, b->queue }, { a->offset, b->offset }, { a->reason, b->reason }, { a->ip, b->ip } };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i][0] != keys[i][1])
			return keys[i][0] < keys[i][1] ? -1 : 1;
	return 0;
}

static ptm_status join_gaps(ptm_profile *profile, const ptm_joined *work)
{
	const ptm_joined *const sources[] = { &profile->settled, work };

	for (uint32_t i = 0; i < 2; i++)
		for (uint32_t k = 0; k < sources[i]->gaps.length; k++)
			PTM_TRY(ptm_array_push(&profile->queue_gaps, sources[i]->gaps.at[k]));
	uint32_t count = profile->queue_gaps.length;
	if (count)
		qsort(profile->queue_gaps.at, count, sizeof *profile->queue_gaps.at, compare_gaps);
	count = ptm_gaps_unite(profile->queue_gaps.at, count, PTM_PROFILE_GAPS);
	PTM_TRY(ptm_array_reserve(&profile->gaps, count));
	for (uint32_t i = 0; i < count; i++)
		profile->gaps.at[i] = profile->queue_gaps.at[i];
	profile->gaps.length = count;
	ptm_array_free(&profile->queue_gaps);
	return PTM_OK;
}

static void clear(ptm_profile *profile)
{
	profile->tree_rows.length = 0;
	profile->is_indexed = false;
	profile->call_tree.length = profile->calls.length = profile->call_parents.length = 0;
	profile->gaps.length = profile->block_stats.length = profile->runs.length = 0;
	profile->checkpoints.length = profile->queues.length = 0;
}

static ptm_status join(ptm_profile *profile, ptm_joined *work)
{
	PTM_TRY(ptm_join_queues(profile));
	PTM_TRY(ptm_settle(profile));
	profile->unsettled = 0;
	PTM_TRY(ptm_join_threads(profile, work));
	PTM_TRY(ptm_join_calls(profile, work));
	PTM_TRY(flatten_tree(profile, work));
	PTM_TRY(join_gaps(profile, work));
	return ptm_join_blocks(profile);
}

static ptm_status join_all(ptm_profile *profile)
{
	ptm_joined work = { 0 };

	clear(profile);
	ptm_status status = join(profile, &work);
	ptm_joined_free(&work);
	return status;
}

/* Answers are all of one state: all new, or, when memory is out, all empty. Before
 * that the sums are given up: they only make ranges quicker. */
static void refresh(ptm_profile *profile)
{
	if (!profile->is_stale)
		return;
	ptm_status status = join_all(profile);
	if (status == PTM_NO_MEMORY && !profile->is_broken && profile->settled.sums) {
		ptm_sums_turn_off(&profile->sums);
		status = join_all(profile);
	}
	if (status != PTM_OK)
		clear(profile);
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

const ptm_part_data *ptm_profile_part(const ptm_profile *profile, uint32_t queue, uint32_t segment)
{
	ptm_part_data wanted = { .queue = queue, .segment = segment };
	uint32_t row;
	return find_part(profile, &wanted, &row) ? profile->parts.at[row] : NULL;
}

const ptm_clock *ptm_profile_clock(const ptm_profile *profile, uint32_t queue, uint32_t segment)
{
	const ptm_part_data *part = ptm_profile_part(profile, queue, segment);
	return part ? &part->clock_in : NULL;
}

const ptm_clock *ptm_profile_clock_before(const ptm_profile *profile, uint32_t queue, uint32_t segment, uint64_t offset, uint64_t *at)
{
	const ptm_part_data *part = ptm_profile_part(profile, queue, segment);
	uint32_t row = part ? part->marks.length : 0;

	while (row && part->marks.at[row - 1].offset > offset)
		row--;
	if (!row)
		return NULL;
	*at = part->marks.at[row - 1].offset;
	return &part->marks.at[row - 1].clock;
}

uint32_t ptm_profile_clock_breaks(ptm_profile *profile)
{
	refresh(profile);
	return profile->clock_breaks;
}
