/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path's loop over packets. What most of most traces consists of is one
 * look up and one addition a branch; what is more is in part_walk.c. What is not
 * frequent (code met for the first time, odd times, odd stacks) is told packet by
 * packet by flow/pt_cached*.c and taken in by part_batch.c. */
#include "profile/part_walk.h"

/* In the loop, not called from it. */
#define INLINE inline __attribute__((always_inline))
#define STRETCH_BYTES (32u << 10)
/* Of at least so many runs sought in a stretch, no more than one in so many may be missing, else so many stretches go without. */
#define LEAST_SOUGHT 256
#define MOST_MISSED 4
#define RUN_PAUSE 64

/* Uses up `left` bits, the next on top of `bits`, as long as each only counts. Returns how many are left. */
static INLINE uint32_t pass_plain(ptm_fast_walk *walk, uint32_t *bits, uint32_t left)
{
	ptm_node *nodes = walk->nodes, *node = NULL, *next = &nodes[walk->row];
	uint32_t at = walk->at, rest = *bits, edge = 1, taken = 0;

	do {
		uint32_t side = rest >> 31, to = next->to[side];
		if (to - 1 >= PTM_EDGE_UNMET - 1)
			break;
		next->count[side]++;
		ptm_cached_log_edge(walk->cached, (uint32_t)(next - nodes), side);
		node = next;
		taken = side;
		edge = to;
		next = &nodes[to >> 8];
		at += to & 255;
		rest <<= 1;
	} while (--left && edge & 255);
	if (!node)
		return left;
	walk->last = (uint32_t)(node - nodes) << 1 | taken;
	walk->row = edge >> 8;
	walk->at = at;
	walk->special = !(edge & 255);
	*bits = rest;
	return left;
}

#ifdef PTM_CACHED_LOGS
static void log_run(ptm_fast_walk *walk, const ptm_node_run *run)
{
	uint32_t row = run->key >> 8, bits = run->key << 24;
	for (uint32_t i = 0; i < run->used; i++, bits <<= 1) {
		ptm_cached_log_edge(walk->cached, row, bits >> 31);
		row = ptm_edge_row(walk->nodes[row].to[bits >> 31]);
	}
}
#endif

/* As pass_plain, at once where the same was walked before. At most 7 bits. */
static INLINE uint32_t pass_run(ptm_fast_walk *walk, uint32_t *bits, uint32_t left)
{
	ptm_graph *graph = walk->cached->graph;
	uint32_t key = walk->row << 8 | *bits >> 24 | 0x80u >> left, start = walk->at;
	ptm_node_run *run = ptm_graph_run(graph, key);

	walk->runs_sought++;
	if (run->key == key) {
		run->hits++;
#ifdef PTM_CACHED_LOGS
		log_run(walk, run);
#endif
		walk->at += run->instructions;
		walk->row = run->to >> 8;
		walk->last = run->last;
		walk->special = !(run->to & 255);
		*bits <<= run->used;
		return left - run->used;
	}
	walk->runs_missed++;
	uint32_t rest = pass_plain(walk, bits, left), used = left - rest;
	if (used > 1) {
		uint32_t to = walk->row << 8 | (walk->special ? 0 : 1);
		ptm_node_run made = { key, to, walk->last, 0, (uint16_t)(walk->at - start), (uint16_t)used };
		ptm_graph_keep_run(graph, &made);
	}
	return rest;
}

/* Uses up `left` bits, the next on top of `bits`. Returns how many are left, of which the first is not frequent. */
static INLINE uint32_t pass_bits(ptm_fast_walk *walk, uint32_t *bits, uint32_t left, uint32_t delta)
{
	do {
		if (!walk->special) {
			if (walk->dirty) {
				const ptm_node *node = &walk->nodes[walk->row];
				if ((node->count[0] | node->count[1]) && node->to[*bits >> 31]) {
					ptm_walk_settle(walk);
					ptm_walk_latch(walk);
				}
			}
			if (!walk->dirty) {
				left = walk->has_runs && left < 8 ? pass_run(walk, bits, left) : pass_plain(walk, bits, left);
				if (!left)
					break;
			}
		}
		if (!ptm_walk_bit(walk, *bits >> 31, delta))
			break;
		*bits <<= 1;
	} while (--left);
	return left;
}

/* ---------------------------------------------------------------- packets -- */

static uint8_t kind_of(const uint8_t *at)
{
	return (*at & 3) == 3 ? PTM_PACKET_CYC : !(*at & 1) ? PTM_PACKET_TNT : *at == 0x59 ? PTM_PACKET_MTC : PTM_PACKET_TIP;
}

/* Whether the present node is an indirect branch, for which a TIP must come before the bits that are left. */
static INLINE bool waits_for_tip(const ptm_fast_walk *walk)
{
	uint8_t kind = walk->codes[walk->row].kind;
	return walk->special && (kind == PTM_NODE_JUMP || kind == PTM_NODE_CALL);
}

static INLINE ptm_fast_walk begin(ptm_part *part, ptm_cached *cached)
{
	ptm_cached_begin(cached);
	ptm_fast_walk walk = { .part = part, .cached = cached, .nodes = cached->graph->nodes, .codes = cached->graph->codes, .row = cached->node,
		      .at = cached->at, .last = cached->last, .special = cached->special, .dirty = cached->dirty,
		      .has_runs = !cached->graph->run_pause };
	ptm_walk_take(&walk);
	if (cached->length) {
		walk.arrival = cached->events[0].what;
		walk.arrival_to = cached->events[0].a;
		walk.arrival_delta = cached->events[0].b;
	}
	return walk;
}

/* Runs cost more than they save where few come again. */
static void pause_runs(const ptm_fast_walk *walk)
{
	ptm_graph *graph = walk->cached->graph;

	if (graph->run_pause)
		graph->run_pause--;
	else if (walk->runs_sought >= LEAST_SOUGHT && walk->runs_missed > walk->runs_sought / MOST_MISSED)
		graph->run_pause = RUN_PAUSE;
}

/* Gives all back as it is after whole packets. */
static INLINE void finish(ptm_fast_walk *walk)
{
	ptm_cached *cached = walk->cached;

	ptm_walk_flush_cyc(walk);
	cached->node = walk->row;
	cached->at = walk->at;
	cached->last = walk->last;
	cached->special = walk->special;
	cached->dirty = walk->dirty;
	pause_runs(walk);
	uint32_t executed = ptm_cached_executed(cached);
	cached->length = cached->batch.length = 0;
	if (executed > walk->counted)
		ptm_walk_settle(walk);
	else if (walk->arrival)
		cached->events[cached->length++] = (ptm_cached_event){ walk->arrival, executed, walk->arrival_to, walk->arrival_delta };
	ptm_walk_charge(walk, executed);
	ptm_walk_give(walk);
	ptm_cached_end(cached);
}

/* Takes in what is frequent of the packets that start in [from, end). WENT_OUT: the next is not. */
static ptm_went pass_packets(ptm_part *part, ptm_cached *cached, const uint8_t *from, const uint8_t *end)
{
	ptm_pt_reader *reader = &cached->flow->reader;
	const uint64_t offset = reader->offset, window = reader->window_offset;
	const bool sparse = cached->flow->clock.config.cyc_threshold;
	const uint8_t *at = from, *before = NULL, *decided = NULL; /* the last packet, the last that decided */
	uint32_t left = cached->bits_left, bits = (uint32_t)(cached->bits >> 32), pads = 0, packets = 0;
	ptm_went went = PTM_WENT_ON;
	ptm_fast_walk walk = begin(part, cached);

	while (at < end) {
		uint32_t byte = *at, size = 1, delta = (uint32_t)(at - from);
		if (sparse && byte) {
			ptm_walk_flush_cyc(&walk);
			ptm_clock_next(&cached->flow->clock, before ? kind_of(before) : cached->kind);
		}
		if ((byte & 3) == 3) {
			uint64_t cycles = byte >> 3;
			if (byte & 4)
				cycles = ptm_cached_cyc(at, &size);
			went = PTM_WENT_OUT;
			if (!size || left || cycles > UINT32_MAX)
				break;
			ptm_walk_flush_cyc(&walk);
			walk.cyc = (uint32_t)cycles;
			walk.has_cyc = walk.dirty = true;
		} else if (!(byte & 1)) {
			if (!byte) {
				at++;
				pads++;
				continue;
			}
			went = PTM_WENT_OUT;
			if (byte == 2 || left || (walk.dirty && ptm_walk_is_odd_time(&walk)))
				break;
			uint32_t count = 30 - (uint32_t)__builtin_clz(byte);
			bits = byte << (31 - count);
			left = pass_bits(&walk, &bits, count, delta);
			if (left) {
				bool waits = waits_for_tip(&walk);
				if (left == count && !waits) {
					left = 0;
					break;
				}
				if (left < count)
					decided = at;
				if (!waits) {
					/* The packet is taken, but bits of it are not frequent. */
					before = at++;
					packets++;
					break;
				}
			} else {
				decided = at;
			}
		} else if ((byte & 31) == 13) {
			uint64_t ip = ptm_cached_tip_ip(at, cached->flow->last_ip, &size);
			went = PTM_WENT_OUT;
			if (!size || !walk.special || !ptm_walk_tip(&walk, ip, delta))
				break;
			decided = at;
			if (left && (left = pass_bits(&walk, &bits, left, delta)) && !waits_for_tip(&walk)) {
				before = at;
				at += size;
				packets++;
				break;
			}
		} else {
			went = PTM_WENT_OUT;
			if (byte != 0x59 || left)
				break;
			ptm_walk_flush_cyc(&walk);
			ptm_cached_take_mtc(cached, walk.at, walk.special ? 0 : walk.row, at[1], offset + delta, before ? kind_of(before) : cached->kind);
			walk.dirty = true;
			size = 2;
		}
		before = at;
		at += size;
		packets++;
		went = PTM_WENT_ON;
		if (reader->window_offset != window || walk.status)
			break;
	}
	cached->bits = (uint64_t)bits << 32;
	cached->bits_left = left;
	if (before) {
		cached->packet_offset = offset + (uint64_t)(before - from);
		cached->kind = kind_of(before);
	}
	if (decided)
		cached->last_offset = offset + (uint64_t)(decided - from);
	reader->packets += packets + pads;
	reader->offset = offset + (uint64_t)(at - from);
	finish(&walk);
	return walk.status ? PTM_WENT_WRONG : went;
}

ptm_status ptm_part_run_fast(ptm_part *part, ptm_cached *cached, uint64_t stop, bool leave, bool *left)
{
	const ptm_pt_reader *reader = &cached->flow->reader;
	const uint64_t most = reader->offset + STRETCH_BYTES;
	const ptm_cached_batch *batch;

	part->graph = cached->graph;
	do {
		const uint8_t *from, *end;
		uint64_t until = stop < reader->limit ? stop : reader->limit;
		PTM_TRY(ptm_cached_room(cached, until < most ? until : most, &from, &end));
		ptm_went went = PTM_WENT_OUT;
		if (from < end && !cached->fresh && cached->bits_left <= 32 && !(cached->bits_left && !ptm_cached_waits_for_tip(cached)))
			went = pass_packets(part, cached, from, end);
		if (went == PTM_WENT_WRONG)
			return PTM_NO_MEMORY;
		*left = false;
		if (went == PTM_WENT_ON)
			continue;
		PTM_TRY(ptm_cached_step(cached, stop, leave, &batch));
		PTM_TRY(ptm_part_add_batch(part, cached->graph, batch));
		*left = batch->left;
	} while (!*left && reader->offset < most && reader->offset < stop);
	return PTM_OK;
}
