/* SPDX-License-Identifier: Apache-2.0 */
#include "image/demangle_rust_words.h"
#include <stdio.h>

#define MOST_DEPTH 500
#define MOST_STEPS 100000
#define MOST_BYTES (1u << 20)

void ptm_rust_fail(ptm_rust *r)
{
	if (r->status == PTM_OK)
		r->status = PTM_NOT_FOUND;
}

char ptm_rust_next(ptm_rust *r)
{
	if (r->at < r->end && r->status == PTM_OK)
		return *r->at++;
	ptm_rust_fail(r);
	return 0;
}

bool ptm_rust_take(ptm_rust *r, char wanted)
{
	if (r->status != PTM_OK || r->at >= r->end || *r->at != wanted)
		return false;
	r->at++;
	return true;
}

void ptm_rust_print(ptm_rust *r, const char *text, size_t length)
{
	if (r->silent || r->status != PTM_OK)
		return;
	if (r->into->bytes.length + length > MOST_BYTES)
		ptm_rust_fail(r);
	else
		r->status = ptm_text_append(r->into, text, length);
}

void ptm_rust_print_text(ptm_rust *r, const char *text)
{
	ptm_rust_print(r, text, strlen(text));
}

void ptm_rust_print_number(ptm_rust *r, uint64_t number)
{
	char text[24];
	ptm_rust_print(r, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)number));
}

/* False, and failed, when too deep or too long. */
bool ptm_rust_enter(ptm_rust *r)
{
	if (++r->depth > MOST_DEPTH || ++r->steps > MOST_STEPS)
		ptm_rust_fail(r);
	return r->status == PTM_OK;
}

/* ----------------------------------------------------------- small things */

bool ptm_rust_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "_" is 0; else digits 0-9a-zA-Z and "_", one more than they say. */
uint64_t ptm_rust_take_base62(ptm_rust *r)
{
	uint64_t value = 0;
	if (ptm_rust_take(r, '_'))
		return 0;
	while (r->status == PTM_OK && !ptm_rust_take(r, '_')) {
		char c = ptm_rust_next(r);
		if (ptm_rust_is_digit(c))
			value = value * 62 + (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'z')
			value = value * 62 + 10 + (uint64_t)(c - 'a');
		else if (c >= 'A' && c <= 'Z')
			value = value * 62 + 36 + (uint64_t)(c - 'A');
		else
			ptm_rust_fail(r);
	}
	return value + 1;
}

uint64_t ptm_rust_take_optional_base62(ptm_rust *r, char tag)
{
	return ptm_rust_take(r, tag) ? ptm_rust_take_base62(r) + 1 : 0;
}

ptm_rust_identifier ptm_rust_take_identifier(ptm_rust *r)
{
	ptm_rust_identifier identifier = { .punycode = ptm_rust_take(r, 'u') };
	char c = ptm_rust_next(r);
	if (!ptm_rust_is_digit(c)) {
		ptm_rust_fail(r);
		return identifier;
	}
	size_t length = (size_t)(c - '0');
	while (c != '0' && r->at < r->end && ptm_rust_is_digit(*r->at) && length < 1u << 20)
		length = length * 10 + (size_t)(*r->at++ - '0');
	(void)ptm_rust_take(r, '_');
	if (length > (size_t)(r->end - r->at)) {
		ptm_rust_fail(r);
		return identifier;
	}
	identifier.text = r->at;
	identifier.length = length;
	r->at += length;
	return identifier;
}

void ptm_rust_print_code_point(ptm_rust *r, uint32_t c)
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
	ptm_rust_print(r, bytes, length);
}

/* One number of punycode (RFC 3492, 6.2). */
static bool take_punycode(const char **at, const char *end, uint32_t bias, uint32_t *delta)
{
	uint64_t weight = 1, value = 0;
	for (uint32_t k = 36;; k += 36) {
		if (*at >= end)
			return false;
		char c = *(*at)++;
		uint32_t digit = c >= 'a' && c <= 'z' ? (uint32_t)(c - 'a') : ptm_rust_is_digit(c) ? (uint32_t)(c - '0') + 26 : 36;
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
static void print_punycode(ptm_rust *r, ptm_rust_identifier identifier)
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
		ptm_rust_fail(r);
	for (bool first = true; at < end; first = false) {
		if (count == 256 || !take_punycode(&at, end, bias, &delta)) {
			ptm_rust_fail(r);
			return;
		}
		i += delta;
		count++;
		bias = adapt(delta, count, first);
		n += i / count;
		i %= count;
		if (n > 0x10ffff) {
			ptm_rust_fail(r);
			return;
		}
		memmove(points + i + 1, points + i, (count - 1 - i) * sizeof *points);
		points[i++] = n;
	}
	for (uint32_t j = 0; j < count; j++)
		ptm_rust_print_code_point(r, points[j]);
}

void ptm_rust_print_identifier(ptm_rust *r, ptm_rust_identifier identifier)
{
	if (r->status != PTM_OK)
		return;
	if (identifier.punycode)
		print_punycode(r, identifier);
	else
		ptm_rust_print(r, identifier.text, identifier.length);
}
