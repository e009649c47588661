/* SPDX-License-Identifier: Apache-2.0 */
/* Who ran where and under what name, from the sideband records. Threads are
 * rows, numbered in order of first appearance; row 0 is the unknown thread
 * (pid -1, tid -1). */
#ifndef PTM_FILE_SIDEBAND_H
#define PTM_FILE_SIDEBAND_H

#include "file/trace_file.h"

typedef struct ptm_thread {
	int32_t pid, tid;
	int32_t machine;        /* pid of the process that runs the virtual machine that told of it; 0: the host's */
	bool guest;             /* what a virtual machine runs that this thread has entered: not found by its numbers */
	uint32_t first_comm;    /* string id of the first known name */
	uint32_t last_comm;
} ptm_thread;

typedef struct ptm_comm_change {
	uint64_t time;
	uint32_t thread;
	uint32_t name;          /* string id */
	bool exec;
} ptm_comm_change;

/* From `time` on, `thread` runs on `cpu`. */
typedef struct ptm_switch {
	uint64_t time;
	int64_t cpu;            /* of a virtual machine: machine << 32 | vcpu */
	uint32_t thread;        /* row; 0: nobody known */
} ptm_switch;

typedef struct ptm_sideband {
	PTM_ARRAY(ptm_thread) threads;
	PTM_ARRAY(ptm_comm_change) comms;     /* sorted by (thread, time) */
	PTM_ARRAY(ptm_switch) switches;       /* sorted by (cpu, time) */
	uint32_t first_guest;                 /* row of the first guest's thread; 0: there is none */
	uint32_t *slots; uint32_t slot_count; /* tid -> thread hash */
} ptm_sideband;

/* Builds the tables. have_sched_switch as in ptm_pt_info (1 is PTM_UNSUPPORTED
 * until tracepoints are read: no switches then, all else is built). As perf
 * does: a switch in puts the record's thread on its CPU, whatever the mode; a
 * switch out counts only in mode 3, where it puts the next thread (other_*)
 * there, else the thread stays until the next switch in; ITRACE_START puts its
 * thread on its CPU; a fork's child inherits the parent's name; pid 0 and tid 0
 * is "swapper", which has a row like any thread. */
ptm_status ptm_sideband_build(ptm_sideband *sideband, const ptm_trace_file *file, uint32_t have_sched_switch) PTM_MUST_CHECK;
void ptm_sideband_free(ptm_sideband *sideband);

/* Gives every thread known so far a guest's beside it, with `strings` named as perf names it ("[guest/PID]"). */
ptm_status ptm_sideband_add_guests(ptm_sideband *sideband, ptm_strings *strings) PTM_MUST_CHECK;
/* Row of the guest that `thread` may enter; 0: none. */
uint32_t ptm_sideband_guest_of(const ptm_sideband *sideband, uint32_t thread);

/* What a CPU of a virtual machine is among `switches`. */
static inline int64_t ptm_sideband_vcpu(int32_t machine, int32_t vcpu)
{
	return (int64_t)machine << 32 | (uint32_t)vcpu;
}

/* The CPU of a virtual machine that the host's `thread` runs, by the records joined to the host's; NULL: none (borrowed). */
const ptm_guest_id *ptm_sideband_cpu_of(const ptm_sideband *sideband, const ptm_trace_file *file, uint32_t thread);

/* Row of the virtual machine's thread that runs at `time` where the host's `thread` does, by the records
 * joined to the host's; 0: unknown. Only a switch in counts, as in perf. */
uint32_t ptm_sideband_inside(const ptm_sideband *sideband, const ptm_trace_file *file, uint32_t thread, uint64_t time);
/* Row of the thread that a record is of. */
uint32_t ptm_sideband_of_record(const ptm_sideband *sideband, const ptm_record *record);
/* As ptm_sideband_thread, in a virtual machine. */
uint32_t ptm_sideband_thread_in(const ptm_sideband *sideband, int32_t machine, int32_t pid, int32_t tid);
/* Row of a thread of the host (last one with that tid when pid is -1), 0 when unknown. */
uint32_t ptm_sideband_thread(const ptm_sideband *sideband, int32_t pid, int32_t tid);
/* Stores the row of a thread, made when it is new (one that only samples name). */
ptm_status ptm_sideband_make_thread(ptm_sideband *sideband, const ptm_trace_file *file, int32_t pid, int32_t tid, uint32_t *row) PTM_MUST_CHECK;
/* Row of the thread on `cpu` at `time` (a switch at exactly `time` counts). */
uint32_t ptm_sideband_running(const ptm_sideband *sideband, int64_t cpu, uint64_t time);
/* Number of the switch that is in force on `cpu` at `time`: it grows with each. */
uint32_t ptm_sideband_turn(const ptm_sideband *sideband, int64_t cpu, uint64_t time);
/* String id of the thread's name at `time` (a change at exactly `time` counts);
 * the first name before that. 0 when it never had one. */
uint32_t ptm_sideband_comm(const ptm_sideband *sideband, uint32_t thread, uint64_t time);

#endif
