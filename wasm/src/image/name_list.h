/* SPDX-License-Identifier: Apache-2.0 */
/* Names of code by address that are not in an ELF file: a copy of
 * /proc/kallsyms, a /tmp/perf-PID.map, a jitdump. Read into the same table as an
 * ELF file's symbols, chosen as perf 6.1 chooses among them. */
#ifndef PTM_IMAGE_NAME_LIST_H
#define PTM_IMAGE_NAME_LIST_H

#include "image/symbol_table.h"

/* Reads a list of a kind of enum ptm_names_kind, whose symbols start at runtime
 * addresses (of a jitdump: at their code's place in the file). Lines that are
 * none of the kind are left out, as perf does. PTM_UNSUPPORTED above 4 GB. Free
 * with ptm_symbol_table_free in any case. */
ptm_status ptm_name_list_read(ptm_symbol_table *table, uint8_t kind, uint32_t source, uint64_t size) PTM_MUST_CHECK;

/* One line of a list: [at, end) without its newline. */
typedef struct ptm_name_line {
	const uint8_t *at, *end;
	uint64_t offset;         /* of `at` in the file */
} ptm_name_line;

/* Calls `take` with every line until it returns something else than PTM_OK,
 * which is passed on. Lines above 64 KB are left out. */
ptm_status ptm_name_lines(ptm_source *source, ptm_status (*take)(void *context, const ptm_name_line *line), void *context) PTM_MUST_CHECK;

/* What a line of kallsyms says. */
typedef struct ptm_kallsyms_line {
	uint64_t address;
	char type;
	uint32_t name, name_length;      /* place in the line */
	bool module;                     /* the name is followed by "[module]" */
} ptm_kallsyms_line;

/* False when the line is none of kallsyms. */
bool ptm_kallsyms_line_read(const ptm_name_line *line, ptm_kallsyms_line *into);

/* What a line of a perf map says. */
typedef struct ptm_perf_map_line {
	uint64_t address, size;
	uint32_t name;
} ptm_perf_map_line;

bool ptm_perf_map_line_read(const ptm_name_line *line, ptm_perf_map_line *into);

#endif
