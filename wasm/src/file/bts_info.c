/* SPDX-License-Identifier: Apache-2.0 */
/* Intel BTS's AUXTRACE_INFO: six 64-bit words; what is absent is 0. */
#include "file/bts_info.h"
#include "base/bytes.h"
#include <inttypes.h>

#define SAMPLE_TIME (1 << 2)

static bool is_timeless(const ptm_trace_file *file, const ptm_bts_info *info)
{
	if (!info->cap_user_time_zero || !info->time_mult)
		return true;
	for (uint32_t row = 0; row < file->attrs.length; row++)
		if (!(file->attrs.at[row].sample_type & SAMPLE_TIME))
			return true;
	return false;
}

ptm_status ptm_bts_info_read(const ptm_trace_file *file, ptm_bts_info *info, ptm_message *message)
{
	const uint8_t *at;

	*info = (ptm_bts_info){ .attr = UINT32_MAX };
	ptm_status status = ptm_trace_file_view(file, file->auxtrace_info_offset, file->auxtrace_info_size, &at);
	if (status != PTM_OK)
		return ptm_message_set(message, status, "Reading the trace's AUXTRACE_INFO (%" PRIu32 " bytes at %" PRIu64 ") failed.",
			file->auxtrace_info_size, file->auxtrace_info_offset);
	ptm_bytes words = ptm_bytes_of(at, file->auxtrace_info_size);
	ptm_bytes_skip(&words, 16); /* record header, type, reserved */
	info->pmu_type = (uint32_t)ptm_bytes_u64(&words);
	info->time_shift = ptm_bytes_u64(&words) & 63; /* more is broken; perf's processor shifts by this much */
	info->time_mult = ptm_bytes_u64(&words);
	info->time_zero = ptm_bytes_u64(&words);
	info->cap_user_time_zero = ptm_bytes_u64(&words);
	info->snapshot = ptm_bytes_u64(&words);
	for (uint32_t row = 0; row < file->attrs.length && info->attr == UINT32_MAX; row++)
		if (file->attrs.at[row].type == info->pmu_type)
			info->attr = row;
	info->timeless = is_timeless(file, info);
	return PTM_OK;
}
