/* SPDX-License-Identifier: Apache-2.0 */
#include "image/kernel_maps.h"

#define PAGE_SHIFT 12
#define MOST_PAGES 1024u         /* that one change is noted to touch: no function is larger */

ptm_status ptm_kernel_maps_init(ptm_kernel_maps *maps)
{
	*maps = (ptm_kernel_maps){ 0 };
	return ptm_array_push(&maps->epochs, (ptm_kernel_epoch){ 0 });
}

void ptm_kernel_maps_free(ptm_kernel_maps *maps)
{
	ptm_array_free(&maps->changes);
	ptm_array_free(&maps->pokes);
	ptm_array_free(&maps->pool);
	ptm_array_free(&maps->epochs);
	ptm_array_free(&maps->touches);
}

ptm_status ptm_kernel_maps_clear(ptm_kernel_maps *maps)
{
	ptm_kernel_maps_free(maps);
	return ptm_kernel_maps_init(maps);
}

ptm_status ptm_kernel_maps_poke(ptm_kernel_maps *maps, uint64_t time, uint64_t address, const uint8_t *bytes, uint32_t length)
{
	ptm_kernel_poke poke = { address, maps->pool.length, length };
	if (!length || length > UINT64_MAX - address)
		return PTM_OK;
	PTM_TRY(ptm_array_reserve(&maps->pool, length));
	memcpy(maps->pool.at + maps->pool.length, bytes, length);
	maps->pool.length += length;
	PTM_TRY(ptm_array_push(&maps->pokes, poke));
	return ptm_array_push(&maps->changes, ((ptm_kernel_change){ time, { .start = address, .end = address + length }, false, maps->pokes.length }));
}

/* ------------------------------------------------------------------ layout */

static ptm_status touch(ptm_kernel_maps *maps, const ptm_kernel_change *change)
{
	uint32_t epoch = maps->epochs.length - 1;
	uint64_t first = change->map.start >> PAGE_SHIFT, last = (change->map.end - 1) >> PAGE_SHIFT;
	if (last - first >= MOST_PAGES)
		last = first + MOST_PAGES - 1;
	for (uint64_t page = first; page <= last; page++)
		PTM_TRY(ptm_array_push(&maps->touches, ((ptm_kernel_touch){ page, epoch, change->poke })));
	return PTM_OK;
}

static int compare_touches(const void *left, const void *right)
{
	const ptm_kernel_touch *a = left, *b = right;
	if (a->page != b->page)
		return a->page < b->page ? -1 : 1;
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	return a->poke < b->poke ? -1 : a->poke > b->poke;
}

/* What perf keeps of the recorded maps: with a core file none, with vmlinux not the kernel's own. */
static bool is_replaced(const ptm_kernel *kernel, const ptm_kernel_change *change)
{
	return kernel->pieces.length && (kernel->kcore.size || change->map.image == kernel->image);
}

static ptm_status lay_first(ptm_kernel_maps *maps, ptm_map_tree *tree, const ptm_kernel *kernel)
{
	uint32_t *root = &maps->epochs.at[0].maps;
	for (uint32_t i = 0; i < maps->changes.length; i++) {
		const ptm_kernel_change *change = &maps->changes.at[i];
		if (!change->symbol && !change->poke && !is_replaced(kernel, change))
			PTM_TRY(ptm_map_tree_put(tree, *root, &change->map, root));
	}
	for (uint32_t i = 0; i < kernel->pieces.length; i++) {
		const ptm_kernel_piece *piece = &kernel->pieces.at[i];
		ptm_map map = { piece->start, piece->end, piece->file_offset, kernel->image, piece->dso };
		PTM_TRY(ptm_map_tree_put(tree, *root, &map, root));
	}
	return PTM_OK;
}

ptm_status ptm_kernel_maps_settle(ptm_kernel_maps *maps, ptm_map_tree *tree, const ptm_kernel *kernel)
{
	maps->epochs.length = 1;
	maps->epochs.at[0] = (ptm_kernel_epoch){ 0 };
	maps->touches.length = 0;
	PTM_TRY(lay_first(maps, tree, kernel));
	for (uint32_t i = 0; i < maps->changes.length; i++) {
		const ptm_kernel_change *change = &maps->changes.at[i];
		if (!change->symbol && !change->poke)
			continue;
		ptm_kernel_epoch last = maps->epochs.at[maps->epochs.length - 1];
		if (change->time > last.time) {
			last.time = change->time;
			PTM_TRY(ptm_array_push(&maps->epochs, last));
		}
		uint32_t *root = &maps->epochs.at[maps->epochs.length - 1].maps;
		if (!change->poke)
			PTM_TRY(ptm_map_tree_put(tree, *root, &change->map, root));
		PTM_TRY(touch(maps, change));
	}
	if (maps->touches.length)
		qsort(maps->touches.at, maps->touches.length, sizeof *maps->touches.at, compare_touches);
	return PTM_OK;
}

/* ------------------------------------------------------------------ queries */

uint32_t ptm_kernel_maps_epoch(const ptm_kernel_maps *maps, uint64_t time)
{
	uint32_t low = 1, high = maps->epochs.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (maps->epochs.at[middle].time <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

/* Row after the last touch of a page in an epoch up to `epoch`. */
static uint32_t touches_until(const ptm_kernel_maps *maps, uint64_t page, uint64_t epoch)
{
	uint32_t low = 0, high = maps->touches.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const ptm_kernel_touch *at = &maps->touches.at[middle];
		if (at->page < page || (at->page == page && at->epoch <= epoch))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t ptm_kernel_maps_version(const ptm_kernel_maps *maps, uint32_t epoch, uint64_t ip)
{
	uint32_t version = 0;
	for (uint64_t page = ip >> PAGE_SHIFT, last = page + 1; page <= last && epoch; page++) {
		uint32_t row = touches_until(maps, page, epoch);
		if (row && maps->touches.at[row - 1].page == page && maps->touches.at[row - 1].epoch > version)
			version = maps->touches.at[row - 1].epoch;
	}
	return version;
}

static void write_poke(const ptm_kernel_maps *maps, const ptm_kernel_poke *poke, uint64_t ip, uint8_t *code, uint32_t length, uint32_t *known)
{
	for (uint32_t i = 0; i < length; i++) {
		uint64_t within = ip + i - poke->address;
		if (ip + i < poke->address || within >= poke->length)
			continue;
		code[i] = maps->pool.at[poke->bytes + within];
		*known |= 1u << i;
	}
}

void ptm_kernel_maps_patch(const ptm_kernel_maps *maps, uint32_t epoch, uint64_t ip, uint8_t *code, uint32_t length, uint32_t *known)
{
	if (!maps->pokes.length || !length)
		return;
	for (uint64_t page = ip >> PAGE_SHIFT, last = (ip + length - 1) >> PAGE_SHIFT; page <= last; page++) {
		uint32_t end = touches_until(maps, page, epoch), first = page ? touches_until(maps, page - 1, UINT32_MAX) : 0;
		for (uint32_t row = first; row < end; row++)
			if (maps->touches.at[row].poke)
				write_poke(maps, &maps->pokes.at[maps->touches.at[row].poke - 1], ip, code, length, known);
	}
}
