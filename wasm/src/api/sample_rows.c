/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of table `samples`, as perf script prints them: what a queue's items are
 * in perf's words. */
#include "api/samples_bts.h"
#include "api/samples_state.h"
#include <stdio.h>

/* perf's sample flags, by bit. */
enum {
	FLAG_BRANCH = 1 << 0, FLAG_CALL = 1 << 1, FLAG_RETURN = 1 << 2, FLAG_CONDITIONAL = 1 << 3, FLAG_SYSCALL = 1 << 4,
	FLAG_ASYNC = 1 << 5, FLAG_INTERRUPT = 1 << 6, FLAG_ABORT = 1 << 7, FLAG_BEGIN = 1 << 8, FLAG_END = 1 << 9,
	FLAG_IN_TRANSACTION = 1 << 10, FLAG_VMENTRY = 1 << 11, FLAG_VMEXIT = 1 << 12, FLAG_INTERRUPTS_OFF = 1 << 13,
	FLAG_INTERRUPTS_TOGGLE = 1 << 14
};

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
	PTM_TRY(ptm_table_set_text(table, symbol_column, row, name, strlen(name)));
	ptm_table_set_u64(table, offset_column, row, offset);
	return ptm_table_set_text(table, dso_column, row, dso, strlen(dso));
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

/* A thread's name as of the last record, as perf knows it then: "" before the first. */
static const char *name_of(const ptm_session *session, const ptm_samples *samples, uint32_t thread)
{
	const ptm_sideband *sideband = &session->sideband;
	for (uint32_t low = 0, high = sideband->comms.length; low < high;) {
		uint32_t middle = low + (high - low) / 2;
		const ptm_comm_change *at = &sideband->comms.at[middle];
		if (at->thread == thread && at->time <= samples->record_ns)
			return ptm_strings_get(&session->strings, ptm_sideband_comm(sideband, thread, samples->record_ns));
		if (at->thread < thread)
			low = middle + 1;
		else
			high = middle;
	}
	return "";
}

static ptm_status put(ptm_session *session, ptm_samples *samples, ptm_lane *from, const sample *told)
{
	ptm_table *table = samples->table;
	const ptm_thread *thread = &session->sideband.threads.at[from->thread];
	uint32_t row;

	PTM_TRY(ptm_table_add_row(table, &row));
	uint64_t ns = told->ns ? told->ns : ptm_time_ns(&session->time, told->tsc);
	uint32_t space = ptm_spaces_at(session->spaces, thread->pid, ptm_load_named_ns(session, samples->record_ns, ns));
	const char *comm = name_of(session, samples, from->thread);
	char nameless[16];
	snprintf(nameless, sizeof nameless, ":%d", thread->tid);
	if (!*comm)
		comm = nameless;
	ptm_table_set_u8(table, PTM_samples_kind, row, told->kind);
	ptm_table_set_u64(table, PTM_samples_time, row, ns);
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
static void measure(sample *told, const ptm_lane *from, ptm_counters *last, uint32_t left)
{
	const ptm_item *item = &from->item;
	if (!(item->new_cycles || item->estimated_cycles) || from->cycles == last->cycles)
		return;
	told->cycles = from->cycles - last->cycles;
	told->instructions = item->total_instructions - left - last->instructions;
	*last = (ptm_counters){ item->total_instructions - left, from->cycles };
}

/* Length of instruction `index` of a block. */
static uint8_t length_of(const ptm_session *session, const ptm_block *block, uint32_t index)
{
	return session->blocks.lengths.at[block->lengths + index];
}

ptm_status ptm_samples_tell_body(ptm_session *session, ptm_samples *samples, ptm_lane *from)
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

static ptm_status tell_visit_end(ptm_session *session, ptm_samples *samples, ptm_lane *from)
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
	if (samples->flags & PTM_SAMPLE_INSTRUCTIONS && !asynchronous) {
		sample instruction = told;
		instruction.kind = 2;
		if (item->end == PTM_END_NOT_TAKEN)
			instruction.addr = 0;
		measure(&instruction, from, &from->last_instruction, 0);
		PTM_TRY(put(session, samples, from, &instruction));
	}
	if (samples->flags & PTM_SAMPLE_BRANCHES && is_taken(item)) {
		told.kind = 1;
		measure(&told, from, &from->last_branch, 0);
		PTM_TRY(put(session, samples, from, &told));
	}
	return PTM_OK;
}

bool ptm_samples_is_state(const ptm_samples *samples, const ptm_item *item)
{
	return item->kind != PTM_ITEM_VISIT || is_taken(item) || samples->flags & PTM_SAMPLE_INSTRUCTIONS;
}

void ptm_samples_take_cycles(const ptm_samples *samples, ptm_lane *from)
{
	const ptm_item *item = &from->item;
	if (item->kind == PTM_ITEM_GAP || (ptm_samples_is_state(samples, item) && item->new_cycles))
		from->cycles = item->total_cycles;
}

ptm_status ptm_samples_tell(ptm_session *session, ptm_samples *samples, ptm_lane *from)
{
	const ptm_item *item = &from->item;

	ptm_samples_take_cycles(samples, from);
	if (item->kind == PTM_ITEM_VISIT)
		return tell_visit_end(session, samples, from);
	if (item->kind == PTM_ITEM_BEGIN && item->reason == PTM_GAP_OVERFLOW)
		from->walked_length = 0;
	if (item->kind == PTM_ITEM_BEGIN && !item->resumed && samples->flags & PTM_SAMPLE_BRANCHES) {
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

ptm_status ptm_samples_tell_gap(ptm_session *session, ptm_samples *samples, ptm_lane *from)
{
	const ptm_item *item = &from->item;
	sample told = { .kind = 4, .tsc = item->end_tsc, .ip = item->ip, .error = error_of(item->reason) };
	bool before;
	if (!told.error || !(samples->flags & PTM_SAMPLE_ERRORS))
		return PTM_OK;
	PTM_TRY(is_told_before(session, samples, item, &before));
	return before ? PTM_OK : put(session, samples, from, &told);
}

ptm_status ptm_samples_tell_truncated(ptm_session *session, ptm_samples *samples, const ptm_record *record)
{
	sample told = { .kind = 4, .ns = record->time, .error = error_of(PTM_GAP_AUX_TRUNCATED) };
	ptm_lane from = { .thread = ptm_sideband_thread(&session->sideband, record->pid, record->tid) };
	const uint32_t count = session->file.queues.length;

	if (!(samples->flags & PTM_SAMPLE_ERRORS))
		return PTM_OK;
	for (uint32_t row = 0; row < count; row++) {
		const ptm_queue *queue = &session->file.queues.at[row];
		if (queue->cpu == record->cpu || (queue->tid > 0 && queue->tid == record->tid))
			from.stream.queue = row;
	}
	return count ? put(session, samples, &from, &told) : PTM_OK;
}
