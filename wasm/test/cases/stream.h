/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the two tables that hold every executed instruction: `instructions`
 * (what the views show, thread by thread) and `script` (what is printed). */
#ifndef PTM_TEST_STREAM_H
#define PTM_TEST_STREAM_H

#include "base/table.h"

typedef struct stream_visitor {
	void (*instruction)(void *self, int32_t tid, uint64_t ip);
	void (*gap)(void *self, int32_t tid); /* trace is missing before the next instruction */
	void *self;
} stream_visitor;

ptm_status stream_samples(ptm_session *session, const stream_visitor *visitor) PTM_MUST_CHECK;
ptm_status stream_instructions(ptm_session *session, const stream_visitor *visitor) PTM_MUST_CHECK;

#endif
