/* SPDX-License-Identifier: Apache-2.0 */
#include "api/script_dump.h"
#include "base/bytes.h"
#include "pt/packet_text.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#define HEADER_BYTES 8u
#define HEX_COLUMNS 16u
#define BTS_RECORD 24u
#define PIPE_HEADER 16u

/* Where a record that is known is. */
typedef struct place { uint64_t offset; uint32_t row; bool is_sample; } place;

/* A record that waits for its turn; `time` orders. */
typedef struct waiting { uint64_t time, offset; uint32_t size; } waiting;

struct ptm_dump {
	ptm_session *session;
	uint64_t at, end;        /* of the file */
	PTM_ARRAY(place) places; /* sorted by offset */
	PTM_ARRAY(waiting) queue; /* sorted by time from `head` on, equal times as in the file */
	uint32_t head;
	uint64_t limit;          /* the end of a round lets out what is up to here: the newest time at the one before */
	uint64_t newest;
	bool draining;
	bool described;          /* an event was described: always, but at the start of a pipe */
	uint64_t aux_start, aux_at, aux_end; /* AUX data at work */
	uint8_t block_item;
	bool is_piped;
};

/* ---------------------------------------------------------------- set up */

static int compare_places(const void *left, const void *right)
{
	const place *a = left, *b = right;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static ptm_status index_places(ptm_dump *dump)
{
	const ptm_trace_file *file = &dump->session->file;

	for (uint32_t row = 0; row < file->records.length; row++)
		PTM_TRY(ptm_array_push(&dump->places, ((place){ file->records.at[row].file_offset, row, false })));
	for (uint32_t row = 0; row < file->samples.length; row++)
		PTM_TRY(ptm_array_push(&dump->places, ((place){ file->samples.at[row].file_offset, row, true })));
	if (dump->places.length)
		qsort(dump->places.at, dump->places.length, sizeof *dump->places.at, compare_places);
	return PTM_OK;
}

ptm_status ptm_dump_new(ptm_session *session, ptm_dump **made)
{
	const ptm_trace_file *file = &session->file;

	if (file->volumes.length)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "-D: compressed files and directories are not dumped yet; \"ptarmigan packets\" prints their AUX data.");
	if (!file->attrs.length)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "-D: this is no perf.data; \"ptarmigan packets\" prints raw streams.");
	ptm_dump *dump = *made = calloc(1, sizeof *dump);
	if (!dump)
		return PTM_NO_MEMORY;
	dump->session = session;
	dump->at = file->data_offset;
	dump->end = file->data_offset + file->data_size;
	dump->is_piped = file->data_offset == PIPE_HEADER;
	dump->described = !dump->is_piped;
	return index_places(dump);
}

void ptm_dump_free(ptm_dump *dump)
{
	if (!dump)
		return;
	ptm_array_free(&dump->places);
	ptm_array_free(&dump->queue);
	free(dump);
}

static const place *find_place(const ptm_dump *dump, uint64_t offset)
{
	uint32_t low = 0, high = dump->places.length;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (dump->places.at[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < dump->places.length && dump->places.at[low].offset == offset ? &dump->places.at[low] : NULL;
}

/* ------------------------------------------------------------ one record */

static void put_hex_bytes(ptm_script *script, const uint8_t *bytes, uint32_t count)
{
	char text[3 * BTS_RECORD];

	for (uint32_t i = 0; i < count; i++) {
		text[3 * i] = ' ';
		text[3 * i + 1] = "0123456789abcdef"[bytes[i] >> 4];
		text[3 * i + 2] = "0123456789abcdef"[bytes[i] & 15];
	}
	ptm_script_put_text(script, text, (size_t)count * 3);
}

/* How many bytes perf counts before a record: the header of a pipe is none. */
static uint64_t told_offset(const ptm_dump *dump, uint64_t offset)
{
	return dump->is_piped ? offset - PIPE_HEADER : offset;
}

static void put_raw(const ptm_dump *dump, ptm_script *script, uint64_t offset, const uint8_t *bytes, uint32_t size)
{
	char letters[HEX_COLUMNS];

	ptm_script_put(script, "\n%#" PRIx64 "@", told_offset(dump, offset));
	const char *name = dump->is_piped ? "pipe" : ptm_strings_get(&script->session->strings, script->options.dump);
	ptm_script_put_text(script, name, strlen(name));
	ptm_script_put(script, " [%#x]: event: %u\n.\n. ... raw event: size %u bytes\n", size, bytes[0] | (uint32_t)bytes[1] << 8, size);
	for (uint32_t at = 0; at < size; at += HEX_COLUMNS) {
		uint32_t count = size - at < HEX_COLUMNS ? size - at : HEX_COLUMNS;
		ptm_script_put(script, ".  %04x: ", at);
		put_hex_bytes(script, bytes + at, count);
		for (uint32_t i = 0; i < HEX_COLUMNS; i++)
			letters[i] = i >= count ? ' ' : isprint(bytes[at + i]) ? (char)bytes[at + i] : '.';
		ptm_script_put(script, "%*s", (int)(3 * (HEX_COLUMNS - count) + 2), "");
		ptm_script_put_text(script, letters, HEX_COLUMNS);
		ptm_script_put_text(script, "\n", 1);
	}
	ptm_script_put_text(script, "\n", 1);
}

static uint64_t fields_of_all(const ptm_trace_file *file)
{
	uint64_t fields = 0;
	for (uint32_t i = 0; i < file->attrs.length; i++)
		fields |= file->attrs.at[i].sample_type;
	return fields;
}

static void put_head(const ptm_dump *dump, ptm_script *script, uint64_t offset, uint32_t type, uint32_t size, uint64_t time, uint32_t cpu)
{
	const ptm_trace_file *file = &dump->session->file;
	uint64_t fields = fields_of_all(file);

	if (type != PTM_RECORD_SAMPLE && (!dump->described || !file->attrs.at[0].sample_id_all)) {
		ptm_script_put(script, "-1 -1 ");
	} else {
		if (fields & PTM_SAMPLE_CPU)
			ptm_script_put(script, "%u ", cpu);
		if (fields & PTM_SAMPLE_TIME)
			ptm_script_put(script, "%" PRIu64 " ", time);
	}
	ptm_script_put(script, "%#" PRIx64 " [%#x]: ", told_offset(dump, offset), size);
	if (type >= 64 || type == PTM_RECORD_SAMPLE)
		ptm_script_put(script, "PERF_RECORD_%s", ptm_dump_type_name(type));
}

/* Whose sample it is, and in which binary. */
static void put_resolved(const ptm_dump *dump, ptm_script *script, const ptm_sample *sample, uint64_t time)
{
	ptm_session *session = dump->session;
	uint32_t space;

	script->space = ptm_spaces_at(session->spaces, sample->pid, time);
	script->kernel_space = ptm_spaces_at(session->spaces, -1, time);
	script->in_kernel = (sample->misc & PTM_MODE_MASK) == PTM_MODE_KERNEL;
	script->only_mode = true;
	const ptm_map *map = ptm_script_map(script, sample->ip, &space);
	script->only_mode = false;
	ptm_script_set_thread(script, ptm_sideband_thread(&session->sideband, sample->pid, sample->tid), time);
	const char *dso = map ? ptm_strings_get(&session->strings, map->name) : "<not found>";
	ptm_script_put(script, " ... thread: %s:%d\n ...... dso: ", script->comm, sample->tid);
	ptm_script_put_text(script, dso, strlen(dso));
	ptm_script_put_text(script, "\n", 1);
}

static void start_data(ptm_dump *dump, ptm_script *script, uint64_t start, uint64_t size)
{
	dump->aux_start = dump->aux_at = start;
	dump->aux_end = size < dump->end - start ? start + size : dump->end;
	dump->block_item = 0;
	ptm_script_put(script, ". ... Intel %s data: size %" PRIu64 " bytes\n", dump->session->file.auxtrace_type == 2 ? "BTS" : "Processor Trace", dump->aux_end - start);
}

/* A sample with its line, and the AUX data that it brought along. */
static ptm_status put_sample(ptm_dump *dump, ptm_script *script, uint32_t row)
{
	ptm_session *session = dump->session;
	const ptm_sample_ref *ref = &session->file.samples.at[row];
	const ptm_attr *attr = &session->file.attrs.at[ref->attr];
	const uint8_t *bytes;
	const char *field;
	ptm_sample sample;

	PTM_TRY(ptm_trace_file_view(&session->file, ref->file_offset, ref->size, &bytes));
	PTM_TRY(ptm_sample_decode(attr, bytes, ref->size, &sample, &field));
	uint64_t aux = sample.aux_size ? ref->file_offset + (uint64_t)(sample.aux - bytes) : 0;
	put_head(dump, script, ref->file_offset, PTM_RECORD_SAMPLE, ref->size, sample.time == PTM_NO_TIME ? 0 : sample.time, (uint32_t)sample.cpu);
	ptm_dump_put_sample(script, &sample, attr, bytes);
	put_resolved(dump, script, &sample, ref->time ? ref->time : UINT64_MAX - 1);
	PTM_TRY(ptm_script_put_sample(script, row));
	if (aux && session->file.auxtrace_type) {
		ptm_script_put_text(script, "\n", 1);
		start_data(dump, script, aux, sample.aux_size);
	}
	return script->status;
}

/* All that perf prints of a record when it handles it. */
static ptm_status put_record(ptm_dump *dump, ptm_script *script, uint64_t offset, uint32_t size)
{
	ptm_trace_file *file = &dump->session->file;
	const uint8_t *bytes;

	PTM_TRY(ptm_trace_file_view(file, offset, size, &bytes));
	ptm_bytes head = ptm_bytes_of(bytes, size);
	uint32_t type = ptm_bytes_u32(&head);
	put_raw(dump, script, offset, bytes, size);
	const place *known = find_place(dump, offset);
	if (type == PTM_RECORD_SAMPLE && known && known->is_sample)
		return put_sample(dump, script, known->row);
	const ptm_record *record = known && !known->is_sample ? &file->records.at[known->row] : NULL;
	put_head(dump, script, offset, type, size, record ? ptm_script_record_time(dump->session, record) : 0, record && record->cpu >= 0 ? (uint32_t)record->cpu : 0);
	if (type >= 64)
		ptm_dump_put_user(script, type, bytes, size);
	else if (record)
		ptm_dump_put_kernel(script, record);
	else
		ptm_script_put(script, "PERF_RECORD_%s: unhandled!\n", ptm_dump_type_name(type));
	dump->described |= type == PTM_RECORD_HEADER_ATTR;
	return script->status;
}

/* -------------------------------------------------------------- AUX data */

/* Of a pipe perf prints what follows on the first 32 bytes of the record. */
static void start_aux(ptm_dump *dump, ptm_script *script, uint64_t offset, uint32_t size, uint64_t payload)
{
	ptm_script_put(script, ".\n");
	start_data(dump, script, offset + (dump->is_piped ? 32 : size), payload);
}

static void put_packet(ptm_dump *dump, ptm_script *script, const uint8_t *at, uint32_t available, uint32_t *size)
{
	char text[PTM_PACKET_TEXT_SIZE];
	ptm_packet packet;

	bool bad = ptm_packet_decode(at, available, dump->block_item, &packet) != PTM_OK;
	*size = bad ? 1 : packet.size;
	if (!bad) {
		dump->block_item = ptm_packet_block_item(dump->block_item, &packet);
		/* perf takes padding as part of the packet before it. */
		while (*size < 8 && *size < available && !at[*size])
			++*size;
	}
	ptm_script_put(script, ".  %08x: ", (uint32_t)(dump->aux_at - dump->aux_start));
	put_hex_bytes(script, at, *size);
	if (*size < HEX_COLUMNS)
		ptm_script_put(script, "%*s", (int)(3 * (HEX_COLUMNS - *size)), "");
	if (bad) {
		ptm_script_put_text(script, " Bad packet!\n", 13);
		return;
	}
	size_t length = ptm_packet_text(&packet, text, sizeof text);
	const char *name = ptm_packet_name(packet.kind);
	ptm_script_put_text(script, " ", 1);
	ptm_script_put_text(script, name, strlen(name));
	ptm_script_put_text(script, " ", length ? 1 : 0);
	ptm_script_put_text(script, text, length);
	ptm_script_put_text(script, "\n", 1);
}

static void put_branch(const ptm_dump *dump, ptm_script *script, const uint8_t *at, uint32_t available, uint32_t *size)
{
	*size = available < BTS_RECORD ? available : BTS_RECORD;
	ptm_script_put(script, ".  %08x: ", (uint32_t)(dump->aux_at - dump->aux_start));
	put_hex_bytes(script, at, *size);
	if (*size < BTS_RECORD) {
		ptm_script_put(script, "%*s Bad record!\n", (int)(3 * (BTS_RECORD - *size)), "");
		return;
	}
	ptm_bytes words = ptm_bytes_of(at, BTS_RECORD);
	uint64_t from = ptm_bytes_u64(&words), to = ptm_bytes_u64(&words), misc = ptm_bytes_u64(&words);
	ptm_script_put(script, " %" PRIx64 " -> %" PRIx64 " %s\n", from, to, misc & 0x10 ? "pred" : "miss");
}

static ptm_status put_aux(ptm_dump *dump, ptm_script *script, uint32_t most)
{
	bool bts = dump->session->file.auxtrace_type == 2;
	const uint8_t *at;

	while (dump->aux_at < dump->aux_end && script->text.length < most) {
		uint64_t left = dump->aux_end - dump->aux_at;
		uint32_t available = left < 32 ? (uint32_t)left : 32, size;
		PTM_TRY(ptm_trace_file_view(&dump->session->file, dump->aux_at, available, &at));
		if (bts)
			put_branch(dump, script, at, available, &size);
		else
			put_packet(dump, script, at, available, &size);
		dump->aux_at += size;
	}
	return script->status;
}

/* ------------------------------------------------------------- the order */

static ptm_status wait_for_turn(ptm_dump *dump, uint64_t time, uint64_t offset, uint32_t size)
{
	PTM_TRY(ptm_array_push(&dump->queue, ((waiting){ time, offset, size })));
	for (uint32_t i = dump->queue.length - 1; i > dump->head && dump->queue.at[i - 1].time > time; i--) {
		waiting swapped = dump->queue.at[i];
		dump->queue.at[i] = dump->queue.at[i - 1];
		dump->queue.at[i - 1] = swapped;
	}
	if (time > dump->newest)
		dump->newest = time;
	return PTM_OK;
}

/* Lets the next record out that may go; PTM_END: none may. */
static ptm_status let_out(ptm_dump *dump, ptm_script *script)
{
	if (dump->head == dump->queue.length || dump->queue.at[dump->head].time > dump->limit) {
		uint32_t left = dump->queue.length - dump->head;
		if (left)
			memmove(dump->queue.at, dump->queue.at + dump->head, left * sizeof *dump->queue.at);
		dump->queue.length = left;
		dump->head = 0;
		return PTM_END;
	}
	waiting next = dump->queue.at[dump->head++];
	return put_record(dump, script, next.offset, next.size);
}

/* Time that perf orders the record by; 0: it is handled at once. */
static uint64_t time_of(const ptm_dump *dump, uint32_t type, uint64_t offset)
{
	const place *known = type < 64 ? find_place(dump, offset) : NULL;
	if (!known)
		return 0;
	uint64_t time = known->is_sample ? dump->session->file.samples.at[known->row].time : dump->session->file.records.at[known->row].time;
	return time == PTM_NO_TIME ? 0 : time;
}

/* Reads the next record of the file; PTM_END at its end, or where it does not go on. */
static ptm_status take_record(ptm_dump *dump, ptm_script *script)
{
	enum { AUX_SIZE_AT = 8 };
	const uint8_t *bytes;
	uint64_t offset = dump->at, payload = 0;

	if (dump->end - offset < HEADER_BYTES || ptm_trace_file_view(&dump->session->file, offset, HEADER_BYTES, &bytes) != PTM_OK)
		return PTM_END;
	ptm_bytes head = ptm_bytes_of(bytes, HEADER_BYTES);
	uint32_t type = ptm_bytes_u32(&head);
	ptm_bytes_skip(&head, 2);
	uint32_t size = ptm_bytes_u16(&head);
	if (size < HEADER_BYTES || size > dump->end - offset)
		return PTM_END;
	if (type == PTM_RECORD_AUXTRACE || type == PTM_RECORD_HEADER_TRACING_DATA) {
		if (size < AUX_SIZE_AT + 8 || ptm_trace_file_view(&dump->session->file, offset, AUX_SIZE_AT + 8, &bytes) != PTM_OK)
			return PTM_END;
		ptm_bytes words = ptm_bytes_of(bytes + AUX_SIZE_AT, 8);
		payload = type == PTM_RECORD_AUXTRACE ? ptm_bytes_u64(&words) : ptm_bytes_u32(&words);
	}
	dump->at = payload > dump->end - offset - size ? dump->end : offset + size + payload;
	uint64_t time = time_of(dump, type, offset);
	if (time)
		return wait_for_turn(dump, time, offset, size);
	PTM_TRY(put_record(dump, script, offset, size));
	dump->draining = type == PTM_RECORD_FINISHED_ROUND;
	if (type == PTM_RECORD_AUXTRACE)
		start_aux(dump, script, offset, size, payload);
	return script->status;
}

static ptm_status step(ptm_dump *dump, ptm_script *script, uint32_t most)
{
	if (dump->aux_at < dump->aux_end)
		return put_aux(dump, script, most);
	if (dump->draining) {
		ptm_status status = let_out(dump, script);
		if (status != PTM_END)
			return status;
		dump->draining = false;
		if (dump->limit == UINT64_MAX)
			return PTM_END;
		dump->limit = dump->newest;
		return PTM_OK;
	}
	ptm_status status = dump->at < dump->end ? take_record(dump, script) : PTM_END;
	if (status != PTM_END)
		return status;
	/* The end of the file lets everything out. */
	dump->at = dump->end;
	dump->limit = UINT64_MAX;
	dump->draining = true;
	return PTM_OK;
}

ptm_status ptm_dump_run(ptm_dump *dump, ptm_script *script, uint32_t most)
{
	while (script->text.length < most) {
		ptm_status status = step(dump, script, most);
		if (status != PTM_OK)
			return status;
		PTM_TRY(script->status);
	}
	return PTM_MORE;
}
