/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/call_stack.h"

/* Most frames of one function that were entered while tracing was off; one more
 * means that their ends were missed, and unwinds them. */
#define MOST_HANDLERS 8

typedef struct view {
	const ptm_frame *frames;
	uint32_t count;
	const ptm_departure *from;
	const ptm_arrival *to;
} view;

static ptm_move move_of(ptm_move_kind kind, uint32_t pops)
{
	return (ptm_move){ .kind = kind, .pops = pops };
}

static bool is_entry(const ptm_arrival *to)
{
	return to->flags & PTM_ARRIVAL_ENTRY;
}

/* Frames within reach of a search, from the top down. */
static uint32_t reach(const view *view)
{
	return view->count < PTM_STACK_SEARCH ? view->count : PTM_STACK_SEARCH;
}

static const ptm_frame *frame_at(const view *view, uint32_t from_top)
{
	return &view->frames[view->count - 1 - from_top];
}

/* The nearest frame in the function arrived at becomes the top; `otherwise` when
 * there is none. Code without symbols has no function to look for. */
static ptm_move unwind_to_function(const view *view, uint32_t pops, ptm_move_kind otherwise)
{
	if (view->to->flags & PTM_ARRIVAL_NAMELESS)
		return move_of(PTM_MOVE_REPLACE, pops);
	for (uint32_t i = pops; i < reach(view); i++) {
		if (frame_at(view, i)->flags & PTM_FRAME_BASE)
			return move_of(PTM_MOVE_UNDECIDED, 0);
		if (frame_at(view, i)->function == view->to->function)
			return move_of(PTM_MOVE_STAY, i);
	}
	return move_of(otherwise, pops);
}

/* A jump that leaves its function. Direct jumps into the middle of another
 * function go to the split-off cold part of the same one. */
static ptm_move jump(const view *view, uint32_t pops, bool is_indirect)
{
	if (view->to->function == view->from->function)
		return move_of(PTM_MOVE_STAY, pops);
	if (is_entry(view->to))
		return move_of(PTM_MOVE_REPLACE, pops);
	return is_indirect ? unwind_to_function(view, pops, PTM_MOVE_STAY) : move_of(PTM_MOVE_STAY, pops);
}

static ptm_move call(const view *view)
{
	const ptm_departure *from = view->from;
	bool is_odd = view->to->function == from->function && !is_entry(view->to);

	if (view->to->ip == from->next_ip)
		return move_of(PTM_MOVE_STAY, 0);
	return (ptm_move){ .kind = PTM_MOVE_PUSH, .return_ip = from->next_ip, .flags = is_odd ? PTM_FRAME_ODD : 0 };
}

/* A return that matches no frame: exception, coroutine, or below what is known. */
static ptm_move unmatched_return(const view *view)
{
	const ptm_frame *top = frame_at(view, 0);

	if (view->count == 1 && !top->return_ip)
		return move_of(PTM_MOVE_STAY, 1);
	if (is_entry(view->to))
		return move_of(PTM_MOVE_REPLACE, 0);
	return unwind_to_function(view, 0, PTM_MOVE_REPLACE);
}

static ptm_move go_back(const view *view)
{
	if (!view->count)
		return move_of(PTM_MOVE_STAY, 0);
	const ptm_frame *top = frame_at(view, 0);
	if (top->flags & PTM_FRAME_BASE)
		return move_of(PTM_MOVE_UNDECIDED, 0);
	if (top->return_ip && top->return_ip == view->to->ip)
		return move_of(PTM_MOVE_STAY, 1);
	if (top->flags & PTM_FRAME_ODD)
		return jump(view, 1, true);
	if (top->resume_ip)  /* a signal handler returns to the code that ends it */
		return move_of(PTM_MOVE_REPLACE, 0);
	for (uint32_t i = 1; i < reach(view); i++) {
		if (frame_at(view, i)->flags & PTM_FRAME_BASE)
			return move_of(PTM_MOVE_UNDECIDED, 0);
		if (frame_at(view, i)->return_ip && frame_at(view, i)->return_ip == view->to->ip)
			return move_of(PTM_MOVE_STAY, i + 1);
	}
	return unmatched_return(view);
}

static bool is_system_call(uint8_t class)
{
	return class == PTM_INSN_SYSCALL || class == PTM_INSN_SYSENTER || class == PTM_INSN_INT ||
	       class == PTM_INSN_CALL_FAR || class == PTM_INSN_VMCALL;
}

static bool is_call(uint8_t class)
{
	return class == PTM_INSN_CALL || class == PTM_INSN_CALL_INDIRECT;
}

static bool is_far_return(uint8_t class)
{
	return class == PTM_INSN_SYSRET || class == PTM_INSN_SYSEXIT || class == PTM_INSN_IRET ||
	       class == PTM_INSN_UIRET || class == PTM_INSN_RSM || class == PTM_INSN_RETURN_FAR;
}

static ptm_move far(const view *view)
{
	if (is_system_call(view->from->class))
		return (ptm_move){ .kind = PTM_MOVE_PUSH, .return_ip = view->from->next_ip };
	if (!is_far_return(view->from->class))
		return jump(view, 0, true);
	for (uint32_t i = 0; i < reach(view); i++) {
		if (frame_at(view, i)->flags & PTM_FRAME_BASE)
			return move_of(PTM_MOVE_UNDECIDED, 0);
		if (frame_at(view, i)->return_ip && frame_at(view, i)->return_ip == view->to->ip)
			return move_of(PTM_MOVE_STAY, i + 1);
	}
	if (view->count == 1 && !frame_at(view, 0)->return_ip)
		return move_of(PTM_MOVE_STAY, 1);
	return unwind_to_function(view, 0, PTM_MOVE_REPLACE);
}

/* Enters a function on top of code that was interrupted, or that called out. */
static ptm_move interrupt(const view *view)
{
	uint32_t handlers = 0, deepest = 0;

	for (uint32_t i = 0; i < reach(view); i++) {
		const ptm_frame *frame = frame_at(view, i);
		if (frame->flags & PTM_FRAME_BASE)
			return move_of(PTM_MOVE_UNDECIDED, 0);
		if (frame->resume_ip && frame->function == view->to->function) {
			handlers++;
			deepest = i;
		}
	}
	return (ptm_move){ .kind = PTM_MOVE_PUSH, .pops = handlers >= MOST_HANDLERS ? deepest + 1 : 0,
			   .resume_ip = view->from->next_ip };
}

/* Stores how many frames end when an interrupted place goes on; false when none is known. */
static bool find_resumed(const view *view, ptm_move *move)
{
	for (uint32_t i = 0; i < reach(view); i++) {
		if (frame_at(view, i)->flags & PTM_FRAME_BASE) {
			*move = move_of(PTM_MOVE_UNDECIDED, 0);
			return true;
		}
		if (frame_at(view, i)->resume_ip && frame_at(view, i)->resume_ip == view->to->ip) {
			*move = move_of(PTM_MOVE_STAY, i + 1);
			return true;
		}
	}
	return false;
}

/* A kernel that was left for code that is not traced is entered again. */
static ptm_move enter_afresh(const view *view)
{
	if (view->count && view->frames[0].flags & PTM_FRAME_BASE)
		return move_of(PTM_MOVE_UNDECIDED, 0);
	return move_of(PTM_MOVE_PUSH, view->count);
}

/* After a return to code that is not traced. */
static ptm_move begin_after_return(const view *view)
{
	if (!view->count)
		return move_of(is_entry(view->to) ? PTM_MOVE_PUSH : PTM_MOVE_STAY, 0);
	if (frame_at(view, 0)->flags & PTM_FRAME_BASE)
		return move_of(PTM_MOVE_UNDECIDED, 0);
	if (is_entry(view->to))
		return move_of(PTM_MOVE_PUSH, 1);
	if (view->count == 1)
		return move_of(PTM_MOVE_STAY, 1);
	return unwind_to_function(view, 1, PTM_MOVE_REPLACE);
}

/* Tracing begins at a place that is not where it stopped. */
static ptm_move begin(const view *view)
{
	const ptm_departure *from = view->from;
	bool is_interrupted = from->end == PTM_END_ASYNC || is_system_call(from->class);
	ptm_move move;

	/* Another program; kernel code is the same below all of them. */
	if (from->code_id != view->to->code_id && !((from->code_id | view->to->code_id) & PTM_KERNEL_CODE))
		return move_of(PTM_MOVE_RESET, 0);
	if (is_interrupted && find_resumed(view, &move))
		return move;
	if (is_entry(view->to) && (is_interrupted || is_call(from->class)))
		return interrupt(view);
	if (is_entry(view->to) && is_far_return(from->class))
		return enter_afresh(view);
	if (is_entry(view->to))
		return move_of(PTM_MOVE_REPLACE, 0);
	if (view->to->function == from->function)
		return move_of(PTM_MOVE_STAY, 0);
	return unwind_to_function(view, 0, PTM_MOVE_REPLACE);
}

bool ptm_departure_returns(const ptm_departure *from)
{
	if (!from->known)
		return false;
	return from->end == PTM_END_RETURN || (from->end == PTM_END_OFF && from->class == PTM_INSN_RETURN);
}

/* True when the departure says nothing against control having gone on at `ip`. */
static bool is_straight(const ptm_departure *from, const ptm_arrival *to)
{
	if (!(to->flags & PTM_ARRIVAL_BEGIN))
		return true;
	if (from->off)
		return false;
	if (from->end == PTM_END_FALLTHROUGH || from->end == PTM_END_NOT_TAKEN)
		return true;
	return !from->to_ip || !to->ip || from->to_ip == to->ip;
}

ptm_move ptm_call_stack_move(const ptm_frame *frames, uint32_t count, const ptm_departure *from, const ptm_arrival *to)
{
	view view = { frames, count, from, to };

	bool is_jump = from->end == PTM_END_TAKEN || from->end == PTM_END_JUMP; /* never goes deeper */
	if (!from->known || (count >= PTM_STACK_DEPTH && !is_jump))
		return move_of(PTM_MOVE_RESET, 0);
	if (!is_straight(from, to)) {
		if (ptm_departure_returns(from))
			return begin_after_return(&view);
		bool goes_on = to->ip && (to->ip == from->next_ip ||
					  (is_system_call(from->class) && to->ip == from->last_ip));
		return goes_on ? move_of(PTM_MOVE_STAY, 0) : begin(&view);
	}
	switch (from->end) {
	case PTM_END_CALL:
		return call(&view);
	case PTM_END_RETURN:
		return go_back(&view);
	case PTM_END_TAKEN:
	case PTM_END_JUMP:
		return jump(&view, 0, from->class == PTM_INSN_JUMP_INDIRECT);
	case PTM_END_FAR:
		return far(&view);
	case PTM_END_ASYNC:
		return (ptm_move){ .kind = PTM_MOVE_PUSH, .return_ip = from->next_ip };
	case PTM_END_ABORT:
		return view.to->function == from->function ? move_of(PTM_MOVE_STAY, 0)
							   : unwind_to_function(&view, 0, PTM_MOVE_STAY);
	default:
		return move_of(PTM_MOVE_STAY, 0);
	}
}
