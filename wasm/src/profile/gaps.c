/* SPDX-License-Identifier: Apache-2.0 */
/* Gaps that belong together become one. */
#include "profile/part.h"

static void unite(ptm_gap *into, const ptm_gap *gap)
{
	if (gap->end_ns > into->end_ns)
		into->end_ns = gap->end_ns;
	into->bytes += gap->bytes;
	into->count += gap->count;
}

bool ptm_gap_extend(ptm_part_gap *last, const ptm_part_gap *gap)
{
	if (last->instruction != gap->instruction || last->gap.thread != gap->gap.thread ||
	    last->gap.queue != gap->gap.queue || last->gap.reason != gap->gap.reason)
		return false;
	unite(&last->gap, &gap->gap);
	return true;
}

uint32_t ptm_gaps_unite_cells(ptm_part_gap *gaps, uint32_t count, uint32_t shift)
{
	uint32_t last[PTM_GAP_REASONS], left = 0;

	memset(last, 0xff, sizeof last);
	for (uint32_t i = 0; i < count; i++) {
		const ptm_gap *gap = &gaps[i].gap;
		uint32_t reason = gap->reason < PTM_GAP_REASONS ? gap->reason : 0;
		ptm_gap *into = last[reason] == UINT32_MAX ? NULL : &gaps[last[reason]].gap;
		if (into && into->thread == gap->thread && into->queue == gap->queue && into->reason == gap->reason &&
		    into->start_ns >> shift == gap->end_ns >> shift) {
			unite(into, gap);
			continue;
		}
		last[reason] = left;
		gaps[left++] = gaps[i];
	}
	return left;
}

uint32_t ptm_gaps_unite(ptm_part_gap *gaps, uint32_t count, uint32_t most)
{
	for (uint32_t shift = 10; shift < 63 && count > most; shift++)
		count = ptm_gaps_unite_cells(gaps, count, shift);
	return count;
}
