/* SPDX-License-Identifier: Apache-2.0 */
/* Rust's newer names, "_R…" (Rust RFC 2603), written without crate hashes, as
 * GNU's demangler does: read and written in one pass. */
#include "image/demangle_rust_words.h"
#include <stdio.h>

static void print_path(ptm_rust *r, bool in_value);
static void print_type(ptm_rust *r);
static void print_constant(ptm_rust *r);

/* Writes again what stands at an earlier place, by `printer`. */
static void print_back_reference(ptm_rust *r, void (*printer)(ptm_rust *))
{
	const char *tag = r->at - 1;
	uint64_t place = ptm_rust_take_base62(r);
	const char *after = r->at;
	if (r->status != PTM_OK || r->silent)
		return;
	if (place >= (uint64_t)(tag - r->start)) {
		ptm_rust_fail(r);
		return;
	}
	r->at = r->start + place;
	printer(r);
	r->at = after;
}

static void print_lifetime(ptm_rust *r, uint64_t lifetime)
{
	ptm_rust_print_text(r, "'");
	if (!lifetime) {
		ptm_rust_print_text(r, "_");
		return;
	}
	if (lifetime > r->lifetimes) {
		ptm_rust_fail(r);
		return;
	}
	uint64_t depth = r->lifetimes - lifetime;
	char letter = (char)('a' + depth);
	if (depth < 26) {
		ptm_rust_print(r, &letter, 1);
	} else {
		ptm_rust_print_text(r, "_");
		ptm_rust_print_number(r, depth);
	}
}

/* "for<'a, 'b> " */
static void print_binder(ptm_rust *r)
{
	uint64_t bound = ptm_rust_take_optional_base62(r, 'G');
	if (r->status != PTM_OK || !bound)
		return;
	if (bound > 1000) {
		ptm_rust_fail(r);
		return;
	}
	ptm_rust_print_text(r, "for<");
	for (uint64_t i = 0; i < bound; i++) {
		if (i)
			ptm_rust_print_text(r, ", ");
		r->lifetimes++;
		print_lifetime(r, 1);
	}
	ptm_rust_print_text(r, "> ");
}

/* ------------------------------------------------------------------- paths */

static void print_generic_argument(ptm_rust *r)
{
	if (ptm_rust_take(r, 'L'))
		print_lifetime(r, ptm_rust_take_base62(r));
	else if (ptm_rust_take(r, 'K'))
		print_constant(r);
	else
		print_type(r);
}

static void print_arguments(ptm_rust *r)
{
	for (uint32_t i = 0; r->status == PTM_OK && !ptm_rust_take(r, 'E'); i++) {
		if (i)
			ptm_rust_print_text(r, ", ");
		print_generic_argument(r);
	}
}

static void print_nested(ptm_rust *r, bool in_value)
{
	char space = ptm_rust_next(r);
	bool upper = space >= 'A' && space <= 'Z';
	if (!upper && !(space >= 'a' && space <= 'z')) {
		ptm_rust_fail(r);
		return;
	}
	print_path(r, in_value);
	uint64_t disambiguator = ptm_rust_take_optional_base62(r, 's');
	ptm_rust_identifier name = ptm_rust_take_identifier(r);
	if (!upper) {
		if (name.length) {
			ptm_rust_print_text(r, "::");
			ptm_rust_print_identifier(r, name);
		}
		return;
	}
	ptm_rust_print_text(r, "::{");
	if (space == 'C')
		ptm_rust_print_text(r, "closure");
	else if (space == 'S')
		ptm_rust_print_text(r, "shim");
	else
		ptm_rust_print(r, &space, 1);
	if (name.length) {
		ptm_rust_print_text(r, ":");
		ptm_rust_print_identifier(r, name);
	}
	ptm_rust_print_text(r, "#");
	ptm_rust_print_number(r, disambiguator);
	ptm_rust_print_text(r, "}");
}

/* "<type>" or "<type as trait>"; where an impl stands is left out. */
static void print_implementation(ptm_rust *r, char tag)
{
	if (tag != 'Y') {
		bool silent = r->silent;
		(void)ptm_rust_take_optional_base62(r, 's');
		r->silent = true;
		print_path(r, false);
		r->silent = silent;
	}
	ptm_rust_print_text(r, "<");
	print_type(r);
	if (tag != 'M') {
		ptm_rust_print_text(r, " as ");
		print_path(r, false);
	}
	ptm_rust_print_text(r, ">");
}

static void print_path_in_value(ptm_rust *r)
{
	print_path(r, true);
}

static void print_path_in_type(ptm_rust *r)
{
	print_path(r, false);
}

static void print_path(ptm_rust *r, bool in_value)
{
	if (ptm_rust_enter(r)) {
		char tag = ptm_rust_next(r);
		switch (tag) {
		case 'C':
			(void)ptm_rust_take_optional_base62(r, 's');
			ptm_rust_print_identifier(r, ptm_rust_take_identifier(r));
			break;
		case 'N': print_nested(r, in_value); break;
		case 'M': case 'X': case 'Y': print_implementation(r, tag); break;
		case 'I':
			print_path(r, in_value);
			ptm_rust_print_text(r, in_value ? "::<" : "<");
			print_arguments(r);
			ptm_rust_print_text(r, ">");
			break;
		case 'B': print_back_reference(r, in_value ? print_path_in_value : print_path_in_type); break;
		default: ptm_rust_fail(r);
		}
	}
	r->depth--;
}

/* ------------------------------------------------------------------- types */

static const char *basic_type(char tag)
{
	static const char *const names[26] = { "i8", "bool", "char", "f64", "str", "f32", NULL, "u8", "isize", "usize", NULL, "i32", "u32", "i128",
		"u128", "_", NULL, NULL, "i16", "u16", "()", "...", NULL, "i64", "u64", "!" };
	return tag >= 'a' && tag <= 'z' ? names[tag - 'a'] : NULL;
}

static void print_function_type(ptm_rust *r)
{
	uint64_t lifetimes = r->lifetimes;
	print_binder(r);
	if (ptm_rust_take(r, 'U'))
		ptm_rust_print_text(r, "unsafe ");
	if (ptm_rust_take(r, 'K')) {
		ptm_rust_identifier abi = { "C", 1, false };
		if (!ptm_rust_take(r, 'C'))
			abi = ptm_rust_take_identifier(r);
		if (!abi.length || abi.punycode)
			ptm_rust_fail(r);
		ptm_rust_print_text(r, "extern \"");
		for (size_t i = 0; i < abi.length && r->status == PTM_OK; i++)
			ptm_rust_print(r, abi.text[i] == '_' ? "-" : &abi.text[i], 1);
		ptm_rust_print_text(r, "\" ");
	}
	ptm_rust_print_text(r, "fn(");
	for (uint32_t i = 0; r->status == PTM_OK && !ptm_rust_take(r, 'E'); i++) {
		if (i)
			ptm_rust_print_text(r, ", ");
		print_type(r);
	}
	ptm_rust_print_text(r, ")");
	if (!ptm_rust_take(r, 'u')) {
		ptm_rust_print_text(r, " -> ");
		print_type(r);
	}
	r->lifetimes = lifetimes;
}

/* A path of which the generic arguments stay open for "Name = type"; tells whether they are. */
static bool print_open_path(ptm_rust *r)
{
	bool open = false;
	if (ptm_rust_take(r, 'B')) {
		const char *tag = r->at - 1;
		uint64_t place = ptm_rust_take_base62(r);
		const char *after = r->at;
		if (r->silent || r->status != PTM_OK)
			return false;
		if (place >= (uint64_t)(tag - r->start)) {
			ptm_rust_fail(r);
			return false;
		}
		r->at = r->start + place;
		if (ptm_rust_enter(r))
			open = print_open_path(r);
		r->depth--;
		r->at = after;
		return open;
	}
	if (!ptm_rust_take(r, 'I')) {
		print_path(r, false);
		return false;
	}
	print_path(r, false);
	ptm_rust_print_text(r, "<");
	print_arguments(r);
	return true;
}

static void print_dynamic(ptm_rust *r)
{
	uint64_t lifetimes = r->lifetimes;
	ptm_rust_print_text(r, "dyn ");
	print_binder(r);
	for (uint32_t i = 0; r->status == PTM_OK && !ptm_rust_take(r, 'E'); i++) {
		if (i)
			ptm_rust_print_text(r, " + ");
		bool open = print_open_path(r);
		while (ptm_rust_take(r, 'p')) {
			ptm_rust_print_text(r, open ? ", " : "<");
			open = true;
			ptm_rust_print_identifier(r, ptm_rust_take_identifier(r));
			ptm_rust_print_text(r, " = ");
			print_type(r);
		}
		if (open)
			ptm_rust_print_text(r, ">");
	}
	r->lifetimes = lifetimes;
	if (!ptm_rust_take(r, 'L')) {
		ptm_rust_fail(r);
		return;
	}
	uint64_t lifetime = ptm_rust_take_base62(r);
	if (lifetime) {
		ptm_rust_print_text(r, " + ");
		print_lifetime(r, lifetime);
	}
}

static void print_reference(ptm_rust *r, bool mutable)
{
	ptm_rust_print_text(r, "&");
	if (ptm_rust_take(r, 'L')) {
		uint64_t lifetime = ptm_rust_take_base62(r);
		if (lifetime) {
			print_lifetime(r, lifetime);
			ptm_rust_print_text(r, " ");
		}
	}
	if (mutable)
		ptm_rust_print_text(r, "mut ");
	print_type(r);
}

static void print_tuple(ptm_rust *r)
{
	uint32_t count = 0;
	ptm_rust_print_text(r, "(");
	for (; r->status == PTM_OK && !ptm_rust_take(r, 'E'); count++) {
		if (count)
			ptm_rust_print_text(r, ", ");
		print_type(r);
	}
	ptm_rust_print_text(r, count == 1 ? ",)" : ")");
}

static void print_tagged_type(ptm_rust *r, char tag)
{
	switch (tag) {
	case 'R': case 'Q': print_reference(r, tag == 'Q'); break;
	case 'P': case 'O':
		ptm_rust_print_text(r, tag == 'P' ? "*const " : "*mut ");
		print_type(r);
		break;
	case 'A': case 'S':
		ptm_rust_print_text(r, "[");
		print_type(r);
		if (tag == 'A') {
			ptm_rust_print_text(r, "; ");
			print_constant(r);
		}
		ptm_rust_print_text(r, "]");
		break;
	case 'T': print_tuple(r); break;
	case 'F': print_function_type(r); break;
	case 'D': print_dynamic(r); break;
	case 'B': print_back_reference(r, print_type); break;
	default:
		r->at--;
		print_path(r, false);
	}
}

static void print_type(ptm_rust *r)
{
	if (ptm_rust_enter(r)) {
		char tag = ptm_rust_next(r);
		const char *basic = basic_type(tag);
		if (basic)
			ptm_rust_print_text(r, basic);
		else if (r->status == PTM_OK)
			print_tagged_type(r, tag);
	}
	r->depth--;
}

/* --------------------------------------------------------------- constants */

/* Takes hexadecimal digits up to "_"; stores their value when they fit. */
static size_t take_hex(ptm_rust *r, const char **digits, uint64_t *value)
{
	*digits = r->at;
	*value = 0;
	size_t length = 0;
	while (r->status == PTM_OK && !ptm_rust_take(r, '_')) {
		char c = ptm_rust_next(r);
		if (!ptm_rust_is_digit(c) && !(c >= 'a' && c <= 'f'))
			ptm_rust_fail(r);
		*value = *value << 4 | (uint64_t)(ptm_rust_is_digit(c) ? c - '0' : c - 'a' + 10);
		length++;
	}
	return length;
}

static void print_integer(ptm_rust *r)
{
	const char *digits;
	uint64_t value;
	size_t length = take_hex(r, &digits, &value);
	if (length <= 16) {
		ptm_rust_print_number(r, value);
		return;
	}
	ptm_rust_print_text(r, "0x");
	ptm_rust_print(r, digits, length);
}

static void print_character(ptm_rust *r)
{
	const char *digits;
	uint64_t value;
	char text[16];
	if (!take_hex(r, &digits, &value) || value > 0x10ffff) {
		ptm_rust_fail(r);
		return;
	}
	ptm_rust_print_text(r, "'");
	if (value == '\t' || value == '\r' || value == '\n')
		ptm_rust_print_text(r, value == '\t' ? "\\t" : value == '\r' ? "\\r" : "\\n");
	else if (value > 0x1f && value < 0x7f)
		ptm_rust_print_code_point(r, (uint32_t)value);
	else
		ptm_rust_print(r, text, (size_t)snprintf(text, sizeof text, "\\u{%llx}", (unsigned long long)value));
	ptm_rust_print_text(r, "'");
}

static void print_boolean(ptm_rust *r)
{
	const char *digits;
	uint64_t value;
	if (take_hex(r, &digits, &value) != 1 || value > 1)
		ptm_rust_fail(r);
	ptm_rust_print_text(r, value ? "true" : "false");
}

static void print_constant(ptm_rust *r)
{
	if (ptm_rust_enter(r)) {
		char tag = ptm_rust_next(r);
		switch (tag) {
		case 'B': print_back_reference(r, print_constant); break;
		case 'p': ptm_rust_print_text(r, "_"); break;
		case 'h': case 't': case 'm': case 'y': case 'o': case 'j': print_integer(r); break;
		case 'a': case 's': case 'l': case 'x': case 'n': case 'i':
			if (ptm_rust_take(r, 'n'))
				ptm_rust_print_text(r, "-");
			print_integer(r);
			break;
		case 'b': print_boolean(r); break;
		case 'c': print_character(r); break;
		default: ptm_rust_fail(r);
		}
	}
	r->depth--;
}

ptm_status ptm_demangle_rust_v0(const char *symbol, ptm_text *into)
{
	if (symbol[0] != '_' || symbol[1] != 'R' || symbol[2] < 'A' || symbol[2] > 'Z')
		return PTM_NOT_FOUND;
	ptm_rust r = { .start = symbol + 2, .at = symbol + 2, .into = into };
	for (r.end = r.start; *r.end && *r.end != '.'; r.end++)
		if (*r.end != '_' && !ptm_rust_is_digit(*r.end) && !(*r.end >= 'a' && *r.end <= 'z') && !(*r.end >= 'A' && *r.end <= 'Z'))
			return PTM_NOT_FOUND;
	print_path(&r, true);
	if (r.status == PTM_OK && r.at < r.end) {
		r.silent = true;
		print_path(&r, false);
	}
	if (r.at != r.end)
		ptm_rust_fail(&r);
	return r.status;
}
