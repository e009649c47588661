/* SPDX-License-Identifier: Apache-2.0 */
/* Source lines and inlined functions of an image. See ptm_image_line. */
#ifndef PTM_IMAGE_LINES_H
#define PTM_IMAGE_LINES_H

#include "image/image.h"

void ptm_lines_free(ptm_image *image);

#endif
