/* SPDX-License-Identifier: Apache-2.0 */
#include "pt/clock.h"
#include <string.h>

#define TSC_BITS 56
#define TOP_BITS (~0ull << TSC_BITS)
#define LEAST_SLIP 256

static uint64_t ctc_to_tsc(const ptm_clock *clock, uint64_t ctc)
{
	if (clock->ctc_multiplier)
		return ctc * clock->ctc_multiplier;
	uint64_t n = clock->config.tsc_ctc_numerator, d = clock->config.tsc_ctc_denominator;
	return ctc / d * n + ctc % d * n / d;
}

void ptm_clock_init(ptm_clock *clock, const ptm_clock_config *config)
{
	*clock = (ptm_clock){ .config = *config };
	uint32_t n = config->tsc_ctc_numerator, d = config->tsc_ctc_denominator;
	if (d && n % d == 0)
		clock->ctc_multiplier = n / d;
	/* TSC packets may have slipped past MTC packets: allow for two of these. */
	if (d)
		clock->slip = ctc_to_tsc(clock, 2ull << (config->mtc_period & 31));
	if (clock->slip < LEAST_SLIP)
		clock->slip = LEAST_SLIP;
}

/* Without CYC packets, cycles follow from time and the core:bus ratio. */
static void estimate_cycles(ptm_clock *clock)
{
	if (clock->have_cyc)
		return;
	clock->cycles_sampled = true;
	if (!clock->counting || clock->tsc <= clock->cycles_base_tsc)
		return;
	uint64_t cycles = ptm_clock_whole((double)(clock->tsc - clock->cycles_base_tsc) * clock->tsc_to_cycles + (double)clock->cycles_base);
	if (cycles > clock->cycles)
		clock->cycles = cycles;
}

static void rebase_cycles(ptm_clock *clock)
{
	clock->cycles_base_tsc = clock->tsc;
	clock->cycles_base = clock->cycles;
}

/* Rebuilds a 64-bit TSC near `reference` from its low 56 bits. */
static uint64_t widen(uint64_t low, uint64_t reference)
{
	const uint64_t half = 1ull << (TSC_BITS - 1), whole = 1ull << TSC_BITS;
	uint64_t value = low | (reference & TOP_BITS);
	if (value > reference && value - reference > half && value >= whole)
		return value - whole;
	if (reference > value && reference - value > half)
		return value + whole;
	return value;
}

void ptm_clock_tsc(ptm_clock *clock, uint64_t payload, bool after_cyc)
{
	uint64_t tsc = payload | (clock->tsc & TOP_BITS);

	clock->ctc.have_tma = false;
	if (clock->reference) {
		tsc = widen(payload, clock->reference);
		clock->reference = 0;
	} else if (clock->tsc && tsc < clock->tsc && clock->tsc - tsc >= clock->slip) {
		/* It has wrapped, unless that is beyond the trace: then what went before ran ahead (a damaged MTC). */
		if (!clock->config.latest || tsc + (1ull << TSC_BITS) < clock->config.latest)
			tsc += 1ull << TSC_BITS;
	}
	/* A packet that lags does not turn time back, but the CTC counts from it. */
	clock->tsc_packet = tsc;
	if (tsc < clock->tsc)
		tsc = clock->tsc;
	clock->tsc = tsc;
	ptm_clock_moved(clock);
	if (after_cyc) {
		clock->cyc_reference = tsc;
		clock->cyc_count = 0;
		clock->have_cycles_to_tsc = false;
	}
}

static void set_ctc(const ptm_clock *clock, ptm_ctc *ctc, uint64_t tsc_packet, uint32_t counter, uint32_t fast_counter)
{
	uint32_t rest = counter & ((1u << (clock->config.mtc_period & 31)) - 1);

	ctc->last_mtc = counter >> (clock->config.mtc_period & 31) & 0xff;
	ctc->timestamp = tsc_packet - fast_counter - ctc_to_tsc(clock, rest);
	ctc->delta = 0;
	ctc->have_tma = true;
	ctc->fixup_last_mtc = true;
}

void ptm_clock_tma(ptm_clock *clock, uint32_t counter, uint32_t fast_counter)
{
	if (!clock->config.tsc_ctc_denominator)
		return;
	/* Outside of PSB+ the frequency has changed: what passed since the last MTC is no longer known. */
	if (clock->counting && !clock->in_psb)
		rebase_cycles(clock);
	else
		estimate_cycles(clock);
	set_ctc(clock, &clock->ctc, clock->tsc_packet, counter, fast_counter);
}

/* Returns the TSC at an MTC and moves the CTC on. TMA carries 16 bits of CTC, so
 * with periods above 8 the upper bits of the first MTC are taken as given. */
static uint64_t advance_ctc(const ptm_clock *clock, ptm_ctc *ctc, uint32_t mtc)
{
	uint32_t period = clock->config.mtc_period;
	if (period > 8 && ctc->fixup_last_mtc) {
		uint32_t missing = 1u << (16 - period);
		ctc->fixup_last_mtc = false;
		ctc->last_mtc |= mtc & ~(missing - 1);
		if (ctc->last_mtc >= mtc)
			ctc->last_mtc = (ctc->last_mtc - missing) & 0xff;
	}
	uint32_t delta = mtc > ctc->last_mtc ? mtc - ctc->last_mtc : mtc + 256 - ctc->last_mtc;
	ctc->delta += (uint64_t)delta << period;
	ctc->last_mtc = mtc;
	return ctc->timestamp + ctc_to_tsc(clock, ctc->delta);
}

/* Counts the cycles up to the next MTC that follows a CYC; their number and the
 * time between the two MTCs give this interval's scale. Gives up where the
 * interval is broken, or the scale is far above what the bus ratio allows. */
static void calibrate(ptm_clock *clock, ptm_clock_peek peek, void *context)
{
	ptm_ctc ctc = clock->ctc;
	uint64_t cycles = 0, before = clock->tsc, then = 0;
	uint32_t cbr = 0;
	double scale = 0;
	bool after_cyc = true;   /* as perf has it: another MTC right here ends the interval before it has cycles */
	ptm_packet packet;

	for (;;) {
		if (peek(context, &packet, &cycles, &after_cyc) != PTM_OK)
			return;
		switch (packet.kind) {
		case PTM_PACKET_PAD:
			continue;
		case PTM_PACKET_MTC:
			if (!ctc.have_tma)
				break;
			then = advance_ctc(clock, &ctc, (uint32_t)packet.payload);
			if (then < before)
				return;
			before = then;
			if (after_cyc)
				goto found;
			break;
		case PTM_PACKET_CYC:
			cycles += packet.payload;
			break;
		case PTM_PACKET_CBR:
			if (cbr && cbr != packet.payload)
				return;
			cbr = (uint32_t)packet.payload;
			scale = (double)clock->config.max_nonturbo_ratio / cbr;
			break;
		case PTM_PACKET_TSC: case PTM_PACKET_TMA: case PTM_PACKET_TIP_PGD: case PTM_PACKET_TRACESTOP:
		case PTM_PACKET_EXSTOP: case PTM_PACKET_MWAIT: case PTM_PACKET_PWRE: case PTM_PACKET_PWRX:
		case PTM_PACKET_OVF: case PTM_PACKET_BAD:
			return;
		default:
			break;
		}
		after_cyc = packet.kind == PTM_PACKET_CYC;
	}
found:
	if (!cycles)
		return;
	if (!cbr && clock->cbr) {
		cbr = clock->cbr;
		scale = clock->cbr_cycles_to_tsc;
	}
	double measured = (double)(then - clock->tsc) / (double)cycles;
	if (cbr && measured > scale && measured / scale > 1.25)
		return;
	clock->cycles_to_tsc = measured;
	clock->have_cycles_to_tsc = true;
}

void ptm_clock_mtc(ptm_clock *clock, uint32_t mtc, bool after_cyc, ptm_clock_peek peek, void *context)
{
	if (!clock->ctc.have_tma)
		return;
	uint64_t tsc = advance_ctc(clock, &clock->ctc, mtc);
	if (tsc >= clock->tsc)
		clock->tsc = tsc;
	estimate_cycles(clock);
	ptm_clock_moved(clock);
	if (after_cyc) {
		clock->cyc_reference = clock->tsc;
		clock->cyc_count = 0;
		clock->have_cycles_to_tsc = false;
		calibrate(clock, peek, context);
	}
}

void ptm_clock_cbr(ptm_clock *clock, uint32_t ratio)
{
	if (clock->cbr == ratio)
		return;
	/* None, which a packet cut short says, is a change to perf, too. */
	clock->cbr = ratio;
	clock->cbr_cycles_to_tsc = ratio ? (double)clock->config.max_nonturbo_ratio / ratio : 0;
	clock->cyc_reference = clock->tsc;
	clock->cyc_count = 0;
	if (clock->config.max_nonturbo_ratio)
		clock->tsc_to_cycles = (double)ratio / clock->config.max_nonturbo_ratio;
	if (clock->counting)
		rebase_cycles(clock);
}

void ptm_clock_enable(ptm_clock *clock)
{
	clock->counting = true;
	rebase_cycles(clock);
}

void ptm_clock_disable(ptm_clock *clock)
{
	clock->counting = false;
}

void ptm_clock_lose(ptm_clock *clock)
{
	clock->ctc.have_tma = false;
}

void ptm_clock_restart(ptm_clock *clock, uint64_t reference)
{
	ptm_clock_lose(clock);
	ptm_clock_disable(clock);
	clock->tsc = 0;
	clock->reference = reference;
}

ptm_clock ptm_clock_at_cut(const ptm_clock *clock)
{
	ptm_clock cut;
	memset(&cut, 0, sizeof cut); /* padding too */
	cut.config = clock->config;
	cut.tsc = clock->tsc;
	cut.tsc_packet = clock->tsc_packet;
	cut.reference = clock->reference;
	cut.slip = clock->slip;
	cut.ctc.timestamp = clock->ctc.timestamp;
	cut.ctc.delta = clock->ctc.delta;
	cut.ctc.last_mtc = clock->ctc.last_mtc;
	cut.ctc.have_tma = clock->ctc.have_tma;
	cut.ctc.fixup_last_mtc = clock->ctc.fixup_last_mtc;
	cut.ctc_multiplier = clock->ctc_multiplier;
	cut.cbr = clock->cbr;
	cut.cbr_cycles_to_tsc = clock->cbr_cycles_to_tsc;
	cut.cycles_to_tsc = clock->have_cycles_to_tsc ? clock->cycles_to_tsc : 0;
	cut.have_cycles_to_tsc = clock->have_cycles_to_tsc;
	cut.counting = clock->counting;
	cut.have_cyc = clock->have_cyc;
	cut.tsc_to_cycles = clock->tsc_to_cycles;
	/* Without CYC packets there is no measurement: cycles are estimated from time. */
	if (clock->have_cyc) {
		cut.cyc_reference = clock->cyc_reference;
		cut.cyc_count = clock->cyc_count;
		cut.cycles = clock->cycles - clock->cycles_told;
		cut.cycles_sampled = clock->cycles_sampled;
	}
	return cut;
}
