/* SPDX-License-Identifier: Apache-2.0 */
/* A sample's data source as perf script 6.1 prints it: the bits of perf_mem_data_src
 * (perf_event_open(2)) in words; and sizes. */
#include "api/script.h"
#include <inttypes.h>
#include <stdio.h>

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

static void add_level(words *into, uint64_t source)
{
	static const char *const names[] = { "N/A", "", "", "L1", "LFB/MAB", "L2", "L3", "Local RAM", "Remote RAM (1 hop)", "Remote RAM (2 hops)",
					     "Remote Cache (1 hop)", "Remote Cache (2 hops)", "I/O", "Uncached" };
	static const char *const numbers[16] = { [9] = "CXL", [10] = "I/O", [11] = "Any cache", [12] = "LFB/MAB", [13] = "RAM", [14] = "PMEM", [15] = "N/A" };
	uint64_t level = source >> 5 & 0x3fff;
	uint32_t number = source >> 33 & 15;
	bool hit = level & 2, missed = level & 4;
	bool any = add_bits(into, level & ~(uint64_t)6, names, 14, " or ");
	char text[16];

	if (number) {
		if (any)
			add(into, " or ");
		snprintf(text, sizeof text, "L%u", number);
		add(into, numbers[number] ? numbers[number] : text);
		any = true;
	}
	if (!any)
		add(into, "N/A");
	if (hit)
		add(into, " hit");
	if (missed)
		add(into, " miss");
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

void ptm_data_source_text(uint64_t source, ptm_words_text *text)
{
	static const char *const operations[] = { "N/A", "LOAD", "STORE", "PFETCH", "EXEC" };
	static const char *const snoops[] = { "N/A", "None", "Hit", "Miss", "HitM" };
	static const char *const locks[] = { "N/A", "No", "Yes" };
	words into = { .length = 0 };

	add(&into, "|OP ");
	if (!add_bits(&into, source & 31, operations, 5, " or "))
		add(&into, "No");
	add(&into, "|LVL ");
	add_level(&into, source);
	add(&into, "|SNP ");
	if (!add_bits(&into, source >> 19 & 31, snoops, 5, " or "))
		add(&into, source >> 38 & 1 ? "Fwd" : "N/A");
	add(&into, "|TLB ");
	add_translation(&into, source);
	add(&into, "|LCK ");
	add(&into, locks[source >> 24 & 1 ? 0 : source >> 24 & 2 ? 2 : 1]);
	add(&into, "|BLK ");
	add(&into, source >> 40 & 7 & ~(uint64_t)1 ? "" : " N/A");
	add(&into, source >> 40 & 2 ? " Data" : "");
	add(&into, source >> 40 & 4 ? " Addr" : "");
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

	ptm_data_source_text(source, &into);
	if (into.length > script->data_source_width)
		script->data_source_width = (uint32_t)into.length;
	ptm_script_put(script, "%16" PRIx64 " %-*s", source, (int)script->data_source_width, into.text);
}
