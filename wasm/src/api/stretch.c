/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stretch.h"

/* AUX bytes decoded per call. */
#define SLICE_BYTES (1u << 20)

ptm_status ptm_stretch_start(ptm_session *session, ptm_stretch *stretch, const ptm_checkpoint *from, uint32_t segment)
{
	const ptm_checkpoint *last = ptm_checkpoint_by_time(session, stretch->queue, stretch->end_ns);
	ptm_stream stream = ptm_stream_of(session, stretch->queue);
	uint64_t limit = stretch->limit ? stretch->limit : ptm_stream_size(&stream), seen = last && last->offset < limit ? last->offset : limit;

	PTM_TRY(ptm_replay_start_until(session, stretch->queue, from, limit, seen, &stretch->replay));
	stretch->started = true;
	PTM_TRY(ptm_part_new(&stretch->part, segment, stretch->queue, &session->blocks, session->spaces));
	if (ptm_flow_pt(stretch->replay.flow) && !session->without_cache)
		PTM_TRY(ptm_cached_new(&stretch->cached, ptm_flow_pt(stretch->replay.flow), &session->window_graph, NULL));
	stretch->calm_until = last ? last->offset : 0;
	if (stretch->limit && stretch->calm_until >= stretch->limit)
		stretch->calm_until = UINT64_MAX;
	stretch->inside = false;
	return PTM_OK;
}

ptm_status ptm_stretch_finish(ptm_stretch *stretch, const uint8_t **bytes, size_t *length)
{
	PTM_TRY(ptm_part_finish(stretch->part, ptm_flow_offset(stretch->replay.flow), 0));
	stretch->started = false;
	return ptm_part_serialize(stretch->part, bytes, length);
}

void ptm_stretch_free(ptm_session *session, ptm_stretch *stretch)
{
	/* A part given up in the middle leaves counts behind. */
	if (stretch->started) {
		ptm_graph_free(&session->window_graph);
		ptm_graph_init(&session->window_graph, &session->blocks);
	}
	ptm_part_free(stretch->part);
	ptm_cached_free(stretch->cached);
	ptm_replay_free(&stretch->replay);
	stretch->part = NULL;
	stretch->cached = NULL;
	stretch->started = false;
}

/* Decodes a batch by the fast path, where all of it lies in the stretch and is of
 * its thread. Stores whether it did. */
static ptm_status step_fast(ptm_stretch *stretch, uint64_t until, bool *goes_on)
{
	ptm_pt_flow *flow = ptm_flow_pt(stretch->replay.flow);
	uint32_t thread;
	bool left;

	*goes_on = stretch->cached && ptm_cached_inside(stretch->cached);
	if (!*goes_on && stretch->cached && stretch->inside && ptm_flow_offset(stretch->replay.flow) < stretch->calm_until &&
	    (stretch->thread == PTM_ALL || stretch->thread == ptm_pt_flow_thread(flow))) {
		PTM_TRY(ptm_cached_enter(stretch->cached, goes_on, &thread));
		ptm_part_before_entry(stretch->part, thread);
	}
	if (!*goes_on)
		return PTM_OK;
	bool ends = stretch->calm_until <= until;
	PTM_TRY(ptm_part_run_fast(stretch->part, stretch->cached, ends ? stretch->calm_until : until, ends, &left));
	*goes_on = !left;
	return PTM_OK;
}

ptm_status ptm_stretch_step(ptm_stretch *stretch)
{
	uint64_t until = ptm_flow_offset(stretch->replay.flow) + SLICE_BYTES;
	ptm_item item;

	while (ptm_flow_offset(stretch->replay.flow) < until) {
		bool is_fast;
		PTM_TRY(step_fast(stretch, until, &is_fast));
		if (is_fast)
			continue;
		PTM_TRY(ptm_flow_next(stretch->replay.flow, &item));
		if (item.start_ns >= stretch->end_ns)
			return PTM_END;
		stretch->inside = item.start_ns >= stretch->start_ns;
		if (item.kind == PTM_ITEM_CHECKPOINT || !stretch->inside)
			continue;
		if (stretch->thread != PTM_ALL && item.thread != stretch->thread)
			continue;
		PTM_TRY(ptm_part_take(stretch->part, &item));
	}
	return PTM_OK;
}
