/* SPDX-License-Identifier: Apache-2.0 */
/* What script_line.c works with: the events that perf makes up with the options
 * and their names, who a sample is of. */
#include "api/script.h"
#include "file/perf_data.h"
#include <stdio.h>
#include <string.h>

/* ----------------------------------------------------------------- state */

/* The modifiers that perf gives to the events it makes up: those of the trace's own event. */
static void modifiers_of(const ptm_session *session, char into[16])
{
	const ptm_attr *attr = session->pt.attr < session->file.attrs.length ? &session->file.attrs.at[session->pt.attr] : NULL;
	bool privileged = attr && (attr->exclude_kernel || attr->exclude_user || attr->exclude_hv);
	char *at = into;

	*at++ = ':';
	if (privileged) {
		if (!attr->exclude_kernel)
			*at++ = 'k';
		if (!attr->exclude_user)
			*at++ = 'u';
		if (!attr->exclude_hv)
			*at++ = 'h';
	}
	if (attr && (attr->exclude_host || attr->exclude_guest == privileged)) {
		if (!attr->exclude_host)
			*at++ = 'H';
		if (!attr->exclude_guest)
			*at++ = 'G';
	}
	*(at == into + 1 ? into : at) = 0;
}

/* Which of the events perf makes up exist with these options. */
static bool exists(const ptm_script *script, uint32_t event)
{
	const ptm_pt_info *pt = &script->session->pt;
	uint32_t want = script->options.want;
	bool power = want & PTM_WANT_POWER, events = want & PTM_WANT_EVENTS;

	if (script->session->flow_source != PTM_SOURCE_PT)
		return script->session->flow_source == PTM_SOURCE_BTS && event == PTM_SCRIPT_BRANCHES && want & PTM_WANT_BRANCHES;
	switch (event) {
	case PTM_SCRIPT_BRANCHES: return want & PTM_WANT_BRANCHES;
	case PTM_SCRIPT_INSTRUCTIONS: return want & PTM_WANT_INSTRUCTIONS;
	case PTM_SCRIPT_TRANSACTIONS: return want & PTM_WANT_TRANSACTIONS;
	case PTM_SCRIPT_CYCLES: return want & PTM_WANT_CYCLES;
	case PTM_SCRIPT_PTWRITE: return want & PTM_WANT_PTWRITES;
	case PTM_SCRIPT_CBR: case PTM_SCRIPT_PSB: return power;
	case PTM_SCRIPT_EVT: return events && pt->config >> 31 & 1;
	case PTM_SCRIPT_IFLAG: return events && pt->event_trace;
	default: return power && pt->config >> 4 & 1;
	}
}

/* What perf makes up of branches and instructions counts as hardware events, and these are printed without a CPU where
 * the first of the file's own has none; where it has one, with a CPU of -1 that a trace by thread does not tell. The
 * same goes for a time of 0 where BTS tells none. */
static void settle_fields(ptm_script *script)
{
	const ptm_trace_file *file = &script->session->file;
	uint64_t *fields = &script->options.fields[PTM_EVENTS_HARDWARE];

	for (uint32_t i = 0; i < file->attrs.length && *fields; i++) {
		if (ptm_script_type(file->attrs.at[i].type) != PTM_EVENTS_HARDWARE)
			continue;
		if (file->attrs.at[i].sample_type & PTM_SAMPLE_CPU)
			*fields |= PTM_SCRIPT_CPU_ASKED;
		else if (!(script->options.asked & PTM_SCRIPT_CPU))
			*fields &= ~(uint64_t)PTM_SCRIPT_CPU;
		if (file->attrs.at[i].sample_type & PTM_SAMPLE_TIME)
			*fields |= PTM_SCRIPT_TIME_ALWAYS;
		return;
	}
}

static bool has_event_of(const ptm_trace_file *file, uint32_t type)
{
	for (uint32_t i = 0; i < file->attrs.length; i++)
		if (ptm_script_type(file->attrs.at[i].type) == type)
			return true;
	return false;
}

/* Where call chains are shown and some of the file's samples have what makes one, perf gives an address and a name to the
 * events it makes up even if they were not asked for, unless the file has events of their type. */
static void give_places(ptm_script *script)
{
	const ptm_trace_file *file = &script->session->file;
	ptm_script_options *options = &script->options;
	bool has_chains = false, has_branches = false;

	for (uint32_t i = 0; i < file->attrs.length; i++) {
		has_chains |= file->attrs.at[i].sample_type & PTM_SAMPLE_CALLCHAIN;
		has_branches |= file->attrs.at[i].sample_type & PTM_SAMPLE_BRANCH_STACK;
	}
	bool shown = ptm_script_makes_chains(script) || (has_chains && !(options->fields[PTM_EVENTS_HARDWARE] & PTM_SCRIPT_NO_CHAINS));
	if (script->session->flow_source == PTM_SOURCE_LBR || !shown || !(has_chains || has_branches))
		return;
	for (uint32_t type = 0; type < PTM_EVENTS_TYPES; type++) {
		uint64_t *fields = &options->fields[type];
		if ((type != PTM_EVENTS_HARDWARE && type != PTM_EVENTS_SYNTHETIC) || has_event_of(file, type))
			continue;
		*fields |= (*fields & PTM_SCRIPT_IP_UNSET ? 0 : PTM_SCRIPT_IP) | (*fields & PTM_SCRIPT_SYM_UNSET ? 0 : PTM_SCRIPT_SYM);
	}
}

bool ptm_script_makes_chains(const ptm_script *script)
{
	return script->session->flow_source == PTM_SOURCE_PT && (script->options.chain_size || script->options.added_chain_size);
}

/* Making call chains of a trace, perf shows all chains, whatever was asked for. */
static void show_chains(ptm_script *script)
{
	for (uint32_t type = 0; type < PTM_EVENTS_TYPES && ptm_script_makes_chains(script); type++)
		script->options.fields[type] &= ~(uint64_t)PTM_SCRIPT_NO_CHAINS;
}

/* Whether the file says that it is of another architecture than Intel PT's, or of none; perf believes a pipe. */
static bool is_foreign(const ptm_session *session)
{
	const ptm_trace_file *file = &session->file;
	const char *arch = file->arch ? ptm_strings_get(&session->strings, file->arch) : "";

	return file->attrs.length && !ptm_trace_file_piped(file) && strcmp(arch, "x86_64") != 0 && strcmp(arch, "i386") != 0;
}

ptm_status ptm_script_start(ptm_script *script)
{
	static const char *const names[PTM_SCRIPT_EVENTS] = { "branches", "instructions", "transactions", "cycles", "ptwrite", "cbr", "psb", "mwait",
		"pwre", "exstop", "pwrx", "evt", "iflag" };
	char modifiers[16];

	script->places = calloc(PTM_PLACES, sizeof *script->places);
	if (!script->places)
		return PTM_NO_MEMORY;
	script->is_foreign = is_foreign(script->session);
	ptm_script_look_at_events(script);
	settle_fields(script);
	give_places(script);
	show_chains(script);
	modifiers_of(script->session, modifiers);
	for (uint32_t event = 0; event < PTM_SCRIPT_EVENTS; event++) {
		/* Those that count what the CPU counts have the modifiers of counters. */
		snprintf(script->names[event], sizeof script->names[event], "%s%s", names[event],
			event == PTM_SCRIPT_BRANCHES || event == PTM_SCRIPT_INSTRUCTIONS || event == PTM_SCRIPT_CYCLES ? modifiers : "");
		uint32_t length = (uint32_t)strlen(script->names[event]);
		if (exists(script, event) && length > script->event_width)
			script->event_width = length;
	}
	return PTM_OK;
}

void ptm_script_free(ptm_script *script)
{
	ptm_array_free(&script->text);
	ptm_array_free(&script->record);
	ptm_array_free(&script->counted);
	ptm_array_free(&script->words);
	ptm_array_free(&script->pmus);
	ptm_array_free(&script->forgotten);
	ptm_array_free(&script->named);
	ptm_array_free(&script->inside);
	ptm_script_options_free(&script->options);
	ptm_stitch_free(script->stitch);
	script->stitch = NULL;
	free(script->places);
	ptm_array_free(&script->kept);
	script->places = NULL;
}

uint32_t ptm_script_name_of(const ptm_sideband *sideband, uint32_t thread, uint64_t ns)
{
	for (uint32_t low = 0, high = sideband->comms.length; low < high;) {
		uint32_t middle = low + (high - low) / 2;
		const ptm_comm_change *at = &sideband->comms.at[middle];
		if (at->thread == thread && at->time <= ns)
			return ptm_sideband_comm(sideband, thread, ns);
		if (at->thread < thread)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

void ptm_script_set_thread(ptm_script *script, uint32_t row, uint64_t ns)
{
	const ptm_session *session = script->session;
	const ptm_thread *thread = &session->sideband.threads.at[row];
	const char *comm = ptm_strings_get(&session->strings, ptm_script_name_of(&session->sideband, row, ns));

	script->thread = row;
	script->pid = thread->pid;
	script->tid = thread->tid;
	script->machine = script->vcpu = 0;
	if (*comm)
		snprintf(script->comm, sizeof script->comm, "%s", comm);
	else
		snprintf(script->comm, sizeof script->comm, ":%d", thread->tid);
}
