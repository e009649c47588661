/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the decoder of .xz files: any bytes, unpacked to 64 kB at most. */
#include "base/xz.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing here asks a host. */
int32_t ptm_host_read(uint32_t source, uint64_t offset, void *into, uint32_t length)
{
	(void)source, (void)offset, (void)into, (void)length;
	return -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *out;
	size_t length;
	(void)!ptm_xz(data, size, 65536, &out, &length);
	free(out);
	return 0;
}
