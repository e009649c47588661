/* SPDX-License-Identifier: Apache-2.0 */
#include "image/code.h"
#include "image/elf.h"

#define CHUNK 65536u

/* Chunk i holds the bytes from i * CHUNK on; NULL until asked for. */
struct ptm_code_chunks {
	uint32_t count;
	uint8_t *at[];
};

void ptm_code_free(ptm_image *image)
{
	for (uint32_t i = 0; image->chunks && i < image->chunks->count; i++)
		free(image->chunks->at[i]);
	free(image->chunks);
	image->chunks = NULL;
}

static ptm_status read_chunk(ptm_image *image, uint32_t chunk, const uint8_t **at)
{
	if (!image->chunks) {
		uint64_t count = (image->source.size + CHUNK - 1) / CHUNK;
		if (count > UINT32_MAX / sizeof(uint8_t *) - 16)
			return PTM_NO_MEMORY;
		image->chunks = calloc(1, sizeof *image->chunks + (size_t)count * sizeof(uint8_t *));
		if (!image->chunks)
			return PTM_NO_MEMORY;
		image->chunks->count = (uint32_t)count;
	}
	uint8_t **held = &image->chunks->at[chunk];
	if (!*held) {
		uint32_t length = CHUNK;
		PTM_TRY(ptm_source_view_some(&image->source, (uint64_t)chunk * CHUNK, &length, at));
		uint8_t *copy = malloc(CHUNK);
		if (!copy)
			return PTM_NO_MEMORY;
		memcpy(copy, *at, length);
		*held = copy;
	}
	*at = *held;
	return PTM_OK;
}

ptm_status ptm_image_code(ptm_image *image, uint64_t file_offset, uint8_t *into, uint32_t *length)
{
	uint32_t wanted = *length < 15 ? *length : 15;
	*length = 0;
	if (image->status != PTM_IMAGE_LOADED || file_offset >= image->source.size)
		return PTM_NOT_FOUND;
	const ptm_load *load = ptm_load_at_offset(image->loads.at, image->loads.length, file_offset);
	if (!load)
		return PTM_NOT_FOUND;
	uint64_t end = ptm_load_page_end(load);
	if (end > image->source.size)
		end = image->source.size;
	if (wanted > end - file_offset)
		wanted = (uint32_t)(end - file_offset);
	while (*length < wanted) {
		const uint8_t *at;
		uint32_t within = (uint32_t)(file_offset % CHUNK), piece = CHUNK - within;
		PTM_TRY(read_chunk(image, (uint32_t)(file_offset / CHUNK), &at));
		if (piece > wanted - *length)
			piece = wanted - *length;
		memcpy(into + *length, at + within, piece);
		*length += piece;
		file_offset += piece;
	}
	return PTM_OK;
}

uint64_t ptm_image_address(const ptm_image *image, uint64_t file_offset)
{
	const ptm_load *load = ptm_load_at_offset(image->loads.at, image->loads.length, file_offset);
	return load ? file_offset - load->file_offset + load->address : file_offset;
}
