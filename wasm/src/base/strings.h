/* SPDX-License-Identifier: Apache-2.0 */
/* Interned strings: equal text has equal ids, ids count up from 0, and id 0 is
 * the empty string. Text is copied into one growing pool. */
#ifndef PTM_BASE_STRINGS_H
#define PTM_BASE_STRINGS_H

#include "base/array.h"

typedef struct ptm_strings {
	PTM_ARRAY(char) pool;        /* NUL-terminated texts, one after another */
	PTM_ARRAY(uint32_t) start;   /* id -> offset in pool */
	uint32_t *slots;             /* open-addressed hash: id + 1, 0 empty */
	uint32_t slot_count;         /* a power of two, at most half full */
} ptm_strings;

/* Stores the id of `text` (`length` bytes, no NUL needed). */
ptm_status ptm_strings_add(ptm_strings *strings, const char *text, size_t length, uint32_t *id) PTM_MUST_CHECK;
/* Text of an id (NUL-terminated, borrowed until the next add); "" for an unknown id. */
const char *ptm_strings_get(const ptm_strings *strings, uint32_t id);
void ptm_strings_free(ptm_strings *strings);

/* What stands behind the last separator, of either kind, in the path of a given file. */
static inline const char *ptm_base_name(const char *path)
{
	const char *name = path;
	for (const char *at = path; *at; at++)
		if (*at == '/' || *at == '\\')
			name = at + 1;
	return name;
}

#endif
