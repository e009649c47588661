/* SPDX-License-Identifier: Apache-2.0 */
/* Calls, gaps and runs over time; which are kept when there are too many; the
 * stack at a time. */
#include "profile_world.h"
#include "profile/part.h"

static void gaps_and_runs(void)
{
	world world;
	text text = { 0 };
	ptm_profile *profile = world_begin(&world, "thread 1 begin a10  a10 offsys 20  at 50 begin a14  a14 not 60  gap 1 70  gap 1 75  gap 2 80"
		"  begin a40 a40 offsys 90  thread 2 at 95 begin b10 b10 offsys 100  thread 1 at 110 begin a44 a44 not 120");

	text_gaps(&text, profile);
	text_runs(&text, profile);
	CHECK_TEXT(text.at,
		   "gap 8 thread 1 queue 0 20-50 bytes 0 ip 1014 count 1\n"
		   "gap 1 thread 1 queue 0 60-75 bytes 16 ip 0 count 2\n"
		   "gap 2 thread 1 queue 0 75-80 bytes 8 ip 0 count 1\n"
		   "gap 8 thread 1 queue 0 90-110 bytes 0 ip 1044 count 1\n"
		   "run thread 1 queue 0 0-60 on 30 first 0 instructions 4 branches 2 cycles 0\n"
		   "run thread 1 queue 0 80-90 on 10 first 4 instructions 2 branches 1 cycles 0\n"
		   "run thread 1 queue 0 110-120 on 10 first 8 instructions 2 branches 1 cycles 0\n"
		   "run thread 2 queue 0 95-100 on 5 first 6 instructions 2 branches 1 cycles 0\n");
	free(text.at);
	world_end(&world, profile);
}

static void stack_at(void)
{
	world world;
	ptm_call stack[8];
	ptm_profile *profile = world_begin(&world, "begin a10  a10 call 10  b0 call 20  c0 ret 30  b4 ret 40  a14 not 50");

	CHECK_EQ(ptm_profile_stack_at(profile, 1, 25, stack, 8), 3);
	CHECK_EQ(stack[0].function, 1);
	CHECK_EQ(stack[1].start_ns, 10);
	CHECK_EQ(stack[2].function, 3);
	CHECK_EQ(ptm_profile_stack_at(profile, 1, 30, stack, 8), 2);
	CHECK_EQ(ptm_profile_stack_at(profile, 1, 25, stack, 2), 2);
	CHECK_EQ(stack[1].function, 2);
	CHECK_EQ(ptm_profile_stack_at(profile, 1, 45, stack, 8), 1);
	CHECK_EQ(ptm_profile_stack_at(profile, 1, 50, stack, 8), 0);
	CHECK_EQ(ptm_profile_stack_at(profile, 2, 25, stack, 8), 0);
	world_end(&world, profile);
}

/* 12,000 calls of 0 to 9 ns in one call of all the time: the short ones go. */
static void too_many_calls(void)
{
	world world;
	uint64_t shortest, now_ns = 0;
	uint32_t count, wanted = 1;
	ptm_profile *profile = world_begin(&world, "begin a10  a10 call 0  b0 not 0  b8 call 0  c0 ret 0  b8 call 0");

	CHECK_EQ(ptm_part_new(&world.part, 1, 0, &world.blocks, NULL), PTM_OK);
	for (uint32_t i = 0; i < 12000; i++) {
		uint64_t length = i % 10;
		ptm_item call = { .kind = PTM_ITEM_VISIT, .end = PTM_END_CALL, .instructions = 2, .thread = 1, .start_ns = now_ns,
				  .end_ns = now_ns, .block = world_block(&world, world_ip("b8"), PTM_INSN_CALL) };
		ptm_item body = { .kind = PTM_ITEM_VISIT, .end = PTM_END_RETURN, .instructions = 2, .thread = 1, .start_ns = now_ns,
				  .end_ns = now_ns + length, .block = world_block(&world, world_ip("c0"), PTM_INSN_RETURN) };
		body.to_ip = world_ip("b8");
		CHECK_EQ(ptm_part_add(world.part, &call), PTM_OK);
		world.blocks.blocks.at[call.block].size = 0; /* returns to itself */
		CHECK_EQ(ptm_part_add(world.part, &body), PTM_OK);
		now_ns += length;
		wanted += length >= 4 && i + 1 < 12000;
	}
	world_merge(&world, profile);
	const ptm_call *calls = ptm_profile_calls(profile, &count, &shortest);
	CHECK_EQ(shortest, 4);
	for (uint32_t i = 0; i < count; i++)
		CHECK(calls[i].end_ns - calls[i].start_ns >= 4);
	CHECK(count >= wanted && count <= wanted + 3);
	world_end(&world, profile);
}

/* Gaps of 1 ns every 1000 ns, and a long one: neighbours are united. */
static void too_many_gaps(void)
{
	ptm_gap *gaps = calloc(1000, sizeof *gaps);

	for (uint32_t i = 0; i < 1000; i++) {
		gaps[i] = (ptm_gap){ .start_ns = 1000 * i, .end_ns = 1000 * i + 1, .bytes = 2, .count = 1, .thread = i / 500,
					 .reason = PTM_GAP_OVERFLOW };
		gaps[i].instruction = i;
	}
	gaps[600].end_ns = 600900;
	uint32_t count = ptm_gaps_unite(gaps, 1000, 200);
	uint64_t total = 0, bytes = 0;
	for (uint32_t i = 0; i < count; i++) {
		total += gaps[i].count;
		bytes += gaps[i].bytes;
		CHECK(i == 0 || gaps[i].thread != gaps[i - 1].thread || gaps[i].start_ns > gaps[i - 1].end_ns);
	}
	CHECK(count > 100 && count <= 200);
	CHECK_EQ(total, 1000);
	CHECK_EQ(bytes, 2000);
	free(gaps);
}

int main(void)
{
	gaps_and_runs();
	stack_at();
	too_many_calls();
	too_many_gaps();
	return check_report("timeline");
}
