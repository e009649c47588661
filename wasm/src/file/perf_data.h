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
#define PTM_PERF_FEATURES 256
#define PTM_PERF_ATTR_FIRST 64     /* perf_event_attr of Linux 2.6.31 */
#define PTM_PERF_ATTR_MOST 4096    /* no kernel's is longer than a page */
#define PTM_PERF_MOST_ATTRS 65536

typedef struct ptm_perf_section {
	uint64_t offset, size;
} ptm_perf_section;

typedef struct ptm_perf_header {
	uint64_t attr_size;            /* of an attribute with its ids section */
	ptm_perf_section attrs, data;
	uint64_t features[4];          /* a bit for each section behind the data */
	bool piped;                    /* there is no more than the magic and the size */
} ptm_perf_header;

/* ------------------------------------------------------- foreign_file.c */

/* Recognises what is not a perf.data that is read by its first bytes and says
 * so. Returns PTM_OK when the header may be read. */
ptm_status ptm_foreign_file_refuse(ptm_source *source, ptm_message *message) PTM_MUST_CHECK;

/* --------------------------------------------------------- trace_file.c */

/* Adds a sentence to the file's warnings (the first 64 are kept). */
ptm_status ptm_trace_file_warn(ptm_trace_file *file, const char *format, ...) PTM_MUST_CHECK
	__attribute__((format(printf, 2, 3)));

/* Whether the file was written to a pipe: its header is followed by records only. */
static inline bool ptm_trace_file_piped(const ptm_trace_file *file)
{
	return file->data_offset == PTM_PERF_PIPE_HEADER; /* in file mode the header is longer */
}

/* ------------------------------------------------------------ bpf_info.c */

/* Reads the BPF_PROG_INFO feature, whose bytes begin at `offset` of the file. */
ptm_status ptm_bpf_info_read(ptm_trace_file *file, uint64_t offset, ptm_bytes *bytes) PTM_MUST_CHECK;

/* ------------------------------------------------------------- volumes.c */

#define PTM_MOST_DATA_FILES 16384

/* Adds a data.N file; unpacked records come behind all of them. */
ptm_status ptm_volume_add_data(ptm_trace_file *file, const ptm_data_file *data) PTM_MUST_CHECK;
/* Adds an empty stream for what is packed in volume `of`; stores its number. */
ptm_status ptm_volume_add_unpacked(ptm_trace_file *file, uint32_t of, uint32_t *number) PTM_MUST_CHECK;
/* Adds records that were made of a guest's file, with ids from `first_id` on; takes `bytes` (NULL when there are none), unless that fails. */
ptm_status ptm_volume_add_joined(ptm_trace_file *file, uint8_t *bytes, uint32_t length, uint64_t first_id, const char *name, uint32_t *number) PTM_MUST_CHECK;
void ptm_volumes_free(ptm_trace_file *file);

static inline uint32_t ptm_volume_of(uint64_t offset)
{
	return (uint32_t)(offset >> PTM_VOLUME_SHIFT);
}

static inline uint64_t ptm_volume_start(uint32_t number)
{
	return (uint64_t)number << PTM_VOLUME_SHIFT;
}

/* The source of a volume that is not unpacked. */
static inline ptm_source *ptm_volume_source(const ptm_trace_file *file, uint32_t number)
{
	return number ? &file->volumes.at[number - 1].source : file->source;
}

/* --------------------------------------------------------------- attrs.c */

/* Reads attrs and ids. */
ptm_status ptm_attrs_read(ptm_trace_file *file, const ptm_perf_header *header, ptm_message *message) PTM_MUST_CHECK;

/* Decodes a perf_event_attr of `length` bytes. */
ptm_attr ptm_attr_decode(const uint8_t *at, size_t length);

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

/* Reads one feature. PTM_UNSUPPORTED as above. */
ptm_status ptm_feature_read(ptm_trace_file *file, uint32_t feature, ptm_perf_section section, ptm_message *message) PTM_MUST_CHECK;
/* Reads one build_id_event (its whole record); a broken one is left out. */
ptm_status ptm_build_id_read(ptm_trace_file *file, const uint8_t *at, uint32_t size) PTM_MUST_CHECK;

/* --------------------------------------------------------- pipe_header.c */

typedef struct ptm_pipe_name {
	uint64_t id;                   /* of the event */
	uint32_t name;                 /* string id */
} ptm_pipe_name;

/* What a file in pipe mode said of itself so far; the holder frees `names`. */
typedef struct ptm_pipe_header {
	bool closed;                   /* the first record that belongs to an event was seen */
	ptm_perf_section features[PTM_PERF_FEATURES]; /* offset 0: absent */
	PTM_ARRAY(ptm_pipe_name) names;
} ptm_pipe_header;

/* Takes in the record of type 64 or above in `bytes` at `offset`, when it is
 * one of the header's; stores how many of the `left` bytes behind it are payload. */
ptm_status ptm_pipe_header_take(ptm_pipe_header *pipe, ptm_trace_file *file, uint32_t type, const uint8_t *bytes, uint32_t size, uint64_t offset, uint64_t left, uint64_t *payload) PTM_MUST_CHECK;
/* To be called at each record that belongs to an event; builds `ids` at the
 * first. PTM_BAD_DATA: no event is described. */
ptm_status ptm_pipe_header_close(ptm_pipe_header *pipe, ptm_trace_file *file, ptm_attr_ids *ids, uint32_t type, uint64_t offset, ptm_message *message) PTM_MUST_CHECK;
/* Gives the file its names and features. PTM_TRUNCATED: no event is described. */
ptm_status ptm_pipe_header_end(ptm_pipe_header *pipe, ptm_trace_file *file, ptm_attr_ids *ids, ptm_message *message) PTM_MUST_CHECK;

/* ------------------------------------------------------------- records.c */

/* What decoding a record needs to know of its file. */
typedef struct ptm_record_reader {
	ptm_trace_file *file;
	ptm_attr_ids ids;
	uint32_t unknown_ids;          /* records whose id no attr has */
	bool joined;                   /* records of guest_join.c: their ids are their last word, whatever the file's others have */
} ptm_record_reader;

/* Bytes of the trailer that an attr with sample_id_all puts behind records. */
uint32_t ptm_record_trailer_size(uint64_t sample_type);

/* Decodes the kernel record (type below 64) in `bytes` (its whole size).
 * PTM_BAD_DATA: it is too short for its kind. */
ptm_status ptm_record_decode(ptm_record_reader *reader, const uint8_t *bytes, uint32_t size, ptm_record *record) PTM_MUST_CHECK;
/* Row of the attr that a PERF_RECORD_SAMPLE is laid out by. */
uint32_t ptm_record_sample_attr(ptm_record_reader *reader, const uint8_t *bytes, uint32_t size);
/* Whether it is a virtual machine's. */
bool ptm_record_sample_is_guests(const ptm_record_reader *reader, const uint8_t *bytes, uint32_t size);

/* -------------------------------------------------------- data_section.c */

/* Walks the data section and the data.N files: fills records (in file order),
 * chunks, time_conv and the place of AUXTRACE_INFO. */
ptm_status ptm_data_section_walk(ptm_trace_file *file, ptm_message *message) PTM_MUST_CHECK;
/* Walks what was joined, as volume `number`: adds its records. */
ptm_status ptm_data_section_walk_joined(ptm_trace_file *file, uint32_t number, ptm_message *message) PTM_MUST_CHECK;

/* The TSC at a time, and the time at a TSC, by a TIME_CONV record; where there is none they are one. */
static inline uint64_t ptm_time_conv_ticks(const ptm_time_conv *conv, uint64_t ns)
{
	if (!conv->seen || !conv->mult)
		return ns;
	uint64_t shift = conv->shift & 63, t = ns - conv->zero;
	return (t / conv->mult << shift) + (t % conv->mult << shift) / conv->mult;
}

static inline uint64_t ptm_time_conv_ns(const ptm_time_conv *conv, uint64_t ticks)
{
	if (!conv->seen || !conv->mult)
		return ticks;
	uint64_t shift = conv->shift & 63, rest = ticks & ((1ull << shift) - 1);
	return conv->zero + (ticks >> shift) * conv->mult + (rest * conv->mult >> shift);
}

/* -------------------------------------------------------- record_order.c */

/* Sorts records by time, stable; those without time stay behind the record
 * that precedes them in the file. Of a guest's that were joined perf puts those without a time
 * behind the host's, the others before those of the same time. */
ptm_status ptm_record_order_sort(ptm_trace_file *file) PTM_MUST_CHECK;

/* -------------------------------------------------------- aux_segments.c */

/* Takes in the AUXTRACE record in `bytes` at `offset`, whose payload of
 * `*payload` bytes follows it, `left` bytes of which are in the file. Until
 * ptm_aux_segments_sort a chunk's `queue` is its idx. */
ptm_status ptm_aux_segments_append(ptm_trace_file *file, const uint8_t *bytes, uint32_t size, uint64_t offset, uint64_t left, uint64_t *payload) PTM_MUST_CHECK;
/* Sorts chunks and makes the queues. */
ptm_status ptm_aux_segments_sort(ptm_trace_file *file) PTM_MUST_CHECK;

/* --------------------------------------------------------- aux_samples.c */

/* Takes in an ID_INDEX record; a broken one is as if it were not there. */
ptm_status ptm_aux_samples_places(ptm_trace_file *file, const uint8_t *bytes, uint32_t size) PTM_MUST_CHECK;

/* --------------------------------------------------------- guest_ids.c */

/* Takes in which ids of an ID_INDEX record are a virtual machine's. */
ptm_status ptm_guest_ids_take(ptm_trace_file *file, const uint8_t *bytes, uint32_t size) PTM_MUST_CHECK;
/* Puts them in order, after some were added. */
void ptm_guest_ids_sort(ptm_trace_file *file);
/* Whose `id` is; NULL: the host's. */
const ptm_guest_id *ptm_guest_ids_find(const ptm_trace_file *file, uint64_t id);
/* Makes chunks of the AUX data in samples: what goes on where the sample before
 * it on the same CPU or thread ended is of one queue, what both hold is kept once.
 * Everything else is a queue of its own: between them nothing was kept. What perf
 * makes of the same samples is laid out beside it, in `sampled`. */
ptm_status ptm_aux_samples_join(ptm_trace_file *file) PTM_MUST_CHECK;

#endif
