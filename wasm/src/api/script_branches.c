/* SPDX-License-Identifier: Apache-2.0 */
/* Branch stacks as perf script prints them. */
#include "api/script.h"
#include <inttypes.h>

static const char *type_of(const ptm_branch *branch)
{
	static const char *const types[] = { "", "COND", "UNCOND", "IND", "CALL", "IND_CALL", "RET", "SYSCALL", "SYSRET", "COND_CALL",
					     "COND_RET", "ERET", "IRQ", "SERROR", "NO_TX" };
	static const char *const more[] = { "FAULT_ALGN", "FAULT_DATA", "FAULT_INST", "ARCH_1", "ARCH_2", "ARCH_3", "ARCH_4", "ARCH_5" };

	if (branch->type < sizeof types / sizeof *types)
		return types[branch->type];
	return branch->new_type < sizeof more / sizeof *more ? more[branch->new_type] : "";
}

/* perf 6.12 adds how the branch was speculated. */
static void put_speculation(ptm_script *script, const ptm_branch *branch)
{
	static const char *const names[] = { "-", "SPEC_WRONG_PATH", "NON_SPEC_CORRECT_PATH", "SPEC_CORRECT_PATH" };

	if (script->options.version >= 612)
		ptm_script_put(script, "/%s", names[branch->speculation]);
}

static void put_flags(ptm_script *script, const ptm_branch *branch)
{
	ptm_script_put(script, "/%c/%c/%c/%u/%s", branch->mispredicted ? 'M' : branch->predicted ? 'P' : '-', branch->in_transaction ? 'X' : '-',
		branch->abort ? 'A' : '-', branch->cycles, type_of(branch));
	put_speculation(script, branch);
	ptm_script_put_text(script, " ", 1);
}

/* Where an address is in its file, which is where perf takes it to be for files
 * that it has not got, or not read yet: decoding a trace reads them. */
static uint64_t in_file(const ptm_script *script, uint64_t ip)
{
	const ptm_session *session = script->session;
	uint32_t space;
	const ptm_map *map = ptm_script_map(script, ip, &space);

	if (map && space == script->kernel_space)
		return ip - map->start;
	const ptm_image *image = map ? &session->images.images.at[map->image] : NULL;
	if (!image || (image->status == PTM_IMAGE_LOADED && (image->resolved || session->flow_source == PTM_SOURCE_PT)))
		return ip;
	return ip - map->start + map->file_offset;
}

/* The binary's name; perf 6.12 puts a space before it. */
static void put_binary(ptm_script *script, uint64_t fields, uint64_t ip)
{
	if (!(fields & PTM_SCRIPT_DSO))
		return;
	if (script->options.version >= 612)
		ptm_script_put_text(script, " ", 1);
	ptm_script_put_dso(script, ip);
}

static void put_addresses(ptm_script *script, const ptm_branch *branch)
{
	bool plain = script->fields & PTM_SCRIPT_BRSTACK;

	ptm_script_put(script, " 0x%" PRIx64, plain ? branch->from : in_file(script, branch->from));
	put_binary(script, script->fields, branch->from);
	ptm_script_put(script, "/0x%" PRIx64, plain ? branch->to : in_file(script, branch->to));
	put_binary(script, script->fields, branch->to);
}

static void put_symbols(ptm_script *script, const ptm_branch *branch)
{
	uint64_t fields = script->fields;

	script->fields |= PTM_SCRIPT_SYMOFF; /* always */
	ptm_script_put_name(script, branch->from, "[unknown]");
	put_binary(script, fields, branch->from);
	ptm_script_put_text(script, "/", 1);
	ptm_script_put_name(script, branch->to, "[unknown]");
	put_binary(script, fields, branch->to);
	script->fields = fields;
}

void ptm_script_put_branches(ptm_script *script, const ptm_sample *sample)
{
	uint64_t wanted = script->fields & (PTM_SCRIPT_BRSTACK | PTM_SCRIPT_BRSTACKSYM | PTM_SCRIPT_BRSTACKOFF);

	for (uint32_t i = 0; wanted && i < sample->branch_count; i++) {
		ptm_branch branch = ptm_sample_branch(sample, i);
		if (script->fields & PTM_SCRIPT_BRSTACK || !(script->fields & PTM_SCRIPT_BRSTACKSYM))
			put_addresses(script, &branch);
		else
			put_symbols(script, &branch);
		put_flags(script, &branch);
	}
}
