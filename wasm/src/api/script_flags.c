/* SPDX-License-Identifier: Apache-2.0 */
/* perf's words for the flags of a sample: a name for the set, and letters in
 * brackets for the state. */
#include "api/script.h"
#include <stdio.h>

enum {
	BRANCH = PTM_FLAG_BRANCH, CALL = PTM_FLAG_BRANCH | PTM_FLAG_CALL, RETURN = PTM_FLAG_BRANCH | PTM_FLAG_RETURN,
	STATE = PTM_FLAG_IN_TRANSACTION | PTM_FLAG_INTERRUPTS_OFF | PTM_FLAG_INTERRUPTS_TOGGLE
};

/* The letters of all flags that are set. */
static void letters_of(uint32_t flags, char *into)
{
	static const char letters[] = "bcrosyiABExghDt";
	for (uint32_t bit = 0; letters[bit]; bit++)
		if (flags >> bit & 1)
			*into++ = letters[bit];
	*into = 0;
}

static const char *name_of(uint32_t flags)
{
	switch (flags) {
	case CALL: return "call";
	case RETURN: return "return";
	case BRANCH | PTM_FLAG_CONDITIONAL: return "jcc";
	case BRANCH: return "jmp";
	case CALL | PTM_FLAG_INTERRUPT: return "int";
	case RETURN | PTM_FLAG_INTERRUPT: return "iret";
	case CALL | PTM_FLAG_SYSCALL: return "syscall";
	case RETURN | PTM_FLAG_SYSCALL: return "sysret";
	case BRANCH | PTM_FLAG_ASYNC: return "async";
	case CALL | PTM_FLAG_ASYNC | PTM_FLAG_INTERRUPT: return "hw int";
	case BRANCH | PTM_FLAG_ABORT: return "tx abrt";
	case BRANCH | PTM_FLAG_BEGIN: return "tr strt";
	case BRANCH | PTM_FLAG_END: return "tr end";
	case CALL | PTM_FLAG_VMENTRY: return "vmentry";
	case CALL | PTM_FLAG_VMEXIT: return "vmexit";
	default: return NULL;
	}
}

size_t ptm_script_flags_text(uint32_t flags, uint32_t version, char into[80])
{
	char state[32] = "", letters[24], body[64];
	uint32_t plain = flags & ~(uint32_t)STATE, inside = flags & STATE;
	/* perf 6.15 compares and prefixes another way: a begin alone is a jump's, and state letters are taken after they were cleared. */
	bool newer = version >= 615;

	if (inside) {
		letters_of(newer ? 0 : inside, letters);
		snprintf(state, sizeof state, "(%s)", letters);
	}
	/* Of a sample that is no branch, too, perf 6.15 looks for a name first. */
	bool nameless = newer && inside && !plain;
	const char *whole = nameless ? "" : newer && plain & (PTM_FLAG_BEGIN | PTM_FLAG_END) ? NULL : name_of(plain);
	const char *begun = plain & PTM_FLAG_BEGIN ? name_of(plain & ~(uint32_t)PTM_FLAG_BEGIN) : NULL;
	const char *ended = plain & PTM_FLAG_END ? name_of(plain & ~(uint32_t)PTM_FLAG_END) : NULL;
	if (whole)
		snprintf(body, sizeof body, "%-15s%6s", whole, state);
	else if (begun)
		snprintf(body, sizeof body, "tr strt %-*s%6s", newer && inside ? 15 : 7, begun, state);
	else if (ended)
		snprintf(body, sizeof body, "tr end  %-*s%6s", newer && inside ? 15 : 7, ended, state);
	else
		letters_of(flags, body);
	int length = snprintf(into, 80, "  %-21s ", body);
	return length < 80 ? (size_t)length : 79;
}
