/* SPDX-License-Identifier: Apache-2.0 */
/* Table `branches` of a source that sees every branch (PT, BTS): made of what
 * the profile counts for the blocks that end with them. How a branch was
 * predicted none of these sources tells. */
#include "api/session.h"
#include <math.h>

typedef struct branch {
	const ptm_block *block;  /* one that ends with it */
	uint64_t taken, not_taken;
} branch;

static int compare_places(const void *left, const void *right)
{
	const ptm_block *a = ((const branch *)left)->block, *b = ((const branch *)right)->block;
	if (a->code_id != b->code_id)
		return a->code_id < b->code_id ? -1 : 1;
	return a->last_ip < b->last_ip ? -1 : a->last_ip > b->last_ip;
}

static int compare_counts(const void *left, const void *right)
{
	const branch *a = left, *b = right;
	uint64_t ours = a->taken + a->not_taken, theirs = b->taken + b->not_taken;
	if (ours != theirs)
		return ours < theirs ? 1 : -1;
	return compare_places(left, right);
}

/* One entry for each branch: several blocks may end with it. */
static uint32_t list_branches(const ptm_session *session, const ptm_block_stat *stats, uint32_t count, branch *rows)
{
	uint32_t kept = 0, length = 0;

	for (uint32_t i = 0; i < count; i++) {
		const ptm_block *block = &session->blocks.blocks.at[stats[i].block];
		if (ptm_insn_is_branch(block->class) && stats[i].taken + stats[i].not_taken)
			rows[kept++] = (branch){ block, stats[i].taken, stats[i].not_taken };
	}
	qsort(rows, kept, sizeof *rows, compare_places);
	for (uint32_t i = 0; i < kept; i++) {
		if (length && !compare_places(&rows[length - 1], &rows[i])) {
			rows[length - 1].taken += rows[i].taken;
			rows[length - 1].not_taken += rows[i].not_taken;
		} else {
			rows[length++] = rows[i];
		}
	}
	qsort(rows, length, sizeof *rows, compare_counts);
	return length;
}

/* A block that was entered at `ip`, or NULL; `stats` are sorted by address. */
static const ptm_block *block_at(const ptm_session *session, const ptm_block_stat *stats, uint32_t count, uint64_t ip, uint32_t code_id)
{
	uint32_t low = 0, high = count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (session->blocks.blocks.at[stats[middle].block].ip < ip)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count; low++) {
		const ptm_block *block = &session->blocks.blocks.at[stats[low].block];
		if (block->ip != ip)
			break;
		if (block->code_id == code_id)
			return block;
	}
	return NULL;
}

/* Where the branch goes: into a block that ran; else (it was never taken) to a place
 * in its own function, or elsewhere in a space that has the block's code. */
static void put_target(ptm_session *session, const ptm_block *block, const ptm_block *to, ptm_table *table, uint32_t row)
{
	uint64_t start = block->ip - block->function_offset, offset = block->target;
	uint32_t function = 0;

	if (to) {
		function = to->function;
		offset = to->function_offset;
	} else if (block->target && block->target - start < ptm_spaces_function(session->spaces, block->function)->size) {
		function = block->function;
		offset = block->target - start;
	} else if (block->target) {
		function = ptm_spaces_function_at(session->spaces, ptm_spaces_of_code(session->spaces, block->code_id), block->target, &offset);
	}
	ptm_table_set_u64(table, PTM_branches_to, row, block->target);
	ptm_table_set_u32(table, PTM_branches_to_function, row, function);
	ptm_table_set_f64(table, PTM_branches_to_offset, row, (double)offset);
}

static ptm_status put_branch(ptm_session *session, const branch *one, const ptm_block *to, ptm_table *table)
{
	const ptm_block *block = one->block;
	bool conditional = block->class == PTM_INSN_JCC || block->class == PTM_INSN_LOOP;
	bool loops = conditional && block->target && block->target <= block->last_ip && one->not_taken;
	uint32_t row;

	PTM_TRY(ptm_table_add_row(table, &row));
	ptm_table_set_u64(table, PTM_branches_from, row, block->last_ip);
	ptm_table_set_u32(table, PTM_branches_from_function, row, block->function);
	ptm_table_set_f64(table, PTM_branches_from_offset, row, (double)(block->function_offset + (block->last_ip - block->ip)));
	put_target(session, block, to, table, row);
	ptm_table_set_u8(table, PTM_branches_class, row, block->class);
	ptm_table_set_u8(table, PTM_branches_type, row, 0);
	ptm_table_set_f64(table, PTM_branches_taken, row, (double)one->taken);
	ptm_table_set_f64(table, PTM_branches_not_taken, row, conditional ? (double)one->not_taken : NAN);
	ptm_table_set_f64(table, PTM_branches_mispredicted, row, NAN);
	ptm_table_set_f64(table, PTM_branches_predicted, row, NAN);
	ptm_table_set_f64(table, PTM_branches_cycles, row, NAN);
	ptm_table_set_f64(table, PTM_branches_cycle_count, row, 0);
	ptm_table_set_f64(table, PTM_branches_trips, row, loops ? (double)(one->taken + one->not_taken) / (double)one->not_taken : NAN);
	return PTM_OK;
}

ptm_status ptm_query_all_branches(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	ptm_profile *profile;
	uint32_t count;

	PTM_TRY(ptm_window_profile(session, request, &profile));
	const ptm_block_stat *stats = ptm_profile_blocks(profile, &count);
	branch *rows = calloc(count + 1u, sizeof *rows);
	if (!rows)
		return PTM_NO_MEMORY;
	uint32_t length = list_branches(session, stats, count, rows);
	ptm_status status = PTM_OK;
	for (uint32_t i = 0; status == PTM_OK && i < length; i++) {
		const ptm_block *block = rows[i].block;
		status = put_branch(session, &rows[i], block->target ? block_at(session, stats, count, block->target, block->code_id) : NULL, table);
	}
	free(rows);
	return status;
}
