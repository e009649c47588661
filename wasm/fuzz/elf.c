/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes everything that reads a binary: offering it, code, symbols, lines. 
 * Build with clang, -fsanitize=fuzzer,address,undefined -std=gnu11 -Iinclude -Isrc,
 * this file and all of src/base and src/image; begin the corpus with small
 * binaries that hold debug information. */
#include "image/address_space.h"
#include "image/function_files.h"
#include "image/lines.h"
#include "image/symbols.h"

/* The file is source 0; the second half of it, as a file with split units and then as a separate debug file, source 1. */
static const uint8_t *input;
static size_t input_size;

int32_t ptm_host_read(uint32_t source, uint64_t offset, void *into, uint32_t length)
{
	if (source)
		offset += input_size / 2;
	if (offset >= input_size)
		return 0;
	if (length > input_size - offset)
		length = (uint32_t)(input_size - offset);
	memcpy(into, input + offset, length);
	return (int32_t)length;
}

/* Asks about addresses all over what the file says it loads. */
static void ask(ptm_images *images, ptm_spaces *spaces, uint32_t image)
{
	const ptm_image *loaded = &images->images.at[image];
	uint32_t loads = loaded->loads.length < 8 ? loaded->loads.length : 8;
	for (uint32_t i = 0; i < loads; i++) {
		ptm_load load = loaded->loads.at[i];
		ptm_map map = { 0x10000, 0x10000 + load.file_size % 0x100000, load.file_offset, image, 0 };
		if (ptm_spaces_map(spaces, i, 1, &map) != PTM_OK)
			return;
		uint32_t space = ptm_spaces_at(spaces, 1, i);
		for (uint64_t ip = map.start; ip < map.end; ip += map.end / 61 % 251 + 1) {
			uint8_t code[15];
			uint32_t length = 15, file, line, inlined[4], depth = 4;
			uint64_t offset;
			const ptm_map *found;
			(void)!ptm_spaces_code(spaces, space, ip, code, &length, &found);
			(void)ptm_spaces_function_at(spaces, space, ip, &offset);
			(void)!ptm_image_line(images, image, ptm_image_address(loaded, load.file_offset + (ip - map.start)), &file, &line, inlined, &depth);
			ptm_code_frame frames[4];
			(void)!ptm_image_frames(images, image, ptm_image_address(loaded, load.file_offset + (ip - map.start)), true, frames, 4, &line);
			(void)!ptm_image_function_name(images, image, ptm_image_address(loaded, load.file_offset + (ip - map.start)), &file);
			bool known;
			(void)!ptm_image_function_file(images, image, ptm_image_address(loaded, load.file_offset + (ip - map.start)), &known, &file);
			if (ip - map.start > 20000)
				ip += 4096;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ptm_strings strings = { 0 };
	ptm_images images = { 0 };
	ptm_spaces *spaces = NULL;
	ptm_message message;
	uint32_t name, image, served;
	input = data;
	input_size = size;
	if (ptm_images_init(&images, &strings) == PTM_OK && ptm_spaces_new(&spaces, &images) == PTM_OK &&
	    ptm_strings_add(&strings, "a", 1, &name) == PTM_OK && ptm_images_want(&images, name, NULL, 0, &image) == PTM_OK &&
	    ptm_images_offer(&images, 0, size, "a", &served, &message) == PTM_OK) {
		ptm_image *loaded = &images.images.at[image];
		ask(&images, spaces, image);
		(void)!ptm_images_offer(&images, 1, size - size / 2, "a.dwo", &served, &message);
		ask(&images, spaces, image);
		ptm_symbols_free(loaded);
		ptm_lines_free(loaded);
		loaded->debug_source = 1;
		loaded->debug_size = size - size / 2;
		ask(&images, spaces, image);
	}
	ptm_spaces_free(spaces);
	ptm_images_free(&images);
	ptm_strings_free(&strings);
	return 0;
}
