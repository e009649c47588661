/* SPDX-License-Identifier: Apache-2.0 */
/* What perf 6.1 prints of a tracepoint's record (field trace): its "print fmt"
 * with the values put in, or all fields where perf cannot read that. */
#include "file/event_value.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define MOST_SIZE 100000 /* of a width: what a damaged record says is not believed */

typedef struct printing {
	const ptm_event_format *format;
	const ptm_event_writer *to;
	ptm_event_data data;
	uint32_t argument;       /* the next */
} printing;

/* One conversion: %-08.3llx */
typedef struct conversion {
	char flags[8];
	int width, precision;    /* -1: none */
	int longs;               /* l and ll: 1 and 2; h and hh: -1 and -2 */
	const char *letter, *end;
} conversion;

static void put(const printing *p, const char *text, size_t length)
{
	p->to->put(p->to->context, text, length);
}

static void __attribute__((format(printf, 2, 3))) put_format(const printing *p, const char *format, ...)
{
	char text[128];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	put(p, text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

static uint32_t next_argument(printing *p)
{
	return p->argument < p->format->arguments.length ? p->format->arguments.at[p->argument++] : 0;
}

/* ------------------------------------------------------------------ texts */

static void put_padded(const printing *p, const conversion *how, const char *text, size_t length)
{
	length = strnlen(text, length);
	if (how->precision >= 0 && length > (size_t)how->precision)
		length = (size_t)how->precision;
	size_t blanks = how->width > 0 && (size_t)how->width > length ? (size_t)how->width - length : 0;
	bool left = strchr(how->flags, '-');
	for (size_t i = 0; i < blanks && !left; i++)
		put(p, " ", 1);
	put(p, text, length);
	for (size_t i = 0; i < blanks && left; i++)
		put(p, " ", 1);
}

static void put_flags(const printing *p, const conversion *how, const ptm_event_node *node)
{
	uint64_t value = ptm_event_value(p->format, node->left, p->data);
	bool any = false;

	for (uint32_t i = 0; i < node->count; i++) {
		const ptm_event_entry *entry = &p->format->entries.at[node->entries + i];
		if (!value && entry->value < 0) {
			put_padded(p, how, entry->text.at, entry->text.length);
			break;
		}
		if (entry->value <= 0 || (value & (uint64_t)entry->value) != (uint64_t)entry->value)
			continue;
		if (any)
			put(p, node->text.at, node->text.length);
		put_padded(p, how, entry->text.at, entry->text.length);
		any = true;
		value &= ~(uint64_t)entry->value;
	}
	if (!value)
		return;
	if (any)
		put(p, node->text.at, node->text.length);
	put_format(p, "0x%" PRIx64, value);
}

static void put_symbol(const printing *p, const conversion *how, const ptm_event_node *node)
{
	uint64_t value = ptm_event_value(p->format, node->left, p->data);

	for (uint32_t i = 0; i < node->count; i++) {
		const ptm_event_entry *entry = &p->format->entries.at[node->entries + i];
		if ((uint64_t)entry->value == value) {
			put_padded(p, how, entry->text.at, entry->text.length);
			return;
		}
	}
	put_format(p, "0x%" PRIx64, value);
}

/* The bytes that a helper's first operand stands for. */
static ptm_event_part bytes_of(const printing *p, uint32_t row)
{
	const ptm_event_node *node = &p->format->nodes.at[row];
	bool is_field = node->kind == PTM_NODE_DYNAMIC || node->kind == PTM_NODE_FIELD;
	return is_field ? ptm_event_array(p->data, &p->format->fields.at[node->field]) : (ptm_event_part){ 0 };
}

static void put_bytes(const printing *p, const ptm_event_node *node)
{
	ptm_event_part part = bytes_of(p, node->left);
	uint64_t count = ptm_event_value(p->format, node->right, p->data);

	for (uint32_t i = 0; i < count && part.offset + i < p->data.size; i++)
		put_format(p, i && node->operation == ' ' ? " %02x" : "%02x", p->data.at[part.offset + i]);
}

static void put_numbers(const printing *p, const ptm_event_node *node)
{
	ptm_event_part part = bytes_of(p, node->left);
	uint64_t count = ptm_event_value(p->format, node->right, p->data), size = ptm_event_value(p->format, node->other, p->data);

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return;
	for (uint64_t i = 0; i < count && part.offset + (i + 1) * size <= p->data.size; i++)
		put_format(p, i ? " %" PRIu64 : "%" PRIu64, ptm_event_read(p->data, part.offset + i * size, (uint32_t)size));
}

static bool line_is_at(ptm_event_span line, uint64_t address)
{
	char start[32];
	int length = snprintf(start, sizeof start, "0x%" PRIx64 " : \"", address);
	return line.length > (uint32_t)length && !memcmp(line.at, start, (size_t)length);
}

/* The kernel's text at an address, if the recording has it. */
static bool put_kernel_text(const printing *p, uint64_t address)
{
	ptm_event_span texts = p->format->texts;

	for (const char *at = texts.at, *end = at + texts.length; at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		ptm_event_span line = { at, (uint32_t)((stop ? stop : end) - at) };
		at = stop ? stop + 1 : end;
		if (!line_is_at(line, address))
			continue;
		const char *text = memchr(line.at, '"', line.length), *close = line.at + line.length;
		text++;
		close -= close > text && close[-1] == '"';
		if (close - text >= 2 && close[-2] == '\\' && close[-1] == 'n')
			close -= 2;
		put(p, text, (size_t)(close - text));
		return true;
	}
	return false;
}

/* %s of a field: a pointer to a text of the kernel, or text. */
static void put_field_text(const printing *p, const conversion *how, const ptm_event_field *field)
{
	if (!field->is_array && field->size == 8) {
		uint64_t address = ptm_event_read(p->data, field->offset, 8);
		if (!p->format->texts.length || !put_kernel_text(p, address))
			put_format(p, "%" PRIx64, address);
		return;
	}
	ptm_event_part part = ptm_event_array(p->data, field);
	put_padded(p, how, (const char *)p->data.at + part.offset, part.size);
}

static void put_text(const printing *p, const conversion *how, uint32_t row)
{
	const ptm_event_node *node = &p->format->nodes.at[row];

	while (node->kind == PTM_NODE_CHOICE)
		node = &p->format->nodes.at[ptm_event_value(p->format, node->left, p->data) ? node->right : node->other];
	switch (node->kind) {
	case PTM_NODE_TEXT:
		put_padded(p, how, node->text.at, node->text.length);
		break;
	case PTM_NODE_FIELD: case PTM_NODE_STRING: case PTM_NODE_DYNAMIC:
		put_field_text(p, how, &p->format->fields.at[node->field]);
		break;
	case PTM_NODE_FLAGS:
		put_flags(p, how, node);
		break;
	case PTM_NODE_SYMBOLS:
		put_symbol(p, how, node);
		break;
	case PTM_NODE_HEX:
		put_bytes(p, node);
		break;
	case PTM_NODE_ARRAY:
		put_numbers(p, node);
		break;
	default:
		break;
	}
}

/* ---------------------------------------------------------------- numbers */

static uint64_t narrowed(const conversion *how, uint64_t value)
{
	switch (how->longs) {
	case 0: return (uint64_t)(int64_t)(int32_t)value;
	case -1: return (uint64_t)(int64_t)(int16_t)value;
	case -2: return (uint64_t)(int64_t)(int8_t)value;
	default: return value;
	}
}

static void put_number(const printing *p, const conversion *how, uint64_t value)
{
	char format[48], text[320];
	static const char *const lengths[] = { "hh", "h", "", "ll" };
	char letter = *how->letter;
	int at = snprintf(format, sizeof format, "%%%s", how->flags);

	value = narrowed(how, value);
	if (how->width >= 0)
		at += snprintf(format + at, sizeof format - (size_t)at, "%d", how->width > 256 ? 256 : how->width);
	if (how->precision >= 0)
		at += snprintf(format + at, sizeof format - (size_t)at, ".%d", how->precision > 256 ? 256 : how->precision);
	snprintf(format + at, sizeof format - (size_t)at, "%s%c", lengths[how->longs > 0 ? 3 : how->longs + 2], letter);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	int length = how->longs > 0 && letter != 'c' ? snprintf(text, sizeof text, format, value) : snprintf(text, sizeof text, format, (int)value);
#pragma GCC diagnostic pop
	if (length > 0)
		put(p, text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

/* --------------------------------------------------------------- pointers */

static void put_ip4(const printing *p, const uint8_t *at, bool zeros)
{
	put_format(p, zeros ? "%03d.%03d.%03d.%03d" : "%d.%d.%d.%d", at[0], at[1], at[2], at[3]);
}

static void put_ip6(const printing *p, const uint8_t *at, bool colons)
{
	for (uint32_t i = 0; i < 16; i += 2)
		put_format(p, colons && i < 14 ? "%02x%02x:" : "%02x%02x", at[i], at[i + 1]);
}

/* The same with the longest run of zeros left out. */
static void put_short_ip6(const printing *p, const uint8_t *at)
{
	bool mapped = true, isatap = (at[8] & 0xfd) == 0 && at[9] == 0 && at[10] == 0x5e && at[11] == 0xfe;
	uint32_t best = 16, longest = 1;

	for (uint32_t i = 0; i < 12; i++)
		mapped &= at[i] == (i < 10 ? 0 : 0xff);
	uint32_t words = mapped || isatap ? 6 : 8;
	for (uint32_t i = 0; i < words; i++) {
		uint32_t run = 0;
		while (i + run < words && !at[2 * (i + run)] && !at[2 * (i + run) + 1])
			run++;
		if (run > longest) {
			longest = run;
			best = i;
		}
	}
	bool colon = false;
	for (uint32_t i = 0; i < words; i++) {
		if (i == best) {
			put(p, "::", colon || !i ? 2 : 1);
			colon = false;
			i += longest - 1;
			continue;
		}
		put_format(p, colon ? ":%x" : "%x", (unsigned)(at[2 * i] << 8 | at[2 * i + 1]));
		colon = true;
	}
	if (words == 8)
		return;
	put(p, ":", colon);
	put_ip4(p, at + 12, false);
}

/* %pI4, %pI6, %pI6c, %pISpc: the bytes of a field. */
static void put_address(const printing *p, const char *kind, const char *end, ptm_event_part part)
{
	const uint8_t *at = p->data.at + part.offset;
	bool capital = *kind == 'I', is_short = end[-1] == 'c', port = memchr(kind, 'p', (size_t)(end - kind));
	uint32_t family = part.size >= 2 ? (uint32_t)(at[0] | at[1] << 8) : 0;

	if (kind[1] == '4' || (kind[1] == 'S' && family == 2)) {
		if (part.size < (kind[1] == '4' ? 4 : 16)) {
			put(p, "INVALIDIPv4", 11);
			return;
		}
		put_ip4(p, kind[1] == '4' ? at : at + 4, !capital);
	} else if (kind[1] == '6' || (kind[1] == 'S' && family == 10)) {
		if (part.size < (kind[1] == '6' ? 16 : 28)) {
			put(p, "INVALIDIPv6", 11);
			return;
		}
		put(p, "[", port);
		if (is_short)
			put_short_ip6(p, kind[1] == '6' ? at : at + 8);
		else
			put_ip6(p, kind[1] == '6' ? at : at + 8, capital);
	}
	if (port && (family == 2 || family == 10))
		put_format(p, family == 2 ? ":%d" : "]:%d", at[2] << 8 | at[3]);
}

static void put_mac(const printing *p, bool colons, ptm_event_part part)
{
	if (part.size != 6) {
		put(p, "INVALIDMAC", 10);
		return;
	}
	for (uint32_t i = 0; i < 6; i++)
		put_format(p, i && colons ? ":%02x" : "%02x", p->data.at[part.offset + i]);
}

static void put_uuid(const printing *p, char kind, ptm_event_part part)
{
	static const uint8_t little[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

	if (part.size != 16) {
		put(p, "INVALIDUUID", 11);
		return;
	}
	for (uint32_t i = 0; i < 16; i++) {
		const char *format = kind == 'L' || kind == 'B' ? "%02X" : "%02x";
		if (i == 4 || i == 6 || i == 8 || i == 10)
			put(p, "-", 1);
		put_format(p, format, p->data.at[part.offset + ((kind | 32) == 'l' ? little[i] : i)]);
	}
}

/* What follows %p. */
static void put_pointer(printing *p, const conversion *how, uint32_t row)
{
	const char *kind = how->letter + 1;
	char c = how->end > kind ? *kind : 0;
	uint64_t value;

	switch (c) {
	case 'F': case 'f': case 'S': case 's':
		value = ptm_event_value(p->format, row, p->data);
		if (!p->to->put_function(p->to->context, value, c == 'F' || c == 'S'))
			put_format(p, "0x%" PRIx64, value);
		return;
	case 'M': case 'm': put_mac(p, c == 'M', bytes_of(p, row)); return;
	case 'I': case 'i': put_address(p, kind, how->end, bytes_of(p, row)); return;
	case 'U': put_uuid(p, how->end[-1], bytes_of(p, row)); return;
	default:
		value = ptm_event_value(p->format, row, p->data);
		if (value)
			put_format(p, "0x%" PRIx64, value);
		else
			put(p, "(nil)", 5);
	}
}

/* Letters and digits that go with a %p. */
static const char *pointer_end(const char *at, const char *end)
{
	const char *kind = at + 1;

	if (kind >= end)
		return kind;
	switch (*kind) {
	case 'I': case 'i':
		at = kind + 1;
		if (at < end && *at == '4')
			return at + 1;
		if (at < end && (*at == '6' || *at == 'S')) {
			bool socket = *at++ == 'S';
			at += socket && at < end && *at == 'p';
			return at + (at < end && *at == 'c');
		}
		return kind;
	case 'U': return kind + 1 + (end - kind > 1 && strchr("bBlL", kind[1]) && kind[1]);
	case 'F': case 'f': case 'S': case 's': case 'M': case 'm': case 'K': case 'x': case 'h': return kind + 1;
	default: return kind;
	}
}

/* ------------------------------------------------------------ conversions */

static const char *take_size(printing *p, const char *at, const char *end, int *size)
{
	*size = 0;
	if (at < end && *at == '*') {
		int64_t value = (int32_t)ptm_event_value(p->format, next_argument(p), p->data);
		*size = value > MOST_SIZE ? MOST_SIZE : value < -1 ? -1 : (int)value;
		return at + 1;
	}
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		*size = *size < MOST_SIZE / 10 ? *size * 10 + *at - '0' : MOST_SIZE;
	return at;
}

/* From behind the % on. */
static conversion take_conversion(printing *p, const char *at, const char *end)
{
	conversion how = { .width = -1, .precision = -1 };
	uint32_t flags = 0;

	for (; at < end && strchr("-+ #0", *at) && *at; at++)
		if (flags < sizeof how.flags - 1)
			how.flags[flags++] = *at;
	if (at < end && (*at == '*' || (*at >= '1' && *at <= '9')))
		at = take_size(p, at, end, &how.width);
	if (at < end && *at == '.')
		at = take_size(p, at + 1, end, &how.precision);
	for (; at < end && strchr("hlLzZ", *at) && *at; at++)
		how.longs = *at == 'h' ? how.longs - 1 : *at == 'l' ? how.longs + 1 : *at == 'L' ? 2 : 1;
	if (how.longs < -2)
		how.longs = -2;
	how.letter = at;
	how.end = at >= end ? end : *at == 'p' ? pointer_end(at, end) : at + 1;
	return how;
}

static const char *put_conversion(printing *p, const char *at, const char *end)
{
	conversion how = take_conversion(p, at, end);
	char letter = how.letter < end ? *how.letter : 0;

	switch (letter) {
	case 0: break;
	case '%': put(p, "%", 1); break;
	case 'd': case 'i': case 'x': case 'X': case 'u': case 'o': case 'c':
		put_number(p, &how, ptm_event_value(p->format, next_argument(p), p->data));
		break;
	case 's': put_text(p, &how, next_argument(p)); break;
	case 'p': put_pointer(p, &how, next_argument(p)); break;
	default: put_format(p, ">%c<", letter);
	}
	return how.end;
}

/* What is escaped in the text. */
static const char *put_escaped(const printing *p, const char *at, const char *end)
{
	if (at >= end)
		return at;
	char c = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at == 'r' ? '\r' : *at;
	put(p, &c, 1);
	return at + 1;
}

/* ----------------------------------------------------------------- fields */

static void put_field(const printing *p, const ptm_event_field *field)
{
	if (field->is_array) {
		ptm_event_part part = ptm_event_array(p->data, field);
		const char *text = (const char *)p->data.at + part.offset;
		bool printable = field->is_text;
		for (uint32_t i = 0; i < part.size && text[i] && printable; i++)
			printable = (text[i] >= ' ' && text[i] < 127) || (text[i] >= '\t' && text[i] <= '\r');
		if (printable) {
			put(p, text, strnlen(text, part.size));
			return;
		}
		put(p, "ARRAY[", 6);
		for (uint32_t i = 0; i < part.size; i++)
			put_format(p, i ? ", %02x" : "%02x", (uint8_t)text[i]);
		put(p, "]", 1);
		return;
	}
	uint64_t value = ptm_event_read(p->data, field->offset, field->size);
	if (field->is_pointer || (!field->is_signed && field->is_long))
		put_format(p, "0x%" PRIx64, value);
	else if (!field->is_signed)
		put_format(p, "%" PRIu64, value);
	else if (field->size == 4)
		put_format(p, field->is_long ? "0x%x" : "%d", (int)value);
	else if (field->size == 2)
		put_format(p, "%2d", (int16_t)value);
	else if (field->size == 1)
		put_format(p, "%1d", (int8_t)value);
	else
		put_format(p, "%" PRId64, (int64_t)value);
}

static void put_fields(const printing *p)
{
	put_format(p, "[FAILED TO PARSE]");
	for (uint32_t i = 0; i < p->format->fields.length; i++) {
		const ptm_event_field *field = &p->format->fields.at[i];
		if (field->is_common)
			continue;
		put(p, " ", 1);
		put(p, field->name.at, field->name.length);
		put(p, "=", 1);
		put_field(p, field);
	}
}

void ptm_event_format_text(const ptm_event_format *format, const uint8_t *data, uint32_t size, const ptm_event_writer *writer)
{
	printing p = { .format = format, .to = writer, .data = { data, size } };

	if (format->sense != PTM_EVENT_UNDERSTOOD) {
		if (format->sense == PTM_EVENT_FIELDS)
			put_fields(&p);
		return;
	}
	for (const char *at = format->print.at, *end = at + format->print.length; at < end;) {
		const char *start = at;
		while (at < end && *at != '%' && *at != '\\')
			at++;
		put(&p, start, (size_t)(at - start));
		if (at < end)
			at = *at == '%' ? put_conversion(&p, at + 1, end) : put_escaped(&p, at + 1, end);
	}
}
