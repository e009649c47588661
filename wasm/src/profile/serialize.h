/* SPDX-License-Identifier: Apache-2.0 */
/* A part as bytes: written by serialize.c, read by deserialize.c. Little-endian;
 * the records are those of part.h, which have no gaps. Private to profile/. */
#ifndef PTM_PROFILE_SERIALIZE_H
#define PTM_PROFILE_SERIALIZE_H

#include "profile/part.h"
#include <stddef.h>

#define PTM_PART_MAGIC 0x504d5450u /* "PTMP" */
#define PTM_PART_VERSION 4
#define PTM_FUNCTION_NAME 65535    /* longest name that travels */

_Static_assert(sizeof(ptm_tree_node) == 40 && sizeof(ptm_frame) == 48 && sizeof(ptm_piece_call) == 40, "records travel as they are");
_Static_assert(sizeof(ptm_arrival) == 24 && sizeof(ptm_departure) == 56 && sizeof(ptm_piece) == 152, "records travel as they are");
_Static_assert(sizeof(ptm_part_run) == 80 && sizeof(ptm_gap) == 80 && sizeof(ptm_checkpoint) == 40, "records travel as they are");

/* A block travels as what it is (this many bytes, 16 bits of them the number of its
 * instructions), one byte for each instruction's length, and its counters: those of
 * ptm_block_stat from `visits` on, and first_segment. */
#define PTM_PART_BLOCK_BYTES (4 * sizeof(uint64_t) + 3 * sizeof(uint32_t) + 5)
#define PTM_PART_INSTRUCTIONS_AT (4 * sizeof(uint64_t) + 3 * sizeof(uint32_t))
#define PTM_STAT_COUNTERS (sizeof(ptm_block_stat) - offsetof(ptm_block_stat, visits))
#define PTM_PART_COUNTERS_BYTES (PTM_STAT_COUNTERS + sizeof(uint32_t))

_Static_assert(PTM_STAT_COUNTERS == 10 * sizeof(uint64_t), "counters travel as they are");

/* Block counters that lie in a part's bytes (borrowed), checked. */
typedef struct ptm_part_counters {
	PTM_ARRAY(uint32_t) blocks;      /* rows of blocks, in the part's order; owned */
	const uint8_t *at;               /* the first block */
} ptm_part_counters;

/* Reads a part; new blocks are added to `blocks`, as new functions are to `spaces`
 * (NULL: by number). Every row number in `data` and `counters` is then within its
 * bounds. PTM_BAD_DATA when the bytes are not a part; caller frees `data` and the
 * rows in `counters` in any case. */
ptm_status ptm_part_deserialize(const uint8_t *bytes, size_t length, ptm_blocks *blocks, ptm_spaces *spaces,
				ptm_part_data *data, ptm_part_counters *counters) PTM_MUST_CHECK;

/* Adds them to `stats`: all, or none when memory is out. */
ptm_status ptm_part_counters_add(const ptm_part_counters *counters, ptm_block_stats *stats) PTM_MUST_CHECK;

#endif
