/* SPDX-License-Identifier: Apache-2.0 */
/* The stretch of the path around a sample's time is decoded and kept: all visits
 * since the stamp before the last one, up to the visit during which the time
 * passes. A branch may have waited in the CPU's TNT buffer for a stamp, so that
 * one stamp more than the last counts as uncertain. */
#include "api/sample_pin.h"
#include <math.h>
#include <stdio.h>

/* Visits of a stretch that are kept: the latest. */
#define MOST_SEEN (1u << 20)
/* Items read behind the sample to learn where an interrupted path goes on. */
#define MOST_AHEAD 4096u

typedef struct seen {
	uint64_t first;          /* queue ordinal of its first instruction */
	uint64_t start_ns, end_ns, ip;
	uint64_t packet;         /* offset of the packet that decided its end */
	uint32_t block, thread, space;
	uint16_t instructions;
	uint8_t end;
} seen;

typedef struct stretch {
	ptm_session *session;
	uint32_t queue, thread;
	uint64_t time_ns, ip;
	PTM_ARRAY(seen) visits;
	uint64_t before_ns, stamp_ns, next_ns; /* the last two stamps not after the sample's time; the first after it, 0: none */
	uint64_t offset;         /* in the stream, of what has the stamp before it */
	double expected;         /* queue ordinal at the sample's time, if all instructions between two stamps took as long */
	bool resumes;            /* the sample's thread goes on */
	uint64_t resume_ip;
} stretch;

static bool thread_is(const seen *visit, uint32_t thread)
{
	return !thread || !visit->thread || visit->thread == thread;
}

/* Forgets visits that ended before the stretch. */
static void forget(stretch *into)
{
	uint32_t gone = 0;
	while (gone < into->visits.length && into->visits.at[gone].end_ns < into->before_ns)
		gone++;
	if (into->visits.length - gone > MOST_SEEN / 2)
		gone = into->visits.length - MOST_SEEN / 2;
	into->visits.length -= gone;
	memmove(into->visits.at, into->visits.at + gone, into->visits.length * sizeof *into->visits.at);
}

static ptm_status take(stretch *into, const ptm_item *item, uint64_t ordinal)
{
	if (item->kind == PTM_ITEM_VISIT) {
		seen visit = { .first = ordinal, .start_ns = item->start_ns, .end_ns = item->end_ns, .ip = item->ip, .packet = item->offset, .block = item->block,
			.thread = item->thread, .space = item->space, .instructions = item->instructions, .end = item->end };
		PTM_TRY(ptm_array_push(&into->visits, visit));
	}
	if (item->end_ns > into->time_ns) {
		if (!into->next_ns)
			into->next_ns = item->end_ns;
	} else {
		into->offset = item->offset;
		if (item->end_ns > into->stamp_ns) {
			into->before_ns = into->stamp_ns;
			into->stamp_ns = item->end_ns;
		}
	}
	/* Moving the rest costs as much as it frees: rarely. */
	if (into->visits.length >= MOST_SEEN || (into->visits.length > 4096 && into->visits.at[into->visits.length / 2].end_ns < into->before_ns))
		forget(into);
	return PTM_OK;
}

/* Behind the sample: where its thread goes on. */
static void look_ahead(stretch *into, const ptm_item *item)
{
	if (!into->next_ns && item->end_ns > into->time_ns)
		into->next_ns = item->end_ns;
	if (item->kind != PTM_ITEM_VISIT || (into->thread && item->thread && item->thread != into->thread))
		return;
	into->resumes = true;
	into->resume_ip = into->session->blocks.blocks.at[item->block].ip;
}

/* Where to decode from: a checkpoint of an earlier time than the one next to the
 * sample's, so that the stamps before it are seen. */
static const ptm_checkpoint *start_of(ptm_session *session, uint32_t queue, uint64_t time_ns)
{
	const ptm_checkpoint *near = ptm_checkpoint_by_time(session, queue, time_ns);
	return near && near->time_ns ? ptm_checkpoint_by_time(session, queue, near->time_ns) : NULL;
}

/* Branch records have no times: all of a buffer lies between those of the buffer. */
static ptm_status bound_by_buffer(stretch *into)
{
	ptm_stream stream = ptm_stream_of(into->session, into->queue);
	ptm_bts_span span;

	into->before_ns = into->stamp_ns;
	ptm_status status = ptm_bts_spans_find(&stream, into->offset, &span);
	if (status == PTM_OK && span.end_ns > into->stamp_ns)
		into->next_ns = span.end_ns;
	return status == PTM_END ? PTM_OK : status;
}

/* Where the path would be at the sample's time, going at an even pace. */
static void expect(stretch *into)
{
	uint64_t from = UINT64_MAX, to = 0;

	for (uint32_t i = 0; i < into->visits.length; i++) {
		const seen *visit = &into->visits.at[i];
		if (visit->end_ns < into->stamp_ns || visit->start_ns > into->time_ns)
			continue;
		if (from == UINT64_MAX)
			from = visit->start_ns < into->stamp_ns ? visit->first + visit->instructions : visit->first;
		to = visit->first + visit->instructions;
	}
	double passed = (double)(into->time_ns - into->stamp_ns), whole = (double)into->next_ns - (double)into->stamp_ns;
	into->expected = from < to && whole > passed ? (double)from + (double)(to - from) * passed / whole : (double)to;
}

/* A TNT packet is written after the last of its branches: what one packet decides
 * ran before its time, though only the first visit is seen to begin there. */
static bool is_same_packet(const stretch *into, const ptm_item *item)
{
	const seen *last = into->visits.length ? &into->visits.at[into->visits.length - 1] : NULL;
	return item->kind == PTM_ITEM_VISIT && last && last->packet == item->offset && last->end_ns > into->time_ns;
}

static ptm_status decode(stretch *into)
{
	const ptm_checkpoint *from = start_of(into->session, into->queue, into->time_ns);
	ptm_replay replay;
	ptm_item item;
	uint32_t ahead = 0;

	ptm_status status = ptm_replay_start(into->session, into->queue, from, &replay);
	while (status == PTM_OK && ahead < MOST_AHEAD && !into->resumes) {
		status = ptm_flow_next(replay.flow, &item);
		if (status != PTM_OK || item.kind == PTM_ITEM_CHECKPOINT)
			continue;
		if (ahead || (item.start_ns > into->time_ns && !is_same_packet(into, &item))) {
			look_ahead(into, &item);
			ahead++;
		} else {
			status = take(into, &item, replay.instruction);
		}
		if (item.kind == PTM_ITEM_VISIT)
			replay.instruction += item.instructions;
	}
	ptm_replay_free(&replay);
	if (status == PTM_OK || status == PTM_END)
		status = into->session->flow_source == PTM_SOURCE_BTS ? bound_by_buffer(into) : PTM_OK;
	forget(into);
	expect(into);
	return status;
}

/* ------------------------------------------------------------------ answers */

/* Address of instruction `index` of a visit. */
static uint64_t ip_of(const ptm_session *session, const seen *visit, uint32_t index)
{
	const ptm_block *block = &session->blocks.blocks.at[visit->block];
	uint64_t ip = block->ip;
	for (uint32_t i = 0; i < index; i++)
		ip += session->blocks.lengths.at[block->lengths + i];
	return ip;
}

static void point(const stretch *from, ptm_pin *pin, const seen *visit, uint64_t queue_ordinal, uint64_t ip)
{
	const ptm_ordinals *ordinals = &from->session->ordinals;
	uint32_t row = ptm_ordinals_run_in_queue(ordinals, from->queue, queue_ordinal);

	pin->thread = visit->thread;
	pin->space = visit->space;
	pin->ip = ip;
	pin->ordinal = row == UINT32_MAX ? UINT64_MAX : ordinals->thread_first.at[row] + (queue_ordinal - ordinals->runs.at[row].first_instruction);
	if (row != UINT32_MAX)
		pin->thread = ordinals->runs.at[row].thread;
}

/* Whether the path was interrupted at the sample's address, so that it is what its thread runs next. */
static bool is_interrupted(const stretch *from, ptm_pin *pin, uint32_t index)
{
	const seen *visit = &from->visits.at[index];
	bool is_last = index + 1 == from->visits.length;

	if (visit->end != PTM_END_ASYNC || visit->ip != from->ip)
		return false;
	uint64_t next = visit->first + visit->instructions;
	bool goes_on = is_last ? from->resumes && from->resume_ip == from->ip :
		from->session->blocks.blocks.at[from->visits.at[index + 1].block].ip == from->ip;
	if (goes_on && ptm_ordinals_run_in_queue(&from->session->ordinals, from->queue, next) != UINT32_MAX)
		point(from, pin, visit, next, from->ip);
	else if (visit->instructions)
		point(from, pin, visit, next - 1, ip_of(from->session, visit, visit->instructions - 1u));
	else
		return false;
	pin->state = PTM_PIN_INTERRUPTED;
	return true;
}

/* The place between the stamps where the path reached the sample's address: of
 * several the one nearest to where it is expected. */
static void find_address(const stretch *from, ptm_pin *pin)
{
	const ptm_session *session = from->session;
	double nearest = INFINITY;

	for (uint32_t i = from->visits.length; i-- > 0;) {
		const seen *visit = &from->visits.at[i];
		const ptm_block *block = &session->blocks.blocks.at[visit->block];
		if (!thread_is(visit, from->thread) || visit->end_ns < from->before_ns)
			continue;
		if (pin->state == PTM_PIN_NONE && is_interrupted(from, pin, i)) {
			pin->places = 1;
			return;
		}
		if (from->ip < block->ip || from->ip > block->last_ip)
			continue;
		uint32_t index = ptm_blocks_index_of(&session->blocks, block, from->ip);
		if (index >= visit->instructions)
			continue;
		double away = fabs((double)(visit->first + index) - from->expected);
		if (away < nearest)
			point(from, pin, visit, visit->first + index, from->ip);
		nearest = fmin(nearest, away);
		pin->state = PTM_PIN_EXACT;
		pin->places++;
	}
}

/* The last instruction whose time is not after the sample's. */
static void find_last(const stretch *from, ptm_pin *pin)
{
	for (uint32_t i = from->visits.length; i-- > 0;) {
		const seen *visit = &from->visits.at[i];
		uint32_t ran = visit->instructions;
		if (visit->end_ns > from->time_ns)
			ran = ran && visit->start_ns <= from->time_ns ? ran - 1 : 0;
		if (!ran)
			continue;
		bool off = visit->end_ns <= from->time_ns && i + 1 == from->visits.length &&
			   (visit->end == PTM_END_OFF || visit->end == PTM_END_LOST || visit->end == PTM_END_ASYNC);
		point(from, pin, visit, visit->first + ran - 1, ip_of(from->session, visit, ran - 1));
		pin->state = !thread_is(visit, from->thread) ? PTM_PIN_OTHER_THREAD : off ? PTM_PIN_NOT_TRACED : PTM_PIN_ELSEWHERE;
		return;
	}
}

static bool is_queue_of(const ptm_queue *queue, const ptm_sample_ref *ref)
{
	return queue->tid > 0 ? queue->tid == ref->tid : queue->cpu >= 0 && (queue->cpu == ref->cpu || ref->cpu < 0);
}

/* Row of the queue that tells of a sample's CPU or thread: of several (each sample
 * may have brought its own) the one that goes on longest until its time, or the
 * first that goes beyond; UINT32_MAX: none. */
static uint32_t queue_of(const ptm_session *session, const ptm_sample_ref *ref, uint32_t thread)
{
	const ptm_ordinals *ordinals = &session->ordinals;
	uint32_t only = UINT32_MAX, count = 0, best = UINT32_MAX;

	for (uint32_t i = 0; i < session->file.queues.length; i++) {
		if (!is_queue_of(&session->file.queues.at[i], ref))
			continue;
		only = i;
		count++;
	}
	for (uint32_t i = 0; count > 1 && i < ordinals->runs.length; i++) {
		const ptm_run *run = &ordinals->runs.at[i];
		if ((thread && run->thread != thread) || run->start_ns > ref->time || !is_queue_of(&session->file.queues.at[run->queue], ref))
			continue;
		uint64_t end = best == UINT32_MAX ? 0 : ordinals->runs.at[best].end_ns;
		bool longer = run->end_ns > end && end < ref->time, closer = run->end_ns < end && run->end_ns >= ref->time;
		if (best == UINT32_MAX || longer || closer)
			best = i;
	}
	return best == UINT32_MAX ? only : ordinals->runs.at[best].queue;
}

ptm_status ptm_sample_pin(ptm_session *session, uint32_t row, uint64_t ip, ptm_pin *pin)
{
	const ptm_sample_ref *ref = &session->file.samples.at[row];
	uint32_t thread = ptm_sideband_thread(&session->sideband, ref->pid, ref->tid);
	stretch around = { .session = session, .queue = queue_of(session, ref, thread), .time_ns = ref->time, .ip = ip, .thread = thread };

	*pin = (ptm_pin){ .ordinal = UINT64_MAX };
	bool timeless = session->flow_source == PTM_SOURCE_PT && session->pt.timeless;
	if (around.queue == UINT32_MAX || !ref->time || ref->time == PTM_NO_TIME || timeless)
		return PTM_OK;
	ptm_status status = decode(&around);
	if (status == PTM_OK) {
		pin->from_ns = around.before_ns;
		pin->to_ns = around.next_ns;
		if (ip)
			find_address(&around, pin);
		if (pin->state == PTM_PIN_NONE)
			find_last(&around, pin);
	}
	ptm_array_free(&around.visits);
	return status;
}

/* ---------------------------------------------------------------- sentences */

static void name_of(ptm_session *session, const ptm_pin *pin, char into[200])
{
	if (!ptm_symbol_text(session, pin->space, pin->ip, into, 200))
		snprintf(into, 200, "0x%llx", (unsigned long long)pin->ip);
}

/* "between two times 40 ns apart" */
static void span_text(const ptm_session *session, const ptm_pin *pin, char into[120])
{
	if (session->flow_source == PTM_SOURCE_BTS)
		snprintf(into, 120, "among the records of its buffer, which carry no times");
	else if (pin->to_ns > pin->from_ns && pin->from_ns)
		snprintf(into, 120, "between times of the trace that are %llu ns apart", (unsigned long long)(pin->to_ns - pin->from_ns));
	else
		snprintf(into, 120, "around its time");
}

size_t ptm_pin_text(ptm_session *session, const ptm_pin *pin, uint64_t ip, char *into, size_t size)
{
	char name[200], span[120];
	const char *kernel = ip >> 63 ? " The sample was taken in the kernel." : "";
	int length = 0;

	if (pin->state != PTM_PIN_NONE)
		name_of(session, pin, name);
	span_text(session, pin, span);
	switch (pin->state) {
	case PTM_PIN_EXACT:
		length = pin->places > 1
			? snprintf(into, size, "The path reached the sample's address %u times %s: this is the one it would be at an even pace.", pin->places, span)
			: snprintf(into, size, "The path reached the sample's address once %s: this is it.", span);
		break;
	case PTM_PIN_INTERRUPTED:
		length = snprintf(into, size, "The path was interrupted right before the sample's address, %s.", span);
		break;
	case PTM_PIN_ELSEWHERE:
		length = snprintf(into, size, "The path was at %s. It did not reach the sample's address %s.%s", name, span, kernel);
		break;
	case PTM_PIN_NOT_TRACED:
		length = snprintf(into, size, "Nothing was traced at the sample's time. The last instruction before it was at %s.%s", name, kernel);
		break;
	case PTM_PIN_OTHER_THREAD:
		length = snprintf(into, size, "The path of this CPU was in another thread, at %s.", name);
		break;
	default:
		length = snprintf(into, size, "No path is known for the sample's time.");
		break;
	}
	return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}
