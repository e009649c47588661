/* SPDX-License-Identifier: Apache-2.0 */
/* The words of perf script -D for records and samples. */
#include "api/script_dump.h"
#include "base/bytes.h"
#include <inttypes.h>
#include <stdio.h>

#define HEADER_BYTES 8u

const char *ptm_dump_type_name(uint32_t type)
{
	static const char *const names[] = { "TOTAL", "MMAP", "LOST", "COMM", "EXIT", "THROTTLE", "UNTHROTTLE", "FORK", "READ", "SAMPLE", "MMAP2", "AUX",
		"ITRACE_START", "LOST_SAMPLES", "SWITCH", "SWITCH_CPU_WIDE", "NAMESPACES", "KSYMBOL", "BPF_EVENT", "CGROUP", "TEXT_POKE", "AUX_OUTPUT_HW_ID" };
	static const char *const own[] = { "ATTR", "EVENT_TYPE", "TRACING_DATA", "BUILD_ID", "FINISHED_ROUND", "ID_INDEX", "AUXTRACE_INFO", "AUXTRACE",
		"AUXTRACE_ERROR", "THREAD_MAP", "CPU_MAP", "STAT_CONFIG", "STAT", "STAT_ROUND", "EVENT_UPDATE", "TIME_CONV", "FEATURE", "COMPRESSED",
		"FINISHED_INIT" };

	if (type < sizeof names / sizeof *names)
		return names[type];
	return type >= 64 && type - 64 < sizeof own / sizeof *own ? own[type - 64] : "UNKNOWN";
}

/* ------------------------------------------------------------ perf's own */

static void put_time_conv(ptm_script *script, ptm_bytes *body)
{
	static const char *const names[] = { "Time Shift     ", "Time Muliplier ", "Time Zero      ", "Time Cycles    " };

	ptm_script_put(script, "\n");
	for (uint32_t i = 0; i < 4; i++) {
		/* Older files have no more than the first three. */
		if (i == 3 && ptm_bytes_left(body) < 8)
			break;
		ptm_script_put(script, "... %s %" PRIu64 "\n", names[i], ptm_bytes_u64(body));
	}
	if (ptm_bytes_left(body) >= 10) {
		ptm_script_put(script, "... Time Mask       %#" PRIx64 "\n", ptm_bytes_u64(body));
		uint32_t zero = ptm_bytes_u8(body), is_short = ptm_bytes_u8(body);
		ptm_script_put(script, "... Cap Time Zero   %u\n... Cap Time Short  %u\n", zero, is_short);
	}
	ptm_script_put(script, ": unhandled!\n");
}

static void put_id_index(ptm_script *script, ptm_bytes *body)
{
	uint64_t count = ptm_bytes_u64(body);
	bool has_machines = count <= ptm_bytes_left(body) / 48; /* pairs behind the entries, see file/guest_ids.c */
	ptm_bytes pairs = *body;

	if (has_machines)
		ptm_bytes_skip(&pairs, count * 32);
	ptm_script_put(script, " nr: %" PRIu64 "\n", count);
	for (uint64_t i = 0; i < count && ptm_bytes_left(body) >= 32; i++) {
		uint64_t id = ptm_bytes_u64(body), index = ptm_bytes_u64(body);
		int64_t cpu = (int64_t)ptm_bytes_u64(body), tid = (int64_t)ptm_bytes_u64(body);
		ptm_script_put(script, " ... id: %" PRIu64 "  idx: %" PRIu64 "  cpu: %" PRId64 "  tid: %" PRId64, id, index, cpu, tid);
		if (has_machines) {
			int64_t machine = (int64_t)ptm_bytes_u64(&pairs), vcpu = (int64_t)ptm_bytes_u64(&pairs);
			ptm_script_put(script, "  machine_pid: %" PRId64 "  vcpu: %" PRId64, machine, vcpu);
		}
		ptm_script_put(script, "\n");
	}
}

static void put_pt_info(ptm_script *script, ptm_bytes *body)
{
	static const char *const lines[] = { "PMU Type            %" PRId64, "Time Shift          %" PRIu64, "Time Muliplier      %" PRIu64,
		"Time Zero           %" PRIu64, "Cap Time Zero       %" PRId64, "TSC bit             %#" PRIx64, "NoRETComp bit       %#" PRIx64,
		"Have sched_switch   %" PRId64, "Snapshot mode       %" PRId64, "Per-cpu maps        %" PRId64, "MTC bit             %#" PRIx64,
		"MTC freq bits       %#" PRIx64, "TSC:CTC numerator   %" PRIu64, "TSC:CTC denominator %" PRIu64, "CYC bit             %#" PRIx64,
		"Max non-turbo ratio %" PRIu64, "Filter string len.  %" PRIu64 };
	uint64_t words[sizeof lines / sizeof *lines];
	uint32_t count = 0;

	for (; count < sizeof lines / sizeof *lines && ptm_bytes_left(body) >= 8; count++) {
		words[count] = ptm_bytes_u64(body);
		ptm_script_put(script, "  ");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		ptm_script_put(script, lines[count], words[count]);
#pragma GCC diagnostic pop
		ptm_script_put(script, "\n");
	}
	if (count < sizeof lines / sizeof *lines)
		return;
	/* The string and a NUL are padded to whole words. */
	uint64_t length = words[count - 1], padded = length ? (length + 8) & ~7ull : 0;
	const uint8_t *filter = padded <= ptm_bytes_left(body) ? ptm_bytes_take(body, (size_t)padded) : NULL;
	ptm_script_put(script, "  Filter string       ");
	if (filter)
		ptm_script_put_text(script, (const char *)filter, strnlen((const char *)filter, (size_t)padded));
	ptm_script_put(script, "\n");
	if (ptm_bytes_left(body) >= 8)
		ptm_script_put(script, "  Cap Event Trace     %" PRIu64 "\n", ptm_bytes_u64(body));
}

static void put_auxtrace_info(ptm_script *script, ptm_bytes *body)
{
	static const char *const bts[] = { "PMU Type           %" PRId64 "\n", "Time Shift         %" PRIu64 "\n", "Time Muliplier     %" PRIu64 "\n",
		"Time Zero          %" PRIu64 "\n", "Cap Time Zero      %" PRId64 "\n", "Snapshot mode      %" PRId64 "\n" };
	uint32_t type = ptm_bytes_u32(body);

	ptm_bytes_skip(body, 4);
	ptm_script_put(script, " type: %u\n", type);
	if (type == 1)
		put_pt_info(script, body);
	for (uint32_t i = 0; type == 2 && i < sizeof bts / sizeof *bts && ptm_bytes_left(body) >= 8; i++) {
		ptm_script_put(script, "  ");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		ptm_script_put(script, bts[i], ptm_bytes_u64(body));
#pragma GCC diagnostic pop
	}
}

static void put_auxtrace(ptm_script *script, ptm_bytes *body)
{
	uint64_t size = ptm_bytes_u64(body), offset = ptm_bytes_u64(body), reference = ptm_bytes_u64(body);
	uint32_t index = ptm_bytes_u32(body);
	int32_t tid = (int32_t)ptm_bytes_u32(body), cpu = (int32_t)ptm_bytes_u32(body);

	ptm_script_put(script, " size: %#" PRIx64 "  offset: %#" PRIx64 "  ref: %#" PRIx64 "  idx: %u  tid: %d  cpu: %d\n", size, offset, reference, index, tid, cpu);
}

/* "0-3,5": runs of numbers that are set. */
static void put_runs(ptm_script *script, const uint16_t *cpus, uint32_t count)
{
	for (uint32_t i = 0; i < count;) {
		uint32_t last = i;
		while (last + 1 < count && cpus[last + 1] == cpus[last] + 1)
			last++;
		if (cpus[i] == UINT16_MAX)
			ptm_script_put(script, "%s-1", i ? "," : ""); /* no CPU */
		else
			ptm_script_put(script, "%s%u", i ? "," : "", cpus[i]);
		if (last > i)
			ptm_script_put(script, "-%u", cpus[last]);
		i = last + 1;
	}
}

static void put_cpu_map(ptm_script *script, ptm_bytes *body)
{
	enum { MOST = 4096, LIST = 0, MASK = 1, RANGE = 2 };
	uint16_t cpus[MOST];
	uint32_t kind = ptm_bytes_u16(body), count = 0;

	if (kind == LIST) {
		uint32_t told = ptm_bytes_u16(body);
		while (count < told && count < MOST && ptm_bytes_left(body) >= 2)
			cpus[count++] = ptm_bytes_u16(body);
	} else if (kind == MASK) {
		uint32_t words = ptm_bytes_u16(body), width = ptm_bytes_u16(body);
		ptm_bytes_skip(body, width == 8 ? 2 : 0);
		for (uint32_t word = 0; word < words && ptm_bytes_left(body) >= width && (width == 4 || width == 8); word++) {
			uint64_t bits = width == 8 ? ptm_bytes_u64(body) : ptm_bytes_u32(body);
			for (uint32_t bit = 0; bit < width * 8 && count < MOST; bit++)
				if (bits >> bit & 1)
					cpus[count++] = (uint16_t)(word * width * 8 + bit);
		}
	} else if (kind == RANGE) {
		ptm_bytes_skip(body, 2);
		uint32_t first = ptm_bytes_u16(body), last = ptm_bytes_u16(body);
		for (uint32_t cpu = first; cpu <= last && count < MOST; cpu++)
			cpus[count++] = (uint16_t)cpu;
	}
	put_runs(script, cpus, count);
	ptm_script_put(script, "\n");
}

static void put_event_update(ptm_script *script, ptm_bytes *body)
{
	enum { UNIT, SCALE, NAME, CPUS };
	uint64_t kind = ptm_bytes_u64(body), id = ptm_bytes_u64(body);
	uint32_t left = (uint32_t)ptm_bytes_left(body);
	const char *text = (const char *)ptm_bytes_take(body, left);

	ptm_script_put(script, "\n... id:    %" PRIu64 "\n", id);
	if (kind == CPUS && text) {
		ptm_bytes map = ptm_bytes_of((const uint8_t *)text, left);
		ptm_script_put(script, "... ");
		put_cpu_map(script, &map);
	}
	if (kind == SCALE && text && left >= sizeof(double)) {
		double scale;
		memcpy(&scale, text, sizeof scale);
		ptm_script_put(script, "... scale: %f\n", scale);
	}
	if (!text || (kind != UNIT && kind != NAME))
		return;
	ptm_script_put(script, kind == UNIT ? "... unit:  " : "... name:  ");
	ptm_script_put_text(script, text, strnlen(text, left));
	ptm_script_put(script, "\n");
}

static void put_thread_map(ptm_script *script, ptm_bytes *body)
{
	enum { COMM_BYTES = 16 };
	uint64_t count = ptm_bytes_u64(body);

	ptm_script_put(script, " nr: %d thread%s: ", (int32_t)count, (int32_t)count > 1 ? "s" : "");
	for (uint64_t i = 0; i < count && ptm_bytes_left(body) >= 8 + COMM_BYTES; i++) {
		ptm_script_put(script, "%s%d", i ? ", " : "", (int32_t)ptm_bytes_u64(body));
		ptm_bytes_skip(body, COMM_BYTES);
	}
	ptm_script_put(script, "\n");
}

void ptm_dump_put_user(ptm_script *script, uint32_t type, const uint8_t *bytes, uint32_t size)
{
	ptm_bytes body = ptm_bytes_of(bytes, size);

	ptm_bytes_skip(&body, HEADER_BYTES);
	switch (type) {
	case PTM_RECORD_TIME_CONV: put_time_conv(script, &body); break;
	case PTM_RECORD_ID_INDEX: put_id_index(script, &body); break;
	case PTM_RECORD_AUXTRACE_INFO: put_auxtrace_info(script, &body); break;
	case PTM_RECORD_AUXTRACE: put_auxtrace(script, &body); break;
	case PTM_RECORD_THREAD_MAP: put_thread_map(script, &body); break;
	case PTM_RECORD_CPU_MAP:
		ptm_script_put(script, ": ");
		put_cpu_map(script, &body);
		break;
	case PTM_RECORD_EVENT_UPDATE: put_event_update(script, &body); break;
	case PTM_RECORD_FINISHED_ROUND:
		ptm_script_put(script, script->options.show_rounds ? PTM_ROUND_ROW : script->options.dump_unsorted ? ": unhandled!\n" : "\n");
		break;
	case PTM_RECORD_FINISHED_INIT: ptm_script_put(script, ": unhandled!\n"); break;
	default: break;
	}
}

/* -------------------------------------------------------------- kernel's */

/* perf prints the row that --show-task-events asks for before it has told who exited. */
static void put_exit(ptm_script *script, const ptm_record *record)
{
	ptm_script_put(script, "PERF_RECORD_EXIT");
	ptm_script_put_record(script, record);
	ptm_script_put(script, "(%d:%d):(%d:%d)\n", record->pid, record->tid, record->as.task.ppid, record->as.task.ptid);
}

void ptm_dump_put_kernel(ptm_script *script, const ptm_record *record)
{
	enum { TRUNCATED = 1, OVERWRITE = 2, PARTIAL = 4 };

	switch (record->type) {
	case PTM_RECORD_AUX:
		ptm_script_put(script, "PERF_RECORD_AUX offset: %#" PRIx64 " size: %#" PRIx64 " flags: %#" PRIx64 " [%s%s%s]\n", record->as.aux.offset, record->as.aux.size,
			record->as.aux.flags, record->as.aux.flags & TRUNCATED ? "T" : "", record->as.aux.flags & OVERWRITE ? "O" : "",
			record->as.aux.flags & PARTIAL ? "P" : "");
		break;
	case PTM_RECORD_ITRACE_START:
		ptm_script_put(script, "PERF_RECORD_ITRACE_START pid: %u tid: %u\n", (uint32_t)record->pid, (uint32_t)record->tid);
		break;
	case PTM_RECORD_EXIT: put_exit(script, record); return;
	/* perf script has nothing to say of them, not even that the line ends. */
	case PTM_RECORD_THROTTLE: case PTM_RECORD_UNTHROTTLE: ptm_script_put(script, "PERF_RECORD_%s", ptm_dump_type_name(record->type)); return;
	case PTM_RECORD_MMAP: case PTM_RECORD_MMAP2: case PTM_RECORD_COMM: case PTM_RECORD_FORK: case PTM_RECORD_SWITCH:
	case PTM_RECORD_SWITCH_CPU_WIDE: case PTM_RECORD_NAMESPACES: case PTM_RECORD_KSYMBOL: case PTM_RECORD_BPF_EVENT: case PTM_RECORD_TEXT_POKE:
	case PTM_RECORD_LOST: case PTM_RECORD_CGROUP:
		ptm_script_put_record_text(script, record);
		break;
	default: ptm_script_put(script, "PERF_RECORD_%s: unhandled!\n", ptm_dump_type_name(record->type)); break;
	}
	ptm_script_put_record(script, record);
}

/* --------------------------------------------------------------- samples */

static void put_frame(ptm_script *script, uint32_t row, uint64_t ip)
{
	ptm_script_put(script, "..... %2u: %016" PRIx64 "\n", row, ip);
}

static void put_chain(ptm_script *script, const ptm_words *chain)
{
	ptm_script_put(script, "... FP chain: nr:%u\n", chain->count);
	for (uint32_t i = 0; i < chain->count; i++)
		put_frame(script, i, ptm_words_get(chain, i));
}

/* The frames that a branch stack in call stack mode holds: where the innermost began, then where each was called. */
static void put_called(ptm_script *script, const ptm_sample *sample, uint32_t row)
{
	for (uint32_t i = 0; i < sample->branch_count; i++) {
		ptm_branch branch = ptm_sample_branch(sample, i);
		if (!i)
			put_frame(script, row++, branch.to);
		put_frame(script, row++, branch.from);
	}
}

/* The kernel's part of the call chain, and the user's out of the branch stack. */
static void put_branch_chain(ptm_script *script, const ptm_sample *sample)
{
	const uint64_t mark_user = (uint64_t)-512;
	uint32_t row = 0;

	while (row < sample->callchain.count && ptm_words_get(&sample->callchain, row) != mark_user)
		row++;
	if (row == sample->callchain.count || !sample->branch_count)
		return;
	ptm_script_put(script, "... LBR call chain: nr:%u\n", row + 1 + sample->branch_count + 1);
	for (uint32_t i = 0; i <= row; i++)
		put_frame(script, i, ptm_words_get(&sample->callchain, i));
	put_called(script, sample, row + 1);
}

static void put_branches(ptm_script *script, const ptm_sample *sample, bool is_stack)
{
	static const char *const types[] = { "", "COND", "UNCOND", "IND", "CALL", "IND_CALL", "RET", "SYSCALL", "SYSRET", "COND_CALL", "COND_RET", "ERET",
		"IRQ", "SERROR", "NO_TX" };
	static const char *const speculations[] = { "", "SPEC_WRONG_PATH", "NON_SPEC_CORRECT_PATH", "SPEC_CORRECT_PATH" };
	bool newer = script->options.version >= 612;

	ptm_script_put(script, "... branch %s: nr:%u\n", is_stack ? "callstack" : "stack", is_stack && sample->branch_count ? sample->branch_count + 1 : sample->branch_count);
	if (is_stack)
		put_called(script, sample, 0);
	for (uint32_t i = 0; i < sample->branch_count && !is_stack; i++) {
		ptm_branch branch = ptm_sample_branch(sample, i);
		ptm_script_put(script, "..... %2u: %016" PRIx64 " -> %016" PRIx64 " %hu cycles %s%s%s%s 0 %s%s%s\n", i, branch.from, branch.to, branch.cycles,
			branch.mispredicted ? "M" : " ", branch.predicted ? "P" : " ", branch.abort ? "A" : " ", branch.in_transaction ? "T" : " ",
			branch.type < sizeof types / sizeof *types ? types[branch.type] : "",
			newer ? " " : "", newer ? speculations[branch.speculation] : "");
	}
}

static void put_registers(ptm_script *script, const char *which, const ptm_registers *registers)
{
	static const char *const names[] = { "AX", "BX", "CX", "DX", "SI", "DI", "BP", "SP", "IP", "FLAGS", "CS", "SS", "DS", "ES", "FS", "GS",
		"R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15" };
	uint32_t word = 0;

	if (!registers->words.count)
		return;
	ptm_script_put(script, "... %s regs: mask 0x%" PRIx64 " ABI %s\n", which, registers->mask, registers->abi == 2 ? "64-bit" : registers->abi == 1 ? "32-bit" : "none");
	for (uint32_t bit = 0; bit < 64 && word < registers->words.count; bit++)
		if (registers->mask >> bit & 1)
			ptm_script_put(script, ".... %-5s 0x%016" PRIx64 "\n", bit < 24 ? names[bit] : "unknown", ptm_words_get(&registers->words, word++));
}

void ptm_dump_put_sample(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr)
{
	uint64_t type = attr->sample_type;
	char text[32];

	ptm_script_put(script, "(IP, %#x): %d/%d: %#" PRIx64 " period: %" PRIu64 " addr: %#" PRIx64 "\n", sample->misc, sample->pid, sample->tid, sample->ip, sample->period, sample->addr);
	bool is_stack = attr->branch_sample_type & PTM_BRANCH_CALL_STACK;
	if (type & PTM_SAMPLE_CALLCHAIN && is_stack)
		put_branch_chain(script, sample);
	if (type & PTM_SAMPLE_CALLCHAIN)
		put_chain(script, &sample->callchain);
	if (type & PTM_SAMPLE_BRANCH_STACK)
		put_branches(script, sample, is_stack);
	if (type & PTM_SAMPLE_REGS_USER)
		put_registers(script, "user", &sample->user);
	if (type & PTM_SAMPLE_REGS_INTR)
		put_registers(script, "intr", &sample->interrupted);
	if (type & PTM_SAMPLE_STACK_USER)
		ptm_script_put(script, "... ustack: size %" PRIu64 ", offset 0x%x\n", sample->stack_used, sample->stack_at);
	if (type & (PTM_SAMPLE_WEIGHT | PTM_SAMPLE_WEIGHT_STRUCT))
		ptm_script_put(script, "... weight: %" PRIu64, sample->weight);
	if (type & PTM_SAMPLE_WEIGHT_STRUCT)
		ptm_script_put(script, ",0x%x,0x%x", sample->weight2, script->options.version >= 612 ? sample->weight3 : 0);
	if (type & (PTM_SAMPLE_WEIGHT | PTM_SAMPLE_WEIGHT_STRUCT))
		ptm_script_put(script, "\n");
	if (type & PTM_SAMPLE_DATA_SRC)
		ptm_script_put(script, " . data_src: 0x%" PRIx64 "\n", sample->data_source);
	if (type & PTM_SAMPLE_PHYS_ADDR)
		ptm_script_put(script, " .. phys_addr: 0x%" PRIx64 "\n", sample->physical_address);
	if (type & PTM_SAMPLE_DATA_PAGE_SIZE)
		ptm_script_put(script, " .. data page size: %s\n", ptm_script_size_text(sample->data_page_size, text));
	if (type & PTM_SAMPLE_CODE_PAGE_SIZE)
		ptm_script_put(script, " .. code page size: %s\n", ptm_script_size_text(sample->code_page_size, text));
	if (type & PTM_SAMPLE_TRANSACTION)
		ptm_script_put(script, "... transaction: %" PRIx64 "\n", sample->transaction);
	if (type & PTM_SAMPLE_READ)
		ptm_dump_put_read(script, sample, attr);
}
