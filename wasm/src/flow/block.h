/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks: pieces of code from an entry to the first branch, found once per
 * (code id, address, mode). The cache only grows; rows are stable. */
#ifndef PTM_FLOW_BLOCK_H
#define PTM_FLOW_BLOCK_H

#include "image/address_space.h"
#include "x86/insn.h"

/* Longest run without a branch that one block holds; longer code is several
 * blocks, each ending in PTM_INSN_OTHER. */
#define PTM_BLOCK_INSTRUCTIONS 256

typedef struct ptm_block {
	uint64_t ip;             /* first instruction */
	uint64_t last_ip;        /* last instruction: the branch */
	uint64_t target;         /* of a direct branch, else 0 */
	uint32_t size;           /* bytes, last instruction included */
	uint32_t code_id;        /* see ptm_spaces_code_id */
	uint32_t function;       /* row of functions, of `ip` */
	uint16_t instructions;
	uint8_t class;           /* enum ptm_insn_class of the last instruction; OTHER: cut, or code ends */
	uint8_t mode;            /* enum ptm_insn_mode */
	uint8_t no_code;         /* code ends after `size` bytes: what follows cannot be read (instructions may be 0) */
	uint32_t lengths;        /* index of the first instruction's length in the cache's pool of bytes */
	uint64_t function_offset;/* of `ip` in `function` */
} ptm_block;

#define PTM_BLOCKS_RECENT 4096

typedef struct ptm_blocks {
	PTM_ARRAY(ptm_block) blocks;
	PTM_ARRAY(uint8_t) lengths;      /* instruction lengths, block after block */
	uint32_t *slots; uint32_t slot_count;
	uint32_t recent[PTM_BLOCKS_RECENT]; /* rows + 1 of blocks found lately, by address; 0: none */
	ptm_spaces *spaces;              /* borrowed */
} ptm_blocks;

void ptm_blocks_init(ptm_blocks *blocks, ptm_spaces *spaces);
void ptm_blocks_free(ptm_blocks *blocks);

/* Stores the row of the block that starts at `ip`; makes it when new. */
ptm_status ptm_blocks_find_slow(ptm_blocks *blocks, uint32_t code_id, uint32_t space, uint64_t ip, uint8_t mode, uint32_t *block) PTM_MUST_CHECK;

static inline ptm_status ptm_blocks_find(ptm_blocks *blocks, uint32_t space, uint64_t ip, uint8_t mode, uint32_t *block)
{
	uint32_t code_id = ip >> 63 ? ptm_spaces_kernel_code_id(blocks->spaces, space, ip) : ptm_spaces_code_id(blocks->spaces, space);
	uint32_t row = blocks->recent[(ip ^ ip >> 12) % PTM_BLOCKS_RECENT] - 1;
	if (row < blocks->blocks.length) {
		const ptm_block *known = &blocks->blocks.at[row];
		/* Code that was not there may have been mapped since. */
		if (known->ip == ip && known->code_id == code_id && known->mode == mode && !known->no_code) {
			*block = row;
			return PTM_OK;
		}
	}
	return ptm_blocks_find_slow(blocks, code_id, space, ip, mode, block);
}

/* Stores the row of a block made elsewhere (found or added by its code id,
 * address and mode); `lengths` are its instructions' lengths. */
ptm_status ptm_blocks_add(ptm_blocks *blocks, const ptm_block *block, const uint8_t *lengths, uint32_t *row) PTM_MUST_CHECK;

/* Number of instructions of `block` before the one at `ip`; UINT32_MAX when no
 * instruction of it starts there. */
uint32_t ptm_blocks_index_of(const ptm_blocks *blocks, const ptm_block *block, uint64_t ip);

#endif
