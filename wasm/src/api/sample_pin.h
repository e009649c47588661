/* SPDX-License-Identifier: Apache-2.0 */
/* Which instruction of the decoded path a sample belongs to. A trace stamps its
 * branches now and then; between two stamps order is known, time is not. The
 * sample's address decides among what ran there; where it never ran, the last
 * instruction whose time is not after the sample's is told instead. */
#ifndef PTM_API_SAMPLE_PIN_H
#define PTM_API_SAMPLE_PIN_H

#include "api/session.h"

typedef enum ptm_pin_state {
	PTM_PIN_NONE,            /* nothing is decoded there: no path, or the sample has no time */
	PTM_PIN_EXACT,           /* the path reached the sample's address */
	PTM_PIN_INTERRUPTED,     /* the path was interrupted at the sample's address: it is the next to run */
	PTM_PIN_ELSEWHERE,       /* the path was at another address */
	PTM_PIN_NOT_TRACED,      /* tracing was off: the last instruction before */
	PTM_PIN_OTHER_THREAD     /* the path of that CPU was another thread's */
} ptm_pin_state;

typedef struct ptm_pin {
	uint8_t state;           /* enum ptm_pin_state */
	uint32_t thread;         /* whose instruction it is */
	uint64_t ordinal;        /* of that thread; UINT64_MAX: none */
	uint64_t ip;             /* 0: none */
	uint32_t space;
	uint32_t places;         /* times the sample's address was reached between the stamps */
	uint64_t from_ns, to_ns; /* stamps around the sample's time; to_ns 0: none after it */
} ptm_pin;

/* Pins row `row` of the file's samples, taken at `ip` (0: unknown). Decodes from
 * the nearest checkpoints; needs ordinals that are refreshed. */
ptm_status ptm_sample_pin(ptm_session *session, uint32_t row, uint64_t ip, ptm_pin *pin) PTM_MUST_CHECK;

/* One sentence on a pin; its length, cut to `size` - 1. */
size_t ptm_pin_text(ptm_session *session, const ptm_pin *pin, uint64_t ip, char *into, size_t size);

#endif
