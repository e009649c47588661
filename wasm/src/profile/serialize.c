/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a finished part as bytes that another session of the same trace can
 * merge: functions and blocks by what they are, everything else as it is. */
#include "profile/serialize.h"

/* Rows of the session's functions -> order of first use in this part. */
typedef struct function_map {
	PTM_ARRAY(uint32_t) used;
	uint32_t *rows;          /* function -> order + 1 */
	uint32_t row_count;
} function_map;

static ptm_status map_function(function_map *map, uint32_t *function)
{
	if (*function == PTM_NO_FUNCTION)
		return PTM_OK;
	if (*function >= map->row_count) {
		uint64_t count = (uint64_t)*function + 1024;
		uint32_t *rows = count > INT32_MAX ? NULL : realloc(map->rows, count * sizeof *rows);
		if (!rows)
			return PTM_NO_MEMORY;
		memset(rows + map->row_count, 0, (count - map->row_count) * sizeof *rows);
		map->rows = rows;
		map->row_count = (uint32_t)count;
	}
	if (!map->rows[*function]) {
		PTM_TRY(ptm_array_push(&map->used, *function));
		map->rows[*function] = map->used.length;
	}
	*function = map->rows[*function] - 1;
	return PTM_OK;
}

static ptm_status put(ptm_part *part, const void *data, size_t length)
{
	if (length > INT32_MAX)
		return PTM_NO_MEMORY;
	PTM_TRY(ptm_array_reserve(&part->bytes, (uint32_t)length));
	if (length)
		memcpy(part->bytes.at + part->bytes.length, data, length);
	part->bytes.length += (uint32_t)length;
	return PTM_OK;
}

static ptm_status put_u32(ptm_part *part, uint32_t value)
{
	return put(part, &value, sizeof value);
}

static ptm_status put_u64(ptm_part *part, uint64_t value)
{
	return put(part, &value, sizeof value);
}

static ptm_status put_rows(ptm_part *part, const void *rows, uint32_t count, size_t size)
{
	PTM_TRY(put_u32(part, count));
	return put(part, rows, count * size);
}

/* Bytes of a block and its counters, but for its instructions' lengths. */
#define BLOCK_BYTES (PTM_PART_BLOCK_BYTES + PTM_PART_COUNTERS_BYTES)

static inline uint8_t *lay(uint8_t *at, const void *data, size_t length)
{
	memcpy(at, data, length);
	return at + length;
}

static ptm_status put_block(ptm_part *part, function_map *map, const ptm_block_stat *stat)
{
	const ptm_block *block = &part->blocks->blocks.at[stat->block];
	const uint8_t small[5] = { block->instructions & 255, block->instructions >> 8, block->class, block->mode, block->no_code };
	const uint64_t places[] = { block->ip, block->last_ip, block->target, block->function_offset };
	uint64_t lengths_end = (uint64_t)block->lengths + block->instructions;
	bool has_lengths = lengths_end <= part->blocks->lengths.length;
	uint32_t function = block->function;

	PTM_TRY(map_function(map, &function));
	PTM_TRY(ptm_array_reserve(&part->bytes, (uint32_t)BLOCK_BYTES + block->instructions));
	uint8_t *at = part->bytes.at + part->bytes.length;
	at = lay(at, places, sizeof places);
	at = lay(at, &block->size, sizeof block->size);
	at = lay(at, &block->code_id, sizeof block->code_id);
	at = lay(at, &function, sizeof function);
	at = lay(at, small, sizeof small);
	if (has_lengths && block->instructions)
		at = lay(at, part->blocks->lengths.at + block->lengths, block->instructions);
	else
		at = (uint8_t *)memset(at, 0, block->instructions) + block->instructions;
	at = lay(at, &stat->visits, PTM_STAT_COUNTERS);
	at = lay(at, &stat->first_segment, sizeof stat->first_segment);
	part->bytes.length = (uint32_t)(at - part->bytes.at);
	return PTM_OK;
}

static ptm_status put_blocks(ptm_part *part, function_map *map)
{
	PTM_TRY(put_u32(part, part->stats.stats.length));
	for (uint32_t i = 0; i < part->stats.stats.length; i++)
		PTM_TRY(put_block(part, map, &part->stats.stats.at[i]));
	return PTM_OK;
}

static ptm_status put_pieces(ptm_part *part, function_map *map)
{
	const ptm_part_data *data = &part->data;

	PTM_TRY(put_u32(part, data->pieces.length));
	for (uint32_t i = 0; i < data->pieces.length; i++) {
		ptm_piece piece = data->pieces.at[i];
		PTM_TRY(map_function(map, &piece.arrival.function));
		PTM_TRY(map_function(map, &piece.departure.function));
		PTM_TRY(put(part, &piece, sizeof piece));
	}
	return PTM_OK;
}

/* Rows as they are, but for the function at `field` of each. */
static ptm_status put_mapped(ptm_part *part, function_map *map, const void *rows, uint32_t count, size_t size, size_t field)
{
	PTM_TRY(put_rows(part, rows, count, size));
	uint8_t *at = part->bytes.at + part->bytes.length - count * size + field;
	for (uint32_t i = 0; i < count; i++, at += size) {
		uint32_t function;
		memcpy(&function, at, sizeof function);
		bool is_mapped = function < map->row_count && map->rows[function];
		if (is_mapped)
			function = map->rows[function] - 1;
		else
			PTM_TRY(map_function(map, &function));
		memcpy(at, &function, sizeof function);
	}
	return PTM_OK;
}

static ptm_status put_frames_and_calls(ptm_part *part, function_map *map)
{
	const ptm_part_data *data = &part->data;
	const ptm_call_tree *tree = &part->tree;

	PTM_TRY(put_mapped(part, map, tree->nodes.at, tree->nodes.length, sizeof *tree->nodes.at, offsetof(ptm_tree_node, function)));
	PTM_TRY(put_mapped(part, map, data->frames.at, data->frames.length, sizeof *data->frames.at, offsetof(ptm_frame, function)));
	return put_mapped(part, map, data->calls.at, data->calls.length, sizeof *data->calls.at, offsetof(ptm_piece_call, function));
}

static ptm_status put_functions(ptm_part *part, const function_map *map)
{
	PTM_TRY(put_u32(part, map->used.length));
	for (uint32_t i = 0; i < map->used.length; i++) {
		ptm_function function = { .address = map->used.at[i] };
		const char *name = "";
		if (part->spaces) {
			function = *ptm_spaces_function(part->spaces, map->used.at[i]);
			name = ptm_strings_get(ptm_spaces_strings(part->spaces), function.name);
		}
		size_t length = strnlen(name, PTM_FUNCTION_NAME);
		PTM_TRY(put_u64(part, function.address));
		PTM_TRY(put_u64(part, function.size));
		PTM_TRY(put_u32(part, function.image));
		PTM_TRY(put_u32(part, (uint32_t)length));
		PTM_TRY(put(part, name, length));
	}
	return PTM_OK;
}

/* Room for about all of it at once. */
static ptm_status reserve(ptm_part *part)
{
	const ptm_part_data *data = &part->data;
	uint64_t bytes = 4096 + (uint64_t)part->stats.stats.length * (BLOCK_BYTES + 8) + (uint64_t)part->tree.nodes.length * sizeof *part->tree.nodes.at +
			 (uint64_t)data->frames.length * sizeof *data->frames.at + (uint64_t)data->calls.length * sizeof *data->calls.at;
	return bytes > INT32_MAX ? PTM_NO_MEMORY : ptm_array_reserve(&part->bytes, (uint32_t)bytes);
}

static ptm_status put_all(ptm_part *part, function_map *map)
{
	const ptm_part_data *data = &part->data;

	PTM_TRY(reserve(part));
	PTM_TRY(put_u32(part, PTM_PART_MAGIC));
	PTM_TRY(put_u32(part, PTM_PART_VERSION));
	PTM_TRY(put_u32(part, data->segment));
	PTM_TRY(put_u32(part, data->queue));
	PTM_TRY(put_u64(part, data->instructions));
	PTM_TRY(put_u64(part, data->packets));
	PTM_TRY(put_u64(part, data->end_offset));
	PTM_TRY(put_u64(part, data->shortest_ns));
	PTM_TRY(put_u32(part, data->ends_lost));
	PTM_TRY(put_u32(part, data->ends_away));
	PTM_TRY(put_u32(part, data->ends_switched));
	PTM_TRY(put_u64(part, data->first_ns));
	PTM_TRY(put_u64(part, data->lost_from_ns));
	PTM_TRY(put_u64(part, data->lost_until_ns));
	PTM_TRY(put(part, &data->clock_in, sizeof data->clock_in));
	PTM_TRY(put(part, &data->clock_out, sizeof data->clock_out));
	/* Blocks travel in order of their counters. */
	uint32_t resumed = data->first_resumed;
	PTM_TRY(put_u32(part, resumed == UINT32_MAX ? UINT32_MAX : part->stats.rows[resumed] - 1));
	uint32_t end_at = part->bytes.length;
	PTM_TRY(put_u32(part, 0));
	PTM_TRY(put_blocks(part, map));
	PTM_TRY(put_pieces(part, map));
	PTM_TRY(put_frames_and_calls(part, map));
	PTM_TRY(put_rows(part, data->runs.at, data->runs.length, sizeof *data->runs.at));
	PTM_TRY(put_rows(part, data->gaps.at, data->gaps.length, sizeof *data->gaps.at));
	PTM_TRY(put_rows(part, data->checkpoints.at, data->checkpoints.length, sizeof *data->checkpoints.at));
	PTM_TRY(put_rows(part, data->marks.at, data->marks.length, sizeof *data->marks.at));
	/* The functions come last, because only now is known which are used. */
	memcpy(part->bytes.at + end_at, &part->bytes.length, sizeof part->bytes.length);
	return put_functions(part, map);
}

ptm_status ptm_part_serialize(ptm_part *part, const uint8_t **bytes, size_t *length)
{
	function_map map = { 0 };

	part->bytes.length = 0;
	ptm_status status = put_all(part, &map);
	ptm_array_free(&map.used);
	free(map.rows);
	*bytes = part->bytes.at;
	*length = part->bytes.length;
	return status;
}
