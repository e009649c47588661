/* SPDX-License-Identifier: Apache-2.0 */
/* perf's words for flags, perf's idea of a stack, and the options of table script. */
#include "check.h"
#include "api/samples_state.h"
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
	CHECK_TEXT(flags(PTM_FLAG_IN_TRANSACTION, 615), "                     () ");
	CHECK_TEXT(flags(PTM_FLAG_BRANCH | PTM_FLAG_BEGIN | PTM_FLAG_INTERRUPTS_OFF, 615), "  tr strt jmp                () ");
}

/* As perf, which looks whether it is in a transaction where it walks code. */
static void tracing_begins_in_no_transaction(void)
{
	static ptm_session session;
	const ptm_item begin = { .kind = PTM_ITEM_BEGIN, .in_transaction = true }, visit = { .kind = PTM_ITEM_VISIT, .in_transaction = true };

	CHECK_EQ(ptm_samples_state_flags(&session, &begin), 0);
	CHECK_EQ(ptm_samples_state_flags(&session, &visit), PTM_FLAG_IN_TRANSACTION);
}

enum { RING = 5 };

static void take(ptm_thread_stack *stack, uint32_t bits, uint64_t from, uint64_t to)
{
	ptm_script_row row = { .ip = from, .addr = to, .flags = PTM_FLAG_BRANCH | bits };
	CHECK_EQ(ptm_thread_stack_take(stack, RING, 1, &row, 5), PTM_OK);
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
	/* The ring keeps the newest five. */
	CHECK_EQ(stack.ring_count, RING);
	CHECK_EQ(stack.ring.at[stack.ring_head * 3 + 1], 0x777);
	ptm_thread_stack_free(&stack);
}

/* The words of a chain, or the sources of branches, as text. */
static const char *words_text(const ptm_words *words, uint32_t step)
{
	static char text[400];
	size_t length = 0;

	text[0] = 0;
	for (uint32_t i = 0; i < words->count; i += step)
		length += (size_t)snprintf(text + length, sizeof text - length, "%s%llx", i ? " " : "", (unsigned long long)ptm_words_get(words, i));
	return text;
}

/* A sample is written when the kernel has run on: what it did since is not the sample's. */
static void late_samples_leave_out_the_kernel(void)
{
	enum { CALL = PTM_FLAG_CALL, SYSCALL = PTM_FLAG_CALL | PTM_FLAG_SYSCALL };
	const uint64_t kernel = 0xffffffff81000000;
	ptm_script script = { .ring_size = RING, .options = { .added_chain_size = 3, .added_branch_size = 2 } };
	ptm_thread_stack stack = { 0 };
	ptm_words words;
	uint32_t count;

	take(&stack, CALL, 0x100, 0x200);
	take(&stack, SYSCALL, 0x210, kernel);
	take(&stack, CALL, kernel + 0x10, kernel + 0x100);
	take(&stack, CALL, kernel + 0x110, kernel + 0x200);
	CHECK_EQ(ptm_thread_stack_late_chain(&script, &stack, 0x20f, &words), PTM_OK);
	CHECK_TEXT(words_text(&words, 1), "fffffffffffffe00 215 105");
	CHECK_EQ(ptm_thread_stack_late_chain(&script, &stack, kernel + 0x15, &words), PTM_OK);
	CHECK_TEXT(words_text(&words, 1), "ffffffffffffff80 ffffffff81000015 fffffffffffffe00 215");
	CHECK_EQ(ptm_thread_stack_late_chain(&script, NULL, 0x20f, &words), PTM_OK);
	CHECK_TEXT(words_text(&words, 1), "fffffffffffffe00 20f");
	CHECK_EQ(ptm_thread_stack_late_branches(&script, &stack, 0x20f, &words, &count), PTM_OK);
	CHECK_TEXT(words_text(&words, 3), "100");
	CHECK_EQ(ptm_thread_stack_late_branches(&script, &stack, kernel + 0x105, &words, &count), PTM_OK);
	CHECK_TEXT(words_text(&words, 3), "ffffffff81000010 210");
	CHECK_EQ(count, 2);
	ptm_thread_stack_free(&stack);
	ptm_array_free(&script.words);
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
	tracing_begins_in_no_transaction();
	calls_are_followed_as_perf_does();
	late_samples_leave_out_the_kernel();
	options_are_read();
	return check_report("script");
}
