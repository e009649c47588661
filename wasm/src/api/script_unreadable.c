/* SPDX-License-Identifier: Apache-2.0 */
/* Binaries without code, of which perf tells an error only from the second meeting on. */
#include "api/samples_state.h"


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

void ptm_samples_try_code(ptm_session *session, ptm_samples *samples, uint64_t ip)
{
	uint32_t space;
	const ptm_map *map = ip ? ptm_script_map(&samples->script, ip, &space) : NULL;

	if (!map || session->images.images.at[map->image].status == PTM_IMAGE_LOADED)
		return;
	ptm_unreadable *known = unreadable_at(session, samples, space, ip);
	if (known)
		known->tried = true;
}
