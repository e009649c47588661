/* SPDX-License-Identifier: Apache-2.0 */
/* The profile of a time range or a thread: decoded again from the nearest
 * checkpoints, in slices. One window is kept, the one asked for last. */
#include "api/stretch.h"

/* Frames of a stack that a window is told of. */
#define MOST_CALLERS 4096

struct ptm_window {
	uint32_t version;
	ptm_stretch stretch;     /* of the queue being decoded */
	uint32_t parts;
	ptm_profile *profile;
};

void ptm_window_free(ptm_session *session)
{
	ptm_window *window = session->window;
	if (!window)
		return;
	ptm_stretch_free(session, &window->stretch);
	ptm_profile_free(window->profile);
	free(window);
	session->window = NULL;
}

void ptm_window_give_up(ptm_session *session)
{
	if (session->window && session->window->stretch.started)
		ptm_window_free(session);
}

static ptm_status start_queue(ptm_session *session, ptm_window *window)
{
	const ptm_checkpoint *from = ptm_checkpoint_by_time(session, window->stretch.queue, window->stretch.start_ns);
	return ptm_stretch_start(session, &window->stretch, from, window->parts++);
}

static ptm_status finish_queue(ptm_session *session, ptm_window *window)
{
	const uint8_t *bytes;
	size_t length;

	PTM_TRY(ptm_stretch_finish(&window->stretch, &bytes, &length));
	PTM_TRY(ptm_profile_merge(window->profile, bytes, length));
	ptm_stretch_free(session, &window->stretch);
	window->stretch.queue++;
	return PTM_OK;
}

/* Tells the window's profile the stack that each thread has where it begins. */
static ptm_status seed(ptm_session *session, ptm_window *window)
{
	ptm_call *stack = malloc(MOST_CALLERS * sizeof *stack);
	ptm_status status = stack ? PTM_OK : PTM_NO_MEMORY;

	for (uint32_t thread = 1; status == PTM_OK && thread < session->sideband.threads.length; thread++) {
		if (window->stretch.thread != PTM_ALL && window->stretch.thread != thread)
			continue;
		uint32_t count = ptm_profile_stack_at(session->profile, thread, window->stretch.start_ns, stack, MOST_CALLERS);
		if (count)
			status = ptm_profile_seed(window->profile, thread, stack, count);
	}
	free(stack);
	return status;
}

static ptm_status open_window(ptm_session *session, uint64_t start_ns, uint64_t end_ns, uint32_t thread)
{
	ptm_window_free(session);
	ptm_range_give_up(session);
	session->window = calloc(1, sizeof *session->window);
	if (!session->window)
		return PTM_NO_MEMORY;
	*session->window = (ptm_window){ .version = session->version, .stretch = { .thread = thread, .start_ns = start_ns, .end_ns = end_ns } };
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
	if (!window || window->stretch.start_ns != start_ns || window->stretch.end_ns != end_ns || window->stretch.thread != request->thread ||
	    window->version != session->version) {
		PTM_TRY(open_window(session, start_ns, end_ns, request->thread));
		window = session->window;
	}
	if (window->stretch.queue < session->file.queues.length) {
		if (!window->stretch.started)
			PTM_TRY(start_queue(session, window));
		ptm_status status = ptm_stretch_step(&window->stretch);
		if (status == PTM_END)
			status = finish_queue(session, window);
		PTM_TRY(status);
		if (window->stretch.queue < session->file.queues.length)
			return PTM_MORE;
	}
	*profile = window->profile;
	return PTM_OK;
}
