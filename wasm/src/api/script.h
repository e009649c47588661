/* SPDX-License-Identifier: Apache-2.0 */
/* Putting one sample's lines together; for query_script.c, script_*.c and
 * samples*.c only. */
#ifndef PTM_API_SCRIPT_H
#define PTM_API_SCRIPT_H

#include "api/script_options.h"
#include "api/session.h"
#include "api/stitch.h"
#include "pt/event.h"

/* Fields, by bit; src/cli/sample-fields.ts has the same. */
enum {
	PTM_SCRIPT_COMM = 1 << 0, PTM_SCRIPT_PID = 1 << 1, PTM_SCRIPT_TID = 1 << 2, PTM_SCRIPT_CPU = 1 << 3,
	PTM_SCRIPT_MISC = 1 << 4, PTM_SCRIPT_TIME = 1 << 5, PTM_SCRIPT_PERIOD = 1 << 6, PTM_SCRIPT_EVENT = 1 << 7,
	PTM_SCRIPT_IP = 1 << 8, PTM_SCRIPT_SYM = 1 << 9, PTM_SCRIPT_SYMOFF = 1 << 10, PTM_SCRIPT_DSO = 1 << 11,
	PTM_SCRIPT_ADDR = 1 << 12, PTM_SCRIPT_DATA_SRC = 1 << 13, PTM_SCRIPT_WEIGHT = 1 << 14, PTM_SCRIPT_IREGS = 1 << 15,
	PTM_SCRIPT_UREGS = 1 << 16, PTM_SCRIPT_BRSTACK = 1 << 17, PTM_SCRIPT_BRSTACKSYM = 1 << 18,
	PTM_SCRIPT_BRSTACKOFF = 1 << 19, PTM_SCRIPT_BRSTACKINSN = 1 << 20, PTM_SCRIPT_PHYS_ADDR = 1 << 21,
	PTM_SCRIPT_DATA_PAGE_SIZE = 1 << 22, PTM_SCRIPT_CODE_PAGE_SIZE = 1 << 23,
	PTM_SCRIPT_NS = 1 << 24, PTM_SCRIPT_NO_CHAINS = 1 << 25,
	PTM_SCRIPT_BRSTACKINSNLEN = 1 << 27, PTM_SCRIPT_TOD = 1 << 28, PTM_SCRIPT_TRACE = 1 << 29, PTM_SCRIPT_BPF_OUTPUT = 1 << 30
};
/* Those of a processor trace. */
#define PTM_SCRIPT_IP_UNSET (1ull << 32)   /* taken away by name */
#define PTM_SCRIPT_SYM_UNSET (1ull << 33)
#define PTM_SCRIPT_TIME_ALWAYS (1ull << 34) /* printed of made-up samples even where there is none */
#define PTM_SCRIPT_RETIRE_LAT (1ull << 36)
#define PTM_SCRIPT_CGROUP (1ull << 37)
#define PTM_SCRIPT_FLAGS (1ull << 40)
#define PTM_SCRIPT_CALLINDENT (1ull << 41)
#define PTM_SCRIPT_INSN (1ull << 42)
#define PTM_SCRIPT_INSNLEN (1ull << 43)
#define PTM_SCRIPT_SYNTH (1ull << 44)
#define PTM_SCRIPT_IPC (1ull << 45)
#define PTM_SCRIPT_SRCLINE (1ull << 46)
#define PTM_SCRIPT_CPU_ASKED (1ull << 47)  /* printed even where the trace does not tell the CPU */
#define PTM_SCRIPT_DSOFF (1ull << 48)
#define PTM_SCRIPT_MACHINE_PID (1ull << 49)
#define PTM_SCRIPT_VCPU (1ull << 50)
#define PTM_SCRIPT_INS_LAT (1ull << 51)
#define PTM_SCRIPT_SRCCODE (1ull << 52)

/* perf's sample flags, by bit: the order of bcrosyiABExghDt. */
enum {
	PTM_FLAG_BRANCH = 1 << 0, PTM_FLAG_CALL = 1 << 1, PTM_FLAG_RETURN = 1 << 2, PTM_FLAG_CONDITIONAL = 1 << 3, PTM_FLAG_SYSCALL = 1 << 4,
	PTM_FLAG_ASYNC = 1 << 5, PTM_FLAG_INTERRUPT = 1 << 6, PTM_FLAG_ABORT = 1 << 7, PTM_FLAG_BEGIN = 1 << 8, PTM_FLAG_END = 1 << 9,
	PTM_FLAG_IN_TRANSACTION = 1 << 10, PTM_FLAG_VMENTRY = 1 << 11, PTM_FLAG_VMEXIT = 1 << 12, PTM_FLAG_INTERRUPTS_OFF = 1 << 13,
	PTM_FLAG_INTERRUPTS_TOGGLE = 1 << 14
};

/* Events that perf makes of a processor trace. */
typedef enum ptm_script_event {
	PTM_SCRIPT_BRANCHES, PTM_SCRIPT_INSTRUCTIONS, PTM_SCRIPT_TRANSACTIONS, PTM_SCRIPT_CYCLES,
	PTM_SCRIPT_PTWRITE, PTM_SCRIPT_CBR, PTM_SCRIPT_PSB, PTM_SCRIPT_MWAIT, PTM_SCRIPT_PWRE, PTM_SCRIPT_EXSTOP, PTM_SCRIPT_PWRX,
	PTM_SCRIPT_EVT, PTM_SCRIPT_IFLAG, PTM_SCRIPT_EVENTS
} ptm_script_event;

/* EVD packets of one event that are kept. */
#define PTM_EVENT_DATA 8u

/* What perf looks up of an address, kept for the next time. */
typedef struct ptm_place {
	uint64_t ip;
	uint32_t space;
	bool known, has_code;
	uint8_t code_length;     /* of the instruction there, 0: none */
	uint8_t code[16];
	uint32_t name, dso;      /* string ids; 0: unknown */
	bool has_source;         /* the next was looked up */
	uint32_t source;         /* string id of what srcline prints; 0: nothing */
	bool has_source_code;    /* the next was looked up */
	uint32_t source_code;    /* string id of "line PTM_SOURCE_CODE path"; 0: not known */
	uint32_t name_length, dso_length;
	uint64_t offset;         /* in the symbol */
	uint64_t file_offset;    /* of ip */
	bool in_file;            /* its map is of a file */
	uint64_t kept_fields;    /* with these it was put, and what was put kept in the script's `kept`; 0: not */
	uint32_t kept;
	uint16_t kept_length;
} ptm_place;

/* Words for the flags of a sample, as they were put. */
typedef struct ptm_script_flags {
	uint32_t flags, length;  /* length 0: none yet */
	char text[96];
} ptm_script_flags;

/* The start of the last line, and all that it says. */
typedef struct ptm_script_who {
	uint64_t ns, fields;
	int32_t pid, tid, cpu, machine, vcpu;
	bool has_chains;
	uint32_t length;         /* 0: the next line is put anew */
	char comm[64];
	char text[192];
} ptm_script_who;

/* perf's idea of a thread's calls and last branches. */
typedef struct ptm_thread_stack {
	uint32_t trace;          /* whose calls they are: another trace starts anew; 0: none yet */
	PTM_ARRAY(uint64_t) returns;
	PTM_ARRAY(bool) ends;    /* for each: tracing ended with that call */
	PTM_ARRAY(uint64_t) ring;/* three words a branch, as in a sample; newest at ring_head */
	uint32_t ring_head, ring_count;
} ptm_thread_stack;

typedef struct ptm_script ptm_script;

#define PTM_LENGTH_UNKNOWN 0xff

/* One sample that perf makes up. */
typedef struct ptm_script_row {
	uint8_t event;           /* enum ptm_script_event */
	uint8_t length;          /* of the instruction shown with it, 0: none; PTM_LENGTH_UNKNOWN: decode it */
	uint64_t ns;             /* 0: no time */
	uint64_t ip, addr;
	uint32_t flags;
	uint64_t period;
	uint64_t code_ip;        /* of the instruction shown */
	uint32_t code_space;
	uint64_t instructions, cycles; /* for ipc */
	uint64_t payload, payload2;    /* see script_synth.c */
	const ptm_event *data;   /* evt: what EVD packets say of it */
	uint32_t data_count;
	const ptm_thread_stack *stack; /* NULL: not followed */
	bool is_guest;           /* what a virtual machine did */
	const ptm_sample *sample;/* of an event of the file that is in the trace itself; NULL: none */
} ptm_script_row;

struct ptm_script {
	ptm_stitch *stitch;      /* with the option stitch_lbr; NULL: no sample was stitched yet */
	ptm_session *session;
	uint64_t fields;
	uint32_t event_width;
	bool has_chains;         /* the sample is printed with its call chain */
	bool traced_chains;      /* samples of tracepoints have call chains */
	uint32_t space, kernel_space; /* of the sample */
	uint32_t on_attr, off_attr; /* rows of attrs of options.switch_on and switch_off; UINT32_MAX: none */
	bool discards;           /* until a sample of on_attr */
	bool in_kernel;          /* what addresses are looked up as */
	bool only_mode;          /* and nothing else */
	ptm_status status;       /* the first failure: what is put after it is dropped */
	PTM_ARRAY(char) text;    /* of the sample; table script: of all samples of the answer */
	PTM_ARRAY(uint8_t) record;
	uint32_t data_source_width;
	/* Table script: */
	ptm_script_options options;
	int32_t pid, tid, cpu;   /* of the sample */
	uint32_t thread;         /* its row */
	PTM_ARRAY(uint32_t) inside; /* by thread: calls open inside a function whose calls are asked for, from which on rows are printed; 0: outside */
	int32_t machine, vcpu;   /* of a sample that a virtual machine's own records tell of, as in ptm_guest_id; 0: the host's */
	char comm[64];
	ptm_place *places;       /* PTM_PLACES, by hash */
	PTM_ARRAY(char) kept;    /* of them, as they were put */
	ptm_script_who who;
	ptm_script_flags flags[16]; /* by hash */
	char names[PTM_SCRIPT_EVENTS][40]; /* of the events perf makes up, as printed */
	uint64_t lines, errors;  /* in the answer */
	bool is_foreign;         /* the file does not say that it is of this architecture: perf decodes no instruction to print it */
	uint64_t put_ip;         /* of the ordinary sample printed last; 0: none was */
	uint64_t first_ns, previous_ns;
	uint32_t indent_width;   /* callindent's column, as wide as it was last */
	PTM_ARRAY(uint8_t) pmus; /* what PMU has what number, as the file's header tells */
	PTM_ARRAY(bool) named;   /* threads that a record named, by row */
	PTM_ARRAY(bool) forgotten; /* threads that perf has forgotten, by row */
	uint64_t cgroup;         /* the last that was looked up, and its record's row + 1; 0: unknown */
	uint32_t cgroup_row;
	bool cgroup_known;
	int32_t forked_tid, forked_from_pid, forked_from_tid; /* by the last fork that named its child */
	PTM_ARRAY(uint64_t) counted; /* by row of the file's ids: what the counter had read in the sample before */
	PTM_ARRAY(uint64_t) words; /* a call chain or branch stack, as a sample has it */
	uint32_t ring_size;      /* last branches that thread stacks keep */
	const ptm_thread_stack *stack; /* of the ordinary sample's thread; NULL: not followed */
	const ptm_script_row *made; /* the sample at hand is in the trace itself; NULL: it is not */
	bool tells_where;        /* -D: of each ordinary sample its thread and binary too */
	bool adds_chain, adds_branches; /* to the ordinary sample at hand: it has none of its own */
};

#define PTM_PLACES 8192u

void ptm_script_put(ptm_script *script, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ptm_script_put_text(ptm_script *script, const char *text, size_t length);
/* The map of an address in the mode at hand, or else in the mode that the address tells; NULL: none.
 * Stores the space that it is in. */
const ptm_map *ptm_script_map(const ptm_script *script, uint64_t ip, uint32_t *space);

/* The offset in a named function that perf prints: in one without a size, which holds only its first address, it
 * subtracts where the map begins. */
static inline uint64_t ptm_script_offset(const ptm_function *function, const ptm_map *map, uint64_t offset)
{
	return function->name && !function->size ? offset - map->start : offset;
}
/* Symbol and, when asked for, offset; or `unknown`. */
void ptm_script_put_name(ptm_script *script, uint64_t ip, const char *unknown);
/* With --call-trace the brackets around a binary stand around so many characters, the last of them a space. */
#define PTM_SCRIPT_DSO_WIDTH 50u
/* "(binary)" */
void ptm_script_put_dso(ptm_script *script, uint64_t ip);
/* What a map's binary is called: as in the map, or by its file. */
uint32_t ptm_script_binary_name(const ptm_script *script, const ptm_map *map);

/* query_script.c: all lines of ordinary sample `row`, appended to script->text with the fields at hand. */
ptm_status ptm_script_put_sample(ptm_script *script, uint32_t row) PTM_MUST_CHECK;
/* A row with a sample; false: a filter leaves it out. */
bool ptm_script_put_made(ptm_script *script, const ptm_script_row *row);
/* The call chain of a sample, from its line's end on. */
void ptm_script_put_chain(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr);
/* Width of event names and whether there are call chains, of the file's events. */
void ptm_script_look_at_events(ptm_script *script);

/* script_source.c */
/* What addr2line tells of an address for which there is no line: never PTM_LINELESS_UNTOLD. */
ptm_status ptm_script_lineless(ptm_session *session, uint32_t image, uint64_t address, enum ptm_lineless *what, uint32_t *file) PTM_MUST_CHECK;
/* What perf prints as the source line of an address of a map: string id, 0: nothing. Fails only for want of memory. */
ptm_status ptm_script_source_line(ptm_script *script, const ptm_map *map, uint64_t ip, uint32_t *text) PTM_MUST_CHECK;
/* That, on a line of its own, if the fields at hand have it. */
void ptm_script_put_source(ptm_script *script, uint64_t ip);
/* The line of field srccode, which follows all of a sample, for the host, which has the sources: thread, line number
 * and path, each behind PTM_SOURCE_CODE. */
#define PTM_SOURCE_CODE "\x01"
void ptm_script_put_source_code(ptm_script *script, uint64_t ip);
/* Stores the string id of the latter two with PTM_SOURCE_CODE between; 0: the line is not known. */
ptm_status ptm_script_source_code(ptm_session *session, const ptm_map *map, uint64_t ip, uint32_t *text) PTM_MUST_CHECK;
/* The same of a known place: file (string id of a path, 0: not told) and line. */
void ptm_script_put_line(ptm_script *script, uint32_t file, uint32_t line);

/* script_memory.c: a size as perf's loop has it: 4 KiB is "4K", 1 GiB is "1024M", 0 "N/A"; in `into` or static. */
const char *ptm_script_size_text(uint64_t size, char into[32]);
/* perf's "|OP … |LVL … " with its padding. */
void ptm_script_put_data_source(ptm_script *script, uint64_t bits);

/* perf's source of an access of which nothing was recorded. */
#define PTM_NO_DATA_SOURCE 0x5080021ull

/* The same words without the number before them. */
typedef struct ptm_words_text {
	char text[200];
	size_t length;
} ptm_words_text;
void ptm_data_source_text(uint64_t source, bool newer_perf, ptm_words_text *text);
/* script_read.c */
typedef struct ptm_counter {
	uint64_t id, value, lost;
} ptm_counter;
/* What counter `index` of a sample read; false: it read no more. */
bool ptm_script_next_counter(const ptm_attr *attr, const ptm_sample *sample, uint32_t index, ptm_counter *counter);
/* Makes the sample one of the counter's event; its period is what was counted since the sample before, 0: none is to be told. */
ptm_status ptm_script_count(ptm_script *script, const ptm_counter *counter, ptm_sample *sample) PTM_MUST_CHECK;
/* For -D: all of them. */
void ptm_dump_put_read(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr);
/* script_trace.c: what a tracepoint says. */
void ptm_script_put_trace(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr);
/* What an eBPF program put out, as a dump. */
void ptm_script_put_bpf_output(ptm_script *script, const ptm_sample *sample);
/* script_branches.c: brstack, brstacksym, brstackoff. */
void ptm_script_put_branches(ptm_script *script, const ptm_sample *sample);
/* script_code.c: brstackinsn; `kind`: the event's branch_sample_type. */
void ptm_script_put_branch_code(ptm_script *script, const ptm_sample *sample, uint64_t kind);
/* script_check.c: PTM_BAD_REQUEST and perf's message for fields that the file's
 * samples do not have; `asked`: those of `fields` that were chosen by name. */
ptm_status ptm_script_check(ptm_session *session, uint64_t fields, uint64_t asked) PTM_MUST_CHECK;
/* Field dsoff stands for dso too, but of types of which the file itself has no event. `fields`: by type. */
void ptm_script_add_dso(const ptm_session *session, uint64_t *fields);
/* An event that counts nothing, for the sake of its records: perf asks nothing of its samples. */
bool ptm_attr_is_dummy(const ptm_attr *attr);
/* The first event of the type of `attr` (borrowed): perf takes events of a type for alike and looks at that one. */
const ptm_attr *ptm_script_first_of_type(const ptm_trace_file *file, const ptm_attr *attr);

/* script_line.c */
/* One sample that perf makes up; false: a filter leaves it out. */
bool ptm_script_put_row(ptm_script *script, const ptm_script_row *row);
/* comm, tid, cpu, misc and time, as script->fields say; ns 0: no time. */
void ptm_script_put_who(ptm_script *script, uint64_t ns, const char *misc);
/* The fields insn and insnlen of the instruction at an address, which is looked at only now. */
void ptm_script_put_instruction(ptm_script *script, uint64_t ip);
void ptm_script_put_code(ptm_script *script, const ptm_script_row *row);
/* An instruction trace error; counts it. */
void ptm_script_put_error(ptm_script *script, uint64_t ns, uint64_t ip, uint32_t code);

/* script_filter.c */
/* Whether a time is in one of the ranges asked for, if there are some. */
bool ptm_script_is_in_time(const ptm_script_options *options, uint64_t ns);
/* Whether a CPU is among those asked for; -1, which is none, is. */
bool ptm_script_wants_cpu(const ptm_script_options *options, int32_t cpu);
/* Whether the options' filters let a sample at hand (pid, tid, cpu, comm) through. */
bool ptm_script_wants(const ptm_script *script, uint64_t ns);
/* The first event of that name (string id), as row of attrs; UINT32_MAX: there is none. */
uint32_t ptm_script_attr_named(const ptm_session *session, uint32_t name);
/* Whether samples are left out now (--switch-on, --switch-off); to be asked once of each that all else lets through. `attr`: its row, UINT32_MAX: none of the file's. */
bool ptm_script_discards(ptm_script *script, uint32_t attr);
/* Whether they look at where a sample was taken; if so, whether they let it through. `dso` NULL: nothing is mapped there. */
bool ptm_script_filters_places(const ptm_script *script);
/* What perf calls a binary in few words: the name of its file, or whose generated code it is; made in `into` where needed. */
#define PTM_SHORT_NAME 32
const char *ptm_script_short_name(const char *path, char into[PTM_SHORT_NAME]);
bool ptm_script_wants_place(const ptm_script *script, uint64_t ip, const char *symbol, const char *dso);
/* Whether the sample at hand is in a function whose calls are asked for. `function`: that a branch enters or returns
 * from, "": none; `depth`: calls that are open after it. */
bool ptm_script_wants_call(ptm_script *script, const char *function, uint32_t depth);
/* Whether a call chain ends with a frame of this function. */
bool ptm_script_stops_at(const ptm_script *script, const char *function);

/* script_state.c */
/* Names and widths of the events that perf makes up with script->options; the cache of places. */
ptm_status ptm_script_start(ptm_script *script) PTM_MUST_CHECK;
void ptm_script_free(ptm_script *script);
/* Whether call chains are made of the trace (--itrace=g, G). */
bool ptm_script_makes_chains(const ptm_script *script);
/* A thread's name (string id) at a time, as perf knows it then: 0 before the first. */
uint32_t ptm_script_name_of(const ptm_sideband *sideband, uint32_t thread, uint64_t ns);
/* Sets pid, tid and comm to those of a thread's row at a time, as one of the host; 0 has no thread. */
void ptm_script_set_thread(ptm_script *script, uint32_t thread, uint64_t ns);

/* script_flags.c: perf's words for sample flags: two spaces, 21 characters, a space. Returns the length. */
size_t ptm_script_flags_text(uint32_t flags, uint32_t version, char into[80]);
/* script_synth.c: what a synthesized event carries. */
void ptm_script_put_synth(ptm_script *script, const ptm_script_row *row);
/* The same of a sample that perf inject made of a packet: what it wrote for an event of this config. */
void ptm_script_put_written_synth(ptm_script *script, uint64_t config, const uint8_t *raw, uint32_t size);

/* script_stack.c */
/* A state of perf's decoder that is a branch. `trace`: of which stretch of trace. */
ptm_status ptm_thread_stack_take(ptm_thread_stack *stack, uint32_t ring_size, uint32_t trace, const ptm_script_row *branch, uint32_t length) PTM_MUST_CHECK;
void ptm_thread_stack_free(ptm_thread_stack *stack);
/* As a sample's call chain, innermost first, with perf's marks; `words` holds them. */
ptm_status ptm_thread_stack_chain(ptm_script *script, const ptm_script_row *row, ptm_words *chain) PTM_MUST_CHECK;
/* As a sample's branch stack, newest first. */
ptm_status ptm_thread_stack_branches(ptm_script *script, const ptm_script_row *row, ptm_words *branches, uint32_t *count) PTM_MUST_CHECK;
/* The same two for an ordinary sample at `ip` (--itrace=G, L; stack NULL: not followed). It is written some time after
 * it was due: what the kernel did since is left out, but user code's place is where the trace has got to. */
ptm_status ptm_thread_stack_late_chain(ptm_script *script, const ptm_thread_stack *stack, uint64_t ip, ptm_words *chain) PTM_MUST_CHECK;
ptm_status ptm_thread_stack_late_branches(ptm_script *script, const ptm_thread_stack *stack, uint64_t ip, ptm_words *branches, uint32_t *count) PTM_MUST_CHECK;

/* script_sideband.c */
/* The time that perf takes a record for: PTM_NO_TIME, which it prints as a number, where the record's event does not
 * record times; 0 where events do not tell of records. */
uint64_t ptm_script_record_time(const ptm_session *session, const ptm_record *record);
/* A sideband record as the options' --show-… print it, or nothing. */
void ptm_script_put_record(ptm_script *script, const ptm_record *record);
/* Whether perf knows nothing of a thread any more. */
bool ptm_script_is_forgotten(const ptm_script *script, uint32_t thread);
/* The path of a control group, or "unknown", with a space before it. */
void ptm_script_put_cgroup(ptm_script *script, uint64_t id);
/* script_record_text.c: "PERF_RECORD_MMAP2 …" with its newline, of a record that --show-… can print. */
void ptm_script_put_record_text(ptm_script *script, const ptm_record *record);

#endif
