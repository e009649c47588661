/* SPDX-License-Identifier: Apache-2.0 */
/* The lanes by their time, the one that lags first: a binary heap that breaks ties as perf's does. */
#include "api/samples_state.h"

static void place(ptm_heap_entry *entries, uint32_t at, ptm_heap_entry entry)
{
	while (at) {
		uint32_t parent = (at - 1) / 2;
		if (entries[parent].tsc <= entry.tsc)
			break;
		entries[at] = entries[parent];
		at = parent;
	}
	entries[at] = entry;
}

ptm_status ptm_lane_heap_add(ptm_lane_heap *heap, uint32_t lane, uint64_t tsc)
{
	ptm_heap_entry entry = { tsc, lane };
	PTM_TRY(ptm_array_push(heap, entry));
	place(heap->at, heap->length - 1, entry);
	return PTM_OK;
}

/* The hole sinks to the bottom and the last entry fills it; on its way the last
 * entry still counts as a child, and of equal children the right one moves up. */
void ptm_lane_heap_pop(ptm_lane_heap *heap)
{
	ptm_heap_entry *entries = heap->at;
	uint32_t count = heap->length, at = 0;
	ptm_heap_entry last = entries[count - 1];

	while (at * 2 + 1 < count) {
		uint32_t left = at * 2 + 1, right = left + 1;
		uint32_t child = right >= count || entries[left].tsc < entries[right].tsc ? left : right;
		entries[at] = entries[child];
		at = child;
	}
	heap->length--;
	if (at < heap->length)
		place(entries, at, last);
}
