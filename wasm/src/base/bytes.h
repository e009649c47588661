/* SPDX-License-Identifier: Apache-2.0 */
/* A bounds-checked little-endian reader over borrowed bytes: the only place
 * that touches raw input. A read past the end yields 0 and sets `failed`,
 * which stays set, so that a parser may read a whole structure and check once. */
#ifndef PTM_BASE_BYTES_H
#define PTM_BASE_BYTES_H

#include "ptarmigan.h"
#include <string.h>

typedef struct ptm_bytes {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
} ptm_bytes;

static inline ptm_bytes ptm_bytes_of(const void *data, size_t length)
{
	return (ptm_bytes){ data, (const uint8_t *)data + length, false };
}

static inline size_t ptm_bytes_left(const ptm_bytes *bytes)
{
	return (size_t)(bytes->end - bytes->at);
}

/* Returns a pointer to the next `length` bytes and moves past them, or NULL. */
static inline const uint8_t *ptm_bytes_take(ptm_bytes *bytes, size_t length)
{
	if (length > ptm_bytes_left(bytes)) {
		bytes->failed = true;
		bytes->at = bytes->end;
		return NULL;
	}
	const uint8_t *taken = bytes->at;
	bytes->at += length;
	return taken;
}

#define PTM_BYTES_READER(name, type)                                    \
	static inline type ptm_bytes_##name(ptm_bytes *bytes)           \
	{                                                               \
		type value = 0;                                         \
		const uint8_t *from = ptm_bytes_take(bytes, sizeof value); \
		if (from)                                               \
			memcpy(&value, from, sizeof value);             \
		return value;                                           \
	}
PTM_BYTES_READER(u8, uint8_t)
PTM_BYTES_READER(u16, uint16_t)
PTM_BYTES_READER(u32, uint32_t)
PTM_BYTES_READER(u64, uint64_t)
#undef PTM_BYTES_READER

/* Skips `length` bytes. */
static inline void ptm_bytes_skip(ptm_bytes *bytes, size_t length)
{
	(void)ptm_bytes_take(bytes, length);
}

/* Takes a NUL-padded string field of `length` bytes; returns its start and
 * stores the length of the text in it (up to the first NUL). NULL past the end. */
static inline const char *ptm_bytes_text(ptm_bytes *bytes, size_t length, size_t *text)
{
	const uint8_t *from = ptm_bytes_take(bytes, length);
	*text = from ? strnlen((const char *)from, length) : 0;
	return (const char *)from;
}

#endif
