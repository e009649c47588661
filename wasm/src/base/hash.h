/* SPDX-License-Identifier: Apache-2.0 */
/* Mixing functions for hash tables; not for security. */
#ifndef PTM_BASE_HASH_H
#define PTM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t ptm_hash_u64(uint64_t value)
{
	value ^= value >> 32;
	value *= 0x9e3779b97f4a7c15u;
	value ^= value >> 29;
	value *= 0xbf58476d1ce4e5b9u;
	return value ^ value >> 32;
}

static inline uint64_t ptm_hash_bytes(const void *data, size_t length)
{
	const uint8_t *byte = data;
	uint64_t hash = 0xcbf29ce484222325u;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3u;
	return ptm_hash_u64(hash);
}

#endif
