/* SPDX-License-Identifier: Apache-2.0 */
/* The clock alone over a stream, without code: what a flow that starts later must know. */
#include "flow/pt_flow_state.h"

/* What the flow does to the cycles at this packet, without code. */
static void take_told(ptm_clock *clock, uint8_t kind)
{
	switch (kind) {
	case PTM_PACKET_TNT: case PTM_PACKET_TIP: case PTM_PACKET_TIP_PGD:
		if (clock->cycles_sampled)
			clock->cycles_told = clock->cycles;
		clock->cycles_sampled = false;
		break;
	case PTM_PACKET_TIP_PGE: case PTM_PACKET_PSBEND: case PTM_PACKET_PTWRITE:
		clock->cycles_sampled = false;
		break;
	default:
		break;
	}
}

/* Whether packets are enabled, as the flow would find it. */
static void take_enabled(ptm_clock *clock, uint8_t kind)
{
	switch (kind) {
	case PTM_PACKET_TIP_PGE:
		ptm_clock_enable(clock);
		clock->fup_counts = false;
		break;
	case PTM_PACKET_OVF:
		ptm_clock_disable(clock);
		clock->in_psb = false;
		clock->fup_counts = true;
		break;
	case PTM_PACKET_TIP:
		clock->counting = true;
		break;
	case PTM_PACKET_TIP_PGD: case PTM_PACKET_TRACESTOP:
		ptm_clock_disable(clock);
		break;
	case PTM_PACKET_PSB: case PTM_PACKET_PSBEND:
		clock->fup_counts = clock->in_psb = kind == PTM_PACKET_PSB;
		break;
	case PTM_PACKET_FUP:
		clock->counting |= clock->fup_counts;
		clock->fup_counts = false;
		break;
	default:
		break;
	}
}

void ptm_pt_flow_time(ptm_clock *clock, ptm_pt_reader *reader, const ptm_packet *packet, uint8_t before)
{
	if (!clock->in_psb)
		ptm_clock_next(clock, before);
	if (ptm_flow_take_time(clock, reader, packet, before == PTM_PACKET_CYC))
		return;
	take_enabled(clock, packet->kind);
	take_told(clock, packet->kind);
}

static ptm_status scan(const ptm_pt_flow_config *config, uint64_t offset, uint64_t limit, bool until_time, ptm_clock *clock, uint64_t *packets)
{
	ptm_pt_reader reader;
	ptm_packet packet;
	uint8_t before = PTM_PACKET_PAD;
	ptm_status status;

	ptm_pt_reader_init(&reader, &config->input, offset, limit);
	if (!offset)
		status = ptm_pt_reader_sync(&reader);
	while ((status = ptm_pt_reader_next(&reader, &packet)) != PTM_END) {
		if (status == PTM_TRUNCATED) {
			ptm_clock_restart(clock, reader.reference);
			status = ptm_pt_reader_sync(&reader);
			if (status != PTM_OK)
				break; /* what a snapshot holds before its first PSB may be all that there is */
			continue;
		}
		if (status == PTM_BAD_DATA) {
			ptm_clock_lose(clock);
			clock->in_psb = false;
			before = PTM_PACKET_BAD;
			ptm_pt_reader_skip(&reader);
			continue;
		}
		if (status != PTM_OK)
			break;
		if (packet.kind == PTM_PACKET_PAD) {
			ptm_pt_reader_pass_pads(&reader);
			continue;
		}
		ptm_pt_flow_time(clock, &reader, &packet, before);
		before = packet.kind;
		if (until_time && clock->tsc)
			break;
	}
	*packets = reader.packets;
	ptm_pt_reader_free(&reader);
	return status == PTM_END || status == PTM_BAD_DATA ? PTM_OK : status;
}

ptm_status ptm_pt_flow_scan(const ptm_pt_flow_config *config, uint64_t offset, uint64_t limit, ptm_clock *clock, uint64_t *packets)
{
	return scan(config, offset, limit, false, clock, packets);
}

ptm_status ptm_pt_flow_scan_first(const ptm_pt_flow_config *config, uint64_t limit, ptm_clock *clock, uint64_t *packets)
{
	return scan(config, 0, limit, true, clock, packets);
}
