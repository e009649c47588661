/* SPDX-License-Identifier: Apache-2.0 */
/* Sideband records among the samples (--show-mmap-events and its sisters), in
 * perf's words. */
#include "api/script.h"
#include "file/perf_data.h"
#include <inttypes.h>
#include <stdio.h>

enum { MISC_EXEC = 1 << 13, MISC_DATA = 1 << 13, MISC_OUT = 1 << 13, MISC_PREEMPT = 1 << 14 };

static bool is_wanted(const ptm_script *script, const ptm_record *record)
{
	uint32_t show = script->options.show;

	switch (record->type) {
	case PTM_RECORD_MMAP: case PTM_RECORD_MMAP2: return show & PTM_SHOW_MMAPS;
	case PTM_RECORD_COMM: case PTM_RECORD_FORK: case PTM_RECORD_EXIT: return show & PTM_SHOW_TASKS;
	case PTM_RECORD_SWITCH: case PTM_RECORD_SWITCH_CPU_WIDE: return show & PTM_SHOW_SWITCHES;
	case PTM_RECORD_LOST: return show & PTM_SHOW_LOST;
	case PTM_RECORD_NAMESPACES: return show & PTM_SHOW_NAMESPACES;
	case PTM_RECORD_KSYMBOL: case PTM_RECORD_BPF_EVENT: return show & PTM_SHOW_BPF;
	case PTM_RECORD_CGROUP: return show & PTM_SHOW_CGROUPS;
	case PTM_RECORD_TEXT_POKE: return show & PTM_SHOW_TEXT_POKES;
	default: return false;
	}
}

/* perf's column "misc" of a record. */
static void misc_of(const ptm_record *record, char into[8])
{
	static const char *const modes[8] = { "", "K", "U", "H", "G", "g", "", "" };
	bool is_switch = record->type == PTM_RECORD_SWITCH || record->type == PTM_RECORD_SWITCH_CPU_WIDE;
	bool is_map = record->type == PTM_RECORD_MMAP || record->type == PTM_RECORD_MMAP2;

	snprintf(into, 8, "%s%s%s%s%s", modes[record->misc & PTM_MODE_MASK], is_map && record->misc & MISC_DATA ? "M" : "",
		record->type == PTM_RECORD_COMM && record->misc & MISC_EXEC ? "E" : "", is_switch && record->misc & MISC_OUT ? "S" : "",
		is_switch && record->misc & MISC_PREEMPT ? "p" : "");
}

/* Is there an event of this type that counts something? perf drops the columns of a type that its first such event
 * does not record; where all of them are dummies it prints even a CPU that no record tells. */
static bool type_counts(const ptm_trace_file *file, uint32_t type)
{
	for (uint32_t i = 0; i < file->attrs.length; i++)
		if (file->attrs.at[i].type == type && !ptm_attr_is_dummy(&file->attrs.at[i]))
			return true;
	return false;
}

/* The event whose record it is, as perf takes it: the first where the record does not say. */
static const ptm_attr *attr_of(const ptm_session *session, const ptm_record *record)
{
	const ptm_trace_file *file = &session->file;

	if (record->attr < file->attrs.length)
		return &file->attrs.at[record->attr];
	return file->attrs.length ? &file->attrs.at[0] : NULL;
}

/* Events without sample_id_all say nothing of their records, and perf puts zeros there. */
static bool records_cpu(const ptm_session *session, const ptm_record *record)
{
	const ptm_attr *attr = attr_of(session, record);
	return !attr || !attr->sample_id_all || attr->sample_type & PTM_SAMPLE_CPU;
}

uint64_t ptm_script_record_time(const ptm_session *session, const ptm_record *record)
{
	const ptm_attr *attr = attr_of(session, record);

	if (record->time != PTM_NO_TIME)
		return record->time;
	return attr && attr->sample_id_all ? PTM_NO_TIME : 0;
}

static bool is_named(const ptm_script *script, uint32_t thread)
{
	bool is_idle = !script->session->sideband.threads.at[thread].tid;
	return is_idle || (thread < script->named.length && script->named.at[thread]);
}

/* Keeps which threads have a name. */
static void note_name(ptm_script *script, const ptm_record *record)
{
	const ptm_sideband *sideband = &script->session->sideband;
	uint32_t thread = ptm_sideband_of_record(sideband, record);

	if (record->type != PTM_RECORD_COMM &&
	    (record->type != PTM_RECORD_FORK || !is_named(script, ptm_sideband_thread_in(sideband, record->machine, record->as.task.ppid, record->as.task.ptid))))
		return;
	if (record->type == PTM_RECORD_FORK) {
		script->forked_tid = record->tid;
		script->forked_from_pid = record->as.task.ppid;
		script->forked_from_tid = record->as.task.ptid;
	}
	while (script->status == PTM_OK && script->named.length <= thread)
		script->status = ptm_array_push(&script->named, false);
	if (script->status == PTM_OK)
		script->named.at[thread] = true;
}

bool ptm_script_is_forgotten(const ptm_script *script, uint32_t thread)
{
	return thread && thread < script->forgotten.length && script->forgotten.at[thread];
}

/* perf 6.12 forgets a thread when it exits, until it is named again; but of a processor trace, which is decoded later than its records are
 * read, if it is not in samples, and not in a pipe. */
static void note_exit(ptm_script *script, const ptm_record *record)
{
	const ptm_session *session = script->session;
	bool exits = record->type == PTM_RECORD_EXIT, is_named = record->type == PTM_RECORD_COMM || record->type == PTM_RECORD_FORK;
	bool keeps = session->flow_source == PTM_SOURCE_PT && !session->file.aux_pieces.length && !ptm_trace_file_piped(&session->file);

	if (script->options.version < 612 || keeps || (!exits && !is_named))
		return;
	uint32_t thread = ptm_sideband_of_record(&session->sideband, record);
	while (script->status == PTM_OK && script->forgotten.length <= thread)
		script->status = ptm_array_push(&script->forgotten, false);
	if (script->status == PTM_OK)
		script->forgotten.at[thread] = exits;
}

static void put_record(ptm_script *script, const ptm_record *record);

void ptm_script_put_record(ptm_script *script, const ptm_record *record)
{
	note_name(script, record);
	if (script->status == PTM_OK && is_wanted(script, record))
		put_record(script, record);
	note_exit(script, record);
}

static void put_record(ptm_script *script, const ptm_record *record)
{
	const ptm_session *session = script->session;
	uint64_t ns = ptm_script_record_time(session, record);
	char misc[8];

	uint32_t attr = record->attr < session->file.attrs.length ? session->file.attrs.at[record->attr].type : 0;
	/* A fork is told of the thread that forked. */
	int32_t pid = record->type == PTM_RECORD_FORK ? record->as.task.ppid : record->pid;
	int32_t tid = record->type == PTM_RECORD_FORK ? record->as.task.ptid : record->tid;
	/* A new thread's namespaces are told of the one that forked; perf record, too, lists a process as its fork, its
	 * namespaces and its name, in this order. */
	if (record->type == PTM_RECORD_NAMESPACES && tid == script->forked_tid) {
		pid = script->forked_from_pid;
		tid = script->forked_from_tid;
		script->forked_tid = -1;
	}
	uint32_t thread = ptm_sideband_thread_in(&session->sideband, record->machine, pid, tid);
	script->fields = script->options.fields[ptm_script_type(attr)];
	if (!type_counts(&session->file, attr))
		script->fields |= PTM_SCRIPT_CPU_ASKED;
	ptm_script_set_thread(script, thread, ns);
	script->machine = record->machine;
	script->vcpu = record->vcpu;
	if (!thread) {
		script->pid = pid;
		script->tid = tid;
	}
	if (!thread || ptm_script_is_forgotten(script, thread))
		snprintf(script->comm, sizeof script->comm, ":%d", tid);
	if (!tid)
		snprintf(script->comm, sizeof script->comm, "swapper");
	/* perf kvm --guest record's map of the guest's kernel: for perf it is of a guest that has a name, but no process. */
	bool is_map = record->type == PTM_RECORD_MMAP || record->type == PTM_RECORD_MMAP2;
	if (is_map && record->as.map.guest && !record->machine)
		snprintf(script->comm, sizeof script->comm, "[guest/%d]", pid);
	/* A child is called as its parent, if that has a name by then. */
	if (record->type == PTM_RECORD_FORK && (thread ? !is_named(script, thread) : tid))
		snprintf(script->comm, sizeof script->comm, ":%d", record->tid);
	script->cpu = record->cpu;
	/* What perf record made up has zeros for all that its event records. */
	if (!ns) {
		script->pid = script->tid = 0;
		script->cpu = records_cpu(session, record) || script->fields & PTM_SCRIPT_CPU_ASKED ? 0 : -1;
	}
	const ptm_attr *event = attr_of(session, record);
	script->has_chains = event && event->sample_type & PTM_SAMPLE_CALLCHAIN &&
		script->fields & PTM_SCRIPT_IP && !(script->fields & PTM_SCRIPT_NO_CHAINS);
	/* Neither time nor thread are asked for of records. */
	if (!ptm_script_wants_cpu(&script->options, script->cpu))
		return;
	misc_of(record, misc);
	ptm_script_put_who(script, ns, misc);
	if (!ns && script->fields & PTM_SCRIPT_TIME)
		ptm_script_put(script, script->options.ns ? "    0.000000000: " : "    0.000000: ");
	ptm_script_put_record_text(script, record);
}
