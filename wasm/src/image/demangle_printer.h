/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the printer of mangled names share: its state, and
 * writing of small things. Private to demangle_print.c, demangle_print_expression.c. */
#ifndef PTM_IMAGE_DEMANGLE_PRINTER_H
#define PTM_IMAGE_DEMANGLE_PRINTER_H

#include "image/demangle_tree.h"

enum { PTM_PRINT_STEPS = 200000, PTM_PRINT_BYTES = 1 << 20 };

/* None changes once it is made; 0 in place of one is none. */
typedef struct ptm_template_scope {
	uint32_t template;       /* whose arguments T_, T0_ … mean */
	uint32_t next;           /* index of the one around it */
} ptm_template_scope;

/* Where a parameter that a reference leads to was first met: it means the same wherever a substitution repeats it. */
typedef struct ptm_kept_scope {
	uint32_t parameter, scope;
} ptm_kept_scope;

typedef struct ptm_printer {
	const ptm_name_parser *names;
	ptm_text *into;
	PTM_ARRAY(ptm_template_scope) scopes;
	PTM_ARRAY(ptm_kept_scope) kept;
	PTM_ARRAY(uint32_t) printing; /* parts, each inside of the one before */
	uint32_t scope;          /* index of the innermost */
	uint32_t current_template;
	uint32_t in_lambda;
	int32_t pack_index;
	uint32_t depth, steps;
	char last;               /* written; GNU's keeps a comma's space here though it takes the comma back */
	ptm_status status;
} ptm_printer;

static inline const ptm_name_part *ptm_printed(const ptm_printer *p, uint32_t part)
{
	return &p->names->parts.at[part];
}

static inline ptm_part_kind ptm_printed_kind(const ptm_printer *p, uint32_t part)
{
	return (ptm_part_kind)p->names->parts.at[part].kind;
}

/* Marks the name as one that makes no sense. */
void ptm_print_fail(ptm_printer *p);
void ptm_print_bytes(ptm_printer *p, const char *text, size_t length);
void ptm_print_text(ptm_printer *p, const char *text);
void ptm_print_number(ptm_printer *p, int64_t number);

/* Any part by itself. */
void ptm_print_part(ptm_printer *p, uint32_t part);
/* A literal or an operation. */
void ptm_print_expression(ptm_printer *p, uint32_t part);
void ptm_print_operator_sign(ptm_printer *p, uint32_t part);

/* demangle_scope.c */
/* What follows stands in a template. Whoever calls sets `scope` back. */
void ptm_print_enter_scope(ptm_printer *p, uint32_t template);
/* Goes to the scope in which a parameter that `reference` leads to was first met, or keeps this one as that. */
void ptm_print_enter_kept_scope(ptm_printer *p, uint32_t reference, uint32_t parameter);
/* Argument `index` of a list; 0 when there is none. */
uint32_t ptm_print_list_item(const ptm_printer *p, uint32_t list, int32_t index);
/* The argument, which may be a pack, that a parameter means here; 0: none. */
uint32_t ptm_print_argument_of(ptm_printer *p, uint32_t parameter);
/* The first argument pack that a pattern mentions, or 0; and how many it holds. */
uint32_t ptm_print_find_pack(ptm_printer *p, uint32_t part, uint32_t depth);
uint32_t ptm_print_pack_length(const ptm_printer *p, uint32_t list);

#endif
