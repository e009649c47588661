/* SPDX-License-Identifier: Apache-2.0 */
/* Table `info`: facts about the trace, for people and for the command line. */
#include "api/session.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static ptm_status put(ptm_table *table, const char *key, const char *label, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static ptm_status put(ptm_table *table, const char *key, const char *label, const char *format, ...)
{
	char text[2048];
	va_list arguments;
	uint32_t row;

	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (length <= 0)
		return PTM_OK;
	if ((size_t)length >= sizeof text)
		length = sizeof text - 1;
	PTM_TRY(ptm_table_add_row(table, &row));
	PTM_TRY(ptm_table_set_text(table, PTM_info_key, row, key, strlen(key)));
	PTM_TRY(ptm_table_set_text(table, PTM_info_label, row, label, strlen(label)));
	return ptm_table_set_text(table, PTM_info_value, row, text, (size_t)length);
}

static ptm_status put_machine(const ptm_session *session, ptm_table *table)
{
	const ptm_trace_file *file = &session->file;
	const struct { const char *key, *label; uint32_t string; } facts[] = {
		{ "command_line", "Recorded with", file->command_line }, { "hostname", "Host", file->hostname },
		{ "os_release", "Kernel", file->os_release }, { "arch", "Architecture", file->arch },
		{ "cpu", "CPU", file->cpu_description }, { "perf_version", "perf version", file->version },
	};
	for (uint32_t i = 0; i < sizeof facts / sizeof *facts; i++)
		PTM_TRY(put(table, facts[i].key, facts[i].label, "%s", ptm_strings_get(&session->strings, facts[i].string)));
	return PTM_OK;
}

/* Events as perf names them, and the modifiers it gives to those it makes up. */
static void event_names(const ptm_session *session, char *modifiers, size_t size, uint32_t *width)
{
	const ptm_attr *pt = session->pt.attr < session->file.attrs.length ? &session->file.attrs.at[session->pt.attr] : NULL;
	bool privileged = pt && (pt->exclude_kernel || pt->exclude_user || pt->exclude_hv);
	bool guest_default = privileged;
	size_t at = 0;

	*width = 0;
	for (uint32_t i = 0; i < session->file.attrs.length; i++) {
		uint32_t length = (uint32_t)strlen(ptm_strings_get(&session->strings, session->file.attrs.at[i].name));
		if (length > *width)
			*width = length;
	}
	modifiers[at++] = ':';
	if (privileged) {
		if (!pt->exclude_kernel)
			modifiers[at++] = 'k';
		if (!pt->exclude_user)
			modifiers[at++] = 'u';
		if (!pt->exclude_hv)
			modifiers[at++] = 'h';
	}
	if (pt && (pt->exclude_host || pt->exclude_guest == guest_default)) {
		if (!pt->exclude_host)
			modifiers[at++] = 'H';
		if (!pt->exclude_guest)
			modifiers[at++] = 'G';
	}
	if (at == 1 && size)
		at = 0;
	modifiers[at] = 0;
}

static ptm_status put_events(const ptm_session *session, ptm_table *table)
{
	char names[1500] = "", modifiers[16];
	size_t at = 0;
	uint32_t width;

	for (uint32_t i = 0; i < session->file.attrs.length; i++) {
		const char *name = ptm_strings_get(&session->strings, session->file.attrs.at[i].name);
		int length = snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", name);
		if (length < 0 || (size_t)length >= sizeof names - at)
			break;
		at += (size_t)length;
	}
	event_names(session, modifiers, sizeof modifiers, &width);
	PTM_TRY(put(table, "events", "Events", "%s", names));
	PTM_TRY(put(table, "branches_name", "perf's name for branches", "branches%s", modifiers));
	PTM_TRY(put(table, "instructions_name", "perf's name for instructions", "instructions%s", modifiers));
	return put(table, "event_width", "Longest event name", "%u", width);
}

static ptm_status put_pt(const ptm_session *session, ptm_table *table)
{
	const ptm_pt_info *pt = &session->pt;
	PTM_TRY(put(table, "source", "Source", "Intel PT"));
	PTM_TRY(put(table, "pt_config", "PT configuration", "%s%s%s%s%s%s", pt->branch_enabled ? "branches" : "no branches",
		pt->return_compression ? ", return compression" : "", pt->tsc_enabled ? ", TSC" : ", no TSC",
		pt->mtc_enabled ? ", MTC" : "", pt->cyc_enabled ? ", CYC" : "", pt->ptw_enabled ? ", PTWRITE" : ""));
	return put(table, "cycles", "Cycles", "%s",
		pt->cyc_enabled ? "yes"
				: "This trace has no CYC packets, so cycles and IPC are unknown. Record with `perf record -e intel_pt/cyc/u` to get them.");
}

static ptm_status put_bts(const ptm_session *session, ptm_table *table)
{
	PTM_TRY(put(table, "source", "Source", "Intel BTS"));
	PTM_TRY(put(table, "cycles", "Cycles", "BTS records carry no cycles, so cycles and IPC are unknown."));
	if (session->bts.snapshot || session->pt.snapshot)
		PTM_TRY(put(table, "snapshot", "Snapshot", "Recorded in snapshot mode: what several snapshots hold is shown once."));
	return put(table, "warning", "Warning",
		"BTS records carry no time: all that is known is between which times each buffer was filled. "
		"Calls stand at the start of their buffer; durations within one are unknown. Order, counts and instructions are exact.");
}

/* Why no code can be followed through a file's samples. */
static const char *why_no_path(const ptm_session *session)
{
	uint64_t kinds = 0;
	bool stacks = false;

	for (uint32_t i = 0; i < session->file.attrs.length; i++) {
		const ptm_attr *attr = &session->file.attrs.at[i];
		if (!(attr->sample_type & PTM_SAMPLE_BRANCH_STACK))
			continue;
		kinds |= attr->branch_sample_type;
		stacks = true;
	}
	if (kinds & PTM_BRANCH_CALL_STACK)
		return "The branch stacks were recorded in call-stack mode (perf record --call-graph lbr): they hold the calls that were open, not the branches that ran, "
		       "so there are no blocks and instructions to follow. The flame graph has their call chains, the timeline their samples. Record with `perf record -b` to see what ran.";
	if (stacks)
		return "The branch stacks hold branches of some kinds only (perf record -j): what ran between two of them is not known, so there are no blocks and instructions to follow. "
		       "Record with `perf record -b` to see what ran.";
	return "This file holds samples: what ran between two of them was not recorded, so there are no blocks and instructions to follow. The flame graph has their call chains, "
	       "the timeline the samples. Record with `perf record -b` (branch stacks) or `perf record -e intel_pt//u` (a full trace) to see what ran.";
}

/* What a file of samples has: branch stacks that can be followed, or not. */
static ptm_status put_samples(const ptm_session *session, ptm_table *table)
{
	bool timed = session->pt.cyc_enabled;

	if (!session->has_branch_flow) {
		PTM_TRY(put(table, "source", "Source", "Samples"));
		PTM_TRY(put(table, "no_path", "What ran", "%s", why_no_path(session)));
		return put(table, "cycles", "Cycles", "Samples alone tell no cycles: record branch stacks with `perf record -b` to get them.");
	}
	PTM_TRY(put(table, "source", "Source", "LBR branch stacks"));
	PTM_TRY(put(table, "cycles", "Cycles", "%s", timed ? "yes" : "These branch stacks carry no cycles (the CPU or the options of perf record left them out), so cycles and IPC are unknown."));
	PTM_TRY(put(table, "warning", "Warning",
		"A branch stack holds the last branches before its sample, so counts are of what was sampled, not of all that ran; where stacks overlap, branches count in each."));
	if (!timed)
		return put(table, "warning", "Warning", "All of a branch stack stands at its sample's time, because it carries no cycles: durations are unknown.");
	if (session->cycle_ns_assumed)
		return put(table, "warning", "Warning", "Times inside a branch stack are not measured: its cycles are drawn at 1 ns each, because the file does not tell the clock rate.");
	return put(table, "warning", "Warning", "Times inside a branch stack are inferred from its cycles at %.2f GHz, the rate in the CPU's name.", 1 / session->cycle_ns);
}

static ptm_status put_source(const ptm_session *session, ptm_table *table)
{
	switch (session->flow_source) {
	case PTM_SOURCE_BTS: return put_bts(session, table);
	case PTM_SOURCE_LBR: return put_samples(session, table);
	default: return put_pt(session, table);
	}
}

/* What virtual machines recorded of themselves, as far as it was joined. */
static ptm_status put_guests(const ptm_session *session, ptm_table *table)
{
	for (uint32_t i = 0; i < session->guest_data.length; i++) {
		const ptm_guest_data *data = &session->guest_data.at[i];
		uint32_t records = 0;
		for (uint32_t row = 0; row < session->file.records.length; row++)
			records += session->file.records.at[row].machine == data->machine;
		PTM_TRY(put(table, "guest_recording", "Guest's recording", "%s: %u records of process %d's virtual machine (TSC offset %lld, scale %g)",
			data->name, records, data->machine, (long long)(int64_t)data->time_offset, data->time_scale));
	}
	return PTM_OK;
}

static ptm_status put_totals(ptm_session *session, ptm_table *table)
{
	uint64_t bytes = 0, instructions = 0, lost = 0;
	uint32_t gap_count;
	const ptm_gap *gaps = ptm_profile_gaps(session->profile, &gap_count);

	PTM_TRY(ptm_ordinals_refresh(session));
	for (uint32_t i = 0; i < session->file.queues.length; i++)
		bytes += session->file.queues.at[i].size;
	for (uint32_t i = 0; i < session->ordinals.runs.length; i++)
		instructions += session->ordinals.runs.at[i].instructions;
	for (uint32_t i = 0; i < gap_count; i++)
		if (ptm_gap_is_loss(gaps[i].reason))
			lost += gaps[i].bytes;
	PTM_TRY(put(table, "aux_bytes", "Trace data", "%" PRIu64 " bytes", bytes));
	PTM_TRY(put(table, "queues", session->flow_source == PTM_SOURCE_LBR ? "Streams of samples" : "AUX streams", "%u", session->file.queues.length));
	PTM_TRY(put(table, "segments", "Segments", "%u", session->segments.length));
	PTM_TRY(put(table, "sideband_records", "Sideband records", "%u", session->file.records.length));
	PTM_TRY(put_guests(session, table));
	PTM_TRY(put(table, "samples", session->flow_source == PTM_SOURCE_LBR ? "Samples" : "Ordinary samples", "%u", session->file.samples.length));
	PTM_TRY(put(table, "instructions", "Instructions decoded", "%" PRIu64, instructions));
	return put(table, "gaps_lost_bytes", "Trace not decoded", "%" PRIu64 " bytes", lost);
}

/* When the last segment of queue `queue` ends that is not decoded yet, at the rate
 * of the one before it; 0: all is decoded, or without a time. */
static uint64_t expected_end(const ptm_session *session, uint32_t queue)
{
	uint32_t first = session->first_segment.at[queue], end = session->first_segment.at[queue + 1];
	if (first == end || session->segments.at[end - 1].merged || !session->segments.at[end - 1].start_ns)
		return 0;
	const ptm_segment *last = &session->segments.at[end - 1], *before = last - 1;
	if (end - first < 2 || before->start_ns >= last->start_ns || before->limit <= before->offset)
		return last->start_ns;
	double rate = (double)(last->start_ns - before->start_ns) / (double)(before->limit - before->offset);
	return last->start_ns + (uint64_t)(rate * (double)(last->limit - last->offset));
}

static uint64_t last_time(ptm_session *session)
{
	uint64_t end = session->start_ns;
	for (uint32_t queue = 0; queue < session->file.queues.length; queue++)
		if (expected_end(session, queue) > end)
			end = expected_end(session, queue);
	for (uint32_t i = 0; i < session->ordinals.runs.length; i++)
		if (session->ordinals.runs.at[i].end_ns > end)
			end = session->ordinals.runs.at[i].end_ns;
	for (uint32_t i = 0; i < session->bts_spans.length; i++)
		if (session->bts_spans.at[i].end_ns > end)
			end = session->bts_spans.at[i].end_ns;
	if (session->file.samples.length && session->file.samples.at[session->file.samples.length - 1].time > end &&
	    session->file.samples.at[session->file.samples.length - 1].time != PTM_NO_TIME)
		end = session->file.samples.at[session->file.samples.length - 1].time;
	if (end == session->start_ns && session->file.last_time != PTM_NO_TIME && session->file.last_time > end)
		end = session->file.last_time;
	return end;
}

ptm_status ptm_query_info(ptm_session *session, ptm_table *table)
{
	PTM_TRY(ptm_ordinals_refresh(session));
	uint64_t end = last_time(session);
	PTM_TRY(put(table, "start_time_ns", "Start (perf clock)", "%" PRIu64, session->start_ns));
	PTM_TRY(put(table, "end_time_ns", "End (perf clock)", "%" PRIu64, end));
	PTM_TRY(put(table, "duration_ns", "Duration", "%" PRIu64, end - session->start_ns));
	if (session->file.sample_time.first && session->file.sample_time.last) {
		PTM_TRY(put(table, "first_sample_ns", "First sample, by the header", "%" PRIu64, session->file.sample_time.first));
		PTM_TRY(put(table, "last_sample_ns", "Last sample, by the header", "%" PRIu64, session->file.sample_time.last));
	}
	char date[64];
	if (ptm_wall_clock(session, session->start_ns, 0, false, date))
		PTM_TRY(put(table, "recorded_at", "Recorded", "%s UTC", date));
	PTM_TRY(put_machine(session, table));
	PTM_TRY(put_events(session, table));
	PTM_TRY(put_source(session, table));
	PTM_TRY(put_totals(session, table));
	for (uint32_t i = 0; i < session->file.warnings.length; i++)
		PTM_TRY(put(table, "warning", "Warning", "%s", ptm_strings_get(&session->strings, session->file.warnings.at[i])));
	if (session->pt.timeless && session->flow_source == PTM_SOURCE_PT)
		PTM_TRY(put(table, "warning", "Warning", "This trace carries no time (no TSC packets or no record times): times and durations are unknown, order within a stream is exact."));
	return PTM_OK;
}
