/* SPDX-License-Identifier: Apache-2.0 */
/* Unwinding: this program's own stack, by what its compiler wrote of it, held
 * against the C library's backtrace; expressions by hand. */
#define _GNU_SOURCE
#include "check.h"
#include "../cli/host.h"
#include "image/unwind.h"
#include <execinfo.h>
#include <inttypes.h>
#include <stdio.h>

extern void *__libc_stack_end;

#define STACK_BYTES 16384

static ptm_strings strings;
static ptm_images images;
static ptm_spaces *spaces;
static ptm_unwind_start start;
static uint8_t stack[STACK_BYTES];
static void *wanted[32];
static int wanted_count;

/* Maps this program as the kernel did. */
static void load_self(void)
{
	char line[512], path[256], mode[8];
	uint64_t low, high, offset;
	uint32_t name, image, served, source;
	uint64_t size;
	ptm_message message;
	FILE *maps = fopen("/proc/self/maps", "r");

	CHECK(maps);
	CHECK(ptm_host_open("/proc/self/exe", &source, &size));
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_spaces_new(&spaces, &images), PTM_OK);
	CHECK_EQ(ptm_strings_add(&strings, "self", 4, &name), PTM_OK);
	CHECK_EQ(ptm_images_want(&images, name, NULL, 0, &image), PTM_OK);
	CHECK_EQ(ptm_images_offer(&images, source, size, "self", &served, &message), PTM_OK);
	while (maps && fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %255s", &low, &high, mode, &offset, path) != 5 || !strstr(path, "/test/unwind") || mode[2] != 'x')
			continue;
		ptm_map map = { low, high, offset, image, name };
		CHECK_EQ(ptm_spaces_map(spaces, 1, 1, &map), PTM_OK);
	}
	if (maps)
		fclose(maps);
	start.space = ptm_spaces_at(spaces, 1, 1);
}

/* Takes registers and stack, as perf does with a sample. */
__attribute__((noinline, no_sanitize_address)) static void sample(void)
{
	uint64_t *into = start.registers;
	wanted_count = backtrace(wanted, 32);
	__asm__ volatile("mov %%rbx, 24(%0)\n\tmov %%rbp, 48(%0)\n\tmov %%rsp, 56(%0)\n\tmov %%r12, 96(%0)\n\tmov %%r13, 104(%0)\n\t"
			 "mov %%r14, 112(%0)\n\tmov %%r15, 120(%0)\n\tlea 0(%%rip), %%rcx\n\tmov %%rcx, 128(%0)"
			 : : "r"(into) : "rcx", "memory");
	start.known = 1 << 3 | 1 << 6 | 1 << 7 | 15 << 12 | 1 << 16;
	const uint8_t *from = (const uint8_t *)start.registers[PTM_CFI_RSP];
	start.stack_size = (uint64_t)((uintptr_t)__libc_stack_end - start.registers[PTM_CFI_RSP]);
	if (start.stack_size > STACK_BYTES)
		start.stack_size = STACK_BYTES;
	for (uint32_t i = 0; i < start.stack_size; i++)
		stack[i] = *(const volatile uint8_t *)(from + i);
}

__attribute__((noinline)) static int deep(int depth)
{
	char local[64 + depth * 16]; /* found only by rbp */
	memset(local, depth, sizeof local);
	if (depth)
		return deep(depth - 1) + local[depth];
	sample();
	return local[0];
}

static void test_own_stack(void)
{
	uint64_t frames[64];
	uint32_t count;

	start.stack = stack;
	CHECK_EQ(deep(5), 15);
	CHECK_EQ(ptm_unwind(spaces, &start, frames, 64, &count), PTM_OK);
	/* sample, deep six times, this test, main; then the C library, which is not given. */
	CHECK_EQ(count, 10);
	/* A sanitizer's own frame may come first. */
	int first = 0;
	while (first < wanted_count && (uint64_t)(uintptr_t)wanted[first] - 1 != frames[1])
		first++;
	CHECK(first + 8 < wanted_count);
	for (int i = 0; i < 8 && first + i < wanted_count; i++)
		CHECK_EQ(frames[1 + i], (uint64_t)(uintptr_t)wanted[first + i] - 1);
	CHECK_EQ(ptm_unwind(spaces, &start, frames, 3, &count), PTM_OK);
	CHECK_EQ(count, 3);
}

/* What was not copied ends the way, and nothing else. */
static void test_cut_stacks(void)
{
	uint64_t whole[64], frames[64];
	uint32_t all, count;
	uint64_t copied = start.stack_size;

	CHECK_EQ(ptm_unwind(spaces, &start, whole, 64, &all), PTM_OK);
	for (start.stack_size = 0; start.stack_size < 1200; start.stack_size += 8) {
		CHECK_EQ(ptm_unwind(spaces, &start, frames, 64, &count), PTM_OK);
		CHECK(count >= 1 && count <= all);
		CHECK(!memcmp(frames, whole, count * sizeof *frames));
	}
	start.stack_size = copied;
	start.known &= ~(1u << PTM_CFI_RETURN);
	CHECK_EQ(ptm_unwind(spaces, &start, frames, 64, &count), PTM_OK);
	CHECK_EQ(count, 0);
}

static bool read_double(void *context, uint64_t address, uint64_t *word)
{
	(void)context;
	*word = address * 2;
	return address != 666;
}

static ptm_status compute(const uint8_t *code, uint32_t length, uint64_t *value)
{
	uint64_t registers[PTM_CFI_REGISTERS] = { [7] = 0x1000, [16] = 0x40100b };
	ptm_cfi_rule rule = { .kind = PTM_CFI_COMPUTED, .expression = code, .expression_length = length };
	return ptm_cfi_compute(&rule, registers, true, 0x2000, read_double, NULL, value);
}

#define COMPUTE(value, ...) compute((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), value)

static void test_expressions(void)
{
	uint64_t value;

	/* What linkers write for .plt: rsp + 8 + ((rip & 15) >= 11) * 8. */
	CHECK_EQ(COMPUTE(&value, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22), PTM_OK);
	CHECK_EQ(value, 0x1010);
	/* The word at rsp + 160, as for a signal's frame. */
	CHECK_EQ(COMPUTE(&value, 0x77, 0xa0, 0x01, 0x06), PTM_OK);
	CHECK_EQ(value, 0x2140);
	CHECK_EQ(COMPUTE(&value, 0x31, 0x32, 0x33, 0x17, 0x1c), PTM_OK); /* rot: 3 1 2, then 1 - 2 */
	CHECK_EQ(value, (uint64_t)-1);
	CHECK_EQ(COMPUTE(&value, 0x13, 0x13), PTM_BAD_DATA);             /* nothing left */
	CHECK_EQ(COMPUTE(&value, 0x30, 0x2f, 0xfc, 0xff), PTM_BAD_DATA); /* for ever */
	CHECK_EQ(COMPUTE(&value, 0x30, 0x30, 0x1b), PTM_BAD_DATA);       /* by zero */
	CHECK_EQ(COMPUTE(&value, 0x0a, 0x9a, 0x02, 0x06), PTM_BAD_DATA); /* not in memory */
	CHECK_EQ(COMPUTE(&value, 0xff), PTM_BAD_DATA);
}

int main(void)
{
	load_self();
	test_own_stack();
	test_cut_stacks();
	test_expressions();
	ptm_spaces_free(spaces);
	ptm_images_free(&images);
	ptm_strings_free(&strings);
	return check_report("unwind");
}
