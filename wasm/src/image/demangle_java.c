/* SPDX-License-Identifier: Apache-2.0 */
/* Java's methods as compilers of its bytecode name them, shown as perf 6.1 shows
 * them: "Lcom/a/B;m([BI)Z" is com.a.B.m(byte[], int). The type that is returned is
 * left out; constructors follow on their class without a dot. */
#include "image/demangle_tree.h"

static ptm_status put_class(const char *at, const char *end, ptm_text *into)
{
	for (; at < end; at++)
		PTM_TRY(ptm_text_append(into, *at == '/' ? "." : at, 1));
	return PTM_OK;
}

static const char *basic_type(char letter)
{
	switch (letter) {
	case 'Z': return "boolean";
	case 'B': return "byte";
	case 'C': return "char";
	case 'D': return "double";
	case 'F': return "float";
	case 'I': return "int";
	case 'J': return "long";
	case 'S': return "short";
	default: return NULL;
	}
}

/* One parameter's type; stores where it ends. */
static ptm_status put_type(const char *at, const char *end, ptm_text *into, const char **after)
{
	uint32_t dimensions = 0;

	for (; at < end && *at == '['; at++)
		dimensions++;
	const char *name = at < end ? basic_type(*at) : NULL, *semicolon = at < end && *at == 'L' ? memchr(at, ';', (size_t)(end - at)) : NULL;
	if (!name && !semicolon)
		return PTM_NOT_FOUND;
	PTM_TRY(name ? ptm_text_append(into, name, strlen(name)) : put_class(at + 1, semicolon, into));
	while (dimensions--)
		PTM_TRY(ptm_text_append(into, "[]", 2));
	*after = name ? at + 1 : semicolon + 1;
	return PTM_OK;
}

ptm_status ptm_demangle_java(const char *symbol, ptm_text *into)
{
	const char *semicolon = strchr(symbol, ';'), *open = strchr(symbol, '('), *close = strrchr(symbol, ')');

	if (symbol[0] != 'L' || !semicolon || !open || !close || open < semicolon || close < open)
		return PTM_NOT_FOUND;
	if (memchr(semicolon + 1, ';', (size_t)(open - semicolon - 1)))
		return PTM_NOT_FOUND;
	PTM_TRY(put_class(symbol + 1, semicolon, into));
	if (semicolon[1] != '<')
		PTM_TRY(ptm_text_append(into, ".", 1));
	PTM_TRY(ptm_text_append(into, semicolon + 1, (size_t)(open - semicolon)));
	for (const char *at = open + 1; at < close;) {
		if (at > open + 1)
			PTM_TRY(ptm_text_append(into, ", ", 2));
		PTM_TRY(put_type(at, close, into, &at));
	}
	return ptm_text_append(into, ")", 1);
}
