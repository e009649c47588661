/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of one AUX stream, in order: pulls bytes through a window, knows the
 * offset of every packet and can look ahead without moving. */
#ifndef PTM_PT_READER_H
#define PTM_PT_READER_H

#include "pt/errata.h"
#include "pt/packet.h"

/* Where a stream's bytes come from. Offsets count from the stream's start. */
typedef struct ptm_pt_input {
	void *context;
	/* Copies up to `length` bytes at `offset`; stores how many (0 only at the end). */
	ptm_status (*read)(void *context, uint64_t offset, uint8_t *into, uint32_t *length);
	/* End of the recorder's buffer that holds `offset`: no packet goes across it, and perf looks ahead no further. */
	uint64_t (*buffer_end)(void *context, uint64_t offset);
	uint64_t size;
	/* Whether the buffer that holds `offset` does not follow on the one before it;
	 * stores where it starts and the TSC its first TSC packet is near. NULL: all follow. */
	bool (*restarts)(void *context, uint64_t offset, uint64_t *start, uint64_t *reference);
	uint32_t errata;         /* enum ptm_erratum: those of the CPU that wrote it that are to be allowed for */
	bool as_perf;            /* packets as perf decodes them */
} ptm_pt_input;

typedef struct ptm_pt_reader {
	ptm_pt_input input;
	uint64_t origin;         /* where reading began */
	uint64_t reference;      /* see PTM_TRUNCATED below */
	uint64_t limit;          /* packets that start here or later are not read */
	uint8_t *window;         /* owned */
	uint32_t window_bytes;   /* read at a time: fewer for who only looks for the next PSB */
	uint64_t window_offset;
	uint32_t window_length;
	uint64_t offset;         /* of the next packet */
	uint64_t buffer_end;     /* of the recorder's buffer that held the last packet */
	uint64_t packets;        /* read so far */
	uint8_t block_item;      /* see ptm_packet_decode */
	bool cut_short;          /* the bad data met last are a packet that its buffer cuts short */
	/* Look ahead */
	uint64_t peek_offset, peek_end;
	uint8_t peek_block_item;
} ptm_pt_reader;

/* Most that is read at a time. */
#define PTM_PT_WINDOW (64u << 10)

void ptm_pt_reader_init(ptm_pt_reader *reader, const ptm_pt_input *input, uint64_t offset, uint64_t limit);
void ptm_pt_reader_free(ptm_pt_reader *reader);

/* Reads the next packet and moves past it. PTM_END at the limit; PTM_BAD_DATA at
 * bytes that are no packet, or a packet that its buffer cuts short (does not move);
 * PTM_TRUNCATED, once, where a buffer begins that does not follow on the one before
 * (reference is its; does not move). */
ptm_status ptm_pt_reader_next(ptm_pt_reader *reader, ptm_packet *packet) PTM_MUST_CHECK;

/* Moves past the PAD packets that are at hand: as reading them does. */
void ptm_pt_reader_pass_pads(ptm_pt_reader *reader);

/* Moves one byte on, past what is no packet, or to the end of the buffer that cuts a packet short (which perf reads byte by byte,
 * as if they were packets); it counts as one. */
void ptm_pt_reader_skip(ptm_pt_reader *reader);

/* Moves to the next PSB at or after the current offset. PTM_END when there is none before the limit. */
ptm_status ptm_pt_reader_sync(ptm_pt_reader *reader) PTM_MUST_CHECK;

/* Makes `length` bytes at `offset` available, or as many as the stream has: stores
 * where they are, until the next call, and how many. Does not move. */
ptm_status ptm_pt_reader_view(ptm_pt_reader *reader, uint64_t offset, uint32_t length, const uint8_t **at, uint32_t *available) PTM_MUST_CHECK;

/* Look ahead: start, then packet by packet to the end of the recorder's buffer. */
void ptm_pt_reader_peek_start(ptm_pt_reader *reader);
ptm_status ptm_pt_reader_peek(ptm_pt_reader *reader, ptm_packet *packet) PTM_MUST_CHECK;
/* Passes over TNT, TIP, TIP.PGE, FUP, PAD and CYC packets that are at hand: see ptm_clock_peek. */
void ptm_pt_reader_peek_past(ptm_pt_reader *reader, uint64_t *cycles, bool *after_cyc);

#endif
