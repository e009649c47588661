/* SPDX-License-Identifier: Apache-2.0 */
/* Which parts of an open trace a time range needs, so that they alone decode to
 * the same rows inside it: AUX data from PSB to PSB, the clock where they begin,
 * records, code. For the files of api/ only. */
#ifndef PTM_API_CUT_H
#define PTM_API_CUT_H

#include "api/session.h"

/* [from, limit) of a queue's stream; empty: nothing of it is needed. */
typedef struct ptm_cut_queue {
	uint64_t from, limit;
	uint64_t aux_from, aux_limit; /* the same as AUX offsets */
	bool seeded;             /* clock holds: the piece does not begin at the trace's own start */
	ptm_clock clock;         /* before `from` */
} ptm_cut_queue;

/* A process whose maps and names the chosen threads have, up to a time: their own,
 * and those it was forked from. */
typedef struct ptm_cut_process { int32_t pid; uint64_t until; } ptm_cut_process;

/* A stretch of a PT stream while packets were enabled, from TIP.PGE (PSB, OVF) to TIP.PGD:
 * no thread takes over from another within it, when user code alone was recorded. */
typedef struct ptm_stretch {
	uint64_t start, end;     /* in the queue's stream */
	uint64_t hash;           /* over the visits of its decoding */
	uint64_t instructions;   /* of chosen threads */
	uint32_t mine, others;   /* items of chosen threads, of the others */
	bool overflow;           /* nothing but an OVF packet */
	bool resumes;            /* begins at the FUP behind the OVF of the stretch before it */
	bool kept;
	bool spoilt;             /* without the others' packets it would decode to something else */
} ptm_stretch;

/* Bytes of a PT stream that are written over: `length` others, then PAD. */
typedef struct ptm_blank { uint32_t queue; uint64_t offset, size; uint32_t at, length; } ptm_blank;

struct ptm_cut {
	/* What was asked for. */
	uint64_t start_ns, end_ns; /* absolute; everything: 0, UINT64_MAX */
	uint32_t version;
	PTM_ARRAY(uint32_t) threads; /* rows, ascending; none: all threads */
	PTM_ARRAY(ptm_cut_queue) queues; /* one for each of the file's */
	PTM_ARRAY(ptm_cut_process) processes; /* of the chosen threads */
	/* cut_threads.c: what is left of the queues that several threads share. */
	uint32_t chosen;         /* queues done */
	struct ptm_cut_choice *choice; /* of the queue at hand */
	PTM_ARRAY(ptm_blank) blanks; /* sorted by (queue, offset) */
	PTM_ARRAY(uint8_t) blank_bytes;
	uint64_t lost_stretches, lost_instructions; /* of chosen threads, that could not be told from the others' or decoded without them */
	uint64_t first_ns, last_ns;/* what the pieces cover */
	/* The walk over their code: */
	uint32_t queue;          /* being decoded */
	ptm_flow *flow;
	struct ptm_cut_input *input; /* what the flow reads */
	PTM_ARRAY(uint8_t) visited;  /* by row of blocks: 1 when something of it was executed */
	PTM_ARRAY(uint8_t) unwound;  /* by row of images: 1 when frames of copied stacks are in it (known once cut_code was told) */
	struct ptm_address_walk *addresses; /* how far table cut_addresses was told; NULL: not begun */
};

/* What a row of table cut_addresses is. */
typedef enum ptm_address_kind {
	PTM_ADDRESS_CODE_MAP,    /* where a map of code begins */
	PTM_ADDRESS_DATA_MAP,    /* where another map begins */
	PTM_ADDRESS_PLAIN,       /* an address */
	PTM_ADDRESS_OPAQUE       /* bytes that are no packet or record: they may hold anything */
} ptm_address_kind;

/* The cut of a request (text: rows of threads, start_ns, end_ns), made when it is another one
 * than last time. PTM_BAD_REQUEST: the trace cannot be cut so; the message says why.
 * PTM_MORE: not done yet, call again. */
ptm_status ptm_cut_of(ptm_session *session, const ptm_request *request, ptm_cut **cut) PTM_MUST_CHECK;

/* Whether a thread (row) is among those asked for. */
bool ptm_cut_wants(const ptm_cut *cut, uint32_t thread);

/* A queue's stream from `shift` on, as it will be when it is a stream of its own. */
typedef struct ptm_cut_input {
	ptm_cut *cut;
	ptm_stream stream;
	ptm_pt_input whole;
	uint64_t shift, size;
	bool as_recorded;        /* without the blanks */
} ptm_cut_input;

/* Opens `size` bytes of a queue's stream from `shift` on; stores the flow's view of
 * it, which borrows `input`. Not for BTS and LBR. */
void ptm_cut_input_open(ptm_session *session, ptm_cut *cut, uint32_t queue, uint64_t shift, uint64_t size, ptm_cut_input *input, ptm_flow_config *config);

/* api/cut_threads.c: finds the stretches of the chosen threads, and writes over all
 * others. PTM_MORE: not done yet, call again. */
ptm_status ptm_cut_choose(ptm_session *session, ptm_cut *cut) PTM_MUST_CHECK;
void ptm_cut_choice_free(ptm_cut *cut);
/* api/cut_blank.c: makes the blanks of a queue from its stretches. PTM_END: there was no
 * room, and another stretch was given up: call again. */
ptm_status ptm_cut_blank(ptm_session *session, ptm_cut *cut, uint32_t queue, ptm_stretch *stretches, uint32_t count) PTM_MUST_CHECK;

/* Finds the code that decoding the pieces visits. PTM_MORE: not done yet, call again. */
ptm_status ptm_cut_walk(ptm_session *session, ptm_cut *cut) PTM_MUST_CHECK;

/* Whether the record (row of the file's) is needed. */
bool ptm_cut_needs_record(const ptm_session *session, const ptm_cut *cut, uint32_t row);
/* Whether the sample (row of the file's) is needed. */
bool ptm_cut_needs_sample(const ptm_session *session, const ptm_cut *cut, uint32_t row);

/* api/query_cut_addresses.c: ends telling addresses. */
void ptm_address_walk_free(ptm_cut *cut);

/* Writes two digits a byte; returns how many characters. */
static inline size_t ptm_cut_hex(const uint8_t *bytes, size_t count, char *into)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < count; i++) {
		into[2 * i] = digits[bytes[i] >> 4];
		into[2 * i + 1] = digits[bytes[i] & 15];
	}
	return 2 * count;
}

/* api/cut_seed.c: the clock that a file made from a cut begins queue `queue` with. */
ptm_status ptm_cut_seed(const ptm_session *session, uint32_t queue, ptm_clock *clock, bool *seeded) PTM_MUST_CHECK;

#endif
