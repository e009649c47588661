/* SPDX-License-Identifier: Apache-2.0 */
/* The PT flow over packets written by hand and a few instructions: what each
 * kind of packet does to the stream of items. */
#include "pt_text.h"
#include "pt/event.h"

/* Calls and compressed returns, an indirect call, a system call and the way back. */
static void calls(void)
{
	CHECK_TEXT(flow(START "7a 2d 1b 10 06 01 " TSC_2000 "31 19 10 04"),
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 40100b @1000\n"
		"40100b 2 taken 401006 @1000\n"
		"401006 1 call 40101b @1000\n"
		"40101b 1 return 40100b @1000\n"
		"40100b 2 not taken 40100f @1000\n"
		"40100f 2 taken 401015 @1000\n"
		"401015 1 call 40101b @1000\n"
		"40101b 1 return 401017 @1000\n"
		"401017 1 off 0 @1000\n"
		"begin 401019 @2000\n"
		"401019 1 jump 401000 @2000\n"
		"401000 3 call 40101b @2000\n"
		"gap mismatch at 40101b @200a\n");
}

/* Uncompressed returns do not need the stack; a deferred TIP stands for a TNT bit. */
static void returns(void)
{
	CHECK_TEXT(flow(START "2d 0b 10 04 06"),
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 40100b @1000\n"
		"40100b 2 not taken 40100f @1000\n"
		"40100f 2 taken 401015 @1000\n");
	CHECK_TEXT(flow(START "34 2d 0b 10"),
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 40100b @1000\n"
		"40100b 2 not taken 40100f @1000\n"
		"40100f 2 taken 401015 @1000\n"
		"401015 1 call 40100b @1000\n"
		"40100b 2 not taken 40100f @1000\n");
}

/* An interrupt in the middle of a block, to traced code and to code that is not. */
static void interrupts(void)
{
	CHECK_TEXT(flow(START "3d 06 10 2d 1e 10 3d 1f 10 01 " TSC_2000 "31 1f 10"),
		"begin~ 401000 @1000\n"
		"401000 2 async 40101e @1000\n"
		"40101e 1 async 0 @1000\n"
		"begin 40101f @2000\n");
}

/* An interrupt that leaves the traced code says where to, when its TIP.PGD has an IP. */
static void interrupted_away(void)
{
	pt_world world;
	ptm_pt_flow *made;
	ptm_item item;
	pt_world_open(&world, 0x401000, pt_code, sizeof pt_code);
	pt_world_trace(&world, bytes, bytes_of(START "3d 06 10 21 1f 20"));
	CHECK_EQ(ptm_pt_flow_new(&made, &world.blocks, &world.config, 0, world.size, NULL), PTM_OK);
	while (ptm_pt_flow_next(made, &item) == PTM_OK && item.kind != PTM_ITEM_VISIT)
		;
	CHECK_EQ(item.end, PTM_END_ASYNC);
	CHECK_EQ(item.to_ip, 0);
	CHECK_EQ(item.payload, 0x40201f);
	ptm_pt_flow_free(made);
	pt_world_close(&world);
}

/* After a PIP with NR a branch leads into a virtual machine: its addresses are not looked up in the host's code. */
static void guests(void)
{
	CHECK_TEXT(flow(START "7a 2d 1b 10 06 02 43 01 00 00 00 00 00 2d 00 10 04 02 43 00 00 00 00 00 00 6d 19 10 40 00 00 00"),
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 40100b @1000\n"
		"40100b 2 taken 401006 @1000\n"
		"401006 1 call 40101b @1000\n"
		"40101b 1 return 40100b @1000\n"
		"40100b 2 not taken 40100f @1000\n"
		"40100f 2 taken 401015 @1000\n"
		"401015 1 call 40101b @1000\n"
		"40101b 1 return 401017 @1000\n"
		"401017 1 far 401000 @1000\n"
		"gap guest at 401000 @101e\n"
		"begin 401019 @101e\n");
}

/* Events bound to a FUP cut a block; those without happen where they stand. */
static void events(void)
{
	CHECK_TEXT(flow(START "02 92 21 43 65 87 3d 01 10 02 12 01 00 00 00 02 22 00 10 06"),
		"begin~ 401000 @1000\n"
		"401000 1 on 0 @1000\n"
		"event 2 87654321 at 401001 @1000\n"
		"event 2 1 at 401001 @1000\n"
		"event 5 1000 at 401001 @1000\n"
		"401001 2~ call 40101b @1000\n"
		"40101b 1 return 40100b @1000\n");
}

/* A PEBS record is told value by value where its BEP stands; a frequency change at once. */
static void records(void)
{
	CHECK_TEXT(flow(START "02 63 10 04 00 10 40 00 00 00 00 00 02 63 01 0c 05 00 00 00 00 00 00 00 02 33 02 03 10 00 04"),
		"begin~ 401000 @1000\n"
		"event 12 401000 at 401000 @1000\n"
		"event 12 5 at 401000 @1000\n"
		"event 1 10 at 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"gap mismatch at 40101b @1010\n");
}

/* A transaction begins, and is aborted. */
static void transactions(void)
{
	CHECK_TEXT(flow(START "99 21 3d 01 10 99 22 3d 06 10 2d 0f 10"),
		"begin~ 401000 @1000\n"
		"401000 1 on 0 @1000\n"
		"event 3 1 at 401001 tx @1000\n"
		"401001 1~ on 0 tx @1000\n"
		"event 3 2 at 401006 @1000\n"
		"401006 0~ abort 40100f @1000\n");
}

/* A PSB cuts the block in progress, and restarts the compressions. */
static void psb_in_sync(void)
{
	CHECK_TEXT(flow(START "0c " PSB TSC_2000 "7d 01 10 40 00 00 00 " PSBEND "06"),
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 40100b @1000\n"
		"40100b 2 not taken 40100f @1000\n"
		"event 0 22 at 401001 @2000\n"
		"checkpoint 22 @2000\n"
		"40100f 2 taken 401015 @2000\n");
	CHECK_TEXT(flow(START PSB TSC_2000 "7d 06 10 40 00 00 00 " PSBEND "06"),
		"begin~ 401000 @1000\n"
		"401000 2 on 0 @1000\n"
		"event 0 21 at 401006 @2000\n"
		"checkpoint 21 @2000\n"
		"401006 1~ call 40101b @2000\n"
		"40101b 1 return 40100b @2000\n");
}

static void losses(void)
{
	CHECK_TEXT(flow(START "02 f3 " TSC_2000 "7d 0f 10 40 00 00 00 06"),
		"begin~ 401000 @1000\n"
		"gap overflow at 401000 @1000\n"
		"begin 40100f @2000\n"
		"40100f 2 taken 401015 @2000\n");
	CHECK_TEXT(flow(START "02 f3 71 19 10 40 00 00 00 06"),
		"begin~ 401000 @1000\n"
		"gap overflow at 401000 @1000\n"
		"begin 401019 @1000\n"
		"401019 1 jump 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 40100b @1000\n");
	CHECK_TEXT(flow(START "2d 1c 10 06"),
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 40101c @1000\n"
		"40101c 1 jump 40101c @1000\n"
		"40101c 1 jump 40101c @1000\n"
		"gap endless loop at 40101c @100c\n");
	CHECK_TEXT(flow(START "2d 1e 10 06"),
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 40101e @1000\n"
		"40101e 2 jump 40101e @1000\n"
		"40101e 2 jump 40101e @1000\n"
		"gap endless loop at 40101e @1010\n");
	CHECK_TEXT(flow(START "2d 00 20 06"),
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 402000 @1000\n"
		"gap no code at 402000 @1008\n");
	CHECK_TEXT(flow(START "2d 11 10 2d 0b 10 6d 0b 10 40 00 00 00 06"),
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 401011 @1000\n"
		"gap mismatch at 401011 @100a\n"
		"begin 40100b @100a\n"
		"40100b 2 taken 401006 @100a\n");
	CHECK_TEXT(flow(START "05 06 " PSB TSC_2000 "7d 0b 10 40 00 00 00 " PSBEND "06"),
		"begin~ 401000 @1000\n"
		"gap bad packet at 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 40100b @1000\n"
		"event 0 23 at 40100b @2000\n"
		"checkpoint 23 @2000\n"
		"40100b 2 taken 401006 @2000\n");
}

/* Cycles are told with the branch whose packet they came with. */
static void cycles(void)
{
	CHECK_TEXT(flow(START "53 06 2b 06"),
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 40100b 4/10 @1000\n"
		"40100b 2 taken 401006 2/5 @1000\n");
}

/* perf starts at the place of an error where TIP.PGD tells none, and tracing ends there; the views only lose it. */
static void off_after_error(void)
{
	const char *trace = START "7a 2d 1b 10 06 01 " TSC_2000 "31 19 10 04 01";
	pt_world world;

	CHECK(!strstr(flow(trace), "begin 40101b"));
	pt_world_open(&world, 0x401000, pt_code, sizeof pt_code);
	world.config.as_perf = true;
	const char *end = strstr(world_flow(&world, trace), "gap mismatch");
	CHECK_TEXT(end ? end : "", "gap mismatch at 40101b @200a\nbegin 40101b @200a\n");
	pt_world_close(&world);
}

/* perf tells a PSB at the time of its TSC packet, though CYC packets went on from there or, as here, beyond it. */
static void time_of_psb(void)
{
	for (int as_perf = 0; as_perf < 2; as_perf++) {
		pt_world world;
		ptm_pt_flow *made;
		ptm_item item;
		uint64_t tsc = 0;

		pt_world_open(&world, 0x401000, pt_code, sizeof pt_code);
		world.config.as_perf = as_perf;
		pt_world_trace(&world, bytes, bytes_of(START "02 03 20 00 " PSB "fb 19 10 10 00 00 00 00 00 " FUP_START PSBEND));
		CHECK_EQ(ptm_pt_flow_new(&made, &world.blocks, &world.config, 0, world.size, NULL), PTM_OK);
		for (unsigned i = 0; i < 200 && ptm_pt_flow_next(made, &item) == PTM_OK; i++)
			if (item.kind == PTM_ITEM_EVENT && item.event == PTM_EVENT_PSB)
				tsc = item.end_tsc;
		CHECK_EQ(tsc, as_perf ? 0x1010 : 0x101f);
		ptm_pt_flow_free(made);
		pt_world_close(&world);
	}
}

/* Quick decoding: an event behind a transaction's begin is in none, as perf has it. */
static void quick_events(void)
{
	pt_world world;

	pt_world_open(&world, 0x401000, pt_code, sizeof pt_code);
	world.config.as_perf = true;
	world.config.quick = 1;
	CHECK_TEXT(world_flow(&world, START "99 21 3d 06 10 02 e2 3d 09 10"),
		"begin~ 401000 @1000\n"
		"event 15 0 at 401000 @1000\n"
		"event 15 0 at 401006 tx @1000\n"
		"event 3 1 at 401006 tx @1000\n"
		"event 7 1 at 401009 @1000\n"
		"event 15 0 at 401009 @1000\n");
	pt_world_close(&world);
}

/* When what was lost is found again: at the next address, or where tracing is off. */
static void time_lost(void)
{
	pt_world world;
	ptm_pt_flow *made;
	ptm_item item;
	uint64_t found = 0;

	pt_world_open(&world, 0x401000, pt_code, sizeof pt_code);
	pt_world_trace(&world, bytes, bytes_of(START "7a 2d 1b 10 06 04 " TSC_2000 "01 19 00 30 00 00 00 00 00 31 19 10"));
	CHECK_EQ(ptm_pt_flow_new(&made, &world.blocks, &world.config, 0, world.size, NULL), PTM_OK);
	for (unsigned i = 0; i < 200 && ptm_pt_flow_next(made, &item) == PTM_OK; i++)
		if (item.kind == PTM_ITEM_BEGIN)
			found = item.found_ns;
	CHECK_EQ(found, 0x2000);
	CHECK_EQ(item.end_ns, 0x3000);
	ptm_pt_flow_free(made);
	pt_world_close(&world);
}

/* Astray after damage, `script` goes on as perf does. */
static void astray(void)
{
	static const struct { uint8_t code[16]; const char *trace, *wanted; uint32_t mapped; } rows[] = {
		/* A far return takes the address of a call; undefined opcodes are instructions. */
		{ { 0xff, 0x39, 0xe8, 1, 0, 0, 0, 0xf4, 0xcb }, START "06",
			"begin~ 401000 @1000\n"
			"401000 2 call 401008 @1000\n"
			"401008 1 return 401007 @1000\n" },
		/* After missing code an IP is no longer known by its lower half, nor that of an overflow. */
		{ { 0x90, 0xff, 0xd0 }, START "2d 00 20 3d 01 10 02 f3 3d 87 24",
			"begin~ 401000 @1000\n"
			"401000 2 call 402000 @1000\n"
			"gap no code at 402000 @1004\n"
			"gap overflow at 0 @1000\n"
			"begin 2487 @1000\n" },
		/* A FUP without its TIP. */
		{ { 0x90, 0x90, 0x74, 1 }, START "3d 01 10 04",
			"begin~ 401000 @1000\n"
			"401000 1 on 0 @1000\n"
			"gap mismatch at 401001 @1002\n" },
		/* A PSB that is met after an error is at no place. */
		{ { 0x90, 0xff, 0xd0 }, START "06 " PSB TSC_2000 FUP_START PSBEND,
			"begin~ 401000 @1000\n"
			"401000 1 on 0 @1000\n"
			"gap mismatch at 401001 @1004\n"
			"event 0 22 at 0 @2000\n"
			"checkpoint 22 @2000\n"
			"begin~ 401000 @2000\n" },
		/* An instruction that its map cuts. */
		{ { 0x90, 0xb8, 1, 2, 3, 4 }, START "04",
			"begin~ 401000 @1000\n"
			"401000 2 on 0 @1000\n"
			"gap no code at 401006 @1004\n", 3 },
	};

	for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		pt_world world;
		pt_world_open(&world, 0x401000, rows[i].code, sizeof rows[i].code);
		world.config.as_perf = true;
		ptm_map nothing = { .start = 0x401000 + rows[i].mapped, .end = 0x402000 };
		if (rows[i].mapped)
			CHECK_EQ(ptm_spaces_map(world.spaces, 1, 1, &nothing), PTM_OK);
		CHECK_TEXT(world_flow(&world, rows[i].trace), rows[i].wanted);
		pt_world_close(&world);
	}
}

static uint64_t short_buffer(void *context, uint64_t offset)
{
	const pt_world *world = context;
	uint64_t first = *(const uint64_t *)world->user;
	return offset < first ? first : world->size;
}

static bool not_on(void *context, uint64_t offset, uint64_t *start, uint64_t *reference)
{
	const pt_world *world = context;
	*start = *(const uint64_t *)world->user;
	*reference = 0;
	return offset >= *start;
}

/* A packet that its buffer cuts short: what is left of it are no packets, but to perf. */
static void cut_short(bool as_perf, const char *wanted)
{
	static const uint8_t code[] = { 0x90, 0x74, 0xfd };
	pt_world world;
	pt_world_open(&world, 0x401000, code, sizeof code);
	uint64_t first = bytes_of(START "06 7d 06 06");
	world.user = &first;
	world.config.input.buffer_end = short_buffer;
	world.config.input.as_perf = world.config.as_perf = as_perf;
	CHECK_TEXT(world_flow(&world, START "06 7d 06 06 " PSB TSC_2000 FUP_START PSBEND "06"), wanted);
	pt_world_close(&world);
}

/* A TNT at a branch that only a TIP decides, and no packet behind it: to perf the branch was reached. */
static void reached(void)
{
	static const uint8_t code[] = { 0x90, 0xff, 0xd0 };
	pt_world world;
	ptm_pt_flow *flow;
	ptm_item item = { 0 };

	pt_world_open(&world, 0x401000, code, sizeof code);
	world.config.as_perf = true;
	pt_world_trace(&world, bytes, bytes_of(START "06 a1 "));
	CHECK_EQ(ptm_pt_flow_new(&flow, &world.blocks, &world.config, 0, world.size, NULL), PTM_OK);
	for (unsigned i = 0; i < 5 && item.kind != PTM_ITEM_GAP; i++)
		CHECK_EQ(ptm_pt_flow_next(flow, &item), PTM_OK);
	CHECK_EQ(item.reason, PTM_GAP_BAD_PACKET);
	CHECK_EQ(item.instructions, 1);
	ptm_pt_flow_free(flow);
	pt_world_close(&world);
}

/* A clock that is scanned into a snapshot that does not follow, and of which nothing but what stands before its first PSB is there. */
static void scan_without_psb(void)
{
	static const uint8_t code[] = { 0x90 };
	pt_world world;
	pt_world_open(&world, 0x401000, code, sizeof code);
	uint64_t first = bytes_of(START), packets;
	ptm_clock clock;
	pt_world_trace(&world, bytes, bytes_of(START "04 06 04 "));
	world.user = &first;
	world.config.input.buffer_end = short_buffer;
	world.config.input.restarts = not_on;
	ptm_clock_init(&clock, &world.config.clock);
	CHECK_EQ(ptm_pt_flow_scan(&world.config, 0, world.size, &clock, &packets), PTM_OK);
	pt_world_close(&world);
}

/* Process 2 runs, its thread 1, then 2, then 1. */
static void second_process(void *host, uint64_t tsc, ptm_flow_context *context)
{
	const pt_world *world = host;
	const uint64_t *changes = world->user;
	*context = (ptm_flow_context){ .thread = tsc >= changes[2] && tsc < changes[3] ? 2 : 1, .space = ptm_spaces_at(world->spaces, 2, tsc), .until_tsc = UINT64_MAX };
	for (unsigned i = 0; i < 4; i++)
		if (tsc < changes[i] && changes[i] < context->until_tsc)
			context->until_tsc = changes[i];
}

/* Time lags: code that is mapped before the next packet of time. */
static void mapped_later(uint64_t mapped, uint64_t again, uint64_t other, uint64_t back, bool is_found)
{
	pt_world world;
	pt_world_open(&world, 0x401000, pt_code, sizeof pt_code);
	uint64_t changes[] = { mapped, again, other, back };
	const ptm_map *map = ptm_spaces_find(world.spaces, ptm_spaces_at(world.spaces, 1, 1), 0x401000);
	CHECK_EQ(ptm_spaces_map(world.spaces, mapped, 2, map), PTM_OK);
	CHECK_EQ(ptm_spaces_exec(world.spaces, again, 2), PTM_OK);
	CHECK_EQ(ptm_spaces_map(world.spaces, again, 2, map), PTM_OK);
	world.user = changes;
	world.config.context = second_process;
	CHECK_TEXT(world_flow(&world, START "01 " TSC_2000), is_found ?
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1800\n"
		"40101b 1 off 0 @1800\n" :
		"begin~ 401000 @1000\n"
		"gap no code at 401000 @1000\n");
	pt_world_close(&world);
}

int main(void)
{
	mapped_later(0x1800, 0x2800, 0x3000, 0x3100, true);
	mapped_later(0x2800, 0x2900, 0x3000, 0x3100, false);
	/* Two programs, one after the other. */
	mapped_later(0x1800, 0x1900, 0x3000, 0x3100, false);
	/* Another thread runs later; before, and this one again. */
	mapped_later(0x1800, 0x2800, 0x1900, 0x1a00, true);
	mapped_later(0x1800, 0x2800, 0x1700, 0x1900, false);
	scan_without_psb();
	reached();
	cut_short(false, "begin~ 401000 @1000\n"
			 "401000 2 taken 401000 @1000\n"
			 "gap bad packet at 401000 @1004\n"
			 "event 0 25 at 401000 @2000\n"
			 "checkpoint 25 @2000\n"
			 "401000 2 taken 401000 @2000\n");
	cut_short(true, "begin~ 401000 @1000\n"
			"401000 2 taken 401000 @1000\n"
			"gap bad packet at 401000 @1004\n"
			"401000 2 taken 401000 @1000\n"
			"401000 2 taken 401000 @1000\n"
			"event 0 25 at 401000 @2000\n"
			"checkpoint 25 @2000\n"
			"401000 2 taken 401000 @2000\n");
	astray();
	off_after_error();
	time_of_psb();
	quick_events();
	time_lost();
	calls();
	returns();
	interrupts();
	interrupted_away();
	guests();
	events();
	records();
	transactions();
	psb_in_sync();
	losses();
	cycles();
	return check_report("pt_flow");
}
