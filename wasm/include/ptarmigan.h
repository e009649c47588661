/* SPDX-License-Identifier: Apache-2.0 */
/* The public C API of Ptarmigan's decoder: Status, Session, Inputs, Decode, Query.
 *
 * One session owns one trace. It is single-threaded: a host that wants several
 * cores opens the same trace in several sessions and merges their profiles.
 * Bytes are pulled through ptm_host_read; the whole file is never in memory. */
#ifndef PTARMIGAN_H
#define PTARMIGAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---------------------------------------------------------------- Status */

typedef enum ptm_status {
	PTM_OK = 0,
	PTM_END,           /* no more data: not an error */
	PTM_MORE,          /* the slice's budget is used up: call again */
	PTM_NO_MEMORY,
	PTM_READ_FAILED,   /* the host could not deliver bytes that exist by its own account */
	PTM_TRUNCATED,     /* the input ends inside a structure */
	PTM_BAD_DATA,      /* the input contradicts its own format */
	PTM_UNSUPPORTED,   /* well formed, but a kind this build does not read */
	PTM_NOT_FOUND,
	PTM_MISMATCH,      /* a binary whose build-id is not the wanted one */
	PTM_BAD_REQUEST    /* the caller asked for something that does not exist */
} ptm_status;

#define PTM_MUST_CHECK __attribute__((warn_unused_result))

/* Passes any status but PTM_OK up to the caller. */
#define PTM_TRY(call)                                  \
	do {                                           \
		ptm_status ptm_try_ = (call);          \
		if (ptm_try_ != PTM_OK)                \
			return ptm_try_;               \
	} while (0)

/* ------------------------------------------------------------------ Host */

/* Supplied by the host (a JS import in wasm, pread natively): copies up to
 * `length` bytes of source `source` from `offset` into `into`. Returns the
 * number of bytes copied (short only at the end of the source), -1 on failure. */
#ifdef __wasm__
__attribute__((import_module("env"), import_name("ptm_host_read")))
#endif
int32_t ptm_host_read(uint32_t source, uint64_t offset, void *into, uint32_t length);

/* --------------------------------------------------------------- Session */

typedef struct ptm_session ptm_session;

/* Returns a new session (NULL when memory is out); caller frees with ptm_session_free. */
ptm_session *ptm_session_new(void);
void ptm_session_free(ptm_session *session);

/* The sentence that explains the last status that was not PTM_OK, PTM_MORE or
 * PTM_END (UTF-8, NUL-terminated, borrowed until the next call). */
const char *ptm_session_message(const ptm_session *session);

/* ---------------------------------------------------------------- Inputs */

/* Tells of a data.N file, before the `data` file of the same directory is opened
 * (perf record --threads). `name` is NUL-terminated UTF-8, for sentences. */
ptm_status ptm_session_add_data(ptm_session *session, uint32_t source, uint64_t size, const char *name) PTM_MUST_CHECK;

/* Tells of a perf.data that a virtual machine recorded at the same time, before the host's is opened: `machine` is the
 * process of the host's that runs it, and the guest's TSC the host's times `time_scale` (above 0) plus `time_offset`,
 * as perf inject --guest-data has them. `name` is NUL-terminated UTF-8, for sentences. */
ptm_status ptm_session_add_guest(ptm_session *session, uint32_t source, uint64_t size, const char *name, int32_t machine, uint64_t time_offset, double time_scale) PTM_MUST_CHECK;
/* Tells of a data.N file of the guest's recording that was told of last, where it is a directory. */
ptm_status ptm_session_add_guest_data(ptm_session *session, uint32_t source, uint64_t size, const char *name) PTM_MUST_CHECK;

/* Opens the trace behind host source `source` of `size` bytes: header,
 * attributes, sideband and the index of AUX data; no AUX payload is read but
 * for the search of PSBs. */
ptm_status ptm_session_open(ptm_session *session, uint32_t source, uint64_t size) PTM_MUST_CHECK;

/* Offers one binary. `path` (NUL-terminated UTF-8) is where the user had it;
 * it is matched to the trace's maps by build-id, then by path. PTM_MISMATCH:
 * same path, other build-id (refused; the message names both). PTM_NOT_FOUND:
 * nothing in the trace wants it. PTM_BAD_DATA: not an ELF file. */
ptm_status ptm_session_add_image(ptm_session *session, uint32_t source, uint64_t size, const char *path) PTM_MUST_CHECK;
/* Offers a file split from a binary for its lines alone: the names of functions stay those of the binary. Only for
 * build-ids of binaries that were added. Status as of ptm_session_add_image. */
ptm_status ptm_session_add_lines(ptm_session *session, uint32_t source, uint64_t size, const char *path) PTM_MUST_CHECK;

/* Before ptm_session_open: about so many AUX bytes are a segment (0: a megabyte).
 * Makes no difference to what is decoded; tests cut small traces with it. */
void ptm_session_segment_bytes(ptm_session *session, uint32_t bytes);

/* Before ptm_session_open: what a virtual machine runs lies in the memory of the
 * process that runs it, at the same addresses (as in KVM's self tests; perf's
 * --guest-code). Guests' code is not known else. */
void ptm_session_guest_code(ptm_session *session);

/* Files that are given from now on are those of guests: of the one that process `machine` runs, or
 * (PTM_ANY_GUEST) of any; PTM_NO_GUEST: of the traced machine alone. 0: they are the traced machine's, and guests' where they
 * fit those; kernels only where they do not fit that. */
#define PTM_ANY_GUEST (-1)
#define PTM_NO_GUEST (-2)
void ptm_session_guest_files(ptm_session *session, int32_t machine);

/* ---------------------------------------------------------------- Decode */

/* A trace is cut into segments (see ARCHITECTURE.md) that decode independently. */
uint32_t ptm_session_segments(const ptm_session *session);

/* A stretch of a host source, in bytes. */
typedef struct ptm_host_place {
	double offset, length;
	uint32_t source;
} ptm_host_place;

/* Where decoding the segment will read, so that a host can have the bytes at hand.
 * PTM_NOT_FOUND: in no one place. */
ptm_status ptm_session_segment_place(ptm_session *session, uint32_t segment, ptm_host_place *place) PTM_MUST_CHECK;

/* Decodes segment `segment` into a profile part, in slices: start, then step
 * until PTM_END. `budget` is AUX bytes per step. */
ptm_status ptm_decode_start(ptm_session *session, uint32_t segment) PTM_MUST_CHECK;
ptm_status ptm_decode_step(ptm_session *session, uint32_t budget) PTM_MUST_CHECK;

/* The finished part as bytes (borrowed until the next ptm_decode_start), to be
 * handed to the session that merges. */
const uint8_t *ptm_decode_part(const ptm_session *session, size_t *length);

/* Merges a part made by any session of the same trace and images. Parts may
 * come in any order; the result does not depend on it. */
ptm_status ptm_session_merge(ptm_session *session, const uint8_t *part, size_t length) PTM_MUST_CHECK;

/* After ptm_session_open: call trees of time ranges will not be asked for, so what makes
 * them quick (20 kB for each MB of trace) is not kept. */
void ptm_session_without_ranges(ptm_session *session);

/* Instructions executed in all that is merged; told without joining anything. */
double ptm_session_instructions(const ptm_session *session);

/* How many merged segments were decoded with a clock that their neighbours
 * refute: only broken timing packets do that. When all is merged and the number
 * is not 0, decode again in sessions that were told ptm_session_exact_clocks. */
uint32_t ptm_session_clock_breaks(ptm_session *session);

/* From now on a segment's clock is found by reading all packets before it:
 * slower, and right whatever they hold. */
void ptm_session_exact_clocks(ptm_session *session);

/* ----------------------------------------------------------------- Query */

/* What is asked for: the tables of tables.h; which of the fields count is said
 * there. Laid out for a host that writes it through a DataView. */
typedef struct ptm_request {
	uint32_t table;      /* enum ptm_table_id */
	uint32_t thread;     /* row of `threads`, or PTM_ALL */
	uint32_t queue;      /* row of `queues`, or PTM_ALL */
	uint32_t flags;
	double start_ns;     /* range in ns since the trace's start; both 0: everything */
	double end_ns;
	double first;        /* first row (ordinal) or byte offset */
	uint32_t count;      /* most rows wanted */
	uint32_t extra;
	const char *text;    /* NUL-terminated, borrowed for the call; NULL: none */
} ptm_request;

#define PTM_ALL 0xffffffffu

typedef struct ptm_table ptm_table;

/* Answers a request with a new table; caller frees with ptm_table_free.
 * PTM_MORE: the answer is not ready, call ptm_query again with the same request
 * (long re-decodes run in slices; another request cancels it). */
ptm_status ptm_query(ptm_session *session, const ptm_request *request, ptm_table **table) PTM_MUST_CHECK;
void ptm_table_free(ptm_table *table);

uint32_t ptm_table_rows(const ptm_table *table);
uint32_t ptm_table_columns(const ptm_table *table);
/* Column data (borrowed), little-endian, `rows` elements of the column's type;
 * for a string column, u32 offsets: row i is pool[offset i .. offset i+1) with
 * rows + 1 offsets, and ptm_table_pool is the column's UTF-8. */
const void *ptm_table_data(const ptm_table *table, uint32_t column);
const char *ptm_table_pool(const ptm_table *table, uint32_t column, uint32_t *length);

#endif
