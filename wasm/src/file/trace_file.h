/* SPDX-License-Identifier: Apache-2.0 */
/* A perf.data (a file, what was written to a pipe, or a directory), indexed: header, features, event attributes, the
 * sideband records in time order and the list of AUX data chunks. AUX payload
 * and sample payload stay in the file.
 *
 * A trace has one or more volumes: the file itself, the data.N files of a
 * directory, the unpacked records of each of them that is compressed, and the
 * records of guests' files that were joined to it. What
 * is called a file offset below is a place in any of them: the volume's number
 * in its highest 16 bits, 0 for the file itself. Read it with ptm_trace_file_view.
 *
 * Format: Linux tools/perf/Documentation/perf.data-file-format.txt and the
 * perf_event_open(2) manual page. */
#ifndef PTM_FILE_TRACE_FILE_H
#define PTM_FILE_TRACE_FILE_H

#include "base/array.h"
#include "base/bytes.h"
#include "base/message.h"
#include "base/source.h"
#include "base/strings.h"

#define PTM_NO_TIME UINT64_MAX

/* PERF_RECORD_* and perf's own user types, by their numbers in the file. */
typedef enum ptm_record_type {
	PTM_RECORD_MMAP = 1, PTM_RECORD_LOST = 2, PTM_RECORD_COMM = 3, PTM_RECORD_EXIT = 4,
	PTM_RECORD_THROTTLE = 5, PTM_RECORD_UNTHROTTLE = 6, PTM_RECORD_FORK = 7, PTM_RECORD_READ = 8,
	PTM_RECORD_SAMPLE = 9, PTM_RECORD_MMAP2 = 10, PTM_RECORD_AUX = 11, PTM_RECORD_ITRACE_START = 12,
	PTM_RECORD_LOST_SAMPLES = 13, PTM_RECORD_SWITCH = 14, PTM_RECORD_SWITCH_CPU_WIDE = 15,
	PTM_RECORD_NAMESPACES = 16, PTM_RECORD_KSYMBOL = 17, PTM_RECORD_BPF_EVENT = 18,
	PTM_RECORD_CGROUP = 19, PTM_RECORD_TEXT_POKE = 20, PTM_RECORD_AUX_OUTPUT_HW_ID = 21,
	PTM_RECORD_HEADER_ATTR = 64, PTM_RECORD_HEADER_TRACING_DATA = 66, PTM_RECORD_HEADER_BUILD_ID = 67,
	PTM_RECORD_FINISHED_ROUND = 68, PTM_RECORD_ID_INDEX = 69, PTM_RECORD_AUXTRACE_INFO = 70,
	PTM_RECORD_AUXTRACE = 71, PTM_RECORD_AUXTRACE_ERROR = 72, PTM_RECORD_THREAD_MAP = 73,
	PTM_RECORD_CPU_MAP = 74, PTM_RECORD_STAT_CONFIG = 75, PTM_RECORD_EVENT_UPDATE = 78,
	PTM_RECORD_TIME_CONV = 79, PTM_RECORD_HEADER_FEATURE = 80, PTM_RECORD_COMPRESSED = 81,
	PTM_RECORD_FINISHED_INIT = 82, PTM_RECORD_COMPRESSED2 = 83
} ptm_record_type;

/* One event attribute (perf_event_attr) with its ids and name. */
typedef struct ptm_attr {
	uint32_t type;          /* PERF_TYPE_* or a dynamic PMU's number */
	uint64_t config;
	uint64_t sample_period; /* or frequency, see `frequency` */
	uint64_t sample_type;   /* PERF_SAMPLE_* */
	uint64_t read_format;
	uint64_t branch_sample_type;
	uint64_t sample_regs_user, sample_regs_intr;
	uint32_t sample_stack_user;
	uint8_t precise_ip;     /* 0 to 3 */
	int32_t clockid;        /* meaningful when use_clockid */
	bool frequency, sample_id_all, context_switch, use_clockid, aux_output, exclude_kernel, exclude_user, exclude_hv, exclude_host, exclude_guest;
	uint32_t name;          /* string id; from the EVENT_DESC feature or EVENT_UPDATE, else what it counts */
	uint32_t script_name;   /* string id; what perf script calls it: of a PMU that the file does not name it knows the number alone */
	uint32_t first_id, id_count; /* rows of ptm_trace_file.ids */
} ptm_attr;

/* One sideband record, decoded. Times are perf's ns (PTM_NO_TIME: the record
 * carries none); cpu, pid, tid are -1 where unknown. For records without an own
 * pid/tid (AUX, SWITCH, …) they come from the sample_id trailer. */
typedef struct ptm_record {
	uint64_t time;
	uint64_t file_offset;
	uint16_t type;          /* enum ptm_record_type */
	uint16_t misc;          /* perf_event_header.misc */
	int32_t pid, tid, cpu;
	int32_t machine, vcpu;  /* of a virtual machine's record: as in ptm_guest_id; 0: the host's */
	uint32_t attr;          /* row of attrs (by sample_id), or UINT32_MAX */
	union {
		struct { uint32_t name; bool exec; } comm;
		struct { int32_t ppid, ptid; } task;                /* FORK, EXIT */
		struct {
			uint64_t address, length, file_offset;
			uint32_t name, protection;                  /* PROT_EXEC = 4 */
			uint32_t major, minor; uint64_t inode, generation;
			uint8_t build_id[20], build_id_length;      /* 0: none in the record */
			bool executable;                            /* PROT_EXEC, or an MMAP without misc DATA */
			bool kernel;                                /* misc says CPUMODE kernel */
			bool guest;                                 /* misc says it is a guest's */
			bool gone;                                  /* KSYMBOL: it was removed */
			bool shared;                                /* MAP_SHARED */
		} map;
		struct { uint64_t address; uint32_t bytes, old_length, new_length; } poke; /* TEXT_POKE: both codes, in ptm_trace_file.poked */
		struct { uint64_t offset, size, flags; } aux;       /* AUX: flags 1 truncated 2 overwrite 4 partial 8 collision */
		struct { bool out, preempt; int32_t other_pid, other_tid; } swap; /* SWITCH*, other = next/prev or -1 */
		struct { uint64_t lost; } lost;
		struct { uint64_t counter; } output;                /* AUX_OUTPUT_HW_ID: of an event whose samples are in the trace */
	} as;
} ptm_record;

/* One AUXTRACE record: a run of AUX bytes in the file. */
typedef struct ptm_aux_chunk {
	uint64_t file_offset;   /* of the payload */
	uint64_t size;
	uint64_t aux_offset;    /* position in the queue's AUX stream */
	uint64_t reference;     /* TSC at about its end; of a sample's AUX data its time in ns */
	uint32_t queue;         /* row of queues */
	int32_t tid, cpu;
	bool restarts;          /* does not follow on the chunk before it: another snapshot */
} ptm_aux_chunk;

/* One AUX stream: a CPU's or a thread's (auxtrace idx). */
typedef struct ptm_queue {
	uint32_t index;         /* idx of the AUXTRACE records */
	int32_t cpu, tid;       /* -1 where not bound */
	uint32_t first_chunk, chunk_count; /* chunks are in the order they were written */
	uint64_t size;          /* bytes of payload in all chunks */
} ptm_queue;

/* Another way to take the same AUX data. */
typedef struct ptm_aux_layout {
	PTM_ARRAY(ptm_aux_chunk) chunks;
	PTM_ARRAY(ptm_queue) queues;
} ptm_aux_layout;

/* The AUX data that a sample brought along (perf record --aux-sample). */
typedef struct ptm_aux_piece {
	uint64_t file_offset, size, time;
	uint64_t id;            /* of the sample's event on its CPU or thread */
	int32_t tid, cpu;
} ptm_aux_piece;

/* Whose AUX buffer an event id stands for (ID_INDEX). */
typedef struct ptm_id_place {
	uint64_t id, index;
	int32_t tid, cpu;
} ptm_id_place;

/* An event id of a virtual machine (ID_INDEX, as perf inject --guest-data writes it). */
typedef struct ptm_guest_id {
	uint64_t id;
	int32_t machine, vcpu;  /* pid of the process that runs it; which of its CPUs, -1: unknown */
	int32_t tid;            /* of the host's thread that runs that CPU */
} ptm_guest_id;

/* Where a PERF_RECORD_SAMPLE is: see file/sample.h. */
typedef struct ptm_sample_ref {
	uint64_t time;          /* that it is ordered by: its own, or of the sample before it */
	uint64_t file_offset;
	uint32_t size, attr;    /* bytes of the record; row of attrs */
	uint32_t branches;      /* entries of its branch stack */
	bool timed;             /* some entry has cycles */
	bool in_kernel;         /* taken there */
	int32_t pid, tid, cpu;  /* -1 where unknown */
	uint64_t ip;            /* 0: not recorded */
} ptm_sample_ref;

/* What the recording of a guest says of its kernel. */
typedef struct ptm_guest_release {
	int32_t machine;
	uint32_t release;       /* string id */
} ptm_guest_release;

typedef struct ptm_build_id {
	uint32_t path;          /* string id */
	int32_t pid;            /* -1: the host; else the virtual machine's, when `guest` */
	uint8_t id[20], length;
	bool guest;
	bool kernel;
	bool listed;            /* in the header's table, which comes before all records */
} ptm_build_id;

/* Code of one function of an eBPF program, from the BPF_PROG_INFO feature. */
typedef struct ptm_bpf_function {
	uint64_t address, file_offset;
	uint32_t size, program; /* id */
} ptm_bpf_function;

#define PTM_VOLUME_SHIFT 48

typedef struct ptm_volume {
	ptm_source source;      /* of a data.N file */
	struct ptm_unpacked *unpacked; /* or unpacked records (owned) */
	uint8_t *joined;        /* or records of a guest's file (owned), see guest_join.c */
	uint64_t first_id;      /* whose events have ids from here on */
	uint32_t of;            /* number of the volume they were packed in */
	uint32_t name;          /* string id */
} ptm_volume;

/* A data.N file of a directory, as a host source. */
typedef struct ptm_data_file {
	uint32_t source;
	uint64_t size;
	const char *name;       /* NUL-terminated UTF-8 */
} ptm_data_file;

/* A perf.data that a guest recorded at the same time, as a host source: what perf inject --guest-data is given. */
typedef struct ptm_guest_data {
	uint32_t source;
	uint64_t size;
	const char *name;       /* NUL-terminated UTF-8 */
	int32_t machine;        /* pid of the host's process that runs it */
	uint64_t time_offset;   /* its TSC is the host's TSC times the scale, plus this */
	double time_scale;      /* above 0 */
	const ptm_data_file *others; /* as in ptm_trace_company */
	uint32_t other_count;
} ptm_guest_data;

/* What a perf.data comes with. */
typedef struct ptm_trace_company {
	const ptm_data_file *others; uint32_t other_count; /* the files beside `data` that hold records */
	const ptm_guest_data *guests; uint32_t guest_count;
} ptm_trace_company;

/* TIME_CONV. */
typedef struct ptm_time_conv {
	uint64_t shift, mult, zero, cycles, mask;
	bool seen, capable;
} ptm_time_conv;

typedef struct ptm_trace_file {
	ptm_source *source;     /* borrowed; volume 0 */
	PTM_ARRAY(ptm_volume) volumes; /* from number 1 on */
	uint32_t data_files;    /* the first so many volumes are data.N files */
	ptm_strings *strings;   /* borrowed */
	PTM_ARRAY(ptm_attr) attrs;
	PTM_ARRAY(uint64_t) ids;
	PTM_ARRAY(ptm_record) records;   /* sorted by time, then file order; records without time stand where their neighbours in the file put them */
	PTM_ARRAY(ptm_aux_chunk) chunks;
	PTM_ARRAY(ptm_queue) queues;
	PTM_ARRAY(ptm_aux_piece) aux_pieces; /* in the order of the file; made into chunks */
	ptm_aux_layout sampled;          /* of aux_pieces, as perf takes them: a queue for each buffer, a chunk for each sample; they may overlap */
	ptm_aux_layout snapshots;        /* of chunks, as perf takes them, where they are snapshots; made after the file was opened */
	PTM_ARRAY(ptm_id_place) id_places;
	PTM_ARRAY(ptm_guest_id) guest_ids; /* sorted by id; none: no virtual machine's records were joined to the host's */
	PTM_ARRAY(ptm_guest_release) guest_releases; /* of those whose own files were joined */
	PTM_ARRAY(ptm_build_id) build_ids;
	PTM_ARRAY(uint8_t) poked;        /* code of the TEXT_POKE records: old, then new */
	PTM_ARRAY(ptm_bpf_function) bpf_functions; /* whose code lies in the file's bytes */
	PTM_ARRAY(ptm_sample_ref) samples; /* sorted by time, then file order; those that do not add up are left out */
	uint64_t data_offset, data_size;
	uint64_t auxtrace_info_offset;   /* of the AUXTRACE_INFO record in the file, 0: none */
	uint32_t auxtrace_info_size, auxtrace_type; /* type: 1 Intel PT, 2 Intel BTS */
	ptm_time_conv time_conv;
	/* CLOCK_DATA: the time of day and the events' clock at one moment, in ns. */
	struct { uint64_t wall_ns, clock_ns; bool seen; } clock_data;
	/* SAMPLE_TIME: of the first and the last sample, in ns; zeros where perf record did not look. */
	struct { uint64_t first, last; } sample_time;
	uint64_t sample_count;           /* PERF_RECORD_SAMPLE seen */
	uint64_t first_time, last_time;  /* over records with time; PTM_NO_TIME: none */
	uint32_t hostname, os_release, version, arch, cpu_description, cpuid, command_line; /* string ids, 0: absent */
	bool has_auxtrace;               /* by its list of features; a pipe has none */
	uint64_t tracing_data_offset, tracing_data_size; /* what the kernel says of its tracepoints, see event_format.h; 0: nothing */
	uint64_t cut_offset, cut_size;   /* feature 255, see api/cut_seed.c; 0: this trace was not cut out of another */
	uint32_t cpus_online, cpus_available;
	uint32_t lbr_registers;          /* of the CPU, as its PMU's capabilities say; 0: unknown */
	uint64_t memory_kb;
	/* What had to be skipped: each is a sentence for the user. */
	PTM_ARRAY(uint32_t) warnings;    /* string ids */
} ptm_trace_file;

/* Reads everything but payloads. On failure `message` holds the sentence and
 * `file` what was read so far; a data section cut short is not a failure but a
 * warning. Caller frees with ptm_trace_file_free either way. */
ptm_status ptm_trace_file_open(ptm_trace_file *file, ptm_source *source, ptm_strings *strings, ptm_message *message) PTM_MUST_CHECK;
/* The same for the file named `data` of a directory, and with its guests' files. */
ptm_status ptm_trace_file_open_with(ptm_trace_file *file, ptm_source *source, const ptm_trace_company *company, ptm_strings *strings, ptm_message *message) PTM_MUST_CHECK;
void ptm_trace_file_free(ptm_trace_file *file);

/* As ptm_source_view and ptm_source_view_some, for a place in any volume;
 * borrowed until the next view. */
ptm_status ptm_trace_file_view(const ptm_trace_file *file, uint64_t offset, uint32_t length, const uint8_t **at) PTM_MUST_CHECK;
ptm_status ptm_trace_file_view_some(const ptm_trace_file *file, uint64_t offset, uint32_t *length, const uint8_t **at) PTM_MUST_CHECK;
/* The words of the trace's AUXTRACE_INFO, behind its type; borrowed until the next view. */
ptm_status ptm_trace_file_info_words(const ptm_trace_file *file, ptm_bytes *words, ptm_message *message) PTM_MUST_CHECK;
/* Whether records of some event have no time. */
bool ptm_trace_file_lacks_times(const ptm_trace_file *file);
/* As ptm_source_want. Unpacked records are in memory, or cannot be read in places. */
void ptm_trace_file_want(const ptm_trace_file *file, uint64_t offset, uint64_t length);
/* The host source that holds `offset`, and where in it; NULL: it is not in the host's bytes as it is. */
const ptm_source *ptm_trace_file_source(const ptm_trace_file *file, uint64_t offset, uint64_t *within);
/* Where the volume of `offset` ends, as an offset in it. */
uint64_t ptm_trace_file_volume_end(const ptm_trace_file *file, uint64_t offset);
/* "byte 12", "byte 12 of data.3", "byte 12 of the unpacked records" (borrowed until the next call). */
const char *ptm_trace_file_place(const ptm_trace_file *file, uint64_t offset);

/* Text of a PERF_RECORD_* type, "COMM", or "type 123". */
const char *ptm_record_type_name(uint32_t type);

#endif
