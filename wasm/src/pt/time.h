/* SPDX-License-Identifier: Apache-2.0 */
/* TSC ticks to perf's nanoseconds and back, in perf's integer arithmetic (the
 * time_shift, time_mult and time_zero of perf_event_mmap_page). */
#ifndef PTM_PT_TIME_H
#define PTM_PT_TIME_H

#include <stdint.h>

typedef struct ptm_time { uint64_t shift, mult, zero; } ptm_time;

static inline uint64_t ptm_time_ns(const ptm_time *time, uint64_t tsc)
{
	uint64_t shift = time->shift & 63;
	uint64_t whole = tsc >> shift, rest = tsc & ((1ull << shift) - 1);
	return time->zero + whole * time->mult + (rest * time->mult >> shift);
}

static inline uint64_t ptm_time_tsc(const ptm_time *time, uint64_t ns)
{
	if (!time->mult)
		return 0;
	uint64_t shift = time->shift & 63;
	uint64_t t = ns - time->zero, whole = t / time->mult, rest = t % time->mult;
	return (whole << shift) + (rest << shift) / time->mult;
}

#endif
