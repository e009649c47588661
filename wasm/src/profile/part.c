/* SPDX-License-Identifier: Apache-2.0 */
/* Takes in one queue's stream for one segment: keeps the relative call stack,
 * charges time to the call tree, and cuts the stream into runs and pieces. */
#include "profile/part_stack.h"

ptm_status ptm_part_new(ptm_part **part, uint32_t segment, uint32_t queue, const ptm_blocks *blocks, ptm_spaces *spaces)
{
	ptm_part *made = calloc(1, sizeof *made);
	if (!made)
		return PTM_NO_MEMORY;
	made->blocks = blocks;
	made->spaces = spaces;
	ptm_part_restart(made, segment, queue);
	*part = made;
	return PTM_OK;
}

void ptm_part_restart(ptm_part *part, uint32_t segment, uint32_t queue)
{
	ptm_part kept = *part;

	ptm_block_stats_clear(&kept.stats);
	ptm_call_tree_clear(&kept.tree);
	memset(part, 0, sizeof *part);
	part->blocks = kept.blocks;
	part->spaces = kept.spaces;
	part->tree = kept.tree;
	part->stack = kept.stack;
	part->stats = kept.stats;
	part->bytes = kept.bytes;
	part->data.runs = kept.data.runs;
	part->data.pieces = kept.data.pieces;
	part->data.frames = kept.data.frames;
	part->data.calls = kept.data.calls;
	part->data.gaps = kept.data.gaps;
	part->data.checkpoints = kept.data.checkpoints;
	part->data.marks = kept.data.marks;
	part->stack.length = part->bytes.length = part->data.runs.length = part->data.pieces.length = 0;
	part->data.frames.length = part->data.calls.length = part->data.gaps.length = part->data.checkpoints.length = 0;
	part->data.marks.length = 0;
	part->data.segment = segment;
	part->data.queue = queue;
	part->data.first_resumed = UINT32_MAX;
	part->attention = true;
	part->most_gaps = PTM_PART_GAPS;
}

void ptm_part_leave_out(ptm_part *part, uint64_t shortest_ns)
{
	part->data.shortest_ns = shortest_ns;
}

void ptm_part_data_free(ptm_part_data *data)
{
	ptm_array_free(&data->pieces);
	ptm_array_free(&data->nodes);
	ptm_array_free(&data->frames);
	ptm_array_free(&data->calls);
	if (data->is_kept)
		return;
	ptm_array_free(&data->runs);
	ptm_array_free(&data->gaps);
	ptm_array_free(&data->checkpoints);
	ptm_array_free(&data->marks);
}

void ptm_part_free(ptm_part *part)
{
	if (!part)
		return;
	ptm_part_data_free(&part->data);
	ptm_call_tree_free(&part->tree);
	ptm_array_free(&part->stack);
	ptm_block_stats_free(&part->stats);
	ptm_array_free(&part->bytes);
	free(part);
}

/* Too many calls: leaves out the shortest, by the next longer threshold that helps. */
void ptm_part_drop_short_calls(ptm_part_data *data, uint32_t most)
{
	while (data->calls.length > most && data->shortest_ns < (uint64_t)1 << 62) {
		uint32_t left = 0;
		data->shortest_ns = ptm_longer(data->shortest_ns);
		for (uint32_t i = 0; i < data->calls.length; i++) {
			const ptm_piece_call *call = &data->calls.at[i];
			if (call->end_ns - call->start_ns >= data->shortest_ns)
				data->calls.at[left++] = *call;
		}
		data->calls.length = left;
	}
}

/* --------------------------------------------------------- pieces, runs -- */

/* Where the instruction after `count` whole ones of a block starts. */
static uint64_t ip_after(const ptm_blocks *blocks, const ptm_block *block, uint32_t count)
{
	uint64_t ip = block->ip;

	if (count >= block->instructions)
		return block->ip + block->size;
	for (uint32_t i = 0; i < count && (uint64_t)block->lengths + i < blocks->lengths.length; i++)
		ip += blocks->lengths.at[block->lengths + i];
	return ip;
}

/* Completes `last`, of which each visit stores only what changes the stack often. */
static const ptm_departure *departure_of(ptm_part *part)
{
	const ptm_block *block = &part->blocks->blocks.at[part->last_block];
	ptm_departure *last = &part->last;

	last->next_ip = last->end == PTM_END_ASYNC ? ip_after(part->blocks, block, part->last_instructions) : block->ip + block->size;
	last->last_ip = block->last_ip;
	last->code_id = block->code_id;
	last->class = block->class;
	last->known = 1;
	last->off |= last->end == PTM_END_OFF || (last->end == PTM_END_ASYNC && !last->to_ip);
	return last;
}

static ptm_status close_piece(ptm_part *part, uint32_t flags)
{
	ptm_part_data *data = &part->data;
	ptm_piece *piece = &part->piece;

	piece->flags |= flags;
	piece->end_ns = part->last.time_ns;
	piece->departure = *departure_of(part);
	piece->node_count = part->tree.nodes.length - piece->first_node;
	piece->first_frame = data->frames.length;
	piece->frame_count = part->stack.length;
	PTM_TRY(ptm_array_reserve(&data->frames, part->stack.length));
	memcpy(data->frames.at + data->frames.length, part->stack.at, part->stack.length * sizeof *part->stack.at);
	for (uint32_t i = 0; i < part->stack.length; i++)
		data->frames.at[data->frames.length + i].reserved = 0;
	data->frames.length += part->stack.length;
	part->is_open = false;
	return ptm_array_push(&data->pieces, *piece);
}

static ptm_status close_run(ptm_part *part, uint32_t flags)
{
	if (!part->is_open)
		return PTM_OK;
	ptm_part_flush(part);
	part->run.run.end_ns = part->last.time_ns;
	part->run.run.instructions = part->data.instructions - part->run.run.first_instruction;
	PTM_TRY(close_piece(part, flags));
	return ptm_array_push(&part->data.runs, part->run);
}

static ptm_status open_piece(ptm_part *part, const ptm_item *item, const ptm_arrival *arrival)
{
	ptm_frame base = { .start_ns = ptm_part_start(part, item), .flags = PTM_FRAME_BASE, .function = PTM_NO_FUNCTION };
	uint32_t outside;

	memset(&part->piece, 0, sizeof part->piece);
	part->piece.start_ns = base.start_ns;
	part->piece.arrival = *arrival;
	part->piece.thread = item->thread;
	part->piece.run = part->data.runs.length;
	part->piece.first_node = part->tree.nodes.length;
	PTM_TRY(ptm_call_tree_add(&part->tree, PTM_NO_NODE, PTM_NO_FUNCTION, &outside));
	PTM_TRY(ptm_call_tree_add(&part->tree, outside, PTM_NO_FUNCTION, &base.node));
	part->stack.length = 0;
	PTM_TRY(ptm_array_push(&part->stack, base));
	part->is_open = true;
	return PTM_OK;
}

static ptm_status open_run(ptm_part *part, const ptm_item *item, const ptm_arrival *arrival)
{
	memset(&part->run, 0, sizeof part->run);
	part->run.run = (ptm_run){ .start_ns = item->start_ns, .first_instruction = part->data.instructions,
				   .thread = item->thread, .queue = part->data.queue, .segment = part->data.segment, .cpu = -1 };
	part->run.lost_before = part->is_lost;
	if (!part->data.runs.length && item->resumed)
		part->data.first_resumed = item->block;
	memset(&part->last, 0, sizeof part->last);
	PTM_TRY(open_piece(part, item, arrival));
	part->piece.flags = part->is_lost ? PTM_PIECE_LOST_BEFORE : 0;
	part->is_lost = false;
	ptm_part_found(part, item->start_ns);
	return PTM_OK;
}

/* ----------------------------------------------------------------- gaps -- */

static ptm_status add_gap(ptm_part *part, const ptm_gap *gap)
{
	ptm_part_data *data = &part->data;
	ptm_gap made = *gap;

	made.instruction = data->instructions;
	if (data->gaps.length && ptm_gap_extend(&data->gaps.at[data->gaps.length - 1], &made))
		return PTM_OK;
	/* Before it is added: the last gap is the one that bytes and time are still added to. */
	if (data->gaps.length >= part->most_gaps) {
		data->gaps.length = ptm_gaps_unite(data->gaps.at, data->gaps.length, PTM_PART_GAPS);
		part->most_gaps = data->gaps.length > PTM_PART_GAPS / 2 ? data->gaps.length * 2 : PTM_PART_GAPS;
	}
	return ptm_array_push(&data->gaps, made);
}

void ptm_part_lose_bytes(ptm_part *part, uint64_t bytes)
{
	if (part->data.gaps.length)
		part->data.gaps.at[part->data.gaps.length - 1].bytes += bytes;
}

/* Trace was lost: every stack is unknown from here on. */
static ptm_status lose(ptm_part *part, const ptm_item *item)
{
	bool is_own = part->is_open && part->piece.thread == item->thread;
	const ptm_piece *before = part->data.pieces.length ? &part->data.pieces.at[part->data.pieces.length - 1] : NULL;
	bool is_told = part->is_lost && before && before->thread == item->thread && before->flags & PTM_PIECE_LOST_AFTER;
	ptm_gap gap = { .start_ns = item->start_ns, .end_ns = item->end_ns, .bytes = item->bytes, .offset = item->offset,
			.ip = item->ip, .count = 1, .thread = item->thread, .queue = part->data.queue, .reason = item->reason };

	ptm_part_lose_bytes(part, item->payload);
	ptm_part_found(part, item->found_ns);
	if (item->found_ns)
		gap.end_ns = gap.start_ns; /* until it is found again */
	gap.missing_ns = gap.end_ns - gap.start_ns;
	PTM_TRY(close_run(part, is_own ? PTM_PIECE_LOST_AFTER : 0));
	part->is_away = part->is_switched = false;
	if (!is_own && !is_told) {
		ptm_piece empty;
		memset(&empty, 0, sizeof empty);
		empty.start_ns = empty.end_ns = item->start_ns;
		empty.thread = item->thread;
		empty.run = UINT32_MAX;
		empty.first_node = part->tree.nodes.length;
		empty.first_frame = part->data.frames.length;
		empty.flags = PTM_PIECE_EMPTY | PTM_PIECE_LOST_AFTER;
		PTM_TRY(ptm_array_push(&part->data.pieces, empty));
	}
	part->is_lost = true;
	PTM_TRY(add_gap(part, &gap));
	part->data.lost_from_ns = item->found_ns ? item->start_ns : 0;
	return PTM_OK;
}

/* The time since the last visit of this run was not traced. */
static ptm_status come_back(ptm_part *part, const ptm_item *item, const ptm_departure *from)
{
	ptm_gap gap = { .start_ns = from->time_ns, .end_ns = item->start_ns, .offset = from->offset, .ip = from->next_ip,
			.count = 1, .thread = item->thread, .queue = part->data.queue, .reason = PTM_GAP_NOT_TRACED };

	gap.missing_ns = gap.end_ns - gap.start_ns;
	return gap.end_ns > gap.start_ns ? add_gap(part, &gap) : PTM_OK;
}

/* ---------------------------------------------------------------- items -- */

static ptm_arrival arrival_of(const ptm_part *part, const ptm_block *block)
{
	uint64_t ip = part->is_begun && part->begin_ip ? part->begin_ip : block->ip;
	bool is_entry = !block->function_offset && ip == block->ip && block->function;

	return (ptm_arrival){ .ip = ip, .function = block->function, .code_id = block->code_id,
			      .flags = (is_entry ? PTM_ARRIVAL_ENTRY : 0) |
				       (ptm_spaces_is_nameless(part->spaces, block->function) ? PTM_ARRIVAL_NAMELESS : 0) |
				       (part->is_begun || part->is_away ? PTM_ARRIVAL_BEGIN : 0) };
}

static ptm_status do_move(ptm_part *part, const ptm_item *item, const ptm_arrival *to, const ptm_move *move)
{
	PTM_TRY(ptm_part_pop(part, move->pops));
	if (move->kind == PTM_MOVE_REPLACE)
		return ptm_part_replace(part, to->function, ptm_part_start(part, item));
	if (move->kind != PTM_MOVE_PUSH)
		return PTM_OK;
	ptm_frame frame = { .return_ip = move->return_ip, .resume_ip = move->resume_ip, .start_ns = ptm_part_start(part, item),
			    .start_instructions = part->piece.instructions, .function = to->function, .flags = move->flags };
	return ptm_part_push(part, &frame);
}

static void name_checkpoints(ptm_part *part, uint32_t thread)
{
	for (; part->checkpoints_named < part->data.checkpoints.length; part->checkpoints_named++)
		part->data.checkpoints.at[part->checkpoints_named].thread = thread;
}

/* A visit that is not simply the next: the whole decision. */
static ptm_status arrive(ptm_part *part, const ptm_item *item, const ptm_block *block)
{
	/* A SWITCH may come just before the visit during which it happened. */
	bool is_back = part->is_switched && item->start_ns > part->last.time_ns;
	if (is_back || part->piece.thread != item->thread)
		PTM_TRY(close_run(part, 0));
	bool goes_on = part->is_open;
	ptm_arrival to = arrival_of(part, block);
	name_checkpoints(part, item->thread);
	if (!goes_on) {
		if (part->data.pieces.length || part->is_begun)
			to.flags |= PTM_ARRIVAL_BEGIN;
		PTM_TRY(open_run(part, item, &to));
	} else {
		const ptm_departure *from = departure_of(part);
		ptm_move move = ptm_call_stack_move(part->stack.at, part->stack.length, from, &to);
		if (part->is_away)
			PTM_TRY(come_back(part, item, from));
		if (move.kind == PTM_MOVE_UNDECIDED || move.kind == PTM_MOVE_RESET) {
			PTM_TRY(close_piece(part, 0));
			PTM_TRY(open_piece(part, item, &to));
		} else {
			PTM_TRY(do_move(part, item, &to, &move));
		}
	}
	part->last.off = 0;
	part->is_away = part->is_switched = part->is_begun = part->attention = false;
	return PTM_OK;
}

/* Moves the stack from the last visit to this one; the frequent cases are here. */
ptm_status ptm_part_step(ptm_part *part, const ptm_item *item, const ptm_block *block)
{
	if (part->attention || item->thread != part->piece.thread)
		return arrive(part, item, block);
	switch (part->last.end) {
	case PTM_END_FALLTHROUGH:
	case PTM_END_NOT_TAKEN:
		return PTM_OK;
	case PTM_END_TAKEN:
	case PTM_END_JUMP:
		if (block->function == part->last.function)
			return PTM_OK;
		break;
	case PTM_END_CALL:
		if (block->ip != part->last_next_ip && !block->function_offset &&
		    part->stack.length < PTM_STACK_DEPTH) {
			ptm_frame frame = { .return_ip = part->last_next_ip, .start_ns = ptm_part_start(part, item),
					    .start_instructions = part->piece.instructions, .function = block->function };
			return ptm_part_push(part, &frame);
		}
		break;
	case PTM_END_RETURN:
		if (part->stack.length > 1 && ptm_part_top(part)->return_ip == block->ip)
			return ptm_part_pop(part, 1);
		break;
	default:
		break;
	}
	return arrive(part, item, block);
}

/* Shares measured cycles out among the functions they cover, by their instructions. */
static void count_visit(ptm_part *part, const ptm_item *item)
{
	const uint32_t branches = 1u << PTM_END_NOT_TAKEN | 1u << PTM_END_TAKEN | 1u << PTM_END_JUMP | 1u << PTM_END_CALL |
				  1u << PTM_END_RETURN | 1u << PTM_END_FAR | 1u << PTM_END_OFF;
	ptm_tree_node *node = &part->tree.nodes.at[ptm_part_top(part)->node];
	uint64_t ns = item->end_ns > item->start_ns ? item->end_ns - item->start_ns : 0;

	node->self_ns += ns;
	node->self_instructions += item->instructions;
	part->piece.instructions += item->instructions;
	part->data.instructions += item->instructions;
	part->run.run.on_ns += ns;
	part->run.run.branches += branches >> (item->end & 31) & 1;
	ptm_part_note_measured(part, ptm_part_top(part)->node, item->instructions);
	if (item->has_cycles) {
		ptm_part_share_cycles(part, item->cycles);
		part->run.run.cycles += item->cycles;
	}
	if (item->cycles_restart)
		part->measured_count = 0;
}

static ptm_status add_visit(ptm_part *part, const ptm_item *item)
{
	ptm_block_stat *stat;

	if (item->block >= part->blocks->blocks.length)
		return PTM_BAD_REQUEST;
	const ptm_block *block = &part->blocks->blocks.at[item->block];
	PTM_TRY(ptm_part_step(part, item, block));
	uint64_t now_ns = part->last.time_ns;
	count_visit(part, item);
	PTM_TRY(ptm_block_stats_find(&part->stats, item->block, &stat));
	if (stat->first_ns == UINT64_MAX) {
		stat->first_ns = item->start_ns;
		stat->first_instruction = part->data.instructions - item->instructions;
		stat->first_segment = part->data.segment;
	}
	ptm_block_stat_count(stat, item);
	part->last.time_ns = item->end_ns > item->start_ns ? item->end_ns : item->start_ns;
	if (part->last.time_ns < now_ns)
		part->last.time_ns = now_ns;
	part->last.to_ip = item->to_ip;
	part->last.offset = item->offset;
	part->last.function = block->function;
	part->last.end = item->end;
	part->last_next_ip = block->ip + block->size;
	part->last_block = item->block;
	part->last_instructions = item->instructions;
	if (item->end == PTM_END_OFF || item->end == PTM_END_ASYNC)
		part->is_away = part->attention = item->end == PTM_END_OFF || !item->to_ip;
	return PTM_OK;
}

ptm_status ptm_part_add(ptm_part *part, const ptm_item *item)
{
	if (item->kind == PTM_ITEM_VISIT)
		return add_visit(part, item);
	if (item->kind == PTM_ITEM_EVENT || item->kind == PTM_ITEM_CHECKPOINT)
		return PTM_OK;
	name_checkpoints(part, item->thread);
	part->attention = true;
	if (item->kind == PTM_ITEM_GAP && item->reason != PTM_GAP_NOT_TRACED)
		return lose(part, item);
	if (item->kind == PTM_ITEM_BEGIN) {
		part->is_begun = true;
		part->begin_ip = item->to_ip;
		ptm_part_lose_bytes(part, item->bytes);
		ptm_part_found(part, item->found_ns);
	} else if (part->is_open && item->kind == PTM_ITEM_SWITCH) {
		/* Even to the same thread: another may have run without a trace. At the
		 * start of a part it only says which thread is running. */
		part->is_switched = true;
	} else if (part->is_open) {
		part->is_away = true;
		part->last.off = 1;
	}
	return PTM_OK;
}

ptm_status ptm_part_checkpoint(ptm_part *part, uint64_t offset, uint64_t time_ns, uint64_t packets)
{
	part->measured_count = 0;
	ptm_checkpoint made = { .offset = offset, .time_ns = time_ns, .instruction = part->data.instructions,
				.packet = packets, .queue = part->data.queue, .thread = part->piece.thread };

	part->attention = true;
	return ptm_array_push(&part->data.checkpoints, made);
}

ptm_status ptm_part_mark_clock(ptm_part *part, uint64_t offset, const ptm_clock *clock)
{
	ptm_part_mark mark;

	memset(&mark, 0, sizeof mark); /* padding too */
	mark.offset = offset;
	mark.clock = ptm_clock_at_cut(clock);
	return ptm_array_push(&part->data.marks, mark);
}

void ptm_part_clocks(ptm_part *part, const ptm_clock *in, const ptm_clock *out)
{
	part->data.clock_in = *in;
	part->data.clock_out = *out;
}

ptm_status ptm_part_finish(ptm_part *part, uint64_t end_offset, uint64_t packets)
{
	PTM_TRY(close_run(part, 0));
	part->data.end_offset = end_offset;
	part->data.packets = packets;
	part->data.ends_lost = part->is_lost;
	part->data.ends_away = part->is_away;
	part->data.ends_switched = part->is_switched;
	part->attention = true;
	return PTM_OK;
}
