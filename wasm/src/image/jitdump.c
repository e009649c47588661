/* SPDX-License-Identifier: Apache-2.0 */
#include "image/jitdump.h"
#include "base/bytes.h"

#define MAGIC 0x4a695444u        /* "JiTD" as the writer's byte order has it */
#define SWAPPED 0x4454694au
#define FIXED 64                 /* no record has more bytes before its name */
#define FLAG_TSC 1
#define LONGEST_NAME 65536u

bool ptm_jitdump_is(const uint8_t *at, uint32_t length)
{
	ptm_bytes bytes = ptm_bytes_of(at, length);
	uint32_t magic = ptm_bytes_u32(&bytes);
	return magic == MAGIC || magic == SWAPPED;
}

ptm_status ptm_jitdump_header(ptm_source *source, const char *path, ptm_jit_header *header, ptm_message *message)
{
	const uint8_t *at;
	uint32_t length = 40;
	PTM_TRY(ptm_source_view_some(source, 0, &length, &at));
	ptm_bytes bytes = ptm_bytes_of(at, length);
	uint32_t magic = ptm_bytes_u32(&bytes), version = ptm_bytes_u32(&bytes);
	ptm_bytes_skip(&bytes, 4);
	header->machine = ptm_bytes_u32(&bytes);
	ptm_bytes_skip(&bytes, 4);
	header->pid = ptm_bytes_u32(&bytes);
	ptm_bytes_skip(&bytes, 8);
	header->tsc = ptm_bytes_u64(&bytes) & FLAG_TSC;
	if (magic == SWAPPED)
		return ptm_message_set(message, PTM_UNSUPPORTED, "%s is a jitdump of a big-endian machine; only x86 code is read.", path);
	if (bytes.failed)
		return ptm_message_set(message, PTM_TRUNCATED, "%s is a jitdump cut short: it has only %llu bytes.", path,
				       (unsigned long long)source->size);
	if (version != 1)
		return ptm_message_set(message, PTM_UNSUPPORTED, "%s is a jitdump of version %u; only version 1 is read.", path, version);
	if (header->machine != 62 && header->machine != 3)
		return ptm_message_set(message, PTM_UNSUPPORTED, "%s holds code for another processor (ELF machine %u); only x86 code is read.",
				       path, header->machine);
	return PTM_OK;
}

/* The records' starts; the length of a name is found by looking for its NUL. */
static bool decode(ptm_bytes *bytes, uint64_t at, uint64_t end, ptm_jit_event *event)
{
	switch (event->kind) {
	case PTM_JIT_LOAD:
	case PTM_JIT_MOVE:
		event->pid = ptm_bytes_u32(bytes);
		ptm_bytes_skip(bytes, 12); /* tid, vma */
		if (event->kind == PTM_JIT_MOVE)
			event->old_address = ptm_bytes_u64(bytes);
		event->address = ptm_bytes_u64(bytes);
		event->size = ptm_bytes_u64(bytes);
		event->index = ptm_bytes_u64(bytes);
		event->name_offset = at + 56;
		return !bytes->failed && event->size <= UINT64_MAX - event->address;
	case PTM_JIT_DEBUG_INFO:
		event->address = ptm_bytes_u64(bytes);
		event->entry_count = ptm_bytes_u64(bytes);
		event->entries_offset = at + 32;
		event->entries_end = end;
		return !bytes->failed;
	default:
		return event->kind == PTM_JIT_CLOSE;
	}
}

/* Finds where the code begins: behind the name. False when name and code do not fit the record. */
static ptm_status place_code(ptm_source *source, uint64_t end, ptm_jit_event *event, bool *fits)
{
	const uint8_t *name;
	uint64_t left = end > event->name_offset ? end - event->name_offset : 0;
	uint32_t length = left < LONGEST_NAME ? (uint32_t)left : LONGEST_NAME;
	*fits = false;
	PTM_TRY(ptm_source_view_some(source, event->name_offset, &length, &name));
	uint32_t text = (uint32_t)strnlen((const char *)name, length);
	event->code_offset = event->name_offset + text + 1;
	*fits = text < length && event->code_offset <= end && event->size <= end - event->code_offset;
	return PTM_OK;
}

ptm_status ptm_jitdump_read(ptm_source *source, const char *path, ptm_status (*take)(void *context, const ptm_jit_event *event), void *context,
			    uint64_t *cut_at, ptm_message *message)
{
	ptm_jit_header header;
	const uint8_t *bytes_at;
	PTM_TRY(ptm_jitdump_header(source, path, &header, message));
	PTM_TRY(ptm_source_view(source, 8, 4, &bytes_at));
	ptm_bytes head = ptm_bytes_of(bytes_at, 4);
	uint64_t at = ptm_bytes_u32(&head);
	while (at >= 40 && at < source->size && source->size - at >= 16) {
		uint32_t length = FIXED;
		PTM_TRY(ptm_source_view_some(source, at, &length, &bytes_at));
		ptm_bytes bytes = ptm_bytes_of(bytes_at, length);
		uint32_t kind = ptm_bytes_u32(&bytes), size = ptm_bytes_u32(&bytes);
		ptm_jit_event event = { .kind = kind < 255 ? (uint8_t)kind : 255, .pid = header.pid, .time = ptm_bytes_u64(&bytes) };
		if (size < 16 || size > source->size - at)
			break;
		bool fits = decode(&bytes, at, at + size, &event);
		if (fits && event.kind == PTM_JIT_LOAD)
			PTM_TRY(place_code(source, at + size, &event, &fits));
		if (fits)
			PTM_TRY(take(context, &event));
		at += size;
	}
	*cut_at = at;
	return PTM_OK;
}
