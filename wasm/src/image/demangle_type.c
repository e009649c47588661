/* SPDX-License-Identifier: Apache-2.0 */
/* Parses types. */
#include "image/demangle_tree.h"

typedef struct builtin {
	const char *name;
	uint8_t style;           /* enum ptm_literal_style */
} builtin;

static const builtin builtins[26] = {
	['a' - 'a'] = { "signed char", LITERAL_CAST },
	['b' - 'a'] = { "bool", LITERAL_BOOL },
	['c' - 'a'] = { "char", LITERAL_CAST },
	['d' - 'a'] = { "double", LITERAL_FLOAT },
	['e' - 'a'] = { "long double", LITERAL_FLOAT },
	['f' - 'a'] = { "float", LITERAL_FLOAT },
	['g' - 'a'] = { "__float128", LITERAL_FLOAT },
	['h' - 'a'] = { "unsigned char", LITERAL_CAST },
	['i' - 'a'] = { "int", LITERAL_INT },
	['j' - 'a'] = { "unsigned int", LITERAL_UNSIGNED },
	['l' - 'a'] = { "long", LITERAL_LONG },
	['m' - 'a'] = { "unsigned long", LITERAL_UNSIGNED_LONG },
	['n' - 'a'] = { "__int128", LITERAL_CAST },
	['o' - 'a'] = { "unsigned __int128", LITERAL_CAST },
	['s' - 'a'] = { "short", LITERAL_CAST },
	['t' - 'a'] = { "unsigned short", LITERAL_CAST },
	['v' - 'a'] = { "void", LITERAL_VOID },
	['w' - 'a'] = { "wchar_t", LITERAL_CAST },
	['x' - 'a'] = { "long long", LITERAL_LONG_LONG },
	['y' - 'a'] = { "unsigned long long", LITERAL_UNSIGNED_LONG_LONG },
	['z' - 'a'] = { "...", LITERAL_CAST },
};

/* The same after a D. */
static const builtin more_builtins[26] = {
	['d' - 'a'] = { "decimal64", LITERAL_CAST },
	['e' - 'a'] = { "decimal128", LITERAL_CAST },
	['f' - 'a'] = { "decimal32", LITERAL_CAST },
	['h' - 'a'] = { "half", LITERAL_FLOAT },
	['i' - 'a'] = { "char32_t", LITERAL_CAST },
	['n' - 'a'] = { "decltype(nullptr)", LITERAL_CAST },
	['s' - 'a'] = { "char16_t", LITERAL_CAST },
	['u' - 'a'] = { "char8_t", LITERAL_CAST },
};

static uint32_t make_builtin(ptm_name_parser *parser, const builtin *type)
{
	uint32_t part = ptm_part_text(parser, PART_BUILTIN, type->name, (uint32_t)strlen(type->name));
	if (part)
		ptm_part(parser, part)->style = type->style;
	return part;
}

static uint32_t wrap(ptm_name_parser *parser, ptm_part_kind kind, uint32_t inner)
{
	return inner ? ptm_part_make(parser, kind, inner, 0) : 0;
}

/* -------------------------------------------------------------- qualifiers */

static bool at_qualifier(const ptm_name_parser *parser)
{
	char first = ptm_peek(parser), second = ptm_peek_second(parser);
	if (first == 'r' || first == 'V' || first == 'K')
		return true;
	return first == 'D' && (second == 'x' || second == 'o' || second == 'O' || second == 'w');
}

static uint32_t parse_qualifier(ptm_name_parser *parser, bool of_function)
{
	char first = *parser->at++;
	uint32_t right = 0;
	switch (first) {
	case 'r': return ptm_part_make(parser, of_function ? PART_RESTRICT_THIS : PART_RESTRICT, 0, 0);
	case 'V': return ptm_part_make(parser, of_function ? PART_VOLATILE_THIS : PART_VOLATILE, 0, 0);
	case 'K': return ptm_part_make(parser, of_function ? PART_CONST_THIS : PART_CONST, 0, 0);
	default: break;
	}
	switch (*parser->at++) {
	case 'x': return ptm_part_make(parser, PART_TRANSACTION_SAFE, 0, 0);
	case 'o': return ptm_part_make(parser, PART_NOEXCEPT, 0, 0);
	case 'O':
		right = ptm_parse_expression(parser);
		return right && ptm_take(parser, 'E') ? ptm_part_make(parser, PART_NOEXCEPT, 0, right) : 0;
	default:
		right = ptm_parse_parameters(parser);
		return right && ptm_take(parser, 'E') ? ptm_part_make(parser, PART_THROW, 0, right) : 0;
	}
}

bool ptm_parse_qualifiers(ptm_name_parser *parser, bool of_function, uint32_t *outer, uint32_t *inner)
{
	*outer = *inner = 0;
	while (at_qualifier(parser)) {
		uint32_t part = parse_qualifier(parser, of_function);
		if (!part)
			return false;
		if (*inner)
			ptm_part(parser, *inner)->left = part;
		else
			*outer = part;
		*inner = part;
	}
	if (of_function || ptm_peek(parser) != 'F')
		return true;
	for (uint32_t part = *outer; part; part = ptm_part(parser, part)->left) {
		ptm_name_part *qualifier = ptm_part(parser, part);
		if (qualifier->kind == PART_RESTRICT)
			qualifier->kind = PART_RESTRICT_THIS;
		else if (qualifier->kind == PART_VOLATILE)
			qualifier->kind = PART_VOLATILE_THIS;
		else if (qualifier->kind == PART_CONST)
			qualifier->kind = PART_CONST_THIS;
	}
	return true;
}

/* --------------------------------------------------------------- functions */

uint32_t ptm_parse_parameters(ptm_name_parser *parser)
{
	uint32_t first = 0, last = 0;
	for (;;) {
		char c = ptm_peek(parser);
		if (!c || c == 'E' || c == '.' || ((c == 'R' || c == 'O') && ptm_peek_second(parser) == 'E'))
			break;
		uint32_t type = ptm_parse_type(parser), next = type ? ptm_part_make(parser, PART_LIST, type, 0) : 0;
		if (!next)
			return 0;
		if (last)
			ptm_part(parser, last)->right = next;
		else
			first = next;
		last = next;
	}
	if (first && first == last) {
		ptm_name_part *only = ptm_part(parser, ptm_part(parser, first)->left);
		if (only->kind == PART_BUILTIN && only->style == LITERAL_VOID)
			ptm_part(parser, first)->left = 0;
	}
	return first;
}

uint32_t ptm_parse_function_parts(ptm_name_parser *parser, bool with_result)
{
	uint32_t result = 0;
	if (ptm_take(parser, 'J'))
		with_result = true;
	if (with_result && !(result = ptm_parse_type(parser)))
		return 0;
	uint32_t parameters = ptm_parse_parameters(parser);
	return parameters ? ptm_part_make(parser, PART_FUNCTION, result, parameters) : 0;
}

static uint32_t parse_function(ptm_name_parser *parser)
{
	if (!ptm_take(parser, 'F'))
		return 0;
	(void)ptm_take(parser, 'Y');
	uint32_t function = ptm_parse_function_parts(parser, true);
	char reference = ptm_peek(parser);
	if (function && (reference == 'R' || reference == 'O')) {
		parser->at++;
		function = wrap(parser, reference == 'R' ? PART_REFERENCE_THIS : PART_RVALUE_REFERENCE_THIS, function);
	}
	return function && ptm_take(parser, 'E') ? function : 0;
}

static uint32_t parse_qualified_type(ptm_name_parser *parser)
{
	uint32_t outer, inner;
	if (!ptm_parse_qualifiers(parser, false, &outer, &inner))
		return 0;
	uint32_t type = ptm_peek(parser) == 'F' ? parse_function(parser) : ptm_parse_type(parser);
	if (!type)
		return 0;
	ptm_part_kind kind = ptm_kind(parser, type);
	if (kind == PART_REFERENCE_THIS || kind == PART_RVALUE_REFERENCE_THIS) {
		ptm_part(parser, inner)->left = ptm_part(parser, type)->left;
		ptm_part(parser, type)->left = outer;
		outer = type;
	} else {
		ptm_part(parser, inner)->left = type;
	}
	return ptm_part_substitutable(parser, outer) ? outer : 0;
}

/* ------------------------------------------------------------- other types */

static uint32_t parse_array(ptm_name_parser *parser)
{
	const char *start = ++parser->at;
	uint32_t size = 0;
	while (ptm_peek(parser) >= '0' && ptm_peek(parser) <= '9')
		parser->at++;
	if (parser->at > start)
		size = ptm_part_text(parser, PART_NAME, start, (uint32_t)(parser->at - start));
	else if (ptm_peek(parser) != '_' && !(size = ptm_parse_expression(parser)))
		return 0;
	uint32_t element = ptm_take(parser, '_') ? ptm_parse_type(parser) : 0;
	return element ? ptm_part_make(parser, PART_ARRAY, element, size) : 0;
}

static uint32_t parse_vector(ptm_name_parser *parser)
{
	const char *start = parser->at;
	uint32_t size = 0;
	if (ptm_take(parser, '_'))
		size = ptm_parse_expression(parser);
	else if (ptm_parse_number(parser) >= 0)
		size = ptm_part_text(parser, PART_NAME, start, (uint32_t)(parser->at - start));
	uint32_t element = size && ptm_take(parser, '_') ? ptm_parse_type(parser) : 0;
	return element ? ptm_part_make(parser, PART_VECTOR, element, size) : 0;
}

static uint32_t parse_member_pointer(ptm_name_parser *parser)
{
	parser->at++;
	uint32_t class = ptm_parse_type(parser), member = class ? ptm_parse_type(parser) : 0;
	return member ? ptm_part_make(parser, PART_MEMBER_POINTER, member, class) : 0;
}

/* DF16_ and the like: _FloatN, _FloatNx, std::bfloat16_t. */
static uint32_t parse_float(ptm_name_parser *parser)
{
	static const struct { const char *code, *name; } known[] = {
		{ "16_", "_Float16" }, { "32_", "_Float32" }, { "64_", "_Float64" }, { "128_", "_Float128" }, { "32x", "_Float32x" },
		{ "64x", "_Float64x" }, { "128x", "_Float128x" }, { "16b", "std::bfloat16_t" },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		size_t length = strlen(known[i].code);
		if ((size_t)(parser->end - parser->at) < length || memcmp(parser->at, known[i].code, length))
			continue;
		parser->at += length;
		return make_builtin(parser, &(builtin){ known[i].name, LITERAL_FLOAT });
	}
	return 0;
}

/* After a D: stores whether the type may be substituted later. */
static uint32_t parse_d_type(ptm_name_parser *parser, bool *substitutable)
{
	char which = parser->at < parser->end ? *parser->at++ : 0;
	uint32_t part = 0;
	switch (which) {
	case 'T':
	case 't':
		part = wrap(parser, PART_DECLTYPE, ptm_parse_expression(parser));
		return part && ptm_take(parser, 'E') ? part : 0;
	case 'p': return wrap(parser, PART_PACK_EXPANSION, ptm_parse_type(parser));
	case 'a':
	case 'c':
		*substitutable = false;
		return which == 'a' ? ptm_part_text(parser, PART_NAME, "auto", 4) : ptm_part_text(parser, PART_NAME, "decltype(auto)", 14);
	case 'v': return parse_vector(parser);
	case 'F':
		*substitutable = false;
		return parse_float(parser);
	default:
		*substitutable = false;
		return which >= 'a' && which <= 'z' && more_builtins[which - 'a'].name ? make_builtin(parser, &more_builtins[which - 'a']) : 0;
	}
}

static uint32_t with_arguments(ptm_name_parser *parser, uint32_t name)
{
	uint32_t arguments = ptm_parse_template_arguments(parser);
	return arguments ? ptm_part_make(parser, PART_TEMPLATE, name, arguments) : 0;
}

/* T_, or an instance of a template that is a parameter. In the type of a
 * conversion operator the arguments may be the operator's own instead. */
static uint32_t parse_parameter_type(ptm_name_parser *parser)
{
	uint32_t part = ptm_parse_template_parameter(parser);
	if (!part || ptm_peek(parser) != 'I')
		return part;
	if (!parser->in_conversion)
		return ptm_part_substitutable(parser, part) ? with_arguments(parser, part) : 0;
	ptm_name_parser before = *parser;
	uint32_t arguments = ptm_parse_template_arguments(parser);
	if (arguments && ptm_peek(parser) == 'I')
		return ptm_part_substitutable(parser, part) ? ptm_part_make(parser, PART_TEMPLATE, part, arguments) : 0;
	parser->at = before.at;
	parser->last_name = before.last_name;
	parser->parts.length = before.parts.length;
	parser->substitutions.length = before.substitutions.length;
	return part;
}

static uint32_t parse_s_type(ptm_name_parser *parser, bool *substitutable)
{
	char second = ptm_peek_second(parser);
	if (second == '_' || (second >= '0' && second <= '9') || (second >= 'A' && second <= 'Z')) {
		uint32_t part = ptm_parse_substitution(parser, false);
		if (part && ptm_peek(parser) == 'I')
			return with_arguments(parser, part);
		*substitutable = false;
		return part;
	}
	uint32_t part = ptm_parse_name(parser);
	if (part && ptm_kind(parser, part) == PART_STD_NAME)
		*substitutable = false;
	return part;
}

static uint32_t parse_vendor_qualifier(ptm_name_parser *parser)
{
	parser->at++;
	uint32_t name = ptm_parse_source_name(parser);
	if (name && ptm_peek(parser) == 'I')
		name = with_arguments(parser, name);
	uint32_t type = name ? ptm_parse_type(parser) : 0;
	return type ? ptm_part_make(parser, PART_VENDOR_QUALIFIER, type, name) : 0;
}

static uint32_t parse_vendor_type(ptm_name_parser *parser)
{
	parser->at++;
	uint32_t name = ptm_parse_source_name(parser);
	return name && ptm_peek(parser) == 'I' ? with_arguments(parser, name) : name;
}

static uint32_t parse_modified(ptm_name_parser *parser, ptm_part_kind kind)
{
	parser->at++;
	return wrap(parser, kind, ptm_parse_type(parser));
}

static uint32_t parse_type(ptm_name_parser *parser)
{
	bool substitutable = true;
	char first = ptm_peek(parser);
	uint32_t part = 0;
	if (at_qualifier(parser))
		return parse_qualified_type(parser);
	switch (first) {
	case 'u': part = parse_vendor_type(parser); break;
	case 'F': part = parse_function(parser); break;
	case 'A': part = parse_array(parser); break;
	case 'M': part = parse_member_pointer(parser); break;
	case 'T': part = parse_parameter_type(parser); break;
	case 'P': part = parse_modified(parser, PART_POINTER); break;
	case 'R': part = parse_modified(parser, PART_REFERENCE); break;
	case 'O': part = parse_modified(parser, PART_RVALUE_REFERENCE); break;
	case 'C': part = parse_modified(parser, PART_COMPLEX); break;
	case 'G': part = parse_modified(parser, PART_IMAGINARY); break;
	case 'U': part = parse_vendor_qualifier(parser); break;
	case 'S': part = parse_s_type(parser, &substitutable); break;
	case 'D':
		parser->at++;
		part = parse_d_type(parser, &substitutable);
		break;
	default:
		if (first >= 'a' && first <= 'z') {
			parser->at++;
			return builtins[first - 'a'].name ? make_builtin(parser, &builtins[first - 'a']) : 0;
		}
		if ((first >= '0' && first <= '9') || first == 'N' || first == 'Z')
			part = ptm_parse_name(parser);
	}
	if (part && substitutable && !ptm_part_substitutable(parser, part))
		return 0;
	return part;
}

uint32_t ptm_parse_type(ptm_name_parser *parser)
{
	uint32_t part = 0;
	if (++parser->depth < PTM_DEMANGLE_DEPTH)
		part = parse_type(parser);
	parser->depth--;
	return part;
}
