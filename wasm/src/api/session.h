/* SPDX-License-Identifier: Apache-2.0 */
/* What one session holds, for the files of api/ only. */
#ifndef PTM_API_SESSION_H
#define PTM_API_SESSION_H

#include "base/table.h"
#include "file/pt_info.h"
#include "file/sideband.h"
#include "flow/pt_flow.h"
#include "profile/profile.h"

/* AUX bytes per segment, about: the cut is at the next PSB. */
#define PTM_SEGMENT_BYTES (1u << 20)

/* A unit of decoding: [offset, limit) of a queue's stream, from PSB to PSB. */
typedef struct ptm_segment {
	uint32_t queue;
	uint64_t offset, limit;
	bool clock_known;        /* clock and packets_before hold */
	bool merged;
	ptm_clock clock;         /* at offset */
	uint64_t packets_before; /* in the queue */
} ptm_segment;

/* The stream of one queue, as flow and packets read it. */
typedef struct ptm_stream {
	ptm_session *session;
	uint32_t queue;
	ptm_part *part;          /* takes checkpoints; NULL: nobody does */
	uint64_t packets_base;   /* packets in the segment before the flow's start */
} ptm_stream;

typedef struct ptm_samples ptm_samples; /* api/samples.c: the cursor of table samples */
typedef struct ptm_window ptm_window;   /* api/window.c: a range decoded again */

struct ptm_session {
	ptm_message message;
	ptm_source source;
	ptm_strings strings;
	ptm_trace_file file;
	ptm_pt_info pt;
	bool opened, has_pt;
	ptm_sideband sideband;
	ptm_images images;
	ptm_spaces *spaces;
	ptm_blocks blocks;
	ptm_time time;
	uint64_t start_ns, end_ns;        /* of the trace, absolute */
	PTM_ARRAY(uint64_t) change_tsc;   /* times of all sideband records in TSC ticks, ascending */
	PTM_ARRAY(uint64_t) change_ns;    /* the same in ns */
	PTM_ARRAY(ptm_segment) segments;
	PTM_ARRAY(uint32_t) first_segment;/* of each queue, and one past the last */
	PTM_ARRAY(uint8_t) loaded_path;   /* unused rows stay 0 */
	/* The segment being decoded */
	uint32_t decoding;                /* row, UINT32_MAX: none */
	ptm_pt_flow *flow;
	ptm_part *part;
	ptm_stream stream;
	const uint8_t *part_bytes;
	size_t part_length;
	ptm_profile *profile;
	ptm_samples *samples;
	ptm_window *window;
};

/* api/load.c: carries the sideband to image and flow. The only wiring. */
ptm_status ptm_load_trace(ptm_session *session) PTM_MUST_CHECK;

/* api/stream.c */
ptm_stream ptm_stream_of(ptm_session *session, uint32_t queue);
/* The flow's view of a stream; borrows `stream`. */
void ptm_stream_config(ptm_stream *stream, ptm_pt_flow_config *config);
/* Who is on the queue's CPU (or its thread), and its address space. */
void ptm_stream_context(void *stream, uint64_t tsc, ptm_flow_context *context);
/* Latest ns that perf counts as not after `tsc`. */
uint64_t ptm_stream_latest_ns(const ptm_session *session, uint64_t tsc);
/* Makes the clock of `segment` known, scanning the packets before it. */
ptm_status ptm_segment_clock(ptm_session *session, uint32_t segment) PTM_MUST_CHECK;
/* Cuts all queues into segments. */
ptm_status ptm_segments_cut(ptm_session *session) PTM_MUST_CHECK;
/* Row of the segment of `queue` that holds `offset`. */
uint32_t ptm_segment_at(const ptm_session *session, uint32_t queue, uint64_t offset);

/* api/query*.c: one function per table. */
ptm_status ptm_query_samples(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
void ptm_samples_free(ptm_samples *samples);

#endif
