/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a tracepoint's format file, a line each:
 * "field:unsigned long args[6];	offset:16;	size:48;	signed:0;". */
#include "file/event_format.h"

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool contains(ptm_event_span text, const char *word)
{
	size_t length = strlen(word);

	for (uint32_t i = 0; i + length <= text.length; i++)
		if (!memcmp(text.at + i, word, length))
			return true;
	return false;
}

static bool begins(ptm_event_span text, const char *word)
{
	size_t length = strlen(word);
	return text.length >= length && !memcmp(text.at, word, length);
}

/* The text up to `stop`, which is passed; all of it where there is none. */
static ptm_event_span cut(ptm_event_span *rest, char stop)
{
	const char *end = memchr(rest->at, stop, rest->length);
	ptm_event_span taken = { rest->at, end ? (uint32_t)(end - rest->at) : rest->length };
	uint32_t passed = taken.length + (end != NULL);

	rest->at += passed;
	rest->length -= passed;
	return taken;
}

static uint32_t number_after(ptm_event_span text, const char *name)
{
	uint32_t number = 0, length = (uint32_t)strlen(name);

	for (uint32_t i = 0; i + length < text.length; i++) {
		if (memcmp(text.at + i, name, length))
			continue;
		for (i += length; i < text.length && text.at[i] >= '0' && text.at[i] <= '9'; i++)
			number = number * 10 + (uint32_t)(text.at[i] - '0');
		return number;
	}
	return 0;
}

/* "unsigned long args[6]": the last word before a bracket is the name. */
static void read_declaration(ptm_event_field *field, ptm_event_span text)
{
	uint32_t end = text.length, count = 0;

	field->is_dynamic = begins(text, "__data_loc");
	field->is_relative = begins(text, "__rel_loc");
	if (end && text.at[end - 1] == ']') {
		while (end && text.at[end - 1] != '[')
			end--;
		for (uint32_t i = end; i < text.length && text.at[i] >= '0' && text.at[i] <= '9'; i++)
			count = count * 10 + (uint32_t)(text.at[i] - '0');
		end -= end > 0;
		field->is_array = true;
	}
	while (end && !is_word(text.at[end - 1]))
		end--;
	uint32_t start = end;
	while (start && is_word(text.at[start - 1]))
		start--;
	field->name = (ptm_event_span){ text.at + start, end - start };
	field->type = (ptm_event_span){ text.at, start };
	field->is_array |= field->is_dynamic || field->is_relative;
	field->is_pointer = memchr(text.at, '*', start) != NULL;
	field->is_long = contains(field->type, "long");
	field->is_text = field->is_array && (contains(field->type, "char") || contains(field->type, "u8") || contains(field->type, "s8"));
	field->element = count && field->size % count == 0 ? field->size / count : 1;
}

static ptm_status read_field(ptm_event_format *format, ptm_event_span line)
{
	ptm_event_field field = { .offset = number_after(line, "offset:"), .size = number_after(line, "size:"), .is_signed = number_after(line, "signed:") };
	ptm_event_span rest = line;

	(void)cut(&rest, ':');
	read_declaration(&field, cut(&rest, ';'));
	field.is_common = begins(field.name, "common_");
	return field.name.length ? ptm_array_push(&format->fields, field) : PTM_OK;
}

ptm_status ptm_event_format_parse(ptm_event_format *format)
{
	ptm_event_span rest = format->text;

	format->sense = PTM_EVENT_UNKNOWN;
	while (rest.length) {
		if (begins(rest, "print fmt: ")) {
			rest.at += 11;
			rest.length -= 11;
			return ptm_event_expression_parse(format, rest);
		}
		ptm_event_span line = cut(&rest, '\n');
		while (line.length && (*line.at == '\t' || *line.at == ' ')) {
			line.at++;
			line.length--;
		}
		if (begins(line, "field:") || begins(line, "field special:"))
			PTM_TRY(read_field(format, line));
	}
	return PTM_OK;
}
