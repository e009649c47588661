/* SPDX-License-Identifier: Apache-2.0 */
#include "image/functions.h"
#include "base/hash.h"

ptm_status ptm_functions_init(ptm_functions *functions, ptm_images *images)
{
	*functions = (ptm_functions){ .images = images };
	return ptm_array_push(&functions->rows, (ptm_function){ 0 });
}

void ptm_functions_free(ptm_functions *functions)
{
	ptm_array_free(&functions->rows);
	free(functions->slots);
}

static bool same(const ptm_function *a, const ptm_function *b)
{
	return a->image == b->image && a->address == b->address && a->name == b->name;
}

static uint32_t *slot_of(uint32_t *slots, uint32_t count, const ptm_functions *functions, const ptm_function *wanted)
{
	uint64_t key = wanted->address ^ (uint64_t)wanted->image << 48 ^ (uint64_t)wanted->name << 24;
	uint32_t slot = (uint32_t)ptm_hash_u64(key) & (count - 1);
	while (slots[slot] && !same(&functions->rows.at[slots[slot]], wanted))
		slot = (slot + 1) & (count - 1);
	return &slots[slot];
}

static bool grow_slots(ptm_functions *functions)
{
	uint32_t count = functions->slot_count ? functions->slot_count * 2 : 256;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return false;
	for (uint32_t i = 1; i < functions->rows.length; i++)
		*slot_of(slots, count, functions, &functions->rows.at[i]) = i;
	free(functions->slots);
	functions->slots = slots;
	functions->slot_count = count;
	return true;
}

uint32_t ptm_functions_row(ptm_functions *functions, const ptm_function *wanted)
{
	if ((functions->rows.length + 1) * 2 > functions->slot_count && !grow_slots(functions))
		return 0;
	uint32_t *slot = slot_of(functions->slots, functions->slot_count, functions, wanted);
	if (!*slot) {
		if (ptm_array_push(&functions->rows, *wanted) != PTM_OK)
			return 0;
		*slot = functions->rows.length - 1;
	}
	return *slot;
}

uint32_t ptm_functions_at(ptm_functions *functions, uint32_t image, uint64_t address, bool as_perf, uint64_t *offset)
{
	const ptm_symbol *symbol = ptm_image_symbol(functions->images, image, address);
	const ptm_image *named = &functions->images->images.at[image];
	uint64_t moved = symbol && named->names == PTM_NAMES_ELF ? named->names_slide : 0;
	if (!as_perf && (!symbol || !symbol->size)) {
		const ptm_symbol *more = ptm_image_more_symbol(functions->images, image, address);
		symbol = more ? more : symbol;
		moved = more ? 0 : moved;
	}
	ptm_function wanted = { .image = image };
	if (symbol)
		wanted = (ptm_function){ symbol->name, image, symbol->address, symbol->size };
	*offset = address - moved - wanted.address;
	return ptm_functions_row(functions, &wanted);
}
