/* SPDX-License-Identifier: Apache-2.0 */
/* How control leaving one visit and arriving in the next changes a call stack.
 * One decision serves both the relative stacks of parts and the joined stacks of
 * threads, so that a trace cut anywhere gives the stacks of the whole. */
#ifndef PTM_PROFILE_CALL_STACK_H
#define PTM_PROFILE_CALL_STACK_H

#include "flow/visit.h"

/* How many frames from the top are looked at for the target of an odd return. */
#define PTM_STACK_SEARCH 4096
/* Deepest stack kept; deeper ones start anew as unknown. */
#define PTM_STACK_DEPTH 60000

enum {
	PTM_FRAME_OPEN_START = 1,  /* began before what is known */
	PTM_FRAME_ODD = 2,         /* called into the middle of its caller: a thunk that will "return" elsewhere */
	PTM_FRAME_BASE = 4         /* a part's unknown base: function, return and resume address are not known */
};

typedef struct ptm_frame {
	uint64_t return_ip;          /* where its caller goes on; 0 unknown */
	uint64_t resume_ip;          /* signal handlers and the like: where the interrupted code goes on; 0 none */
	uint64_t start_ns;
	uint64_t start_instructions; /* its thread's (or piece's) instructions before it */
	uint32_t function;
	uint32_t node;               /* row of the call tree */
	uint32_t flags;
	uint32_t reserved;           /* 0 in what travels */
} ptm_frame;

/* Where and how a visit ended. */
typedef struct ptm_departure {
	uint64_t time_ns;
	uint64_t to_ip;              /* 0 unknown or not traced */
	uint64_t next_ip;            /* after its last instruction; of an ASYNC end, the instruction interrupted */
	uint64_t last_ip;            /* its block's last instruction */
	uint64_t offset;             /* in the AUX stream */
	uint32_t function;           /* of its block */
	uint32_t code_id;            /* of its address space */
	uint8_t end;                 /* enum ptm_end */
	uint8_t class;               /* enum ptm_insn_class of the last instruction */
	uint8_t known;               /* 0: there was none */
	uint8_t off;                 /* tracing stopped there */
	uint32_t reserved;
} ptm_departure;

enum {
	PTM_ARRIVAL_ENTRY = 1,       /* at the first instruction of its function */
	PTM_ARRIVAL_NAMELESS = 2,    /* in code without symbols: its "function" is a stand-in */
	PTM_ARRIVAL_BEGIN = 4        /* not straight from the departure: tracing began here, or the thread came back */
};

/* Where the next visit starts. */
typedef struct ptm_arrival {
	uint64_t ip;                 /* 0 unknown */
	uint32_t function;
	uint32_t code_id;
	uint32_t flags;              /* PTM_ARRIVAL_* */
	uint32_t reserved;
} ptm_arrival;

typedef enum ptm_move_kind {
	PTM_MOVE_STAY,               /* in the frame on top; with an empty stack: a root of unknown start, below what was known */
	PTM_MOVE_PUSH,
	PTM_MOVE_REPLACE,            /* tail call: another function in the top frame's place, same return address */
	PTM_MOVE_RESET,              /* nothing is known any more */
	PTM_MOVE_UNDECIDED           /* depends on frames below a part's base */
} ptm_move_kind;

typedef struct ptm_move {
	ptm_move_kind kind;
	uint32_t pops;               /* frames to pop first */
	uint32_t flags;              /* PUSH: of the new frame */
	uint64_t return_ip, resume_ip; /* PUSH: of the new frame */
} ptm_move;

/* What going from `from` to `to` does to the stack `frames` (outermost first).
 * UNDECIDED only when frames[0] is a base. */
ptm_move ptm_call_stack_move(const ptm_frame *frames, uint32_t count, const ptm_departure *from, const ptm_arrival *to);

/* True when the departure alone ends the top frame (a return), whatever follows. */
bool ptm_departure_returns(const ptm_departure *from);

#endif
