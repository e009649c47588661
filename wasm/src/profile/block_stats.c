/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/joined.h"

void ptm_block_stats_free(ptm_block_stats *stats)
{
	ptm_array_free(&stats->stats);
	free(stats->rows);
	stats->rows = NULL;
	stats->row_count = 0;
}

void ptm_block_stats_clear(ptm_block_stats *stats)
{
	for (uint32_t i = 0; i < stats->stats.length; i++)
		stats->rows[stats->stats.at[i].block] = 0;
	stats->stats.length = 0;
}

static ptm_status grow_rows(ptm_block_stats *stats, uint32_t block)
{
	uint64_t count = stats->row_count ? (uint64_t)stats->row_count * 2 : 4096;
	if (count <= block)
		count = (uint64_t)block + 1;
	if (count > INT32_MAX)
		return PTM_NO_MEMORY;
	uint32_t *rows = realloc(stats->rows, count * sizeof *rows);
	if (!rows)
		return PTM_NO_MEMORY;
	memset(rows + stats->row_count, 0, (count - stats->row_count) * sizeof *rows);
	stats->rows = rows;
	stats->row_count = (uint32_t)count;
	return PTM_OK;
}

ptm_status ptm_block_stats_slow(ptm_block_stats *stats, uint32_t block, ptm_block_stat **stat)
{
	ptm_block_stat made = { .block = block, .first_ns = UINT64_MAX };

	if (block >= stats->row_count)
		PTM_TRY(grow_rows(stats, block));
	if (!stats->rows[block]) {
		PTM_TRY(ptm_array_push(&stats->stats, made));
		stats->rows[block] = stats->stats.length;
	}
	*stat = &stats->stats.at[stats->rows[block] - 1];
	return PTM_OK;
}

void ptm_block_stat_add(ptm_block_stat *into, const ptm_block_stat *from)
{
	into->visits += from->visits;
	into->instructions += from->instructions;
	into->ns += from->ns;
	into->cycles += from->cycles;
	into->cycle_visits += from->cycle_visits;
	into->cycle_instructions += from->cycle_instructions;
	into->taken += from->taken;
	into->not_taken += from->not_taken;
	bool is_earlier = from->first_ns != into->first_ns ? from->first_ns < into->first_ns
			: from->first_segment != into->first_segment ? from->first_segment < into->first_segment
								     : from->first_instruction < into->first_instruction;
	if (is_earlier) {
		into->first_ns = from->first_ns;
		into->first_segment = from->first_segment;
		into->first_instruction = from->first_instruction;
	}
}

/* ----------------------------------------------------------------- join -- */

typedef struct block_key {
	uint64_t ip;
	uint32_t code_id, mode, row;
	uint32_t entered;        /* visits that a cut took for the rest of one */
} block_key;

static int compare_blocks(const void *left, const void *right)
{
	const block_key *a = left, *b = right;
	if (a->ip != b->ip)
		return a->ip < b->ip ? -1 : 1;
	if (a->code_id != b->code_id)
		return a->code_id < b->code_id ? -1 : 1;
	return a->mode < b->mode ? -1 : a->mode > b->mode;
}

ptm_status ptm_join_blocks(ptm_profile *profile)
{
	const ptm_block_stats *stats = &profile->stats;
	uint32_t count = stats->stats.length;
	block_key *keys = malloc((count + 1) * sizeof *keys);

	if (!keys)
		return PTM_NO_MEMORY;
	for (uint32_t i = 0; i < count; i++) {
		const ptm_block *block = &profile->blocks->blocks.at[stats->stats.at[i].block];
		keys[i] = (block_key){ block->ip, block->code_id, block->mode, i, 0 };
	}
	for (uint32_t i = 0; i < profile->entered.length; i++)
		keys[stats->rows[profile->entered.at[i]] - 1].entered++;
	if (count)
		qsort(keys, count, sizeof *keys, compare_blocks);
	ptm_status status = ptm_array_reserve(&profile->block_stats, count);
	for (uint32_t i = 0; status == PTM_OK && i < count; i++) {
		profile->block_stats.at[i] = stats->stats.at[keys[i].row];
		profile->block_stats.at[i].visits += keys[i].entered;
	}
	profile->block_stats.length = status == PTM_OK ? count : 0;
	free(keys);
	return status;
}
