/* SPDX-License-Identifier: Apache-2.0 */
/* Carries records from the file to the address spaces and the clock: the only
 * place where file, image and flow meet. */
#include "api/load_jit.h"

/* A module of the kernel that the file's table of build-ids lists has its path for a
 * name: perf reads that table first, and knows modules by their short names ("[ath9k]"). */
static ptm_status name_module(ptm_session *session, uint32_t *name)
{
	const ptm_trace_file *file = &session->file;

	for (uint32_t i = 0; i < file->build_ids.length; i++) {
		const ptm_build_id *known = &file->build_ids.at[i];
		const char *path = ptm_strings_get(&session->strings, known->path);
		uint32_t module;
		if (!known->listed || !known->kernel || *path != '/')
			continue;
		PTM_TRY(ptm_kernel_module_dso(&session->images, path, &module));
		if (module != *name)
			continue;
		*name = known->path;
		return PTM_OK;
	}
	return PTM_OK;
}

/* What a process of a virtual machine maps. */
static ptm_status load_guest_map(ptm_session *session, const ptm_record *record, uint64_t time, ptm_map *map)
{
	bool is_memory;

	PTM_TRY(ptm_names_of_memory(&session->images, map->name, record->pid, &map->name, &is_memory));
	PTM_TRY(ptm_images_want_of(&session->images, record->machine, map->name, record->as.map.build_id, record->as.map.build_id_length, &map->image));
	if (is_memory) {
		session->images.images.at[map->image].is_anonymous = true;
		map->file_offset = map->start;
	}
	return ptm_spaces_map(session->spaces, time, ptm_spaces_process(record->machine, record->pid), map);
}

static ptm_status load_map(ptm_session *session, const ptm_record *record, uint64_t time)
{
	bool is_memory, kernel = record->as.map.kernel;
	const uint8_t *build_id = record->as.map.build_id;
	ptm_map map = {
		.start = record->as.map.address,
		.end = record->as.map.address + record->as.map.length,
		.file_offset = record->as.map.file_offset,
		.name = record->as.map.name,
	};
	if (map.end <= map.start)
		return PTM_OK;
	/* A guest's addresses are not ours. */
	if (record->machine && record->as.map.guest && record->pid != -1)
		return load_guest_map(session, record, time, &map);
	if (record->as.map.guest || record->machine) {
		/* Where guests' own records are, nothing else is asked of them. */
		if (!record->machine && session->file.guest_ids.length)
			return PTM_OK;
		PTM_TRY(ptm_kernel_want_guest(&session->images, record->machine, map.name, map.start, map.end, map.file_offset, &map.image, &map.name));
		map.file_offset = map.start;
		if (map.image)
			ptm_images_set_build_id(&session->images, record->machine, session->images.images.at[map.image].path, build_id, record->as.map.build_id_length);
		return map.image ? ptm_spaces_map_guest(session->spaces, ptm_kernel_of_guest(&session->images, record->machine), &map) : PTM_OK;
	}
	if (kernel) {
		PTM_TRY(ptm_kernel_want(&session->images, map.name, map.start, map.end, map.file_offset, build_id, record->as.map.build_id_length,
			&map.image, &map.name));
		PTM_TRY(name_module(session, &map.name));
		map.file_offset = map.start; /* in a file that holds everything at its own address */
		return ptm_spaces_map(session->spaces, time, -1, &map);
	}
	PTM_TRY(ptm_names_of_memory(&session->images, map.name, record->pid, &map.name, &is_memory));
	PTM_TRY(ptm_images_want(&session->images, map.name, build_id, record->as.map.build_id_length, &map.image));
	if (is_memory) {
		session->images.images.at[map.image].is_anonymous = true;
		map.file_offset = map.start;
	}
	return ptm_spaces_map(session->spaces, time, record->pid, &map);
}

/* Code of a function that the kernel made: that of an eBPF program is in the trace. */
static const ptm_bpf_function *bpf_function(const ptm_trace_file *file, const ptm_record *record)
{
	for (uint32_t i = 0; i < file->bpf_functions.length; i++)
		if (file->bpf_functions.at[i].address == record->as.map.address && file->bpf_functions.at[i].size == record->as.map.length &&
		    !(file->bpf_functions.at[i].file_offset >> PTM_VOLUME_SHIFT))
			return &file->bpf_functions.at[i];
	return NULL;
}

static ptm_status load_ksymbol(ptm_session *session, const ptm_record *record, uint32_t guest, uint64_t time)
{
	ptm_map map = { .start = record->as.map.address, .end = record->as.map.address + record->as.map.length };
	if (!record->as.map.gone) {
		const ptm_bpf_function *code = guest ? NULL : bpf_function(&session->file, record);
		map.name = record->as.map.name;
		map.file_offset = code ? code->file_offset : map.start;
		PTM_TRY(ptm_images_want_function(&session->images, record->machine, map.name, record->as.map.length, session->source.id, code ? session->source.size : 0,
			map.file_offset, &map.image));
	}
	return ptm_spaces_map_function(session->spaces, guest, time, &map);
}

static ptm_status load_record(ptm_session *session, const ptm_record *record)
{
	uint64_t time = record->time == PTM_NO_TIME ? 0 : record->time;
	const ptm_trace_file *file = &session->file;
	int64_t process = ptm_spaces_process(record->machine, record->pid);
	uint32_t guest = record->machine ? ptm_kernel_of_guest(&session->images, record->machine) : 0;

	switch (record->type) {
	case PTM_RECORD_MMAP: case PTM_RECORD_MMAP2:
		return record->as.map.executable ? load_map(session, record, time) : PTM_OK;
	case PTM_RECORD_KSYMBOL:
		return record->machine && !guest ? PTM_OK : load_ksymbol(session, record, guest, time);
	case PTM_RECORD_TEXT_POKE:
		return record->machine && !guest ? PTM_OK : ptm_spaces_poke(session->spaces, guest, time, record->as.poke.address, file->poked.at + record->as.poke.bytes + record->as.poke.old_length,
			record->as.poke.new_length);
	case PTM_RECORD_FORK:
		/* A new thread shares its process's maps. */
		if (record->as.task.ppid != record->pid)
			return ptm_spaces_fork(session->spaces, time, process, ptm_spaces_process(record->machine, record->as.task.ppid));
		return PTM_OK;
	case PTM_RECORD_COMM:
		return record->as.comm.exec ? ptm_spaces_exec(session->spaces, time, process) : PTM_OK;
	default:
		return PTM_OK;
	}
}

/* Times of records, as places where the context of a flow may change. */
static ptm_status load_change(ptm_session *session, uint64_t time)
{
	uint64_t count = session->change_ns.length;
	if (time == PTM_NO_TIME || (count && session->change_ns.at[count - 1] >= time))
		return PTM_OK;
	PTM_TRY(ptm_array_push(&session->change_ns, time));
	return ptm_array_push(&session->change_tsc, ptm_time_tsc(&session->time, time));
}

/* Position in a queue's stream of an AUX offset. They differ, because perf pads
 * each chunk to 8 bytes. */
static uint64_t stream_position(const ptm_trace_file *file, const ptm_queue *queue, uint64_t aux_offset)
{
	uint64_t start = 0;
	for (uint32_t i = 0; i < queue->chunk_count; i++) {
		const ptm_aux_chunk *chunk = &file->chunks.at[queue->first_chunk + i];
		if (aux_offset >= chunk->aux_offset && aux_offset - chunk->aux_offset <= chunk->size &&
		    (i + 1 == queue->chunk_count || aux_offset < chunk[1].aux_offset))
			return start + (aux_offset - chunk->aux_offset);
		start += chunk->size;
	}
	return start;
}

/* Where perf lost trace: the end of every AUX record with the truncated flag. */
static ptm_status load_truncation(ptm_session *session, const ptm_record *record)
{
	if (record->type != PTM_RECORD_AUX || !(record->as.aux.flags & 1) || record->machine)
		return PTM_OK;
	for (uint32_t queue = 0; queue < session->file.queues.length; queue++) {
		const ptm_queue *row = &session->file.queues.at[queue];
		bool own = row->cpu >= 0 ? row->cpu == record->cpu : row->tid == record->tid;
		if (!own || !row->chunk_count)
			continue;
		uint64_t end = record->as.aux.offset + record->as.aux.size;
		/* In a piece cut out of a longer trace, a loss before the piece has no place. */
		if (session->file.cut_size && end <= session->file.chunks.at[row->first_chunk].aux_offset)
			return PTM_OK;
		ptm_truncation truncation = { queue, stream_position(&session->file, row, end) };
		return ptm_array_push(&session->truncations, truncation);
	}
	return PTM_OK;
}

static int compare_truncations(const void *left, const void *right)
{
	const ptm_truncation *a = left, *b = right;
	if (a->queue != b->queue)
		return a->queue < b->queue ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* By which a kernel's file is known where no build-id is told. */
static void load_releases(ptm_session *session)
{
	session->images.kernel.release = session->file.os_release;
	for (uint32_t i = 0; i < session->file.guest_releases.length; i++) {
		const ptm_guest_release *told = &session->file.guest_releases.at[i];
		uint32_t guest = ptm_kernel_of_guest(&session->images, told->machine);
		if (guest)
			session->images.guests.at[guest - 1].release = told->release;
	}
}

/* A guest calls its kernel as every machine does, also in what perf inject joins. */
static uint32_t named_path(const ptm_session *session, const ptm_build_id *known)
{
	uint32_t guest = known->guest ? ptm_kernel_of_guest(&session->images, known->pid) : 0;

	if (!guest || strcmp(ptm_strings_get(&session->strings, known->path), PTM_KERNEL_NAME))
		return known->path;
	return session->images.images.at[session->images.guests.at[guest - 1].image].path;
}

ptm_status ptm_load_trace(ptm_session *session)
{
	for (uint32_t i = 0; i < session->file.records.length; i++) {
		const ptm_record *record = &session->file.records.at[i];
		PTM_TRY(load_record(session, record));
		PTM_TRY(load_change(session, record->time));
		PTM_TRY(load_truncation(session, record));
	}
	if (session->truncations.length)
		qsort(session->truncations.at, session->truncations.length, sizeof *session->truncations.at, compare_truncations);
	for (uint32_t i = 0; i < session->file.build_ids.length; i++) {
		const ptm_build_id *known = &session->file.build_ids.at[i];
		ptm_images_set_build_id(&session->images, known->guest ? known->pid : 0, named_path(session, known), known->id, known->length);
	}
	load_releases(session);
	return ptm_spaces_settle(session->spaces);
}

/* Code without a time counts as soon as there is memory for it. */
static ptm_status load_timeless(ptm_session *session, const ptm_jit_maps *jit, const ptm_record *record, uint64_t time)
{
	bool is_map = (record->type == PTM_RECORD_MMAP || record->type == PTM_RECORD_MMAP2) && record->as.map.executable && !record->as.map.kernel && !record->machine;
	uint64_t start = record->as.map.address, length = record->as.map.length;
	for (uint32_t i = 0; is_map && i < jit->length && !jit->at[i].time; i++) {
		const ptm_jit_map *made = &jit->at[i];
		if (made->pid == record->pid && !made->ambiguous && made->map.start - start < length && made->map.end - start <= length)
			PTM_TRY(ptm_spaces_map(session->spaces, time, made->pid, &made->map));
	}
	return PTM_OK;
}

static ptm_status load_made(ptm_session *session, const ptm_jit_map *made)
{
	PTM_TRY(load_change(session, made->time));
	PTM_TRY(ptm_array_push(&session->made_ns, made->time));
	return ptm_spaces_map(session->spaces, made->time, made->pid, &made->map);
}

/* All records, and what runtimes made between them. */
static ptm_status load_all(ptm_session *session, const ptm_jit_maps *jit)
{
	uint32_t made = 0;
	uint64_t now = 0;
	session->change_ns.length = session->change_tsc.length = session->made_ns.length = 0;
	while (made < jit->length && !jit->at[made].time)
		made++;
	for (uint32_t i = 0; i < session->file.records.length; i++) {
		const ptm_record *record = &session->file.records.at[i];
		if (record->time != PTM_NO_TIME && record->time > now)
			now = record->time;
		for (; made < jit->length && jit->at[made].time < now; made++)
			PTM_TRY(load_made(session, &jit->at[made]));
		PTM_TRY(load_record(session, record));
		PTM_TRY(load_change(session, record->time));
		PTM_TRY(load_timeless(session, jit, record, now));
	}
	for (; made < jit->length; made++)
		PTM_TRY(load_made(session, &jit->at[made]));
	return PTM_OK;
}

ptm_status ptm_load_maps(ptm_session *session)
{
	ptm_jit_maps jit;
	ptm_status status = ptm_jit_maps_read(session, &jit);
	if (status == PTM_OK)
		status = ptm_spaces_clear(session->spaces);
	if (status == PTM_OK)
		status = load_all(session, &jit);
	ptm_array_free(&jit);
	PTM_TRY(status);
	session->images.maps_changed = false;
	return ptm_spaces_settle(session->spaces);
}

uint64_t ptm_load_named_ns(const ptm_session *session, uint64_t record_ns, uint64_t ns)
{
	uint32_t low = 0, high = session->made_ns.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (session->made_ns.at[middle] <= ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low && session->made_ns.at[low - 1] > record_ns ? session->made_ns.at[low - 1] : record_ns;
}
