/* SPDX-License-Identifier: Apache-2.0 */
/* Names out of the file that dwz makes of what binaries share, of files that are
 * assembled for this test: .gnu_debugaltlink with a build-id and DW_FORM_GNU_ref_alt,
 * .debug_sup with a checksum and DW_FORM_ref_sup4. */
#include "made_images.h"

#define ID "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20"

/* FORM: of a reference into the other file; the unit has one function with one call inlined into it. */
static const char PROGRAM[] = ".file 1 \"a.c\"\n.globl main\nmain: .loc 1 1\nnop\nfirst: .loc 1 2\nnop\nlast: ret\nend:\n"
			      ".section .debug_abbrev,\"\",@progbits\n"
			      ".byte 1,0x11,1,0x10,0x17,0x11,1,0x12,6,0,0\n.byte 2,0x2e,1,0x11,1,0x12,6,3,8,0,0\n.byte 3,0x1d,0,0x31\n.uleb128 FORM\n.byte 0x11,1,0x12,6,0,0,0\n"
			      ".section .debug_info,\"\",@progbits\n.long 2f-1f\n1: .short 4\n.long .debug_abbrev\n.byte 8\n"
			      ".byte 1\n.long 0\n.quad main\n.long end-main\n.byte 2\n.quad main\n.long end-main\n.asciz \"main\"\n"
			      ".byte 3\n.long ORIGIN\n.quad first\n.long last-first\n.byte 0,0\n2:\n";
static const char ALTERNATE_LINK[] = ".section .gnu_debugaltlink,\"\",@progbits\n.asciz \"../shared.debug\"\n.byte " ID "\n";
static const char SUPPLEMENT_LINK[] = ".section .debug_sup,\"\",@progbits\n.short 5\n.byte 0\n.asciz \"../shared.debug\"\n.byte 20," ID "\n";
static const char SHARED[] = ".section .debug_abbrev,\"\",@progbits\n.byte 1,0x3c,1,0,0,2,0x2e,0,3,0xe,0,0,0\n"
			     ".section .debug_str,\"MS\",@progbits,1\nname: .asciz \"shared\"\n"
			     ".section .debug_info,\"\",@progbits\n.long 2f-1f\n1: .short 4\n.long .debug_abbrev\n.byte 8\n.byte 1\n.byte 2\n.long 0\n.byte 0\n2:\n";
static const char ALTERNATE_ID[] = ".section .note.gnu.build-id,\"a\",@note\n.long 4,20,3\n.asciz \"GNU\"\n.byte " ID "\n";
static const char SUPPLEMENT_ID[] = ".section .debug_sup,\"\",@progbits\n.short 5\n.byte 1,0,20," ID "\n";
enum { ORIGIN = 12 };            /* of the function in the shared file: behind the header and the unit's entry */

static void write_text(const char *name, const char *text, const char *more)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "w");
	CHECK(file && fputs(text, file) >= 0 && fputs(more, file) >= 0 && !fclose(file));
}

/* The function inlined behind main's first instruction; "": none has a name. */
static const char *inlined(void)
{
	uint32_t file, line, names[4], depth = 4;
	const ptm_image *image = &images.images.at[1];
	for (uint32_t i = 0; i < image->loads.length; i++)
		for (uint64_t at = image->loads.at[i].address; image->loads.at[i].executable && at < image->loads.at[i].address + image->loads.at[i].file_size; at++) {
			depth = 4;
			CHECK_EQ(ptm_image_line(&images, 1, at, &file, &line, names, &depth), PTM_OK);
			if (line == 2 && depth)
				return ptm_strings_get(&strings, names[0]);
		}
	return "";
}

static void names_are_found_in_the_shared_file(const char *form, const char *link, const char *id, char *other_id)
{
	char command[400];
	uint32_t name, image;
	write_text("program.s", PROGRAM, link);
	write_text("shared.s", SHARED, id);
	*strstr(other_id, "20\n") = '9'; /* the last byte is 90 */
	write_text("other.s", SHARED, other_id);
	snprintf(command, sizeof command, "sed -i 's/FORM/%s/; s/ORIGIN/%d/' program.s && gcc -nostdlib -no-pie -Wl,-e,main program.s -o program && "
		 "gcc -c shared.s -o shared.debug && mkdir -p other && gcc -c other.s -o other/shared.debug", form, ORIGIN);
	run("%s", command);
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_strings_add(&strings, "program", 7, &name), PTM_OK);
	CHECK_EQ(ptm_images_want(&images, name, NULL, 0, &image), PTM_OK);
	CHECK_EQ(offer("program"), PTM_OK);
	CHECK_TEXT(ptm_strings_get(&strings, images.images.at[1].alternate_name), "../shared.debug");
	CHECK_EQ(images.images.at[1].alternate_id_length, 20);
	CHECK_TEXT(inlined(), "");
	CHECK_EQ(offer("other/shared.debug"), PTM_MISMATCH);
	CHECK_TEXT(message.text, "other/shared.debug has the name of the file that program shares debug information in, but not its id: it is of another build.");
	CHECK_TEXT(inlined(), "");
	CHECK_EQ(offer("shared.debug"), PTM_OK);
	CHECK_TEXT(inlined(), "shared");
	/* Binaries may share nothing but strings. */
	write_text("strings.s", ".section .debug_str,\"MS\",@progbits,1\n.asciz \"int\"\n", id);
	run("gcc -c strings.s -o strings.debug", "");
	CHECK_EQ(offer("strings.debug"), PTM_OK);
	ptm_images_free(&images);
	ptm_strings_free(&strings);
	strings = (ptm_strings){ 0 };
}

int main(void)
{
	char alternate[sizeof ALTERNATE_ID], supplement[sizeof SUPPLEMENT_ID];
	if (!mkdtemp(directory))
		return 1;
	memcpy(alternate, ALTERNATE_ID, sizeof alternate);
	memcpy(supplement, SUPPLEMENT_ID, sizeof supplement);
	names_are_found_in_the_shared_file("0x1f20", ALTERNATE_LINK, ALTERNATE_ID, alternate);
	names_are_found_in_the_shared_file("0x1c", SUPPLEMENT_LINK, SUPPLEMENT_ID, supplement);
	run("rm -rf \"$PWD\"", "");
	return check_report("alternate");
}
