/* SPDX-License-Identifier: Apache-2.0 */
/* What every flow yields: a stream of Visits, Gaps and Events in the order of
 * execution of one queue. After flow/ nothing knows which source they came from. */
#ifndef PTM_FLOW_VISIT_H
#define PTM_FLOW_VISIT_H

#include "flow/block.h"

typedef enum ptm_item_kind {
	PTM_ITEM_VISIT,
	PTM_ITEM_BEGIN,          /* tracing starts at to_ip (TIP.PGE; first PSB; after a gap) */
	PTM_ITEM_GAP,
	PTM_ITEM_SWITCH,         /* another thread runs from here on */
	PTM_ITEM_EVENT,          /* PTWRITE, CBR, power, PSB…: see event */
	PTM_ITEM_CHECKPOINT      /* decoding may begin here: offset of a PSB; payload: packets read before it */
} ptm_item_kind;

/* How a visit ended. */
typedef enum ptm_end {
	PTM_END_FALLTHROUGH,     /* block cut at its size limit, or at a PSB: goes on in the next visit */
	PTM_END_NOT_TAKEN,       /* conditional branch, not taken */
	PTM_END_TAKEN,           /* conditional branch, taken */
	PTM_END_JUMP,            /* direct or indirect jump */
	PTM_END_CALL,            /* direct or indirect near call */
	PTM_END_RETURN,          /* near return */
	PTM_END_FAR,             /* syscall, sysret, int, iret, far call… to traced code */
	PTM_END_ASYNC,           /* interrupted after `instructions` whole instructions; to_ip: handler, 0 when not traced */
	PTM_END_OFF,             /* the last instruction left the traced code (TIP.PGD); its class says how */
	PTM_END_ABORT,           /* transaction abort */
	PTM_END_LOST             /* a Gap follows */
} ptm_end;

/* Why flow was lost. */
typedef enum ptm_gap_reason {
	PTM_GAP_NONE,
	PTM_GAP_OVERFLOW,        /* OVF packet: the CPU's internal buffer overflowed */
	PTM_GAP_AUX_TRUNCATED,   /* perf could not keep up: AUX record with the truncated flag */
	PTM_GAP_AUX_MISSING,     /* AUX offsets leave a hole */
	PTM_GAP_NO_CODE,         /* the binary is not given, or has no bytes there */
	PTM_GAP_CODE_MISMATCH,   /* the trace contradicts the code */
	PTM_GAP_BAD_PACKET,
	PTM_GAP_NO_SYNC,         /* bytes before the first PSB */
	PTM_GAP_NOT_TRACED,      /* tracing was off (filter, TraceStop, kernel excluded): not an error */
	PTM_GAP_ENDLESS_LOOP,    /* the code loops without a packet that could end it */
	PTM_GAP_BETWEEN_SAMPLES, /* the source only looks now and then (branch stacks): not an error */
	PTM_GAP_GUEST_CODE,      /* a virtual machine ran (PIP with NR), whose code nobody gave */
	PTM_GAP_REASONS
} ptm_gap_reason;

/* Whether trace that should be there is not: else it was never to be there. */
static inline bool ptm_gap_is_loss(uint8_t reason)
{
	return reason != PTM_GAP_NOT_TRACED && reason != PTM_GAP_BETWEEN_SAMPLES;
}

/* Whether a branch (from 0: the start of tracing) leads from the kernel to user code: there
 * perf takes an estimate for the time, and corrects one that was ahead of the packets. */
static inline bool ptm_leaves_kernel(uint64_t from_ip, uint64_t to_ip)
{
	return to_ip && !(to_ip >> 63) && (from_ip >> 63 || !from_ip);
}

typedef struct ptm_item {
	uint8_t kind;            /* enum ptm_item_kind */
	uint8_t end;             /* VISIT: enum ptm_end; BEGIN: PTM_END_OFF when a TIP.PGD told the place, and tracing is off again;
	                            EVENT: PTM_END_ASYNC, PTM_END_ABORT of the branch that it makes, else PTM_END_FALLTHROUGH */
	uint8_t reason;          /* GAP: enum ptm_gap_reason; EVENT: PTM_GAP_NO_SYNC of a PSB that had to be searched, PTM_GAP_NOT_TRACED where to_ip is not; BEGIN: PTM_GAP_OVERFLOW where an overflow ends inside traced code */
	uint8_t event;           /* EVENT: enum ptm_event_kind (pt/event.h) */
	bool in_transaction;
	bool interrupts_off;     /* VISIT, BEGIN: IF was clear before it; true too where MODE.Exec does not carry IF */
	bool interrupts_toggle;  /* VISIT, BEGIN, EVENT: it changed IF */
	bool has_cycles;         /* cycles and cycle_instructions are a measurement that ends with this visit */
	bool resumed;            /* VISIT: goes on in the middle of a block that an earlier visit entered;
	                            BEGIN: found at a PSB, not announced by a packet of its own;
	                            GAP: tracing had been off since the gap before it */
	bool cycles_partial;     /* … that began before a PSB: its cycles count, but not as those of its instructions */
	bool cycles_restart;     /* VISIT: the next measurement covers nothing up to here */
	bool new_cycles;         /* total_cycles was taken over from the packets with this item */
	bool estimated_cycles;   /* no CYC packet was seen: total_cycles follows time and the core:bus ratio */
	bool from_guest, to_guest; /* what happened, and where control went, was in a virtual machine */
	bool has_ip;             /* EVENT: ip is the one that a FUP gave, else where the flow stood */
	uint16_t instructions;   /* VISIT: whole instructions executed, from the block's first on; GAP: up to the branch that the trace contradicts, 0: none */
	uint32_t block;          /* VISIT: row of blocks; GAP with instructions: the branch's */
	uint32_t thread;         /* row of threads that executed it */
	uint32_t end_thread;     /* row of threads on the CPU at end_ns: whom perf names for the branch */
	uint32_t space;          /* address space in force */
	uint64_t start_ns, end_ns; /* perf's clock; both the time of the event for BEGIN, EVENT, SWITCH */
	uint64_t to_ip;          /* where control went, 0: unknown or not traced; BEGIN: where it starts */
	uint64_t end_tsc;        /* end_ns in TSC ticks: what perf orders queues by */
	uint64_t ip;             /* VISIT: where it ended: its last instruction, or the interrupted one (ASYNC, ABORT);
	                            GAP: where flow was lost, 0 unknown; EVENT: where it happened */
	uint64_t total_instructions, total_cycles; /* of the queue since decoding began, at the end of this item */
	uint64_t cycles;         /* core cycles since the last measurement */
	uint64_t cycle_instructions; /* instructions since the last measurement; GAP where code is missing: those before it since the last branch,
	                            or place that a packet told */
	uint64_t offset;         /* position in the queue's AUX stream of the packet that ended it */
	uint64_t bytes;          /* GAP: AUX bytes skipped at it; BEGIN: those skipped since the gap before it; EVENT: id, see pt/event.h */
	uint64_t payload;        /* EVENT; VISIT: of an END_ASYNC or _ABORT that left the traced code where to, 0: not told;
	                            GAP: AUX bytes skipped since the gap before it;
	                            BEGIN: 1 where tracing had been off since the gap before it */
	uint64_t found_ns;       /* GAP, BEGIN: when what was lost before it ended: now, or when tracing went off;
	                            EVENT of a PSB: the time of the packets before it. 0: unknown, or not of PT */
} ptm_item;

/* Of what is lost where decoding ends: when it ended, or up to when it is known to have lasted. */
typedef struct ptm_loss_end {
	uint64_t ns;             /* 0: unknown */
	bool is_over;
} ptm_loss_end;

/* How a visit ends (enum ptm_end) whose last instruction is a branch that was taken. */
static inline uint8_t ptm_end_of_branch(uint8_t class)
{
	switch (class) {
	case PTM_INSN_JCC: case PTM_INSN_LOOP: return PTM_END_TAKEN;
	case PTM_INSN_JUMP: case PTM_INSN_JUMP_INDIRECT: return PTM_END_JUMP;
	case PTM_INSN_CALL: case PTM_INSN_CALL_INDIRECT: return PTM_END_CALL;
	case PTM_INSN_RETURN: return PTM_END_RETURN;
	default: return PTM_END_FAR;
	}
}

#endif
