/* SPDX-License-Identifier: Apache-2.0 */
/* Sorted sets of disjoint maps that share what they have in common: putting a
 * map into a set yields another set and leaves the first as it was. A set is
 * the root of a balanced tree in the pool; nodes of finished sets never change.
 *
 *        set 1 ──> c              set 2 = set 1 + e ──> c'
 *                 / \                                  /  \
 *                a   d                      (same) <──a    d'
 *                                                           \
 *                                                            e          */
#ifndef PTM_IMAGE_MAP_TREE_H
#define PTM_IMAGE_MAP_TREE_H

#include "image/address_space.h"

/* Weight-balanced: neither side holds more than three times as many as the other. */
typedef struct ptm_map_node {
	uint32_t map;            /* index in maps */
	uint32_t left, right;    /* nodes; 0: none */
	uint32_t count;          /* maps in this subtree */
} ptm_map_node;

typedef struct ptm_map_tree {
	PTM_ARRAY(ptm_map) maps;
	PTM_ARRAY(ptm_map_node) nodes;   /* node 0 is the empty set */
	uint32_t shared;         /* nodes below this one belong to finished sets */
	bool failed;             /* memory ran out within a change */
} ptm_map_tree;

ptm_status ptm_map_tree_init(ptm_map_tree *tree) PTM_MUST_CHECK;
void ptm_map_tree_free(ptm_map_tree *tree);

/* Stores the set that `root` becomes when `map` is mapped over it: what it
 * overlaps is cut away, as the kernel does. `map` must not be empty. */
ptm_status ptm_map_tree_put(ptm_map_tree *tree, uint32_t root, const ptm_map *map, uint32_t *changed) PTM_MUST_CHECK;

/* First map of the set that ends after `address`, or NULL (borrowed until the next put). */
const ptm_map *ptm_map_tree_next(const ptm_map_tree *tree, uint32_t root, uint64_t address);

#endif
