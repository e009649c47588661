/* SPDX-License-Identifier: Apache-2.0 */
/* What the events carry that perf makes of packets (field "synth"), in its words. */
#include "api/script.h"
#include "base/bytes.h"
#include <inttypes.h>
#include <stdio.h>

#define WIDTH 34u
#define MOST_DATA 64u            /* EVD packets of an event: an id each */

/* The core:bus ratio in MHz, as perf rounds it. */
static uint32_t megahertz(const ptm_session *session, uint64_t ratio)
{
	const ptm_pt_info *pt = &session->pt;
	if (!pt->max_nonturbo_ratio || !pt->time_mult)
		return 0;
	uint64_t second = 1000000000, whole = second / pt->time_mult, rest = second % pt->time_mult;
	uint64_t frequency = (whole << pt->time_shift) + (rest << pt->time_shift) / pt->time_mult;
	uint64_t kilohertz = frequency / pt->max_nonturbo_ratio / 1000;
	return (uint32_t)((ratio * kilohertz + 500) / 1000);
}

static void put_ratio(ptm_script *script, uint64_t ratio)
{
	uint32_t most = script->session->pt.max_nonturbo_ratio;

	ptm_script_put(script, " cbr: %2u freq: %4u MHz ", (uint32_t)ratio, megahertz(script->session, ratio));
	if (most)
		ptm_script_put(script, "(%3u%%) ", (uint32_t)((5 + 1000 * ratio / most) / 10));
}

/* PTWRITE's operand, and what it spells when all of it is text. */
static void put_operand(ptm_script *script, uint64_t operand, bool has_ip)
{
	char text[9];
	uint32_t length = 0;

	for (; length < 8 && (uint8_t)(operand >> length * 8) >= 0x20 && (uint8_t)(operand >> length * 8) < 0x7f; length++)
		text[length] = (char)(operand >> length * 8);
	/* What follows the text must be nothing. */
	if (length < 8 && operand >> length * 8)
		length = 0;
	text[length] = 0;
	ptm_script_put(script, " IP: %u payload: %#" PRIx64 " %s ", has_ip, operand, text);
}

/* payload: the CFE packet's; payload2: 1 when it has an IP. What its EVD packets say follows. */
static void put_control_flow(ptm_script *script, const ptm_script_row *row)
{
	/* perf 6.1 knows no user interrupts. */
	enum { TYPES = 11, NEWER_TYPES = 14 };
	static const char *const data[] = { "PFA", "VMXQ", "VMXR" };
	uint64_t packet = row->payload;
	bool has_ip = row->payload2;
	static const char *const types[NEWER_TYPES] = { NULL, "INTR", "IRET", "SMI", "RSM", "SIPI", "INIT", "VMENTRY", "VMEXIT", "VMEXIT_INTR", "SHUTDOWN", NULL, "UINTR", "UIRET" };
	uint32_t type = packet & 31, vector = packet >> 8 & 255;
	const char *name = type < (script->options.version >= 612 ? NEWER_TYPES : TYPES) ? types[type] : NULL;

	if (name)
		ptm_script_put(script, " cfe: %s IP: %d vector: %u", name, has_ip, vector);
	else
		ptm_script_put(script, " cfe: %u IP: %d vector: %u", type, has_ip, vector);
	for (uint32_t i = 0; i < row->data_count; i++) {
		const ptm_event *one = &row->data[i];
		if (one->id < sizeof data / sizeof *data)
			ptm_script_put(script, " %s: %#" PRIx64, data[one->id], one->payload);
		else
			ptm_script_put(script, " EVD_%u: %#" PRIx64, one->id, one->payload);
	}
}

/* CBR as perf inject wrote it: the ratio, and in the third byte the most that is no turbo; then the frequency. */
static void put_written_ratio(ptm_script *script, uint32_t ratios, uint32_t kilohertz)
{
	uint32_t ratio = ratios & 255, most = ratios >> 16 & 255;

	ptm_script_put(script, " cbr: %2u freq: %4u MHz ", ratio, (kilohertz + 500) / 1000);
	if (most)
		ptm_script_put(script, "(%3u%%) ", (5 + 1000 * ratio / most) / 10);
}

/* What EVD packets said: of each its kind and a payload. */
static void take_data(ptm_bytes *bytes, uint32_t count, ptm_event data[MOST_DATA], ptm_script_row *row)
{
	row->data = data;
	for (; row->data_count < count && row->data_count < MOST_DATA && ptm_bytes_left(bytes) >= 16; row->data_count++) {
		uint64_t kind = ptm_bytes_u64(bytes) & 255;
		data[row->data_count] = (ptm_event){ .id = (uint16_t)kind, .payload = ptm_bytes_u64(bytes) };
	}
}

void ptm_script_put_written_synth(ptm_script *script, uint64_t config, const uint8_t *raw, uint32_t size)
{
	static const uint8_t events[] = { PTM_SCRIPT_PTWRITE, PTM_SCRIPT_MWAIT, PTM_SCRIPT_PWRE, PTM_SCRIPT_EXSTOP, PTM_SCRIPT_PWRX, PTM_SCRIPT_CBR, PTM_SCRIPT_PSB,
		PTM_SCRIPT_EVT, PTM_SCRIPT_IFLAG };
	ptm_event data[MOST_DATA];
	ptm_bytes bytes = ptm_bytes_of(raw, size);
	uint32_t flags = ptm_bytes_u32(&bytes), start = script->text.length;
	ptm_script_row row = { .event = config < sizeof events ? events[config] : 0, .payload2 = flags & 1 };

	if (config >= sizeof events || bytes.failed)
		return;
	if (row.event == PTM_SCRIPT_EVT || row.event == PTM_SCRIPT_IFLAG)
		row.payload2 = row.event == PTM_SCRIPT_EVT ? flags >> 7 & 1 : flags >> 1 & 1;
	bool by_flags = row.event == PTM_SCRIPT_EXSTOP || row.event == PTM_SCRIPT_EVT || row.event == PTM_SCRIPT_IFLAG;
	row.payload = by_flags ? flags : ptm_bytes_u64(&bytes);
	if (bytes.failed)
		return;
	if (row.event == PTM_SCRIPT_EVT)
		take_data(&bytes, flags >> 16, data, &row);
	if (row.event != PTM_SCRIPT_CBR) {
		ptm_script_put_synth(script, &row);
		return;
	}
	put_written_ratio(script, flags, (uint32_t)row.payload);
	uint32_t length = script->text.length - start;
	ptm_script_put(script, "%*s", length < WIDTH ? (int)(WIDTH - length) : 0, "");
}

void ptm_script_put_synth(ptm_script *script, const ptm_script_row *row)
{
	uint32_t start = script->text.length;
	uint64_t payload = row->payload;

	switch (row->event) {
	case PTM_SCRIPT_PTWRITE: put_operand(script, payload, row->payload2); break;
	case PTM_SCRIPT_CBR: put_ratio(script, payload); break;
	case PTM_SCRIPT_PSB: ptm_script_put(script, " psb offs: %#" PRIx64, payload); break;
	case PTM_SCRIPT_MWAIT: ptm_script_put(script, " hints: %#x extensions: %#x ", (uint32_t)payload & 0xff, (uint32_t)(payload >> 32) & 3); break;
	case PTM_SCRIPT_PWRE:
		ptm_script_put(script, " hw: %u cstate: %u sub-cstate: %u ", (uint32_t)(payload >> 7 & 1), (uint32_t)(payload >> 12 & 15), (uint32_t)(payload >> 8 & 15));
		break;
	case PTM_SCRIPT_EXSTOP: ptm_script_put(script, " IP: %u ", (uint32_t)payload & 1); break;
	case PTM_SCRIPT_PWRX:
		ptm_script_put(script, " deepest cstate: %u last cstate: %u wake reason: %#x ", (uint32_t)(payload & 15), (uint32_t)(payload >> 4 & 15), (uint32_t)(payload >> 8 & 15));
		break;
	case PTM_SCRIPT_EVT: put_control_flow(script, row); break;
	case PTM_SCRIPT_IFLAG:
		ptm_script_put(script, " IFLAG: %d->%d %s branch", !(payload & 1), (int)(payload & 1), row->payload2 ? "via" : "non");
		break;
	default: return;
	}
	uint32_t length = script->text.length - start;
	if (length < WIDTH)
		ptm_script_put(script, "%*s", (int)(WIDTH - length), "");
}
