/* SPDX-License-Identifier: Apache-2.0 */
/* What each segment added to the call tree, kept when its part is given back: the
 * tree of a long range is then a sum, and only what lies at its two ends is decoded
 * again. Private to profile/.
 *
 * Of 16 segments that are whole there is one more sum, and of 16 of these: a range of
 * thousands of segments is some dozens of sums. Where all take too much memory the
 * finest are given up, where a coarser one has the same: who needs one of them decodes
 * its segment again.
 *
 * Noted while pieces are joined for good, as nodes of the tree of the lane's epoch.
 * What these are in the joined tree is known when the epoch ends, or for now by
 * each copy of it that an answer is made of. Where memory is out none are kept. */
#ifndef PTM_PROFILE_SUMS_H
#define PTM_PROFILE_SUMS_H

#include "base/slab.h"
#include "profile/part.h"

#define PTM_NO_EPOCH UINT32_MAX
/* Most bytes of all sums: beyond that the finest are given up. */
#define PTM_MOST_SUMS (192u << 20)

/* Where a piece lay: its base is `node` of the tree of `epoch`. */
typedef struct ptm_sum_place {
	uint32_t epoch, node;
	bool is_called;          /* the base was entered there */
} ptm_sum_place;

/* Sums coarser than a segment's: level 0 is of a span of segments, level 1 of a span of these. */
#define PTM_SUM_LEVELS 2
#define PTM_SUM_SPAN 16u

/* Bytes: for each piece its epoch and how many nodes, and of each node its distance
 * from the one before and its weights, all as LEB128. */
typedef PTM_ARRAY(uint8_t) ptm_sum_bytes;

/* Of one segment. */
typedef struct ptm_segment_sums {
	ptm_sum_bytes bytes;
	PTM_ARRAY(ptm_sum_place) places; /* of each piece; PTM_NO_EPOCH: not joined */
	bool is_closed;          /* all are noted: both lie in slabs */
	bool is_given_up;        /* the bytes are */
} ptm_segment_sums;

/* Of several; where each piece was no longer matters: one entry for each epoch. `at`: NULL, until all are whole. */
typedef struct ptm_level {
	PTM_ARRAY(ptm_sum_bytes) units;
	ptm_slab slab;
} ptm_level;

/* The nodes of an epoch's tree as nodes of the joined one. */
typedef struct ptm_epoch_map {
	PTM_ARRAY(uint32_t) nodes;
} ptm_epoch_map;

typedef struct ptm_sums {
	PTM_ARRAY(ptm_segment_sums) segments;
	PTM_ARRAY(ptm_epoch_map) epochs;
	ptm_level levels[PTM_SUM_LEVELS];
	ptm_slab slab, places;   /* bytes and places of segments that are closed */
	uint64_t kept;           /* bytes of all segments, levels and epochs */
	uint64_t most;           /* of these; 0: PTM_MOST_SUMS */
	uint32_t span;           /* 0, PTM_SUM_SPAN or less */
	bool is_off;             /* there were too many */
} ptm_sums;

void ptm_sums_free(ptm_sums *sums);

/* Gives them up: from now on none are kept. */
void ptm_sums_turn_off(ptm_sums *sums);

/* Makes room for `segments` of them. */
ptm_status ptm_sums_expect(ptm_sums *sums, uint32_t segments) PTM_MUST_CHECK;

/* A number for an epoch that begins. */
uint32_t ptm_sums_begin_epoch(ptm_sums *sums);

/* Remembers what the `count` nodes of the epoch's tree are in the joined tree; a later call takes the place of an earlier one. */
void ptm_sums_map_epoch(ptm_sums *sums, uint32_t epoch, const uint32_t *nodes, uint32_t count);

/* Notes piece `piece` of `part`, laid at `place`: node i of the piece is map[i] of the epoch's tree. */
void ptm_sums_add(ptm_sums *sums, const ptm_part_data *part, uint32_t piece, const ptm_sum_place *place, const uint32_t *map);

/* All pieces of a segment are noted: what it holds is put where it takes no more room than it needs. */
void ptm_sums_close(ptm_sums *sums, uint32_t segment);

/* Adds the weights of the segments from `*segment` to below `to` to those of `rows`: of each of the joined tree's `count`
 * nodes one. PTM_NOT_FOUND: an epoch is not mapped. PTM_MORE: of `*segment` the sum was given up, those before it are in. */
ptm_status ptm_sums_take(const ptm_sums *sums, uint32_t *segment, uint32_t to, const uint32_t *rows, uint32_t count, ptm_weights *weights) PTM_MUST_CHECK;

#endif
