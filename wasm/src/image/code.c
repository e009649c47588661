/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of an image's code by file offset. */
#include "image/elf.h"

/* The bytes at `file_offset`, up to `end` or the file's. */
static ptm_status copy(ptm_image *image, uint64_t file_offset, uint64_t end, uint8_t *into, uint32_t *length)
{
	uint32_t wanted = *length < PTM_CODE_BYTES ? *length : PTM_CODE_BYTES;
	*length = 0;
	if (end > image->source.size)
		end = image->source.size;
	if (wanted > end - file_offset)
		wanted = (uint32_t)(end - file_offset);
	while (*length < wanted) {
		const uint8_t *at;
		uint32_t piece;
		PTM_TRY(ptm_pages_view(&image->code, file_offset + *length, &at, &piece));
		if (piece > wanted - *length)
			piece = wanted - *length;
		memcpy(into + *length, at, piece);
		*length += piece;
	}
	return PTM_OK;
}

ptm_status ptm_image_code(ptm_image *image, uint64_t file_offset, uint8_t *into, uint32_t *length)
{
	bool is_there = image->status == PTM_IMAGE_LOADED && file_offset < image->source.size;
	const ptm_load *load = !is_there || image->is_flat ? NULL : ptm_load_at_offset(image->loads.at, image->loads.length, file_offset);

	if (is_there && (load || image->is_flat))
		return copy(image, file_offset, load ? ptm_load_page_end(load) : UINT64_MAX, into, length);
	*length = 0;
	return PTM_NOT_FOUND;
}

ptm_status ptm_image_bytes(ptm_image *image, uint64_t file_offset, uint8_t *into, uint32_t *length)
{
	if (image->status == PTM_IMAGE_LOADED && file_offset < image->source.size)
		return copy(image, file_offset, UINT64_MAX, into, length);
	*length = 0;
	return PTM_NOT_FOUND;
}

uint64_t ptm_image_address(const ptm_image *image, uint64_t file_offset)
{
	const ptm_load *load = ptm_load_at_offset(image->loads.at, image->loads.length, file_offset);
	return load ? file_offset - load->file_offset + load->address : file_offset;
}
