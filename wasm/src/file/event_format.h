/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of its tracepoints: the tracing data of a perf.data holds
 * the `format` file of each that was recorded, with the fields of its raw data
 * and the C expressions that print them ("print fmt"). What is printed is what
 * perf 6.1 prints of them: it has each value as an unsigned number of 64 bits.
 * Format: Linux Documentation/trace/events.rst, "Event formats". */
#ifndef PTM_FILE_EVENT_FORMAT_H
#define PTM_FILE_EVENT_FORMAT_H

#include "base/array.h"
#include "base/bytes.h"
#include "file/trace_file.h"

/* Text inside the tracing data. */
typedef struct ptm_event_span {
	const char *at;
	uint32_t length;
} ptm_event_span;

typedef struct ptm_event_field {
	ptm_event_span type, name;
	uint32_t offset, size;  /* in the raw data */
	uint32_t element;       /* bytes of one element of an array */
	bool is_signed, is_array, is_text, is_pointer, is_long, is_common;
	bool is_dynamic;        /* __data_loc: 16 bits of offset, then 16 of length of what is printed */
	bool is_relative;       /* __rel_loc: the same, from the field's end on */
} ptm_event_field;

typedef enum ptm_event_node_kind {
	PTM_NODE_NUMBER, PTM_NODE_TEXT, PTM_NODE_FIELD, PTM_NODE_INDEX, PTM_NODE_CAST, PTM_NODE_UNARY, PTM_NODE_BINARY, PTM_NODE_CHOICE,
	PTM_NODE_STRING, PTM_NODE_DYNAMIC, PTM_NODE_LENGTH, PTM_NODE_FLAGS, PTM_NODE_SYMBOLS, PTM_NODE_HEX, PTM_NODE_ARRAY
} ptm_event_node_kind;

/* A node of an expression; rows of others are 0 where there is none. */
typedef struct ptm_event_node {
	uint8_t kind;           /* enum ptm_event_node_kind */
	uint8_t operation;      /* UNARY, BINARY: the operator, see event_value.h; HEX: '_' without spaces */
	uint8_t size;           /* CAST: bytes, 0: as it is */
	bool is_signed;         /* CAST */
	uint32_t field;         /* row of fields */
	uint32_t left, right, other; /* operands */
	uint32_t entries, count;/* FLAGS, SYMBOLS: rows of entries */
	uint64_t value;         /* NUMBER */
	ptm_event_span text;    /* TEXT; FLAGS: what stands between */
} ptm_event_node;

typedef struct ptm_event_entry {
	int64_t value;
	ptm_event_span text;
} ptm_event_entry;

typedef enum ptm_event_sense {
	PTM_EVENT_UNDERSTOOD,
	PTM_EVENT_FIELDS,       /* perf does not understand the expressions either, and prints the fields */
	PTM_EVENT_UNKNOWN       /* nothing can be printed */
} ptm_event_sense;

typedef struct ptm_event_format {
	ptm_event_span name, system, text; /* text: the whole file */
	uint64_t id;            /* config of the events' attributes */
	bool parsed;
	uint8_t sense;          /* enum ptm_event_sense */
	PTM_ARRAY(ptm_event_field) fields;
	PTM_ARRAY(ptm_event_node) nodes; /* row 0 is none */
	PTM_ARRAY(ptm_event_entry) entries;
	PTM_ARRAY(uint32_t) arguments; /* rows of nodes */
	ptm_event_span texts;   /* of ptm_event_formats */
	ptm_event_span print;   /* what is printed, with its % conversions */
} ptm_event_format;

/* All formats of a file. */
typedef struct ptm_event_formats {
	PTM_ARRAY(uint8_t) bytes; /* the tracing data */
	PTM_ARRAY(ptm_event_format) formats;
	ptm_event_span texts;   /* of the kernel, at addresses: lines of 0x1234 : "text" */
} ptm_event_formats;

/* Reads the tracing data of `file`; none, or as many formats as are whole. */
ptm_status ptm_event_formats_read(ptm_event_formats *formats, const ptm_trace_file *file) PTM_MUST_CHECK;
/* The same of `length` bytes of tracing data, which are copied. */
ptm_status ptm_event_formats_take(ptm_event_formats *formats, const uint8_t *data, uint32_t length) PTM_MUST_CHECK;
/* Stores the format, parsed, of the tracepoint with `id` (borrowed); NULL: it is not there. */
ptm_status ptm_event_formats_find(ptm_event_formats *formats, uint64_t id, ptm_event_format **format) PTM_MUST_CHECK;
void ptm_event_formats_free(ptm_event_formats *formats);

/* event_format.c: fills all of a format but name, system and id from its text. Fails only for want of memory. */
ptm_status ptm_event_format_parse(ptm_event_format *format) PTM_MUST_CHECK;
/* event_expression.c: the "print fmt" in `text`, once the fields are known. */
ptm_status ptm_event_expression_parse(ptm_event_format *format, ptm_event_span text) PTM_MUST_CHECK;

/* Where text goes, and who knows the kernel's functions. */
typedef struct ptm_event_writer {
	void *context;
	void (*put)(void *context, const char *text, size_t length);
	/* Puts the name of the function at an address, with the offset in it if asked for; false: it has none. */
	bool (*put_function)(void *context, uint64_t address, bool with_offset);
} ptm_event_writer;

/* event_text.c: what perf prints of raw data of `size` bytes. */
void ptm_event_format_text(const ptm_event_format *format, const uint8_t *data, uint32_t size, const ptm_event_writer *writer);

static inline bool ptm_event_is(ptm_event_span span, const char *text)
{
	return span.length == strlen(text) && !memcmp(span.at, text, span.length);
}

#endif
