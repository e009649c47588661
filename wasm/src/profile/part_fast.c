/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path's loop over packets. What most of most traces consists of is in part_hot.h; what is less frequent, but no
 * reason to leave the loop, in part_walk.c. The rest (code met for the first time, odd times, odd stacks) is told packet
 * by packet by flow/pt_cached*.c and taken in by part_batch.c. */
#include "profile/part_hot.h"

#define STRETCH_BYTES (32u << 10)
/* Of at least so many runs sought in a stretch, no more than one in so many may be missing, else some stretches go without, at most so many. */
#define LEAST_SOUGHT 256
#define MOST_MISSED 4
#define MOST_PAUSE 64

static uint8_t kind_of(const uint8_t *at)
{
	return (*at & 3) == 3 ? PTM_PACKET_CYC : !(*at & 1) ? PTM_PACKET_TNT : *at == 0x59 ? PTM_PACKET_MTC : PTM_PACKET_TIP;
}

static void begin(ptm_fast_walk *walk, ptm_part *part, ptm_cached *cached)
{
	ptm_graph *graph = cached->graph;
	uint32_t tag = graph->codes[cached->node].tag;

	ptm_cached_begin(cached);
	uint32_t room = part->stack.capacity < PTM_STACK_DEPTH ? part->stack.capacity : PTM_STACK_DEPTH;
	walk->part = part;
	walk->cached = cached;
	walk->graph = graph;
	walk->nodes = graph->nodes;
	walk->costs = graph->costs;
	walk->codes = graph->codes;
	walk->ops = graph->ops.at;
	walk->tree = part->tree.nodes.at;
	walk->returns = &cached->flow->returns;
	walk->node = graph->nodes + cached->node;
	walk->frame = ptm_part_top(part);
	walk->last_frame = part->stack.at + room - 1;
	walk->now_ns = part->last.time_ns;
	walk->shortest_ns = part->data.shortest_ns;
	walk->piece_base = part->piece.instructions;
	walk->part_base = part->data.instructions;
	walk->last_ip = cached->flow->last_ip;
	walk->edge = cached->node << 8 | (cached->special && tag <= PTM_TAG_PLAIN ? PTM_TAG_OTHER : tag);
	walk->at = cached->at;
	walk->last = cached->last;
	walk->counted = walk->runs_met = walk->runs_missed = walk->measured_at = 0;
	walk->dirty = cached->dirty;
	walk->measures = part->measured_count < PTM_MEASURED;
	walk->compresses = cached->flow->config.return_compression;
	walk->has_runs = !graph->run_pause;
	walk->sparse = cached->flow->clock.config.cyc_threshold;
	walk->has_cyc = walk->has_made = walk->has_pending = false;
	walk->change = 0;
	walk->steady.until = walk->steady.latches = 0;
	walk->status = PTM_OK;
}

/* Runs cost more than they save where few come again: there the longer they are not sought the more often that is found. */
static void pause_runs(ptm_graph *graph, uint32_t met, uint32_t missed)
{
	if (graph->run_pause) {
		graph->run_pause--;
	} else if (met + missed >= LEAST_SOUGHT) {
		bool helps = missed <= (met + missed) / MOST_MISSED;
		graph->run_pause = helps ? 0 : graph->next_pause;
		graph->next_pause = helps ? 1 : graph->next_pause < MOST_PAUSE ? graph->next_pause * 2 : MOST_PAUSE;
	}
}

/* With a threshold, cycles are known only behind a CYC packet. */
static APART void next_sparse(ptm_fast_walk *walk, uint8_t before)
{
	ptm_walk_flush_cyc(walk);
	ptm_clock_next(&walk->cached->flow->clock, before);
}

/* Whether taking over the packets' time is not for the slow path. */
static INLINE bool has_good_time(hot *hot, ptm_fast_walk *walk)
{
	if (ptm_walk_is_steady(walk, hot->at)) {
		walk->steady.moved_edge = hot->edge;
		walk->steady.moved_at = hot->at;
		return true;
	}
	give(hot, walk);
	return !ptm_walk_is_odd_time(walk);
}

/* Takes in what is frequent of the packets that start in [from, end). WENT_OUT: the next is not. */
static ptm_went pass_packets(ptm_part *part, ptm_cached *cached, const uint8_t *from, const uint8_t *end)
{
	ptm_pt_reader *reader = &cached->flow->reader;
	const uint64_t offset = reader->offset, window = reader->window_offset;
	const uint8_t *at = from, *before = NULL, *decided = NULL; /* the last packet, the last that decided */
	uint32_t packets = 0;
	ptm_went went = PTM_WENT_ON;
	ptm_fast_walk walk;
	hot hot = { .bits = cached->bits_left ? (uint32_t)(cached->bits >> 32) | NO_BITS >> cached->bits_left : NO_BITS };

	begin(&walk, part, cached);
	if (cached->length && !ptm_walk_resume(&walk, cached->events, from))
		return PTM_WENT_OUT;
	take(&hot, &walk);
	while (at < end) {
		uint32_t byte = *at, size = 1;
		if (walk.sparse && byte) {
			give(&hot, &walk);
			next_sparse(&walk, before ? kind_of(before) : cached->kind);
		}
		went = PTM_WENT_OUT;
		if (!(byte & 1)) {
			if (byte <= 2) {
				if (byte)
					break;
				const size_t pads = ptm_pads_at(at, end);
				at += pads;
				reader->packets += pads;
				went = PTM_WENT_ON;
				continue;
			}
			if (hot.bits != NO_BITS)
				break;
			if (walk.dirty && !has_good_time(&hot, &walk))
				break;
			hot.bits = (byte | 1) << (__builtin_clz(byte) + 1);
		} else if ((byte & 31) == 13) {
			uint64_t ip = ptm_cached_tip_ip(at, walk.last_ip, &size);
			if (!size || tag_of(&hot) <= PTM_TAG_PLAIN)
				break;
			if (walk.dirty && !has_good_time(&hot, &walk))
				break;
			if (!pass_tip(&hot, &walk, ip, at))
				break;
			decided = at;
		} else if ((byte & 3) == 3) {
			uint64_t cycles = byte >> 3;
			if (byte & 4)
				cycles = ptm_cached_cyc(at, &size);
			if (!size || hot.bits != NO_BITS || cycles > UINT32_MAX)
				break;
			if (walk.has_cyc) {
				give(&hot, &walk);
				ptm_walk_flush_cyc(&walk);
			}
			walk.cyc = (uint32_t)cycles;
			walk.has_cyc = walk.dirty = true;
		} else {
			if (byte != 0x59 || hot.bits != NO_BITS)
				break;
			give(&hot, &walk);
			ptm_walk_flush_cyc(&walk);
			ptm_walk_end_steady(&walk);
			ptm_cached_take_mtc(cached, hot.at, tag_of(&hot) > PTM_TAG_PLAIN ? 0 : hot.edge >> 8, at[1],
				offset + (uint64_t)(at - from), before ? kind_of(before) : cached->kind);
			walk.dirty = true;
			size = 2;
			/* What it looked ahead at may lie in another window. */
			if (reader->window_offset != window)
				end = at;
		}
		if (hot.bits != NO_BITS) {
			const uint32_t all = hot.bits;
			bool passed = pass_bits(&hot, &walk, at);
			if (hot.bits != all)
				decided = at;
			if (!passed) {
				if (decided != at) {
					hot.bits = NO_BITS;
					break;
				}
				/* The packet is taken, but bits of it are not frequent. */
				before = at;
				at += size;
				packets++;
				break;
			}
		}
		before = at;
		at += size;
		packets++;
		went = PTM_WENT_ON;
	}
	const uint32_t left = hot.bits == NO_BITS ? 0 : 31 - (uint32_t)__builtin_ctz(hot.bits);
	cached->bits = left ? (uint64_t)(hot.bits & (hot.bits - 1)) << 32 : 0;
	cached->bits_left = left;
	if (before) {
		cached->packet_offset = offset + (uint64_t)(before - from);
		cached->kind = kind_of(before);
	}
	if (decided)
		cached->last_offset = offset + (uint64_t)(decided - from);
	reader->packets += packets;
	reader->offset = offset + (uint64_t)(at - from);
	give(&hot, &walk);
	pause_runs(cached->graph, walk.runs_met, walk.runs_missed);
	ptm_walk_end(&walk, from);
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
		if (from < end && !cached->fresh && cached->bits_left < 32 && !(cached->bits_left && !ptm_cached_waits_for_tip(cached)))
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
