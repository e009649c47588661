/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that perf has for sideband records, behind "PERF_RECORD_". */
#include "api/script.h"
#include "base/bytes.h"
#include <inttypes.h>

enum { MISC_EXEC = 1 << 13, MISC_DATA = 1 << 13, MISC_OUT = 1 << 13, MISC_PREEMPT = 1 << 14 };

static void put_map(ptm_script *script, const ptm_record *record)
{
	const char *name = ptm_strings_get(&script->session->strings, record->as.map.name);
	uint32_t rights = record->as.map.protection;

	ptm_script_put(script, "PERF_RECORD_%s %d/%d: [%#" PRIx64 "(%#" PRIx64 ") @ ", record->type == PTM_RECORD_MMAP ? "MMAP" : "MMAP2", record->pid, record->tid,
		record->as.map.address, record->as.map.length);
	if (record->type == PTM_RECORD_MMAP) {
		ptm_script_put(script, "%#" PRIx64 "]: %c %s\n", record->as.map.file_offset, record->misc & MISC_DATA ? 'r' : 'x', name);
		return;
	}
	ptm_script_put(script, "%#" PRIx64 " ", record->as.map.file_offset);
	if (record->as.map.build_id_length) {
		ptm_script_put(script, "<");
		for (uint32_t i = 0; i < record->as.map.build_id_length; i++)
			ptm_script_put(script, "%02x", record->as.map.build_id[i]);
		ptm_script_put(script, ">");
	} else {
		ptm_script_put(script, "%02x:%02x %" PRIu64 " %" PRIu64, record->as.map.major, record->as.map.minor, record->as.map.inode, record->as.map.generation);
	}
	ptm_script_put(script, "]: %c%c%c%c %s\n", rights & 1 ? 'r' : '-', rights & 2 ? 'w' : '-', rights & 4 ? 'x' : '-',
		record->as.map.shared ? 's' : 'p', name);
}

static void put_switch(ptm_script *script, const ptm_record *record)
{
	bool out = record->misc & MISC_OUT, preempt = record->misc & MISC_PREEMPT;
	const char *way = out ? preempt ? "OUT preempt" : "OUT        " : "IN         ";

	if (record->type == PTM_RECORD_SWITCH)
		ptm_script_put(script, "PERF_RECORD_SWITCH %s\n", way);
	else
		ptm_script_put(script, "PERF_RECORD_SWITCH_CPU_WIDE %s  %s pid/tid: %5d/%-5d\n", way, out ? "next" : "prev", record->as.swap.other_pid, record->as.swap.other_tid);
}

/* ------------------------------------------ what is read again to be shown */

static void put_namespaces(ptm_script *script, const ptm_record *record, ptm_bytes *body)
{
	static const char *const names[] = { "net", "uts", "ipc", "pid", "user", "mnt", "cgroup" };
	enum { KNOWN = sizeof names / sizeof *names, A_LINE = 4 };

	ptm_bytes_skip(body, 8); /* pid, tid */
	uint64_t count = ptm_bytes_u64(body);
	ptm_script_put(script, "PERF_RECORD_NAMESPACES %d/%d - nr_namespaces: %u\n\t\t[", record->pid, record->tid, (uint32_t)count);
	for (uint64_t i = 0; i < count && !body->failed; i++) {
		uint64_t device = ptm_bytes_u64(body), inode = ptm_bytes_u64(body);
		ptm_script_put(script, "%s%u/%s: %" PRIu64 "/%#" PRIx64 "%s", i && i % A_LINE == 0 ? "\n\t\t " : "", (uint32_t)i, i < KNOWN ? names[i] : "UNKNOWN",
			device, inode, i + 1 < count ? ", " : "]\n");
	}
}

static void put_kernel_symbol(ptm_script *script, const ptm_record *record, ptm_bytes *body)
{
	ptm_bytes_skip(body, 12); /* address, length */
	uint32_t type = ptm_bytes_u16(body), flags = ptm_bytes_u16(body);
	ptm_script_put(script, "PERF_RECORD_KSYMBOL addr %" PRIx64 " len %" PRIu64 " type %u flags 0x%x name %s\n", record->as.map.address,
		record->as.map.length, type, flags, ptm_strings_get(&script->session->strings, record->as.map.name));
}

static void put_cgroup(ptm_script *script, ptm_bytes *body)
{
	uint64_t id = ptm_bytes_u64(body);
	uint32_t left = (uint32_t)ptm_bytes_left(body);
	const char *path = (const char *)ptm_bytes_take(body, left);

	ptm_script_put(script, "PERF_RECORD_CGROUP cgroup: %" PRIu64 " ", id);
	if (path)
		ptm_script_put_text(script, path, strnlen(path, left));
	ptm_script_put(script, "\n");
}

/* What a record holds behind its header; without bytes where that cannot be read. */
static ptm_bytes body_of(ptm_script *script, const ptm_record *record)
{
	ptm_trace_file *file = &script->session->file;
	const uint8_t *at;

	if (ptm_trace_file_view(file, record->file_offset, 8, &at) != PTM_OK)
		return ptm_bytes_of(NULL, 0);
	uint32_t size = at[6] | (uint32_t)at[7] << 8;
	if (size < 8 || ptm_trace_file_view(file, record->file_offset, size, &at) != PTM_OK)
		return ptm_bytes_of(NULL, 0);
	return ptm_bytes_of(at + 8, size - 8);
}

static uint32_t find_cgroup(ptm_script *script, uint64_t id)
{
	const ptm_trace_file *file = &script->session->file;

	for (uint32_t i = 0; i < file->records.length; i++) {
		if (file->records.at[i].type != PTM_RECORD_CGROUP)
			continue;
		ptm_bytes body = body_of(script, &file->records.at[i]);
		if (ptm_bytes_u64(&body) == id && !body.failed)
			return i + 1;
	}
	return 0;
}

void ptm_script_put_cgroup(ptm_script *script, uint64_t id)
{
	if (!script->cgroup_known || script->cgroup != id)
		script->cgroup_row = find_cgroup(script, id);
	script->cgroup_known = true;
	script->cgroup = id;
	ptm_bytes body = script->cgroup_row ? body_of(script, &script->session->file.records.at[script->cgroup_row - 1]) : ptm_bytes_of(NULL, 0);
	ptm_bytes_skip(&body, 8); /* id */
	uint32_t left = (uint32_t)ptm_bytes_left(&body);
	const char *path = (const char *)ptm_bytes_take(&body, left);
	ptm_script_put(script, " %.*s", path ? (int)strnlen(path, left) : 7, path ? path : "unknown");
}

/* Of a record of which little is kept. */
static void put_raw(ptm_script *script, const ptm_record *record)
{
	ptm_bytes body = body_of(script, record);
	if (!ptm_bytes_left(&body))
		return;
	if (record->type == PTM_RECORD_NAMESPACES) {
		put_namespaces(script, record, &body);
	} else if (record->type == PTM_RECORD_CGROUP) {
		put_cgroup(script, &body);
	} else if (record->type == PTM_RECORD_KSYMBOL) {
		put_kernel_symbol(script, record, &body);
	} else {
		uint32_t type = ptm_bytes_u16(&body), flags = ptm_bytes_u16(&body), id = ptm_bytes_u32(&body);
		ptm_script_put(script, "PERF_RECORD_BPF_EVENT type %u, flags %u, id %u\n", type, flags, id);
	}
}

static void put_code(ptm_script *script, const char *what, const uint8_t *bytes, uint32_t length)
{
	ptm_script_put(script, "            %s bytes:", what);
	for (uint32_t i = 0; i < length; i++)
		ptm_script_put(script, " %02x", bytes[i]);
	ptm_script_put(script, "\n");
}

static void put_poke(ptm_script *script, const ptm_record *record)
{
	ptm_session *session = script->session;
	uint32_t old_length = record->as.poke.old_length, new_length = record->as.poke.new_length;
	uint64_t fields = script->fields;
	bool in_kernel = script->in_kernel;

	if (session->file.poked.length < (uint64_t)record->as.poke.bytes + old_length + new_length)
		return;
	script->kernel_space = ptm_spaces_at(session->spaces, -1, record->time);
	script->in_kernel = true;
	script->fields |= PTM_SCRIPT_SYMOFF;
	ptm_script_put(script, "PERF_RECORD_TEXT_POKE %" PRIx64 " ", record->as.poke.address);
	ptm_script_put_name(script, record->as.poke.address, "");
	ptm_script_put(script, " old len %u new len %u\n", old_length, new_length);
	put_code(script, "Old", session->file.poked.at + record->as.poke.bytes, old_length);
	put_code(script, "New", session->file.poked.at + record->as.poke.bytes + old_length, new_length);
	script->fields = fields;
	script->in_kernel = in_kernel;
}

void ptm_script_put_record_text(ptm_script *script, const ptm_record *record)
{
	switch (record->type) {
	case PTM_RECORD_MMAP: case PTM_RECORD_MMAP2: put_map(script, record); break;
	case PTM_RECORD_COMM:
		ptm_script_put(script, "PERF_RECORD_COMM%s: %s:%d/%d\n", record->misc & MISC_EXEC ? " exec" : "",
			ptm_strings_get(&script->session->strings, record->as.comm.name), record->pid, record->tid);
		break;
	case PTM_RECORD_FORK: case PTM_RECORD_EXIT:
		ptm_script_put(script, "PERF_RECORD_%s(%d:%d):(%d:%d)\n", record->type == PTM_RECORD_FORK ? "FORK" : "EXIT", record->pid, record->tid, record->as.task.ppid, record->as.task.ptid);
		break;
	case PTM_RECORD_SWITCH: case PTM_RECORD_SWITCH_CPU_WIDE: put_switch(script, record); break;
	case PTM_RECORD_NAMESPACES: case PTM_RECORD_KSYMBOL: case PTM_RECORD_BPF_EVENT: case PTM_RECORD_CGROUP: put_raw(script, record); break;
	case PTM_RECORD_TEXT_POKE: put_poke(script, record); break;
	case PTM_RECORD_LOST: ptm_script_put(script, "PERF_RECORD_LOST lost %" PRIu64 "\n", record->as.lost.lost); break;
	default: break;
	}
}
