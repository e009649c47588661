/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of calls by path: nodes found by (parent, function), rows in order of
 * creation. Used for a part's pieces, for a thread between two losses of trace,
 * and for the joined answer. */
#ifndef PTM_PROFILE_CALL_TREE_H
#define PTM_PROFILE_CALL_TREE_H

#include "base/array.h"

#define PTM_NO_NODE UINT32_MAX
#define PTM_NO_FUNCTION UINT32_MAX

typedef struct ptm_tree_node {
	uint32_t parent;         /* PTM_NO_NODE: a root */
	uint32_t function;       /* PTM_NO_FUNCTION: stands for a frame not known here */
	uint64_t calls, self_ns, self_instructions, self_cycles;
} ptm_tree_node;

typedef struct ptm_call_tree {
	PTM_ARRAY(ptm_tree_node) nodes;
	uint32_t *slots;                 /* open-addressed (parent, function) -> row + 1 */
	uint32_t slot_count;             /* a power of two, at most half full */
} ptm_call_tree;

void ptm_call_tree_free(ptm_call_tree *tree);

/* Forgets all nodes, in time proportional to their number; keeps the memory. */
void ptm_call_tree_clear(ptm_call_tree *tree);

/* Makes `copy` (zeroed) equal to `tree`. */
ptm_status ptm_call_tree_copy(ptm_call_tree *copy, const ptm_call_tree *tree) PTM_MUST_CHECK;

/* Appends a node that only its row finds. */
ptm_status ptm_call_tree_add(ptm_call_tree *tree, uint32_t parent, uint32_t function, uint32_t *node) PTM_MUST_CHECK;

/* Stores the child of `parent` in `function`; makes it when new. */
ptm_status ptm_call_tree_find(ptm_call_tree *tree, uint32_t parent, uint32_t function, uint32_t *node) PTM_MUST_CHECK;

/* Gives a node made by ptm_call_tree_add a parent and function, so that find finds it. */
ptm_status ptm_call_tree_attach(ptm_call_tree *tree, uint32_t node, uint32_t parent, uint32_t function) PTM_MUST_CHECK;

/* Takes back the node that ptm_call_tree_find made last, of which nothing is known yet. */
void ptm_call_tree_forget_last(ptm_call_tree *tree);

/* Whether `parent` has a child in `function`; stores it. */
bool ptm_call_tree_look(const ptm_call_tree *tree, uint32_t parent, uint32_t function, uint32_t *node);

#endif
