/* SPDX-License-Identifier: Apache-2.0 */
/* Call stacks of the LBR that are deeper than its registers: four here. */
#include "api/stitch.h"
#include "check.h"

enum { REGISTERS = 4 };

typedef struct stack { uint64_t words[REGISTERS * 3]; ptm_sample sample; } stack;

/* A sample whose LBR holds calls from 0x100 * depth, the newest first; `depth` is the newest call's. */
static void make(stack *into, uint32_t depth, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		into->words[i * 3] = 0x100 * (depth - i);
		into->words[i * 3 + 1] = 0x100 * (depth - i) + 0x80;
		into->words[i * 3 + 2] = 2;
	}
	into->sample = (ptm_sample){ .branch_count = count, .hw_index = (depth - 1) % REGISTERS,
		.branches = { (const uint8_t *)into->words, count * 3 } };
}

/* The callers told for a sample: "300 200". */
static const char *next(ptm_stitch *stitch, uint32_t thread, uint32_t depth, uint32_t count)
{
	static char text[200];
	const uint64_t *callers;
	uint32_t found;
	size_t at = 0;
	stack of;

	make(&of, depth, count);
	CHECK_EQ(ptm_stitch_next(stitch, thread, &of.sample, REGISTERS, &callers, &found), PTM_OK);
	text[0] = 0;
	for (uint32_t i = 0; i < found; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%llx", i ? " " : "", (unsigned long long)callers[i]);
	return text;
}

static void test_grows(ptm_stitch *stitch)
{
	CHECK_TEXT(next(stitch, 1, 4, 4), "");
	/* Two calls deeper: those of 0x100 and 0x200 are no longer in a register. */
	CHECK_TEXT(next(stitch, 1, 6, 4), "200 100");
	CHECK_TEXT(next(stitch, 1, 7, 4), "300 200 100");
	/* Another thread knows nothing of that. */
	CHECK_TEXT(next(stitch, 2, 7, 4), "");
	CHECK_TEXT(next(stitch, 1, 7, 4), "300 200 100");
}

static void test_forgets(ptm_stitch *stitch)
{
	/* No register in common with the sample before: nothing can be told. */
	CHECK_TEXT(next(stitch, 1, 12, 4), "");
	CHECK_TEXT(next(stitch, 1, 13, 4), "900");
	CHECK_TEXT(next(stitch, 1, 2, 2), "");
}

/* Absurd indices and counts are told nothing about. */
static void test_refuses(ptm_stitch *stitch)
{
	const uint64_t *callers;
	uint32_t count;
	stack of;

	make(&of, 4, 4);
	of.sample.hw_index = 1u << 20;
	CHECK_EQ(ptm_stitch_next(stitch, 1, &of.sample, REGISTERS, &callers, &count), PTM_OK);
	CHECK_EQ(count, 0);
	of.sample.hw_index = UINT64_MAX;
	CHECK_EQ(ptm_stitch_next(stitch, 1, &of.sample, REGISTERS, &callers, &count), PTM_OK);
	CHECK_EQ(count, 0);
	of.sample.hw_index = 0;
	CHECK_EQ(ptm_stitch_next(stitch, 1, &of.sample, 0, &callers, &count), PTM_OK);
	CHECK_EQ(count, 0);
	CHECK_EQ(ptm_stitch_next(stitch, 99, &of.sample, REGISTERS, &callers, &count), PTM_OK);
	CHECK_EQ(count, 0);
}

int main(void)
{
	ptm_stitch *stitch;

	CHECK_EQ(ptm_stitch_new(&stitch, 3), PTM_OK);
	test_grows(stitch);
	test_forgets(stitch);
	test_refuses(stitch);
	ptm_stitch_free(stitch);
	return check_report("stitch");
}
