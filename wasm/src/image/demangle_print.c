/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the tree of a mangled name. A declaration is written around its name,
 * so modifiers (pointers, qualifiers, functions, arrays) are passed down to what
 * they modify and written after it, innermost first:
 *   pointer(function(int; char)) -> "int", then " (", "*", ")(char)". */
#include "image/demangle_printer.h"
#include <stdio.h>

typedef struct modifier {
	uint32_t part;
	uint32_t scope;          /* where it stands */
	const struct modifier *next; /* the one around it */
} modifier;

static void print(ptm_printer *p, uint32_t part, const modifier *modifiers);

void ptm_print_fail(ptm_printer *p)
{
	if (p->status == PTM_OK)
		p->status = PTM_BAD_DATA;
}

void ptm_print_bytes(ptm_printer *p, const char *text, size_t length)
{
	if (p->status != PTM_OK)
		return;
	if (p->into->bytes.length + length > PTM_PRINT_BYTES)
		ptm_print_fail(p);
	else
		p->status = ptm_text_append(p->into, text, length);
	if (length)
		p->last = text[length - 1];
}

void ptm_print_text(ptm_printer *p, const char *text)
{
	ptm_print_bytes(p, text, strlen(text));
}

void ptm_print_number(ptm_printer *p, int64_t number)
{
	char text[24];
	ptm_print_bytes(p, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)number));
}

void ptm_print_part(ptm_printer *p, uint32_t part)
{
	print(p, part, NULL);
}

/* ---------------------------------------------------- template arguments */

static void print_parameter(ptm_printer *p, uint32_t part, const modifier *modifiers)
{
	if (p->in_lambda) {
		ptm_print_text(p, "auto:");
		ptm_print_number(p, ptm_printed(p, part)->number + 1);
		return;
	}
	uint32_t argument = ptm_print_argument_of(p, part);
	if (argument && ptm_printed_kind(p, argument) == PART_LIST && p->pack_index >= 0)
		argument = ptm_print_list_item(p, argument, p->pack_index);
	if (!argument) {
		ptm_print_fail(p);
		return;
	}
	uint32_t scope = p->scope;
	if (scope)
		p->scope = p->scopes.at[scope].next;
	print(p, argument, modifiers);
	p->scope = scope;
}

/* Items joined by ", "; of empty packs, only those at the end take no comma. */
static void print_list(ptm_printer *p, uint32_t list)
{
	uint32_t end = p->into->bytes.length;
	for (bool first = true; list && p->status == PTM_OK; list = ptm_printed(p, list)->right, first = false) {
		if (!first)
			ptm_print_text(p, ", ");
		uint32_t before = p->into->bytes.length;
		if (ptm_printed(p, list)->left)
			ptm_print_part(p, ptm_printed(p, list)->left);
		if (p->into->bytes.length > before)
			end = p->into->bytes.length;
	}
	if (p->status == PTM_OK && p->into->bytes.length > end)
		p->into->bytes.at[p->into->bytes.length = end] = 0;
}

static void print_arguments(ptm_printer *p, uint32_t list)
{
	ptm_print_text(p, p->last == '<' ? " <" : "<");
	ptm_print_part(p, list);
	ptm_print_text(p, p->last == '>' ? " >" : ">");
}

static void print_template(ptm_printer *p, uint32_t part)
{
	uint32_t outer = p->current_template;
	p->current_template = part;
	ptm_print_part(p, ptm_printed(p, part)->left);
	print_arguments(p, ptm_printed(p, part)->right);
	p->current_template = outer;
}

/* "operator type": the type may use the arguments of the operator's template. */
static void print_conversion(ptm_printer *p, uint32_t part)
{
	uint32_t type = ptm_printed(p, part)->left;
	uint32_t outer = p->scope;
	ptm_print_text(p, "operator ");
	if (p->current_template)
		ptm_print_enter_scope(p, p->current_template);
	if (ptm_printed_kind(p, type) != PART_TEMPLATE) {
		ptm_print_part(p, type);
		p->scope = outer;
		return;
	}
	ptm_print_part(p, ptm_printed(p, type)->left);
	p->scope = outer;
	print_arguments(p, ptm_printed(p, type)->right);
}

static void print_expansion(ptm_printer *p, uint32_t part)
{
	uint32_t pattern = ptm_printed(p, part)->left, pack = ptm_print_find_pack(p, pattern, 0);
	int32_t outer = p->pack_index;
	if (!pack) {
		ptm_print_part(p, pattern);
		ptm_print_text(p, "...");
		return;
	}
	uint32_t length = ptm_print_pack_length(p, pack);
	for (uint32_t i = 0; i < length && p->status == PTM_OK; i++) {
		p->pack_index = (int32_t)i;
		ptm_print_part(p, pattern);
		if (i + 1 < length)
			ptm_print_text(p, ", ");
	}
	p->pack_index = outer;
}

/* --------------------------------------------------------------- modifiers */

static void print_modifier(ptm_printer *p, uint32_t part)
{
	const ptm_name_part *modifier = ptm_printed(p, part);
	switch (modifier->kind) {
	case PART_RESTRICT: case PART_RESTRICT_THIS: ptm_print_text(p, " restrict"); break;
	case PART_VOLATILE: case PART_VOLATILE_THIS: ptm_print_text(p, " volatile"); break;
	case PART_CONST: case PART_CONST_THIS: ptm_print_text(p, " const"); break;
	case PART_TRANSACTION_SAFE: ptm_print_text(p, " transaction_safe"); break;
	case PART_NOEXCEPT: case PART_THROW:
		ptm_print_text(p, modifier->kind == PART_THROW ? " throw" : " noexcept");
		if (modifier->right) {
			ptm_print_text(p, "(");
			ptm_print_part(p, modifier->right);
			ptm_print_text(p, ")");
		}
		break;
	case PART_VENDOR_QUALIFIER:
		ptm_print_text(p, " ");
		ptm_print_part(p, modifier->right);
		break;
	case PART_POINTER: ptm_print_text(p, "*"); break;
	case PART_REFERENCE: ptm_print_text(p, "&"); break;
	case PART_REFERENCE_THIS: ptm_print_text(p, " &"); break;
	case PART_RVALUE_REFERENCE: ptm_print_text(p, "&&"); break;
	case PART_RVALUE_REFERENCE_THIS: ptm_print_text(p, " &&"); break;
	case PART_COMPLEX: ptm_print_text(p, " _Complex"); break;
	case PART_IMAGINARY: ptm_print_text(p, " _Imaginary"); break;
	case PART_MEMBER_POINTER:
		if (p->last != '(')
			ptm_print_text(p, " ");
		ptm_print_part(p, modifier->right);
		ptm_print_text(p, "::*");
		break;
	case PART_VECTOR:
		ptm_print_text(p, " __vector(");
		ptm_print_part(p, modifier->right);
		ptm_print_text(p, ")");
		break;
	default: ptm_print_part(p, part);
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

static bool print_one(ptm_printer *p, const modifier *m, bool after);
static void print_modifiers(ptm_printer *p, const modifier *modifiers);

/* "(modifiers)(parameters) qualifiers", after the result if there is one. */
static void print_function(ptm_printer *p, uint32_t part, const modifier *modifiers)
{
	bool parentheses = false, spaced = false;
	for (const modifier *m = modifiers; m && !parentheses; m = m->next)
		parentheses = in_parentheses(ptm_printed_kind(p, m->part), &spaced);
	if (parentheses) {
		if ((spaced || (p->last != '(' && p->last != '*')) && p->last != ' ')
			ptm_print_text(p, " ");
		ptm_print_text(p, "(");
	}
	print_modifiers(p, modifiers);
	ptm_print_text(p, parentheses ? ")(" : "(");
	ptm_print_part(p, ptm_printed(p, part)->right);
	ptm_print_text(p, ")");
	for (const modifier *m = modifiers; m && ptm_printed_kind(p, m->part) != PART_FUNCTION; m = m->next)
		if (ptm_part_qualifies_function(ptm_printed_kind(p, m->part)))
			(void)print_one(p, m, false);
}

static void print_array(ptm_printer *p, uint32_t part, const modifier *modifiers)
{
	bool array_next = modifiers && ptm_printed_kind(p, modifiers->part) == PART_ARRAY;
	if (modifiers && !array_next)
		ptm_print_text(p, " (");
	print_modifiers(p, modifiers);
	if (modifiers && !array_next)
		ptm_print_text(p, ")");
	if (!array_next)
		ptm_print_text(p, " ");
	ptm_print_text(p, "[");
	if (ptm_printed(p, part)->right)
		ptm_print_part(p, ptm_printed(p, part)->right);
	ptm_print_text(p, "]");
}

/* Prints a modifier where it stands; true when it has printed those around it too. */
static bool print_one(ptm_printer *p, const modifier *m, bool after)
{
	uint32_t outer = p->scope;
	ptm_part_kind kind = ptm_printed_kind(p, m->part);
	bool function = kind == PART_FUNCTION, array = kind == PART_ARRAY;
	p->scope = m->scope;
	if (function && after)
		ptm_print_text(p, " ");
	if (function)
		print_function(p, m->part, m->next);
	else if (array)
		print_array(p, m->part, m->next);
	else
		print_modifier(p, m->part);
	p->scope = outer;
	return function || array;
}

static void print_modifiers(ptm_printer *p, const modifier *modifiers)
{
	for (const modifier *m = modifiers; m && p->status == PTM_OK; m = m->next)
		if (!ptm_part_qualifies_function(ptm_printed_kind(p, m->part)) && print_one(p, m, false))
			return;
}

/* After what the modifiers modify: the same, but a function's result is set off. */
static void print_modifiers_after(ptm_printer *p, const modifier *modifiers)
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
static void print_array_type(ptm_printer *p, uint32_t part, const modifier *modifiers)
{
	modifier moved[4];
	uint32_t count = 0;
	while (modifiers && count < 3 && is_qualifier(ptm_printed_kind(p, modifiers->part))) {
		moved[count++] = *modifiers;
		modifiers = modifiers->next;
	}
	modifier array = { part, p->scope, modifiers };
	for (uint32_t i = 0; i < count; i++)
		moved[i].next = i + 1 < count ? &moved[i + 1] : &array;
	print(p, ptm_printed(p, part)->left, count ? moved : &array);
}

/* & and && of a reference collapse; a template parameter may hide one. */
static void print_reference_inside(ptm_printer *p, uint32_t part, const modifier *modifiers)
{
	ptm_part_kind kind = ptm_printed_kind(p, part);
	uint32_t inner = ptm_printed(p, part)->left, seen = inner;
	if (ptm_printed_kind(p, inner) == PART_TEMPLATE_PARAMETER && !p->in_lambda) {
		ptm_print_enter_kept_scope(p, part, inner);
		seen = ptm_print_argument_of(p, inner);
		if (seen && ptm_printed_kind(p, seen) == PART_LIST)
			seen = ptm_print_list_item(p, seen, p->pack_index < 0 ? 0 : p->pack_index);
		if (!seen) {
			ptm_print_fail(p);
			return;
		}
	}
	ptm_part_kind seen_kind = ptm_printed_kind(p, seen);
	if (seen_kind == PART_REFERENCE || seen_kind == kind) {
		print(p, inner, modifiers);
		return;
	}
	modifier mine = { part, p->scope, modifiers };
	print(p, seen_kind == PART_RVALUE_REFERENCE ? ptm_printed(p, seen)->left : inner, &mine);
}

static void print_reference(ptm_printer *p, uint32_t part, const modifier *modifiers)
{
	uint32_t scope = p->scope;
	print_reference_inside(p, part, modifiers);
	p->scope = scope;
}

static void print_qualified_type(ptm_printer *p, uint32_t part, const modifier *modifiers)
{
	modifier mine = { part, p->scope, modifiers };
	for (const modifier *m = modifiers; m && is_qualifier(ptm_printed_kind(p, m->part)); m = m->next)
		if (ptm_printed_kind(p, m->part) == ptm_printed_kind(p, part)) {
			print(p, ptm_printed(p, part)->left, modifiers);
			return;
		}
	print(p, ptm_printed(p, part)->left, &mine);
}

/* -------------------------------------------------------------------- names */

/* A function with its parameters: the name is the function type's first modifier. */
static void print_typed(ptm_printer *p, uint32_t part)
{
	modifier modifiers[16];
	uint32_t count = 0, name = ptm_printed(p, part)->left;
	while (ptm_part_qualifies_function(ptm_printed_kind(p, name)) && count < 15) {
		modifiers[count++].part = name;
		name = ptm_printed(p, name)->left;
	}
	uint32_t entity = name;
	if (ptm_printed_kind(p, name) == PART_LOCAL) {
		entity = ptm_printed(p, name)->right;
		if (ptm_printed_kind(p, entity) == PART_DEFAULT_ARGUMENT)
			entity = ptm_printed(p, entity)->left;
		while (ptm_part_qualifies_function(ptm_printed_kind(p, entity)) && count < 15) {
			modifiers[count++].part = entity;
			entity = ptm_printed(p, entity)->left;
		}
	}
	modifiers[count].part = name;
	uint32_t outer = p->scope;
	if (ptm_printed_kind(p, entity) == PART_TEMPLATE)
		ptm_print_enter_scope(p, entity);
	for (uint32_t i = 0; i <= count; i++) {
		modifiers[i].scope = p->scope;
		modifiers[i].next = i ? &modifiers[i - 1] : NULL;
	}
	print(p, ptm_printed(p, part)->right, &modifiers[count]);
	p->scope = outer;
}

static void print_local(ptm_printer *p, uint32_t part)
{
	uint32_t entity = ptm_printed(p, part)->right;
	ptm_print_part(p, ptm_printed(p, part)->left);
	ptm_print_text(p, "::");
	if (ptm_printed_kind(p, entity) == PART_DEFAULT_ARGUMENT) {
		ptm_print_text(p, "{default arg#");
		ptm_print_number(p, ptm_printed(p, entity)->number + 1);
		ptm_print_text(p, "}::");
		entity = ptm_printed(p, entity)->left;
	}
	while (ptm_part_qualifies_function(ptm_printed_kind(p, entity)))
		entity = ptm_printed(p, entity)->left;
	ptm_print_part(p, entity);
}

static void print_operator(ptm_printer *p, const ptm_operator *operator)
{
	size_t length = strlen(operator->name);
	ptm_print_text(p, "operator");
	if (operator->name[0] >= 'a' && operator->name[0] <= 'z')
		ptm_print_text(p, " ");
	ptm_print_bytes(p, operator->name, operator->name[length - 1] == ' ' ? length - 1 : length);
}

static void print_lambda(ptm_printer *p, uint32_t part)
{
	ptm_print_text(p, "{lambda(");
	p->in_lambda++;
	ptm_print_part(p, ptm_printed(p, part)->left);
	p->in_lambda--;
	ptm_print_text(p, ")#");
	ptm_print_number(p, ptm_printed(p, part)->number + 1);
	ptm_print_text(p, "}");
}

/* ------------------------------------------------------------------- all */

/* What is no modifier and no function or array type. */
static void print_base(ptm_printer *p, uint32_t part)
{
	const ptm_name_part *in = ptm_printed(p, part);
	switch (in->kind) {
	case PART_NAME: case PART_STD_NAME: case PART_BUILTIN: ptm_print_bytes(p, in->text, in->length); break;
	case PART_QUALIFIED:
		ptm_print_part(p, in->left);
		ptm_print_text(p, "::");
		ptm_print_part(p, in->right);
		break;
	case PART_LOCAL: print_local(p, part); break;
	case PART_TEMPLATE: print_template(p, part); break;
	case PART_LIST: print_list(p, part); break;
	case PART_TYPED: print_typed(p, part); break;
	case PART_DESTRUCTOR: ptm_print_text(p, "~"); ptm_print_part(p, in->left); break;
	case PART_CONSTRUCTOR: ptm_print_part(p, in->left); break;
	case PART_OPERATOR: print_operator(p, in->operator); break;
	case PART_VENDOR_OPERATOR: ptm_print_text(p, "operator "); ptm_print_part(p, in->left); break;
	case PART_CONVERSION: print_conversion(p, part); break;
	case PART_ABI_TAG:
		ptm_print_part(p, in->left);
		ptm_print_text(p, "[abi:");
		ptm_print_part(p, in->right);
		ptm_print_text(p, "]");
		break;
	case PART_LAMBDA: print_lambda(p, part); break;
	case PART_UNNAMED:
		ptm_print_text(p, "{unnamed type#");
		ptm_print_number(p, in->number + 1);
		ptm_print_text(p, "}");
		break;
	case PART_STRUCTURED_BINDING:
		ptm_print_text(p, "[");
		ptm_print_part(p, in->left);
		ptm_print_text(p, "]");
		break;
	case PART_SPECIAL: ptm_print_bytes(p, in->text, in->length); ptm_print_part(p, in->left); break;
	case PART_REFERENCE_TEMPORARY:
		ptm_print_text(p, "reference temporary #");
		ptm_print_number(p, in->number);
		ptm_print_text(p, " for ");
		ptm_print_part(p, in->left);
		break;
	case PART_CONSTRUCTION_VTABLE:
		ptm_print_text(p, "construction vtable for ");
		ptm_print_part(p, in->left);
		ptm_print_text(p, "-in-");
		ptm_print_part(p, in->right);
		break;
	case PART_PACK_EXPANSION: print_expansion(p, part); break;
	case PART_DECLTYPE:
		ptm_print_text(p, "decltype (");
		ptm_print_part(p, in->left);
		ptm_print_text(p, ")");
		break;
	case PART_FUNCTION_PARAMETER:
		if (in->number) {
			ptm_print_text(p, "{parm#");
			ptm_print_number(p, in->number);
		}
		ptm_print_text(p, in->number ? "}" : "this");
		break;
	case PART_INITIALIZER_LIST:
		if (in->left)
			ptm_print_part(p, in->left);
		ptm_print_text(p, "{");
		ptm_print_part(p, in->right);
		ptm_print_text(p, "}");
		break;
	default: ptm_print_expression(p, part);
	}
}

static void print_inner(ptm_printer *p, uint32_t part, const modifier *modifiers)
{
	modifier mine = { part, p->scope, modifiers };
	switch (ptm_printed_kind(p, part)) {
	case PART_CONST: case PART_VOLATILE: case PART_RESTRICT: print_qualified_type(p, part, modifiers); return;
	case PART_REFERENCE: case PART_RVALUE_REFERENCE: print_reference(p, part, modifiers); return;
	case PART_POINTER: case PART_COMPLEX: case PART_IMAGINARY: case PART_VENDOR_QUALIFIER: case PART_MEMBER_POINTER: case PART_VECTOR:
	case PART_CONST_THIS: case PART_VOLATILE_THIS: case PART_RESTRICT_THIS: case PART_REFERENCE_THIS: case PART_RVALUE_REFERENCE_THIS:
	case PART_TRANSACTION_SAFE: case PART_NOEXCEPT: case PART_THROW:
		print(p, ptm_printed(p, part)->left, &mine);
		return;
	case PART_FUNCTION:
		if (ptm_printed(p, part)->left)
			print(p, ptm_printed(p, part)->left, &mine);
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

static void print(ptm_printer *p, uint32_t part, const modifier *modifiers)
{
	if (!part || ++p->depth > PTM_DEMANGLE_DEPTH || ++p->steps > PTM_PRINT_STEPS)
		ptm_print_fail(p);
	else if (p->status == PTM_OK)
		p->status = ptm_array_push(&p->printing, part);
	if (p->status == PTM_OK) {
		print_inner(p, part, modifiers);
		p->printing.length--;
	}
	p->depth--;
}

ptm_status ptm_parts_print(const ptm_name_parser *parser, uint32_t part, ptm_text *into)
{
	ptm_printer printer = { .names = parser, .into = into };
	print(&printer, part, NULL);
	ptm_array_free(&printer.scopes);
	ptm_array_free(&printer.kept);
	ptm_array_free(&printer.printing);
	return printer.status;
}
