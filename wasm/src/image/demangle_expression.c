/* SPDX-License-Identifier: Apache-2.0 */
/* Parses operators, literals and expressions. */
#include "image/demangle_tree.h"

/* Sorted by code. A space at the end belongs before an operand only. */
static const ptm_operator operators[] = {
	{ "aN", 2, "&=" }, { "aS", 2, "=" }, { "aa", 2, "&&" }, { "ad", 1, "&" }, { "an", 2, "&" }, { "at", 1, "alignof " },
	{ "aw", 1, "co_await " }, { "az", 1, "alignof " }, { "cc", 2, "const_cast" }, { "cl", 2, "()" }, { "cm", 2, "," }, { "co", 1, "~" },
	{ "dV", 2, "/=" }, { "dX", 3, "[...]=" }, { "da", 1, "delete[] " }, { "dc", 2, "dynamic_cast" }, { "de", 1, "*" }, { "di", 2, "=" },
	{ "dl", 1, "delete " }, { "ds", 2, ".*" }, { "dt", 2, "." }, { "dv", 2, "/" }, { "dx", 2, "]=" }, { "eO", 2, "^=" }, { "eo", 2, "^" },
	{ "eq", 2, "==" }, { "fL", 3, "..." }, { "fR", 3, "..." }, { "fl", 2, "..." }, { "fr", 2, "..." }, { "ge", 2, ">=" }, { "gs", 1, "::" },
	{ "gt", 2, ">" }, { "ix", 2, "[]" }, { "lS", 2, "<<=" }, { "le", 2, "<=" }, { "li", 1, "operator\"\" " }, { "ls", 2, "<<" },
	{ "lt", 2, "<" }, { "mI", 2, "-=" }, { "mL", 2, "*=" }, { "mi", 2, "-" }, { "ml", 2, "*" }, { "mm", 1, "--" }, { "na", 3, "new[]" },
	{ "ne", 2, "!=" }, { "ng", 1, "-" }, { "nt", 1, "!" }, { "nw", 3, "new" }, { "nx", 1, "noexcept" }, { "oR", 2, "|=" }, { "oo", 2, "||" },
	{ "or", 2, "|" }, { "pL", 2, "+=" }, { "pl", 2, "+" }, { "pm", 2, "->*" }, { "pp", 1, "++" }, { "ps", 1, "+" }, { "pt", 2, "->" },
	{ "qu", 3, "?" }, { "rM", 2, "%=" }, { "rS", 2, ">>=" }, { "rc", 2, "reinterpret_cast" }, { "rm", 2, "%" }, { "rs", 2, ">>" },
	{ "sP", 1, "sizeof..." }, { "sZ", 1, "sizeof..." }, { "sc", 2, "static_cast" }, { "ss", 2, "<=>" }, { "st", 1, "sizeof " },
	{ "sz", 1, "sizeof " }, { "tr", 0, "throw" }, { "tw", 1, "throw " },
};

const ptm_operator *ptm_operator_find(const char code[2])
{
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
		if (operators[i].code[0] == code[0] && operators[i].code[1] == code[1])
			return &operators[i];
	return NULL;
}

/* A conversion to a type: as a name, "operator type"; in an expression, a cast. */
static uint32_t parse_conversion(ptm_name_parser *parser)
{
	bool outer = parser->in_conversion;
	parser->in_conversion = !parser->in_expression;
	uint32_t type = ptm_parse_type(parser);
	ptm_part_kind kind = parser->in_conversion ? PART_CONVERSION : PART_CAST;
	parser->in_conversion = outer;
	return type ? ptm_part_make(parser, kind, type, 0) : 0;
}

uint32_t ptm_parse_operator(ptm_name_parser *parser)
{
	if (parser->end - parser->at < 2)
		return 0;
	char first = parser->at[0], second = parser->at[1];
	parser->at += 2;
	if (first == 'v' && second >= '0' && second <= '9') {
		uint32_t name = ptm_parse_source_name(parser);
		uint32_t part = name ? ptm_part_make(parser, PART_VENDOR_OPERATOR, name, 0) : 0;
		if (part)
			ptm_part(parser, part)->number = second - '0';
		return part;
	}
	if (first == 'c' && second == 'v')
		return parse_conversion(parser);
	const ptm_operator *operator = ptm_operator_find(parser->at - 2);
	uint32_t part = operator ? ptm_part_make(parser, PART_OPERATOR, 0, 0) : 0;
	if (part)
		ptm_part(parser, part)->operator = operator;
	return part;
}

/* After an L: a type and a value, or a whole mangled name; and the E. */
uint32_t ptm_parse_literal(ptm_name_parser *parser)
{
	uint32_t part = 0;
	if (!ptm_take(parser, 'L'))
		return 0;
	if (ptm_peek(parser) == '_' || ptm_peek(parser) == 'Z') {
		part = ptm_parse_mangled(parser, false);
		return ptm_take(parser, 'E') ? part : 0;
	}
	uint32_t type = ptm_parse_type(parser);
	if (!type)
		return 0;
	const ptm_name_part *named = ptm_part(parser, type);
	if (named->kind == PART_BUILTIN && !strcmp(named->text, "decltype(nullptr)") && ptm_take(parser, 'E'))
		return type;
	bool negative = ptm_take(parser, 'n');
	const char *start = parser->at;
	while (ptm_peek(parser) && ptm_peek(parser) != 'E')
		parser->at++;
	uint32_t value = ptm_part_text(parser, PART_NAME, start, (uint32_t)(parser->at - start));
	if (!value || parser->at == start || !ptm_take(parser, 'E'))
		return 0;
	return ptm_part_make(parser, negative ? PART_NEGATIVE_LITERAL : PART_LITERAL, type, value);
}

static uint32_t parse_list(ptm_name_parser *parser, char terminator)
{
	uint32_t first = 0, last = 0;
	if (ptm_take(parser, terminator))
		return ptm_part_make(parser, PART_LIST, 0, 0);
	do {
		uint32_t part = ptm_parse_expression(parser), next = part ? ptm_part_make(parser, PART_LIST, part, 0) : 0;
		if (!next)
			return 0;
		if (last)
			ptm_part(parser, last)->right = next;
		else
			first = next;
		last = next;
	} while (!ptm_take(parser, terminator));
	return first;
}

static uint32_t name_with_arguments(ptm_name_parser *parser)
{
	uint32_t name = ptm_parse_unqualified(parser);
	if (!name || ptm_peek(parser) != 'I')
		return name;
	uint32_t arguments = ptm_parse_template_arguments(parser);
	return arguments ? ptm_part_make(parser, PART_TEMPLATE, name, arguments) : 0;
}

static uint32_t parse_function_parameter(ptm_name_parser *parser)
{
	int32_t number = 0;
	parser->at += 2;
	if (!ptm_take(parser, 'T')) {
		number = ptm_parse_compact_number(parser);
		if (number < 0)
			return 0;
		number++;
	}
	uint32_t part = ptm_part_make(parser, PART_FUNCTION_PARAMETER, 0, 0);
	if (part)
		ptm_part(parser, part)->number = number;
	return part;
}

static uint32_t parse_unary(ptm_name_parser *parser, uint32_t operator, const char *code)
{
	bool suffix = (!strcmp(code, "pp") || !strcmp(code, "mm")) && !ptm_take(parser, '_');
	uint32_t operand;
	if (ptm_kind(parser, operator) == PART_CAST && ptm_take(parser, '_'))
		operand = parse_list(parser, 'E');
	else if (!strcmp(code, "sP"))
		operand = ptm_parse_template_argument_list(parser);
	else
		operand = ptm_parse_expression(parser);
	return operand ? ptm_part_make(parser, suffix ? PART_SUFFIX_UNARY : PART_UNARY, operator, operand) : 0;
}

static uint32_t make_trinary(ptm_name_parser *parser, ptm_part_kind kind, uint32_t operator, uint32_t left, uint32_t right, uint32_t third)
{
	uint32_t operands = ptm_part_make(parser, PART_LIST, left, right);
	if (!operands)
		return 0;
	ptm_part(parser, operands)->third = third;
	return ptm_part_make(parser, kind, operator, operands);
}

static uint32_t parse_binary(ptm_name_parser *parser, uint32_t operator, const char *code)
{
	uint32_t left, right;
	bool cast = !strcmp(code, "cc") || !strcmp(code, "dc") || !strcmp(code, "rc") || !strcmp(code, "sc");
	if (cast)
		left = ptm_parse_type(parser);
	else if (code[0] == 'f')
		left = ptm_parse_operator(parser);
	else
		left = ptm_parse_expression(parser);
	if (!left)
		return 0;
	if (!strcmp(code, "cl"))
		right = parse_list(parser, 'E');
	else if (!strcmp(code, "dt") || !strcmp(code, "pt"))
		right = name_with_arguments(parser);
	else
		right = ptm_parse_expression(parser);
	return right ? make_trinary(parser, PART_BINARY, operator, left, right, 0) : 0;
}

static uint32_t parse_new(ptm_name_parser *parser, uint32_t operator)
{
	uint32_t placement = parse_list(parser, '_'), type = placement ? ptm_parse_type(parser) : 0, initial = 0;
	if (!type)
		return 0;
	if (ptm_take(parser, 'E'))
		return make_trinary(parser, PART_TRINARY, operator, placement, type, 0);
	if (ptm_peek(parser) == 'p' && ptm_peek_second(parser) == 'i') {
		parser->at += 2;
		initial = parse_list(parser, 'E');
	} else if (ptm_peek(parser) == 'i' && ptm_peek_second(parser) == 'l') {
		initial = ptm_parse_expression(parser);
	}
	return initial ? make_trinary(parser, PART_TRINARY, operator, placement, type, initial) : 0;
}

static uint32_t parse_trinary(ptm_name_parser *parser, uint32_t operator, const char *code)
{
	uint32_t left, right, third;
	if (!strcmp(code, "nw") || !strcmp(code, "na"))
		return parse_new(parser, operator);
	left = code[0] == 'f' ? ptm_parse_operator(parser) : ptm_parse_expression(parser);
	right = left ? ptm_parse_expression(parser) : 0;
	third = right ? ptm_parse_expression(parser) : 0;
	return third ? make_trinary(parser, PART_TRINARY, operator, left, right, third) : 0;
}

static uint32_t parse_operation(ptm_name_parser *parser)
{
	uint32_t operator = ptm_parse_operator(parser);
	if (!operator)
		return 0;
	ptm_part_kind kind = ptm_kind(parser, operator);
	if (kind == PART_CAST || kind == PART_CONVERSION)
		return parse_unary(parser, operator, "cv");
	if (kind != PART_OPERATOR)
		return 0;
	const ptm_operator *known = ptm_part(parser, operator)->operator;
	if (!strcmp(known->code, "st") || !strcmp(known->code, "at")) {
		uint32_t type = ptm_parse_type(parser);
		return type ? ptm_part_make(parser, PART_UNARY, operator, type) : 0;
	}
	switch (known->arguments) {
	case 0: return ptm_part_make(parser, PART_NULLARY, operator, 0);
	case 1: return parse_unary(parser, operator, known->code);
	case 2: return parse_binary(parser, operator, known->code);
	default: return parse_trinary(parser, operator, known->code);
	}
}

static uint32_t parse_member_of_type(ptm_name_parser *parser)
{
	uint32_t type;
	parser->at += 2;
	char first = ptm_peek(parser);
	if (!parser->old_scopes && ((first >= '0' && first <= '9') || (first >= 'a' && first <= 'z') || first == 'C' || first == 'U' || first == 'L')) {
		parser->new_scopes = true;
		type = ptm_parse_prefix(parser, false);
		(void)ptm_take(parser, 'E');
	} else {
		type = ptm_parse_type(parser);
	}
	uint32_t name = type ? ptm_parse_unqualified(parser) : 0;
	uint32_t member = name ? ptm_part_make(parser, PART_QUALIFIED, type, name) : 0;
	if (!member || ptm_peek(parser) != 'I')
		return member;
	uint32_t arguments = ptm_parse_template_arguments(parser);
	return arguments ? ptm_part_make(parser, PART_TEMPLATE, member, arguments) : 0;
}

static uint32_t parse_initializers(ptm_name_parser *parser, bool typed)
{
	parser->at += 2;
	uint32_t type = typed ? ptm_parse_type(parser) : 0;
	uint32_t list = typed && !type ? 0 : parse_list(parser, 'E');
	return list ? ptm_part_make(parser, PART_INITIALIZER_LIST, type, list) : 0;
}

static uint32_t parse_expression(ptm_name_parser *parser)
{
	char first = ptm_peek(parser), second = ptm_peek_second(parser);
	if (first == 'L')
		return ptm_parse_literal(parser);
	if (first == 'T')
		return ptm_parse_template_parameter(parser);
	if (first == 's' && second == 'r')
		return parse_member_of_type(parser);
	if (first == 's' && second == 'p') {
		parser->at += 2;
		uint32_t pattern = ptm_parse_expression(parser);
		return pattern ? ptm_part_make(parser, PART_PACK_EXPANSION, pattern, 0) : 0;
	}
	if (first == 'f' && second == 'p')
		return parse_function_parameter(parser);
	if ((first >= '0' && first <= '9') || (first == 'o' && second == 'n'))
		return name_with_arguments(parser);
	if ((first == 'i' || first == 't') && second == 'l')
		return parse_initializers(parser, first == 't');
	return parse_operation(parser);
}

uint32_t ptm_parse_expression(ptm_name_parser *parser)
{
	bool outer = parser->in_expression;
	uint32_t part = 0;
	parser->in_expression = true;
	if (++parser->depth < PTM_DEMANGLE_DEPTH)
		part = parse_expression(parser);
	parser->depth--;
	parser->in_expression = outer;
	return part;
}
