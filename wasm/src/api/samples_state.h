/* SPDX-License-Identifier: Apache-2.0 */
/* The state of table `samples` of a PT trace, shared by samples.c (which queue
 * runs, up to when) and sample_rows.c (what it tells). Not for anyone else. */
#ifndef PTM_API_SAMPLES_STATE_H
#define PTM_API_SAMPLES_STATE_H

#include "api/session.h"

enum { PTM_SAMPLE_BRANCHES = 1, PTM_SAMPLE_INSTRUCTIONS = 2, PTM_SAMPLE_ERRORS = 4 };

typedef struct ptm_counters { uint64_t instructions, cycles; } ptm_counters;

typedef struct ptm_lane {
	ptm_stream stream;
	ptm_flow *flow;
	ptm_item item;           /* the state not yet told */
	bool has_item, ended, started;
	uint64_t cycles;         /* total, as of the last state that took it over */
	uint64_t tsc;            /* perf's time of the queue */
	uint32_t thread;
	uint64_t walked_ip;      /* last instruction walked: perf still shows it where tracing begins */
	uint32_t walked_space;
	uint8_t walked_length;
	ptm_counters last_branch, last_instruction;
} ptm_lane;

typedef struct ptm_heap_entry { uint64_t tsc; uint32_t lane; } ptm_heap_entry;

struct ptm_samples {
	uint32_t flags;
	PTM_ARRAY(ptm_lane) lanes;
	PTM_ARRAY(ptm_heap_entry) heap;
	PTM_ARRAY(uint32_t) running; /* cpu -> thread */
	PTM_ARRAY(uint32_t) unreadable; /* names of binaries without code that were told */
	uint32_t record;         /* next sideband record */
	uint64_t record_ns;      /* time of the last one let in */
	uint64_t limit;          /* ticks up to which the lanes may run now */
	bool set_up, limited, in_run;
	uint64_t run_limit;      /* of the lane that runs */
	uint32_t run_lane;
	ptm_table *table;
	uint64_t cursor;
};

/* sample_rows.c */
/* Tells the item that a queue has pending. */
ptm_status ptm_samples_tell(ptm_session *session, ptm_samples *samples, ptm_lane *from) PTM_MUST_CHECK;
/* Tells the instructions of a visit that come before its end: those that take the time it started with. */
ptm_status ptm_samples_tell_body(ptm_session *session, ptm_samples *samples, ptm_lane *from) PTM_MUST_CHECK;
ptm_status ptm_samples_tell_gap(ptm_session *session, ptm_samples *samples, ptm_lane *from) PTM_MUST_CHECK;
/* The error row of an AUX record that says data was lost: it stands at the record's own time. */
ptm_status ptm_samples_tell_truncated(ptm_session *session, ptm_samples *samples, const ptm_record *record) PTM_MUST_CHECK;
/* Whether perf's decoder stops at the item. */
bool ptm_samples_is_state(const ptm_samples *samples, const ptm_item *item);
/* Takes over the cycles that came with the item. A branch not taken is no state
 * of perf's unless instructions are told, and swallows them. */
void ptm_samples_take_cycles(const ptm_samples *samples, ptm_lane *from);

#endif
