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

/* Hangs the node below `parent` (0: there is no tree yet), where its neighbours are those. */
static void hang(ptm_symbol_tree *tree, uint32_t node, uint32_t parent, bool on_left)
{
	ptm_symbol_node *nodes = tree->nodes.at, *new = &nodes[node];

	new->left = new->right = 0;
	new->parent = parent;
	new->red = true;
	if (!parent)
		tree->root = node;
	else if (on_left)
		nodes[parent].left = node;
	else
		nodes[parent].right = node;
	if (new->previous)
		nodes[new->previous].next = node;
	else
		tree->first = node;
	if (new->next)
		nodes[new->next].previous = node;
	repair_insert(tree, node);
}

static void insert_node(ptm_symbol_tree *tree, uint32_t node)
{
	ptm_symbol_node *nodes = tree->nodes.at, *new = &nodes[node];
	uint32_t parent = 0, below = tree->root;

	while (below) {
		parent = below;
		below = new->start < nodes[below].start ? nodes[below].left : nodes[below].right;
	}
	bool on_left = parent && new->start < nodes[parent].start;
	new->previous = on_left ? nodes[parent].previous : parent;
	new->next = on_left ? parent : nodes[parent].next;
	hang(tree, node, parent, on_left);
}

ptm_status ptm_symbol_tree_insert(ptm_symbol_tree *tree, const ptm_symbol_node *symbol)
{
	PTM_TRY(ptm_array_push(&tree->nodes, *symbol));
	insert_node(tree, tree->nodes.length - 1);
	return PTM_OK;
}

ptm_status ptm_symbol_tree_add(ptm_symbol_tree *tree, const ptm_symbol_node *symbol)
{
	PTM_TRY(ptm_array_push(&tree->nodes, *symbol));
	tree->added++;
	return PTM_OK;
}

/* Sorts the nodes by start, equal ones as they are: a pass for each byte in which starts differ. */
static void sort_nodes(const ptm_symbol_node *nodes, uint32_t *order, uint32_t *spare, uint32_t count)
{
	uint64_t differ = 0;

	for (uint32_t i = 1; i < count; i++)
		differ |= nodes[order[i]].start ^ nodes[order[0]].start;
	for (uint32_t shift = 0; shift < 64; shift += 8) {
		uint32_t ends[256] = { 0 }, sum = 0;
		if (!(differ >> shift & 255))
			continue;
		for (uint32_t i = 0; i < count; i++)
			ends[nodes[order[i]].start >> shift & 255]++;
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t these = ends[i];
			ends[i] = sum;
			sum += these;
		}
		for (uint32_t i = 0; i < count; i++)
			spare[ends[nodes[order[i]].start >> shift & 255]++] = order[i];
		memcpy(order, spare, count * sizeof *order);
	}
}

/* Puts the nodes in order of start, so that whoever walks them does not jump about; `order`
 * says which come first, and then where each went, in the order they were in. Nothing is
 * copied: there may be millions. */
static void arrange(ptm_symbol_node *nodes, uint32_t *order, uint32_t *spare, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		spare[order[i] - 1] = i + 1;
	memcpy(order, spare, count * sizeof *order);
	for (uint32_t i = 0; i < count; i++) {
		while (spare[i] != i + 1) {
			uint32_t to = spare[i];
			ptm_symbol_node moved = nodes[to];
			nodes[to] = nodes[i + 1];
			nodes[i + 1] = moved;
			spare[i] = spare[to - 1];
			spare[to - 1] = to;
		}
	}
}

/* Makes a tree of all nodes, which are in order of start. Its shape depends on the order in
 * which they come (`coming`); each is hung between the neighbours that it has at that time,
 * and these are known without a search: of the list of all, the last that came is taken out first. */
static void build(ptm_symbol_tree *tree, const uint32_t *coming, uint32_t count)
{
	ptm_symbol_node *nodes = tree->nodes.at;

	for (uint32_t node = 1; node <= count; node++) {
		nodes[node].previous = node - 1;
		nodes[node].next = node < count ? node + 1 : 0;
	}
	for (uint32_t i = count; i-- > 0;) {
		const ptm_symbol_node *last = &nodes[coming[i]];
		nodes[last->previous].next = last->next;
		nodes[last->next].previous = last->previous;
	}
	nodes[0] = (ptm_symbol_node){ 0 };
	for (uint32_t i = 0; i < count; i++) {
		uint32_t node = coming[i], previous = nodes[node].previous;
		bool on_left = !previous || nodes[previous].right;
		hang(tree, node, on_left ? nodes[node].next : previous, on_left);
	}
}

ptm_status ptm_symbol_tree_insert_added(ptm_symbol_tree *tree)
{
	uint32_t count = tree->added, first = tree->nodes.length - count;

	tree->added = 0;
	if (first > 1) {
		for (uint32_t node = first; node < tree->nodes.length; node++)
			insert_node(tree, node);
		return PTM_OK;
	}
	uint32_t *order = malloc(((size_t)count * 2 + 1) * sizeof *order);
	if (!order)
		return PTM_NO_MEMORY;
	for (uint32_t i = 0; i < count; i++)
		order[i] = i + 1;
	sort_nodes(tree->nodes.at, order, order + count, count);
	arrange(tree->nodes.at, order, order + count, count);
	build(tree, order, count);
	free(order);
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
	if (gone.previous)
		nodes[gone.previous].next = gone.next;
	else
		tree->first = gone.next;
	nodes[gone.next].previous = gone.previous;
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
	return tree->first;
}

uint32_t ptm_symbol_tree_next(const ptm_symbol_tree *tree, uint32_t node)
{
	return tree->nodes.at[node].next;
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
