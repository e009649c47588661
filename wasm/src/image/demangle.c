/* SPDX-License-Identifier: Apache-2.0 */
#include "image/demangle_tree.h"

/* GNU's demangler, and with it perf, leaves longer C++ names mangled. */
#define LONGEST 1024

ptm_status ptm_text_append(ptm_text *text, const char *bytes, size_t length)
{
	if (length > UINT32_MAX / 4)
		return PTM_NO_MEMORY;
	PTM_TRY(ptm_array_reserve(&text->bytes, (uint32_t)length + 1));
	memcpy(text->bytes.at + text->bytes.length, bytes, length);
	text->bytes.length += (uint32_t)length;
	text->bytes.at[text->bytes.length] = 0;
	return PTM_OK;
}

static ptm_status demangle_part(const char *symbol, size_t length, ptm_text *into)
{
	ptm_name_parser parser = { .at = symbol, .end = symbol + length };
	ptm_status status = ptm_array_push(&parser.parts, (ptm_name_part){ 0 });
	uint32_t part = status == PTM_OK ? ptm_parse_mangled(&parser, true) : 0;
	if (!part && parser.new_scopes) {
		parser.at = symbol;
		parser.old_scopes = true;
		parser.parts.length = 1;
		parser.last_name = parser.substitutions.length = parser.depth = 0;
		part = ptm_parse_mangled(&parser, true);
	}
	if (parser.no_memory)
		status = PTM_NO_MEMORY;
	else if (status == PTM_OK)
		status = part ? ptm_parts_print(&parser, part, into) : PTM_NOT_FOUND;
	ptm_array_free(&parser.parts);
	ptm_array_free(&parser.substitutions);
	return status == PTM_BAD_DATA ? PTM_NOT_FOUND : status;
}

/* "_GLOBAL_", one of "._$", 'I' or 'D', '_', then the name of a file or symbol. */
static ptm_status demangle_global(const char *symbol, size_t length, ptm_text *into)
{
	static const char constructors[] = "global constructors keyed to ", destructors[] = "global destructors keyed to ";
	const char *rest = symbol + 11;
	if (length < 11 || !strchr("._$", symbol[8]) || (symbol[9] != 'I' && symbol[9] != 'D') || symbol[10] != '_')
		return PTM_NOT_FOUND;
	if (symbol[9] == 'I')
		PTM_TRY(ptm_text_append(into, constructors, sizeof constructors - 1));
	else
		PTM_TRY(ptm_text_append(into, destructors, sizeof destructors - 1));
	if (length > 12 && rest[0] == '_' && rest[1] == 'Z')
		return demangle_part(rest, length - 11, into);
	return ptm_text_append(into, rest, length - 11);
}

ptm_status ptm_demangle(const char *symbol, ptm_text *into)
{
	size_t length = strlen(symbol);
	into->bytes.length = 0;
	if (symbol[0] != '_')
		return symbol[0] == 'L' ? ptm_demangle_java(symbol, into) : ptm_demangle_ocaml(symbol, into);
	ptm_status status = ptm_demangle_rust(symbol, into);
	if (status != PTM_NOT_FOUND || length > LONGEST)
		return status;
	into->bytes.length = 0;
	if (symbol[1] == 'Z')
		return demangle_part(symbol, length, into);
	return strncmp(symbol, "_GLOBAL_", 8) ? PTM_NOT_FOUND : demangle_global(symbol, length, into);
}
