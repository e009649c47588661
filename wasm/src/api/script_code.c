/* SPDX-License-Identifier: Apache-2.0 */
/* The code between the branches of a stack, as perf script 6.1 prints it for
 * brstackinsn: every instruction's bytes, and behind each branch how it was
 * predicted, its cycles and the instructions per cycle since the one before. */
#include "api/script.h"
#include "x86/insn.h"
#include <inttypes.h>
#include <stdio.h>

/* perf's: the longest piece of code it prints, and what it reads behind a piece's last instruction. */
#define LONGEST_PIECE (16384u - LONGEST_INSTRUCTION)
#define LONGEST_INSTRUCTION 15u
/* How far perf looks for a branch that is missing from the stack. */
#define MISSING_BRANCH_BYTES 128u

typedef struct code {
	ptm_script *script;
	bool in_kernel;          /* of the piece looked at last */
	uint64_t symbol_start, symbol_end; /* of the last name printed, in its image's addresses */
	uint32_t total_cycles;
	uint64_t start;          /* of the piece at hand */
	uint32_t length;         /* its bytes, and up to LONGEST_INSTRUCTION more; 0: there is no code */
	ptm_insn_mode mode;
	bool crosses;            /* it starts in user code and ends in the kernel, or the other way */
	uint8_t bytes[16384];
} code;

static bool is_kernel(uint64_t ip)
{
	return ip >> 63;
}

static const ptm_map *map_of(const code *from, uint64_t ip, uint32_t *space)
{
	ptm_script as = *from->script;

	as.in_kernel = from->in_kernel;
	as.only_mode = true;
	return ptm_script_map(&as, ip, space);
}

/* Takes the piece of code from `start` to the instruction at `end`. */
static void take_piece(code *into, uint64_t start, uint64_t end)
{
	ptm_session *session = into->script->session;
	uint32_t space;

	into->length = 0;
	into->start = start;
	into->crosses = false;
	if (!start || !end)
		return;
	into->in_kernel = is_kernel(start);
	into->crosses = is_kernel(start) != is_kernel(end);
	if (into->crosses || end - start > LONGEST_PIECE)
		return;
	const ptm_map *map = map_of(into, start, &space);
	if (!map || !map->image)
		return;
	into->mode = session->images.images.at[map->image].is_32bit ? PTM_MODE_32 : PTM_MODE_64;
	uint32_t wanted = (uint32_t)(end - start) + LONGEST_INSTRUCTION;
	while (into->length < wanted) {
		uint32_t piece = wanted - into->length;
		ptm_status status = ptm_spaces_code(session->spaces, space, start + into->length, into->bytes + into->length, &piece, &map);
		if (status == PTM_NOT_FOUND)
			return;
		if (status != PTM_OK) {
			into->script->status = status;
			return;
		}
		into->length += piece;
	}
}

/* Prints the bytes of the instruction at `offset` of the piece into `text`; returns its class, and 0 as `*length` when it is none. */
static uint8_t describe(const code *from, uint32_t offset, char text[64], uint32_t *length)
{
	const uint8_t *at = from->bytes + offset;
	ptm_insn insn;
	int used = snprintf(text, 64, "insn: ");

	*length = 0;
	if (ptm_insn_decode(at, from->length - offset, from->mode, &insn) != PTM_OK) {
		snprintf(text, 64, "<bad>");
		return PTM_INSN_OTHER;
	}
	for (uint32_t i = 0; i < insn.length; i++)
		used += snprintf(text + used, 64 - (size_t)used, "%02x ", at[i]);
	*length = insn.length;
	return insn.class;
}

/* A line with the symbol of `ip`, unless it is still that of the line before. */
static void put_symbol(code *from, uint64_t ip)
{
	ptm_session *session = from->script->session;
	uint32_t space;
	uint64_t offset;

	if (!map_of(from, ip, &space))
		return;
	const ptm_function *function = ptm_spaces_function(session->spaces, ptm_spaces_perf_function_at(session->spaces, space, ip, &offset));
	const char *name = ptm_strings_get(&session->strings, function->name);
	uint64_t address = *name ? function->address + offset : offset;
	if (address >= from->symbol_start && address < from->symbol_end)
		return;
	if (!*name)
		return;
	ptm_script_put_text(from->script, "\t", 1);
	ptm_script_put_text(from->script, name, strlen(name));
	if (offset)
		ptm_script_put(from->script, "+%" PRIu64, offset);
	ptm_script_put_text(from->script, ":\n", 2);
	from->symbol_start = function->address;
	from->symbol_end = function->address + function->size;
}

static void put_length(const code *from, uint32_t length)
{
	if (from->script->fields & PTM_SCRIPT_BRSTACKINSNLEN)
		ptm_script_put(from->script, "\tilen: %u", length);
}

/* The branch's line; `instructions`: since the branch before it, 0 where that is not known. */
static void put_branch(code *from, const ptm_branch *branch, uint32_t offset, uint32_t instructions)
{
	char text[64];
	uint32_t length;

	describe(from, offset, text, &length);
	ptm_script_put(from->script, "\t%016" PRIx64 "\t%-30s", from->start + offset, text);
	put_length(from, length);
	ptm_script_put(from->script, "\t#%s%s%s%s", branch->predicted ? " PRED" : "",
		branch->mispredicted ? " MISPRED" : "", branch->in_transaction ? " INTX" : "", branch->abort ? " ABORT" : "");
	if (branch->cycles) {
		from->total_cycles += branch->cycles;
		ptm_script_put(from->script, " %u cycles [%u]", branch->cycles, from->total_cycles);
		if (instructions)
			ptm_script_put(from->script, " %.2f IPC", (double)((float)instructions / branch->cycles));
	}
	ptm_script_put_text(from->script, "\n", 1);
}

/* The piece at hand up to the branch that ends it, or as far as the code agrees. */
static void put_piece(code *from, const ptm_branch *branch)
{
	uint32_t wanted = (uint32_t)(branch->from - from->start), offset = 0, instructions = 0, length;
	char text[64];

	for (; offset < from->length; offset += length) {
		put_symbol(from, from->start + offset);
		instructions++;
		if (offset == wanted) {
			put_branch(from, branch, offset, instructions);
			return;
		}
		describe(from, offset, text, &length);
		ptm_script_put(from->script, "\t%016" PRIx64 "\t%s", from->start + offset, text);
		put_length(from, length);
		ptm_script_put_text(from->script, "\n", 1);
		if (!length)
			break;
	}
	if (offset != wanted)
		ptm_script_put(from->script, "\tmismatch of LBR data and executable\n");
}

static void put_line(const code *from, uint32_t offset, uint32_t *length, uint8_t *class)
{
	char text[64];

	*class = describe(from, offset, text, length);
	ptm_script_put(from->script, "\t%016" PRIx64 "\t%s", from->start + offset, text);
	put_length(from, *length);
	ptm_script_put_text(from->script, "\n", 1);
}

/* Whether perf takes the instruction for one that the stack should have had: perf 6.1 any branch, though it need not be
 * taken, perf 6.12 what is always taken. */
static bool leaves(const ptm_script *script, uint8_t class)
{
	bool may_stay = class == PTM_INSN_JCC || class == PTM_INSN_LOOP;

	return ptm_insn_is_branch(class) && !(may_stay && script->options.version >= 612);
}

/* From where the newest branch went to where the sample was taken. A branch on
 * the way means that the stack missed one. */
static void put_tail(code *from, const ptm_sample *sample, uint64_t kind)
{
	uint64_t start = ptm_sample_branch(sample, 0).to, end = sample->ip;
	bool all_branches = !kind || kind & PTM_BRANCH_ANY;
	uint32_t length;
	uint8_t class;

	if (end < start)
		end = start + MISSING_BRANCH_BYTES;
	take_piece(from, start, end);
	put_symbol(from, start);
	if (!from->length) {
		take_piece(from, sample->ip, sample->ip);
		if (from->length)
			put_line(from, 0, &length, &class);
		return;
	}
	for (uint64_t offset = 0; offset <= end - start; offset += length) {
		put_line(from, (uint32_t)offset, &length, &class);
		if (!length)
			return;
		if (all_branches && leaves(from->script, class) && start + offset != sample->ip) {
			ptm_script_put(from->script, "\t... not reaching sample ...\n");
			return;
		}
	}
}

void ptm_script_put_branch_code(ptm_script *script, const ptm_sample *sample, uint64_t kind)
{
	uint32_t count = sample->branch_count, most = script->options.max_blocks;

	if (most && count > most)
		count = most + 1;
	if (!count)
		return;
	code *from = calloc(1, sizeof *from);
	if (!from) {
		script->status = PTM_NO_MEMORY;
		return;
	}
	from->script = script;
	ptm_script_put_text(script, "\n", 1);
	ptm_branch branch = ptm_sample_branch(sample, count - 1);
	/* Of the oldest branch only where it came from is known. */
	take_piece(from, branch.from, branch.from);
	if (from->length) {
		put_symbol(from, branch.from);
		put_branch(from, &branch, 0, 0);
	}
	for (uint32_t i = count - 1; i-- > 0;) {
		uint64_t start = ptm_sample_branch(sample, i + 1).to;
		branch = ptm_sample_branch(sample, i);
		take_piece(from, start, branch.from);
		/* Where only user code is recorded, the way into the kernel has no entry, but the way back has one. */
		if (from->crosses && i > 0) {
			branch = ptm_sample_branch(sample, --i);
			take_piece(from, start, branch.from);
		}
		if (from->length)
			put_piece(from, &branch);
	}
	branch = ptm_sample_branch(sample, 0);
	if (branch.from != sample->ip && !branch.abort)
		put_tail(from, sample, kind);
	free(from);
}
