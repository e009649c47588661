/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over packets and nodes. While it runs, `at` counts the instructions
 * executed since the batch began, those of the present node's path included when
 * the node is plain (its decision is then one look up), left out when it is not
 * ("special": calls on its path, or no conditional branch). */
#include "flow/pt_cached.h"
#include "flow/pt_flow_state.h"

/* Bytes that must lie ahead for a packet to be taken here. */
#define AHEAD 16
/* Events that one packet may bring: 47 decisions. */
#define PACKET_EVENTS (48 * (PTM_NODE_OPS + 4))
#define LARGE (1u << 31)
/* About how much of the stream one batch covers, and the nodes that may ask for. */
#define BATCH_BYTES (32u << 10)
#define MOST_NEW_NODES (1u << 20)

_Static_assert(PACKET_EVENTS * 2 < PTM_CACHED_EVENTS, "a packet's events fit");

struct ptm_cached {
	ptm_pt_flow *flow;       /* borrowed */
	ptm_graph *graph;        /* borrowed */
	ptm_cached_log *log;     /* borrowed; NULL */
	ptm_cached_batch batch;
	ptm_cached_event *events;
	uint32_t length;         /* of events; batch.length is how many may be taken */
	uint32_t node;           /* present one */
	bool special;
	bool inside;             /* the flow is ours */
	bool dirty;              /* timing packets came since the last decision */
	bool fresh;              /* no decision since the flow was taken over */
	uint8_t kind;            /* of the last packet that is no PAD */
	uint8_t last_end;        /* of the last decision */
	uint32_t last_node;      /* … its node */
	uint64_t last_offset;    /* … and its packet's place */
	uint64_t packet_offset;  /* of the last packet that is no PAD */
	/* TNT bits left, the next on top, where an indirect branch waits for its TIP (a deferred one). */
	uint64_t bits;
	uint32_t bits_left;
	uint32_t at;
	uint32_t moved_at;       /* instructions executed when time moved last */
	/* Beside the flow's return stack: node (0: not known) and op + 1 of each entry. */
	uint32_t return_node[PTM_RETURN_STACK_DEPTH], return_op[PTM_RETURN_STACK_DEPTH];
};

/* What a step comes to. */
typedef enum went {
	WENT_ON,
	WENT_OUT,                /* nothing was done: this is for the slow path */
	WENT_HALF,               /* the packet was taken, but bits of it are for the slow path */
	WENT_WRONG               /* out of memory */
} went;

ptm_status ptm_cached_new(ptm_cached **made, ptm_pt_flow *flow, ptm_graph *graph, ptm_cached_log *log)
{
	ptm_cached *cached = calloc(1, sizeof *cached);
	ptm_cached_event *events = malloc(PTM_CACHED_EVENTS * sizeof *events);
	if (!cached || !events) {
		free(cached);
		free(events);
		return PTM_NO_MEMORY;
	}
	cached->flow = flow;
	cached->graph = graph;
	cached->log = log;
	cached->events = events;
	*made = cached;
	return PTM_OK;
}

void ptm_cached_free(ptm_cached *cached)
{
	if (!cached)
		return;
	free(cached->events);
	free(cached);
}

/* --------------------------------------------------------------- events -- */

static inline void tell(ptm_cached *cached, uint32_t kind, uint32_t row, uint32_t at, uint32_t a, uint32_t b)
{
	cached->events[cached->length++] = (ptm_cached_event){ kind << 24 | row, at, a, b };
}

/* Instructions executed, without the present node's. */
static inline uint32_t executed(const ptm_cached *cached)
{
	return cached->special ? cached->at : cached->at - cached->graph->codes[cached->node].instructions;
}

static inline bool is_arrival(uint32_t what)
{
	return what >> 24 >= PTM_CACHED_CALL;
}

/* ------------------------------------------------------------- decisions -- */

/* Whether taking over the packets' time is for the slow path. */
static inline bool is_odd_time(const ptm_cached *cached)
{
	const ptm_pt_flow *flow = cached->flow;
	const ptm_clock *clock = &flow->clock;
	if (clock->tsc >= flow->context.until_tsc ||
	    (clock->tsc > flow->now_tsc && ptm_time_ns(&flow->config.time, clock->tsc) - flow->now_ns >= LARGE))
		return true;
	return clock->have_cyc && clock->cycles_sampled && (clock->cycles - clock->cycles_told >= LARGE ||
		flow->instructions + cached->at - flow->measured_instructions >= LARGE);
}

/* Takes over the packets' time and cycles with the decision at the end of node `row`. */
static inline void latch(ptm_cached *cached, uint32_t row, uint32_t at)
{
	ptm_pt_flow *flow = cached->flow;
	ptm_clock *clock = &flow->clock;
	ptm_node_cost *cost = &cached->graph->costs[row];
	uint64_t ns = flow->now_ns;

	cached->dirty = false;
	flow->latched_tsc = clock->tsc;
	if (clock->tsc > flow->now_tsc) {
		flow->now_tsc = clock->tsc;
		flow->now_ns = ptm_time_ns(&flow->config.time, clock->tsc);
	}
	uint32_t passed = flow->now_ns > ns ? (uint32_t)(flow->now_ns - ns) : 0;
	cost->ns += passed;
	if (!clock->cycles_sampled || !clock->have_cyc) {
		if (clock->cycles_sampled)
			flow->latched_cycles = clock->cycles;
		clock->cycles_sampled = false;
		if (passed)
			tell(cached, PTM_CACHED_TIME, row, at, passed, 0);
		return;
	}
	clock->cycles_sampled = false;
	flow->latched_cycles = clock->cycles;
	uint32_t cycles = (uint32_t)(clock->cycles - clock->cycles_told);
	clock->cycles_told = clock->cycles;
	uint64_t instructions = flow->instructions + at;
	if (!flow->measure_partial) {
		cost->cycles += cycles;
		cost->cycle_visits++;
		cost->cycle_instructions += instructions - flow->measured_instructions;
	}
	flow->measured_instructions = instructions;
	flow->measure_partial = false;
	tell(cached, PTM_CACHED_CYCLES, row, at, passed, cycles);
}

static inline void push_return(ptm_cached *cached, uint64_t ip, uint32_t node, uint32_t op)
{
	uint32_t place = cached->flow->returns.top % PTM_RETURN_STACK_DEPTH;
	cached->return_node[place] = node;
	cached->return_op[place] = op;
	ptm_return_stack_push(&cached->flow->returns, ip);
}

/* Pops the return stack and stores the node at `ip`, to which control returns. */
static ptm_status pop_return(ptm_cached *cached, uint64_t ip, uint32_t *node)
{
	uint32_t place = (cached->flow->returns.top - 1) % PTM_RETURN_STACK_DEPTH;
	bool is_top = cached->flow->returns.depth && cached->flow->returns.at[place] == ip;
	*node = is_top ? cached->return_node[place] : 0;
	if (!*node) {
		PTM_TRY(ptm_graph_find(cached->graph, ip, node));
		if (is_top && cached->return_op[place])
			cached->graph->ops.at[cached->return_op[place] - 1].return_node = *node;
	}
	(void)ptm_return_stack_pop(&cached->flow->returns);
	return PTM_OK;
}

/* Makes `row` the present node. */
static inline void arrive(ptm_cached *cached, uint32_t row)
{
	uint32_t plain = cached->graph->codes[row].plain;
	cached->node = row;
	cached->special = !plain;
	cached->at += plain;
}

/* Tells what lies on the path of a special node and executes it. */
static inline void walk_path(ptm_cached *cached, const ptm_node_code *code)
{
	for (uint32_t i = 0; i < code->op_count; i++) {
		const ptm_node_op *op = &cached->graph->ops.at[code->first_op + i];
		if (op->is_call)
			push_return(cached, op->return_ip, op->return_node, code->first_op + i + 1);
		tell(cached, PTM_CACHED_OP, code->first_op + i, cached->at + op->instructions, 0,
			(uint32_t)(cached->packet_offset - cached->batch.offset));
	}
	cached->at += code->instructions;
}

static void log_edge(ptm_cached *cached, uint32_t taken)
{
	if (cached->log)
		(void)!ptm_array_push(&cached->log->edges, cached->node << 1 | taken);
}

/* What every decision does before it leads on: at the end of the present node's path. */
static inline void decide(ptm_cached *cached, uint32_t taken, uint8_t end)
{
	ptm_graph *graph = cached->graph;
	uint32_t row = cached->node;
	const ptm_node_code *code = &graph->codes[row];
	uint32_t start = executed(cached);

	if (cached->fresh)
		tell(cached, PTM_CACHED_ENTER, row, start, cached->flow->resumed, 0);
	cached->fresh = cached->flow->resumed = false;
	cached->flow->loop_count = 0;
	if (!graph->nodes[row].count[taken]++)
		tell(cached, PTM_CACHED_FIRST, row, start, taken, 0);
	if (cached->special)
		walk_path(cached, code);
	if (cached->dirty)
		latch(cached, row, cached->at);
	cached->last_node = row;
	cached->last_end = end;
	log_edge(cached, taken);
}

/* From a BRANCH whose successor is not plain, or not known. */
static went branch_on(ptm_cached *cached, uint32_t row, uint32_t taken)
{
	ptm_graph *graph = cached->graph;
	uint32_t target = graph->nodes[row].to[taken] >> 8;
	if (!target) {
		if (ptm_graph_resolve(graph, row, taken, &target) != PTM_OK)
			return WENT_WRONG;
	}
	if (taken && graph->codes[row].taken_replaces)
		tell(cached, PTM_CACHED_TAKEN, row, cached->at, target, (uint32_t)(cached->packet_offset - cached->batch.offset));
	arrive(cached, target);
	return WENT_ON;
}

/* Uses up one TNT bit in any state. */
static went take_bit(ptm_cached *cached, uint32_t taken)
{
	ptm_graph *graph = cached->graph;
	uint32_t row = cached->node, target;
	const ptm_node_code *code = &graph->codes[row];
	ptm_pt_flow *flow = cached->flow;

	if (cached->dirty && is_odd_time(cached))
		return WENT_OUT;
	if (code->kind == PTM_NODE_BRANCH) {
		decide(cached, taken, taken ? PTM_END_TAKEN : PTM_END_NOT_TAKEN);
		uint32_t to = graph->nodes[row].to[taken];
		if (!(to & 255))
			return branch_on(cached, row, taken);
		cached->node = to >> 8;
		cached->special = false;
		cached->at += to & 255;
		return WENT_ON;
	}
	if (code->kind != PTM_NODE_RETURN || !taken || !flow->config.return_compression)
		return WENT_OUT;
	uint32_t calls = 0;
	for (uint32_t i = 0; i < code->op_count; i++)
		calls += graph->ops.at[code->first_op + i].is_call;
	if (!flow->returns.depth && !calls)
		return WENT_OUT;
	decide(cached, 1, PTM_END_RETURN);
	uint64_t ip = flow->returns.at[(flow->returns.top - 1) % PTM_RETURN_STACK_DEPTH];
	if (pop_return(cached, ip, &target) != PTM_OK)
		return WENT_WRONG;
	tell(cached, PTM_CACHED_RETURN, row, cached->at, target, (uint32_t)(cached->packet_offset - cached->batch.offset));
	arrive(cached, target);
	return WENT_ON;
}

/* From plain node to plain node, as far as bits and known edges go. Returns the bits left. */
static inline uint32_t walk_plain(ptm_cached *cached, uint64_t *bits, uint32_t left)
{
	ptm_node *nodes = cached->graph->nodes, *node = &nodes[cached->node], *last = NULL;
	uint64_t rest = *bits;
	uint32_t at = cached->at, before = 0;

	do {
		uint32_t taken = (uint32_t)(rest >> 63), times = node->count[taken], to = node->to[taken];
		if (!times || !(to & 255))
			break;
		node->count[taken] = times + 1;
		at += to & 255;
		last = node;
		before = taken;
		node = &nodes[to >> 8];
		rest <<= 1;
	} while (--left);
	if (!last)
		return left;
	*bits = rest;
	cached->at = at;
	cached->node = (uint32_t)(node - nodes);
	cached->last_node = (uint32_t)(last - nodes);
	cached->last_end = before ? PTM_END_TAKEN : PTM_END_NOT_TAKEN;
	return left;
}

/* One bit in the frequent cases that are not plain: a path with calls, a return, an
 * edge to a node that is not plain. false: none of these, nothing was done. */
static inline bool take_known_bit(ptm_cached *cached, uint32_t taken)
{
	ptm_graph *graph = cached->graph;
	uint32_t row = cached->node, target;
	ptm_node *node = &graph->nodes[row];
	const ptm_node_code *code = &graph->codes[row];
	ptm_return_stack *returns = &cached->flow->returns;
	bool returning = code->kind == PTM_NODE_RETURN;

	if (!node->count[taken] || code->kind > PTM_NODE_RETURN)
		return false;
	if (returning) {
		/* A path with calls may return from them: then the stack holds nothing of interest before. */
		uint32_t place = (returns->top - 1) % PTM_RETURN_STACK_DEPTH;
		if (!taken || code->op_count || !returns->depth || !cached->return_node[place] || !cached->flow->config.return_compression)
			return false;
		target = cached->return_node[place];
		returns->top--;
		returns->depth--;
	} else {
		target = node->to[taken] >> 8;
		if (!target || (taken && code->taken_replaces))
			return false;
	}
	node->count[taken]++;
	if (cached->special)
		walk_path(cached, code);
	cached->last_node = row;
	cached->last_end = returning ? PTM_END_RETURN : taken ? PTM_END_TAKEN : PTM_END_NOT_TAKEN;
	if (returning)
		tell(cached, PTM_CACHED_RETURN, row, cached->at, target, (uint32_t)(cached->packet_offset - cached->batch.offset));
	arrive(cached, target);
	return true;
}

/* Uses up the TNT bits, all unless it cannot go on. */
static went walk_bits(ptm_cached *cached)
{
	uint64_t bits = cached->bits;
	uint32_t left = cached->bits_left;
	went went = WENT_ON;

	while (left) {
		bool simple = !cached->dirty && !cached->fresh && !cached->log;
		if (simple && !cached->special) {
			left = walk_plain(cached, &bits, left);
			if (!left)
				break;
		}
		uint32_t taken = (uint32_t)(bits >> 63);
		if (!simple || !take_known_bit(cached, taken)) {
			went = take_bit(cached, taken);
			if (went != WENT_ON)
				break;
		}
		bits <<= 1;
		left--;
	}
	cached->bits = bits;
	cached->bits_left = left;
	return went;
}

/* Whether the present node is an indirect branch, for which a TIP must come. */
static bool waits_for_tip(const ptm_cached *cached)
{
	uint8_t kind = cached->graph->codes[cached->node].kind;
	return kind == PTM_NODE_JUMP || kind == PTM_NODE_CALL;
}

static went take_tnt(ptm_cached *cached, uint64_t payload, uint32_t count, uint64_t offset)
{
	uint64_t before = cached->packet_offset, last_before = cached->last_offset;

	if (cached->bits_left)
		return WENT_OUT;
	cached->packet_offset = cached->last_offset = offset;
	cached->bits = payload << (64 - count);
	cached->bits_left = count;
	went went = walk_bits(cached);
	if (went == WENT_ON)
		return went;
	if (cached->bits_left == count)
		cached->last_offset = last_before;
	if (went == WENT_OUT && waits_for_tip(cached))
		return WENT_ON;
	if (went == WENT_OUT && cached->bits_left < count)
		return WENT_HALF;
	cached->packet_offset = before;
	cached->bits_left = 0;
	return went;
}

/* The node where a TIP leads from the present one. */
static ptm_status find_target(ptm_cached *cached, const ptm_node_code *code, uint64_t ip, uint32_t *target)
{
	ptm_graph *graph = cached->graph;
	uint32_t row = cached->node, known = graph->nodes[row].to[0] >> 8;

	if (code->kind == PTM_NODE_RETURN)
		return pop_return(cached, ip, target);
	if (code->kind == PTM_NODE_CALL) {
		const ptm_block *block = ptm_graph_last(graph, row);
		push_return(cached, block->ip + block->size, 0, 0);
	}
	if (known && graph->codes[known].ip == ip) {
		*target = known;
		return PTM_OK;
	}
	PTM_TRY(ptm_graph_find(graph, ip, target));
	graph->nodes[row].to[0] = *target << 8;
	return PTM_OK;
}

static went take_tip(ptm_cached *cached, uint64_t ip, uint64_t offset)
{
	ptm_graph *graph = cached->graph;
	uint32_t row = cached->node, target;
	uint8_t kind = graph->codes[row].kind;

	if (!cached->special || kind == PTM_NODE_SLOW || kind == PTM_NODE_BRANCH || (cached->dirty && is_odd_time(cached)))
		return WENT_OUT;
	cached->flow->last_ip = ip;
	cached->packet_offset = cached->last_offset = offset;
	decide(cached, 1, kind == PTM_NODE_RETURN ? PTM_END_RETURN : kind == PTM_NODE_CALL ? PTM_END_CALL : PTM_END_JUMP);
	if (find_target(cached, &graph->codes[row], ip, &target) != PTM_OK)
		return WENT_WRONG;
	uint32_t delta = (uint32_t)(offset - cached->batch.offset);
	if (kind == PTM_NODE_RETURN)
		tell(cached, PTM_CACHED_RETURN, row, cached->at, target, delta);
	else if (kind == PTM_NODE_CALL)
		tell(cached, PTM_CACHED_CALL, row, cached->at, target, delta);
	else if (ptm_graph_last(graph, row)->function != ptm_graph_first(graph, target)->function)
		tell(cached, PTM_CACHED_JUMP, row, cached->at, target, delta);
	arrive(cached, target);
	if (!cached->bits_left)
		return WENT_ON;
	went went = walk_bits(cached);
	return went != WENT_OUT ? went : waits_for_tip(cached) ? WENT_ON : WENT_HALF;
}

/* --------------------------------------------------------------- packets -- */

/* Full IP of a TIP at `at`; stores its size, 0 when it is for the slow path. */
static inline uint64_t tip_ip(const uint8_t *at, uint64_t last_ip, uint32_t *size)
{
	uint64_t payload;
	memcpy(&payload, at + 1, sizeof payload);
	switch (at[0] >> 5) {
	case 1: *size = 3; return (last_ip & ~0xffffull) | (payload & 0xffff);
	case 2: *size = 5; return (last_ip & ~0xffffffffull) | (payload & 0xffffffff);
	case 3: *size = 7; return (uint64_t)((int64_t)(payload << 16) >> 16);
	case 4: *size = 7; return (last_ip & ~0xffffffffffffull) | (payload & 0xffffffffffffull);
	case 6: *size = 9; return payload;
	default: *size = 0; return 0;
	}
}

/* Cycles of a CYC at `at`; stores its size, 0 when it is for the slow path. */
static inline uint64_t cyc_cycles(const uint8_t *at, uint32_t *size)
{
	uint64_t cycles = at[0] >> 3;
	uint32_t length = 1, shift = 5;
	bool more = at[0] & 4;
	while (more && length < 8) {
		uint8_t byte = at[length++];
		cycles |= (uint64_t)(byte >> 1) << shift;
		shift += 7;
		more = byte & 1;
	}
	*size = more ? 0 : length;
	return cycles;
}

/* Notes where time moved, for estimates that the slow path may make. */
static inline void time_moved(ptm_cached *cached, uint64_t moves)
{
	if (cached->flow->clock.moves != moves)
		cached->moved_at = executed(cached);
	cached->dirty = true;
}

static inline void take_cyc(ptm_cached *cached, uint64_t cycles)
{
	uint64_t moves = cached->flow->clock.moves;
	ptm_clock_cyc(&cached->flow->clock, cycles);
	time_moved(cached, moves);
}

/* MTC, and what the clock looks ahead for: the reader's window may move. */
static void take_mtc(ptm_cached *cached, const uint8_t *at, uint64_t offset)
{
	ptm_pt_flow *flow = cached->flow;
	ptm_packet packet = { PTM_PACKET_MTC, 2, 0, at[1] };
	uint64_t moves = flow->clock.moves;
	flow->reader.offset = offset + 2;
	(void)ptm_flow_take_time(&flow->clock, &flow->reader, &packet, cached->kind == PTM_PACKET_CYC);
	time_moved(cached, moves);
}

static went take_long_tnt(ptm_cached *cached, const uint8_t *at, uint64_t offset, uint32_t *size)
{
	ptm_packet packet;
	if (at[1] != 0xa3 || ptm_packet_decode(at, AHEAD, 0, &packet) != PTM_OK || !packet.count)
		return WENT_OUT;
	*size = packet.size;
	return take_tnt(cached, packet.payload, packet.count, offset);
}

/* Short TNT packets between plain nodes, as long as nothing else comes: most of most
 * traces. Returns where it stopped: at a packet of which nothing was taken, or one
 * that is taken in part, of which bits are left. */
static const uint8_t *take_plain_packets(ptm_cached *cached, const uint8_t *from, const uint8_t *end, uint64_t offset)
{
	ptm_node *nodes = cached->graph->nodes, *node = &nodes[cached->node], *last = NULL;
	const uint8_t *at = from;
	uint32_t instructions = cached->at, before = 0, left = 0, count = 0;

	for (; at < end && !(*at & 1) && *at > 2; at++) {
		count = 30 - (uint32_t)__builtin_clz(*at);
		uint32_t bits = (uint32_t)*at << (30 - count);
		left = count;
		do {
			uint32_t taken = bits >> 30 & 1, times = node->count[taken], to = node->to[taken];
			if (!times || !(to & 255))
				break;
			node->count[taken] = times + 1;
			instructions += to & 255;
			last = node;
			before = taken;
			node = &nodes[to >> 8];
			bits <<= 1;
		} while (--left);
		if (!left)
			continue;
		cached->bits = (uint64_t)bits << 33;
		cached->bits_left = left < count ? left : 0;
		break;
	}
	if (!last)
		return at;
	bool whole = !left || left == count;
	cached->at = instructions;
	cached->node = (uint32_t)(node - nodes);
	cached->last_node = (uint32_t)(last - nodes);
	cached->last_end = before ? PTM_END_TAKEN : PTM_END_NOT_TAKEN;
	cached->last_offset = cached->packet_offset = offset + (uint64_t)(at - from) - whole;
	cached->kind = PTM_PACKET_TNT;
	return at;
}

/* Takes in the short TNT packet at `*at`, and on the way all that are plain; moves
 * `*at` to the last one, counts the others. */
static went take_short_tnt(ptm_cached *cached, const uint8_t **at, const uint8_t *end, uint64_t offset, uint32_t *packets)
{
	if (!cached->special && !cached->dirty && !cached->fresh && !cached->log && !cached->bits_left) {
		const uint8_t *stop = take_plain_packets(cached, *at, end, offset);
		uint32_t whole = (uint32_t)(stop - *at);
		if (cached->bits_left) {
			*at = stop;
			*packets += whole;
			went went = walk_bits(cached);
			return went != WENT_OUT ? went : waits_for_tip(cached) ? WENT_ON : WENT_HALF;
		}
		if (whole) {
			*at = stop - 1;
			*packets += whole - 1;
			return WENT_ON;
		}
	}
	uint32_t count = 30 - (uint32_t)__builtin_clz(**at);
	return take_tnt(cached, (**at >> 1) & ((1u << count) - 1), count, offset);
}

/* Takes in the packets that start in [from, end), as far as they are for this path
 * and the window stays where it is. Moves the reader behind them. */
static went take_packets(ptm_cached *cached, const uint8_t *from, const uint8_t *end)
{
	ptm_pt_reader *reader = &cached->flow->reader;
	const uint64_t offset = reader->offset, window = reader->window_offset;
	const uint8_t *at = from;
	const bool sparse = cached->flow->clock.config.cyc_threshold;
	uint32_t size = 0, packets = 0;
	went went = WENT_ON;

	while (at < end && cached->length < PTM_CACHED_EVENTS - PACKET_EVENTS) {
		uint8_t byte = *at, kind = PTM_PACKET_BAD;
		if (byte && sparse)
			ptm_clock_next(&cached->flow->clock, cached->kind);
		uint64_t here = offset + (uint64_t)(at - from);
		if (!(byte & 1)) {
			if (byte > 2) {
				went = take_short_tnt(cached, &at, end, here, &packets);
				here = offset + (uint64_t)(at - from);
				kind = PTM_PACKET_TNT;
				size = 1;
			} else if (byte) {
				went = take_long_tnt(cached, at, here, &size);
				kind = PTM_PACKET_TNT;
			} else {
				at++;
				packets++;
				continue;
			}
		} else if ((byte & 3) == 3) {
			uint64_t cycles = cyc_cycles(at, &size);
			if (size && !cached->bits_left)
				take_cyc(cached, cycles);
			else
				went = WENT_OUT;
			kind = PTM_PACKET_CYC;
		} else if ((byte & 31) == 13) {
			uint64_t ip = tip_ip(at, cached->flow->last_ip, &size);
			went = size ? take_tip(cached, ip, here) : WENT_OUT;
			kind = PTM_PACKET_TIP;
		} else if (byte == 0x59 && !cached->bits_left) {
			take_mtc(cached, at, here);
			kind = PTM_PACKET_MTC;
			size = 2;
		} else {
			went = WENT_OUT;
		}
		if (went != WENT_ON && went != WENT_HALF)
			break;
		cached->packet_offset = here;
		cached->kind = kind;
		at += size;
		packets++;
		if (went == WENT_HALF || reader->window_offset != window)
			break;
	}
	reader->packets += packets;
	reader->offset = offset + (uint64_t)(at - from);
	return went;
}

/* ------------------------------------------------------------ there, back -- */

/* A calm state: whatever comes next in the stream, only packets decide it. */
static bool is_calm(const ptm_pt_flow *flow)
{
	return flow->step == PTM_STEP_PACKET && !flow->queue_length && flow->enabled && flow->ip && !flow->tnt_count &&
	       !flow->pending_count && !flow->block_pending && !flow->block_whole && !flow->overflowed && !flow->latched && !flow->reader.block_item &&
	       flow->interrupts_on == flow->interrupts_next && !flow->guest && !flow->guest_next;
}

ptm_status ptm_cached_enter(ptm_cached *cached, bool *entered, uint32_t *thread)
{
	ptm_pt_flow *flow = cached->flow;

	*entered = false;
	*thread = flow->context.thread;
	if (!is_calm(flow) || ptm_graph_is_full(cached->graph, MOST_NEW_NODES))
		return PTM_OK;
	ptm_graph_enter(cached->graph, flow->context.space, flow->mode);
	PTM_TRY(ptm_graph_find(cached->graph, flow->ip, &cached->node));
	if (cached->graph->codes[cached->node].kind == PTM_NODE_SLOW)
		return PTM_OK;
	cached->at = cached->moved_at = cached->bits_left = 0;
	arrive(cached, cached->node);
	cached->length = cached->batch.length = 0;
	cached->inside = cached->dirty = cached->fresh = *entered = true;
	cached->kind = flow->packet.kind;
	cached->packet_offset = flow->packet_offset;
	memset(cached->return_node, 0, sizeof cached->return_node);
	memset(cached->return_op, 0, sizeof cached->return_op);
	return PTM_OK;
}

/* Keeps what the batch before did not give away: an arrival that nothing followed yet. */
static void begin_batch(ptm_cached *cached)
{
	uint64_t offset = cached->flow->reader.offset;
	uint32_t taken = cached->batch.length;

	cached->length -= taken;
	for (uint32_t i = 0; i < cached->length; i++) {
		cached->events[i] = cached->events[taken + i];
		cached->events[i].at = 0;
		cached->events[i].b += (uint32_t)(cached->batch.offset - offset);
	}
	cached->batch = (ptm_cached_batch){ .events = cached->events, .start_ns = cached->flow->now_ns, .offset = offset,
					    .thread = cached->flow->context.thread };
}

static void end_batch(ptm_cached *cached)
{
	ptm_pt_flow *flow = cached->flow;
	uint32_t at = executed(cached), length = cached->length;

	/* An arrival counts once something follows it: the slow path might find nothing there. */
	if (length && is_arrival(cached->events[length - 1].what) && cached->events[length - 1].at == at)
		length--;
	cached->batch.length = length;
	cached->batch.instructions = at;
	flow->instructions += at;
	flow->clock.instructions += at - cached->moved_at;
	cached->moved_at = 0;
	cached->at -= at;
}

static void hand_back(ptm_cached *cached)
{
	ptm_pt_flow *flow = cached->flow;
	uint64_t ip = cached->graph->codes[cached->node].ip;

	cached->inside = false;
	cached->batch.left = true;
	cached->batch.leave = (ptm_cached_leave){ !cached->fresh, cached->last_end, cached->last_node, ip, cached->last_offset };
	flow->ip = ip;
	flow->packet.kind = cached->kind;
	flow->packet_offset = cached->packet_offset;
	if (cached->bits_left) {
		flow->tnt = cached->bits >> (64 - cached->bits_left);
		flow->tnt_count = cached->bits_left;
		flow->step = PTM_STEP_TNT;
	}
}

ptm_status ptm_cached_run(ptm_cached *cached, uint64_t stop, bool leave, const ptm_cached_batch **batch)
{
	ptm_pt_reader *reader = &cached->flow->reader;
	uint64_t most = reader->offset + BATCH_BYTES;
	went went = WENT_ON;

	begin_batch(cached);
	if (stop >= reader->limit) {
		stop = reader->limit;
		leave = true;
	}
	if (ptm_graph_is_full(cached->graph, MOST_NEW_NODES))
		went = WENT_OUT;
	while (went == WENT_ON && reader->offset < most && cached->length < PTM_CACHED_EVENTS - PACKET_EVENTS) {
		const uint8_t *at;
		uint32_t available;
		if (reader->offset >= stop) {
			went = leave ? WENT_OUT : WENT_ON;
			break;
		}
		PTM_TRY(ptm_pt_reader_view(reader, reader->offset, AHEAD + 1, &at, &available));
		/* No packet goes across the end of a recorder's buffer: the slow path sees to that. */
		if (available <= AHEAD || reader->offset + AHEAD >= reader->buffer_end) {
			went = WENT_OUT;
			break;
		}
		uint64_t room = stop - reader->offset;
		if (room > reader->buffer_end - AHEAD - reader->offset)
			room = reader->buffer_end - AHEAD - reader->offset;
		if (room > available - AHEAD)
			room = available - AHEAD;
		went = take_packets(cached, at, at + room);
	}
	if (went == WENT_WRONG)
		return PTM_NO_MEMORY;
	end_batch(cached);
	if (went != WENT_ON)
		hand_back(cached);
	*batch = &cached->batch;
	return PTM_OK;
}

bool ptm_cached_inside(const ptm_cached *cached)
{
	return cached->inside;
}
