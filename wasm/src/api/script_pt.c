/* SPDX-License-Identifier: Apache-2.0 */
/* What perf script makes of a PT queue's items: branches, instructions, events
 * and errors, in the order in which perf's decoder stops at them. */
#include "api/samples_state.h"
#include <stdio.h>
#include "pt/event.h"

uint32_t ptm_sample_class_flags(uint8_t class)
{
	switch (class) {
	case PTM_INSN_JCC: case PTM_INSN_LOOP: return PTM_FLAG_BRANCH | PTM_FLAG_CONDITIONAL;
	case PTM_INSN_JUMP: case PTM_INSN_JUMP_INDIRECT: case PTM_INSN_JUMP_FAR: return PTM_FLAG_BRANCH;
	case PTM_INSN_CALL: case PTM_INSN_CALL_INDIRECT: case PTM_INSN_CALL_FAR: return PTM_FLAG_BRANCH | PTM_FLAG_CALL;
	case PTM_INSN_RETURN: case PTM_INSN_RETURN_FAR: return PTM_FLAG_BRANCH | PTM_FLAG_RETURN;
	case PTM_INSN_SYSCALL: case PTM_INSN_SYSENTER: case PTM_INSN_VMCALL: return PTM_FLAG_BRANCH | PTM_FLAG_CALL | PTM_FLAG_SYSCALL;
	case PTM_INSN_SYSRET: case PTM_INSN_SYSEXIT: return PTM_FLAG_BRANCH | PTM_FLAG_RETURN | PTM_FLAG_SYSCALL;
	case PTM_INSN_INT: return PTM_FLAG_BRANCH | PTM_FLAG_CALL | PTM_FLAG_INTERRUPT;
	case PTM_INSN_IRET: case PTM_INSN_UIRET: return PTM_FLAG_BRANCH | PTM_FLAG_RETURN | PTM_FLAG_INTERRUPT;
	case PTM_INSN_VMENTRY: return PTM_FLAG_BRANCH | PTM_FLAG_CALL | PTM_FLAG_VMENTRY;
	default: return 0;
	}
}

/* They are letters in brackets. The interrupt flag counts where the CPU can tell it. */
uint32_t ptm_samples_state_flags(const ptm_session *session, const ptm_item *item)
{
	/* perf looks whether it is in a transaction where it walked code: not where tracing begins. */
	uint32_t flags = item->in_transaction && item->kind != PTM_ITEM_BEGIN ? PTM_FLAG_IN_TRANSACTION : 0;
	if (session->pt.event_trace && item->interrupts_off)
		flags |= PTM_FLAG_INTERRUPTS_OFF;
	if (session->pt.event_trace && item->interrupts_toggle)
		flags |= PTM_FLAG_INTERRUPTS_TOGGLE;
	return flags;
}

/* Of what an interrupt, or an abort, makes: perf does not say of it that it was in a transaction. */
static uint32_t end_state_flags(const ptm_session *session, const ptm_item *item)
{
	bool asynchronous = item->end == PTM_END_ASYNC || item->end == PTM_END_ABORT;
	return ptm_samples_state_flags(session, item) & ~(asynchronous ? (uint32_t)PTM_FLAG_IN_TRANSACTION : 0u);
}

/* Without a place that it leads to, perf takes an event for no interrupt; one that leads out of a guest is an exit. */
static uint32_t async_flags(const ptm_item *item, uint64_t to_ip)
{
	bool exits = item->from_guest && !item->to_guest;
	return to_ip ? PTM_FLAG_BRANCH | PTM_FLAG_CALL | PTM_FLAG_ASYNC | (exits ? PTM_FLAG_VMEXIT : PTM_FLAG_INTERRUPT) : PTM_FLAG_BRANCH | PTM_FLAG_ASYNC;
}

/* Where a visit led, in traced code or not. */
static uint64_t goes_to(const ptm_item *item)
{
	bool asynchronous = item->end == PTM_END_ASYNC || item->end == PTM_END_ABORT;
	return asynchronous && !item->to_ip ? item->payload : item->to_ip;
}

static uint32_t end_flags(const ptm_item *item, uint8_t class)
{
	uint32_t flags;
	switch (item->end) {
	case PTM_END_ABORT: flags = PTM_FLAG_BRANCH | PTM_FLAG_ABORT | (item->to_ip ? 0u : PTM_FLAG_END); break;
	case PTM_END_ASYNC:
		flags = async_flags(item, item->to_ip ? item->to_ip : item->payload) | (item->to_ip ? 0u : PTM_FLAG_END);
		break;
	default: flags = ptm_sample_class_flags(class); break;
	}
	if (item->end == PTM_END_OFF)
		flags |= PTM_FLAG_END;
	return flags;
}

/* Of the asynchronous branch that leaves from a place of quick decoding. */
static uint32_t hop_flags(const ptm_item *item)
{
	uint64_t to_ip = item->to_ip ? item->to_ip : item->payload;
	bool ends = !item->to_ip || item->reason == PTM_GAP_NOT_TRACED;
	return (item->bytes == PTM_HOP_ABORT ? PTM_FLAG_BRANCH | PTM_FLAG_ABORT : async_flags(item, to_ip)) | (ends ? PTM_FLAG_END : 0u);
}

/* -------------------------------------------------------------- one row */

void ptm_samples_set_who(ptm_session *session, ptm_samples *samples, const ptm_lane *from)
{
	ptm_script *script = &samples->script;

	ptm_script_set_thread(script, from->thread, samples->record_ns);
	script->cpu = ptm_stream_queue(&from->stream)->cpu;
	if (ptm_stream_queue(&from->stream)->tid > 0 && script->cpu < 0 && (from->thread >= samples->met.length || !samples->met.at[from->thread]))
		script->pid = -1;
	script->space = ptm_spaces_at(session->spaces, script->pid, samples->record_ns);
	script->kernel_space = ptm_spaces_at(session->spaces, -1, samples->record_ns);
}

ptm_status ptm_samples_stack(ptm_samples *samples, uint32_t thread, ptm_thread_stack **stack)
{
	*stack = NULL;
	if (!samples->follows_stacks)
		return PTM_OK;
	while (samples->stacks.length <= thread)
		PTM_TRY(ptm_array_push(&samples->stacks, (ptm_thread_stack){ 0 }));
	*stack = &samples->stacks.at[thread];
	return PTM_OK;
}

bool ptm_samples_skips(ptm_samples *samples, uint64_t most)
{
	if (samples->left_out >= most)
		return false;
	samples->left_out++;
	return true;
}

/* Whether the row is the host's instruction that enters a guest whose own records are there. */
static bool enters_guest(const ptm_session *session, const ptm_lane *from, const ptm_script_row *row)
{
	return session->file.guest_ids.length && row->event != PTM_SCRIPT_BRANCHES && row->ip && row->addr && !from->item.from_guest && from->item.to_guest;
}

/* perf gives such a sample the numbers of the guest's thread, and then looks for that thread among the host's. */
static void take_for_host(ptm_session *session, ptm_samples *samples, uint32_t guest)
{
	ptm_script *script = &samples->script;
	const ptm_thread *inside = &session->sideband.threads.at[guest];
	uint32_t thread = ptm_sideband_thread(&session->sideband, -1, inside->tid);

	ptm_script_set_thread(script, thread, samples->record_ns);
	script->space = thread ? ptm_spaces_at(session->spaces, script->pid, samples->record_ns) : 0;
	if (thread)
		return;
	script->pid = inside->pid;
	script->tid = inside->tid;
	snprintf(script->comm, sizeof script->comm, ":%d", inside->tid);
}

bool ptm_samples_is_outside(const ptm_session *session, const ptm_samples *samples, ptm_lane *from)
{
	const ptm_script_options *options = &samples->script.options;

	if (!options->times.length || samples->timeless || options->timeless)
		return false;
	uint64_t ns = ptm_time_ns(&session->time, from->tsc);
	/* One range after the other, even where they go back in time. */
	while (from->range < options->times.length && ns >= options->times.at[from->range].start && ns > options->times.at[from->range].end)
		from->range++;
	return from->range == options->times.length || ns < options->times.at[from->range].start;
}

ptm_status ptm_samples_put(ptm_session *session, ptm_samples *samples, ptm_lane *from, uint64_t tsc, ptm_script_row *row)
{
	ptm_script *script = &samples->script;

	if (ptm_samples_is_outside(session, samples, from))
		return PTM_OK;
	if (row->event != PTM_SCRIPT_CBR && ptm_samples_skips(samples, script->options.skip))
		return PTM_OK;
	row->is_guest = row->ip ? from->item.from_guest : from->item.to_guest;
	uint32_t guest = row->is_guest || enters_guest(session, from, row) ? ptm_session_guest_of(session, from->thread, samples->record_ns) : 0;
	/* perf prints nothing of guests that it knows nothing of. */
	if (row->is_guest && !guest)
		return PTM_OK;
	uint32_t space = script->space, kernel_space = script->kernel_space;
	bool is_mixed = !row->is_guest && enters_guest(session, from, row);
	if (is_mixed) {
		take_for_host(session, samples, guest);
	} else if (guest) {
		ptm_script_set_thread(script, guest, samples->record_ns);
		script->space = script->kernel_space = ptm_session_guest_space(session, guest, space, samples->record_ns);
	}
	const ptm_guest_id *runs = guest ? ptm_sideband_cpu_of(&session->sideband, &session->file, from->thread) : NULL;
	if (runs) {
		script->machine = runs->machine;
		script->vcpu = runs->vcpu;
	}
	if (!row->ns && !samples->timeless && !script->options.timeless)
		row->ns = ptm_time_ns(&session->time, tsc);
	if (session->made_ns.length && !guest && !is_mixed)
		script->space = ptm_spaces_at(session->spaces, script->pid, ptm_load_named_ns(session, samples->record_ns, row->ns));
	/* An instruction that was not walked perf looks at when it prints, with the maps of then. */
	if (row->length == PTM_LENGTH_UNKNOWN && !guest && !is_mixed)
		row->code_space = script->space;
	if (samples->follows_stacks && from->thread < samples->stacks.length && samples->stacks.at[from->thread].trace)
		row->stack = &samples->stacks.at[from->thread];
	bool is_put = ptm_script_put_row(script, row);
	if (guest || is_mixed) {
		ptm_script_set_thread(script, from->thread, samples->record_ns);
		script->space = space;
		script->kernel_space = kernel_space;
	}
	if (is_put && samples->any_missing && (!row->length || row->length == PTM_LENGTH_UNKNOWN))
		ptm_samples_try_code(session, samples, row->ip);
	return script->status;
}

void ptm_samples_measure(const ptm_samples *samples, ptm_script_row *row, const ptm_lane *from, ptm_counters *last, uint32_t left)
{
	const ptm_item *item = &from->item;
	uint64_t cycles = from->cycles;
	if (!(item->new_cycles || item->estimated_cycles || samples->script.options.approximate_ipc) || cycles == last->cycles)
		return;
	if (samples->left_out < samples->script.options.skip) /* what is skipped measures nothing */
		return;
	row->cycles = cycles - last->cycles;
	row->instructions = item->total_instructions - left - last->instructions;
	*last = (ptm_counters){ item->total_instructions - left, cycles };
}

uint8_t ptm_samples_length_of(const ptm_session *session, const ptm_block *block, uint32_t index)
{
	return session->blocks.lengths.at[block->lengths + index];
}

/* ---------------------------------------------------------------- visits */

static bool is_taken(const ptm_item *item)
{
	return item->end != PTM_END_FALLTHROUGH && item->end != PTM_END_NOT_TAKEN;
}

bool ptm_samples_is_state(const ptm_samples *samples, const ptm_lane *from)
{
	bool samples_instructions = samples->script.options.want & (PTM_WANT_INSTRUCTIONS | PTM_WANT_CYCLES);
	return from->item.kind != PTM_ITEM_VISIT || is_taken(&from->item) || (samples_instructions && from->sampling.at_end);
}

void ptm_samples_take_cycles(const ptm_samples *samples, ptm_lane *from)
{
	const ptm_item *item = &from->item;
	if (item->kind == PTM_ITEM_GAP || samples->script.options.approximate_ipc || (ptm_samples_is_state(samples, from) && item->new_cycles))
		from->cycles = item->total_cycles;
}

/* Address of the last of the first `count` instructions of a block. */
static uint64_t instruction_ip(const ptm_session *session, const ptm_block *block, uint32_t count)
{
	uint64_t ip = block->ip;
	if (count == block->instructions)
		return block->last_ip;
	for (uint32_t i = 0; i + 1 < count; i++)
		ip += ptm_samples_length_of(session, block, i);
	return ip;
}

/* A state that is a branch: perf follows calls first, then tells it. */
static ptm_status put_branch(ptm_session *session, ptm_samples *samples, ptm_lane *from, ptm_script_row *row, uint32_t walked_length)
{
	const ptm_script_options *options = &samples->script.options;
	ptm_thread_stack *stack;

	if (ptm_samples_is_outside(session, samples, from))
		return PTM_OK;
	PTM_TRY(ptm_samples_stack(samples, from->thread, &stack));
	if (stack)
		PTM_TRY(ptm_thread_stack_take(stack, samples->script.ring_size, (from->stream.queue + 1) | from->recordings << 16, row, walked_length));
	if (!(options->want & PTM_WANT_BRANCHES) || (options->branch_filter && !(row->flags & options->branch_filter)))
		return PTM_OK;
	row->event = PTM_SCRIPT_BRANCHES;
	row->period = 1;
	ptm_samples_measure(samples, row, from, &from->last_branch, 0);
	if (from->item.from_guest == from->item.to_guest || !row->ip || !row->addr)
		return ptm_samples_put(session, samples, from, from->tsc, row);
	/* Into a guest, or out of it: the two ends are in two machines, and perf makes two branches. */
	ptm_script_row leaves = *row, enters = *row;
	leaves.addr = enters.ip = 0;
	enters.cycles = enters.instructions = 0;
	if (enters.length == PTM_LENGTH_UNKNOWN)
		enters.length = 0;
	PTM_TRY(ptm_samples_put(session, samples, from, from->tsc, &leaves));
	return ptm_samples_put(session, samples, from, from->tsc, &enters);
}

void ptm_samples_note_walked(const ptm_session *session, ptm_lane *from, const ptm_block *block, uint32_t count, bool asynchronous)
{
	from->walked_space = from->item.space;
	from->walked_length = count && !asynchronous ? ptm_samples_length_of(session, block, count - 1u) : 0;
	from->walked_ip = instruction_ip(session, block, count);
	from->walked_class = count == block->instructions ? block->class : PTM_INSN_OTHER;
}

/* A conditional branch out of an address filter: perf names the place that it leads to for both ends. */
static bool is_left_by_condition(const ptm_item *item, const ptm_block *block)
{
	return item->end == PTM_END_OFF && item->to_ip && item->to_ip == block->target && item->instructions == block->instructions &&
	       (block->class == PTM_INSN_JCC || block->class == PTM_INSN_LOOP);
}

static ptm_status tell_visit_end(ptm_session *session, ptm_samples *samples, ptm_lane *from)
{
	const ptm_item *item = &from->item;
	const ptm_block *block = &session->blocks.blocks.at[item->block];
	bool asynchronous = item->end == PTM_END_ASYNC || item->end == PTM_END_ABORT;
	ptm_script_row row = { .ip = is_left_by_condition(item, block) ? item->to_ip : item->ip, .addr = goes_to(item), .flags = end_flags(item, block->class) | end_state_flags(session, item),
		.code_ip = item->ip, .code_space = item->space, .length = PTM_LENGTH_UNKNOWN };

	bool is_part = item->end == PTM_END_FALLTHROUGH;
	/* perf still shows an instruction that it sampled, even where it goes no further; but not one that it told with a FUP. */
	bool is_sampled = item->instructions && from->sampling.at == item->instructions;
	from->walked_part = is_part && (!is_sampled || (item->instructions == 1 && from->sampling.first_flags));
	if (item->instructions || !is_part)
		from->sampling.first_flags = 0;
	/* Where tracing stops, so does perf's sampling by time. */
	from->sampling.continuous &= item->end != PTM_END_OFF && (!asynchronous || item->to_ip);
	from->sampling.looked = is_part;
	if (is_part)
		return PTM_OK;
	if (!asynchronous)
		row.length = ptm_samples_length_of(session, block, block->instructions - 1u);
	if (from->sampling.at_end && !asynchronous) {
		ptm_script_row instruction = row;
		if (item->end == PTM_END_NOT_TAKEN)
			instruction.addr = 0;
		PTM_TRY(ptm_samples_put_instruction(session, samples, from, &instruction, 0, true));
	}
	return is_taken(item) ? put_branch(session, samples, from, &row, from->walked_length) : PTM_OK;
}

/* ---------------------------------------------------------------- events */

/* Where tracing begins perf still shows the instruction walked last. */
static void show_walked(ptm_script_row *row, const ptm_lane *from)
{
	row->code_ip = from->walked_ip;
	row->code_space = from->walked_space;
	row->length = from->walked_length;
}

/* The interrupt flag that a branch, or the start of tracing, changed. */
static ptm_status tell_interrupts(ptm_session *session, ptm_samples *samples, ptm_lane *from, uint64_t ip)
{
	if (!(samples->script.options.want & PTM_WANT_EVENTS) || !session->pt.event_trace || !from->item.interrupts_toggle)
		return PTM_OK;
	const ptm_item *item = &from->item;
	bool hops = item->kind == PTM_ITEM_EVENT && item->bytes;
	uint32_t flags = item->kind == PTM_ITEM_VISIT ? end_flags(item, session->blocks.blocks.at[item->block].class) : item->kind == PTM_ITEM_BEGIN ? PTM_FLAG_BRANCH | PTM_FLAG_BEGIN : hops ? hop_flags(item) : 0;
	ptm_script_row row = { .event = PTM_SCRIPT_IFLAG, .ip = ip, .addr = item->to_ip, .period = 1, .flags = flags | end_state_flags(session, item), .code_ip = ip, .code_space = from->item.space,
		.length = ip ? PTM_LENGTH_UNKNOWN : 0, .payload = from->item.interrupts_off, .payload2 = item->kind != PTM_ITEM_EVENT || hops };
	if (item->kind == PTM_ITEM_BEGIN && item->reason != PTM_GAP_OVERFLOW)
		show_walked(&row, from);
	return ptm_samples_put(session, samples, from, from->tsc, &row);
}

/* perf's row for an event; false: perf tells none. */
static bool row_of_event(ptm_lane *from, const ptm_item *item, ptm_script_row *row, uint32_t *want)
{
	row->payload = item->payload;
	row->payload2 = item->has_ip;
	*want = PTM_WANT_POWER;
	switch (item->event) {
	/* Of a PSB that it had to search perf tells the offset of the one before. */
	case PTM_EVENT_PSB:
		row->event = PTM_SCRIPT_PSB;
		if (item->reason != PTM_GAP_NO_SYNC)
			from->psb_offset = item->payload;
		row->payload = from->psb_offset;
		return true;
	case PTM_EVENT_PTWRITE: row->event = PTM_SCRIPT_PTWRITE; *want = PTM_WANT_PTWRITES; return true;
	case PTM_EVENT_TRANSACTION: row->event = PTM_SCRIPT_TRANSACTIONS; *want = PTM_WANT_TRANSACTIONS; return true;
	case PTM_EVENT_MWAIT: row->event = PTM_SCRIPT_MWAIT; return true;
	/* perf tells what the last one said that stood between an MWAIT and its FUP. */
	case PTM_EVENT_PWRE:
		row->event = PTM_SCRIPT_PWRE;
		if (item->has_ip)
			from->power_entry = item->payload;
		row->payload = from->power_entry;
		return true;
	case PTM_EVENT_PWRX: row->event = PTM_SCRIPT_PWRX; return true;
	case PTM_EVENT_EXSTOP: row->event = PTM_SCRIPT_EXSTOP; row->payload = item->has_ip; return true;
	case PTM_EVENT_CFE:
		row->event = PTM_SCRIPT_EVT;
		row->payload2 = item->has_ip && !item->bytes;
		*want = PTM_WANT_EVENTS;
		return true;
	case PTM_EVENT_IFLAG:
		row->event = PTM_SCRIPT_IFLAG;
		row->payload2 = false;
		*want = PTM_WANT_EVENTS;
		return true;
	default: return false;
	}
}

/* Flags of the branch that an event makes: interrupts and aborts; 0: it makes none. */
static uint32_t event_branch_flags(const ptm_item *item)
{
	uint32_t end = item->to_ip && item->reason != PTM_GAP_NOT_TRACED ? 0 : PTM_FLAG_END;
	if (item->end == PTM_END_ABORT)
		return PTM_FLAG_BRANCH | PTM_FLAG_ABORT | end;
	if (item->end != PTM_END_ASYNC)
		return 0;
	return PTM_FLAG_BRANCH | PTM_FLAG_ASYNC | end | (item->to_ip ? PTM_FLAG_CALL | PTM_FLAG_INTERRUPT : 0);
}

/* Without an instruction that was walked perf takes the one at ip when it prints. */
static void look_at_ip(ptm_script_row *row, const ptm_lane *from, uint64_t ip)
{
	if (row->length || !ip)
		return;
	row->length = PTM_LENGTH_UNKNOWN;
	row->code_ip = ip;
	row->code_space = from->item.space;
}

/* The row of what perf shows with a state that is no branch: the instruction walked last. */
static ptm_script_row state_row(const ptm_session *session, const ptm_lane *from, uint64_t ip)
{
	ptm_script_row row = { .ip = ip, .period = 1, .code_ip = from->walked_ip, .code_space = from->walked_space, .length = from->walked_length };
	bool is_psb = from->item.kind == PTM_ITEM_EVENT && from->item.event == PTM_EVENT_PSB;

	/* A branch, or where tracing begins. */
	if (from->item.kind != PTM_ITEM_EVENT)
		row.addr = goes_to(&from->item);
	if (is_psb && !ip)
		row.addr = from->item.to_ip;
	/* Where a FUP says the place, perf stops before the instruction there, and looks at it when it prints. */
	bool is_stop = from->item.kind == PTM_ITEM_EVENT && (is_psb ? from->walked_part : from->item.has_ip);
	if (is_stop) {
		row.length = ip ? PTM_LENGTH_UNKNOWN : 0;
		row.code_ip = ip;
		row.code_space = from->item.space;
		row.addr = from->item.to_ip;
		row.flags = ip ? event_branch_flags(&from->item) | end_state_flags(session, &from->item) : 0;
	} else if (ip) {
		row.flags = ptm_sample_class_flags(from->walked_class) | ptm_samples_state_flags(session, &from->item);
	}
	/* Walking to a PSB perf does not look whether it is in a transaction. */
	if (is_psb)
		row.flags &= ~(uint32_t)PTM_FLAG_IN_TRANSACTION;
	look_at_ip(&row, from, ip);
	return row;
}

#define RATIO_AHEAD 4u

/* perf tells the core:bus ratio with the first state that has another. */
static ptm_status tell_ratio(ptm_session *session, ptm_samples *samples, ptm_lane *from, uint64_t ip)
{
	uint32_t ratio = ptm_flow_clock(from->flow)->cbr;

	if (!(samples->script.options.want & PTM_WANT_POWER) || ratio == from->ratio_told || ptm_samples_is_outside(session, samples, from))
		return PTM_OK;
	/* It is none of those to skip, but is told when most of these are: so that it is known when the rest begins. */
	if (samples->left_out + RATIO_AHEAD < samples->script.options.skip)
		return PTM_OK;
	from->ratio_told = ratio;
	ptm_script_row row = state_row(session, from, ip);
	row.event = PTM_SCRIPT_CBR;
	row.payload = ratio;
	return ptm_samples_put(session, samples, from, from->tsc, &row);
}

/* Quick decoding: a place is a sample, whatever the period; and its asynchronous branches have no visit. */
static ptm_status tell_quick(ptm_session *session, ptm_samples *samples, ptm_lane *from)
{
	const ptm_item *item = &from->item;
	ptm_script_row row = { .ip = item->ip, .period = 1, .code_ip = item->ip, .code_space = item->space,
		.length = PTM_LENGTH_UNKNOWN, .flags = ptm_samples_state_flags(session, item) };

	if (item->bytes) {
		row.addr = item->to_ip ? item->to_ip : item->payload;
		row.flags |= hop_flags(item);
	} else if (!item->ip) {
		/* Address 0, where a program crashes, is to perf no place to come from. */
		row.flags |= PTM_FLAG_BRANCH | PTM_FLAG_BEGIN;
	}
	if (item->event == PTM_EVENT_HOP)
		return put_branch(session, samples, from, &row, 0);
	if (!(samples->script.options.want & PTM_WANT_INSTRUCTIONS))
		return PTM_OK;
	row.event = PTM_SCRIPT_INSTRUCTIONS;
	ptm_samples_measure(samples, &row, from, &from->last_instruction, 0);
	return ptm_samples_put(session, samples, from, from->tsc, &row);
}

static ptm_status tell_event(ptm_session *session, ptm_samples *samples, ptm_lane *from)
{
	const ptm_item *item = &from->item;
	if (item->event == PTM_EVENT_PLACE || item->event == PTM_EVENT_HOP) {
		/* A FUP's own change of the flag is an event by itself. */
		if (item->event == PTM_EVENT_PLACE && (!item->has_ip || item->bytes))
			PTM_TRY(tell_interrupts(session, samples, from, item->ip));
		PTM_TRY(tell_ratio(session, samples, from, item->ip));
		return tell_quick(session, samples, from);
	}
	if (item->event == PTM_EVENT_PEBS) {
		ptm_samples_take_pebs(&from->pebs, item);
		return PTM_OK;
	}
	/* Without a FUP a control flow event has nothing to do with the instruction before it. */
	if (item->event == PTM_EVENT_CFE && !item->has_ip) {
		from->walked_length = 0;
		from->walked_class = PTM_INSN_OTHER;
	}
	ptm_script_row row = state_row(session, from, item->ip);
	uint32_t want;

	/* Walking to a FUP perf forgets the branch before it, even where nothing lies between; to a PSB's, where something does. */
	if (item->event == PTM_EVENT_PSB ? from->walked_part : item->has_ip) {
		from->walked_class = PTM_INSN_OTHER;
		from->walked_length = 0;
	}

	if (item->event == PTM_EVENT_IFLAG && from->sampling.looked)
		from->sampling.first_flags = ptm_samples_state_flags(session, item);
	if (item->event == PTM_EVENT_EVD && from->data_count < PTM_EVENT_DATA)
		from->data[from->data_count++] = (ptm_event){ .id = (uint16_t)item->bytes, .payload = item->payload };
	bool known = row_of_event(from, item, &row, &want) && (item->event != PTM_EVENT_IFLAG || session->pt.event_trace) && samples->script.options.want & want;
	row.data = from->data;
	row.data_count = from->data_count;
	if (item->event == PTM_EVENT_CFE)
		from->data_count = 0;
	if (known && row.event == PTM_SCRIPT_PSB) {
		row.flags = 0;
		PTM_TRY(ptm_samples_put(session, samples, from, from->tsc, &row));
	}
	if (item->event == PTM_EVENT_PEBS_END)
		PTM_TRY(ptm_samples_tell_pebs(session, samples, from, &row));
	PTM_TRY(tell_ratio(session, samples, from, item->ip));
	return known && row.event != PTM_SCRIPT_PSB ? ptm_samples_put(session, samples, from, from->tsc, &row) : PTM_OK;
}

static ptm_status tell_begin(ptm_session *session, ptm_samples *samples, ptm_lane *from)
{
	const ptm_item *item = &from->item;

	if (item->reason == PTM_GAP_OVERFLOW)
		from->walked_length = 0;
	from->sampling.continuous &= item->end != PTM_END_OFF && !item->payload;
	from->sampling.looked = false;
	if (item->resumed)
		return PTM_OK;
	ptm_script_row row = { .addr = item->to_ip, .flags = PTM_FLAG_BRANCH | PTM_FLAG_BEGIN | (item->end == PTM_END_OFF ? PTM_FLAG_END : 0u) | ptm_samples_state_flags(session, item) };
	show_walked(&row, from);
	return put_branch(session, samples, from, &row, from->walked_length);
}

ptm_status ptm_samples_tell(ptm_session *session, ptm_samples *samples, ptm_lane *from)
{
	const ptm_item *item = &from->item;

	ptm_samples_take_cycles(samples, from);
	if (item->kind == PTM_ITEM_EVENT)
		return tell_event(session, samples, from);
	if (item->kind == PTM_ITEM_VISIT)
		ptm_samples_note_walked(session, from, &session->blocks.blocks.at[item->block], item->instructions, item->end == PTM_END_ASYNC || item->end == PTM_END_ABORT);
	if (ptm_samples_is_state(samples, from)) {
		uint64_t ip = item->kind == PTM_ITEM_VISIT ? item->ip : 0;
		PTM_TRY(tell_interrupts(session, samples, from, ip));
		PTM_TRY(tell_ratio(session, samples, from, ip));
	}
	if (item->kind == PTM_ITEM_VISIT)
		return tell_visit_end(session, samples, from);
	return item->kind == PTM_ITEM_BEGIN ? tell_begin(session, samples, from) : PTM_OK;
}
