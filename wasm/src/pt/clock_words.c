/* SPDX-License-Identifier: Apache-2.0 */
#include "pt/clock_words.h"
#include <math.h>
#include <string.h>

static uint64_t bits_of(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	return bits;
}

void ptm_clock_words_put(const ptm_clock *clock, uint64_t words[PTM_CLOCK_WORDS])
{
	const uint64_t all[PTM_CLOCK_WORDS] = {
		clock->tsc, clock->tsc_packet, clock->reference,
		clock->ctc.timestamp, clock->ctc.delta, clock->ctc.last_mtc, clock->ctc.have_tma, clock->ctc.fixup_last_mtc,
		clock->cbr, bits_of(clock->cbr_cycles_to_tsc),
		clock->cyc_reference, clock->cyc_count, bits_of(clock->cycles_to_tsc), clock->have_cycles_to_tsc,
		clock->counting, clock->fup_counts, clock->have_cyc, clock->in_psb,
		clock->cycles, clock->cycles_told, clock->cycles_base, clock->cycles_base_tsc, bits_of(clock->tsc_to_cycles),
		clock->cycles_sampled, clock->instructions, clock->moves,
	};
	memcpy(words, all, sizeof all);
}

/* Ratios of clocks are positive and finite, or 0 where unknown. */
static bool take_ratio(uint64_t bits, double *ratio)
{
	double value;
	memcpy(&value, &bits, sizeof value);
	if (!isfinite(value) || value < 0)
		return false;
	*ratio = value;
	return true;
}

bool ptm_clock_words_take(ptm_clock *clock, const uint64_t words[PTM_CLOCK_WORDS])
{
	ptm_clock made = *clock;

	made.tsc = words[0];
	made.tsc_packet = words[1];
	made.reference = words[2];
	made.ctc = (ptm_ctc){ words[3], words[4], (uint32_t)words[5], words[6] != 0, words[7] != 0 };
	made.cbr = (uint32_t)words[8];
	made.cyc_reference = words[10];
	made.cyc_count = words[11];
	made.have_cycles_to_tsc = words[13] != 0;
	made.counting = words[14] != 0;
	made.fup_counts = words[15] != 0;
	made.have_cyc = words[16] != 0;
	made.in_psb = words[17] != 0;
	made.cycles = words[18];
	made.cycles_told = words[19];
	made.cycles_base = words[20];
	made.cycles_base_tsc = words[21];
	made.cycles_sampled = words[23] != 0;
	made.instructions = words[24];
	made.moves = words[25];
	if (made.cbr > 255 || !take_ratio(words[9], &made.cbr_cycles_to_tsc) || !take_ratio(words[12], &made.cycles_to_tsc) ||
	    !take_ratio(words[22], &made.tsc_to_cycles))
		return false;
	*clock = made;
	return true;
}
