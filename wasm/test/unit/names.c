/* SPDX-License-Identifier: Apache-2.0 */
/* Names that are in no ELF file: which one an address finds, and what is said of
 * files that are of no use. What is wanted here was seen from perf 6.1. */
#include "check.h"
#include "elf_file.h"
#include "image/address_space.h"
#include "image/kernel.h"
#include "image/names.h"

static ptm_strings strings;
static ptm_images images;
static ptm_message message;

static void begin(void)
{
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
}

static void end(void)
{
	ptm_images_free(&images);
	ptm_strings_free(&strings);
}

static ptm_status offer(const char *path, const char *text)
{
	static elf_file file;
	uint32_t served;
	file.size = (uint32_t)strlen(text);
	memcpy(file.bytes, text, file.size);
	elf_file_publish(&file);
	return ptm_images_offer(&images, file.source, file.size, path, &served, &message);
}

static uint32_t want(const char *path)
{
	uint32_t name, image;
	CHECK_EQ(ptm_strings_add(&strings, path, strlen(path), &name), PTM_OK);
	CHECK_EQ(ptm_images_want(&images, name, NULL, 0, &image), PTM_OK);
	return image;
}

static uint32_t want_kernel(uint64_t start, uint64_t reference)
{
	uint32_t name, image, dso;
	CHECK_EQ(ptm_strings_add(&strings, "[kernel.kallsyms]_text", 22, &name), PTM_OK);
	CHECK_EQ(ptm_kernel_want(&images, name, start, start + 0x1000000, reference, NULL, 0, &image, &dso), PTM_OK);
	CHECK_TEXT(ptm_strings_get(&strings, dso), "[kernel.kallsyms]");
	return image;
}

static const char *name_at(uint32_t image, uint64_t address)
{
	const ptm_symbol *symbol = ptm_image_symbol(&images, image, address);
	return symbol ? ptm_strings_get(&strings, symbol->name) : "";
}

static void perf_map_names_the_memory_of_its_process(void)
{
	begin();
	uint32_t image = want("/tmp/perf-7.map");
	CHECK_EQ(offer("/home/me/perf-8.map", "100 10 name\n"), PTM_NOT_FOUND);
	CHECK_TEXT(message.text, "/home/me/perf-8.map is not needed: process 8 ran no code outside of files in this trace.");
	CHECK_EQ(offer("perf-7.map", "no such line\n"), PTM_BAD_DATA);
	CHECK_EQ(offer("perf-7.map", "1000 10 first one\n0x1010 0x8 second\n1000 10 again\nzz\n2000 4 ab\n \t3000   10 spaced\n"), PTM_OK);
	CHECK_TEXT(name_at(image, 0x1000), "again"); /* of two at one place, what is higher in perf's tree */
	CHECK_TEXT(name_at(image, 0x1017), "second");
	CHECK_TEXT(name_at(image, 0x1018), "");
	CHECK_TEXT(name_at(image, 0x300f), "spaced");
	CHECK_TEXT(name_at(image, 0x2000), ""); /* perf takes no names of two letters */
	CHECK_EQ(offer("perf-7.map", "1000 100 around\n1040 10 within\n10f0 20 without_end"), PTM_OK);
	CHECK_TEXT(name_at(image, 0x1045), "within"); /* of two that overlap, what its tree meets first, */
	CHECK_TEXT(name_at(image, 0x1060), ""); /* and behind that it does not find the other */
	CHECK_TEXT(name_at(image, 0x1105), "without_en"); /* it cuts a line's end off even where there is none */
	end();
}

static void kallsyms_names_kernel_and_modules(void)
{
	begin();
	uint32_t image = want_kernel(0xffffffff81000000, 0xffffffff81000000);
	CHECK_EQ(offer("kallsyms", "ffffffff81000000 T _stext\nffffffff81000000 T _text\nffffffff81000010 t helper\nffffffff81000020 r table\n"
		"ffffffff81000030 W weak\nffffffffc0000000 t in_module\t[demo]\n"), PTM_OK);
	CHECK(images.maps_changed);
	CHECK_TEXT(name_at(image, 0xffffffff8100000f), "_text"); /* the last of several at one place has the size */
	CHECK_TEXT(name_at(image, 0xffffffff81000025), "helper"); /* data that cannot be written is not taken */
	CHECK_TEXT(name_at(image, 0xffffffff81001fff), "weak");   /* up to the page after its own before a module */
	CHECK_TEXT(name_at(image, 0xffffffff81002000), "");
	CHECK_TEXT(name_at(image, 0xffffffffc0000001), "in_module");
	end();
}

static void kallsyms_of_another_kernel_is_refused(void)
{
	begin();
	want_kernel(0xffffffff81000000, 0xffffffff81000000);
	CHECK_EQ(offer("k", "ffffffff82000000 T _text\n"), PTM_MISMATCH);
	CHECK_TEXT(message.text, "k has _text at ffffffff82000000, but the trace's kernel had it at ffffffff81000000: this is another kernel, or "
		"another boot of it. Use the copy made when the trace was recorded.");
	CHECK_EQ(offer("k", "ffffffff81000000 T _other\n"), PTM_MISMATCH);
	CHECK_EQ(offer("k", "0000000000000000 T _text\n"), PTM_BAD_DATA);
	end();
	begin();
	want_kernel(0, 0);
	CHECK_EQ(offer("k", "ffffffff81000000 T _text\n"), PTM_MISMATCH);
	CHECK_TEXT(message.text, "k cannot be checked: the recording does not say where its kernel was (kernel.kptr_restrict hid it). Record as "
		"root, or with sysctl kernel.kptr_restrict=0.");
	end();
	begin();
	CHECK_EQ(offer("k", "ffffffff81000000 T _text\n"), PTM_NOT_FOUND);
	end();
}

static void kernel_code_changes_with_pokes(void)
{
	ptm_spaces *spaces;
	ptm_map map = { .start = 0xffffffff81000000, .end = 0xffffffff81001000, .file_offset = 0xffffffff81000000 };
	const ptm_map *found;
	uint8_t code[15];
	uint32_t length = 15;
	begin();
	CHECK_EQ(ptm_spaces_new(&spaces, &images), PTM_OK);
	map.image = want_kernel(map.start, map.start);
	map.name = images.images.at[map.image].path;
	CHECK_EQ(ptm_spaces_map(spaces, 0, -1, &map), PTM_OK);
	CHECK_EQ(ptm_spaces_poke(spaces, 0, 10, map.start + 4, (const uint8_t *)"\x90\xc3", 2), PTM_OK);
	CHECK_EQ(ptm_spaces_poke(spaces, 0, 20, map.start + 5, (const uint8_t *)"\xcc", 1), PTM_OK);
	CHECK_EQ(ptm_spaces_settle(spaces), PTM_OK);
	uint32_t before = ptm_spaces_at(spaces, 1, 9), first = ptm_spaces_at(spaces, 1, 10), second = ptm_spaces_at(spaces, 1, 25);
	CHECK_EQ(ptm_spaces_code(spaces, before, map.start + 4, code, &length, &found), PTM_NOT_FOUND);
	length = 15;
	CHECK_EQ(ptm_spaces_code(spaces, first, map.start + 4, code, &length, &found), PTM_OK);
	CHECK_EQ(length, 2);
	CHECK_EQ(code[1], 0xc3);
	length = 15;
	CHECK_EQ(ptm_spaces_code(spaces, second, map.start + 4, code, &length, &found), PTM_OK);
	CHECK_EQ(code[1], 0xcc);
	CHECK(ptm_spaces_kernel_code_id(spaces, first, map.start) != ptm_spaces_kernel_code_id(spaces, second, map.start));
	CHECK_EQ(ptm_spaces_kernel_code_id(spaces, first, map.start + 0x10000), ptm_spaces_kernel_code_id(spaces, second, map.start + 0x10000));
	CHECK_EQ(ptm_spaces_at(spaces, 1, 30), second);
	ptm_spaces_free(spaces);
	end();
}

/* A map of the kernel of the guest that process `machine` runs. */
static void want_guest(ptm_spaces *spaces, int32_t machine, uint64_t start)
{
	ptm_map map = { .start = start, .end = start + 0x1000, .file_offset = start };
	uint32_t name;
	CHECK_EQ(ptm_strings_add(&strings, "[kernel.kallsyms]_text", 22, &name), PTM_OK);
	CHECK_EQ(ptm_kernel_want_guest(&images, machine, name, map.start, map.end, start, &map.image, &map.name), PTM_OK);
	CHECK_EQ(ptm_spaces_map_guest(spaces, ptm_kernel_of_guest(&images, machine), &map), PTM_OK);
}

static void kernels_of_guests_are_told_apart(void)
{
	const uint64_t start = 0xffffffff81000000;
	ptm_spaces *spaces;
	const ptm_map *found;
	uint8_t code[15];
	uint32_t length = 15;
	begin();
	CHECK_EQ(ptm_spaces_new(&spaces, &images), PTM_OK);
	want_guest(spaces, 77, start);
	want_guest(spaces, 87, start);
	uint32_t one = ptm_kernel_of_guest(&images, 77), other = ptm_kernel_of_guest(&images, 87);
	CHECK(one && other && one != other);
	CHECK_EQ(ptm_kernel_of_guest(&images, 88), 0);
	CHECK_EQ(ptm_spaces_poke(spaces, other, 10, start + 4, (const uint8_t *)"\x90\xc3", 2), PTM_OK);
	CHECK_EQ(ptm_spaces_settle(spaces), PTM_OK);
	uint32_t first = ptm_spaces_as_guest(spaces, 0, one, 25), second = ptm_spaces_as_guest(spaces, 0, other, 25), before = ptm_spaces_as_guest(spaces, 0, other, 9);
	CHECK_EQ(ptm_spaces_code(spaces, first, start + 4, code, &length, &found), PTM_NOT_FOUND);
	CHECK_TEXT(ptm_strings_get(&strings, found->name), "[guest.kernel.kallsyms.77]");
	length = 15;
	CHECK_EQ(ptm_spaces_code(spaces, before, start + 4, code, &length, &found), PTM_NOT_FOUND);
	length = 15;
	CHECK_EQ(ptm_spaces_code(spaces, second, start + 4, code, &length, &found), PTM_OK);
	CHECK_EQ(code[1], 0xc3);
	CHECK_TEXT(ptm_strings_get(&strings, found->name), "[guest.kernel.kallsyms.87]");
	const uint32_t ids[] = { ptm_spaces_kernel_code_id(spaces, first, start), ptm_spaces_kernel_code_id(spaces, second, start), ptm_spaces_kernel_code_id(spaces, before, start) };
	CHECK(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
	CHECK_EQ(ptm_spaces_of_code(spaces, ids[0]), first);
	CHECK_EQ(ptm_spaces_of_code(spaces, ids[1]), second);
	CHECK(ptm_spaces_find(spaces, ptm_spaces_as_guest(spaces, 0, 0, 25), start) == NULL);
	ptm_spaces_free(spaces);
	end();
}

static void a_kernel_that_two_guests_may_have_is_neithers(void)
{
	ptm_spaces *spaces;
	begin();
	CHECK_EQ(ptm_spaces_new(&spaces, &images), PTM_OK);
	want_guest(spaces, 77, 0xffffffff81000000);
	want_guest(spaces, 87, 0xffffffff81000000);
	want_guest(spaces, 97, 0xffffffff91000000);
	images.for_guest = PTM_ANY_GUEST;
	CHECK_EQ(offer("k", "ffffffff81000000 T _text\n"), PTM_MISMATCH);
	CHECK_TEXT(message.text, "k fits the kernels of two guests (of processes 77 and 87): say whose it is by its place in a folder, as DIR/77/proc/kallsyms (drop DIR, or ptarmigan --guestmount DIR).");
	CHECK_EQ(offer("k", "ffffffff91000000 T _text\n"), PTM_OK);
	CHECK(ptm_kernel_is_given(&images.guests.at[2]) && !ptm_kernel_is_given(&images.guests.at[0]));
	images.for_guest = 87;
	CHECK_EQ(offer("k", "ffffffff81000000 T _text\n"), PTM_OK);
	CHECK(ptm_kernel_is_given(&images.guests.at[1]) && !ptm_kernel_is_given(&images.guests.at[0]));
	images.for_guest = 0;
	CHECK_EQ(offer("[guest.kernel.kallsyms.77]", "ffffffff81000000 T _text\n"), PTM_OK);
	CHECK(ptm_kernel_is_given(&images.guests.at[0]));
	images.for_guest = 98;
	CHECK_EQ(offer("k", "ffffffff81000000 T _text\n"), PTM_NOT_FOUND);
	ptm_spaces_free(spaces);
	end();
}

int main(void)
{
	perf_map_names_the_memory_of_its_process();
	kallsyms_names_kernel_and_modules();
	kallsyms_of_another_kernel_is_refused();
	kernel_code_changes_with_pokes();
	kernels_of_guests_are_told_apart();
	a_kernel_that_two_guests_may_have_is_neithers();
	return check_report("names");
}
