/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/call_tree.h"
#include "base/hash.h"

void ptm_call_tree_free(ptm_call_tree *tree)
{
	ptm_array_free(&tree->nodes);
	free(tree->slots);
	tree->slots = NULL;
	tree->slot_count = 0;
}

ptm_status ptm_call_tree_copy(ptm_call_tree *copy, const ptm_call_tree *tree)
{
	uint32_t count = tree->nodes.length;

	if (!count)
		return PTM_OK;
	PTM_TRY(ptm_array_reserve(&copy->nodes, count));
	copy->slots = malloc(tree->slot_count * sizeof *copy->slots);
	if (!copy->slots)
		return PTM_NO_MEMORY;
	copy->slot_count = tree->slot_count;
	copy->nodes.length = count;
	memcpy(copy->nodes.at, tree->nodes.at, count * sizeof *copy->nodes.at);
	memcpy(copy->slots, tree->slots, tree->slot_count * sizeof *copy->slots);
	return PTM_OK;
}

static uint32_t first_slot(const ptm_call_tree *tree, uint32_t parent, uint32_t function)
{
	return (uint32_t)ptm_hash_u64((uint64_t)parent << 32 | function) & (tree->slot_count - 1);
}

/* The slot that holds (parent, function), or the empty one where it belongs. */
static uint32_t find_slot(const ptm_call_tree *tree, uint32_t parent, uint32_t function)
{
	uint32_t slot = first_slot(tree, parent, function);

	for (; tree->slots[slot]; slot = (slot + 1) & (tree->slot_count - 1)) {
		const ptm_tree_node *node = &tree->nodes.at[tree->slots[slot] - 1];
		if (node->parent == parent && node->function == function)
			break;
	}
	return slot;
}

void ptm_call_tree_clear(ptm_call_tree *tree)
{
	if (tree->nodes.length > tree->slot_count / 8) {
		if (tree->slots)
			memset(tree->slots, 0, tree->slot_count * sizeof *tree->slots);
	} else {
		/* Every entry lies between its first slot and the next empty one. */
		for (uint32_t i = 0; i < tree->nodes.length; i++) {
			uint32_t slot = first_slot(tree, tree->nodes.at[i].parent, tree->nodes.at[i].function);
			for (; tree->slots[slot]; slot = (slot + 1) & (tree->slot_count - 1))
				tree->slots[slot] = 0;
		}
	}
	tree->nodes.length = 0;
}

static ptm_status grow_slots(ptm_call_tree *tree)
{
	uint32_t count = tree->slot_count ? tree->slot_count * 2 : 1024;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return PTM_NO_MEMORY;
	uint32_t *old = tree->slots, old_count = tree->slot_count;
	tree->slots = slots;
	tree->slot_count = count;
	for (uint32_t i = 0; i < old_count; i++) {
		if (!old[i])
			continue;
		const ptm_tree_node *node = &tree->nodes.at[old[i] - 1];
		slots[find_slot(tree, node->parent, node->function)] = old[i];
	}
	free(old);
	return PTM_OK;
}

static ptm_status reserve_slot(ptm_call_tree *tree)
{
	return (tree->nodes.length + 1) * 2 > tree->slot_count ? grow_slots(tree) : PTM_OK;
}

ptm_status ptm_call_tree_add(ptm_call_tree *tree, uint32_t parent, uint32_t function, uint32_t *node)
{
	ptm_tree_node made = { .parent = parent, .function = function };

	PTM_TRY(reserve_slot(tree));
	PTM_TRY(ptm_array_push(&tree->nodes, made));
	*node = tree->nodes.length - 1;
	return PTM_OK;
}

ptm_status ptm_call_tree_find(ptm_call_tree *tree, uint32_t parent, uint32_t function, uint32_t *node)
{
	PTM_TRY(reserve_slot(tree));
	uint32_t slot = find_slot(tree, parent, function);
	if (tree->slots[slot]) {
		*node = tree->slots[slot] - 1;
	} else {
		PTM_TRY(ptm_call_tree_add(tree, parent, function, node));
		slot = find_slot(tree, parent, function);
		tree->slots[slot] = *node + 1;
	}
	return PTM_OK;
}

void ptm_call_tree_forget_last(ptm_call_tree *tree)
{
	const ptm_tree_node *node = &tree->nodes.at[tree->nodes.length - 1];

	/* Nothing was found a place since: no search goes past its slot. */
	tree->slots[find_slot(tree, node->parent, node->function)] = 0;
	tree->nodes.length--;
}

bool ptm_call_tree_look(const ptm_call_tree *tree, uint32_t parent, uint32_t function, uint32_t *node)
{
	uint32_t slot = tree->slot_count ? find_slot(tree, parent, function) : 0;
	if (!tree->slot_count || !tree->slots[slot])
		return false;
	*node = tree->slots[slot] - 1;
	return true;
}

ptm_status ptm_call_tree_attach(ptm_call_tree *tree, uint32_t node, uint32_t parent, uint32_t function)
{
	PTM_TRY(reserve_slot(tree));
	tree->nodes.at[node].parent = parent;
	tree->nodes.at[node].function = function;
	tree->slots[find_slot(tree, parent, function)] = node + 1;
	return PTM_OK;
}
