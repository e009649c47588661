/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strings.h"
#include "base/hash.h"

static ptm_status grow_slots(ptm_strings *strings)
{
	uint32_t count = strings->slot_count ? strings->slot_count * 2 : 256;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return PTM_NO_MEMORY;
	for (uint32_t id = 0; id < strings->start.length; id++) {
		const char *text = strings->pool.at + strings->start.at[id];
		uint32_t slot = (uint32_t)ptm_hash_bytes(text, strlen(text)) & (count - 1);
		while (slots[slot])
			slot = (slot + 1) & (count - 1);
		slots[slot] = id + 1;
	}
	free(strings->slots);
	strings->slots = slots;
	strings->slot_count = count;
	return PTM_OK;
}

static ptm_status append(ptm_strings *strings, const char *text, size_t length)
{
	if (length >= UINT32_MAX / 4)
		return PTM_NO_MEMORY;
	PTM_TRY(ptm_array_reserve(&strings->pool, (uint32_t)length + 1));
	PTM_TRY(ptm_array_push(&strings->start, strings->pool.length));
	if (length)
		memcpy(strings->pool.at + strings->pool.length, text, length);
	strings->pool.at[strings->pool.length + length] = 0;
	strings->pool.length += (uint32_t)length + 1;
	return PTM_OK;
}

ptm_status ptm_strings_add(ptm_strings *strings, const char *text, size_t length, uint32_t *id)
{
	if (!strings->start.length) {
		PTM_TRY(append(strings, "", 0));
		PTM_TRY(grow_slots(strings));
	}
	if (!length)
		text = "";
	length = strnlen(text, length);
	if ((strings->start.length + 1) * 2 > strings->slot_count)
		PTM_TRY(grow_slots(strings));
	uint32_t mask = strings->slot_count - 1;
	uint32_t slot = (uint32_t)ptm_hash_bytes(text, length) & mask;
	for (; strings->slots[slot]; slot = (slot + 1) & mask) {
		const char *known = ptm_strings_get(strings, strings->slots[slot] - 1);
		if (strlen(known) == length && !memcmp(known, text, length)) {
			*id = strings->slots[slot] - 1;
			return PTM_OK;
		}
	}
	PTM_TRY(append(strings, text, length));
	*id = strings->start.length - 1;
	strings->slots[slot] = *id + 1;
	return PTM_OK;
}

const char *ptm_strings_get(const ptm_strings *strings, uint32_t id)
{
	return id < strings->start.length ? strings->pool.at + strings->start.at[id] : "";
}

void ptm_strings_free(ptm_strings *strings)
{
	ptm_array_free(&strings->pool);
	ptm_array_free(&strings->start);
	free(strings->slots);
	*strings = (ptm_strings){ 0 };
}
