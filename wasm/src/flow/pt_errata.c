/* SPDX-License-Identifier: Apache-2.0 */
/* Where the flow allows for errata of the CPU (pt/errata.h; those that spoil single
 * packets are the reader's), and where tracing stops that an address or CR3 filter ends:
 * the TIP.PGD of a conditional branch does not say where to, nor, by erratum SKL014, that
 * of other direct ones. */
#include "flow/pt_flow_state.h"
#include "pt/last_ip.h"

#define MOST_PEEKS 64
/* Longest instruction, in bytes. */
#define MOST_BYTES 15

/* The next packet that is neither padding nor time. */
static ptm_status peek_next(ptm_pt_flow *flow, ptm_packet *packet)
{
	for (unsigned i = 0; i < MOST_PEEKS; i++) {
		PTM_TRY(ptm_pt_reader_peek(&flow->reader, packet));
		switch (packet->kind) {
		case PTM_PACKET_PAD: case PTM_PACKET_CYC: case PTM_PACKET_MTC: case PTM_PACKET_TSC: case PTM_PACKET_TMA: case PTM_PACKET_CBR:
			break;
		default:
			return PTM_OK;
		}
	}
	return PTM_END;
}

/* Whether an abort comes next, and where: the FUP's IP. */
static bool abort_follows(ptm_pt_flow *flow, uint64_t *ip)
{
	ptm_packet packet;
	ptm_pt_reader_peek_start(&flow->reader);
	if (peek_next(flow, &packet) != PTM_OK || packet.kind != PTM_PACKET_MODE_TSX || !(packet.payload & 2))
		return false;
	if (peek_next(flow, &packet) != PTM_OK || packet.kind != PTM_PACKET_FUP || !packet.count)
		return false;
	*ip = ptm_last_ip_update(flow->last_ip, &packet);
	return true;
}

ptm_status ptm_flow_before_abort(ptm_pt_flow *flow, uint64_t *to)
{
	uint64_t ip = flow->ip, aborted;
	ptm_way way;

	if (!(flow->config.input.errata & PTM_BDM64) || !flow->in_transaction || !abort_follows(flow, &aborted))
		return PTM_OK;
	flow->ip = *to;
	ptm_status status = ptm_flow_reaches(flow, aborted, &way);
	flow->ip = ip;
	if (status == PTM_OK && way != PTM_WAY_THERE)
		*to = aborted;
	return status;
}

/* PSB+ without a FUP: tracing is off. */
static bool psb_without_ip(ptm_pt_flow *flow)
{
	ptm_packet packet;
	for (unsigned i = 0; i < MOST_PEEKS; i++) {
		if (ptm_pt_reader_peek(&flow->reader, &packet) != PTM_OK || packet.kind == PTM_PACKET_FUP)
			return false;
		if (packet.kind == PTM_PACKET_PSBEND)
			return true;
	}
	return false;
}

bool ptm_flow_fup_is_odd(ptm_pt_flow *flow)
{
	ptm_packet packet;
	if (!(flow->config.input.errata & PTM_APL12))
		return false;
	ptm_pt_reader_peek_start(&flow->reader);
	return peek_next(flow, &packet) == PTM_OK &&
	       (packet.kind == PTM_PACKET_TIP_PGE || (packet.kind == PTM_PACKET_PSB && psb_without_ip(flow)));
}

bool ptm_flow_after_overflow(ptm_pt_flow *flow)
{
	uint32_t errata = flow->config.input.errata;
	if (!flow->overflowed || !(errata & (PTM_SKD010 | PTM_APL11)))
		return false;
	switch (flow->packet.kind) {
	case PTM_PACKET_TIP_PGD:
		if (flow->packet.count)
			ptm_flow_packet_ip(flow);
		ptm_flow_disable(flow);
		return true;
	case PTM_PACKET_TNT:
		return errata & PTM_SKD010;
	case PTM_PACKET_TIP:
		if (!(errata & PTM_SKD010))
			return false;
		if (flow->packet.count) {
			flow->enabled = flow->clock.counting = true;
			ptm_flow_begin(flow, ptm_flow_packet_ip(flow));
		}
		return true;
	default:
		return false;
	}
}

bool ptm_flow_entry_counts(const ptm_pt_flow *flow)
{
	const ptm_block *block = &flow->blocks->blocks.at[flow->cut_block];
	return flow->config.input.errata & PTM_SKD022 && flow->packet.kind == PTM_PACKET_TIP_PGD && block->class == PTM_INSN_VMENTRY &&
	       flow->cut_instructions + 1u == block->instructions;
}

/* Instructions of `block` up to the first MOV CR3 that no PIP tells of, that one included; 0: there is none. */
static ptm_status find_mov_cr3(ptm_pt_flow *flow, const ptm_block *block, uint32_t *instructions)
{
	uint8_t code[PTM_CODE_BYTES];
	const ptm_map *map;
	ptm_insn insn;
	uint64_t ip = block->ip;
	uint32_t at = 0, length = 0;

	*instructions = 0;
	for (uint32_t i = 0; i < block->instructions; i++) {
		if (length - at < MOST_BYTES) {
			ip += at;
			at = 0;
			length = sizeof code;
			PTM_TRY(ptm_spaces_code(flow->blocks->spaces, ptm_flow_space_now(flow), ip, code, &length, &map));
		}
		PTM_TRY(ptm_insn_decode(code + at, length - at < MOST_BYTES ? length - at : MOST_BYTES, block->mode, &insn));
		if (insn.class == PTM_INSN_MOV_CR3 && !flow->pips) {
			*instructions = i + 1;
			return PTM_OK;
		}
		flow->pips -= insn.class == PTM_INSN_MOV_CR3;
		at += insn.length;
	}
	return PTM_OK;
}

ptm_status ptm_flow_leaves_filter(ptm_pt_flow *flow, uint32_t *row, uint32_t *instructions)
{
	const ptm_pt_flow_config *config = &flow->config;

	*instructions = 0;
	if (!config->cr3_filter && !config->leaves)
		return PTM_OK;
	PTM_TRY(ptm_blocks_find(flow->blocks, ptm_flow_space_now(flow), flow->ip, flow->mode, row));
	const ptm_block *block = &flow->blocks->blocks.at[*row];
	if (config->cr3_filter) {
		ptm_status status = find_mov_cr3(flow, block, instructions);
		if (status == PTM_NO_MEMORY || *instructions)
			return status;
	}
	if (block->target && config->leaves && config->leaves(config->host, ptm_flow_space_now(flow), block->target))
		*instructions = block->instructions;
	return PTM_OK;
}
