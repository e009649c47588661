/* SPDX-License-Identifier: Apache-2.0 */
/* The call tree: as a container, and as the joined profile answers it. */
#include "profile/call_tree.h"
#include "profile_world.h"

static void finds_what_it_made(void)
{
	ptm_call_tree tree = { 0 };
	uint32_t root, node, again;

	for (uint32_t round = 0; round < 3; round++) {
		uint32_t count = round == 1 ? 20 : 5000;
		CHECK_EQ(ptm_call_tree_add(&tree, PTM_NO_NODE, PTM_NO_FUNCTION, &root), PTM_OK);
		for (uint32_t i = 0; i < count; i++) {
			CHECK_EQ(ptm_call_tree_find(&tree, i / 3, i, &node), PTM_OK);
			CHECK_EQ(node, i + 1);
		}
		CHECK_EQ(ptm_call_tree_find(&tree, 2, 7, &again), PTM_OK);
		CHECK_EQ(again, 8);
		CHECK_EQ(tree.nodes.length, count + 1);
		ptm_call_tree_clear(&tree);
		CHECK_EQ(tree.nodes.length, 0);
	}
	ptm_call_tree_free(&tree);
}

static void stand_in_becomes_a_function(void)
{
	ptm_call_tree tree = { 0 };
	uint32_t outside, outer, child, again;

	CHECK_EQ(ptm_call_tree_add(&tree, PTM_NO_NODE, PTM_NO_FUNCTION, &outside), PTM_OK);
	CHECK_EQ(ptm_call_tree_find(&tree, outside, 5, &child), PTM_OK);
	CHECK_EQ(ptm_call_tree_add(&tree, PTM_NO_NODE, PTM_NO_FUNCTION, &outer), PTM_OK);
	CHECK_EQ(ptm_call_tree_attach(&tree, outside, outer, 9), PTM_OK);
	CHECK_EQ(ptm_call_tree_find(&tree, outer, 9, &again), PTM_OK);
	CHECK_EQ(again, outside);
	CHECK_EQ(ptm_call_tree_find(&tree, outside, 5, &again), PTM_OK);
	CHECK_EQ(again, child);
	ptm_call_tree_free(&tree);
}

#define CHECK_TREE(stream, wanted)                                    \
	do {                                                          \
		world world;                                          \
		text text = { 0 };                                    \
		ptm_profile *profile = world_begin(&world, (stream)); \
		text_tree(&text, profile);                            \
		CHECK_TEXT(text.at ? text.at : "", (wanted));         \
		free(text.at);                                        \
		world_end(&world, profile);                           \
	} while (0)

/* calls/ns/instructions */
static void sums_by_path(void)
{
	CHECK_TREE("begin a10  a10 call 10  b0 call 15  c0 ret 18  b4 ret 20  a14 call 30  c0 ret 33  a18 call 40  b0 call 45  c0 ret 50  b4 ret 55",
		   "thread 1\n"
		   "a 0/27/6\n"
		   "  b 2/17/8\n"
		   "    c 2/8/4\n"
		   "  c 1/3/2\n");
}

/* e was entered from f, which shows only when e returns: it becomes the root. */
static void root_shows_late(void)
{
	CHECK_TREE("begin e10  e10 call 10  g0 ret 20  e14 ret 30  f50 call 40  e0 call 45  g0 ret 50  e14 ret 60  f54 not 70",
		   "thread 1\n"
		   "f 0/20/4\n"
		   "  e 1/35/8\n"
		   "    g 2/15/4\n");
}

/* The same paths before and after lost trace are the same nodes. */
static void stretches_add_up(void)
{
	CHECK_TREE("begin b10  b10 call 10  c0 ret 20  b14 ret 30  a14 not 40  gap 1 50  begin a20 a20 call 60  b0 call 70  c0 ret 80  b4 ret 90  a24 not 100",
		   "thread 1\n"
		   "a 0/30/6\n"
		   "  b 1/40/8\n"
		   "    c 2/20/4\n");
}

/* Time that was not traced belongs to nobody's self time. */
static void system_call_is_not_self_time(void)
{
	CHECK_TREE("begin a10  a10 call 10  b0 offsys 20  at 1000  begin b4  b4 ret 1010  a14 not 1020",
		   "thread 1\n"
		   "a 0/20/4\n"
		   "  b 1/20/4\n");
}

static void threads_are_apart(void)
{
	CHECK_TREE("thread 2  begin a10  a10 call 10  b0 not 20  thread 1  begin a20  a20 not 30",
		   "thread 1\n"
		   "a 0/10/2\n"
		   "thread 2\n"
		   "a 0/10/2\n"
		   "  b 1/10/2\n");
}

/* A window that begins in main > run > work: what returns finds them; what does not is below all the time. */
static void window_begins_inside_calls(void)
{
	const ptm_call stack[] = { { .start_ns = 1, .function = 'm' - 'a' + 1 }, { .start_ns = 2, .function = 'r' - 'a' + 1 },
				   { .start_ns = 3, .function = 'w' - 'a' + 1 } };
	world world = { .thread = 1 };
	text text = { 0 };
	ptm_profile *profile;

	ptm_blocks_init(&world.merged, NULL);
	CHECK_EQ(ptm_profile_new(&profile, &world.merged, NULL), PTM_OK);
	CHECK_EQ(ptm_profile_seed(profile, 1, stack, 3), PTM_OK);
	CHECK_EQ(ptm_profile_seed(profile, 2, stack, 1), PTM_OK);
	CHECK_EQ(ptm_part_new(&world.part, 0, 0, &world.blocks, NULL), PTM_OK);
	/* In i, called by h, called by work: neither was long enough to be in the stack told. */
	world_play(&world, "at 100 begin i10  i10 ret 110  h20 ret 120  w30 call 130  h0 ret 140  w34 ret 150  r50 not 160");
	world_merge(&world, profile);
	text_tree(&text, profile);
	text_calls(&text, profile);
	CHECK_TEXT(text.at,
		   "thread 1\n"
		   "m 0/0/0\n"
		   "  r 0/10/2\n"
		   "    w 0/20/4\n"
		   "      h 1/20/4\n"
		   "        i 0/10/2\n"
		   "1 m (1-160) 12\n"
		   "1  r (2-160) 12\n"
		   "1   w (3-150 10\n"
		   "1    h (100-120 4\n"
		   "1     i (100-110 2\n"
		   "1    h 130-140 2\n");
	free(text.at);
	world_end(&world, profile);
}

int main(void)
{
	finds_what_it_made();
	stand_in_becomes_a_function();
	sums_by_path();
	root_shows_late();
	stretches_add_up();
	system_call_is_not_self_time();
	threads_are_apart();
	window_begins_inside_calls();
	return check_report("call_tree");
}
