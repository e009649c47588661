/* SPDX-License-Identifier: Apache-2.0 */
/* What one session holds, for the files of api/ only. */
#ifndef PTM_API_SESSION_H
#define PTM_API_SESSION_H

#include "base/table.h"
#include "file/bts_info.h"
#include "file/bts_overlap.h"
#include "file/event_format.h"
#include "file/pt_info.h"
#include "file/sample.h"
#include "file/sideband.h"
#include "flow/flow.h"
#include "profile/profile.h"

/* AUX bytes per segment, about: the cut is at the next PSB. */
#define PTM_SEGMENT_BYTES (1u << 20)

/* What is known of the clock at a segment's start: nothing; what a stretch before
 * it says (see ptm_segment_clock); what all packets before it say. */
enum ptm_clock_state { PTM_CLOCK_UNKNOWN, PTM_CLOCK_GUESSED, PTM_CLOCK_EXACT };

/* A unit of decoding: [offset, limit) of a queue's stream, from PSB to PSB. */
typedef struct ptm_segment {
	uint32_t queue;
	uint64_t offset, limit;
	uint64_t start_ns;       /* of the first TSC packet in its PSB+, or of the record it starts with; 0: none */
	uint8_t clock_state;     /* enum ptm_clock_state */
	bool merged;
	bool seeded;             /* clock goes on from a longer trace that this one was cut out of */
	uint64_t instructions;   /* executed in it, once merged */
	ptm_clock clock;         /* at offset */
} ptm_segment;

/* A place in a queue's stream before which perf lost trace. */
typedef struct ptm_truncation { uint32_t queue; uint64_t offset; } ptm_truncation;

/* The stream of one queue, as flow and packets read it. */
typedef struct ptm_stream {
	ptm_session *session;
	uint32_t queue;
	bool as_perf;            /* of the layout that perf takes (ptm_stream_of_perf) */
	bool timeless;           /* decoded without times, though it may have some */
	/* as_perf: who runs, and the time of the last record let in, which perf goes by whatever the packets' time is. */
	uint32_t thread;
	uint64_t record_ns;
	uint32_t last_chunk;     /* of the queue: the one read last, */
	uint64_t last_start;     /* and its place in the stream */
} ptm_stream;

/* A sample's place in its queue's stream. */
typedef struct ptm_queue_sample {
	uint64_t start;
	uint32_t row;            /* of the file's samples */
	uint32_t queue;
} ptm_queue_sample;

typedef struct ptm_samples ptm_samples; /* api/samples.c: the cursor of table script */
typedef struct ptm_events ptm_events;   /* api/query_events.c: the range of events asked for last */
typedef struct ptm_window ptm_window;   /* api/window.c: a range decoded again */
typedef struct ptm_range ptm_range;     /* api/range_tree.c: the call tree of a range, summed */
typedef struct ptm_cut ptm_cut;         /* api/cut.h: what a bundle of a range needs */

/* The runs of the profile with the ordinals that people count in. */
typedef struct ptm_ordinals {
	uint32_t version;        /* of the profile it was made from */
	PTM_ARRAY(ptm_run) runs;         /* sorted by (thread, start) */
	PTM_ARRAY(uint64_t) thread_first;/* per run: the thread's ordinal of its first instruction */
	PTM_ARRAY(uint32_t) by_queue;    /* rows of runs, sorted by (queue, first_instruction) */
} ptm_ordinals;

/* The clock at a place in a queue's stream that was scanned for. */
typedef struct ptm_known_clock {
	uint32_t version;        /* of the profile; 0: none is known */
	uint32_t queue;
	uint64_t offset;
	ptm_clock clock;
} ptm_known_clock;

struct ptm_session {
	ptm_message message;
	ptm_source source;
	PTM_ARRAY(ptm_data_file) data_files; /* names owned */
	PTM_ARRAY(ptm_guest_data) guest_data; /* names, and those of their other files, owned */
	ptm_strings strings;
	ptm_trace_file file;
	uint8_t flow_source;     /* enum ptm_flow_source */
	ptm_pt_info pt;          /* of a BTS trace: only attr and timeless count, the rest is 0 */
	uint32_t errata;         /* enum ptm_erratum: of the CPU; perf allows for none, so `script` does not either */
	ptm_bts_info bts;
	PTM_ARRAY(ptm_bts_span) bts_spans; /* sorted by (queue, start) */
	PTM_ARRAY(uint32_t) first_bts_span;/* of each queue, and one past the last */
	PTM_ARRAY(ptm_queue_sample) queue_samples; /* of a trace of samples: sorted by (queue, time) */
	PTM_ARRAY(uint32_t) first_queue_sample;    /* of each queue, and one past the last */
	bool has_branch_flow;    /* some sample's branch stack holds every branch */
	double cycle_ns;         /* inferred from the CPU's name, or assumed; 0: stacks have no cycles */
	bool cycle_ns_assumed;
	bool opened, has_pt;
	bool exact_clocks;       /* no clock is guessed */
	bool guest_code;         /* code of guests lies in the process that runs them */
	uint32_t segment_bytes;  /* PTM_SEGMENT_BYTES, unless a test says otherwise */
	ptm_sideband sideband;
	ptm_images images;
	ptm_spaces *spaces;
	ptm_blocks blocks;
	ptm_graph graph;                  /* of the fast path */
	ptm_graph window_graph;           /* the same for windows */
	bool without_cache;               /* decodes by the slow path alone: for tests */
	ptm_time time;
	uint64_t start_ns;                /* of the trace, absolute */
	PTM_ARRAY(uint64_t) change_tsc;   /* times of all sideband records in TSC ticks, ascending */
	PTM_ARRAY(uint64_t) change_ns;    /* the same in ns */
	PTM_ARRAY(uint64_t) made_ns;      /* when runtimes made code, ascending */
	PTM_ARRAY(ptm_segment) segments;
	PTM_ARRAY(uint32_t) first_segment;/* of each queue, and one past the last */
	PTM_ARRAY(ptm_truncation) truncations; /* sorted by (queue, offset) */
	/* The segment being decoded */
	uint32_t decoding;                /* row, UINT32_MAX: none */
	uint64_t marked;                  /* offset of the clock kept last, or of the segment */
	ptm_flow *flow;
	ptm_cached *cached;               /* NULL: the source has no fast path */
	ptm_part *part;
	ptm_part *spare_part;    /* memory for the next one */
	ptm_stream stream;
	uint32_t truncation;              /* next row of truncations */
	const uint8_t *part_bytes;
	size_t part_length;
	ptm_profile *profile;
	uint32_t version;                 /* grows with every merge */
	uint64_t instructions;            /* of all merged segments */
	ptm_known_clock replayed;         /* at the checkpoint that was last decoded from */
	ptm_ordinals ordinals;
	ptm_event_formats event_formats; /* read when first asked for */
	bool event_formats_read;
	PTM_ARRAY(uint32_t) thread_samples; /* ordinary samples of each thread; empty: not counted yet */
	PTM_ARRAY(uint32_t) image_samples;  /* the same of each image */
	ptm_samples *samples;
	ptm_window *window;
	ptm_range *range;
	ptm_cut *cut;
	ptm_events *events;
};

/* api/load.c: carries the sideband to image and flow. The only wiring. */
ptm_status ptm_load_trace(ptm_session *session) PTM_MUST_CHECK;
/* Lays out all maps again, after code was given that the records do not map. */
ptm_status ptm_load_maps(ptm_session *session) PTM_MUST_CHECK;
/* Time whose maps a row at `ns` is named by: of the last record, or of the last
 * code that a runtime made until then. */
uint64_t ptm_load_named_ns(const ptm_session *session, uint64_t record_ns, uint64_t ns);

/* api/snapshot.c: cuts from each snapshot of a ring what the one before it held. */
ptm_status ptm_snapshots_trim(ptm_session *session) PTM_MUST_CHECK;

/* api/stream.c */
ptm_stream ptm_stream_of(ptm_session *session, uint32_t queue);
/* AUX data in samples is in another layout in perf, which decodes less of it: its
 * queues and the stream of one of them; for all other traces the same as ours. */
uint32_t ptm_stream_perf_queues(const ptm_session *session);
ptm_stream ptm_stream_of_perf(ptm_session *session, uint32_t queue);
/* The queue of a stream. */
const ptm_queue *ptm_stream_queue(const ptm_stream *stream);
/* Bytes of AUX data in it. */
uint64_t ptm_stream_size(const ptm_stream *stream);
/* Tells the file that [offset, limit) of a stream will be read, and a little before and
 * after it; unless other things lie between its pieces. No bytes: that it is over. */
void ptm_stream_want(ptm_stream *stream, uint64_t offset, uint64_t limit);
/* The flow's view of a stream; borrows `stream`. */
void ptm_stream_config(ptm_stream *stream, ptm_flow_config *config);
/* Who is on the queue's CPU (or its thread), and its address space. */
void ptm_stream_context(void *stream, uint64_t tsc, ptm_flow_context *context);
/* Latest ns that perf counts as not after `tsc`. */
uint64_t ptm_stream_latest_ns(const ptm_session *session, uint64_t tsc);
/* Makes the clock of `segment` known. In a large trace not all packets before it
 * are read for that, only so many that twice as many would say the same. Should
 * that be wrong, the clock with which the segment before it ends differs:
 * ptm_profile_clock_breaks counts these, and a session with `exact_clocks` reads
 * them all. */
ptm_status ptm_segment_clock(ptm_session *session, uint32_t segment) PTM_MUST_CHECK;
/* Cuts all queues into segments. */
ptm_status ptm_segments_cut(ptm_session *session) PTM_MUST_CHECK;
/* Row of the segment of `queue` that holds `offset`. */
uint32_t ptm_segment_at(const ptm_session *session, uint32_t queue, uint64_t offset);

/* api/bts_spans.c: cuts the queues of a BTS trace into spans: by pieces of AUX
 * data, and by the AUX records that say whose they are and when. */
ptm_status ptm_bts_spans_build(ptm_session *session) PTM_MUST_CHECK;
/* The span that holds `offset`, or the first after it. PTM_END: none. `stream` is a ptm_stream. */
ptm_status ptm_bts_spans_find(void *stream, uint64_t offset, ptm_bts_span *span) PTM_MUST_CHECK;

/* api/sample_queues.c: the samples of a file without AUX data as queues. */
ptm_status ptm_sample_queues_open(ptm_session *session) PTM_MUST_CHECK;
/* Needs the sideband. */
ptm_status ptm_sample_queues_build(ptm_session *session) PTM_MUST_CHECK;
/* As ptm_lbr_flow_config wants them; `stream` is a ptm_stream. */
ptm_status ptm_sample_queues_stack(void *stream, uint64_t offset, ptm_lbr_stack *stack) PTM_MUST_CHECK;
uint64_t ptm_sample_queues_count(void *stream, uint64_t offset, uint64_t limit);
ptm_status ptm_sample_queues_cut(ptm_session *session, uint32_t queue) PTM_MUST_CHECK;
/* When the first that is known of a queue happened. */
ptm_status ptm_sample_queues_start(ptm_session *session, uint32_t queue, uint64_t *time_ns) PTM_MUST_CHECK;
/* Whether an event's branch stacks hold every branch, so that code can be followed. */
bool ptm_sample_has_flow(const ptm_attr *attr);

/* api/sample_tree.c: table call_tree of samples without a flow, by their call chains. */
ptm_status ptm_sample_tree(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
/* Rows are the file's events that have samples, in the file's order. */
ptm_status ptm_query_sample_events(ptm_session *session, ptm_table *table) PTM_MUST_CHECK;

/* api/decode.c: hands any item of a flow to a part. */
ptm_status ptm_part_take(ptm_part *part, const ptm_item *item) PTM_MUST_CHECK;

/* api/replay.c: decodes a stretch of a queue again, from a checkpoint. */
typedef struct ptm_replay {
	ptm_stream stream;
	ptm_flow *flow;
	uint64_t instruction;    /* queue ordinal of the next visit's first instruction */
	uint64_t packet;         /* queue ordinal of the checkpoint's packet */
	ptm_clock clock;         /* at the checkpoint */
	uint64_t offset;         /* of the checkpoint */
} ptm_replay;
/* Starts at `checkpoint` (NULL: at the queue's start), as far as `limit` (a segment's, or the stream's end). All up to `seen` will be
 * decoded, and a page of instructions behind it: read at once. Free with ptm_replay_free, whatever it returns. */
ptm_status ptm_replay_start_until(ptm_session *session, uint32_t queue, const ptm_checkpoint *checkpoint, uint64_t limit, uint64_t seen, ptm_replay *replay) PTM_MUST_CHECK;
/* As far as the stream goes. */
ptm_status ptm_replay_start(ptm_session *session, uint32_t queue, const ptm_checkpoint *checkpoint, ptm_replay *replay) PTM_MUST_CHECK;
void ptm_replay_free(ptm_replay *replay);
/* The last checkpoint of a queue that is not after an ordinal, packet, offset or time; NULL: before the first. */
const ptm_checkpoint *ptm_checkpoint_by_instruction(ptm_session *session, uint32_t queue, uint64_t ordinal);
const ptm_checkpoint *ptm_checkpoint_by_packet(ptm_session *session, uint32_t queue, uint64_t ordinal);
const ptm_checkpoint *ptm_checkpoint_by_offset(ptm_session *session, uint32_t queue, uint64_t offset);
const ptm_checkpoint *ptm_checkpoint_by_time(ptm_session *session, uint32_t queue, uint64_t time_ns);

/* api/ordinals.c */
ptm_status ptm_ordinals_refresh(ptm_session *session) PTM_MUST_CHECK;
void ptm_ordinals_free(ptm_ordinals *ordinals);
/* Row of the run that holds a thread's ordinal; UINT32_MAX: past the end. */
uint32_t ptm_ordinals_run_of(const ptm_ordinals *ordinals, uint32_t thread, uint64_t ordinal);
/* Row of the thread's first run that ends after `time_ns`; UINT32_MAX: none. */
uint32_t ptm_ordinals_run_at(const ptm_ordinals *ordinals, uint32_t thread, uint64_t time_ns);
/* Row of the run that holds a queue's ordinal; UINT32_MAX: none. */
uint32_t ptm_ordinals_run_in_queue(const ptm_ordinals *ordinals, uint32_t queue, uint64_t ordinal);
/* The last of the gaps in which a run's thread lost something just before it: others may have run there since, and the
 * thread on another CPU. NULL: none. */
const ptm_gap *ptm_ordinals_loss_before(const ptm_ordinals *ordinals, const ptm_run *run, const ptm_gap *gaps, uint32_t count);

/* api/window.c: the profile of what `thread` (PTM_ALL: all) did in [start_ns,
 * end_ns) of the request, decoded again; PTM_MORE while it is not done. The whole
 * trace's profile when the request names no range and no thread. */
ptm_status ptm_window_profile(ptm_session *session, const ptm_request *request, ptm_profile **profile) PTM_MUST_CHECK;
void ptm_window_free(ptm_session *session);
/* Frees one that is not done: the range's decoding takes its place. */
void ptm_window_give_up(ptm_session *session);
/* api/range_tree.c: the weights of the call tree's rows in the time range of the
 * request, for all threads (borrowed until the next call); PTM_MORE while it is not
 * done. PTM_NOT_FOUND: only ptm_window_profile can tell. */
ptm_status ptm_range_tree(ptm_session *session, const ptm_request *request, const ptm_weights **rows) PTM_MUST_CHECK;
/* Whether the range asked for last was told by sums: for tests. */
bool ptm_range_is_summed(const ptm_session *session);
void ptm_range_free(ptm_session *session);
void ptm_range_give_up(ptm_session *session);
/* AUX bytes that a window makes decode, about. */
uint64_t ptm_window_bytes(ptm_session *session, uint64_t start_ns, uint64_t end_ns);

/* api/wall_clock.c: date and time of day of a time, as perf script's field tod has it,
 * at `utc_offset_s` seconds ahead of UTC; ns: nanoseconds, else microseconds. False: the file does not tell. */
bool ptm_wall_clock(const ptm_session *session, uint64_t time_ns, double utc_offset_s, bool ns, char into[64]);

/* A sentence: which file to add where the code of an image is missing (query_facts.c). */
const char *ptm_image_remedy(const ptm_session *session, const ptm_image *image);

/* One sentence on a gap: why, how much, what to do. Returns its length, as snprintf does. */
size_t ptm_gap_text(const ptm_session *session, const ptm_gap *gap, char *into, size_t size);

/* api/event_text.c: name and sentence of an item of kind PTM_ITEM_EVENT; the length, cut to `size` - 1. */
const char *ptm_event_name(uint8_t kind);
size_t ptm_event_text(const ptm_session *session, const ptm_item *item, char *into, size_t size);

/* "name+0x12" of the code at `ip` in a space; its length, cut to `size` - 1; 0: it has no name. */
size_t ptm_symbol_text(ptm_session *session, uint32_t space, uint64_t ip, char *into, size_t size);
/* Row of the file's first sample that is not before `time_ns`. */
uint32_t ptm_sample_at(const ptm_session *session, uint64_t time_ns);

/* ns since the trace's start, for tables; NaN for 0 (no time). */
double ptm_relative_ns(const ptm_session *session, uint64_t time_ns);
uint64_t ptm_absolute_ns(const ptm_session *session, double relative_ns);

/* api/query*.c: one function per table. */
ptm_status ptm_query_info(ptm_session *session, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_queues(ptm_session *session, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_segments(ptm_session *session, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_threads(ptm_session *session, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_functions(ptm_session *session, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_images(ptm_session *session, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_split_files(ptm_session *session, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_call_tree(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_calls(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_gaps(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_blocks(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_block_cycles(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_coverage(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_instructions(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_packets(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_script(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_events(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_branches(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
/* The same of a source that sees every branch: api/query_all_branches.c. */
ptm_status ptm_query_all_branches(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_marks(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_samples(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_cut_guests(ptm_session *session, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_cut_records(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_cut_aux(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_cut_blanks(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_cut_lost(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_cut_code(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_cut_addresses(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_cut_frames(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
ptm_status ptm_query_image_loads(ptm_session *session, ptm_table *table) PTM_MUST_CHECK;
/* script_trace.c: stores what the kernel says of a tracepoint (borrowed), NULL: the file does not say. */
ptm_status ptm_session_event_format(ptm_session *session, const ptm_attr *attr, ptm_event_format **format) PTM_MUST_CHECK;
void ptm_samples_free(ptm_samples *samples);
/* api/cut.c */
void ptm_cut_free(ptm_session *session);
void ptm_events_free(ptm_session *session);

/* Row of the thread that stands for what a virtual machine does that `thread` runs; 0: nothing is known of it. */
uint32_t ptm_session_guest_of(const ptm_session *session, uint32_t thread, uint64_t ns);
/* The space that `guest`, entered from `space`, has at `ns`. */
uint32_t ptm_session_guest_space(const ptm_session *session, uint32_t guest, uint32_t space, uint64_t ns);
/* The space of a thread, the host's or a guest's that has its own records, at `ns`. */
uint32_t ptm_session_space_of(const ptm_session *session, uint32_t thread, uint64_t ns);

#endif
