/* SPDX-License-Identifier: Apache-2.0 */
/* A perf_event_attr in words, as the header of perf script has it: what is zero is not shown. */
#include "api/script_header.h"
#include <inttypes.h>
#include <stdio.h>

/* perf's order is not that of the bits, and TRANSACTION (bit 17) has no name. */
static const struct { uint8_t bit; const char *name; } sample_types[] = { { 0, "IP" }, { 1, "TID" }, { 2, "TIME" }, { 3, "ADDR" }, { 4, "READ" }, { 5, "CALLCHAIN" },
	{ 6, "ID" }, { 7, "CPU" }, { 8, "PERIOD" }, { 9, "STREAM_ID" }, { 10, "RAW" }, { 11, "BRANCH_STACK" }, { 12, "REGS_USER" }, { 13, "STACK_USER" },
	{ 16, "IDENTIFIER" }, { 18, "REGS_INTR" }, { 15, "DATA_SRC" }, { 14, "WEIGHT" }, { 19, "PHYS_ADDR" }, { 20, "AUX" }, { 21, "CGROUP" },
	{ 22, "DATA_PAGE_SIZE" }, { 23, "CODE_PAGE_SIZE" }, { 24, "WEIGHT_STRUCT" } };

/* Bit by bit. */
static const char *const read_bits[] = { "TOTAL_TIME_ENABLED", "TOTAL_TIME_RUNNING", "ID", "GROUP", "LOST" };
static const char *const branch_bits[] = { "USER", "KERNEL", "HV", "ANY", "ANY_CALL", "ANY_RETURN", "IND_CALL", "ABORT_TX", "IN_TX", "NO_TX", "COND", "CALL_STACK",
	"IND_JUMP", "CALL", "NO_FLAGS", "NO_CYCLES", "TYPE_SAVE", "HW_INDEX", "PRIV_SAVE" };

#define PRECISE_IP 15 /* bits 15 and 16 are one number */

/* The flags, by bit. */
static const char *const flags[] = { "disabled", "inherit", "pinned", "exclusive", "exclude_user", "exclude_kernel", "exclude_hv", "exclude_idle", "mmap", "comm", "freq",
	"inherit_stat", "enable_on_exec", "task", "watermark", "precise_ip", NULL, "mmap_data", "sample_id_all", "exclude_host", "exclude_guest", "exclude_callchain_kernel",
	"exclude_callchain_user", "mmap2", "comm_exec", "use_clockid", "context_switch", "write_backward", "namespaces", "ksymbol", "bpf_event", "aux_output", "cgroup",
	"text_poke", "build_id", "inherit_thread", "remove_on_exec", "sigtrap" };

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void put_number(ptm_script *script, const char *name, uint64_t value)
{
	if (value)
		ptm_script_put(script, ", %s = %" PRIu64, name, value);
}

static void put_hex(ptm_script *script, const char *name, uint64_t value)
{
	if (value)
		ptm_script_put(script, ", %s = 0x%" PRIx64, name, value);
}

static void put_bits(ptm_script *script, const char *name, uint64_t value, const char *const *bits, uint32_t count)
{
	const char *between = "";

	if (!value)
		return;
	ptm_script_put(script, ", %s = ", name);
	for (uint32_t bit = 0; bit < count; bit++) {
		if (!(value >> bit & 1))
			continue;
		ptm_script_put(script, "%s%s", between, bits[bit]);
		between = "|";
	}
}

static void put_sample_type(ptm_script *script, uint64_t value)
{
	const char *between = "";

	if (value)
		ptm_script_put(script, ", sample_type = ");
	for (uint32_t i = 0; i < COUNT(sample_types); i++) {
		if (!(value >> sample_types[i].bit & 1))
			continue;
		ptm_script_put(script, "%s%s", between, sample_types[i].name);
		between = "|";
	}
}

static void put_flags(ptm_script *script, uint64_t value)
{
	for (uint32_t bit = 0; bit < COUNT(flags); bit++)
		if (flags[bit])
			put_number(script, flags[bit], value >> bit & (bit == PRECISE_IP ? 3 : 1));
}

bool ptm_script_attr_is_known(const uint8_t *at, size_t length)
{
	uint8_t whole[136] = { 0 };
	memcpy(whole, at, length < sizeof whole ? length : sizeof whole);
	ptm_bytes types = ptm_bytes_of(whole + 24, 24), reserved = ptm_bytes_of(whole + 110, 10);
	uint64_t sample_type = ptm_bytes_u64(&types), read_format = ptm_bytes_u64(&types), bits = ptm_bytes_u64(&types);
	uint16_t reserved_2 = ptm_bytes_u16(&reserved);
	ptm_bytes_skip(&reserved, 4);
	return !(sample_type >> 25 || read_format >> COUNT(read_bits) || bits >> COUNT(flags) || reserved_2 || ptm_bytes_u32(&reserved));
}

/* What perf 6.12 calls a type: the PMU that has its number on the machine of the recording. */
static void put_type(ptm_script *script, uint32_t type)
{
	static const char *const names[] = { "PERF_TYPE_HARDWARE", "software", "tracepoint", "PERF_TYPE_HW_CACHE", "cpu", "breakpoint" };
	ptm_bytes pmus = ptm_bytes_of(script->pmus.at, script->pmus.length);

	ptm_script_put(script, ", type = %" PRIu32, type);
	for (uint32_t left = ptm_bytes_u32(&pmus); left && !pmus.failed; left--) {
		uint32_t number = ptm_bytes_u32(&pmus);
		if (number == type && !pmus.failed) {
			ptm_script_put_text(script, " (", 2);
			ptm_script_put_string(script, &pmus);
			ptm_script_put_text(script, ")", 1);
			return;
		}
		ptm_bytes_skip(&pmus, ptm_bytes_u32(&pmus));
	}
	if (type < COUNT(names))
		ptm_script_put(script, " (%s)", names[type]);
}

static void put_cache_event(ptm_script *script, uint32_t config)
{
	static const char *const caches[] = { "L1D", "L1I", "LL", "DTLB", "ITLB", "BPU", "NODE" }, *const operations[] = { "READ", "WRITE", "PREFETCH" },
		*const results[] = { "ACCESS", "MISS" };
	uint32_t cache = config & 255, operation = config >> 8 & 255, result = config >> 16 & 255;

	if (cache < COUNT(caches) && operation < COUNT(operations) && result < COUNT(results))
		ptm_script_put(script, " (PERF_COUNT_HW_CACHE_RESULT_%s | PERF_COUNT_HW_CACHE_OP_%s | PERF_COUNT_HW_CACHE_%s)", results[result], operations[operation], caches[cache]);
}

static ptm_status put_tracepoint(ptm_script *script, uint64_t config)
{
	ptm_event_format *format;

	PTM_TRY(ptm_session_event_format(script->session, &(ptm_attr){ .config = config }, &format));
	if (format)
		ptm_script_put(script, " (%.*s:%.*s)", (int)format->system.length, format->system.at, (int)format->name.length, format->name.at);
	return PTM_OK;
}

/* perf 6.12 names what is counted. */
static ptm_status put_config(ptm_script *script, uint32_t type, uint64_t config)
{
	enum { HARDWARE, SOFTWARE, TRACEPOINT, HW_CACHE };
	static const char *const hardware[] = { "CPU_CYCLES", "INSTRUCTIONS", "CACHE_REFERENCES", "CACHE_MISSES", "BRANCH_INSTRUCTIONS", "BRANCH_MISSES", "BUS_CYCLES",
		"STALLED_CYCLES_FRONTEND", "STALLED_CYCLES_BACKEND", "REF_CPU_CYCLES" };
	static const char *const software[] = { "CPU_CLOCK", "TASK_CLOCK", "PAGE_FAULTS", "CONTEXT_SWITCHES", "CPU_MIGRATIONS", "PAGE_FAULTS_MIN", "PAGE_FAULTS_MAJ",
		"ALIGNMENT_FAULTS", "EMULATION_FAULTS", "DUMMY", "BPF_OUTPUT", "CGROUP_SWITCHES" };

	ptm_script_put(script, config ? ", config = 0x%" PRIx64 : ", config = %" PRIx64, config);
	if (type == HARDWARE && config < COUNT(hardware))
		ptm_script_put(script, " (PERF_COUNT_HW_%s)", hardware[config]);
	else if (type == SOFTWARE && config < COUNT(software))
		ptm_script_put(script, " (PERF_COUNT_SW_%s)", software[config]);
	else if (type == HW_CACHE)
		put_cache_event(script, (uint32_t)config);
	else if (type == TRACEPOINT)
		return put_tracepoint(script, config);
	return PTM_OK;
}

ptm_status ptm_script_put_attr(ptm_script *script, const uint8_t *at, size_t length)
{
	/* What an older perf did not write is zero. */
	uint8_t whole[136] = { 0 };
	memcpy(whole, at, length < sizeof whole ? length : sizeof whole);
	ptm_bytes bytes = ptm_bytes_of(whole, sizeof whole);

	bool newer = script->options.version >= 612;
	uint32_t type = ptm_bytes_u32(&bytes);
	if (newer)
		put_type(script, type);
	else
		put_number(script, "type", type);
	put_number(script, "size", ptm_bytes_u32(&bytes));
	uint64_t config = ptm_bytes_u64(&bytes);
	if (newer)
		PTM_TRY(put_config(script, type, config));
	else
		put_hex(script, "config", config);
	put_number(script, "{ sample_period, sample_freq }", ptm_bytes_u64(&bytes));
	put_sample_type(script, ptm_bytes_u64(&bytes));
	put_bits(script, "read_format", ptm_bytes_u64(&bytes), read_bits, COUNT(read_bits));
	put_flags(script, ptm_bytes_u64(&bytes));
	put_number(script, "{ wakeup_events, wakeup_watermark }", ptm_bytes_u32(&bytes));
	put_number(script, "bp_type", ptm_bytes_u32(&bytes));
	put_hex(script, "{ bp_addr, config1 }", ptm_bytes_u64(&bytes));
	put_hex(script, "{ bp_len, config2 }", ptm_bytes_u64(&bytes));
	put_bits(script, "branch_sample_type", ptm_bytes_u64(&bytes), branch_bits, COUNT(branch_bits));
	put_hex(script, "sample_regs_user", ptm_bytes_u64(&bytes));
	put_number(script, "sample_stack_user", ptm_bytes_u32(&bytes));
	int32_t clockid = (int32_t)ptm_bytes_u32(&bytes);
	if (clockid)
		ptm_script_put(script, ", clockid = %" PRId32, clockid);
	put_hex(script, "sample_regs_intr", ptm_bytes_u64(&bytes));
	put_number(script, "aux_watermark", ptm_bytes_u32(&bytes));
	put_number(script, "sample_max_stack", ptm_bytes_u16(&bytes));
	ptm_bytes_skip(&bytes, 2);
	put_number(script, "aux_sample_size", ptm_bytes_u32(&bytes));
	ptm_bytes_skip(&bytes, 4);
	put_number(script, "sig_data", ptm_bytes_u64(&bytes));
	return PTM_OK;
}
