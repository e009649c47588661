/* SPDX-License-Identifier: Apache-2.0 */
/* Table `branches` of branch stacks: their entries, added up by where they
 * came from and went. Reads the samples again; how often a conditional branch
 * was passed by comes from the flow between entries. */
#include "api/session.h"
#include "base/hash.h"
#include <math.h>

/* Most rows kept; entries of branches beyond these are not counted. */
#define MOST_BRANCHES (1u << 20)

typedef struct branch {
	uint64_t from, to;
	uint32_t code_id, space;
	uint8_t type;
	uint64_t count, mispredicted, predicted, cycles, measured;
} branch;

/* How often the conditional branch at the end of a block was not taken. */
typedef struct passing { uint64_t count; } passing;

typedef struct adder {
	ptm_session *session;
	uint64_t start_ns, end_ns;
	uint32_t thread;
	PTM_ARRAY(branch) branches;
	uint32_t *slots; uint32_t slot_count;
	PTM_ARRAY(passing) passed;   /* by row of blocks */
} adder;

static uint32_t slot_of(const adder *add, uint32_t code_id, uint64_t from, uint64_t to)
{
	uint32_t mask = add->slot_count - 1;
	uint32_t slot = (uint32_t)ptm_hash_u64(from ^ ptm_hash_u64(to + code_id)) & mask;
	for (; add->slots[slot]; slot = (slot + 1) & mask) {
		const branch *known = &add->branches.at[add->slots[slot] - 1];
		if (known->from == from && known->to == to && known->code_id == code_id)
			break;
	}
	return slot;
}

static ptm_status grow(adder *add)
{
	uint32_t count = add->slot_count ? add->slot_count * 2 : 4096;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return PTM_NO_MEMORY;
	free(add->slots);
	add->slots = slots;
	add->slot_count = count;
	for (uint32_t row = 0; row < add->branches.length; row++) {
		const branch *known = &add->branches.at[row];
		add->slots[slot_of(add, known->code_id, known->from, known->to)] = row + 1;
	}
	return PTM_OK;
}

static ptm_status add_entry(adder *add, uint32_t space, const ptm_branch *entry)
{
	uint32_t code_id = ptm_spaces_code_id(add->session->spaces, space);

	if ((add->branches.length + 1) * 2 > add->slot_count)
		PTM_TRY(grow(add));
	uint32_t slot = slot_of(add, code_id, entry->from, entry->to);
	if (!add->slots[slot]) {
		if (add->branches.length >= MOST_BRANCHES)
			return PTM_OK;
		branch made = { .from = entry->from, .to = entry->to, .code_id = code_id, .space = space, .type = entry->type };
		PTM_TRY(ptm_array_push(&add->branches, made));
		add->slots[slot] = add->branches.length;
	}
	branch *into = &add->branches.at[add->slots[slot] - 1];
	into->count++;
	into->mispredicted += entry->mispredicted;
	into->predicted += entry->predicted;
	if (entry->cycles && entry->cycles != PTM_LBR_CYCLES_FULL) {
		into->cycles += entry->cycles;
		into->measured++;
	}
	return PTM_OK;
}

static ptm_status add_samples(adder *add)
{
	ptm_session *session = add->session;
	ptm_sample sample;

	for (uint32_t row = 0; row < session->file.samples.length; row++) {
		const ptm_sample_ref *ref = &session->file.samples.at[row];
		const ptm_attr *attr = &session->file.attrs.at[ref->attr];
		if (!ref->branches || attr->branch_sample_type & PTM_BRANCH_CALL_STACK || ref->time < add->start_ns || ref->time >= add->end_ns)
			continue;
		if (add->thread != PTM_ALL && ptm_sideband_thread(&session->sideband, ref->pid, ref->tid) != add->thread)
			continue;
		PTM_TRY(ptm_sample_read(&session->file, row, &sample));
		uint32_t space = ptm_spaces_at(session->spaces, ref->pid, ref->time);
		for (uint32_t i = 0; i < sample.branch_count; i++) {
			ptm_branch entry = ptm_sample_branch(&sample, i);
			if (entry.from || entry.to)
				PTM_TRY(add_entry(add, space, &entry));
		}
	}
	return PTM_OK;
}

/* Counts the conditional branches that the flow of a queue passed by. */
static ptm_status add_passed(adder *add, uint32_t queue)
{
	ptm_session *session = add->session;
	ptm_stream stream = ptm_stream_of(session, queue);
	ptm_flow_config config;
	ptm_flow *flow;
	ptm_item item;

	ptm_stream_config(&stream, &config);
	ptm_status status = ptm_flow_new(&flow, &session->blocks, &config, 0, ptm_stream_size(&stream), NULL);
	while (status == PTM_OK && (status = ptm_flow_next(flow, &item)) == PTM_OK) {
		if (item.kind != PTM_ITEM_VISIT || item.end != PTM_END_NOT_TAKEN || item.end_ns < add->start_ns || item.start_ns >= add->end_ns)
			continue;
		if (add->thread != PTM_ALL && item.thread != add->thread)
			continue;
		while (status == PTM_OK && add->passed.length <= item.block)
			status = ptm_array_push(&add->passed, ((passing){ 0 }));
		if (status == PTM_OK)
			add->passed.at[item.block].count++;
	}
	ptm_flow_free(flow);
	return status == PTM_END ? PTM_OK : status;
}

typedef struct not_taken { uint64_t from; uint32_t code_id; uint64_t count; } not_taken;

static int compare_not_taken(const void *left, const void *right)
{
	const not_taken *a = left, *b = right;
	if (a->code_id != b->code_id)
		return a->code_id < b->code_id ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

/* Adds up by the branch's own address: several blocks may end with it. */
static ptm_status list_not_taken(const adder *add, not_taken **rows, uint32_t *count)
{
	const ptm_blocks *blocks = &add->session->blocks;
	uint32_t kept = 0;

	*count = 0;
	*rows = calloc(add->passed.length + 1u, sizeof **rows);
	if (!*rows)
		return PTM_NO_MEMORY;
	for (uint32_t i = 0; i < add->passed.length; i++)
		if (add->passed.at[i].count)
			(*rows)[kept++] = (not_taken){ blocks->blocks.at[i].last_ip, blocks->blocks.at[i].code_id, add->passed.at[i].count };
	qsort(*rows, kept, sizeof **rows, compare_not_taken);
	for (uint32_t i = 0; i < kept; i++) {
		not_taken *last = *count ? &(*rows)[*count - 1] : NULL;
		if (last && !compare_not_taken(last, &(*rows)[i]))
			last->count += (*rows)[i].count;
		else
			(*rows)[(*count)++] = (*rows)[i];
	}
	return PTM_OK;
}

static void put_place(ptm_session *session, ptm_table *table, uint32_t row, const branch *one)
{
	uint64_t offset;
	uint32_t function = ptm_spaces_function_at(session->spaces, one->space, one->from, &offset);

	ptm_table_set_u64(table, PTM_branches_from, row, one->from);
	ptm_table_set_u32(table, PTM_branches_from_function, row, function);
	ptm_table_set_f64(table, PTM_branches_from_offset, row, (double)offset);
	function = ptm_spaces_function_at(session->spaces, one->space, one->to, &offset);
	ptm_table_set_u64(table, PTM_branches_to, row, one->to);
	ptm_table_set_u32(table, PTM_branches_to_function, row, function);
	ptm_table_set_f64(table, PTM_branches_to_offset, row, (double)offset);
}

static ptm_status put_branch(adder *add, ptm_table *table, const branch *one, const not_taken *passed, uint32_t passed_count)
{
	ptm_session *session = add->session;
	uint32_t row, block;
	double missed = NAN, trips = NAN;

	PTM_TRY(ptm_table_add_row(table, &row));
	put_place(session, table, row, one);
	PTM_TRY(ptm_blocks_find(&session->blocks, one->space, one->from, PTM_MODE_64, &block));
	const ptm_block *at = &session->blocks.blocks.at[block];
	bool known = at->instructions == 1 && ptm_insn_is_branch(at->class);
	if (known && (at->class == PTM_INSN_JCC || at->class == PTM_INSN_LOOP)) {
		not_taken wanted = { one->from, one->code_id, 0 };
		const not_taken *found = bsearch(&wanted, passed, passed_count, sizeof wanted, compare_not_taken);
		missed = found ? (double)found->count : 0;
		if (one->to <= one->from && missed > 0)
			trips = ((double)one->count + missed) / missed;
	}
	ptm_table_set_u8(table, PTM_branches_class, row, known ? at->class : 0);
	ptm_table_set_u8(table, PTM_branches_type, row, one->type);
	ptm_table_set_f64(table, PTM_branches_taken, row, (double)one->count);
	ptm_table_set_f64(table, PTM_branches_not_taken, row, missed);
	ptm_table_set_f64(table, PTM_branches_mispredicted, row, (double)one->mispredicted);
	ptm_table_set_f64(table, PTM_branches_predicted, row, (double)one->predicted);
	ptm_table_set_f64(table, PTM_branches_cycles, row, one->measured ? (double)one->cycles / (double)one->measured : NAN);
	ptm_table_set_f64(table, PTM_branches_cycle_count, row, (double)one->measured);
	ptm_table_set_f64(table, PTM_branches_trips, row, trips);
	return PTM_OK;
}

static int compare_branches(const void *left, const void *right)
{
	const branch *a = left, *b = right;
	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

static ptm_status put_all(adder *add, ptm_table *table)
{
	not_taken *passed = NULL;
	uint32_t count;
	ptm_status status = list_not_taken(add, &passed, &count);

	if (add->branches.length)
		qsort(add->branches.at, add->branches.length, sizeof *add->branches.at, compare_branches);
	for (uint32_t i = 0; status == PTM_OK && i < add->branches.length; i++)
		status = put_branch(add, table, &add->branches.at[i], passed, count);
	free(passed);
	return status;
}

ptm_status ptm_query_branches(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	bool everything = !request->start_ns && !request->end_ns;
	adder add = { .session = session, .thread = request->thread, .start_ns = everything ? 0 : ptm_absolute_ns(session, request->start_ns),
		.end_ns = everything ? UINT64_MAX : ptm_absolute_ns(session, request->end_ns) };
	if (session->flow_source != PTM_SOURCE_LBR)
		return ptm_query_all_branches(session, request, table);
	ptm_status status = add_samples(&add);
	for (uint32_t queue = 0; status == PTM_OK && queue < session->file.queues.length; queue++)
		status = add_passed(&add, queue);
	if (status == PTM_OK)
		status = put_all(&add, table);
	ptm_array_free(&add.branches);
	ptm_array_free(&add.passed);
	free(add.slots);
	return status;
}
