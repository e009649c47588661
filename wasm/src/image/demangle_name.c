/* SPDX-License-Identifier: Apache-2.0 */
/* Parses names, substitutions and template arguments. */
#include "image/demangle_tree.h"

#define MOST_PARTS 8192          /* a name of 1024 characters has at most a few per character */

uint32_t ptm_part_make(ptm_name_parser *parser, ptm_part_kind kind, uint32_t left, uint32_t right)
{
	if (parser->parts.length >= MOST_PARTS)
		return 0;
	if (ptm_array_push(&parser->parts, ((ptm_name_part){ .kind = (uint8_t)kind, .left = left, .right = right })) != PTM_OK) {
		parser->no_memory = true;
		return 0;
	}
	return parser->parts.length - 1;
}

uint32_t ptm_part_text(ptm_name_parser *parser, ptm_part_kind kind, const char *text, uint32_t length)
{
	uint32_t part = ptm_part_make(parser, kind, 0, 0);
	if (part) {
		ptm_part(parser, part)->text = text;
		ptm_part(parser, part)->length = length;
	}
	return part;
}

/* Remembers a part for later S_ references. */
bool ptm_part_substitutable(ptm_name_parser *parser, uint32_t part)
{
	if (!part || parser->substitutions.length >= MOST_PARTS)
		return false;
	if (ptm_array_push(&parser->substitutions, part) == PTM_OK)
		return true;
	parser->no_memory = true;
	return false;
}

bool ptm_part_qualifies_function(ptm_part_kind kind)
{
	return kind >= PART_CONST_THIS && kind <= PART_THROW;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

int64_t ptm_parse_number(ptm_name_parser *parser)
{
	bool negative = ptm_take(parser, 'n');
	int64_t number = 0;
	while (is_digit(ptm_peek(parser))) {
		number = number * 10 + (*parser->at++ - '0');
		if (number > INT32_MAX)
			return -1;
	}
	return negative ? -number : number;
}

int32_t ptm_parse_compact_number(ptm_name_parser *parser)
{
	int64_t number = 0;
	if (ptm_peek(parser) == 'n')
		return -1;
	if (ptm_peek(parser) != '_')
		number = ptm_parse_number(parser) + 1;
	return number >= 0 && number < INT32_MAX && ptm_take(parser, '_') ? (int32_t)number : -1;
}

/* ------------------------------------------------------------------- names */

uint32_t ptm_parse_source_name(ptm_name_parser *parser)
{
	int64_t length = ptm_parse_number(parser);
	if (length <= 0 || length > parser->end - parser->at)
		return 0;
	const char *text = parser->at;
	parser->at += length;
	bool anonymous = length >= 10 && !memcmp(text, "_GLOBAL_", 8) && strchr("._$", text[8]) && text[9] == 'N';
	uint32_t part = anonymous ? ptm_part_text(parser, PART_NAME, "(anonymous namespace)", 21)
				  : ptm_part_text(parser, PART_NAME, text, (uint32_t)length);
	parser->last_name = part;
	return part;
}

static bool parse_discriminator(ptm_name_parser *parser)
{
	bool two = false;
	if (!ptm_take(parser, '_'))
		return true;
	two = ptm_take(parser, '_');
	int64_t number = ptm_parse_number(parser);
	if (number < 0)
		return false;
	return !two || number < 10 || ptm_take(parser, '_');
}

static uint32_t parse_constructor(ptm_name_parser *parser)
{
	bool destructor = *parser->at++ == 'D';
	bool inheriting = !destructor && ptm_take(parser, 'I');
	char which = ptm_peek(parser);
	if (!parser->last_name || !which || !strchr(destructor ? "01245" : "12345", which))
		return 0;
	parser->at++;
	uint32_t name = parser->last_name;
	if (inheriting && !ptm_parse_type(parser))
		return 0;
	return ptm_part_make(parser, destructor ? PART_DESTRUCTOR : PART_CONSTRUCTOR, name, 0);
}

static uint32_t parse_lambda(ptm_name_parser *parser)
{
	parser->at += 2;
	uint32_t parameters = ptm_parse_parameters(parser);
	if (!parameters || !ptm_take(parser, 'E'))
		return 0;
	int32_t number = ptm_parse_compact_number(parser);
	uint32_t part = number < 0 ? 0 : ptm_part_make(parser, PART_LAMBDA, parameters, 0);
	if (part)
		ptm_part(parser, part)->number = number;
	return part;
}

static uint32_t parse_unnamed(ptm_name_parser *parser)
{
	parser->at += 2;
	int32_t number = ptm_parse_compact_number(parser);
	uint32_t part = number < 0 ? 0 : ptm_part_make(parser, PART_UNNAMED, 0, 0);
	if (!part)
		return 0;
	ptm_part(parser, part)->number = number;
	return ptm_part_substitutable(parser, part) ? part : 0;
}

static uint32_t parse_structured_binding(ptm_name_parser *parser)
{
	uint32_t list = 0, last = 0;
	parser->at += 2;
	do {
		uint32_t next = ptm_part_make(parser, PART_LIST, ptm_parse_source_name(parser), 0);
		if (!next || !ptm_part(parser, next)->left)
			return 0;
		if (last)
			ptm_part(parser, last)->right = next;
		else
			list = next;
		last = next;
	} while (ptm_peek(parser) && ptm_peek(parser) != 'E');
	return ptm_take(parser, 'E') ? ptm_part_make(parser, PART_STRUCTURED_BINDING, list, 0) : 0;
}

static uint32_t parse_abi_tags(ptm_name_parser *parser, uint32_t part)
{
	uint32_t last_name = parser->last_name;
	while (part && ptm_take(parser, 'B'))
		part = ptm_part_make_both(parser, PART_ABI_TAG, part, ptm_parse_source_name(parser));
	parser->last_name = last_name;
	return part;
}

static uint32_t parse_operator_name(ptm_name_parser *parser)
{
	if (ptm_peek(parser) == 'o' && ptm_peek_second(parser) == 'n')
		parser->at += 2;
	uint32_t part = ptm_parse_operator(parser);
	if (part && ptm_kind(parser, part) == PART_OPERATOR && !strcmp(ptm_part(parser, part)->operator->code, "li"))
		part = ptm_part_make_both(parser, PART_UNARY, part, ptm_parse_source_name(parser));
	return part;
}

uint32_t ptm_parse_unqualified(ptm_name_parser *parser)
{
	char first = ptm_peek(parser), second = ptm_peek_second(parser);
	uint32_t part = 0;
	if (is_digit(first)) {
		part = ptm_parse_source_name(parser);
	} else if (is_lower(first)) {
		part = parse_operator_name(parser);
	} else if (first == 'D' && second == 'C') {
		part = parse_structured_binding(parser);
	} else if (first == 'C' || first == 'D') {
		part = parse_constructor(parser);
	} else if (first == 'L') {
		parser->at++;
		part = ptm_parse_source_name(parser);
		if (part && !parse_discriminator(parser))
			part = 0;
	} else if (first == 'U' && second == 'l') {
		part = parse_lambda(parser);
	} else if (first == 'U' && second == 't') {
		part = parse_unnamed(parser);
	}
	return parse_abi_tags(parser, part);
}

static uint32_t template_of(ptm_name_parser *parser, uint32_t name)
{
	return name ? ptm_part_make_both(parser, PART_TEMPLATE, name, ptm_parse_template_arguments(parser)) : 0;
}

static bool starts_prefix(char c)
{
	return is_digit(c) || is_lower(c) || c == 'C' || c == 'D' || c == 'U' || c == 'L';
}

/* The parts of a nested name up to, without, its E. */
uint32_t ptm_parse_prefix(ptm_name_parser *parser, bool substitutable)
{
	uint32_t prefix = 0;
	for (;;) {
		char first = ptm_peek(parser), second = ptm_peek_second(parser);
		uint32_t part = 0;
		if (first == 'E')
			return prefix;
		if (first == 'M') {
			if (!prefix)
				return 0;
			parser->at++;
			continue;
		}
		if (first == 'I') {
			prefix = template_of(parser, prefix);
		} else {
			if (first == 'D' && (second == 'T' || second == 't'))
				part = ptm_parse_type(parser);
			else if (first == 'S' && !prefix)
				part = ptm_parse_substitution(parser, true);
			else if (first == 'T')
				part = ptm_parse_template_parameter(parser);
			else if (starts_prefix(first))
				part = ptm_parse_unqualified(parser);
			prefix = prefix ? ptm_part_make_both(parser, PART_QUALIFIED, prefix, part) : part;
		}
		if (!prefix)
			return 0;
		if (substitutable && first != 'S' && ptm_peek(parser) != 'E' && !ptm_part_substitutable(parser, prefix))
			return 0;
	}
}

static uint32_t parse_nested(ptm_name_parser *parser)
{
	uint32_t outer = 0, inner = 0;
	parser->at++;
	if (!ptm_parse_qualifiers(parser, true, &outer, &inner))
		return 0;
	char reference = ptm_peek(parser);
	bool referenced = reference == 'R' || reference == 'O';
	if (referenced)
		parser->at++;
	uint32_t prefix = ptm_parse_prefix(parser, true);
	if (!prefix || !ptm_take(parser, 'E'))
		return 0;
	if (inner)
		ptm_part(parser, inner)->left = prefix;
	else
		outer = prefix;
	return referenced ? ptm_part_make(parser, reference == 'R' ? PART_REFERENCE_THIS : PART_RVALUE_REFERENCE_THIS, outer, 0) : outer;
}

/* An entity inside a function. */
static uint32_t parse_local(ptm_name_parser *parser)
{
	int32_t argument = -1;
	parser->at++;
	uint32_t function = ptm_parse_encoding(parser, false), name;
	if (!function || !ptm_take(parser, 'E'))
		return 0;
	if (ptm_take(parser, 's')) {
		if (!parse_discriminator(parser))
			return 0;
		name = ptm_part_text(parser, PART_NAME, "string literal", 14);
	} else {
		if (ptm_take(parser, 'd') && (argument = ptm_parse_compact_number(parser)) < 0)
			return 0;
		name = ptm_parse_name(parser);
		ptm_part_kind kind = ptm_kind(parser, name);
		if (!name || (kind != PART_LAMBDA && kind != PART_UNNAMED && !parse_discriminator(parser)))
			return 0;
		if (argument >= 0 && (name = ptm_part_make(parser, PART_DEFAULT_ARGUMENT, name, 0)))
			ptm_part(parser, name)->number = argument;
	}
	if (ptm_kind(parser, function) == PART_TYPED)
		ptm_part(parser, ptm_part(parser, function)->right)->left = 0;
	return ptm_part_make_both(parser, PART_LOCAL, function, name);
}

static uint32_t parse_name(ptm_name_parser *parser)
{
	char first = ptm_peek(parser);
	bool substituted = false;
	uint32_t part;
	if (first == 'N')
		return parse_nested(parser);
	if (first == 'Z')
		return parse_local(parser);
	if (first == 'U')
		return ptm_parse_unqualified(parser);
	if (first == 'S' && ptm_peek_second(parser) != 't') {
		part = ptm_parse_substitution(parser, false);
		substituted = true;
	} else if (first == 'S') {
		parser->at += 2;
		uint32_t std = ptm_part_text(parser, PART_NAME, "std", 3);
		part = ptm_part_make_both(parser, PART_QUALIFIED, std, ptm_parse_unqualified(parser));
	} else {
		part = ptm_parse_unqualified(parser);
	}
	if (!part || ptm_peek(parser) != 'I')
		return part;
	if (!substituted && !ptm_part_substitutable(parser, part))
		return 0;
	return template_of(parser, part);
}

uint32_t ptm_parse_name(ptm_name_parser *parser)
{
	uint32_t part = 0;
	if (++parser->depth < PTM_DEMANGLE_DEPTH)
		part = parse_name(parser);
	parser->depth--;
	return part;
}

/* ----------------------------------------- substitutions, template arguments */

static uint32_t parse_std_substitution(ptm_name_parser *parser, bool full)
{
	static const struct { char code; const char *shorter, *full, *last; } known[] = {
		{ 't', "std", "std", NULL },
		{ 'a', "std::allocator", "std::allocator", "allocator" },
		{ 'b', "std::basic_string", "std::basic_string", "basic_string" },
		{ 's', "std::string", "std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "basic_string" },
		{ 'i', "std::istream", "std::basic_istream<char, std::char_traits<char> >", "basic_istream" },
		{ 'o', "std::ostream", "std::basic_ostream<char, std::char_traits<char> >", "basic_ostream" },
		{ 'd', "std::iostream", "std::basic_iostream<char, std::char_traits<char> >", "basic_iostream" },
	};
	char code = ptm_peek(parser);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (known[i].code != code)
			continue;
		const char *text = full ? known[i].full : known[i].shorter;
		parser->at++;
		if (known[i].last)
			parser->last_name = ptm_part_text(parser, PART_STD_NAME, known[i].last, (uint32_t)strlen(known[i].last));
		uint32_t part = ptm_part_text(parser, PART_STD_NAME, text, (uint32_t)strlen(text));
		if (ptm_peek(parser) != 'B')
			return part;
		part = parse_abi_tags(parser, part);
		return ptm_part_substitutable(parser, part) ? part : 0;
	}
	return 0;
}

/* S_, S0_, S1_ …, or an abbreviation of std::; in a prefix, a constructor's class is written in full. */
uint32_t ptm_parse_substitution(ptm_name_parser *parser, bool prefix)
{
	uint32_t id = 0;
	if (!ptm_take(parser, 'S'))
		return 0;
	char c = ptm_peek(parser);
	if (c != '_' && !is_digit(c) && !(c >= 'A' && c <= 'Z')) {
		char next = ptm_peek_second(parser);
		return parse_std_substitution(parser, prefix && (next == 'C' || next == 'D'));
	}
	for (bool any = false; !ptm_take(parser, '_'); any = true) {
		c = ptm_peek(parser);
		if (!is_digit(c) && !(c >= 'A' && c <= 'Z'))
			return 0;
		parser->at++;
		id = (any ? id : 0) * 36 + (uint32_t)(is_digit(c) ? c - '0' : c - 'A' + 10);
		if (id > MOST_PARTS)
			return 0;
		if (ptm_peek(parser) == '_')
			id++;
	}
	return id < parser->substitutions.length ? parser->substitutions.at[id] : 0;
}

uint32_t ptm_parse_template_parameter(ptm_name_parser *parser)
{
	if (!ptm_take(parser, 'T'))
		return 0;
	int32_t number = ptm_parse_compact_number(parser);
	uint32_t part = number < 0 ? 0 : ptm_part_make(parser, PART_TEMPLATE_PARAMETER, 0, 0);
	if (part)
		ptm_part(parser, part)->number = number;
	return part;
}

static uint32_t parse_template_argument(ptm_name_parser *parser)
{
	uint32_t part;
	switch (ptm_peek(parser)) {
	case 'X':
		parser->at++;
		part = ptm_parse_expression(parser);
		return ptm_take(parser, 'E') ? part : 0;
	case 'L': return ptm_parse_literal(parser);
	case 'I':
	case 'J': return ptm_parse_template_arguments(parser);
	default: return ptm_parse_type(parser);
	}
}

/* The arguments after I or J, and the E after them. */
uint32_t ptm_parse_template_argument_list(ptm_name_parser *parser)
{
	uint32_t first = 0, last = 0, last_name = parser->last_name;
	if (ptm_take(parser, 'E'))
		return ptm_part_make(parser, PART_LIST, 0, 0);
	do {
		uint32_t argument = parse_template_argument(parser);
		uint32_t next = argument ? ptm_part_make(parser, PART_LIST, argument, 0) : 0;
		if (!next)
			return 0;
		if (last)
			ptm_part(parser, last)->right = next;
		else
			first = next;
		last = next;
	} while (!ptm_take(parser, 'E'));
	parser->last_name = last_name;
	return first;
}

uint32_t ptm_parse_template_arguments(ptm_name_parser *parser)
{
	uint32_t list = 0;
	if (++parser->depth < PTM_DEMANGLE_DEPTH && (ptm_take(parser, 'I') || ptm_take(parser, 'J')))
		list = ptm_parse_template_argument_list(parser);
	parser->depth--;
	return list;
}
