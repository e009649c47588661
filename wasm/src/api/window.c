/* SPDX-License-Identifier: Apache-2.0 */
/* The profile of a time range or a thread: decoded again from the nearest
 * checkpoints, in slices. One window is kept, the one asked for last. */
#include "api/session.h"

/* AUX bytes decoded per call. */
#define SLICE_BYTES (1u << 20)
/* Frames of a stack that a window is told of. */
#define MOST_CALLERS 4096

struct ptm_window {
	uint64_t start_ns, end_ns; /* absolute */
	uint32_t thread, version;
	uint32_t queue;          /* being decoded */
	bool started;
	ptm_replay replay;
	ptm_cached *cached;      /* NULL: the source has no fast path */
	bool inside;             /* the queue has reached the window's start */
	uint64_t calm_until;     /* up to here all is before the window's end */
	ptm_part *part;
	uint32_t parts;
	ptm_profile *profile;
};

void ptm_window_free(ptm_session *session)
{
	ptm_window *window = session->window;
	if (!window)
		return;
	/* A part given up in the middle leaves counts behind. */
	if (window->part) {
		ptm_graph_free(&session->window_graph);
		ptm_graph_init(&session->window_graph, &session->blocks);
	}
	ptm_cached_free(window->cached);
	ptm_replay_free(&window->replay);
	ptm_part_free(window->part);
	ptm_profile_free(window->profile);
	free(window);
	session->window = NULL;
}

static ptm_status start_queue(ptm_session *session, ptm_window *window)
{
	const ptm_checkpoint *from = ptm_checkpoint_by_time(session, window->queue, window->start_ns);
	PTM_TRY(ptm_replay_start(session, window->queue, from, &window->replay));
	PTM_TRY(ptm_part_new(&window->part, window->parts++, window->queue, &session->blocks, session->spaces));
	if (ptm_flow_pt(window->replay.flow) && !session->without_cache)
		PTM_TRY(ptm_cached_new(&window->cached, ptm_flow_pt(window->replay.flow), &session->window_graph, NULL));
	const ptm_checkpoint *last = ptm_checkpoint_by_time(session, window->queue, window->end_ns);
	window->calm_until = last ? last->offset : 0;
	window->inside = false;
	window->started = true;
	return PTM_OK;
}

static ptm_status finish_queue(ptm_window *window)
{
	const uint8_t *bytes;
	size_t length;

	PTM_TRY(ptm_part_finish(window->part, ptm_flow_offset(window->replay.flow), 0));
	PTM_TRY(ptm_part_serialize(window->part, &bytes, &length));
	PTM_TRY(ptm_profile_merge(window->profile, bytes, length));
	ptm_part_free(window->part);
	window->part = NULL;
	ptm_cached_free(window->cached);
	window->cached = NULL;
	ptm_replay_free(&window->replay);
	window->started = false;
	window->queue++;
	return PTM_OK;
}

/* Decodes a batch by the fast path, where all of it lies in the window and is of
 * its thread. Stores whether it did. */
static ptm_status step_fast(ptm_window *window, uint64_t until, bool *goes_on)
{
	ptm_pt_flow *flow = ptm_flow_pt(window->replay.flow);
	uint32_t thread;
	bool left;

	*goes_on = window->cached && ptm_cached_inside(window->cached);
	if (!*goes_on && window->cached && window->inside && ptm_flow_offset(window->replay.flow) < window->calm_until &&
	    (window->thread == PTM_ALL || window->thread == ptm_pt_flow_thread(flow))) {
		PTM_TRY(ptm_cached_enter(window->cached, goes_on, &thread));
		ptm_part_before_entry(window->part, thread);
	}
	if (!*goes_on)
		return PTM_OK;
	bool ends = window->calm_until <= until;
	PTM_TRY(ptm_part_run_fast(window->part, window->cached, ends ? window->calm_until : until, ends, &left));
	*goes_on = !left;
	return PTM_OK;
}

/* Decodes up to a slice of the current queue. PTM_END: the queue is done. */
static ptm_status step(ptm_window *window)
{
	uint64_t until = ptm_flow_offset(window->replay.flow) + SLICE_BYTES;
	ptm_item item;

	while (ptm_flow_offset(window->replay.flow) < until) {
		bool is_fast;
		PTM_TRY(step_fast(window, until, &is_fast));
		if (is_fast)
			continue;
		PTM_TRY(ptm_flow_next(window->replay.flow, &item));
		if (item.start_ns >= window->end_ns)
			return PTM_END;
		window->inside = item.start_ns >= window->start_ns;
		if (item.kind == PTM_ITEM_CHECKPOINT || !window->inside)
			continue;
		if (window->thread != PTM_ALL && item.thread != window->thread)
			continue;
		PTM_TRY(ptm_part_take(window->part, &item));
	}
	return PTM_OK;
}

/* Tells the window's profile the stack that each thread has where it begins. */
static ptm_status seed(ptm_session *session, ptm_window *window)
{
	ptm_call *stack = malloc(MOST_CALLERS * sizeof *stack);
	ptm_status status = stack ? PTM_OK : PTM_NO_MEMORY;

	for (uint32_t thread = 1; status == PTM_OK && thread < session->sideband.threads.length; thread++) {
		if (window->thread != PTM_ALL && window->thread != thread)
			continue;
		uint32_t count = ptm_profile_stack_at(session->profile, thread, window->start_ns, stack, MOST_CALLERS);
		if (count)
			status = ptm_profile_seed(window->profile, thread, stack, count);
	}
	free(stack);
	return status;
}

static ptm_status open_window(ptm_session *session, uint64_t start_ns, uint64_t end_ns, uint32_t thread)
{
	ptm_window_free(session);
	session->window = calloc(1, sizeof *session->window);
	if (!session->window)
		return PTM_NO_MEMORY;
	*session->window = (ptm_window){ .start_ns = start_ns, .end_ns = end_ns, .thread = thread, .version = session->version };
	PTM_TRY(ptm_profile_new(&session->window->profile, &session->blocks, session->spaces));
	return seed(session, session->window);
}

uint64_t ptm_window_bytes(ptm_session *session, uint64_t start_ns, uint64_t end_ns)
{
	uint64_t bytes = 0;
	for (uint32_t queue = 0; queue < session->file.queues.length; queue++) {
		const ptm_checkpoint *first = ptm_checkpoint_by_time(session, queue, start_ns);
		const ptm_checkpoint *last = ptm_checkpoint_by_time(session, queue, end_ns);
		if (last)
			bytes += last->offset - (first ? first->offset : 0);
	}
	return bytes;
}

ptm_status ptm_window_profile(ptm_session *session, const ptm_request *request, ptm_profile **profile)
{
	bool everything = !request->start_ns && !request->end_ns;
	uint64_t start_ns = everything ? 0 : ptm_absolute_ns(session, request->start_ns);
	uint64_t end_ns = everything ? UINT64_MAX : ptm_absolute_ns(session, request->end_ns);
	ptm_window *window = session->window;

	if (everything && request->thread == PTM_ALL) {
		*profile = session->profile;
		return PTM_OK;
	}
	if (!window || window->start_ns != start_ns || window->end_ns != end_ns || window->thread != request->thread ||
	    window->version != session->version) {
		PTM_TRY(open_window(session, start_ns, end_ns, request->thread));
		window = session->window;
	}
	if (window->queue < session->file.queues.length) {
		if (!window->started)
			PTM_TRY(start_queue(session, window));
		ptm_status status = step(window);
		if (status == PTM_END)
			status = finish_queue(window);
		PTM_TRY(status);
		if (window->queue < session->file.queues.length)
			return PTM_MORE;
	}
	*profile = window->profile;
	return PTM_OK;
}
