/* SPDX-License-Identifier: Apache-2.0 */
/* Counting instructions by thread: the runs of a thread, one after another in
 * time, wherever they ran. */
#include "api/session.h"

static const ptm_run *sorting; /* for the comparison below: qsort passes no context */

static int by_queue(const void *left, const void *right)
{
	const ptm_run *a = &sorting[*(const uint32_t *)left], *b = &sorting[*(const uint32_t *)right];
	if (a->queue != b->queue)
		return a->queue < b->queue ? -1 : 1;
	return a->first_instruction < b->first_instruction ? -1 : a->first_instruction > b->first_instruction;
}

ptm_status ptm_ordinals_refresh(ptm_session *session)
{
	ptm_ordinals *ordinals = &session->ordinals;
	uint32_t count;
	uint64_t next = 0;

	if (ordinals->version == session->version)
		return PTM_OK;
	const ptm_run *runs = ptm_profile_runs(session->profile, &count);
	ordinals->runs.length = ordinals->thread_first.length = ordinals->by_queue.length = 0;
	PTM_TRY(ptm_array_reserve(&ordinals->runs, count));
	PTM_TRY(ptm_array_reserve(&ordinals->thread_first, count));
	PTM_TRY(ptm_array_reserve(&ordinals->by_queue, count));
	for (uint32_t i = 0; i < count; i++) {
		if (!i || runs[i].thread != runs[i - 1].thread)
			next = 0;
		ordinals->runs.at[i] = runs[i];
		ordinals->thread_first.at[i] = next;
		ordinals->by_queue.at[i] = i;
		next += runs[i].instructions;
	}
	ordinals->runs.length = ordinals->thread_first.length = ordinals->by_queue.length = count;
	sorting = ordinals->runs.at;
	if (count)
		qsort(ordinals->by_queue.at, count, sizeof *ordinals->by_queue.at, by_queue);
	ordinals->version = session->version;
	return PTM_OK;
}

void ptm_ordinals_free(ptm_ordinals *ordinals)
{
	ptm_array_free(&ordinals->runs);
	ptm_array_free(&ordinals->thread_first);
	ptm_array_free(&ordinals->by_queue);
}

uint32_t ptm_ordinals_run_of(const ptm_ordinals *ordinals, uint32_t thread, uint64_t ordinal)
{
	uint32_t low = 0, high = ordinals->runs.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const ptm_run *run = &ordinals->runs.at[middle];
		if (run->thread < thread || (run->thread == thread && ordinals->thread_first.at[middle] + run->instructions <= ordinal))
			low = middle + 1;
		else
			high = middle;
	}
	return low < ordinals->runs.length && ordinals->runs.at[low].thread == thread ? low : UINT32_MAX;
}

uint32_t ptm_ordinals_run_at(const ptm_ordinals *ordinals, uint32_t thread, uint64_t time_ns)
{
	uint32_t low = 0, high = ordinals->runs.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const ptm_run *run = &ordinals->runs.at[middle];
		if (run->thread < thread || (run->thread == thread && run->end_ns <= time_ns))
			low = middle + 1;
		else
			high = middle;
	}
	return low < ordinals->runs.length && ordinals->runs.at[low].thread == thread ? low : UINT32_MAX;
}

uint32_t ptm_ordinals_run_in_queue(const ptm_ordinals *ordinals, uint32_t queue, uint64_t ordinal)
{
	uint32_t low = 0, high = ordinals->by_queue.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const ptm_run *run = &ordinals->runs.at[ordinals->by_queue.at[middle]];
		if (run->queue < queue || (run->queue == queue && run->first_instruction + run->instructions <= ordinal))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == ordinals->by_queue.length)
		return UINT32_MAX;
	const ptm_run *run = &ordinals->runs.at[ordinals->by_queue.at[low]];
	return run->queue == queue && run->first_instruction <= ordinal ? ordinals->by_queue.at[low] : UINT32_MAX;
}

/* In one queue the order of instructions decides, between two their time. */
const ptm_gap *ptm_ordinals_loss_before(const ptm_ordinals *ordinals, const ptm_run *run, const ptm_gap *gaps, uint32_t count)
{
	const ptm_run *before = run > ordinals->runs.at && run[-1].thread == run->thread ? run - 1 : NULL;
	const ptm_gap *found = NULL;

	for (uint32_t i = 0; i < count; i++) {
		const ptm_gap *gap = &gaps[i];
		if (gap->reason == PTM_GAP_NOT_TRACED || gap->thread != run->thread)
			continue;
		bool is_before = gap->queue == run->queue ? gap->instruction <= run->first_instruction : gap->start_ns < run->start_ns;
		bool is_since = !before || (gap->queue == before->queue ? gap->instruction >= before->first_instruction + before->instructions :
									  gap->start_ns >= before->start_ns);
		if (is_before && is_since)
			found = gap;
	}
	return found;
}
