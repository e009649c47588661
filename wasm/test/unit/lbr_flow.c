/* SPDX-License-Identifier: Apache-2.0 */
/* Branch stacks as flow, written as text: what follows, what does not, when it was. */
#include "check.h"
#include "flow/lbr_flow.h"

/*  1000: 3 instructions, jcc 1010     1010: 2 instructions, call 2000     2000: 2 instructions, ret
 *  1006: 2 instructions, jmp 1000     1014: 2 instructions, syscall       1018: 2 instructions, jmp 1000 */
static const ptm_block code[] = {
	{ .ip = 0x1000, .last_ip = 0x1004, .target = 0x1010, .size = 6, .instructions = 3, .class = PTM_INSN_JCC },
	{ .ip = 0x1004, .last_ip = 0x1004, .target = 0x1010, .size = 2, .instructions = 1, .class = PTM_INSN_JCC },
	{ .ip = 0x1006, .last_ip = 0x1008, .target = 0x1000, .size = 4, .instructions = 2, .class = PTM_INSN_JUMP },
	{ .ip = 0x1008, .last_ip = 0x1008, .target = 0x1000, .size = 2, .instructions = 1, .class = PTM_INSN_JUMP },
	{ .ip = 0x1010, .last_ip = 0x1012, .target = 0x2000, .size = 4, .instructions = 2, .class = PTM_INSN_CALL },
	{ .ip = 0x1014, .last_ip = 0x1016, .size = 4, .instructions = 2, .class = PTM_INSN_SYSCALL },
	{ .ip = 0x1018, .last_ip = 0x101a, .target = 0x1000, .size = 4, .instructions = 2, .class = PTM_INSN_JUMP },
	{ .ip = 0x2000, .last_ip = 0x2002, .size = 4, .instructions = 2, .class = PTM_INSN_RETURN },
	{ .ip = 0x2002, .last_ip = 0x2002, .size = 2, .instructions = 1, .class = PTM_INSN_RETURN },
};

static ptm_lbr_stack given[4];
static uint32_t given_count;

static ptm_status give(void *host, uint64_t offset, ptm_lbr_stack *stack)
{
	(void)host;
	for (uint32_t i = 0; i < given_count; i++) {
		if (given[i].start < offset)
			continue;
		*stack = given[i];
		return PTM_OK;
	}
	return PTM_END;
}

static uint64_t count(void *host, uint64_t offset, uint64_t limit)
{
	(void)host, (void)offset, (void)limit;
	return given_count;
}

/* Adds a sample; `entries` are {from, to, cycles}, newest first. */
static void sample(uint64_t time_ns, uint64_t ip, bool timed, const uint64_t entries[][3], uint32_t entry_count)
{
	ptm_lbr_stack *stack = &given[given_count];
	*stack = (ptm_lbr_stack){ .start = given_count * 100, .end = given_count * 100 + 100, .time_ns = time_ns, .ip = ip,
				  .thread = 1, .count = entry_count, .timed = timed };
	stack->floor_ns = given_count ? given[given_count - 1].time_ns : 0;
	for (uint32_t i = 0; i < entry_count; i++)
		stack->entries[i] = (ptm_lbr_entry){ .from = entries[i][0], .to = entries[i][1], .cycles = (uint16_t)entries[i][2] };
	given_count++;
}

#define SAMPLE(time_ns, ip, timed, ...)                             \
	do {                                                        \
		static const uint64_t entries_[][3] = { __VA_ARGS__ }; \
		sample(time_ns, ip, timed, entries_, sizeof entries_ / sizeof *entries_); \
	} while (0)

static void print_item(char **at, const ptm_item *item, const ptm_blocks *blocks)
{
	static const char *const ends[] = { "falls", "not-taken", "taken", "jump", "call", "return", "far", "async", "off", "abort", "lost" };

	if (item->kind == PTM_ITEM_VISIT) {
		*at += sprintf(*at, "%" PRIx64 " %u %s", blocks->blocks.at[item->block].ip, item->instructions, ends[item->end]);
		if (item->has_cycles)
			*at += sprintf(*at, " cycles %" PRIu64 "/%" PRIu64, item->cycles, item->cycle_instructions);
	} else if (item->kind == PTM_ITEM_BEGIN) {
		*at += sprintf(*at, "begin %" PRIx64, item->to_ip);
	} else if (item->kind == PTM_ITEM_GAP) {
		*at += sprintf(*at, "gap %u at %" PRIx64, item->reason, item->ip);
	} else {
		return;
	}
	*at += sprintf(*at, " %" PRIu64 "-%" PRIu64 "\n", item->start_ns, item->end_ns);
}

/* The items of all samples as text; forgets the samples. */
static const char *told(double cycle_ns)
{
	static char text[4096];
	char *at = text;
	ptm_spaces *spaces;
	ptm_images images;
	ptm_strings strings = { 0 };
	ptm_blocks blocks;
	ptm_lbr_flow *flow;
	ptm_item item;
	uint32_t row;
	static const uint8_t lengths[] = { 2, 2, 2 };
	ptm_lbr_flow_config config = { .size = given_count * 100, .cycle_ns = cycle_ns, .stack = give, .count = count };

	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_spaces_new(&spaces, &images), PTM_OK);
	ptm_blocks_init(&blocks, spaces);
	for (uint32_t i = 0; i < sizeof code / sizeof *code; i++) {
		ptm_block block = code[i];
		block.mode = PTM_MODE_64;
		block.code_id = ptm_spaces_code_id(spaces, 0);
		CHECK_EQ(ptm_blocks_add(&blocks, &block, lengths, &row), PTM_OK);
	}
	*at = 0;
	CHECK_EQ(ptm_lbr_flow_new(&flow, &blocks, &config, 0, config.size), PTM_OK);
	while (ptm_lbr_flow_next(flow, &item) == PTM_OK)
		print_item(&at, &item, &blocks);
	CHECK_EQ(ptm_lbr_flow_samples(flow), given_count);
	ptm_lbr_flow_free(flow);
	ptm_blocks_free(&blocks);
	ptm_spaces_free(spaces);
	ptm_images_free(&images);
	ptm_strings_free(&strings);
	given_count = 0;
	return text;
}

/* The oldest branch stands alone; conditional branches on the way were not taken. */
static void test_stack(void)
{
	SAMPLE(1000, 0x2002, true, { 0x1012, 0x2000, 7 }, { 0x1004, 0x1010, 5 }, { 0x1008, 0x1000, 9 }, { 0x1008, 0x1000, 50 });
	CHECK_TEXT(told(2),
		   "begin 1008 958-958\n1008 1 jump 958-958\n"
		   "1000 3 not-taken 958-958\n1006 2 jump cycles 9/5 958-976\n"
		   "1000 3 taken cycles 5/3 976-986\n"
		   "1010 2 call cycles 7/2 986-1000\n"
		   "2000 1 lost 1000-1000\n"
		   "gap 10 at 0 1000-1000\n");
}

/* Without a clock rate a stack is at its sample's time, and full counters measure nothing. */
static void test_no_times(void)
{
	SAMPLE(1000, 0, true, { 0x1004, 0x1010, 0xffff }, { 0x1008, 0x1000, 1 });
	CHECK_TEXT(told(0), "begin 1008 1000-1000\n1008 1 jump 1000-1000\n1000 3 taken 1000-1000\ngap 10 at 0 1000-1000\n");
}

/* Nothing of a stack is placed before the sample before it. */
static void test_between_samples(void)
{
	SAMPLE(1000, 0, true, { 0x1008, 0x1000, 3 });
	SAMPLE(1010, 0, true, { 0x1004, 0x1010, 40 }, { 0x1008, 0x1000, 1 });
	SAMPLE(2000, 0, true, { 0x1004, 0x1010, 40 }, { 0x1008, 0x1000, 1 });
	CHECK_TEXT(told(1),
		   "begin 1008 1000-1000\n1008 1 jump 1000-1000\ngap 10 at 0 1000-1000\n"
		   "begin 1008 1000-1000\n1008 1 jump 1000-1000\n1000 3 taken cycles 40/3 1000-1010\ngap 10 at 0 1010-1960\n"
		   "begin 1008 1960-1960\n1008 1 jump 1960-1960\n1000 3 taken cycles 40/3 1960-2000\ngap 10 at 0 2000-2000\n");
}

/* Entries that do not add up: backwards, too far, to where no instruction starts, past a
 * branch that always branches, a direct branch that went elsewhere, code that is not there. */
static void test_contradictions(void)
{
	SAMPLE(10, 0, false, { 0x1008, 0x1000 }, { 0x1004, 0x1010 });
	CHECK_TEXT(told(0), "begin 1004 10-10\n1004 1 taken 10-10\ngap 5 at 1010 10-10\nbegin 1008 10-10\n1008 1 jump 10-10\ngap 10 at 0 10-10\n");
	SAMPLE(10, 0, false, { 0x2002, 0x1014 }, { 0x1008, 0x1000 });
	CHECK_TEXT(told(0), "begin 1008 10-10\n1008 1 jump 10-10\ngap 5 at 1000 10-10\nbegin 2002 10-10\n2002 1 return 10-10\ngap 10 at 0 10-10\n");
	SAMPLE(10, 0, false, { 0x1008, 0x2000 });
	CHECK_TEXT(told(0), "begin 1008 10-10\ngap 5 at 1008 10-10\nbegin 2000 10-10\ngap 10 at 0 10-10\n");
	SAMPLE(10, 0, false, { 0x2002, 0x1014 }, { 0x5008, 0x5000 }, { 0x5008, 0x5000 });
	CHECK_TEXT(told(0), "gap 4 at 5008 10-10\nbegin 2002 10-10\n2002 1 return 10-10\ngap 10 at 0 10-10\n");
}

/* An interrupt ends a visit before its instruction; a system call that left no entry is passed. */
static void test_kernel(void)
{
	SAMPLE(10, 0, false, { 0x101a, 0x1000 }, { 0x2002, 0x1014 });
	CHECK_TEXT(told(0), "begin 2002 10-10\n2002 1 return 10-10\n1014 2 off 10-10\nbegin 1018 10-10\n1018 2 jump 10-10\ngap 10 at 0 10-10\n");
	SAMPLE(10, 0, false, { 0x1002, 0xffffffff81000000 }, { 0x1008, 0x1000 });
	CHECK_TEXT(told(0), "begin 1008 10-10\n1008 1 jump 10-10\n1000 1 async 10-10\ngap 10 at 0 10-10\n");
}

/* Stacks without entries, and of entries that say nothing. */
static void test_empty(void)
{
	sample(10, 0x1000, false, NULL, 0);
	SAMPLE(20, 0x1000, false, { 0, 0 }, { 0, 0 });
	CHECK_TEXT(told(0), "gap 10 at 0 10-20\ngap 10 at 0 20-20\n");
}

int main(void)
{
	test_stack();
	test_no_times();
	test_between_samples();
	test_contradictions();
	test_kernel();
	test_empty();
	return check_report("lbr_flow");
}
