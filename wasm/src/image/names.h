/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are no binaries but hold names or code of what ran: kallsyms of the
 * kernel, /tmp/perf-PID.map and jit-PID.dump of a process. */
#ifndef PTM_IMAGE_NAMES_H
#define PTM_IMAGE_NAMES_H

#include "image/jitdump.h"
#include "image/kernel.h"

/* A jitdump that was given. Its code is not mapped by the trace's records:
 * whoever lays out the maps reads its events. */
typedef struct ptm_jitdump {
	ptm_given file;
	ptm_jit_header header;
	uint32_t image;          /* row */
	uint32_t directory;      /* string id: where the traced process had it, with its slash; "" unknown */
} ptm_jitdump;

/* Offers a file as ptm_images_offer does, if it is one of these: stores whether it is. */
ptm_status ptm_names_offer(ptm_images *images, ptm_source *reader, const char *path, bool *is_names, uint32_t *served, ptm_message *message) PTM_MUST_CHECK;

/* What perf takes the code of memory that no file backs to be named by:
 * /tmp/perf-PID.map, for maps called so; else the name itself. String ids. */
ptm_status ptm_names_of_memory(ptm_images *images, uint32_t name, int32_t pid, uint32_t *file, bool *is_memory) PTM_MUST_CHECK;

#endif
