/* SPDX-License-Identifier: Apache-2.0 */
/* How script_line.c and script_place.c write bytes into a script's text. Private to them. */
#ifndef PTM_API_SCRIPT_PUT_H
#define PTM_API_SCRIPT_PUT_H

#include "api/script.h"
#include <string.h>

/* All of a line but its names, generously. */
#define LINE_BYTES 512u

static inline bool room(ptm_script *script, size_t more)
{
	if (script->status == PTM_OK)
		script->status = ptm_array_reserve(&script->text, (uint32_t)more);
	return script->status == PTM_OK;
}

/* The following write where room was made. */
static inline void put_byte(ptm_script *script, char byte)
{
	script->text.at[script->text.length++] = byte;
}

static inline void put_bytes(ptm_script *script, const char *text, size_t length)
{
	memcpy(script->text.at + script->text.length, text, length);
	script->text.length += (uint32_t)length;
}

#define CHUNK 16u

/* Text that was put before, kept with CHUNK bytes behind it: whole chunks need no call of memcpy. */
static inline void put_again(ptm_script *script, const char *kept, uint32_t length)
{
	char *at = script->text.at + script->text.length;
	for (uint32_t i = 0; i < length; i += CHUNK)
		memcpy(at + i, kept + i, CHUNK);
	script->text.length += length;
}

#define PUT_LITERAL(script, literal) put_bytes(script, literal, sizeof(literal) - 1)

static inline void put_spaces(ptm_script *script, uint32_t count)
{
	memset(script->text.at + script->text.length, ' ', count);
	script->text.length += count;
}

static inline void put_hex(ptm_script *script, uint64_t value, uint32_t width)
{
	uint32_t digits = value ? (67 - (uint32_t)__builtin_clzll(value)) / 4 : 1;
	if (digits < width)
		put_spaces(script, width - digits);
	char *at = script->text.at + script->text.length;
	for (uint32_t i = digits; i-- > 0; value >>= 4)
		at[i] = "0123456789abcdef"[value & 15];
	script->text.length += digits;
}

/* `fill` on the left up to `width`. */
static inline void put_decimal(ptm_script *script, uint64_t value, uint32_t width, char fill)
{
	char digits[20];
	uint32_t count = 0, rest;

	for (; value > UINT32_MAX; value /= 10)
		digits[count++] = (char)('0' + value % 10);
	rest = (uint32_t)value;
	do {
		digits[count++] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	char *at = script->text.at + script->text.length;
	uint32_t length = count > width ? count : width;
	for (uint32_t i = 0; i < length; i++)
		at[i] = i < length - count ? fill : digits[length - 1 - i];
	script->text.length += length;
}

static inline void put_signed(ptm_script *script, int32_t value, uint32_t width)
{
	if (value >= 0)
		put_decimal(script, (uint32_t)value, width, ' ');
	else
		ptm_script_put(script, "%*d", (int)width, value);
}

/* script_place.c */
extern const ptm_place ptm_script_unknown_place;
/* What is known of an address; good until the next call. */
ptm_place *ptm_script_place_of(ptm_script *script, uint32_t space, uint64_t ip);
/* Reads the instruction at a place. */
void ptm_script_look_at_code(ptm_script *script, ptm_place *place, uint8_t length);
/* "(binary)", without the space before it. */
void ptm_script_put_binary(ptm_script *script, const ptm_place *place);
/* Symbol and binary of an address, as far as they were asked for. */
void ptm_script_put_place(ptm_script *script, uint64_t ip);

#endif
