/* SPDX-License-Identifier: Apache-2.0 */
/* Which records a cut needs: who ran, under what name, with what mapped, before
 * and during its pieces; what happened in them. */
#include "api/cut.h"

/* The record is of the time of the pieces, or the AUX data it tells of is in the
 * piece of its queue, at least in part. */
static bool needs_aux(const ptm_session *session, const ptm_cut *cut, const ptm_record *record)
{
	for (uint32_t queue = 0; queue < session->file.queues.length; queue++) {
		const ptm_queue *row = &session->file.queues.at[queue];
		const ptm_cut_queue *piece = &cut->queues.at[queue];
		bool own = row->cpu >= 0 ? row->cpu == record->cpu : row->tid == record->tid;
		if (!own || piece->limit <= piece->from)
			continue;
		if (record->time == PTM_NO_TIME || (record->time >= cut->first_ns && record->time <= cut->last_ns))
			return true;
		return record->as.aux.offset < piece->aux_limit && record->as.aux.offset + record->as.aux.size > piece->aux_from;
	}
	return false;
}

/* A switch before the pieces counts when it, or the one after it, is in force
 * on its CPU where they begin: switches come in pairs (out, in). */
static bool needs_switch(const ptm_session *session, const ptm_cut *cut, const ptm_record *record)
{
	int64_t cpu = record->machine ? ptm_sideband_vcpu(record->machine, record->vcpu) : record->cpu;

	if (record->time == PTM_NO_TIME || cpu < 0)
		return true;
	if (record->time > cut->last_ns)
		return false;
	if (record->time >= cut->first_ns)
		return true;
	uint32_t own = ptm_sideband_turn(&session->sideband, cpu, record->time);
	return own + 1 >= ptm_sideband_turn(&session->sideband, cpu, cut->first_ns - 1);
}

/* Whether the process is a chosen thread's, or was one that it was forked from. */
static bool is_ancestor(const ptm_cut *cut, const ptm_record *record)
{
	for (uint32_t i = 0; i < cut->processes.length; i++)
		if (cut->processes.at[i].pid == record->pid && (record->time == PTM_NO_TIME || record->time <= cut->processes.at[i].until))
			return true;
	return false;
}

/* With threads chosen, what tells only of others is left out, but for when they ran
 * and what was lost on a CPU. */
static bool is_about(const ptm_session *session, const ptm_cut *cut, const ptm_record *record)
{
	if (!cut->threads.length)
		return true;
	bool own = ptm_cut_wants(cut, ptm_sideband_of_record(&session->sideband, record));
	switch (record->type) {
	case PTM_RECORD_MMAP: case PTM_RECORD_MMAP2:
		return record->as.map.kernel || is_ancestor(cut, record);
	case PTM_RECORD_COMM: case PTM_RECORD_FORK:
		return own || (record->tid == record->pid && is_ancestor(cut, record));
	case PTM_RECORD_KSYMBOL: case PTM_RECORD_BPF_EVENT: case PTM_RECORD_TEXT_POKE:
	case PTM_RECORD_SWITCH: case PTM_RECORD_SWITCH_CPU_WIDE: case PTM_RECORD_ITRACE_START: case PTM_RECORD_AUX:
	case PTM_RECORD_LOST: case PTM_RECORD_LOST_SAMPLES: case PTM_RECORD_THROTTLE: case PTM_RECORD_UNTHROTTLE:
		return true;
	default:
		return own;
	}
}

bool ptm_cut_needs_record(const ptm_session *session, const ptm_cut *cut, uint32_t row)
{
	const ptm_record *record = &session->file.records.at[row];
	bool timed = record->time != PTM_NO_TIME;

	/* Of chosen threads nobody knows yet which were a guest's: what it tells of others is not shared. */
	if (record->machine ? cut->threads.length > 0 : !is_about(session, cut, record))
		return false;
	switch (record->type) {
	case PTM_RECORD_SWITCH: case PTM_RECORD_SWITCH_CPU_WIDE:
		return needs_switch(session, cut, record);
	case PTM_RECORD_AUX:
		return needs_aux(session, cut, record);
	case PTM_RECORD_LOST: case PTM_RECORD_LOST_SAMPLES: case PTM_RECORD_THROTTLE: case PTM_RECORD_UNTHROTTLE: case PTM_RECORD_READ:
		return !timed || (record->time >= cut->first_ns && record->time <= cut->last_ns);
	default:
		return !timed || record->time <= cut->last_ns;
	}
}

bool ptm_cut_needs_sample(const ptm_session *session, const ptm_cut *cut, uint32_t row)
{
	const ptm_sample_ref *sample = &session->file.samples.at[row];
	bool own = !cut->threads.length || ptm_cut_wants(cut, ptm_sideband_thread(&session->sideband, sample->pid, sample->tid));
	return own && sample->time >= cut->first_ns && sample->time <= cut->last_ns;
}
