/* SPDX-License-Identifier: Apache-2.0 */
#include "image/lines.h"

void ptm_lines_free(ptm_image *image)
{
	image->lines = NULL;
}

ptm_status ptm_image_line(ptm_images *images, uint32_t image, uint64_t address, uint32_t *file, uint32_t *line, uint32_t *inlined, uint32_t *depth)
{
	(void)images, (void)image, (void)address, (void)inlined;
	*file = *line = *depth = 0;
	return PTM_OK;
}
