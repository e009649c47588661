/* SPDX-License-Identifier: Apache-2.0 */
/* The tracing data of a perf.data: a header, two files on the ring buffer, the
 * formats of ftrace's own events, then system by system those of tracepoints.
 * then the kernel's symbols, which perf has elsewhere too, and texts.
 * Format: the manual page trace-cmd.dat(5), version 6 up to the event formats. */
#include "file/event_format.h"
#include <stdlib.h>

#define MOST_BYTES (64u << 20)

static ptm_event_span span_of(const uint8_t *at, size_t length)
{
	return (ptm_event_span){ (const char *)at, (uint32_t)length };
}

/* A text with its NUL. */
static ptm_event_span take_text(ptm_bytes *bytes)
{
	size_t length = strnlen((const char *)bytes->at, ptm_bytes_left(bytes));
	return span_of(ptm_bytes_take(bytes, length + 1), length);
}

static ptm_event_span take_file(ptm_bytes *bytes)
{
	uint64_t length = ptm_bytes_u64(bytes);
	return span_of(ptm_bytes_take(bytes, length > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)length), (size_t)length);
}

/* The number on the line that begins with `name`. */
static bool find_line(ptm_event_span text, const char *name, ptm_event_span *rest)
{
	size_t length = strlen(name);

	for (uint32_t at = 0; at + length < text.length;) {
		const char *line = text.at + at;
		const char *end = memchr(line, '\n', text.length - at);
		uint32_t size = end ? (uint32_t)(end - line) : text.length - at;
		if (size > length && !memcmp(line, name, length)) {
			*rest = (ptm_event_span){ line + length, size - (uint32_t)length };
			return true;
		}
		at += size + 1;
	}
	return false;
}

static ptm_status add_format(ptm_event_formats *formats, ptm_event_span system, ptm_event_span text)
{
	ptm_event_format format = { .system = system, .text = text };
	ptm_event_span id;

	if (!find_line(text, "name: ", &format.name) || !find_line(text, "ID: ", &id))
		return PTM_OK;
	for (uint32_t i = 0; i < id.length && id.at[i] >= '0' && id.at[i] <= '9'; i++)
		format.id = format.id * 10 + (uint64_t)(id.at[i] - '0');
	return ptm_array_push(&formats->formats, format);
}

static ptm_status take_events(ptm_event_formats *formats, ptm_bytes *bytes)
{
	uint32_t systems = ptm_bytes_u32(bytes);

	for (uint32_t i = 0; i < systems && !bytes->failed; i++) {
		ptm_event_span system = take_text(bytes);
		uint32_t count = ptm_bytes_u32(bytes);
		for (uint32_t row = 0; row < count && !bytes->failed; row++) {
			ptm_event_span text = take_file(bytes);
			if (!bytes->failed)
				PTM_TRY(add_format(formats, system, text));
		}
	}
	return PTM_OK;
}

static ptm_status take_data(ptm_event_formats *formats)
{
	ptm_bytes bytes = ptm_bytes_of(formats->bytes.at, formats->bytes.length);
	const uint8_t *magic = ptm_bytes_take(&bytes, 10);

	if (!magic || memcmp(magic, "\x17\x08\x44tracing", 10))
		return PTM_OK;
	(void)take_text(&bytes);         /* version */
	if (ptm_bytes_u8(&bytes))        /* big endian */
		return PTM_OK;
	ptm_bytes_skip(&bytes, 1 + 4);   /* size of long, page size */
	for (uint32_t file = 0; file < 2; file++) { /* header_page, header_event */
		(void)take_text(&bytes);
		(void)take_file(&bytes);
	}
	uint32_t own = ptm_bytes_u32(&bytes);
	for (uint32_t i = 0; i < own && !bytes.failed; i++)
		(void)take_file(&bytes);
	PTM_TRY(take_events(formats, &bytes));
	ptm_bytes_skip(&bytes, ptm_bytes_u32(&bytes)); /* symbols */
	uint32_t texts = ptm_bytes_u32(&bytes);
	const uint8_t *at = ptm_bytes_take(&bytes, texts);
	if (at)
		formats->texts = span_of(at, texts);
	return PTM_OK;
}

ptm_status ptm_event_formats_take(ptm_event_formats *formats, const uint8_t *data, uint32_t length)
{
	if (!length)
		return PTM_OK;
	PTM_TRY(ptm_array_reserve(&formats->bytes, length));
	memcpy(formats->bytes.at, data, length);
	formats->bytes.length = length;
	return take_data(formats);
}

ptm_status ptm_event_formats_read(ptm_event_formats *formats, const ptm_trace_file *file)
{
	const uint8_t *at;

	if (!file->tracing_data_size || file->tracing_data_size > MOST_BYTES)
		return PTM_OK;
	PTM_TRY(ptm_trace_file_view(file, file->tracing_data_offset, (uint32_t)file->tracing_data_size, &at));
	return ptm_event_formats_take(formats, at, (uint32_t)file->tracing_data_size);
}

ptm_status ptm_event_formats_find(ptm_event_formats *formats, uint64_t id, ptm_event_format **format)
{
	*format = NULL;
	for (uint32_t i = 0; i < formats->formats.length && !*format; i++)
		if (formats->formats.at[i].id == id)
			*format = &formats->formats.at[i];
	if (!*format || (*format)->parsed)
		return PTM_OK;
	(*format)->parsed = true;
	(*format)->texts = formats->texts;
	return ptm_event_format_parse(*format);
}

void ptm_event_formats_free(ptm_event_formats *formats)
{
	for (uint32_t i = 0; i < formats->formats.length; i++) {
		ptm_event_format *format = &formats->formats.at[i];
		ptm_array_free(&format->fields);
		ptm_array_free(&format->nodes);
		ptm_array_free(&format->entries);
		ptm_array_free(&format->arguments);
	}
	ptm_array_free(&formats->formats);
	ptm_array_free(&formats->bytes);
}
