/* SPDX-License-Identifier: Apache-2.0 */
#include "image/map_tree.h"

ptm_status ptm_map_tree_init(ptm_map_tree *tree)
{
	*tree = (ptm_map_tree){ .shared = 1 };
	return ptm_array_push(&tree->nodes, (ptm_map_node){ 0 });
}

void ptm_map_tree_free(ptm_map_tree *tree)
{
	ptm_array_free(&tree->maps);
	ptm_array_free(&tree->nodes);
}

static uint32_t count_of(const ptm_map_tree *tree, uint32_t node)
{
	return tree->nodes.at[node].count;
}

/* A node that holds `node`'s map with these children: `node` itself when this
 * change made it, else a copy. */
static uint32_t with_children(ptm_map_tree *tree, uint32_t node, uint32_t left, uint32_t right)
{
	ptm_map_node made = { tree->nodes.at[node].map, left, right, count_of(tree, left) + count_of(tree, right) + 1 };
	if (node >= tree->shared) {
		tree->nodes.at[node] = made;
		return node;
	}
	if (ptm_array_push(&tree->nodes, made) != PTM_OK) {
		tree->failed = true;
		return 0;
	}
	return tree->nodes.length - 1;
}

static uint32_t rotate_left(ptm_map_tree *tree, uint32_t node, uint32_t left, uint32_t right)
{
	ptm_map_node r = tree->nodes.at[right];
	if (count_of(tree, r.left) < 2 * count_of(tree, r.right))
		return with_children(tree, right, with_children(tree, node, left, r.left), r.right);
	ptm_map_node middle = tree->nodes.at[r.left];
	uint32_t outer = with_children(tree, right, middle.right, r.right);
	return with_children(tree, r.left, with_children(tree, node, left, middle.left), outer);
}

static uint32_t rotate_right(ptm_map_tree *tree, uint32_t node, uint32_t left, uint32_t right)
{
	ptm_map_node l = tree->nodes.at[left];
	if (count_of(tree, l.right) < 2 * count_of(tree, l.left))
		return with_children(tree, left, l.left, with_children(tree, node, l.right, right));
	ptm_map_node middle = tree->nodes.at[l.right];
	uint32_t outer = with_children(tree, left, l.left, middle.left);
	return with_children(tree, l.right, outer, with_children(tree, node, middle.right, right));
}

/* `node` with children of which one gained or lost one map. */
static uint32_t balanced(ptm_map_tree *tree, uint32_t node, uint32_t left, uint32_t right)
{
	uint32_t on_left = count_of(tree, left), on_right = count_of(tree, right);
	if (tree->failed)
		return 0;
	if (on_left + on_right > 1 && on_right > 3 * on_left)
		return rotate_left(tree, node, left, right);
	if (on_left + on_right > 1 && on_left > 3 * on_right)
		return rotate_right(tree, node, left, right);
	return with_children(tree, node, left, right);
}

static const ptm_map *map_of(const ptm_map_tree *tree, uint32_t node)
{
	return &tree->maps.at[tree->nodes.at[node].map];
}

/* The depth of the recursions below is that of a balanced tree: at most 75. */
static uint32_t insert(ptm_map_tree *tree, uint32_t root, uint32_t leaf, uint64_t start)
{
	ptm_map_node node = tree->nodes.at[root];
	if (!root)
		return leaf;
	if (start < map_of(tree, root)->start)
		return balanced(tree, root, insert(tree, node.left, leaf, start), node.right);
	return balanced(tree, root, node.left, insert(tree, node.right, leaf, start));
}

/* Takes the first map's node out of a set that is not empty. */
static uint32_t remove_first(ptm_map_tree *tree, uint32_t root, uint32_t *first)
{
	ptm_map_node node = tree->nodes.at[root];
	if (!node.left) {
		*first = root;
		return node.right;
	}
	return balanced(tree, root, remove_first(tree, node.left, first), node.right);
}

static uint32_t remove_at(ptm_map_tree *tree, uint32_t root, uint64_t start)
{
	ptm_map_node node = tree->nodes.at[root];
	if (!root)
		return 0;
	uint64_t own = map_of(tree, root)->start;
	if (start < own)
		return balanced(tree, root, remove_at(tree, node.left, start), node.right);
	if (start > own)
		return balanced(tree, root, node.left, remove_at(tree, node.right, start));
	if (!node.left || !node.right)
		return node.left ? node.left : node.right;
	uint32_t successor, rest = remove_first(tree, node.right, &successor);
	return balanced(tree, successor, node.left, rest);
}

static ptm_status add(ptm_map_tree *tree, uint32_t *root, ptm_map map)
{
	PTM_TRY(ptm_array_push(&tree->maps, map));
	PTM_TRY(ptm_array_push(&tree->nodes, ((ptm_map_node){ tree->maps.length - 1, 0, 0, 1 })));
	*root = insert(tree, *root, tree->nodes.length - 1, map.start);
	return tree->failed ? PTM_NO_MEMORY : PTM_OK;
}

static ptm_status put(ptm_map_tree *tree, uint32_t *root, const ptm_map *map)
{
	const ptm_map *next;
	while ((next = ptm_map_tree_next(tree, *root, map->start)) && next->start < map->end) {
		ptm_map old = *next;
		*root = remove_at(tree, *root, old.start);
		if (tree->failed)
			return PTM_NO_MEMORY;
		if (old.start < map->start)
			PTM_TRY(add(tree, root, (ptm_map){ old.start, map->start, old.file_offset, old.image, old.name }));
		if (old.end > map->end)
			PTM_TRY(add(tree, root, (ptm_map){ map->end, old.end, old.file_offset + (map->end - old.start), old.image,
							   old.name }));
	}
	return add(tree, root, *map);
}

ptm_status ptm_map_tree_put(ptm_map_tree *tree, uint32_t root, const ptm_map *map, uint32_t *changed)
{
	ptm_map copy = *map;
	uint32_t grown = root;
	tree->failed = false;
	tree->shared = tree->nodes.length;
	PTM_TRY(put(tree, &grown, &copy));
	*changed = grown;
	return PTM_OK;
}

const ptm_map *ptm_map_tree_next(const ptm_map_tree *tree, uint32_t root, uint64_t address)
{
	const ptm_map *found = NULL;
	while (root) {
		const ptm_map *map = map_of(tree, root);
		if (map->end > address) {
			found = map;
			root = tree->nodes.at[root].left;
		} else {
			root = tree->nodes.at[root].right;
		}
	}
	return found;
}
