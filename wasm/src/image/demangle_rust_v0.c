/* SPDX-License-Identifier: Apache-2.0 */
/* Rust's newer names, "_R…" (Rust RFC 2603), written without crate hashes, as
 * GNU's demangler does: read and written in one pass. */
#include "image/demangle_tree.h"
#include <stdio.h>

#define MOST_DEPTH 500
#define MOST_STEPS 100000
#define MOST_BYTES (1u << 20)

typedef struct rust {
	const char *start, *end; /* after "_R", without a ".suffix" */
	const char *at;
	ptm_text *into;
	bool silent;             /* parse, but write nothing */
	uint64_t lifetimes;      /* bound by the binders around */
	uint32_t depth, steps;
	ptm_status status;
} rust;

typedef struct identifier {
	const char *text;
	size_t length;
	bool punycode;
} identifier;

static void print_path(rust *r, bool in_value);
static void print_type(rust *r);
static void print_constant(rust *r);

static void fail(rust *r)
{
	if (r->status == PTM_OK)
		r->status = PTM_NOT_FOUND;
}

static char next(rust *r)
{
	if (r->at < r->end && r->status == PTM_OK)
		return *r->at++;
	fail(r);
	return 0;
}

static bool take(rust *r, char wanted)
{
	if (r->status != PTM_OK || r->at >= r->end || *r->at != wanted)
		return false;
	r->at++;
	return true;
}

static void print(rust *r, const char *text, size_t length)
{
	if (r->silent || r->status != PTM_OK)
		return;
	if (r->into->bytes.length + length > MOST_BYTES)
		fail(r);
	else
		r->status = ptm_text_append(r->into, text, length);
}

static void print_text(rust *r, const char *text)
{
	print(r, text, strlen(text));
}

static void print_number(rust *r, uint64_t number)
{
	char text[24];
	print(r, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)number));
}

/* False, and failed, when too deep or too long. */
static bool enter(rust *r)
{
	if (++r->depth > MOST_DEPTH || ++r->steps > MOST_STEPS)
		fail(r);
	return r->status == PTM_OK;
}

/* ----------------------------------------------------------- small things */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "_" is 0; else digits 0-9a-zA-Z and "_", one more than they say. */
static uint64_t take_base62(rust *r)
{
	uint64_t value = 0;
	if (take(r, '_'))
		return 0;
	while (r->status == PTM_OK && !take(r, '_')) {
		char c = next(r);
		if (is_digit(c))
			value = value * 62 + (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'z')
			value = value * 62 + 10 + (uint64_t)(c - 'a');
		else if (c >= 'A' && c <= 'Z')
			value = value * 62 + 36 + (uint64_t)(c - 'A');
		else
			fail(r);
	}
	return value + 1;
}

static uint64_t take_optional_base62(rust *r, char tag)
{
	return take(r, tag) ? take_base62(r) + 1 : 0;
}

static identifier take_identifier(rust *r)
{
	identifier identifier = { .punycode = take(r, 'u') };
	char c = next(r);
	if (!is_digit(c)) {
		fail(r);
		return identifier;
	}
	size_t length = (size_t)(c - '0');
	while (c != '0' && r->at < r->end && is_digit(*r->at) && length < 1u << 20)
		length = length * 10 + (size_t)(*r->at++ - '0');
	(void)take(r, '_');
	if (length > (size_t)(r->end - r->at)) {
		fail(r);
		return identifier;
	}
	identifier.text = r->at;
	identifier.length = length;
	r->at += length;
	return identifier;
}

static void print_code_point(rust *r, uint32_t c)
{
	char bytes[4];
	size_t length = 1;
	bytes[0] = (char)c;
	if (c >= 0x10000) {
		bytes[0] = (char)(0xf0 | c >> 18);
		bytes[1] = (char)(0x80 | (c >> 12 & 63));
		length = 3;
	} else if (c >= 0x800) {
		bytes[0] = (char)(0xe0 | c >> 12);
		length = 2;
	} else if (c >= 0x80) {
		bytes[0] = (char)(0xc0 | c >> 6);
	}
	if (c >= 0x80) {
		if (length > 1)
			bytes[length - 1] = (char)(0x80 | (c >> 6 & 63));
		bytes[length++] = (char)(0x80 | (c & 63));
	}
	print(r, bytes, length);
}

/* One number of punycode (RFC 3492, 6.2). */
static bool take_punycode(const char **at, const char *end, uint32_t bias, uint32_t *delta)
{
	uint64_t weight = 1, value = 0;
	for (uint32_t k = 36;; k += 36) {
		if (*at >= end)
			return false;
		char c = *(*at)++;
		uint32_t digit = c >= 'a' && c <= 'z' ? (uint32_t)(c - 'a') : is_digit(c) ? (uint32_t)(c - '0') + 26 : 36;
		uint32_t threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
		if (digit == 36)
			return false;
		value += digit * weight;
		if (value > INT32_MAX)
			return false;
		if (digit < threshold)
			break;
		weight *= 36 - threshold;
		if (weight > INT32_MAX)
			return false;
	}
	*delta = (uint32_t)value;
	return true;
}

static uint32_t adapt(uint32_t delta, uint32_t count, bool first)
{
	uint32_t k = 0;
	delta = first ? delta / 700 : delta / 2;
	delta += delta / count;
	for (; delta > 35 * 26 / 2; k += 36)
		delta /= 35;
	return k + 36 * delta / (delta + 38);
}

/* Letters beyond ASCII follow the last underscore, each with where it goes. */
static void print_punycode(rust *r, identifier identifier)
{
	uint32_t points[256], count = 0, n = 128, i = 0, bias = 72, delta;
	const char *at = identifier.text, *end = at + identifier.length, *split = NULL;
	for (const char *c = at; c < end; c++)
		if (*c == '_')
			split = c;
	for (; split && at < split && count < 256; at++)
		points[count++] = (uint8_t)*at;
	if (split)
		at = split + 1;
	if (at == end)
		fail(r);
	for (bool first = true; at < end; first = false) {
		if (count == 256 || !take_punycode(&at, end, bias, &delta)) {
			fail(r);
			return;
		}
		i += delta;
		count++;
		bias = adapt(delta, count, first);
		n += i / count;
		i %= count;
		if (n > 0x10ffff) {
			fail(r);
			return;
		}
		memmove(points + i + 1, points + i, (count - 1 - i) * sizeof *points);
		points[i++] = n;
	}
	for (uint32_t j = 0; j < count; j++)
		print_code_point(r, points[j]);
}

static void print_identifier(rust *r, identifier identifier)
{
	if (r->status != PTM_OK)
		return;
	if (identifier.punycode)
		print_punycode(r, identifier);
	else
		print(r, identifier.text, identifier.length);
}

/* Writes again what stands at an earlier place, by `printer`. */
static void print_back_reference(rust *r, void (*printer)(rust *))
{
	const char *tag = r->at - 1;
	uint64_t place = take_base62(r);
	const char *after = r->at;
	if (r->status != PTM_OK || r->silent)
		return;
	if (place >= (uint64_t)(tag - r->start)) {
		fail(r);
		return;
	}
	r->at = r->start + place;
	printer(r);
	r->at = after;
}

static void print_lifetime(rust *r, uint64_t lifetime)
{
	print_text(r, "'");
	if (!lifetime) {
		print_text(r, "_");
		return;
	}
	if (lifetime > r->lifetimes) {
		fail(r);
		return;
	}
	uint64_t depth = r->lifetimes - lifetime;
	char letter = (char)('a' + depth);
	if (depth < 26) {
		print(r, &letter, 1);
	} else {
		print_text(r, "_");
		print_number(r, depth);
	}
}

/* "for<'a, 'b> " */
static void print_binder(rust *r)
{
	uint64_t bound = take_optional_base62(r, 'G');
	if (r->status != PTM_OK || !bound)
		return;
	if (bound > 1000) {
		fail(r);
		return;
	}
	print_text(r, "for<");
	for (uint64_t i = 0; i < bound; i++) {
		if (i)
			print_text(r, ", ");
		r->lifetimes++;
		print_lifetime(r, 1);
	}
	print_text(r, "> ");
}

/* ------------------------------------------------------------------- paths */

static void print_generic_argument(rust *r)
{
	if (take(r, 'L'))
		print_lifetime(r, take_base62(r));
	else if (take(r, 'K'))
		print_constant(r);
	else
		print_type(r);
}

static void print_arguments(rust *r)
{
	for (uint32_t i = 0; r->status == PTM_OK && !take(r, 'E'); i++) {
		if (i)
			print_text(r, ", ");
		print_generic_argument(r);
	}
}

static void print_nested(rust *r, bool in_value)
{
	char space = next(r);
	bool upper = space >= 'A' && space <= 'Z';
	if (!upper && !(space >= 'a' && space <= 'z')) {
		fail(r);
		return;
	}
	print_path(r, in_value);
	uint64_t disambiguator = take_optional_base62(r, 's');
	identifier name = take_identifier(r);
	if (!upper) {
		if (name.length) {
			print_text(r, "::");
			print_identifier(r, name);
		}
		return;
	}
	print_text(r, "::{");
	if (space == 'C')
		print_text(r, "closure");
	else if (space == 'S')
		print_text(r, "shim");
	else
		print(r, &space, 1);
	if (name.length) {
		print_text(r, ":");
		print_identifier(r, name);
	}
	print_text(r, "#");
	print_number(r, disambiguator);
	print_text(r, "}");
}

/* "<type>" or "<type as trait>"; where an impl stands is left out. */
static void print_implementation(rust *r, char tag)
{
	if (tag != 'Y') {
		bool silent = r->silent;
		(void)take_optional_base62(r, 's');
		r->silent = true;
		print_path(r, false);
		r->silent = silent;
	}
	print_text(r, "<");
	print_type(r);
	if (tag != 'M') {
		print_text(r, " as ");
		print_path(r, false);
	}
	print_text(r, ">");
}

static void print_path_in_value(rust *r)
{
	print_path(r, true);
}

static void print_path_in_type(rust *r)
{
	print_path(r, false);
}

static void print_path(rust *r, bool in_value)
{
	if (enter(r)) {
		char tag = next(r);
		switch (tag) {
		case 'C':
			(void)take_optional_base62(r, 's');
			print_identifier(r, take_identifier(r));
			break;
		case 'N': print_nested(r, in_value); break;
		case 'M': case 'X': case 'Y': print_implementation(r, tag); break;
		case 'I':
			print_path(r, in_value);
			print_text(r, in_value ? "::<" : "<");
			print_arguments(r);
			print_text(r, ">");
			break;
		case 'B': print_back_reference(r, in_value ? print_path_in_value : print_path_in_type); break;
		default: fail(r);
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

static void print_function_type(rust *r)
{
	uint64_t lifetimes = r->lifetimes;
	print_binder(r);
	if (take(r, 'U'))
		print_text(r, "unsafe ");
	if (take(r, 'K')) {
		identifier abi = { "C", 1, false };
		if (!take(r, 'C'))
			abi = take_identifier(r);
		if (!abi.length || abi.punycode)
			fail(r);
		print_text(r, "extern \"");
		for (size_t i = 0; i < abi.length && r->status == PTM_OK; i++)
			print(r, abi.text[i] == '_' ? "-" : &abi.text[i], 1);
		print_text(r, "\" ");
	}
	print_text(r, "fn(");
	for (uint32_t i = 0; r->status == PTM_OK && !take(r, 'E'); i++) {
		if (i)
			print_text(r, ", ");
		print_type(r);
	}
	print_text(r, ")");
	if (!take(r, 'u')) {
		print_text(r, " -> ");
		print_type(r);
	}
	r->lifetimes = lifetimes;
}

/* A path of which the generic arguments stay open for "Name = type"; tells whether they are. */
static bool print_open_path(rust *r)
{
	bool open = false;
	if (take(r, 'B')) {
		const char *tag = r->at - 1;
		uint64_t place = take_base62(r);
		const char *after = r->at;
		if (r->silent || r->status != PTM_OK)
			return false;
		if (place >= (uint64_t)(tag - r->start)) {
			fail(r);
			return false;
		}
		r->at = r->start + place;
		if (enter(r))
			open = print_open_path(r);
		r->depth--;
		r->at = after;
		return open;
	}
	if (!take(r, 'I')) {
		print_path(r, false);
		return false;
	}
	print_path(r, false);
	print_text(r, "<");
	print_arguments(r);
	return true;
}

static void print_dynamic(rust *r)
{
	uint64_t lifetimes = r->lifetimes;
	print_text(r, "dyn ");
	print_binder(r);
	for (uint32_t i = 0; r->status == PTM_OK && !take(r, 'E'); i++) {
		if (i)
			print_text(r, " + ");
		bool open = print_open_path(r);
		while (take(r, 'p')) {
			print_text(r, open ? ", " : "<");
			open = true;
			print_identifier(r, take_identifier(r));
			print_text(r, " = ");
			print_type(r);
		}
		if (open)
			print_text(r, ">");
	}
	r->lifetimes = lifetimes;
	if (!take(r, 'L')) {
		fail(r);
		return;
	}
	uint64_t lifetime = take_base62(r);
	if (lifetime) {
		print_text(r, " + ");
		print_lifetime(r, lifetime);
	}
}

static void print_reference(rust *r, bool mutable)
{
	print_text(r, "&");
	if (take(r, 'L')) {
		uint64_t lifetime = take_base62(r);
		if (lifetime) {
			print_lifetime(r, lifetime);
			print_text(r, " ");
		}
	}
	if (mutable)
		print_text(r, "mut ");
	print_type(r);
}

static void print_tuple(rust *r)
{
	uint32_t count = 0;
	print_text(r, "(");
	for (; r->status == PTM_OK && !take(r, 'E'); count++) {
		if (count)
			print_text(r, ", ");
		print_type(r);
	}
	print_text(r, count == 1 ? ",)" : ")");
}

static void print_tagged_type(rust *r, char tag)
{
	switch (tag) {
	case 'R': case 'Q': print_reference(r, tag == 'Q'); break;
	case 'P': case 'O':
		print_text(r, tag == 'P' ? "*const " : "*mut ");
		print_type(r);
		break;
	case 'A': case 'S':
		print_text(r, "[");
		print_type(r);
		if (tag == 'A') {
			print_text(r, "; ");
			print_constant(r);
		}
		print_text(r, "]");
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

static void print_type(rust *r)
{
	if (enter(r)) {
		char tag = next(r);
		const char *basic = basic_type(tag);
		if (basic)
			print_text(r, basic);
		else if (r->status == PTM_OK)
			print_tagged_type(r, tag);
	}
	r->depth--;
}

/* --------------------------------------------------------------- constants */

/* Takes hexadecimal digits up to "_"; stores their value when they fit. */
static size_t take_hex(rust *r, const char **digits, uint64_t *value)
{
	*digits = r->at;
	*value = 0;
	size_t length = 0;
	while (r->status == PTM_OK && !take(r, '_')) {
		char c = next(r);
		if (!is_digit(c) && !(c >= 'a' && c <= 'f'))
			fail(r);
		*value = *value << 4 | (uint64_t)(is_digit(c) ? c - '0' : c - 'a' + 10);
		length++;
	}
	return length;
}

static void print_integer(rust *r)
{
	const char *digits;
	uint64_t value;
	size_t length = take_hex(r, &digits, &value);
	if (length <= 16) {
		print_number(r, value);
		return;
	}
	print_text(r, "0x");
	print(r, digits, length);
}

static void print_character(rust *r)
{
	const char *digits;
	uint64_t value;
	char text[16];
	if (!take_hex(r, &digits, &value) || value > 0x10ffff) {
		fail(r);
		return;
	}
	print_text(r, "'");
	if (value == '\t' || value == '\r' || value == '\n')
		print_text(r, value == '\t' ? "\\t" : value == '\r' ? "\\r" : "\\n");
	else if (value > 0x1f && value < 0x7f)
		print_code_point(r, (uint32_t)value);
	else
		print(r, text, (size_t)snprintf(text, sizeof text, "\\u{%llx}", (unsigned long long)value));
	print_text(r, "'");
}

static void print_boolean(rust *r)
{
	const char *digits;
	uint64_t value;
	if (take_hex(r, &digits, &value) != 1 || value > 1)
		fail(r);
	print_text(r, value ? "true" : "false");
}

static void print_constant(rust *r)
{
	if (enter(r)) {
		char tag = next(r);
		switch (tag) {
		case 'B': print_back_reference(r, print_constant); break;
		case 'p': print_text(r, "_"); break;
		case 'h': case 't': case 'm': case 'y': case 'o': case 'j': print_integer(r); break;
		case 'a': case 's': case 'l': case 'x': case 'n': case 'i':
			if (take(r, 'n'))
				print_text(r, "-");
			print_integer(r);
			break;
		case 'b': print_boolean(r); break;
		case 'c': print_character(r); break;
		default: fail(r);
		}
	}
	r->depth--;
}

ptm_status ptm_demangle_rust_v0(const char *symbol, ptm_text *into)
{
	if (symbol[0] != '_' || symbol[1] != 'R' || symbol[2] < 'A' || symbol[2] > 'Z')
		return PTM_NOT_FOUND;
	rust r = { .start = symbol + 2, .at = symbol + 2, .into = into };
	for (r.end = r.start; *r.end && *r.end != '.'; r.end++)
		if (*r.end != '_' && !is_digit(*r.end) && !(*r.end >= 'a' && *r.end <= 'z') && !(*r.end >= 'A' && *r.end <= 'Z'))
			return PTM_NOT_FOUND;
	print_path(&r, true);
	if (r.status == PTM_OK && r.at < r.end) {
		r.silent = true;
		print_path(&r, false);
	}
	if (r.at != r.end)
		fail(&r);
	return r.status;
}
