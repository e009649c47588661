/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the expressions in template arguments. */
#include "image/demangle_printer.h"

static void print_operand(ptm_printer *p, uint32_t part)
{
	ptm_part_kind kind = ptm_printed_kind(p, part);
	bool simple = kind == PART_NAME || kind == PART_QUALIFIED || kind == PART_INITIALIZER_LIST || kind == PART_FUNCTION_PARAMETER;
	if (!simple)
		ptm_print_text(p, "(");
	ptm_print_part(p, part);
	if (!simple)
		ptm_print_text(p, ")");
}

void ptm_print_operator_sign(ptm_printer *p, uint32_t part)
{
	if (ptm_printed_kind(p, part) == PART_OPERATOR)
		ptm_print_text(p, ptm_printed(p, part)->operator->name);
	else
		ptm_print_part(p, part);
}

static void print_literal(ptm_printer *p, uint32_t part)
{
	static const char *const suffixes[] = { [LITERAL_INT] = "", [LITERAL_UNSIGNED] = "u", [LITERAL_LONG] = "l",
		[LITERAL_UNSIGNED_LONG] = "ul", [LITERAL_LONG_LONG] = "ll", [LITERAL_UNSIGNED_LONG_LONG] = "ull" };
	bool negative = ptm_printed_kind(p, part) == PART_NEGATIVE_LITERAL;
	const ptm_name_part *type = ptm_printed(p, ptm_printed(p, part)->left), *value = ptm_printed(p, ptm_printed(p, part)->right);
	ptm_literal_style style = type->kind == PART_BUILTIN ? (ptm_literal_style)type->style : LITERAL_CAST;
	bool number = style >= LITERAL_INT && style <= LITERAL_UNSIGNED_LONG_LONG;
	if (style == LITERAL_BOOL && value->length == 1 && !negative && (value->text[0] == '0' || value->text[0] == '1')) {
		ptm_print_text(p, value->text[0] == '0' ? "false" : "true");
		return;
	}
	if (!number) {
		ptm_print_text(p, "(");
		ptm_print_part(p, ptm_printed(p, part)->left);
		ptm_print_text(p, ")");
	}
	if (negative)
		ptm_print_text(p, "-");
	if (style == LITERAL_FLOAT)
		ptm_print_text(p, "[");
	ptm_print_bytes(p, value->text, value->length);
	if (style == LITERAL_FLOAT)
		ptm_print_text(p, "]");
	if (number)
		ptm_print_text(p, suffixes[style]);
}

static const char *code_of(const ptm_printer *p, uint32_t part)
{
	return ptm_printed_kind(p, part) == PART_OPERATOR ? ptm_printed(p, part)->operator->code : "";
}

static void print_unary(ptm_printer *p, uint32_t part)
{
	uint32_t operator = ptm_printed(p, part)->left, operand = ptm_printed(p, part)->right;
	const char *code = code_of(p, operator);
	if (ptm_printed(p, part)->kind == PART_SUFFIX_UNARY) {
		print_operand(p, operand);
		ptm_print_operator_sign(p, operator);
		return;
	}
	if (!strcmp(code, "ad") && ptm_printed_kind(p, operand) == PART_TYPED && ptm_printed_kind(p, ptm_printed(p, operand)->left) == PART_QUALIFIED &&
	    ptm_printed_kind(p, ptm_printed(p, operand)->right) == PART_FUNCTION)
		operand = ptm_printed(p, operand)->left;
	if (!strcmp(code, "sZ") || !strcmp(code, "sP")) {
		ptm_print_number(p, ptm_print_pack_length(p, code[1] == 'Z' ? ptm_print_find_pack(p, operand, 0) : operand));
		return;
	}
	if (ptm_printed_kind(p, operator) == PART_CAST) {
		ptm_print_text(p, "(");
		ptm_print_part(p, ptm_printed(p, operator)->left);
		ptm_print_text(p, ")");
	} else {
		ptm_print_operator_sign(p, operator);
	}
	if (!strcmp(code, "gs")) {
		ptm_print_part(p, operand);
	} else if (!strcmp(code, "st") || !strcmp(code, "nx")) {
		ptm_print_text(p, "(");
		ptm_print_part(p, operand);
		ptm_print_text(p, ")");
	} else {
		print_operand(p, operand);
	}
}

static bool print_fold(ptm_printer *p, uint32_t part)
{
	const ptm_name_part *operands = ptm_printed(p, ptm_printed(p, part)->right);
	const char *code = code_of(p, ptm_printed(p, part)->left);
	int32_t outer = p->pack_index;
	if (code[0] != 'f')
		return false;
	p->pack_index = -1;
	ptm_print_text(p, "(");
	if (code[1] == 'l') {
		ptm_print_text(p, "...");
		ptm_print_operator_sign(p, operands->left);
		print_operand(p, operands->right);
	} else if (code[1] == 'r') {
		print_operand(p, operands->right);
		ptm_print_operator_sign(p, operands->left);
		ptm_print_text(p, "...");
	} else {
		print_operand(p, operands->right);
		ptm_print_operator_sign(p, operands->left);
		ptm_print_text(p, "...");
		ptm_print_operator_sign(p, operands->left);
		print_operand(p, operands->third);
	}
	ptm_print_text(p, ")");
	p->pack_index = outer;
	return true;
}

static void print_binary(ptm_printer *p, uint32_t part)
{
	uint32_t operator = ptm_printed(p, part)->left;
	const ptm_name_part *operands = ptm_printed(p, ptm_printed(p, part)->right);
	const char *code = code_of(p, operator);
	if (print_fold(p, part))
		return;
	if (!strcmp(code, "cc") || !strcmp(code, "dc") || !strcmp(code, "rc") || !strcmp(code, "sc")) {
		ptm_print_operator_sign(p, operator);
		ptm_print_text(p, "<");
		ptm_print_part(p, operands->left);
		ptm_print_text(p, ">(");
		ptm_print_part(p, operands->right);
		ptm_print_text(p, ")");
		return;
	}
	bool greater = !strcmp(code, "gt"), call = !strcmp(code, "cl");
	if (greater)
		ptm_print_text(p, "(");
	bool function = call && ptm_printed_kind(p, operands->left) == PART_TYPED;
	print_operand(p, function ? ptm_printed(p, operands->left)->left : operands->left);
	if (!strcmp(code, "ix")) {
		ptm_print_text(p, "[");
		ptm_print_part(p, operands->right);
		ptm_print_text(p, "]");
	} else {
		if (!call)
			ptm_print_operator_sign(p, operator);
		print_operand(p, operands->right);
	}
	if (greater)
		ptm_print_text(p, ")");
}

static void print_trinary(ptm_printer *p, uint32_t part)
{
	const ptm_name_part *operands = ptm_printed(p, ptm_printed(p, part)->right);
	if (print_fold(p, part))
		return;
	if (!strcmp(code_of(p, ptm_printed(p, part)->left), "qu")) {
		print_operand(p, operands->left);
		ptm_print_operator_sign(p, ptm_printed(p, part)->left);
		print_operand(p, operands->right);
		ptm_print_text(p, " : ");
		print_operand(p, operands->third);
		return;
	}
	ptm_print_text(p, "new ");
	if (ptm_printed(p, operands->left)->left) {
		print_operand(p, operands->left);
		ptm_print_text(p, " ");
	}
	ptm_print_part(p, operands->right);
	if (operands->third)
		print_operand(p, operands->third);
}

void ptm_print_expression(ptm_printer *p, uint32_t part)
{
	switch (ptm_printed_kind(p, part)) {
	case PART_LITERAL: case PART_NEGATIVE_LITERAL: print_literal(p, part); break;
	case PART_NULLARY: ptm_print_operator_sign(p, ptm_printed(p, part)->left); break;
	case PART_UNARY: case PART_SUFFIX_UNARY: print_unary(p, part); break;
	case PART_BINARY: print_binary(p, part); break;
	case PART_TRINARY: print_trinary(p, part); break;
	default: ptm_print_fail(p);
	}
}
