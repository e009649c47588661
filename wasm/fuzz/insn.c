/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer entry: the instruction decoder never reads past `available`, and
 * its answer for fewer bytes fits its answer for more.
 *   clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc fuzz/insn.c src/x86/insn.c -o fuzz_insn */
#include "x86/insn.h"
#include <stdlib.h>
#include <string.h>

/* Decodes the first `available` bytes of `data` from a block of exactly that size. */
static ptm_status decode_exactly(const uint8_t *data, uint32_t available, ptm_insn_mode mode, ptm_insn *insn)
{
	uint8_t *exact = malloc(available ? available : 1);
	if (!exact)
		abort();
	memcpy(exact, data, available);
	ptm_status status = ptm_insn_decode(exact, available, mode, insn);
	free(exact);
	return status;
}

static void check(bool promise)
{
	if (!promise)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t all = size > 40 ? 40 : (uint32_t)size;
	for (ptm_insn_mode mode = PTM_MODE_16; mode <= PTM_MODE_64; mode++) {
		ptm_insn whole = { 0 };
		ptm_status status = decode_exactly(data, all, mode, &whole);
		check(status == PTM_OK || status == PTM_BAD_DATA || (status == PTM_TRUNCATED && all < 15));
		check(status != PTM_OK || (whole.length >= 1 && whole.length <= 15 && whole.length <= all));
		for (uint32_t available = 0; available < all; available++) {
			ptm_insn part = { 0 };
			ptm_status shorter = decode_exactly(data, available, mode, &part);
			if (status == PTM_OK) {
				check(shorter == (available < whole.length ? PTM_TRUNCATED : PTM_OK));
				check(shorter != PTM_OK || !memcmp(&part, &whole, sizeof part));
			} else {
				check(shorter != PTM_OK);
				check(status == PTM_BAD_DATA || shorter == PTM_TRUNCATED);
			}
		}
	}
	return 0;
}
