/* SPDX-License-Identifier: Apache-2.0 */
/* Flow reconstruction from Intel PT packets, one queue at a time: the always
 * right path. Yields the stream of items of visit.h. Times are the ones perf
 * 6.1 gives: the packet time is taken over when a packet's first decision is
 * used, not when it is read. SDM vol. 3, "Intel Processor Trace". */
#ifndef PTM_FLOW_PT_FLOW_H
#define PTM_FLOW_PT_FLOW_H

#include "flow/context.h"
#include "flow/return_stack.h"
#include "flow/visit.h"
#include "pt/clock.h"
#include "pt/reader.h"
#include "pt/time.h"

typedef struct ptm_pt_flow_config {
	ptm_pt_input input;
	ptm_clock_config clock;
	ptm_time time;
	bool return_compression;
	bool as_perf;            /* with perf's faults, where they show in times and cycles */
	bool samples_each;       /* as_perf: each instruction is a state, so that nothing is left to walk where a PSB is read */
	bool approximate_ipc;    /* as_perf: cycles are told as far as packets count them, even where an MTC came after the CYC: no measurement */
	uint32_t quick;          /* 1: no code is walked; 2: from PSB to PSB, see pt_hop.c. Not by the fast path */
	bool cr3_filter;         /* a MOV CR3 may end tracing */
	void *host;
	/* Stores who runs at `tsc`. */
	void (*context)(void *host, uint64_t tsc, ptm_flow_context *context);
	/* Whether a branch to `ip` leaves what an address filter lets be traced; NULL: there is none, or it is not known. */
	bool (*leaves)(void *host, uint32_t space, uint64_t ip);
} ptm_pt_flow_config;

/* A time, in TSC ticks, and the instructions walked since it came. */
typedef struct ptm_walked {
	uint64_t tsc, instructions;
} ptm_walked;

typedef struct ptm_pt_flow ptm_pt_flow;

/* A flow over [offset, limit) of the stream. offset 0, or any offset with clock
 * NULL: searches the first PSB. With `clock` (the state just before the PSB at
 * `offset`, see ptm_pt_flow_scan): goes on there as if it had decoded all
 * before. A limit below the stream's end must be a PSB: the flow ends at the
 * instruction that this PSB names. Caller frees with ptm_pt_flow_free. */
ptm_status ptm_pt_flow_new(ptm_pt_flow **flow, ptm_blocks *blocks, const ptm_pt_flow_config *config, uint64_t offset, uint64_t limit, const ptm_clock *clock) PTM_MUST_CHECK;
void ptm_pt_flow_free(ptm_pt_flow *flow);

/* Stores the next item. PTM_END at the end. */
ptm_status ptm_pt_flow_next(ptm_pt_flow *flow, ptm_item *item) PTM_MUST_CHECK;

/* After a gap: `count` of the instructions before it count for nothing. Returns the time that they leave to it, in ticks. */
uint64_t ptm_pt_flow_uncount(ptm_pt_flow *flow, uint64_t count);

/* The stream goes on up to `size`: at its end, or before anything of it was read. */
void ptm_pt_flow_extend(ptm_pt_flow *flow, uint64_t size);

/* Asks the host once more who runs, before the next item. */
void ptm_pt_flow_ask_context(ptm_pt_flow *flow);

/* Offset of the next packet: how far decoding has come. */
uint64_t ptm_pt_flow_offset(const ptm_pt_flow *flow);
/* The thread that runs where it is now. */
uint32_t ptm_pt_flow_thread(const ptm_pt_flow *flow);
/* The clock as of the packets read so far, and before a PSB whose address the code is walked to (borrowed). */
const ptm_clock *ptm_pt_flow_clock(const ptm_pt_flow *flow);

/* At the end of the visit told last: the time that stood while it was walked, and the instructions since that time came.
 * The packets read may have moved on, to those of a PSB that it led up to. */
ptm_walked ptm_pt_flow_walked(const ptm_pt_flow *flow);
/* Packets read up to the limit (those of the limit's PSB+ do not count). */
uint64_t ptm_pt_flow_segment_packets(const ptm_pt_flow *flow);

/* Bytes before the end that passed by without code, since the last gap; good once ptm_pt_flow_next said PTM_END. */
uint64_t ptm_pt_flow_lost_bytes(const ptm_pt_flow *flow);

/* Of what is lost at the limit; good likewise. */
ptm_loss_end ptm_pt_flow_loss_end(const ptm_pt_flow *flow);

/* The clock just before the limit's PSB; good once ptm_pt_flow_next said PTM_END. */
const ptm_clock *ptm_pt_flow_limit_clock(const ptm_pt_flow *flow);

/* The clock just before the PSB at `offset`, while the CHECKPOINT there is the latest; NULL: the flow was not in sync there. */
const ptm_clock *ptm_pt_flow_checkpoint_clock(const ptm_pt_flow *flow, uint64_t offset);

/* Runs only the clock over the packets of [offset, limit): what `clock` holds at
 * `limit`, for ptm_pt_flow_new there. Counts the packets. */
ptm_status ptm_pt_flow_scan(const ptm_pt_flow_config *config, uint64_t offset, uint64_t limit, ptm_clock *clock, uint64_t *packets) PTM_MUST_CHECK;

/* Like it, from the stream's start, but stops at the first packet that gives a time. */
ptm_status ptm_pt_flow_scan_first(const ptm_pt_flow_config *config, uint64_t limit, ptm_clock *clock, uint64_t *packets) PTM_MUST_CHECK;

/* Lets a clock take a packet in (`before`: kind of the one before, pads left out);
 * `reader` stands behind it, for the look ahead. */
void ptm_pt_flow_time(ptm_clock *clock, ptm_pt_reader *reader, const ptm_packet *packet, uint8_t before);

#endif
