/* SPDX-License-Identifier: Apache-2.0 */
/* Errata of CPUs: who has which, and what the flow makes of each, with and without. */
#include "pt_text.h"
#include "file/address_filter.h"

static uint32_t errata_of(const char *cpuid)
{
	return ptm_errata_of(cpuid, strlen(cpuid));
}

static void cpus(void)
{
	CHECK_EQ(errata_of("GenuineIntel-6-61-4"), PTM_BDM64);
	CHECK_EQ(errata_of("GenuineIntel,6,78,3"), PTM_SKD007 | PTM_SKD022 | PTM_SKD010);
	CHECK_EQ(errata_of("GenuineIntel-6-85-7"), PTM_SKD022 | PTM_SKZ84);
	CHECK_EQ(errata_of("GenuineIntel-6-151-2"), PTM_SKD022 | PTM_APL11);
	CHECK_EQ(errata_of("GenuineIntel-6-92-9"), PTM_APL12 | PTM_APL11);
	CHECK_EQ(errata_of("GenuineIntel-19-1-0"), PTM_SKD022 | PTM_SKZ84);
	CHECK_EQ(errata_of("GenuineIntel-6-1-0"), 0);
	CHECK_EQ(errata_of("AuthenticAMD-6-61-4"), 0);
	CHECK_EQ(errata_of("GenuineIntel"), 0);
	CHECK_EQ(errata_of("GenuineIntel-6"), 0);
	CHECK_EQ(errata_of("GenuineIntel-6-"), 0);
	CHECK_EQ(errata_of(""), 0);
}

static bool outside(void *world, uint32_t space, uint64_t ip)
{
	(void)world, (void)space;
	return ip == 0x40101b;
}

static bool with_filter; /* 40101b is outside of it */

/* pt_code on a CPU with these errata. */
static const char *flow_with(uint32_t errata, const char *hex)
{
	pt_world world;
	pt_world_open(&world, 0x401000, pt_code, sizeof pt_code);
	world.config.input.errata = errata;
	world.config.leaves = with_filter ? outside : NULL;
	(void)world_flow(&world, hex);
	pt_world_close(&world);
	return text;
}

/* The first byte of a CYC, then an OVF. */
static void cut_cyc(void)
{
	static const char trace[] = START "1f 02 f3 71 0b 10 40 00 00 00 06";
	CHECK_TEXT(flow_with(PTM_SKD007, trace),
		"begin~ 401000 @1000\n"
		"gap overflow at 401000 @1000\n"
		"begin 40100b @1000\n"
		"40100b 2 taken 401006 @1000\n");
	CHECK_TEXT(flow_with(0, trace),
		"begin~ 401000 @1000\n"
		"begin 40100b @1000\n"
		"40100b 2 taken 401006 @1000\n");
}

/* A TMA with reserved bits set, and a byte that is no packet behind it. */
static void spoilt_tma(void)
{
	static const char trace[] = START "02 73 00 00 01 00 00 05 06";
	CHECK_TEXT(flow_with(PTM_SKZ84, trace),
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 40100b @1000\n");
	CHECK_TEXT(flow_with(0, trace),
		"begin~ 401000 @1000\n"
		"gap bad packet at 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 return 40100b @1000\n");
}

/* What follows an OVF: no FUP, a TIP.PGD, or a FUP though tracing is off. */
static void after_overflow(void)
{
	CHECK_TEXT(flow_with(PTM_SKD010, START "02 f3 06 6d 0b 10 40 00 00 00 06"),
		"begin~ 401000 @1000\n"
		"gap overflow at 401000 @1000\n"
		"begin 40100b @1000\n"
		"40100b 2 taken 401006 @1000\n");
	CHECK_TEXT(flow_with(PTM_APL11, START "02 f3 01 71 0b 10 40 00 00 00 06"),
		"begin~ 401000 @1000\n"
		"gap overflow at 401000 @1000\n"
		"begin 40100b @1000\n"
		"40100b 2 taken 401006 @1000\n");
	CHECK_TEXT(flow_with(PTM_APL12, START "02 f3 7d 00 10 40 00 00 00 71 0b 10 40 00 00 00 06"),
		"begin~ 401000 @1000\n"
		"gap overflow at 401000 @1000\n"
		"begin 40100b @1000\n"
		"40100b 2 taken 401006 @1000\n");
	CHECK_TEXT(flow_with(PTM_APL12, START "02 f3 7d 0b 10 40 00 00 00 06"),
		"begin~ 401000 @1000\n"
		"gap overflow at 401000 @1000\n"
		"begin 40100b @1000\n"
		"40100b 2 taken 401006 @1000\n");
}

/* A direct call out of an address filter, and its TIP.PGD without IP. */
static void left_filter(void)
{
	with_filter = true;
	CHECK_TEXT(flow_with(0, START "01"),
		"begin~ 401000 @1000\n"
		"401000 3 off 40101b @1000\n");
	with_filter = false;
	CHECK_TEXT(flow_with(0, START "01"),
		"begin~ 401000 @1000\n"
		"401000 3 call 40101b @1000\n"
		"40101b 1 off 0 @1000\n");
}

/* In a transaction a branch right before the abort: not taken, says its bit, but the abort is where it leads when taken. */
static void before_abort(void)
{
	static const char trace[] = PSB TSC_1000 "99 21 7d 0f 10 40 00 00 00 " PSBEND "04 99 22 3d 15 10 2d 1e 10";
	CHECK_TEXT(flow_with(PTM_BDM64, trace),
		"begin~ 40100f tx @1000\n"
		"40100f 2 taken 401015 tx @1000\n"
		"event 3 2 at 401015 @1000\n"
		"401015 0 abort 40101e @1000\n");
	CHECK_TEXT(flow_with(0, trace),
		"begin~ 40100f tx @1000\n"
		"40100f 2 not taken 401013 tx @1000\n"
		"gap mismatch at 401013 tx @1006\n"
		"begin 40101e @1006\n");
}

/* MOV CR3 ends the trace of one process, unless a PIP says that it did not. */
static void mov_cr3(void)
{
	static const uint8_t code[] = { 0x90, 0x0f, 0x22, 0xd8, 0x90, 0x0f, 0x22, 0xd8, 0x0f, 0x05 };
	pt_world world;
	pt_world_open(&world, 0x401000, code, sizeof code);
	world.config.cr3_filter = true;
	CHECK_TEXT(world_flow(&world, START "01"),
		"begin~ 401000 @1000\n"
		"401000 2 off 0 @1000\n");
	CHECK_TEXT(world_flow(&world, START "02 43 02 00 00 00 00 00 01"),
		"begin~ 401000 @1000\n"
		"401000 4 off 0 @1000\n");
	world.config.cr3_filter = false;
	CHECK_TEXT(world_flow(&world, START "01"),
		"begin~ 401000 @1000\n"
		"401000 5 off 0 @1000\n");
	pt_world_close(&world);
}

static void filters(void)
{
	ptm_strings strings = { 0 };
	ptm_address_filter filter;
	CHECK_EQ(ptm_address_filter_read(&strings, "filter 0x10/0x20@/bin/x y,filter 18446744071578845184/16,tracestop 0x1/0x2@/a", &filter), PTM_OK);
	CHECK_EQ(filter.count, 3);
	uint32_t file = filter.ranges[0].file, other = filter.ranges[2].file;
	CHECK(!ptm_address_filter_leaves(&filter, 0x401010, file, 0x10));
	CHECK(ptm_address_filter_leaves(&filter, 0x401030, file, 0x30));
	CHECK(ptm_address_filter_leaves(&filter, 0x401001, other, 1));
	CHECK(!ptm_address_filter_leaves(&filter, 0xffffffff8100000f, 0, 0));
	CHECK(ptm_address_filter_leaves(&filter, 0xffffffff81000010, 0, 0));
	CHECK_EQ(filter.ranges[0].start, 0x10);
	CHECK_EQ(filter.ranges[0].size, 0x20);
	CHECK_TEXT(ptm_strings_get(&strings, filter.ranges[0].file), "/bin/x y");
	CHECK_EQ(filter.ranges[1].start, 0xffffffff81000000);
	CHECK_EQ(filter.ranges[1].size, 16);
	CHECK_EQ(filter.ranges[1].file, 0);
	CHECK_EQ(ptm_address_filter_read(&strings, "tracestop 0x1/0x2@/a", &filter), PTM_OK);
	CHECK(ptm_address_filter_leaves(&filter, 0x401001, other, 1));
	CHECK(!ptm_address_filter_leaves(&filter, 0x401010, file, 0x10));
	static const char *const others[] = { "", "filter main", "filter 0x10", "start 0x10@/bin/x", "filter 0x10/0x20@/bin/x,stop 0x10",
		"filter 0x10/0x20 @/bin/x", "filter 1/1,filter 2/1,filter 3/1,filter 4/1,filter 5/1" };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		CHECK_EQ(ptm_address_filter_read(&strings, others[i], &filter), PTM_OK);
		CHECK_EQ(filter.count, 0);
	}
	ptm_strings_free(&strings);
}

int main(void)
{
	cpus();
	cut_cyc();
	spoilt_tma();
	after_overflow();
	left_filter();
	before_abort();
	mov_cr3();
	filters();
	return check_report("pt_errata");
}
