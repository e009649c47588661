/* SPDX-License-Identifier: Apache-2.0 */
/* Recognises what people drop by mistake, and the forms of perf.data that this
 * build does not read, by their first bytes: each gets its own sentence. */
#include "file/perf_data.h"
#include <inttypes.h>
#include <stdio.h>

typedef struct foreign_kind {
	const char *magic;
	uint32_t length, offset;
	ptm_status status;
	const char *sentence;
} foreign_kind;

static const foreign_kind kinds[] = {
	{ "2ELIFREP", 8, 0, PTM_UNSUPPORTED, "This perf.data was recorded on a big-endian machine; only little-endian ones (x86, most ARM) are read. Intel PT traces are always little-endian." },
	{ "PERFFILE", 8, 0, PTM_UNSUPPORTED, "This perf.data is in the old format of perf before Linux 2.6.37 (PERFFILE, version 1): record it again with a newer perf." },
	{ "\x1f\x8b", 2, 0, PTM_BAD_DATA, "This is a gzip file, not a perf.data: unpack it first (gunzip, or tar xzf for a .tar.gz)." },
	{ "\x28\xb5\x2f\xfd", 4, 0, PTM_BAD_DATA, "This is a zstd file, not a perf.data: unpack it first (zstd -d)." },
	{ "\xfd" "7zXZ", 5, 0, PTM_BAD_DATA, "This is an xz file, not a perf.data: unpack it first (xz -d)." },
	{ "BZh", 3, 0, PTM_BAD_DATA, "This is a bzip2 file, not a perf.data: unpack it first (bunzip2; perf archive writes such files: they hold binaries, not the trace)." },
	{ "PK\x03\x04", 4, 0, PTM_BAD_DATA, "This is a zip file, not a perf.data: unpack it first." },
	{ "ustar", 5, 257, PTM_BAD_DATA, "This is a tar archive, not a perf.data: unpack it first (tar xf) and open the perf.data in it." },
	{ "\x7f" "ELF", 4, 0, PTM_BAD_DATA, "This is an ELF binary (a program or library), not a trace: open the perf.data, and add the binary to it." },
	{ "{", 1, 0, PTM_BAD_DATA, "This is a JSON file, not a perf.data: open the file that perf record wrote." },
	{ "[", 1, 0, PTM_BAD_DATA, "This is a JSON file, not a perf.data: open the file that perf record wrote." },
	{ "\x02\x82\x02\x82\x02\x82\x02\x82", 8, 0, PTM_UNSUPPORTED, "This is a raw stream of Intel PT packets (it starts with a PSB) without perf's records: open the perf.data it came from." },
};

static bool is_text(const uint8_t *at, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		if (at[i] < 9 || (at[i] > 13 && at[i] < 32) || at[i] == 127)
			return false;
	return true;
}

static ptm_status refuse_other(const uint8_t *at, uint32_t length, ptm_message *message)
{
	char bytes[16 * 3 + 1] = "";
	uint32_t shown = length < 16 ? length : 16;

	if (is_text(at, length))
		return ptm_message_set(message, PTM_BAD_DATA,
			"This is a text file, not a perf.data: open the file that perf record wrote, not what perf script printed. It starts with \"%.*s\".",
			(int)strcspn(strncpy(bytes, (const char *)at, shown), "\r\n"), bytes);
	for (uint32_t i = 0; i < shown; i++)
		snprintf(bytes + i * 3, 4, "%02x ", at[i]);
	bytes[shown * 3 - 1] = 0;
	return ptm_message_set(message, PTM_BAD_DATA, "This is not a perf.data: it starts with the bytes %s; a perf.data starts with PERFILE2.", bytes);
}

ptm_status ptm_foreign_file_refuse(ptm_source *source, ptm_message *message)
{
	const uint8_t *at;
	uint32_t length = 512;

	if (!source->size)
		return ptm_message_set(message, PTM_BAD_DATA, "The file is empty (0 bytes): perf record wrote nothing, or the copy failed.");
	PTM_TRY(ptm_source_view_some(source, 0, &length, &at));
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (length >= kinds[i].offset + kinds[i].length && !memcmp(at + kinds[i].offset, kinds[i].magic, kinds[i].length))
			return ptm_message_set(message, kinds[i].status, "%s", kinds[i].sentence);
	if (memcmp(at, "PERFILE2", length < 8 ? length : 8))
		return refuse_other(at, length, message);
	ptm_bytes bytes = ptm_bytes_of(at, length);
	ptm_bytes_skip(&bytes, 16); /* the magic, and the header's size */
	if (bytes.failed)
		return ptm_message_set(message, PTM_TRUNCATED, "The file ends after %" PRIu64 " bytes, inside the perf.data header: copy it again.", source->size);
	return PTM_OK;
}
