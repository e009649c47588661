/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the OCaml compiler as perf shows them: "camlStdlib__bytes__$2b$2b_2205"
 * is Stdlib.bytes.++_2205. */
#include "image/demangle_tree.h"
#include <ctype.h>

static uint32_t digit_of(char c)
{
	return isdigit((unsigned char)c) ? (uint32_t)(c - '0') : (uint32_t)(tolower((unsigned char)c) - 'a' + 10);
}

ptm_status ptm_demangle_ocaml(const char *symbol, ptm_text *into)
{
	const char *at = symbol + 4;

	if (strncmp(symbol, "caml", 4) || !isupper((unsigned char)*at))
		return PTM_NOT_FOUND;
	while (*at) {
		if (at[0] == '_' && at[1] == '_') {
			PTM_TRY(ptm_text_append(into, ".", 1));
			at += 2;
		} else if (at[0] == '$' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2])) {
			char byte = (char)(digit_of(at[1]) << 4 | digit_of(at[2]));
			PTM_TRY(ptm_text_append(into, &byte, 1));
			at += 3;
		} else {
			PTM_TRY(ptm_text_append(into, at++, 1));
		}
	}
	return PTM_OK;
}
