/* SPDX-License-Identifier: Apache-2.0 */
/* Table `packets`: the raw packets of a queue, with the instructions they decide. */
#include "api/session.h"
#include "base/bytes.h"
#include "pt/packet_text.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* A row holds the bytes of a packet or a record. */
#define MOST_BYTES 24u
#define MOST_ROWS 16384u

typedef struct listing {
	ptm_session *session;
	ptm_table *table;
	uint32_t queue, count;
	uint64_t ordinal;        /* of the next packet */
	uint64_t first;          /* first ordinal or offset wanted */
	bool by_offset;
	ptm_replay replay;       /* its flow tells which instructions a packet decides */
	ptm_item item;           /* the flow's next visit */
	bool flow_ended;
	ptm_clock clock;
} listing;

/* Moves the flow to the first visit decided at or after `offset`. */
static ptm_status follow(listing *list, uint64_t offset)
{
	while (!list->flow_ended && (list->item.kind != PTM_ITEM_VISIT || list->item.offset < offset)) {
		if (list->item.kind == PTM_ITEM_VISIT)
			list->replay.instruction += list->item.instructions;
		ptm_status status = ptm_flow_next(list->replay.flow, &list->item);
		if (status == PTM_END) {
			list->flow_ended = true;
			return PTM_OK;
		}
		PTM_TRY(status);
	}
	return PTM_OK;
}

/* Thread and ordinal of the first instruction that the packet decides. */
static void put_link(listing *list, uint32_t row, uint64_t offset)
{
	const ptm_ordinals *ordinals = &list->session->ordinals;
	ptm_table_set_f64(list->table, PTM_packets_first_ordinal, row, NAN);
	if (list->flow_ended || list->item.offset != offset)
		return;
	uint32_t run = ptm_ordinals_run_in_queue(ordinals, list->queue, list->replay.instruction);
	if (run == UINT32_MAX)
		return;
	ptm_table_set_u32(list->table, PTM_packets_thread, row, ordinals->runs.at[run].thread);
	ptm_table_set_f64(list->table, PTM_packets_first_ordinal, row,
		(double)(ordinals->thread_first.at[run] + (list->replay.instruction - ordinals->runs.at[run].first_instruction)));
}

static ptm_status put_bytes(listing *list, uint32_t row, uint64_t offset, uint32_t size)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[MOST_BYTES];
	char text[MOST_BYTES * 3];
	ptm_flow_config config;
	uint32_t length = 0;

	ptm_stream_config(&list->replay.stream, &config);
	PTM_TRY(config.source == PTM_SOURCE_BTS ? config.bts.read(config.bts.host, offset, bytes, &size)
						: config.pt.input.read(config.pt.input.context, offset, bytes, &size));
	for (uint32_t i = 0; i < size; i++) {
		if (i)
			text[length++] = ' ';
		text[length++] = digits[bytes[i] >> 4];
		text[length++] = digits[bytes[i] & 15];
	}
	return ptm_table_set_text(list->table, PTM_packets_bytes, row, text, length);
}

/* A row that any source has: texts, bytes, thread, the first instruction it decides. */
static ptm_status put_common(listing *list, const char *name, const char *text, size_t length, uint64_t offset, uint8_t size, uint32_t thread, uint32_t *made)
{
	ptm_table *table = list->table;
	uint32_t row;

	PTM_TRY(follow(list, offset));
	PTM_TRY(ptm_table_add_row(table, made));
	row = *made;
	ptm_table_set_f64(table, PTM_packets_ordinal, row, (double)list->ordinal);
	ptm_table_set_f64(table, PTM_packets_offset, row, (double)offset);
	ptm_table_set_u8(table, PTM_packets_size, row, size);
	PTM_TRY(ptm_table_set_text(table, PTM_packets_name, row, name, strlen(name)));
	PTM_TRY(ptm_table_set_text(table, PTM_packets_text, row, text, length));
	PTM_TRY(put_bytes(list, row, offset, size));
	ptm_table_set_u32(table, PTM_packets_thread, row, thread);
	put_link(list, row, offset);
	list->count--;
	return PTM_OK;
}

static ptm_status put_row(listing *list, const ptm_packet *packet, uint64_t offset)
{
	ptm_session *session = list->session;
	ptm_flow_context context;
	char text[128];
	uint32_t row;

	ptm_stream_context(&list->replay.stream, list->clock.tsc, &context);
	size_t length = ptm_packet_text(packet, text, sizeof text);
	PTM_TRY(put_common(list, ptm_packet_name(packet->kind), text, length < sizeof text ? length : sizeof text - 1,
		offset, packet->size, context.thread, &row));
	ptm_table_set_u8(list->table, PTM_packets_kind, row, packet->kind);
	ptm_table_set_u64(list->table, PTM_packets_payload, row, packet->payload);
	ptm_table_set_f64(list->table, PTM_packets_time_ns, row, list->clock.tsc ? ptm_relative_ns(session, ptm_time_ns(&session->time, list->clock.tsc)) : NAN);
	return PTM_OK;
}

/* One branch record, or the rest of a span that is none. */
static ptm_status put_record(listing *list, const ptm_bts_span *span, uint64_t offset)
{
	bool whole = offset < span->end;
	uint8_t size = (uint8_t)(whole ? PTM_BTS_RECORD : span->next - span->end), bytes[PTM_BTS_RECORD] = { 0 };
	uint32_t length = size, row;
	ptm_flow_config config;
	char text[80];

	ptm_stream_config(&list->replay.stream, &config);
	PTM_TRY(config.bts.read(config.bts.host, offset, bytes, &length));
	ptm_bytes words = ptm_bytes_of(bytes, sizeof bytes);
	uint64_t from = ptm_bytes_u64(&words), to = ptm_bytes_u64(&words), misc = ptm_bytes_u64(&words);
	int text_length = whole ? snprintf(text, sizeof text, "%" PRIx64 " -> %" PRIx64 " %s", from, to, misc & PTM_BTS_PREDICTED ? "pred" : "miss")
				: snprintf(text, sizeof text, "%u bytes: a record cut short", size);
	PTM_TRY(put_common(list, whole ? "BRANCH" : "BAD", text, (size_t)text_length, offset, size, span->thread, &row));
	ptm_table_set_u64(list->table, PTM_packets_payload, row, to);
	ptm_table_set_f64(list->table, PTM_packets_time_ns, row, NAN);
	return PTM_OK;
}

/* Walks the records from the checkpoint on and puts those wanted. */
static ptm_status put_records(listing *list)
{
	uint64_t offset = list->replay.offset;
	ptm_bts_span span;

	while (list->count) {
		ptm_status status = ptm_bts_spans_find(&list->replay.stream, offset, &span);
		if (status != PTM_OK)
			return status == PTM_END ? PTM_OK : status;
		if (offset < span.start)
			offset = span.start;
		/* Records are all of one size: those before the first wanted need no look. */
		uint64_t left = (span.end - offset) / PTM_BTS_RECORD, skipped = 0;
		if (list->by_offset ? list->first > offset : list->first > list->ordinal)
			skipped = list->by_offset ? (list->first - offset) / PTM_BTS_RECORD : list->first - list->ordinal;
		if (skipped > left)
			skipped = left;
		list->ordinal += skipped;
		for (offset += skipped * PTM_BTS_RECORD; offset < span.end && list->count; offset += PTM_BTS_RECORD, list->ordinal++)
			PTM_TRY(put_record(list, &span, offset));
		if (list->count && span.next > span.end && (list->by_offset ? list->first < span.next : list->first <= list->ordinal))
			PTM_TRY(put_record(list, &span, span.end));
		offset = span.next;
	}
	return PTM_OK;
}

/* Walks the packets from the checkpoint on and puts those wanted. */
static ptm_status put_packets(listing *list)
{
	ptm_flow_config config;
	ptm_pt_reader reader;
	ptm_packet packet;
	uint8_t before = PTM_PACKET_PAD;
	ptm_status status = PTM_OK;

	ptm_stream_config(&list->replay.stream, &config);
	ptm_pt_reader_init(&reader, &config.pt.input, list->replay.offset, config.pt.input.size);
	if (!list->replay.offset)
		status = ptm_pt_reader_sync(&reader);
	while (status == PTM_OK && list->count) {
		uint64_t offset = reader.offset;
		status = ptm_pt_reader_next(&reader, &packet);
		if (status == PTM_TRUNCATED) {
			ptm_clock_restart(&list->clock, reader.reference);
			status = ptm_pt_reader_sync(&reader);
			continue;
		}
		if (status == PTM_BAD_DATA) {
			ptm_pt_reader_skip(&reader);
			packet = (ptm_packet){ .kind = PTM_PACKET_BAD, .size = (uint8_t)(reader.offset - offset) };
			status = PTM_OK;
		}
		if (status != PTM_OK)
			break;
		ptm_pt_flow_time(&list->clock, &reader, &packet, before);
		if (packet.kind != PTM_PACKET_PAD)
			before = packet.kind;
		if ((list->by_offset ? offset + packet.size > list->first : list->ordinal >= list->first))
			status = put_row(list, &packet, offset);
		list->ordinal++;
	}
	ptm_pt_reader_free(&reader);
	return status == PTM_END ? PTM_OK : status;
}

ptm_status ptm_query_packets(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	listing list = { .session = session, .table = table, .queue = request->queue,
		.count = request->count < MOST_ROWS ? request->count : MOST_ROWS,
		.first = request->first > 0 ? (uint64_t)request->first : 0, .by_offset = request->flags & 1 };
	const ptm_checkpoint *from;

	if (list.queue >= session->file.queues.length)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "There is no AUX stream %u: the trace has %u.", list.queue, session->file.queues.length);
	if (session->flow_source == PTM_SOURCE_LBR)
		return PTM_OK; /* samples are no packets */
	PTM_TRY(ptm_ordinals_refresh(session));
	if (request->flags & 2) {
		from = ptm_checkpoint_by_time(session, list.queue, ptm_absolute_ns(session, request->start_ns));
		list.first = from ? from->packet : 0;
	} else {
		from = list.by_offset ? ptm_checkpoint_by_offset(session, list.queue, list.first)
				      : ptm_checkpoint_by_packet(session, list.queue, list.first);
	}
	ptm_status status = ptm_replay_start(session, list.queue, from, &list.replay);
	if (status == PTM_OK) {
		list.clock = list.replay.clock;
		list.ordinal = list.replay.packet;
		list.item.kind = PTM_ITEM_SWITCH;
		status = session->flow_source == PTM_SOURCE_BTS ? put_records(&list) : put_packets(&list);
	}
	ptm_replay_free(&list.replay);
	return status;
}
