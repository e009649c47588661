/* SPDX-License-Identifier: Apache-2.0 */
/* A clock's state as words, so that a piece of a trace that was cut out of a
 * longer one goes on with the nanosecond that the whole would have had. */
#ifndef PTM_PT_CLOCK_WORDS_H
#define PTM_PT_CLOCK_WORDS_H

#include "pt/clock.h"

/* Grows by words at the end only, or with the version of what holds them. */
#define PTM_CLOCK_WORDS 26

/* Stores all of `clock` but its configuration. */
void ptm_clock_words_put(const ptm_clock *clock, uint64_t words[PTM_CLOCK_WORDS]);

/* Sets the state of `clock`, which ptm_clock_init has made. False, and the clock
 * unchanged, when no clock can have come to such a state. */
bool ptm_clock_words_take(ptm_clock *clock, const uint64_t words[PTM_CLOCK_WORDS]);

#endif
