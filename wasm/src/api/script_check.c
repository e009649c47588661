/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields perf script 6.1 refuses to print of a file's samples, in its
 * words: those asked for by name that the first event of a type does not record. */
#include "api/script.h"
#include "file/perf_data.h"

typedef struct need { uint64_t field; uint64_t recorded; const char *what, *name; bool even_in_traces; } need;

/* In the order in which perf looks. Those that are even_in_traces may not be asked for where there is AUX data either. */
static const need needs[] = {
	{ PTM_SCRIPT_IP, PTM_SAMPLE_IP, "IP", "ip", true },
	{ PTM_SCRIPT_ADDR, PTM_SAMPLE_ADDR, "ADDR", "addr", false },
	{ PTM_SCRIPT_DATA_SRC, PTM_SAMPLE_DATA_SRC, "DATA_SRC", "data_src", false },
	{ PTM_SCRIPT_WEIGHT, PTM_SAMPLE_WEIGHT | PTM_SAMPLE_WEIGHT_STRUCT, "WEIGHT", "weight", false },
	{ PTM_SCRIPT_TID, PTM_SAMPLE_TID, "TID", "tid", true },
	{ PTM_SCRIPT_PID, PTM_SAMPLE_TID, "TID", "pid", true },
	{ PTM_SCRIPT_TIME, PTM_SAMPLE_TIME, "TIME", "time", true },
	{ PTM_SCRIPT_CPU, PTM_SAMPLE_CPU, "CPU", "cpu", false },
	{ PTM_SCRIPT_IREGS, PTM_SAMPLE_REGS_INTR, "IREGS", "iregs", false },
	{ PTM_SCRIPT_UREGS, PTM_SAMPLE_REGS_USER, "UREGS", "uregs", true },
	{ PTM_SCRIPT_PHYS_ADDR, PTM_SAMPLE_PHYS_ADDR, "PHYS_ADDR", "phys_addr", false },
	{ PTM_SCRIPT_DATA_PAGE_SIZE, PTM_SAMPLE_DATA_PAGE_SIZE, "DATA_PAGE_SIZE", "data_page_size", true },
	{ PTM_SCRIPT_CODE_PAGE_SIZE, PTM_SAMPLE_CODE_PAGE_SIZE, "CODE_PAGE_SIZE", "code_page_size", true },
	{ PTM_SCRIPT_INS_LAT, PTM_SAMPLE_WEIGHT_STRUCT, "WEIGHT_STRUCT", "ins_lat", true },
	{ PTM_SCRIPT_RETIRE_LAT, PTM_SAMPLE_WEIGHT_STRUCT, "WEIGHT_STRUCT", "retire_lat", true },
	{ PTM_SCRIPT_CGROUP, PTM_SAMPLE_CGROUP, "CGROUP", "cgroup", true },
};

const ptm_attr *ptm_script_first_of_type(const ptm_trace_file *file, const ptm_attr *attr)
{
	for (uint32_t i = 0; i < file->attrs.length; i++)
		if (file->attrs.at[i].type == attr->type)
			return &file->attrs.at[i];
	return attr;
}

bool ptm_attr_is_dummy(const ptm_attr *attr)
{
	enum { SOFTWARE = 1, DUMMY = 9 };
	return attr->type == SOFTWARE && attr->config == DUMMY;
}

static bool records_all_branches(const ptm_trace_file *file)
{
	for (uint32_t i = 0; i < file->attrs.length; i++)
		if (file->attrs.at[i].branch_sample_type & PTM_BRANCH_ANY)
			return true;
	return false;
}

static ptm_status check_event(ptm_session *session, const ptm_attr *attr, uint64_t fields, bool lenient)
{
	if (ptm_script_first_of_type(&session->file, attr) != attr || ptm_attr_is_dummy(attr))
		return PTM_OK;
	for (uint32_t i = 0; i < sizeof needs / sizeof *needs; i++) {
		const need *one = &needs[i];
		if (!(fields & one->field) || attr->sample_type & one->recorded || (lenient && !one->even_in_traces))
			continue;
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "Samples for '%s' event do not have %s attribute set. Cannot print '%s' field.",
			ptm_strings_get(&session->strings, attr->script_name), one->what, one->name);
	}
	return PTM_OK;
}

void ptm_script_add_dso(const ptm_session *session, uint64_t *fields)
{
	for (uint32_t row = 0; row < session->file.attrs.length; row++) {
		uint32_t type = ptm_script_type(session->file.attrs.at[row].type);
		if (fields[type] & PTM_SCRIPT_DSOFF)
			fields[type] |= PTM_SCRIPT_DSO;
	}
}

ptm_status ptm_script_check(ptm_session *session, uint64_t fields, uint64_t asked)
{
	const ptm_trace_file *file = &session->file;
	bool is_trace = session->flow_source != PTM_SOURCE_LBR;
	/* Of a trace perf does not mind, if the file says that it is one; what it reads of a pipe it has not seen yet. */
	bool lenient = is_trace && (file->has_auxtrace || ptm_trace_file_piped(file));

	if (asked & PTM_SCRIPT_TOD && !file->clock_data.seen && !ptm_trace_file_piped(file))
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "Can't provide 'tod' time, missing clock data. Please record with -k/--clockid option.");
	if (asked & (PTM_SCRIPT_BRSTACKINSN | PTM_SCRIPT_BRSTACKINSNLEN) && !lenient && !records_all_branches(file))
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "Display of branch stack assembler requested, but non all-branch filter set. Hint: run 'perf record -b ...'");
	for (uint32_t type = 0; type < PTM_EVENTS_TYPES; type++)
		for (uint32_t row = 0; row < file->attrs.length; row++)
			if (ptm_script_type(file->attrs.at[row].type) == type)
				PTM_TRY(check_event(session, &file->attrs.at[row], fields & asked, lenient));
	return PTM_OK;
}
