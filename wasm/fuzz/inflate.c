/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the zlib decoder: any bytes, into as much room as the first two say. */
#include "base/inflate.h"
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
	if (size < 2)
		return 0;
	size_t room = data[0] | (size_t)data[1] << 8;
	uint8_t *out = malloc(room ? room : 1);
	if (out)
		(void)!ptm_inflate(data + 2, size - 2, out, room);
	free(out);
	return 0;
}
