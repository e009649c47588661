/* SPDX-License-Identifier: Apache-2.0 */
/* One PERF_RECORD_SAMPLE, decoded as its event's sample_type lays it out, and
 * the index of a file's samples. What is long (call chains, branch stacks,
 * registers, stacks) stays in the record's bytes. Layout: perf_event_open(2). */
#ifndef PTM_FILE_SAMPLE_H
#define PTM_FILE_SAMPLE_H

#include "base/bytes.h"
#include "file/trace_file.h"

/* PERF_SAMPLE_*, by their bits in sample_type. */
enum {
	PTM_SAMPLE_IP = 1 << 0, PTM_SAMPLE_TID = 1 << 1, PTM_SAMPLE_TIME = 1 << 2, PTM_SAMPLE_ADDR = 1 << 3,
	PTM_SAMPLE_READ = 1 << 4, PTM_SAMPLE_CALLCHAIN = 1 << 5, PTM_SAMPLE_ID = 1 << 6, PTM_SAMPLE_CPU = 1 << 7,
	PTM_SAMPLE_PERIOD = 1 << 8, PTM_SAMPLE_STREAM_ID = 1 << 9, PTM_SAMPLE_RAW = 1 << 10,
	PTM_SAMPLE_BRANCH_STACK = 1 << 11, PTM_SAMPLE_REGS_USER = 1 << 12, PTM_SAMPLE_STACK_USER = 1 << 13,
	PTM_SAMPLE_WEIGHT = 1 << 14, PTM_SAMPLE_DATA_SRC = 1 << 15, PTM_SAMPLE_IDENTIFIER = 1 << 16,
	PTM_SAMPLE_TRANSACTION = 1 << 17, PTM_SAMPLE_REGS_INTR = 1 << 18, PTM_SAMPLE_PHYS_ADDR = 1 << 19,
	PTM_SAMPLE_AUX = 1 << 20, PTM_SAMPLE_CGROUP = 1 << 21, PTM_SAMPLE_DATA_PAGE_SIZE = 1 << 22,
	PTM_SAMPLE_CODE_PAGE_SIZE = 1 << 23, PTM_SAMPLE_WEIGHT_STRUCT = 1 << 24,
	PTM_SAMPLE_KNOWN = (1 << 25) - 1
};

/* PERF_SAMPLE_BRANCH_*, by their bits in branch_sample_type. */
enum {
	PTM_BRANCH_USER = 1 << 0, PTM_BRANCH_KERNEL = 1 << 1, PTM_BRANCH_HV = 1 << 2, PTM_BRANCH_ANY = 1 << 3,
	PTM_BRANCH_IN_TX = 1 << 8, PTM_BRANCH_NO_TX = 1 << 9,
	PTM_BRANCH_CALL_STACK = 1 << 11, PTM_BRANCH_NO_FLAGS = 1 << 14, PTM_BRANCH_NO_CYCLES = 1 << 15,
	PTM_BRANCH_HW_INDEX = 1 << 17, PTM_BRANCH_COUNTERS = 1 << 19
};

/* misc: in what mode the CPU was. */
enum { PTM_MODE_MASK = 7, PTM_MODE_KERNEL = 1, PTM_MODE_USER, PTM_MODE_HYPERVISOR, PTM_MODE_GUEST_KERNEL, PTM_MODE_GUEST_USER };

/* Little-endian words of a record (borrowed, unaligned). */
typedef struct ptm_words {
	const uint8_t *at;
	uint32_t count;
} ptm_words;

static inline uint64_t ptm_words_get(const ptm_words *words, uint32_t row)
{
	uint64_t word;
	memcpy(&word, words->at + (size_t)row * 8, sizeof word);
	return word;
}

/* An entry of a branch stack. */
typedef struct ptm_branch {
	uint64_t from, to;
	uint16_t cycles;         /* since the branch before it; 0: not measured */
	uint8_t type;            /* PERF_BR_*: 0 unknown, 1 cond … */
	uint8_t new_type;        /* PERF_BR_NEW_*, when type is PERF_BR_EXTEND_ABI */
	uint8_t speculation;     /* PERF_BR_SPEC_* */
	uint8_t privilege;       /* PERF_BR_PRIV_*: 0 unknown, 1 user, 2 kernel, 3 hypervisor */
	bool mispredicted, predicted, in_transaction, abort, not_taken;
} ptm_branch;

typedef struct ptm_registers {
	uint64_t abi;            /* 0: none were taken (a kernel thread) */
	uint64_t mask;           /* of perf's register numbers */
	ptm_words words;         /* one for each bit of mask, lowest first; none when abi is 0 */
} ptm_registers;

typedef struct ptm_sample {
	uint64_t type;           /* its event's sample_type: which of the following count */
	uint32_t attr;           /* row of attrs */
	uint16_t misc;
	int32_t pid, tid, cpu;   /* -1 where unknown */
	uint64_t time;           /* PTM_NO_TIME: none */
	uint64_t ip, addr, id, stream_id;
	uint64_t period;         /* as perf has it: the event's where the sample has none */
	ptm_words read;          /* as read_format lays it out */
	ptm_words callchain;     /* innermost first, with PERF_CONTEXT_* marks */
	const uint8_t *raw; uint32_t raw_size;
	ptm_words branches;      /* newest first; three words an entry: see ptm_sample_branch */
	uint32_t branch_count;
	uint64_t hw_index;       /* of the newest entry; UINT64_MAX: not told */
	ptm_registers user, interrupted;
	const uint8_t *stack; uint64_t stack_size, stack_used; /* user stack: bytes copied, bytes that hold data */
	uint32_t stack_at;       /* where its size stands in the record; the bytes are behind it */
	uint64_t weight;         /* with WEIGHT_STRUCT its low half */
	uint16_t weight2, weight3;
	uint64_t data_source, transaction, physical_address, cgroup, data_page_size, code_page_size;
	const uint8_t *aux; uint64_t aux_size;
	uint32_t left;           /* bytes behind the last known field */
} ptm_sample;

/* Decodes the record in `bytes` (its whole size); borrows them. PTM_BAD_DATA:
 * a field goes beyond the record's end; `*field` names it. */
ptm_status ptm_sample_decode(const ptm_attr *attr, const uint8_t *bytes, uint32_t size, ptm_sample *sample, const char **field) PTM_MUST_CHECK;

/* Entry `row` of its branch stack, 0 is the newest. */
ptm_branch ptm_sample_branch(const ptm_sample *sample, uint32_t row);

/* Reads sample `row` of the file's index. Borrows the file's window: valid
 * until the next read of the source. */
ptm_status ptm_sample_read(const ptm_trace_file *file, uint32_t row, ptm_sample *sample) PTM_MUST_CHECK;

/* The index: appended to in file order, then sorted by time. A sample that does
 * not add up is left out: PTM_BAD_DATA, `*field` says where. */
ptm_status ptm_sample_index_append(ptm_trace_file *file, uint32_t attr, const uint8_t *bytes, uint32_t size, uint64_t offset, const char **field) PTM_MUST_CHECK;
void ptm_sample_index_sort(ptm_trace_file *file);

#endif
