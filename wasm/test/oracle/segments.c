/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes each queue of a trace in one go and cut at every PSB, as workers do,
 * and says where the two streams of items differ. With a third argument prints
 * the instructions instead, "TID IP" a line, as they come from the cut flows, and a line for each gap.
 * Usage: segments PERF.DATA DIRECTORY-OF-BINARIES [--print] */
#include "../../cli/host.h"
#include "api/session.h"
#include <dirent.h>
#include <stdio.h>

typedef PTM_ARRAY(ptm_item) items;

static void offer(ptm_session *session, const char *directory, const char *inside)
{
	char path[4096], name[4096];
	snprintf(path, sizeof path, "%s%s", directory, inside);
	DIR *open = opendir(path);
	uint32_t source;
	uint64_t size;
	if (!open) {
		if (ptm_host_open(path, &source, &size) && ptm_session_add_image(session, source, size, inside) != PTM_OK)
			return;
		return;
	}
	for (struct dirent *entry; (entry = readdir(open));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", inside, entry->d_name);
		offer(session, directory, name);
	}
	closedir(open);
}

/* Appends what a flow over [offset, limit) yields. */
static ptm_status collect(ptm_session *session, const ptm_pt_flow_config *config, uint64_t offset, uint64_t limit, const ptm_clock *clock, items *into)
{
	ptm_pt_flow *flow;
	ptm_item item;
	ptm_status status;
	PTM_TRY(ptm_pt_flow_new(&flow, &session->blocks, config, offset, limit, clock));
	while ((status = ptm_pt_flow_next(flow, &item)) == PTM_OK)
		if ((status = ptm_array_push(into, item)) != PTM_OK)
			break;
	ptm_pt_flow_free(flow);
	return status == PTM_END ? PTM_OK : status;
}

/* Likewise, cut at every PSB. */
static ptm_status collect_cut(ptm_session *session, const ptm_pt_flow_config *config, const ptm_clock *clock, items *into)
{
	uint64_t size = config->input.size, offset = 0, packets;
	ptm_clock from = *clock;
	while (offset < size) {
		ptm_pt_reader reader;
		ptm_pt_reader_init(&reader, &config->input, offset + 1, size);
		ptm_status status = ptm_pt_reader_sync(&reader);
		uint64_t limit = status == PTM_OK ? reader.offset : size;
		uint64_t base = into->length ? into->at[into->length - 1].total_instructions : 0;
		uint32_t first = into->length;
		ptm_pt_reader_free(&reader);
		if (status != PTM_OK && status != PTM_END)
			return status;
		PTM_TRY(collect(session, config, offset, limit, &from, into));
		for (uint32_t i = first; i < into->length; i++)
			into->at[i].total_instructions += base;
		PTM_TRY(ptm_pt_flow_scan(config, offset, limit, &from, &packets));
		offset = limit;
	}
	return PTM_OK;
}

static void print_item(const char *who, const ptm_session *session, const ptm_item *item)
{
	const ptm_block *block = item->kind == PTM_ITEM_VISIT ? &session->blocks.blocks.at[item->block] : NULL;
	printf("  %s: kind %u end %u reason %u event %u block %llx+%u resumed %d ip %llx to %llx ns %llu..%llu thread %u,%u offset %llx"
	       " total %llu, %llu cycles %d%d%d %llu/%llu tx %d if %d%d\n", who, item->kind, item->end, item->reason, item->event,
	       block ? (unsigned long long)block->ip : 0, item->instructions, item->resumed, (unsigned long long)item->ip,
	       (unsigned long long)item->to_ip, (unsigned long long)item->start_ns, (unsigned long long)item->end_ns, item->thread,
	       item->end_thread, (unsigned long long)item->offset, (unsigned long long)item->total_instructions,
	       (unsigned long long)item->total_cycles, item->has_cycles, item->cycles_partial, item->new_cycles,
	       (unsigned long long)item->cycle_instructions, (unsigned long long)item->cycles, item->in_transaction,
	       item->interrupts_off, item->interrupts_toggle);
}

static bool same(const ptm_item *a, const ptm_item *b)
{
	ptm_item left = *a, right = *b;
	/* The packet ordinal of a checkpoint counts from each flow's own start; and a
	 * flow that starts in a block cannot know that it was entered just there. */
	if (left.kind == PTM_ITEM_CHECKPOINT)
		left.payload = right.payload;
	if (left.kind == PTM_ITEM_VISIT)
		left.resumed |= right.resumed;
	return !memcmp(&left, &right, sizeof left);
}

static uint32_t compare(const ptm_session *session, const items *whole, const items *cut)
{
	uint32_t count = whole->length < cut->length ? whole->length : cut->length, differing = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (same(&whole->at[i], &cut->at[i]))
			continue;
		if (differing++ < 5) {
			print_item("whole", session, &whole->at[i]);
			print_item("cut  ", session, &cut->at[i]);
		}
	}
	if (whole->length != cut->length)
		printf("  whole %u items, cut %u\n", whole->length, cut->length);
	return differing + (whole->length != cut->length);
}

static void print_instructions(const ptm_session *session, const items *list)
{
	for (uint32_t i = 0; i < list->length; i++) {
		const ptm_item *item = &list->at[i];
		if (item->kind == PTM_ITEM_GAP)
			puts(" instruction trace error");
		if (item->kind != PTM_ITEM_VISIT)
			continue;
		const ptm_block *block = &session->blocks.blocks.at[item->block];
		uint64_t ip = block->ip;
		for (uint32_t k = 0; k < item->instructions; k++) {
			printf("%d %llx\n", session->sideband.threads.at[item->thread].tid, (unsigned long long)ip);
			ip += session->blocks.lengths.at[block->lengths + k];
		}
	}
}

int main(int count, char **arguments)
{
	ptm_session *session = ptm_session_new();
	uint32_t source, differing = 0, total = 0;
	uint64_t size;
	if (count < 3 || !session || !ptm_host_open(arguments[1], &source, &size))
		return 2;
	if (ptm_session_open(session, source, size) != PTM_OK) {
		printf("%s\n", ptm_session_message(session));
		return 2;
	}
	offer(session, arguments[2], "");
	for (uint32_t queue = 0; queue + 1 < session->first_segment.length; queue++) {
		if (session->first_segment.at[queue] == session->first_segment.at[queue + 1])
			continue;
		ptm_stream stream = ptm_stream_of(session, queue);
		ptm_flow_config any;
		items whole = { 0 }, cut = { 0 };
		ptm_stream_config(&stream, &any);
		if (any.source != PTM_SOURCE_PT)
			continue;
		ptm_pt_flow_config config = any.pt;
		const ptm_clock *clock = &session->segments.at[session->first_segment.at[queue]].clock;
		if (collect(session, &config, 0, config.input.size, clock, &whole) != PTM_OK ||
		    collect_cut(session, &config, clock, &cut) != PTM_OK)
			return 2;
		if (count > 3)
			print_instructions(session, &cut);
		else
			differing += compare(session, &whole, &cut);
		total += whole.length;
		ptm_array_free(&whole);
		ptm_array_free(&cut);
	}
	if (count == 3)
		printf("%s: %u items, %u differ\n", arguments[1], total, differing);
	ptm_session_free(session);
	return differing != 0;
}
