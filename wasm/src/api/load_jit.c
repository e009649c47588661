/* SPDX-License-Identifier: Apache-2.0 */
/* Maps the code of jitdumps among the records of the trace, as `perf inject
 * --jit` would: from when it was made or moved on, under the name of the file
 * that perf would have written it to. */
#include "api/load_jit.h"
#include <stdio.h>

typedef struct reader {
	ptm_session *session;
	const ptm_jitdump *dump;
	ptm_jit_maps *maps;
	PTM_ARRAY(ptm_jit_event) loads;  /* of this dump, sorted by (index, time) when a move is met */
	bool sorted;
} reader;

/* Time of the trace at a dump's time; 0 when the two clocks cannot be compared. */
static uint64_t trace_time(const ptm_session *session, const ptm_jitdump *dump, uint64_t time)
{
	const ptm_attr *attr = session->file.attrs.length ? &session->file.attrs.at[0] : NULL;
	if (dump->header.tsc)
		return session->time.mult && !session->pt.timeless ? ptm_time_ns(&session->time, time) : 0;
	return attr && attr->use_clockid && attr->clockid == PTM_CLOCK_MONOTONIC ? time : 0;
}

static ptm_status name_of(const reader *reader, const ptm_jit_event *event, uint32_t *name)
{
	char text[4096];
	int length = snprintf(text, sizeof text, "%sjitted-%u-%llu.so", ptm_strings_get(&reader->session->strings, reader->dump->directory),
		event->pid, (unsigned long long)event->index);
	return ptm_strings_add(&reader->session->strings, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1, name);
}

static ptm_status add(reader *reader, const ptm_jit_event *event, uint64_t code_offset)
{
	ptm_jit_map map = {
		.time = trace_time(reader->session, reader->dump, event->time),
		.pid = (int32_t)event->pid,
		.order = reader->maps->length,
		.map = { event->address, event->address + event->size, code_offset, reader->dump->image, 0 },
	};
	if (!event->size)
		return PTM_OK;
	PTM_TRY(name_of(reader, event, &map.map.name));
	return ptm_array_push(reader->maps, map);
}

static int compare_loads(const void *left, const void *right)
{
	const ptm_jit_event *a = left, *b = right;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return a->time < b->time ? -1 : a->time > b->time;
}

/* The load whose code moved: of its index, the last. NULL when there is none. */
static const ptm_jit_event *find_load(reader *reader, uint64_t index)
{
	uint32_t low = 0, high = reader->loads.length;
	if (!reader->sorted && high)
		qsort(reader->loads.at, high, sizeof *reader->loads.at, compare_loads);
	reader->sorted = true;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (reader->loads.at[middle].index <= index)
			low = middle + 1;
		else
			high = middle;
	}
	return low && reader->loads.at[low - 1].index == index ? &reader->loads.at[low - 1] : NULL;
}

static ptm_status take(void *context, const ptm_jit_event *event)
{
	reader *reader = context;
	if (event->kind == PTM_JIT_LOAD) {
		reader->sorted = false;
		PTM_TRY(ptm_array_push(&reader->loads, *event));
		return add(reader, event, event->code_offset);
	}
	const ptm_jit_event *moved = event->kind == PTM_JIT_MOVE ? find_load(reader, event->index) : NULL;
	return moved && event->size <= moved->size ? add(reader, event, moved->code_offset) : PTM_OK;
}

static int compare_maps(const void *left, const void *right)
{
	const ptm_jit_map *a = left, *b = right;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (!a->time && a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (!a->time && a->map.start != b->map.start)
		return a->map.start < b->map.start ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* Of code without a time that was made where other code was made too, nobody can
 * tell which ran: none of it counts. */
static void drop_ambiguous(ptm_session *session, ptm_jit_maps *maps)
{
	uint32_t dropped = 0, widest = 0;
	for (uint32_t i = 1; i < maps->length && !maps->at[i].time; i++) {
		ptm_map *map = &maps->at[i].map, *before = &maps->at[widest].map;
		bool overlaps = maps->at[i].pid == maps->at[widest].pid && map->start < before->end;
		if (overlaps)
			maps->at[i].ambiguous = maps->at[widest].ambiguous = true;
		if (!overlaps || map->end > before->end)
			widest = i;
	}
	for (uint32_t i = 0; i < maps->length && !maps->at[i].time; i++)
		dropped += maps->at[i].ambiguous;
	if (dropped)
		(void)ptm_message_set(&session->images.images.at[maps->at[0].map.image].message, PTM_OK,
			"%u pieces of code were made where other code was made before or after, at times that cannot be compared with the trace's: they are "
			"left out. Record with the runtime's option for TSC times (JITDUMP_USE_ARCH_TIMESTAMP=1).", dropped);
}

static void tell_cut(ptm_session *session, const ptm_jitdump *dump, uint64_t at)
{
	if (at != dump->file.size)
		(void)ptm_message_set(&session->images.images.at[dump->image].message, PTM_OK,
			"The jitdump's record at byte %llu does not end in the file, which has %llu bytes: it was cut short or is damaged, and code made later has no name.",
			(unsigned long long)at, (unsigned long long)dump->file.size);
}

ptm_status ptm_jit_maps_read(ptm_session *session, ptm_jit_maps *maps)
{
	ptm_status status = PTM_OK;
	*maps = (ptm_jit_maps){ 0 };
	for (uint32_t i = 0; i < session->images.jitdumps.length && status == PTM_OK; i++) {
		reader reader = { .session = session, .dump = &session->images.jitdumps.at[i], .maps = maps };
		ptm_source source;
		ptm_source_init(&source, reader.dump->file.source, reader.dump->file.size, 1u << 20);
		uint64_t cut_at = source.size;
		status = ptm_jitdump_read(&source, "", take, &reader, &cut_at, &session->message);
		tell_cut(session, reader.dump, cut_at);
		ptm_array_free(&reader.loads);
		ptm_source_free(&source);
	}
	if (status == PTM_OK && maps->length)
		qsort(maps->at, maps->length, sizeof *maps->at, compare_maps);
	drop_ambiguous(session, maps);
	return status;
}
