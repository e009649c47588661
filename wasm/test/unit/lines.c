/* SPDX-License-Identifier: Apache-2.0 */
/* Source lines and inlined functions, read from this very program.
 * test/oracle/lines.mjs compares other compilers and versions of DWARF. */
#include "../../cli/host.h"
#include "check.h"
#include "image/image.h"
#include <stdlib.h>

extern char __executable_start[], here_plain[], here_inlined[];

static ptm_strings strings;
static ptm_images images;

enum { LINE_PLAIN = __LINE__ + 3, LINE_INLINED = __LINE__ + 9 };
static __attribute__((noinline)) int plain(int x)
{
	__asm__ volatile(".globl here_plain\nhere_plain: nop");
	return x + 1;
}

static inline __attribute__((always_inline)) int innermost(int x)
{
	__asm__ volatile(".globl here_inlined\nhere_inlined: nop");
	return x * 3;
}

static inline __attribute__((always_inline)) int middle(int x)
{
	return innermost(x) + 1;
}

static __attribute__((noinline)) int outermost(int x)
{
	return middle(x) + 1;
}

static uint64_t own_address(const char *place)
{
	const ptm_load *first = &images.images.at[1].loads.at[0];
	return (uint64_t)(place - __executable_start) + first->address;
}

static const char *file_name(uint32_t file)
{
	const char *path = ptm_strings_get(&strings, file), *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static void a_line_is_found_by_address(void)
{
	uint32_t file, line, inlined[8], depth = 8;
	CHECK_EQ(ptm_image_line(&images, 1, own_address(here_plain), &file, &line, inlined, &depth), PTM_OK);
	CHECK_TEXT(file_name(file), "lines.c");
	CHECK(ptm_strings_get(&strings, file)[0] == '/');
	CHECK_EQ(line, LINE_PLAIN);
	CHECK_EQ(depth, 0);
}

static void inlined_functions_are_listed_outermost_first(void)
{
	uint32_t file, line, inlined[8], depth = 8;
	CHECK_EQ(ptm_image_line(&images, 1, own_address(here_inlined), &file, &line, inlined, &depth), PTM_OK);
	CHECK_TEXT(file_name(file), "lines.c");
	CHECK_EQ(line, LINE_INLINED);
	CHECK_EQ(depth, 2);
	CHECK_TEXT(ptm_strings_get(&strings, inlined[0]), "middle");
	CHECK_TEXT(ptm_strings_get(&strings, inlined[1]), "innermost");
	depth = 1;
	CHECK_EQ(ptm_image_line(&images, 1, own_address(here_inlined), &file, &line, inlined, &depth), PTM_OK);
	CHECK_EQ(depth, 1);
	CHECK_TEXT(ptm_strings_get(&strings, inlined[0]), "innermost");
}

static void functions_around_an_address_are_told_innermost_first(void)
{
	ptm_code_frame frames[8];
	uint32_t count;
	CHECK_EQ(ptm_image_frames(&images, 1, own_address(here_inlined), false, frames, 8, &count), PTM_OK);
	CHECK_EQ(count, 3);
	CHECK_TEXT(ptm_strings_get(&strings, frames[0].name), "innermost");
	CHECK_EQ(frames[0].line, LINE_INLINED);
	CHECK(frames[0].inlined);
	CHECK_TEXT(ptm_strings_get(&strings, frames[1].name), "middle");
	CHECK_EQ(frames[1].line, LINE_INLINED + 6);
	CHECK(frames[1].inlined);
	CHECK_TEXT(ptm_strings_get(&strings, frames[2].name), "outermost");
	CHECK_EQ(frames[2].line, LINE_INLINED + 11);
	CHECK_TEXT(file_name(frames[2].file), "lines.c");
	CHECK(!frames[2].inlined);
	CHECK_EQ(ptm_image_frames(&images, 1, own_address(here_plain), true, frames, 8, &count), PTM_OK);
	CHECK_EQ(count, 1);
	CHECK_TEXT(ptm_strings_get(&strings, frames[0].name), "plain");
	CHECK_EQ(frames[0].line, LINE_PLAIN);
	CHECK(!frames[0].by_symbol); /* C: the plain name is the linker's */
	CHECK_EQ(ptm_image_frames(&images, 1, own_address(here_inlined), false, frames, 2, &count), PTM_OK);
	CHECK_EQ(count, 2);
	CHECK_EQ(ptm_image_frames(&images, 1, 0x10, true, frames, 8, &count), PTM_OK);
	CHECK_EQ(count, 0);
}

static void what_is_not_known_is_zero(void)
{
	uint32_t file, line, inlined[8], depth = 8;
	CHECK_EQ(ptm_image_line(&images, 1, 0x10, &file, &line, inlined, &depth), PTM_OK);
	CHECK_EQ(file + line + depth, 0);
	depth = 8;
	CHECK_EQ(ptm_image_line(&images, 1, UINT64_MAX, &file, &line, inlined, &depth), PTM_OK);
	CHECK_EQ(file + line + depth, 0);
	depth = 8;
	CHECK_EQ(ptm_image_line(&images, 0, own_address(here_plain), &file, &line, inlined, &depth), PTM_OK);
	CHECK_EQ(file + line + depth, 0);
}

int main(int count, char **arguments)
{
	uint32_t name, image, source, served;
	uint64_t size;
	ptm_message message;
	(void)arguments;
	CHECK_EQ(plain(outermost(count)), 3 * count + 3);
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_strings_add(&strings, "exe", 3, &name), PTM_OK);
	CHECK_EQ(ptm_images_want(&images, name, NULL, 0, &image), PTM_OK);
	CHECK(ptm_host_open("/proc/self/exe", &source, &size));
	CHECK_EQ(ptm_images_offer(&images, source, size, "exe", &served, &message), PTM_OK);
	a_line_is_found_by_address();
	inlined_functions_are_listed_outermost_first();
	functions_around_an_address_are_told_innermost_first();
	what_is_not_known_is_zero();
	ptm_images_free(&images);
	ptm_strings_free(&strings);
	return check_report("lines");
}
