/* SPDX-License-Identifier: Apache-2.0 */
/* A part as bytes: written by serialize.c, read by deserialize.c. Little-endian;
 * the records are those of part.h, which have no gaps. Private to profile/. */
#ifndef PTM_PROFILE_SERIALIZE_H
#define PTM_PROFILE_SERIALIZE_H

#include "profile/part.h"

#define PTM_PART_MAGIC 0x504d5450u /* "PTMP" */
#define PTM_PART_VERSION 2
#define PTM_FUNCTION_NAME 65535    /* longest name that travels */

_Static_assert(sizeof(ptm_tree_node) == 40 && sizeof(ptm_frame) == 48 && sizeof(ptm_piece_call) == 40, "records travel as they are");
_Static_assert(sizeof(ptm_arrival) == 24 && sizeof(ptm_departure) == 56 && sizeof(ptm_piece) == 152, "records travel as they are");
_Static_assert(sizeof(ptm_part_run) == 80 && sizeof(ptm_part_gap) == 72 && sizeof(ptm_checkpoint) == 40, "records travel as they are");

/* Reads a part; block counters go to `stats` with rows of `blocks`, to which new
 * blocks are added, as new functions are to `spaces` (NULL: by number). Every
 * row number in `data` is then within its bounds. PTM_BAD_DATA when the bytes
 * are not a part; caller frees `data` and `stats` in any case. */
ptm_status ptm_part_deserialize(const uint8_t *bytes, size_t length, ptm_blocks *blocks, ptm_spaces *spaces,
				ptm_part_data *data, ptm_block_stats *stats) PTM_MUST_CHECK;

#endif
