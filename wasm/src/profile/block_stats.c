/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/block_stats.h"

void ptm_block_stats_free(ptm_block_stats *stats)
{
	ptm_array_free(&stats->stats);
	free(stats->rows);
	stats->rows = NULL;
	stats->row_count = 0;
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
	bool is_earlier = from->first_ns != into->first_ns ? from->first_ns < into->first_ns
			: from->first_segment != into->first_segment ? from->first_segment < into->first_segment
								     : from->first_instruction < into->first_instruction;
	if (is_earlier) {
		into->first_ns = from->first_ns;
		into->first_segment = from->first_segment;
		into->first_instruction = from->first_instruction;
	}
}
