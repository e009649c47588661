/* SPDX-License-Identifier: Apache-2.0 */
/* Table `samples`: the rows of perf script, in perf's order. perf decodes the
 * queues side by side, always the one that lags, and lets sideband records in
 * between as their time comes; which thread a row names depends on that order. */
#include "api/samples_bts.h"
#include <stdio.h>

enum { SAMPLE_BRANCHES = 1, SAMPLE_INSTRUCTIONS = 2, SAMPLE_ERRORS = 4 };

/* perf's sample flags, by bit. */
enum {
	FLAG_BRANCH = 1 << 0, FLAG_CALL = 1 << 1, FLAG_RETURN = 1 << 2, FLAG_CONDITIONAL = 1 << 3, FLAG_SYSCALL = 1 << 4,
	FLAG_ASYNC = 1 << 5, FLAG_INTERRUPT = 1 << 6, FLAG_ABORT = 1 << 7, FLAG_BEGIN = 1 << 8, FLAG_END = 1 << 9,
	FLAG_IN_TRANSACTION = 1 << 10, FLAG_VMENTRY = 1 << 11, FLAG_VMEXIT = 1 << 12, FLAG_INTERRUPTS_OFF = 1 << 13,
	FLAG_INTERRUPTS_TOGGLE = 1 << 14
};

typedef struct counters { uint64_t instructions, cycles; } counters;

typedef struct lane {
	ptm_stream stream;
	ptm_flow *flow;
	ptm_item item;           /* the state not yet told */
	bool has_item, ended, started;
	uint64_t cycles;         /* total, as of the last state that took it over */
	uint64_t tsc;            /* perf's time of the queue */
	uint32_t thread;
	uint64_t walked_ip;      /* last instruction walked: perf still shows it where tracing begins */
	uint32_t walked_space;
	uint8_t walked_length;
	counters last_branch, last_instruction;
} lane;

typedef struct heap_entry { uint64_t tsc; uint32_t lane; } heap_entry;

struct ptm_samples {
	uint32_t flags;
	PTM_ARRAY(lane) lanes;
	PTM_ARRAY(heap_entry) heap;
	PTM_ARRAY(uint32_t) running; /* cpu -> thread */
	PTM_ARRAY(uint32_t) unreadable; /* names of binaries without code that were told */
	uint32_t record;         /* next sideband record */
	uint64_t record_ns;      /* time of the last one let in */
	uint64_t limit;          /* ticks up to which the lanes may run now */
	bool set_up, limited, in_run;
	uint64_t run_limit;      /* of the lane that runs */
	uint32_t run_lane;
	ptm_table *table;
	uint64_t cursor;
};

void ptm_samples_free(ptm_samples *samples)
{
	if (!samples)
		return;
	for (uint32_t i = 0; i < samples->lanes.length; i++)
		ptm_flow_free(samples->lanes.at[i].flow);
	ptm_array_free(&samples->lanes);
	ptm_array_free(&samples->heap);
	ptm_array_free(&samples->running);
	ptm_array_free(&samples->unreadable);
	free(samples);
}

/* ---------------------------------------------------------------- the heap */

/* A binary heap by time that breaks ties as perf's does. */
static void heap_place(ptm_samples *samples, uint32_t at, heap_entry entry)
{
	heap_entry *heap = samples->heap.at;
	while (at) {
		uint32_t parent = (at - 1) / 2;
		if (heap[parent].tsc <= entry.tsc)
			break;
		heap[at] = heap[parent];
		at = parent;
	}
	heap[at] = entry;
}

static ptm_status heap_add(ptm_samples *samples, uint32_t row, uint64_t tsc)
{
	heap_entry entry = { tsc, row };
	PTM_TRY(ptm_array_push(&samples->heap, entry));
	heap_place(samples, samples->heap.length - 1, entry);
	return PTM_OK;
}

/* Takes the first entry out. The hole sinks to the bottom and the last entry
 * fills it; on its way the last entry still counts as a child, and of equal
 * children the right one moves up. */
static void heap_pop(ptm_samples *samples)
{
	heap_entry *heap = samples->heap.at;
	uint32_t count = samples->heap.length, at = 0;
	heap_entry last = heap[count - 1];

	while (at * 2 + 1 < count) {
		uint32_t left = at * 2 + 1, right = left + 1;
		uint32_t child = right >= count || heap[left].tsc < heap[right].tsc ? left : right;
		heap[at] = heap[child];
		at = child;
	}
	samples->heap.length--;
	if (at < samples->heap.length)
		heap_place(samples, at, last);
}

/* ------------------------------------------------------------------- rows */

uint32_t ptm_sample_class_flags(uint8_t class)
{
	switch (class) {
	case PTM_INSN_JCC: case PTM_INSN_LOOP: return FLAG_BRANCH | FLAG_CONDITIONAL;
	case PTM_INSN_JUMP: case PTM_INSN_JUMP_INDIRECT: case PTM_INSN_JUMP_FAR: return FLAG_BRANCH;
	case PTM_INSN_CALL: case PTM_INSN_CALL_INDIRECT: case PTM_INSN_CALL_FAR: return FLAG_BRANCH | FLAG_CALL;
	case PTM_INSN_RETURN: case PTM_INSN_RETURN_FAR: return FLAG_BRANCH | FLAG_RETURN;
	case PTM_INSN_SYSCALL: case PTM_INSN_SYSENTER: case PTM_INSN_VMCALL: return FLAG_BRANCH | FLAG_CALL | FLAG_SYSCALL;
	case PTM_INSN_SYSRET: case PTM_INSN_SYSEXIT: return FLAG_BRANCH | FLAG_RETURN | FLAG_SYSCALL;
	case PTM_INSN_INT: return FLAG_BRANCH | FLAG_CALL | FLAG_INTERRUPT;
	case PTM_INSN_IRET: case PTM_INSN_UIRET: return FLAG_BRANCH | FLAG_RETURN | FLAG_INTERRUPT;
	case PTM_INSN_VMENTRY: return FLAG_BRANCH | FLAG_CALL | FLAG_VMENTRY;
	default: return 0;
	}
}

/* Flags that are letters in brackets. The interrupt flag counts where the CPU can tell it. */
static uint32_t state_flags(const ptm_session *session, const ptm_item *item)
{
	uint32_t flags = item->in_transaction ? FLAG_IN_TRANSACTION : 0;
	if (session->pt.event_trace && item->interrupts_off)
		flags |= FLAG_INTERRUPTS_OFF;
	if (session->pt.event_trace && item->interrupts_toggle)
		flags |= FLAG_INTERRUPTS_TOGGLE;
	return flags;
}

static uint32_t end_flags(const ptm_item *item, uint8_t class)
{
	uint32_t flags;
	switch (item->end) {
	case PTM_END_ABORT: flags = FLAG_BRANCH | FLAG_ABORT; break;
	case PTM_END_ASYNC:
		flags = item->to_ip ? FLAG_BRANCH | FLAG_CALL | FLAG_ASYNC | FLAG_INTERRUPT : FLAG_BRANCH | FLAG_ASYNC | FLAG_END;
		break;
	default: flags = ptm_sample_class_flags(class); break;
	}
	if (item->end == PTM_END_OFF)
		flags |= FLAG_END;
	return flags;
}

typedef struct sample {
	uint8_t kind;
	uint64_t tsc, ip, addr;
	uint64_t ns;             /* time where it is not that of tsc, else 0 */
	uint32_t flags, error;
	uint64_t code_ip;        /* of the instruction shown with the row */
	uint32_t code_space;
	uint8_t length;          /* its length, 0: none; 0xff: decode it */
	uint64_t instructions, cycles;
} sample;

#define LENGTH_UNKNOWN 0xff

ptm_status ptm_sample_put_symbol(ptm_session *session, ptm_table *table, uint32_t row, uint32_t space, uint64_t ip, uint32_t symbol_column, uint32_t offset_column, uint32_t dso_column)
{
	if (!ip)
		return PTM_OK;
	const ptm_map *map = ptm_spaces_find(session->spaces, space, ip);
	if (!map)
		return PTM_OK;
	uint64_t offset;
	const ptm_function *function = ptm_spaces_function(session->spaces, ptm_spaces_function_at(session->spaces, space, ip, &offset));
	const char *name = ptm_strings_get(&session->strings, function->name);
	const char *dso = ptm_strings_get(&session->strings, map->name);
	/* "[kernel.kallsyms]_text" says where the kernel's map was taken from. */
	const char *bracket = *dso == '[' ? strchr(dso, ']') : NULL;
	PTM_TRY(ptm_table_set_text(table, symbol_column, row, name, strlen(name)));
	ptm_table_set_u64(table, offset_column, row, offset);
	return ptm_table_set_text(table, dso_column, row, dso, bracket ? (size_t)(bracket + 1 - dso) : strlen(dso));
}

static ptm_status put_code(ptm_session *session, ptm_table *table, uint32_t row, const sample *told)
{
	uint8_t code[16] = { 0 };
	uint64_t half[2];
	const ptm_map *map;
	uint32_t length = told->length == LENGTH_UNKNOWN ? 15 : told->length;
	ptm_insn insn = { .length = told->length };

	if (!length || ptm_spaces_code(session->spaces, told->code_space, told->code_ip, code, &length, &map) != PTM_OK)
		return PTM_OK;
	if (told->length == LENGTH_UNKNOWN && ptm_insn_decode(code, length, PTM_MODE_64, &insn) != PTM_OK)
		return PTM_OK;
	memset(code + insn.length, 0, sizeof code - insn.length);
	memcpy(half, code, sizeof half);
	ptm_table_set_u8(table, PTM_samples_length, row, insn.length);
	ptm_table_set_u64(table, PTM_samples_code_low, row, half[0]);
	ptm_table_set_u64(table, PTM_samples_code_high, row, half[1]);
	return PTM_OK;
}

static ptm_status put(ptm_session *session, ptm_samples *samples, lane *from, const sample *told)
{
	ptm_table *table = samples->table;
	const ptm_thread *thread = &session->sideband.threads.at[from->thread];
	uint32_t row;

	PTM_TRY(ptm_table_add_row(table, &row));
	uint32_t space = ptm_spaces_at(session->spaces, thread->pid, samples->record_ns);
	const char *comm = ptm_strings_get(&session->strings, ptm_sideband_comm(&session->sideband, from->thread, samples->record_ns));
	char nameless[16];
	snprintf(nameless, sizeof nameless, ":%d", thread->tid);
	if (!*comm)
		comm = nameless;
	ptm_table_set_u8(table, PTM_samples_kind, row, told->kind);
	ptm_table_set_u64(table, PTM_samples_time, row, told->ns ? told->ns : ptm_time_ns(&session->time, told->tsc));
	ptm_table_set_i32(table, PTM_samples_pid, row, thread->pid);
	ptm_table_set_i32(table, PTM_samples_tid, row, thread->tid);
	ptm_table_set_i32(table, PTM_samples_cpu, row, session->file.queues.at[from->stream.queue].cpu);
	PTM_TRY(ptm_table_set_text(table, PTM_samples_comm, row, comm, strlen(comm)));
	ptm_table_set_u32(table, PTM_samples_flags, row, told->flags);
	ptm_table_set_u64(table, PTM_samples_ip, row, told->ip);
	ptm_table_set_u64(table, PTM_samples_addr, row, told->addr);
	ptm_table_set_u32(table, PTM_samples_error, row, told->error);
	if (told->kind == 4)
		return PTM_OK;
	PTM_TRY(ptm_sample_put_symbol(session, table, row, space, told->ip, PTM_samples_ip_symbol, PTM_samples_ip_offset, PTM_samples_ip_dso));
	PTM_TRY(ptm_sample_put_symbol(session, table, row, space, told->addr, PTM_samples_addr_symbol, PTM_samples_addr_offset, PTM_samples_addr_dso));
	PTM_TRY(put_code(session, table, row, told));
	ptm_table_set_f64(table, PTM_samples_ipc_instructions, row, (double)told->instructions);
	ptm_table_set_f64(table, PTM_samples_ipc_cycles, row, (double)told->cycles);
	return PTM_OK;
}

/* Instructions and cycles since the last row of its kind that told some. `left`:
 * instructions of the item after the row's. */
static void measure(sample *told, const lane *from, counters *last, uint32_t left)
{
	const ptm_item *item = &from->item;
	if (!(item->new_cycles || item->estimated_cycles) || from->cycles == last->cycles)
		return;
	told->cycles = from->cycles - last->cycles;
	told->instructions = item->total_instructions - left - last->instructions;
	*last = (counters){ item->total_instructions - left, from->cycles };
}

/* Length of instruction `index` of a block. */
static uint8_t length_of(const ptm_session *session, const ptm_block *block, uint32_t index)
{
	return session->blocks.lengths.at[block->lengths + index];
}

/* Tells the instructions of a visit that come before its end: those that take the time it started with. */
static ptm_status tell_body(ptm_session *session, ptm_samples *samples, lane *from)
{
	const ptm_item *item = &from->item;
	const ptm_block *block = &session->blocks.blocks.at[item->block];
	bool whole = item->end != PTM_END_FALLTHROUGH && item->end != PTM_END_ASYNC && item->end != PTM_END_ABORT;
	uint32_t count = whole && item->instructions ? item->instructions - 1u : item->instructions;
	uint32_t flags = state_flags(session, item) & ~(uint32_t)FLAG_INTERRUPTS_TOGGLE;
	uint64_t ip = block->ip;

	/* What a transaction did before it was aborted. */
	if (item->end == PTM_END_ABORT)
		flags |= FLAG_IN_TRANSACTION;
	for (uint32_t i = 0; i < count; i++) {
		sample told = { .kind = 2, .tsc = from->tsc, .ip = ip, .length = length_of(session, block, i),
			.code_ip = ip, .code_space = item->space, .flags = flags };
		if (item->estimated_cycles)
			measure(&told, from, &from->last_instruction, item->instructions - i - 1);
		PTM_TRY(put(session, samples, from, &told));
		ip += told.length;
	}
	return PTM_OK;
}

static bool is_taken(const ptm_item *item)
{
	return item->end != PTM_END_FALLTHROUGH && item->end != PTM_END_NOT_TAKEN;
}

/* Address of the last of the first `count` instructions of a block. */
static uint64_t instruction_ip(const ptm_session *session, const ptm_block *block, uint32_t count)
{
	uint64_t ip = block->ip;
	if (count == block->instructions)
		return block->last_ip;
	for (uint32_t i = 0; i + 1 < count; i++)
		ip += length_of(session, block, i);
	return ip;
}

static ptm_status tell_visit_end(ptm_session *session, ptm_samples *samples, lane *from)
{
	const ptm_item *item = &from->item;
	const ptm_block *block = &session->blocks.blocks.at[item->block];
	bool asynchronous = item->end == PTM_END_ASYNC || item->end == PTM_END_ABORT;
	sample told = { .tsc = from->tsc, .ip = item->ip, .addr = item->to_ip, .flags = end_flags(item, block->class) | state_flags(session, item),
		.code_ip = item->ip, .code_space = item->space, .length = LENGTH_UNKNOWN };

	from->walked_space = item->space;
	from->walked_length = item->instructions && !asynchronous ? length_of(session, block, item->instructions - 1u) : 0;
	from->walked_ip = instruction_ip(session, block, item->instructions);
	if (item->end == PTM_END_FALLTHROUGH)
		return PTM_OK;
	if (!asynchronous)
		told.length = length_of(session, block, block->instructions - 1u);
	if (samples->flags & SAMPLE_INSTRUCTIONS && !asynchronous) {
		sample instruction = told;
		instruction.kind = 2;
		if (item->end == PTM_END_NOT_TAKEN)
			instruction.addr = 0;
		measure(&instruction, from, &from->last_instruction, 0);
		PTM_TRY(put(session, samples, from, &instruction));
	}
	if (samples->flags & SAMPLE_BRANCHES && is_taken(item)) {
		told.kind = 1;
		measure(&told, from, &from->last_branch, 0);
		PTM_TRY(put(session, samples, from, &told));
	}
	return PTM_OK;
}

/* Whether perf's decoder stops at the item. */
static bool is_state(const ptm_samples *samples, const ptm_item *item)
{
	return item->kind != PTM_ITEM_VISIT || is_taken(item) || samples->flags & SAMPLE_INSTRUCTIONS;
}

/* Takes over the cycles that came with the item. A branch not taken is no state
 * of perf's unless instructions are told, and swallows them. */
static void take_cycles(const ptm_samples *samples, lane *from)
{
	const ptm_item *item = &from->item;
	if (item->kind == PTM_ITEM_GAP || (is_state(samples, item) && item->new_cycles))
		from->cycles = item->total_cycles;
}

static ptm_status tell(ptm_session *session, ptm_samples *samples, lane *from)
{
	const ptm_item *item = &from->item;

	take_cycles(samples, from);
	if (item->kind == PTM_ITEM_VISIT)
		return tell_visit_end(session, samples, from);
	if (item->kind == PTM_ITEM_BEGIN && item->reason == PTM_GAP_OVERFLOW)
		from->walked_length = 0;
	if (item->kind == PTM_ITEM_BEGIN && !item->resumed && samples->flags & SAMPLE_BRANCHES) {
		sample told = { .kind = 1, .tsc = from->tsc, .addr = item->to_ip,
			.code_ip = from->walked_ip, .code_space = from->walked_space, .length = from->walked_length,
			.flags = FLAG_BRANCH | FLAG_BEGIN | state_flags(session, item) };
		measure(&told, from, &from->last_branch, 0);
		return put(session, samples, from, &told);
	}
	return PTM_OK;
}

static uint32_t error_of(uint8_t reason)
{
	switch (reason) {
	case PTM_GAP_BAD_PACKET: return 3;
	case PTM_GAP_NO_CODE: return 5;
	case PTM_GAP_CODE_MISMATCH: return 6;
	case PTM_GAP_OVERFLOW: return 7;
	case PTM_GAP_AUX_TRUNCATED: return 8;
	case PTM_GAP_ENDLESS_LOOP: return 10;
	default: return 0;
	}
}

/* perf names a binary that it cannot read only once. */
static ptm_status is_told_before(ptm_session *session, ptm_samples *samples, const ptm_item *item, bool *before)
{
	const ptm_map *map = item->reason == PTM_GAP_NO_CODE ? ptm_spaces_find(session->spaces, item->space, item->ip) : NULL;

	*before = false;
	if (!map)
		return PTM_OK;
	for (uint32_t i = 0; i < samples->unreadable.length && !*before; i++)
		*before = samples->unreadable.at[i] == map->name;
	return *before ? PTM_OK : ptm_array_push(&samples->unreadable, map->name);
}

static ptm_status tell_gap(ptm_session *session, ptm_samples *samples, lane *from)
{
	const ptm_item *item = &from->item;
	sample told = { .kind = 4, .tsc = item->end_tsc, .ip = item->ip, .error = error_of(item->reason) };
	bool before;
	if (!told.error || !(samples->flags & SAMPLE_ERRORS))
		return PTM_OK;
	PTM_TRY(is_told_before(session, samples, item, &before));
	return before ? PTM_OK : put(session, samples, from, &told);
}

/* The error row of an AUX record that says data was lost: it stands at the record's own time. */
static ptm_status tell_truncated(ptm_session *session, ptm_samples *samples, const ptm_record *record)
{
	sample told = { .kind = 4, .ns = record->time, .error = error_of(PTM_GAP_AUX_TRUNCATED) };
	lane from = { .thread = ptm_sideband_thread(&session->sideband, record->pid, record->tid) };
	const uint32_t count = session->file.queues.length;

	if (!(samples->flags & SAMPLE_ERRORS))
		return PTM_OK;
	for (uint32_t row = 0; row < count; row++) {
		const ptm_queue *queue = &session->file.queues.at[row];
		if (queue->cpu == record->cpu || (queue->tid > 0 && queue->tid == record->tid))
			from.stream.queue = row;
	}
	return count ? put(session, samples, &from, &told) : PTM_OK;
}

/* ------------------------------------------------------------------ lanes */

static ptm_status open_lanes(ptm_session *session, ptm_samples *samples)
{
	uint32_t count = session->file.queues.length;
	PTM_TRY(ptm_array_reserve(&samples->lanes, count));
	for (uint32_t queue = 0; queue < count; queue++) {
		lane *added = &samples->lanes.at[samples->lanes.length++];
		ptm_flow_config config;
		*added = (lane){ .stream = ptm_stream_of(session, queue) };
		ptm_stream_config(&added->stream, &config);
		const ptm_segment *first = &session->segments.at[session->first_segment.at[queue]];
		PTM_TRY(ptm_flow_new(&added->flow, &session->blocks, &config, 0, ptm_stream_size(&added->stream), &first->clock));
	}
	return PTM_OK;
}

/* Next item of a lane that perf would call a state. */
static ptm_status next_state(lane *from)
{
	do {
		ptm_status status = ptm_flow_next(from->flow, &from->item);
		if (status == PTM_END)
			from->ended = true;
		PTM_TRY(status);
	} while (from->item.kind == PTM_ITEM_SWITCH || from->item.kind == PTM_ITEM_CHECKPOINT);
	from->has_item = true;
	return PTM_OK;
}

/* perf's set-up of its queues: decode each to its first time. */
static ptm_status set_up(ptm_samples *samples)
{
	samples->set_up = true;
	for (uint32_t row = 0; row < samples->lanes.length; row++) {
		lane *one = &samples->lanes.at[row];
		ptm_status status;
		while ((status = next_state(one)) == PTM_OK && (one->item.kind == PTM_ITEM_GAP || !one->item.end_tsc))
			;
		if (status == PTM_END)
			continue;
		PTM_TRY(status);
		one->tsc = one->item.end_tsc;
		PTM_TRY(heap_add(samples, row, one->tsc));
	}
	return PTM_OK;
}

/* Whom perf takes to run on a queue: the last switch on its CPU says it, else the queue's own thread. */
static uint32_t thread_of(const ptm_session *session, const ptm_samples *samples, const lane *one)
{
	const ptm_queue *queue = &session->file.queues.at[one->stream.queue];
	uint32_t thread = 0;
	if (queue->cpu >= 0 && (uint32_t)queue->cpu < samples->running.length && (queue->tid <= 0 || session->pt.have_sched_switch))
		thread = samples->running.at[queue->cpu];
	return thread || queue->tid <= 0 ? thread : ptm_sideband_thread(&session->sideband, -1, queue->tid);
}

/* Decodes one lane until its time reaches the run's limit. PTM_MORE: the table is full. */
static ptm_status run_lane(ptm_session *session, ptm_samples *samples, uint32_t most)
{
	lane *one = &samples->lanes.at[samples->run_lane];

	for (;;) {
		if (ptm_table_rows(samples->table) >= most)
			return PTM_MORE;
		if (one->has_item) {
			one->has_item = false;
			PTM_TRY(tell(session, samples, one));
		}
		PTM_TRY(next_state(one));
		if (one->item.kind == PTM_ITEM_GAP) {
			one->has_item = false;
			take_cycles(samples, one);
			PTM_TRY(tell_gap(session, samples, one));
			continue;
		}
		if (one->item.kind == PTM_ITEM_VISIT && samples->flags & SAMPLE_INSTRUCTIONS)
			PTM_TRY(tell_body(session, samples, one));
		if (!is_state(samples, &one->item))
			continue;
		/* Where tracing begins, an estimate ahead of the packets is corrected. */
		if (one->item.end_tsc > one->tsc || (one->item.kind == PTM_ITEM_BEGIN && !one->item.resumed))
			one->tsc = one->item.end_tsc;
		if (one->tsc >= samples->run_limit)
			return PTM_OK;
	}
}

/* Runs the lanes, always the one that lags, up to samples->limit. */
static ptm_status run_lanes(ptm_session *session, ptm_samples *samples, uint32_t most)
{
	for (;;) {
		if (!samples->in_run) {
			if (!samples->heap.length || samples->heap.at[0].tsc >= samples->limit)
				return PTM_OK;
			samples->run_lane = samples->heap.at[0].lane;
			heap_pop(samples);
			samples->run_limit = samples->limit;
			if (samples->heap.length && samples->heap.at[0].tsc + 1 < samples->limit)
				samples->run_limit = samples->heap.at[0].tsc + 1;
			lane *one = &samples->lanes.at[samples->run_lane];
			one->thread = thread_of(session, samples, one);
			samples->in_run = true;
		}
		ptm_status status = run_lane(session, samples, most);
		if (status != PTM_OK && status != PTM_END)
			return status;
		samples->in_run = false;
		if (status == PTM_OK)
			PTM_TRY(heap_add(samples, samples->run_lane, samples->lanes.at[samples->run_lane].tsc));
	}
}

/* Lets a sideband record in: what perf changes at its time. */
static ptm_status let_in(ptm_session *session, ptm_samples *samples, const ptm_record *record)
{
	int32_t pid = record->pid, tid = record->tid;

	if (record->time != PTM_NO_TIME)
		samples->record_ns = record->time;
	switch (record->type) {
	case PTM_RECORD_AUX:
		return record->as.aux.flags & 1 ? tell_truncated(session, samples, record) : PTM_OK;
	case PTM_RECORD_SWITCH:
		if (record->as.swap.out)
			return PTM_OK;
		break;
	case PTM_RECORD_SWITCH_CPU_WIDE:
		if (!record->as.swap.out)
			return PTM_OK;
		pid = record->as.swap.other_pid;
		tid = record->as.swap.other_tid;
		break;
	case PTM_RECORD_ITRACE_START:
		if (!session->pt.per_cpu_mmaps)
			return PTM_OK;
		break;
	default:
		return PTM_OK;
	}
	if (record->cpu < 0 || record->cpu > 65535 || tid == -1)
		return PTM_OK;
	while (samples->running.length <= (uint32_t)record->cpu)
		PTM_TRY(ptm_array_push(&samples->running, 0));
	samples->running.at[record->cpu] = ptm_sideband_thread(&session->sideband, pid, tid);
	return PTM_OK;
}

/* Fills the table with up to `most` rows (a visit's rows stay together). */
static ptm_status fill(ptm_session *session, ptm_samples *samples, uint32_t most)
{
	for (;;) {
		if (samples->limited) {
			PTM_TRY(run_lanes(session, samples, most));
			samples->limited = false;
			if (samples->record > session->file.records.length)
				return PTM_END;
			PTM_TRY(let_in(session, samples, &session->file.records.at[samples->record - 1]));
		}
		if (samples->record >= session->file.records.length) {
			if (!samples->set_up)
				PTM_TRY(set_up(samples));
			samples->record++;
			samples->limit = UINT64_MAX;
			samples->limited = true;
			continue;
		}
		const ptm_record *record = &session->file.records.at[samples->record++];
		if (record->time == PTM_NO_TIME || !record->time) {
			PTM_TRY(let_in(session, samples, record));
			continue;
		}
		if (!samples->set_up)
			PTM_TRY(set_up(samples));
		samples->limit = ptm_time_tsc(&session->time, record->time);
		samples->limited = true;
	}
}

ptm_status ptm_query_samples(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	if (session->flow_source == PTM_SOURCE_BTS)
		return ptm_query_bts_samples(session, request, table);
	if (!request->first || !session->samples) {
		ptm_samples_free(session->samples);
		session->samples = calloc(1, sizeof *session->samples);
		if (!session->samples)
			return PTM_NO_MEMORY;
		session->samples->flags = request->flags;
		PTM_TRY(open_lanes(session, session->samples));
	}
	session->samples->table = table;
	ptm_status status = fill(session, session->samples, request->count ? request->count : 1u << 16);
	return status == PTM_END || status == PTM_MORE ? PTM_OK : status;
}
