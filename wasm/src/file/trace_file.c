/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a trace: reads a perf.data's parts in their order and puts the result
 * in order. The formats themselves are in the neighbouring files. */
#include "file/guest_join.h"
#include "file/perf_data.h"
#include "file/sample.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define MOST_WARNINGS 64

ptm_status ptm_trace_file_warn(ptm_trace_file *file, const char *format, ...)
{
	char text[512];
	va_list arguments;
	uint32_t id;

	if (file->warnings.length >= MOST_WARNINGS)
		return PTM_OK;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	PTM_TRY(ptm_strings_add(file->strings, text, strlen(text), &id));
	return ptm_array_push(&file->warnings, id);
}

ptm_status ptm_trace_file_info_words(const ptm_trace_file *file, ptm_bytes *words, ptm_message *message)
{
	const uint8_t *at;
	ptm_status status = ptm_trace_file_view(file, file->auxtrace_info_offset, file->auxtrace_info_size, &at);

	if (status != PTM_OK)
		return ptm_message_set(message, status, "Reading the trace's AUXTRACE_INFO (%" PRIu32 " bytes at %" PRIu64 ") failed.",
			file->auxtrace_info_size, file->auxtrace_info_offset);
	*words = ptm_bytes_of(at, file->auxtrace_info_size);
	ptm_bytes_skip(words, 16); /* record header, type, reserved */
	return PTM_OK;
}

bool ptm_trace_file_lacks_times(const ptm_trace_file *file)
{
	for (uint32_t row = 0; row < file->attrs.length; row++)
		if (!(file->attrs.at[row].sample_type & PTM_SAMPLE_TIME))
			return true;
	return false;
}

static ptm_perf_section read_section(ptm_bytes *bytes)
{
	ptm_perf_section section;
	section.offset = ptm_bytes_u64(bytes);
	section.size = ptm_bytes_u64(bytes);
	return section;
}

/* Reads the file header, whose magic is known to be right. */
static ptm_status read_header(ptm_source *source, ptm_perf_header *header, ptm_message *message)
{
	const uint8_t *at;
	uint32_t length = PTM_PERF_HEADER;

	PTM_TRY(ptm_source_view_some(source, 0, &length, &at));
	ptm_bytes bytes = ptm_bytes_of(at, length);
	ptm_bytes_skip(&bytes, 8);
	uint64_t size = ptm_bytes_u64(&bytes);
	if (size == PTM_PERF_PIPE_HEADER) {
		header->piped = true;
		header->data = (ptm_perf_section){ size, source->size - size };
		return PTM_OK;
	}
	if (size != PTM_PERF_HEADER && size != PTM_PERF_OLD_HEADER)
		return ptm_message_set(message, PTM_BAD_DATA,
			"The perf.data header says it is %" PRIu64 " bytes long; perf writes %d. The file is damaged.", size, PTM_PERF_HEADER);
	header->attr_size = ptm_bytes_u64(&bytes);
	header->attrs = read_section(&bytes);
	header->data = read_section(&bytes);
	(void)read_section(&bytes);
	if (size == PTM_PERF_HEADER)
		for (int i = 0; i < 4; i++)
			header->features[i] = ptm_bytes_u64(&bytes);
	if (bytes.failed)
		return ptm_message_set(message, PTM_TRUNCATED,
			"The file ends after %" PRIu64 " bytes, inside the perf.data header (%" PRIu64 " bytes): copy it again.", source->size, size);
	return PTM_OK;
}

/* Fits the data section to the bytes that exist. */
static ptm_status fit_data(ptm_trace_file *file, ptm_perf_header *header, ptm_message *message)
{
	uint64_t size = file->source->size;

	if (header->data.offset > size)
		return ptm_message_set(message, PTM_TRUNCATED,
			"The file ends at byte %" PRIu64 ", before its data section (at %" PRIu64 "): copy it again.", size, header->data.offset);
	if (header->data.offset < PTM_PERF_OLD_HEADER)
		return ptm_message_set(message, PTM_BAD_DATA,
			"The perf.data header says the data starts at byte %" PRIu64 ", inside the header: the file is damaged.", header->data.offset);
	uint64_t left = size - header->data.offset;
	file->data_offset = header->data.offset;
	file->data_size = header->data.size;
	if (!header->data.size) {
		file->data_size = left;
		memset(header->features, 0, sizeof header->features);
		return ptm_trace_file_warn(file,
			"perf record did not finish this file (its header gives the data no size): everything up to the end of the file, %" PRIu64 " bytes, is read; hostname, command line and build-ids are not there.", left);
	}
	if (header->data.size > left) {
		file->data_size = left;
		memset(header->features, 0, sizeof header->features);
		return ptm_trace_file_warn(file,
			"The file ends %" PRIu64 " bytes early (%" PRIu64 " of %" PRIu64 " bytes of data are there), so its end, and with it hostname, command line and build-ids, is missing; what is there is shown.",
			header->data.size - left, left, header->data.size);
	}
	return PTM_OK;
}

static ptm_status read_all(ptm_trace_file *file, const ptm_trace_company *company, ptm_message *message)
{
	ptm_perf_header header = { 0 };

	PTM_TRY(ptm_foreign_file_refuse(file->source, message));
	PTM_TRY(read_header(file->source, &header, message));
	if (header.piped) {
		file->data_offset = header.data.offset;
		file->data_size = header.data.size;
	} else {
		PTM_TRY(fit_data(file, &header, message));
		PTM_TRY(ptm_attrs_read(file, &header, message));
		PTM_TRY(ptm_features_read(file, &header, message));
	}
	PTM_TRY(ptm_data_section_walk(file, message));
	for (uint32_t i = 0; i < company->guest_count; i++)
		PTM_TRY(ptm_guest_join(file, &company->guests[i], message));
	PTM_TRY(ptm_attr_name_fill(file));
	PTM_TRY(ptm_record_order_sort(file));
	ptm_sample_index_sort(file);
	PTM_TRY(ptm_aux_samples_join(file));
	return ptm_aux_segments_sort(file);
}

static ptm_status read_with(ptm_trace_file *file, const ptm_trace_company *company, ptm_message *message)
{
	for (uint32_t i = 0; i < company->other_count; i++) {
		const ptm_data_file *other = &company->others[i];
		ptm_status status = ptm_volume_add_data(file, other);
		if (status == PTM_BAD_DATA)
			return ptm_message_set(message, status, "The directory has more than %d data files, or one that is impossibly large (%s).", PTM_MOST_DATA_FILES, other->name);
		PTM_TRY(status);
	}
	return read_all(file, company, message);
}

ptm_status ptm_trace_file_open(ptm_trace_file *file, ptm_source *source, ptm_strings *strings, ptm_message *message)
{
	return ptm_trace_file_open_with(file, source, &(ptm_trace_company){ 0 }, strings, message);
}

ptm_status ptm_trace_file_open_with(ptm_trace_file *file, ptm_source *source, const ptm_trace_company *company, ptm_strings *strings, ptm_message *message)
{
	*file = (ptm_trace_file){ .source = source, .strings = strings, .first_time = PTM_NO_TIME, .last_time = PTM_NO_TIME };
	message->text[0] = 0;
	ptm_status status = read_with(file, company, message);
	if (status == PTM_OK || message->text[0])
		return status;
	if (status == PTM_NO_MEMORY)
		return ptm_message_set(message, status,
			"Out of memory while indexing the trace (%" PRIu32 " records and %" PRIu32 " pieces of AUX data so far).", file->records.length, file->chunks.length);
	if (status == PTM_READ_FAILED)
		return ptm_message_set(message, status, "Reading the trace failed: the file was changed, moved or removed while it was open.");
	return ptm_message_set(message, status, "The perf.data ends inside a structure (file of %" PRIu64 " bytes).", source->size);
}

void ptm_trace_file_free(ptm_trace_file *file)
{
	ptm_volumes_free(file);
	ptm_array_free(&file->attrs);
	ptm_array_free(&file->ids);
	ptm_array_free(&file->records);
	ptm_array_free(&file->chunks);
	ptm_array_free(&file->queues);
	ptm_array_free(&file->aux_pieces);
	ptm_array_free(&file->sampled.chunks);
	ptm_array_free(&file->sampled.queues);
	ptm_array_free(&file->snapshots.chunks);
	ptm_array_free(&file->snapshots.queues);
	ptm_array_free(&file->id_places);
	ptm_array_free(&file->guest_ids);
	ptm_array_free(&file->guest_releases);
	ptm_array_free(&file->build_ids);
	ptm_array_free(&file->poked);
	ptm_array_free(&file->bpf_functions);
	ptm_array_free(&file->samples);
	ptm_array_free(&file->warnings);
}

static const char *const type_names[] = {
	[PTM_RECORD_MMAP] = "MMAP", [PTM_RECORD_LOST] = "LOST", [PTM_RECORD_COMM] = "COMM", [PTM_RECORD_EXIT] = "EXIT",
	[PTM_RECORD_THROTTLE] = "THROTTLE", [PTM_RECORD_UNTHROTTLE] = "UNTHROTTLE", [PTM_RECORD_FORK] = "FORK",
	[PTM_RECORD_READ] = "READ", [PTM_RECORD_SAMPLE] = "SAMPLE", [PTM_RECORD_MMAP2] = "MMAP2", [PTM_RECORD_AUX] = "AUX",
	[PTM_RECORD_ITRACE_START] = "ITRACE_START", [PTM_RECORD_LOST_SAMPLES] = "LOST_SAMPLES", [PTM_RECORD_SWITCH] = "SWITCH",
	[PTM_RECORD_SWITCH_CPU_WIDE] = "SWITCH_CPU_WIDE", [PTM_RECORD_NAMESPACES] = "NAMESPACES", [PTM_RECORD_KSYMBOL] = "KSYMBOL",
	[PTM_RECORD_BPF_EVENT] = "BPF_EVENT", [PTM_RECORD_CGROUP] = "CGROUP", [PTM_RECORD_TEXT_POKE] = "TEXT_POKE",
	[PTM_RECORD_AUX_OUTPUT_HW_ID] = "AUX_OUTPUT_HW_ID",
	[PTM_RECORD_HEADER_ATTR] = "HEADER_ATTR", [PTM_RECORD_HEADER_TRACING_DATA] = "TRACING_DATA",
	[PTM_RECORD_HEADER_BUILD_ID] = "BUILD_ID", [PTM_RECORD_FINISHED_ROUND] = "FINISHED_ROUND", [PTM_RECORD_ID_INDEX] = "ID_INDEX",
	[PTM_RECORD_AUXTRACE_INFO] = "AUXTRACE_INFO", [PTM_RECORD_AUXTRACE] = "AUXTRACE", [PTM_RECORD_AUXTRACE_ERROR] = "AUXTRACE_ERROR",
	[PTM_RECORD_THREAD_MAP] = "THREAD_MAP", [PTM_RECORD_CPU_MAP] = "CPU_MAP", [PTM_RECORD_STAT_CONFIG] = "STAT_CONFIG",
	[PTM_RECORD_EVENT_UPDATE] = "EVENT_UPDATE", [PTM_RECORD_TIME_CONV] = "TIME_CONV", [PTM_RECORD_HEADER_FEATURE] = "FEATURE",
	[PTM_RECORD_COMPRESSED] = "COMPRESSED", [PTM_RECORD_FINISHED_INIT] = "FINISHED_INIT", [PTM_RECORD_COMPRESSED2] = "COMPRESSED2",
};

const char *ptm_record_type_name(uint32_t type)
{
	static char unknown[24];

	if (type < sizeof type_names / sizeof *type_names && type_names[type])
		return type_names[type];
	snprintf(unknown, sizeof unknown, "type %" PRIu32, type);
	return unknown;
}
