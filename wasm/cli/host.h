/* SPDX-License-Identifier: Apache-2.0 */
/* Files as host sources, for native programs: tests, benchmarks, fuzzers. */
#ifndef PTM_CLI_HOST_H
#define PTM_CLI_HOST_H

#include "ptarmigan.h"

/* Opens a regular file for ptm_host_read; stores its source number and size. */
bool ptm_host_open(const char *path, uint32_t *source, uint64_t *size);

/* Closes every file opened so far; their source numbers become invalid. */
void ptm_host_close_all(void);

#endif
