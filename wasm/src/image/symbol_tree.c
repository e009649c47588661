/* SPDX-License-Identifier: Apache-2.0 */
#include "image/symbol_tree.h"

ptm_status ptm_symbol_tree_init(ptm_symbol_tree *tree)
{
	*tree = (ptm_symbol_tree){ 0 };
	return ptm_array_push(&tree->nodes, (ptm_symbol_node){ 0 });
}

void ptm_symbol_tree_free(ptm_symbol_tree *tree)
{
	ptm_array_free(&tree->nodes);
}

/* Puts `child` where `node` hangs below its parent. */
static void replace(ptm_symbol_tree *tree, uint32_t node, uint32_t child)
{
	ptm_symbol_node *nodes = tree->nodes.at;
	uint32_t parent = nodes[node].parent;
	if (!parent)
		tree->root = child;
	else if (nodes[parent].left == node)
		nodes[parent].left = child;
	else
		nodes[parent].right = child;
	nodes[child].parent = parent;
}

static void rotate(ptm_symbol_tree *tree, uint32_t node, bool to_left)
{
	ptm_symbol_node *nodes = tree->nodes.at;
	uint32_t up = to_left ? nodes[node].right : nodes[node].left;
	uint32_t moved = to_left ? nodes[up].left : nodes[up].right;
	replace(tree, node, up);
	if (to_left) {
		nodes[node].right = moved;
		nodes[up].left = node;
	} else {
		nodes[node].left = moved;
		nodes[up].right = node;
	}
	if (moved)
		nodes[moved].parent = node;
	nodes[node].parent = up;
}

static void repair_insert(ptm_symbol_tree *tree, uint32_t node)
{
	ptm_symbol_node *nodes = tree->nodes.at;
	while (nodes[nodes[node].parent].red) {
		uint32_t parent = nodes[node].parent, above = nodes[parent].parent;
		bool on_left = parent == nodes[above].left;
		uint32_t uncle = on_left ? nodes[above].right : nodes[above].left;
		if (nodes[uncle].red) {
			nodes[parent].red = nodes[uncle].red = false;
			nodes[above].red = true;
			node = above;
			continue;
		}
		if (node == (on_left ? nodes[parent].right : nodes[parent].left)) {
			rotate(tree, parent, on_left);
			node = parent;
			parent = nodes[node].parent;
		}
		nodes[parent].red = false;
		nodes[above].red = true;
		rotate(tree, above, !on_left);
	}
	nodes[tree->root].red = false;
}

ptm_status ptm_symbol_tree_insert(ptm_symbol_tree *tree, const ptm_symbol_node *symbol)
{
	uint32_t parent = 0, below = tree->root, node = tree->nodes.length;
	PTM_TRY(ptm_array_push(&tree->nodes, *symbol));
	ptm_symbol_node *nodes = tree->nodes.at;
	while (below) {
		parent = below;
		below = symbol->start < nodes[below].start ? nodes[below].left : nodes[below].right;
	}
	nodes[node].left = nodes[node].right = 0;
	nodes[node].parent = parent;
	nodes[node].red = true;
	if (!parent)
		tree->root = node;
	else if (symbol->start < nodes[parent].start)
		nodes[parent].left = node;
	else
		nodes[parent].right = node;
	repair_insert(tree, node);
	return PTM_OK;
}

/* Below `parent`, the side of `node` (0: an empty one) is one black short. */
static void repair_erase(ptm_symbol_tree *tree, uint32_t node, uint32_t parent)
{
	ptm_symbol_node *nodes = tree->nodes.at;
	while (parent && !nodes[node].red) {
		bool on_left = node == nodes[parent].left;
		uint32_t sibling = on_left ? nodes[parent].right : nodes[parent].left;
		if (nodes[sibling].red) {
			nodes[sibling].red = false;
			nodes[parent].red = true;
			rotate(tree, parent, on_left);
			sibling = on_left ? nodes[parent].right : nodes[parent].left;
		}
		uint32_t near = on_left ? nodes[sibling].left : nodes[sibling].right;
		uint32_t far = on_left ? nodes[sibling].right : nodes[sibling].left;
		if (!nodes[near].red && !nodes[far].red) {
			nodes[sibling].red = true;
			node = parent;
			parent = nodes[node].parent;
			continue;
		}
		if (!nodes[far].red) {
			nodes[near].red = false;
			nodes[sibling].red = true;
			rotate(tree, sibling, !on_left);
			far = sibling;
			sibling = near;
		}
		nodes[sibling].red = nodes[parent].red;
		nodes[parent].red = nodes[far].red = false;
		rotate(tree, parent, on_left);
		break;
	}
	nodes[node].red = false;
}

void ptm_symbol_tree_erase(ptm_symbol_tree *tree, uint32_t node)
{
	ptm_symbol_node *nodes = tree->nodes.at, gone = nodes[node];
	uint32_t child, short_of_black;
	bool black;
	if (!gone.left || !gone.right) {
		child = gone.left ? gone.left : gone.right;
		short_of_black = gone.parent;
		black = !gone.red;
		replace(tree, node, child);
	} else {
		uint32_t successor = gone.right;
		while (nodes[successor].left)
			successor = nodes[successor].left;
		child = nodes[successor].right;
		black = !nodes[successor].red;
		short_of_black = successor;
		if (successor != gone.right) {
			short_of_black = nodes[successor].parent;
			replace(tree, successor, child);
			nodes[successor].right = gone.right;
			nodes[gone.right].parent = successor;
		}
		replace(tree, node, successor);
		nodes[successor].left = gone.left;
		nodes[gone.left].parent = successor;
		nodes[successor].red = gone.red;
	}
	if (black)
		repair_erase(tree, child, short_of_black);
	nodes[0] = (ptm_symbol_node){ 0 };
}

uint32_t ptm_symbol_tree_first(const ptm_symbol_tree *tree)
{
	uint32_t node = tree->root;
	while (node && tree->nodes.at[node].left)
		node = tree->nodes.at[node].left;
	return node;
}

uint32_t ptm_symbol_tree_next(const ptm_symbol_tree *tree, uint32_t node)
{
	const ptm_symbol_node *nodes = tree->nodes.at;
	uint32_t next = nodes[node].right;
	if (!next) {
		for (next = nodes[node].parent; next && node == nodes[next].right; next = nodes[next].parent)
			node = next;
		return next;
	}
	while (nodes[next].left)
		next = nodes[next].left;
	return next;
}

uint32_t ptm_symbol_tree_find(const ptm_symbol_tree *tree, uint64_t offset)
{
	uint32_t node = tree->root;
	while (node) {
		const ptm_symbol_node *symbol = &tree->nodes.at[node];
		if (offset < symbol->start)
			node = symbol->left;
		else if (offset > symbol->end || (offset == symbol->end && offset != symbol->start))
			node = symbol->right;
		else
			break;
	}
	return node;
}
