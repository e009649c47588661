/* SPDX-License-Identifier: Apache-2.0 */
/* Field trace: what tracepoints say, in the words of the format files that the
 * recording brought along (file/event_format.h). */
#include "api/script.h"
#include <inttypes.h>

ptm_status ptm_session_event_format(ptm_session *session, const ptm_attr *attr, ptm_event_format **format)
{
	if (!session->event_formats_read)
		PTM_TRY(ptm_event_formats_read(&session->event_formats, &session->file));
	session->event_formats_read = true;
	return ptm_event_formats_find(&session->event_formats, attr->config, format);
}

static void put_text(void *context, const char *text, size_t length)
{
	ptm_script_put_text(context, text, length);
}

/* Only the kernel's functions: perf asks for no others. */
static bool put_function(void *context, uint64_t address, bool with_offset)
{
	ptm_script *script = context;
	ptm_session *session = script->session;
	uint64_t offset;
	const ptm_map *map = ptm_spaces_find(session->spaces, script->kernel_space, address);

	if (!map || !session->images.images.at[map->image].is_kernel)
		return false;
	const ptm_function *function = ptm_spaces_function(session->spaces, ptm_spaces_perf_function_at(session->spaces, script->kernel_space, address, &offset));
	const char *name = ptm_strings_get(&session->strings, function->name);
	if (!*name)
		return false;
	ptm_script_put_text(script, name, strlen(name));
	if (with_offset)
		ptm_script_put(script, "+0x%" PRIx64, ptm_script_offset(function, map, offset));
	return true;
}

void ptm_script_put_trace(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr)
{
	const ptm_event_writer writer = { script, put_text, put_function };
	ptm_event_format *format = NULL;

	if (!sample->raw_size || script->status != PTM_OK)
		return;
	script->status = ptm_session_event_format(script->session, attr, &format);
	if (script->status == PTM_OK && format)
		ptm_event_format_text(format, sample->raw, sample->raw_size, &writer);
}

/* ------------------------------------------------------------- eBPF output */

#define DUMP_LINE 8u

/* As in ISO 8859-1. */
static bool is_printable(uint8_t byte)
{
	return (byte >= 0x20 && byte < 0x7f) || byte >= 0xa0;
}

static void put_dump_line(ptm_script *script, const uint8_t *bytes, uint32_t offset, uint32_t count)
{
	ptm_script_put(script, "%17s %04x:", offset ? "" : "BPF output:", offset);
	for (uint32_t i = 0; i < DUMP_LINE; i++)
		if (i < count)
			ptm_script_put(script, " %02x", bytes[offset + i]);
		else
			ptm_script_put(script, "   ");
	ptm_script_put(script, "  ");
	for (uint32_t i = 0; i < DUMP_LINE; i++)
		ptm_script_put(script, "%c", i >= count ? ' ' : is_printable(bytes[offset + i]) ? bytes[offset + i] : '.');
	ptm_script_put(script, "\n");
}

/* The length of the text that the bytes are, up to a zero with nothing but zeros behind it; 0: they are none. */
static uint32_t text_length(const uint8_t *bytes, uint32_t size)
{
	uint32_t length = 0;

	while (length < size && is_printable(bytes[length]))
		length++;
	for (uint32_t i = length; i < size; i++)
		if (bytes[i])
			return 0;
	return length < size ? length : 0;
}

void ptm_script_put_bpf_output(ptm_script *script, const ptm_sample *sample)
{
	uint32_t length = text_length(sample->raw, sample->raw_size);

	ptm_script_put(script, "\n");
	for (uint32_t offset = 0; offset < sample->raw_size; offset += DUMP_LINE)
		put_dump_line(script, sample->raw, offset, sample->raw_size - offset < DUMP_LINE ? sample->raw_size - offset : DUMP_LINE);
	if (!length)
		return;
	ptm_script_put(script, "%17s \"", "BPF string:");
	ptm_script_put_text(script, (const char *)sample->raw, length);
	ptm_script_put(script, "\"\n");
}
