/* SPDX-License-Identifier: Apache-2.0 */
/* Putting one sample's lines together; for query_script.c and script_*.c only. */
#ifndef PTM_API_SCRIPT_H
#define PTM_API_SCRIPT_H

#include "api/session.h"

/* Bits of the request's flags; src/cli/sample-fields.ts has the same. */
enum {
	PTM_SCRIPT_COMM = 1 << 0, PTM_SCRIPT_PID = 1 << 1, PTM_SCRIPT_TID = 1 << 2, PTM_SCRIPT_CPU = 1 << 3,
	PTM_SCRIPT_MISC = 1 << 4, PTM_SCRIPT_TIME = 1 << 5, PTM_SCRIPT_PERIOD = 1 << 6, PTM_SCRIPT_EVENT = 1 << 7,
	PTM_SCRIPT_IP = 1 << 8, PTM_SCRIPT_SYM = 1 << 9, PTM_SCRIPT_SYMOFF = 1 << 10, PTM_SCRIPT_DSO = 1 << 11,
	PTM_SCRIPT_ADDR = 1 << 12, PTM_SCRIPT_DATA_SRC = 1 << 13, PTM_SCRIPT_WEIGHT = 1 << 14, PTM_SCRIPT_IREGS = 1 << 15,
	PTM_SCRIPT_UREGS = 1 << 16, PTM_SCRIPT_BRSTACK = 1 << 17, PTM_SCRIPT_BRSTACKSYM = 1 << 18,
	PTM_SCRIPT_BRSTACKOFF = 1 << 19, PTM_SCRIPT_BRSTACKINSN = 1 << 20, PTM_SCRIPT_PHYS_ADDR = 1 << 21,
	PTM_SCRIPT_DATA_PAGE_SIZE = 1 << 22, PTM_SCRIPT_CODE_PAGE_SIZE = 1 << 23,
	PTM_SCRIPT_NS = 1 << 24, PTM_SCRIPT_NO_CHAINS = 1 << 25, PTM_SCRIPT_NOT_CHOSEN = 1 << 26,
	PTM_SCRIPT_BRSTACKINSNLEN = 1 << 27, PTM_SCRIPT_TOD = 1 << 28
};

typedef struct ptm_script {
	ptm_session *session;
	uint32_t fields;
	uint32_t event_width;
	bool has_chains;         /* call chains are printed */
	uint32_t space, kernel_space; /* of the sample */
	bool in_kernel;          /* what addresses are looked up as */
	bool only_mode;          /* and nothing else */
	ptm_status status;       /* the first failure: what is put after it is dropped */
	PTM_ARRAY(char) text;    /* of the sample */
	PTM_ARRAY(uint8_t) record;
	uint32_t data_source_width;
	double utc_offset_s;     /* of dates */
} ptm_script;

void ptm_script_put(ptm_script *script, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ptm_script_put_text(ptm_script *script, const char *text, size_t length);
/* The map of an address in the mode at hand, or else in the mode that the address tells; NULL: none.
 * Stores the space that it is in. */
const ptm_map *ptm_script_map(const ptm_script *script, uint64_t ip, uint32_t *space);
/* Symbol and, when asked for, offset; or `unknown`. */
void ptm_script_put_name(ptm_script *script, uint64_t ip, const char *unknown);
/* "(dso)". */
void ptm_script_put_dso(ptm_script *script, uint64_t ip);

/* script_branches.c: brstack, brstacksym, brstackoff. */
void ptm_script_put_branches(ptm_script *script, const ptm_sample *sample);
/* script_code.c: brstackinsn; `kind`: the event's branch_sample_type. */
void ptm_script_put_branch_code(ptm_script *script, const ptm_sample *sample, uint64_t kind);
/* script_check.c: PTM_BAD_REQUEST and perf's message for fields that the file's
 * samples do not have; `asked`: those of `fields` that were chosen by name. */
ptm_status ptm_script_check(ptm_session *session, uint32_t fields, uint32_t asked) PTM_MUST_CHECK;
/* script_memory.c */
void ptm_script_put_data_source(ptm_script *script, uint64_t source);

#endif
