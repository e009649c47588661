/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer entry: a sample of any layout and any bytes is decoded without
 * reading past its end, and what it hands out lies inside the record. */
#include "file/sample.h"
#include <stdlib.h>

static void check(bool promise)
{
	if (!promise)
		abort();
}

static void check_words(const ptm_words *words, const uint8_t *start, size_t size)
{
	check(!words->count || (words->at >= start && words->at + (size_t)words->count * 8 <= start + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ptm_bytes head = ptm_bytes_of(data, size);
	ptm_attr attr = { .sample_type = ptm_bytes_u32(&head) };
	attr.read_format = ptm_bytes_u8(&head);
	attr.branch_sample_type = ptm_bytes_u32(&head);
	attr.sample_regs_user = ptm_bytes_u16(&head);
	attr.sample_regs_intr = ptm_bytes_u16(&head);
	if (head.failed)
		return 0;
	size_t left = ptm_bytes_left(&head);
	if (left > 65535)
		left = 65535;
	uint8_t *exact = malloc(left ? left : 1);
	if (!exact)
		abort();
	memcpy(exact, head.at, left);
	ptm_sample sample;
	const char *field = NULL;
	ptm_status status = ptm_sample_decode(&attr, exact, (uint32_t)left, &sample, &field);
	check(status == PTM_OK || (status == PTM_BAD_DATA && field));
	if (status == PTM_OK) {
		volatile uint64_t sum = 0; /* reads every entry */
		check_words(&sample.read, exact, left);
		check_words(&sample.callchain, exact, left);
		check_words(&sample.branches, exact, left);
		check_words(&sample.user.words, exact, left);
		check_words(&sample.interrupted.words, exact, left);
		for (uint32_t i = 0; i < sample.branch_count; i++)
			sum += ptm_sample_branch(&sample, i).from;
		check(sample.stack_used <= sample.stack_size && sample.left <= left);
	}
	free(exact);
	return 0;
}
