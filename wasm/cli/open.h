/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a trace and the binaries it names, for native programs. */
#ifndef PTM_CLI_OPEN_H
#define PTM_CLI_OPEN_H

#include "ptarmigan.h"

/* Opens the trace `path` in `session` and offers every binary it names that
 * exists below `symfs` (as perf --symfs: the path in the trace appended). */
ptm_status ptm_open_with_symfs(ptm_session *session, const char *path, const char *symfs) PTM_MUST_CHECK;

/* Decodes and merges every segment, `budget` AUX bytes a step. */
ptm_status ptm_decode_all(ptm_session *session, uint32_t budget) PTM_MUST_CHECK;

#endif
