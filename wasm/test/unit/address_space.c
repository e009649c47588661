/* SPDX-License-Identifier: Apache-2.0 */
/* Maps over time: cutting, forks, execs, code ids. Spaces are printed as text:
 * start-end@offset=image, in order. */
#include "check.h"
#include "elf_file.h"
#include "image/address_space.h"

static ptm_strings strings;
static ptm_images images;
static ptm_spaces *spaces;
static char text[512];

static void begin(void)
{
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_spaces_new(&spaces, &images), PTM_OK);
	for (char name = 'a'; name <= 'd'; name++) {
		uint32_t id, image;
		CHECK_EQ(ptm_strings_add(&strings, &name, 1, &id), PTM_OK);
		CHECK_EQ(ptm_images_want(&images, id, NULL, 0, &image), PTM_OK);
	}
}

static void end(void)
{
	ptm_spaces_free(spaces);
	ptm_images_free(&images);
	ptm_strings_free(&strings);
}

static void map(uint64_t time, int32_t pid, uint64_t start, uint64_t end, uint64_t offset, char image)
{
	ptm_map map = { start, end, offset, (uint32_t)(image - 'a' + 1), 0 };
	CHECK_EQ(ptm_spaces_map(spaces, time, pid, &map), PTM_OK);
}

static const char *show(int32_t pid, uint64_t time)
{
	uint32_t space = ptm_spaces_at(spaces, pid, time);
	size_t length = 0;
	text[0] = 0;
	for (uint64_t ip = 0; ip < 0x1000; ip += 0x10) {
		const ptm_map *found = ptm_spaces_find(spaces, space, ip);
		if (found && found->start == ip)
			length += (size_t)snprintf(text + length, sizeof text - length, "%s%llx-%llx@%llx=%c", length ? " " : "",
						   (unsigned long long)found->start, (unsigned long long)found->end,
						   (unsigned long long)found->file_offset, 'a' + (int)found->image - 1);
	}
	return text;
}

static uint32_t code(int32_t pid, uint64_t time)
{
	return ptm_spaces_code_id(spaces, ptm_spaces_at(spaces, pid, time));
}

static void a_new_map_cuts_what_it_covers(void)
{
	begin();
	map(10, 1, 0x100, 0x500, 0x1000, 'a');
	map(20, 1, 0x200, 0x300, 0, 'b');
	map(30, 1, 0x280, 0x480, 0, 'c');
	map(40, 1, 0x000, 0x900, 0, 'd');
	CHECK_TEXT(show(1, 9), "");
	CHECK_TEXT(show(1, 10), "100-500@1000=a");
	CHECK_TEXT(show(1, 29), "100-200@1000=a 200-300@0=b 300-500@1200=a");
	CHECK_TEXT(show(1, 30), "100-200@1000=a 200-280@0=b 280-480@0=c 480-500@1380=a");
	CHECK_TEXT(show(1, UINT64_MAX), "0-900@0=d");
	CHECK_TEXT(show(2, 40), "");
	end();
}

static void code_ids_change_only_when_other_code_is_covered(void)
{
	begin();
	map(10, 1, 0x100, 0x200, 0, 'a');
	map(20, 1, 0x200, 0x300, 0, 'b');
	map(30, 1, 0x100, 0x200, 0, 'a');
	map(40, 1, 0x100, 0x180, 0, 'a');
	CHECK(code(1, 10) != code(1, 9));
	CHECK_EQ(code(1, 20), code(1, 10));
	CHECK_EQ(code(1, 40), code(1, 10));
	map(50, 1, 0x180, 0x200, 0, 'c');
	CHECK(code(1, 50) != code(1, 40));
	CHECK_TEXT(show(1, 50), "100-180@0=a 180-200@0=c 200-300@0=b");
	end();
}

static void a_child_parts_from_its_parent_when_they_map_other_code(void)
{
	begin();
	map(10, 1, 0x100, 0x200, 0, 'a');
	CHECK_EQ(ptm_spaces_fork(spaces, 20, 2, 1), PTM_OK);
	CHECK_EQ(ptm_spaces_at(spaces, 2, 20), ptm_spaces_at(spaces, 1, 20));
	CHECK_EQ(ptm_spaces_at(spaces, 2, 19), 0);
	map(30, 1, 0x300, 0x400, 0, 'b');
	map(31, 2, 0x300, 0x400, 0, 'b');
	CHECK_EQ(code(1, 31), code(2, 31));
	map(40, 1, 0x500, 0x600, 0, 'c');
	CHECK_TEXT(show(2, 40), "100-200@0=a 300-400@0=b");
	map(41, 2, 0x500, 0x600, 0, 'd');
	CHECK(code(1, 41) != code(2, 41));
	CHECK_EQ(code(1, 41), code(1, 10));
	CHECK_TEXT(show(2, 41), "100-200@0=a 300-400@0=b 500-600@0=d");
	CHECK_EQ(ptm_spaces_exec(spaces, 50, 2), PTM_OK);
	CHECK_TEXT(show(2, 50), "");
	map(51, 2, 0x100, 0x200, 0, 'b');
	CHECK(code(2, 51) != code(1, 51) && code(2, 51) != code(2, 41));
	CHECK_TEXT(show(1, 51), "100-200@0=a 300-400@0=b 500-600@0=c");
	end();
}

static void kernel_maps_are_in_every_space(void)
{
	begin();
	map(0, -1, 0x800, 0x900, 0, 'd');
	map(10, 1, 0x100, 0x200, 0, 'a');
	CHECK_TEXT(show(1, 10), "100-200@0=a 800-900@0=d");
	CHECK_TEXT(show(-1, 0), "800-900@0=d");
	CHECK_TEXT(show(7, 0), "800-900@0=d");
	end();
}

static void many_maps_stay_sorted_and_balanced(void)
{
	begin();
	uint64_t random = 1;
	static char wanted[0x1000];
	memset(wanted, 0, sizeof wanted);
	for (uint32_t i = 0; i < 20000; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		uint64_t start = random >> 40 & 0xfff, size = 1 + (random >> 20 & (i % 100 ? 7 : 255));
		uint64_t stop = start + size < 0x1000 ? start + size : 0x1000;
		map(i, 1, start, stop, start, (char)('a' + i % 4));
		memset(wanted + start, 1 + (int)(i % 4), stop - start);
	}
	uint32_t wrong = 0, space = ptm_spaces_at(spaces, 1, 20000);
	for (uint64_t ip = 0; ip < 0x1000; ip++) {
		const ptm_map *found = ptm_spaces_find(spaces, space, ip);
		wrong += (found ? found->image : 0) != (uint32_t)wanted[ip] || (found && found->file_offset + (ip - found->start) != ip);
	}
	CHECK_EQ(wrong, 0);
	end();
}

static void code_is_read_across_adjacent_maps(void)
{
	static elf_file file;
	ptm_message message;
	uint32_t served, length = 15;
	uint8_t bytes[15];
	const ptm_map *found;
	begin();
	elf_file_make(&file, 1, 20, 0x90, NULL, 0);
	elf_file_publish(&file);
	CHECK_EQ(ptm_images_offer(&images, file.source, file.size, "a", &served, &message), PTM_OK);
	map(10, 1, 0x10000, 0x10100, 0x1000, 'a');
	map(10, 1, 0x10100, 0x10104, 0x1400, 'a');
	map(10, 1, 0x10104, 0x20000, 0, 'b');
	uint32_t space = ptm_spaces_at(spaces, 1, 10);
	CHECK_EQ(ptm_spaces_code(spaces, space, 0x100fe, bytes, &length, &found), PTM_OK);
	CHECK_EQ(length, 6);
	length = 15;
	CHECK_EQ(ptm_spaces_code(spaces, space, 0x10104, bytes, &length, &found), PTM_NOT_FOUND);
	CHECK(found && found->image == 2);
	CHECK_EQ(ptm_spaces_code(spaces, space, 0x20000, bytes, &length, &found), PTM_NOT_FOUND);
	CHECK(!found);
	uint64_t offset;
	CHECK_EQ(ptm_spaces_function_at(spaces, space, 0x30000, &offset), 0);
	uint32_t a = ptm_spaces_function_at(spaces, space, 0x10010, &offset);
	CHECK_EQ(offset, 0x401010);
	uint32_t b = ptm_spaces_function_at(spaces, space, 0x10105, &offset);
	CHECK_EQ(offset, 1);
	CHECK_EQ(a, 1);
	CHECK_EQ(b, 2);
	CHECK_EQ(ptm_spaces_function_at(spaces, space, 0x10101, &offset), a);
	CHECK_EQ(ptm_spaces_function_count(spaces), 3);
	CHECK_EQ(ptm_spaces_function(spaces, b)->image, 2);
	end();
}

int main(void)
{
	a_new_map_cuts_what_it_covers();
	code_ids_change_only_when_other_code_is_covered();
	a_child_parts_from_its_parent_when_they_map_other_code();
	kernel_maps_are_in_every_space();
	many_maps_stay_sorted_and_balanced();
	code_is_read_across_adjacent_maps();
	return check_report("address_space");
}
