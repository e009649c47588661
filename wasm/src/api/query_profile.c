/* SPDX-License-Identifier: Apache-2.0 */
/* Tables made of a profile: call tree, calls, gaps, blocks, coverage. */
#include "api/session.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Largest window that is decoded again to draw its short calls, in AUX bytes. */
#define MOST_WINDOW_BYTES (32u << 20)

static bool wants_thread(const ptm_request *request, uint32_t thread)
{
	return request->thread == PTM_ALL || request->thread == thread;
}

static double cycles_or_nan(const ptm_session *session, uint64_t cycles)
{
	return session->pt.cyc_enabled ? (double)cycles : NAN;
}

/* Records without a time: nothing within a buffer has a duration. */
static double ns_or_nan(const ptm_session *session, uint64_t ns)
{
	bool unknown = session->flow_source == PTM_SOURCE_BTS || (session->flow_source == PTM_SOURCE_LBR && !(session->cycle_ns > 0));
	return unknown ? NAN : (double)ns;
}

static ptm_status put_node(ptm_session *session, ptm_table *table, const ptm_call_node *node, uint32_t parent, uint32_t *row)
{
	PTM_TRY(ptm_table_add_row(table, row));
	ptm_table_set_u32(table, PTM_call_tree_parent, *row, parent);
	ptm_table_set_u32(table, PTM_call_tree_function, *row, node->function);
	ptm_table_set_u32(table, PTM_call_tree_thread, *row, node->thread);
	ptm_table_set_f64(table, PTM_call_tree_calls, *row, (double)node->calls);
	ptm_table_set_f64(table, PTM_call_tree_self_ns, *row, ns_or_nan(session, node->self_ns));
	ptm_table_set_f64(table, PTM_call_tree_self_instructions, *row, (double)node->self_instructions);
	ptm_table_set_f64(table, PTM_call_tree_self_cycles, *row, cycles_or_nan(session, node->self_cycles));
	ptm_table_set_f64(table, PTM_call_tree_self_samples, *row, NAN);
	ptm_table_set_f64(table, PTM_call_tree_self_events, *row, NAN);
	return PTM_OK;
}

static ptm_status put_tree(ptm_session *session, const ptm_request *request, ptm_profile *profile, uint32_t *rows, ptm_table *table)
{
	uint32_t count;
	const ptm_call_node *nodes = ptm_profile_call_tree(profile, &count);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t parent = PTM_ALL;
		if (!wants_thread(request, nodes[i].thread))
			continue;
		if (nodes[i].parent != UINT32_MAX)
			parent = rows[nodes[i].parent];
		PTM_TRY(put_node(session, table, &nodes[i], parent, &rows[i]));
	}
	return PTM_OK;
}

static bool has_weight(const ptm_weights *weights)
{
	return weights->calls || weights->self_ns || weights->self_instructions || weights->self_cycles;
}

/* The whole trace's tree with the weights of a range: rows that have some, and what is above them. */
static ptm_status put_range(ptm_session *session, const ptm_request *request, const ptm_weights *weights, uint32_t *rows, ptm_table *table)
{
	uint32_t count;
	const ptm_call_node *nodes = ptm_profile_call_tree(session->profile, &count);

	/* Parents come first: what is below a row has marked it when it is reached from the end. */
	for (uint32_t i = count; i--;)
		if ((rows[i] |= has_weight(&weights[i])) && nodes[i].parent != UINT32_MAX)
			rows[nodes[i].parent] = 1;
	for (uint32_t i = 0; i < count; i++) {
		ptm_call_node node = nodes[i];
		if (!rows[i] || !wants_thread(request, node.thread))
			continue;
		node.calls = (uint64_t)weights[i].calls;
		node.self_ns = (uint64_t)weights[i].self_ns;
		node.self_instructions = (uint64_t)weights[i].self_instructions;
		node.self_cycles = (uint64_t)weights[i].self_cycles;
		PTM_TRY(put_node(session, table, &node, node.parent == UINT32_MAX ? PTM_ALL : rows[node.parent], &rows[i]));
	}
	return PTM_OK;
}

ptm_status ptm_query_call_tree(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	ptm_request all = *request;
	const ptm_weights *weights = NULL;
	ptm_profile *profile = session->profile;
	uint32_t count;

	if (session->flow_source == PTM_SOURCE_LBR && !session->has_branch_flow)
		return ptm_sample_tree(session, request, table);
	/* The whole trace's tree tells threads apart by itself. */
	if (!request->start_ns && !request->end_ns)
		all.thread = PTM_ALL;
	ptm_status summed = ptm_range_tree(session, request, &weights);
	if (summed == PTM_NOT_FOUND)
		PTM_TRY(ptm_window_profile(session, &all, &profile));
	else
		PTM_TRY(summed);
	(void)ptm_profile_call_tree(profile, &count);
	uint32_t *rows = calloc(count ? count : 1, sizeof *rows);
	if (!rows)
		return PTM_NO_MEMORY;
	ptm_status status = summed == PTM_OK ? put_range(session, request, weights, rows, table) : put_tree(session, request, profile, rows, table);
	free(rows);
	return status;
}

/* ------------------------------------------------------------------ calls */

enum { CALL_MERGED = 4, MOST_DEPTH = 4096 };

typedef struct pixel { double end_ns; uint32_t row; bool used; } pixel;

static ptm_status put_call(ptm_table *table, const ptm_session *session, const ptm_call *call, uint32_t *row)
{
	PTM_TRY(ptm_table_add_row(table, row));
	ptm_table_set_u32(table, PTM_calls_thread, *row, call->thread);
	ptm_table_set_u32(table, PTM_calls_depth, *row, call->depth);
	ptm_table_set_f64(table, PTM_calls_start_ns, *row, ptm_relative_ns(session, call->start_ns));
	ptm_table_set_f64(table, PTM_calls_end_ns, *row, ptm_relative_ns(session, call->end_ns));
	ptm_table_set_u32(table, PTM_calls_function, *row, call->function);
	ptm_table_set_u32(table, PTM_calls_flags, *row, call->flags);
	ptm_table_set_f64(table, PTM_calls_instructions, *row, (double)call->instructions);
	return PTM_OK;
}

/* Puts a call, or lengthens the box of short ones that stands at its depth. */
static ptm_status draw_call(ptm_session *session, ptm_table *table, const ptm_call *call, double width_ns, pixel *last)
{
	double start = ptm_relative_ns(session, call->start_ns), end = ptm_relative_ns(session, call->end_ns);
	bool is_short = end - start < width_ns;
	uint32_t row;

	if (is_short && last->used && start - last->end_ns < width_ns) {
		ptm_table_set_f64(table, PTM_calls_end_ns, last->row, end);
		ptm_table_set_u32(table, PTM_calls_flags, last->row, CALL_MERGED);
		ptm_table_set_f64(table, PTM_calls_instructions, last->row, NAN);
		last->end_ns = end;
		return PTM_OK;
	}
	PTM_TRY(put_call(table, session, call, &row));
	*last = (pixel){ end, row, is_short };
	return PTM_OK;
}

static ptm_status draw_calls(ptm_session *session, const ptm_request *request, ptm_profile *profile, double width_ns, ptm_table *table)
{
	uint64_t start = ptm_absolute_ns(session, request->start_ns), shortest;
	uint64_t end = request->end_ns > 0 ? ptm_absolute_ns(session, request->end_ns) : UINT64_MAX;
	uint32_t count;
	ptm_status status = PTM_OK;

	const ptm_call *calls = ptm_profile_calls(profile, &count, &shortest);
	pixel *last = calloc(MOST_DEPTH, sizeof *last);
	if (!last)
		return PTM_NO_MEMORY;
	for (uint32_t i = 0; status == PTM_OK && i < count; i++) {
		const ptm_call *call = &calls[i];
		if (i && call->thread != calls[i - 1].thread)
			memset(last, 0, MOST_DEPTH * sizeof *last);
		if (wants_thread(request, call->thread) && call->start_ns < end && call->end_ns >= start && call->depth < MOST_DEPTH)
			status = draw_call(session, table, call, width_ns, &last[call->depth]);
	}
	free(last);
	return status;
}

ptm_status ptm_query_calls(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	uint64_t start = ptm_absolute_ns(session, request->start_ns), end = ptm_absolute_ns(session, request->end_ns), shortest;
	double width_ns = request->count && request->end_ns > request->start_ns ? (request->end_ns - request->start_ns) / request->count : 0;
	ptm_profile *profile = session->profile;
	uint32_t count;

	(void)ptm_profile_calls(profile, &count, &shortest);
	/* Calls wide enough to be seen may have been left out of the whole trace's profile. */
	if (width_ns > 0 && (double)shortest > width_ns && ptm_window_bytes(session, start, end) <= MOST_WINDOW_BYTES) {
		PTM_TRY(ptm_window_profile(session, request, &profile));
	}
	return draw_calls(session, request, profile, width_ns, table);
}

/* ------------------------------------------------------------------- gaps */

/* Sentences on gaps between branch records, where PT's do not fit; 0: they do. */
static size_t bts_gap_text(const ptm_gap *gap, const char *name, char *into, size_t size)
{
	unsigned long long bytes = gap->bytes, offset = gap->offset, ip = gap->ip;

	switch (gap->reason) {
	case PTM_GAP_CODE_MISMATCH:
		return (size_t)snprintf(into, size, "The branch record at 0x%llx cannot follow from the one before: code%s%s at 0x%llx does not run on to where it branches. Records were lost, or the file is not what ran.",
			offset, *name ? " of " : "", name, ip);
	case PTM_GAP_AUX_MISSING:
		return bytes ? 0 : (size_t)snprintf(into, size, "What ran between two snapshots was overwritten before it was saved (at 0x%llx).", offset);
	case PTM_GAP_BAD_PACKET:
		return (size_t)snprintf(into, size, "The last %llu bytes of a piece of trace at 0x%llx are no whole branch record (24 bytes): they are skipped.", bytes, offset);
	default:
		return 0;
	}
}

size_t ptm_gap_text(const ptm_session *session, const ptm_gap *gap, char *into, size_t size)
{
	unsigned long long bytes = gap->bytes, offset = gap->offset, ip = gap->ip, count = gap->count;
	const ptm_map *map = ptm_spaces_find(session->spaces, ptm_session_space_of(session, gap->thread, session->flow_source == PTM_SOURCE_BTS ? gap->end_ns : gap->start_ns), gap->ip);
	const char *name = map ? ptm_strings_get(&session->strings, map->name) : "";
	size_t length = session->flow_source == PTM_SOURCE_BTS ? bts_gap_text(gap, name, into, size) : 0;

	if (length)
		return length;

	if (session->flow_source == PTM_SOURCE_LBR && gap->reason == PTM_GAP_CODE_MISMATCH)
		return (size_t)snprintf(into, size, "A branch stack does not follow the code%s%s at 0x%llx: the file is not what ran, code was changed at run time, or a branch was not recorded.", map ? " of " : "", name, ip);
	switch (gap->reason) {
	case PTM_GAP_BETWEEN_SAMPLES:
		return (size_t)snprintf(into, size, "Between samples for %.3f \xc2\xb5s: a branch stack tells the last branches before its sample and nothing else.",
			(double)(gap->end_ns - gap->start_ns) / 1000);
	case PTM_GAP_OVERFLOW:
		return (size_t)snprintf(into, size, "The CPU's trace buffer overflowed at 0x%llx (OVF packet at 0x%llx): it traced faster than memory takes it. Record less (a filter, fewer packets) to avoid it.", ip, offset);
	case PTM_GAP_AUX_TRUNCATED:
		return (size_t)snprintf(into, size, "perf could not save the trace fast enough and lost some of it. Use a larger AUX buffer (perf record -m,64M) or a filter.");
	case PTM_GAP_AUX_MISSING:
		if (!bytes)
			return (size_t)snprintf(into, size, "What ran between two snapshots was overwritten before it was saved (at 0x%llx).", offset);
		return (size_t)snprintf(into, size, "%llu bytes of trace are missing from the file at offset 0x%llx.", bytes, offset);
	case PTM_GAP_GUEST_CODE:
		return (size_t)snprintf(into, size, "Guest code: a virtual machine ran at 0x%llx, and nothing is known of its memory. If what it runs lies in the process that runs it (KVM's self tests), Files can take it from there, and so does ptarmigan --guest-code. A guest's kernel can be given (kallsyms with kcore, or vmlinux) where the recording names it (perf kvm --guest record); what its processes run is known where the guest's own recording (perf record -a in it) is given with this one (drop both, or ptarmigan --guest-data), or was joined to it by perf inject.", ip);
	case PTM_GAP_NO_CODE:
		if (!map)
			return (size_t)snprintf(into, size, "Nothing is known to be mapped at 0x%llx%s: generated code, or a map that was not recorded.", ip, count > 1 ? " and other places" : "");
		return (size_t)snprintf(into, size, "The code of %s is missing at 0x%llx. %s", name, ip, ptm_image_remedy(session, &session->images.images.at[map->image]));
	case PTM_GAP_CODE_MISMATCH:
		return (size_t)snprintf(into, size, "The trace does not follow the code%s%s at 0x%llx (packet at 0x%llx): the file is not what ran, or code was changed at run time.", map ? " of " : "", name, ip, offset);
	case PTM_GAP_BAD_PACKET:
		return (size_t)snprintf(into, size, "The bytes at 0x%llx are no PT packet, or one that cannot stand there: the trace is damaged. Decoding goes on behind them.", offset);
	case PTM_GAP_NO_SYNC:
		if (gap->queue < session->file.queues.length && offset + bytes >= session->file.queues.at[gap->queue].size)
			return (size_t)snprintf(into, size, "No PSB follows 0x%llx: %llu bytes up to the end cannot be decoded.", offset, bytes);
		return (size_t)snprintf(into, size, "%llu bytes before the first PSB at 0x%llx cannot be decoded.", bytes, offset + bytes);
	case PTM_GAP_NOT_TRACED:
		return (size_t)snprintf(into, size, "Not traced for %.3f \xc2\xb5s: kernel code (a system call, an interrupt), another thread on the CPU, or a filter.",
			(double)(gap->end_ns - gap->start_ns) / 1000);
	case PTM_GAP_ENDLESS_LOOP:
		return (size_t)snprintf(into, size, "The code loops at 0x%llx without a branch that the trace could tell: the file is not what ran.", ip);
	default:
		return (size_t)snprintf(into, size, "Trace is missing.");
	}
}

ptm_status ptm_query_gaps(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	bool everything = !request->start_ns && !request->end_ns;
	uint64_t start = everything ? 0 : ptm_absolute_ns(session, request->start_ns);
	uint64_t end = everything ? UINT64_MAX : ptm_absolute_ns(session, request->end_ns);
	double width_ns = request->count && !everything ? (request->end_ns - request->start_ns) / request->count : 0;
	uint32_t count, row;
	char text[900];

	const ptm_gap *gaps = ptm_profile_gaps(session->profile, &count);
	for (uint32_t i = 0; i < count; i++) {
		const ptm_gap *gap = &gaps[i];
		bool lost = ptm_gap_is_loss(gap->reason);
		if (!wants_thread(request, gap->thread) || gap->start_ns > end || gap->end_ns < start)
			continue;
		/* Below half a pixel, time without trace cannot be seen; a loss always can. */
		if (!lost && (double)(gap->end_ns - gap->start_ns) < width_ns / 2)
			continue;
		PTM_TRY(ptm_table_add_row(table, &row));
		ptm_table_set_u32(table, PTM_gaps_thread, row, gap->thread);
		ptm_table_set_u32(table, PTM_gaps_queue, row, gap->queue);
		ptm_table_set_f64(table, PTM_gaps_start_ns, row, ptm_relative_ns(session, gap->start_ns));
		ptm_table_set_f64(table, PTM_gaps_end_ns, row, ptm_relative_ns(session, gap->end_ns));
		ptm_table_set_u8(table, PTM_gaps_reason, row, gap->reason);
		ptm_table_set_u8(table, PTM_gaps_lost, row, lost);
		ptm_table_set_f64(table, PTM_gaps_bytes, row, (double)gap->bytes);
		ptm_table_set_f64(table, PTM_gaps_missing_ns, row, (double)gap->missing_ns);
		ptm_table_set_f64(table, PTM_gaps_offset, row, (double)gap->offset);
		ptm_table_set_u64(table, PTM_gaps_ip, row, gap->ip);
		size_t length = ptm_gap_text(session, gap, text, sizeof text);
		PTM_TRY(ptm_table_set_text(table, PTM_gaps_text, row, text, length < sizeof text ? length : sizeof text - 1));
	}
	return PTM_OK;
}

/* ----------------------------------------------------------------- blocks */

/* Where to jump to for a block: its first visit in the whole trace. */
static void set_first(ptm_session *session, ptm_table *table, uint32_t row, const ptm_block_stat *stat)
{
	const ptm_ordinals *ordinals = &session->ordinals;
	ptm_table_set_u32(table, PTM_blocks_thread, row, PTM_ALL);
	ptm_table_set_f64(table, PTM_blocks_first_ordinal, row, NAN);
	if (!stat || stat->first_segment >= session->segments.length)
		return;
	uint32_t queue = session->segments.at[stat->first_segment].queue;
	uint64_t ordinal = stat->first_instruction;
	for (uint32_t i = session->first_segment.at[queue]; i < stat->first_segment; i++)
		ordinal += session->segments.at[i].instructions;
	uint32_t run = ptm_ordinals_run_in_queue(ordinals, queue, ordinal);
	if (run == UINT32_MAX)
		return;
	ptm_table_set_u32(table, PTM_blocks_thread, row, ordinals->runs.at[run].thread);
	ptm_table_set_f64(table, PTM_blocks_first_ordinal, row,
		(double)(ordinals->thread_first.at[run] + (ordinal - ordinals->runs.at[run].first_instruction)));
}

static ptm_status put_block(ptm_session *session, ptm_table *table, const ptm_block_stat *stat, uint32_t *row)
{
	const ptm_block *block = &session->blocks.blocks.at[stat->block];

	PTM_TRY(ptm_table_add_row(table, row));
	ptm_table_set_u64(table, PTM_blocks_ip, *row, block->ip);
	ptm_table_set_u32(table, PTM_blocks_size, *row, block->size);
	ptm_table_set_u32(table, PTM_blocks_block_instructions, *row, block->instructions);
	ptm_table_set_u32(table, PTM_blocks_function, *row, block->function);
	ptm_table_set_f64(table, PTM_blocks_function_offset, *row, (double)block->function_offset);
	ptm_table_set_u32(table, PTM_blocks_image, *row, ptm_spaces_function(session->spaces, block->function)->image);
	ptm_table_set_u8(table, PTM_blocks_class, *row, block->class);
	ptm_table_set_f64(table, PTM_blocks_visits, *row, (double)stat->visits);
	ptm_table_set_f64(table, PTM_blocks_taken, *row, (double)stat->taken);
	ptm_table_set_f64(table, PTM_blocks_instructions, *row, (double)stat->instructions);
	ptm_table_set_f64(table, PTM_blocks_ns, *row, ns_or_nan(session, stat->ns));
	ptm_table_set_f64(table, PTM_blocks_cycles, *row, cycles_or_nan(session, stat->cycles));
	ptm_table_set_f64(table, PTM_blocks_cycle_instructions, *row, (double)stat->cycle_instructions);
	ptm_table_set_f64(table, PTM_blocks_cycle_visits, *row, (double)stat->cycle_visits);
	return PTM_OK;
}

ptm_status ptm_query_blocks(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	uint32_t count, all_count, row;
	ptm_profile *profile;

	PTM_TRY(ptm_window_profile(session, request, &profile));
	PTM_TRY(ptm_ordinals_refresh(session));
	const ptm_block_stat *all = ptm_profile_blocks(session->profile, &all_count);
	const ptm_block_stat *stats = ptm_profile_blocks(profile, &count);
	const ptm_block_stat **by_block = calloc(session->blocks.blocks.length + 1, sizeof *by_block);
	ptm_status status = by_block ? PTM_OK : PTM_NO_MEMORY;
	for (uint32_t i = 0; by_block && i < all_count; i++)
		by_block[all[i].block] = &all[i];
	for (uint32_t i = 0; status == PTM_OK && i < count; i++) {
		if (!stats[i].instructions && !stats[i].visits)
			continue;
		status = put_block(session, table, &stats[i], &row);
		if (status == PTM_OK)
			set_first(session, table, row, by_block[stats[i].block]);
	}
	free(by_block);
	return status;
}

/* --------------------------------------------------------------- coverage */

typedef struct bucket { double on_ns, instructions, lost_ns; } bucket;

typedef struct buckets {
	bucket *at;              /* thread after thread */
	uint32_t per_thread;
	double start_ns, width_ns;
} buckets;

typedef enum spread_to { SPREAD_ON, SPREAD_OFF, SPREAD_LOST } spread_to;

/* Adds the time of [start, end) of a thread, and instructions at an even rate. */
static void spread(buckets *all, uint32_t thread, double start, double end, double instructions, spread_to to)
{
	double rate = end > start ? instructions / (end - start) : 0;
	double last = all->start_ns + all->width_ns * all->per_thread;
	double from = start > all->start_ns ? start : all->start_ns;

	if (end > last)
		end = last;
	while (from < end) {
		uint32_t index = (uint32_t)((from - all->start_ns) / all->width_ns);
		if (index >= all->per_thread)
			break;
		double edge = all->start_ns + (index + 1) * all->width_ns;
		double until = edge < end ? edge : end;
		bucket *at = &all->at[(uint64_t)thread * all->per_thread + index];
		if (to == SPREAD_LOST)
			at->lost_ns += until - from;
		else
			at->on_ns += to == SPREAD_ON ? until - from : from - until;
		at->instructions += rate * (until - from);
		if (until <= from)
			break;
		from = until;
	}
}

static void fill_buckets(ptm_session *session, const ptm_request *request, buckets *all)
{
	const ptm_ordinals *ordinals = &session->ordinals;
	uint32_t count;
	const ptm_gap *gaps = ptm_profile_gaps(session->profile, &count);

	for (uint32_t i = 0; i < ordinals->runs.length; i++) {
		const ptm_run *run = &ordinals->runs.at[i];
		if (wants_thread(request, run->thread))
			spread(all, run->thread, ptm_relative_ns(session, run->start_ns), ptm_relative_ns(session, run->end_ns), (double)run->instructions, SPREAD_ON);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (wants_thread(request, gaps[i].thread))
			spread(all, gaps[i].thread, ptm_relative_ns(session, gaps[i].start_ns), ptm_relative_ns(session, gaps[i].end_ns), 0,
				ptm_gap_is_loss(gaps[i].reason) ? SPREAD_LOST : SPREAD_OFF);
	}
}

/* Of samples alone there is no time with trace: what they cover is how dense they are. */
static void fill_with_samples(ptm_session *session, const ptm_request *request, buckets *all)
{
	uint64_t cells = (uint64_t)session->sideband.threads.length * all->per_thread;
	double most = 0;

	for (uint32_t i = 0; i < session->file.samples.length; i++) {
		const ptm_sample_ref *ref = &session->file.samples.at[i];
		uint32_t thread = ptm_sideband_thread(&session->sideband, ref->pid, ref->tid);
		double place = (ptm_relative_ns(session, ref->time) - all->start_ns) / all->width_ns;
		if (wants_thread(request, thread) && place >= 0 && place < all->per_thread)
			all->at[(uint64_t)thread * all->per_thread + (uint32_t)place].on_ns++;
	}
	for (uint64_t i = 0; i < cells; i++)
		most = all->at[i].on_ns > most ? all->at[i].on_ns : most;
	for (uint64_t i = 0; most > 0 && i < cells; i++)
		all->at[i].on_ns *= all->width_ns / most;
}

static ptm_status put_buckets(ptm_session *session, const buckets *all, ptm_table *table)
{
	for (uint32_t thread = 0; thread < session->sideband.threads.length; thread++) {
		for (uint32_t i = 0; i < all->per_thread; i++) {
			const bucket *at = &all->at[(uint64_t)thread * all->per_thread + i];
			uint32_t row;
			if (at->on_ns <= 0 && at->instructions <= 0 && at->lost_ns <= 0)
				continue;
			PTM_TRY(ptm_table_add_row(table, &row));
			ptm_table_set_u32(table, PTM_coverage_thread, row, thread);
			ptm_table_set_u32(table, PTM_coverage_bucket, row, i);
			ptm_table_set_f64(table, PTM_coverage_on_ns, row, at->on_ns > 0 ? at->on_ns : 0);
			ptm_table_set_f64(table, PTM_coverage_instructions, row, at->instructions);
			ptm_table_set_f64(table, PTM_coverage_lost_ns, row, at->lost_ns);
		}
	}
	return PTM_OK;
}

ptm_status ptm_query_coverage(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	uint32_t most = 1u << 22, threads = session->sideband.threads.length;
	buckets all = { .per_thread = request->count, .start_ns = request->start_ns };

	PTM_TRY(ptm_ordinals_refresh(session));
	if (!request->count || !threads || request->end_ns <= request->start_ns)
		return PTM_OK;
	if (all.per_thread > most / threads)
		all.per_thread = most / threads ? most / threads : 1;
	all.width_ns = (request->end_ns - request->start_ns) / all.per_thread;
	all.at = calloc((size_t)threads * all.per_thread, sizeof *all.at);
	if (!all.at)
		return PTM_NO_MEMORY;
	if (session->flow_source == PTM_SOURCE_LBR && !session->has_branch_flow)
		fill_with_samples(session, request, &all);
	else
		fill_buckets(session, request, &all);
	ptm_status status = put_buckets(session, &all, table);
	free(all.at);
	return status;
}
