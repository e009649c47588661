/* SPDX-License-Identifier: Apache-2.0 */
/* What an event of the trace is called and says, for people. */
#include "api/session.h"
#include "pt/event.h"
#include <inttypes.h>
#include <stdio.h>

static const char *const names[PTM_EVENT_KINDS] = {
	[PTM_EVENT_PSB] = "psb", [PTM_EVENT_CBR] = "cbr", [PTM_EVENT_PTWRITE] = "ptwrite", [PTM_EVENT_TRANSACTION] = "transaction",
	[PTM_EVENT_MWAIT] = "mwait", [PTM_EVENT_PWRE] = "pwre", [PTM_EVENT_PWRX] = "pwrx", [PTM_EVENT_EXSTOP] = "exstop",
	[PTM_EVENT_CFE] = "evt", [PTM_EVENT_EVD] = "evd", [PTM_EVENT_TRACESTOP] = "tracestop", [PTM_EVENT_TRIG] = "trig",
	[PTM_EVENT_PEBS] = "pebs", [PTM_EVENT_IFLAG] = "iflag", [PTM_EVENT_MNT] = "mnt",
	[PTM_EVENT_PLACE] = "", [PTM_EVENT_HOP] = "", [PTM_EVENT_PEBS_END] = "", /* of script alone */
};

const char *ptm_event_name(uint8_t kind)
{
	return kind < PTM_EVENT_KINDS ? names[kind] : "";
}

static const char *name_in(const char *const *list, uint32_t count, uint64_t value)
{
	return value < count && list[value] ? list[value] : NULL;
}

/* Types of control flow events. SDM vol. 3, "Control Flow Event (CFE) Packet". */
static int control_flow_text(uint64_t payload, char *into, size_t size)
{
	static const char *const types[] = { NULL, "interrupt or exception", "IRET", "SMI", "RSM", "SIPI", "INIT", "VM entry", "VM exit",
		"VM exit by an interrupt or exception", "shutdown", NULL, "user interrupt", "UIRET" };
	const char *type = name_in(types, sizeof types / sizeof *types, payload & 31);
	uint64_t vector = payload >> 8 & 0xff;
	if (!type)
		return snprintf(into, size, "control flow event %" PRIu64 ", vector %" PRIu64, payload & 31, vector);
	if (vector)
		return snprintf(into, size, "%s, vector %" PRIu64, type, vector);
	return snprintf(into, size, "%s", type);
}

static int event_data_text(uint32_t type, uint64_t payload, char *into, size_t size)
{
	static const char *const types[] = { "page fault address", "VM exit qualification", "VM exit reason" };
	const char *name = name_in(types, sizeof types / sizeof *types, type);
	if (name)
		return snprintf(into, size, "%s 0x%" PRIx64, name, payload);
	return snprintf(into, size, "data of type %" PRIu32 ": 0x%" PRIx64, type, payload);
}

/* The operand, and as text where all of it is letters, as perf has it. */
static int operand_text(uint64_t payload, char *into, size_t size)
{
	char letters[9] = "";
	unsigned length = 0;
	while (length < 8 && payload >> (length * 8) & 0xff) {
		uint8_t letter = (uint8_t)(payload >> (length * 8));
		if (letter < 0x20 || letter > 0x7e)
			break;
		letters[length++] = (char)letter;
	}
	bool whole = length && (length == 8 || !(payload >> (length * 8)));
	return snprintf(into, size, whole ? "0x%" PRIx64 " \"%s\"" : "0x%" PRIx64, payload, letters);
}

/* The ratio, the frequency it means and its share of the highest one without turbo. */
static int ratio_text(const ptm_session *session, uint64_t ratio, char *into, size_t size)
{
	uint64_t most = session->pt.max_nonturbo_ratio, hz = ptm_time_tsc(&session->time, session->time.zero + 1000000000u);
	if (!most || !hz)
		return snprintf(into, size, "core:bus ratio %" PRIu64, ratio);
	uint64_t khz = hz / most / 1000;
	return snprintf(into, size, "core:bus ratio %" PRIu64 ", %" PRIu64 " MHz, %" PRIu64 "%%", ratio, (ratio * khz + 500) / 1000,
			(ratio * 1000 / most + 5) / 10);
}

static int wake_text(uint64_t payload, char *into, size_t size)
{
	static const char *const reasons[16] = { [1] = "interrupt", [2] = "timer", [4] = "store to the monitored address", [8] = "hardware" };
	const char *reason = reasons[payload >> 8 & 15];
	return snprintf(into, size, "woke from C%" PRIu64 ", deepest C%" PRIu64 ", by %s", payload >> 4 & 15, payload & 15,
			reason ? reason : "several reasons");
}

size_t ptm_event_text(const ptm_session *session, const ptm_item *item, char *into, size_t size)
{
	uint64_t payload = item->payload;
	int length;

	switch (item->event) {
	case PTM_EVENT_PSB: length = snprintf(into, size, "synchronization point at AUX offset 0x%" PRIx64, payload); break;
	case PTM_EVENT_CBR: length = ratio_text(session, payload, into, size); break;
	case PTM_EVENT_PTWRITE: length = operand_text(payload, into, size); break;
	case PTM_EVENT_TRANSACTION:
		length = snprintf(into, size, "transaction %s", payload & 2 ? "aborted" : payload & 1 ? "begins" : "committed");
		break;
	case PTM_EVENT_MWAIT:
		length = snprintf(into, size, "MWAIT, hints 0x%" PRIx64 ", extensions 0x%" PRIx64, payload & 0xff, payload >> 32 & 3);
		break;
	case PTM_EVENT_PWRE:
		length = snprintf(into, size, "enters C%" PRIu64 ".%" PRIu64 "%s", payload >> 12 & 15, payload >> 8 & 15, payload & 0x80 ? ", by the hardware" : "");
		break;
	case PTM_EVENT_PWRX: length = wake_text(payload, into, size); break;
	case PTM_EVENT_EXSTOP: length = snprintf(into, size, "execution stopped"); break;
	case PTM_EVENT_CFE: length = control_flow_text(payload, into, size); break;
	case PTM_EVENT_EVD: length = event_data_text((uint32_t)item->bytes, payload, into, size); break;
	case PTM_EVENT_TRACESTOP: length = snprintf(into, size, "a TraceStop range was entered"); break;
	case PTM_EVENT_TRIG: length = snprintf(into, size, "trigger 0x%" PRIx64, payload & 0xff); break;
	case PTM_EVENT_PEBS:
		length = snprintf(into, size, "block 0x%" PRIx64 ", value %" PRIu64 ": 0x%" PRIx64, item->bytes >> 8 & 0xff, item->bytes & 0xff, payload);
		break;
	case PTM_EVENT_IFLAG: length = snprintf(into, size, "interrupts %s", payload & 1 ? "enabled" : "disabled"); break;
	default: length = snprintf(into, size, "0x%" PRIx64, payload); break;
	}
	return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}
