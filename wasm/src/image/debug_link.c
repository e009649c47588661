/* SPDX-License-Identifier: Apache-2.0 */
#include "image/debug_link.h"
#include "base/bytes.h"

#define MOST_NAME 4096u
#define WINDOW (1u << 20)

ptm_status ptm_debug_link_read(const ptm_elf *elf, ptm_source *source, ptm_strings *strings, uint32_t *name, uint32_t *crc)
{
	const ptm_elf_section *section = ptm_elf_section_named(elf, source, ".gnu_debuglink");
	const uint8_t *at;

	*name = *crc = 0;
	if (!section || section->type == PTM_SECTION_NOBITS || section->size > MOST_NAME)
		return PTM_OK;
	uint32_t size = (uint32_t)section->size;
	if (ptm_source_view(source, section->offset, size, &at) != PTM_OK)
		return PTM_OK;
	/* The name, padded to four bytes, then the checksum. */
	uint32_t length = (uint32_t)strnlen((const char *)at, size), place = (length + 4) & ~3u;
	if (!length || place + 4 > size)
		return PTM_OK;
	ptm_bytes bytes = ptm_bytes_of(at + place, 4);
	*crc = ptm_bytes_u32(&bytes);
	return ptm_strings_add(strings, (const char *)at, length, name);
}

static void fill_table(uint32_t table[256])
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t value = byte;
		for (int bit = 0; bit < 8; bit++)
			value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
		table[byte] = value;
	}
}

/* CRC-32 as in zip and gzip. False when the file cannot be read to its end. */
static bool checksum(uint32_t source, uint64_t size, uint32_t *sum)
{
	uint32_t table[256], crc = UINT32_MAX;
	ptm_source reader;
	bool read = true;

	fill_table(table);
	ptm_source_init(&reader, source, size, WINDOW);
	for (uint64_t done = 0; done < size && read;) {
		uint32_t piece = size - done < WINDOW ? (uint32_t)(size - done) : WINDOW;
		const uint8_t *at;
		read = ptm_source_view(&reader, done, piece, &at) == PTM_OK;
		for (uint32_t i = 0; read && i < piece; i++)
			crc = table[(crc ^ at[i]) & 255] ^ crc >> 8;
		done += piece;
	}
	ptm_source_free(&reader);
	*sum = ~crc;
	return read;
}

bool ptm_debug_link_fits(const char *name, uint32_t crc, uint32_t source, uint64_t size, const char *path)
{
	size_t length = strlen(path), wanted = strlen(name);
	uint32_t sum;

	if (length < wanted || strcmp(path + length - wanted, name) || (length > wanted && path[length - wanted - 1] != '/' && path[length - wanted - 1] != '\\'))
		return false;
	return checksum(source, size, &sum) && sum == crc;
}
