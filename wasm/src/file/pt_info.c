/* SPDX-License-Identifier: Apache-2.0 */
/* Intel PT's AUXTRACE_INFO: an array of 64-bit words, to which newer perfs
 * append (what is absent is 0), and the PT event's config, read with the masks
 * that the words give. */
#include "file/pt_info.h"
#include <inttypes.h>

#define TYPE_INTEL_PT 1

/* Bits of the PT event's config: IA32_RTIT_CTL (SDM vol. 3, "Intel Processor
 * Trace") without those that the kernel sets. */
#define CONFIG_PASS_THROUGH (1u << 0)  /* set: BRANCH counts, else branches are always on */
#define CONFIG_FUP_ON_PTW (1u << 5)
#define CONFIG_PTW (1u << 12)
#define CONFIG_BRANCH (1u << 13)
#define CONFIG_PSB_SHIFT 24
#define CONFIG_CR3_FILTER (UINT64_C(1) << 7)
#define CONFIG_CYC_SHIFT 19

static const char *auxtrace_name(uint32_t type)
{
	static const char *const names[] = { "nothing", "Intel PT", "Intel BTS", "ARM CoreSight ETM", "ARM SPE", "s390 CPU-MF", "HiSilicon PTT" };
	return type < sizeof names / sizeof *names ? names[type] : "an unknown kind";
}

static ptm_status check_kind(const ptm_trace_file *file, ptm_message *message)
{
	if (!file->auxtrace_info_offset)
		return ptm_message_set(message, PTM_NOT_FOUND,
			"This perf.data holds no hardware trace (it has no AUXTRACE_INFO record): record with `perf record -e intel_pt//u -- PROGRAM`.");
	if (file->auxtrace_type != TYPE_INTEL_PT)
		return ptm_message_set(message, PTM_UNSUPPORTED, "The hardware trace in this perf.data is %s (type %" PRIu32 "), not Intel PT.",
			auxtrace_name(file->auxtrace_type), file->auxtrace_type);
	return PTM_OK;
}

/* Reads the address filter: its length in bytes, then the text and a NUL, padded to 8. */
static ptm_status read_filter(const ptm_trace_file *file, ptm_bytes *words, ptm_pt_info *info)
{
	uint64_t length = ptm_bytes_u64(words);
	size_t text_length;

	if (!length || length > ptm_bytes_left(words))
		return PTM_OK;
	const char *text = ptm_bytes_text(words, (size_t)((length + 8) & ~(uint64_t)7), &text_length);
	if (!text)
		return PTM_OK;
	PTM_TRY(ptm_strings_add(file->strings, text, text_length, &info->filter));
	return ptm_address_filter_read(file->strings, text, &info->filters);
}

static ptm_status read_words(const ptm_trace_file *file, ptm_bytes words, ptm_pt_info *info)
{
	info->pmu_type = (uint32_t)ptm_bytes_u64(&words);
	info->time_shift = ptm_bytes_u64(&words) & 63; /* more is broken; perf's processor shifts by this much */
	info->time_mult = ptm_bytes_u64(&words);
	info->time_zero = ptm_bytes_u64(&words);
	info->cap_user_time_zero = ptm_bytes_u64(&words);
	info->tsc_bit = ptm_bytes_u64(&words);
	info->noretcomp_bit = ptm_bytes_u64(&words);
	info->have_sched_switch = (uint32_t)ptm_bytes_u64(&words);
	info->snapshot = ptm_bytes_u64(&words);
	info->per_cpu_mmaps = ptm_bytes_u64(&words);
	info->mtc_bit = ptm_bytes_u64(&words);
	info->mtc_freq_bits = ptm_bytes_u64(&words);
	info->tsc_ctc_numerator = (uint32_t)ptm_bytes_u64(&words);
	info->tsc_ctc_denominator = (uint32_t)ptm_bytes_u64(&words);
	info->cyc_bit = ptm_bytes_u64(&words);
	info->max_nonturbo_ratio = (uint32_t)ptm_bytes_u64(&words);
	PTM_TRY(read_filter(file, &words, info));
	info->event_trace = ptm_bytes_u64(&words);
	return PTM_OK;
}

/* Value of a field of the config, given its mask. */
static uint32_t field(uint64_t config, uint64_t mask)
{
	return mask ? (uint32_t)((config & mask) >> __builtin_ctzll(mask)) : 0;
}

static void read_config(const ptm_trace_file *file, ptm_pt_info *info)
{
	for (uint32_t row = 0; row < file->attrs.length && info->attr == UINT32_MAX; row++)
		if (file->attrs.at[row].type == info->pmu_type)
			info->attr = row;
	uint64_t config = info->attr == UINT32_MAX ? 0 : file->attrs.at[info->attr].config;
	info->config = config;
	info->branch_enabled = !(config & CONFIG_PASS_THROUGH) || config & CONFIG_BRANCH;
	info->return_compression = !(config & info->noretcomp_bit);
	info->tsc_enabled = config & info->tsc_bit;
	info->mtc_enabled = config & info->mtc_bit;
	info->cyc_enabled = config & info->cyc_bit;
	info->ptw_enabled = config & CONFIG_PTW;
	info->cr3_filter = config & CONFIG_CR3_FILTER;
	info->fup_on_ptw = config & CONFIG_FUP_ON_PTW;
	info->mtc_period = field(config, info->mtc_freq_bits);
	info->cyc_threshold = info->cyc_enabled ? (uint32_t)(config >> CONFIG_CYC_SHIFT & 15) : 0;
	info->psb_period = (uint32_t)(config >> CONFIG_PSB_SHIFT & 15);
}

/* Whether trace and records share no clock. */
static bool is_timeless(const ptm_trace_file *file, const ptm_pt_info *info)
{
	return !info->tsc_bit || !info->cap_user_time_zero || !info->tsc_enabled || ptm_trace_file_lacks_times(file);
}

ptm_status ptm_pt_info_read(const ptm_trace_file *file, ptm_pt_info *info, ptm_message *message)
{
	ptm_bytes words;

	*info = (ptm_pt_info){ .attr = UINT32_MAX };
	PTM_TRY(check_kind(file, message));
	PTM_TRY(ptm_trace_file_info_words(file, &words, message));
	PTM_TRY(read_words(file, words, info));
	read_config(file, info);
	for (uint32_t row = 0; row < file->queues.length; row++)
		info->per_cpu = info->per_cpu || file->queues.at[row].cpu >= 0;
	info->timeless = is_timeless(file, info);
	return PTM_OK;
}
