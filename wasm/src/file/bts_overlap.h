/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of a BTS ring may hold the same records twice. */
#ifndef PTM_FILE_BTS_OVERLAP_H
#define PTM_FILE_BTS_OVERLAP_H

#include "file/trace_file.h"

/* Cuts from every piece of AUX data what the piece before it in its queue ends
 * with: the longest run of records that ends the one and begins the other. */
ptm_status ptm_bts_overlap_trim(ptm_trace_file *file) PTM_MUST_CHECK;

#endif
