/* SPDX-License-Identifier: Apache-2.0 */
#include "image/symbols.h"

void ptm_symbols_free(ptm_image *image)
{
	ptm_array_free(&image->symbols);
	image->symbols_read = false;
}

const ptm_symbol *ptm_image_symbol(ptm_images *images, uint32_t image, uint64_t address)
{
	(void)images, (void)image, (void)address;
	return NULL;
}
