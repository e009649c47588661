/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, their names over time, and who ran on which CPU, from the records
 * in their order. What perf would say at a time, this says too. */
#include "file/sideband.h"
#include "base/hash.h"
#include <stdio.h>

/* The hash has two entries for a thread: one by tid, for the last thread that
 * had it, one by pid and tid. An entry is (row << 1 | by_pid) + 1. */
static uint64_t hash_of(int32_t machine, int32_t pid, int32_t tid, bool by_pid)
{
	uint64_t key = (uint32_t)tid;
	return ptm_hash_u64((by_pid ? key << 32 | (uint32_t)pid : ~key) ^ (uint64_t)(uint32_t)machine << 16);
}

static bool entry_is(const ptm_sideband *sideband, uint32_t entry, int32_t machine, int32_t pid, int32_t tid, bool by_pid)
{
	const ptm_thread *thread = &sideband->threads.at[(entry - 1) >> 1];
	return ((entry - 1) & 1) == by_pid && thread->machine == machine && thread->tid == tid && (!by_pid || thread->pid == pid);
}

/* The slot of a key: its entry's, or the empty one where it belongs. */
static uint32_t *find_slot(const ptm_sideband *sideband, int32_t machine, int32_t pid, int32_t tid, bool by_pid)
{
	uint32_t mask = sideband->slot_count - 1;
	uint32_t slot = (uint32_t)hash_of(machine, pid, tid, by_pid) & mask;

	while (sideband->slots[slot] && !entry_is(sideband, sideband->slots[slot], machine, pid, tid, by_pid))
		slot = (slot + 1) & mask;
	return &sideband->slots[slot];
}

static void enter(ptm_sideband *sideband, uint32_t row, bool by_pid)
{
	const ptm_thread *thread = &sideband->threads.at[row];
	*find_slot(sideband, thread->machine, thread->pid, thread->tid, by_pid) = (row << 1 | by_pid) + 1;
}

/* Keeps the hash at most half full. */
static ptm_status reserve_slots(ptm_sideband *sideband)
{
	if (sideband->threads.length * 4 + 4 <= sideband->slot_count)
		return PTM_OK;
	uint32_t count = sideband->slot_count ? sideband->slot_count * 2 : 64;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return PTM_NO_MEMORY;
	free(sideband->slots);
	sideband->slots = slots;
	sideband->slot_count = count;
	for (uint32_t row = 1; row < sideband->threads.length; row++) {
		if (sideband->threads.at[row].guest)
			continue;
		enter(sideband, row, false);
		if (sideband->threads.at[row].pid != -1)
			enter(sideband, row, true);
	}
	return PTM_OK;
}

uint32_t ptm_sideband_thread_in(const ptm_sideband *sideband, int32_t machine, int32_t pid, int32_t tid)
{
	if (!sideband->slot_count || tid == -1)
		return 0;
	uint32_t entry = *find_slot(sideband, machine, pid, tid, pid != -1);
	return entry ? (entry - 1) >> 1 : 0;
}

uint32_t ptm_sideband_thread(const ptm_sideband *sideband, int32_t pid, int32_t tid)
{
	return ptm_sideband_thread_in(sideband, 0, pid, tid);
}

uint32_t ptm_sideband_of_record(const ptm_sideband *sideband, const ptm_record *record)
{
	return ptm_sideband_thread_in(sideband, record->machine, record->pid, record->tid);
}

/* Sets a thread's name from `time` on. */
static ptm_status set_name(ptm_sideband *sideband, uint32_t row, uint64_t time, uint32_t name, bool exec)
{
	ptm_thread *thread = &sideband->threads.at[row];

	if (!row)
		return PTM_OK;
	if (!thread->first_comm)
		thread->first_comm = name;
	thread->last_comm = name;
	return ptm_array_push(&sideband->comms, ((ptm_comm_change){ time, row, name, exec }));
}

/* Gives one of unknown process its pid. */
static ptm_status make_thread(ptm_sideband *sideband, const ptm_trace_file *file, int32_t machine, int32_t pid, int32_t tid, uint32_t *row)
{
	uint32_t swapper;

	*row = ptm_sideband_thread_in(sideband, machine, pid, tid);
	if (*row || tid == -1)
		return PTM_OK;
	PTM_TRY(reserve_slots(sideband));
	uint32_t last = ptm_sideband_thread_in(sideband, machine, -1, tid);
	if (last && sideband->threads.at[last].pid == -1) {
		sideband->threads.at[last].pid = pid;
		enter(sideband, last, true);
		*row = last;
		return PTM_OK;
	}
	if (sideband->threads.length >= UINT32_MAX / 8)
		return PTM_NO_MEMORY;
	*row = sideband->threads.length;
	PTM_TRY(ptm_array_push(&sideband->threads, ((ptm_thread){ .pid = pid, .tid = tid, .machine = machine })));
	enter(sideband, *row, false);
	if (pid != -1)
		enter(sideband, *row, true);
	if (pid || tid)
		return PTM_OK;
	PTM_TRY(ptm_strings_add(file->strings, "swapper", 7, &swapper));
	return set_name(sideband, *row, 0, swapper, false);
}

ptm_status ptm_sideband_make_thread(ptm_sideband *sideband, const ptm_trace_file *file, int32_t pid, int32_t tid, uint32_t *row)
{
	return make_thread(sideband, file, 0, pid, tid, row);
}

/* Values of have_sched_switch that make a difference. */
enum { MODE_TRACEPOINT = 1, MODE_CPU_WIDE = 3 };

typedef struct builder {
	ptm_sideband *sideband;
	const ptm_trace_file *file;
	uint32_t mode;          /* have_sched_switch */
	uint64_t now;           /* time of the record, or of the last one with a time */
} builder;

/* Puts a thread on a CPU. */
static ptm_status put_on(builder *build, int32_t cpu, int32_t pid, int32_t tid)
{
	uint32_t row;

	if (cpu < 0)
		return PTM_OK;
	PTM_TRY(ptm_sideband_make_thread(build->sideband, build->file, pid, tid, &row));
	return ptm_array_push(&build->sideband->switches, ((ptm_switch){ build->now, cpu, row }));
}

/* Only a system-wide switch says who comes after the one that leaves; otherwise
 * the one that left stays until another comes, as perf has it. */
static ptm_status take_switch(builder *build, const ptm_record *record)
{
	uint32_t row;

	if (record->machine) {
		if (record->as.swap.out || record->vcpu < 0)
			return PTM_OK;
		PTM_TRY(make_thread(build->sideband, build->file, record->machine, record->pid, record->tid, &row));
		return ptm_array_push(&build->sideband->switches, ((ptm_switch){ build->now, ptm_sideband_vcpu(record->machine, record->vcpu), row }));
	}
	if (build->mode == MODE_TRACEPOINT)
		return PTM_OK;
	if (!record->as.swap.out)
		return put_on(build, record->cpu, record->pid, record->tid);
	if (build->mode == MODE_CPU_WIDE && record->type == PTM_RECORD_SWITCH_CPU_WIDE)
		return put_on(build, record->cpu, record->as.swap.other_pid, record->as.swap.other_tid);
	return PTM_OK;
}

static ptm_status take_fork(builder *build, const ptm_record *record)
{
	uint32_t child, parent;

	PTM_TRY(make_thread(build->sideband, build->file, record->machine, record->as.task.ppid, record->as.task.ptid, &parent));
	PTM_TRY(make_thread(build->sideband, build->file, record->machine, record->pid, record->tid, &child));
	uint32_t name = build->sideband->threads.at[parent].last_comm;
	return name && child != parent ? set_name(build->sideband, child, build->now, name, false) : PTM_OK;
}

static ptm_status take_record(builder *build, const ptm_record *record)
{
	uint32_t row;

	switch (record->type) {
	case PTM_RECORD_COMM:
		PTM_TRY(make_thread(build->sideband, build->file, record->machine, record->pid, record->tid, &row));
		return set_name(build->sideband, row, build->now, record->as.comm.name, record->as.comm.exec);
	case PTM_RECORD_FORK:
		return take_fork(build, record);
	case PTM_RECORD_ITRACE_START:
		return record->machine ? PTM_OK : put_on(build, record->cpu, record->pid, record->tid);
	case PTM_RECORD_SWITCH:
	case PTM_RECORD_SWITCH_CPU_WIDE:
		return take_switch(build, record);
	case PTM_RECORD_MMAP:
	case PTM_RECORD_MMAP2:
		if (record->as.map.kernel || (record->as.map.guest && record->pid == -1))
			return PTM_OK;
		return make_thread(build->sideband, build->file, record->machine, record->pid, record->tid, &row);
	default:
		return PTM_OK;
	}
}

/* What an element is grouped by, and its row: both tables are filled in time order. */
typedef struct group_key {
	uint64_t group;
	uint32_t row;
} group_key;

static int compare_keys(const void *left, const void *right)
{
	const group_key *a = left, *b = right;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

static uint64_t thread_of(const void *comm)
{
	return ((const ptm_comm_change *)comm)->thread;
}

static uint64_t cpu_of(const void *change)
{
	return (uint64_t)((const ptm_switch *)change)->cpu;
}

/* Replaces the `count` elements of `size` bytes at `*elements` by the same in
 * the order of their groups, in which they keep their order. */
static ptm_status regroup(void **elements, uint32_t *capacity, uint32_t count, size_t size, uint64_t (*group_of)(const void *))
{
	if (!count)
		return PTM_OK;
	uint8_t *grouped = calloc(count, size), *old = *elements;
	group_key *keys = calloc(count, sizeof *keys);
	if (!grouped || !keys) {
		free(grouped);
		free(keys);
		return PTM_NO_MEMORY;
	}
	for (uint32_t i = 0; i < count; i++)
		keys[i] = (group_key){ group_of(old + i * size), i };
	qsort(keys, count, sizeof *keys, compare_keys);
	for (uint32_t i = 0; i < count; i++)
		memcpy(grouped + i * size, old + keys[i].row * size, size);
	free(old);
	free(keys);
	*elements = grouped;
	*capacity = count;
	return PTM_OK;
}

static ptm_status group_comms(ptm_sideband *sideband)
{
	return regroup((void **)&sideband->comms.at, &sideband->comms.capacity, sideband->comms.length, sizeof *sideband->comms.at, thread_of);
}

static ptm_status group_switches(ptm_sideband *sideband)
{
	return regroup((void **)&sideband->switches.at, &sideband->switches.capacity, sideband->switches.length, sizeof *sideband->switches.at, cpu_of);
}

/* The threads of per-thread queues that no record named. */
static ptm_status add_queue_threads(ptm_sideband *sideband, const ptm_trace_file *file)
{
	uint32_t row;

	for (uint32_t i = 0; i < file->queues.length; i++)
		if (file->queues.at[i].tid > 0)
			PTM_TRY(ptm_sideband_make_thread(sideband, file, -1, file->queues.at[i].tid, &row));
	return PTM_OK;
}

ptm_status ptm_sideband_build(ptm_sideband *sideband, const ptm_trace_file *file, uint32_t have_sched_switch)
{
	builder build = { .sideband = sideband, .file = file, .mode = have_sched_switch };

	*sideband = (ptm_sideband){ 0 };
	PTM_TRY(ptm_array_push(&sideband->threads, ((ptm_thread){ .pid = -1, .tid = -1 })));
	PTM_TRY(reserve_slots(sideband));
	for (uint32_t i = 0; i < file->records.length; i++) {
		const ptm_record *record = &file->records.at[i];
		if (record->time != PTM_NO_TIME)
			build.now = record->time;
		PTM_TRY(take_record(&build, record));
	}
	PTM_TRY(add_queue_threads(sideband, file));
	PTM_TRY(group_comms(sideband));
	PTM_TRY(group_switches(sideband));
	return have_sched_switch == MODE_TRACEPOINT ? PTM_UNSUPPORTED : PTM_OK;
}

/* As perf does it for --guest-code; of guests whose kernel alone is known it has no names. */
ptm_status ptm_sideband_add_guests(ptm_sideband *sideband, ptm_strings *strings)
{
	uint32_t first = sideband->threads.length, name;
	char text[32];

	for (uint32_t row = 1; row < first; row++) {
		ptm_thread guest = { .pid = sideband->threads.at[row].pid, .tid = sideband->threads.at[row].tid, .guest = true };
		PTM_TRY(ptm_array_push(&sideband->threads, guest));
		if (!strings)
			continue;
		int length = snprintf(text, sizeof text, "[guest/%d]", guest.pid);
		PTM_TRY(ptm_strings_add(strings, text, (size_t)length, &name));
		PTM_TRY(set_name(sideband, sideband->threads.length - 1, 0, name, false));
	}
	sideband->first_guest = first > 1 ? first : 0;
	return PTM_OK;
}

uint32_t ptm_sideband_guest_of(const ptm_sideband *sideband, uint32_t thread)
{
	return thread && thread < sideband->first_guest ? sideband->first_guest + thread - 1 : 0;
}

const ptm_guest_id *ptm_sideband_cpu_of(const ptm_sideband *sideband, const ptm_trace_file *file, uint32_t thread)
{
	const ptm_thread *host = &sideband->threads.at[thread];

	for (uint32_t i = 0; i < file->guest_ids.length && thread; i++)
		if (file->guest_ids.at[i].tid == host->tid && file->guest_ids.at[i].machine == host->pid)
			return &file->guest_ids.at[i];
	return NULL;
}

uint32_t ptm_sideband_inside(const ptm_sideband *sideband, const ptm_trace_file *file, uint32_t thread, uint64_t time)
{
	const ptm_guest_id *runs = ptm_sideband_cpu_of(sideband, file, thread);

	return runs ? ptm_sideband_running(sideband, ptm_sideband_vcpu(runs->machine, runs->vcpu), time) : 0;
}

void ptm_sideband_free(ptm_sideband *sideband)
{
	ptm_array_free(&sideband->threads);
	ptm_array_free(&sideband->comms);
	ptm_array_free(&sideband->switches);
	free(sideband->slots);
	sideband->slots = NULL;
	sideband->slot_count = 0;
}

uint32_t ptm_sideband_turn(const ptm_sideband *sideband, int64_t cpu, uint64_t time)
{
	uint32_t low = 0, high = sideband->switches.length;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const ptm_switch *at = &sideband->switches.at[middle];
		if ((uint64_t)at->cpu < (uint64_t)cpu || (at->cpu == cpu && at->time <= time))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t ptm_sideband_running(const ptm_sideband *sideband, int64_t cpu, uint64_t time)
{
	uint32_t turn = ptm_sideband_turn(sideband, cpu, time);
	if (!turn || sideband->switches.at[turn - 1].cpu != cpu)
		return 0;
	return sideband->switches.at[turn - 1].thread;
}

uint32_t ptm_sideband_comm(const ptm_sideband *sideband, uint32_t thread, uint64_t time)
{
	uint32_t low = 0, high = sideband->comms.length;

	if (thread >= sideband->threads.length)
		return 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const ptm_comm_change *at = &sideband->comms.at[middle];
		if (at->thread < thread || (at->thread == thread && at->time <= time))
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || sideband->comms.at[low - 1].thread != thread)
		return sideband->threads.at[thread].first_comm;
	return sideband->comms.at[low - 1].name;
}
