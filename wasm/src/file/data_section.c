/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the data section of a perf.data from record to record, and jumps over
 * AUX payload; then the data.N files of a directory. Records that were packed
 * (perf record -z) are unpacked and walked where they stand. Records that say
 * impossible sizes end the walk with a warning: there is no way to find the next one. */
#include "file/perf_data.h"
#include "file/sample.h"
#include "file/unpacked.h"
#include <inttypes.h>

/* After a jump over AUX payload there is often only a record or two before the
 * next payload: those are read in small windows, everything else in large ones. */
#define SMALL_WINDOW (16u << 10)
#define LARGE_WINDOW (1u << 20)
#define RECORD_HEADER 8

typedef struct data_walk {
	ptm_trace_file *file;
	ptm_message *message;
	ptm_record_reader reader;
	ptm_pipe_header pipe;          /* in pipe mode only */
	uint32_t last_type;            /* of the last record, in pipe mode */
	ptm_source small, large;       /* windows of the walk's own over the volume's source */
	uint64_t at, end;              /* places in the trace, see trace_file.h */
	uint32_t unpacked;             /* number of the volume's unpacked records, 0: none yet */
	uint64_t unpacked_at;          /* how far those were walked */
	bool unpacking;                /* `at` is in them */
	bool packed_broken;            /* no more of them can be read */
	uint64_t landing;              /* where the last jump ended */
	uint64_t guest_samples;        /* of virtual machines */
	uint32_t bad_samples;
	uint64_t first_bad_sample;
	const char *bad_field;         /* of the first bad sample */
	uint32_t short_records;
	uint64_t first_short;
} data_walk;

static ptm_status view(data_walk *walk, uint64_t offset, uint32_t length, const uint8_t **at)
{
	if (walk->unpacking)
		return ptm_trace_file_view(walk->file, offset, length, at);
	bool near = walk->landing && offset + length - walk->landing <= SMALL_WINDOW;
	return ptm_source_view(near ? &walk->small : &walk->large, offset - ptm_volume_start(ptm_volume_of(offset)), length, at);
}

static void note_time(ptm_trace_file *file, uint64_t time)
{
	if (time == PTM_NO_TIME || !time) /* 0: made up by perf record, before the start */
		return;
	if (file->first_time == PTM_NO_TIME || time < file->first_time)
		file->first_time = time;
	if (file->last_time == PTM_NO_TIME || time > file->last_time)
		file->last_time = time;
}

static ptm_status add_kernel_record(data_walk *walk, const uint8_t *bytes, uint32_t size)
{
	ptm_record record;
	ptm_status status = ptm_record_decode(&walk->reader, bytes, size, &record);

	if (status == PTM_BAD_DATA) {
		if (!walk->short_records++)
			walk->first_short = walk->at;
		return PTM_OK;
	}
	PTM_TRY(status);
	record.file_offset = walk->at;
	note_time(walk->file, record.time);
	return ptm_array_push(&walk->file->records, record);
}

static ptm_status add_sample(data_walk *walk, const uint8_t *bytes, uint32_t size)
{
	ptm_trace_file *file = walk->file;
	const char *field;
	if (ptm_record_sample_is_guests(&walk->reader, bytes, size)) {
		walk->guest_samples++;
		return PTM_OK;
	}
	uint32_t attr = ptm_record_sample_attr(&walk->reader, bytes, size);
	ptm_status status = ptm_sample_index_append(file, attr, bytes, size, walk->at, &field);

	file->sample_count++;
	if (status == PTM_BAD_DATA) {
		if (!walk->bad_samples++) {
			walk->first_bad_sample = walk->at;
			walk->bad_field = field;
		}
		return PTM_OK;
	}
	PTM_TRY(status);
	note_time(file, file->samples.at[file->samples.length - 1].time);
	return PTM_OK;
}

static void read_time_conv(ptm_trace_file *file, const uint8_t *bytes, uint32_t size)
{
	ptm_bytes body = ptm_bytes_of(bytes, size);

	ptm_bytes_skip(&body, RECORD_HEADER);
	uint64_t shift = ptm_bytes_u64(&body), mult = ptm_bytes_u64(&body), zero = ptm_bytes_u64(&body);
	if (body.failed)
		return;
	file->time_conv.shift = shift;
	file->time_conv.mult = mult;
	file->time_conv.zero = zero;
	file->time_conv.seen = true;
	file->time_conv.capable = true;
	uint64_t cycles = ptm_bytes_u64(&body), mask = ptm_bytes_u64(&body);
	uint8_t capable = ptm_bytes_u8(&body);
	if (body.failed)
		return; /* the form of before Linux 5.10 */
	file->time_conv.cycles = cycles;
	file->time_conv.mask = mask;
	file->time_conv.capable = capable;
}

static void read_auxtrace_info(data_walk *walk, const uint8_t *bytes, uint32_t size)
{
	ptm_bytes body = ptm_bytes_of(bytes, size);

	ptm_bytes_skip(&body, RECORD_HEADER);
	uint32_t type = ptm_bytes_u32(&body);
	if (body.failed || walk->file->auxtrace_info_offset)
		return;
	walk->file->auxtrace_info_offset = walk->at;
	walk->file->auxtrace_info_size = size;
	walk->file->auxtrace_type = type;
}

static ptm_status walk_records(data_walk *walk);

/* Walks what has been unpacked since the last time; a record that is not there
 * to its end is left for the next. */
static ptm_status walk_unpacked(data_walk *walk)
{
	uint64_t at = walk->at, end = walk->end;

	walk->unpacking = true;
	walk->at = walk->unpacked_at;
	walk->end = ptm_trace_file_volume_end(walk->file, walk->unpacked_at);
	ptm_status status = walk_records(walk);
	walk->unpacked_at = walk->at;
	walk->unpacking = false;
	walk->at = at;
	walk->end = end;
	return status;
}

static ptm_status give_up_packed(data_walk *walk, ptm_status why)
{
	walk->packed_broken = true;
	return ptm_trace_file_warn(walk->file, "The compressed records cannot be unpacked from %s on (%s): what perf recorded later beside the AUX data (maps, switches, samples) is missing.",
		ptm_trace_file_place(walk->file, walk->at), why == PTM_UNSUPPORTED ? "they need a dictionary or more than 128 MB of window" : "their zstd data is damaged");
}

/* The packed bytes stand behind the header; in COMPRESSED2 behind their length. */
static ptm_status take_packed(data_walk *walk, uint32_t type, const uint8_t *bytes, uint32_t size)
{
	uint32_t number = ptm_volume_of(walk->at);
	uint64_t start = walk->at - ptm_volume_start(number) + RECORD_HEADER, length = size - RECORD_HEADER;
	ptm_bytes body = ptm_bytes_of(bytes, size);

	if (walk->packed_broken || walk->unpacking)
		return PTM_OK;
	ptm_bytes_skip(&body, RECORD_HEADER);
	if (type == PTM_RECORD_COMPRESSED2) {
		uint64_t told = ptm_bytes_u64(&body);
		if (body.failed || told > ptm_bytes_left(&body))
			return give_up_packed(walk, PTM_BAD_DATA);
		start += 8;
		length = told;
	}
	if (!walk->unpacked) {
		PTM_TRY(ptm_volume_add_unpacked(walk->file, number, &walk->unpacked));
		walk->unpacked_at = ptm_volume_start(walk->unpacked);
	}
	ptm_unpacked *unpacked = walk->file->volumes.at[walk->unpacked - 1].unpacked;
	ptm_status status = ptm_unpacked_append(unpacked, start, (uint32_t)length, walk->unpacked_at - ptm_volume_start(walk->unpacked));
	if (status == PTM_BAD_DATA || status == PTM_UNSUPPORTED)
		PTM_TRY(give_up_packed(walk, status));
	else
		PTM_TRY(status);
	return walk_unpacked(walk);
}

/* perf writes AUX data as it is, and packs only what the kernel's buffers held. */
static ptm_status take_aux(data_walk *walk, const uint8_t *bytes, uint32_t size, uint64_t *payload)
{
	if (!walk->unpacking)
		return ptm_aux_segments_append(walk->file, bytes, size, walk->at, walk->end - walk->at - size, payload);
	walk->packed_broken = true;
	return ptm_trace_file_warn(walk->file, "There is AUX data among the compressed records (at %s), where perf writes none: the compressed records are not read from there on.",
		ptm_trace_file_place(walk->file, walk->at));
}

/* Takes in the record; stores how many bytes of payload follow it. */
static ptm_status take_record(data_walk *walk, uint32_t type, const uint8_t *bytes, uint32_t size, uint64_t *payload)
{
	ptm_trace_file *file = walk->file;

	switch (type) {
	case PTM_RECORD_SAMPLE:
		return add_sample(walk, bytes, size);
	case PTM_RECORD_AUXTRACE:
		return take_aux(walk, bytes, size, payload);
	case PTM_RECORD_AUXTRACE_INFO:
		read_auxtrace_info(walk, bytes, size);
		return PTM_OK;
	case PTM_RECORD_ID_INDEX:
		PTM_TRY(ptm_guest_ids_take(file, bytes, size));
		return ptm_aux_samples_places(file, bytes, size);
	case PTM_RECORD_TIME_CONV:
		read_time_conv(file, bytes, size);
		return PTM_OK;
	case PTM_RECORD_COMPRESSED:
	case PTM_RECORD_COMPRESSED2:
		return take_packed(walk, type, bytes, size);
	default:
		if (type < PTM_RECORD_HEADER_ATTR)
			return add_kernel_record(walk, bytes, size);
		if (!ptm_trace_file_piped(file))
			return PTM_OK;
		return ptm_pipe_header_take(&walk->pipe, file, type, bytes, size, walk->at, walk->end - walk->at - size, payload);
	}
}

/* Before a record that belongs to an event, a file in pipe mode must have
 * described its events. */
static ptm_status close_header(data_walk *walk, uint32_t type)
{
	walk->last_type = type;
	if (type >= PTM_RECORD_HEADER_ATTR || !ptm_trace_file_piped(walk->file))
		return PTM_OK;
	return ptm_pipe_header_close(&walk->pipe, walk->file, &walk->reader.ids, type, walk->at, walk->message);
}

/* A pipe says nowhere how long it is, but perf ends what it writes with a
 * FINISHED_ROUND. */
static ptm_status end_header(data_walk *walk)
{
	if (!ptm_trace_file_piped(walk->file))
		return PTM_OK;
	PTM_TRY(ptm_pipe_header_end(&walk->pipe, walk->file, &walk->reader.ids, walk->message));
	if (walk->at != walk->end || walk->last_type == PTM_RECORD_FINISHED_ROUND)
		return PTM_OK;
	return ptm_trace_file_warn(walk->file, "The perf.data was written to a pipe and ends (at byte %" PRIu64 ", behind %s) without the mark that perf record ends with: its end may be missing; what is there is shown.",
		walk->end, ptm_record_type_name(walk->last_type));
}

static ptm_status refuse_rest(data_walk *walk, uint32_t type, uint32_t size)
{
	uint64_t left = walk->end - walk->at;
	const char *place = ptm_trace_file_place(walk->file, walk->at);

	if (size < RECORD_HEADER) {
		walk->packed_broken = walk->packed_broken || walk->unpacking;
		return ptm_trace_file_warn(walk->file,
			"The record at %s (%s) says it is %" PRIu32 " bytes long, less than its own header: the %" PRIu64 " bytes from there on cannot be read.",
			place, ptm_record_type_name(type), size, left);
	}
	if (walk->unpacking)
		return PTM_OK;
	return ptm_trace_file_warn(walk->file,
		"The record at %s (%s, %" PRIu32 " bytes) goes beyond the end of the data (%" PRIu64 " bytes are left) and is not read.",
		place, ptm_record_type_name(type), size, left);
}

/* Every turn moves on by a record header at least. */
static ptm_status walk_records(data_walk *walk)
{
	while (walk->end - walk->at >= RECORD_HEADER && !(walk->unpacking && walk->packed_broken)) {
		const uint8_t *bytes;
		uint64_t payload = 0;

		PTM_TRY(view(walk, walk->at, RECORD_HEADER, &bytes));
		ptm_bytes header = ptm_bytes_of(bytes, RECORD_HEADER);
		uint32_t type = ptm_bytes_u32(&header);
		ptm_bytes_skip(&header, 2);
		uint32_t size = ptm_bytes_u16(&header);
		if (size < RECORD_HEADER || size > walk->end - walk->at)
			return refuse_rest(walk, type, size);
		PTM_TRY(view(walk, walk->at, size, &bytes));
		PTM_TRY(close_header(walk, type));
		PTM_TRY(take_record(walk, type, bytes, size, &payload));
		walk->at += size + payload;
		if (payload)
			walk->landing = walk->at;
	}
	if (walk->at != walk->end && !walk->unpacking)
		return ptm_trace_file_warn(walk->file, "The last %" PRIu64 " bytes of the data are too few for a record and are not read.", walk->end - walk->at);
	return PTM_OK;
}

static ptm_status warn_of_samples(data_walk *walk)
{
	for (uint32_t row = 0; row < walk->file->attrs.length; row++) {
		uint64_t unknown = walk->file->attrs.at[row].sample_type & ~(uint64_t)PTM_SAMPLE_KNOWN;
		if (unknown && walk->file->sample_count)
			PTM_TRY(ptm_trace_file_warn(walk->file, "The samples of event %" PRIu32 " hold fields that this version does not know (bits 0x%" PRIx64 " of its sample_type): those are not read.", row, unknown));
	}
	if (walk->bad_samples)
		return ptm_trace_file_warn(walk->file, walk->bad_samples == 1
			? "%" PRIu32 " sample does not add up and is skipped (at %s: its %s goes beyond the record's end)."
			: "%" PRIu32 " samples do not add up and are skipped (the first at %s: its %s goes beyond the record's end).",
			walk->bad_samples, ptm_trace_file_place(walk->file, walk->first_bad_sample), walk->bad_field);
	return PTM_OK;
}

static ptm_status warn_of_records(data_walk *walk)
{
	if (walk->short_records)
		PTM_TRY(ptm_trace_file_warn(walk->file, "%" PRIu32 " records are too short for their kind (the first at %s) and are skipped.",
			walk->short_records, ptm_trace_file_place(walk->file, walk->first_short)));
	PTM_TRY(warn_of_samples(walk));
	if (walk->guest_samples)
		PTM_TRY(ptm_trace_file_warn(walk->file, "%" PRIu64 " samples that were taken in virtual machines are not shown: of their recordings, who ran what is read.", walk->guest_samples));
	if (walk->reader.unknown_ids)
		return ptm_trace_file_warn(walk->file, "%" PRIu32 " records belong to an event that the file does not describe; they are read like the first event's.",
			walk->reader.unknown_ids);
	return PTM_OK;
}

/* What the last compressed record left unfinished. */
static ptm_status warn_of_unpacked_rest(data_walk *walk)
{
	uint64_t left = walk->unpacked ? ptm_trace_file_volume_end(walk->file, walk->unpacked_at) - walk->unpacked_at : 0;

	if (!left || walk->packed_broken)
		return PTM_OK;
	return ptm_trace_file_warn(walk->file, "The compressed records end in the middle of a record: its %" PRIu64 " bytes (at %s) are not read.",
		left, ptm_trace_file_place(walk->file, walk->unpacked_at));
}

/* Walks [start, end) of a volume. */
static ptm_status walk_volume(data_walk *walk, uint32_t number, uint64_t start, uint64_t end)
{
	const ptm_source *source = ptm_volume_source(walk->file, number);

	walk->at = ptm_volume_start(number) + start;
	walk->end = ptm_volume_start(number) + end;
	walk->landing = walk->unpacked_at = walk->unpacked = 0;
	walk->packed_broken = false;
	ptm_source_init_beside(&walk->small, source, SMALL_WINDOW);
	ptm_source_init_beside(&walk->large, source, LARGE_WINDOW);
	ptm_status status = walk_records(walk);
	if (status == PTM_OK)
		status = warn_of_unpacked_rest(walk);
	ptm_source_free(&walk->small);
	ptm_source_free(&walk->large);
	return status;
}

static ptm_status walk_all(data_walk *walk)
{
	ptm_trace_file *file = walk->file;

	if (!ptm_trace_file_piped(file))
		PTM_TRY(ptm_attr_ids_build(&walk->reader.ids, file));
	PTM_TRY(walk_volume(walk, 0, file->data_offset, file->data_offset + file->data_size));
	PTM_TRY(end_header(walk));
	for (uint32_t number = 1; number <= file->data_files; number++)
		PTM_TRY(walk_volume(walk, number, 0, ptm_volume_source(file, number)->size));
	return warn_of_records(walk);
}

ptm_status ptm_data_section_walk_joined(ptm_trace_file *file, uint32_t number, ptm_message *message)
{
	data_walk walk = { .file = file, .message = message, .reader = { .file = file, .joined = true }, .pipe = { .closed = true } };
	ptm_status status = ptm_attr_ids_build(&walk.reader.ids, file);

	if (status == PTM_OK)
		status = walk_volume(&walk, number, 0, ptm_volume_source(file, number)->size);
	ptm_array_free(&walk.reader.ids);
	return status;
}

ptm_status ptm_data_section_walk(ptm_trace_file *file, ptm_message *message)
{
	data_walk walk = { .file = file, .message = message, .reader = { .file = file } };
	ptm_status status = walk_all(&walk);

	ptm_array_free(&walk.reader.ids);
	ptm_array_free(&walk.pipe.names);
	return status;
}
