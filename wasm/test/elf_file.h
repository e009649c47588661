/* SPDX-License-Identifier: Apache-2.0 */
/* Tiny ELF files for tests: one executable load at file offset 0x1000, a
 * build-id note, an optional symbol table. Written to temporary files, since
 * sources belong to the host. */
#ifndef PTM_TEST_ELF_FILE_H
#define PTM_TEST_ELF_FILE_H

#include "../cli/host.h"
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct elf_file {
	uint8_t bytes[32768];
	uint32_t size;
	uint32_t source;
} elf_file;

typedef struct elf_file_symbol {
	uint64_t address, size;
	const char *name;
	uint8_t binding, type;
	uint16_t section;        /* 1 is .text, 2 .data */
} elf_file_symbol;

/* Hands any bytes to the host. */
static inline void elf_file_publish(elf_file *file)
{
	char path[] = "/tmp/ptarmigan-test-XXXXXX";
	uint64_t size;
	int descriptor = mkstemp(path);
	if (descriptor < 0 || write(descriptor, file->bytes, file->size) != (ssize_t)file->size || close(descriptor) ||
	    !ptm_host_open(path, &file->source, &size))
		abort();
	unlink(path);
}

/* A 64-bit file: text at 0x401000 (file 0x1000 to 0x1800), data at 0x403800 (file
 * 0x1800), whose build-id is `id_length` bytes of `id`; the code is the byte
 * `fill` over and over. */
static inline void elf_file_make(elf_file *file, uint8_t id, uint32_t id_length, uint8_t fill, const elf_file_symbol *symbols,
				 uint32_t symbol_count)
{
	memset(file, 0, sizeof *file);
	Elf64_Ehdr *header = (Elf64_Ehdr *)file->bytes;
	memcpy(header->e_ident, "\177ELF\2\1\1", 7);
	header->e_type = ET_EXEC;
	header->e_machine = EM_X86_64;
	header->e_phoff = 64;
	header->e_phentsize = sizeof(Elf64_Phdr);
	header->e_phnum = 3;
	Elf64_Phdr *load = (Elf64_Phdr *)(file->bytes + 64);
	load[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 0x1000, .p_vaddr = 0x401000, .p_filesz = 0x800, .p_memsz = 0x800 };
	load[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 0x1800, .p_vaddr = 0x403800, .p_filesz = 0x100, .p_memsz = 0x400 };
	load[2] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = 0x200, .p_filesz = 16 + id_length };
	uint32_t note[] = { 4, id_length, 3, 0x00554e47 };
	memcpy(file->bytes + 0x200, note, sizeof note);
	memset(file->bytes + 0x210, id, id_length);
	memset(file->bytes + 0x1000, fill, 0x800);
	file->size = 0x2000;

	static const char names[] = "\0.text\0.data\0.symtab\0.strtab\0.shstrtab";
	header->e_shoff = 0x400;
	header->e_shentsize = sizeof(Elf64_Shdr);
	header->e_shnum = 6;
	header->e_shstrndx = 5;
	memcpy(file->bytes + 0x300, names, sizeof names);
	Elf64_Shdr *section = (Elf64_Shdr *)(file->bytes + 0x400);
	section[1] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addr = 0x401000, .sh_offset = 0x1000, .sh_size = 0x800 };
	section[2] = (Elf64_Shdr){ .sh_name = 7, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_WRITE, .sh_addr = 0x403800, .sh_offset = 0x1800, .sh_size = 0x100 };
	section[3] = (Elf64_Shdr){ .sh_name = 13, .sh_type = SHT_SYMTAB, .sh_offset = 0x2000, .sh_size = (symbol_count + 1) * sizeof(Elf64_Sym), .sh_link = 4, .sh_entsize = sizeof(Elf64_Sym) };
	Elf64_Sym *symbol = (Elf64_Sym *)(file->bytes + 0x2000);
	uint32_t text = 0x2000 + (symbol_count + 1) * (uint32_t)sizeof(Elf64_Sym), text_start = text++;
	for (uint32_t i = 0; i < symbol_count; i++) {
		size_t length = strlen(symbols[i].name);
		if (text + length + 1 > sizeof file->bytes)
			abort();
		symbol[i + 1] = (Elf64_Sym){ .st_name = length ? text - text_start : 0, .st_info = ELF64_ST_INFO(symbols[i].binding, symbols[i].type),
					     .st_shndx = symbols[i].section, .st_value = symbols[i].address, .st_size = symbols[i].size };
		memcpy(file->bytes + text, symbols[i].name, length + 1);
		text += (uint32_t)length + 1;
	}
	section[4] = (Elf64_Shdr){ .sh_name = 21, .sh_type = SHT_STRTAB, .sh_offset = text_start, .sh_size = text - text_start };
	section[5] = (Elf64_Shdr){ .sh_name = 29, .sh_type = SHT_STRTAB, .sh_offset = 0x300, .sh_size = sizeof names };
	file->size = text;
}

#endif
