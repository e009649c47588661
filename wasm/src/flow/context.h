/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs on a queue at a place of its stream, as the flow's host tells it. */
#ifndef PTM_FLOW_CONTEXT_H
#define PTM_FLOW_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

/* Who runs: valid for times below until_tsc. */
typedef struct ptm_flow_context {
	uint32_t thread, space;
	uint32_t turn;           /* counts the switches on this CPU: another turn, another run */
	/* The same in a virtual machine that `thread` has entered: itself, and nothing mapped, where nothing is known of it. */
	uint32_t guest_thread, guest_space;
	bool knows_guest;
	uint64_t until_tsc;
} ptm_flow_context;

#endif
