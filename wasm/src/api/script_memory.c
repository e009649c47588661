/* SPDX-License-Identifier: Apache-2.0 */
/* A sample's data source as perf script prints it: the bits of perf_mem_data_src
 * (perf_event_open(2)) in words; and sizes. */
#include "api/script.h"
#include <inttypes.h>
#include <stdio.h>

/* perf's buffer for number and words is full then. */
#define MOST_WORDS 82u

typedef ptm_words_text words;

static void add(words *into, const char *text)
{
	int length = snprintf(into->text + into->length, sizeof into->text - into->length, "%s", text);
	if (length > 0 && (size_t)length < sizeof into->text - into->length)
		into->length += (size_t)length;
}

/* The names of the bits that are set, joined by `between`. */
static bool add_bits(words *into, uint64_t bits, const char *const *names, uint32_t count, const char *between)
{
	bool any = false;
	for (uint32_t i = 0; i < count; i++) {
		if (!(bits >> i & 1))
			continue;
		if (any)
			add(into, between);
		add(into, names[i]);
		any = true;
	}
	return any;
}

enum { LEVEL_NA = 1, LEVEL_HIT = 2, LEVEL_MISS = 4, NUMBER_NA = 15 };

static const char *const levels[] = { "N/A", "", "", "L1", "LFB/MAB", "L2", "L3", "Local RAM", "Remote RAM (1 hop)", "Remote RAM (2 hops)",
				      "Remote Cache (1 hop)", "Remote Cache (2 hops)", "I/O", "Uncached" };

static void add_hops(words *into, uint64_t source)
{
	static const char *const names[8] = { [1] = "core, same node", [2] = "node, same socket", [3] = "socket, same board", [4] = "board" };
	uint32_t hops = source >> 43 & 7;

	if (source >> 37 & 1)
		add(into, "Remote ");
	if (!hops)
		return;
	add(into, names[hops] ? names[hops] : "(null)");
	add(into, " ");
}

static void add_level(words *into, uint64_t source)
{
	static const char *const numbers[16] = { [9] = "CXL", [10] = "I/O", [11] = "Any cache", [12] = "LFB/MAB", [13] = "RAM", [14] = "PMEM", [15] = "N/A" };
	uint64_t level = source >> 5 & 0x3fff;
	uint32_t number = source >> 33 & 15;
	size_t start = into->length;
	bool any = false;
	char text[16];

	add_hops(into, source);
	/* Hops are told instead of the level. */
	if (!(source >> 43 & 7))
		any = add_bits(into, level & ~(uint64_t)(LEVEL_HIT | LEVEL_MISS), levels, 14, " or ");
	if (number) {
		if (any)
			add(into, " or ");
		snprintf(text, sizeof text, "L%u", number);
		add(into, numbers[number] ? numbers[number] : text);
	}
	if (into->length == start)
		add(into, "N/A");
	if (level & LEVEL_HIT)
		add(into, " hit");
	if (level & LEVEL_MISS)
		add(into, " miss");
}

/* As perf 6.12: one level, the number before the bits. */
static void add_newer_level(words *into, uint64_t source)
{
	static const char *const numbers[16] = { [1] = "L1", [2] = "L2", [3] = "L3", [4] = "L4", [5] = "L2 MHB", [6] = "Memory-side Cache", [8] = "Uncached", [9] = "CXL",
						 [10] = "I/O", [11] = "Any cache", [12] = "LFB/MAB", [13] = "RAM", [14] = "PMEM" };
	uint64_t level = source >> 5 & 0x3fff, named = level & ~(uint64_t)(LEVEL_NA | LEVEL_HIT | LEVEL_MISS);
	uint32_t number = source >> 33 & 15;
	char text[24];

	if (number && number != NUMBER_NA) {
		add_hops(into, source);
		snprintf(text, sizeof text, "Unknown level %u", number);
		add(into, numbers[number] ? numbers[number] : text);
	} else if (!add_bits(into, named, levels, 14, " or ")) {
		add(into, "N/A");
		return;
	}
	add(into, level & LEVEL_HIT ? " hit" : level & LEVEL_MISS ? " miss" : " ");
}

static void add_snoop(words *into, uint64_t source)
{
	static const char *const names[] = { "N/A", "None", "Hit", "Miss", "HitM", "Fwd", "Peer" };

	if (!add_bits(into, (source >> 19 & 31) | (source >> 38 & 3) << 5, names, 7, " or "))
		add(into, "N/A");
}

static void add_translation(words *into, uint64_t source)
{
	static const char *const names[] = { "N/A", "", "", "L1", "L2", "Walker", "Fault" };
	uint64_t bits = source >> 26 & 0x7f;

	if (!add_bits(into, bits & ~(uint64_t)6, names, 7, " or "))
		add(into, "N/A");
	if (bits & 2)
		add(into, " hit");
	if (bits & 4)
		add(into, " miss");
}

void ptm_data_source_text(uint64_t source, bool newer_perf, ptm_words_text *text)
{
	static const char *const operations[] = { "N/A", "LOAD", "STORE", "PFETCH", "EXEC" };
	static const char *const locks[] = { "N/A", "No", "Yes" };
	words into = { .length = 0 };

	add(&into, "|OP ");
	/* One of them, the lowest. */
	if (!add_bits(&into, source & 31 & -(source & 31), operations, 5, ""))
		add(&into, "No");
	add(&into, "|LVL ");
	if (newer_perf)
		add_newer_level(&into, source);
	else
		add_level(&into, source);
	add(&into, "|SNP ");
	add_snoop(&into, source);
	add(&into, "|TLB ");
	add_translation(&into, source);
	add(&into, "|LCK ");
	add(&into, locks[source >> 24 & 1 ? 0 : source >> 24 & 2 ? 2 : 1]);
	add(&into, "|BLK ");
	uint32_t blocked = source >> 40 & 7;
	bool unknown = !blocked || blocked & 1;
	add(&into, unknown ? " N/A" : blocked & 2 ? " Data" : "");
	add(&into, !unknown && blocked & 4 ? " Addr" : "");
	*text = into;
}

const char *ptm_script_size_text(uint64_t size, char into[32])
{
	static const char units[] = "BKMGTPE";
	uint32_t unit = 0;

	if (!size)
		return "N/A";
	while (size / 1024 > 1 && unit < 6) {
		size /= 1024;
		unit++;
	}
	snprintf(into, 32, "%" PRIu64 "%c", size, units[unit]);
	return into;
}

void ptm_script_put_data_source(ptm_script *script, uint64_t source)
{
	words into;

	ptm_data_source_text(source, script->options.version >= 612, &into);
	if (into.length > MOST_WORDS)
		into.text[into.length = MOST_WORDS] = 0;
	if (into.length > script->data_source_width)
		script->data_source_width = (uint32_t)into.length;
	ptm_script_put(script, "%16" PRIx64 " %-*s", source, (int)script->data_source_width, into.text);
}
