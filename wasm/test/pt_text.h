/* SPDX-License-Identifier: Apache-2.0 */
/* Packets written as hexadecimal bytes, and the items of their flow as text. */
#ifndef PTM_TEST_PT_TEXT_H
#define PTM_TEST_PT_TEXT_H

#include "check.h"
#include <stdarg.h>
#include "pt_code.h"
#include "pt_world.h"

#define PSB "02 82 02 82 02 82 02 82 02 82 02 82 02 82 02 82 "
#define TSC_1000 "19 00 10 00 00 00 00 00 "
#define TSC_2000 "19 00 20 00 00 00 00 00 "
#define FUP_START "7d 00 10 40 00 00 00 "
#define PSBEND "02 23 "
#define START PSB TSC_1000 FUP_START PSBEND

static char text[8192];
static uint8_t bytes[4096];

static inline uint32_t bytes_of(const char *hex)
{
	uint32_t length = 0;
	unsigned value;
	int used;
	while (sscanf(hex, "%x%n", &value, &used) == 1) {
		bytes[length++] = (uint8_t)value;
		hex += used;
	}
	return length;
}

static inline void append(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void append(const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text + length, sizeof text - length, format, arguments);
	va_end(arguments);
}

static inline void append_item(const pt_world *world, const ptm_item *item)
{
	static const char *const ends[] = { "on", "not taken", "taken", "jump", "call", "return", "far", "async", "off", "abort", "lost" };
	static const char *const reasons[] = { "none", "overflow", "truncated", "missing", "no code", "mismatch", "bad packet", "no sync",
		"not traced", "endless loop", "between samples", "guest" };
	switch (item->kind) {
	case PTM_ITEM_VISIT:
		append("%" PRIx64 " %u%s %s %" PRIx64, world->blocks.blocks.at[item->block].ip, item->instructions, item->resumed ? "~" : "",
			ends[item->end], item->to_ip);
		if (item->has_cycles)
			append(" %" PRIu64 "/%" PRIu64, item->cycle_instructions, item->cycles);
		break;
	case PTM_ITEM_BEGIN: append("begin%s %" PRIx64, item->resumed ? "~" : "", item->to_ip); break;
	case PTM_ITEM_GAP: append("gap %s at %" PRIx64, reasons[item->reason], item->ip); break;
	case PTM_ITEM_EVENT: append("event %u %" PRIx64 " at %" PRIx64, item->event, item->payload, item->ip); break;
	case PTM_ITEM_CHECKPOINT: append("checkpoint %" PRIx64, item->offset); break;
	default: append("switch"); break;
	}
	append("%s @%" PRIx64 "\n", item->in_transaction ? " tx" : "", item->end_ns);
}

/* The items of a world's trace as text, without the two of its first PSB. */
static inline const char *world_flow(pt_world *world, const char *hex)
{
	ptm_pt_flow *made;
	ptm_item item;
	ptm_status status = PTM_OK;
	pt_world_trace(world, bytes, bytes_of(hex));
	*text = 0;
	CHECK_EQ(ptm_pt_flow_new(&made, &world->blocks, &world->config, 0, world->size, NULL), PTM_OK);
	for (unsigned i = 0; i < 200 && status == PTM_OK; i++) {
		status = ptm_pt_flow_next(made, &item);
		if (status == PTM_OK && i >= 2)
			append_item(world, &item);
	}
	CHECK_EQ(status, PTM_END);
	ptm_pt_flow_free(made);
	return text;
}

/* The same of pt_code. */
static inline const char *flow(const char *hex)
{
	pt_world world;
	pt_world_open(&world, 0x401000, pt_code, sizeof pt_code);
	(void)world_flow(&world, hex);
	pt_world_close(&world);
	return text;
}

#endif
