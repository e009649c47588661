/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes one kernel record of a perf.data: its body, and the sample_id trailer
 * (pid, tid, time, id, cpu) that the event's sample_type lays out at its end.
 * Layout: perf_event_open(2), "MMAP layout". */
#include "file/perf_data.h"

enum {
	SAMPLE_IP = 1 << 0, SAMPLE_TID = 1 << 1, SAMPLE_TIME = 1 << 2, SAMPLE_ADDR = 1 << 3, SAMPLE_ID = 1 << 6,
	SAMPLE_CPU = 1 << 7, SAMPLE_STREAM_ID = 1 << 9, SAMPLE_IDENTIFIER = 1 << 16
};
enum {
	MISC_CPUMODE = 7, MISC_CPUMODE_KERNEL = 1, MISC_CPUMODE_GUEST_KERNEL = 4, MISC_CPUMODE_GUEST_USER = 5,
	MISC_BIT_13 = 1 << 13,  /* MMAP_DATA, COMM_EXEC, SWITCH_OUT */
	MISC_BIT_14 = 1 << 14   /* MMAP_BUILD_ID, SWITCH_OUT_PREEMPT */
};
enum { PROTECTION_EXECUTE = 4, KSYMBOL_UNREGISTER = 1 };

uint32_t ptm_record_trailer_size(uint64_t sample_type)
{
	uint64_t fields = sample_type & (SAMPLE_TID | SAMPLE_TIME | SAMPLE_ID | SAMPLE_STREAM_ID | SAMPLE_CPU | SAMPLE_IDENTIFIER);
	return 8 * (uint32_t)__builtin_popcountll(fields);
}

static uint64_t word_at(const uint8_t *bytes, uint32_t size, uint32_t offset)
{
	ptm_bytes word = ptm_bytes_of(bytes, size);
	ptm_bytes_skip(&word, offset);
	return ptm_bytes_u64(&word);
}

/* Distance of the id from the record's end (a multiple of 8), 0: it has none. */
static uint32_t id_from_end(uint64_t sample_type)
{
	if (sample_type & SAMPLE_IDENTIFIER)
		return 8;
	if (!(sample_type & SAMPLE_ID))
		return 0;
	return 8 + (sample_type & SAMPLE_CPU ? 8 : 0) + (sample_type & SAMPLE_STREAM_ID ? 8 : 0);
}

/* Row of the attr whose id is `id`. Records that perf makes up itself have id 0
 * and belong to the first, as those do whose id nobody has. */
static uint32_t attr_of_id(ptm_record_reader *reader, uint64_t id, bool *known)
{
	uint32_t row = id ? ptm_attr_ids_find(&reader->ids, id) : 0;
	*known = row != UINT32_MAX;
	if (*known)
		return row;
	reader->unknown_ids++;
	return 0;
}

/* Chooses the attr of a record other than SAMPLE: the only one, or the one
 * whose id stands where the first attr puts it. */
static uint32_t choose_attr(ptm_record_reader *reader, const uint8_t *bytes, uint32_t size, bool *known)
{
	const ptm_attr *first = &reader->file->attrs.at[0];
	uint32_t distance = reader->joined ? 8 : id_from_end(first->sample_type);

	*known = true;
	if (reader->joined)
		return attr_of_id(reader, word_at(bytes, size, size - distance), known);
	if (reader->file->attrs.length == 1 || !first->sample_id_all || !distance || size < 8 + distance)
		return 0;
	return attr_of_id(reader, word_at(bytes, size, size - distance), known);
}

/* The virtual machine that a record other than SAMPLE is of; NULL: none. */
static const ptm_guest_id *guest_of(const ptm_record_reader *reader, const uint8_t *bytes, uint32_t size)
{
	uint32_t distance = !reader->file->guest_ids.length ? 0 : reader->joined ? 8 : id_from_end(reader->file->attrs.at[0].sample_type);
	return distance && size >= 8 + distance ? ptm_guest_ids_find(reader->file, word_at(bytes, size, size - distance)) : NULL;
}

/* Reads the trailer into the record; returns where the body ends. */
static uint32_t read_trailer(ptm_record_reader *reader, const uint8_t *bytes, uint32_t size, ptm_record *record)
{
	bool known;
	uint32_t row = choose_attr(reader, bytes, size, &known);
	const ptm_attr *attr = &reader->file->attrs.at[row];
	uint32_t trailer = attr->sample_id_all ? ptm_record_trailer_size(attr->sample_type) : 0;

	record->attr = known ? row : UINT32_MAX;
	const ptm_guest_id *guest = guest_of(reader, bytes, size);
	if (guest) {
		record->machine = guest->machine;
		record->vcpu = guest->vcpu;
	}
	if (!trailer || size < 8 + trailer)
		return size;
	ptm_bytes end = ptm_bytes_of(bytes + size - trailer, trailer);
	if (attr->sample_type & SAMPLE_TID) {
		record->pid = (int32_t)ptm_bytes_u32(&end);
		record->tid = (int32_t)ptm_bytes_u32(&end);
	}
	if (attr->sample_type & SAMPLE_TIME)
		record->time = ptm_bytes_u64(&end);
	if (attr->sample_type & SAMPLE_ID)
		ptm_bytes_skip(&end, 8);
	if (attr->sample_type & SAMPLE_STREAM_ID)
		ptm_bytes_skip(&end, 8);
	if (attr->sample_type & SAMPLE_CPU)
		record->cpu = (int32_t)ptm_bytes_u32(&end);
	return size - trailer;
}

static void take_ids(ptm_bytes *body, ptm_record *record)
{
	record->pid = (int32_t)ptm_bytes_u32(body);
	record->tid = (int32_t)ptm_bytes_u32(body);
}

static ptm_status take_name(ptm_record_reader *reader, ptm_bytes *body, uint32_t *name)
{
	size_t length;
	const char *text = ptm_bytes_text(body, ptm_bytes_left(body), &length);
	return ptm_strings_add(reader->file->strings, text, length, name);
}

/* The part of MMAP2 that is either the file's identity or its build-id. */
static void take_identity(ptm_bytes *body, ptm_record *record)
{
	if (!(record->misc & MISC_BIT_14)) {
		record->as.map.major = ptm_bytes_u32(body);
		record->as.map.minor = ptm_bytes_u32(body);
		record->as.map.inode = ptm_bytes_u64(body);
		record->as.map.generation = ptm_bytes_u64(body);
		return;
	}
	uint8_t length = ptm_bytes_u8(body);
	ptm_bytes_skip(body, 3);
	const uint8_t *id = ptm_bytes_take(body, sizeof record->as.map.build_id);
	if (id && length <= sizeof record->as.map.build_id) {
		memcpy(record->as.map.build_id, id, length);
		record->as.map.build_id_length = length;
	}
}

static ptm_status decode_map(ptm_record_reader *reader, ptm_bytes *body, ptm_record *record)
{
	take_ids(body, record);
	record->as.map.address = ptm_bytes_u64(body);
	record->as.map.length = ptm_bytes_u64(body);
	record->as.map.file_offset = ptm_bytes_u64(body);
	uint16_t mode = record->misc & MISC_CPUMODE;
	record->as.map.kernel = mode == MISC_CPUMODE_KERNEL;
	record->as.map.guest = mode == MISC_CPUMODE_GUEST_KERNEL || mode == MISC_CPUMODE_GUEST_USER;
	if (record->type == PTM_RECORD_MMAP2) {
		take_identity(body, record);
		record->as.map.protection = ptm_bytes_u32(body);
		record->as.map.shared = ptm_bytes_u32(body) & 1;
		record->as.map.executable = record->as.map.kernel || record->as.map.protection & PROTECTION_EXECUTE;
	} else {
		record->as.map.executable = !(record->misc & MISC_BIT_13);
		record->as.map.protection = record->as.map.executable ? PROTECTION_EXECUTE : 0;
	}
	return body->failed ? PTM_OK : take_name(reader, body, &record->as.map.name);
}

/* Keeps the code that was replaced and the code that replaced it. */
static ptm_status decode_poke(ptm_record_reader *reader, ptm_bytes *body, ptm_record *record)
{
	record->as.poke.address = ptm_bytes_u64(body);
	record->as.poke.old_length = ptm_bytes_u16(body);
	record->as.poke.new_length = ptm_bytes_u16(body);
	uint32_t length = record->as.poke.old_length + record->as.poke.new_length;
	const uint8_t *code = ptm_bytes_take(body, length);
	record->as.poke.bytes = reader->file->poked.length;
	if (!code)
		return PTM_OK;
	PTM_TRY(ptm_array_reserve(&reader->file->poked, length + 1)); /* also where none was replaced by none there is a place */
	memcpy(reader->file->poked.at + reader->file->poked.length, code, length);
	reader->file->poked.length += length;
	return PTM_OK;
}

static void decode_switch(ptm_bytes *body, ptm_record *record)
{
	record->as.swap.out = record->misc & MISC_BIT_13;
	record->as.swap.preempt = record->misc & MISC_BIT_14;
	record->as.swap.other_pid = record->as.swap.other_tid = -1;
	if (record->type == PTM_RECORD_SWITCH_CPU_WIDE) {
		record->as.swap.other_pid = (int32_t)ptm_bytes_u32(body);
		record->as.swap.other_tid = (int32_t)ptm_bytes_u32(body);
	}
}

static void decode_task(ptm_bytes *body, ptm_record *record)
{
	record->pid = (int32_t)ptm_bytes_u32(body);
	record->as.task.ppid = (int32_t)ptm_bytes_u32(body);
	record->tid = (int32_t)ptm_bytes_u32(body);
	record->as.task.ptid = (int32_t)ptm_bytes_u32(body);
	ptm_bytes_skip(body, 8); /* time, which the trailer has too */
}

static ptm_status decode_body(ptm_record_reader *reader, ptm_bytes *body, ptm_record *record)
{
	switch (record->type) {
	case PTM_RECORD_MMAP:
	case PTM_RECORD_MMAP2:
		return decode_map(reader, body, record);
	case PTM_RECORD_COMM:
		take_ids(body, record);
		record->as.comm.exec = record->misc & MISC_BIT_13;
		return body->failed ? PTM_OK : take_name(reader, body, &record->as.comm.name);
	case PTM_RECORD_FORK:
	case PTM_RECORD_EXIT:
		decode_task(body, record);
		return PTM_OK;
	case PTM_RECORD_AUX:
		record->as.aux.offset = ptm_bytes_u64(body);
		record->as.aux.size = ptm_bytes_u64(body);
		record->as.aux.flags = ptm_bytes_u64(body);
		return PTM_OK;
	case PTM_RECORD_ITRACE_START:
	case PTM_RECORD_READ:
	case PTM_RECORD_NAMESPACES:
		take_ids(body, record);
		return PTM_OK;
	case PTM_RECORD_SWITCH:
	case PTM_RECORD_SWITCH_CPU_WIDE:
		decode_switch(body, record);
		return PTM_OK;
	case PTM_RECORD_LOST:
		ptm_bytes_skip(body, 8); /* id, which the trailer has too */
		record->as.lost.lost = ptm_bytes_u64(body);
		return PTM_OK;
	case PTM_RECORD_LOST_SAMPLES:
		record->as.lost.lost = ptm_bytes_u64(body);
		return PTM_OK;
	case PTM_RECORD_AUX_OUTPUT_HW_ID:
		record->as.output.counter = ptm_bytes_u64(body);
		return PTM_OK;
	case PTM_RECORD_KSYMBOL:
		record->as.map.address = ptm_bytes_u64(body);
		record->as.map.length = ptm_bytes_u32(body);
		ptm_bytes_skip(body, 2); /* type */
		record->as.map.gone = ptm_bytes_u16(body) & KSYMBOL_UNREGISTER;
		record->as.map.kernel = true;
		return body->failed ? PTM_OK : take_name(reader, body, &record->as.map.name);
	case PTM_RECORD_TEXT_POKE:
		return decode_poke(reader, body, record);
	default:
		return PTM_OK;
	}
}

ptm_status ptm_record_decode(ptm_record_reader *reader, const uint8_t *bytes, uint32_t size, ptm_record *record)
{
	ptm_bytes header = ptm_bytes_of(bytes, size);

	*record = (ptm_record){ .time = PTM_NO_TIME, .pid = -1, .tid = -1, .cpu = -1 };
	record->type = (uint16_t)ptm_bytes_u32(&header);
	record->misc = ptm_bytes_u16(&header);
	uint32_t end = read_trailer(reader, bytes, size, record);
	ptm_bytes body = ptm_bytes_of(bytes + 8, end - 8);
	PTM_TRY(decode_body(reader, &body, record));
	return body.failed ? PTM_BAD_DATA : PTM_OK;
}

/* Where the first attr puts a sample's id; 0: nowhere. */
static uint32_t sample_id_place(const ptm_record_reader *reader, uint32_t size)
{
	const ptm_attr *first = &reader->file->attrs.at[0];
	uint64_t before = first->sample_type & (SAMPLE_IP | SAMPLE_TID | SAMPLE_TIME | SAMPLE_ADDR);
	uint32_t place = 8 + 8 * (uint32_t)__builtin_popcountll(before);

	if (first->sample_type & SAMPLE_IDENTIFIER)
		place = 8;
	else if (!(first->sample_type & SAMPLE_ID))
		return 0;
	return size < place + 8 ? 0 : place;
}

uint32_t ptm_record_sample_attr(ptm_record_reader *reader, const uint8_t *bytes, uint32_t size)
{
	uint32_t place = sample_id_place(reader, size);
	bool known;

	if (reader->file->attrs.length == 1 || !place)
		return 0;
	return attr_of_id(reader, word_at(bytes, size, place), &known);
}

bool ptm_record_sample_is_guests(const ptm_record_reader *reader, const uint8_t *bytes, uint32_t size)
{
	uint32_t place = reader->file->guest_ids.length ? sample_id_place(reader, size) : 0;
	return place && ptm_guest_ids_find(reader->file, word_at(bytes, size, place));
}
