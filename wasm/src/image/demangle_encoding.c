/* SPDX-License-Identifier: Apache-2.0 */
/* Parses encodings: names of functions with their types, and the special names
 * of tables, thunks, guards and the like. */
#include "image/demangle_tree.h"

uint32_t ptm_part_make_both(ptm_name_parser *parser, ptm_part_kind kind, uint32_t left, uint32_t right)
{
	return left && right ? ptm_part_make(parser, kind, left, right) : 0;
}

static bool is_special_member(const ptm_name_parser *parser, uint32_t part)
{
	ptm_part_kind kind = ptm_kind(parser, part);
	for (uint32_t i = 0; i < PTM_DEMANGLE_DEPTH && (kind == PART_QUALIFIED || kind == PART_LOCAL); i++) {
		part = parser->parts.at[part].right;
		kind = ptm_kind(parser, part);
	}
	return kind == PART_CONSTRUCTOR || kind == PART_DESTRUCTOR || kind == PART_CONVERSION;
}

/* Only instances of templates say what they return. */
static bool has_result(const ptm_name_parser *parser, uint32_t part)
{
	for (uint32_t i = 0; i < PTM_DEMANGLE_DEPTH; i++) {
		ptm_part_kind kind = ptm_kind(parser, part);
		if (kind == PART_TEMPLATE)
			return !is_special_member(parser, parser->parts.at[part].left);
		if (kind == PART_LOCAL)
			part = parser->parts.at[part].right;
		else if (ptm_part_qualifies_function(kind))
			part = parser->parts.at[part].left;
		else
			return false;
	}
	return false;
}

static uint32_t without_qualifiers(const ptm_name_parser *parser, uint32_t part)
{
	while (ptm_part_qualifies_function(ptm_kind(parser, part)))
		part = parser->parts.at[part].left;
	return part;
}

/* T or G: tables, thunks, guards and the like. */
static bool parse_call_offset(ptm_name_parser *parser, char kind)
{
	if (!kind)
		kind = parser->at < parser->end ? *parser->at++ : 0;
	if (kind == 'h') {
		(void)ptm_parse_number(parser);
	} else if (kind == 'v') {
		(void)ptm_parse_number(parser);
		if (!ptm_take(parser, '_'))
			return false;
		(void)ptm_parse_number(parser);
	} else {
		return false;
	}
	return ptm_take(parser, '_');
}

static uint32_t special(ptm_name_parser *parser, const char *text, uint32_t of)
{
	uint32_t part = of ? ptm_part_text(parser, PART_SPECIAL, text, (uint32_t)strlen(text)) : 0;
	if (part)
		ptm_part(parser, part)->left = of;
	return part;
}

static uint32_t parse_construction_vtable(ptm_name_parser *parser)
{
	uint32_t derived = ptm_parse_type(parser);
	if (!derived || ptm_parse_number(parser) < 0 || !ptm_take(parser, '_'))
		return 0;
	return ptm_part_make_both(parser, PART_CONSTRUCTION_VTABLE, ptm_parse_type(parser), derived);
}

static uint32_t parse_reference_temporary(ptm_name_parser *parser)
{
	uint32_t name = ptm_parse_name(parser);
	int64_t number = ptm_parse_number(parser);
	uint32_t part = name ? ptm_part_make(parser, PART_REFERENCE_TEMPORARY, name, 0) : 0;
	if (part)
		ptm_part(parser, part)->number = (int32_t)number;
	return part;
}

static uint32_t parse_special(ptm_name_parser *parser)
{
	bool of_type = *parser->at++ == 'T';
	char which = parser->at < parser->end ? *parser->at++ : 0;
	if (!of_type) {
		switch (which) {
		case 'V': return special(parser, "guard variable for ", ptm_parse_name(parser));
		case 'R': return parse_reference_temporary(parser);
		case 'A': return special(parser, "hidden alias for ", ptm_parse_encoding(parser, false));
		case 'T':
			if (parser->at < parser->end && *parser->at++ == 'n')
				return special(parser, "non-transaction clone for ", ptm_parse_encoding(parser, false));
			return special(parser, "transaction clone for ", ptm_parse_encoding(parser, false));
		default: return 0;
		}
	}
	switch (which) {
	case 'V': return special(parser, "vtable for ", ptm_parse_type(parser));
	case 'T': return special(parser, "VTT for ", ptm_parse_type(parser));
	case 'I': return special(parser, "typeinfo for ", ptm_parse_type(parser));
	case 'S': return special(parser, "typeinfo name for ", ptm_parse_type(parser));
	case 'F': return special(parser, "typeinfo fn for ", ptm_parse_type(parser));
	case 'H': return special(parser, "TLS init function for ", ptm_parse_name(parser));
	case 'W': return special(parser, "TLS wrapper function for ", ptm_parse_name(parser));
	case 'C': return parse_construction_vtable(parser);
	case 'h': return parse_call_offset(parser, 'h') ? special(parser, "non-virtual thunk to ", ptm_parse_encoding(parser, false)) : 0;
	case 'v': return parse_call_offset(parser, 'v') ? special(parser, "virtual thunk to ", ptm_parse_encoding(parser, false)) : 0;
	case 'c':
		if (!parse_call_offset(parser, 0) || !parse_call_offset(parser, 0))
			return 0;
		return special(parser, "covariant return thunk to ", ptm_parse_encoding(parser, false));
	default: return 0;
	}
}

static uint32_t parse_encoding(ptm_name_parser *parser, bool top)
{
	char first = ptm_peek(parser);
	if (first == 'G' || first == 'T')
		return parse_special(parser);
	uint32_t name = ptm_parse_name(parser);
	if (!name)
		return 0;
	if (top && !parser->whole) {
		name = without_qualifiers(parser, name);
		if (ptm_kind(parser, name) == PART_LOCAL) {
			uint32_t entity = without_qualifiers(parser, ptm_part(parser, name)->right);
			ptm_part(parser, name)->right = entity;
		}
		return name;
	}
	if (!ptm_peek(parser) || ptm_peek(parser) == 'E')
		return name;
	uint32_t function = ptm_parse_function_parts(parser, has_result(parser, name));
	if (!function)
		return 0;
	if (!top && ptm_kind(parser, name) == PART_LOCAL)
		ptm_part(parser, function)->left = 0;
	return ptm_part_make(parser, PART_TYPED, name, function);
}

uint32_t ptm_parse_encoding(ptm_name_parser *parser, bool top)
{
	uint32_t part = 0;
	if (++parser->depth < PTM_DEMANGLE_DEPTH)
		part = parse_encoding(parser, top);
	parser->depth--;
	return part;
}

uint32_t ptm_parse_mangled(ptm_name_parser *parser, bool top)
{
	if (!ptm_take(parser, '_') && top)
		return 0;
	return ptm_take(parser, 'Z') ? ptm_parse_encoding(parser, top) : 0;
}
