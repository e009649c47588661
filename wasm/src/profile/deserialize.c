/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a part's bytes, believing nothing: every count and row is checked. */
#include "profile/serialize.h"
#include "base/bytes.h"

typedef struct reader {
	ptm_bytes body;          /* up to the functions */
	ptm_bytes functions;
	uint32_t *rows;          /* function of the part -> row of this session */
	uint32_t row_count;
	ptm_blocks *blocks;
	ptm_spaces *spaces;
} reader;

static void read_clock(ptm_bytes *body, ptm_clock *clock)
{
	const uint8_t *from = ptm_bytes_take(body, sizeof *clock);
	if (from)
		memcpy(clock, from, sizeof *clock);
}

static ptm_status read_header(reader *reader, const uint8_t *bytes, size_t length, ptm_part_data *data)
{
	ptm_bytes *body = &reader->body;

	*body = ptm_bytes_of(bytes, length);
	if (ptm_bytes_u32(body) != PTM_PART_MAGIC || ptm_bytes_u32(body) != PTM_PART_VERSION)
		return PTM_BAD_DATA;
	data->segment = ptm_bytes_u32(body);
	data->queue = ptm_bytes_u32(body);
	data->instructions = ptm_bytes_u64(body);
	data->packets = ptm_bytes_u64(body);
	data->end_offset = ptm_bytes_u64(body);
	data->shortest_ns = ptm_bytes_u64(body);
	data->ends_lost = ptm_bytes_u32(body);
	data->ends_away = ptm_bytes_u32(body);
	data->ends_switched = ptm_bytes_u32(body);
	data->first_ns = ptm_bytes_u64(body);
	data->lost_from_ns = ptm_bytes_u64(body);
	data->lost_until_ns = ptm_bytes_u64(body);
	read_clock(body, &data->clock_in);
	read_clock(body, &data->clock_out);
	data->first_resumed = ptm_bytes_u32(body);
	uint32_t body_end = ptm_bytes_u32(body);
	if (body->failed || body_end > length || body->at > bytes + body_end)
		return PTM_BAD_DATA;
	reader->functions = ptm_bytes_of(bytes + body_end, length - body_end);
	body->end = bytes + body_end;
	return PTM_OK;
}

static ptm_status read_function(reader *reader, uint32_t *row)
{
	ptm_bytes *from = &reader->functions;
	ptm_function function = { 0 };
	function.address = ptm_bytes_u64(from);
	function.size = ptm_bytes_u64(from);
	function.image = ptm_bytes_u32(from);
	uint32_t length = ptm_bytes_u32(from);
	const char *name = (const char *)ptm_bytes_take(from, length);

	if (from->failed || length > PTM_FUNCTION_NAME)
		return PTM_BAD_DATA;
	if (!reader->spaces) {
		*row = (uint32_t)function.address;
		return *row == PTM_NO_FUNCTION ? PTM_BAD_DATA : PTM_OK;
	}
	PTM_TRY(ptm_strings_add(ptm_spaces_strings(reader->spaces), name, length, &function.name));
	return ptm_spaces_function_add(reader->spaces, &function, row);
}

static ptm_status read_functions(reader *reader)
{
	uint32_t count = ptm_bytes_u32(&reader->functions);

	if (count > ptm_bytes_left(&reader->functions) / 24)
		return PTM_BAD_DATA;
	reader->rows = malloc((count + 1) * sizeof *reader->rows);
	if (!reader->rows)
		return PTM_NO_MEMORY;
	for (; reader->row_count < count; reader->row_count++)
		PTM_TRY(read_function(reader, &reader->rows[reader->row_count]));
	return PTM_OK;
}

/* Translates a function of the part; none stays none. */
static ptm_status translate(const reader *reader, uint32_t *function)
{
	if (*function == PTM_NO_FUNCTION)
		return PTM_OK;
	if (*function >= reader->row_count)
		return PTM_BAD_DATA;
	*function = reader->rows[*function];
	return PTM_OK;
}

static ptm_status translate_some(const reader *reader, uint32_t *function)
{
	return *function == PTM_NO_FUNCTION ? PTM_BAD_DATA : translate(reader, function);
}

static ptm_status read_block(reader *reader, uint32_t *row)
{
	ptm_bytes *from = &reader->body;
	ptm_block block = { 0 };

	block.ip = ptm_bytes_u64(from);
	block.last_ip = ptm_bytes_u64(from);
	block.target = ptm_bytes_u64(from);
	block.function_offset = ptm_bytes_u64(from);
	block.size = ptm_bytes_u32(from);
	block.code_id = ptm_bytes_u32(from);
	block.function = ptm_bytes_u32(from);
	block.instructions = ptm_bytes_u16(from);
	block.class = ptm_bytes_u8(from);
	block.mode = ptm_bytes_u8(from);
	block.no_code = ptm_bytes_u8(from);
	const uint8_t *lengths = ptm_bytes_take(from, block.instructions);
	if (from->failed || block.instructions > PTM_BLOCK_INSTRUCTIONS || block.size > 15 * PTM_BLOCK_INSTRUCTIONS ||
	    block.class > PTM_INSN_MWAIT || block.mode > PTM_MODE_64 || block.no_code > 1)
		return PTM_BAD_DATA;
	PTM_TRY(translate_some(reader, &block.function));
	return ptm_blocks_add(reader->blocks, &block, lengths, row);
}

static ptm_status read_blocks(reader *reader, ptm_part_data *data, ptm_part_counters *counters)
{
	ptm_bytes *from = &reader->body;
	uint32_t count = ptm_bytes_u32(from), resumed = data->first_resumed, row;

	if ((resumed != UINT32_MAX && resumed >= count) || count > ptm_bytes_left(from) / PTM_PART_COUNTERS_BYTES)
		return PTM_BAD_DATA;
	counters->blocks.length = 0;
	counters->at = from->at;
	PTM_TRY(ptm_array_reserve(&counters->blocks, count));
	for (uint32_t i = 0; i < count; i++) {
		PTM_TRY(read_block(reader, &row));
		if (!ptm_bytes_take(from, PTM_PART_COUNTERS_BYTES))
			return PTM_BAD_DATA;
		if (i == resumed)
			data->first_resumed = row;
		counters->blocks.at[counters->blocks.length++] = row;
	}
	return PTM_OK;
}

ptm_status ptm_part_counters_add(const ptm_part_counters *counters, ptm_block_stats *stats)
{
	const uint8_t *at = counters->at;
	ptm_block_stat *into;

	/* First make room everywhere, so that adding is all or nothing. */
	for (uint32_t i = 0; i < counters->blocks.length; i++)
		PTM_TRY(ptm_block_stats_find(stats, counters->blocks.at[i], &into));
	for (uint32_t i = 0; i < counters->blocks.length; i++) {
		ptm_block_stat stat;
		uint16_t instructions;
		memcpy(&instructions, at + PTM_PART_INSTRUCTIONS_AT, sizeof instructions);
		at += PTM_PART_BLOCK_BYTES + instructions;
		memcpy(&stat.visits, at, PTM_STAT_COUNTERS);
		memcpy(&stat.first_segment, at + PTM_STAT_COUNTERS, sizeof stat.first_segment);
		at += PTM_PART_COUNTERS_BYTES;
		PTM_TRY(ptm_block_stats_find(stats, counters->blocks.at[i], &into));
		ptm_block_stat_add(into, &stat);
	}
	return PTM_OK;
}

/* Reads a count and that many records into the array. */
#define READ_ROWS(reader, array)                                                                   \
	do {                                                                                       \
		uint32_t count_ = ptm_bytes_u32(&(reader)->body);                                  \
		if (count_ > ptm_bytes_left(&(reader)->body) / sizeof *(array)->at)                \
			return PTM_BAD_DATA;                                                       \
		PTM_TRY(ptm_array_reserve((array), count_));                                       \
		if (count_)                                                                        \
			memcpy((array)->at, ptm_bytes_take(&(reader)->body, count_ * sizeof *(array)->at), \
			       count_ * sizeof *(array)->at);                                      \
		(array)->length = count_;                                                          \
	} while (0)

static ptm_status check_nodes(const reader *reader, ptm_part_data *data, const ptm_piece *piece)
{
	if (piece->node_count < 2)
		return PTM_BAD_DATA;
	for (uint32_t i = 0; i < piece->node_count; i++) {
		ptm_tree_node *node = &data->nodes.at[piece->first_node + i];
		uint32_t parent = node->parent - piece->first_node;
		if (i < 2) {
			node->function = PTM_NO_FUNCTION;
			node->parent = i ? piece->first_node : PTM_NO_NODE;
			continue;
		}
		if (node->parent < piece->first_node || parent >= i)
			return PTM_BAD_DATA;
		PTM_TRY(translate_some(reader, &node->function));
	}
	return PTM_OK;
}

static ptm_status check_frames(const reader *reader, ptm_part_data *data, const ptm_piece *piece)
{
	if (!piece->frame_count)
		return PTM_BAD_DATA;
	for (uint32_t i = 0; i < piece->frame_count; i++) {
		ptm_frame *frame = &data->frames.at[piece->first_frame + i];
		if (frame->node < piece->first_node || frame->node - piece->first_node >= piece->node_count)
			return PTM_BAD_DATA;
		bool is_base = !i && !(piece->flags & PTM_PIECE_BASE_REPLACED);
		if (is_base)
			frame->function = PTM_NO_FUNCTION;
		else
			PTM_TRY(translate_some(reader, &frame->function));
		frame->flags = i ? frame->flags & ~(uint32_t)PTM_FRAME_BASE : PTM_FRAME_BASE;
	}
	return PTM_OK;
}

/* Pieces share out nodes and frames in order, without overlap. */
static ptm_status read_pieces(reader *reader, ptm_part_data *data)
{
	uint32_t node = 0, frame = 0;

	for (uint32_t i = 0; i < data->pieces.length; i++) {
		ptm_piece *piece = &data->pieces.at[i];
		if (piece->first_node != node || piece->node_count > data->nodes.length - node ||
		    piece->first_frame != frame || piece->frame_count > data->frames.length - frame)
			return PTM_BAD_DATA;
		node += piece->node_count;
		frame += piece->frame_count;
		if (piece->flags & PTM_PIECE_EMPTY) {
			if (piece->node_count || piece->frame_count)
				return PTM_BAD_DATA;
			continue;
		}
		if (piece->end_ns < piece->start_ns || piece->run >= data->runs.length)
			return PTM_BAD_DATA;
		PTM_TRY(translate_some(reader, &piece->arrival.function));
		PTM_TRY(translate_some(reader, &piece->departure.function));
		PTM_TRY(check_nodes(reader, data, piece));
		PTM_TRY(check_frames(reader, data, piece));
	}
	bool is_whole = node == data->nodes.length && frame == data->frames.length && (data->pieces.length || !data->runs.length);
	return is_whole ? PTM_OK : PTM_BAD_DATA;
}

static ptm_status read_calls(reader *reader, ptm_part_data *data)
{
	uint32_t piece = 0;

	for (uint32_t i = 0; i < data->calls.length; i++) {
		ptm_piece_call *call = &data->calls.at[i];
		if (call->piece < piece || call->piece >= data->pieces.length || call->end_ns < call->start_ns ||
		    call->depth > PTM_STACK_DEPTH || data->pieces.at[call->piece].flags & PTM_PIECE_EMPTY)
			return PTM_BAD_DATA;
		piece = call->piece;
		PTM_TRY(translate_some(reader, &call->function));
	}
	return PTM_OK;
}

/* What outlives the pieces. */
static void remember_pieces(ptm_part_data *data)
{
	data->piece_count = data->pieces.length;
	for (uint32_t i = 0; i < data->pieces.length; i++)
		if (data->pieces.at[i].start_ns > data->latest_ns)
			data->latest_ns = data->pieces.at[i].start_ns;
	if (data->pieces.length)
		data->last_departure = data->pieces.at[data->pieces.length - 1].departure;
}

/* Queue and segment are said once; times must not run backwards. */
static ptm_status check_rows(ptm_part_data *data)
{
	for (uint32_t i = 0; i < data->runs.length; i++) {
		ptm_run *run = &data->runs.at[i].run;
		run->queue = data->queue;
		run->segment = data->segment;
		if (run->end_ns < run->start_ns)
			return PTM_BAD_DATA;
	}
	for (uint32_t i = 0; i < data->gaps.length; i++) {
		ptm_gap *gap = &data->gaps.at[i];
		gap->queue = data->queue;
		if (gap->reason >= PTM_GAP_REASONS)
			return PTM_BAD_DATA;
	}
	for (uint32_t i = 0; i < data->checkpoints.length; i++)
		data->checkpoints.at[i].queue = data->queue;
	return PTM_OK;
}

static ptm_status read_all(reader *reader, const uint8_t *bytes, size_t length, ptm_part_data *data, ptm_part_counters *counters)
{
	PTM_TRY(read_header(reader, bytes, length, data));
	PTM_TRY(read_functions(reader));
	PTM_TRY(read_blocks(reader, data, counters));
	READ_ROWS(reader, &data->pieces);
	READ_ROWS(reader, &data->nodes);
	READ_ROWS(reader, &data->frames);
	READ_ROWS(reader, &data->calls);
	READ_ROWS(reader, &data->runs);
	READ_ROWS(reader, &data->gaps);
	READ_ROWS(reader, &data->checkpoints);
	READ_ROWS(reader, &data->marks);
	if (reader->body.failed || ptm_bytes_left(&reader->body) || ptm_bytes_left(&reader->functions))
		return PTM_BAD_DATA;
	PTM_TRY(read_pieces(reader, data));
	PTM_TRY(read_calls(reader, data));
	remember_pieces(data);
	return check_rows(data);
}

ptm_status ptm_part_deserialize(const uint8_t *bytes, size_t length, ptm_blocks *blocks, ptm_spaces *spaces,
				ptm_part_data *data, ptm_part_counters *counters)
{
	reader reader = { .blocks = blocks, .spaces = spaces };
	ptm_status status = read_all(&reader, bytes, length, data, counters);

	free(reader.rows);
	return status;
}

uint32_t ptm_part_segment(const uint8_t *data, size_t length, uint64_t *instructions)
{
	ptm_bytes bytes = ptm_bytes_of(data, length);
	bool is_part = ptm_bytes_u32(&bytes) == PTM_PART_MAGIC && ptm_bytes_u32(&bytes) == PTM_PART_VERSION;
	uint32_t segment = ptm_bytes_u32(&bytes);
	(void)ptm_bytes_u32(&bytes); /* queue */
	*instructions = ptm_bytes_u64(&bytes);
	return is_part && !bytes.failed ? segment : UINT32_MAX;
}
