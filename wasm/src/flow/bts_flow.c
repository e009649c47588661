/* SPDX-License-Identifier: Apache-2.0 */
/* One record at a time: can it follow from the last? If so the code between is
 * walked, if not there is a gap and only the branch itself is known. */
#include "flow/bts_flow.h"
#include "base/bytes.h"
#include "flow/branch_records.h"

#define CHECKPOINT_BYTES (2048u * PTM_BTS_RECORD)
#define BUFFER_BYTES (512u * PTM_BTS_RECORD)
/* Code that runs on without a taken branch, at most: more is not believed. */
#define LONGEST_RUN (1u << 20)

struct ptm_bts_flow {
	ptm_bts_flow_config config;
	ptm_blocks *blocks;      /* borrowed */
	uint64_t offset, limit, records;
	uint64_t next_checkpoint;
	ptm_bts_span span;
	bool in_span, has_thread;
	uint32_t thread;         /* of the last span */
	uint64_t ip;             /* where the last record went to; 0: unknown, or not followed */
	/* The record being told; code is walked from ip to from. */
	uint64_t from, to, record_offset;
	bool walking, resumed;
	uint64_t instructions;
	ptm_branch_items items;
	uint64_t buffer_offset;
	uint32_t buffer_length;
	uint8_t buffer[BUFFER_BYTES];
};

ptm_status ptm_bts_flow_new(ptm_bts_flow **made, ptm_blocks *blocks, const ptm_bts_flow_config *config, uint64_t offset, uint64_t limit)
{
	ptm_bts_flow *flow = calloc(1, sizeof *flow);
	if (!flow)
		return PTM_NO_MEMORY;
	flow->config = *config;
	flow->blocks = blocks;
	flow->offset = flow->next_checkpoint = offset;
	flow->limit = limit < config->size ? limit : config->size;
	*made = flow;
	return PTM_OK;
}

void ptm_bts_flow_free(ptm_bts_flow *flow)
{
	free(flow);
}

uint64_t ptm_bts_flow_offset(const ptm_bts_flow *flow)
{
	return flow->offset;
}

uint64_t ptm_bts_flow_records(const ptm_bts_flow *flow)
{
	return flow->records;
}

/* ------------------------------------------------------------------ items */

static ptm_item *emit(ptm_bts_flow *flow, uint8_t kind)
{
	ptm_item *item = ptm_branch_items_add(&flow->items);
	*item = (ptm_item){ .kind = kind, .thread = flow->span.thread, .end_thread = flow->span.thread, .space = flow->span.space,
		.start_ns = flow->span.start_ns, .end_ns = flow->span.start_ns, .offset = flow->record_offset,
		.total_instructions = flow->instructions };
	return item;
}

static void emit_begin(ptm_bts_flow *flow, uint64_t ip)
{
	emit(flow, PTM_ITEM_BEGIN)->to_ip = ip;
}

static void emit_gap(ptm_bts_flow *flow, uint8_t reason, uint64_t ip, uint64_t bytes)
{
	ptm_item *item = emit(flow, PTM_ITEM_GAP);
	item->reason = reason;
	item->ip = ip;
	item->bytes = bytes;
	item->end_ns = flow->span.end_ns > item->start_ns ? flow->span.end_ns : item->start_ns;
}

/* The first `instructions` of a block ran; `ip` is where they ended. */
static void emit_visit(ptm_bts_flow *flow, uint32_t block, uint32_t instructions, uint8_t end, uint64_t ip, uint64_t to_ip)
{
	flow->instructions += instructions;
	ptm_item *item = emit(flow, PTM_ITEM_VISIT);
	item->block = block;
	item->instructions = (uint16_t)instructions;
	item->end = end;
	item->resumed = flow->resumed;
	item->ip = ip;
	item->to_ip = to_ip;
	flow->resumed = false;
}

/* ------------------------------------------------------------------- code */

static const ptm_block *block_at(const ptm_bts_flow *flow, uint32_t row)
{
	return &flow->blocks->blocks.at[row];
}

static ptm_status find(ptm_bts_flow *flow, uint64_t ip, uint32_t *row)
{
	return ptm_blocks_find(flow->blocks, flow->span.space, ip, PTM_MODE_64, row);
}

/* Stores PTM_GAP_NONE when code runs straight from flow->ip to flow->from, else
 * why not, and in `at` where. */
static ptm_status check_way(ptm_bts_flow *flow, uint8_t *reason, uint64_t *at)
{
	uint64_t ip = *at = flow->ip;

	for (;;) {
		uint32_t row;
		PTM_TRY(find(flow, ip, &row));
		const ptm_block *block = block_at(flow, row);
		uint64_t next = block->ip + block->size;
		*reason = PTM_GAP_CODE_MISMATCH;
		if (block->no_code && !block->instructions) {
			*reason = PTM_GAP_NO_CODE;
			*at = ip;
			return PTM_OK;
		}
		if (flow->from < ip || flow->from - ip > LONGEST_RUN)
			return PTM_OK;
		if (flow->from < next) {
			if (ptm_blocks_index_of(flow->blocks, block, flow->from) != UINT32_MAX)
				*reason = PTM_GAP_NONE;
			return PTM_OK;
		}
		if (!ptm_branch_runs_on(block->class) || next <= ip)
			return PTM_OK;
		ip = next;
	}
}

/* ----------------------------------------------------------------- visits */

/* Goes on where the record went. */
static void arrive(ptm_bts_flow *flow, bool begins)
{
	flow->walking = false;
	flow->resumed = false;
	flow->ip = ptm_branch_is_kernel(flow->to) ? 0 : flow->to;
	if (begins && flow->ip)
		emit_begin(flow, flow->ip);
}

/* Tells the block that holds `from`, at instruction `index`, and its end. */
static void tell_end(ptm_bts_flow *flow, uint32_t row, uint32_t index)
{
	const ptm_block *block = block_at(flow, row);
	bool is_branch = index + 1u == block->instructions && ptm_insn_is_branch(block->class);
	bool is_far = is_branch && block->class >= PTM_INSN_JUMP_FAR;

	if (!flow->to || ptm_branch_is_kernel(flow->to)) {
		if (is_far || (is_branch && !flow->to))
			emit_visit(flow, row, index + 1, PTM_END_OFF, flow->from, 0);
		else
			emit_visit(flow, row, index, PTM_END_ASYNC, flow->from, 0);
		arrive(flow, false);
	} else if (!is_branch) {
		emit_visit(flow, row, index, PTM_END_ABORT, flow->from, flow->to);
		arrive(flow, false);
	} else if (block->class <= PTM_INSN_CALL && block->target != flow->to) {
		emit_gap(flow, PTM_GAP_CODE_MISMATCH, flow->from, PTM_BTS_RECORD);
		arrive(flow, true);
	} else if (is_far && (ptm_branch_calls_kernel(block->class) || block->class == PTM_INSN_SYSENTER)) {
		emit_visit(flow, row, index + 1, PTM_END_OFF, flow->from, 0);
		arrive(flow, true);
	} else {
		emit_visit(flow, row, index + 1, ptm_end_of_branch(block->class), flow->from, flow->to);
		arrive(flow, false);
	}
}

/* Tells the record's end. The last visit of a span is over by the span's end. */
static void finish(ptm_bts_flow *flow, uint32_t row)
{
	uint32_t first = flow->items.count;
	tell_end(flow, row, ptm_blocks_index_of(flow->blocks, block_at(flow, row), flow->from));
	ptm_item *item = &flow->items.at[(flow->items.head + first) % PTM_BRANCH_ITEMS];
	if (flow->offset >= flow->span.end && item->kind == PTM_ITEM_VISIT && flow->span.end_ns > item->end_ns)
		item->end_ns = flow->span.end_ns;
}

/* Tells the block at flow->ip, on the way that check_way found. */
static ptm_status walk(ptm_bts_flow *flow)
{
	uint32_t row;
	PTM_TRY(find(flow, flow->ip, &row));
	const ptm_block *block = block_at(flow, row);
	uint64_t next = block->ip + block->size;

	if (flow->from < next) {
		finish(flow, row);
		return PTM_OK;
	}
	uint8_t end = ptm_branch_end_between(block->class);
	emit_visit(flow, row, block->instructions, end, block->last_ip, 0);
	if (end == PTM_END_OFF)
		emit_begin(flow, next);
	flow->resumed = end == PTM_END_FALLTHROUGH;
	flow->ip = next;
	return PTM_OK;
}

/* ---------------------------------------------------------------- records */

/* All that is known is the branch itself: nothing when there is none. `told`: a
 * gap says that code is missing. */
static ptm_status start_at_branch(ptm_bts_flow *flow, bool told)
{
	uint32_t row;
	flow->ip = flow->from;
	PTM_TRY(find(flow, flow->from, &row));
	const ptm_block *block = block_at(flow, row);
	if (block->instructions != 1 || !ptm_insn_is_branch(block->class)) {
		if (!told && !block->instructions)
			emit_gap(flow, PTM_GAP_NO_CODE, flow->from, PTM_BTS_RECORD);
		arrive(flow, true);
		return PTM_OK;
	}
	emit_begin(flow, flow->from);
	flow->resumed = false;
	flow->walking = true;
	return PTM_OK;
}

static ptm_status take_user_branch(ptm_bts_flow *flow)
{
	uint8_t reason = PTM_GAP_NONE;
	uint64_t at;

	if (!flow->ip)
		return start_at_branch(flow, false);
	PTM_TRY(check_way(flow, &reason, &at));
	if (reason == PTM_GAP_NONE) {
		flow->walking = true;
		return PTM_OK;
	}
	emit_gap(flow, reason, at, PTM_BTS_RECORD);
	return start_at_branch(flow, true);
}

static ptm_status take_record(ptm_bts_flow *flow)
{
	if (!flow->from && !flow->to) /* padding */
		return PTM_OK;
	if (flow->from && !ptm_branch_is_kernel(flow->from))
		return take_user_branch(flow);
	/* From the kernel, or tracing starts. */
	if (flow->from && flow->ip) {
		uint32_t row;
		PTM_TRY(find(flow, flow->ip, &row));
		emit_gap(flow, block_at(flow, row)->instructions ? PTM_GAP_CODE_MISMATCH : PTM_GAP_NO_CODE, flow->ip, PTM_BTS_RECORD);
	}
	arrive(flow, true);
	return PTM_OK;
}

static ptm_status read_at(ptm_bts_flow *flow, uint64_t offset, uint64_t *from, uint64_t *to)
{
	if (offset < flow->buffer_offset || offset + PTM_BTS_RECORD > flow->buffer_offset + flow->buffer_length) {
		uint32_t length = BUFFER_BYTES;
		PTM_TRY(flow->config.read(flow->config.host, offset, flow->buffer, &length));
		flow->buffer_offset = offset;
		flow->buffer_length = length;
		if (length < PTM_BTS_RECORD)
			return PTM_END;
	}
	ptm_bytes bytes = ptm_bytes_of(flow->buffer + (offset - flow->buffer_offset), PTM_BTS_RECORD);
	*from = ptm_bytes_u64(&bytes);
	*to = ptm_bytes_u64(&bytes);
	return PTM_OK;
}

/* Moves into the span of flow->offset. */
static ptm_status enter_span(ptm_bts_flow *flow)
{
	ptm_bts_span *span = &flow->span;
	uint64_t from, to = 0;
	bool first = !flow->in_span;

	PTM_TRY(flow->config.span(flow->config.host, flow->offset, span));
	flow->in_span = true;
	if (flow->offset > span->end)
		flow->offset = span->next;
	if (flow->offset < span->start)
		flow->offset = span->start;
	flow->record_offset = flow->offset;
	uint64_t before = flow->offset > span->start ? flow->offset - PTM_BTS_RECORD : span->before;
	if (before != PTM_BTS_NOTHING && (first || flow->offset == span->start))
		PTM_TRY(read_at(flow, before, &from, &to));
	flow->ip = ptm_branch_is_kernel(to) ? 0 : to;
	if (!first && span->thread != flow->thread)
		emit(flow, PTM_ITEM_SWITCH);
	flow->thread = span->thread;
	if (span->lost && flow->offset == span->start)
		emit_gap(flow, PTM_GAP_AUX_MISSING, 0, span->missing);
	return PTM_OK;
}

/* The bytes behind a span's last record are no record. */
static void leave_span(ptm_bts_flow *flow)
{
	if (flow->span.next > flow->span.end) {
		flow->record_offset = flow->span.end;
		emit_gap(flow, PTM_GAP_BAD_PACKET, 0, flow->span.next - flow->span.end);
	}
	flow->offset = flow->span.next;
}

static void checkpoint(ptm_bts_flow *flow)
{
	emit(flow, PTM_ITEM_CHECKPOINT)->payload = flow->records;
	flow->next_checkpoint = flow->offset + CHECKPOINT_BYTES;
}

/* Reads the next record. */
static ptm_status advance(ptm_bts_flow *flow)
{
	if (flow->in_span && flow->offset == flow->span.end && flow->span.next > flow->offset) {
		leave_span(flow);
		return PTM_OK;
	}
	if (flow->offset >= flow->limit)
		return PTM_END;
	if (!flow->in_span || flow->offset >= flow->span.end)
		PTM_TRY(enter_span(flow));
	if (flow->offset >= flow->limit)
		return PTM_END;
	if (flow->offset >= flow->span.end) /* only a record cut short */
		return flow->span.next > flow->offset ? PTM_OK : PTM_END;
	flow->record_offset = flow->offset;
	if (flow->offset >= flow->next_checkpoint)
		checkpoint(flow);
	PTM_TRY(read_at(flow, flow->offset, &flow->from, &flow->to));
	flow->offset += PTM_BTS_RECORD;
	flow->records++;
	return take_record(flow);
}

ptm_status ptm_bts_flow_next(ptm_bts_flow *flow, ptm_item *item)
{
	while (!flow->items.count)
		PTM_TRY(flow->walking ? walk(flow) : advance(flow));
	*item = *ptm_branch_items_take(&flow->items);
	return PTM_OK;
}

ptm_status ptm_bts_flow_scan(const ptm_bts_flow_config *config, uint64_t offset, uint64_t limit, uint64_t *records)
{
	*records = 0;
	while (offset < limit) {
		ptm_bts_span span;
		ptm_status status = config->span(config->host, offset, &span);
		if (status == PTM_END)
			return PTM_OK;
		PTM_TRY(status);
		if (offset < span.start)
			offset = span.start;
		uint64_t end = span.end < limit ? span.end : limit;
		if (end > offset)
			*records += (end - offset + PTM_BTS_RECORD - 1) / PTM_BTS_RECORD;
		offset = span.next;
	}
	return PTM_OK;
}
