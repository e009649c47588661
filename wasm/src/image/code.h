/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of an image's code, kept in chunks once read: code is asked for in
 * small pieces all over the file, and a host's read costs a millisecond. */
#ifndef PTM_IMAGE_CODE_H
#define PTM_IMAGE_CODE_H

#include "image/image.h"

/* Frees the chunks of an image. */
void ptm_code_free(ptm_image *image);

#endif
