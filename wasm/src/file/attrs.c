/* SPDX-License-Identifier: Apache-2.0 */
/* Event attributes: the attrs section of a perf.data, with the ids that tell
 * which record belongs to which event. A perf_event_attr has grown over the
 * years: fields that the file's does not have are 0, fields we do not know are
 * skipped. Layout: perf_event_open(2). */
#include "file/perf_data.h"
#include <inttypes.h>

#define ATTR_IDS_SECTION 16
#define MOST_ID_BYTES (64u << 20) /* of all events together */

enum {
	PRECISE_IP_SHIFT = 15,
	FLAG_EXCLUDE_USER = 1 << 4, FLAG_EXCLUDE_KERNEL = 1 << 5, FLAG_EXCLUDE_HV = 1 << 6, FLAG_FREQ = 1 << 10,
	FLAG_SAMPLE_ID_ALL = 1 << 18, FLAG_EXCLUDE_HOST = 1 << 19, FLAG_EXCLUDE_GUEST = 1 << 20, FLAG_USE_CLOCKID = 1 << 25, FLAG_CONTEXT_SWITCH = 1 << 26
};
#define FLAG_AUX_OUTPUT (1ull << 31)

ptm_attr ptm_attr_decode(const uint8_t *at, size_t length)
{
	ptm_bytes bytes = ptm_bytes_of(at, length);
	ptm_attr attr = { 0 };

	attr.type = ptm_bytes_u32(&bytes);
	ptm_bytes_skip(&bytes, 4);
	attr.config = ptm_bytes_u64(&bytes);
	attr.sample_period = ptm_bytes_u64(&bytes);
	attr.sample_type = ptm_bytes_u64(&bytes);
	attr.read_format = ptm_bytes_u64(&bytes);
	uint64_t flags = ptm_bytes_u64(&bytes);
	attr.precise_ip = flags >> PRECISE_IP_SHIFT & 3;
	attr.exclude_user = flags & FLAG_EXCLUDE_USER;
	attr.exclude_kernel = flags & FLAG_EXCLUDE_KERNEL;
	attr.exclude_hv = flags & FLAG_EXCLUDE_HV;
	attr.exclude_host = flags & FLAG_EXCLUDE_HOST;
	attr.exclude_guest = flags & FLAG_EXCLUDE_GUEST;
	attr.frequency = flags & FLAG_FREQ;
	attr.sample_id_all = flags & FLAG_SAMPLE_ID_ALL;
	attr.use_clockid = flags & FLAG_USE_CLOCKID;
	attr.context_switch = flags & FLAG_CONTEXT_SWITCH;
	attr.aux_output = flags & FLAG_AUX_OUTPUT;
	ptm_bytes_skip(&bytes, 4 + 4 + 8 + 8); /* wakeup, bp_type, config1, config2 */
	attr.branch_sample_type = ptm_bytes_u64(&bytes);
	attr.sample_regs_user = ptm_bytes_u64(&bytes);
	attr.sample_stack_user = ptm_bytes_u32(&bytes);
	attr.clockid = (int32_t)ptm_bytes_u32(&bytes);
	attr.sample_regs_intr = ptm_bytes_u64(&bytes);
	return attr;
}

/* Appends the ids in `section` to the file's; `*budget` bounds all of them, so
 * that many sections over the same bytes cost little. */
static ptm_status read_ids(ptm_trace_file *file, ptm_perf_section section, uint64_t *budget, uint32_t *count)
{
	const uint8_t *at;

	*count = 0;
	if (section.size > *budget || section.offset > file->source->size || section.size > file->source->size - section.offset)
		return ptm_trace_file_warn(file, "The ids of event %" PRIu32 " (%" PRIu64 " bytes at %" PRIu64 ") are not in the file: its records may be taken for another event's.",
			file->attrs.length, section.size, section.offset);
	*budget -= section.size;
	for (uint64_t done = 0; done + 8 <= section.size; done += 8) {
		PTM_TRY(ptm_source_view(file->source, section.offset + done, 8, &at));
		ptm_bytes bytes = ptm_bytes_of(at, 8);
		PTM_TRY(ptm_array_push(&file->ids, ptm_bytes_u64(&bytes)));
		++*count;
	}
	return PTM_OK;
}

static ptm_status check_section(const ptm_trace_file *file, const ptm_perf_header *header, ptm_message *message)
{
	const ptm_perf_section *attrs = &header->attrs;
	uint64_t size = file->source->size;

	if (header->attr_size < PTM_PERF_ATTR_FIRST + ATTR_IDS_SECTION || header->attr_size > PTM_PERF_ATTR_MOST)
		return ptm_message_set(message, PTM_BAD_DATA,
			"The perf.data header says an event attribute is %" PRIu64 " bytes long (%d to %d are possible): the file is damaged.",
			header->attr_size, PTM_PERF_ATTR_FIRST + ATTR_IDS_SECTION, PTM_PERF_ATTR_MOST);
	if (attrs->offset > size || attrs->size > size - attrs->offset)
		return ptm_message_set(message, PTM_TRUNCATED,
			"The file ends at byte %" PRIu64 ", before the end of its event attributes (%" PRIu64 " bytes at %" PRIu64 "), without which nothing in it can be read: copy it again.",
			size, attrs->size, attrs->offset);
	if (attrs->size < header->attr_size)
		return ptm_message_set(message, PTM_BAD_DATA, "The perf.data describes no event (its attribute section has %" PRIu64 " bytes): the file is damaged.", attrs->size);
	if (attrs->size / header->attr_size > PTM_PERF_MOST_ATTRS)
		return ptm_message_set(message, PTM_BAD_DATA, "The perf.data says it has %" PRIu64 " events, more than %d: the file is damaged.",
			attrs->size / header->attr_size, PTM_PERF_MOST_ATTRS);
	return PTM_OK;
}

ptm_status ptm_attrs_read(ptm_trace_file *file, const ptm_perf_header *header, ptm_message *message)
{
	const uint8_t *at;
	uint32_t entry = (uint32_t)header->attr_size;
	uint64_t budget = file->source->size < MOST_ID_BYTES ? file->source->size : MOST_ID_BYTES;

	PTM_TRY(check_section(file, header, message));
	for (uint64_t done = 0; done + entry <= header->attrs.size; done += entry) {
		PTM_TRY(ptm_source_view(file->source, header->attrs.offset + done, entry, &at));
		ptm_attr attr = ptm_attr_decode(at, entry - ATTR_IDS_SECTION);
		ptm_bytes bytes = ptm_bytes_of(at + entry - ATTR_IDS_SECTION, ATTR_IDS_SECTION);
		ptm_perf_section ids;
		ids.offset = ptm_bytes_u64(&bytes);
		ids.size = ptm_bytes_u64(&bytes);
		attr.first_id = file->ids.length;
		PTM_TRY(read_ids(file, ids, &budget, &attr.id_count));
		PTM_TRY(ptm_array_push(&file->attrs, attr));
	}
	return PTM_OK;
}

static int compare_ids(const void *left, const void *right)
{
	const ptm_attr_id *a = left, *b = right;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return (a->attr > b->attr) - (a->attr < b->attr);
}

ptm_status ptm_attr_ids_build(ptm_attr_ids *ids, const ptm_trace_file *file)
{
	for (uint32_t row = 0; row < file->attrs.length; row++) {
		const ptm_attr *attr = &file->attrs.at[row];
		for (uint32_t i = 0; i < attr->id_count; i++)
			PTM_TRY(ptm_array_push(ids, ((ptm_attr_id){ file->ids.at[attr->first_id + i], row })));
	}
	if (ids->length)
		qsort(ids->at, ids->length, sizeof *ids->at, compare_ids);
	return PTM_OK;
}

uint32_t ptm_attr_ids_find(const ptm_attr_ids *ids, uint64_t id)
{
	uint32_t low = 0, high = ids->length;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (ids->at[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ids->length && ids->at[low].id == id ? ids->at[low].attr : UINT32_MAX;
}
