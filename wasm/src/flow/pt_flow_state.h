/* SPDX-License-Identifier: Apache-2.0 */
/* The state of one PT flow and what its files (pt_*.c) call of each other. Not
 * for anyone else. */
#ifndef PTM_FLOW_PT_FLOW_STATE_H
#define PTM_FLOW_PT_FLOW_STATE_H

#include "flow/pt_flow.h"
#include "pt/event.h"

/* What the next step does. */
typedef enum ptm_flow_step {
	PTM_STEP_FIND_PSB,       /* out of sync: search a PSB */
	PTM_STEP_FIND_IP,        /* in sync with packets, but not with code: wait for an IP */
	PTM_STEP_PACKET,         /* in sync: read a packet */
	PTM_STEP_PSB,            /* walk code up to the IP of a PSB, then tell the PSB */
	PTM_STEP_TNT,            /* walk code, using up TNT bits */
	PTM_STEP_TIP,            /* walk code up to the branch that the TIP decides */
	PTM_STEP_TIP_PGD,        /* likewise, and tracing stops there */
	PTM_STEP_FUP,            /* walk code up to the FUP's IP; then see fup_then */
	PTM_STEP_FUP_TIP,        /* at an asynchronous event: read packets up to its TIP */
	PTM_STEP_LIMIT,          /* walk code up to the limit's PSB IP, then end */
	PTM_STEP_END
} ptm_flow_step;

#define PTM_FLOW_QUEUE 16
#define PTM_FLOW_EVENTS 12
/* Values of one PEBS record: more than all its groups (4 blocks, 32 LBRs) have. */
#define PTM_FLOW_BLOCK_VALUES 192

struct ptm_pt_flow {
	ptm_pt_flow_config config;
	ptm_blocks *blocks;      /* borrowed */
	ptm_pt_reader reader;
	ptm_clock clock;
	uint8_t step;            /* enum ptm_flow_step */

	ptm_packet packet;
	uint64_t packet_offset;
	uint8_t packet_before;   /* kind of the packet before, pads left out */
	uint64_t last_ip;

	uint64_t ip;             /* next instruction */
	bool enabled;            /* packet generation is on (TIP.PGE seen, no TIP.PGD since) */
	bool was_enabled;        /* before the TIP.PGD that is walked to */
	bool overflowed;         /* OVF seen, no IP since */
	bool distrusts;          /* code was missing, no IP in full since */
	uint8_t mode;            /* enum ptm_insn_mode */
	bool guest, guest_next;  /* non-root operation (PIP's NR), and what the next branch makes it */
	uint32_t pips;           /* PIP packets since the last that decided: so many MOV CR3 did not end tracing */
	bool interrupts_on, interrupts_next; /* IF, and what the next TIP or TIP.PGE makes it */
	bool in_transaction;
	bool found_transaction;  /* while a PSB or an IP is searched: in a transaction from there on */
	bool resumed;            /* ip is in the middle of a block already entered */
	uint64_t tnt;            /* bits, the next one in bit tnt_count - 1 */
	uint32_t tnt_count;
	bool tnt_used;           /* one of them was */
	uint64_t stop_ip;        /* PSB, FUP, LIMIT */
	uint64_t psb_offset, psb_packets; /* of the PSB that PTM_STEP_PSB walks to; packets read before it */
	uint64_t psb_ip;         /* which it tells */
	uint64_t psb_moves;      /* of the clock, before that PSB */
	bool psb_broken;         /* as perf: it was walked to, and its PSB+ is cut short by a packet that is none, or has no business there */
	ptm_walked psb_walked;   /* likewise; what is walked to it counts on from there */
	ptm_walked walked;       /* see ptm_pt_flow_walked */
	ptm_clock psb_clock;     /* the clock before it */
	bool lost;               /* sync with the code was lost, and no IP found since */
	uint64_t lost_from;      /* offset where it was */
	uint64_t lost_to;        /* of a PSB that told since that tracing is off: nothing is lost behind it; 0: none did */
	uint64_t lost_bytes;     /* passed by without code where the stream, or its limit, ended */
	ptm_loss_end loss_end;   /* there */
	bool off_since;          /* since then tracing was off */
	uint64_t off_ns;         /* since no packet told where the flow stands: when tracing was known to be off; 0: it was not */
	uint64_t psb_before_ns;  /* of the PSB read last: see found_ns of an item */
	uint64_t limit_packets;  /* packets read when the limit was reached */
	ptm_clock limit_clock;   /* the clock there */
	bool continuing, limited;
	ptm_return_stack returns;
	PTM_ARRAY(uint64_t) all_returns; /* as perf, which forgets none: instead of returns */
	ptm_event pending[PTM_FLOW_EVENTS]; /* bound to the coming FUP */
	uint32_t pending_count;
	uint8_t pending_stale;   /* as perf: so many of them have no FUP of their own */
	bool unanswered;         /* the packet before says that a FUP follows */
	bool block_pending;      /* … among them a PEBS record */
	bool pending_branch;     /* … after which a TIP follows: an interrupt, or … */
	bool pending_abort;      /* … a transaction's abort */
	bool fup_branches;       /* STEP_FUP: an asynchronous branch leaves from there */

	uint32_t cbr_told;

	/* A PEBS record: read block by block, told between two steps when it is whole. */
	uint8_t block_type;
	bool block_small;        /* its items have 4 bytes */
	uint16_t block_count, block_told;
	bool block_whole;
	uint64_t block_ip;
	bool block_has_ip;
	ptm_event block[PTM_FLOW_BLOCK_VALUES];

	/* A visit cut short by a FUP, told when its TIP comes. */
	uint32_t cut_block;
	uint16_t cut_instructions;
	bool cut_resumed;

	/* Time taken over, see the header. */
	uint64_t now_tsc, now_ns;
	uint64_t least_tsc;      /* it is no earlier, by the code that ran */
	uint64_t latest_tsc, latest_offset; /* see latest_tsc() of pt_walk.c: holds for what is read before that offset */
	uint64_t latched_tsc;    /* of the packet taken over last: now_tsc may be ahead, by an estimate */
	uint64_t latched_cycles;
	bool latched;            /* the latest latch brought new cycles */
	ptm_flow_context context;
	uint64_t instructions;   /* walked in all */
	uint32_t run;            /* of them, since the last branch, or place that a packet told */
	uint64_t measured_instructions;
	bool measure_partial;    /* the measurement in progress began before a PSB */

	/* Loop check (Brent): unconditional branches since the last decision. loop_left: as perf, until another place is kept. */
	uint64_t loop_ip, loop_count, loop_period, loop_left;

	/* A step's first item is written where the caller wants it, what follows queues. */
	ptm_item *out;           /* borrowed; NULL: taken */
	ptm_item queue[PTM_FLOW_QUEUE];
	uint32_t queue_head, queue_length;
};

/* Who runs, and where code is looked for: in a guest, its own. */
static inline uint32_t ptm_flow_thread_now(const ptm_pt_flow *flow)
{
	return flow->guest ? flow->context.guest_thread : flow->context.thread;
}

static inline uint32_t ptm_flow_space_now(const ptm_pt_flow *flow)
{
	return flow->guest ? flow->context.guest_space : flow->context.space;
}

/* pt_flow.c: return addresses of the calls that were walked. */
void ptm_flow_push_return(ptm_pt_flow *flow, uint64_t ip);
void ptm_flow_pop_return(ptm_pt_flow *flow);
/* The newest, 0: there is none. */
uint64_t ptm_flow_top_return(const ptm_pt_flow *flow);
void ptm_flow_forget_returns(ptm_pt_flow *flow);

/* pt_items.c */
ptm_item *ptm_flow_emit(ptm_pt_flow *flow, uint8_t kind);
/* Takes over the packets' time and cycles: a decision of theirs is used now. */
void ptm_flow_latch(ptm_pt_flow *flow);
/* The same at a return to user code, where perf estimates the time by the instructions walked. */
void ptm_flow_latch_estimate(ptm_pt_flow *flow);
/* As ptm_flow_latch, and corrects the time where it was estimated ahead of the packets. */
void ptm_flow_latch_exactly(ptm_pt_flow *flow);
/* It is `tsc` or later, whatever the packets say. */
void ptm_flow_not_before(ptm_pt_flow *flow, uint64_t tsc);
/* Emits a gap at the current place; the next step searches an IP, and as perf does it takes a compressed one unless code was missing. */
ptm_item *ptm_flow_lose(ptm_pt_flow *flow, uint8_t reason);
void ptm_flow_overflow(ptm_pt_flow *flow);
/* Another recording begins: nothing is known any more. */
void ptm_flow_restart(ptm_pt_flow *flow);
ptm_item *ptm_flow_mismatch(ptm_pt_flow *flow);
/* The packet is none, or comes where it cannot: what is known of the flow stays. */
ptm_item *ptm_flow_bad_packet(ptm_pt_flow *flow);
/* perf's clock, as of the packets. */
uint64_t ptm_flow_packets_ns(const ptm_pt_flow *flow);
/* Tracing is off: what is lost ends here. */
void ptm_flow_note_off(ptm_pt_flow *flow);
/* AUX bytes lost, where the packet at `offset` ends the loss. */
uint64_t ptm_flow_bytes_lost(const ptm_pt_flow *flow, uint64_t offset);
/* `begin` ends a loss: tells the bytes that passed by without code, up to `offset`. */
void ptm_flow_found(ptm_pt_flow *flow, ptm_item *begin, uint64_t offset);
/* Emits the start of tracing at `ip`. */
void ptm_flow_begin(ptm_pt_flow *flow, uint64_t ip);
ptm_item *ptm_flow_emit_event(ptm_pt_flow *flow, uint8_t kind, uint64_t payload, uint64_t ip);
/* Tells the events that were bound to a FUP; `end`: of the branch to `to_ip` (0: not traced) that leaves from there,
 * PTM_END_FALLTHROUGH: none does. */
void ptm_flow_emit_pending(ptm_pt_flow *flow, uint8_t end, uint64_t to_ip);
/* Tells a new core:bus ratio, if there is one, as part of what is told next at `ip`. */
void ptm_flow_emit_cbr(ptm_pt_flow *flow, uint64_t ip);
/* Tells the next value of a whole PEBS record. Returns false when there is none left. */
bool ptm_flow_emit_block(ptm_pt_flow *flow);
/* The PEBS record read last is whole and belongs to `ip`. */
void ptm_flow_end_block(ptm_pt_flow *flow, uint64_t ip, bool has_ip);
/* The branch of `item` takes over what MODE.Exec and PIP announced: … */
void ptm_flow_take_guest(ptm_pt_flow *flow, ptm_item *item);
/* … the interrupt flag. */
void ptm_flow_take_interrupts(ptm_pt_flow *flow, ptm_item *item);

/* pt_packets.c */
/* Reads the next packet that is no PAD. */
ptm_status ptm_flow_read(ptm_pt_flow *flow) PTM_MUST_CHECK;
/* Reads the current packet once more, in another state. */
void ptm_flow_unread(ptm_pt_flow *flow);
/* Timing packets: the same in every state. Returns false for other packets. */
bool ptm_flow_take_time(ptm_clock *clock, ptm_pt_reader *reader, const ptm_packet *packet, bool after_cyc);
/* Packets that mean the same in every state: time, mode, context. Returns false for others. */
bool ptm_flow_take_common(ptm_pt_flow *flow);
/* Packets of time, mode and context may stand anywhere. */
bool ptm_flow_may_intervene(uint8_t kind);
/* The full IP of the packet, which becomes the last IP. */
uint64_t ptm_flow_packet_ip(ptm_pt_flow *flow);
/* The event of a kind that waits for its FUP; NULL: none does. */
ptm_event *ptm_flow_pending_of(ptm_pt_flow *flow, uint8_t kind);
/* Forgets what of a kind waits for a FUP. */
void ptm_flow_unbind(ptm_pt_flow *flow, uint8_t kind);
/* Packet generation starts, stops. */
void ptm_flow_enable(ptm_pt_flow *flow);
void ptm_flow_disable(ptm_pt_flow *flow);
void ptm_flow_pge(ptm_pt_flow *flow);
ptm_status ptm_flow_in_sync(ptm_pt_flow *flow) PTM_MUST_CHECK;

/* pt_sync.c */
ptm_status ptm_flow_find_psb(ptm_pt_flow *flow) PTM_MUST_CHECK;
ptm_status ptm_flow_find_ip(ptm_pt_flow *flow) PTM_MUST_CHECK;
/* A PSB while in sync. */
ptm_status ptm_flow_psb(ptm_pt_flow *flow) PTM_MUST_CHECK;
ptm_status ptm_flow_walk_psb(ptm_pt_flow *flow) PTM_MUST_CHECK;
/* The stream's end. */
ptm_status ptm_flow_at_limit(ptm_pt_flow *flow) PTM_MUST_CHECK;
ptm_status ptm_flow_walk_limit(ptm_pt_flow *flow) PTM_MUST_CHECK;

/* pt_decide.c: one for each step of that name. */
ptm_status ptm_flow_walk_tnt(ptm_pt_flow *flow) PTM_MUST_CHECK;
ptm_status ptm_flow_walk_tip(ptm_pt_flow *flow) PTM_MUST_CHECK;
ptm_status ptm_flow_walk_fup(ptm_pt_flow *flow) PTM_MUST_CHECK;
ptm_status ptm_flow_fup_tip(ptm_pt_flow *flow) PTM_MUST_CHECK;

/* pt_hop.c */
/* Takes a packet in quick decoding; false: it is for the usual way. */
ptm_status ptm_flow_hop(ptm_pt_flow *flow, bool *taken) PTM_MUST_CHECK;
/* Control was at the flow's ip; nothing unless decoding is quick. */
void ptm_flow_tell_place(ptm_pt_flow *flow);
/* The end of an asynchronous event, as async_end of pt_decide.c. */
void ptm_flow_hop_branch(ptm_pt_flow *flow, uint64_t to_ip, uint64_t away_ip);

/* pt_errata.c */
/* Corrects where a branch leads (`to`) when a transaction's abort comes right behind it. */
ptm_status ptm_flow_before_abort(ptm_pt_flow *flow, uint64_t *to) PTM_MUST_CHECK;
/* Whether the FUP behind an OVF means nothing, for tracing is off. */
bool ptm_flow_fup_is_odd(ptm_pt_flow *flow);
/* Takes a packet that only an erratum lets stand behind an OVF. Returns false for others. */
bool ptm_flow_after_overflow(ptm_pt_flow *flow);
/* Whether the VM entry that a FUP and a TIP.PGD name was executed. */
bool ptm_flow_entry_counts(const ptm_pt_flow *flow);
/* For a TIP.PGD without IP: stores the block at the flow's ip and how many of its instructions
 * are executed, when the last of these leaves a filter; else 0. */
ptm_status ptm_flow_leaves_filter(ptm_pt_flow *flow, uint32_t *row, uint32_t *instructions) PTM_MUST_CHECK;

/* pt_walk.c: each does one block at most, emits at most one visit and one gap. */
typedef enum ptm_walk {
	PTM_WALK_ON,             /* a visit was emitted: walk on */
	PTM_WALK_DECISION,       /* ip's block ends in a branch that a packet decides */
	PTM_WALK_STOP,           /* stop_ip is in ip's block: see cut_* */
	PTM_WALK_LOST            /* no code, or an endless loop: a gap was emitted */
} ptm_walk;
ptm_status ptm_flow_walk(ptm_pt_flow *flow, bool stops, ptm_walk *walk, uint32_t *block) PTM_MUST_CHECK;
/* Lets time be one in which there is code at the flow's ip, where the packets of time leave but one. */
void ptm_flow_date(ptm_pt_flow *flow);
/* Emits the visit of the whole of `block`. latch: its end is decided by a packet.
 * Returns the item, good until the next is emitted. */
ptm_item *ptm_flow_visit(ptm_pt_flow *flow, uint32_t block, uint8_t end, uint64_t to_ip, bool latch);
/* Likewise of the first `instructions` of a block, interrupted at the flow's ip by a packet. */
ptm_item *ptm_flow_visit_cut(ptm_pt_flow *flow, uint32_t block, uint32_t instructions, uint8_t end, uint64_t to_ip);
/* Emits the first `instructions` of a block that go on later (a cut). */
void ptm_flow_visit_part(ptm_pt_flow *flow, uint32_t block, uint32_t instructions);
/* Whether `ip` lies on the way from the flow's ip over direct branches only. */
typedef enum ptm_way { PTM_WAY_THERE, PTM_WAY_ELSEWHERE, PTM_WAY_WITHOUT_CODE } ptm_way;
ptm_status ptm_flow_reaches(ptm_pt_flow *flow, uint64_t ip, ptm_way *way) PTM_MUST_CHECK;

#endif
