/* SPDX-License-Identifier: Apache-2.0 */
/* What perf script's options ask for, as table `script` is given them. */
#ifndef PTM_API_SCRIPT_OPTIONS_H
#define PTM_API_SCRIPT_OPTIONS_H

#include "base/array.h"
#include "base/message.h"
#include "base/strings.h"

/* Kinds of events that -F tells apart: PERF_TYPE_* by their numbers, then perf's own. */
enum { PTM_EVENTS_HARDWARE = 0, PTM_EVENTS_SYNTHETIC = 6, PTM_EVENTS_OTHER = 7, PTM_EVENTS_TYPES = 8 };

/* What --itrace makes of a processor trace. */
enum {
	PTM_WANT_BRANCHES = 1 << 0, PTM_WANT_INSTRUCTIONS = 1 << 1, PTM_WANT_ERRORS = 1 << 2, PTM_WANT_TRANSACTIONS = 1 << 3,
	PTM_WANT_PTWRITES = 1 << 4, PTM_WANT_POWER = 1 << 5, PTM_WANT_EVENTS = 1 << 6, PTM_WANT_CYCLES = 1 << 7,
	PTM_WANT_OTHERS = 1 << 8 /* samples that are in the trace itself (PEBS via PT) */
};

/* Which sideband records are printed. */
enum {
	PTM_SHOW_MMAPS = 1 << 0, PTM_SHOW_TASKS = 1 << 1, PTM_SHOW_SWITCHES = 1 << 2, PTM_SHOW_LOST = 1 << 3,
	PTM_SHOW_NAMESPACES = 1 << 4, PTM_SHOW_BPF = 1 << 5, PTM_SHOW_TEXT_POKES = 1 << 6,
	PTM_SHOW_CGROUPS = 1 << 7
};

typedef enum ptm_period_unit { PTM_PERIOD_INSTRUCTIONS, PTM_PERIOD_TICKS, PTM_PERIOD_NS } ptm_period_unit;

typedef struct ptm_script_range { uint64_t start, end; } ptm_script_range; /* ns, both included */

typedef struct ptm_script_options {
	uint64_t fields[PTM_EVENTS_TYPES]; /* PTM_SCRIPT_* of script.h */
	uint32_t chosen;         /* bit by type: its fields were chosen, not the default */
	uint64_t asked;          /* PTM_SCRIPT_*: chosen by name for all types */
	int32_t utc_offset;      /* seconds that dates are ahead of UTC */
	uint32_t quick;          /* 1: without code; 2: from PSB to PSB */
	uint32_t want, show;
	uint32_t version;        /* of perf: 601, 612, 615 */
	uint8_t period_unit;     /* enum ptm_period_unit */
	uint64_t period;         /* 0: every instruction */
	uint32_t branch_filter;  /* flags of which a branch must have one; 0: all branches */
	uint32_t error_filter;   /* bits by error code: those that are not printed */
	uint32_t dump;           /* -D: string id of the file's name; 0: not asked for */
	uint32_t header;         /* --header: string id of when the file was written, in words; 0: not asked for */
	bool header_only, show_info; /* show_info: of the machine at length */
	uint32_t skip;           /* synthesized samples left out at the start */
	uint32_t chain_size, branch_stack_size; /* entries; 0: none */
	uint32_t added_chain_size, added_branch_size; /* the same for the file's own samples */
	bool approximate_ipc, timeless;
	bool stitch_lbr;         /* call stacks of the LBR go on in those of the sample before */
	bool not_decoded;        /* --no-itrace: with -D no packets */
	bool show_kernel_path;   /* the kernel and its modules are named by their files */
	uint32_t kernel_path;    /* string id of the kernel's; 0: unknown */
	bool dump_unsorted;      /* with a dump: records in the order of the file */
	bool show_rounds;        /* --show-round-events: the same, dumped or not, and where rounds end */
	bool no_demangle;        /* names of functions as they are linked */
	bool no_inline;          /* unwound call chains without the functions inlined at a frame */
	bool ns, relative_time, delta_time, pad_dso;
	PTM_ARRAY(ptm_script_range) times;
	PTM_ARRAY(int32_t) cpus, pids, tids;
	PTM_ARRAY(uint32_t) comms, symbols, dsos; /* string ids */
	PTM_ARRAY(uint64_t) addresses; /* beside symbols */
	uint64_t address_range;  /* bytes from each of them on */
	PTM_ARRAY(uint32_t) graph_functions; /* string ids: calls are printed only inside of these */
	PTM_ARRAY(uint32_t) stop_symbols; /* string ids: call chains end with them */
	uint32_t switch_on, switch_off; /* string ids of events: samples are printed from one of the first on, up to one of the second; 0: not asked for */
	bool show_on_off;        /* these samples too */
	uint32_t max_blocks;     /* of brstackinsn and brstackinsnlen; 0: all */
	uint32_t max_stack;      /* frames of a call chain */
	bool latency;            /* the narrower start of the line */
	bool full_source_path;
} ptm_script_options;

/* Reads options written one a line, "name number …" (comm: the rest of the line).
 * PTM_BAD_REQUEST with a message for what it does not know. Free with
 * ptm_script_options_free, whatever it returns. */
ptm_status ptm_script_options_read(ptm_script_options *options, const char *text, ptm_strings *strings, ptm_message *message) PTM_MUST_CHECK;
void ptm_script_options_free(ptm_script_options *options);

/* Row of options.fields for an event's PERF_TYPE_*. */
static inline uint32_t ptm_script_type(uint32_t perf_type)
{
	enum { PERF_TYPE_SYNTH = INT32_MIN }; /* of what perf inject made of a trace */
	if (perf_type == (uint32_t)PERF_TYPE_SYNTH)
		return PTM_EVENTS_SYNTHETIC;
	return perf_type <= 5 ? perf_type : PTM_EVENTS_OTHER;
}

#endif
