/* SPDX-License-Identifier: Apache-2.0 */
#include "api/dump_order.h"
#include "api/script_dump.h"
#include "base/bytes.h"
#include "pt/packet_text.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#define HEX_COLUMNS 16u
#define BTS_RECORD 24u
#define PIPE_HEADER 16u

struct ptm_dump {
	ptm_session *session;
	ptm_dump_order *order;
	bool described;          /* an event was described: always, but at the start of a pipe */
	uint64_t aux_start, aux_at, aux_end; /* AUX data at work */
	uint8_t block_item;
	bool is_piped;
};

ptm_status ptm_dump_new(ptm_session *session, const ptm_script_options *options, ptm_dump **made)
{
	const ptm_trace_file *file = &session->file;

	if (!file->attrs.length)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "-D: this is no perf.data; \"ptarmigan packets\" prints raw streams.");
	if (options->show_rounds && file->has_auxtrace)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "%s requires ordered events", file->auxtrace_type == 2 ? "Intel BTS" : "Intel Processor Trace");
	ptm_dump *dump = *made = calloc(1, sizeof *dump);
	if (!dump)
		return PTM_NO_MEMORY;
	dump->session = session;
	dump->is_piped = file->data_offset == PIPE_HEADER;
	dump->described = !dump->is_piped;
	return ptm_dump_order_new(session, options->dump_unsorted || options->show_rounds, &dump->order);
}

void ptm_dump_free(ptm_dump *dump)
{
	if (!dump)
		return;
	ptm_dump_order_free(dump->order);
	free(dump);
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
static uint64_t told_offset(const ptm_dump *dump, const ptm_dump_record *record)
{
	return dump->is_piped ? record->told - PIPE_HEADER : record->told;
}

/* The name of the file that the record stands in; files of a directory lie beside the first. */
static void put_name(const ptm_dump *dump, ptm_script *script, uint32_t volume)
{
	const char *name = dump->is_piped ? "pipe" : ptm_strings_get(&script->session->strings, script->options.dump);
	const char *last = volume ? strrchr(name, '/') : NULL;

	ptm_script_put_text(script, name, last ? (size_t)(last + 1 - name) : volume ? 0 : strlen(name));
	if (!volume)
		return;
	name = ptm_strings_get(&script->session->strings, script->session->file.volumes.at[volume - 1].name);
	ptm_script_put_text(script, name, strlen(name));
}

static void put_raw(const ptm_dump *dump, ptm_script *script, const ptm_dump_record *record, const uint8_t *bytes)
{
	uint32_t size = record->size;
	char letters[HEX_COLUMNS];

	ptm_script_put(script, "\n%#" PRIx64 "@", told_offset(dump, record));
	put_name(dump, script, record->volume);
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

static void put_head(const ptm_dump *dump, ptm_script *script, const ptm_dump_record *record, uint64_t time, uint32_t cpu)
{
	const ptm_trace_file *file = &dump->session->file;
	uint64_t fields = fields_of_all(file);

	if (record->type != PTM_RECORD_SAMPLE && (!dump->described || !file->attrs.at[0].sample_id_all)) {
		ptm_script_put(script, "-1 -1 ");
	} else {
		if (fields & PTM_SAMPLE_CPU)
			ptm_script_put(script, "%u ", cpu);
		if (fields & PTM_SAMPLE_TIME)
			ptm_script_put(script, "%" PRIu64 " ", time);
	}
	ptm_script_put(script, "%#" PRIx64 " [%#x]: ", told_offset(dump, record), record->size);
	if (record->type >= PTM_RECORD_HEADER_ATTR || record->type == PTM_RECORD_SAMPLE)
		ptm_script_put(script, "PERF_RECORD_%s", ptm_dump_type_name(record->type));
}

void ptm_dump_put_where(ptm_script *script, const ptm_sample *sample, uint64_t time)
{
	ptm_session *session = script->session;
	uint32_t space;

	script->only_mode = true;
	const ptm_map *map = ptm_script_map(script, sample->ip, &space);
	script->only_mode = false;
	uint32_t thread = ptm_sideband_thread(&session->sideband, sample->pid, sample->tid);
	ptm_script_set_thread(script, thread, time);
	if (ptm_script_is_forgotten(script, thread))
		snprintf(script->comm, sizeof script->comm, ":%d", sample->tid);
	const char *dso = map ? ptm_strings_get(&session->strings, map->name) : "<not found>";
	ptm_script_put(script, " ... thread: %s:%d\n ...... dso: ", script->comm, sample->tid);
	ptm_script_put_text(script, dso, strlen(dso));
	ptm_script_put_text(script, "\n", 1);
}

static void start_data(ptm_dump *dump, ptm_script *script, uint64_t start, uint64_t size)
{
	uint64_t end = ptm_trace_file_volume_end(&dump->session->file, start);

	dump->aux_start = dump->aux_at = start;
	dump->aux_end = size < end - start ? start + size : end;
	dump->block_item = 0;
	ptm_script_put(script, ". ... Intel %s data: size %" PRIu64 " bytes\n", dump->session->file.auxtrace_type == 2 ? "BTS" : "Processor Trace", dump->aux_end - start);
}

/* A sample with its line, and the AUX data that it brought along. */
static ptm_status put_sample(ptm_dump *dump, ptm_script *script, const ptm_dump_record *record, uint32_t row)
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
	put_head(dump, script, record, sample.time == PTM_NO_TIME ? 0 : sample.time, (uint32_t)sample.cpu);
	ptm_dump_put_sample(script, &sample, attr);
	script->tells_where = true;
	PTM_TRY(ptm_script_put_sample(script, row));
	if (aux && session->file.auxtrace_type && !script->options.not_decoded) {
		ptm_script_put_text(script, "\n", 1);
		start_data(dump, script, aux, sample.aux_size);
	}
	return script->status;
}

/* All that perf prints of a record when it handles it. */
static ptm_status put_record(ptm_dump *dump, ptm_script *script, const ptm_dump_record *at)
{
	ptm_trace_file *file = &dump->session->file;
	const ptm_dump_place *known = ptm_dump_order_find(dump->order, at->offset);
	const uint8_t *bytes;

	PTM_TRY(ptm_trace_file_view(file, at->offset, at->size, &bytes));
	put_raw(dump, script, at, bytes);
	if (at->type == PTM_RECORD_SAMPLE && known && known->is_sample)
		return put_sample(dump, script, at, known->row);
	const ptm_record *record = known && !known->is_sample ? &file->records.at[known->row] : NULL;
	put_head(dump, script, at, record ? ptm_script_record_time(dump->session, record) : 0, record && record->cpu >= 0 ? (uint32_t)record->cpu : 0);
	if (at->type >= PTM_RECORD_HEADER_ATTR) {
		ptm_dump_put_user(script, at->type, bytes, at->size);
	} else if (record) {
		ptm_dump_put_kernel(script, record);
	} else {
		ptm_script_put(script, "PERF_RECORD_%s: unhandled!\n", ptm_dump_type_name(at->type));
	}
	dump->described |= at->type == PTM_RECORD_HEADER_ATTR;
	return script->status;
}

/* The row of a record alone, if it has one. */
static ptm_status put_row(const ptm_dump *dump, ptm_script *script, const ptm_dump_record *at)
{
	const ptm_dump_place *known = ptm_dump_order_find(dump->order, at->offset);

	if (at->type == PTM_RECORD_FINISHED_ROUND)
		ptm_script_put(script, PTM_ROUND_ROW);
	else if (known && known->is_sample)
		PTM_TRY(ptm_script_put_sample(script, known->row));
	else if (known)
		ptm_script_put_record(script, &dump->session->file.records.at[known->row]);
	return script->status;
}

/* -------------------------------------------------------------- AUX data */

static void start_aux(ptm_dump *dump, ptm_script *script, const ptm_dump_record *record)
{
	if (script->options.not_decoded)
		return;
	ptm_script_put(script, ".\n");
	start_data(dump, script, record->offset + record->size, record->payload);
}

static void put_packet(ptm_dump *dump, ptm_script *script, const uint8_t *at, uint32_t available, uint32_t *size)
{
	char text[PTM_PACKET_TEXT_SIZE];
	ptm_packet packet;

	bool bad = ptm_packet_decode_as_perf(at, available, dump->block_item, &packet) != PTM_OK;
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

/* ------------------------------------------------------------------ all */

static ptm_status step(ptm_dump *dump, ptm_script *script, uint32_t most)
{
	ptm_dump_record record;

	if (dump->aux_at < dump->aux_end)
		return put_aux(dump, script, most);
	PTM_TRY(ptm_dump_order_next(dump->order, &record));
	if (!script->options.dump)
		return put_row(dump, script, &record);
	PTM_TRY(put_record(dump, script, &record));
	if (record.type == PTM_RECORD_AUXTRACE)
		start_aux(dump, script, &record);
	return script->status;
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
