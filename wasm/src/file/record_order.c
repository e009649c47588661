/* SPDX-License-Identifier: Apache-2.0 */
/* Puts sideband records in the order of their times. perf writes one CPU's
 * buffer after another, so a file is a few long sorted runs; equal times keep
 * the order of the file. */
#include "file/perf_data.h"

/* Invariant: keys are what order is by; `row` makes equal keys keep their order. */
typedef struct order_key {
	uint64_t time;
	uint32_t row;
	int32_t turn;            /* among equal times: the lowest first */
} order_key;

static int compare_keys(const void *left, const void *right)
{
	const order_key *a = left, *b = right;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->turn != b->turn)
		return a->turn < b->turn ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

/* Where a record that was joined stands among those of the same time: before what was joined earlier, which was before the host's. */
static int32_t turn_of(const ptm_trace_file *file, const ptm_record *record)
{
	uint32_t volume = (uint32_t)(record->file_offset >> PTM_VOLUME_SHIFT);

	if (!volume || !file->volumes.at[volume - 1].joined)
		return 0;
	return record->time ? -(int32_t)volume : 1;
}

/* Fills the keys; a record without time takes the time of the one before it.
 * Returns whether the records are in order already. */
static bool fill_keys(const ptm_trace_file *file, order_key *keys)
{
	uint64_t time = 0, last = 0;
	bool sorted = true;

	for (uint32_t row = 0; row < file->records.length; row++) {
		if (file->records.at[row].time != PTM_NO_TIME)
			time = file->records.at[row].time;
		keys[row] = (order_key){ time, row, turn_of(file, &file->records.at[row]) };
		sorted = sorted && time >= last && !keys[row].turn;
		last = time;
	}
	return sorted;
}

/* Moves every record to its place, following each cycle of the permutation. */
static void permute(ptm_record *records, order_key *keys, uint32_t count)
{
	for (uint32_t start = 0; start < count; start++) {
		if (keys[start].row == start)
			continue;
		ptm_record held = records[start];
		uint32_t place = start;
		while (keys[place].row != start) {
			uint32_t from = keys[place].row;
			records[place] = records[from];
			keys[place].row = place;
			place = from;
		}
		records[place] = held;
		keys[place].row = place;
	}
}

ptm_status ptm_record_order_sort(ptm_trace_file *file)
{
	uint32_t count = file->records.length;

	if (count < 2)
		return PTM_OK;
	order_key *keys = calloc(count, sizeof *keys);
	if (!keys)
		return PTM_NO_MEMORY;
	if (!fill_keys(file, keys)) {
		qsort(keys, count, sizeof *keys, compare_keys);
		permute(file->records.at, keys, count);
	}
	free(keys);
	return PTM_OK;
}
