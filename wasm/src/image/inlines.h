/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of one unit, and those inlined into them, by address. */
#ifndef PTM_IMAGE_INLINES_H
#define PTM_IMAGE_INLINES_H

#include "image/dwarf.h"

/* One inlined call, or a function that has code of its own; the parent of a call
 * is what is around it: another call or the function. */
typedef struct ptm_inline_call {
	uint64_t origin;         /* entry that describes the function, in .debug_info */
	uint32_t parent;         /* row of calls, UINT32_MAX: none */
	uint32_t name;           /* string id once asked for, UINT32_MAX before */
	uint32_t file, line;     /* where it is called: row of the line table's files (UINT32_MAX: not told) and line */
	uint64_t low;            /* of its first range */
	uint32_t asked;          /* see lines.c: when it was the innermost first, 0: not yet */
	bool is_function;        /* not inlined: nothing around it is of interest */
	bool in_alternate;       /* the origin is in the alternate file */
	bool by_index;           /* its ranges are told by index (DW_FORM_rnglistx) */
	bool is_linkage;         /* the name is one that the linker knows */
} ptm_inline_call;

/* From `address` up to the next piece, code belongs to `call`. */
typedef struct ptm_inline_piece {
	uint64_t address;
	uint32_t call;           /* UINT32_MAX: to none */
} ptm_inline_piece;

typedef struct ptm_inlines {
	PTM_ARRAY(ptm_inline_call) calls;
	PTM_ARRAY(ptm_inline_piece) pieces;      /* sorted by address */
} ptm_inlines;

/* Reads all functions and inlined calls of the unit; a damaged unit yields those before the damage. */
ptm_status ptm_inlines_read(ptm_inlines *inlines, ptm_dwarf *dwarf, ptm_dwarf_unit *unit) PTM_MUST_CHECK;
void ptm_inlines_free(ptm_inlines *inlines);

/* Tells the unit that holds an offset of .debug_info (of the alternate file: `alternate`); NULL: none does. */
typedef struct ptm_unit_finder {
	ptm_dwarf_unit *(*find)(void *context, bool alternate, uint64_t offset);
	void *context;
} ptm_unit_finder;

/* Names a call, once: follows origins and specifications to a linkage name, else to
 * the first plain name; 0: there is none. */
ptm_status ptm_inline_call_name(ptm_inline_call *call, ptm_dwarf *dwarf, const ptm_unit_finder *finder, ptm_strings *strings) PTM_MUST_CHECK;

/* Innermost inlined call, else the function, at an address; UINT32_MAX when there is neither. */
uint32_t ptm_inlines_find(const ptm_inlines *inlines, uint64_t address);

#endif
