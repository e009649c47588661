/* SPDX-License-Identifier: Apache-2.0 */
/* What the header says of the machine at length (perf script --header -I): its CPUs,
 * memory nodes and caches. Layout: Linux
 * tools/perf/Documentation/perf.data-file-format.txt. */
#include "api/script_header.h"
#include <inttypes.h>
#include <stdio.h>

/* Each counted string of a counted list, on a line of its own. */
static void put_strings(ptm_script *script, ptm_bytes *bytes, const char *before)
{
	uint32_t count = ptm_bytes_u32(bytes);

	for (uint32_t i = 0; i < count && !bytes->failed; i++) {
		ptm_script_put_text(script, before, strlen(before));
		ptm_script_put_string(script, bytes);
		ptm_script_put(script, "\n");
	}
}

static void skip_strings(ptm_bytes *bytes)
{
	uint32_t count = ptm_bytes_u32(bytes);

	for (uint32_t i = 0; i < count && !bytes->failed; i++)
		ptm_bytes_skip(bytes, ptm_bytes_u32(bytes));
}

void ptm_script_put_cpu_topology(ptm_script *script, ptm_bytes *bytes)
{
	const uint32_t cpus = script->session->file.cpus_available;
	ptm_bytes threads, ids, dies;

	put_strings(script, bytes, "# sibling sockets : ");
	threads = *bytes;
	skip_strings(bytes);
	ids = *bytes;
	ptm_bytes_skip(bytes, (size_t)cpus * 8);
	bool has_ids = !bytes->failed && !threads.failed, has_dies = has_ids && ptm_bytes_left(bytes) >= 4;
	if (has_dies)
		put_strings(script, bytes, "# sibling dies    : ");
	dies = *bytes;
	put_strings(script, &threads, "# sibling threads : ");
	if (!has_ids)
		ptm_script_put(script, "# Core ID and Socket ID information is not available\n");
	for (uint32_t cpu = 0; cpu < cpus && has_ids && script->status == PTM_OK; cpu++) {
		uint32_t core = ptm_bytes_u32(&ids), socket = ptm_bytes_u32(&ids), die = has_dies ? ptm_bytes_u32(&dies) : 0;
		ptm_script_put(script, "# CPU %u: Core ID %d", cpu, (int32_t)core);
		if (has_dies)
			ptm_script_put(script, ", Die ID %d", (int32_t)die);
		ptm_script_put(script, ", Socket ID %d\n", (int32_t)socket);
	}
}

void ptm_script_put_numa(ptm_script *script, ptm_bytes *bytes)
{
	uint32_t count = ptm_bytes_u32(bytes);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t node = ptm_bytes_u32(bytes);
		uint64_t total = ptm_bytes_u64(bytes), left = ptm_bytes_u64(bytes);
		if (bytes->failed)
			return;
		ptm_script_put(script, "# node%u meminfo  : total = %" PRIu64 " kB, free = %" PRIu64 " kB\n# node%u cpu list : ", node, total, left, node);
		ptm_script_put_string(script, bytes);
		ptm_script_put(script, "\n");
	}
}

/* A counted string in a column: `width` negative: on its left. */
static void put_column(ptm_script *script, ptm_bytes *bytes, int width)
{
	size_t length;
	const char *text = ptm_bytes_text(bytes, ptm_bytes_u32(bytes), &length);

	if (text)
		ptm_script_put(script, "%*.*s", width, (int)length, text);
}

void ptm_script_put_caches(ptm_script *script, ptm_bytes *bytes)
{
	enum { LINE_SETS_WAYS = 12 };
	uint32_t version = ptm_bytes_u32(bytes), count = ptm_bytes_u32(bytes);

	if (version != 1)
		return;
	ptm_script_put(script, "# CPU cache info:\n");
	for (uint32_t i = 0; i < count; i++) {
		uint32_t level = ptm_bytes_u32(bytes);
		ptm_bytes_skip(bytes, LINE_SETS_WAYS);
		if (bytes->failed)
			return;
		ptm_script_put(script, "#  L%u ", level);
		put_column(script, bytes, -15);
		ptm_script_put(script, " ");
		put_column(script, bytes, 8);
		ptm_script_put(script, " [");
		ptm_script_put_string(script, bytes);
		ptm_script_put(script, "]\n");
	}
}

/* "0-23,32-199", as much of it as perf's buffer holds. */
static uint64_t put_set_bits(char *into, size_t room, ptm_bytes *bits, uint64_t count)
{
	uint64_t set = 0, word = 0, first = 0;
	size_t length = 0;
	bool inside = false;

	into[0] = 0;
	for (uint64_t bit = 0; bit <= count; bit++) {
		if (bit < count && bit % 64 == 0)
			word = ptm_bytes_u64(bits);
		bool is_set = bit < count && word >> bit % 64 & 1;
		set += is_set;
		if (is_set && !inside)
			first = bit;
		if (!is_set && inside && length + 1 < room) {
			const char *comma = length ? "," : "";
			int more = first + 1 < bit ? snprintf(into + length, room - length, "%s%" PRIu64 "-%" PRIu64, comma, first, bit - 1)
						   : snprintf(into + length, room - length, "%s%" PRIu64, comma, first);
			length += (size_t)more < room - length ? (size_t)more : room - length - 1;
		}
		inside = is_set;
	}
	return set;
}

void ptm_script_put_memory(ptm_script *script, ptm_bytes *bytes)
{
	enum { TEXT = 100 };
	uint64_t version = ptm_bytes_u64(bytes), block = ptm_bytes_u64(bytes), count = ptm_bytes_u64(bytes);
	char text[TEXT], size[32];

	if (version != 1 || bytes->failed)
		return;
	ptm_script_put(script, "# memory nodes (nr %" PRIu64 ", block size 0x%" PRIx64 "):\n", count, block);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t node = ptm_bytes_u64(bytes);
		ptm_bytes_skip(bytes, 8);
		uint64_t bits = ptm_bytes_u64(bytes);
		if (bytes->failed || bits > ptm_bytes_left(bytes) * 8)
			return;
		uint64_t set = put_set_bits(text, sizeof text, bytes, bits);
		ptm_script_put(script, "#  %3" PRIu64 " [%s]: %s\n", node, set ? ptm_script_size_text(set * block, size) : "0B", text);
	}
}

void ptm_script_put_hybrid(ptm_script *script, ptm_bytes *bytes)
{
	uint32_t count = ptm_bytes_u32(bytes);

	ptm_script_put(script, "# hybrid cpu system:\n");
	for (uint32_t i = 0; i < count && !bytes->failed; i++) {
		ptm_script_put(script, "# ");
		ptm_script_put_string(script, bytes);
		ptm_script_put(script, " cpu list : ");
		ptm_script_put_string(script, bytes);
		ptm_script_put(script, "\n");
	}
}
