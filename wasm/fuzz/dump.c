/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes script -D with the header at length: any bytes as the files of a perf.data
 * directory. The first byte says where the data.0 file begins (in 256ths; 0: there
 * is none); the rest are the files. */
#include "base/table.h"
#include <string.h>

enum { HEADER_FILE, DATA_FILE, FILES, MOST_STEPS = 512 };

static struct {
	const uint8_t *at;
	size_t length;
} files[FILES];

int32_t ptm_host_read(uint32_t source, uint64_t offset, void *into, uint32_t length)
{
	if (source >= FILES)
		return -1;
	size_t rest = offset < files[source].length ? files[source].length - (size_t)offset : 0;
	if (length > rest)
		length = (uint32_t)rest;
	if (length)
		memcpy(into, files[source].at + offset, length);
	return (int32_t)length;
}

static void dump(ptm_session *session)
{
	ptm_request request = { .table = PTM_TABLE_script, .thread = PTM_ALL, .queue = PTM_ALL,
		.text = "version 601\nheader x\nshow_info 1\ndump a/data\nshow 255\nfields 0 0xfff 0\nfields 1 0xfff 0\n" };

	for (uint32_t step = 0; step < MOST_STEPS; step++) {
		ptm_table *table;
		ptm_status status = ptm_query(session, &request, &table);
		if (status == PTM_MORE)
			continue;
		if (status != PTM_OK)
			return;
		bool more = ptm_table_rows(table) != 0;
		ptm_table_free(table);
		request.first = 1;
		if (!more)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	size_t rest = size - 1, split = data[0] ? rest * data[0] / 256 : rest;
	files[HEADER_FILE].at = data + 1;
	files[HEADER_FILE].length = split;
	files[DATA_FILE].at = data + 1 + split;
	files[DATA_FILE].length = rest - split;
	ptm_session *session = ptm_session_new();
	if (!session)
		return 0;
	ptm_status status = data[0] ? ptm_session_add_data(session, DATA_FILE, files[DATA_FILE].length, "data.0") : PTM_OK;
	if (status == PTM_OK && ptm_session_open(session, HEADER_FILE, split) == PTM_OK)
		dump(session);
	ptm_session_free(session);
	return 0;
}
