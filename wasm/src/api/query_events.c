/* SPDX-License-Identifier: Apache-2.0 */
/* Table `events`: what PT reports beside the flow, of a time range, decoded again
 * from the nearest checkpoints, in slices. One answer is kept, the one asked for last. */
#include "api/events.h"
#include "pt/event.h"
#include <math.h>

/* AUX bytes decoded per call. */
#define SLICE_BYTES (1u << 20)
/* Events kept of all queues together; more are counted. */
#define MOST_EVENTS (1u << 18)

struct ptm_events {
	uint64_t start_ns, end_ns; /* absolute */
	uint32_t thread, version;
	uint32_t queue;          /* being decoded */
	uint32_t first_row;      /* of that queue */
	bool started, done;
	ptm_replay replay;
	PTM_ARRAY(ptm_event_row) rows;
};

void ptm_events_free(ptm_session *session)
{
	ptm_events *events = session->events;
	if (!events)
		return;
	ptm_replay_free(&events->replay);
	ptm_array_free(&events->rows);
	free(events);
	session->events = NULL;
}

static ptm_status keep(const ptm_session *session, ptm_events *events, const ptm_item *item)
{
	uint32_t most = MOST_EVENTS / session->file.queues.length, count = events->rows.length - events->first_row;
	ptm_event_row row = { *item, events->queue, events->rows.length, item->end_ns, 0 };

	if (item->end_ns < events->start_ns || item->end_ns >= events->end_ns ||
	    (events->thread != PTM_ALL && item->thread != events->thread))
		return PTM_OK;
	if (count && row.order_ns < events->rows.at[events->rows.length - 1].order_ns)
		row.order_ns = events->rows.at[events->rows.length - 1].order_ns;
	if (count < most)
		return ptm_array_push(&events->rows, row);
	if (count)
		events->rows.at[events->rows.length - 1].left_out++;
	return PTM_OK;
}

static ptm_status take(const ptm_session *session, ptm_events *events, const ptm_item *item)
{
	if (item->kind == PTM_ITEM_EVENT)
		return keep(session, events, item);
	if (session->pt.event_trace && item->interrupts_toggle && (item->kind == PTM_ITEM_VISIT || item->kind == PTM_ITEM_BEGIN)) {
		ptm_item flag = *item;
		flag.event = PTM_EVENT_IFLAG;
		flag.payload = item->interrupts_off ? 1 : 2;
		flag.bytes = 1;
		flag.ip = item->kind == PTM_ITEM_BEGIN ? 0 : item->ip;
		return keep(session, events, &flag);
	}
	return PTM_OK;
}

/* Decodes up to a slice of the current queue. PTM_END: the queue is done. */
static ptm_status step(const ptm_session *session, ptm_events *events)
{
	uint64_t until = ptm_flow_offset(events->replay.flow) + SLICE_BYTES;
	ptm_item item;

	while (ptm_flow_offset(events->replay.flow) < until) {
		PTM_TRY(ptm_flow_next(events->replay.flow, &item));
		if (item.start_ns >= events->end_ns)
			return PTM_END;
		PTM_TRY(take(session, events, &item));
	}
	return PTM_OK;
}

static int compare(const void *left, const void *right)
{
	const ptm_event_row *a = left, *b = right;
	if (a->order_ns != b->order_ns)
		return a->order_ns < b->order_ns ? -1 : 1;
	return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

static ptm_status decode_slice(ptm_session *session, ptm_events *events)
{
	if (!events->started) {
		const ptm_checkpoint *from = ptm_checkpoint_by_time(session, events->queue, events->start_ns);
		events->first_row = events->rows.length;
		PTM_TRY(ptm_replay_start(session, events->queue, from, &events->replay));
		events->started = true;
	}
	ptm_status status = step(session, events);
	if (status != PTM_END)
		return status;
	ptm_replay_free(&events->replay);
	events->started = false;
	events->queue++;
	return PTM_OK;
}

static ptm_status open_events(ptm_session *session, uint64_t start_ns, uint64_t end_ns, uint32_t thread)
{
	ptm_events_free(session);
	session->events = calloc(1, sizeof *session->events);
	if (!session->events)
		return PTM_NO_MEMORY;
	*session->events = (ptm_events){ .start_ns = start_ns, .end_ns = end_ns, .thread = thread, .version = session->version };
	return PTM_OK;
}

static ptm_status put(ptm_session *session, ptm_table *table, const ptm_event_row *row)
{
	const ptm_item *item = &row->item;
	char text[160];
	uint64_t offset;
	uint32_t at;

	PTM_TRY(ptm_table_add_row(table, &at));
	ptm_table_set_f64(table, PTM_events_time_ns, at, ptm_relative_ns(session, item->end_ns));
	ptm_table_set_u32(table, PTM_events_queue, at, row->queue);
	ptm_table_set_i32(table, PTM_events_cpu, at, session->file.queues.at[row->queue].cpu);
	ptm_table_set_u32(table, PTM_events_thread, at, item->thread);
	ptm_table_set_u8(table, PTM_events_kind, at, item->event);
	const char *name = ptm_event_name(item->event);
	PTM_TRY(ptm_table_set_text(table, PTM_events_name, at, name, strlen(name)));
	ptm_table_set_u64(table, PTM_events_ip, at, item->ip);
	ptm_table_set_u8(table, PTM_events_has_ip, at, item->has_ip);
	ptm_table_set_u64(table, PTM_events_target, at, item->to_ip);
	uint32_t function = item->ip ? ptm_spaces_function_at(session->spaces, item->space, item->ip, &offset) : 0;
	ptm_table_set_u32(table, PTM_events_function, at, function);
	ptm_table_set_f64(table, PTM_events_function_offset, at, item->ip ? (double)offset : 0);
	ptm_table_set_u64(table, PTM_events_payload, at, item->payload);
	ptm_table_set_u32(table, PTM_events_id, at, (uint32_t)item->bytes);
	ptm_table_set_u8(table, PTM_events_in_transaction, at, item->in_transaction);
	ptm_table_set_f64(table, PTM_events_offset, at, (double)item->offset);
	ptm_table_set_f64(table, PTM_events_left_out, at, (double)row->left_out);
	return ptm_table_set_text(table, PTM_events_text, at, text, ptm_event_text(session, item, text, sizeof text));
}

bool ptm_events_kept(const ptm_session *session, uint64_t start_ns, uint64_t end_ns, uint32_t thread, const ptm_event_row **rows, uint32_t *count)
{
	const ptm_events *events = session->events;

	if (!events || !events->done || events->version != session->version || events->start_ns > start_ns || events->end_ns < end_ns ||
	    (events->thread != PTM_ALL && events->thread != thread))
		return false;
	for (uint32_t i = 0; i < events->rows.length; i++)
		if (events->rows.at[i].left_out)
			return false;
	*rows = events->rows.at;
	*count = events->rows.length;
	return true;
}

ptm_status ptm_events_decode(ptm_session *session, uint64_t start_ns, uint64_t end_ns, uint32_t thread, const ptm_event_row **rows, uint32_t *count)
{
	ptm_events *events = session->events;

	*count = 0;
	if (session->flow_source != PTM_SOURCE_PT)
		return PTM_OK;
	if (!events || events->start_ns != start_ns || events->end_ns != end_ns || events->thread != thread || events->version != session->version) {
		PTM_TRY(open_events(session, start_ns, end_ns, thread));
		events = session->events;
	}
	if (events->queue < session->file.queues.length) {
		PTM_TRY(decode_slice(session, events));
		if (events->queue < session->file.queues.length)
			return PTM_MORE;
	}
	if (!events->done && events->rows.length)
		qsort(events->rows.at, events->rows.length, sizeof *events->rows.at, compare);
	events->done = true;
	*rows = events->rows.at;
	*count = events->rows.length;
	return PTM_OK;
}

ptm_status ptm_query_events(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	bool everything = !request->start_ns && !request->end_ns;
	uint64_t start_ns = everything ? 0 : ptm_absolute_ns(session, request->start_ns);
	uint64_t end_ns = everything ? UINT64_MAX : ptm_absolute_ns(session, request->end_ns);
	const ptm_event_row *rows;
	uint32_t count;

	PTM_TRY(ptm_events_decode(session, start_ns, end_ns, request->thread, &rows, &count));
	uint32_t first = request->first > 0 && request->first < UINT32_MAX ? (uint32_t)request->first : 0;
	for (uint32_t left = request->count; left && first < count; left--)
		PTM_TRY(put(session, table, &rows[first++]));
	return PTM_OK;
}
