/* SPDX-License-Identifier: Apache-2.0 */
/* The line table of one unit, from its line number program (.debug_line). */
#ifndef PTM_IMAGE_LINE_PROGRAM_H
#define PTM_IMAGE_LINE_PROGRAM_H

#include "image/dwarf.h"

/* From `address` up to the next row. Line 0: nothing known from here on. */
typedef struct ptm_line_row {
	uint64_t address;
	uint32_t file;           /* row of files, UINT32_MAX: none */
	uint32_t line;
} ptm_line_row;

/* A place of text in a section; DWARF_SECTIONS: none. */
typedef struct ptm_dwarf_place {
	uint64_t offset;
	uint8_t section;
} ptm_dwarf_place;

typedef struct ptm_line_file {
	ptm_dwarf_place name;
	uint32_t directory;      /* row of directories, UINT32_MAX: none */
	uint32_t path;           /* string id once asked for, UINT32_MAX before */
} ptm_line_file;

typedef struct ptm_line_table {
	PTM_ARRAY(ptm_line_row) rows;            /* sorted by address */
	PTM_ARRAY(ptm_line_file) files;
	PTM_ARRAY(ptm_dwarf_place) directories;
	ptm_dwarf_place compilation;     /* the unit's directory */
} ptm_line_table;

/* Runs the unit's program. A damaged one yields the rows before the damage. */
ptm_status ptm_line_table_read(ptm_line_table *table, ptm_dwarf *dwarf, const ptm_dwarf_unit *unit) PTM_MUST_CHECK;
void ptm_line_table_free(ptm_line_table *table);

/* Row that holds the address, or NULL. */
const ptm_line_row *ptm_line_table_find(const ptm_line_table *table, uint64_t address);
/* Stores the string id of a file's full path. */
ptm_status ptm_line_table_path(ptm_line_table *table, ptm_dwarf *dwarf, ptm_strings *strings, uint32_t file, uint32_t *path) PTM_MUST_CHECK;

#endif
