/* SPDX-License-Identifier: Apache-2.0 */
/* Which loss a thread's run comes after. */
#include "check.h"
#include "api/session.h"

/* Thread 3 runs on queue 1, loses trace, and goes on there or on queue 2; thread 4 ran on queue 1 meanwhile. */
static ptm_run runs[] = {
	{ .thread = 3, .queue = 1, .start_ns = 100, .end_ns = 120, .first_instruction = 0, .instructions = 5 },
	{ .thread = 3, .queue = 1, .start_ns = 200, .end_ns = 210, .first_instruction = 9, .instructions = 5 },
	{ .thread = 3, .queue = 2, .start_ns = 300, .end_ns = 310, .first_instruction = 0, .instructions = 5 },
	{ .thread = 4, .queue = 1, .start_ns = 150, .end_ns = 160, .first_instruction = 5, .instructions = 4 },
};
static uint32_t by_queue[] = { 0, 3, 1, 2 };
static uint64_t thread_first[] = { 0, 5, 10, 0 };

static const struct {
	const char *name;
	ptm_gap gap;
	uint32_t before; /* the only run that it is told before; 9: none */
} cases[] = {
	{ "another thread ran there since", { .thread = 3, .queue = 1, .start_ns = 120, .instruction = 5, .reason = PTM_GAP_OVERFLOW }, 1 },
	{ "goes on on another CPU", { .thread = 3, .queue = 1, .start_ns = 210, .instruction = 14, .reason = PTM_GAP_OVERFLOW }, 2 },
	{ "lasts until the next run there", { .thread = 4, .queue = 1, .start_ns = 120, .instruction = 5, .reason = PTM_GAP_OVERFLOW }, 3 },
	{ "at the time that the run before it began", { .thread = 3, .queue = 1, .start_ns = 200, .instruction = 14, .reason = PTM_GAP_OVERFLOW }, 2 },
	{ "at the time that the run behind it began", { .thread = 3, .queue = 1, .start_ns = 200, .instruction = 9, .reason = PTM_GAP_OVERFLOW }, 1 },
	{ "nothing was lost", { .thread = 3, .queue = 1, .start_ns = 120, .instruction = 5, .reason = PTM_GAP_NOT_TRACED }, 9 },
	{ "the thread never goes on", { .thread = 3, .queue = 2, .start_ns = 310, .instruction = 5, .reason = PTM_GAP_OVERFLOW }, 9 },
};

int main(void)
{
	ptm_ordinals ordinals = { .runs = { .at = runs, .length = 4 }, .by_queue = { .at = by_queue, .length = 4 },
		.thread_first = { .at = thread_first, .length = 4 } };

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (uint32_t row = 0; row < 4; row++)
			check_number(ptm_ordinals_loss_before(&ordinals, &runs[row], &cases[i].gap, 1) == &cases[i].gap, row == cases[i].before,
				cases[i].name, __FILE__, __LINE__);
	return check_report("ordinals");
}
