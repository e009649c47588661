/* SPDX-License-Identifier: Apache-2.0 */
/* Counters per block: what counts as a visit, as taken, as measured. */
#include "profile_world.h"
#include "profile/block_stats.h"

static void counts(void)
{
	ptm_block_stats stats = { 0 };
	ptm_block_stat *stat;
	const ptm_item items[] = {
		{ .end = PTM_END_NOT_TAKEN, .instructions = 3, .start_ns = 10, .end_ns = 14 },
		{ .end = PTM_END_TAKEN, .instructions = 3, .start_ns = 20, .end_ns = 25, .has_cycles = true, .cycles = 40,
		  .cycle_instructions = 9 },
		{ .end = PTM_END_FALLTHROUGH, .instructions = 1, .start_ns = 30, .end_ns = 31 },
		{ .end = PTM_END_TAKEN, .instructions = 2, .start_ns = 31, .end_ns = 33, .resumed = true },
		{ .end = PTM_END_ASYNC, .instructions = 1, .start_ns = 40, .end_ns = 40 },
		{ .end = PTM_END_OFF, .instructions = 3, .start_ns = 50, .end_ns = 49 } };

	for (uint32_t i = 0; i < sizeof items / sizeof *items; i++) {
		CHECK_EQ(ptm_block_stats_find(&stats, 70000, &stat), PTM_OK);
		ptm_block_stat_count(stat, &items[i]);
	}
	CHECK_EQ(stats.stats.length, 1);
	CHECK_EQ(stat->block, 70000);
	CHECK_EQ(stat->visits, 5);
	CHECK_EQ(stat->taken, 3);
	CHECK_EQ(stat->instructions, 13);
	CHECK_EQ(stat->ns, 4 + 5 + 1 + 2);
	CHECK_EQ(stat->cycles, 40);
	CHECK_EQ(stat->cycle_visits, 1);
	CHECK_EQ(stat->cycle_instructions, 9);
	ptm_block_stats_free(&stats);
}

static void answers_by_address(void)
{
	world world;
	text text = { 0 };
	ptm_profile *profile = world_begin(&world, "begin b10  b10 call 10  a0 taken 12  a20 not 15  a0 taken 16  a20 not 17");

	text_rest(&text, profile, &world.merged);
	CHECK_TEXT(text.at,
		   "block 1000 visits 2 taken 2 instructions 4 ns 3 cycles 0/0/0\n"
		   "block 1020 visits 2 taken 0 instructions 4 ns 4 cycles 0/0/0\n"
		   "block 2010 visits 1 taken 1 instructions 2 ns 10 cycles 0/0/0\n"
		   "queue 0 instructions 10 packets 0\n");
	free(text.at);
	world_end(&world, profile);
}

int main(void)
{
	counts();
	answers_by_address();
	return check_report("block_stats");
}
