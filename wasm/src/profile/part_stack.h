/* SPDX-License-Identifier: Apache-2.0 */
/* What both ways into a part (visit by visit: part.c; in batches: part_batch.c)
 * do to its relative stack and its measurements. Private to profile/. */
#ifndef PTM_PROFILE_PART_STACK_H
#define PTM_PROFILE_PART_STACK_H

#include "profile/part.h"

/* When the visit starts: time never runs backwards in a run, whatever a clock says. */
static inline uint64_t ptm_part_start(const ptm_part *part, const ptm_item *visit)
{
	return visit->start_ns > part->last.time_ns ? visit->start_ns : part->last.time_ns;
}

static inline ptm_frame *ptm_part_top(ptm_part *part)
{
	return &part->stack.at[part->stack.length - 1];
}

/* Where the child of `parent` in `function` is remembered. */
static inline uint32_t *ptm_part_memo(ptm_part *part, uint32_t parent, uint32_t function)
{
	return &part->children[(parent * 0x9e3779b1u ^ function * 0x85ebca6bu) >> 18 & (PTM_PART_CHILDREN - 1)];
}

/* Whether a remembered node is that child. */
static inline bool ptm_part_is_child(const ptm_part *part, uint32_t child, uint32_t parent, uint32_t function)
{
	return child < part->tree.nodes.length && part->tree.nodes.at[child].parent == parent && part->tree.nodes.at[child].function == function;
}

static inline ptm_status ptm_part_child(ptm_part *part, uint32_t parent, uint32_t function, uint32_t *node)
{
	uint32_t *memo = ptm_part_memo(part, parent, function);
	if (!ptm_part_is_child(part, *memo, parent, function))
		PTM_TRY(ptm_call_tree_find(&part->tree, parent, function, memo));
	*node = *memo;
	return PTM_OK;
}

static inline ptm_status ptm_part_push(ptm_part *part, const ptm_frame *frame)
{
	uint32_t node;

	PTM_TRY(ptm_part_child(part, ptm_part_top(part)->node, frame->function, &node));
	part->tree.nodes.at[node].calls++;
	PTM_TRY(ptm_array_push(&part->stack, *frame));
	ptm_part_top(part)->node = node;
	return PTM_OK;
}

/* part.c. Too many calls: leaves out the shortest, by the next longer threshold that helps. */
void ptm_part_drop_short_calls(ptm_part_data *data, uint32_t most);

/* Keeps the call of frame `depth`, which ends at `end_ns`, unless it is too short. */
static inline ptm_status ptm_part_keep_call(ptm_part *part, uint32_t depth, uint64_t end_ns)
{
	const ptm_frame *frame = &part->stack.at[depth];
	ptm_part_data *data = &part->data;

	if (end_ns < frame->start_ns)
		end_ns = frame->start_ns;
	if (end_ns - frame->start_ns < data->shortest_ns)
		return PTM_OK;
	ptm_piece_call call = { .start_ns = frame->start_ns, .end_ns = end_ns,
				.instructions = part->piece.instructions - frame->start_instructions,
				.function = frame->function, .depth = depth, .piece = data->pieces.length };
	PTM_TRY(ptm_array_push(&data->calls, call));
	if (data->calls.length > PTM_PART_CALLS)
		ptm_part_drop_short_calls(data, PTM_PART_CALLS);
	return PTM_OK;
}

static inline ptm_status ptm_part_pop(ptm_part *part, uint32_t count)
{
	for (; count && part->stack.length > 1; count--) {
		PTM_TRY(ptm_part_keep_call(part, part->stack.length - 1, part->last.time_ns));
		part->stack.length--;
	}
	return PTM_OK;
}

/* Another function takes the place of the top frame, in its parent. */
static inline ptm_status ptm_part_replace(ptm_part *part, uint32_t function, uint64_t start_ns)
{
	ptm_frame *top = ptm_part_top(part);
	uint32_t node;

	if (top->flags & PTM_FRAME_BASE && !(part->piece.flags & PTM_PIECE_BASE_REPLACED)) {
		part->piece.flags |= PTM_PIECE_BASE_REPLACED;
		part->piece.base_end_ns = part->last.time_ns;
		part->piece.base_end_instructions = part->piece.instructions;
	} else {
		PTM_TRY(ptm_part_keep_call(part, part->stack.length - 1, part->last.time_ns));
	}
	PTM_TRY(ptm_part_child(part, part->tree.nodes.at[top->node].parent, function, &node));
	part->tree.nodes.at[node].calls++;
	*top = (ptm_frame){ .return_ip = top->return_ip, .resume_ip = top->resume_ip, .start_ns = start_ns,
			    .start_instructions = part->piece.instructions, .function = function, .node = node,
			    .flags = top->flags & PTM_FRAME_BASE };
	return PTM_OK;
}

/* Remembers whose instructions the next measurement of cycles covers. */
static inline void ptm_part_note_measured(ptm_part *part, uint32_t node, uint64_t instructions)
{
	ptm_measured *last = part->measured_count ? &part->measured[part->measured_count - 1] : NULL;
	if (last && (last->node == node || part->measured_count == PTM_MEASURED))
		last->instructions += instructions;
	else
		part->measured[part->measured_count++] = (ptm_measured){ node, instructions };
}

/* Shares measured cycles out among the functions they cover, by their instructions; the last has what is left. */
static inline void ptm_part_share_cycles(ptm_part *part, uint64_t cycles)
{
	const ptm_measured *one = part->measured, *last = one + part->measured_count - 1;
	uint64_t instructions = 0, told = 0;

	if (!part->measured_count)
		return;
	if (one < last) {
		for (const ptm_measured *each = one; each <= last; each++)
			instructions += each->instructions;
		/* What broken packets may add up to is not shared. */
		double cost = instructions && !(cycles >> 53) ? (double)(int64_t)cycles / (double)(int64_t)instructions : 0;
		int64_t before = 0;
		for (; one < last; one++) {
			before += (int64_t)one->instructions;
			uint64_t up_to = (uint64_t)(int64_t)(cost * (double)before);
			up_to = up_to < cycles ? up_to : cycles;
			part->tree.nodes.at[one->node].self_cycles += up_to - told;
			told = up_to;
		}
	}
	part->tree.nodes.at[last->node].self_cycles += cycles - told;
	part->measured_count = 0;
}

/* part.c. Moves the stack from the last visit to `item`, the next, of `block`. */
ptm_status ptm_part_step(ptm_part *part, const ptm_item *item, const ptm_block *block) PTM_MUST_CHECK;

/* part_batch.c. Takes in what the fast path did, as if it had come visit by visit. */
ptm_status ptm_part_add_batch(ptm_part *part, ptm_graph *graph, const ptm_cached_batch *batch) PTM_MUST_CHECK;
/* The same of one event, where all instructions before it are counted already. */
ptm_status ptm_part_tell(ptm_part *part, ptm_graph *graph, const ptm_cached_batch *batch, const ptm_cached_event *event, uint64_t now_ns) PTM_MUST_CHECK;

#endif
