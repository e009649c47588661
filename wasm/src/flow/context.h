/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs on a queue at a place of its stream, as the flow's host tells it. */
#ifndef PTM_FLOW_CONTEXT_H
#define PTM_FLOW_CONTEXT_H

#include <stdint.h>

/* Who runs: valid for times below until_tsc. */
typedef struct ptm_flow_context {
	uint32_t thread, space;
	uint32_t turn;           /* counts the switches on this CPU: another turn, another run */
	uint64_t until_tsc;
} ptm_flow_context;

#endif
