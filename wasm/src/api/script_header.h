/* SPDX-License-Identifier: Apache-2.0 */
/* What perf script --header prints of a perf.data before its samples. */
#ifndef PTM_API_SCRIPT_HEADER_H
#define PTM_API_SCRIPT_HEADER_H

#include "api/script.h"
#include "base/bytes.h"

/* Appends the header to the script's text, as perf 6.1 prints it. A feature that is
 * damaged is left out; PTM_BAD_REQUEST, with a message, of what is no perf.data. */
ptm_status ptm_script_put_header(ptm_script *script) PTM_MUST_CHECK;

/* A counted string; one that is cut is empty. */
void ptm_script_put_string(ptm_script *script, ptm_bytes *bytes);

/* script_header_info.c: a feature each, at length. */
void ptm_script_put_cpu_topology(ptm_script *script, ptm_bytes *bytes);
void ptm_script_put_numa(ptm_script *script, ptm_bytes *bytes);
void ptm_script_put_caches(ptm_script *script, ptm_bytes *bytes);
void ptm_script_put_memory(ptm_script *script, ptm_bytes *bytes);
void ptm_script_put_hybrid(ptm_script *script, ptm_bytes *bytes);

/* Appends ", name = value" for what a perf_event_attr of `length` bytes sets.
 * Layout: perf_event_open(2). */
ptm_status ptm_script_put_attr(ptm_script *script, const uint8_t *at, size_t length) PTM_MUST_CHECK;

/* Whether perf 6.1 knows every bit that is set in it: else it shows no event of the file. */
bool ptm_script_attr_is_known(const uint8_t *at, size_t length);

#endif
