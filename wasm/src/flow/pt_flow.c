/* SPDX-License-Identifier: Apache-2.0 */
/* The PT flow as others see it: a state machine whose steps are in pt_sync.c,
 * pt_packets.c and pt_decide.c. */
#include "flow/pt_flow_state.h"

/* Enough for any program, and a bound for a damaged trace. */
#define MOST_RETURNS (1u << 20)

void ptm_flow_push_return(ptm_pt_flow *flow, uint64_t ip)
{
	if (!flow->config.as_perf)
		ptm_return_stack_push(&flow->returns, ip);
	else if (flow->all_returns.length < MOST_RETURNS)
		(void)!ptm_array_push(&flow->all_returns, ip); /* without memory it is as if the call was not seen */
}

void ptm_flow_pop_return(ptm_pt_flow *flow)
{
	if (!flow->config.as_perf)
		(void)ptm_return_stack_pop(&flow->returns);
	else if (flow->all_returns.length)
		flow->all_returns.length--;
}

uint64_t ptm_flow_top_return(const ptm_pt_flow *flow)
{
	if (!flow->config.as_perf)
		return ptm_return_stack_top(&flow->returns);
	return flow->all_returns.length ? flow->all_returns.at[flow->all_returns.length - 1] : 0;
}

void ptm_flow_forget_returns(ptm_pt_flow *flow)
{
	ptm_return_stack_clear(&flow->returns);
	flow->all_returns.length = 0;
}

static ptm_status step(ptm_pt_flow *flow)
{
	switch (flow->step) {
	case PTM_STEP_FIND_PSB: return ptm_flow_find_psb(flow);
	case PTM_STEP_FIND_IP: return ptm_flow_find_ip(flow);
	case PTM_STEP_PACKET: return ptm_flow_in_sync(flow);
	case PTM_STEP_PSB: return ptm_flow_walk_psb(flow);
	case PTM_STEP_TNT: return ptm_flow_walk_tnt(flow);
	case PTM_STEP_TIP: case PTM_STEP_TIP_PGD: return ptm_flow_walk_tip(flow);
	case PTM_STEP_FUP: return ptm_flow_walk_fup(flow);
	case PTM_STEP_FUP_TIP: return ptm_flow_fup_tip(flow);
	case PTM_STEP_LIMIT: return ptm_flow_walk_limit(flow);
	default: return PTM_END;
	}
}

ptm_status ptm_pt_flow_next(ptm_pt_flow *flow, ptm_item *item)
{
	if (flow->queue_length) {
		*item = flow->queue[flow->queue_head];
		flow->queue_head = (flow->queue_head + 1) % PTM_FLOW_QUEUE;
		flow->queue_length--;
		return PTM_OK;
	}
	flow->out = item;
	while (flow->out) {
		if (flow->block_whole && ptm_flow_emit_block(flow))
			continue;
		ptm_status status = step(flow);
		if (status == PTM_END && flow->step != PTM_STEP_LIMIT && flow->step != PTM_STEP_END)
			status = ptm_flow_at_limit(flow);
		if (status == PTM_TRUNCATED) {
			ptm_flow_restart(flow);
			status = PTM_OK;
		}
		if (status == PTM_BAD_DATA) {
			(void)ptm_flow_bad_packet(flow);
			status = PTM_OK;
		}
		/* What a last step told before it ended comes first. */
		if (status == PTM_END && !flow->out)
			return PTM_OK;
		PTM_TRY(status);
	}
	return PTM_OK;
}

ptm_status ptm_pt_flow_new(ptm_pt_flow **made, ptm_blocks *blocks, const ptm_pt_flow_config *config, uint64_t offset, uint64_t limit, const ptm_clock *clock)
{
	ptm_pt_flow *flow = calloc(1, sizeof *flow);
	if (!flow)
		return PTM_NO_MEMORY;
	flow->config = *config;
	flow->blocks = blocks;
	flow->mode = config->as_perf ? PTM_MODE_64 | PTM_MODE_AS_PERF : PTM_MODE_64;
	flow->limited = limit < config->input.size;
	ptm_pt_reader_init(&flow->reader, &config->input, offset, limit);
	if (clock)
		flow->clock = *clock;
	else
		ptm_clock_init(&flow->clock, &config->clock);
	flow->continuing = clock && offset;
	if (flow->continuing) {
		flow->latched_cycles = flow->clock.cycles;
		flow->now_tsc = flow->latched_tsc = flow->clock.tsc;
		flow->now_ns = ptm_time_ns(&config->time, flow->now_tsc);
		flow->cbr_told = flow->clock.cbr;
	}
	config->context(config->host, flow->now_tsc, &flow->context);
	*made = flow;
	return PTM_OK;
}

void ptm_pt_flow_free(ptm_pt_flow *flow)
{
	if (!flow)
		return;
	ptm_pt_reader_free(&flow->reader);
	ptm_array_free(&flow->all_returns);
	free(flow);
}

void ptm_pt_flow_extend(ptm_pt_flow *flow, uint64_t size)
{
	flow->config.input.size = flow->reader.input.size = flow->reader.limit = size;
	if (flow->step == PTM_STEP_END)
		flow->step = PTM_STEP_PACKET;
}

void ptm_pt_flow_ask_context(ptm_pt_flow *flow)
{
	flow->config.context(flow->config.host, flow->now_tsc, &flow->context);
}

const ptm_clock *ptm_pt_flow_clock(const ptm_pt_flow *flow)
{
	return flow->step == PTM_STEP_PSB ? &flow->psb_clock : &flow->clock;
}

ptm_walked ptm_pt_flow_walked(const ptm_pt_flow *flow)
{
	return flow->walked;
}

uint64_t ptm_pt_flow_offset(const ptm_pt_flow *flow)
{
	return flow->reader.offset;
}

uint32_t ptm_pt_flow_thread(const ptm_pt_flow *flow)
{
	return ptm_flow_thread_now(flow);
}

uint64_t ptm_pt_flow_segment_packets(const ptm_pt_flow *flow)
{
	return flow->limit_packets ? flow->limit_packets : flow->reader.packets;
}

const ptm_clock *ptm_pt_flow_limit_clock(const ptm_pt_flow *flow)
{
	return &flow->limit_clock;
}

const ptm_clock *ptm_pt_flow_checkpoint_clock(const ptm_pt_flow *flow, uint64_t offset)
{
	return offset && flow->psb_offset == offset ? &flow->psb_clock : NULL;
}

uint64_t ptm_pt_flow_lost_bytes(const ptm_pt_flow *flow)
{
	return flow->lost_bytes;
}

ptm_loss_end ptm_pt_flow_loss_end(const ptm_pt_flow *flow)
{
	return flow->loss_end;
}
