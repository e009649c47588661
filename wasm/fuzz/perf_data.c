/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of a perf.data: index, PT info and sideband of any bytes.
 * Build: clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc
 *        fuzz/perf_data.c src/base/[a-z]*.c src/file/[a-z]*.c */
#include "file/pt_info.h"
#include "file/sideband.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The fuzzed source is memory; nothing asks a host. */
int32_t ptm_host_read(uint32_t source, uint64_t offset, void *into, uint32_t length)
{
	(void)source, (void)offset, (void)into, (void)length;
	return -1;
}

/* What trace_file.h promises of an opened file. */
static void check_promises(const ptm_trace_file *file)
{
	uint64_t time = 0;
	uint32_t chunks = 0;

	for (uint32_t i = 0; i < file->records.length; i++) {
		const ptm_record *record = &file->records.at[i];
		assert(record->attr == UINT32_MAX || record->attr < file->attrs.length);
		assert(record->file_offset < ptm_trace_file_volume_end(file, record->file_offset));
		if (record->time == PTM_NO_TIME)
			continue;
		assert(record->time >= time);
		time = record->time;
	}
	for (uint32_t i = 0; i < file->queues.length; i++) {
		assert(file->queues.at[i].first_chunk == chunks);
		chunks += file->queues.at[i].chunk_count;
	}
	assert(chunks == file->chunks.length);
	for (uint32_t i = 0; i < chunks; i++) {
		const ptm_aux_chunk *chunk = &file->chunks.at[i];
		uint64_t end = ptm_trace_file_volume_end(file, chunk->file_offset);
		assert(chunk->size && chunk->file_offset <= end && chunk->size <= end - chunk->file_offset);
		/* In the order of the file (offsets of snapshots wrap around), or of AUX samples, which count theirs. */
		assert(!i || chunk[-1].queue != chunk->queue || chunk[-1].file_offset <= chunk->file_offset || chunk[-1].aux_offset <= chunk->aux_offset);
	}
}

static void check_sideband(const ptm_trace_file *file, uint32_t mode)
{
	ptm_sideband sideband;

	if (ptm_sideband_build(&sideband, file, mode) == PTM_OK) {
		for (uint32_t row = 1; row < sideband.threads.length; row++) {
			const ptm_thread *thread = &sideband.threads.at[row];
			uint32_t found = ptm_sideband_thread_in(&sideband, thread->machine, thread->pid, thread->tid);
			assert(found == row || thread->pid == -1);
			assert(ptm_sideband_comm(&sideband, row, 0) < UINT32_MAX);
		}
		for (uint32_t i = 0; i < sideband.switches.length; i++) {
			const ptm_switch *at = &sideband.switches.at[i];
			assert(ptm_sideband_running(&sideband, at->cpu, at->time) < sideband.threads.length);
		}
	}
	ptm_sideband_free(&sideband);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ptm_source source;
	ptm_strings strings = { 0 };
	ptm_trace_file file;
	ptm_message message;
	ptm_pt_info info = { 0 };

	ptm_source_init_memory(&source, data, size);
	ptm_status status = ptm_trace_file_open(&file, &source, &strings, &message);
	if (status == PTM_OK) {
		check_promises(&file);
		(void)!ptm_pt_info_read(&file, &info, &message);
		check_sideband(&file, info.have_sched_switch & 3);
	} else {
		assert(message.text[0]);
	}
	ptm_trace_file_free(&file);
	ptm_strings_free(&strings);
	ptm_source_free(&source);
	return 0;
}
