/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer entry: any bytes as PT over a fixed piece of code. The flow comes to
 * an end, tells no more than the bytes can ask for, and never goes back in the
 * stream. */
#include "../test/pt_code.h"
#include "../test/pt_world.h"

/* Direct branches in a row that this code allows before the flow calls it endless, and more. */
#define ITEMS_PER_DECISION 64

static pt_world world;

static void promise(bool holds)
{
	if (!holds)
		abort();
}

/* Runs a flow over [offset, limit); returns how many items it gave. */
static uint64_t run(uint64_t offset, uint64_t limit, const ptm_clock *clock)
{
	ptm_pt_flow *flow;
	ptm_item item;
	ptm_status status;
	uint64_t items = 0, most = (limit - offset) * 8 * ITEMS_PER_DECISION + 64, at = offset;
	promise(ptm_pt_flow_new(&flow, &world.blocks, &world.config, offset, limit, clock) == PTM_OK);
	while ((status = ptm_pt_flow_next(flow, &item)) == PTM_OK) {
		promise(++items <= most);
		promise(ptm_pt_flow_offset(flow) >= at);
		at = ptm_pt_flow_offset(flow);
		if (item.kind == PTM_ITEM_VISIT)
			promise(item.instructions <= world.blocks.blocks.at[item.block].instructions);
	}
	promise(status == PTM_END);
	ptm_pt_flow_free(flow);
	return items;
}

/* The same with perf's faults, code walked or not. */
static void run_as_perf(size_t size)
{
	world.config.as_perf = world.config.input.as_perf = true;
	for (world.config.quick = 0; world.config.quick <= 2; world.config.quick++)
		(void)run(0, size, NULL);
	world.config.as_perf = world.config.input.as_perf = false;
	world.config.quick = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ptm_clock clock;
	uint64_t packets;
	if (!world.spaces)
		pt_world_open(&world, 0x401000, pt_code, sizeof pt_code);
	pt_world_trace(&world, data, (uint32_t)size);
	(void)run(0, size, NULL);
	run_as_perf(size);
	size_t psb = ptm_psb_find(data, size / 2, size);
	if (psb == size)
		return 0;
	ptm_clock_init(&clock, &world.config.clock);
	promise(ptm_pt_flow_scan(&world.config, 0, psb, &clock, &packets) == PTM_OK);
	(void)run(0, psb, NULL);
	(void)run(psb, size, &clock);
	return 0;
}
