/* SPDX-License-Identifier: Apache-2.0 */
/* perf's idea of a thread's calls: return addresses, popped where a return goes
 * to one of them, kept where it goes to none. Shown by callindent, --itrace=g and
 * l; not what the views show, which know where a stack is unknown. */
#include "api/script.h"

#define KERNEL_START 0x8000000000000000ull
#define MARK_USER ((uint64_t)-512)
#define MARK_KERNEL ((uint64_t)-128)
#define RING_WORDS 3u
#define MOST_CALLS (1u << 20)

static void flush(ptm_thread_stack *stack)
{
	stack->returns.length = stack->ends.length = 0;
	stack->ring_head = stack->ring_count = 0;
}

static ptm_status push(ptm_thread_stack *stack, uint64_t to, bool ends)
{
	if (stack->returns.length >= MOST_CALLS)
		stack->returns.length = stack->ends.length = 0;
	PTM_TRY(ptm_array_push(&stack->ends, ends));
	return ptm_array_push(&stack->returns, to);
}

/* Drops all calls from the innermost that returns to `ip` on; none does: drops nothing. */
static void pop(ptm_thread_stack *stack, uint64_t ip)
{
	for (uint32_t i = stack->returns.length; i-- > 0;) {
		if (stack->returns.at[i] == ip) {
			stack->returns.length = stack->ends.length = i;
			return;
		}
	}
}

static void pop_ends(ptm_thread_stack *stack)
{
	while (stack->returns.length && stack->ends.at[stack->returns.length - 1])
		stack->ends.length = --stack->returns.length;
}

static ptm_status note_branch(ptm_thread_stack *stack, uint32_t size, const ptm_script_row *branch)
{
	uint64_t words[RING_WORDS] = { branch->ip, branch->addr,
		(branch->flags & PTM_FLAG_IN_TRANSACTION ? 4 : 0) | (branch->flags & PTM_FLAG_ABORT ? 8 : 0) };

	PTM_TRY(ptm_array_reserve(&stack->ring, stack->ring.length ? 0 : size * RING_WORDS));
	stack->ring.length = size * RING_WORDS;
	stack->ring_head = (stack->ring_head ? stack->ring_head : size) - 1;
	memcpy(stack->ring.at + (size_t)stack->ring_head * RING_WORDS, words, sizeof words);
	if (stack->ring_count < size)
		stack->ring_count++;
	return PTM_OK;
}

ptm_status ptm_thread_stack_take(ptm_thread_stack *stack, uint32_t ring_size, uint32_t trace, const ptm_script_row *branch, uint32_t length)
{
	if (trace != stack->trace && stack->trace)
		flush(stack);
	stack->trace = trace;
	if (ring_size)
		PTM_TRY(note_branch(stack, ring_size, branch));
	if (branch->flags & PTM_FLAG_CALL) {
		uint64_t back = branch->ip + length;
		return branch->addr && back != branch->addr ? push(stack, back, branch->flags & PTM_FLAG_END) : PTM_OK;
	}
	if (branch->flags & PTM_FLAG_BEGIN) {
		pop(stack, branch->addr);
		pop_ends(stack);
	} else if (branch->flags & PTM_FLAG_RETURN && branch->ip) {
		pop(stack, branch->addr);
	}
	return PTM_OK;
}

void ptm_thread_stack_free(ptm_thread_stack *stack)
{
	ptm_array_free(&stack->returns);
	ptm_array_free(&stack->ends);
	ptm_array_free(&stack->ring);
}

static uint64_t mark_of(uint64_t ip)
{
	return ip < KERNEL_START ? MARK_USER : MARK_KERNEL;
}

ptm_status ptm_thread_stack_chain(ptm_script *script, const ptm_script_row *row, ptm_words *chain)
{
	const ptm_thread_stack *stack = row->stack;
	/* Of a sample in the trace perf counts the mark among the entries. */
	uint32_t size = script->options.chain_size + !row->sample, left = stack ? stack->returns.length : 0;
	uint64_t mark = mark_of(row->ip);

	script->words.length = 0;
	PTM_TRY(ptm_array_reserve(&script->words, size + 2));
	uint64_t *at = script->words.at;
	uint32_t count = 0;
	if (size >= 2) {
		at[count++] = mark;
		at[count++] = row->ip;
	}
	while (left && count && count < size) {
		uint64_t ip = stack->returns.at[--left];
		if (mark_of(ip) != mark) {
			if (count >= size - 1)
				break;
			at[count++] = mark = mark_of(ip);
		}
		at[count++] = ip;
	}
	*chain = (ptm_words){ (const uint8_t *)at, count };
	return PTM_OK;
}

static const uint64_t *ring_entry(const ptm_script *script, const ptm_thread_stack *stack, uint32_t row)
{
	return stack->ring.at + (size_t)((stack->ring_head + row) % script->ring_size) * RING_WORDS;
}

ptm_status ptm_thread_stack_branches(ptm_script *script, const ptm_script_row *row, ptm_words *branches, uint32_t *count)
{
	const ptm_thread_stack *stack = row->stack;
	uint32_t most = script->options.branch_stack_size;

	*count = stack ? stack->ring_count : 0;
	if (*count > most)
		*count = most;
	script->words.length = 0;
	PTM_TRY(ptm_array_reserve(&script->words, (*count + 1) * RING_WORDS));
	for (uint32_t i = 0; i < *count; i++)
		memcpy(script->words.at + (size_t)i * RING_WORDS, ring_entry(script, stack, i), RING_WORDS * sizeof(uint64_t));
	*branches = (ptm_words){ (const uint8_t *)script->words.at, *count * RING_WORDS };
	return PTM_OK;
}

/* ------------------------------------------------------ of ordinary samples */

ptm_status ptm_thread_stack_late_chain(ptm_script *script, const ptm_thread_stack *stack, uint64_t ip, ptm_words *chain)
{
	uint32_t size = script->options.added_chain_size + 1, left = stack ? stack->returns.length : 0, count = 0;
	uint64_t mark = 0;

	script->words.length = 0;
	PTM_TRY(ptm_array_reserve(&script->words, size + 2));
	uint64_t *at = script->words.at;
	while (left && mark_of(stack->returns.at[left - 1]) == MARK_KERNEL && stack->returns.at[left - 1] != ip)
		left--;
	for (; left && count < size; left--) {
		uint64_t back = stack->returns.at[left - 1];
		if (mark_of(back) != mark) {
			if (count + 1 >= size)
				break;
			at[count++] = mark = mark_of(back);
		}
		at[count++] = back;
	}
	if (!count) {
		at[count++] = mark_of(ip);
		at[count++] = ip;
	}
	*chain = (ptm_words){ (const uint8_t *)at, count };
	return PTM_OK;
}

/* Whether a branch was made by when a sample in the kernel was due; `next`: the branch after it, NULL: it is the last. */
static bool is_before(const uint64_t *branch, const uint64_t *next, uint64_t ip)
{
	bool between = next && ip >= branch[1] && ip <= next[0];
	return between || branch[0] < KERNEL_START || (branch[1] && branch[1] < KERNEL_START);
}

ptm_status ptm_thread_stack_late_branches(ptm_script *script, const ptm_thread_stack *stack, uint64_t ip, ptm_words *branches, uint32_t *count)
{
	uint32_t have = stack ? stack->ring_count : 0, most = script->options.added_branch_size;
	const uint64_t *next = NULL;
	bool started = false;

	*count = 0;
	script->words.length = 0;
	PTM_TRY(ptm_array_reserve(&script->words, (most + 1) * RING_WORDS));
	for (uint32_t i = 0; i < have && *count < most; i++) {
		const uint64_t *branch = ring_entry(script, stack, i);
		started = started || (ip < KERNEL_START ? branch[1] && branch[1] < KERNEL_START : is_before(branch, next, ip));
		if (started)
			memcpy(script->words.at + (size_t)(*count)++ * RING_WORDS, branch, RING_WORDS * sizeof *branch);
		next = branch;
	}
	*branches = (ptm_words){ (const uint8_t *)script->words.at, *count * RING_WORDS };
	return PTM_OK;
}
