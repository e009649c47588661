/* SPDX-License-Identifier: Apache-2.0 */
/* The state of table `script` of a PT trace, shared by samples.c (which queue
 * runs, up to when) and script_pt.c (what it tells). Not for anyone else. */
#ifndef PTM_API_SAMPLES_STATE_H
#define PTM_API_SAMPLES_STATE_H

#include "api/script_dump.h"

typedef struct ptm_counters { uint64_t instructions, cycles; } ptm_counters;

/* When the next instruction is sampled, as perf's decoder has it. */
typedef struct ptm_sampling {
	uint64_t counted;        /* instructions since the last sample (unit: instructions) */
	uint64_t last_mark;      /* the last multiple of the period that time passed (unit: ticks) */
	bool continuous;
	bool looked;             /* perf asked when the next is due since tracing began, or an error */
	bool at_end;             /* the visit's last instruction is sampled */
	uint32_t first_flags;    /* of the instruction at a FUP that told of the interrupt flag, if it is sampled: 0, none did */
	/* A visit whose sample has to wait for the other queues: */
	bool paused;
	uint32_t at;             /* instructions done */
	uint64_t next, ip;       /* the sample is instruction at + next - 1; ip is that of instruction at */
} ptm_sampling;

#define PTM_PEBS_COUNTERS 64u

/* A sample in the trace: the values of its blocks, by the block's type. */
typedef struct ptm_pebs {
	uint32_t masks[32];      /* the values that are there */
	uint64_t values[32][32];
	bool is_32_bit;
	uint64_t words[64];      /* of the sample that is made of them: its registers */
	uint64_t branches[3 * 32];
	uint32_t events[PTM_PEBS_COUNTERS]; /* by counter: row of attrs + 1; 0: no record told */
} ptm_pebs;

typedef struct ptm_lane {
	ptm_stream stream;
	ptm_flow *flow;
	ptm_item item;           /* the state not yet told */
	uint32_t chunk;          /* AUX data in samples, sample by sample: the next of its queue's; … */
	uint64_t chunks_size;    /* … bytes of those before */
	bool has_item, ended;
	uint64_t cycles;         /* total, as of the last state that took it over */
	uint64_t tsc;            /* perf's time of the queue */
	uint32_t range;          /* of the times asked for: those before it are past */
	uint64_t used_tsc;       /* of a branch not taken that was no state: the next state's time */
	uint32_t thread;
	uint64_t walked_ip;      /* last instruction walked: perf still shows it where tracing begins */
	uint32_t walked_space;
	uint8_t walked_length, walked_class;
	bool walked_part;        /* the walk stopped inside a block */
	uint64_t sampled_instructions; /* of the queue, as of the last sample of them */
	uint64_t psb_offset;     /* of the last PSB that was met, not searched */
	uint32_t recordings;     /* that were begun: snapshots and samples with AUX data that do not follow on one another */
	uint64_t power_entry;    /* of the last PWRE that an MWAIT's FUP went with */
	uint32_t ratio_told;     /* core:bus ratio that was told last */
	ptm_sampling sampling;
	ptm_event data[PTM_EVENT_DATA]; /* of the coming control flow event */
	uint32_t data_count;
	ptm_counters last_branch, last_instruction, last_cycle;
	ptm_pebs pebs;           /* the coming sample in the trace */
} ptm_lane;

typedef struct ptm_bts_samples ptm_bts_samples;

/* Lanes that have more, by their time. */
typedef struct ptm_heap_entry { uint64_t tsc; uint32_t lane; } ptm_heap_entry;
typedef PTM_ARRAY(ptm_heap_entry) ptm_lane_heap;

/* A binary without code, as perf deals with it. */
typedef struct ptm_unreadable {
	uint32_t name;
	bool tried;              /* perf could not open it, be it to decode or to print */
	bool seen;               /* the decoder met it when that was known: from then on it is silent */
} ptm_unreadable;

struct ptm_samples {
	ptm_script script;
	PTM_ARRAY(ptm_lane) lanes;
	ptm_lane_heap heap;
	PTM_ARRAY(uint32_t) running; /* cpu -> thread */
	PTM_ARRAY(bool) met;     /* by thread: a record told its process */
	PTM_ARRAY(ptm_unreadable) unreadable;
	bool any_missing;        /* of the images that the trace wants */
	PTM_ARRAY(ptm_thread_stack) stacks; /* by thread; filled as far as they are followed */
	uint32_t record, sample; /* next sideband record, next ordinary sample of the file */
	uint64_t record_ns;      /* time of the last one let in */
	bool untimed_put;        /* records without time were printed before all others */
	uint64_t limit;          /* ticks up to which the lanes may run now */
	bool timeless;           /* the trace has no times, or they are not wanted (--itrace=Z) */
	bool set_up, limited, in_run;
	uint64_t run_limit;      /* of the lane that runs */
	uint32_t run_lane;
	bool follows_stacks;     /* calls and branches are asked for */
	uint64_t period_ticks;   /* a power of two; 0: no sampling by time */
	uint64_t left_out;       /* of the samples to skip */
	ptm_dump *dump;          /* -D: the rest is not used then */
	struct ptm_bts_samples *bts; /* of a BTS trace: samples_bts.c */
};

/* lane_heap.c */
ptm_status ptm_lane_heap_add(ptm_lane_heap *heap, uint32_t lane, uint64_t tsc) PTM_MUST_CHECK;
/* Takes out the first entry of a heap that has some. */
void ptm_lane_heap_pop(ptm_lane_heap *heap);

/* script_pt.c */
/* Who the rows of a lane name from now on. */
void ptm_samples_set_who(ptm_session *session, ptm_samples *samples, const ptm_lane *from);
/* Tells the item that a queue has pending. */
ptm_status ptm_samples_tell(ptm_session *session, ptm_samples *samples, ptm_lane *from) PTM_MUST_CHECK;
/* The first `count` instructions of a block were walked, the last of them as a whole unless it was interrupted. */
void ptm_samples_note_walked(const ptm_session *session, ptm_lane *from, const ptm_block *block, uint32_t count, bool asynchronous);

/* script_error.c */
ptm_status ptm_samples_tell_gap(ptm_session *session, ptm_samples *samples, ptm_lane *from) PTM_MUST_CHECK;
/* The error row of an AUX record that says data was lost: it stands at the record's own time. */
ptm_status ptm_samples_tell_truncated(ptm_session *session, ptm_samples *samples, const ptm_record *record) PTM_MUST_CHECK;

/* script_unreadable.c. perf tells a binary that it cannot read until its decoder has met it twice, once if it tried to print an
 * instruction of it before. Returns whether this meeting, where an item says that code is missing, is silent. */
bool ptm_samples_meet_unreadable(ptm_session *session, ptm_samples *samples, const ptm_item *item);
/* At the map of a vDSO perf looks for a binary of the process, by address, up to one that can be read: it tells how wide addresses are. */
void ptm_samples_meet_map(ptm_session *session, ptm_samples *samples, const ptm_record *record);
/* perf looks at the instruction of every sample that it prints: notes a binary that it cannot read. */
void ptm_samples_try_code(ptm_session *session, ptm_samples *samples, uint64_t ip);

/* Whether perf's decoder stops at the lane's item. */
bool ptm_samples_is_state(const ptm_samples *samples, const ptm_lane *from);
/* Takes over the cycles that came with the item. A branch not taken is no state
 * of perf's unless it is sampled, and swallows them, but where IPC is approximate. */
void ptm_samples_take_cycles(const ptm_samples *samples, ptm_lane *from);

/* Whether a state of the lane lies outside of the times asked for: it is as if it was not, for measurements and stacks too. */
bool ptm_samples_is_outside(const ptm_session *session, const ptm_samples *samples, ptm_lane *from);
/* What of the flags an item says beside its branch. */
uint32_t ptm_samples_state_flags(const ptm_session *session, const ptm_item *item);
/* Fills in what is the same for all rows of a state, and puts it out. */
ptm_status ptm_samples_put(ptm_session *session, ptm_samples *samples, ptm_lane *from, uint64_t tsc, ptm_script_row *row) PTM_MUST_CHECK;
/* Instructions and cycles since the last row of its kind that told some. `left`:
 * instructions of the item after the row's. */
void ptm_samples_measure(const ptm_samples *samples, ptm_script_row *row, const ptm_lane *from, ptm_counters *last, uint32_t left);
/* Length of instruction `index` of a block. */
uint8_t ptm_samples_length_of(const ptm_session *session, const ptm_block *block, uint32_t index);

/* script_pebs.c */
/* One value of a sample in the trace. */
void ptm_samples_take_pebs(ptm_pebs *pebs, const ptm_item *item);
/* The sample is whole: puts it out, once for each of its events, if they are asked for. `state`: the row of perf's state. */
ptm_status ptm_samples_tell_pebs(ptm_session *session, ptm_samples *samples, ptm_lane *from, const ptm_script_row *state) PTM_MUST_CHECK;
/* A record that tells which event uses a counter. */
void ptm_samples_take_counter(const ptm_session *session, ptm_samples *samples, const ptm_record *record);

/* script_sampling.c */
/* Tells the sampled instructions of a visit that come before its end: those that
 * take the time it started with. PTM_MORE: the next has to wait, call again. */
ptm_status ptm_samples_tell_body(ptm_session *session, ptm_samples *samples, ptm_lane *from) PTM_MUST_CHECK;
/* A sample of the instruction after which `left` ones of the item follow. */
ptm_status ptm_samples_put_instruction(ptm_session *session, ptm_samples *samples, ptm_lane *from, ptm_script_row *row, uint32_t left, bool measured) PTM_MUST_CHECK;
/* perf counts `count` instructions (0: looks when the next sample is due), but an error swallows their samples. */
void ptm_samples_pass(ptm_samples *samples, ptm_lane *from, uint32_t count);

/* samples_bts.c: the same for BTS. */
/* Tells the pieces fetched up to `limit`; all of thread `exit_tid` when not -1. PTM_MORE: enough for now. */
ptm_status ptm_bts_samples_run(ptm_session *session, ptm_samples *samples, uint64_t limit, int32_t exit_tid) PTM_MUST_CHECK;
ptm_status ptm_bts_samples_new(ptm_session *session, ptm_bts_samples **samples) PTM_MUST_CHECK;
void ptm_bts_samples_free(ptm_bts_samples *samples);
/* The stack of a thread, made when it is new; NULL: stacks are not followed. */
ptm_status ptm_samples_stack(ptm_samples *samples, uint32_t thread, ptm_thread_stack **stack) PTM_MUST_CHECK;
/* perf's flags of a branch by the class of its instruction. */
uint32_t ptm_sample_class_flags(uint8_t class);
/* Whether this made-up sample is one of those to skip at the start (--itrace=s). */
bool ptm_samples_skips(ptm_samples *samples, uint64_t most);

/* Bytes of text in an answer, about: hosts copy it, and larger pieces of fresh memory cost more than they save. */
#define PTM_SCRIPT_ANSWER (1u << 16)

#endif
