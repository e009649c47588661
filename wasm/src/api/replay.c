/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding again from a checkpoint: what was decoded is not kept, but any place
 * is near one. The clock at a checkpoint comes from a scan of the trace before it, from where a clock is kept. */
#include "api/session.h"

/* Trace that a page of instructions is decoded from, about. */
#define SHOWN_BYTES (16u << 10)

/* The clock at `offset`, which lies in segment `row`: what is looked at next is often next to what was looked at last.
 * From there all up to `seen` is going to be looked at: one read brings it. */
static ptm_status clock_at(ptm_session *session, ptm_replay *replay, const ptm_flow_config *config, uint32_t row, uint64_t seen)
{
	ptm_known_clock *known = &session->replayed;
	uint32_t queue = replay->stream.queue;
	uint64_t packets;

	if (known->version == session->version && known->queue == queue && known->offset == replay->offset) {
		ptm_stream_want(&replay->stream, replay->offset, seen);
		replay->clock = known->clock;
		return PTM_OK;
	}
	uint64_t from = session->segments.at[row].offset;
	const ptm_clock *before = ptm_profile_clock_before(session->profile, queue, row, replay->offset, &from);
	/* The scan and what is looked at: the first read in there is the only one. */
	ptm_stream_want(&replay->stream, from, seen);
	if (!before)
		PTM_TRY(ptm_segment_clock(session, row));
	replay->clock = before ? *before : session->segments.at[row].clock;
	if (replay->offset > from)
		PTM_TRY(ptm_flow_scan(config, from, replay->offset, &replay->clock, &packets));
	*known = (ptm_known_clock){ .version = session->version, .queue = queue, .offset = replay->offset, .clock = replay->clock };
	return PTM_OK;
}

ptm_status ptm_replay_start_until(ptm_session *session, uint32_t queue, const ptm_checkpoint *checkpoint, uint64_t limit, uint64_t seen, ptm_replay *replay)
{
	ptm_flow_config config;
	uint64_t offset = checkpoint ? checkpoint->offset : 0;
	uint32_t row = ptm_segment_at(session, queue, offset);

	*replay = (ptm_replay){ .stream = ptm_stream_of(session, queue), .offset = offset };
	ptm_stream_config(&replay->stream, &config);
	PTM_TRY(clock_at(session, replay, &config, row, (seen > offset ? seen : offset) + SHOWN_BYTES));
	if (checkpoint) {
		replay->instruction = checkpoint->instruction;
		replay->packet = checkpoint->packet;
	}
	/* The first PSB of a stream is a checkpoint like any other, but nothing comes before it. */
	bool first = !checkpoint || !checkpoint->packet;
	return ptm_flow_new(&replay->flow, &session->blocks, &config, first ? 0 : offset, limit, &replay->clock);
}

ptm_status ptm_replay_start(ptm_session *session, uint32_t queue, const ptm_checkpoint *checkpoint, ptm_replay *replay)
{
	ptm_stream stream = ptm_stream_of(session, queue);
	return ptm_replay_start_until(session, queue, checkpoint, ptm_stream_size(&stream), 0, replay);
}

void ptm_replay_free(ptm_replay *replay)
{
	if (replay->flow)
		ptm_stream_want(&replay->stream, 0, 0);
	ptm_flow_free(replay->flow);
	replay->flow = NULL;
}

typedef enum key { KEY_INSTRUCTION, KEY_PACKET, KEY_OFFSET, KEY_TIME } key;

static uint64_t value_of(const ptm_checkpoint *checkpoint, key by)
{
	switch (by) {
	case KEY_INSTRUCTION: return checkpoint->instruction;
	case KEY_PACKET: return checkpoint->packet;
	case KEY_OFFSET: return checkpoint->offset;
	default: return checkpoint->time_ns;
	}
}

static const ptm_checkpoint *last_not_after(ptm_session *session, uint32_t queue, key by, uint64_t value)
{
	uint32_t count;
	const ptm_checkpoint *rows = ptm_profile_checkpoints(session->profile, &count);
	uint32_t low = 0, high = count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (rows[middle].queue < queue || (rows[middle].queue == queue && value_of(&rows[middle], by) <= value))
			low = middle + 1;
		else
			high = middle;
	}
	return low && rows[low - 1].queue == queue ? &rows[low - 1] : NULL;
}

const ptm_checkpoint *ptm_checkpoint_by_instruction(ptm_session *session, uint32_t queue, uint64_t ordinal)
{
	return last_not_after(session, queue, KEY_INSTRUCTION, ordinal);
}

const ptm_checkpoint *ptm_checkpoint_by_packet(ptm_session *session, uint32_t queue, uint64_t ordinal)
{
	return last_not_after(session, queue, KEY_PACKET, ordinal);
}

const ptm_checkpoint *ptm_checkpoint_by_offset(ptm_session *session, uint32_t queue, uint64_t offset)
{
	return last_not_after(session, queue, KEY_OFFSET, offset);
}

const ptm_checkpoint *ptm_checkpoint_by_time(ptm_session *session, uint32_t queue, uint64_t time_ns)
{
	return last_not_after(session, queue, KEY_TIME, time_ns ? time_ns - 1 : 0);
}
