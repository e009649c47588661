/* SPDX-License-Identifier: Apache-2.0 */
/* The sentence that goes with a failure: what is wrong, with the numbers, and
 * what to do. Fixed size, so that saying what went wrong cannot fail. */
#ifndef PTM_BASE_MESSAGE_H
#define PTM_BASE_MESSAGE_H

#include "ptarmigan.h"

typedef struct ptm_message {
	char text[512];
} ptm_message;

/* Stores the formatted sentence (cut to fit) and returns `status`. */
ptm_status ptm_message_set(ptm_message *message, ptm_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
