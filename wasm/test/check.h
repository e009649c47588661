/* SPDX-License-Identifier: Apache-2.0 */
/* A minimal test frame: CHECK_* print file, line and both values, and count.
 * A test program's main runs its cases and returns check_report(). */
#ifndef PTM_TEST_CHECK_H
#define PTM_TEST_CHECK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned check_passed, check_failed;

static inline void check_number(uint64_t got, uint64_t wanted, const char *what, const char *file, int line)
{
	if (got == wanted) {
		check_passed++;
		return;
	}
	check_failed++;
	fprintf(stderr, "%s:%d: %s is %" PRIu64 " (0x%" PRIx64 "), wanted %" PRIu64 " (0x%" PRIx64 ")\n", file, line, what,
		got, got, wanted, wanted);
}

static inline void check_text(const char *got, const char *wanted, const char *what, const char *file, int line)
{
	if (got && !strcmp(got, wanted)) {
		check_passed++;
		return;
	}
	check_failed++;
	fprintf(stderr, "%s:%d: %s is\n%s\nwanted\n%s\n", file, line, what, got ? got : "(null)", wanted);
}

#define CHECK_EQ(got, wanted) check_number((uint64_t)(got), (uint64_t)(wanted), #got, __FILE__, __LINE__)
#define CHECK_TEXT(got, wanted) check_text((got), (wanted), #got, __FILE__, __LINE__)
#define CHECK(condition) check_number(!!(condition), 1, #condition, __FILE__, __LINE__)

static inline int check_report(const char *name)
{
	printf("%s: %u passed, %u failed\n", name, check_passed, check_failed);
	return check_failed ? 1 : 0;
}

#endif
