/* SPDX-License-Identifier: Apache-2.0 */
/* perf's words for flags, perf's idea of a stack, and the options of table script. */
#include "check.h"
#include "api/script.h"

static const char *flags(uint32_t bits, uint32_t version)
{
	static char text[80];
	ptm_script_flags_text(bits, version, text);
	return text;
}

static void flags_are_named(void)
{
	enum { CALL = PTM_FLAG_BRANCH | PTM_FLAG_CALL };

	CHECK_TEXT(flags(CALL, 601), "  call                  ");
	CHECK_TEXT(flags(PTM_FLAG_BRANCH | PTM_FLAG_CONDITIONAL | PTM_FLAG_IN_TRANSACTION, 601), "  jcc               (x) ");
	CHECK_TEXT(flags(PTM_FLAG_BRANCH | PTM_FLAG_BEGIN, 601), "  tr strt               ");
	CHECK_TEXT(flags(CALL | PTM_FLAG_SYSCALL | PTM_FLAG_END, 601), "  tr end  syscall       ");
	CHECK_TEXT(flags(PTM_FLAG_BRANCH | PTM_FLAG_BEGIN | PTM_FLAG_INTERRUPTS_OFF | PTM_FLAG_INTERRUPTS_TOGGLE, 601), "  tr strt          (Dt) ");
	CHECK_TEXT(flags(CALL | PTM_FLAG_ASYNC | PTM_FLAG_INTERRUPT, 601), "  hw int                ");
	CHECK_TEXT(flags(PTM_FLAG_IN_TRANSACTION, 601), "  x                     ");
	CHECK_TEXT(flags(0, 601), "                        ");
	CHECK_TEXT(flags(PTM_FLAG_BRANCH | PTM_FLAG_BEGIN, 615), "  tr strt jmp           ");
	CHECK_TEXT(flags(PTM_FLAG_BRANCH | PTM_FLAG_IN_TRANSACTION, 615), "  jmp                () ");
}

static void take(ptm_thread_stack *stack, uint32_t bits, uint64_t from, uint64_t to)
{
	static const ptm_script_options options = { .branch_stack_size = 2 };
	ptm_script_row row = { .ip = from, .addr = to, .flags = PTM_FLAG_BRANCH | bits };
	CHECK_EQ(ptm_thread_stack_take(stack, &options, 1, &row, 5), PTM_OK);
}

/* A return to no open call leaves the calls alone; one to an outer call drops those inside. */
static void calls_are_followed_as_perf_does(void)
{
	ptm_thread_stack stack = { 0 };

	take(&stack, PTM_FLAG_CALL, 0x100, 0x200);
	take(&stack, PTM_FLAG_CALL, 0x210, 0x300);
	take(&stack, PTM_FLAG_CALL, 0x310, 0x315); /* to the next instruction: none */
	CHECK_EQ(stack.returns.length, 2);
	take(&stack, PTM_FLAG_RETURN, 0x320, 0x999);
	CHECK_EQ(stack.returns.length, 2);
	take(&stack, PTM_FLAG_RETURN, 0x320, 0x105);
	CHECK_EQ(stack.returns.length, 0);
	take(&stack, PTM_FLAG_CALL | PTM_FLAG_END, 0x400, 0x500);
	CHECK_EQ(stack.returns.length, 1);
	take(&stack, PTM_FLAG_BEGIN, 0, 0x777);
	CHECK_EQ(stack.returns.length, 0);
	/* The ring keeps the newest two. */
	CHECK_EQ(stack.ring_count, 2);
	CHECK_EQ(stack.ring.at[stack.ring_head * 3 + 1], 0x777);
	ptm_thread_stack_free(&stack);
}

static void options_are_read(void)
{
	ptm_strings strings = { 0 };
	ptm_message message = { "" };
	ptm_script_options options = { 0 };

	CHECK_EQ(ptm_script_options_read(&options, "version 601\nfields 6 0x10 1\nperiod 2 100\ntime 5 18446744073709551615\ncomm a b\ncpu 3\n", &strings, &message), PTM_OK);
	CHECK_EQ(options.fields[6], 16);
	CHECK_EQ(options.chosen, 1u << 6);
	CHECK_EQ(options.period, 100);
	CHECK_EQ(options.times.at[0].end, UINT64_MAX);
	CHECK_TEXT(ptm_strings_get(&strings, options.comms.at[0]), "a b");
	CHECK_EQ(options.cpus.at[0], 3);
	CHECK_EQ(ptm_script_options_read(&options, "ns 1\nbogus 1\n", &strings, &message), PTM_BAD_REQUEST);
	CHECK_TEXT(message.text, "The option \"bogus 1\" is not one that the decoder knows.");
	CHECK_EQ(ptm_script_options_read(&options, "fields 8 1 1", &strings, &message), PTM_BAD_REQUEST);
	CHECK_EQ(ptm_script_options_read(&options, "period 1", &strings, &message), PTM_BAD_REQUEST);
	CHECK_EQ(ptm_script_options_read(&options, "want", &strings, &message), PTM_BAD_REQUEST);
	CHECK_EQ(ptm_script_options_read(&options, NULL, &strings, &message), PTM_OK);
	ptm_script_options_free(&options);
	ptm_strings_free(&strings);
}

int main(void)
{
	flags_are_named();
	calls_are_followed_as_perf_does();
	options_are_read();
	return check_report("script");
}
