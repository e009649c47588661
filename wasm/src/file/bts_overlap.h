/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of a BTS ring may hold the same records twice. */
#ifndef PTM_FILE_BTS_OVERLAP_H
#define PTM_FILE_BTS_OVERLAP_H

#include "file/trace_file.h"

/* Puts the pieces of each queue in the order in which perf wrote them, and cuts
 * from each what the piece before it ends with: the longest run of records that
 * ends the one and begins the other. Offsets in a ring say nothing then: they are
 * replaced by positions that leave a hole of one record where pieces do not meet. */
ptm_status ptm_bts_overlap_trim(ptm_trace_file *file) PTM_MUST_CHECK;

#endif
