/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stitch.h"

/* Entries of the last sample that are kept: no LBR has more registers. */
#define MOST_ENTRIES 64
/* Callers that are kept of a thread; a stack is never that deep. */
#define MOST_CALLERS 4096

typedef struct entry { uint64_t from, to, flags; } entry;

/* What is known of one thread. */
typedef struct thread {
	entry last[MOST_ENTRIES]; /* of its last sample, newest first */
	uint32_t last_count;
	uint64_t last_index;     /* register of last[0] */
	bool has_last;
	PTM_ARRAY(uint64_t) callers; /* outermost first: grows at its end */
	PTM_ARRAY(uint64_t) answer;
} thread;

struct ptm_stitch {
	uint32_t count;
	thread *threads[];
};

ptm_status ptm_stitch_new(ptm_stitch **made, uint32_t threads)
{
	*made = calloc(1, sizeof **made + threads * sizeof(thread *));
	if (!*made)
		return PTM_NO_MEMORY;
	(*made)->count = threads;
	return PTM_OK;
}

void ptm_stitch_free(ptm_stitch *stitch)
{
	for (uint32_t i = 0; stitch && i < stitch->count; i++) {
		if (!stitch->threads[i])
			continue;
		ptm_array_free(&stitch->threads[i]->callers);
		ptm_array_free(&stitch->threads[i]->answer);
		free(stitch->threads[i]);
	}
	free(stitch);
}

static entry entry_of(const ptm_sample *sample, uint32_t row)
{
	return (entry){ ptm_words_get(&sample->branches, row * 3), ptm_words_get(&sample->branches, row * 3 + 1), ptm_words_get(&sample->branches, row * 3 + 2) };
}

static bool equal(entry a, entry b)
{
	return a.from == b.from && a.to == b.to && a.flags == b.flags;
}

/* Row in the last sample of the entry that is in the register of this sample's
 * oldest one; false: the two samples have no entry in common. */
static bool find_base(const thread *of, const ptm_sample *sample, uint32_t registers, uint32_t *base)
{
	int64_t oldest = (int64_t)registers - sample->branch_count + (int64_t)sample->hw_index + 1;
	int64_t newest = (int64_t)of->last_index;
	int64_t row = newest > oldest ? newest - oldest : registers + newest - oldest;

	if (row < 0 || row + 1 > of->last_count || !equal(of->last[row], entry_of(sample, sample->branch_count - 1)))
		return false;
	*base = (uint32_t)row;
	return true;
}

static ptm_status stitch(thread *of, const ptm_sample *sample, uint32_t registers)
{
	uint32_t base;

	if (!of->has_last || !find_base(of, sample, registers, &base)) {
		of->callers.length = 0;
		return PTM_OK;
	}
	for (uint32_t row = of->last_count - 1; row > base && of->callers.length < MOST_CALLERS; row--)
		PTM_TRY(ptm_array_push(&of->callers, of->last[row].from));
	return PTM_OK;
}

static void remember(thread *of, const ptm_sample *sample)
{
	of->has_last = true;
	of->last_index = sample->hw_index;
	of->last_count = sample->branch_count < MOST_ENTRIES ? sample->branch_count : MOST_ENTRIES;
	for (uint32_t i = 0; i < of->last_count; i++)
		of->last[i] = entry_of(sample, i);
}

ptm_status ptm_stitch_next(ptm_stitch *of, uint32_t row, const ptm_sample *sample, uint32_t registers, const uint64_t **callers, uint32_t *count)
{
	*count = 0;
	if (row >= of->count || !registers || registers > MOST_ENTRIES || sample->hw_index == UINT64_MAX || sample->hw_index >= registers ||
	    !sample->branch_count || sample->branch_count > registers)
		return PTM_OK;
	if (!of->threads[row])
		of->threads[row] = calloc(1, sizeof *of->threads[row]);
	thread *known = of->threads[row];
	if (!known)
		return PTM_NO_MEMORY;
	PTM_TRY(stitch(known, sample, registers));
	remember(known, sample);
	known->answer.length = 0;
	PTM_TRY(ptm_array_reserve(&known->answer, known->callers.length));
	for (uint32_t i = known->callers.length; i-- > 0;)
		known->answer.at[known->answer.length++] = known->callers.at[i];
	*callers = known->answer.at;
	*count = known->answer.length;
	return PTM_OK;
}
