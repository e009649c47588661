/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a trace in the order in which perf 6.1 handles them: what has no
 * time where it stands in its file, what has one when a round of records ends (or
 * all do). The files of a directory take turns; packed records stand where they
 * were packed. For script_dump.c only. */
#ifndef PTM_API_DUMP_ORDER_H
#define PTM_API_DUMP_ORDER_H

#include "api/session.h"

typedef struct ptm_dump_order ptm_dump_order;

/* A record whose turn it is. */
typedef struct ptm_dump_record {
	uint64_t offset;         /* place in the trace, see trace_file.h */
	uint64_t told;           /* byte of its file; of a packed record that of the one that held it */
	uint32_t size, type;
	uint32_t volume;         /* number of the file */
	uint64_t payload;        /* bytes of AUX data behind it, as far as they are there */
} ptm_dump_record;

/* Where a record or a sample that was read when the trace was opened is. */
typedef struct ptm_dump_place {
	uint64_t offset;
	uint32_t row;
	bool is_sample;
} ptm_dump_place;

/* `is_unsorted`: in the order of the file. Borrows the session; caller frees with ptm_dump_order_free in any case. */
ptm_status ptm_dump_order_new(const ptm_session *session, bool is_unsorted, ptm_dump_order **order) PTM_MUST_CHECK;
void ptm_dump_order_free(ptm_dump_order *order);
/* PTM_END: there are no more. */
ptm_status ptm_dump_order_next(ptm_dump_order *order, ptm_dump_record *record) PTM_MUST_CHECK;
/* NULL: the record at `offset` was not decoded. */
const ptm_dump_place *ptm_dump_order_find(const ptm_dump_order *order, uint64_t offset);

#endif
