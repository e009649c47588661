/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes unwinding: any bytes as .eh_frame, any search table into it, any stack. */
#include "image/unwind.h"
#include <elf.h>

#define FRAMES 0x1000u   /* where .eh_frame is, in the file and its addresses */
#define HEADER 0x400u
#define ENTRIES 16u
#define STACK 64u

static uint8_t file[FRAMES + 16384];
static uint64_t file_size;

int32_t ptm_host_read(uint32_t source, uint64_t offset, void *into, uint32_t length)
{
	(void)source;
	if (offset >= file_size)
		return 0;
	if (length > file_size - offset)
		length = (uint32_t)(file_size - offset);
	memcpy(into, file + offset, length);
	return (int32_t)length;
}

/* A binary whose code is a page that the frames' first bytes stand in for. */
static void make_file(const uint8_t *data, size_t size)
{
	static const char names[] = "\0.eh_frame_hdr\0.eh_frame\0.names";
	Elf64_Ehdr *header = (Elf64_Ehdr *)file;

	memset(file, 0, FRAMES);
	*header = (Elf64_Ehdr){ .e_type = ET_DYN, .e_machine = EM_X86_64, .e_phoff = 64, .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
				.e_shoff = 0x200, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 4, .e_shstrndx = 3 };
	memcpy(header->e_ident, "\177ELF\2\1\1", 7);
	*(Elf64_Phdr *)(file + 64) = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = file_size, .p_memsz = file_size };
	Elf64_Shdr *section = (Elf64_Shdr *)(file + 0x200);
	section[1] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_addr = HEADER, .sh_offset = HEADER, .sh_size = 12 + ENTRIES * 8 };
	section[2] = (Elf64_Shdr){ .sh_name = 15, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_addr = FRAMES, .sh_offset = FRAMES, .sh_size = size };
	section[3] = (Elf64_Shdr){ .sh_name = 25, .sh_type = SHT_STRTAB, .sh_offset = 0x380, .sh_size = sizeof names };
	memcpy(file + 0x380, names, sizeof names);
	memcpy(file + HEADER, "\1\x1b\3\x3b\0\0\0\0\x10\0\0\0", 12);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		uint16_t word = 0;
		if (i * 2 + 2 <= size)
			memcpy(&word, data + i * 2, 2);
		int32_t pair[2] = { (int32_t)(i * 0x100 + 0x100 - HEADER), (int32_t)(FRAMES - HEADER + (size ? word % size : 0)) };
		memcpy(file + HEADER + 12 + i * 8, pair, sizeof pair);
	}
	memcpy(file + FRAMES, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ptm_strings strings = { 0 };
	ptm_images images = { 0 };
	ptm_spaces *spaces = NULL;
	ptm_message message;
	uint32_t name, image, served, count;
	uint64_t frames[64];

	if (size < STACK || size - STACK > sizeof file - FRAMES)
		return 0;
	ptm_unwind_start start = { .known = (1u << PTM_CFI_REGISTERS) - 1, .stack = data, .stack_size = STACK };
	memcpy(start.registers, data, STACK);
	size -= STACK;
	file_size = FRAMES + size;
	make_file(data + STACK, size);
	if (ptm_images_init(&images, &strings) == PTM_OK && ptm_spaces_new(&spaces, &images) == PTM_OK &&
	    ptm_strings_add(&strings, "a", 1, &name) == PTM_OK && ptm_images_want(&images, name, NULL, 0, &image) == PTM_OK &&
	    ptm_images_offer(&images, 0, file_size, "a", &served, &message) == PTM_OK) {
		ptm_map map = { 0, file_size, 0, image, name };
		if (ptm_spaces_map(spaces, 1, 1, &map) == PTM_OK) {
			start.space = ptm_spaces_at(spaces, 1, 1);
			for (uint64_t ip = 0; ip < 0x1200; ip += 0x55) {
				start.registers[PTM_CFI_RETURN] = ip;
				(void)!ptm_unwind(spaces, &start, frames, 64, &count);
			}
		}
	}
	ptm_spaces_free(spaces);
	ptm_images_free(&images);
	ptm_strings_free(&strings);
	return 0;
}
