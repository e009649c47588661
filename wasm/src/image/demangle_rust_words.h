/* SPDX-License-Identifier: Apache-2.0 */
/* The words of Rust's newer mangled names (demangle_rust_v0.c): letters, numbers
 * in base 62, identifiers with and without punycode, read and written. */
#ifndef PTM_IMAGE_DEMANGLE_RUST_WORDS_H
#define PTM_IMAGE_DEMANGLE_RUST_WORDS_H

#include "image/demangle_tree.h"

typedef struct ptm_rust {
	const char *start, *end; /* after "_R", without a ".suffix" */
	const char *at;
	ptm_text *into;
	bool silent;             /* parse, but write nothing */
	uint64_t lifetimes;      /* bound by the binders around */
	uint32_t depth, steps;
	ptm_status status;
} ptm_rust;

typedef struct ptm_rust_identifier {
	const char *text;        /* borrowed from the symbol */
	size_t length;
	bool punycode;
} ptm_rust_identifier;

/* It is no such name: PTM_NOT_FOUND, unless something failed before. */
void ptm_rust_fail(ptm_rust *r);
/* Counts a level of nesting and a step; false, and failed, when there are too many. The caller takes the level back. */
bool ptm_rust_enter(ptm_rust *r);

/* The next letter; fails at the end. */
char ptm_rust_next(ptm_rust *r);
/* Whether the next letter is `wanted`, which is then taken. */
bool ptm_rust_take(ptm_rust *r, char wanted);
bool ptm_rust_is_digit(char c);
uint64_t ptm_rust_take_base62(ptm_rust *r);
/* 0 without the tag, else the number behind it plus 1. */
uint64_t ptm_rust_take_optional_base62(ptm_rust *r, char tag);
ptm_rust_identifier ptm_rust_take_identifier(ptm_rust *r);

void ptm_rust_print(ptm_rust *r, const char *text, size_t length);
void ptm_rust_print_text(ptm_rust *r, const char *text);
void ptm_rust_print_number(ptm_rust *r, uint64_t number);
/* As UTF-8. */
void ptm_rust_print_code_point(ptm_rust *r, uint32_t c);
void ptm_rust_print_identifier(ptm_rust *r, ptm_rust_identifier identifier);

#endif
