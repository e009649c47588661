/* SPDX-License-Identifier: Apache-2.0 */
/* What a part holds, as its builder fills it and as the joined profile keeps it.
 * Private to profile/.
 *
 *   run     |------ thread 7 ------|- thread 3 -|------ thread 7 ------|
 *   piece   |----|-------|---------|------------|-----------|----------|
 *
 * A piece is a stretch in which every change of the stack could be decided
 * without knowing what is below its base, the frame on top when it starts. Its
 * nodes hang below two stand-ins: its first node is the base's parent, its
 * second the base itself. Its first residual frame is the base (or the function
 * that took its place by tail call), the rest are the frames still open above. */
#ifndef PTM_PROFILE_PART_H
#define PTM_PROFILE_PART_H

#include "flow/pt_cached.h"
#include "profile/block_stats.h"
#include "profile/call_stack.h"
#include "profile/call_tree.h"
#include "pt/clock.h"

/* Most calls a part keeps, most a profile keeps; and the same for gaps. */
#define PTM_PART_CALLS 8192
#define PTM_PROFILE_CALLS 100000
#define PTM_PART_GAPS 50000
#define PTM_PROFILE_GAPS 200000

enum {
	PTM_PIECE_LOST_BEFORE = 1,   /* trace was lost before it */
	PTM_PIECE_LOST_AFTER = 2,    /* and after it, in its own thread */
	PTM_PIECE_EMPTY = 4,         /* no visit: only tells that the thread's trace was lost */
	PTM_PIECE_BASE_REPLACED = 8  /* a tail call ended the base frame, at base_end_ns */
};

typedef struct ptm_piece {
	uint64_t start_ns, end_ns;
	uint64_t instructions;
	uint64_t base_end_ns, base_end_instructions;
	ptm_arrival arrival;
	ptm_departure departure;
	uint32_t thread;
	uint32_t run;                /* row of the part's runs, UINT32_MAX for an EMPTY one */
	uint32_t first_node, node_count;
	uint32_t first_frame, frame_count;
	uint32_t flags;              /* PTM_PIECE_* */
	uint32_t reserved;
} ptm_piece;

/* A call that began and ended in one piece; depth counts from 0, the base's place. */
typedef struct ptm_piece_call {
	uint64_t start_ns, end_ns;
	uint64_t instructions;
	uint32_t function, depth;
	uint32_t piece;
	uint32_t reserved;
} ptm_piece_call;

typedef struct ptm_part_run {
	ptm_run run;                 /* first_instruction counts from the part's start */
	uint64_t lost_before;        /* 1: trace was lost before it */
} ptm_part_run;

/* The clock at one of the part's checkpoints, so that who decodes from near there need not scan what is before. */
typedef struct ptm_part_mark {
	uint64_t offset;
	ptm_clock clock;             /* ptm_clock_at_cut */
} ptm_part_mark;

/* How a part follows the one before it in its queue. */
typedef struct ptm_part_link {
	bool is_next;                /* its segment is the very next */
	bool is_hole;                /* a segment before it is missing */
	bool is_lost;                /* trace was lost between */
	bool is_away;                /* tracing was off between */
	bool is_switched;            /* another thread may have run between */
	uint64_t key_ns, last_key_ns; /* latest start of a piece before it, and up to its end */
} ptm_part_link;

typedef struct ptm_part_data {
	uint32_t segment, queue;
	uint64_t instructions, packets, end_offset;
	uint64_t shortest_ns;        /* every call of at least this length is in `calls` */
	uint32_t ends_lost;          /* 1: trace was lost after its last visit */
	uint32_t ends_away;          /* 1: tracing was off after its last visit */
	uint32_t ends_switched;      /* 1: a SWITCH came after its last visit */
	ptm_clock clock_in, clock_out; /* at the cuts before and behind it (ptm_clock_at_cut) */
	uint64_t first_ns;           /* when a loss before it ended, if it tells that at all; 0: it does not */
	uint64_t lost_from_ns;       /* start of the loss, told by the last gap, that goes on at its end; 0: none does */
	uint64_t lost_until_ns;      /* how long it is known to */
	uint32_t first_resumed;      /* block of the first visit when that was taken for a resumed one, else UINT32_MAX */
	PTM_ARRAY(ptm_part_run) runs;
	PTM_ARRAY(ptm_piece) pieces;
	PTM_ARRAY(ptm_tree_node) nodes;
	PTM_ARRAY(ptm_frame) frames; /* residue, piece after piece */
	PTM_ARRAY(ptm_piece_call) calls; /* in order of their ends */
	PTM_ARRAY(ptm_gap) gaps;
	PTM_ARRAY(ptm_checkpoint) checkpoints; /* instruction and packet count from the part's start */
	PTM_ARRAY(ptm_part_mark) marks; /* of some of them */

	/* The joined profile's own; they do not travel. */
	bool is_kept;                /* runs, gaps, checkpoints and marks lie in the profile's slab: they cannot grow */
	uint32_t row;                /* among the profile's parts */
	uint32_t piece_count;        /* also when they are freed */
	uint32_t settled;            /* pieces joined for good; all: pieces, nodes, frames and calls are freed */
	uint64_t settled_key_ns;     /* that orders the last of them */
	uint64_t latest_ns;          /* latest start of a piece */
	ptm_departure last_departure; /* of the last piece */
	ptm_part_link link;
} ptm_part_data;

void ptm_part_data_free(ptm_part_data *data);

/* The next longer threshold: 0, 1, 2, 4, 8… ns. */
static inline uint64_t ptm_longer(uint64_t shortest_ns)
{
	return shortest_ns ? shortest_ns << 1 : 1;
}

/* What was lost is found again; 0: the source does not tell when. */
void ptm_part_found(ptm_part *part, uint64_t ns);

/* Makes `gap` part of `last` when nothing lies between them and they are alike. */
bool ptm_gap_extend(ptm_gap *last, const ptm_gap *gap);

/* Unites gaps of one thread, queue and reason that lie in the same cell of
 * 2^shift ns; returns how many are left. */
uint32_t ptm_gaps_unite_cells(ptm_gap *gaps, uint32_t count, uint32_t shift);

/* Unites small neighbours of one thread and reason, of which `count` may then be
 * more than 1, until at most `most` are left or nothing more can be united;
 * returns how many are left. */
uint32_t ptm_gaps_unite(ptm_gap *gaps, uint32_t count, uint32_t most);

/* Instructions of a call-tree node since the last measurement of cycles. */
typedef struct ptm_measured { uint32_t node; uint64_t instructions; } ptm_measured;
#define PTM_MEASURED 64

#define PTM_PART_CHILDREN 16384

/* The decoder's side. */
struct ptm_part {
	ptm_part_data data;
	const ptm_blocks *blocks;    /* borrowed */
	ptm_spaces *spaces;          /* borrowed; NULL: functions are known by number only */
	ptm_call_tree tree;
	uint32_t children[PTM_PART_CHILDREN]; /* nodes of the tree found lately: see ptm_part_child */
	PTM_ARRAY(ptm_frame) stack;
	ptm_block_stats stats;
	uint32_t most_gaps;

	ptm_piece piece;             /* being filled, when `is_open` */
	ptm_part_run run;
	bool is_open;
	bool is_lost;                /* trace was lost since the last visit */
	bool is_away;                /* tracing was off since the last visit */
	bool is_switched;            /* SWITCH since the last visit */
	bool is_begun;               /* BEGIN, at begin_ip, since the last visit */
	bool attention;              /* the next visit is not simply the next one */
	uint64_t begin_ip;
	uint32_t checkpoints_named;  /* checkpoints whose thread is known */
	ptm_departure last;          /* of the last visit; the cold fields are filled when needed */
	ptm_measured measured[PTM_MEASURED]; /* visits since the last measurement of cycles */
	uint32_t measured_count;
	uint64_t last_next_ip;
	uint32_t last_block;
	uint16_t last_instructions;

	ptm_graph *graph;            /* borrowed; holds counts that are ours, see ptm_part_flush; or NULL */

	PTM_ARRAY(uint8_t) bytes;    /* serialized */
};

#endif
