/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes everything behind the public API at once: any bytes as a perf.data,
 * with a real binary beside them; opened, decoded, merged and asked for tables. Reads the binary named by PTM_FUZZ_BINARY once. */
#include "base/table.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRACE, BINARY, MOST_STEPS = 4096, ROWS = 200 };
/* Of the tables, a run asks for one in so many, by its bytes: all would take most of its time. */
enum { TURNS = 8 };

static struct {
	const uint8_t *at;
	size_t length;
} sources[2];

int32_t ptm_host_read(uint32_t source, uint64_t offset, void *into, uint32_t length)
{
	if (source > BINARY)
		return -1;
	size_t size = sources[source].length;
	size_t rest = offset < size ? size - (size_t)offset : 0;
	if (length > rest)
		length = (uint32_t)rest;
	if (length)
		memcpy(into, sources[source].at + offset, length);
	return (int32_t)length;
}

static void read_binary(void)
{
	const char *path = getenv("PTM_FUZZ_BINARY");
	FILE *file = path ? fopen(path, "rb") : NULL;
	static uint8_t bytes[1 << 20];
	sources[BINARY].at = bytes;
	sources[BINARY].length = file ? fread(bytes, 1, sizeof bytes, file) : 0;
	if (file)
		fclose(file);
}

/* Decodes one segment in small steps. Returns false when the session gave up. */
static bool decode(ptm_session *session, uint32_t segment)
{
	size_t length;
	ptm_status status = ptm_decode_start(session, segment);
	for (uint32_t step = 0; status == PTM_OK || status == PTM_MORE; step++)
		status = step < MOST_STEPS ? ptm_decode_step(session, 4096) : PTM_BAD_DATA;
	if (status != PTM_END)
		return false;
	const uint8_t *part = ptm_decode_part(session, &length);
	return ptm_session_merge(session, part, length) == PTM_OK;
}

static void ask_with(ptm_session *session, uint32_t id, const char *text)
{
	ptm_request request = { .table = id, .thread = PTM_ALL, .queue = PTM_ALL, .count = ROWS, .text = text };
	ptm_table *table;
	if (id == PTM_TABLE_instructions)
		request.thread = 1;
	if (id == PTM_TABLE_samples)
		request.flags = 1;
	if (id == PTM_TABLE_packets)
		request.queue = 0;
	ptm_status status = PTM_MORE;
	for (uint32_t step = 0; status == PTM_MORE && step < MOST_STEPS; step++)
		status = ptm_query(session, &request, &table);
	if (status == PTM_OK)
		ptm_table_free(table);
}

static void ask(ptm_session *session, uint32_t id)
{
	/* All that script can print: every kind of row with every field; then every record. */
	if (id == PTM_TABLE_script) {
		ask_with(session, id, "version 601\nheader x\nwant 511\nshow 15\nperiod 2 100\nchain_size 16\nbranch_stack_size 8\nadded_chain_size 9\nadded_branch_size 5\n"
			 "fields 0 0x7ffff3ffffff 1\nfields 1 0x7ffff3ffffff 0\nfields 4 0x7ffff3ffffff 0\nfields 6 0x7ffff3ffffff 1\nfields 7 0x7ffff3ffffff 0\n");
		ask_with(session, id, "version 601\nfields 0 0xfff 0\ndump x\n");
	} else {
		ask_with(session, id, NULL);
	}
	/* The same of chosen threads: one, then several. */
	if (id >= PTM_TABLE_cut_records && id <= PTM_TABLE_cut_frames) {
		ask_with(session, id, "1");
		ask_with(session, id, "2");
		ask_with(session, id, "1,3");
	}
}

static uint32_t turn_of(const uint8_t *data, size_t size)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < size; i++)
		sum = sum * 31 + data[i];
	return sum % TURNS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!sources[BINARY].at)
		read_binary();
	sources[TRACE].at = data;
	sources[TRACE].length = size;
	ptm_session *session = ptm_session_new();
	if (!session)
		return 0;
	if (ptm_session_open(session, TRACE, size) == PTM_OK) {
		if (ptm_session_add_image(session, BINARY, sources[BINARY].length, "/opt/ptarmigan/signals") == PTM_NO_MEMORY)
			goto done;
		for (uint32_t segment = 0; segment < ptm_session_segments(session) && decode(session, segment); segment++)
			;
		for (uint32_t id = turn_of(data, size); id < PTM_TABLE_COUNT; id += TURNS)
			ask(session, id);
	}
done:
	ptm_session_free(session);
	return 0;
}
