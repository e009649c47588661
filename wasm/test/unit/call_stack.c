/* SPDX-License-Identifier: Apache-2.0 */
/* What streams of visits do to call stacks, as the joined profile tells it. */
#include "profile_world.h"

#define CHECK_CALLS(stream, wanted)                                   \
	do {                                                          \
		world world;                                          \
		text text = { 0 };                                    \
		ptm_profile *profile = world_begin(&world, (stream)); \
		text_calls(&text, profile);                           \
		CHECK_TEXT(text.at ? text.at : "", (wanted));         \
		free(text.at);                                        \
		world_end(&world, profile);                           \
	} while (0)

static void calls_and_returns(void)
{
	CHECK_CALLS("begin a10  a10 call 10  b0 call 20  c0 ret 30  b4 ret 40  a14 not 50",
		    "1 a (0-50) 10\n"
		    "1  b 10-40 6\n"
		    "1   c 20-30 2\n");
}

static void recursion(void)
{
	CHECK_CALLS("begin a10  a10 call 10  b0 call 20  b0 call 30  b0 call 40  c0 ret 50  b4 ret 60  b4 ret 70  b4 ret 80  a14 not 90",
		    "1 a (0-90) 18\n"
		    "1  b 10-80 14\n"
		    "1   b 20-70 10\n"
		    "1    b 30-60 6\n"
		    "1     c 40-50 2\n");
}

static void callers_show_when_returned_into(void)
{
	CHECK_CALLS("begin c10  c10 call 10  d0 ret 20  c14 ret 30  b40 call 40  d0 ret 50  b44 ret 60  a50 not 70",
		    "1 a (0-70) 14\n"
		    "1  b (0-60 12\n"
		    "1   c (0-30 6\n"
		    "1    d 10-20 2\n"
		    "1   d 40-50 2\n");
}

static void call_of_the_next_instruction_is_none(void)
{
	CHECK_CALLS("begin a10  a10 call 10  a14 not 20", "1 a (0-20) 4\n");
}

static void tail_call_takes_the_frame(void)
{
	CHECK_CALLS("begin a10  a10 call 10  b0 jump 20  c0 ret 30  a14 not 40",
		    "1 a (0-40) 8\n"
		    "1  b 10-20 2\n"
		    "1  c 20-30 2\n");
}

static void tail_call_of_the_base(void)
{
	CHECK_CALLS("begin b10  b10 jump 20  c0 call 25  d0 ret 30  c4 ret 40  a14 not 50",
		    "1 a (0-50) 10\n"
		    "1  b (0-20 2\n"
		    "1  c 20-40 6\n"
		    "1   d 25-30 2\n");
}

static void jump_to_the_cold_part_stays(void)
{
	CHECK_CALLS("begin a10  a10 call 10  b0 taken 20  x40 jump 30  b8 ret 40  a14 not 50",
		    "1 a (0-50) 10\n"
		    "1  b 10-40 6\n");
}

static void longjmp_unwinds_to_the_function(void)
{
	CHECK_CALLS("begin a10  a10 call 10  b0 call 20  c0 call 30  l0 ijump 40  b40 ret 50  a14 not 60",
		    "1 a (0-60) 12\n"
		    "1  b 10-50 8\n"
		    "1   c 20-40 4\n"
		    "1    l 30-40 2\n");
}

static void exception_returns_deeper(void)
{
	CHECK_CALLS("begin a10  a10 call 10  b0 call 20  c0 call 30  d0 ret 40  a14 not 50",
		    "1 a (0-50) 10\n"
		    "1  b 10-40 6\n"
		    "1   c 20-40 4\n"
		    "1    d 30-40 2\n");
}

/* call thunk; thunk: call its own middle; that returns to the real target. */
static void retpoline_is_a_jump(void)
{
	CHECK_CALLS("begin a10  a10 call 10  t0 call 20  t20 ret 30  f0 ret 40  a14 not 50",
		    "1 a (0-50) 10\n"
		    "1  t 10-30 4\n"
		    "1   t 20-30 2\n"
		    "1  f 30-40 2\n");
}

static void unmatched_return_never_builds_a_staircase(void)
{
	CHECK_CALLS("begin a10  a10 call 10  b0 ret 20  c30 ret 30  d30 ret 40  e30 not 50",
		    "1 a (0-50) 10\n"
		    "1  b 10-20 2\n"
		    "1  c 20-30 2\n"
		    "1  d 30-40 2\n"
		    "1  e 40-50) 2\n");
}

static void system_call_stays_open(void)
{
	CHECK_CALLS("begin a10  a10 call 10  b0 offsys 20  at 90  begin b4  b4 ret 100  a14 not 110",
		    "1 a (0-110) 8\n"
		    "1  b 10-100 4\n");
}

static void system_call_in_traced_kernel(void)
{
	CHECK_CALLS("begin a10  a10 sys 10  k0 call 20  m0 ret 30  k4 sysret 40  a14 not 50",
		    "1 a (0-50) 10\n"
		    "1  k 10-40 6\n"
		    "1   m 20-30 2\n");
}

/* Interrupted before the second instruction of a10: goes on at a12. */
static void signal_handler_and_back(void)
{
	CHECK_CALLS("begin a10  a10 call 10  b0 not 20  b4 async 30  at 40  begin s0  s0 ret 50  r0 offsys 60  at 70  begin b8"
		    "  b8 ret 80  a14 not 90",
		    "1 a (0-90) 14\n"
		    "1  b 10-80 10\n"
		    "1   s 40-50 2\n"
		    "1   r 50-60 2\n");
}

static void handlers_that_never_end_do_not_pile_up(void)
{
	char stream[4096] = "begin a10  a10 async 10";
	world world;
	uint64_t shortest;
	uint32_t count, deepest = 0;

	for (int i = 0; i < 40; i++)
		snprintf(stream + strlen(stream), 64, "  at %d begin s0  s0 async %d", 20 + 10 * i, 25 + 10 * i);
	ptm_profile *profile = world_begin(&world, stream);
	const ptm_call *calls = ptm_profile_calls(profile, &count, &shortest);
	for (uint32_t i = 0; i < count; i++)
		deepest = calls[i].depth > deepest ? calls[i].depth : deepest;
	CHECK_EQ(count, 41);
	CHECK_EQ(deepest, 8);
	world_end(&world, profile);
}

/* A filter on b: each call begins at its entry and ends in a return to what is not traced. */
static void filtered_function(void)
{
	CHECK_CALLS("begin b0  b0 offret 10  at 20  begin b0  b0 offret 30  at 40  begin b0  b0 offret 50",
		    "1 b 0-10 2\n"
		    "1 b 20-30 2\n"
		    "1 b 40-50 2\n");
}

static void kernel_only(void)
{
	CHECK_CALLS("begin k0  k0 call 10  m0 ret 20  k4 offsysret 30  at 40  begin k0  k0 call 50  m0 ret 60  k4 offsysret 70",
		    "1 k 0-30 6\n"
		    "1  m 10-20 2\n"
		    "1 k 40-70) 6\n"
		    "1  m 50-60 2\n");
}

static void lost_trace_forgets_the_stack(void)
{
	CHECK_CALLS("begin a10  a10 call 10  b0 call 20  c0 not 30  gap 1 40  begin b40  b40 ret 50  a14 not 60",
		    "1 a (0-30) 6\n"
		    "1  b 10-30) 4\n"
		    "1   c 20-30) 2\n"
		    "1 a (40-60) 4\n"
		    "1  b (40-50 2\n");
}

static void threads_have_their_own_stacks(void)
{
	CHECK_CALLS("thread 1 begin a10  a10 call 10  b0 offsys 20  thread 2 begin x10 x10 call 30  y0 offsys 40"
		    "  thread 1 begin b4  b4 ret 50  a14 offsys 60  thread 2 begin y4 y4 ret 70  x14 not 80",
		    "1 a (0-60) 8\n"
		    "1  b 10-50 4\n"
		    "2 x (20-80) 8\n"
		    "2  y 30-70 4\n");
}

int main(void)
{
	calls_and_returns();
	recursion();
	callers_show_when_returned_into();
	call_of_the_next_instruction_is_none();
	tail_call_takes_the_frame();
	tail_call_of_the_base();
	jump_to_the_cold_part_stays();
	longjmp_unwinds_to_the_function();
	exception_returns_deeper();
	retpoline_is_a_jump();
	unmatched_return_never_builds_a_staircase();
	system_call_stays_open();
	system_call_in_traced_kernel();
	signal_handler_and_back();
	handlers_that_never_end_do_not_pile_up();
	filtered_function();
	kernel_only();
	lost_trace_forgets_the_stack();
	threads_have_their_own_stacks();
	return check_report("call_stack");
}
