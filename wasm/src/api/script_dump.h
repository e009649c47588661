/* SPDX-License-Identifier: Apache-2.0 */
/* perf script -D: every record of the file in hex and in words, in the order in
 * which perf 6.1 handles them, AUX data packet by packet, samples with their
 * lines. For samples.c and script_dump*.c only. */
#ifndef PTM_API_SCRIPT_DUMP_H
#define PTM_API_SCRIPT_DUMP_H

#include "api/script.h"

/* What --show-round-events prints where a round ends. */
#define PTM_ROUND_ROW "PERF_RECORD_FINISHED_ROUND\n"

typedef struct ptm_dump ptm_dump;

/* PTM_BAD_REQUEST with a message for files that cannot be dumped, or not so. Without -D the rows of records in the order of the file. */
ptm_status ptm_dump_new(ptm_session *session, const ptm_script_options *options, ptm_dump **dump) PTM_MUST_CHECK;
void ptm_dump_free(ptm_dump *dump);
/* Appends about `most` bytes of text. PTM_END: there is no more, PTM_MORE: call again. */
ptm_status ptm_dump_run(ptm_dump *dump, ptm_script *script, uint32_t most) PTM_MUST_CHECK;

/* script_dump_text.c: what stands behind "PERF_RECORD_…" of a record of perf's own
 * (type 64 and above), in `bytes`. */
void ptm_dump_put_user(ptm_script *script, uint32_t type, const uint8_t *bytes, uint32_t size);
/* The same of a kernel record, and the row that --show-* asks for. */
void ptm_dump_put_kernel(ptm_script *script, const ptm_record *record);
/* script_dump.c: whose sample it is, and in which binary. */
void ptm_dump_put_where(ptm_script *script, const ptm_sample *sample, uint64_t time);
/* A sample, without its line. */
void ptm_dump_put_sample(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr);
/* Name of a PERF_RECORD_* as perf has it. */
const char *ptm_dump_type_name(uint32_t type);

#endif
