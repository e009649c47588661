/* SPDX-License-Identifier: Apache-2.0 */
/* Gaps that belong together become one. */
#include "profile/part.h"

static void unite(ptm_gap *into, const ptm_gap *gap)
{
	if (gap->end_ns > into->end_ns)
		into->end_ns = gap->end_ns;
	into->bytes += gap->bytes;
	into->count += gap->count;
	into->missing_ns += gap->missing_ns;
}

void ptm_gap_end(ptm_gap *gap, uint64_t from_ns, uint64_t end_ns)
{
	if (end_ns <= from_ns)
		return;
	gap->missing_ns += end_ns - from_ns;
	if (end_ns > gap->end_ns)
		gap->end_ns = end_ns;
}

void ptm_part_found(ptm_part *part, uint64_t ns)
{
	ptm_part_data *data = &part->data;

	if (!ns)
		return;
	if (!data->first_ns)
		data->first_ns = ns;
	if (data->lost_from_ns && data->gaps.length)
		ptm_gap_end(&data->gaps.at[data->gaps.length - 1], data->lost_from_ns, ns);
	data->lost_from_ns = 0;
}

void ptm_part_loss_end(ptm_part *part, const ptm_loss_end *end)
{
	if (end->is_over)
		ptm_part_found(part, end->ns);
	part->data.lost_until_ns = end->ns;
}

bool ptm_gap_extend(ptm_gap *last, const ptm_gap *gap)
{
	if (last->instruction != gap->instruction || last->thread != gap->thread || last->queue != gap->queue || last->reason != gap->reason)
		return false;
	unite(last, gap);
	return true;
}

uint32_t ptm_gaps_unite_cells(ptm_gap *gaps, uint32_t count, uint32_t shift)
{
	uint32_t last[PTM_GAP_REASONS], left = 0;

	memset(last, 0xff, sizeof last);
	for (uint32_t i = 0; i < count; i++) {
		const ptm_gap *gap = &gaps[i];
		uint32_t reason = gap->reason < PTM_GAP_REASONS ? gap->reason : 0;
		ptm_gap *into = last[reason] == UINT32_MAX ? NULL : &gaps[last[reason]];
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

uint32_t ptm_gaps_unite(ptm_gap *gaps, uint32_t count, uint32_t most)
{
	for (uint32_t shift = 10; shift < 63 && count > most; shift++)
		count = ptm_gaps_unite_cells(gaps, count, shift);
	return count;
}
