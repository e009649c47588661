/* SPDX-License-Identifier: Apache-2.0 */
/* Chosen threads out of streams that several threads share: which stretches of a
 * stream are theirs, found by decoding it, and whether they still decode to the
 * same when all others are gone, found by decoding what is left. A stretch that
 * is not all theirs, or needs what others did (a return that the CPU compressed
 * by another thread's call), is given up and counted. */
#include "api/cut.h"
#include "base/hash.h"

/* AUX bytes decoded per call. */
#define SLICE_BYTES (1u << 20)
/* More blanks than this do not fit beside everything else. */
#define MOST_BLANK_BYTES (UINT64_C(512) << 20)

enum { FIND, DECODE, BLANK, CHECK, DONE };

struct ptm_cut_choice {
	uint32_t queue;
	uint8_t phase;
	PTM_ARRAY(ptm_stretch) stretches;
	PTM_ARRAY(uint64_t) hashes; /* of them, when decoded again */
	uint32_t at;             /* the stretch that the last item was in */
	uint32_t first_blank, first_byte; /* of the queue */
	ptm_cut_input input;
	ptm_flow *flow;
};

static void end_decoding(struct ptm_cut_choice *choice)
{
	ptm_flow_free(choice->flow);
	choice->flow = NULL;
}

void ptm_cut_choice_free(ptm_cut *cut)
{
	struct ptm_cut_choice *choice = cut->choice;
	if (!choice)
		return;
	end_decoding(choice);
	ptm_array_free(&choice->stretches);
	ptm_array_free(&choice->hashes);
	free(choice);
	cut->choice = NULL;
}

/* ----------------------------------------------------------------- stretches */

typedef struct finder {
	struct ptm_cut_choice *choice;
	uint64_t shift;          /* offsets that are read, to those of the queue's stream */
	uint64_t psb;            /* of the PSB+ at hand */
	bool open;               /* the last stretch has not ended */
	bool in_psb, overflowed;
} finder;

static void finish(finder *find, uint64_t end)
{
	ptm_stretch *stretches = find->choice->stretches.at;
	if (find->open)
		stretches[find->choice->stretches.length - 1].end = end + find->shift;
	find->open = false;
}

static ptm_status begin(finder *find, uint64_t offset, bool resumes)
{
	finish(find, offset);
	find->open = true;
	find->overflowed = false;
	return ptm_array_push(&find->choice->stretches, ((ptm_stretch){ .start = offset + find->shift, .resumes = resumes }));
}

static ptm_status take_packet(finder *find, const ptm_packet *packet, uint64_t offset)
{
	uint64_t end = offset + packet->size;

	switch (packet->kind) {
	case PTM_PACKET_PSB:
		find->in_psb = true;
		find->psb = offset;
		return PTM_OK;
	case PTM_PACKET_PSBEND:
		find->in_psb = false;
		return PTM_OK;
	case PTM_PACKET_TIP_PGE:
		return begin(find, offset, false);
	case PTM_PACKET_FUP:
		if (!find->open && packet->count && (find->in_psb || find->overflowed))
			return begin(find, find->in_psb ? find->psb : offset, !find->in_psb);
		return PTM_OK;
	case PTM_PACKET_TIP: case PTM_PACKET_TIP_PGD: case PTM_PACKET_TRACESTOP:
		if (!find->open && packet->kind != PTM_PACKET_TRACESTOP)
			PTM_TRY(begin(find, offset, false));
		if (packet->kind != PTM_PACKET_TIP)
			finish(find, end);
		return PTM_OK;
	case PTM_PACKET_OVF:
		PTM_TRY(begin(find, offset, false));
		find->choice->stretches.at[find->choice->stretches.length - 1].overflow = true;
		finish(find, end);
		find->in_psb = false;
		find->overflowed = true;
		return PTM_OK;
	default:
		return PTM_OK;
	}
}

static ptm_status find_stretches(ptm_session *session, ptm_cut *cut, const ptm_cut_queue *piece)
{
	struct ptm_cut_choice *choice = cut->choice;
	finder find = { .choice = choice, .shift = piece->from };
	ptm_flow_config config;
	ptm_pt_reader reader;
	ptm_packet packet;

	ptm_cut_input_open(session, cut, choice->queue, piece->from, piece->limit - piece->from, &choice->input, &config);
	choice->input.as_recorded = true;
	ptm_pt_reader_init(&reader, &config.pt.input, 0, choice->input.size);
	ptm_status status = ptm_pt_reader_sync(&reader);
	while (status == PTM_OK) {
		uint64_t offset = reader.offset;
		status = ptm_pt_reader_next(&reader, &packet);
		if (status == PTM_TRUNCATED) {
			finish(&find, offset);
			find.in_psb = find.overflowed = false;
			status = ptm_pt_reader_sync(&reader);
		} else if (status == PTM_BAD_DATA) {
			ptm_pt_reader_skip(&reader);
			find.in_psb = false;
			status = PTM_OK;
		} else if (status == PTM_OK) {
			status = take_packet(&find, &packet, offset);
		}
	}
	finish(&find, reader.offset);
	ptm_pt_reader_free(&reader);
	return status == PTM_END ? PTM_OK : status;
}

/* ------------------------------------------------------------------ decoding */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	return ptm_hash_u64(hash ^ value) + hash;
}

static uint64_t hash_visit(uint64_t hash, const ptm_item *item)
{
	hash = mix(hash, (uint64_t)item->block << 32 | (uint64_t)item->instructions << 8 | item->end);
	return mix(mix(hash, item->to_ip), item->ip);
}

/* Row of the stretch that an item belongs to; items come in their order. */
static ptm_stretch *stretch_of(struct ptm_cut_choice *choice, uint64_t offset)
{
	while (choice->at < choice->stretches.length && choice->stretches.at[choice->at].end <= offset)
		choice->at++;
	ptm_stretch *stretch = choice->at < choice->stretches.length ? &choice->stretches.at[choice->at] : NULL;
	return stretch && stretch->start <= offset ? stretch : NULL;
}

static void note_owner(const ptm_cut *cut, ptm_stretch *stretch, const ptm_item *item)
{
	bool visits = item->kind == PTM_ITEM_VISIT, mine = ptm_cut_wants(cut, item->thread);
	bool wholly = mine && (!visits || ptm_cut_wants(cut, item->end_thread));

	stretch->mine += mine;
	stretch->others += !wholly;
	stretch->instructions += mine && visits ? item->instructions : 0;
}

static void take_item(ptm_cut *cut, const ptm_item *item)
{
	struct ptm_cut_choice *choice = cut->choice;
	bool visits = item->kind == PTM_ITEM_VISIT;
	if (!visits && item->kind != PTM_ITEM_BEGIN && item->kind != PTM_ITEM_GAP)
		return;
	ptm_stretch *stretch = stretch_of(choice, item->offset + choice->input.shift);
	if (!stretch)
		return;
	uint64_t *hash = choice->phase == CHECK ? &choice->hashes.at[choice->at] : &stretch->hash;
	if (visits)
		*hash = hash_visit(*hash, item);
	if (choice->phase == DECODE)
		note_owner(cut, stretch, item);
}

static ptm_status start_decoding(ptm_session *session, ptm_cut *cut, const ptm_cut_queue *piece)
{
	struct ptm_cut_choice *choice = cut->choice;
	ptm_flow_config config;

	choice->at = 0;
	ptm_cut_input_open(session, cut, choice->queue, piece->from, piece->limit - piece->from, &choice->input, &config);
	choice->input.as_recorded = choice->phase == DECODE;
	return ptm_flow_new(&choice->flow, &session->blocks, &config, 0, choice->input.size, &piece->clock);
}

/* Up to a slice. PTM_END: all of the piece is decoded. */
static ptm_status decode(ptm_session *session, ptm_cut *cut, const ptm_cut_queue *piece)
{
	struct ptm_cut_choice *choice = cut->choice;
	ptm_item item;

	if (!choice->flow)
		PTM_TRY(start_decoding(session, cut, piece));
	for (uint64_t until = ptm_flow_offset(choice->flow) + SLICE_BYTES; ptm_flow_offset(choice->flow) < until;) {
		PTM_TRY(ptm_flow_next(choice->flow, &item));
		take_item(cut, &item);
	}
	return PTM_OK;
}

/* ------------------------------------------------------------------ deciding */

/* What is all of chosen threads is kept; and an overflow that leads into such. */
static void decide(struct ptm_cut_choice *choice)
{
	for (uint32_t i = 0; i < choice->stretches.length; i++) {
		ptm_stretch *stretch = &choice->stretches.at[i];
		stretch->kept = stretch->mine && !stretch->others && !stretch->spoilt;
		if (!stretch->resumes || !i || !choice->stretches.at[i - 1].overflow)
			continue;
		stretch->spoilt |= choice->stretches.at[i - 1].spoilt;
		stretch->kept &= !stretch->spoilt;
		choice->stretches.at[i - 1].kept |= stretch->kept;
	}
}

/* At the piece's start another thread may be under way: what it did is not there to be counted. */
static void quiet_start(const struct ptm_cut_choice *choice, ptm_cut_queue *piece)
{
	bool kept = choice->stretches.length && choice->stretches.at[0].kept && choice->stretches.at[0].start == piece->from;
	if (kept || !piece->seeded)
		return;
	ptm_clock_disable(&piece->clock);
	piece->clock.cycles = piece->clock.cycles_told;
	piece->clock.cycles_sampled = false;
}

static ptm_status blank(ptm_session *session, ptm_cut *cut, ptm_cut_queue *piece)
{
	struct ptm_cut_choice *choice = cut->choice;
	ptm_status status;

	do {
		cut->blanks.length = choice->first_blank;
		cut->blank_bytes.length = choice->first_byte;
		decide(choice);
		quiet_start(choice, piece);
		status = ptm_cut_blank(session, cut, choice->queue, choice->stretches.at, choice->stretches.length);
	} while (status == PTM_END);
	PTM_TRY(status);
	if (cut->blank_bytes.length > MOST_BLANK_BYTES)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "To write over %u MB of other threads' packets is more than fits here: choose a shorter range.",
			(unsigned)(cut->blank_bytes.length >> 20));
	choice->hashes.length = 0;
	for (uint32_t i = 0; i < choice->stretches.length; i++)
		PTM_TRY(ptm_array_push(&choice->hashes, 0));
	return PTM_OK;
}

/* Whether all that is kept decoded to the same; what did not is given up. */
static bool check(struct ptm_cut_choice *choice)
{
	bool same = true;
	for (uint32_t i = 0; i < choice->stretches.length; i++) {
		ptm_stretch *stretch = &choice->stretches.at[i];
		if (!stretch->kept || stretch->hash == choice->hashes.at[i])
			continue;
		stretch->spoilt = true;
		same = false;
	}
	return same;
}

static void count_lost(ptm_cut *cut, ptm_cut_queue *piece)
{
	const struct ptm_cut_choice *choice = cut->choice;
	bool any = false;
	for (uint32_t i = 0; i < choice->stretches.length; i++) {
		const ptm_stretch *stretch = &choice->stretches.at[i];
		any |= stretch->kept;
		if (stretch->kept || !stretch->mine)
			continue;
		cut->lost_stretches++;
		cut->lost_instructions += stretch->instructions;
	}
	if (any)
		return;
	/* Nothing of the chosen threads is in the queue. */
	piece->limit = piece->from;
	cut->blanks.length = choice->first_blank;
	cut->blank_bytes.length = choice->first_byte;
}

/* One step of the queue at hand. PTM_END: it is done. */
static ptm_status step(ptm_session *session, ptm_cut *cut)
{
	struct ptm_cut_choice *choice = cut->choice;
	ptm_cut_queue *piece = &cut->queues.at[choice->queue];
	ptm_status status;

	switch (choice->phase) {
	case FIND:
		PTM_TRY(find_stretches(session, cut, piece));
		choice->phase = DECODE;
		return PTM_OK;
	case DECODE: case CHECK:
		status = decode(session, cut, piece);
		if (status != PTM_END)
			return status;
		end_decoding(choice);
		choice->phase = choice->phase == CHECK && check(choice) ? DONE : BLANK;
		return PTM_OK;
	case BLANK:
		PTM_TRY(blank(session, cut, piece));
		choice->phase = CHECK;
		return PTM_OK;
	default:
		count_lost(cut, piece);
		return PTM_END;
	}
}

/* BTS: whose a span is was recorded; records of zeros are none. */
static ptm_status blank_bts(ptm_session *session, ptm_cut *cut, uint32_t queue)
{
	const ptm_cut_queue *piece = &cut->queues.at[queue];

	for (uint32_t i = session->first_bts_span.at[queue]; i < session->first_bts_span.at[queue + 1]; i++) {
		const ptm_bts_span *span = &session->bts_spans.at[i];
		if (span->start < piece->from || span->next > piece->limit || span->next <= span->start || ptm_cut_wants(cut, span->thread))
			continue;
		ptm_blank all = { .queue = queue, .offset = span->start, .size = span->next - span->start, .at = cut->blank_bytes.length };
		PTM_TRY(ptm_array_push(&cut->blanks, all));
	}
	return PTM_OK;
}

ptm_status ptm_cut_choose(ptm_session *session, ptm_cut *cut)
{
	for (; cut->threads.length && cut->chosen < cut->queues.length; cut->chosen++) {
		const ptm_cut_queue *piece = &cut->queues.at[cut->chosen];
		bool shared = session->file.queues.at[cut->chosen].tid <= 0 && piece->limit > piece->from;
		if (!shared || session->flow_source == PTM_SOURCE_LBR)
			continue;
		if (session->flow_source == PTM_SOURCE_BTS) {
			PTM_TRY(blank_bts(session, cut, cut->chosen));
			continue;
		}
		if (!cut->choice) {
			cut->choice = calloc(1, sizeof *cut->choice);
			if (!cut->choice)
				return PTM_NO_MEMORY;
			cut->choice->queue = cut->chosen;
			cut->choice->first_blank = cut->blanks.length;
			cut->choice->first_byte = cut->blank_bytes.length;
		}
		ptm_status status = step(session, cut);
		if (status != PTM_END)
			return status == PTM_OK ? PTM_MORE : status;
		ptm_cut_choice_free(cut);
	}
	return PTM_OK;
}
