/* SPDX-License-Identifier: Apache-2.0 */
/* Samples that hold what counters read (`perf record -e '{a,b}:S'`): to perf they are one for each event of the group
 * that counted something since the one before. perf_event_open(2), "read_format". */
#include "api/script_dump.h"
#include <inttypes.h>

enum { ENABLED = 1, RUNNING = 2, ID = 4, GROUP = 8, LOST = 16 };

/* Row of the file's ids; UINT32_MAX: no event has this id. */
static uint32_t row_of(const ptm_trace_file *file, uint64_t id)
{
	uint32_t row = 0;
	while (row < file->ids.length && file->ids.at[row] != id)
		row++;
	return row < file->ids.length ? row : UINT32_MAX;
}

static uint32_t event_of(const ptm_trace_file *file, uint32_t row)
{
	for (uint32_t i = 0; i < file->attrs.length; i++)
		if (row - file->attrs.at[i].first_id < file->attrs.at[i].id_count)
			return i;
	return UINT32_MAX;
}

bool ptm_script_next_counter(const ptm_attr *attr, const ptm_sample *sample, uint32_t index, ptm_counter *counter)
{
	const uint64_t format = attr->read_format;
	uint32_t times = !!(format & ENABLED) + !!(format & RUNNING), each = 1 + !!(format & ID) + !!(format & LOST);
	bool is_group = format & GROUP;
	uint64_t count = is_group && sample->read.count ? ptm_words_get(&sample->read, 0) : 1;
	uint64_t at = is_group ? 1 + times + (uint64_t)index * each : 0;

	if (index >= count || at + (is_group ? each : each + times) > sample->read.count)
		return false;
	uint32_t id_at = (uint32_t)at + 1 + (is_group ? 0 : times);
	counter->value = ptm_words_get(&sample->read, (uint32_t)at);
	counter->id = format & ID ? ptm_words_get(&sample->read, id_at) : 0;
	counter->lost = format & LOST ? ptm_words_get(&sample->read, id_at + !!(format & ID)) : 0;
	return true;
}

ptm_status ptm_script_count(ptm_script *script, const ptm_counter *counter, ptm_sample *sample)
{
	const ptm_trace_file *file = &script->session->file;
	uint32_t row = row_of(file, counter->id), event = row == UINT32_MAX ? UINT32_MAX : event_of(file, row);

	sample->period = 0;
	if (event == UINT32_MAX)
		return PTM_OK;
	while (script->counted.length < file->ids.length)
		PTM_TRY(ptm_array_push(&script->counted, 0));
	sample->attr = event;
	sample->period = counter->value - script->counted.at[row];
	script->counted.at[row] = counter->value;
	return PTM_OK;
}

void ptm_dump_put_read(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr)
{
	const uint64_t format = attr->read_format;
	bool is_group = format & GROUP;
	uint32_t at = 1;
	ptm_counter counter;

	ptm_script_put(script, "... sample_read:\n");
	if (format & ENABLED && at < sample->read.count)
		ptm_script_put(script, "...... time enabled %016" PRIx64 "\n", ptm_words_get(&sample->read, at++));
	if (format & RUNNING && at < sample->read.count)
		ptm_script_put(script, "...... time running %016" PRIx64 "\n", ptm_words_get(&sample->read, at));
	if (is_group && sample->read.count)
		ptm_script_put(script, ".... group nr %" PRIu64 "\n", ptm_words_get(&sample->read, 0));
	for (uint32_t i = 0; ptm_script_next_counter(attr, sample, i, &counter); i++) {
		ptm_script_put(script, "..... id %016" PRIx64 ", value %016" PRIx64, counter.id, counter.value);
		if (format & LOST)
			ptm_script_put(script, ", lost %" PRIu64, counter.lost);
		ptm_script_put(script, "\n");
	}
}
