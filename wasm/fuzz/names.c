/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what is read of files that are no user binaries: kallsyms, perf maps,
 * jitdumps, vmlinux and core files, kernel modules, in a trace whose kernel some of them fit. The
 * first byte chooses the name the file is offered under, and whose it is: the host's, or one of
 * two guests'. Build as elf.c. */
#include "image/address_space.h"
#include "image/kernel.h"
#include "image/names.h"

static const uint8_t *input;
static size_t input_size;

int32_t ptm_host_read(uint32_t source, uint64_t offset, void *into, uint32_t length)
{
	(void)source;
	if (offset >= input_size)
		return 0;
	if (length > input_size - offset)
		length = (uint32_t)(input_size - offset);
	memcpy(into, input + offset, length);
	return (int32_t)length;
}

static ptm_status count(void *context, const ptm_jit_event *event)
{
	*(uint64_t *)context += event->size;
	return PTM_OK;
}

/* Asks about code and names around where things may be. */
static void ask(ptm_images *images, ptm_spaces *spaces)
{
	static const uint64_t places[] = { 0xffffffff9f000000u, 0xffffffffc0200000u, 0xffffffff81000000u, 0x7f0000000000, 0x100, 0 };
	for (uint32_t i = 0; i < sizeof places / sizeof *places; i++)
		for (uint64_t ip = places[i]; ip < places[i] + 300; ip += 7) {
			uint8_t code[15];
			uint32_t length = 15, space = ptm_spaces_at(spaces, 1, ip & 1023);
			if (ip & 1)
				space = ptm_spaces_as_guest(spaces, space, (uint32_t)(ip >> 1 & 3), ip & 1023);
			uint64_t offset;
			const ptm_map *map;
			(void)!ptm_spaces_code(spaces, space, ip, code, &length, &map);
			(void)ptm_spaces_function_at(spaces, space, ip, &offset);
			(void)ptm_spaces_kernel_code_id(spaces, space, ip);
			for (uint32_t image = 1; image < images->images.length; image++) {
				uint32_t file, line, inlined[4], depth = 4;
				(void)ptm_image_symbol(images, image, ip);
				(void)!ptm_image_line(images, image, ip, &file, &line, inlined, &depth);
			}
		}
}

/* A guest's kernel and module: of perf kvm (machine 0), or of its own recording. */
static ptm_status want_guest(ptm_images *images, ptm_spaces *spaces, int32_t machine)
{
	static const char *const maps[] = { "[kernel.kallsyms]_text", "[guest.kernel.kallsyms]_text", "[demo]" };
	for (uint32_t i = 0; i < 3; i++) {
		uint64_t start = i < 2 ? 0xffffffff9f000000u : 0xffffffffc0200000u;
		ptm_map map = { .start = start, .end = start + 0x10000, .file_offset = start };
		uint32_t name;
		PTM_TRY(ptm_strings_add(images->strings, maps[i], strlen(maps[i]), &name));
		PTM_TRY(ptm_kernel_want_guest(images, machine, name, map.start, map.end, start, &map.image, &map.name));
		if (map.image)
			PTM_TRY(ptm_spaces_map_guest(spaces, ptm_kernel_of_guest(images, machine), &map));
	}
	return ptm_spaces_poke(spaces, ptm_kernel_of_guest(images, machine), 6, 0xffffffff9f000005u, (const uint8_t *)"\x0f\x1f", 2);
}

static ptm_status want(ptm_images *images, ptm_spaces *spaces)
{
	ptm_map map = { .start = 0xffffffff9f000000u, .end = 0xffffffffa0000000u };
	uint32_t name, file;
	bool is_memory;
	PTM_TRY(ptm_strings_add(images->strings, "[kernel.kallsyms]_text", 22, &name));
	PTM_TRY(ptm_kernel_want(images, name, map.start, map.end, map.start, NULL, 0, &map.image, &map.name));
	map.file_offset = map.start;
	PTM_TRY(ptm_spaces_map(spaces, 0, -1, &map));
	PTM_TRY(ptm_strings_add(images->strings, "/lib/modules/demo.ko", 20, &name));
	map = (ptm_map){ .start = 0xffffffffc0200000u, .end = 0xffffffffc0202000u };
	PTM_TRY(ptm_kernel_want(images, name, map.start, map.end, 0, NULL, 0, &map.image, &map.name));
	map.file_offset = map.start;
	PTM_TRY(ptm_spaces_map(spaces, 0, -1, &map));
	PTM_TRY(ptm_strings_add(images->strings, "//anon", 6, &name));
	PTM_TRY(ptm_names_of_memory(images, name, 1, &file, &is_memory));
	map = (ptm_map){ 0x7f0000000000, 0x7f0000010000, 0x7f0000000000, 0, file };
	PTM_TRY(ptm_images_want(images, file, NULL, 0, &map.image));
	PTM_TRY(ptm_spaces_map(spaces, 1, 1, &map));
	PTM_TRY(ptm_spaces_poke(spaces, 0, 5, 0xffffffff9f000003u, (const uint8_t *)"\x90\xc3", 2));
	PTM_TRY(want_guest(images, spaces, 0));
	return want_guest(images, spaces, 77);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int32_t machines[] = { 0, PTM_ANY_GUEST, 77 };
	static const char *const paths[] = { "kallsyms", "perf-1.map", "jit-1.dump", "vmlinux", "kcore", "demo.ko" };
	ptm_strings strings = { 0 };
	ptm_images images = { 0 };
	ptm_spaces *spaces = NULL;
	ptm_message message;
	uint32_t served;
	uint64_t bytes = 0;
	if (!size)
		return 0;
	input = data + 1;
	input_size = size - 1;
	if (ptm_images_init(&images, &strings) == PTM_OK && ptm_spaces_new(&spaces, &images) == PTM_OK && want(&images, spaces) == PTM_OK &&
	    (images.for_guest = machines[data[0] / 6 % 3], true) && ptm_images_offer(&images, 0, input_size, paths[data[0] % 6], &served, &message) == PTM_OK && ptm_spaces_settle(spaces) == PTM_OK) {
		for (uint32_t i = 0; i < images.jitdumps.length; i++) {
			ptm_source source;
			ptm_source_init(&source, 0, input_size, 4096);
			(void)!ptm_jitdump_read(&source, "", count, &bytes, &message);
			ptm_source_free(&source);
		}
		ask(&images, spaces);
	}
	ptm_spaces_free(spaces);
	ptm_images_free(&images);
	ptm_strings_free(&strings);
	return 0;
}
