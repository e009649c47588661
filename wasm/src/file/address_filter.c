/* SPDX-License-Identifier: Apache-2.0 */
#include "file/address_filter.h"
#include <stdlib.h>
#include <string.h>

static bool take_word(const char **at, const char *word)
{
	size_t length = strlen(word);
	if (strncmp(*at, word, length))
		return false;
	*at += length;
	return true;
}

static bool take_number(const char **at, uint64_t *number)
{
	char *end;
	if (**at < '0' || **at > '9')
		return false;
	*number = strtoull(*at, &end, 0);
	*at = end;
	return true;
}

/* Takes what follows a clause's first word: START[/SIZE][@FILE], up to the comma or the end. */
static ptm_status take_range(ptm_strings *strings, const char **at, ptm_filter_range *range, bool *understood)
{
	*range = (ptm_filter_range){ 0 };
	*understood = take_number(at, &range->start) && take_word(at, "/") && take_number(at, &range->size);
	if (*understood && take_word(at, "@")) {
		size_t length = strcspn(*at, ",");
		PTM_TRY(ptm_strings_add(strings, *at, length, &range->file));
		*at += length;
	}
	*understood = *understood && (!**at || **at == ',');
	return PTM_OK;
}

ptm_status ptm_address_filter_read(ptm_strings *strings, const char *text, ptm_address_filter *filter)
{
	ptm_address_filter read = { 0 };
	const char *at = text;

	*filter = (ptm_address_filter){ 0 };
	do {
		ptm_filter_range range;
		bool understood = false;
		at += strspn(at, " ,");
		bool stops = take_word(&at, "tracestop ");
		if (stops || take_word(&at, "filter "))
			PTM_TRY(take_range(strings, &at, &range, &understood));
		if (!understood || read.count == PTM_FILTER_RANGES)
			return PTM_OK;
		range.stops = stops;
		read.ranges[read.count++] = range;
		at += strspn(at, " ,");
	} while (*at);
	*filter = read;
	return PTM_OK;
}

bool ptm_address_filter_leaves(const ptm_address_filter *filter, uint64_t ip, uint32_t file, uint64_t at)
{
	bool filters = false, inside = false;
	for (uint32_t i = 0; i < filter->count; i++) {
		const ptm_filter_range *range = &filter->ranges[i];
		bool hit = range->file == file && (file ? at : ip) - range->start < range->size;
		if (hit && range->stops)
			return true;
		filters |= !range->stops;
		inside |= hit;
	}
	return filters && !inside;
}
