/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols of an image, chosen and named as perf 6.1 does. See ptm_image_symbol. */
#ifndef PTM_IMAGE_SYMBOLS_H
#define PTM_IMAGE_SYMBOLS_H

#include "image/image.h"

void ptm_symbols_free(ptm_image *image);

#endif
