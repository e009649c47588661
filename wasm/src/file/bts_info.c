/* SPDX-License-Identifier: Apache-2.0 */
/* Intel BTS's AUXTRACE_INFO: six 64-bit words; what is absent is 0. */
#include "file/bts_info.h"

ptm_status ptm_bts_info_read(const ptm_trace_file *file, ptm_bts_info *info, ptm_message *message)
{
	ptm_bytes words;

	*info = (ptm_bts_info){ .attr = UINT32_MAX };
	PTM_TRY(ptm_trace_file_info_words(file, &words, message));
	info->pmu_type = (uint32_t)ptm_bytes_u64(&words);
	info->time_shift = ptm_bytes_u64(&words) & 63; /* more is broken; perf's processor shifts by this much */
	info->time_mult = ptm_bytes_u64(&words);
	info->time_zero = ptm_bytes_u64(&words);
	info->cap_user_time_zero = ptm_bytes_u64(&words);
	info->snapshot = ptm_bytes_u64(&words);
	for (uint32_t row = 0; row < file->attrs.length && info->attr == UINT32_MAX; row++)
		if (file->attrs.at[row].type == info->pmu_type)
			info->attr = row;
	info->timeless = !info->cap_user_time_zero || !info->time_mult || ptm_trace_file_lacks_times(file);
	return PTM_OK;
}
