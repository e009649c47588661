/* SPDX-License-Identifier: Apache-2.0 */
/* Events that PT reports beside the flow. */
#ifndef PTM_PT_EVENT_H
#define PTM_PT_EVENT_H

#include "pt/packet.h"

/* `payload` and `id` of each: packet.h has the layouts. id is 0 where not named. */
typedef enum ptm_event_kind {
	PTM_EVENT_PSB,           /* payload: its offset in the stream */
	PTM_EVENT_CBR,           /* payload: core:bus ratio */
	PTM_EVENT_PTWRITE,       /* payload: operand */
	PTM_EVENT_TRANSACTION,   /* payload: MODE.TSX bits: 1 in a transaction, 2 aborted */
	PTM_EVENT_MWAIT, PTM_EVENT_PWRE, PTM_EVENT_PWRX, PTM_EVENT_EXSTOP, /* payloads as in packet.h */
	PTM_EVENT_CFE,           /* payload: 4:0 type, 15:8 vector; id: 1 where perf does not say that it has an IP */
	PTM_EVENT_EVD,           /* payload: 64 bits; id: type. Told just before the CFE that it belongs to */
	PTM_EVENT_TRACESTOP, PTM_EVENT_TRIG,
	PTM_EVENT_PEBS,          /* one value of a PEBS record: id: its block's type in 15:8, its own in 7:0 */
	PTM_EVENT_IFLAG,         /* payload: bit 0 IF after, bit 1 IF before; not by a branch */
	PTM_EVENT_MNT,           /* payload: 64 bits, as the CPU's maintainers know them */
	PTM_EVENT_PLACE,         /* quick decoding: a packet says that control was here; id: enum ptm_hop of the branch from here, 0: none */
	PTM_EVENT_HOP,           /* quick decoding: a branch; id: enum ptm_hop; payload: where to, out of the traced code */
	PTM_EVENT_PEBS_END,      /* as perf: the values told since the last one are one record */
	PTM_EVENT_KINDS
} ptm_event_kind;

/* In the id of a PEBS value, as perf: items of its block have 4 bytes. */
#define PTM_PEBS_SMALL 0x8000u

typedef enum ptm_hop { PTM_HOP_ASYNC = 1, PTM_HOP_ABORT } ptm_hop;

typedef struct ptm_event {
	uint8_t kind;            /* enum ptm_event_kind */
	uint16_t id;
	uint64_t payload;
	uint64_t offset;         /* of its packet, where another one (a FUP) makes it happen */
} ptm_event;

#endif
