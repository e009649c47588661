/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the joining of a guest's perf.data to its host's: the first two bytes say how long
 * the guest's file is, the third and fourth what its clock is; then both files.
 * Build: as perf_data.c. */
#include "file/sideband.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *guest_bytes;
static size_t guest_size;

/* The host's file is memory; the guest's is asked for. */
int32_t ptm_host_read(uint32_t source, uint64_t offset, void *into, uint32_t length)
{
	(void)source;
	if (offset > guest_size)
		return -1;
	if (length > guest_size - offset)
		length = (uint32_t)(guest_size - offset);
	memcpy(into, guest_bytes + offset, length);
	return (int32_t)length;
}

static void check_promises(const ptm_trace_file *file)
{
	ptm_sideband sideband;
	uint64_t time = 0;

	for (uint32_t i = 0; i < file->records.length; i++) {
		const ptm_record *record = &file->records.at[i];
		assert(record->attr == UINT32_MAX || record->attr < file->attrs.length);
		assert(record->file_offset < ptm_trace_file_volume_end(file, record->file_offset));
		assert(record->time == PTM_NO_TIME || record->time >= time);
		time = record->time == PTM_NO_TIME ? time : record->time;
	}
	for (uint32_t i = 0; i < file->attrs.length; i++)
		assert(file->attrs.at[i].first_id + file->attrs.at[i].id_count <= file->ids.length);
	for (uint32_t i = 1; i < file->guest_ids.length; i++)
		assert(file->guest_ids.at[i - 1].id <= file->guest_ids.at[i].id);
	if (ptm_sideband_build(&sideband, file, 3) == PTM_OK)
		for (uint32_t row = 1; row < sideband.threads.length; row++)
			assert(ptm_sideband_inside(&sideband, file, row, UINT64_MAX) < sideband.threads.length);
	ptm_sideband_free(&sideband);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ptm_source source;
	ptm_strings strings = { 0 };
	ptm_trace_file file;
	ptm_message message;

	if (size < 4)
		return 0;
	guest_size = data[0] | (size_t)data[1] << 8;
	if (guest_size > size - 4)
		guest_size = size - 4;
	guest_bytes = data + 4;
	ptm_guest_data guest = { 1, guest_size, "guest", 77, (uint64_t)(int8_t)data[2] << 9, data[3] ? data[3] / 64.0 : 1 };
	ptm_source_init_memory(&source, data + 4 + guest_size, size - 4 - guest_size);
	ptm_status status = ptm_trace_file_open_with(&file, &source, &(ptm_trace_company){ .guests = &guest, .guest_count = 1 }, &strings, &message);
	if (status == PTM_OK)
		check_promises(&file);
	else
		assert(message.text[0]);
	ptm_trace_file_free(&file);
	ptm_strings_free(&strings);
	ptm_source_free(&source);
	return 0;
}
