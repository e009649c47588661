/* SPDX-License-Identifier: Apache-2.0 */
/* Counters per block, dense in order of first use, found by the block's row. */
#ifndef PTM_PROFILE_BLOCK_STATS_H
#define PTM_PROFILE_BLOCK_STATS_H

#include "base/array.h"
#include "profile/profile.h"

typedef struct ptm_block_stats {
	PTM_ARRAY(ptm_block_stat) stats;
	uint32_t *rows;          /* block -> row of stats + 1, 0: none yet */
	uint32_t row_count;
} ptm_block_stats;

void ptm_block_stats_free(ptm_block_stats *stats);

/* Forgets all counters, in time proportional to their number; keeps the memory. */
void ptm_block_stats_clear(ptm_block_stats *stats);

/* Stores the counters of `block` (borrowed until the next call); makes them when new. */
ptm_status ptm_block_stats_slow(ptm_block_stats *stats, uint32_t block, ptm_block_stat **stat) PTM_MUST_CHECK;

static inline ptm_status ptm_block_stats_find(ptm_block_stats *stats, uint32_t block, ptm_block_stat **stat)
{
	if (block >= stats->row_count || !stats->rows[block])
		return ptm_block_stats_slow(stats, block, stat);
	*stat = &stats->stats.at[stats->rows[block] - 1];
	return PTM_OK;
}

/* Counts one visit of its block. */
static inline void ptm_block_stat_count(ptm_block_stat *stat, const ptm_item *visit)
{
	const uint32_t branched = 1u << PTM_END_TAKEN | 1u << PTM_END_JUMP | 1u << PTM_END_CALL | 1u << PTM_END_RETURN |
				  1u << PTM_END_FAR | 1u << PTM_END_OFF;

	stat->visits += !visit->resumed;
	stat->instructions += visit->instructions;
	stat->ns += visit->end_ns > visit->start_ns ? visit->end_ns - visit->start_ns : 0;
	stat->taken += branched >> (visit->end & 31) & 1;
	stat->not_taken += visit->end == PTM_END_NOT_TAKEN;
	if (visit->has_cycles && !visit->cycles_partial) {
		stat->cycles += visit->cycles;
		stat->cycle_instructions += visit->cycle_instructions;
		stat->cycle_visits++;
	}
}

/* Adds the counters of the same block elsewhere. */
void ptm_block_stat_add(ptm_block_stat *into, const ptm_block_stat *from);

#endif
