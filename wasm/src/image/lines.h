/* SPDX-License-Identifier: Apache-2.0 */
/* Source lines and inlined functions of an image. See ptm_image_line. */
#ifndef PTM_IMAGE_LINES_H
#define PTM_IMAGE_LINES_H

#include "image/image.h"

void ptm_lines_free(ptm_image *image);

/* A file with the split unit of this id is given: sets `wanted` if the image has its skeleton, which is read anew then. */
ptm_status ptm_image_take_split(ptm_images *images, uint32_t image, uint64_t id, bool *wanted) PTM_MUST_CHECK;

#endif
