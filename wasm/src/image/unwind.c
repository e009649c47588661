/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unwind.h"
#include <string.h>

/* A frame is not believed to be larger where only frame pointers lead on. */
#define LARGEST_FRAME 0x4000
#define WORD 8

typedef struct walk {
	ptm_spaces *spaces;
	const ptm_unwind_start *start;
	uint64_t registers[PTM_CFI_REGISTERS];
	uint32_t known;
	uint64_t ip, cfa;
	bool after_call;         /* ip is a return address: the call is before it */
	ptm_status status;       /* a failure of the host */
} walk;

/* ----------------------------------------------------------------- memory */

static bool read_code(walk *from, uint64_t address, void *into, uint32_t length)
{
	const ptm_map *map;
	uint32_t got = length;
	ptm_status status = ptm_spaces_code(from->spaces, from->start->space, address, into, &got, &map);

	if (status != PTM_OK && status != PTM_NOT_FOUND)
		from->status = status;
	return status == PTM_OK && got == length;
}

/* The copied stack (perf leaves out its last word), or else what the images hold. */
static bool read_word(void *context, uint64_t address, uint64_t *word)
{
	walk *from = context;
	uint64_t low = from->start->registers[PTM_CFI_RSP], offset = address - low;

	if (from->start->stack_size > WORD && address >= low && offset < from->start->stack_size - WORD) {
		memcpy(word, from->start->stack + offset, WORD);
		return true;
	}
	return read_code(from, address, word, WORD);
}

/* ---------------------------------------------------------- by information */

static bool is_known(const walk *of, uint32_t number)
{
	return of->known >> number & 1;
}

static bool cfa_of(walk *from, const ptm_cfi_row *row, uint64_t *cfa)
{
	if (row->cfa.kind == PTM_CFI_COMPUTED)
		return ptm_cfi_compute(&row->cfa, from->registers, false, 0, read_word, from, cfa) == PTM_OK;
	if (row->cfa.kind != PTM_CFI_VALUE || !is_known(from, row->cfa_register))
		return false;
	*cfa = from->registers[row->cfa_register] + (uint64_t)row->cfa.value;
	return true;
}

/* Stores the caller's value of a register; false: it is not known. */
static bool value_of(walk *from, const ptm_cfi_rule *rule, uint32_t number, uint64_t cfa, uint64_t *value)
{
	uint64_t address;

	switch (rule->kind) {
	case PTM_CFI_SAME:
		*value = from->registers[number];
		return is_known(from, number);
	case PTM_CFI_SAVED:
		return read_word(from, cfa + (uint64_t)rule->value, value);
	case PTM_CFI_VALUE:
		*value = cfa + (uint64_t)rule->value;
		return true;
	case PTM_CFI_REGISTER:
		if ((uint64_t)rule->value >= PTM_CFI_REGISTERS || !is_known(from, (uint32_t)rule->value))
			return false;
		*value = from->registers[rule->value];
		return true;
	case PTM_CFI_SAVED_AT:
		return ptm_cfi_compute(rule, from->registers, true, cfa, read_word, from, &address) == PTM_OK && read_word(from, address, value);
	case PTM_CFI_COMPUTED:
		return ptm_cfi_compute(rule, from->registers, true, cfa, read_word, from, value) == PTM_OK;
	default:
		return false;
	}
}

static bool step_by_row(walk *on, const ptm_cfi_row *row)
{
	uint64_t values[PTM_CFI_REGISTERS] = { 0 }, cfa;
	uint32_t known = 0;

	if (!cfa_of(on, row, &cfa))
		return false;
	for (uint32_t i = 0; i < PTM_CFI_REGISTERS; i++)
		if (value_of(on, &row->rules[i], i, cfa, &values[i]))
			known |= 1u << i;
	if (row->rules[PTM_CFI_RSP].kind == PTM_CFI_SAME) {
		values[PTM_CFI_RSP] = cfa;
		known |= 1u << PTM_CFI_RSP;
	}
	if (!(known >> row->return_register & 1))
		return false;
	uint64_t ip = values[row->return_register];
	bool moved = ip != on->ip || cfa != on->cfa;
	memcpy(on->registers, values, sizeof values);
	on->known = known;
	on->ip = ip;
	on->cfa = cfa;
	on->after_call = !row->is_signal_frame;
	return moved;
}

/* ------------------------------------------------------- by frame pointers */

/* "jmp *…; push n; jmp …", which has called nobody: the return address is on top. */
static bool is_plt_entry(walk *at)
{
	uint8_t code[12];
	return read_code(at, at->ip, code, sizeof code) && code[0] == 0xff && code[1] == 0x25 && code[6] == 0x68 && code[11] == 0xe9;
}

static bool step_by_frame(walk *on)
{
	uint64_t frame = on->registers[PTM_CFI_RBP], caller = 0, ip;
	uint64_t old_ip = on->ip, old_cfa = on->cfa;

	if (is_plt_entry(on)) {
		if (!read_word(on, on->cfa, &ip))
			return false;
		on->cfa += WORD;
		on->registers[PTM_CFI_RSP] = on->cfa;
	} else {
		if (!is_known(on, PTM_CFI_RBP) || !frame)
			return false;
		bool has_caller = read_word(on, frame, &caller) && caller >= frame && caller - frame <= LARGEST_FRAME;
		if (!has_caller || !read_word(on, frame + WORD, &ip))
			return false;
		on->cfa = frame + 2 * WORD;
		on->registers[PTM_CFI_RBP] = caller;
		on->registers[PTM_CFI_RSP] = on->cfa;
		on->known = 1u << PTM_CFI_RBP | 1u << PTM_CFI_RSP;
	}
	on->after_call = true;
	on->ip = ip;
	return ip != old_ip || on->cfa != old_cfa;
}

/* ---------------------------------------------------------------- the walk */

static bool step(walk *on, ptm_images *images)
{
	ptm_cfi_row row;
	uint64_t ip = on->ip - on->after_call;
	const ptm_map *map = ptm_spaces_find(on->spaces, on->start->space, ip);

	if (!map || !map->image || map->image >= images->images.length)
		return false;
	ptm_image *image = &images->images.at[map->image];
	uint64_t address = ptm_image_address(image, map->file_offset + (ip - map->start));
	ptm_status status = ptm_cfi_find(image, address, &row);
	if (status == PTM_NO_MEMORY || status == PTM_READ_FAILED)
		on->status = status;
	if (status == PTM_OK)
		return step_by_row(on, &row) && on->ip;
	return status == PTM_NOT_FOUND && step_by_frame(on) && on->ip;
}

ptm_status ptm_unwind(ptm_spaces *spaces, const ptm_unwind_start *start, uint64_t *frames, uint32_t most, uint32_t *count)
{
	walk on = { .spaces = spaces, .start = start, .known = start->known, .ip = start->registers[PTM_CFI_RETURN],
		    .cfa = start->registers[PTM_CFI_RSP] };
	const uint32_t needed = 1u << PTM_CFI_RETURN | 1u << PTM_CFI_RSP;

	*count = 0;
	if ((start->known & needed) != needed || !most)
		return PTM_OK;
	memcpy(on.registers, start->registers, sizeof on.registers);
	frames[(*count)++] = on.ip;
	/* perf leaves out a frame at address 0, behind which there is nothing. */
	while (*count < most && step(&on, ptm_spaces_images(spaces)) && on.status == PTM_OK && on.ip - on.after_call)
		frames[(*count)++] = on.ip - on.after_call;
	return on.status;
}
