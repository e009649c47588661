/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a tracepoint's fields and expressions in one record's raw data; for event_*.c only. */
#ifndef PTM_FILE_EVENT_VALUE_H
#define PTM_FILE_EVENT_VALUE_H

#include "file/event_format.h"

/* Operators of BINARY nodes, beside the characters that stand for themselves. */
enum {
	PTM_SHIFT_LEFT = 'l', PTM_SHIFT_RIGHT = 'r', PTM_EQUAL = 'e', PTM_NOT_EQUAL = 'n', PTM_AT_MOST = 'm', PTM_AT_LEAST = 'a',
	PTM_BOTH = 'b', PTM_EITHER = 'o'
};

/* The raw data of a sample. */
typedef struct ptm_event_data {
	const uint8_t *at;
	uint32_t size;
} ptm_event_data;

/* Bytes of it, all of which are there. */
typedef struct ptm_event_part {
	uint32_t offset, size;
} ptm_event_part;

/* A number of 1, 2, 4 or 8 bytes, without its sign; 0 where it is not there. */
uint64_t ptm_event_read(ptm_event_data data, uint64_t offset, uint32_t size);
/* The bytes of an array, as far as they are there. */
ptm_event_part ptm_event_array(ptm_event_data data, const ptm_event_field *field);
uint64_t ptm_event_value(const ptm_event_format *format, uint32_t row, ptm_event_data data);

#endif
