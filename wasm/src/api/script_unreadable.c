/* SPDX-License-Identifier: Apache-2.0 */
/* Binaries without code, of which perf tells an error only from the second meeting on. */
#include "api/samples_state.h"
#include <string.h>

/* The entry of the binary at an address, made when it is new; NULL: there is no binary, or for want of memory. */
static ptm_unreadable *unreadable_at(ptm_session *session, ptm_samples *samples, uint32_t space, uint64_t ip)
{
	const ptm_map *map = ptm_spaces_find(session->spaces, space, ip);

	if (!map)
		return NULL;
	for (uint32_t i = 0; i < samples->unreadable.length; i++)
		if (samples->unreadable.at[i].name == map->name)
			return &samples->unreadable.at[i];
	samples->script.status = ptm_array_push(&samples->unreadable, ((ptm_unreadable){ .name = map->name }));
	return samples->script.status == PTM_OK ? &samples->unreadable.at[samples->unreadable.length - 1] : NULL;
}

bool ptm_samples_meet_unreadable(ptm_session *session, ptm_samples *samples, const ptm_item *item)
{
	ptm_unreadable *known = unreadable_at(session, samples, item->space, item->ip);

	if (!known)
		return false;
	bool told = known->tried && known->seen;
	known->seen |= known->tried;
	known->tried = true;
	return told;
}

/* perf tries to read the binary at an address. Returns whether that fails. */
static bool try_at(ptm_session *session, ptm_samples *samples, uint32_t space, uint64_t ip)
{
	const ptm_map *map = ptm_spaces_find(session->spaces, space, ip);

	if (!map || session->images.images.at[map->image].status == PTM_IMAGE_LOADED)
		return false;
	ptm_unreadable *known = unreadable_at(session, samples, space, ip);
	if (known)
		known->tried = true;
	return known;
}

static bool is_map_of(const ptm_record *record, int32_t pid)
{
	return (record->type == PTM_RECORD_MMAP || record->type == PTM_RECORD_MMAP2) && record->pid == pid && !record->as.map.kernel && !record->as.map.guest;
}

/* The map of a binary with the lowest address above `above` that the records [from, to) tell of a process; NULL: there is none. */
static const ptm_record *next_binary(const ptm_session *session, uint32_t from, uint32_t to, int32_t pid, uint64_t above)
{
	const ptm_record *found = NULL;

	for (uint32_t row = from; row < to; row++) {
		const ptm_record *record = &session->file.records.at[row];
		if (!is_map_of(record, pid) || *ptm_strings_get(&session->strings, record->as.map.name) != '/')
			continue;
		if (record->as.map.address > above && (!found || record->as.map.address < found->as.map.address))
			found = record;
	}
	return found;
}

void ptm_samples_meet_map(ptm_session *session, ptm_samples *samples, const ptm_record *record)
{
	const ptm_record *records = session->file.records.at, *map;
	uint32_t to = samples->record - 1, from = to;
	uint64_t above = 0;

	if (!samples->any_missing || !is_map_of(record, record->pid) || strcmp(ptm_strings_get(&session->strings, record->as.map.name), "[vdso]") != 0)
		return;
	/* The program's maps follow its name. */
	while (from && !(records[from - 1].type == PTM_RECORD_COMM && records[from - 1].pid == record->pid))
		from--;
	uint32_t space = ptm_spaces_at(session->spaces, record->pid, samples->record_ns);
	while ((map = next_binary(session, from, to, record->pid, above)) != NULL && try_at(session, samples, space, map->as.map.address))
		above = map->as.map.address;
}

void ptm_samples_try_code(ptm_session *session, ptm_samples *samples, uint64_t ip)
{
	uint32_t space;

	if (ip && ptm_script_map(&samples->script, ip, &space))
		(void)try_at(session, samples, space, ip);
}
