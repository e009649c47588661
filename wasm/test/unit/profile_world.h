/* SPDX-License-Identifier: Apache-2.0 */
/* A small world for tests of profile/: streams written as text, answers printed
 * as text, and stand-ins for what other rooms supply (weak: the real ones win).
 *
 * Functions are letters, a to z; an address is a letter and a hex offset ("f20").
 * Blocks are 4 bytes and 2 instructions. A stream is words, line by line:
 *   thread N          the next items are thread N's (a SWITCH when it changes)
 *   at NS             time goes on to NS without trace
 *   begin ADDR        BEGIN
 *   gap REASON NS     lost trace up to NS; REASON: enum ptm_gap_reason as a number
 *   ADDR END NS       a visit that ends at NS; END is one of world_visit's names. One address always has
 *                     one class of END. The next visit is where it goes, if no other line comes between. */
#ifndef PTM_TEST_PROFILE_WORLD_H
#define PTM_TEST_PROFILE_WORLD_H

#include "check.h"
#include "profile/profile.h"
#include <stdarg.h>

/* ------------------------------------------------------------ stand-ins -- */

#define WEAK __attribute__((weak, unused))

WEAK uint32_t ptm_spaces_code_id(const ptm_spaces *spaces, uint32_t space)
{
	(void)spaces;
	return space;
}

WEAK const ptm_function *ptm_spaces_function(const ptm_spaces *spaces, uint32_t function)
{
	static const ptm_function none;
	(void)spaces, (void)function;
	return &none;
}

WEAK ptm_strings *ptm_spaces_strings(const ptm_spaces *spaces)
{
	(void)spaces;
	return NULL;
}

WEAK ptm_status ptm_spaces_function_add(ptm_spaces *spaces, const ptm_function *function, uint32_t *row)
{
	(void)spaces, (void)function, (void)row;
	return PTM_NOT_FOUND;
}

WEAK ptm_status ptm_blocks_add(ptm_blocks *blocks, const ptm_block *known, const uint8_t *lengths, uint32_t *block)
{
	ptm_block made = *known;

	for (*block = 0; *block < blocks->blocks.length; ++*block) {
		const ptm_block *at = &blocks->blocks.at[*block];
		if (at->ip == known->ip && at->code_id == known->code_id && at->mode == known->mode)
			return PTM_OK;
	}
	made.lengths = blocks->lengths.length;
	for (uint32_t i = 0; i < known->instructions; i++)
		PTM_TRY(ptm_array_push(&blocks->lengths, lengths[i]));
	return ptm_array_push(&blocks->blocks, made);
}

WEAK void ptm_blocks_init(ptm_blocks *blocks, ptm_spaces *spaces)
{
	memset(blocks, 0, sizeof *blocks);
	blocks->spaces = spaces;
}

WEAK void ptm_blocks_free(ptm_blocks *blocks)
{
	ptm_array_free(&blocks->blocks);
	ptm_array_free(&blocks->lengths);
	free(blocks->slots);
}

/* -------------------------------------------------------------- streams -- */

#define WORLD_FUNCTION_SIZE 0x1000u

typedef struct world {
	ptm_blocks blocks;           /* of the session that decodes */
	ptm_blocks merged;           /* of the one that merges */
	ptm_part *part;
	ptm_item last;               /* visit not yet given away, when `has_last` */
	bool has_last;
	uint32_t thread;
	uint64_t now_ns;
} world;

static inline uint64_t world_ip(const char *text)
{
	return (uint64_t)(text[0] - 'a' + 1) * WORLD_FUNCTION_SIZE + strtoull(text + 1, NULL, 16);
}

/* Row of the block at `ip`, which always ends in the same `class`. */
static inline uint32_t world_block(world *world, uint64_t ip, uint8_t class)
{
	uint32_t row = 0;
	ptm_block block = { .ip = ip, .last_ip = ip + 2, .size = 4, .function = (uint32_t)(ip / WORLD_FUNCTION_SIZE),
			    .function_offset = ip % WORLD_FUNCTION_SIZE, .instructions = 2, .class = class, .mode = PTM_MODE_64 };

	while (row < world->blocks.blocks.length && world->blocks.blocks.at[row].ip != ip)
		row++;
	if (row < world->blocks.blocks.length) {
		CHECK_EQ(world->blocks.blocks.at[row].class, class);
		return row;
	}
	block.lengths = world->blocks.lengths.length;
	CHECK_EQ(ptm_array_push(&world->blocks.lengths, 2), PTM_OK);
	CHECK_EQ(ptm_array_push(&world->blocks.lengths, 2), PTM_OK);
	CHECK_EQ(ptm_array_push(&world->blocks.blocks, block), PTM_OK);
	return row;
}

static inline void world_flush(world *world, uint64_t to_ip)
{
	if (!world->has_last)
		return;
	world->last.to_ip = to_ip;
	CHECK_EQ(ptm_part_add(world->part, &world->last), PTM_OK);
	world->has_last = false;
}

static inline void world_item(world *world, const ptm_item *item)
{
	world_flush(world, 0);
	CHECK_EQ(ptm_part_add(world->part, item), PTM_OK);
}

static inline void world_visit(world *world, const char *address, const char *end, const char *time)
{
	static const struct { const char *name; uint8_t end, class; } ends[] = {
		{ "fall", PTM_END_FALLTHROUGH, PTM_INSN_OTHER }, { "not", PTM_END_NOT_TAKEN, PTM_INSN_JCC },
		{ "call", PTM_END_CALL, PTM_INSN_CALL }, { "icall", PTM_END_CALL, PTM_INSN_CALL_INDIRECT },
		{ "ret", PTM_END_RETURN, PTM_INSN_RETURN }, { "jump", PTM_END_JUMP, PTM_INSN_JUMP },
		{ "ijump", PTM_END_JUMP, PTM_INSN_JUMP_INDIRECT }, { "taken", PTM_END_TAKEN, PTM_INSN_JCC },
		{ "sys", PTM_END_FAR, PTM_INSN_SYSCALL }, { "sysret", PTM_END_FAR, PTM_INSN_SYSRET },
		{ "async", PTM_END_ASYNC, PTM_INSN_JCC }, { "iret", PTM_END_FAR, PTM_INSN_IRET },
		{ "offsys", PTM_END_OFF, PTM_INSN_SYSCALL }, { "offcall", PTM_END_OFF, PTM_INSN_CALL },
		{ "offret", PTM_END_OFF, PTM_INSN_RETURN }, { "offjump", PTM_END_OFF, PTM_INSN_JUMP },
		{ "offsysret", PTM_END_OFF, PTM_INSN_SYSRET } };
	uint32_t i = 0;

	while (i + 1 < sizeof ends / sizeof *ends && strcmp(ends[i].name, end))
		i++;
	CHECK_TEXT(ends[i].name, end);
	world_flush(world, world_ip(address));
	world->last = (ptm_item){ .kind = PTM_ITEM_VISIT, .end = ends[i].end, .instructions = 2, .thread = world->thread,
				  .block = world_block(world, world_ip(address), ends[i].class), .start_ns = world->now_ns,
				  .end_ns = strtoull(time, NULL, 10) };
	world->now_ns = world->last.end_ns;
	world->has_last = true;
}

/* Gives the stream written in `text` to the world's part. */
static inline void world_play(world *world, const char *text)
{
	char copy[4096], *save = NULL;

	snprintf(copy, sizeof copy, "%s", text);
	for (char *word = strtok_r(copy, " \t\n", &save); word; word = strtok_r(NULL, " \t\n", &save)) {
		char *first = strtok_r(NULL, " \t\n", &save);
		ptm_item item = { .thread = world->thread, .start_ns = world->now_ns, .end_ns = world->now_ns };
		if (!strcmp(word, "thread")) {
			item.kind = PTM_ITEM_SWITCH;
			item.thread = world->thread = (uint32_t)atoi(first);
			world_item(world, &item);
		} else if (!strcmp(word, "at")) {
			world->now_ns = strtoull(first, NULL, 10);
		} else if (!strcmp(word, "begin")) {
			item.kind = PTM_ITEM_BEGIN;
			item.to_ip = world_ip(first);
			world_item(world, &item);
		} else if (!strcmp(word, "gap")) {
			item.kind = PTM_ITEM_GAP;
			item.reason = (uint8_t)atoi(first);
			item.bytes = 8;
			item.end_ns = world->now_ns = strtoull(strtok_r(NULL, " \t\n", &save), NULL, 10);
			world_item(world, &item);
		} else {
			world_visit(world, word, first, strtok_r(NULL, " \t\n", &save));
		}
	}
	world_flush(world, 0);
}

/* -------------------------------------------------------------- answers -- */

typedef struct text {
	char *at;
	size_t length, capacity;
} text;

__attribute__((format(printf, 2, 3))) static inline void text_add(text *text, const char *format, ...)
{
	va_list arguments;

	if (text->capacity - text->length < 512) {
		text->capacity = text->capacity * 2 + 4096;
		text->at = realloc(text->at, text->capacity);
	}
	va_start(arguments, format);
	text->length += (size_t)vsnprintf(text->at + text->length, 512, format, arguments);
	va_end(arguments);
}

static inline const char *text_function(uint32_t function)
{
	static char name[4][16];
	static unsigned turn;
	char *into = name[turn++ % 4];

	if (function >= 1 && function <= 26)
		snprintf(into, 16, "%c", 'a' + (int)function - 1);
	else
		snprintf(into, 16, "#%u", function);
	return into;
}

/* One line per node, indented: function calls/ns/instructions[/cycles]. */
static inline void text_tree(text *text, ptm_profile *profile)
{
	uint32_t count, depth[4096], thread = UINT32_MAX;
	const ptm_call_node *nodes = ptm_profile_call_tree(profile, &count);

	for (uint32_t i = 0; i < count && i < 4096; i++) {
		CHECK(nodes[i].parent == UINT32_MAX || nodes[i].parent < i);
		depth[i] = nodes[i].parent == UINT32_MAX ? 0 : depth[nodes[i].parent] + 1;
		if (nodes[i].thread != thread)
			text_add(text, "thread %u\n", thread = nodes[i].thread);
		text_add(text, "%*s%s %" PRIu64 "/%" PRIu64 "/%" PRIu64, (int)depth[i] * 2, "", text_function(nodes[i].function),
			 nodes[i].calls, nodes[i].self_ns, nodes[i].self_instructions);
		if (nodes[i].self_cycles)
			text_add(text, "/%" PRIu64, nodes[i].self_cycles);
		text_add(text, "\n");
	}
}

/* One line per call: thread depth function start-end instructions, ( open at the start, ) at the end. */
static inline void text_calls(text *text, ptm_profile *profile)
{
	uint64_t shortest;
	uint32_t count;
	const ptm_call *calls = ptm_profile_calls(profile, &count, &shortest);

	for (uint32_t i = 0; i < count; i++)
		text_add(text, "%u %*s%s %s%" PRIu64 "-%" PRIu64 "%s %" PRIu64 "\n", calls[i].thread, calls[i].depth, "",
			 text_function(calls[i].function), calls[i].flags & PTM_CALL_OPEN_START ? "(" : "", calls[i].start_ns,
			 calls[i].end_ns, calls[i].flags & PTM_CALL_OPEN_END ? ")" : "", calls[i].instructions);
}

static inline void text_gaps(text *text, ptm_profile *profile)
{
	uint32_t count;
	const ptm_gap *gaps = ptm_profile_gaps(profile, &count);

	for (uint32_t i = 0; i < count; i++)
		text_add(text, "gap %u thread %u queue %u %" PRIu64 "-%" PRIu64 " bytes %" PRIu64 " ip %" PRIx64 " count %" PRIu64 "\n",
			 gaps[i].reason, gaps[i].thread, gaps[i].queue, gaps[i].start_ns, gaps[i].end_ns, gaps[i].bytes, gaps[i].ip,
			 gaps[i].count);
}

static inline void text_runs(text *text, ptm_profile *profile)
{
	uint32_t count;
	const ptm_run *runs = ptm_profile_runs(profile, &count);

	for (uint32_t i = 0; i < count; i++)
		text_add(text, "run thread %u queue %u %" PRIu64 "-%" PRIu64 " on %" PRIu64 " first %" PRIu64 " instructions %" PRIu64
			 " branches %" PRIu64 " cycles %" PRIu64 "\n", runs[i].thread, runs[i].queue, runs[i].start_ns, runs[i].end_ns,
			 runs[i].on_ns, runs[i].first_instruction, runs[i].instructions, runs[i].branches, runs[i].cycles);
}

static inline void text_rest(text *text, ptm_profile *profile, const ptm_blocks *blocks)
{
	uint32_t count;
	const ptm_block_stat *stats = ptm_profile_blocks(profile, &count);
	for (uint32_t i = 0; i < count; i++)
		text_add(text, "block %" PRIx64 " visits %" PRIu64 " taken %" PRIu64 " instructions %" PRIu64 " ns %" PRIu64
			 " cycles %" PRIu64 "/%" PRIu64 "/%" PRIu64 "\n", blocks->blocks.at[stats[i].block].ip, stats[i].visits,
			 stats[i].taken, stats[i].instructions, stats[i].ns, stats[i].cycles, stats[i].cycle_visits,
			 stats[i].cycle_instructions);
	const ptm_checkpoint *checkpoints = ptm_profile_checkpoints(profile, &count);
	for (uint32_t i = 0; i < count; i++)
		text_add(text, "checkpoint queue %u offset %" PRIu64 " %" PRIu64 " ns instruction %" PRIu64 " packet %" PRIu64 " thread %u\n",
			 checkpoints[i].queue, checkpoints[i].offset, checkpoints[i].time_ns, checkpoints[i].instruction,
			 checkpoints[i].packet, checkpoints[i].thread);
	const ptm_queue_total *queues = ptm_profile_queues(profile, &count);
	for (uint32_t i = 0; i < count; i++)
		text_add(text, "queue %u instructions %" PRIu64 " packets %" PRIu64 "\n", queues[i].queue, queues[i].instructions,
			 queues[i].packets);
}

/* Finishes the part and merges it. */
static inline void world_merge(world *world, ptm_profile *profile)
{
	const uint8_t *bytes;
	size_t length;

	CHECK_EQ(ptm_part_finish(world->part, 0, 0), PTM_OK);
	CHECK_EQ(ptm_part_serialize(world->part, &bytes, &length), PTM_OK);
	CHECK_EQ(ptm_profile_merge(profile, bytes, length), PTM_OK);
	ptm_part_free(world->part);
	world->part = NULL;
}

/* Plays one stream through a part and a profile; caller frees both with world_end. */
static inline ptm_profile *world_begin(world *world, const char *stream)
{
	ptm_profile *profile;

	memset(world, 0, sizeof *world);
	world->thread = 1;
	ptm_blocks_init(&world->merged, NULL);
	CHECK_EQ(ptm_part_new(&world->part, 0, 0, &world->blocks, NULL), PTM_OK);
	CHECK_EQ(ptm_profile_new(&profile, &world->merged, NULL), PTM_OK);
	world_play(world, stream);
	world_merge(world, profile);
	return profile;
}

static inline void world_end(world *world, ptm_profile *profile)
{
	ptm_profile_free(profile);
	ptm_blocks_free(&world->merged);
	ptm_array_free(&world->blocks.blocks);
	ptm_array_free(&world->blocks.lengths);
}

#endif
