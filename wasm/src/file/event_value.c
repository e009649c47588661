/* SPDX-License-Identifier: Apache-2.0 */
/* What an expression of a tracepoint's "print fmt" is worth for one record: an
 * unsigned number of 64 bits, as perf 6.1 has it, even of signed fields. */
#include "file/event_value.h"

uint64_t ptm_event_read(ptm_event_data data, uint64_t offset, uint32_t size)
{
	uint64_t value = 0;

	if ((size == 1 || size == 2 || size == 4 || size == 8) && offset <= data.size && size <= data.size - offset)
		memcpy(&value, data.at + offset, size);
	return value;
}

ptm_event_part ptm_event_array(ptm_event_data data, const ptm_event_field *field)
{
	ptm_event_part part = { field->offset, field->size };

	if (field->is_dynamic || field->is_relative) {
		uint64_t place = ptm_event_read(data, field->offset, 4);
		part.offset = (uint32_t)(place & 0xffff) + (field->is_relative ? field->offset + field->size : 0);
		part.size = (uint32_t)(place >> 16);
	}
	if (part.offset > data.size)
		part.offset = data.size;
	if (part.size > data.size - part.offset)
		part.size = data.size - part.offset;
	return part;
}

static uint64_t cast(const ptm_event_node *node, uint64_t value)
{
	switch (node->size) {
	case 1: return node->is_signed ? (uint64_t)(int64_t)(int8_t)value : (uint8_t)value;
	case 2: return node->is_signed ? (uint64_t)(int64_t)(int16_t)value : (uint16_t)value;
	case 4: return node->is_signed ? (uint64_t)(int64_t)(int32_t)value : (uint32_t)value;
	default: return value;
	}
}

static uint64_t element(const ptm_event_format *format, const ptm_event_node *node, ptm_event_data data)
{
	const ptm_event_field *field = &format->fields.at[node->field];
	ptm_event_part part = ptm_event_array(data, field);
	uint64_t index = ptm_event_value(format, node->left, data);

	if (index >= data.size)
		return 0;
	return ptm_event_read(data, part.offset + index * field->element, field->element);
}

static uint64_t calculate(uint8_t operation, uint64_t left, uint64_t right)
{
	switch (operation) {
	case '|': return left | right;
	case '&': return left & right;
	case '^': return left ^ right;
	case '+': return left + right;
	case '-': return left - right;
	case '*': return left * right;
	case '/': return right ? left / right : 0;
	case '%': return right ? left % right : 0;
	case '<': return left < right;
	case '>': return left > right;
	case PTM_SHIFT_LEFT: return left << (right & 63);
	case PTM_SHIFT_RIGHT: return left >> (right & 63);
	case PTM_EQUAL: return left == right;
	case PTM_NOT_EQUAL: return left != right;
	case PTM_AT_MOST: return left <= right;
	case PTM_AT_LEAST: return left >= right;
	case PTM_BOTH: return left && right;
	default: return left || right;
	}
}

uint64_t ptm_event_value(const ptm_event_format *format, uint32_t row, ptm_event_data data)
{
	const ptm_event_node *node = &format->nodes.at[row];
	const ptm_event_field *field = node->field < format->fields.length ? &format->fields.at[node->field] : NULL;

	switch (node->kind) {
	case PTM_NODE_NUMBER: return node->value;
	case PTM_NODE_FIELD: return field ? ptm_event_read(data, field->offset, field->size) : 0;
	case PTM_NODE_INDEX: return element(format, node, data);
	case PTM_NODE_CAST: return cast(node, ptm_event_value(format, node->left, data));
	case PTM_NODE_UNARY: {
		uint64_t value = ptm_event_value(format, node->left, data);
		return node->operation == '-' ? 0 - value : node->operation == '~' ? ~value : !value;
	}
	case PTM_NODE_BINARY:
		return calculate(node->operation, ptm_event_value(format, node->left, data), ptm_event_value(format, node->right, data));
	case PTM_NODE_CHOICE:
		return ptm_event_value(format, ptm_event_value(format, node->left, data) ? node->right : node->other, data);
	case PTM_NODE_LENGTH: return field ? ptm_event_read(data, field->offset, 4) >> 16 : 0;
	default: return 0;       /* texts are worth nothing */
	}
}
