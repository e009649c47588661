/* SPDX-License-Identifier: Apache-2.0 */
/* Events that PT reports beside the flow. */
#ifndef PTM_PT_EVENT_H
#define PTM_PT_EVENT_H

#include "pt/packet.h"

typedef enum ptm_event_kind {
	PTM_EVENT_PSB,           /* payload: its offset */
	PTM_EVENT_CBR,           /* payload: core:bus ratio */
	PTM_EVENT_PTWRITE,       /* payload: operand */
	PTM_EVENT_TRANSACTION,   /* payload: MODE.TSX bits: 1 in a transaction, 2 aborted */
	PTM_EVENT_MWAIT, PTM_EVENT_PWRE, PTM_EVENT_PWRX, PTM_EVENT_EXSTOP, /* payloads as in packet.h */
	PTM_EVENT_CFE, PTM_EVENT_EVD,
	PTM_EVENT_TRACESTOP, PTM_EVENT_TRIG, PTM_EVENT_PEBS
} ptm_event_kind;

typedef struct ptm_event {
	uint8_t kind;            /* enum ptm_event_kind */
	uint64_t payload;
} ptm_event;

#endif
