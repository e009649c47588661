/* SPDX-License-Identifier: Apache-2.0 */
#include "api/sample_chain.h"
#include "image/unwind.h"

/* Marks in a call chain: what follows is kernel code, user code, … */
#define FIRST_MARK ((uint64_t)-4095)
#define MARK_USER ((uint64_t)-512)
#define MARK_KERNEL ((uint64_t)-128)

/* The user part of a call-stack LBR: where the newest call went, and where each came from. */
static uint32_t take_branches(const ptm_sample *sample, ptm_chain_frame *frames, uint32_t count)
{
	frames[count++] = (ptm_chain_frame){ ptm_sample_branch(sample, 0).to, false };
	for (uint32_t i = 0; i < sample->branch_count && count < PTM_CHAIN_PART; i++)
		frames[count++] = (ptm_chain_frame){ ptm_sample_branch(sample, i).from, false };
	return count;
}

static uint32_t take_chain(const ptm_sample *sample, const ptm_attr *attr, ptm_chain_frame *frames)
{
	bool in_kernel = false;  /* until a mark says so */
	bool by_branches = attr->branch_sample_type & PTM_BRANCH_CALL_STACK && sample->branch_count;
	uint32_t count = 0, marks = 0;

	for (uint32_t i = 0; i < sample->callchain.count && count < PTM_CHAIN_PART && i - marks < PTM_CHAIN_PART; i++) {
		uint64_t ip = ptm_words_get(&sample->callchain, i);
		if (by_branches && ip == MARK_USER)
			return take_branches(sample, frames, count);
		if (ip >= FIRST_MARK) {
			marks++;
			in_kernel = ip == MARK_KERNEL;
		} else {
			frames[count++] = (ptm_chain_frame){ ip, in_kernel };
		}
	}
	return count;
}

bool ptm_sample_chain_is_lbr(const ptm_sample *sample, const ptm_attr *attr)
{
	if (!(attr->branch_sample_type & PTM_BRANCH_CALL_STACK) || !sample->branch_count)
		return false;
	for (uint32_t i = 0; i < sample->callchain.count && i < PTM_CHAIN_PART; i++)
		if (ptm_words_get(&sample->callchain, i) == MARK_USER)
			return true;
	return false;
}

/* perf's register numbers (AX BX CX DX SI DI BP SP IP, R8 from 16 on) by DWARF number. */
static void take_registers(const ptm_registers *from, ptm_unwind_start *start)
{
	static const uint8_t numbers[PTM_CFI_REGISTERS] = { 0, 3, 2, 1, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 8 };

	for (uint32_t i = 0; i < PTM_CFI_REGISTERS; i++) {
		uint64_t bit = (uint64_t)1 << numbers[i];
		uint32_t row = (uint32_t)__builtin_popcountll(from->mask & (bit - 1));
		if (!(from->mask & bit) || row >= from->words.count)
			continue;
		start->registers[i] = ptm_words_get(&from->words, row);
		start->known |= 1u << i;
	}
}

static ptm_status take_stack(ptm_session *session, const ptm_sample *sample, uint32_t space, ptm_chain_frame *frames, uint32_t *count)
{
	enum { ABI_64 = 2 };
	uint64_t found[PTM_CHAIN_PART];
	uint32_t more;

	if (sample->user.abi != ABI_64 || !sample->stack_used)
		return PTM_OK;
	ptm_unwind_start start = { .space = space, .stack = sample->stack, .stack_size = sample->stack_used };
	take_registers(&sample->user, &start);
	PTM_TRY(ptm_unwind(session->spaces, &start, found, PTM_CHAIN_PART, &more));
	for (uint32_t i = 0; i < more; i++)
		frames[(*count)++] = (ptm_chain_frame){ found[i], false };
	return PTM_OK;
}

ptm_status ptm_sample_chain(ptm_session *session, const ptm_sample *sample, const ptm_attr *attr, uint32_t space, ptm_chain_frame *frames, uint32_t *count)
{
	*count = take_chain(sample, attr, frames);
	return take_stack(session, sample, space, frames, count);
}
