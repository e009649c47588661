/* SPDX-License-Identifier: Apache-2.0 */
/* Which events are of virtual machines: perf inject --guest-data joins their records
 * to the host's, under ids of their own, and says in an ID_INDEX record whose those are.
 * Behind its entries stand as many pairs of machine_pid and vcpu (Linux 5.20's
 * tools/lib/perf/include/perf/event.h). */
#include "file/perf_data.h"

#define RECORD_HEADER 8
#define ENTRY_BYTES 32
#define PAIR_BYTES 16

static int compare_ids(const void *left, const void *right)
{
	const ptm_guest_id *a = left, *b = right;
	return (a->id > b->id) - (a->id < b->id);
}

ptm_status ptm_guest_ids_take(ptm_trace_file *file, const uint8_t *bytes, uint32_t size)
{
	ptm_bytes entries = ptm_bytes_of(bytes, size), pairs = entries;
	uint32_t before = file->guest_ids.length;

	ptm_bytes_skip(&entries, RECORD_HEADER);
	uint64_t count = ptm_bytes_u64(&entries);
	if (entries.failed || count > ptm_bytes_left(&entries) / (ENTRY_BYTES + PAIR_BYTES))
		return PTM_OK; /* an ID_INDEX of a host alone has no pairs */
	ptm_bytes_skip(&pairs, RECORD_HEADER + 8 + count * ENTRY_BYTES);
	for (uint64_t i = 0; i < count; i++) {
		ptm_guest_id row = { .id = ptm_bytes_u64(&entries) };
		ptm_bytes_skip(&entries, 16);
		row.tid = (int32_t)ptm_bytes_u64(&entries);
		row.machine = (int32_t)ptm_bytes_u64(&pairs);
		row.vcpu = (int32_t)ptm_bytes_u64(&pairs);
		if (row.machine > 0)
			PTM_TRY(ptm_array_push(&file->guest_ids, row));
	}
	if (file->guest_ids.length > before)
		ptm_guest_ids_sort(file);
	return PTM_OK;
}

void ptm_guest_ids_sort(ptm_trace_file *file)
{
	if (file->guest_ids.length)
		qsort(file->guest_ids.at, file->guest_ids.length, sizeof *file->guest_ids.at, compare_ids);
}

const ptm_guest_id *ptm_guest_ids_find(const ptm_trace_file *file, uint64_t id)
{
	uint32_t low = 0, high = file->guest_ids.length;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (file->guest_ids.at[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < file->guest_ids.length && file->guest_ids.at[low].id == id ? &file->guest_ids.at[low] : NULL;
}
