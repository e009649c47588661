/* SPDX-License-Identifier: Apache-2.0 */
/* Joins a guest's own perf.data to its host's, as perf inject --guest-data does. */
#ifndef PTM_FILE_GUEST_JOIN_H
#define PTM_FILE_GUEST_JOIN_H

#include "file/trace_file.h"

/* Adds the guest's events, their ids and its records to `host`, whose own records were read
 * and are still in the order of the file. On failure `message` holds the sentence: PTM_NOT_FOUND
 * where no thread of the process runs a CPU of a virtual machine. */
ptm_status ptm_guest_join(ptm_trace_file *host, const ptm_guest_data *data, ptm_message *message) PTM_MUST_CHECK;

#endif
