/* SPDX-License-Identifier: Apache-2.0 */
/* Code as the fast path walks it: nodes, each the straight run from an entry to
 * its next decision (conditional branch, indirect branch or return), direct
 * jumps and calls followed through. Nodes are found once and kept; what a step
 * needs is 16 bytes, everything else lies beside.
 *
 *   node  entry ─block─jmp─block─call─block─jcc ┬─ to[0]
 *                                               └─ to[1]
 */
#ifndef PTM_FLOW_PT_GRAPH_H
#define PTM_FLOW_PT_GRAPH_H

#include "flow/block.h"

/* Most nodes (numbers of 22 bits), and most calls and moves between functions on their paths. */
#define PTM_GRAPH_ROWS (1u << 22)
/* Longest path that a node holds. */
#define PTM_NODE_BLOCKS 64
#define PTM_NODE_OPS 32
#define PTM_NODE_INSTRUCTIONS 4096

/* On an edge of a conditional branch: taken, it goes to the start of another function. */
#define PTM_EDGE_REPLACES (1u << 31)
/* On an edge of a conditional branch: not counted since counts were told last. */
#define PTM_EDGE_UNMET (1u << 30)

/* What an edge tells of the node it leads to, in its low byte: up to PTM_TAG_PLAIN the instructions of a
 * PTM_NODE_BRANCH without ops, which is "plain"; above the kind of a "special" node; 0: that there is more to do than count. */
enum {
	PTM_TAG_PLAIN = 250,
	PTM_TAG_BRANCH,          /* with ops, or longer */
	PTM_TAG_RETURN,          /* without ops */
	PTM_TAG_JUMP, PTM_TAG_CALL,
	PTM_TAG_OTHER
};

/* The hot part. Row 0 is none. */
typedef struct ptm_node {
	/* Edges not taken, taken: row of the successor << 8 | its tag; with PTM_EDGE_* bits the tag is 0; all 0: not known yet.
	 * Of an indirect branch: to[0] is where it went last, to[1] of a call where it returns to. Of a return: to[0] is the instructions of its path. */
	uint32_t to[2];
	uint32_t count[2];       /* decisions since they were told last; indirect ones and returns count as taken */
} ptm_node;

typedef enum ptm_node_kind {
	PTM_NODE_BRANCH,         /* a TNT bit decides */
	PTM_NODE_RETURN,         /* a TNT bit, or a TIP */
	PTM_NODE_JUMP, PTM_NODE_CALL, /* indirect: a TIP */
	PTM_NODE_SLOW            /* not for the fast path: no code, far transfers, circles, long paths */
} ptm_node_kind;

typedef struct ptm_node_code {
	uint64_t ip;
	uint64_t next_ip;        /* after its last instruction */
	uint32_t function, last_function; /* of its first and its last block */
	uint32_t code_id;
	uint32_t first_block;    /* in `rows`: the blocks of the path */
	uint32_t first_op;
	uint32_t instructions;   /* of the whole path */
	uint16_t block_count;
	uint8_t op_count;
	uint8_t kind;            /* enum ptm_node_kind */
	uint8_t mode;            /* enum ptm_insn_mode */
	uint8_t no_code;         /* SLOW because code is missing: may be mapped later */
	uint8_t tag;             /* PTM_TAG_* */
	uint8_t is_entry;        /* it is where its function begins */
	uint8_t is_inside;       /* it is behind that place */
	uint8_t is_nameless;     /* its function stands for code without a name */
} ptm_node_code;

/* What a path does to the call stack on its way. */
typedef struct ptm_node_op {
	uint64_t return_ip;      /* of a call */
	uint32_t instructions;   /* of the path, up to and with the branch */
	uint32_t from, to;       /* rows of blocks on both sides of it */
	uint32_t function;       /* where it leads */
	uint32_t return_to;      /* of a call: the edge to the node at return_ip (as ptm_node.to) once it is known, else 0 */
	uint8_t is_call;         /* else a direct jump to the start of another function */
	uint8_t is_entry;        /* to where the function begins */
	uint8_t is_odd;          /* a call into the middle of the function that calls */
} ptm_node_op;

/* What measurements charged to the block that ends a node. */
typedef struct ptm_node_cost {
	uint64_t ns, cycles, cycle_visits, cycle_instructions;
} ptm_node_cost;

/* A run of TNT bits through plain nodes that was walked before. Its hits become counts of its edges when counts are told. */
typedef struct ptm_node_run {
	uint32_t key;            /* row of its first node << 8 | bits, the first on top, behind the last a 1 and zeros; 0: none */
	uint32_t to;             /* the edge where it leads, as ptm_node.to */
	uint32_t last;           /* its last decision: row of the node << 1 | taken */
	uint32_t hits;
	uint16_t instructions;
	uint16_t used;           /* bits that it uses up */
} ptm_node_run;

#define PTM_GRAPH_RECENT 8192
#define PTM_GRAPH_RUNS 8192

typedef struct ptm_graph {
	ptm_node *nodes;
	ptm_node_code *codes;
	ptm_node_cost *costs;
	uint32_t length, capacity;       /* of these three */
	PTM_ARRAY(ptm_node_op) ops;
	PTM_ARRAY(uint32_t) rows;
	uint32_t *slots; uint32_t slot_count; /* (code id, ip, mode) -> row */
	uint32_t recent[PTM_GRAPH_RECENT];    /* nodes found lately in the present code, by address */
	PTM_ARRAY(uint32_t) touched;     /* nodes with counts to tell */
	ptm_node_run runs[PTM_GRAPH_RUNS];
	uint16_t used_runs[PTM_GRAPH_RUNS]; /* places of `runs` in use */
	uint32_t used_run_count;
	uint32_t run_pause, next_pause;  /* so many stretches of trace are walked without them, for they did not help; and next time */
	ptm_blocks *blocks;      /* borrowed */
	/* The present code. */
	uint32_t space, code_id;
	uint8_t mode;
} ptm_graph;

void ptm_graph_init(ptm_graph *graph, ptm_blocks *blocks);
void ptm_graph_free(ptm_graph *graph);

/* Sets the code that addresses are of. */
void ptm_graph_enter(ptm_graph *graph, uint32_t space, uint8_t mode);

/* Stores the row of the node at `ip` of the present code; makes it when new.
 * Moves what `nodes`, `codes`, `ops` point to. PTM_NO_MEMORY also when there are too many. */
ptm_status ptm_graph_find_slow(ptm_graph *graph, uint64_t ip, uint32_t *row) PTM_MUST_CHECK;

/* The row of the node at `ip` of the present code where it is known and has code, else 0. */
uint32_t ptm_graph_look(ptm_graph *graph, uint64_t ip);

/* The same of nodes found lately only. */
static inline uint32_t ptm_graph_recent(const ptm_graph *graph, uint64_t ip)
{
	uint32_t row = graph->recent[(ip ^ ip >> 13) % PTM_GRAPH_RECENT];
	return row && graph->codes[row].ip == ip ? row : 0;
}

static inline ptm_status ptm_graph_find(ptm_graph *graph, uint64_t ip, uint32_t *row)
{
	*row = ptm_graph_recent(graph, ip);
	return *row ? PTM_OK : ptm_graph_find_slow(graph, ip, row);
}

/* The edge to a node, as in ptm_node.to. */
static inline uint32_t ptm_graph_edge(const ptm_graph *graph, uint32_t row)
{
	return row << 8 | graph->codes[row].tag;
}

static inline uint32_t ptm_edge_row(uint32_t edge)
{
	return (edge & ~(PTM_EDGE_REPLACES | PTM_EDGE_UNMET)) >> 8;
}

/* The edge of a conditional branch where it is met. */
static inline uint32_t ptm_graph_met(const ptm_graph *graph, uint32_t edge)
{
	return edge & PTM_EDGE_REPLACES ? edge & ~PTM_EDGE_UNMET : ptm_graph_edge(graph, ptm_edge_row(edge));
}

/* Where a run with that key may be. */
static inline ptm_node_run *ptm_graph_run(ptm_graph *graph, uint32_t key)
{
	return &graph->runs[(key * 0x9e3779b1u) >> 19];
}

/* Keeps a run, in the place of another. */
void ptm_graph_keep_run(ptm_graph *graph, const ptm_node_run *run);
/* Turns the runs' hits into counts, and forgets the runs. */
void ptm_graph_flush_runs(ptm_graph *graph);

/* Finds out where a BRANCH goes, and sets its edge. */
ptm_status ptm_graph_resolve(ptm_graph *graph, uint32_t row, uint32_t taken) PTM_MUST_CHECK;

/* Whether `more` nodes would be too many. */
static inline bool ptm_graph_is_full(const ptm_graph *graph, uint32_t more)
{
	return graph->length + more > PTM_GRAPH_ROWS;
}

/* The first and the last block of a node's path. */
static inline const ptm_block *ptm_graph_first(const ptm_graph *graph, uint32_t row)
{
	return &graph->blocks->blocks.at[graph->rows.at[graph->codes[row].first_block]];
}
static inline const ptm_block *ptm_graph_last(const ptm_graph *graph, uint32_t row)
{
	const ptm_node_code *code = &graph->codes[row];
	return &graph->blocks->blocks.at[graph->rows.at[code->first_block + code->block_count - 1]];
}

#endif
