/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slab.h"

#define PIECE_BYTES ((size_t)256 << 10)

void *ptm_slab_take(ptm_slab *slab, size_t bytes)
{
	size_t rounded = (bytes + 7) & ~(size_t)7;

	if (rounded < bytes)
		return NULL;
	if (rounded > slab->size - slab->used) {
		size_t size = rounded > PIECE_BYTES ? rounded : PIECE_BYTES;
		uint8_t *piece = malloc(size);
		if (!piece || ptm_array_push(&slab->pieces, piece) != PTM_OK) {
			free(piece);
			return NULL;
		}
		slab->size = size;
		slab->used = 0;
	}
	void *taken = slab->pieces.at[slab->pieces.length - 1] + slab->used;
	slab->used += rounded;
	return taken;
}

void *ptm_slab_copy(ptm_slab *slab, const void *from, size_t bytes)
{
	void *copy = ptm_slab_take(slab, bytes + !bytes);

	if (copy && bytes)
		memcpy(copy, from, bytes);
	return copy;
}

void ptm_slab_free(ptm_slab *slab)
{
	for (uint32_t i = 0; i < slab->pieces.length; i++)
		free(slab->pieces.at[i]);
	ptm_array_free(&slab->pieces);
	slab->used = slab->size = 0;
}
