/* SPDX-License-Identifier: Apache-2.0 */
/* Return addresses for RET compression: the CPU keeps 64, so the youngest 64
 * are all that a compressed return can mean. A ring: pushing on a full one
 * forgets the oldest. */
#ifndef PTM_FLOW_RETURN_STACK_H
#define PTM_FLOW_RETURN_STACK_H

#include <stdint.h>

#define PTM_RETURN_STACK_DEPTH 64

typedef struct ptm_return_stack {
	uint64_t at[PTM_RETURN_STACK_DEPTH];
	uint32_t top;            /* count of pushes; the newest is at[(top - 1) % depth] */
	uint32_t depth;          /* entries held, at most PTM_RETURN_STACK_DEPTH */
} ptm_return_stack;

static inline void ptm_return_stack_clear(ptm_return_stack *stack)
{
	stack->depth = 0;
}

static inline void ptm_return_stack_push(ptm_return_stack *stack, uint64_t ip)
{
	stack->at[stack->top++ % PTM_RETURN_STACK_DEPTH] = ip;
	if (stack->depth < PTM_RETURN_STACK_DEPTH)
		stack->depth++;
}

/* Returns the newest address and leaves it there, 0 when empty. */
static inline uint64_t ptm_return_stack_top(const ptm_return_stack *stack)
{
	return stack->depth ? stack->at[(stack->top - 1) % PTM_RETURN_STACK_DEPTH] : 0;
}

/* Returns the newest address, 0 when empty. */
static inline uint64_t ptm_return_stack_pop(ptm_return_stack *stack)
{
	if (!stack->depth)
		return 0;
	stack->depth--;
	return stack->at[--stack->top % PTM_RETURN_STACK_DEPTH];
}

#endif
