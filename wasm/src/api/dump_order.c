/* SPDX-License-Identifier: Apache-2.0 */
#include "api/dump_order.h"
#include "base/bytes.h"
#include "file/perf_data.h"
#include "file/unpacked.h"

#define HEADER_BYTES 8u
/* After so many bytes perf turns to the next file of a directory. */
#define TURN_BYTES (2u << 20)

/* A file, read from its start. */
typedef struct reader {
	uint32_t volume;
	uint64_t at, end;        /* places in the trace */
	uint64_t turn;           /* bytes since its turn began */
	uint32_t packed;         /* number of the volume of its unpacked records, 0: none */
	uint64_t packed_at, packed_end; /* those not read yet of what is unpacked so far */
	uint64_t packed_told;
} reader;

/* A record that waits for its turn. */
typedef struct waiting {
	uint64_t time, order;    /* equal times: as they were read */
	ptm_dump_record record;
} waiting;

struct ptm_dump_order {
	const ptm_session *session;
	PTM_ARRAY(ptm_dump_place) places; /* sorted by offset */
	PTM_ARRAY(reader) readers;
	uint32_t turn;           /* row of readers */
	PTM_ARRAY(waiting) heap; /* the earliest first */
	uint64_t taken;
	uint64_t limit;          /* the end of a round lets out what is up to here: the newest time at the one before */
	uint64_t newest;
	bool draining;
	bool is_unsorted;        /* none waits: all come in the order of the file */
};

/* ---------------------------------------------------------------- set up */

static int compare_places(const void *left, const void *right)
{
	const ptm_dump_place *a = left, *b = right;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static ptm_status index_places(ptm_dump_order *order)
{
	const ptm_trace_file *file = &order->session->file;

	for (uint32_t row = 0; row < file->records.length; row++)
		PTM_TRY(ptm_array_push(&order->places, ((ptm_dump_place){ file->records.at[row].file_offset, row, false })));
	for (uint32_t row = 0; row < file->samples.length; row++)
		PTM_TRY(ptm_array_push(&order->places, ((ptm_dump_place){ file->samples.at[row].file_offset, row, true })));
	if (order->places.length)
		qsort(order->places.at, order->places.length, sizeof *order->places.at, compare_places);
	return PTM_OK;
}

static ptm_status add_reader(ptm_dump_order *order, uint32_t volume, uint64_t start, uint64_t end)
{
	const ptm_trace_file *file = &order->session->file;
	uint64_t base = ptm_volume_start(volume);
	reader added = { .volume = volume, .at = base + start, .end = base + end };

	for (uint32_t i = 0; i < file->volumes.length; i++) {
		if (file->volumes.at[i].unpacked && file->volumes.at[i].of == volume)
			added.packed = i + 1;
	}
	added.packed_at = added.packed_end = ptm_volume_start(added.packed);
	return ptm_array_push(&order->readers, added);
}

ptm_status ptm_dump_order_new(const ptm_session *session, bool is_unsorted, ptm_dump_order **made)
{
	const ptm_trace_file *file = &session->file;
	ptm_dump_order *order = *made = calloc(1, sizeof *order);

	if (!order)
		return PTM_NO_MEMORY;
	order->session = session;
	order->is_unsorted = is_unsorted;
	PTM_TRY(add_reader(order, 0, file->data_offset, file->data_offset + file->data_size));
	for (uint32_t number = 1; number <= file->data_files; number++)
		PTM_TRY(add_reader(order, number, 0, ptm_volume_source(file, number)->size));
	return index_places(order);
}

void ptm_dump_order_free(ptm_dump_order *order)
{
	if (!order)
		return;
	ptm_array_free(&order->places);
	ptm_array_free(&order->readers);
	ptm_array_free(&order->heap);
	free(order);
}

const ptm_dump_place *ptm_dump_order_find(const ptm_dump_order *order, uint64_t offset)
{
	uint32_t low = 0, high = order->places.length;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (order->places.at[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < order->places.length && order->places.at[low].offset == offset ? &order->places.at[low] : NULL;
}

/* ------------------------------------------------------- those that wait */

static bool is_before(const waiting *a, const waiting *b)
{
	return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static ptm_status wait_for_turn(ptm_dump_order *order, uint64_t time, const ptm_dump_record *record)
{
	waiting added = { time, order->taken++, *record };

	PTM_TRY(ptm_array_push(&order->heap, added));
	uint32_t at = order->heap.length - 1;
	for (; at && is_before(&added, &order->heap.at[(at - 1) / 2]); at = (at - 1) / 2)
		order->heap.at[at] = order->heap.at[(at - 1) / 2];
	order->heap.at[at] = added;
	if (time > order->newest)
		order->newest = time;
	return PTM_OK;
}

static void take_first(ptm_dump_order *order, ptm_dump_record *record)
{
	waiting *heap = order->heap.at, last = heap[--order->heap.length];
	uint32_t at = 0, count = order->heap.length;

	*record = heap[0].record;
	while (2 * at + 1 < count) {
		uint32_t child = 2 * at + 1;
		if (child + 1 < count && is_before(&heap[child + 1], &heap[child]))
			child++;
		if (!is_before(&heap[child], &last))
			break;
		heap[at] = heap[child];
		at = child;
	}
	if (count)
		heap[at] = last;
}

/* --------------------------------------------------------------- reading */

/* Time that perf orders the record by; 0: it is handled at once. */
static uint64_t time_of(const ptm_dump_order *order, uint32_t type, uint64_t offset)
{
	const ptm_trace_file *file = &order->session->file;
	const ptm_dump_place *known = type < PTM_RECORD_HEADER_ATTR ? ptm_dump_order_find(order, offset) : NULL;

	if (!known)
		return 0;
	uint64_t time = known->is_sample ? file->samples.at[known->row].time : file->records.at[known->row].time;
	return time == PTM_NO_TIME ? 0 : time;
}

/* Reads the head of the record at `offset`; PTM_END where there is none to its end. */
static ptm_status read_head(const ptm_dump_order *order, uint64_t offset, uint64_t end, ptm_dump_record *record)
{
	const uint8_t *bytes;

	if (end - offset < HEADER_BYTES || ptm_trace_file_view(&order->session->file, offset, HEADER_BYTES, &bytes) != PTM_OK)
		return PTM_END;
	ptm_bytes head = ptm_bytes_of(bytes, HEADER_BYTES);
	record->offset = offset;
	record->type = ptm_bytes_u32(&head);
	ptm_bytes_skip(&head, 2);
	record->size = ptm_bytes_u16(&head);
	record->payload = 0;
	return record->size < HEADER_BYTES || record->size > end - offset ? PTM_END : PTM_OK;
}

/* How many bytes follow the record that are no records. */
static ptm_status read_payload(const ptm_dump_order *order, uint64_t end, ptm_dump_record *record)
{
	enum { SIZE_AT = 8 };
	const uint8_t *bytes;

	if (record->type != PTM_RECORD_AUXTRACE && record->type != PTM_RECORD_HEADER_TRACING_DATA)
		return PTM_OK;
	if (record->size < SIZE_AT + 8 || ptm_trace_file_view(&order->session->file, record->offset, SIZE_AT + 8, &bytes) != PTM_OK)
		return PTM_END;
	ptm_bytes words = ptm_bytes_of(bytes + SIZE_AT, 8);
	uint64_t told = record->type == PTM_RECORD_AUXTRACE ? ptm_bytes_u64(&words) : ptm_bytes_u32(&words);
	uint64_t left = end - record->offset - record->size;
	record->payload = told < left ? told : left;
	return PTM_OK;
}

/* Goes on to the records that were packed in this one. */
static void open_packed(const ptm_dump_order *order, reader *of, const ptm_dump_record *packed)
{
	if (!of->packed)
		return;
	uint64_t start = ptm_volume_start(of->packed), behind = packed->offset + packed->size - ptm_volume_start(of->volume);
	of->packed_end = start + ptm_unpacked_end_before(order->session->file.volumes.at[of->packed - 1].unpacked, behind);
	of->packed_told = packed->told;
}

/* Reads the next record of the file; PTM_MORE: one that is not shown. */
static ptm_status read_record(const ptm_dump_order *order, reader *of, ptm_dump_record *record)
{
	record->volume = of->volume;
	if (read_head(order, of->packed_at, of->packed_end, record) == PTM_OK && record->type != PTM_RECORD_AUXTRACE) {
		record->told = of->packed_told;
		of->packed_at += record->size;
		return PTM_OK;
	}
	PTM_TRY(read_head(order, of->at, of->end, record));
	PTM_TRY(read_payload(order, of->end, record));
	record->told = record->offset - ptm_volume_start(of->volume);
	of->at += record->size + record->payload;
	of->turn += record->size + record->payload;
	if (record->type != PTM_RECORD_COMPRESSED && record->type != PTM_RECORD_COMPRESSED2)
		return PTM_OK;
	open_packed(order, of, record);
	return PTM_MORE;
}

/* The file whose turn it is; NULL: all are at their ends. */
static reader *next_reader(ptm_dump_order *order)
{
	for (uint32_t tried = 0; tried <= order->readers.length; tried++) {
		reader *at = &order->readers.at[order->turn];
		bool unpacking = at->packed_end - at->packed_at >= HEADER_BYTES;
		if (unpacking || (at->at < at->end && at->turn < TURN_BYTES))
			return at;
		at->turn = 0;
		order->turn = (order->turn + 1) % order->readers.length;
	}
	return NULL;
}

/* Reads on. PTM_OK: a record that is handled at once; PTM_MORE: call again; PTM_END: all is read. */
static ptm_status read_on(ptm_dump_order *order, ptm_dump_record *record)
{
	reader *from = next_reader(order);
	if (!from)
		return PTM_END;
	ptm_status status = read_record(order, from, record);
	if (status == PTM_END) {
		from->at = from->end;
		from->packed_at = from->packed_end;
		return PTM_MORE;
	}
	PTM_TRY(status);
	uint64_t time = time_of(order, record->type, record->offset);
	if (time && !order->is_unsorted) {
		PTM_TRY(wait_for_turn(order, time, record));
		return PTM_MORE;
	}
	order->draining = record->type == PTM_RECORD_FINISHED_ROUND;
	return PTM_OK;
}

/* Lets the next record out that may go; PTM_MORE: none may, read on. */
static ptm_status let_out(ptm_dump_order *order, ptm_dump_record *record)
{
	if (order->heap.length && order->heap.at[0].time <= order->limit) {
		take_first(order, record);
		return PTM_OK;
	}
	if (order->limit == UINT64_MAX)
		return PTM_END;
	order->draining = false;
	order->limit = order->newest;
	return PTM_MORE;
}

ptm_status ptm_dump_order_next(ptm_dump_order *order, ptm_dump_record *record)
{
	for (;;) {
		ptm_status status = order->draining ? let_out(order, record) : read_on(order, record);
		if (status == PTM_END && !order->draining) {
			/* The end lets everything out. */
			order->limit = UINT64_MAX;
			order->draining = true;
		} else if (status != PTM_MORE) {
			return status;
		}
	}
}
