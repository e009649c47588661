/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a mangled C++ name (Itanium C++ ABI, chapter 5.1) as a tree:
 * built by demangle_name.c, demangle_type.c and demangle_expression.c, written
 * out by demangle_print.c the way GNU's demangler words things. Private to them. */
#ifndef PTM_IMAGE_DEMANGLE_TREE_H
#define PTM_IMAGE_DEMANGLE_TREE_H

#include "image/demangle.h"

enum { PTM_DEMANGLE_DEPTH = 1024 };

typedef enum ptm_part_kind {
	PART_NONE,
	/* Names: text, or made of left and right. */
	PART_NAME, PART_STD_NAME /* a std:: abbreviation */, PART_QUALIFIED, PART_LOCAL, PART_TEMPLATE, PART_LIST, PART_TYPED, PART_CONSTRUCTOR,
	PART_DESTRUCTOR, PART_OPERATOR, PART_VENDOR_OPERATOR, PART_CONVERSION, PART_ABI_TAG, PART_LAMBDA, PART_UNNAMED, PART_DEFAULT_ARGUMENT,
	PART_STRUCTURED_BINDING, PART_SPECIAL /* text, then left */, PART_REFERENCE_TEMPORARY, PART_CONSTRUCTION_VTABLE,
	/* Types; modifiers have the modified type on the left. */
	PART_BUILTIN, PART_FUNCTION /* left: result or none, right: parameters */, PART_ARRAY, PART_VECTOR, PART_POINTER, PART_REFERENCE,
	PART_RVALUE_REFERENCE, PART_CONST, PART_VOLATILE, PART_RESTRICT, PART_COMPLEX, PART_IMAGINARY, PART_VENDOR_QUALIFIER,
	PART_MEMBER_POINTER /* left: type, right: class */, PART_TEMPLATE_PARAMETER, PART_PACK_EXPANSION, PART_DECLTYPE,
	/* Qualifiers of a function itself. */
	PART_CONST_THIS, PART_VOLATILE_THIS, PART_RESTRICT_THIS, PART_REFERENCE_THIS, PART_RVALUE_REFERENCE_THIS, PART_TRANSACTION_SAFE,
	PART_NOEXCEPT, PART_THROW,
	/* Expressions. */
	PART_LITERAL, PART_NEGATIVE_LITERAL, PART_FUNCTION_PARAMETER, PART_INITIALIZER_LIST, PART_NULLARY, PART_UNARY, PART_SUFFIX_UNARY,
	PART_BINARY, PART_TRINARY, PART_CAST
} ptm_part_kind;

/* How a literal of a built-in type is written. */
typedef enum ptm_literal_style {
	LITERAL_CAST, LITERAL_INT, LITERAL_UNSIGNED, LITERAL_LONG, LITERAL_UNSIGNED_LONG, LITERAL_LONG_LONG, LITERAL_UNSIGNED_LONG_LONG,
	LITERAL_BOOL, LITERAL_FLOAT, LITERAL_VOID
} ptm_literal_style;

typedef struct ptm_operator {
	char code[3];
	uint8_t arguments;
	const char *name;
} ptm_operator;

typedef struct ptm_name_part {
	uint8_t kind;            /* enum ptm_part_kind */
	uint8_t style;           /* BUILTIN: enum ptm_literal_style */
	uint32_t left, right;    /* other parts; 0: none */
	uint32_t third;          /* TRINARY: left, right, third; LIST-free third operand */
	int32_t number;
	uint32_t length;         /* of text */
	const char *text;        /* borrowed from the mangled name or constant */
	const ptm_operator *operator;
} ptm_name_part;

typedef struct ptm_name_parser {
	const char *at, *end;
	PTM_ARRAY(ptm_name_part) parts;        /* part 0 is none */
	PTM_ARRAY(uint32_t) substitutions;
	uint32_t last_name;      /* what a constructor here would be called */
	bool in_expression, in_conversion;
	bool whole;              /* a function's parameters too, not its name alone */
	bool old_scopes;         /* A::x in an expression is sr1A1x, not sr1AE1x, as older compilers had it */
	bool new_scopes;         /* was read the new way */
	uint32_t depth;
	bool no_memory;
} ptm_name_parser;

/* Each parses one thing and returns its part, 0 when there is none. */
uint32_t ptm_parse_mangled(ptm_name_parser *parser, bool top);
uint32_t ptm_parse_encoding(ptm_name_parser *parser, bool top);
uint32_t ptm_parse_name(ptm_name_parser *parser);
uint32_t ptm_parse_prefix(ptm_name_parser *parser, bool substitutable);
uint32_t ptm_parse_unqualified(ptm_name_parser *parser);
uint32_t ptm_parse_source_name(ptm_name_parser *parser);
uint32_t ptm_parse_operator(ptm_name_parser *parser);
uint32_t ptm_parse_substitution(ptm_name_parser *parser, bool prefix);
uint32_t ptm_parse_template_arguments(ptm_name_parser *parser);
uint32_t ptm_parse_template_argument_list(ptm_name_parser *parser);
uint32_t ptm_parse_template_parameter(ptm_name_parser *parser);
uint32_t ptm_parse_type(ptm_name_parser *parser);
uint32_t ptm_parse_function_parts(ptm_name_parser *parser, bool with_result);
uint32_t ptm_parse_parameters(ptm_name_parser *parser);
/* Wraps the qualifiers found around a place still empty: stores the outermost
 * part and where its innermost type goes (an index to fill; 0: no qualifiers). */
bool ptm_parse_qualifiers(ptm_name_parser *parser, bool of_function, uint32_t *outer, uint32_t *inner);
uint32_t ptm_parse_reference_qualifier(ptm_name_parser *parser, uint32_t qualified);
uint32_t ptm_parse_expression(ptm_name_parser *parser);
uint32_t ptm_parse_literal(ptm_name_parser *parser);
/* Numbers: "n" is a minus sign; compact: "_" is 0, "0_" is 1; -1 on failure. */
int64_t ptm_parse_number(ptm_name_parser *parser);
int32_t ptm_parse_compact_number(ptm_name_parser *parser);

uint32_t ptm_part_make(ptm_name_parser *parser, ptm_part_kind kind, uint32_t left, uint32_t right);
/* The same, but 0 when either part is missing. */
uint32_t ptm_part_make_both(ptm_name_parser *parser, ptm_part_kind kind, uint32_t left, uint32_t right);
uint32_t ptm_part_text(ptm_name_parser *parser, ptm_part_kind kind, const char *text, uint32_t length);
bool ptm_part_substitutable(ptm_name_parser *parser, uint32_t part);
const ptm_operator *ptm_operator_find(const char code[2]);
bool ptm_part_qualifies_function(ptm_part_kind kind);

/* Writes the tree below `part`. PTM_BAD_DATA when it makes no sense. */
ptm_status ptm_parts_print(const ptm_name_parser *parser, uint32_t part, ptm_text *into) PTM_MUST_CHECK;

/* Rust's names, if `symbol` is one; else PTM_NOT_FOUND. `newer`: as perf 6.12 knows the older ones. */
ptm_status ptm_demangle_rust(const char *symbol, bool newer, ptm_text *into) PTM_MUST_CHECK;
/* Appends to `into`. PTM_NOT_FOUND: it is no name of the OCaml compiler. */
ptm_status ptm_demangle_ocaml(const char *symbol, ptm_text *into) PTM_MUST_CHECK;
/* Appends to `into`. PTM_NOT_FOUND: it is no method of Java; `into` holds a part of it then. */
ptm_status ptm_demangle_java(const char *symbol, ptm_text *into) PTM_MUST_CHECK;
ptm_status ptm_demangle_rust_v0(const char *symbol, ptm_text *into) PTM_MUST_CHECK;

static inline char ptm_peek(const ptm_name_parser *parser)
{
	return parser->at < parser->end ? *parser->at : 0;
}

static inline char ptm_peek_second(const ptm_name_parser *parser)
{
	return parser->end - parser->at > 1 ? parser->at[1] : 0;
}

static inline bool ptm_take(ptm_name_parser *parser, char wanted)
{
	if (ptm_peek(parser) != wanted)
		return false;
	parser->at++;
	return true;
}

static inline ptm_name_part *ptm_part(ptm_name_parser *parser, uint32_t part)
{
	return &parser->parts.at[part];
}

static inline ptm_part_kind ptm_kind(const ptm_name_parser *parser, uint32_t part)
{
	return (ptm_part_kind)parser->parts.at[part].kind;
}

#endif
