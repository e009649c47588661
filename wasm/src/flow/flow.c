/* SPDX-License-Identifier: Apache-2.0 */
/* Hands every call to the flow of the source: nothing else. */
#include "flow/flow.h"

struct ptm_flow {
	uint8_t source;          /* enum ptm_flow_source */
	union {
		ptm_pt_flow *pt;
		ptm_bts_flow *bts;
		ptm_lbr_flow *lbr;
	};
};

ptm_status ptm_flow_new(ptm_flow **flow, ptm_blocks *blocks, const ptm_flow_config *config, uint64_t offset, uint64_t limit, const ptm_clock *clock)
{
	*flow = calloc(1, sizeof **flow);
	if (!*flow)
		return PTM_NO_MEMORY;
	(*flow)->source = config->source;
	switch (config->source) {
	case PTM_SOURCE_PT: return ptm_pt_flow_new(&(*flow)->pt, blocks, &config->pt, offset, limit, clock);
	case PTM_SOURCE_BTS: return ptm_bts_flow_new(&(*flow)->bts, blocks, &config->bts, offset, limit);
	case PTM_SOURCE_LBR: return ptm_lbr_flow_new(&(*flow)->lbr, blocks, &config->lbr, offset, limit);
	default: return PTM_UNSUPPORTED;
	}
}

void ptm_flow_free(ptm_flow *flow)
{
	if (!flow)
		return;
	switch (flow->source) {
	case PTM_SOURCE_PT: ptm_pt_flow_free(flow->pt); break;
	case PTM_SOURCE_BTS: ptm_bts_flow_free(flow->bts); break;
	case PTM_SOURCE_LBR: ptm_lbr_flow_free(flow->lbr); break;
	}
	free(flow);
}

ptm_status ptm_flow_next(ptm_flow *flow, ptm_item *item)
{
	switch (flow->source) {
	case PTM_SOURCE_PT: return ptm_pt_flow_next(flow->pt, item);
	case PTM_SOURCE_BTS: return ptm_bts_flow_next(flow->bts, item);
	case PTM_SOURCE_LBR: return ptm_lbr_flow_next(flow->lbr, item);
	default: return PTM_END;
	}
}

ptm_pt_flow *ptm_flow_pt(ptm_flow *flow)
{
	return flow->source == PTM_SOURCE_PT ? flow->pt : NULL;
}

uint64_t ptm_flow_offset(const ptm_flow *flow)
{
	switch (flow->source) {
	case PTM_SOURCE_PT: return ptm_pt_flow_offset(flow->pt);
	case PTM_SOURCE_BTS: return ptm_bts_flow_offset(flow->bts);
	case PTM_SOURCE_LBR: return ptm_lbr_flow_offset(flow->lbr);
	default: return 0;
	}
}

uint64_t ptm_flow_segment_packets(const ptm_flow *flow)
{
	switch (flow->source) {
	case PTM_SOURCE_PT: return ptm_pt_flow_segment_packets(flow->pt);
	case PTM_SOURCE_BTS: return ptm_bts_flow_records(flow->bts);
	case PTM_SOURCE_LBR: return ptm_lbr_flow_samples(flow->lbr);
	default: return 0;
	}
}

uint64_t ptm_flow_lost_bytes(const ptm_flow *flow)
{
	return flow->source == PTM_SOURCE_PT ? ptm_pt_flow_lost_bytes(flow->pt) : 0;
}

ptm_loss_end ptm_flow_loss_end(const ptm_flow *flow)
{
	return flow->source == PTM_SOURCE_PT ? ptm_pt_flow_loss_end(flow->pt) : (ptm_loss_end){ 0 };
}

const ptm_clock *ptm_flow_limit_clock(const ptm_flow *flow)
{
	return flow->source == PTM_SOURCE_PT ? ptm_pt_flow_limit_clock(flow->pt) : NULL;
}

const ptm_clock *ptm_flow_checkpoint_clock(const ptm_flow *flow, uint64_t offset)
{
	return flow->source == PTM_SOURCE_PT ? ptm_pt_flow_checkpoint_clock(flow->pt, offset) : NULL;
}

const ptm_clock *ptm_flow_clock(const ptm_flow *flow)
{
	return flow->source == PTM_SOURCE_PT ? ptm_pt_flow_clock(flow->pt) : NULL;
}

ptm_walked ptm_flow_walked(const ptm_flow *flow)
{
	return flow->source == PTM_SOURCE_PT ? ptm_pt_flow_walked(flow->pt) : (ptm_walked){ 0 };
}

ptm_status ptm_flow_scan(const ptm_flow_config *config, uint64_t offset, uint64_t limit, ptm_clock *clock, uint64_t *packets)
{
	*packets = 0;
	switch (config->source) {
	case PTM_SOURCE_PT: return ptm_pt_flow_scan(&config->pt, offset, limit, clock, packets);
	case PTM_SOURCE_BTS: return ptm_bts_flow_scan(&config->bts, offset, limit, packets);
	case PTM_SOURCE_LBR: *packets = config->lbr.count(config->lbr.host, offset, limit); return PTM_OK;
	default: return PTM_OK;
	}
}
