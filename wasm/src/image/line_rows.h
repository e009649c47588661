/* SPDX-License-Identifier: Apache-2.0 */
/* Section .ptarmigan.lines, which an image out of a bundle has instead of DWARF:
 * source lines and inlined functions of the code it holds, row by row. */
#ifndef PTM_IMAGE_LINE_ROWS_H
#define PTM_IMAGE_LINE_ROWS_H

#include "image/image.h"

typedef struct ptm_line_rows {
	PTM_ARRAY(uint8_t) bytes;        /* the rows, as they are in the file */
	PTM_ARRAY(char) texts;           /* NUL-terminated, one after the other, and a NUL behind the last */
	uint32_t count;
} ptm_line_rows;

/* Reads the section of a loaded image. PTM_NOT_FOUND: it has none, or a damaged one. */
ptm_status ptm_line_rows_read(ptm_line_rows *rows, ptm_image *image) PTM_MUST_CHECK;
void ptm_line_rows_free(ptm_line_rows *rows);

/* What stands for a file in rows of no line where there is none (enum ptm_lineless), or one of an empty name. */
#define PTM_ROWS_EMPTY_NAME 0xfffffffdu
#define PTM_ROWS_FUNCTION 0xfffffffeu
#define PTM_ROWS_UNKNOWN 0xffffffffu

/* As ptm_image_lineless. */
ptm_status ptm_line_rows_lineless(const ptm_line_rows *rows, ptm_strings *strings, uint64_t address, enum ptm_lineless *what, uint32_t *file) PTM_MUST_CHECK;

/* As ptm_image_line; stores 0 where nothing is known of `address`. */
ptm_status ptm_line_rows_find(const ptm_line_rows *rows, ptm_strings *strings, uint64_t address, uint32_t *file, uint32_t *line, uint32_t *inlined, uint32_t *depth) PTM_MUST_CHECK;

#endif
