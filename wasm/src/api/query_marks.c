/* SPDX-License-Identifier: Apache-2.0 */
/* Table `marks`: what a timeline marks beside calls: ordinary samples and PT
 * events. Those of one event and thread that fall in one bucket are one row, so
 * that a million samples are as quick to draw as a thousand. */
#include "api/events.h"
#include "pt/event.h"
#include <math.h>
#include <stdio.h>

/* PT events are decoded again: in ranges of at most so many AUX bytes. */
#define MOST_EVENT_BYTES (4u << 20)
/* Cells of bucket, thread and event: with many threads buckets grow wider. */
#define MOST_CELLS (1u << 19)

enum { KIND_SAMPLES, KIND_EVENTS, KIND_NOTE };

/* The row of a thread and event that may still grow. */
typedef struct open_row { uint32_t row, bucket; } open_row;

typedef struct marks {
	ptm_session *session;
	ptm_table *table;
	uint64_t start_ns, end_ns; /* absolute */
	double bucket_ns;        /* 0: each by itself */
	uint32_t thread, names;
	open_row *open;          /* of each thread and name */
	PTM_ARRAY(double) counts;/* of each row */
} marks;

static uint32_t bucket_of(const marks *into, uint64_t time_ns)
{
	return into->bucket_ns > 0 ? (uint32_t)((double)(time_ns - into->start_ns) / into->bucket_ns) : 0;
}

/* Counts one more of `name`; stores its row and whether it is new. */
static ptm_status add(marks *into, uint32_t thread, uint32_t name, uint64_t time_ns, uint32_t *row, bool *is_new)
{
	open_row *open = &into->open[(size_t)thread * into->names + name];
	uint32_t bucket = bucket_of(into, time_ns);

	*is_new = open->row == UINT32_MAX || open->bucket != bucket || !(into->bucket_ns > 0);
	if (*is_new) {
		PTM_TRY(ptm_table_add_row(into->table, row));
		PTM_TRY(ptm_array_push(&into->counts, 0));
		*open = (open_row){ *row, bucket };
		ptm_table_set_u32(into->table, PTM_marks_thread, *row, thread);
		ptm_table_set_f64(into->table, PTM_marks_time_ns, *row, ptm_relative_ns(into->session, time_ns));
	}
	*row = open->row;
	into->counts.at[*row]++;
	ptm_table_set_f64(into->table, PTM_marks_count, *row, into->counts.at[*row]);
	ptm_table_set_f64(into->table, PTM_marks_last_ns, *row, ptm_relative_ns(into->session, time_ns));
	return PTM_OK;
}

static ptm_status set_text(ptm_table *table, uint32_t column, uint32_t row, const char *text)
{
	return ptm_table_set_text(table, column, row, text, strlen(text));
}

static ptm_status add_samples(marks *into)
{
	const ptm_session *session = into->session;
	bool is_new;
	uint32_t row;

	for (uint32_t i = ptm_sample_at(session, into->start_ns); i < session->file.samples.length; i++) {
		const ptm_sample_ref *ref = &session->file.samples.at[i];
		if (ref->time >= into->end_ns || ref->time == PTM_NO_TIME)
			break;
		uint32_t thread = ptm_sideband_thread(&session->sideband, ref->pid, ref->tid);
		if (!ref->time || (into->thread != PTM_ALL && thread != into->thread))
			continue;
		PTM_TRY(add(into, thread, PTM_EVENT_KINDS + ref->attr, ref->time, &row, &is_new));
		if (!is_new)
			continue;
		ptm_table_set_u32(into->table, PTM_marks_sample, row, i);
		ptm_table_set_u32(into->table, PTM_marks_queue, row, PTM_ALL);
		PTM_TRY(set_text(into->table, PTM_marks_name, row, ptm_strings_get(&session->strings, session->file.attrs.at[ref->attr].name)));
	}
	return PTM_OK;
}

static ptm_status add_event(marks *into, const ptm_event_row *event)
{
	ptm_session *session = into->session;
	const ptm_item *item = &event->item;
	char text[160], symbol[512];
	bool is_new;
	uint32_t row;

	/* PSBs are where decoding may begin: in every trace, hundreds of them, and of no interest here. */
	if (item->event == PTM_EVENT_PSB || !item->end_ns)
		return PTM_OK;
	PTM_TRY(add(into, item->thread, item->event, item->end_ns, &row, &is_new));
	if (!is_new)
		return PTM_OK;
	ptm_table_set_u8(into->table, PTM_marks_kind, row, KIND_EVENTS);
	ptm_table_set_u32(into->table, PTM_marks_sample, row, PTM_ALL);
	ptm_table_set_u32(into->table, PTM_marks_queue, row, event->queue);
	ptm_table_set_f64(into->table, PTM_marks_offset, row, (double)item->offset);
	ptm_table_set_u64(into->table, PTM_marks_ip, row, item->ip);
	PTM_TRY(ptm_table_set_text(into->table, PTM_marks_symbol, row, symbol, ptm_symbol_text(session, item->space, item->ip, symbol, sizeof symbol)));
	PTM_TRY(set_text(into->table, PTM_marks_name, row, ptm_event_name(item->event)));
	return ptm_table_set_text(into->table, PTM_marks_text, row, text, ptm_event_text(session, item, text, sizeof text));
}

static ptm_status add_note(marks *into, const char *text)
{
	uint32_t row;

	PTM_TRY(ptm_table_add_row(into->table, &row));
	PTM_TRY(ptm_array_push(&into->counts, 0));
	ptm_table_set_u32(into->table, PTM_marks_thread, row, PTM_ALL);
	ptm_table_set_u32(into->table, PTM_marks_sample, row, PTM_ALL);
	ptm_table_set_u32(into->table, PTM_marks_queue, row, PTM_ALL);
	ptm_table_set_u8(into->table, PTM_marks_kind, row, KIND_NOTE);
	ptm_table_set_f64(into->table, PTM_marks_time_ns, row, NAN);
	ptm_table_set_f64(into->table, PTM_marks_last_ns, row, NAN);
	return set_text(into->table, PTM_marks_text, row, text);
}

/* PTM_MORE while the range is decoded. */
static ptm_status add_events(marks *into)
{
	const ptm_event_row *rows;
	uint64_t left_out = 0;
	char text[200];
	uint32_t count;

	if (into->session->flow_source != PTM_SOURCE_PT || into->session->pt.timeless)
		return PTM_OK;
	if (ptm_window_bytes(into->session, into->start_ns, into->end_ns) > MOST_EVENT_BYTES)
		return add_note(into, "PT events (PTWRITE, power, interrupts) are shown in stretches of at most 4 MB of trace: zoom in to see them.");
	/* A short trace is decoded once, for the whole of it; its windows are parts of that answer. */
	if (!ptm_events_kept(into->session, into->start_ns, into->end_ns, into->thread, &rows, &count))
		PTM_TRY(ptm_events_decode(into->session, into->start_ns, into->end_ns, into->thread, &rows, &count));
	for (uint32_t i = 0; i < count; i++) {
		const ptm_item *item = &rows[i].item;
		if (item->end_ns < into->start_ns || item->end_ns >= into->end_ns || (into->thread != PTM_ALL && item->thread != into->thread))
			continue;
		PTM_TRY(add_event(into, &rows[i]));
		left_out += rows[i].left_out;
	}
	if (!left_out)
		return PTM_OK;
	snprintf(text, sizeof text, "There are %llu PT events more than are shown here: zoom in to see them.", (unsigned long long)left_out);
	return add_note(into, text);
}

ptm_status ptm_query_marks(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	bool everything = !request->start_ns && !request->end_ns;
	marks into = { .session = session, .table = table, .thread = request->thread, .names = PTM_EVENT_KINDS + session->file.attrs.length,
		.start_ns = ptm_absolute_ns(session, request->start_ns),
		.end_ns = everything ? UINT64_MAX : ptm_absolute_ns(session, request->end_ns) };
	size_t cells = (size_t)session->sideband.threads.length * into.names;
	uint32_t buckets = request->count;

	if (cells && buckets > MOST_CELLS / cells)
		buckets = MOST_CELLS / cells > 64 ? (uint32_t)(MOST_CELLS / cells) : 64;
	if (buckets && !everything && request->end_ns > request->start_ns)
		into.bucket_ns = (request->end_ns - request->start_ns) / buckets;
	into.open = malloc((cells ? cells : 1) * sizeof *into.open);
	if (!into.open)
		return PTM_NO_MEMORY;
	memset(into.open, 0xff, cells * sizeof *into.open);
	/* Events first: they may take several calls. */
	ptm_status status = request->flags & 1 ? PTM_OK : add_events(&into);
	if (status == PTM_OK)
		status = add_samples(&into);
	free(into.open);
	ptm_array_free(&into.counts);
	return status;
}
