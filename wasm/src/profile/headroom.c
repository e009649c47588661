/* SPDX-License-Identifier: Apache-2.0 */
/* Whether there is memory left to join what is merged: a part that would take it is
 * refused, so that what was merged before stays and can be told of. */
#include "profile/joined.h"

/* Whatever else an answer takes: its table, scratch. */
#define LEAST_BYTES (64u << 10)

static uint64_t tree_bytes(const ptm_call_tree *tree)
{
	return (uint64_t)tree->nodes.capacity * sizeof *tree->nodes.at + (uint64_t)tree->slot_count * sizeof *tree->slots;
}

uint64_t ptm_part_loose_bytes(const ptm_part_data *part)
{
	return (uint64_t)part->pieces.length * sizeof *part->pieces.at + (uint64_t)part->nodes.length * sizeof *part->nodes.at +
	       (uint64_t)part->frames.length * sizeof *part->frames.at;
}

/* What joining takes at most, about: a copy of the settled trees, the answers, and of
 * each array that grows the old one while it is copied. */
static uint64_t joining_bytes(const ptm_profile *profile)
{
	const ptm_joined *settled = &profile->settled;
	uint64_t trees = tree_bytes(&settled->tree), loose = profile->loose_bytes;
	uint64_t calls = settled->calls.length + profile->stored_calls;

	for (uint32_t i = 0; i < settled->lanes.length; i++)
		trees += tree_bytes(&settled->lanes.at[i]->tree);
	uint64_t growing = calls * (sizeof(ptm_call) + sizeof(ptm_joined_call)) + profile->stored_gaps * 2 * sizeof(ptm_gap) +
			   profile->stored_checkpoints * sizeof(ptm_checkpoint) + profile->parts.length * sizeof(ptm_run);
	return LEAST_BYTES + 3 * trees + 2 * growing + 3 * loose;
}

bool ptm_profile_has_room(ptm_profile *profile, size_t length)
{
	uint64_t bytes = joining_bytes(profile) + 4 * (uint64_t)length;
	void *room = bytes <= SIZE_MAX ? malloc((size_t)bytes) : NULL;

	/* Sums only make ranges quicker: they go first. */
	if (!room && profile->settled.sums && !profile->sums.is_off) {
		ptm_sums_turn_off(&profile->sums);
		room = malloc((size_t)bytes);
	}
	free(room);
	return room;
}
