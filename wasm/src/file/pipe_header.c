/* SPDX-License-Identifier: Apache-2.0 */
/* What a perf.data in pipe mode (perf record -o -) says in records between the
 * others, and one in file mode in sections: events with their ids and names,
 * features, build-ids. Names and features are kept until the walk's end, since
 * they may precede the events they are about.
 * Layout: Linux tools/perf/Documentation/perf.data-file-format.txt. */
#include "file/perf_data.h"
#include <inttypes.h>

#define RECORD_HEADER 8
#define FEATURE_HEADER 16      /* with the feature's number */
#define UPDATE_NAME 2          /* kind of an EVENT_UPDATE */

/* The record's attribute says its own size; what is behind it are the ids. */
static ptm_status take_attr(ptm_trace_file *file, const uint8_t *bytes, uint32_t size, uint64_t offset)
{
	ptm_bytes body = ptm_bytes_of(bytes, size);

	ptm_bytes_skip(&body, RECORD_HEADER + 4);
	uint32_t attr_size = ptm_bytes_u32(&body);
	if (body.failed || attr_size < PTM_PERF_ATTR_FIRST || attr_size > PTM_PERF_ATTR_MOST || attr_size > size - RECORD_HEADER)
		return ptm_trace_file_warn(file, "The event at byte %" PRIu64 " says it is %" PRIu32 " bytes long (%d to %d are possible, and its record has %" PRIu32 "): it is skipped.",
			offset, attr_size, PTM_PERF_ATTR_FIRST, PTM_PERF_ATTR_MOST, size - RECORD_HEADER);
	if (file->attrs.length >= PTM_PERF_MOST_ATTRS)
		return ptm_trace_file_warn(file, "The event at byte %" PRIu64 " is more than the %d that are read: it is skipped.", offset, PTM_PERF_MOST_ATTRS);
	ptm_attr attr = ptm_attr_decode(bytes + RECORD_HEADER, attr_size);
	ptm_bytes ids = ptm_bytes_of(bytes + RECORD_HEADER + attr_size, size - RECORD_HEADER - attr_size);
	attr.first_id = file->ids.length;
	for (; ptm_bytes_left(&ids) >= 8; attr.id_count++)
		PTM_TRY(ptm_array_push(&file->ids, ptm_bytes_u64(&ids)));
	return ptm_array_push(&file->attrs, attr);
}

/* Only the event's name is of use; units, scales and CPUs are skipped. */
static ptm_status take_update(ptm_pipe_header *pipe, ptm_trace_file *file, const uint8_t *bytes, uint32_t size)
{
	ptm_pipe_name name = { 0 };
	ptm_bytes body = ptm_bytes_of(bytes, size);
	size_t length;

	ptm_bytes_skip(&body, RECORD_HEADER);
	uint64_t kind = ptm_bytes_u64(&body);
	name.id = ptm_bytes_u64(&body);
	const char *text = ptm_bytes_text(&body, ptm_bytes_left(&body), &length);
	if (body.failed || kind != UPDATE_NAME || !length)
		return PTM_OK;
	PTM_TRY(ptm_strings_add(file->strings, text, length, &name.name));
	return ptm_array_push(&pipe->names, name);
}

/* A later record of the same feature replaces the earlier one. */
static void take_feature(ptm_pipe_header *pipe, const uint8_t *bytes, uint32_t size, uint64_t offset)
{
	ptm_bytes body = ptm_bytes_of(bytes, size);

	ptm_bytes_skip(&body, RECORD_HEADER);
	uint64_t feature = ptm_bytes_u64(&body);
	if (!body.failed && feature < PTM_PERF_FEATURES)
		pipe->features[feature] = (ptm_perf_section){ offset + FEATURE_HEADER, size - FEATURE_HEADER };
}

/* The description of the tracepoints stands behind its record, padded to 8. */
static ptm_status take_tracing_data(ptm_trace_file *file, const uint8_t *bytes, uint32_t size, uint64_t offset, uint64_t left, uint64_t *payload)
{
	ptm_bytes body = ptm_bytes_of(bytes, size);

	ptm_bytes_skip(&body, RECORD_HEADER);
	uint64_t length = ((uint64_t)ptm_bytes_u32(&body) + 7) & ~(uint64_t)7;
	*payload = length < left ? length : left;
	file->tracing_data_offset = offset + size;
	file->tracing_data_size = *payload;
	if (length <= left)
		return PTM_OK;
	return ptm_trace_file_warn(file, "The tracepoint descriptions at byte %" PRIu64 " end %" PRIu64 " bytes early (%" PRIu64 " of %" PRIu64 " bytes are there), and with them the file.",
		offset + size, length - left, left, length);
}

ptm_status ptm_pipe_header_take(ptm_pipe_header *pipe, ptm_trace_file *file, uint32_t type, const uint8_t *bytes, uint32_t size, uint64_t offset, uint64_t left, uint64_t *payload)
{
	switch (type) {
	case PTM_RECORD_HEADER_ATTR:
		if (!pipe->closed)
			return take_attr(file, bytes, size, offset);
		return ptm_trace_file_warn(file, "The event described at byte %" PRIu64 " comes after the first records, too late to be read: it is skipped.", offset);
	case PTM_RECORD_EVENT_UPDATE:
		return take_update(pipe, file, bytes, size);
	case PTM_RECORD_HEADER_FEATURE:
		take_feature(pipe, bytes, size, offset);
		return PTM_OK;
	case PTM_RECORD_HEADER_BUILD_ID:
		return ptm_build_id_read(file, bytes, size);
	case PTM_RECORD_HEADER_TRACING_DATA:
		return take_tracing_data(file, bytes, size, offset, left, payload);
	default:
		return PTM_OK;
	}
}

ptm_status ptm_pipe_header_close(ptm_pipe_header *pipe, ptm_trace_file *file, ptm_attr_ids *ids, uint32_t type, uint64_t offset, ptm_message *message)
{
	if (pipe->closed)
		return PTM_OK;
	pipe->closed = true;
	if (!file->attrs.length)
		return ptm_message_set(message, PTM_BAD_DATA,
			"The perf.data (written to a pipe) has its first record, %s, at byte %" PRIu64 ", before it describes any event: its start is missing or damaged.",
			ptm_record_type_name(type), offset);
	return ptm_attr_ids_build(ids, file);
}

/* A name for an id that nobody has is dropped, as perf does, but for the only event's. */
static void name_attrs(const ptm_pipe_header *pipe, ptm_trace_file *file, const ptm_attr_ids *ids)
{
	for (uint32_t i = 0; i < pipe->names.length; i++) {
		const ptm_pipe_name *name = &pipe->names.at[i];
		uint32_t row = file->attrs.length == 1 || !name->id ? 0 : ptm_attr_ids_find(ids, name->id);
		if (row < file->attrs.length)
			file->attrs.at[row].name = name->name;
	}
}

ptm_status ptm_pipe_header_end(ptm_pipe_header *pipe, ptm_trace_file *file, ptm_attr_ids *ids, ptm_message *message)
{
	if (!file->attrs.length)
		return ptm_message_set(message, PTM_TRUNCATED,
			"The perf.data (written to a pipe) ends at byte %" PRIu64 " and describes no event, without which nothing in it can be read: perf record stopped early, or the copy was cut.", file->source->size);
	if (!pipe->closed)
		PTM_TRY(ptm_attr_ids_build(ids, file));
	name_attrs(pipe, file, ids);
	for (uint32_t feature = 0; feature < PTM_PERF_FEATURES; feature++)
		if (pipe->features[feature].offset)
			PTM_TRY(ptm_feature_read(file, feature, pipe->features[feature], message));
	return PTM_OK;
}
