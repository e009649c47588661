/* SPDX-License-Identifier: Apache-2.0 */
/* The address filter that a trace was recorded with (perf record --filter), as perf
 * keeps it in AUXTRACE_INFO: names resolved to offsets in files, or to kernel addresses. */
#ifndef PTM_FILE_ADDRESS_FILTER_H
#define PTM_FILE_ADDRESS_FILTER_H

#include "base/strings.h"
#include <stdbool.h>

/* Intel PT has four pairs of address registers. */
#define PTM_FILTER_RANGES 4

typedef struct ptm_filter_range {
	uint64_t start, size;    /* bytes; of the file, or addresses where there is none */
	uint32_t file;           /* string id of its path, 0: the kernel */
	bool stops;              /* tracing stops there (tracestop); else: is on there alone */
} ptm_filter_range;

typedef struct ptm_address_filter {
	ptm_filter_range ranges[PTM_FILTER_RANGES];
	uint32_t count;          /* 0: no filter, or none that is understood */
} ptm_address_filter;

/* Reads clauses "filter START/SIZE[@FILE]" and "tracestop" of the same form, separated by
 * commas. Stores count 0 when there is any other. PTM_NO_MEMORY. */
ptm_status ptm_address_filter_read(ptm_strings *strings, const char *text, ptm_address_filter *filter) PTM_MUST_CHECK;

/* Whether a branch to `ip` ends tracing; `file` and `at` say where in a file (its path's string
 * id) that is, 0 in the kernel. */
bool ptm_address_filter_leaves(const ptm_address_filter *filter, uint64_t ip, uint32_t file, uint64_t at);

#endif
