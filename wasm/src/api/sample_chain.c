/* SPDX-License-Identifier: Apache-2.0 */
#include "api/sample_chain.h"
#include "image/function_files.h"
#include "image/unwind.h"

/* Marks in a call chain: what follows is kernel code, user code, … */
#define FIRST_MARK ((uint64_t)-4095)
#define MARK_USER ((uint64_t)-512)
#define MARK_KERNEL ((uint64_t)-128)

/* The user part of a call-stack LBR: where the newest call went, and where each came from. */
static uint32_t take_branches(const ptm_sample *sample, ptm_chain_frame *frames, uint32_t count)
{
	frames[count++] = (ptm_chain_frame){ .ip = ptm_sample_branch(sample, 0).to };
	for (uint32_t i = 0; i < sample->branch_count && count < PTM_CHAIN_PART; i++)
		frames[count++] = (ptm_chain_frame){ .ip = ptm_sample_branch(sample, i).from };
	return count;
}

bool ptm_sample_chain_is_lbr(const ptm_sample *sample, const ptm_attr *attr, uint32_t most)
{
	if (!(attr->branch_sample_type & PTM_BRANCH_CALL_STACK) || !sample->branch_count)
		return false;
	for (uint32_t i = 0; i < sample->callchain.count && i < PTM_CHAIN_PART && i < most; i++)
		if (ptm_words_get(&sample->callchain, i) == MARK_USER)
			return true;
	return false;
}

static uint32_t take_chain(const ptm_sample *sample, const ptm_attr *attr, uint32_t most, ptm_chain_frame *frames)
{
	bool in_kernel = false;  /* until a mark says so */
	bool by_branches = ptm_sample_chain_is_lbr(sample, attr, most);
	uint32_t count = 0, marks = 0, limit = most < PTM_CHAIN_PART ? most : PTM_CHAIN_PART;

	for (uint32_t i = 0; i < sample->callchain.count && count < limit && i - marks < PTM_CHAIN_PART; i++) {
		uint64_t ip = ptm_words_get(&sample->callchain, i);
		if (by_branches && ip == MARK_USER)
			return take_branches(sample, frames, count);
		if (ip >= FIRST_MARK) {
			marks++;
			in_kernel = ip == MARK_KERNEL;
		} else {
			frames[count++] = (ptm_chain_frame){ .ip = ip, .in_kernel = in_kernel };
		}
	}
	return count;
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

static ptm_status take_stack(ptm_session *session, const ptm_sample *sample, uint32_t space, uint32_t most, ptm_chain_frame *frames, uint32_t *count)
{
	enum { ABI_64 = 2 };
	uint64_t found[PTM_CHAIN_PART];
	uint32_t more;

	if (sample->user.abi != ABI_64 || !sample->stack_used)
		return PTM_OK;
	ptm_unwind_start start = { .space = space, .stack = sample->stack, .stack_size = sample->stack_used };
	take_registers(&sample->user, &start);
	PTM_TRY(ptm_unwind(session->spaces, &start, found, most < PTM_CHAIN_PART ? most : PTM_CHAIN_PART, &more));
	for (uint32_t i = 0; i < more; i++)
		frames[(*count)++] = (ptm_chain_frame){ .ip = found[i], .unwound = true };
	return PTM_OK;
}

ptm_status ptm_sample_chain(ptm_session *session, const ptm_sample *sample, const ptm_attr *attr, uint32_t space, uint32_t most, ptm_chain_frame *frames, uint32_t *count)
{
	*count = take_chain(sample, attr, most, frames);
	return take_stack(session, sample, space, most, frames, count);
}

bool ptm_is_asked_of_addr2line(const char *name)
{
	return name[0] != '[' && strncmp(name, "/tmp/perf-", 10);
}

/* What the symbol table alone says, where there is no debug information. */
static ptm_status take_symbol(ptm_session *session, uint32_t image, uint64_t address, ptm_chain_function *function, uint32_t *count)
{
	bool known;

	*function = (ptm_chain_function){ 0 };
	PTM_TRY(ptm_image_function_name(&session->images, image, address, &function->name));
	*count = function->name != 0;
	if (!*count)
		return PTM_OK;
	PTM_TRY(ptm_image_function_file(&session->images, image, address, &known, &function->file));
	if (function->file == PTM_NO_FUNCTION_FILE)
		function->file = 0;
	return PTM_OK;
}

ptm_status ptm_chain_functions(ptm_session *session, uint32_t space, const ptm_chain_frame *frame, bool as_addr2line, ptm_chain_function functions[PTM_INLINED_MOST], uint32_t *count)
{
	ptm_code_frame frames[PTM_INLINED_MOST];
	uint64_t offset;
	const ptm_map *map = frame->unwound ? ptm_spaces_find(session->spaces, space, frame->ip) : NULL;

	*count = 0;
	if (!map || !map->image || !ptm_is_asked_of_addr2line(ptm_strings_get(&session->strings, map->name)))
		return PTM_OK;
	ptm_map at = *map;
	const ptm_function *symbol = ptm_spaces_function(session->spaces, ptm_spaces_perf_function_at(session->spaces, space, frame->ip, &offset));
	uint32_t name = symbol->name;
	if (!*ptm_strings_get(&session->strings, name))
		return PTM_OK;
	bool has_lines = true;
	if (session->images.images.at[at.image].newer_perf)
		PTM_TRY(ptm_image_has_own_lines(&session->images, at.image, &has_lines));
	if (!has_lines)
		return PTM_OK;
	uint64_t address = ptm_image_address(&session->images.images.at[at.image], at.file_offset + (frame->ip - at.start));
	PTM_TRY(ptm_image_frames(&session->images, at.image, address, as_addr2line, frames, PTM_INLINED_MOST, count));
	for (uint32_t i = 0; i < *count; i++)
		functions[i] = (ptm_chain_function){ .name = frames[i].by_symbol ? name : frames[i].name, .file = frames[i].file, .line = frames[i].line };
	/* The symbols of a file split from the binary are not read for this. */
	if (!*count && !session->images.images.at[at.image].debug_size)
		PTM_TRY(take_symbol(session, at.image, address, functions, count));
	else if (*count && frames[*count - 1].inlined && *count < PTM_INLINED_MOST)
		functions[(*count)++] = (ptm_chain_function){ .name = name }; /* a bundle does not tell the outermost */
	for (uint32_t i = 0; i < *count; i++)
		functions[i].inlined = functions[i].name != name;
	return PTM_OK;
}
