/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/block.h"
#include "base/hash.h"

#define LONGEST_INSTRUCTION 15

void ptm_blocks_init(ptm_blocks *blocks, ptm_spaces *spaces)
{
	*blocks = (ptm_blocks){ .spaces = spaces };
}

void ptm_blocks_free(ptm_blocks *blocks)
{
	ptm_array_free(&blocks->blocks);
	ptm_array_free(&blocks->lengths);
	free(blocks->slots);
	*blocks = (ptm_blocks){ 0 };
}

static uint32_t hash_of(uint32_t code_id, uint64_t ip, uint8_t mode)
{
	return (uint32_t)ptm_hash_u64(ip ^ (uint64_t)code_id << 48 ^ (uint64_t)mode << 46);
}

static ptm_status grow(ptm_blocks *blocks)
{
	uint32_t count = blocks->slot_count ? blocks->slot_count * 2 : 1024;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return PTM_NO_MEMORY;
	for (uint32_t row = 0; row < blocks->blocks.length; row++) {
		const ptm_block *block = &blocks->blocks.at[row];
		uint32_t slot = hash_of(block->code_id, block->ip, block->mode) & (count - 1);
		while (slots[slot])
			slot = (slot + 1) & (count - 1);
		slots[slot] = row + 1;
	}
	free(blocks->slots);
	blocks->slots = slots;
	blocks->slot_count = count;
	return PTM_OK;
}

/* Returns the slot of a block: of its row + 1, or an empty one. */
static uint32_t slot_of(const ptm_blocks *blocks, uint32_t code_id, uint64_t ip, uint8_t mode)
{
	uint32_t mask = blocks->slot_count - 1;
	uint32_t slot = hash_of(code_id, ip, mode) & mask;
	for (; blocks->slots[slot]; slot = (slot + 1) & mask) {
		const ptm_block *known = &blocks->blocks.at[blocks->slots[slot] - 1];
		if (known->ip == ip && known->code_id == code_id && known->mode == mode)
			break;
	}
	return slot;
}

/* perf reads an instruction at the end of a map to its own end. */
static ptm_status decode_beyond(ptm_blocks *blocks, uint32_t space, uint64_t ip, uint8_t mode, ptm_insn *insn)
{
	uint8_t code[LONGEST_INSTRUCTION];
	uint32_t length = sizeof code;
	PTM_TRY(ptm_spaces_code_beyond(blocks->spaces, space, ip, code, &length));
	return ptm_insn_decode(code, length, mode, insn);
}

/* Decodes instructions from block->ip on, up to the first branch, the size limit or the end of the code. */
static ptm_status scan(ptm_blocks *blocks, uint32_t space, ptm_block *block)
{
	uint8_t code[PTM_CODE_BYTES];
	const ptm_map *map;
	uint64_t ip = block->ip;
	uint32_t at = 0, length = 0;
	ptm_insn insn;

	block->lengths = blocks->lengths.length;
	block->last_ip = ip;
	while (block->instructions < PTM_BLOCK_INSTRUCTIONS) {
		ptm_status status = PTM_OK;
		if (length - at < LONGEST_INSTRUCTION) {
			at = 0;
			length = sizeof code;
			status = ptm_spaces_code(blocks->spaces, space, ip, code, &length, &map);
		}
		uint32_t available = length - at < LONGEST_INSTRUCTION ? length - at : LONGEST_INSTRUCTION;
		if (status == PTM_OK)
			status = ptm_insn_decode(code + at, available, block->mode, &insn);
		if (status == PTM_TRUNCATED && block->mode & PTM_MODE_AS_PERF) {
			status = decode_beyond(blocks, space, ip, block->mode, &insn);
			if (status == PTM_OK)
				length = at + insn.length;
		}
		if (status == PTM_NO_MEMORY)
			return status;
		if (status != PTM_OK) {
			block->no_code = 1;
			break;
		}
		PTM_TRY(ptm_array_push(&blocks->lengths, insn.length));
		block->last_ip = ip;
		block->instructions++;
		ip += insn.length;
		at += insn.length;
		if (ptm_insn_is_branch(insn.class)) {
			block->class = insn.class;
			if (insn.class <= PTM_INSN_CALL)
				block->target = ptm_insn_target(&insn, block->last_ip, block->mode);
			break;
		}
	}
	block->size = (uint32_t)(ip - block->ip);
	return PTM_OK;
}

ptm_status ptm_blocks_find_slow(ptm_blocks *blocks, uint32_t code_id, uint32_t space, uint64_t ip, uint8_t mode, uint32_t *row)
{
	uint32_t *recent = &blocks->recent[(ip ^ ip >> 12) % PTM_BLOCKS_RECENT];
	if ((blocks->blocks.length + 1) * 2 > blocks->slot_count)
		PTM_TRY(grow(blocks));
	uint32_t slot = slot_of(blocks, code_id, ip, mode);
	if (blocks->slots[slot]) {
		*recent = blocks->slots[slot];
		*row = blocks->slots[slot] - 1;
		/* Code that was not there may have been mapped since. */
		if (!blocks->blocks.at[*row].no_code)
			return PTM_OK;
	}
	ptm_block block = { .ip = ip, .code_id = code_id, .mode = mode, .class = PTM_INSN_OTHER };
	PTM_TRY(scan(blocks, space, &block));
	block.function = ptm_spaces_function_at(blocks->spaces, space, ip, &block.function_offset);
	if (blocks->slots[slot]) {
		blocks->blocks.at[*row] = block;
		return PTM_OK;
	}
	*row = blocks->blocks.length;
	PTM_TRY(ptm_array_push(&blocks->blocks, block));
	blocks->slots[slot] = *row + 1;
	return PTM_OK;
}

ptm_status ptm_blocks_add(ptm_blocks *blocks, const ptm_block *block, const uint8_t *lengths, uint32_t *row)
{
	if ((blocks->blocks.length + 1) * 2 > blocks->slot_count)
		PTM_TRY(grow(blocks));
	uint32_t slot = slot_of(blocks, block->code_id, block->ip, block->mode);
	if (blocks->slots[slot]) {
		*row = blocks->slots[slot] - 1;
		return PTM_OK;
	}
	PTM_TRY(ptm_array_reserve(&blocks->lengths, block->instructions));
	ptm_block added = *block;
	added.lengths = blocks->lengths.length;
	memcpy(blocks->lengths.at + blocks->lengths.length, lengths, block->instructions);
	blocks->lengths.length += block->instructions;
	*row = blocks->blocks.length;
	PTM_TRY(ptm_array_push(&blocks->blocks, added));
	blocks->slots[slot] = *row + 1;
	return PTM_OK;
}

uint32_t ptm_blocks_index_of(const ptm_blocks *blocks, const ptm_block *block, uint64_t ip)
{
	uint64_t at = block->ip;
	if (ip < at || ip - at >= block->size)
		return UINT32_MAX;
	const uint8_t *length = blocks->lengths.at + block->lengths;
	uint32_t index = 0;
	while (at < ip)
		at += length[index++];
	return at == ip ? index : UINT32_MAX;
}
