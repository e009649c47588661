/* SPDX-License-Identifier: Apache-2.0 */
/* Strings the parts of each queue together: ordinals counted from the queue's
 * start, runs that go on in the next segment, gaps that do. */
#include "profile/joined.h"

/* What is known of a queue up to the part at hand. */
typedef struct state {
	uint32_t queue, segment, run, first_gap;
	uint64_t instructions, packets, end_offset, time_ns, key_ns;
	uint64_t lost_from_ns, lost_until_ns; /* as of the last part, told by gap lost_gap */
	uint32_t lost_gap;
	bool is_lost, is_away, is_switched, has_part, has_visit, has_run;
	ptm_departure departure;
	ptm_clock clock_out;
} state;

static bool is_next_segment(const state *state, const ptm_part_data *part)
{
	if (!state->has_part)
		return false;
	return part->segment == state->segment + 1 ||
	       (part->checkpoints.length && part->checkpoints.at[0].offset == state->end_offset);
}

static ptm_status add_gap(ptm_profile *profile, const state *state, const ptm_gap *gap)
{
	ptm_gap made = *gap;
	uint32_t count = profile->queue_gaps.length;

	if (count > state->first_gap && ptm_gap_extend(&profile->queue_gaps.at[count - 1], &made))
		return PTM_OK;
	return ptm_array_push(&profile->queue_gaps, made);
}

static void end_loss(ptm_profile *profile, state *state, uint64_t ns)
{
	if (state->lost_from_ns)
		ptm_gap_end(&profile->queue_gaps.at[state->lost_gap], state->lost_from_ns, ns);
	state->lost_from_ns = 0;
}

/* A loss goes on until a part tells where the code does. */
static void pass_loss(ptm_profile *profile, state *state, const ptm_part_data *part, bool is_next)
{
	if (!is_next)
		end_loss(profile, state, state->lost_until_ns);
	else if (part->first_ns)
		end_loss(profile, state, part->first_ns);
	state->lost_until_ns = part->lost_until_ns;
}

/* The first run of a part is the rest of the last one before it. */
static ptm_status extend_run(ptm_profile *profile, state *state, const ptm_run *run)
{
	ptm_run *into = &profile->runs.at[state->run];

	if (state->is_away && run->start_ns > into->end_ns) {
		ptm_gap gap = { .start_ns = into->end_ns, .end_ns = run->start_ns, .offset = state->departure.offset,
				.ip = state->departure.next_ip, .count = 1, .missing_ns = run->start_ns - into->end_ns,
				.instruction = state->instructions, .thread = run->thread, .queue = run->queue, .reason = PTM_GAP_NOT_TRACED };
		PTM_TRY(add_gap(profile, state, &gap));
	}
	if (run->end_ns > into->end_ns)
		into->end_ns = run->end_ns;
	into->instructions += run->instructions;
	into->branches += run->branches;
	into->cycles += run->cycles;
	into->on_ns += run->on_ns;
	return PTM_OK;
}

static ptm_status add_runs(ptm_profile *profile, state *state, const ptm_part_data *part)
{
	for (uint32_t i = 0; i < part->runs.length; i++) {
		ptm_run run = part->runs.at[i].run;
		bool goes_on = !i && state->has_run && !state->is_lost && !part->runs.at[i].lost_before &&
			       profile->runs.at[state->run].thread == run.thread;
		if (goes_on) {
			PTM_TRY(extend_run(profile, state, &run));
			continue;
		}
		run.first_instruction += state->instructions;
		PTM_TRY(ptm_array_push(&profile->runs, run));
		state->run = profile->runs.length - 1;
		state->has_run = true;
	}
	return PTM_OK;
}

static ptm_status add_counted(ptm_profile *profile, state *state, const ptm_part_data *part)
{
	for (uint32_t i = 0; i < part->checkpoints.length; i++) {
		ptm_checkpoint checkpoint = part->checkpoints.at[i];
		checkpoint.instruction += state->instructions;
		checkpoint.packet += state->packets;
		PTM_TRY(ptm_array_push(&profile->checkpoints, checkpoint));
	}
	for (uint32_t i = 0; i < part->gaps.length; i++) {
		ptm_gap gap = part->gaps.at[i];
		gap.instruction += state->instructions;
		PTM_TRY(add_gap(profile, state, &gap));
	}
	if (part->lost_from_ns && part->gaps.length) {
		state->lost_from_ns = part->lost_from_ns;
		state->lost_gap = profile->queue_gaps.length - 1;
	}
	return PTM_OK;
}

static ptm_status add_hole(ptm_profile *profile, const state *state, const ptm_part_data *part)
{
	ptm_hole hole = { state->time_ns, UINT64_MAX };

	if (part->runs.length)
		hole.end_ns = part->runs.at[0].run.start_ns;
	else if (part->checkpoints.length)
		hole.end_ns = part->checkpoints.at[0].time_ns;
	return ptm_array_push(&profile->holes, hole);
}

/* A decoder that starts at a PSB cannot know whether it is inside a visit. */
static ptm_status add_entered(ptm_profile *profile, const state *state, const ptm_part_data *part)
{
	bool is_inside = !state->is_lost && state->departure.end == PTM_END_FALLTHROUGH;

	if (part->first_resumed == UINT32_MAX || !state->has_visit || is_inside)
		return PTM_OK;
	return ptm_array_push(&profile->entered, part->first_resumed);
}

static ptm_status add_part(ptm_profile *profile, state *state, ptm_part_data *part)
{
	ptm_part_link link = { .is_next = is_next_segment(state, part), .is_lost = state->is_lost, .is_away = state->is_away,
			       .is_switched = state->is_switched, .key_ns = state->key_ns };
	link.is_hole = state->has_part && !link.is_next;
	link.last_key_ns = part->latest_ns > state->key_ns ? part->latest_ns : state->key_ns;

	part->link = link;
	state->key_ns = link.last_key_ns;
	if (link.is_next && memcmp(&state->clock_out, &part->clock_in, sizeof part->clock_in))
		profile->clock_breaks++;
	state->clock_out = part->clock_out;
	pass_loss(profile, state, part, link.is_next);
	if (!link.is_next) {
		state->has_run = false;
		state->first_gap = profile->queue_gaps.length;
	}
	if (link.is_hole)
		PTM_TRY(add_hole(profile, state, part));
	else
		PTM_TRY(add_entered(profile, state, part));
	PTM_TRY(add_runs(profile, state, part));
	PTM_TRY(add_counted(profile, state, part));
	if (part->runs.length) {
		state->time_ns = profile->runs.at[state->run].end_ns;
		state->departure = part->last_departure;
		state->has_visit = true;
	}
	/* A part without visits leaves what was said before it in force. */
	bool has_visits = part->runs.length;
	state->is_lost = part->ends_lost || (!has_visits && state->is_lost);
	state->is_away = part->ends_away || (!has_visits && state->is_away);
	state->is_switched = part->ends_switched || (!has_visits && state->is_switched);
	state->has_run = state->has_run && !state->is_lost && !state->is_switched;
	state->instructions += part->instructions;
	state->packets += part->packets;
	state->end_offset = part->end_offset;
	state->segment = part->segment;
	state->has_part = true;
	return PTM_OK;
}

static int compare_holes(const void *left, const void *right)
{
	const ptm_hole *a = left, *b = right;
	return a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
}

static void sort_holes(ptm_profile *profile)
{
	uint64_t end_ns = 0;

	if (profile->holes.length)
		qsort(profile->holes.at, profile->holes.length, sizeof *profile->holes.at, compare_holes);
	for (uint32_t i = 0; i < profile->holes.length; i++) {
		if (profile->holes.at[i].end_ns < end_ns)
			profile->holes.at[i].end_ns = end_ns;
		end_ns = profile->holes.at[i].end_ns;
	}
}

static int compare_runs(const void *left, const void *right)
{
	const ptm_run *a = left, *b = right;
	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	if (a->queue != b->queue)
		return a->queue < b->queue ? -1 : 1;
	return a->first_instruction < b->first_instruction ? -1 : a->first_instruction > b->first_instruction;
}

ptm_status ptm_join_queues(ptm_profile *profile)
{
	state state = { 0 };

	profile->clock_breaks = 0;
	profile->holes.length = profile->entered.length = profile->queue_gaps.length = 0;
	profile->runs.length = profile->checkpoints.length = profile->queues.length = 0;
	for (uint32_t i = 0; i < profile->parts.length; i++) {
		ptm_part_data *part = profile->parts.at[i];
		part->row = i;
		if (!i || part->queue != state.queue) {
			ptm_queue_total total = { .queue = part->queue };
			end_loss(profile, &state, state.lost_until_ns);
			memset(&state, 0, sizeof state);
			state.queue = part->queue;
			PTM_TRY(ptm_array_push(&profile->queues, total));
		}
		PTM_TRY(add_part(profile, &state, part));
		ptm_queue_total *total = &profile->queues.at[profile->queues.length - 1];
		total->segments++;
		total->instructions = state.instructions;
		total->packets = state.packets;
	}
	end_loss(profile, &state, state.lost_until_ns);
	sort_holes(profile);
	if (profile->runs.length)
		qsort(profile->runs.at, profile->runs.length, sizeof *profile->runs.at, compare_runs);
	return PTM_OK;
}
