/* SPDX-License-Identifier: Apache-2.0 */
/* Which instructions of a PT queue perf script samples: by count or by time, as
 * perf's decoder counts them, and what it prints of one. */
#include "api/samples_state.h"

/* How many instructions may be walked before one is sampled, when time stands at
 * `tsc` and `walked` went by since: perf lets each count as a tick. */
static uint64_t next_by_time(ptm_sampling *sampling, uint64_t tsc, uint64_t walked, uint64_t period)
{
	uint64_t now = tsc + walked, mask = ~(period - 1), mark = now & mask;

	if (sampling->continuous) {
		if (mark > sampling->last_mark)
			return 1;
	} else {
		now++;
		mark = now & mask;
		if (mark > sampling->last_mark) {
			sampling->last_mark = mark;
			sampling->continuous = true;
		}
	}
	return mark < sampling->last_mark ? period : period - (now - mark);
}

static void take_by_time(ptm_sampling *sampling, uint64_t tsc, uint64_t walked, uint64_t period)
{
	uint64_t mark = (tsc + walked) & ~(period - 1);
	sampling->last_mark = mark > sampling->last_mark ? mark : sampling->last_mark + period;
}

/* The next sampled instruction among `left` ones: how many come before its end; 0: none. */
static uint64_t next_sample(ptm_samples *samples, ptm_lane *from, uint64_t tsc, uint64_t walked, uint64_t left)
{
	const ptm_script_options *options = &samples->script.options;
	ptm_sampling *sampling = &from->sampling;
	uint64_t period = samples->period_ticks;

	if (period) {
		uint64_t next = next_by_time(sampling, tsc, walked, period);
		sampling->counted += left;
		if (next > left)
			return 0;
		sampling->counted = 0;
		take_by_time(sampling, tsc, walked + next, period);
		return next;
	}
	uint64_t every = options->period ? options->period : 1;
	if (every - sampling->counted > left) {
		sampling->counted += left;
		return 0;
	}
	uint64_t next = every - sampling->counted;
	sampling->counted = 0;
	return next;
}

void ptm_samples_pass(ptm_samples *samples, ptm_lane *from, uint32_t count)
{
	const ptm_clock *clock = samples->period_ticks ? ptm_flow_clock(from->flow) : NULL;

	if (count)
		(void)next_sample(samples, from, clock ? clock->tsc : 0, clock ? clock->instructions - count : 0, count);
	else if (clock)
		(void)next_by_time(&from->sampling, clock->tsc, clock->instructions, samples->period_ticks);
}

ptm_status ptm_samples_put_instruction(ptm_session *session, ptm_samples *samples, ptm_lane *from, ptm_script_row *row, uint32_t left, bool measured)
{
	uint64_t total = from->item.total_instructions - left;

	if (ptm_samples_is_outside(session, samples, from))
		return PTM_OK;
	if (samples->script.options.want & PTM_WANT_INSTRUCTIONS) {
		row->event = PTM_SCRIPT_INSTRUCTIONS;
		row->period = total - from->sampled_instructions;
		if (samples->left_out >= samples->script.options.skip)
			from->sampled_instructions = total;
		if (measured)
			ptm_samples_measure(samples, row, from, &from->last_instruction, left);
		PTM_TRY(ptm_samples_put(session, samples, from, from->tsc, row));
	}
	if (!(samples->script.options.want & PTM_WANT_CYCLES) || !measured)
		return PTM_OK;
	ptm_script_row cycles = *row;
	cycles.event = PTM_SCRIPT_CYCLES;
	cycles.cycles = cycles.instructions = 0;
	ptm_samples_measure(samples, &cycles, from, &from->last_cycle, left);
	cycles.period = cycles.cycles;
	return cycles.period ? ptm_samples_put(session, samples, from, from->tsc, &cycles) : PTM_OK;
}

/* The state before the visit's end takes over the time of branches that were none, and an error may have left a later one;
 * true: other queues, or records, come first now. */
static bool has_to_wait(ptm_samples *samples, ptm_lane *from)
{
	if (from->used_tsc > from->tsc)
		from->tsc = from->used_tsc;
	return from->tsc >= samples->run_limit;
}

/* Tells the sample that was found and steps over it. */
static ptm_status tell_sample(ptm_session *session, ptm_samples *samples, ptm_lane *from, uint32_t flags)
{
	const ptm_item *item = &from->item;
	const ptm_block *block = &session->blocks.blocks.at[item->block];
	ptm_sampling *sampling = &from->sampling;

	for (; sampling->next > 1; sampling->next--)
		sampling->ip += ptm_samples_length_of(session, block, sampling->at++);
	ptm_script_row row = { .ip = sampling->ip, .length = ptm_samples_length_of(session, block, sampling->at), .code_ip = sampling->ip, .code_space = item->space, .flags = flags };
	/* perf tells it with the FUP. */
	if (!sampling->at && sampling->first_flags)
		row.flags = (flags & ~(uint32_t)PTM_FLAG_INTERRUPTS_OFF) | sampling->first_flags;
	sampling->ip += row.length;
	sampling->at++;
	return ptm_samples_put_instruction(session, samples, from, &row, item->instructions - sampling->at, item->estimated_cycles || samples->script.options.approximate_ipc);
}

ptm_status ptm_samples_tell_body(ptm_session *session, ptm_samples *samples, ptm_lane *from)
{
	const ptm_item *item = &from->item;
	ptm_sampling *sampling = &from->sampling;
	bool whole = item->end != PTM_END_FALLTHROUGH && item->end != PTM_END_ASYNC && item->end != PTM_END_ABORT;
	uint32_t flags = ptm_samples_state_flags(session, item) & ~(uint32_t)PTM_FLAG_INTERRUPTS_TOGGLE, count = item->instructions;
	ptm_walked walked = ptm_flow_walked(from->flow);
	uint64_t before = walked.instructions - count;

	/* What a transaction did before it was aborted. */
	if (item->end == PTM_END_ABORT)
		flags |= PTM_FLAG_IN_TRANSACTION;
	if (!sampling->paused) {
		sampling->at_end = false;
		sampling->at = 0;
		sampling->ip = session->blocks.blocks.at[item->block].ip;
	}
	for (;;) {
		if (!sampling->paused)
			sampling->next = next_sample(samples, from, walked.tsc, before + sampling->at, count - sampling->at);
		if (!sampling->next)
			return PTM_OK;
		if (whole && sampling->at + sampling->next == count) {
			sampling->at_end = true;
			return PTM_OK;
		}
		sampling->paused = !sampling->paused && has_to_wait(samples, from);
		if (sampling->paused)
			return PTM_MORE;
		PTM_TRY(tell_sample(session, samples, from, flags));
	}
}
