/* SPDX-License-Identifier: Apache-2.0 */
/* Names for events whose file does not name them (no EVENT_DESC feature: an
 * unfinished or cut file), in perf's words: "cycles:u", "L1-dcache-load-misses",
 * "intel_pt//u". */
#include "file/perf_data.h"
#include <inttypes.h>
#include <stdio.h>

enum { TYPE_HARDWARE, TYPE_SOFTWARE, TYPE_TRACEPOINT, TYPE_HW_CACHE, TYPE_RAW, TYPE_BREAKPOINT };

static const char *const hardware[] = { "cycles", "instructions", "cache-references", "cache-misses", "branches",
	"branch-misses", "bus-cycles", "stalled-cycles-frontend", "stalled-cycles-backend", "ref-cycles" };
static const char *const software[] = { "cpu-clock", "task-clock", "page-faults", "context-switches", "cpu-migrations",
	"minor-faults", "major-faults", "alignment-faults", "emulation-faults", "dummy", "bpf-output", "cgroup-switches" };
static const char *const caches[] = { "L1-dcache", "L1-icache", "LLC", "dTLB", "iTLB", "branch", "node" };
static const char *const operations[] = { "load", "store", "prefetch" };

#define NAME(names, index) ((index) < sizeof(names) / sizeof *(names) ? (names)[index] : NULL)

/* Writes what follows the name: the modes that are counted when others are not,
 * a p for each degree of precision, host and guest when it is not the host alone
 * (or, beside other modifiers, when it is). */
static const char *modifier(const ptm_attr *attr, bool slashes, char text[16])
{
	char *end = text;
	bool chosen = attr->exclude_user || attr->exclude_kernel || attr->exclude_hv;
	bool guest_default = chosen || attr->precise_ip;

	if (!slashes)
		*end++ = ':';
	if (chosen) {
		if (!attr->exclude_kernel)
			*end++ = 'k';
		if (!attr->exclude_user)
			*end++ = 'u';
		if (!attr->exclude_hv)
			*end++ = 'h';
	}
	for (uint32_t i = 0; i < attr->precise_ip; i++)
		*end++ = 'p';
	if (!slashes && (attr->exclude_host || attr->exclude_guest == guest_default)) {
		if (!attr->exclude_host)
			*end++ = 'H';
		if (!attr->exclude_guest)
			*end++ = 'G';
	}
	if (!slashes && end == text + 1)
		end = text;
	*end = 0;
	return text;
}

static void write_name(const ptm_attr *attr, uint32_t pt_type, char *into, size_t capacity)
{
	uint64_t cache = attr->config & 0xff, operation = attr->config >> 8 & 0xff, result = attr->config >> 16 & 0xff;
	const char *name = NULL;
	char mode[16];

	if (attr->type == TYPE_HARDWARE)
		name = NAME(hardware, attr->config & 0xffffffff);
	else if (attr->type == TYPE_SOFTWARE)
		name = NAME(software, attr->config);
	modifier(attr, attr->type > TYPE_BREAKPOINT, mode);
	if (name)
		snprintf(into, capacity, "%s%s", name, mode);
	else if (attr->type == TYPE_HW_CACHE && NAME(caches, cache) && NAME(operations, operation) && result < 2)
		snprintf(into, capacity, "%s-%s%s%s", caches[cache], operations[operation], result ? "-misses" : "s", mode);
	else if (attr->type == pt_type && pt_type > TYPE_BREAKPOINT)
		snprintf(into, capacity, "intel_pt//%s", mode);
	else if (attr->type == TYPE_TRACEPOINT)
		snprintf(into, capacity, "tracepoint:%" PRIu64 "%s", attr->config, mode);
	else if (attr->type == TYPE_BREAKPOINT)
		snprintf(into, capacity, "mem:breakpoint%s", mode);
	else if (attr->type == TYPE_RAW)
		snprintf(into, capacity, "raw 0x%" PRIx64 "%s", attr->config, mode);
	else
		snprintf(into, capacity, "pmu%" PRIu32 "/config=0x%" PRIx64 "/%s", attr->type, attr->config, mode);
}

/* A guest's PMUs have no names here. */
static bool is_guests(const ptm_trace_file *file, const ptm_attr *attr)
{
	return attr->id_count && ptm_guest_ids_find(file, file->ids.at[attr->first_id]);
}

/* PMU number of the trace, from AUXTRACE_INFO (0: not known). */
static ptm_status find_pt_type(const ptm_trace_file *file, uint32_t *type)
{
	const uint8_t *at;

	*type = 0;
	if (!file->auxtrace_info_offset || file->auxtrace_type != 1 || file->auxtrace_info_size < 24)
		return PTM_OK;
	PTM_TRY(ptm_trace_file_view(file, file->auxtrace_info_offset + 16, 8, &at));
	ptm_bytes bytes = ptm_bytes_of(at, 8);
	*type = ptm_bytes_u32(&bytes);
	return PTM_OK;
}

ptm_status ptm_attr_name_fill(ptm_trace_file *file)
{
	char name[64];
	uint32_t pt_type;

	PTM_TRY(find_pt_type(file, &pt_type));
	for (uint32_t row = 0; row < file->attrs.length; row++) {
		ptm_attr *attr = &file->attrs.at[row];
		attr->script_name = attr->name;
		if (attr->name)
			continue;
		write_name(attr, pt_type, name, sizeof name);
		PTM_TRY(ptm_strings_add(file->strings, name, strlen(name), &attr->name));
		attr->script_name = attr->name;
		if (attr->type <= TYPE_BREAKPOINT)
			continue;
		snprintf(name, sizeof name, "unknown attr type: %" PRIu32, attr->type);
		PTM_TRY(ptm_strings_add(file->strings, name, strlen(name), &attr->script_name));
		if (is_guests(file, attr))
			attr->name = attr->script_name;
	}
	return PTM_OK;
}
