/* SPDX-License-Identifier: Apache-2.0 */
/* Names of C++, Rust, Java and OCaml functions as a person would write them. */
#ifndef PTM_IMAGE_DEMANGLE_H
#define PTM_IMAGE_DEMANGLE_H

#include "base/array.h"

typedef struct ptm_text {
	PTM_ARRAY(char) bytes;   /* NUL-terminated when not empty */
} ptm_text;

ptm_status ptm_text_append(ptm_text *text, const char *bytes, size_t length) PTM_MUST_CHECK;

typedef enum ptm_name_style {
	PTM_NAMED_BRIEF,         /* without parameters, as perf 6.1 (GNU's demangler) prints them */
	PTM_NAMED_WHOLE,         /* with parameters, as perf 6.12 (libstdc++'s demangler) prints them */
	PTM_NAMED_LINKED         /* as they are linked */
} ptm_name_style;

/* Replaces `into` by what the symbol is called in its language. PTM_NOT_FOUND,
 * and an `into` without meaning, when the symbol is not mangled. */
ptm_status ptm_demangle(const char *symbol, ptm_name_style style, ptm_text *into) PTM_MUST_CHECK;

#endif
