/* SPDX-License-Identifier: Apache-2.0 */
/* How the pieces of file/ that read a perf.data work together: header, event
 * attributes, features, the walk over the data section, AUX chunks. Not for
 * other rooms; they use trace_file.h. */
#ifndef PTM_FILE_PERF_DATA_H
#define PTM_FILE_PERF_DATA_H

#include "base/bytes.h"
#include "file/trace_file.h"

#define PTM_PERF_PIPE_HEADER 16    /* bytes of the header in pipe mode */
#define PTM_PERF_OLD_HEADER 72     /* before there were feature bits */
#define PTM_PERF_HEADER 104

typedef struct ptm_perf_section {
	uint64_t offset, size;
} ptm_perf_section;

typedef struct ptm_perf_header {
	uint64_t attr_size;            /* of an attribute with its ids section */
	ptm_perf_section attrs, data;
	uint64_t features[4];          /* a bit for each section behind the data */
} ptm_perf_header;

/* ------------------------------------------------------- foreign_file.c */

/* Recognises what is not a perf.data in file mode by its first bytes and says
 * so. Returns PTM_OK when the header may be read. */
ptm_status ptm_foreign_file_refuse(ptm_source *source, ptm_message *message) PTM_MUST_CHECK;

/* --------------------------------------------------------- trace_file.c */

/* Adds a sentence to the file's warnings (the first 64 are kept). */
ptm_status ptm_trace_file_warn(ptm_trace_file *file, const char *format, ...) PTM_MUST_CHECK
	__attribute__((format(printf, 2, 3)));

/* --------------------------------------------------------------- attrs.c */

/* Reads attrs and ids. */
ptm_status ptm_attrs_read(ptm_trace_file *file, const ptm_perf_header *header, ptm_message *message) PTM_MUST_CHECK;

typedef struct ptm_attr_id {
	uint64_t id;
	uint32_t attr;                 /* row of attrs */
} ptm_attr_id;

/* Sorted by id, then attr. */
typedef PTM_ARRAY(ptm_attr_id) ptm_attr_ids;

ptm_status ptm_attr_ids_build(ptm_attr_ids *ids, const ptm_trace_file *file) PTM_MUST_CHECK;
/* Row of the attr with `id`, UINT32_MAX when there is none. */
uint32_t ptm_attr_ids_find(const ptm_attr_ids *ids, uint64_t id);

/* ----------------------------------------------------------- attr_name.c */

/* Gives every attr without a name one that says what it counts, like perf's. */
ptm_status ptm_attr_name_fill(ptm_trace_file *file) PTM_MUST_CHECK;

/* ------------------------------------------------------------ features.c */

/* Reads the features behind the data section. What cannot be read is a warning.
 * PTM_UNSUPPORTED: the data is in other files. */
ptm_status ptm_features_read(ptm_trace_file *file, const ptm_perf_header *header, ptm_message *message) PTM_MUST_CHECK;

/* ------------------------------------------------------------- records.c */

/* What decoding a record needs to know of its file. */
typedef struct ptm_record_reader {
	const ptm_trace_file *file;
	ptm_attr_ids ids;
	uint32_t unknown_ids;          /* records whose id no attr has */
} ptm_record_reader;

/* Decodes the kernel record (type below 64) in `bytes` (its whole size).
 * PTM_BAD_DATA: it is too short for its kind. */
ptm_status ptm_record_decode(ptm_record_reader *reader, const uint8_t *bytes, uint32_t size, ptm_record *record) PTM_MUST_CHECK;
/* Row of the attr that a PERF_RECORD_SAMPLE is laid out by. */
uint32_t ptm_record_sample_attr(ptm_record_reader *reader, const uint8_t *bytes, uint32_t size);

/* -------------------------------------------------------- data_section.c */

/* Walks the data section: fills records (in file order), chunks, time_conv and
 * the place of AUXTRACE_INFO. PTM_UNSUPPORTED: it is compressed. */
ptm_status ptm_data_section_walk(ptm_trace_file *file, ptm_message *message) PTM_MUST_CHECK;

/* -------------------------------------------------------- record_order.c */

/* Sorts records by time, stable; those without time stay behind the record
 * that precedes them in the file. */
ptm_status ptm_record_order_sort(ptm_trace_file *file) PTM_MUST_CHECK;

/* -------------------------------------------------------- aux_segments.c */

/* Takes in the AUXTRACE record in `bytes` at `offset`, whose payload of
 * `*payload` bytes follows it, `left` bytes of which are in the file. Until
 * ptm_aux_segments_sort a chunk's `queue` is its idx. */
ptm_status ptm_aux_segments_append(ptm_trace_file *file, const uint8_t *bytes, uint32_t size, uint64_t offset, uint64_t left, uint64_t *payload) PTM_MUST_CHECK;
/* Sorts chunks and makes the queues. */
ptm_status ptm_aux_segments_sort(ptm_trace_file *file) PTM_MUST_CHECK;

#endif
