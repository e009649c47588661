/* SPDX-License-Identifier: Apache-2.0 */
/* Table `samples` of a BTS trace: records as perf script prints them. */
#ifndef PTM_API_SAMPLES_BTS_H
#define PTM_API_SAMPLES_BTS_H

#include "api/session.h"

ptm_status ptm_query_bts_samples(ptm_session *session, const ptm_request *request, ptm_table *table) PTM_MUST_CHECK;
void ptm_bts_samples_free(ptm_bts_samples *samples);

/* api/sample_rows.c */
/* perf's flags of a branch by the class of its instruction. */
uint32_t ptm_sample_class_flags(uint8_t class);
/* Puts symbol, offset and binary of `ip` into the columns named. */
ptm_status ptm_sample_put_symbol(ptm_session *session, ptm_table *table, uint32_t row, uint32_t space, uint64_t ip, uint32_t symbol_column, uint32_t offset_column, uint32_t dso_column) PTM_MUST_CHECK;

#endif
