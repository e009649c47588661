/* SPDX-License-Identifier: Apache-2.0 */
/* What perf script says of trace that was lost: its errors, and what goes on with them. */
#include "api/samples_state.h"

static uint32_t error_of(const ptm_item *item)
{
	switch (item->reason) {
	case PTM_GAP_BAD_PACKET: return item->bytes ? 3 : 6; /* a packet, where it cannot be */
	case PTM_GAP_NO_CODE: case PTM_GAP_GUEST_CODE: return 5;
	case PTM_GAP_CODE_MISMATCH: return 6;
	case PTM_GAP_OVERFLOW: return 7;
	case PTM_GAP_AUX_TRUNCATED: return 8;
	case PTM_GAP_ENDLESS_LOOP: return 10;
	default: return 0;
	}
}

/* perf looked at the branch before it found that it cannot be: it counts, but its own sample goes with the error. */
static void pass_contradicted(const ptm_session *session, ptm_samples *samples, ptm_lane *from)
{
	const ptm_item *item = &from->item;

	ptm_samples_note_walked(session, from, &session->blocks.blocks.at[item->block], item->instructions, false);
	ptm_samples_pass(samples, from, 1);
}

/* Of what a guest ran that has records of its own, perf says which it was. */
static void put_error(ptm_session *session, ptm_samples *samples, const ptm_lane *from, uint32_t error)
{
	ptm_script *script = &samples->script;
	const ptm_item *item = &from->item;
	const ptm_guest_id *runs = item->from_guest ? ptm_sideband_cpu_of(&session->sideband, &session->file, from->thread) : NULL;
	uint32_t guest = runs ? ptm_session_guest_of(session, from->thread, samples->record_ns) : 0;
	const uint64_t ns = samples->timeless || script->options.timeless ? 0 : ptm_time_ns(&session->time, item->end_tsc);
	const int32_t pid = script->pid, tid = script->tid;

	if (guest) {
		script->pid = session->sideband.threads.at[guest].pid;
		script->tid = session->sideband.threads.at[guest].tid;
		script->machine = runs->machine;
		script->vcpu = runs->vcpu;
	}
	ptm_script_put_error(script, ns, item->ip, error);
	script->pid = pid;
	script->tid = tid;
	script->machine = script->vcpu = 0;
}

/* Where code is missing perf counts nothing of the walk that came there: since the last branch, or sample. */
static void uncount(ptm_samples *samples, ptm_lane *from)
{
	bool samples_instructions = samples->script.options.want & (PTM_WANT_INSTRUCTIONS | PTM_WANT_CYCLES);
	uint64_t count = from->item.cycle_instructions;

	if (samples_instructions && from->sampling.counted < count)
		count = from->sampling.counted;
	if (samples_instructions)
		from->sampling.counted -= count;
	from->item.total_instructions -= count;
	from->item.end_tsc = ptm_pt_flow_uncount(ptm_flow_pt(from->flow), count);
}

ptm_status ptm_samples_tell_gap(ptm_session *session, ptm_samples *samples, ptm_lane *from)
{
	const ptm_item *item = &from->item;
	uint32_t error = error_of(item);

	/* Another recording: perf's sampling by time starts anew with it, and so do its call stacks. */
	from->sampling.continuous &= item->reason != PTM_GAP_AUX_MISSING && !item->resumed;
	from->recordings += item->reason == PTM_GAP_AUX_MISSING;
	if (item->instructions && (item->reason == PTM_GAP_CODE_MISMATCH || item->reason == PTM_GAP_ENDLESS_LOOP))
		pass_contradicted(session, samples, from);
	else if (item->instructions)
		ptm_samples_pass(samples, from, 1);
	else if (item->reason == PTM_GAP_CODE_MISMATCH)
		from->walked_length = 0; /* perf walked to a FUP's address, and stopped before the instruction there */
	else if (item->reason == PTM_GAP_NO_CODE && !from->sampling.looked)
		ptm_samples_pass(samples, from, 0);
	if (item->instructions)
		from->walked_part = false; /* it walked to a branch */
	from->sampling.looked = false;
	if (item->reason == PTM_GAP_NO_CODE || item->reason == PTM_GAP_GUEST_CODE)
		uncount(samples, from);
	/* perf's time stays at its estimate of an error's until the packets are past it. */
	if (error)
		from->tsc = item->end_tsc;
	if (!error || !(samples->script.options.want & PTM_WANT_ERRORS))
		return PTM_OK;
	if (item->reason != PTM_GAP_NO_CODE || !ptm_samples_meet_unreadable(session, samples, item))
		put_error(session, samples, from, error);
	return samples->script.status;
}

ptm_status ptm_samples_tell_truncated(ptm_session *session, ptm_samples *samples, const ptm_record *record)
{
	enum { LOST = 8, LOST_FROM_BTS = 9 };
	bool from_bts = session->flow_source == PTM_SOURCE_BTS;
	ptm_script *script = &samples->script;

	if (!(script->options.want & PTM_WANT_ERRORS) || !session->file.queues.length)
		return PTM_OK;
	script->pid = record->pid;
	script->tid = record->tid;
	script->cpu = record->cpu;
	ptm_script_put_error(script, record->time == PTM_NO_TIME ? 0 : record->time, 0, from_bts ? LOST_FROM_BTS : LOST);
	return script->status;
}
