/* SPDX-License-Identifier: Apache-2.0 */
/* Rust's older names: a C++ nested name "_ZN … E" whose last part is a hash
 * ("17h" and 16 hex digits, not shown), with punctuation written as $…$ and "..".
 * The newer ones, "_R…", are in demangle_rust_v0.c. */
#include "image/demangle_tree.h"

#define HASH 19                  /* "17h" and the digits */

typedef struct segment {
	const char *text;
	size_t length;
} segment;

/* Takes the next "length text" before `end`. */
static bool take_segment(const char **at, const char *end, segment *taken)
{
	size_t length = 0;
	if (*at >= end || **at < '0' || **at > '9')
		return false;
	while (*at < end && **at >= '0' && **at <= '9' && length < 1u << 24)
		length = length * 10 + (size_t)(*(*at)++ - '0');
	if (length > (size_t)(end - *at))
		return false;
	*taken = (segment){ *at, length };
	*at += length;
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A random hash has many different digits; a C++ name that looks like one does not. To perf 6.12 it has not all of them. */
static bool is_hash(segment segment, bool newer)
{
	uint32_t seen = 0;
	if (segment.length != 17 || segment.text[0] != 'h')
		return false;
	for (int i = 1; i < 17; i++) {
		int digit = hex_digit(segment.text[i]);
		if (digit < 0)
			return false;
		seen |= 1u << digit;
	}
	return __builtin_popcount(seen) >= 5 && !(newer && seen == 0xffff);
}

/* Stores the character that "$…$" at `text` means and how long that is. */
static bool unescape(const char *text, size_t length, bool newer, char *means, size_t *used)
{
	static const struct { const char *code; char means; } known[] = {
		{ "$C$", ',' }, { "$SP$", '@' }, { "$BP$", '*' }, { "$RF$", '&' }, { "$LT$", '<' }, { "$GT$", '>' }, { "$LP$", '(' }, { "$RP$", ')' },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		*used = strlen(known[i].code);
		*means = known[i].means;
		if (length >= *used && !memcmp(text, known[i].code, *used))
			return true;
	}
	if (length < 5 || text[1] != 'u' || hex_digit(text[2]) < 2 || hex_digit(text[2]) > 7 || hex_digit(text[3]) < 0 || text[4] != '$')
		return false;
	*means = (char)(hex_digit(text[2]) * 16 + hex_digit(text[3]));
	*used = 5;
	/* perf 6.12 knows no others. */
	return !newer || strchr(" '[]~", *means);
}

static ptm_status append_segment(segment segment, bool newer, ptm_text *into)
{
	const char *at = segment.text, *end = at + segment.length;
	if (segment.length >= 2 && at[0] == '_' && at[1] == '$')
		at++;
	while (at < end) {
		size_t used = 1;
		char c = *at;
		if (c == '$' && !unescape(at, (size_t)(end - at), newer, &c, &used))
			return newer ? PTM_NOT_FOUND : ptm_text_append(into, at, (size_t)(end - at));
		if (c == '.' && *at == '.' && end - at >= 2 && at[1] == '.') {
			PTM_TRY(ptm_text_append(into, "::", 2));
			at += 2;
			continue;
		}
		PTM_TRY(ptm_text_append(into, newer && *at == '.' ? "-" : &c, 1));
		at += used;
	}
	return PTM_OK;
}

/* The E that ends the name: the last character, or before a ".suffix". */
static const char *find_end(const char *start)
{
	const char *end = start + strlen(start);
	for (bool before_dot = true; end > start; end--) {
		if (before_dot && end[-1] == 'E')
			return end - 1;
		before_dot = end[-1] == '.';
	}
	return NULL;
}

ptm_status ptm_demangle_rust(const char *symbol, bool newer, ptm_text *into)
{
	if (symbol[1] == 'R')
		return ptm_demangle_rust_v0(symbol, into);
	if (strncmp(symbol, "_ZN", 3))
		return PTM_NOT_FOUND;
	const char *start = symbol + 3, *at = start, *end = find_end(start);
	segment segment = { 0 };
	if (!end || end - start <= HASH || memcmp(end - HASH, "17h", 3))
		return PTM_NOT_FOUND;
	for (const char *c = start; *c; c++)
		if (!(*c >= '0' && *c <= '9') && !(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') && !strchr("_$.:@", *c))
			return PTM_NOT_FOUND;
	while (at < end)
		if (!take_segment(&at, end, &segment))
			return PTM_NOT_FOUND;
	if (!is_hash(segment, newer))
		return PTM_NOT_FOUND;
	for (at = start, end -= HASH; at < end;) {
		if (at > start)
			PTM_TRY(ptm_text_append(into, "::", 2));
		if (take_segment(&at, end, &segment))
			PTM_TRY(append_segment(segment, newer, into));
		else
			break;
	}
	return PTM_OK;
}
