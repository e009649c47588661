/* SPDX-License-Identifier: Apache-2.0 */
/* The stack machine of DWARF expressions (DWARF 5, section 2.5), as far as call
 * frame information uses it. */
#include "image/cfi.h"
#include "image/dwarf.h"

#define DEPTH 64
#define MOST_STEPS 4096

typedef struct stack {
	uint64_t at[DEPTH];
	uint32_t depth;
	bool failed;
	const uint64_t *registers;
	ptm_cfi_read *read;
	void *context;
} stack;

static void push(stack *on, uint64_t value)
{
	if (on->depth == DEPTH)
		on->failed = true;
	else
		on->at[on->depth++] = value;
}

static uint64_t pop(stack *on)
{
	if (on->depth)
		return on->at[--on->depth];
	on->failed = true;
	return 0;
}

static void pick(stack *on, uint32_t below)
{
	if (below >= on->depth)
		on->failed = true;
	else
		push(on, on->at[on->depth - 1 - below]);
}

static void push_register(stack *on, uint64_t number, int64_t offset)
{
	if (number >= PTM_CFI_REGISTERS)
		on->failed = true;
	else
		push(on, on->registers[number] + (uint64_t)offset);
}

static void fetch(stack *on)
{
	uint64_t word = 0, address = pop(on);
	if (!on->read(on->context, address, &word))
		on->failed = true;
	push(on, word);
}

static void swap(stack *on)
{
	uint64_t top = pop(on), second = pop(on);
	push(on, top);
	push(on, second);
}

static void rotate(stack *on)
{
	uint64_t first = pop(on), second = pop(on), third = pop(on);
	push(on, first);
	push(on, third);
	push(on, second);
}

/* Operations on the two topmost values; false: it is none. */
static bool binary(stack *on, uint8_t code)
{
	if (code < 0x1a || code > 0x2e || code == 0x1f || code == 0x20 || code == 0x23 || code == 0x28)
		return false;
	uint64_t right = pop(on), left = pop(on);
	int64_t a = (int64_t)left, b = (int64_t)right;
	switch (code) {
	case 0x1a: push(on, left & right); break;
	case 0x1b: /* div, signed */
		on->failed |= !b;
		push(on, !b || b == -1 ? 0 - left : (uint64_t)(a / b));
		break;
	case 0x1c: push(on, left - right); break;
	case 0x1d: on->failed |= !right; push(on, right ? left % right : 0); break;
	case 0x1e: push(on, left * right); break;
	case 0x21: push(on, left | right); break;
	case 0x22: push(on, left + right); break;
	case 0x24: push(on, right < 64 ? left << right : 0); break;
	case 0x25: push(on, right < 64 ? left >> right : 0); break;
	case 0x26: push(on, (uint64_t)(a >> (right < 64 ? right : 63))); break;
	case 0x27: push(on, left ^ right); break;
	case 0x29: push(on, a == b); break;
	case 0x2a: push(on, a >= b); break;
	case 0x2b: push(on, a > b); break;
	case 0x2c: push(on, a <= b); break;
	case 0x2d: push(on, a < b); break;
	case 0x2e: push(on, a != b); break;
	}
	return true;
}

static void branch(stack *on, ptm_bytes *bytes, const uint8_t *start, int16_t by)
{
	ptrdiff_t to = bytes->at - start + by;
	if (to < 0 || to > bytes->end - start)
		on->failed = true;
	else
		bytes->at = start + to;
}

static void step(stack *on, uint8_t code, ptm_bytes *bytes, const uint8_t *start)
{
	int16_t by;
	uint64_t number;

	if (code >= 0x30 && code <= 0x4f) {
		push(on, code - 0x30u);
		return;
	}
	if (code >= 0x70 && code <= 0x8f) {
		push_register(on, code - 0x70u, ptm_bytes_signed_leb(bytes));
		return;
	}
	if (binary(on, code))
		return;
	switch (code) {
	case 0x03: case 0x0e: case 0x0f: push(on, ptm_bytes_u64(bytes)); break;
	case 0x06: fetch(on); break;
	case 0x08: push(on, ptm_bytes_u8(bytes)); break;
	case 0x09: push(on, (uint64_t)(int64_t)(int8_t)ptm_bytes_u8(bytes)); break;
	case 0x0a: push(on, ptm_bytes_u16(bytes)); break;
	case 0x0b: push(on, (uint64_t)(int64_t)(int16_t)ptm_bytes_u16(bytes)); break;
	case 0x0c: push(on, ptm_bytes_u32(bytes)); break;
	case 0x0d: push(on, (uint64_t)(int64_t)(int32_t)ptm_bytes_u32(bytes)); break;
	case 0x10: push(on, ptm_bytes_leb(bytes)); break;
	case 0x11: push(on, (uint64_t)ptm_bytes_signed_leb(bytes)); break;
	case 0x12: pick(on, 0); break;
	case 0x13: (void)pop(on); break;
	case 0x14: pick(on, 1); break;
	case 0x15: pick(on, ptm_bytes_u8(bytes)); break;
	case 0x16: swap(on); break;
	case 0x17: rotate(on); break;
	case 0x1f: push(on, 0 - pop(on)); break;
	case 0x20: push(on, ~pop(on)); break;
	case 0x23: push(on, pop(on) + ptm_bytes_leb(bytes)); break;
	case 0x28: by = (int16_t)ptm_bytes_u16(bytes); if (pop(on)) branch(on, bytes, start, by); break;
	case 0x2f: by = (int16_t)ptm_bytes_u16(bytes); branch(on, bytes, start, by); break;
	case 0x92: number = ptm_bytes_leb(bytes); push_register(on, number, ptm_bytes_signed_leb(bytes)); break;
	case 0x96: break;
	default: on->failed = true; break;
	}
}

ptm_status ptm_cfi_compute(const ptm_cfi_rule *rule, const uint64_t *registers, bool has_cfa, uint64_t cfa, ptm_cfi_read *read, void *context, uint64_t *value)
{
	stack on = { .registers = registers, .read = read, .context = context };
	ptm_bytes bytes = ptm_bytes_of(rule->expression, rule->expression_length);

	if (has_cfa)
		push(&on, cfa);
	for (uint32_t steps = 0; ptm_bytes_left(&bytes) && !on.failed && !bytes.failed; steps++) {
		if (steps == MOST_STEPS)
			return PTM_BAD_DATA;
		step(&on, ptm_bytes_u8(&bytes), &bytes, rule->expression);
	}
	*value = pop(&on);
	return on.failed || bytes.failed ? PTM_BAD_DATA : PTM_OK;
}
