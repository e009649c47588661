/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as PT over a fixed piece of code, by the fast path and by the slow
 * path alone: both must make the same part, byte for byte. */
#include "../test/pt_code.h"
#include "../test/pt_world.h"
#include "profile/profile.h"

static pt_world world;
static ptm_graph graph;

static void promise(bool holds)
{
	if (!holds)
		abort();
}

static ptm_status take(ptm_part *part, const ptm_item *item)
{
	return item->kind == PTM_ITEM_CHECKPOINT ? ptm_part_checkpoint(part, item->offset, item->end_ns, item->payload)
						 : ptm_part_add(part, item);
}

/* One batch of the fast path. Returns whether it goes on. */
static bool run_fast(ptm_cached *cached, ptm_part *part, uint64_t stop)
{
	bool left;
	bool entered = ptm_cached_inside(cached);
	uint32_t thread;
	if (!entered) {
		promise(ptm_cached_enter(cached, &entered, &thread) == PTM_OK);
		ptm_part_before_entry(part, thread);
	}
	if (!entered)
		return false;
	promise(ptm_part_run_fast(part, cached, stop, false, &left) == PTM_OK);
	return !left;
}

/* Decodes [0, size) into a part, which the caller frees. `step`: bytes a call, 0: the slow path alone. */
static ptm_part *decode(size_t size, uint32_t step, const uint8_t **bytes, size_t *length)
{
	ptm_pt_flow *flow;
	ptm_cached *cached;
	ptm_part *part;
	ptm_item item;
	ptm_status status;

	promise(ptm_pt_flow_new(&flow, &world.blocks, &world.config, 0, size, NULL) == PTM_OK);
	promise(ptm_cached_new(&cached, flow, &graph, NULL) == PTM_OK);
	promise(ptm_part_new(&part, 0, 0, &world.blocks, world.spaces) == PTM_OK);
	do {
		while (step && run_fast(cached, part, ptm_pt_flow_offset(flow) + step))
			;
		status = ptm_pt_flow_next(flow, &item);
		if (status == PTM_OK)
			promise(take(part, &item) == PTM_OK);
	} while (status == PTM_OK);
	promise(status == PTM_END);
	promise(ptm_part_finish(part, size, ptm_pt_flow_segment_packets(flow)) == PTM_OK);
	promise(ptm_part_serialize(part, bytes, length) == PTM_OK);
	ptm_cached_free(cached);
	ptm_pt_flow_free(flow);
	return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *fast, *slow;
	size_t fast_length, slow_length;

	if (!world.spaces) {
		pt_world_open(&world, 0x401000, pt_code, sizeof pt_code);
		ptm_graph_init(&graph, &world.blocks);
	}
	if (!size)
		return 0;
	pt_world_trace(&world, data + 1, (uint32_t)size - 1);
	ptm_part *a = decode(size - 1, 1 + data[0], &fast, &fast_length), *b = decode(size - 1, 0, &slow, &slow_length);
	promise(fast_length == slow_length && !memcmp(fast, slow, fast_length));
	ptm_part_free(a);
	ptm_part_free(b);
	return 0;
}
