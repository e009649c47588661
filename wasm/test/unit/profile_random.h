/* SPDX-License-Identifier: Apache-2.0 */
/* Random streams of several threads on several queues, with everything that
 * happens to real ones: signals, longjmp, lost trace, threads that move. Places
 * where a PSB may cut the stream are marked. */
#ifndef PTM_TEST_PROFILE_RANDOM_H
#define PTM_TEST_PROFILE_RANDOM_H

#include "base/hash.h"
#include "profile_world.h"

#define MOST_QUEUES 3
#define MOST_THREADS 4
#define MOST_DEPTH 40
#define RANDOM_FUNCTIONS 12

/* An item, or a place to cut (PSB). */
typedef struct mark {
	ptm_item item;
	bool is_psb, is_on;          /* PSB; tracing was on, at ip */
	uint64_t ip;
} mark;

typedef struct script {
	PTM_ARRAY(mark) marks;
} script;

typedef struct walker {
	uint64_t ip, free_ns;        /* when it may run again */
	uint64_t stack[MOST_DEPTH];
	uint32_t depth;
} walker;

typedef struct random_trace {
	uint64_t seed;
	ptm_blocks blocks;
	script queues[MOST_QUEUES];
	uint64_t queue_ns[MOST_QUEUES];
	uint32_t queue_count, thread_count;
	walker threads[MOST_THREADS + 1];
} random_trace;

static inline uint32_t random_below(random_trace *trace, uint32_t bound)
{
	trace->seed = trace->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(trace->seed >> 33) % bound;
}

static inline bool chance(random_trace *trace, uint32_t per_mille)
{
	return random_below(trace, 1000) < per_mille;
}

static inline uint64_t random_ip(random_trace *trace, uint64_t function)
{
	return function * WORLD_FUNCTION_SIZE + 4 * random_below(trace, 24);
}

static inline uint64_t random_entry(random_trace *trace)
{
	return (1 + random_below(trace, RANDOM_FUNCTIONS)) * (uint64_t)WORLD_FUNCTION_SIZE;
}

/* The code is a function of the address. */
static inline uint32_t random_block(random_trace *trace, uint64_t ip)
{
	static const uint8_t classes[] = { PTM_INSN_JCC, PTM_INSN_JCC, PTM_INSN_JCC, PTM_INSN_CALL, PTM_INSN_CALL,
		PTM_INSN_CALL_INDIRECT, PTM_INSN_RETURN, PTM_INSN_RETURN, PTM_INSN_RETURN, PTM_INSN_JUMP,
		PTM_INSN_JUMP_INDIRECT, PTM_INSN_SYSCALL, PTM_INSN_IRET, PTM_INSN_OTHER, PTM_INSN_JCC, PTM_INSN_RETURN };
	uint64_t hash = ptm_hash_u64(ip);
	uint32_t row = 0;
	ptm_block block = { .ip = ip, .mode = PTM_MODE_64, .class = classes[hash % sizeof classes] };

	while (row < trace->blocks.blocks.length && trace->blocks.blocks.at[row].ip != ip)
		row++;
	if (row < trace->blocks.blocks.length)
		return row;
	block.instructions = 1 + (hash >> 8) % 4;
	block.size = 4u * block.instructions;
	block.last_ip = ip + block.size - 4;
	block.function = (uint32_t)(ip / WORLD_FUNCTION_SIZE);
	block.function_offset = ip % WORLD_FUNCTION_SIZE;
	block.lengths = trace->blocks.lengths.length;
	for (uint32_t i = 0; i < block.instructions; i++)
		CHECK_EQ(ptm_array_push(&trace->blocks.lengths, 4), PTM_OK);
	CHECK_EQ(ptm_array_push(&trace->blocks.blocks, block), PTM_OK);
	return row;
}

static inline void emit(random_trace *trace, uint32_t queue, const ptm_item *item)
{
	mark made = { .item = *item };
	CHECK_EQ(ptm_array_push(&trace->queues[queue].marks, made), PTM_OK);
}

static inline void emit_psb(random_trace *trace, uint32_t queue, uint32_t thread, bool is_on, uint64_t ip)
{
	mark made = { .is_psb = true, .is_on = is_on, .ip = ip };
	made.item = (ptm_item){ .thread = thread, .start_ns = trace->queue_ns[queue] };
	CHECK_EQ(ptm_array_push(&trace->queues[queue].marks, made), PTM_OK);
}

static inline void emit_event(random_trace *trace, uint32_t queue, uint8_t kind, uint32_t thread, uint64_t ip)
{
	ptm_item item = { .kind = kind, .thread = thread, .to_ip = ip, .start_ns = trace->queue_ns[queue],
			  .end_ns = trace->queue_ns[queue] };
	emit(trace, queue, &item);
}

static inline void push_return(walker *walker, uint64_t ip)
{
	if (walker->depth == MOST_DEPTH)
		memmove(walker->stack, walker->stack + 1, --walker->depth * sizeof *walker->stack);
	walker->stack[walker->depth++] = ip;
}

static inline uint64_t pop_return(random_trace *trace, walker *walker)
{
	if (chance(trace, 30))
		return chance(trace, 500) ? random_entry(trace) : random_ip(trace, 1 + random_below(trace, RANDOM_FUNCTIONS));
	if (walker->depth > 3 && chance(trace, 20))
		walker->depth -= 1 + random_below(trace, 3);
	return walker->depth ? walker->stack[--walker->depth] : random_ip(trace, 1 + random_below(trace, RANDOM_FUNCTIONS));
}

/* Decides how the visit of `block` ends and where that leads. */
static inline void random_end(random_trace *trace, walker *walker, const ptm_block *block, ptm_item *visit)
{
	uint64_t next = block->ip + block->size;

	visit->to_ip = next;
	switch (block->class) {
	case PTM_INSN_JCC:
		visit->end = chance(trace, 500) ? PTM_END_TAKEN : PTM_END_NOT_TAKEN;
		if (visit->end == PTM_END_TAKEN)
			visit->to_ip = chance(trace, 30) ? random_entry(trace) : random_ip(trace, block->function);
		break;
	case PTM_INSN_JUMP:
	case PTM_INSN_JUMP_INDIRECT:
		visit->end = PTM_END_JUMP;
		visit->to_ip = chance(trace, 400) ? random_entry(trace) : chance(trace, 700) ? random_ip(trace, block->function)
			       : random_ip(trace, 1 + random_below(trace, RANDOM_FUNCTIONS));
		break;
	case PTM_INSN_CALL:
	case PTM_INSN_CALL_INDIRECT:
		visit->end = PTM_END_CALL;
		if (!chance(trace, 30)) {
			visit->to_ip = chance(trace, 50) ? random_ip(trace, block->function) : random_entry(trace);
			push_return(walker, next);
		}
		break;
	case PTM_INSN_RETURN:
		visit->end = PTM_END_RETURN;
		visit->to_ip = pop_return(trace, walker);
		break;
	case PTM_INSN_IRET:
		visit->end = PTM_END_FAR;
		visit->to_ip = pop_return(trace, walker);
		break;
	case PTM_INSN_SYSCALL:
		visit->end = chance(trace, 200) ? PTM_END_FAR : PTM_END_OFF;
		if (visit->end == PTM_END_FAR) {
			visit->to_ip = random_entry(trace);
			push_return(walker, next);
		}
		break;
	default:
		visit->end = PTM_END_FALLTHROUGH;
	}
}

/* Something else than the block's own end; stores where the thread is then. */
static inline void random_surprise(random_trace *trace, walker *walker, const ptm_block *block, ptm_item *visit)
{
	if (chance(trace, 20)) {
		visit->end = PTM_END_ASYNC;
		visit->instructions = (uint16_t)random_below(trace, block->instructions);
		push_return(walker, block->ip + 4u * visit->instructions);
		visit->to_ip = random_entry(trace);
	} else if (chance(trace, 15)) {
		visit->end = PTM_END_OFF;
	} else if (chance(trace, 5)) {
		visit->end = PTM_END_ABORT;
		visit->to_ip = random_ip(trace, 1 + random_below(trace, RANDOM_FUNCTIONS));
	}
}

/* Emits the visit, perhaps in two halves with a PSB between, perhaps a PSB before it. */
static inline void emit_visit(random_trace *trace, uint32_t queue, const ptm_block *block, ptm_item *visit)
{
	if (chance(trace, 60))
		emit_psb(trace, queue, visit->thread, true, block->ip);
	if (visit->instructions > 1 && chance(trace, 80)) {
		ptm_item half = *visit;
		half.instructions = 1;
		half.end = PTM_END_FALLTHROUGH;
		half.to_ip = block->ip + 4;
		half.end_ns = visit->start_ns + (visit->end_ns - visit->start_ns) / 2;
		half.has_cycles = false;
		half.cycles = half.cycle_instructions = 0;
		emit(trace, queue, &half);
		trace->queue_ns[queue] = half.end_ns;
		emit_psb(trace, queue, visit->thread, true, half.to_ip);
		visit->instructions--;
		visit->start_ns = half.end_ns;
		visit->resumed = true;
	}
	emit(trace, queue, visit);
	trace->queue_ns[queue] = visit->end_ns;
}

static inline void random_gap(random_trace *trace, uint32_t queue, uint32_t thread)
{
	for (uint32_t i = 1 + random_below(trace, 2); i--;) {
		uint64_t start_ns = trace->queue_ns[queue];
		trace->queue_ns[queue] += random_below(trace, 20);
		ptm_item gap = { .kind = PTM_ITEM_GAP, .reason = (uint8_t)(1 + random_below(trace, 2)), .start_ns = start_ns,
				 .end_ns = trace->queue_ns[queue], .bytes = 10, .ip = 77,
				 .thread = chance(trace, 200) ? 0 : thread };
		if (chance(trace, 200))
			emit_psb(trace, queue, thread, false, 0);
		emit(trace, queue, &gap);
	}
}

/* Tracing is off; comes on again where the thread goes on, or somewhere else. */
static inline void random_begin(random_trace *trace, uint32_t queue, uint32_t thread, const ptm_block *block, bool is_first)
{
	walker *walker = &trace->threads[thread];

	if (!is_first)
		trace->queue_ns[queue] += random_below(trace, 30);
	if (!is_first && chance(trace, 100))
		emit_psb(trace, queue, thread, false, 0);
	if (chance(trace, 50)) {
		push_return(walker, walker->ip);
		walker->ip = random_entry(trace);
	} else if (block && block->class == PTM_INSN_SYSCALL && chance(trace, 100) && walker->depth) {
		walker->ip = walker->stack[--walker->depth];
	} else if (chance(trace, 20)) {
		walker->ip = random_ip(trace, 1 + random_below(trace, RANDOM_FUNCTIONS));
	}
	emit_event(trace, queue, PTM_ITEM_BEGIN, thread, walker->ip);
}

/* One visit and what follows it; false when the thread must leave the queue. */
static inline bool random_visit(random_trace *trace, uint32_t queue, uint32_t thread, bool is_last)
{
	walker *walker = &trace->threads[thread];
	uint32_t row = random_block(trace, walker->ip);
	ptm_block block = trace->blocks.blocks.at[row];
	uint64_t now_ns = trace->queue_ns[queue];
	ptm_item visit = { .kind = PTM_ITEM_VISIT, .block = row, .instructions = block.instructions, .thread = thread,
			   .start_ns = now_ns, .end_ns = now_ns + random_below(trace, 5), .offset = now_ns };

	if (chance(trace, 200)) {
		visit.has_cycles = true;
		visit.cycles = random_below(trace, 50);
		visit.cycle_instructions = 5;
	}
	random_end(trace, walker, &block, &visit);
	random_surprise(trace, walker, &block, &visit);
	walker->ip = visit.to_ip ? visit.to_ip : block.ip + block.size;
	bool is_gap = chance(trace, 15);
	if (is_gap)
		visit.end = PTM_END_LOST;
	else if (is_last && chance(trace, 700))
		visit.end = PTM_END_OFF;
	if (visit.end == PTM_END_OFF || is_gap)
		visit.to_ip = 0;
	bool is_off = visit.end == PTM_END_OFF;
	emit_visit(trace, queue, &block, &visit);
	if (is_gap)
		random_gap(trace, queue, thread);
	if (is_last)
		return false;
	if (is_gap || is_off)
		random_begin(trace, queue, thread, &block, false);
	return true;
}

static inline void random_slice(random_trace *trace, uint32_t queue)
{
	uint32_t thread = 1 + random_below(trace, trace->thread_count), visits = 1 + random_below(trace, 60);
	walker *walker = &trace->threads[thread];

	if (walker->free_ns > trace->queue_ns[queue])
		trace->queue_ns[queue] = walker->free_ns;
	trace->queue_ns[queue] += random_below(trace, 10);
	emit_event(trace, queue, PTM_ITEM_SWITCH, thread, 0);
	random_begin(trace, queue, thread, NULL, true);
	while (random_visit(trace, queue, thread, !--visits))
		;
	walker->free_ns = trace->queue_ns[queue] + 1;
}

static inline void random_trace_make(random_trace *trace, uint64_t seed, uint32_t slices)
{
	memset(trace, 0, sizeof *trace);
	trace->seed = seed;
	trace->queue_count = 1 + random_below(trace, MOST_QUEUES);
	trace->thread_count = 1 + random_below(trace, MOST_THREADS);
	for (uint32_t i = 1; i <= trace->thread_count; i++)
		trace->threads[i].ip = random_ip(trace, i);
	for (uint32_t i = 0; i < slices; i++) {
		uint32_t queue = 0;
		for (uint32_t k = 1; k < trace->queue_count; k++)
			if (trace->queue_ns[k] < trace->queue_ns[queue])
				queue = k;
		random_slice(trace, queue);
	}
}

static inline void random_trace_free(random_trace *trace)
{
	ptm_array_free(&trace->blocks.blocks);
	ptm_array_free(&trace->blocks.lengths);
	for (uint32_t i = 0; i < MOST_QUEUES; i++)
		ptm_array_free(&trace->queues[i].marks);
}

#endif
