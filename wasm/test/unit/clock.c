/* SPDX-License-Identifier: Apache-2.0 */
/* Time and cycles, computed by hand: 100 TSC ticks per CTC tick, MTC every 8 CTC
 * ticks (800 TSC ticks), 32 TSC ticks per bus tick. */
#include "check.h"
#include "pt/clock.h"
#include "pt/time.h"

static const ptm_clock_config config = { .tsc_ctc_numerator = 100, .tsc_ctc_denominator = 1, .mtc_period = 3, .max_nonturbo_ratio = 32 };

typedef struct future { const ptm_packet *packets; unsigned count; } future;

static ptm_status next_of(void *context, ptm_packet *packet, uint64_t *cycles, bool *after_cyc)
{
	future *left = context;
	(void)cycles, (void)after_cyc; /* none is passed over */
	if (!left->count)
		return PTM_END;
	*packet = *left->packets++;
	left->count--;
	return PTM_OK;
}

static void mtc(ptm_clock *clock, uint32_t value)
{
	ptm_clock_mtc(clock, value, false, next_of, &(future){ NULL, 0 });
}

/* TSC 100000 is CTC 1003 and 20 fast ticks: CTC 1000 (MTC 125) was at 99680. */
static void start(ptm_clock *clock)
{
	ptm_clock_init(clock, &config);
	ptm_clock_tsc(clock, 100000, false);
	ptm_clock_tma(clock, 1003, 20);
}

static void mtcs(void)
{
	ptm_clock clock;
	start(&clock);
	mtc(&clock, 126);
	CHECK_EQ(clock.tsc, 100480);
	mtc(&clock, 127);
	CHECK_EQ(clock.tsc, 101280);
	ptm_clock_init(&clock, &config);
	mtc(&clock, 1);
	CHECK_EQ(clock.tsc, 0);
	start(&clock);
	mtc(&clock, 0); /* 131 later, around 256 */
	CHECK_EQ(clock.tsc, 99680 + 131 * 800);
}

static void tscs(void)
{
	ptm_clock clock;
	ptm_clock_init(&clock, &config);
	CHECK_EQ(clock.slip, 1600);
	clock.reference = 0x0300000000000010;
	ptm_clock_tsc(&clock, 0xfffffffffffff0, false);
	CHECK_EQ(clock.tsc, 0x02fffffffffffff0);
	ptm_clock_tsc(&clock, 0xfffffffffffff8, false);
	CHECK_EQ(clock.tsc, 0x02fffffffffffff8);
	ptm_clock_tsc(&clock, 0xfffffffffff000 + 0xfc0, false); /* lags, but not by much */
	CHECK_EQ(clock.tsc, 0x02fffffffffffff8);
	CHECK_EQ(clock.tsc_packet, 0x02ffffffffffffc0);
	ptm_clock_tsc(&clock, 5, false); /* the 56 bits went around */
	CHECK_EQ(clock.tsc, 0x0300000000000005);
}

/* Without CYC, cycles follow from time while packets are enabled: 48 / 32 of it. */
static void estimates(void)
{
	ptm_clock clock;
	start(&clock);
	ptm_clock_cbr(&clock, 48);
	mtc(&clock, 126);
	CHECK_EQ(clock.cycles, 0);
	ptm_clock_enable(&clock);
	mtc(&clock, 127);
	CHECK_EQ(clock.cycles, 1200);
	CHECK(clock.cycles_sampled);
	ptm_clock_disable(&clock);
	mtc(&clock, 128);
	CHECK_EQ(clock.cycles, 1200);
	ptm_clock_enable(&clock);
	ptm_clock_cbr(&clock, 16);
	mtc(&clock, 129);
	CHECK_EQ(clock.cycles, 1600);
}

/* CYC moves time by the bus ratio until an MTC after a CYC calibrates it. */
static void cycles(void)
{
	static const ptm_packet ahead[] = { { PTM_PACKET_CYC, 1, 0, 700 }, { PTM_PACKET_TNT, 1, 1, 1 }, { PTM_PACKET_CYC, 1, 0, 300 },
		{ PTM_PACKET_MTC, 2, 0, 127 } };
	static const ptm_packet broken[] = { { PTM_PACKET_CYC, 1, 0, 700 }, { PTM_PACKET_TIP_PGD, 1, 0, 0 }, { PTM_PACKET_CYC, 1, 0, 300 },
		{ PTM_PACKET_MTC, 2, 0, 127 } };
	ptm_clock clock;
	start(&clock);
	ptm_clock_cyc(&clock, 100);
	CHECK_EQ(clock.tsc, 100000); /* nothing to count from, no ratio */
	ptm_clock_cbr(&clock, 32);
	ptm_clock_enable(&clock);
	ptm_clock_cyc(&clock, 100);
	CHECK_EQ(clock.tsc, 100100);
	CHECK_EQ(clock.cycles, 100);
	ptm_clock_mtc(&clock, 126, true, next_of, &(future){ ahead, 4 });
	CHECK_EQ(clock.tsc, 100480);
	ptm_clock_cyc(&clock, 700); /* 800 ticks are 1000 cycles here */
	CHECK_EQ(clock.tsc, 100480 + 560);
	CHECK_EQ(clock.cycles, 800);
	ptm_clock_mtc(&clock, 127, true, next_of, &(future){ broken, 4 });
	ptm_clock_cyc(&clock, 10);
	CHECK_EQ(clock.tsc, 101280 + 10);
	/* Nor does it where another MTC follows at once, that no CYC stands before. */
	static const ptm_packet adjacent[] = { { PTM_PACKET_MTC, 2, 0, 129 }, { PTM_PACKET_CYC, 1, 0, 4000 }, { PTM_PACKET_MTC, 2, 0, 130 } };
	ptm_clock_mtc(&clock, 128, true, next_of, &(future){ adjacent, 3 });
	ptm_clock_cyc(&clock, 10);
	CHECK_EQ(clock.tsc, 102080 + 10);
	ptm_clock_disable(&clock);
	ptm_clock_cyc(&clock, 10);
	CHECK_EQ(clock.cycles, 820);
	CHECK(clock.cycles_sampled);
}

/* An MTC that lags behind the cycles does not turn time back. */
static void lagging(void)
{
	ptm_clock clock;
	start(&clock);
	ptm_clock_cbr(&clock, 32);
	ptm_clock_cyc(&clock, 500);
	CHECK_EQ(clock.tsc, 100500);
	ptm_clock_mtc(&clock, 126, true, next_of, &(future){ NULL, 0 });
	CHECK_EQ(clock.tsc, 100500);
	ptm_clock_cyc(&clock, 7);
	CHECK_EQ(clock.tsc, 100507);
}

/* A TMA has 16 bits of CTC: with a period above 8 the first MTC brings the rest. */
static void long_periods(void)
{
	ptm_clock_config slow = config;
	ptm_clock clock;
	slow.mtc_period = 10;
	ptm_clock_init(&clock, &slow);
	ptm_clock_tsc(&clock, 10000000, false);
	ptm_clock_tma(&clock, 5 * 1024 + 24, 0);
	mtc(&clock, 0x86);
	CHECK_EQ(clock.tsc, 10000000 + 100 * 1000);
	mtc(&clock, 0x87);
	CHECK_EQ(clock.tsc, 10000000 + 100 * 2024);
}

static void threshold(void)
{
	ptm_clock_config sparse = config;
	ptm_clock clock;
	sparse.cyc_threshold = 5;
	ptm_clock_init(&clock, &sparse);
	ptm_clock_tsc(&clock, 100000, false);
	ptm_clock_tma(&clock, 1003, 20);
	ptm_clock_enable(&clock);
	ptm_clock_cyc(&clock, 40);
	/* Right behind the CYC packet the count is whole; one packet later it may not be. */
	ptm_clock_next(&clock, PTM_PACKET_CYC);
	CHECK(clock.cycles_sampled);
	mtc(&clock, 126);
	ptm_clock_next(&clock, PTM_PACKET_MTC);
	CHECK(!clock.cycles_sampled);
}

/* A TSC packet that is far behind has wrapped, or what was counted before it was wrong. */
static void far_behind(void)
{
	ptm_clock_config known = config;
	ptm_clock clock;

	ptm_clock_init(&clock, &config);
	ptm_clock_tsc(&clock, 5000000, false);
	ptm_clock_tsc(&clock, 3000000, false);
	CHECK_EQ(clock.tsc, (1ull << 56) + 3000000);
	known.latest = 6000000;
	ptm_clock_init(&clock, &known);
	ptm_clock_tsc(&clock, 5000000, false);
	ptm_clock_tsc(&clock, 3000000, false);
	CHECK_EQ(clock.tsc, 5000000);
	CHECK_EQ(clock.tsc_packet, 3000000);
}

static void nanoseconds(void)
{
	ptm_time time = { .shift = 31, .mult = 581029125, .zero = 1000 };
	CHECK_EQ(ptm_time_ns(&time, 0), 1000);
	CHECK_EQ(ptm_time_ns(&time, 1ull << 31), 581030125);
	CHECK_EQ(ptm_time_ns(&time, 1000000), 1000 + 270562);
	CHECK_EQ(ptm_time_tsc(&time, 581030125), 1ull << 31);
	CHECK_EQ(ptm_time_tsc(&(ptm_time){ 0 }, 5), 0);
}

int main(void)
{
	mtcs();
	tscs();
	estimates();
	cycles();
	lagging();
	long_periods();
	threshold();
	far_behind();
	nanoseconds();
	return check_report("clock");
}
