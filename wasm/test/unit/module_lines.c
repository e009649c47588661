/* SPDX-License-Identifier: Apache-2.0 */
/* Source lines of a kernel module out of its .ko file, whose debug information is
 * relocated for it. The module is built for this test; addr2line says the same of it. */
#include "made_images.h"
#include "image/kernel.h"

#define MODULE 0xffffffffc0200000u

static const char SOURCE[] = "static const char info[] __attribute__((section(\".modinfo\"), used)) = \"vermagic=6.1 SMP \";\n"
			     "extern int outside(int);\n"
			     "static inline __attribute__((always_inline)) int twice(int x)\n"
			     "{\n"
			     "\treturn outside(x) * 2;\n"
			     "}\n"
			     "__attribute__((section(\".init.text\"))) int init_module(void)\n"
			     "{\n"
			     "\treturn outside(7);\n"
			     "}\n"
			     "int demo_call(int x)\n"
			     "{\n"
			     "\treturn twice(x) + 1;\n"
			     "}\n";

/* Whether line `line` is told somewhere in the module's first bytes, with this function inlined ("": none). */
static bool tells(uint32_t image, uint32_t line, const char *function)
{
	for (uint64_t at = MODULE; at < MODULE + 64; at++) {
		uint32_t file, found, inlined[4], depth = 4;
		CHECK_EQ(ptm_image_line(&images, image, at, &file, &found, inlined, &depth), PTM_OK);
		if (found == line && !strcmp(depth ? ptm_strings_get(&strings, inlined[0]) : "", function))
			return true;
	}
	return false;
}

static void lines_count_from_the_modules_text(const char *version)
{
	uint32_t name, dso, kernel, image;
	run("gcc -g -gdwarf-%s -O2 -fno-pie -c demo.c -o demo.o && ld -r demo.o -o demo.ko", version);
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_strings_add(&strings, "[kernel.kallsyms]_text", 22, &name), PTM_OK);
	CHECK_EQ(ptm_kernel_want(&images, name, 0xffffffff9f000000u, 0xffffffffa0000000u, 0xffffffff9f000000u, NULL, 0, &kernel, &dso), PTM_OK);
	CHECK_EQ(ptm_strings_add(&strings, "/lib/modules/6.1/demo.ko", 24, &name), PTM_OK);
	CHECK_EQ(ptm_kernel_want(&images, name, MODULE, MODULE + 0x2000, 0, NULL, 0, &image, &dso), PTM_OK);
	CHECK(!tells(image, 5, "twice"));
	CHECK_EQ(offer("demo.ko"), PTM_OK);
	CHECK(tells(image, 5, "twice"));
	CHECK(tells(image, 13, ""));
	CHECK(!tells(image, 9, "")); /* .init.text is elsewhere */
	ptm_images_free(&images);
	ptm_strings_free(&strings);
	strings = (ptm_strings){ 0 };
}

int main(void)
{
	char path[128];
	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof path, "%s/demo.c", directory);
	FILE *file = fopen(path, "w");
	CHECK(file && fputs(SOURCE, file) >= 0 && !fclose(file));
	lines_count_from_the_modules_text("4");
	lines_count_from_the_modules_text("5");
	run("rm -rf \"$PWD\"", "");
	return check_report("module_lines");
}
