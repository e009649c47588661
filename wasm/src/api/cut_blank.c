/* SPDX-License-Identifier: Apache-2.0 */
/* Writes over what a PT stream holds of threads that were not chosen, so that no
 * packet of theirs that tells of their flow is left, and what is decoded of the
 * chosen ones stays as it was to the nanosecond. Every part keeps its size:
 * - Packets of time (PSB+, TSC, TMA, MTC, CBR), mode and power stay, in their order;
 *   cycles are summed up to the next of these.
 * - Where a CYC packet did not come right before one of time, because another packet
 *   stood between, a MODE.Exec that says what was said before stands there: whether it
 *   does decides how cycles are taken (pt/clock.h).
 * - Where packets were disabled a TraceStop stands: looks ahead for the rate of cycles end there.
 * - A FUP while packets are disabled says nothing but the last IP: one with an address of the
 *   coming stretch is put where its first IP is compressed by what is gone.
 * SDM vol. 3, "Intel Processor Trace". */
#include "api/cut.h"
#include "pt/last_ip.h"

#define SETTER_BYTES 9u
#define NO_SLOT UINT32_MAX

typedef struct blanker {
	ptm_session *session;
	ptm_cut *cut;
	uint32_t queue;
	ptm_cut_input input;
	ptm_pt_reader reader;
	ptm_stretch *stretches;
	uint32_t count, at;      /* at: the stretch that the next packet is in, or the next one */
	/* The part being written: up to the next stretch that is kept, or the end of its buffer. */
	bool open, dirty;        /* dirty: something of it has to go */
	uint64_t start, buffer_end;
	uint32_t first_byte;     /* in cut->blank_bytes */
	uint32_t slot;           /* byte of it before which a FUP would only set the last IP */
	uint32_t last_slot;      /* the same of the last blank */
	bool overflowed;         /* an OVF is kept, and nothing that ends it */
	uint64_t cycles;         /* of CYC packets to be written */
	bool has_cycles, separate; /* separate: another packet stood behind them */
	bool waits;              /* an MWAIT would take a FUP for its own */
	uint8_t mode;            /* second byte of the last MODE.Exec; 0xff: none yet */
	uint64_t last_ip, left_ip; /* as recorded, and by what is left */
} blanker;

static ptm_status put_byte(blanker *to, uint8_t byte)
{
	return ptm_array_push(&to->cut->blank_bytes, byte);
}

static uint32_t written(const blanker *to)
{
	return to->cut->blank_bytes.length - to->first_byte;
}

static ptm_status put_cycles(blanker *to)
{
	uint64_t left = to->cycles >> 5;

	PTM_TRY(put_byte(to, (uint8_t)((to->cycles & 31) << 3 | (left ? 4 : 0) | 3)));
	for (; left; left >>= 7)
		PTM_TRY(put_byte(to, (uint8_t)((left & 127) << 1 | (left >> 7 ? 1 : 0))));
	return PTM_OK;
}

static ptm_status flush(blanker *to)
{
	if (to->has_cycles) {
		PTM_TRY(put_cycles(to));
		if (to->separate && to->mode != 0xff) {
			PTM_TRY(put_byte(to, 0x99));
			PTM_TRY(put_byte(to, to->mode));
		}
	}
	to->cycles = 0;
	to->has_cycles = to->separate = false;
	return PTM_OK;
}

static ptm_status put_bytes(blanker *to, const uint8_t *bytes, uint32_t length)
{
	PTM_TRY(flush(to));
	for (uint32_t i = 0; i < length; i++)
		PTM_TRY(put_byte(to, bytes[i]));
	return PTM_OK;
}

static void open_part(blanker *to, uint64_t offset)
{
	to->open = true;
	to->dirty = false;
	to->start = offset;
	to->buffer_end = to->reader.input.buffer_end(to->reader.input.context, offset);
	to->first_byte = to->cut->blank_bytes.length;
	to->slot = to->overflowed ? NO_SLOT : 0;
}

/* Gives up the stretch before or behind the one that is next: there was no room. */
static ptm_status give_up(blanker *to)
{
	for (uint32_t distance = 0; distance < to->count; distance++) {
		uint32_t behind = to->at + distance;
		if (behind < to->count && to->stretches[behind].kept) {
			to->stretches[behind].spoilt = true;
			return PTM_END;
		}
		if (distance && distance <= to->at && to->stretches[to->at - distance].kept) {
			to->stretches[to->at - distance].spoilt = true;
			return PTM_END;
		}
	}
	return ptm_message_set(&to->session->message, PTM_BAD_REQUEST, "The packets of other threads cannot be written over: there is no room for their times.");
}

static ptm_status close_part(blanker *to, uint64_t end)
{
	if (!to->open)
		return PTM_OK;
	PTM_TRY(flush(to));
	to->open = false;
	if (!to->dirty || end <= to->start) {
		to->cut->blank_bytes.length = to->first_byte;
		return PTM_OK;
	}
	uint64_t shift = to->input.shift;
	ptm_blank blank = { to->queue, to->start + shift, end - to->start, to->first_byte, written(to) };
	if (blank.length > blank.size)
		return give_up(to);
	to->last_slot = to->slot;
	return ptm_array_push(&to->cut->blanks, blank);
}

/* Goes on to `offset`, across the ends of buffers. */
static ptm_status advance(blanker *to, uint64_t offset)
{
	while (to->open && to->buffer_end <= offset && to->buffer_end > to->start) {
		uint64_t end = to->buffer_end;
		bool dirty = to->dirty;
		PTM_TRY(close_part(to, end));
		if (end > offset)
			break;
		open_part(to, end);
		/* Between packets and the next PSB lies what nobody can read. */
		to->dirty = dirty && end < offset;
		to->slot = NO_SLOT;
	}
	if (!to->open)
		open_part(to, offset);
	return PTM_OK;
}

/* Puts the FUP that makes the compressed IP of `stretch` what it was into the last blank. */
static ptm_status set_last_ip(blanker *to, ptm_stretch *stretch, uint64_t ip)
{
	ptm_blank *blank = to->cut->blanks.length ? &to->cut->blanks.at[to->cut->blanks.length - 1] : NULL;
	bool extends = (uint64_t)((int64_t)(ip << 16) >> 16) == ip;
	uint32_t size = extends ? 7 : SETTER_BYTES;
	uint8_t bytes[SETTER_BYTES] = { (uint8_t)(extends ? 0x7d : 0xdd) };

	if (!blank || blank->queue != to->queue || to->last_slot == NO_SLOT || blank->length + size > blank->size) {
		stretch->spoilt = true;
		return PTM_END;
	}
	memcpy(bytes + 1, &ip, size - 1);
	for (uint32_t i = 0; i < size; i++)
		PTM_TRY(put_byte(to, 0));
	uint8_t *at = to->cut->blank_bytes.at + blank->at + to->last_slot;
	memmove(at + size, at, blank->length - to->last_slot);
	memcpy(at, bytes, size);
	blank->length += size;
	return PTM_OK;
}

/* ------------------------------------------------------------------- packets */

static bool has_ip(const ptm_packet *packet)
{
	return packet->count && (packet->kind == PTM_PACKET_TIP || packet->kind == PTM_PACKET_TIP_PGE ||
				 packet->kind == PTM_PACKET_TIP_PGD || packet->kind == PTM_PACKET_FUP);
}

/* A packet that stays as it is: it only has to find the last IP that it counts on. */
static ptm_status keep(blanker *to, ptm_stretch *stretch, const ptm_packet *packet)
{
	if (packet->kind == PTM_PACKET_PSB)
		to->last_ip = to->left_ip = 0;
	to->overflowed = packet->kind == PTM_PACKET_OVF || (to->overflowed && !has_ip(packet));
	if (!has_ip(packet))
		return PTM_OK;
	to->last_ip = ptm_last_ip_update(to->last_ip, packet);
	if (ptm_last_ip_update(to->left_ip, packet) != to->last_ip)
		PTM_TRY(set_last_ip(to, stretch, to->last_ip));
	to->left_ip = to->last_ip;
	return PTM_OK;
}

static ptm_status drop(blanker *to)
{
	to->separate |= to->has_cycles;
	return PTM_OK;
}

/* A slot for a FUP behind what was just written. */
static void offer_slot(blanker *to)
{
	if (!to->overflowed && !to->waits)
		to->slot = written(to);
}

/* A packet between stretches that are kept. */
static ptm_status write_over(blanker *to, const ptm_packet *packet, const uint8_t *bytes)
{
	static const uint8_t stop[] = { 0x02, 0x83 }, stopped[] = { 0x02, 0x62 };
	uint8_t pip[8] = { 0x02, 0x43, packet->count & 1 };

	if (has_ip(packet))
		to->last_ip = ptm_last_ip_update(to->last_ip, packet);
	switch (packet->kind) {
	case PTM_PACKET_PAD:
		return PTM_OK;
	case PTM_PACKET_CYC:
		to->cycles += packet->payload;
		to->has_cycles = true;
		to->separate = false;
		return PTM_OK;
	case PTM_PACKET_TIP_PGD: case PTM_PACKET_TRACESTOP: case PTM_PACKET_OVF:
		to->separate = false;
		PTM_TRY(put_bytes(to, stop, sizeof stop));
		to->waits = false;
		offer_slot(to);
		return PTM_OK;
	case PTM_PACKET_EXSTOP: /* without a FUP */
		return put_bytes(to, stopped, sizeof stopped);
	case PTM_PACKET_PIP: /* without CR3 */
		return put_bytes(to, pip, sizeof pip);
	case PTM_PACKET_PSB:
		to->last_ip = to->left_ip = 0;
		to->slot = NO_SLOT;
		return put_bytes(to, bytes, packet->size);
	case PTM_PACKET_PSBEND:
		PTM_TRY(put_bytes(to, bytes, packet->size));
		offer_slot(to);
		return PTM_OK;
	case PTM_PACKET_MODE_EXEC:
		PTM_TRY(put_bytes(to, bytes, packet->size));
		to->mode = bytes[1];
		return PTM_OK;
	case PTM_PACKET_MWAIT:
		to->waits = true;
		to->slot = NO_SLOT;
		return put_bytes(to, bytes, packet->size);
	case PTM_PACKET_TSC: case PTM_PACKET_TMA: case PTM_PACKET_MTC: case PTM_PACKET_CBR: case PTM_PACKET_PWRE: case PTM_PACKET_PWRX:
		PTM_TRY(put_bytes(to, bytes, packet->size));
		if (to->slot == NO_SLOT && packet->kind == PTM_PACKET_MTC)
			offer_slot(to);
		return PTM_OK;
	default:
		return drop(to);
	}
}

static ptm_status take(blanker *to, const ptm_packet *packet, uint64_t offset)
{
	uint8_t bytes[PTM_PACKET_SIZE];
	uint32_t length = packet->size;

	while (to->at < to->count && to->stretches[to->at].end <= offset + to->input.shift)
		to->at++;
	ptm_stretch *stretch = to->at < to->count ? &to->stretches[to->at] : NULL;
	bool inside = stretch && stretch->start <= offset + to->input.shift;
	if (inside && stretch->kept) {
		if (to->open) {
			PTM_TRY(advance(to, offset));
			PTM_TRY(close_part(to, offset));
		}
		if (packet->kind == PTM_PACKET_MODE_EXEC) {
			PTM_TRY(to->input.whole.read(to->input.whole.context, offset + to->input.shift, bytes, &length));
			to->mode = bytes[1];
		}
		return keep(to, stretch, packet);
	}
	PTM_TRY(advance(to, offset));
	to->dirty |= inside;
	if (length <= sizeof bytes)
		PTM_TRY(to->input.whole.read(to->input.whole.context, offset + to->input.shift, bytes, &length));
	return write_over(to, packet, bytes);
}

/* What lies between a place and the next PSB is read by nobody, and may be anything. */
static ptm_status skip_to_psb(blanker *to)
{
	uint64_t from = to->reader.offset;
	ptm_status status = ptm_pt_reader_sync(&to->reader);

	if (status != PTM_OK && status != PTM_END)
		return status;
	if (to->reader.offset == from)
		return status;
	PTM_TRY(advance(to, from));
	to->dirty = true;
	if (to->reader.offset < to->input.size)
		PTM_TRY(advance(to, to->reader.offset));
	return status;
}

static ptm_status step(blanker *to)
{
	ptm_packet packet;
	uint64_t offset = to->reader.offset;
	ptm_status status = ptm_pt_reader_next(&to->reader, &packet);

	if (status == PTM_TRUNCATED) {
		to->last_ip = to->left_ip = 0;
		to->overflowed = false;
		return skip_to_psb(to);
	}
	if (status == PTM_BAD_DATA) {
		ptm_pt_reader_skip(&to->reader);
		packet = (ptm_packet){ .kind = PTM_PACKET_BAD, .size = (uint8_t)(to->reader.offset - offset) };
		status = PTM_OK;
	}
	return status == PTM_OK ? take(to, &packet, offset) : status;
}

ptm_status ptm_cut_blank(ptm_session *session, ptm_cut *cut, uint32_t queue, ptm_stretch *stretches, uint32_t count)
{
	const ptm_cut_queue *piece = &cut->queues.at[queue];
	blanker to = { .session = session, .cut = cut, .queue = queue, .stretches = stretches, .count = count, .slot = NO_SLOT, .last_slot = NO_SLOT, .mode = 0xff };
	ptm_flow_config config;

	ptm_cut_input_open(session, cut, queue, piece->from, piece->limit - piece->from, &to.input, &config);
	to.input.as_recorded = true;
	ptm_pt_reader_init(&to.reader, &config.pt.input, 0, to.input.size);
	ptm_status status = skip_to_psb(&to);
	bool spoilt = false;
	while (status == PTM_OK) {
		status = step(&to);
		/* A stretch was given up: all is made again. */
		for (uint32_t i = 0; status == PTM_END && i < count && !spoilt; i++)
			spoilt = stretches[i].kept && stretches[i].spoilt;
	}
	if (status == PTM_END && !spoilt) {
		status = to.open ? advance(&to, to.input.size - 1) : PTM_OK;
		if (status == PTM_OK)
			status = close_part(&to, to.input.size);
	}
	ptm_pt_reader_free(&to.reader);
	return spoilt ? PTM_END : status;
}
