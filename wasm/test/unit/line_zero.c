/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of line 0 in a line table, as clang writes them for code of no line of its own. gas writes none of
 * .loc, so that the table stands here byte by byte; addr2line says the same of it. */
#include "made_images.h"

static const char SOURCE[] =
	".globl _start\n_start:\n.Lcode: nop; nop; nop; nop\n.Lend:\n"
	".section .debug_abbrev,\"\",@progbits\n.Labbrev: .byte 1, 0x11, 0, 0x3, 0x8, 0x1b, 0x8, 0x10, 0x17, 0x11, 0x1, 0x12, 0x7, 0, 0, 0\n"
	".section .debug_info,\"\",@progbits\n.long .Linfo_end - .Linfo\n.Linfo: .short 4\n.long .Labbrev\n.byte 8\n"
	".byte 1\n.asciz \"zero.c\"\n.asciz \"/made\"\n.long .Lline\n.quad .Lcode\n.quad .Lend - .Lcode\n.Linfo_end:\n"
	".section .debug_line,\"\",@progbits\n.Lline: .long .Lline_end - .Lbegin\n.Lbegin: .short 4\n.long .Lprogram - .Lheader\n"
	".Lheader: .byte 1, 1, 1, -5, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1\n.byte 0\n.asciz \"zero.c\"\n.byte 0, 0, 0, 0\n"
	".Lprogram: .byte 0, 9, 2\n.quad .Lcode\n"
	".byte 3, 6, 1\n"       /* line 7 */
	".byte 2, 1, 3, 0x79, 1\n" /* + 1: line 0 */
	".byte 2, 1, 3, 8, 1\n"    /* + 1: line 8 */
	".byte 2, 1, 3, 0x78, 1\n" /* + 1: line 0 */
	".byte 2, 1, 0, 1, 1\n.Lline_end:\n";

static void is_at(uint32_t image, uint64_t address, uint32_t line, bool has_file)
{
	uint32_t file, found, lineless_file, inlined[4], depth = 4;
	enum ptm_lineless what;

	CHECK_EQ(ptm_image_line(&images, image, address, &file, &found, inlined, &depth), PTM_OK);
	CHECK_EQ(found, line);
	CHECK_TEXT(file ? ptm_strings_get(&strings, file) : "", line ? "/made/zero.c" : "");
	CHECK_EQ(ptm_image_lineless(&images, image, address, &what, &lineless_file), PTM_OK);
	CHECK_EQ(what, has_file ? PTM_LINELESS_FILE : PTM_LINELESS_UNTOLD);
	CHECK_TEXT(has_file ? ptm_strings_get(&strings, lineless_file) : "", has_file ? "/made/zero.c" : "");
}

int main(void)
{
	char path[128];
	uint32_t name, image;

	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof path, "%s/zero.S", directory);
	FILE *file = fopen(path, "w");
	CHECK(file && fputs(SOURCE, file) >= 0 && !fclose(file));
	run("gcc -nostdlib -static -Wl,-Ttext=0x40%s zero.S -o zero", "1000");
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_strings_add(&strings, "zero", 4, &name), PTM_OK);
	CHECK_EQ(ptm_images_want(&images, name, NULL, 0, &image), PTM_OK);
	CHECK_EQ(offer("zero"), PTM_OK);
	is_at(image, 0x401000, 7, false);
	is_at(image, 0x401001, 0, true);
	is_at(image, 0x401002, 8, false);
	is_at(image, 0x401003, 0, true);
	is_at(image, 0x401004, 0, false);
	run("rm -rf \"$PWD\"", "");
	ptm_images_free(&images);
	ptm_strings_free(&strings);
	return check_report("line_zero");
}
