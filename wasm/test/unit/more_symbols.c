/* SPDX-License-Identifier: Apache-2.0 */
/* Names that a binary has and perf 6.1 does not read: MiniDebugInfo, and entries
 * of PLTs by the slots they jump through. What perf prints stays as it is. */
#include "check.h"
#include "elf_file.h"
#include "image/address_space.h"
#include "image/symbols.h"

static ptm_strings strings;
static ptm_images images;
static ptm_spaces *spaces;
static uint32_t space;
static elf_file file;

/* The file mapped at 0x1000, as it is at 0x401000. */
static void begin(void)
{
	ptm_map map = { 0x401000, 0x402000, 0x1000, 1, 0 };
	uint32_t name, image, served;
	ptm_message message;
	elf_file_publish(&file);
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_spaces_new(&spaces, &images), PTM_OK);
	CHECK_EQ(ptm_strings_add(&strings, "a", 1, &name), PTM_OK);
	CHECK_EQ(ptm_images_want(&images, name, NULL, 0, &image), PTM_OK);
	CHECK_EQ(ptm_images_offer(&images, file.source, file.size, "a", &served, &message), PTM_OK);
	map.name = name;
	CHECK_EQ(ptm_spaces_map(spaces, 0, 1, &map), PTM_OK);
	CHECK_EQ(ptm_spaces_settle(spaces), PTM_OK);
	space = ptm_spaces_at(spaces, 1, 0);
}

static void end(void)
{
	ptm_spaces_free(spaces);
	ptm_images_free(&images);
	ptm_strings_free(&strings);
}

/* "name+offset" of an address, for perf and for the views. */
static const char *names_at(uint64_t ip)
{
	static char text[256];
	uint64_t offset;
	const ptm_function *perf = ptm_spaces_function(spaces, ptm_spaces_perf_function_at(spaces, space, ip, &offset));
	size_t length = (size_t)snprintf(text, sizeof text, "%s / ", ptm_strings_get(&strings, perf->name));
	const ptm_function *ours = ptm_spaces_function(spaces, ptm_spaces_function_at(spaces, space, ip, &offset));
	if (ours->name)
		snprintf(text + length, sizeof text - length, "%s+%llu", ptm_strings_get(&strings, ours->name), (unsigned long long)offset);
	return text;
}

/* Writes an .xz file of plain chunks; returns its length. */
static uint32_t pack(const uint8_t *from, uint32_t length, uint8_t *into)
{
	static const uint8_t header[] = { 0xfd, '7', 'z', 'X', 'Z', 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x21, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
	uint8_t *at = into;
	memcpy(at, header, sizeof header);
	at[12] = 2; /* block header of 12 bytes */
	at += sizeof header;
	*at++ = 1;
	*at++ = (uint8_t)((length - 1) >> 8);
	*at++ = (uint8_t)(length - 1);
	memcpy(at, from, length);
	at += length;
	*at++ = 0;
	while ((at - into) & 3)
		*at++ = 0;
	uint8_t *index = at;
	*at++ = 0;
	*at++ = 1;
	*at++ = 1; /* packed size, not looked at */
	*at++ = (uint8_t)(length | 0x80);
	*at++ = (uint8_t)(length >> 7 | 0x80);
	*at++ = (uint8_t)(length >> 14);
	while ((at - index) & 3)
		*at++ = 0;
	memset(at, 0, 16);
	at[8] = (uint8_t)((at + 4 - index) / 4 - 1);
	at[14] = 'Y';
	at[15] = 'Z';
	return (uint32_t)(at + 16 - into);
}

static void names_of_mini_debug_info_are_told_where_perf_has_none(void)
{
	static elf_file inner;
	elf_file_make(&inner, 1, 20, 0, (elf_file_symbol[]){ { 0x401100, 0x10, "_ZL6hiddenv", STB_LOCAL, STT_FUNC, 1 },
			{ 0x401200, 0x40, "other", STB_LOCAL, STT_FUNC, 1 } }, 2);
	elf_file_make(&file, 1, 20, 0x90, (elf_file_symbol[]){ { 0x401220, 0x10, "known", STB_GLOBAL, STT_FUNC, 1 } }, 1);
	static const char names[] = "\0.text\0.data\0.symtab\0.strtab\0.shstrtab\0.gnu_debugdata";
	Elf64_Shdr *section = (Elf64_Shdr *)(file.bytes + 0x400);
	((Elf64_Ehdr *)file.bytes)->e_shnum = 7;
	memcpy(file.bytes + 0x300, names, sizeof names);
	section[5].sh_size = sizeof names;
	uint32_t length = pack(inner.bytes, inner.size < 16000 ? inner.size : 0, file.bytes + file.size);
	CHECK(file.size + length <= sizeof file.bytes);
	section[6] = (Elf64_Shdr){ .sh_name = 39, .sh_type = SHT_PROGBITS, .sh_offset = file.size, .sh_size = length };
	file.size += length;
	begin();
	CHECK_TEXT(names_at(0x401104), " / hidden+4");
	CHECK_TEXT(names_at(0x401110), " / ");
	CHECK_TEXT(names_at(0x401210), " / other+16");
	CHECK_TEXT(names_at(0x401221), "known / known+1");
	CHECK_TEXT(names_at(0x401230), " / other+48");
	end();
	file.bytes[section[6].sh_offset] = 0; /* no .xz file any more: as if it were not there */
	begin();
	CHECK_TEXT(names_at(0x401104), " / ");
	CHECK_TEXT(names_at(0x401221), "known / known+1");
	end();
}

/* As a bundle's file of an image has them (src/share/elf-image.ts). */
static void names_travel_in_a_table_of_their_own(void)
{
	static const char names[] = "\0.text\0.data\0.ptarmigan.symtab\0.strtab\0.shstrtab";
	elf_file_make(&file, 1, 20, 0x90, (elf_file_symbol[]){ { 0x401100, 0x10, "puts@plt", STB_GLOBAL, STT_FUNC, 1 } }, 1);
	Elf64_Shdr *section = (Elf64_Shdr *)(file.bytes + 0x400);
	memcpy(file.bytes + 0x300, names, sizeof names);
	section[4].sh_name = 31;
	section[5].sh_name = 39;
	section[5].sh_size = sizeof names;
	begin();
	CHECK_TEXT(names_at(0x401104), " / puts@plt+4");
	CHECK_TEXT(names_at(0x401110), " / ");
	end();
}

/* At `offset` in the file and 0x400000 above in memory: an entry that jumps through the slot at `slot`. */
static void put_entry(uint64_t offset, const char *before, uint64_t slot)
{
	uint8_t *at = file.bytes + offset;
	size_t length = strlen(before);
	memcpy(at, before, length);
	at[length] = 0xff;
	at[length + 1] = 0x25;
	int32_t distance = (int32_t)(slot - (0x400000 + offset + length + 6));
	memcpy(at + length + 2, &distance, 4);
}

static void plt_entries_are_named_by_the_slots_they_jump_through(void)
{
	static const char names[] = "\0.text\0.data\0.dynsym\0.strtab\0.shstrtab\0.plt.sec\0.rela.plt\0.plt.got";
	elf_file_make(&file, 1, 20, 0x90, (elf_file_symbol[]){ { 0, 0, "puts", STB_GLOBAL, STT_FUNC, 0 },
			{ 0, 0, "_ZdlPv", STB_GLOBAL, STT_FUNC, 0 }, { 0x401400, 4, "own", STB_GLOBAL, STT_FUNC, 1 } }, 3);
	Elf64_Shdr *section = (Elf64_Shdr *)(file.bytes + 0x400);
	Elf64_Rela *relocation = (Elf64_Rela *)(file.bytes + 0x700);
	memcpy(file.bytes + 0x300, names, sizeof names);
	((Elf64_Ehdr *)file.bytes)->e_shnum = 9;
	section[3].sh_type = SHT_DYNSYM;
	section[5].sh_size = sizeof names;
	section[6] = (Elf64_Shdr){ .sh_name = 39, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addr = 0x401200, .sh_offset = 0x1200, .sh_size = 0x30, .sh_entsize = 0x10 };
	section[7] = (Elf64_Shdr){ .sh_name = 48, .sh_type = SHT_RELA, .sh_offset = 0x700, .sh_size = 2 * sizeof(Elf64_Rela), .sh_link = 3, .sh_entsize = sizeof(Elf64_Rela) };
	section[8] = (Elf64_Shdr){ .sh_name = 58, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addr = 0x401300, .sh_offset = 0x1300, .sh_size = 8, .sh_entsize = 8 };
	relocation[0] = (Elf64_Rela){ .r_offset = 0x403900, .r_info = ELF64_R_INFO(2, R_X86_64_JUMP_SLOT) };
	relocation[1] = (Elf64_Rela){ .r_offset = 0x403908, .r_info = ELF64_R_INFO(1, R_X86_64_GLOB_DAT) };
	put_entry(0x1200, "\xf3\x0f\x1e\xfa\xf2", 0x403908);
	put_entry(0x1210, "\xf3\x0f\x1e\xfa", 0x403900);
	put_entry(0x1220, "", 0x403910); /* no relocation fills it */
	put_entry(0x1300, "", 0x403900);
	begin();
	CHECK_TEXT(names_at(0x401204), " / puts@plt+4");
	CHECK_TEXT(names_at(0x401210), " / operator delete@plt+0");
	CHECK_TEXT(names_at(0x401220), " / ");
	CHECK_TEXT(names_at(0x401307), " / operator delete@plt+7");
	CHECK_TEXT(names_at(0x401401), "own / own+1");
	end();
}

int main(void)
{
	names_of_mini_debug_info_are_told_where_perf_has_none();
	names_travel_in_a_table_of_their_own();
	plt_entries_are_named_by_the_slots_they_jump_through();
	return check_report("more_symbols");
}
