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

struct ptm_cut {
	/* What was asked for. */
	uint64_t start_ns, end_ns; /* absolute; everything: 0, UINT64_MAX */
	uint32_t thread, version;
	PTM_ARRAY(ptm_cut_queue) queues; /* one for each of the file's */
	PTM_ARRAY(int32_t) processes; /* with a thread chosen: its process, and those it was forked from */
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

/* The cut of a request (thread, start_ns, end_ns), made when it is another one
 * than last time. PTM_BAD_REQUEST: the trace cannot be cut so; the message says why. */
ptm_status ptm_cut_of(ptm_session *session, const ptm_request *request, ptm_cut **cut) PTM_MUST_CHECK;

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
