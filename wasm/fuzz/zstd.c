/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the Zstandard decoder: any bytes, fed in two pieces; a copy made on the
 * way goes on as the original does. */
#include "base/zstd.h"
#include <assert.h>
#include <string.h>

#define MOST_BLOCKS 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing here asks a host. */
int32_t ptm_host_read(uint32_t source, uint64_t offset, void *into, uint32_t length)
{
	(void)source, (void)offset, (void)into, (void)length;
	return -1;
}

static uint64_t digest(uint64_t sum, const uint8_t *at, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sum = (sum ^ at[i]) * 0x100000001b3u;
	return sum;
}

/* Decodes what is there and then what `data` still has. */
static uint64_t finish(ptm_zstd *zstd, const uint8_t *data, size_t size, ptm_status *status)
{
	const uint8_t *at;
	size_t length;
	uint64_t sum = 0;
	uint32_t blocks = 0;

	for (int turn = 0; turn < 2; turn++) {
		while (blocks++ < MOST_BLOCKS && (*status = ptm_zstd_next(zstd, &at, &length)) == PTM_OK) {
			assert(length && length <= 128 << 10);
			sum = digest(sum, at, length);
		}
		if (ptm_zstd_feed(zstd, data, turn ? 0 : size) != PTM_OK)
			*status = PTM_NO_MEMORY;
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ptm_zstd *zstd, *copy;
	const uint8_t *at;
	size_t length, cut = size ? data[0] * size / 256 : 0;
	ptm_status first = PTM_OK, second = PTM_OK;

	if (ptm_zstd_new(&zstd) != PTM_OK)
		return 0;
	if (ptm_zstd_feed(zstd, data, cut) == PTM_OK) {
		for (uint32_t blocks = 0; blocks < 4 && ptm_zstd_next(zstd, &at, &length) == PTM_OK; blocks++)
			;
		if (ptm_zstd_copy(zstd, &copy) == PTM_OK) {
			uint64_t one = finish(zstd, data + cut, size - cut, &first);
			uint64_t two = finish(copy, data + cut, size - cut, &second);
			assert(one == two && first == second);
			ptm_zstd_free(copy);
		}
	}
	ptm_zstd_free(zstd);
	return 0;
}
