/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the tree of a mangled name. A declaration is written around its name,
 * so modifiers (pointers, qualifiers, functions, arrays) are passed down to what
 * they modify and written after it, innermost first:
 *   pointer(function(int; char)) -> "int", then " (", "*", ")(char)". */
#include "image/demangle_tree.h"
#include <stdio.h>

#define MOST_STEPS 200000
#define MOST_BYTES (1u << 20)

typedef struct scope {
	uint32_t template;       /* whose arguments T_, T0_ … mean */
	const struct scope *next;
} scope;

typedef struct modifier {
	uint32_t part;
	const scope *scopes;     /* where it stands */
	const struct modifier *next;     /* the one around it */
} modifier;

typedef struct printer {
	const ptm_name_parser *names;
	ptm_text *into;
	const scope *scopes;
	uint32_t current_template;
	uint32_t in_lambda;
	int32_t pack_index;
	uint32_t depth, steps;
	char last;               /* written; GNU's keeps a comma's space here though it takes the comma back */
	ptm_status status;
} printer;

static void print(printer *p, uint32_t part, const modifier *modifiers);

static const ptm_name_part *at(const printer *p, uint32_t part)
{
	return &p->names->parts.at[part];
}

static ptm_part_kind kind_of(const printer *p, uint32_t part)
{
	return (ptm_part_kind)at(p, part)->kind;
}

static void fail(printer *p)
{
	if (p->status == PTM_OK)
		p->status = PTM_BAD_DATA;
}

static void add(printer *p, const char *text, size_t length)
{
	if (p->status != PTM_OK)
		return;
	if (p->into->bytes.length + length > MOST_BYTES)
		fail(p);
	else
		p->status = ptm_text_append(p->into, text, length);
	if (length)
		p->last = text[length - 1];
}

static void add_text(printer *p, const char *text)
{
	add(p, text, strlen(text));
}

static void add_number(printer *p, int64_t number)
{
	char text[24];
	add(p, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)number));
}

static void print_plain(printer *p, uint32_t part)
{
	print(p, part, NULL);
}

/* ---------------------------------------------------- template arguments */

/* Argument `index` of a list; 0 when there is none. */
static uint32_t list_item(const printer *p, uint32_t list, int32_t index)
{
	while (list && index-- > 0)
		list = at(p, list)->right;
	return list && kind_of(p, list) == PART_LIST ? at(p, list)->left : 0;
}

static uint32_t argument_of(printer *p, uint32_t parameter)
{
	if (!p->scopes) {
		fail(p);
		return 0;
	}
	return list_item(p, at(p, p->scopes->template)->right, at(p, parameter)->number);
}

/* The first argument pack that a pattern mentions, or 0. */
static uint32_t find_pack(printer *p, uint32_t part, uint32_t depth)
{
	if (!part || depth > PTM_DEMANGLE_DEPTH || ++p->steps > MOST_STEPS)
		return 0;
	const ptm_name_part *in = at(p, part);
	switch (in->kind) {
	case PART_TEMPLATE_PARAMETER: {
		uint32_t argument = argument_of(p, part);
		return argument && kind_of(p, argument) == PART_LIST ? argument : 0;
	}
	case PART_PACK_EXPANSION: case PART_LAMBDA: case PART_NAME: case PART_ABI_TAG: case PART_OPERATOR: case PART_BUILTIN:
	case PART_STD_NAME: case PART_FUNCTION_PARAMETER: case PART_UNNAMED: case PART_DEFAULT_ARGUMENT:
		return 0;
	default: break;
	}
	uint32_t found = find_pack(p, in->left, depth + 1);
	if (!found)
		found = find_pack(p, in->right, depth + 1);
	return found ? found : find_pack(p, in->third, depth + 1);
}

static uint32_t pack_length(const printer *p, uint32_t list)
{
	uint32_t length = 0;
	while (list && kind_of(p, list) == PART_LIST && at(p, list)->left) {
		length++;
		list = at(p, list)->right;
	}
	return length;
}

static void print_parameter(printer *p, uint32_t part, const modifier *modifiers)
{
	if (p->in_lambda) {
		add_text(p, "auto:");
		add_number(p, at(p, part)->number + 1);
		return;
	}
	uint32_t argument = argument_of(p, part);
	if (argument && kind_of(p, argument) == PART_LIST && p->pack_index >= 0)
		argument = list_item(p, argument, p->pack_index);
	if (!argument) {
		fail(p);
		return;
	}
	const scope *scopes = p->scopes;
	p->scopes = scopes ? scopes->next : NULL;
	print(p, argument, modifiers);
	p->scopes = scopes;
}

/* Items joined by ", "; of empty packs, only those at the end take no comma. */
static void print_list(printer *p, uint32_t list)
{
	uint32_t end = p->into->bytes.length;
	for (bool first = true; list && p->status == PTM_OK; list = at(p, list)->right, first = false) {
		if (!first)
			add_text(p, ", ");
		uint32_t before = p->into->bytes.length;
		if (at(p, list)->left)
			print_plain(p, at(p, list)->left);
		if (p->into->bytes.length > before)
			end = p->into->bytes.length;
	}
	if (p->status == PTM_OK && p->into->bytes.length > end)
		p->into->bytes.at[p->into->bytes.length = end] = 0;
}

static void print_arguments(printer *p, uint32_t list)
{
	add_text(p, p->last == '<' ? " <" : "<");
	print_plain(p, list);
	add_text(p, p->last == '>' ? " >" : ">");
}

static void print_template(printer *p, uint32_t part)
{
	uint32_t outer = p->current_template;
	p->current_template = part;
	print_plain(p, at(p, part)->left);
	print_arguments(p, at(p, part)->right);
	p->current_template = outer;
}

/* "operator type": the type may use the arguments of the operator's template. */
static void print_conversion(printer *p, uint32_t part)
{
	uint32_t type = at(p, part)->left;
	const scope *outer = p->scopes;
	scope inner = { p->current_template, outer };
	add_text(p, "operator ");
	if (p->current_template)
		p->scopes = &inner;
	if (kind_of(p, type) != PART_TEMPLATE) {
		print_plain(p, type);
		p->scopes = outer;
		return;
	}
	print_plain(p, at(p, type)->left);
	p->scopes = outer;
	print_arguments(p, at(p, type)->right);
}

static void print_expansion(printer *p, uint32_t part)
{
	uint32_t pattern = at(p, part)->left, pack = find_pack(p, pattern, 0);
	int32_t outer = p->pack_index;
	if (!pack) {
		print_plain(p, pattern);
		add_text(p, "...");
		return;
	}
	uint32_t length = pack_length(p, pack);
	for (uint32_t i = 0; i < length && p->status == PTM_OK; i++) {
		p->pack_index = (int32_t)i;
		print_plain(p, pattern);
		if (i + 1 < length)
			add_text(p, ", ");
	}
	p->pack_index = outer;
}

/* --------------------------------------------------------------- modifiers */

static void print_modifier(printer *p, uint32_t part)
{
	const ptm_name_part *modifier = at(p, part);
	switch (modifier->kind) {
	case PART_RESTRICT: case PART_RESTRICT_THIS: add_text(p, " restrict"); break;
	case PART_VOLATILE: case PART_VOLATILE_THIS: add_text(p, " volatile"); break;
	case PART_CONST: case PART_CONST_THIS: add_text(p, " const"); break;
	case PART_TRANSACTION_SAFE: add_text(p, " transaction_safe"); break;
	case PART_NOEXCEPT: case PART_THROW:
		add_text(p, modifier->kind == PART_THROW ? " throw" : " noexcept");
		if (modifier->right) {
			add_text(p, "(");
			print_plain(p, modifier->right);
			add_text(p, ")");
		}
		break;
	case PART_VENDOR_QUALIFIER:
		add_text(p, " ");
		print_plain(p, modifier->right);
		break;
	case PART_POINTER: add_text(p, "*"); break;
	case PART_REFERENCE: add_text(p, "&"); break;
	case PART_REFERENCE_THIS: add_text(p, " &"); break;
	case PART_RVALUE_REFERENCE: add_text(p, "&&"); break;
	case PART_RVALUE_REFERENCE_THIS: add_text(p, " &&"); break;
	case PART_COMPLEX: add_text(p, " _Complex"); break;
	case PART_IMAGINARY: add_text(p, " _Imaginary"); break;
	case PART_MEMBER_POINTER:
		if (p->last != '(')
			add_text(p, " ");
		print_plain(p, modifier->right);
		add_text(p, "::*");
		break;
	case PART_VECTOR:
		add_text(p, " __vector(");
		print_plain(p, modifier->right);
		add_text(p, ")");
		break;
	default: print_plain(p, part);
	}
}

static bool in_parentheses(ptm_part_kind kind, bool *spaced)
{
	switch (kind) {
	case PART_POINTER: case PART_REFERENCE: case PART_RVALUE_REFERENCE: return true;
	case PART_RESTRICT: case PART_VOLATILE: case PART_CONST: case PART_VENDOR_QUALIFIER: case PART_COMPLEX: case PART_IMAGINARY:
	case PART_MEMBER_POINTER:
		*spaced = true;
		return true;
	default: return false;
	}
}

static bool print_one(printer *p, const modifier *m, bool after);
static void print_modifiers(printer *p, const modifier *modifiers);

/* "(modifiers)(parameters) qualifiers", after the result if there is one. */
static void print_function(printer *p, uint32_t part, const modifier *modifiers)
{
	bool parentheses = false, spaced = false;
	for (const modifier *m = modifiers; m && !parentheses; m = m->next)
		parentheses = in_parentheses(kind_of(p, m->part), &spaced);
	if (parentheses) {
		if ((spaced || (p->last != '(' && p->last != '*')) && p->last != ' ')
			add_text(p, " ");
		add_text(p, "(");
	}
	print_modifiers(p, modifiers);
	add_text(p, parentheses ? ")(" : "(");
	print_plain(p, at(p, part)->right);
	add_text(p, ")");
	for (const modifier *m = modifiers; m && kind_of(p, m->part) != PART_FUNCTION; m = m->next)
		if (ptm_part_qualifies_function(kind_of(p, m->part)))
			(void)print_one(p, m, false);
}

static void print_array(printer *p, uint32_t part, const modifier *modifiers)
{
	bool array_next = modifiers && kind_of(p, modifiers->part) == PART_ARRAY;
	if (modifiers && !array_next)
		add_text(p, " (");
	print_modifiers(p, modifiers);
	if (modifiers && !array_next)
		add_text(p, ")");
	if (!array_next)
		add_text(p, " ");
	add_text(p, "[");
	if (at(p, part)->right)
		print_plain(p, at(p, part)->right);
	add_text(p, "]");
}

/* Prints a modifier where it stands; true when it has printed those around it too. */
static bool print_one(printer *p, const modifier *m, bool after)
{
	const scope *outer = p->scopes;
	ptm_part_kind kind = kind_of(p, m->part);
	bool function = kind == PART_FUNCTION, array = kind == PART_ARRAY;
	p->scopes = m->scopes;
	if (function && after)
		add_text(p, " ");
	if (function)
		print_function(p, m->part, m->next);
	else if (array)
		print_array(p, m->part, m->next);
	else
		print_modifier(p, m->part);
	p->scopes = outer;
	return function || array;
}

static void print_modifiers(printer *p, const modifier *modifiers)
{
	for (const modifier *m = modifiers; m && p->status == PTM_OK; m = m->next)
		if (!ptm_part_qualifies_function(kind_of(p, m->part)) && print_one(p, m, false))
			return;
}

/* After what the modifiers modify: the same, but a function's result is set off. */
static void print_modifiers_after(printer *p, const modifier *modifiers)
{
	for (const modifier *m = modifiers; m && p->status == PTM_OK; m = m->next)
		if (print_one(p, m, true))
			return;
}

static bool is_qualifier(ptm_part_kind kind)
{
	return kind == PART_CONST || kind == PART_VOLATILE || kind == PART_RESTRICT;
}

/* A qualified array is an array of qualified elements: moves the qualifiers
 * next to the array inside it. */
static void print_array_type(printer *p, uint32_t part, const modifier *modifiers)
{
	modifier moved[4];
	uint32_t count = 0;
	while (modifiers && count < 3 && is_qualifier(kind_of(p, modifiers->part))) {
		moved[count++] = *modifiers;
		modifiers = modifiers->next;
	}
	modifier array = { part, p->scopes, modifiers };
	for (uint32_t i = 0; i < count; i++)
		moved[i].next = i + 1 < count ? &moved[i + 1] : &array;
	print(p, at(p, part)->left, count ? moved : &array);
}

/* & and && of a reference collapse; a template parameter may hide one. */
static void print_reference(printer *p, uint32_t part, const modifier *modifiers)
{
	ptm_part_kind kind = kind_of(p, part);
	uint32_t inner = at(p, part)->left, seen = inner;
	if (kind_of(p, inner) == PART_TEMPLATE_PARAMETER && !p->in_lambda) {
		seen = argument_of(p, inner);
		if (seen && kind_of(p, seen) == PART_LIST)
			seen = list_item(p, seen, p->pack_index < 0 ? 0 : p->pack_index);
		if (!seen) {
			fail(p);
			return;
		}
	}
	ptm_part_kind seen_kind = kind_of(p, seen);
	if (seen_kind == PART_REFERENCE || seen_kind == kind) {
		print(p, inner, modifiers);
		return;
	}
	modifier mine = { part, p->scopes, modifiers };
	print(p, seen_kind == PART_RVALUE_REFERENCE ? at(p, seen)->left : inner, &mine);
}

static void print_qualified_type(printer *p, uint32_t part, const modifier *modifiers)
{
	modifier mine = { part, p->scopes, modifiers };
	for (const modifier *m = modifiers; m && is_qualifier(kind_of(p, m->part)); m = m->next)
		if (kind_of(p, m->part) == kind_of(p, part)) {
			print(p, at(p, part)->left, modifiers);
			return;
		}
	print(p, at(p, part)->left, &mine);
}

/* -------------------------------------------------------------------- names */

/* A function with its parameters: the name is the function type's first modifier. */
static void print_typed(printer *p, uint32_t part)
{
	modifier modifiers[16];
	uint32_t count = 0, name = at(p, part)->left;
	while (ptm_part_qualifies_function(kind_of(p, name)) && count < 15) {
		modifiers[count++].part = name;
		name = at(p, name)->left;
	}
	uint32_t entity = name;
	if (kind_of(p, name) == PART_LOCAL) {
		entity = at(p, name)->right;
		if (kind_of(p, entity) == PART_DEFAULT_ARGUMENT)
			entity = at(p, entity)->left;
		while (ptm_part_qualifies_function(kind_of(p, entity)) && count < 15) {
			modifiers[count++].part = entity;
			entity = at(p, entity)->left;
		}
	}
	modifiers[count].part = name;
	const scope *outer = p->scopes;
	scope inner = { entity, outer };
	if (kind_of(p, entity) == PART_TEMPLATE)
		p->scopes = &inner;
	for (uint32_t i = 0; i <= count; i++) {
		modifiers[i].scopes = p->scopes;
		modifiers[i].next = i ? &modifiers[i - 1] : NULL;
	}
	print(p, at(p, part)->right, &modifiers[count]);
	p->scopes = outer;
}

static void print_local(printer *p, uint32_t part)
{
	uint32_t entity = at(p, part)->right;
	print_plain(p, at(p, part)->left);
	add_text(p, "::");
	if (kind_of(p, entity) == PART_DEFAULT_ARGUMENT) {
		add_text(p, "{default arg#");
		add_number(p, at(p, entity)->number + 1);
		add_text(p, "}::");
		entity = at(p, entity)->left;
	}
	while (ptm_part_qualifies_function(kind_of(p, entity)))
		entity = at(p, entity)->left;
	print_plain(p, entity);
}

static void print_operator(printer *p, const ptm_operator *operator)
{
	size_t length = strlen(operator->name);
	add_text(p, "operator");
	if (operator->name[0] >= 'a' && operator->name[0] <= 'z')
		add_text(p, " ");
	add(p, operator->name, operator->name[length - 1] == ' ' ? length - 1 : length);
}

static void print_lambda(printer *p, uint32_t part)
{
	add_text(p, "{lambda(");
	p->in_lambda++;
	print_plain(p, at(p, part)->left);
	p->in_lambda--;
	add_text(p, ")#");
	add_number(p, at(p, part)->number + 1);
	add_text(p, "}");
}

/* -------------------------------------------------------------- expressions */

static void print_operand(printer *p, uint32_t part)
{
	ptm_part_kind kind = kind_of(p, part);
	bool simple = kind == PART_NAME || kind == PART_QUALIFIED || kind == PART_INITIALIZER_LIST || kind == PART_FUNCTION_PARAMETER;
	if (!simple)
		add_text(p, "(");
	print_plain(p, part);
	if (!simple)
		add_text(p, ")");
}

static void print_operator_sign(printer *p, uint32_t part)
{
	if (kind_of(p, part) == PART_OPERATOR)
		add_text(p, at(p, part)->operator->name);
	else
		print_plain(p, part);
}

static void print_literal(printer *p, uint32_t part)
{
	static const char *const suffixes[] = { [LITERAL_INT] = "", [LITERAL_UNSIGNED] = "u", [LITERAL_LONG] = "l",
		[LITERAL_UNSIGNED_LONG] = "ul", [LITERAL_LONG_LONG] = "ll", [LITERAL_UNSIGNED_LONG_LONG] = "ull" };
	bool negative = kind_of(p, part) == PART_NEGATIVE_LITERAL;
	const ptm_name_part *type = at(p, at(p, part)->left), *value = at(p, at(p, part)->right);
	ptm_literal_style style = type->kind == PART_BUILTIN ? (ptm_literal_style)type->style : LITERAL_CAST;
	bool number = style >= LITERAL_INT && style <= LITERAL_UNSIGNED_LONG_LONG;
	if (style == LITERAL_BOOL && value->length == 1 && !negative && (value->text[0] == '0' || value->text[0] == '1')) {
		add_text(p, value->text[0] == '0' ? "false" : "true");
		return;
	}
	if (!number) {
		add_text(p, "(");
		print_plain(p, at(p, part)->left);
		add_text(p, ")");
	}
	if (negative)
		add_text(p, "-");
	if (style == LITERAL_FLOAT)
		add_text(p, "[");
	add(p, value->text, value->length);
	if (style == LITERAL_FLOAT)
		add_text(p, "]");
	if (number)
		add_text(p, suffixes[style]);
}

static const char *code_of(const printer *p, uint32_t part)
{
	return kind_of(p, part) == PART_OPERATOR ? at(p, part)->operator->code : "";
}

static void print_unary(printer *p, uint32_t part)
{
	uint32_t operator = at(p, part)->left, operand = at(p, part)->right;
	const char *code = code_of(p, operator);
	if (at(p, part)->kind == PART_SUFFIX_UNARY) {
		print_operand(p, operand);
		print_operator_sign(p, operator);
		return;
	}
	if (!strcmp(code, "ad") && kind_of(p, operand) == PART_TYPED && kind_of(p, at(p, operand)->left) == PART_QUALIFIED &&
	    kind_of(p, at(p, operand)->right) == PART_FUNCTION)
		operand = at(p, operand)->left;
	if (!strcmp(code, "sZ") || !strcmp(code, "sP")) {
		add_number(p, pack_length(p, code[1] == 'Z' ? find_pack(p, operand, 0) : operand));
		return;
	}
	if (kind_of(p, operator) == PART_CAST) {
		add_text(p, "(");
		print_plain(p, at(p, operator)->left);
		add_text(p, ")");
	} else {
		print_operator_sign(p, operator);
	}
	if (!strcmp(code, "gs")) {
		print_plain(p, operand);
	} else if (!strcmp(code, "st") || !strcmp(code, "nx")) {
		add_text(p, "(");
		print_plain(p, operand);
		add_text(p, ")");
	} else {
		print_operand(p, operand);
	}
}

static bool print_fold(printer *p, uint32_t part)
{
	const ptm_name_part *operands = at(p, at(p, part)->right);
	const char *code = code_of(p, at(p, part)->left);
	int32_t outer = p->pack_index;
	if (code[0] != 'f')
		return false;
	p->pack_index = -1;
	add_text(p, "(");
	if (code[1] == 'l') {
		add_text(p, "...");
		print_operator_sign(p, operands->left);
		print_operand(p, operands->right);
	} else if (code[1] == 'r') {
		print_operand(p, operands->right);
		print_operator_sign(p, operands->left);
		add_text(p, "...");
	} else {
		print_operand(p, operands->right);
		print_operator_sign(p, operands->left);
		add_text(p, "...");
		print_operator_sign(p, operands->left);
		print_operand(p, operands->third);
	}
	add_text(p, ")");
	p->pack_index = outer;
	return true;
}

static void print_binary(printer *p, uint32_t part)
{
	uint32_t operator = at(p, part)->left;
	const ptm_name_part *operands = at(p, at(p, part)->right);
	const char *code = code_of(p, operator);
	if (print_fold(p, part))
		return;
	if (!strcmp(code, "cc") || !strcmp(code, "dc") || !strcmp(code, "rc") || !strcmp(code, "sc")) {
		print_operator_sign(p, operator);
		add_text(p, "<");
		print_plain(p, operands->left);
		add_text(p, ">(");
		print_plain(p, operands->right);
		add_text(p, ")");
		return;
	}
	bool greater = !strcmp(code, "gt"), call = !strcmp(code, "cl");
	if (greater)
		add_text(p, "(");
	bool function = call && kind_of(p, operands->left) == PART_TYPED;
	print_operand(p, function ? at(p, operands->left)->left : operands->left);
	if (!strcmp(code, "ix")) {
		add_text(p, "[");
		print_plain(p, operands->right);
		add_text(p, "]");
	} else {
		if (!call)
			print_operator_sign(p, operator);
		print_operand(p, operands->right);
	}
	if (greater)
		add_text(p, ")");
}

static void print_trinary(printer *p, uint32_t part)
{
	const ptm_name_part *operands = at(p, at(p, part)->right);
	if (print_fold(p, part))
		return;
	if (!strcmp(code_of(p, at(p, part)->left), "qu")) {
		print_operand(p, operands->left);
		print_operator_sign(p, at(p, part)->left);
		print_operand(p, operands->right);
		add_text(p, " : ");
		print_operand(p, operands->third);
		return;
	}
	add_text(p, "new ");
	if (at(p, operands->left)->left) {
		print_operand(p, operands->left);
		add_text(p, " ");
	}
	print_plain(p, operands->right);
	if (operands->third)
		print_operand(p, operands->third);
}

/* ------------------------------------------------------------------- all */

/* What is no modifier and no function or array type. */
static void print_base(printer *p, uint32_t part)
{
	const ptm_name_part *in = at(p, part);
	switch (in->kind) {
	case PART_NAME: case PART_STD_NAME: case PART_BUILTIN: add(p, in->text, in->length); break;
	case PART_QUALIFIED:
		print_plain(p, in->left);
		add_text(p, "::");
		print_plain(p, in->right);
		break;
	case PART_LOCAL: print_local(p, part); break;
	case PART_TEMPLATE: print_template(p, part); break;
	case PART_LIST: print_list(p, part); break;
	case PART_TYPED: print_typed(p, part); break;
	case PART_DESTRUCTOR: add_text(p, "~"); print_plain(p, in->left); break;
	case PART_CONSTRUCTOR: print_plain(p, in->left); break;
	case PART_OPERATOR: print_operator(p, in->operator); break;
	case PART_VENDOR_OPERATOR: add_text(p, "operator "); print_plain(p, in->left); break;
	case PART_CONVERSION: print_conversion(p, part); break;
	case PART_ABI_TAG:
		print_plain(p, in->left);
		add_text(p, "[abi:");
		print_plain(p, in->right);
		add_text(p, "]");
		break;
	case PART_LAMBDA: print_lambda(p, part); break;
	case PART_UNNAMED:
		add_text(p, "{unnamed type#");
		add_number(p, in->number + 1);
		add_text(p, "}");
		break;
	case PART_STRUCTURED_BINDING:
		add_text(p, "[");
		print_plain(p, in->left);
		add_text(p, "]");
		break;
	case PART_SPECIAL: add(p, in->text, in->length); print_plain(p, in->left); break;
	case PART_REFERENCE_TEMPORARY:
		add_text(p, "reference temporary #");
		print_plain(p, in->right);
		add_text(p, " for ");
		print_plain(p, in->left);
		break;
	case PART_CONSTRUCTION_VTABLE:
		add_text(p, "construction vtable for ");
		print_plain(p, in->left);
		add_text(p, "-in-");
		print_plain(p, in->right);
		break;
	case PART_PACK_EXPANSION: print_expansion(p, part); break;
	case PART_DECLTYPE:
		add_text(p, "decltype (");
		print_plain(p, in->left);
		add_text(p, ")");
		break;
	case PART_LITERAL: case PART_NEGATIVE_LITERAL: print_literal(p, part); break;
	case PART_FUNCTION_PARAMETER:
		if (in->number) {
			add_text(p, "{parm#");
			add_number(p, in->number);
		}
		add_text(p, in->number ? "}" : "this");
		break;
	case PART_INITIALIZER_LIST:
		if (in->left)
			print_plain(p, in->left);
		add_text(p, "{");
		print_plain(p, in->right);
		add_text(p, "}");
		break;
	case PART_NULLARY: print_operator_sign(p, in->left); break;
	case PART_UNARY: case PART_SUFFIX_UNARY: print_unary(p, part); break;
	case PART_BINARY: print_binary(p, part); break;
	case PART_TRINARY: print_trinary(p, part); break;
	default: fail(p);
	}
}

static void print_inner(printer *p, uint32_t part, const modifier *modifiers)
{
	modifier mine = { part, p->scopes, modifiers };
	switch (kind_of(p, part)) {
	case PART_CONST: case PART_VOLATILE: case PART_RESTRICT: print_qualified_type(p, part, modifiers); return;
	case PART_REFERENCE: case PART_RVALUE_REFERENCE: print_reference(p, part, modifiers); return;
	case PART_POINTER: case PART_COMPLEX: case PART_IMAGINARY: case PART_VENDOR_QUALIFIER: case PART_MEMBER_POINTER: case PART_VECTOR:
	case PART_CONST_THIS: case PART_VOLATILE_THIS: case PART_RESTRICT_THIS: case PART_REFERENCE_THIS: case PART_RVALUE_REFERENCE_THIS:
	case PART_TRANSACTION_SAFE: case PART_NOEXCEPT: case PART_THROW:
		print(p, at(p, part)->left, &mine);
		return;
	case PART_FUNCTION:
		if (at(p, part)->left)
			print(p, at(p, part)->left, &mine);
		else
			print_function(p, part, modifiers);
		return;
	case PART_ARRAY: print_array_type(p, part, modifiers); return;
	case PART_TEMPLATE_PARAMETER:
		print_parameter(p, part, p->in_lambda ? NULL : modifiers);
		if (p->in_lambda)
			print_modifiers_after(p, modifiers);
		return;
	default:
		print_base(p, part);
		print_modifiers_after(p, modifiers);
	}
}

static void print(printer *p, uint32_t part, const modifier *modifiers)
{
	if (!part || ++p->depth > PTM_DEMANGLE_DEPTH || ++p->steps > MOST_STEPS)
		fail(p);
	if (p->status == PTM_OK)
		print_inner(p, part, modifiers);
	p->depth--;
}

ptm_status ptm_parts_print(const ptm_name_parser *parser, uint32_t part, ptm_text *into)
{
	printer printer = { .names = parser, .into = into };
	print(&printer, part, NULL);
	return printer.status;
}
