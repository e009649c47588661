/* SPDX-License-Identifier: Apache-2.0 */
#include "image/demangle_tree.h"
#include <ctype.h>

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

/* Where the suffixes that compilers give to parts and copies of functions (".part.0", ".isra.0.1") end. */
static const char *suffix_end(const char *at)
{
	if (!isdigit((unsigned char)at[1]))
		for (at += 2; islower((unsigned char)*at) || *at == '_';)
			at++;
	while (at[0] == '.' && isdigit((unsigned char)at[1]))
		for (at += 2; isdigit((unsigned char)*at);)
			at++;
	return at;
}

static ptm_status append_suffixes(const char *at, const char *end, ptm_text *into)
{
	while (at < end) {
		if (*at != '.' || !(islower((unsigned char)at[1]) || isdigit((unsigned char)at[1]) || at[1] == '_'))
			return PTM_NOT_FOUND;
		const char *next = suffix_end(at);
		PTM_TRY(ptm_text_append(into, " [clone ", 8));
		PTM_TRY(ptm_text_append(into, at, (size_t)(next - at)));
		PTM_TRY(ptm_text_append(into, "]", 1));
		at = next;
	}
	return PTM_OK;
}

static uint32_t parse_part(ptm_name_parser *parser)
{
	return parser->whole && ptm_peek(parser) != '_' ? ptm_parse_type(parser) : ptm_parse_mangled(parser, true);
}

static ptm_status demangle_part(const char *symbol, size_t length, bool whole, ptm_text *into)
{
	ptm_name_parser parser = { .at = symbol, .end = symbol + length, .whole = whole };
	ptm_status status = ptm_array_push(&parser.parts, (ptm_name_part){ 0 });
	uint32_t part = status == PTM_OK ? parse_part(&parser) : 0;
	if (!part && parser.new_scopes) {
		parser.at = symbol;
		parser.old_scopes = true;
		parser.parts.length = 1;
		parser.last_name = parser.substitutions.length = parser.depth = 0;
		part = parse_part(&parser);
	}
	if (parser.no_memory)
		status = PTM_NO_MEMORY;
	else if (status == PTM_OK)
		status = part ? ptm_parts_print(&parser, part, into) : PTM_NOT_FOUND;
	if (status == PTM_OK && whole)
		status = append_suffixes(parser.at, parser.end, into);
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
		return demangle_part(rest, length - 11, true, into);
	return ptm_text_append(into, rest, length - 11);
}

/* As libstdc++'s demangler: all of the name has to make sense, and what is the code of a type ("i") is that type. */
static ptm_status demangle_whole(const char *symbol, ptm_text *into)
{
	size_t length = strlen(symbol);

	if (symbol[0] == '_' && symbol[1] == 'Z') {
		ptm_status status = symbol[length - 1] == 'E' ? ptm_demangle_rust(symbol, true, into) : PTM_NOT_FOUND;
		if (status != PTM_NOT_FOUND)
			return status;
		into->bytes.length = 0;
		return demangle_part(symbol, length, true, into);
	}
	if (!strncmp(symbol, "_GLOBAL_", 8))
		return demangle_global(symbol, length, into);
	ptm_status status = demangle_part(symbol, length, true, into);
	if (status != PTM_NOT_FOUND)
		return status;
	into->bytes.length = 0;
	return symbol[0] == 'L' ? ptm_demangle_java(symbol, into) : ptm_demangle_ocaml(symbol, into);
}

ptm_status ptm_demangle(const char *symbol, ptm_name_style style, ptm_text *into)
{
	size_t length = strlen(symbol);
	into->bytes.length = 0;
	if (style == PTM_NAMED_LINKED)
		return PTM_NOT_FOUND;
	if (style == PTM_NAMED_WHOLE)
		return demangle_whole(symbol, into);
	if (symbol[0] != '_')
		return symbol[0] == 'L' ? ptm_demangle_java(symbol, into) : ptm_demangle_ocaml(symbol, into);
	ptm_status status = ptm_demangle_rust(symbol, false, into);
	if (status != PTM_NOT_FOUND || length > LONGEST)
		return status;
	into->bytes.length = 0;
	if (symbol[1] == 'Z')
		return demangle_part(symbol, length, false, into);
	return strncmp(symbol, "_GLOBAL_", 8) ? PTM_NOT_FOUND : demangle_global(symbol, length, into);
}
