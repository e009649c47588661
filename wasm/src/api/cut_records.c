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

/* A switch before the pieces counts when no later one before them is on its CPU;
 * where switches come in pairs (out, in), the one before it too. */
static bool needs_switch(const ptm_session *session, const ptm_cut *cut, uint32_t row)
{
	const ptm_record *records = session->file.records.at;
	uint32_t later = 0;

	if (records[row].time == PTM_NO_TIME || records[row].cpu < 0)
		return true;
	if (records[row].time > cut->last_ns)
		return false;
	if (records[row].time >= cut->first_ns)
		return true;
	for (uint32_t i = row + 1; i < session->file.records.length && records[i].time < cut->first_ns && later < 2; i++)
		later += (records[i].type == PTM_RECORD_SWITCH || records[i].type == PTM_RECORD_SWITCH_CPU_WIDE) && records[i].cpu == records[row].cpu;
	return later < 2;
}

/* Whether the process is the thread's, or one that it was forked from. */
static bool is_ancestor(const ptm_session *session, int32_t pid, uint32_t thread)
{
	int32_t of = session->sideband.threads.at[thread].pid;

	if (pid == of)
		return true;
	for (uint32_t i = session->file.records.length; i-- > 0;) {
		const ptm_record *record = &session->file.records.at[i];
		if (record->type != PTM_RECORD_FORK || record->pid != of || record->as.task.ppid == of)
			continue;
		of = record->as.task.ppid;
		if (pid == of)
			return true;
	}
	return false;
}

/* With one thread chosen, what tells only of others is left out. */
static bool is_about(const ptm_session *session, const ptm_cut *cut, const ptm_record *record)
{
	if (cut->thread == PTM_ALL)
		return true;
	const ptm_thread *thread = &session->sideband.threads.at[cut->thread];
	switch (record->type) {
	case PTM_RECORD_MMAP: case PTM_RECORD_MMAP2:
		return record->as.map.kernel || is_ancestor(session, record->pid, cut->thread);
	case PTM_RECORD_COMM: case PTM_RECORD_FORK:
		return record->tid == thread->tid || (record->tid == record->pid && is_ancestor(session, record->pid, cut->thread));
	case PTM_RECORD_KSYMBOL: case PTM_RECORD_BPF_EVENT: case PTM_RECORD_TEXT_POKE:
		return true;
	default:
		return record->tid == thread->tid;
	}
}

bool ptm_cut_needs_record(const ptm_session *session, const ptm_cut *cut, uint32_t row)
{
	const ptm_record *record = &session->file.records.at[row];
	bool timed = record->time != PTM_NO_TIME;

	if (!is_about(session, cut, record))
		return false;
	switch (record->type) {
	case PTM_RECORD_SWITCH: case PTM_RECORD_SWITCH_CPU_WIDE:
		return needs_switch(session, cut, row);
	case PTM_RECORD_AUX:
		return needs_aux(session, cut, record);
	case PTM_RECORD_LOST: case PTM_RECORD_LOST_SAMPLES: case PTM_RECORD_THROTTLE: case PTM_RECORD_UNTHROTTLE: case PTM_RECORD_READ:
		return !timed || (record->time >= cut->first_ns && record->time <= cut->last_ns);
	default:
		return !timed || record->time <= cut->last_ns;
	}
}
