/* SPDX-License-Identifier: Apache-2.0 */
/* Table `cut_addresses`: every place in a cut's bytes that holds an address, so
 * that all of them can be replaced. First the maps, then samples, then PT packets
 * or BTS records, in the order of each queue. Of an IP of two bytes there is no
 * row: who moves code by multiples of 64 KiB leaves these as they are. */
#include "api/cut.h"
#include "pt/last_ip.h"

/* Offsets in MMAP, MMAP2 and SAMPLE records: perf_event_open(2). */
#define MAP_ADDRESS 16
#define MAP_PAGE_OFFSET 32
#define SAMPLE_BODY 8
#define BRANCH_BYTES 24

/* Marks in call chains (PERF_CONTEXT_*), and -1 for "unknown": no addresses. */
#define FIRST_MARK ((uint64_t)-4095)
#define FIRST_KERNEL (UINT64_C(1) << 63)
#define DEFAULT_ROWS 65536u

enum { MAPS, SAMPLES, AUX, DONE };

struct ptm_address_walk {
	uint64_t rows;           /* told so far */
	uint32_t phase, row;     /* row: of records, samples, queues */
	bool reading;            /* in queue `row`: */
	ptm_stream stream;       /* BTS */
	ptm_cut_input input;     /* PT */
	ptm_pt_reader reader;
	uint64_t last_ip;
	uint32_t chunk;          /* of the queue: the one that holds what was told last, */
	uint64_t chunk_start;    /* and its place in the stream */
	uint64_t offset;         /* BTS: of the next record */
};

typedef struct listing {
	ptm_session *session;
	ptm_cut *cut;
	struct ptm_address_walk *walk;
	ptm_table *table;
	uint64_t rows;           /* in it */
} listing;

void ptm_address_walk_free(ptm_cut *cut)
{
	if (!cut->addresses)
		return;
	ptm_pt_reader_free(&cut->addresses->reader);
	free(cut->addresses);
	cut->addresses = NULL;
}

typedef struct place { enum ptm_address_kind kind; uint64_t file_offset, value, length; uint8_t size, skip; } place;

static ptm_status put(listing *list, place at)
{
	ptm_table *table = list->table;
	uint32_t row;

	PTM_TRY(ptm_table_add_row(table, &row));
	list->rows++;
	ptm_table_set_u8(table, PTM_cut_addresses_kind, row, (uint8_t)at.kind);
	ptm_table_set_f64(table, PTM_cut_addresses_file_offset, row, (double)at.file_offset);
	ptm_table_set_u8(table, PTM_cut_addresses_size, row, at.size);
	ptm_table_set_u8(table, PTM_cut_addresses_skip, row, at.skip);
	ptm_table_set_u64(table, PTM_cut_addresses_value, row, at.value);
	ptm_table_set_f64(table, PTM_cut_addresses_length, row, (double)at.length);
	return PTM_OK;
}

static ptm_status put_word(listing *list, uint64_t file_offset, uint64_t value)
{
	return value >= FIRST_MARK ? PTM_OK : put(list, (place){ PTM_ADDRESS_PLAIN, file_offset, value, 0, 8, 0 });
}

/* ------------------------------------------------------------------- records */

static ptm_status put_map(listing *list, const ptm_record *record)
{
	const uint8_t *bytes;
	uint64_t at = record->file_offset, page_offset;
	enum ptm_address_kind kind = record->as.map.executable ? PTM_ADDRESS_CODE_MAP : PTM_ADDRESS_DATA_MAP;

	PTM_TRY(put(list, (place){ kind, at + MAP_ADDRESS, record->as.map.address, record->as.map.length, 8, 0 }));
	if (!record->as.map.kernel)
		return PTM_OK;
	/* Of the kernel's own map this is the address of a symbol. */
	PTM_TRY(ptm_trace_file_view(&list->session->file, at + MAP_PAGE_OFFSET, 8, &bytes));
	memcpy(&page_offset, bytes, sizeof page_offset);
	return page_offset >= FIRST_KERNEL ? put_word(list, at + MAP_PAGE_OFFSET, page_offset) : PTM_OK;
}

static ptm_status put_words(listing *list, const ptm_words *words, uint32_t first, uint32_t step, uint64_t file_offset)
{
	for (uint32_t i = first; i < words->count; i += step)
		PTM_TRY(put_word(list, file_offset + (uint64_t)i * 8, ptm_words_get(words, i)));
	return PTM_OK;
}

/* What cannot be told from addresses, or holds too many of them to find. */
#define OPAQUE (PTM_SAMPLE_REGS_USER | PTM_SAMPLE_STACK_USER | PTM_SAMPLE_REGS_INTR | PTM_SAMPLE_PHYS_ADDR | PTM_SAMPLE_AUX)

static ptm_status put_sample(listing *list, const ptm_sample_ref *ref)
{
	const ptm_attr *attr = &list->session->file.attrs.at[ref->attr];
	uint64_t type = attr->sample_type, at = ref->file_offset, body = at + SAMPLE_BODY + (type & PTM_SAMPLE_IDENTIFIER ? 8 : 0);
	const uint8_t *bytes;
	const char *field;
	ptm_sample sample;

	if (type & OPAQUE)
		return ptm_message_set(&list->session->message, PTM_BAD_REQUEST,
			"The samples of this trace hold registers, copies of stacks, physical addresses or trace data, whose addresses cannot be found and replaced one by one.");
	if (type & PTM_SAMPLE_RAW)
		return PTM_OK; /* such samples are not shared */
	PTM_TRY(ptm_trace_file_view(&list->session->file, at, ref->size, &bytes));
	PTM_TRY(ptm_sample_decode(attr, bytes, ref->size, &sample, &field));
	if (type & PTM_SAMPLE_IP)
		PTM_TRY(put_word(list, body, sample.ip));
	body += (type & PTM_SAMPLE_IP ? 8 : 0) + (type & PTM_SAMPLE_TID ? 8 : 0) + (type & PTM_SAMPLE_TIME ? 8 : 0);
	if (type & PTM_SAMPLE_ADDR)
		PTM_TRY(put_word(list, body, sample.addr));
	if (sample.callchain.count)
		PTM_TRY(put_words(list, &sample.callchain, 0, 1, at + (uint64_t)(sample.callchain.at - bytes)));
	if (!sample.branches.count)
		return PTM_OK;
	uint64_t stack = at + (uint64_t)(sample.branches.at - bytes);
	PTM_TRY(put_words(list, &sample.branches, 0, BRANCH_BYTES / 8, stack));
	return put_words(list, &sample.branches, 1, BRANCH_BYTES / 8, stack);
}

/* ----------------------------------------------------------------------- AUX */

/* Puts what lies at [offset, offset + length) of the queue's stream: a row for
 * each AUXTRACE record that holds a part of it. */
static ptm_status put_in_stream(listing *list, enum ptm_address_kind kind, uint64_t offset, uint64_t length, uint64_t value)
{
	const ptm_trace_file *file = &list->session->file;
	struct ptm_address_walk *walk = list->walk;
	const ptm_queue *queue = &file->queues.at[walk->row];
	uint64_t done = 0;

	while (done < length && walk->chunk < queue->chunk_count) {
		const ptm_aux_chunk *chunk = &file->chunks.at[queue->first_chunk + walk->chunk];
		uint64_t within = offset + done - walk->chunk_start;
		if (within >= chunk->size) {
			walk->chunk_start += chunk->size;
			walk->chunk++;
			continue;
		}
		uint64_t here = length - done < chunk->size - within ? length - done : chunk->size - within;
		bool opaque = kind == PTM_ADDRESS_OPAQUE;
		PTM_TRY(put(list, (place){ kind, chunk->file_offset + within, value, opaque ? here : 0,
			opaque ? 0 : (uint8_t)here, opaque ? 0 : (uint8_t)done }));
		done += here;
	}
	return PTM_OK;
}

/* Bytes that are no packet, up to the next PSB. */
static ptm_status put_damage(listing *list)
{
	ptm_pt_reader *reader = &list->walk->reader;
	uint64_t from = reader->offset;
	ptm_status status = ptm_pt_reader_sync(reader);

	if (status != PTM_OK && status != PTM_END)
		return status;
	return put_in_stream(list, PTM_ADDRESS_OPAQUE, from, reader->offset - from, 0);
}

static ptm_status put_packet(listing *list, const ptm_packet *packet)
{
	static const uint8_t ip_bytes[] = { 0, 2, 4, 6, 6, 0, 8, 0 };
	struct ptm_address_walk *walk = list->walk;
	uint64_t start = walk->reader.offset - packet->size;

	switch (packet->kind) {
	case PTM_PACKET_PSB:
		walk->last_ip = 0;
		return PTM_OK;
	case PTM_PACKET_TIP: case PTM_PACKET_TIP_PGE: case PTM_PACKET_TIP_PGD: case PTM_PACKET_FUP:
		walk->last_ip = ptm_last_ip_update(walk->last_ip, packet);
		if (packet->count < 2)
			return PTM_OK;
		return put_in_stream(list, PTM_ADDRESS_PLAIN, start + 1, ip_bytes[packet->count & 7], walk->last_ip);
	case PTM_PACKET_EVD:
		return put_in_stream(list, PTM_ADDRESS_PLAIN, start + packet->size - 8, 8, packet->payload);
	case PTM_PACKET_PTWRITE: case PTM_PACKET_BIP:
		return ptm_message_set(&list->session->message, PTM_BAD_REQUEST,
			"This trace holds values that the program or the CPU wrote into it (%s), and some of them may be addresses.",
			packet->kind == PTM_PACKET_BIP ? "PEBS" : "PTWRITE");
	default:
		return PTM_OK;
	}
}

static ptm_status walk_packets(listing *list, uint64_t until)
{
	struct ptm_address_walk *walk = list->walk;
	ptm_packet packet;

	while (list->rows < until) {
		ptm_status status = ptm_pt_reader_next(&walk->reader, &packet);
		if (status == PTM_BAD_DATA || status == PTM_TRUNCATED) {
			PTM_TRY(put_damage(list));
			continue;
		}
		PTM_TRY(status);
		PTM_TRY(put_packet(list, &packet));
	}
	return PTM_OK;
}

static ptm_status start_packets(listing *list, const ptm_cut_queue *piece)
{
	struct ptm_address_walk *walk = list->walk;
	ptm_flow_config config;

	ptm_cut_input_open(list->session, list->cut, walk->row, 0, piece->limit, &walk->input, &config);
	ptm_pt_reader_free(&walk->reader);
	ptm_pt_reader_init(&walk->reader, &config.pt.input, piece->from, piece->limit);
	walk->last_ip = 0;
	return put_damage(list);
}

static ptm_status walk_bts(listing *list, const ptm_cut_queue *piece, uint64_t until)
{
	struct ptm_address_walk *walk = list->walk;
	ptm_bts_span span;

	while (list->rows < until) {
		if (walk->offset >= piece->limit)
			return PTM_END;
		ptm_status status = ptm_bts_spans_find(&walk->stream, walk->offset, &span);
		uint64_t from = status == PTM_OK && span.start < piece->limit ? span.start : piece->limit;
		if (status != PTM_OK && status != PTM_END)
			return status;
		if (status == PTM_OK && walk->offset >= span.start && !ptm_cut_wants(list->cut, span.thread)) {
			walk->offset = span.next; /* it is written over */
			continue;
		}
		if (walk->offset < from || (status == PTM_OK && walk->offset >= span.end)) {
			uint64_t end = walk->offset < from ? from : span.next < piece->limit ? span.next : piece->limit;
			PTM_TRY(put_in_stream(list, PTM_ADDRESS_OPAQUE, walk->offset, end - walk->offset, 0));
			walk->offset = end;
			continue;
		}
		uint64_t words[PTM_BTS_RECORD / 8];
		uint32_t length = sizeof words;
		ptm_flow_config config;
		ptm_stream_config(&walk->stream, &config);
		PTM_TRY(config.bts.read(config.bts.host, walk->offset, (uint8_t *)words, &length));
		for (uint32_t i = 0; i < 2; i++)
			if (words[i] < FIRST_MARK)
				PTM_TRY(put_in_stream(list, PTM_ADDRESS_PLAIN, walk->offset + i * 8, 8, words[i]));
		walk->offset += PTM_BTS_RECORD;
	}
	return PTM_OK;
}

/* Up to `until` rows of the queue at hand. PTM_END: it is done. */
static ptm_status walk_queue(listing *list, uint64_t until)
{
	ptm_session *session = list->session;
	struct ptm_address_walk *walk = list->walk;
	const ptm_cut_queue *piece = &list->cut->queues.at[walk->row];
	bool bts = session->flow_source == PTM_SOURCE_BTS;

	if (session->flow_source == PTM_SOURCE_LBR || piece->limit <= piece->from)
		return PTM_END;
	if (bts && session->bts.snapshot)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST,
			"This trace holds copies of a BTS buffer that overlap, and with other addresses in them nobody could tell how.");
	if (!walk->reading) {
		walk->reading = true;
		walk->chunk = 0;
		walk->chunk_start = 0;
		walk->offset = piece->from;
		walk->stream = ptm_stream_of(session, walk->row);
		if (!bts)
			PTM_TRY(start_packets(list, piece));
	}
	return bts ? walk_bts(list, piece, until) : walk_packets(list, until);
}

/* --------------------------------------------------------------- may it be done */

/* Code that holds absolute addresses, or is at one by nature, cannot be moved. */
static ptm_status check_code(ptm_session *session, ptm_cut *cut)
{
	for (uint32_t row = 0; row < cut->visited.length; row++) {
		if (!cut->visited.at[row])
			continue;
		const ptm_function *function = ptm_spaces_function(session->spaces, session->blocks.blocks.at[row].function);
		const ptm_image *image = function && function->image ? &session->images.images.at[function->image] : NULL;
		if (image && (image->is_kernel || session->blocks.blocks.at[row].ip >= FIRST_KERNEL))
			return ptm_message_set(&session->message, PTM_BAD_REQUEST,
				"Code of the kernel was executed here, and it holds the addresses that it was moved to when the machine started: record user code alone (perf record -e intel_pt//u), or keep the addresses.");
		if (image && (image->is_anonymous || image->names == PTM_NAMES_JITDUMP || image->is_flat))
			return ptm_message_set(&session->message, PTM_BAD_REQUEST,
				"Code that was generated while the program ran was executed here (%s), and it holds the addresses it was made for: keep the addresses.",
				ptm_strings_get(&session->strings, image->path));
	}
	return PTM_OK;
}

/* PERF_TYPE_BREAKPOINT: the event itself is an address. */
#define BREAKPOINT 5

static ptm_status check_events(ptm_session *session)
{
	for (uint32_t row = 0; row < session->file.attrs.length; row++)
		if (session->file.attrs.at[row].type == BREAKPOINT)
			return ptm_message_set(&session->message, PTM_BAD_REQUEST, "An event of this trace is a breakpoint at an address: keep the addresses.");
	return PTM_OK;
}

static ptm_status start(ptm_session *session, ptm_cut *cut)
{
	PTM_TRY(check_events(session));
	PTM_TRY(ptm_cut_walk(session, cut));
	PTM_TRY(check_code(session, cut));
	ptm_address_walk_free(cut);
	cut->addresses = calloc(1, sizeof *cut->addresses);
	return cut->addresses ? PTM_OK : PTM_NO_MEMORY;
}

/* One step of the walk; PTM_END: the phase is over. */
static ptm_status step(listing *list, uint64_t until)
{
	ptm_session *session = list->session;
	struct ptm_address_walk *walk = list->walk;
	uint32_t row = walk->row;

	if (walk->phase == MAPS) {
		if (row >= session->file.records.length)
			return PTM_END;
		const ptm_record *record = &session->file.records.at[walk->row++];
		bool map = record->type == PTM_RECORD_MMAP || record->type == PTM_RECORD_MMAP2;
		return map && ptm_cut_needs_record(session, list->cut, row) ? put_map(list, record) : PTM_OK;
	}
	if (walk->phase == SAMPLES) {
		if (row >= session->file.samples.length)
			return PTM_END;
		walk->row++;
		return ptm_cut_needs_sample(session, list->cut, row) ? put_sample(list, &session->file.samples.at[row]) : PTM_OK;
	}
	if (row >= list->cut->queues.length)
		return PTM_END;
	ptm_status status = walk_queue(list, until);
	if (status == PTM_END) {
		walk->reading = false;
		walk->row++;
		return PTM_OK;
	}
	return status;
}

ptm_status ptm_query_cut_addresses(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	ptm_cut *cut;

	PTM_TRY(ptm_cut_of(session, request, &cut));
	if (!cut->addresses || (double)cut->addresses->rows != request->first) {
		if (request->first > 0)
			return ptm_message_set(&session->message, PTM_BAD_REQUEST, "Addresses are told from the first on, in order.");
		PTM_TRY(start(session, cut));
	}
	listing list = { session, cut, cut->addresses, table, 0 };
	uint64_t until = request->count ? request->count : DEFAULT_ROWS;
	while (list.walk->phase != DONE && list.rows < until) {
		ptm_status status = step(&list, until);
		if (status == PTM_END) {
			list.walk->phase++;
			list.walk->row = 0;
			status = PTM_OK;
		}
		PTM_TRY(status);
	}
	list.walk->rows += list.rows;
	return PTM_OK;
}
