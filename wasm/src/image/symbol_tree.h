/* SPDX-License-Identifier: Apache-2.0 */
/* A red-black tree of symbols by start. Where symbols overlap, which one an
 * address finds depends on the tree's shape; perf keeps symbols in such a tree,
 * so insertion and removal here rebalance by the textbook's rules (Cormen et
 * al., "Introduction to Algorithms", chapter 13), as its tree does. */
#ifndef PTM_IMAGE_SYMBOL_TREE_H
#define PTM_IMAGE_SYMBOL_TREE_H

#include "base/array.h"

typedef struct ptm_symbol_node {
	uint64_t start, end;     /* file offsets, end exclusive */
	uint32_t left, right, parent; /* node 0: none */
	uint32_t previous, next; /* in order of start */
	uint32_t name;           /* offset in its string table */
	uint8_t binding, type;   /* of the ELF symbol */
	uint8_t table;           /* enum in symbols.c */
	bool red;
	bool module;             /* of a kernel module */
	uint32_t row;            /* for the user of the finished tree */
} ptm_symbol_node;

typedef struct ptm_symbol_tree {
	PTM_ARRAY(ptm_symbol_node) nodes;  /* node 0 is the black leaf */
	uint32_t root, first;
	uint32_t added;          /* how many of the last nodes are not in the tree yet */
} ptm_symbol_tree;

ptm_status ptm_symbol_tree_init(ptm_symbol_tree *tree) PTM_MUST_CHECK;
void ptm_symbol_tree_free(ptm_symbol_tree *tree);

/* Inserts after all that start at the same place. */
ptm_status ptm_symbol_tree_insert(ptm_symbol_tree *tree, const ptm_symbol_node *symbol) PTM_MUST_CHECK;
/* Many at once, much faster: ptm_symbol_tree_insert_added makes the tree that inserting
 * each when it was added would have made. Nothing else may be done in between. */
ptm_status ptm_symbol_tree_add(ptm_symbol_tree *tree, const ptm_symbol_node *symbol) PTM_MUST_CHECK;
ptm_status ptm_symbol_tree_insert_added(ptm_symbol_tree *tree) PTM_MUST_CHECK;
void ptm_symbol_tree_erase(ptm_symbol_tree *tree, uint32_t node);

/* Nodes in order of start; 0 at the end. */
uint32_t ptm_symbol_tree_first(const ptm_symbol_tree *tree);
uint32_t ptm_symbol_tree_next(const ptm_symbol_tree *tree, uint32_t node);

/* The symbol that a walk down from the root meets first, or 0. */
uint32_t ptm_symbol_tree_find(const ptm_symbol_tree *tree, uint64_t offset);

#endif
