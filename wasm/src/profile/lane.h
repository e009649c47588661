/* SPDX-License-Identifier: Apache-2.0 */
/* The real call stack of one thread, grown piece by piece in order of time.
 * Private to profile/.
 *
 * Between two losses of trace (an epoch) frames below the first known one appear
 * only when something returns into them. Then the stand-in above all roots of the
 * epoch's tree becomes that caller, and a new stand-in goes above it:
 *
 *     (outside)                 (outside')
 *       |- foo        bar          |- bar
 *       '- foo2    returned to        |- foo
 *                                     '- foo2
 */
#ifndef PTM_PROFILE_LANE_H
#define PTM_PROFILE_LANE_H

#include "profile/sums.h"

#define PTM_ANY_QUEUE UINT32_MAX

/* A call as joined; its level counts from the first frame known in its epoch,
 * and becomes a depth when the lowest level is known: when the epoch ends. */
typedef struct ptm_joined_call {
	ptm_call call;
	int64_t level;
} ptm_joined_call;

/* What lanes add to: all threads together. */
typedef struct ptm_joined ptm_joined;

typedef struct ptm_lane {
	uint32_t thread;
	uint32_t queue;              /* PTM_ANY_QUEUE: wherever the thread runs */
	uint32_t root;               /* its stand-in in the joined tree */
	ptm_call_tree tree;          /* of the epoch */
	PTM_ARRAY(uint32_t) outsides; /* its stand-ins, innermost first; the last one is the current */
	PTM_ARRAY(ptm_frame) stack;
	PTM_ARRAY(ptm_joined_call) calls; /* of the epoch */
	PTM_ARRAY(uint32_t) map;     /* scratch */
	int64_t bottom_level;        /* of stack[0] */
	uint64_t epoch_start_ns, instructions;
	ptm_departure departure;     /* known while an epoch is open */
	const ptm_call *seeds;       /* stack that was there before the first epoch (borrowed), outermost first */
	uint32_t seed_count;         /* not found on the stack yet */
	const ptm_part_data *part;   /* of the last piece, NULL: none yet (borrowed) */
	uint32_t piece, run;         /* the last one */
	bool goes_on;                /* a copy: the epoch it was copied in is not over */
	int64_t copied_bottom;       /* a copy: bottom level of that epoch, once it is over */
	uint32_t epoch;              /* its number in the sums; PTM_NO_EPOCH: it is not in there */
	bool is_called;              /* the top frame was entered by the arrival at hand */
} ptm_lane;

void ptm_lane_free(ptm_lane *lane);

/* Makes `copy` (zeroed) equal to `lane`, but without the calls of its epoch. */
ptm_status ptm_lane_copy(ptm_lane *copy, const ptm_lane *lane) PTM_MUST_CHECK;

/* Lays a piece on the stack: control arrives as `arrival` says, no earlier than
 * `start_ns`. */
ptm_status ptm_lane_add(ptm_lane *lane, ptm_joined *joined, const ptm_part_data *part, uint32_t piece, const ptm_arrival *arrival) PTM_MUST_CHECK;

/* Closes what is open, and adds the epoch to `joined`: trace was lost, or there is no more. */
ptm_status ptm_lane_end_epoch(ptm_lane *lane, ptm_joined *joined) PTM_MUST_CHECK;

#endif
