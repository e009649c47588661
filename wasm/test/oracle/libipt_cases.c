/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes libipt's own test cases (raw PT over flat code) and compares the
 * instruction addresses (or their number) with what its ptxed printed, on each CPU that
 * the case names, with its errata and address filter. Every
 * difference must have its reason in libipt_reasons.tsv, and every reason its
 * difference: else it fails.
 * Usage: libipt_cases [DIRECTORY [REASONS]], by default ../../shared/traces/libipt-cases
 * and test/oracle/libipt_reasons.tsv; without the cases there is nothing to do. */
#include "../pt_world.h"
#include <stdio.h>

enum { MOST = 1 << 17 };
/* Only the number of instructions is known. */
#define COUNT_ONLY (1u << 31)

static uint32_t read_file(const char *directory, const char *name, const char *suffix, uint8_t *into, uint32_t most)
{
	char path[1024];
	snprintf(path, sizeof path, "%s/%s%s", directory, name, suffix);
	FILE *file = fopen(path, "rb");
	if (!file)
		return 0;
	uint32_t length = (uint32_t)fread(into, 1, most, file);
	fclose(file);
	return length;
}

static uint32_t expected(const char *directory, const char *name, uint64_t *ips)
{
	static uint8_t text[1 << 21];
	uint32_t length = read_file(directory, name, "-ptxed.exp", text, sizeof text - 1), count = 0;
	text[length] = 0;
	unsigned long total;
	char *rest;
	for (char *line = strtok_r((char *)text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *end;
		line += line[0] == '?' ? 2 : 0; /* in a transaction */
		if (sscanf(line, "insn: %lu.", &total) == 1)
			return COUNT_ONLY | (uint32_t)total;
		uint64_t ip = strtoull(line, &end, 16);
		if (end - line == 16 && count < MOST)
			ips[count++] = ip;
	}
	return count;
}

static uint32_t decoded(pt_world *world, uint64_t *ips)
{
	ptm_pt_flow *flow;
	ptm_item item;
	uint32_t count = 0;
	if (ptm_pt_flow_new(&flow, &world->blocks, &world->config, 0, world->size, NULL) != PTM_OK)
		return 0;
	while (ptm_pt_flow_next(flow, &item) == PTM_OK) {
		if (item.kind != PTM_ITEM_VISIT)
			continue;
		const ptm_block *block = &world->blocks.blocks.at[item.block];
		uint64_t ip = block->ip;
		for (uint32_t i = 0; i < item.instructions; i++) {
			if (count < MOST)
				ips[count] = ip;
			count++;
			ip += world->blocks.lengths.at[block->lengths + i];
		}
	}
	ptm_pt_flow_free(flow);
	return count;
}

typedef struct filter { unsigned long long first, last; } filter;

static bool leaves_filter(void *world, uint32_t space, uint64_t ip)
{
	const filter *range = ((const pt_world *)world)->user;
	(void)space;
	return ip < range->first || ip > range->last;
}

/* Returns whether a case agrees on a CPU. Prints the first difference. */
static bool run(const char *directory, const char *name, uint64_t address, const char *cpu, filter *range)
{
	static uint8_t code[PT_WORLD_CODE], trace[1 << 16];
	static uint64_t wanted[MOST], got[MOST];
	pt_world world;
	uint32_t size = read_file(directory, name, ".bin", code, sizeof code);
	pt_world_open(&world, address, code, size);
	pt_world_trace(&world, trace, read_file(directory, name, ".pt", trace, sizeof trace));
	world.config.input.errata = ptm_errata_of(cpu, strlen(cpu));
	/* libipt takes it that a MOV CR3 may end tracing. */
	world.config.cr3_filter = true;
	world.user = range;
	if (range->last)
		world.config.leaves = leaves_filter;
	uint32_t count = expected(directory, name, wanted), have = decoded(&world, got), i = 0;
	pt_world_close(&world);
	if (count & COUNT_ONLY) {
		if (have != (count & ~COUNT_ONLY))
			printf("%-45s wanted %u instructions got %u\n", name, count & ~COUNT_ONLY, have);
		return have == (count & ~COUNT_ONLY);
	}
	have = have < MOST ? have : MOST;
	while (i < count && i < have && wanted[i] == got[i])
		i++;
	if (i == count && i == have)
		return true;
	printf("%-45s after %u of %u: wanted %llx got %llx\n", name, i, count, i < count ? (unsigned long long)wanted[i] : 0,
	       i < have ? (unsigned long long)got[i] : 0);
	return false;
}

/* The same on each CPU of a list "F/M,F/M…"; "-": on one that is not known. */
static bool run_all(const char *directory, const char *name, uint64_t address, char *cpus, const char *options)
{
	filter range = { 0 };
	const char *first = strstr(options, "addr0_a "), *last = strstr(options, "addr0_b ");
	char cpu[64], *rest;
	if (first && last)
		range = (filter){ strtoull(first + 8, NULL, 0), strtoull(last + 8, NULL, 0) };
	for (char *one = strtok_r(cpus, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
		unsigned family = 0, model = 0;
		(void)sscanf(one, "%u/%u", &family, &model);
		snprintf(cpu, sizeof cpu, "GenuineIntel-%u-%u-1", family, model);
		if (!run(directory, name, address, cpu, &range))
			return false;
	}
	return true;
}

/* Stores the verdict on a case that may differ. Returns whether there is one. */
static bool reason_of(const char *path, const char *name, char *verdict)
{
	char line[1024], known[256];
	bool found = false;
	FILE *list = fopen(path, "r");
	while (list && !found && fgets(line, sizeof line, list))
		found = sscanf(line, "%255[^\t]\t%31[^\t]", known, verdict) == 2 && !strcmp(known, name);
	if (list)
		fclose(list);
	return found;
}

int main(int count, char **arguments)
{
	const char *reasons = count > 2 ? arguments[2] : "test/oracle/libipt_reasons.tsv";
	const char *directory = count > 1 ? arguments[1] : "../../shared/traces/libipt-cases";
	char path[1024], line[4096], name[256], cpus[2048], options[1024];
	unsigned agree = 0, cases = 0, explained = 0, failed = 0;
	char verdict[32];
	unsigned long long address;
	snprintf(path, sizeof path, "%s/cases.tsv", directory);
	FILE *list = fopen(path, "r");
	if (!list)
		return 0;
	while (fgets(line, sizeof line, list)) {
		if (sscanf(line, "%255[^\t]\t%llx\t%*[^\t]\t%2047[^\t]\t%*[^\t]\t%1023[^\n]", name, &address, cpus, options) != 4)
			continue;
		cases++;
		bool same = run_all(directory, name, address, cpus, options), may_differ = reason_of(reasons, name, verdict);
		agree += same;
		explained += !same && may_differ;
		if (!same && may_differ)
			printf("%-45s explained: %s\n", "", verdict);
		if (same != !may_differ) {
			printf("%-45s %s\n", name, same ? "agrees, but has a reason to differ" : "differs without a reason");
			failed++;
		}
	}
	fclose(list);
	printf("libipt cases: %u of %u agree, %u differ for a reason, %u unexplained\n", agree, cases, explained, failed);
	return failed != 0;
}
