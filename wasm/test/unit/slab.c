/* SPDX-License-Identifier: Apache-2.0 */
/* Slabs: what is taken stays where it is, apart from all else, until all is given back. */
#include "base/slab.h"
#include "check.h"

int main(void)
{
	ptm_slab slab = { 0 };
	uint32_t *taken[1000];

	for (uint32_t i = 0; i < 1000; i++) {
		taken[i] = ptm_slab_take(&slab, (i + 1) * sizeof **taken);
		CHECK(taken[i] && (uintptr_t)taken[i] % 8 == 0);
		for (uint32_t k = 0; k <= i; k++)
			taken[i][k] = i;
	}
	for (uint32_t i = 0; i < 1000; i++)
		for (uint32_t k = 0; k <= i; k++)
			CHECK_EQ(taken[i][k], i);
	CHECK_EQ(slab.pieces.length, 8); /* 2,002,000 bytes and what the ends of pieces are too short for */

	char *copy = ptm_slab_copy(&slab, "twelve bytes", 13);
	CHECK_TEXT(copy, "twelve bytes");
	CHECK(ptm_slab_copy(&slab, NULL, 0) != NULL);
	CHECK(ptm_slab_take(&slab, 1u << 20) != NULL); /* more than a piece: one of its own */
	CHECK_EQ(slab.pieces.length, 9);
	CHECK(ptm_slab_take(&slab, SIZE_MAX) == NULL);
	CHECK_EQ(slab.pieces.length, 9);
	ptm_slab_free(&slab);
	CHECK_EQ(slab.pieces.length, 0);
	CHECK(ptm_slab_take(&slab, 1) != NULL);
	ptm_slab_free(&slab);
	return check_report("slab");
}
