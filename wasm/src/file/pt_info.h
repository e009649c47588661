/* SPDX-License-Identifier: Apache-2.0 */
/* What AUXTRACE_INFO (type Intel PT) says of how the trace was made. */
#ifndef PTM_FILE_PT_INFO_H
#define PTM_FILE_PT_INFO_H

#include "file/address_filter.h"
#include "file/trace_file.h"

typedef struct ptm_pt_info {
	uint32_t pmu_type;
	uint64_t time_shift, time_mult, time_zero; /* ns = zero + tsc * mult >> shift */
	bool cap_user_time_zero;
	uint64_t tsc_bit, noretcomp_bit;           /* masks in the event's config */
	uint64_t mtc_bit, mtc_freq_bits;
	uint64_t cyc_bit;
	uint32_t tsc_ctc_numerator, tsc_ctc_denominator; /* TSC per CTC (CPUID 15H) */
	uint32_t max_nonturbo_ratio;
	uint32_t have_sched_switch;                /* 0 none, 1 sched:sched_switch, 2 SWITCH, 3 SWITCH_CPU_WIDE */
	bool snapshot, per_cpu_mmaps;
	uint32_t filter;                           /* string id of the address filter, 0: none */
	ptm_address_filter filters;                /* the same, read */
	bool event_trace, per_cpu;                 /* event_trace: the CPU can; per_cpu: queues are CPUs */
	/* From the PT event's attribute: */
	uint32_t attr;                             /* row of attrs, UINT32_MAX: not found */
	uint64_t config;
	bool branch_enabled, return_compression, tsc_enabled, mtc_enabled, cyc_enabled, ptw_enabled, fup_on_ptw, cr3_filter;
	uint32_t mtc_period;                       /* MTC every 2^n CTC ticks */
	uint32_t cyc_threshold;                    /* CYC only after 2^(n-1) cycles; 0: always */
	uint32_t psb_period;                       /* PSB every 2^(n+11) bytes; 0 where unknown */
	bool timeless;                             /* no TSC, or records without times */
} ptm_pt_info;

/* Reads the AUXTRACE_INFO of an opened file. PTM_NOT_FOUND: there is none.
 * PTM_UNSUPPORTED: it is of another kind (the message names it). */
ptm_status ptm_pt_info_read(const ptm_trace_file *file, ptm_pt_info *info, ptm_message *message) PTM_MUST_CHECK;

#endif
