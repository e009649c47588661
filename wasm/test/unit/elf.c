/* SPDX-License-Identifier: Apache-2.0 */
/* Which file is taken for which image, and the code read from it. */
#include "check.h"
#include "elf_file.h"
#include "image/image.h"

static ptm_strings strings;
static ptm_images images;
static ptm_message message;
static uint32_t served;

static uint32_t want(const char *path, uint8_t id, uint32_t id_length)
{
	uint8_t build_id[20];
	uint32_t name, image;
	memset(build_id, id, sizeof build_id);
	CHECK_EQ(ptm_strings_add(&strings, path, strlen(path), &name), PTM_OK);
	CHECK_EQ(ptm_images_want(&images, name, build_id, id_length, &image), PTM_OK);
	return image;
}

static ptm_status offer(uint8_t id, uint32_t id_length, const char *path)
{
	static elf_file file;
	elf_file_make(&file, id, id_length, id, NULL, 0);
	elf_file_publish(&file);
	return ptm_images_offer(&images, file.source, file.size, path, &served, &message);
}

static void begin(void)
{
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
}

static void end(void)
{
	ptm_images_free(&images);
	ptm_strings_free(&strings);
}

static void images_are_found_by_build_id_whatever_their_name(void)
{
	begin();
	uint32_t a = want("/usr/lib/liba.so", 0xaa, 20), b = want("/opt/copy-of-a.so", 0xaa, 20), c = want("/usr/lib/libc.so", 0xcc, 16);
	CHECK_EQ(offer(0xaa, 20, "renamed"), PTM_OK);
	CHECK_EQ(served, 2);
	CHECK_EQ(images.images.at[a].status, PTM_IMAGE_LOADED);
	CHECK_EQ(images.images.at[b].status, PTM_IMAGE_LOADED);
	CHECK_EQ(images.images.at[c].status, PTM_IMAGE_MISSING);
	CHECK_EQ(offer(0xcc, 16, "c"), PTM_OK);
	CHECK_EQ(served, 1);
	end();
}

/* What is left of a file without code looks like a binary when its sections are cut off. */
static void a_file_whose_sections_are_cut_off_gives_way_to_a_whole_one(void)
{
	static elf_file file;
	uint8_t byte;
	uint32_t length = 1;
	begin();
	uint32_t image = want("/bin/a", 0xaa, 20);
	for (int again = 0; again < 2; again++) {
		elf_file_make(&file, 0xaa, 20, 0x11, NULL, 0);
		((Elf64_Ehdr *)file.bytes)->e_shoff = 0x9000;
		elf_file_publish(&file);
		CHECK_EQ(ptm_images_offer(&images, file.source, file.size, "cut", &served, &message), again ? PTM_TRUNCATED : PTM_OK);
		CHECK_EQ(offer(0xaa, 20, "whole"), PTM_OK);
		CHECK_EQ(ptm_image_code(&images.images.at[image], 0x1000, &byte, &length), PTM_OK);
		CHECK_EQ(byte, 0xaa);
	}
	end();
}

static void of_one_build_at_two_paths_each_has_what_is_said_to_be_its(void)
{
	static const char *const paths[] = { "/a/x", "/b/x" };
	static elf_file file[2];
	uint8_t code[1];
	uint32_t image[2], guest, name, length;

	begin();
	images.for_guest = PTM_NO_GUEST;
	for (int i = 0; i < 2; i++)
		image[i] = want(paths[i], 0xaa, 20);
	CHECK_EQ(ptm_strings_add(&strings, paths[0], strlen(paths[0]), &name), PTM_OK);
	CHECK_EQ(ptm_images_want_of(&images, 77, name, NULL, 0, &guest), PTM_OK);
	for (int i = 0; i < 2; i++) {
		elf_file_make(&file[i], 0xaa, 20, (uint8_t)(0x90 + i), NULL, 0);
		elf_file_publish(&file[i]);
		CHECK_EQ(ptm_images_offer(&images, file[i].source, file[i].size, paths[i], &served, &message), PTM_OK);
	}
	for (int i = 0; i < 2; i++) {
		length = 1;
		CHECK_EQ(ptm_image_code(&images.images.at[image[i]], 0x1000, code, &length), PTM_OK);
		CHECK_EQ(code[0], 0x90 + i);
	}
	CHECK_EQ(images.images.at[guest].status, PTM_IMAGE_MISSING);
	images.for_guest = 0;
	CHECK_EQ(ptm_images_offer(&images, file[0].source, file[0].size, paths[0], &served, &message), PTM_OK);
	CHECK_EQ(images.images.at[guest].status, PTM_IMAGE_LOADED);
	images.for_guest = 77;
	CHECK_EQ(ptm_images_offer(&images, file[1].source, file[1].size, paths[0], &served, &message), PTM_OK);
	length = 1;
	CHECK_EQ(ptm_image_code(&images.images.at[guest], 0x1000, code, &length), PTM_OK);
	CHECK_EQ(code[0], 0x91);
	end();
}

static void another_build_is_refused_by_name(void)
{
	begin();
	uint32_t image = want("/usr/lib/liba.so", 0xaa, 4);
	CHECK_EQ(offer(0xbb, 4, "symfs/usr/lib/liba.so"), PTM_MISMATCH);
	CHECK_TEXT(message.text, "symfs/usr/lib/liba.so has build-id bbbbbbbb, but the trace ran aaaaaaaa: this is another build. Use the "
				 "file from the traced machine.");
	CHECK_EQ(images.images.at[image].status, PTM_IMAGE_MISMATCHED);
	CHECK_TEXT(images.images.at[image].message.text, message.text);
	CHECK_EQ(offer(0, 0, "liba.so"), PTM_MISMATCH);
	CHECK_TEXT(message.text, "liba.so has no build-id, but the trace ran aaaaaaaa: this is another build. Use the file from the traced "
				 "machine.");
	CHECK_EQ(offer(0xaa, 4, "liba.so"), PTM_OK);
	CHECK_EQ(images.images.at[image].status, PTM_IMAGE_LOADED);
	CHECK_EQ(offer(0xbb, 4, "liba.so"), PTM_NOT_FOUND);
	CHECK_EQ(images.images.at[image].status, PTM_IMAGE_LOADED);
	end();
}

static void images_without_build_id_are_found_by_path(void)
{
	begin();
	uint32_t usr = want("/usr/lib/liba.so", 0, 0), opt = want("/opt/lib/liba.so (deleted)", 0, 0);
	CHECK_EQ(offer(0xaa, 20, "root/opt/lib/liba.so"), PTM_OK);
	CHECK_EQ(served, 1);
	CHECK_EQ(images.images.at[usr].status, PTM_IMAGE_MISSING);
	CHECK_EQ(images.images.at[opt].status, PTM_IMAGE_LOADED);
	CHECK_EQ(offer(0xbb, 20, "xliba.so"), PTM_NOT_FOUND);
	CHECK_TEXT(message.text, "xliba.so is not needed: nothing that the trace ran has its build-id or its name.");
	CHECK_EQ(offer(0xcc, 20, "liba.so"), PTM_OK);
	CHECK_EQ(served, 2);
	CHECK_EQ(images.images.at[usr].own_build_id[0], 0xcc);
	CHECK_EQ(images.images.at[opt].own_build_id[0], 0xaa);
	CHECK_EQ(offer(0xdd, 20, "root\\usr\\lib\\liba.so"), PTM_OK);
	CHECK_EQ(images.images.at[usr].own_build_id[0], 0xdd);
	end();
}

static void a_build_id_told_later_counts(void)
{
	begin();
	uint8_t id[20] = { 0xaa, 0xaa, 0xaa, 0xaa };
	uint32_t image = want("/usr/lib/liba.so", 0, 0), name = images.images.at[image].path;
	CHECK_EQ(offer(0xbb, 4, "liba.so"), PTM_OK);
	ptm_images_set_build_id(&images, 0, name, id, 20);
	CHECK_EQ(images.images.at[image].status, PTM_IMAGE_MISMATCHED);
	CHECK_EQ(offer(0xaa, 4, "x"), PTM_OK);
	CHECK_EQ(want("/usr/lib/liba.so", 0xaa, 4), image);
	CHECK_EQ(want("/usr/lib/liba.so", 0, 0), image);
	CHECK(want("/usr/lib/liba.so", 0xcc, 4) != image);
	end();
}

static void mappings_without_a_file_are_known(void)
{
	begin();
	CHECK(images.images.at[want("//anon", 0, 0)].is_anonymous);
	CHECK(images.images.at[want("[heap]", 0, 0)].is_anonymous);
	CHECK(images.images.at[want("/memfd:jit (deleted)", 0, 0)].is_anonymous);
	CHECK(!images.images.at[want("/usr/bin/memfd", 0, 0)].is_anonymous);
	CHECK(images.images.at[want("[kernel.kallsyms]_text", 0, 0)].is_kernel);
	CHECK(images.images.at[want("/lib/modules/6.1/kernel/fs/ext4.ko", 0, 0)].is_kernel);
	uint32_t vdso = want("[vdso]", 0xee, 20);
	CHECK(images.images.at[vdso].is_vdso && !images.images.at[vdso].is_anonymous);
	CHECK_EQ(offer(0xdd, 20, "x/vdso"), PTM_MISMATCH);
	CHECK_EQ(offer(0xee, 20, "x/vdso"), PTM_OK);
	end();
}

static void code_is_read_by_file_offset(void)
{
	uint8_t code[15];
	uint32_t length = 15;
	begin();
	ptm_image *image = &images.images.at[want("a", 0, 0)];
	CHECK_EQ(ptm_image_code(image, 0x1000, code, &length), PTM_NOT_FOUND);
	CHECK_EQ(offer(0x90, 20, "a"), PTM_OK);
	length = 15;
	CHECK_EQ(ptm_image_code(image, 0x17fb, code, &length), PTM_OK);
	CHECK_EQ(length, 15);
	CHECK_EQ(code[0], 0x90);
	CHECK_EQ(code[4], 0x90);
	CHECK_EQ(code[5], 0);
	length = 15;
	CHECK_EQ(ptm_image_code(image, 0x1ffa, code, &length), PTM_OK);
	CHECK_EQ(length, 6);
	length = 15;
	CHECK_EQ(ptm_image_code(image, 0x2000, code, &length), PTM_NOT_FOUND);
	CHECK_EQ(length, 0);
	CHECK_EQ(ptm_image_code(image, 0xfff, code, &length), PTM_NOT_FOUND);
	CHECK_EQ(ptm_image_code(image, UINT64_MAX, code, &length), PTM_NOT_FOUND);
	CHECK_EQ(ptm_image_address(image, 0x1234), 0x401234);
	end();
}

static ptm_status offer_changed(uint32_t offset, uint16_t value, uint32_t size)
{
	static elf_file file;
	elf_file_make(&file, 1, 20, 0x90, NULL, 0);
	memcpy(file.bytes + offset, &value, sizeof value);
	file.size = size ? size : file.size;
	elf_file_publish(&file);
	return ptm_images_offer(&images, file.source, file.size, "a", &served, &message);
}

static void what_is_no_x86_program_is_refused_with_a_reason(void)
{
	begin();
	want("a", 0, 0);
	CHECK_EQ(offer_changed(0, 0x4d5a, 0), PTM_BAD_DATA);
	CHECK_TEXT(message.text, "a is not an ELF file: it begins with 5a 4d 4c 46 instead of 7f 45 4c 46.");
	CHECK_EQ(offer_changed(18, 183, 0), PTM_UNSUPPORTED);
	CHECK_TEXT(message.text, "a is for another processor (ELF machine 183); only x86 code is read.");
	CHECK_EQ(offer_changed(0, 0x457f, 20), PTM_BAD_DATA);
	CHECK_TEXT(message.text, "a is not an ELF file: it has only 20 bytes.");
	CHECK_EQ(offer_changed(0, 0x457f, 100), PTM_TRUNCATED);
	CHECK_TEXT(message.text, "a is cut short: its 3 program headers at byte 64 are not all in its 100 bytes.");
	CHECK_EQ(offer_changed(0, 0x457f, 0x1001), PTM_TRUNCATED);
	CHECK_TEXT(message.text, "a is cut short: its code (2048 bytes at byte 4096) is not all in its 4097 bytes. Copy it again.");
	CHECK_EQ(offer_changed(56, 0, 0), PTM_UNSUPPORTED);
	CHECK_TEXT(message.text, "a holds no code that can be loaded (ELF type 2, no PT_LOAD).");
	CHECK_EQ(offer_changed(0x400 + 64 + 4, SHT_NOBITS, 0), PTM_NOT_FOUND);
	CHECK_TEXT(message.text, "a holds only debug information, no code, and nothing that the trace ran or that was given has its build-id or its checksum: "
				 "give the binary it was split from.");
	CHECK_EQ(images.images.at[1].status, PTM_IMAGE_MISSING);
	CHECK_EQ(offer_changed(60, 60000, 0), PTM_OK);
	end();
}

int main(void)
{
	images_are_found_by_build_id_whatever_their_name();
	of_one_build_at_two_paths_each_has_what_is_said_to_be_its();
	another_build_is_refused_by_name();
	images_without_build_id_are_found_by_path();
	a_file_whose_sections_are_cut_off_gives_way_to_a_whole_one();
	a_build_id_told_later_counts();
	mappings_without_a_file_are_known();
	code_is_read_by_file_offset();
	what_is_no_x86_program_is_refused_with_a_reason();
	return check_report("elf");
}
