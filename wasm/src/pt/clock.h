/* SPDX-License-Identifier: Apache-2.0 */
/* Time and cycles from TSC, TMA, MTC, CYC and CBR packets, to the same TSC tick
 * that perf 6.1 computes. Between an MTC and the next, cycles are scaled so that
 * they end where the next MTC says: that needs a look ahead, which the flow
 * supplies. Time never runs backwards. SDM vol. 3, "Tracing Timing". */
#ifndef PTM_PT_CLOCK_H
#define PTM_PT_CLOCK_H

#include "pt/packet.h"

typedef struct ptm_clock_config {
	uint32_t tsc_ctc_numerator, tsc_ctc_denominator; /* TSC ticks per CTC tick; denominator 0: MTC is useless */
	uint32_t mtc_period;             /* MTC carries CTC >> mtc_period */
	uint32_t max_nonturbo_ratio;     /* TSC ticks per bus tick; 0: unknown */
	uint32_t cyc_threshold;          /* not 0: few cycles may go without a CYC packet */
	uint64_t latest;                 /* TSC at about the end of the trace; 0: not known */
} ptm_clock_config;

/* MTC arithmetic, shared by the clock and its look ahead. */
typedef struct ptm_ctc {
	uint64_t timestamp;              /* TSC at CTC delta 0 */
	uint64_t delta;                  /* CTC ticks since */
	uint32_t last_mtc;
	bool have_tma, fixup_last_mtc;
} ptm_ctc;

typedef struct ptm_clock {
	ptm_clock_config config;
	uint64_t tsc;                    /* the time now, in TSC ticks; 0: not known yet */
	uint64_t tsc_packet;             /* of the last TSC packet */
	uint64_t reference;              /* upper bits for the first TSC packet (8 bits are missing) */
	uint64_t slip;                   /* a TSC packet may lag so much behind an MTC */
	ptm_ctc ctc;
	uint32_t ctc_multiplier;         /* TSC per CTC when whole, else 0 */
	uint32_t cbr;
	double cbr_cycles_to_tsc;
	/* Cycles since cyc_reference, and the scale of this interval. */
	uint64_t cyc_reference, cyc_count;
	double cycles_to_tsc;
	bool have_cycles_to_tsc;
	/* Cycle counting for IPC. */
	bool counting;                   /* packets are enabled: cycles count */
	bool fup_counts;                 /* for a scan: a FUP would say that packets are enabled (in PSB+, after OVF) */
	bool have_cyc;                   /* a CYC packet was seen: estimates from time are off */
	bool in_psb;                     /* between PSB and PSBEND */
	uint64_t cycles;                 /* total while counting */
	uint64_t cycles_told;            /* of these, already told with a visit */
	uint64_t cycles_base, cycles_base_tsc;
	double tsc_to_cycles;
	bool cycles_sampled;             /* changed since the flow last asked */
	uint64_t instructions;           /* walked since the time last moved; the flow adds to it */
	uint64_t moves;                  /* how often the time moved */
} ptm_clock;

void ptm_clock_init(ptm_clock *clock, const ptm_clock_config *config);

/* The look ahead a clock asks for: returns the next packets one by one from
 * after the current one, PTM_END when the buffer is exhausted. May pass over TNT, TIP, TIP.PGE, FUP, PAD
 * and CYC packets: adds the cycles of these to `cycles`, and stores in `after_cyc` (where any but PAD was passed over) whether the last was a CYC. */
typedef ptm_status (*ptm_clock_peek)(void *context, ptm_packet *packet, uint64_t *cycles, bool *after_cyc);

void ptm_clock_tsc(ptm_clock *clock, uint64_t payload, bool after_cyc);
void ptm_clock_tma(ptm_clock *clock, uint32_t ctc, uint32_t fast_counter);
/* `peek` is used only when `after_cyc`: it calibrates the coming cycles. */
void ptm_clock_mtc(ptm_clock *clock, uint32_t mtc, bool after_cyc, ptm_clock_peek peek, void *context);
void ptm_clock_cbr(ptm_clock *clock, uint32_t ratio);
/* Ticks or cycles as a whole number; 0 for what broken packets may add up to, which counts as nothing new. */
static inline uint64_t ptm_clock_whole(double value)
{
	/* Signed, which processors convert in one instruction. */
	return value < 0x1p63 ? (uint64_t)(int64_t)value : 0;
}

static inline double ptm_clock_double(uint64_t value)
{
	return value >> 63 ? (double)value : (double)(int64_t)value;
}

static inline void ptm_clock_moved(ptm_clock *clock)
{
	clock->instructions = 0;
	clock->moves++;
}

static inline void ptm_clock_cyc(ptm_clock *clock, uint64_t cycles)
{
	clock->have_cyc = true;
	clock->cyc_count += cycles;
	clock->cycles_sampled = true;
	if (clock->counting)
		clock->cycles += cycles;
	if (!clock->cyc_reference)
		return;
	double scale = clock->have_cycles_to_tsc ? clock->cycles_to_tsc : clock->cbr_cycles_to_tsc;
	if (!clock->have_cycles_to_tsc && !clock->cbr)
		return;
	uint64_t tsc = ptm_clock_whole(ptm_clock_double(clock->cyc_reference) + ptm_clock_double(clock->cyc_count) * scale);
	if (tsc >= clock->tsc)
		clock->tsc = tsc;
	ptm_clock_moved(clock);
}

/* Any packet but those of PSB+ comes next, `before` was the kind of the one before
 * it: with a threshold, only right behind a CYC packet all cycles are known. */
static inline void ptm_clock_next(ptm_clock *clock, uint8_t before)
{
	if (clock->config.cyc_threshold && before != PTM_PACKET_CYC)
		clock->cycles_sampled = false;
}

/* Packet generation starts (TIP.PGE) or stops (TIP.PGD): what cycles count. */
void ptm_clock_enable(ptm_clock *clock);
void ptm_clock_disable(ptm_clock *clock);
/* Another recording begins; its first TSC packet is near `reference` (0: unknown). */
void ptm_clock_restart(ptm_clock *clock, uint64_t reference);
/* Timing is broken until the next TSC (overflow). */
void ptm_clock_lose(ptm_clock *clock);

/* What of a clock at a cut of the stream matters for what is decoded behind it:
 * counts start at the cut. Two such are equal byte by byte (memcmp) when no visit
 * behind the cut could tell them apart. */
ptm_clock ptm_clock_at_cut(const ptm_clock *clock);

#endif
