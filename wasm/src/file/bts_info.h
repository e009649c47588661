/* SPDX-License-Identifier: Apache-2.0 */
/* What AUXTRACE_INFO (type Intel BTS) says of how the trace was made. */
#ifndef PTM_FILE_BTS_INFO_H
#define PTM_FILE_BTS_INFO_H

#include "file/trace_file.h"

#define PTM_AUXTRACE_INTEL_BTS 2

typedef struct ptm_bts_info {
	uint32_t pmu_type;
	uint64_t time_shift, time_mult, time_zero; /* ns = zero + tsc * mult >> shift */
	bool cap_user_time_zero;                   /* the three above hold */
	bool snapshot;                             /* AUX data are copies of a ring, and may overlap */
	uint32_t attr;                             /* row of attrs, UINT32_MAX: not found */
	bool timeless;                             /* AUX data and records share no clock */
} ptm_bts_info;

/* Reads the AUXTRACE_INFO of an opened file whose auxtrace_type is PTM_AUXTRACE_INTEL_BTS. */
ptm_status ptm_bts_info_read(const ptm_trace_file *file, ptm_bts_info *info, ptm_message *message) PTM_MUST_CHECK;

#endif
