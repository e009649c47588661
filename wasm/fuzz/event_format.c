/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the formats of tracepoints: a format file, a NUL, and the raw data of a
 * record that is printed with it; and the same bytes as a whole tracing data section. */
#include "file/event_format.h"
#include <stdlib.h>

static void put(void *context, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		*(uint64_t *)context += (uint8_t)text[i];
}

static bool put_function(void *context, uint64_t address, bool with_offset)
{
	*(uint64_t *)context += address;
	return with_offset;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	volatile uint64_t sum = 0;
	const ptm_event_writer writer = { (void *)&sum, put, put_function };
	size_t length = strnlen((const char *)data, size);
	ptm_event_formats formats = { 0 };
	ptm_event_format format = { .text = { (const char *)data, (uint32_t)length } }, *found;

	if (ptm_event_format_parse(&format) == PTM_OK) {
		size_t left = size - length - (length < size);
		uint8_t *raw = malloc(left ? left : 1);
		if (raw && left)
			memcpy(raw, data + size - left, left);
		if (raw)
			ptm_event_format_text(&format, raw, (uint32_t)left, &writer);
		free(raw);
	}
	ptm_array_free(&format.fields);
	ptm_array_free(&format.nodes);
	ptm_array_free(&format.entries);
	ptm_array_free(&format.arguments);
	if (ptm_event_formats_take(&formats, data, (uint32_t)size) == PTM_OK)
		for (uint32_t i = 0; i < formats.formats.length; i++)
			(void)!ptm_event_formats_find(&formats, formats.formats.at[i].id, &found);
	ptm_event_formats_free(&formats);
	return 0;
}
