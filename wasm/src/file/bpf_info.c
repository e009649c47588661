/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF_PROG_INFO feature: what the kernel told about each eBPF program
 * (struct bpf_prog_info of linux/bpf.h) with the arrays it points to, pointers
 * replaced by offsets. Of it we want the machine code of every function. */
#include "file/perf_data.h"

enum { ID = 4, CODE_SIZE = 16, CODE = 24, FUNCTION_COUNT = 104, LENGTH_COUNT = 108, FUNCTIONS = 112, LENGTHS = 120, INFO_LEAST = 128 };
#define NO_NUMBER UINT64_MAX

static uint64_t number_at(const uint8_t *info, uint32_t offset, uint32_t size)
{
	ptm_bytes bytes = ptm_bytes_of(info + offset, size);
	return size == 4 ? ptm_bytes_u32(&bytes) : ptm_bytes_u64(&bytes);
}

/* Element of an array in a program's data; NO_NUMBER outside of it. */
static uint64_t element(const uint8_t *data, uint32_t data_size, uint64_t array, uint32_t index, uint32_t size)
{
	if (array > data_size || (uint64_t)size * (index + 1) > data_size - array)
		return NO_NUMBER;
	return number_at(data, (uint32_t)array + index * size, size);
}

/* The functions of a program lie one behind the other in its code. */
static ptm_status read_program(ptm_trace_file *file, const uint8_t *info, const uint8_t *data, uint32_t data_size, uint64_t data_offset)
{
	uint64_t code = number_at(info, CODE, 8), code_size = number_at(info, CODE_SIZE, 4), within = 0;
	uint32_t count = (uint32_t)number_at(info, FUNCTION_COUNT, 4);
	if (count > number_at(info, LENGTH_COUNT, 4) || code > data_size || code_size > data_size - code)
		return PTM_OK;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t address = element(data, data_size, number_at(info, FUNCTIONS, 8), i, 8);
		uint64_t size = element(data, data_size, number_at(info, LENGTHS, 8), i, 4);
		if (address == NO_NUMBER || size == NO_NUMBER || size > code_size - within)
			break;
		ptm_bpf_function function = { address, data_offset + code + within, (uint32_t)size, (uint32_t)number_at(info, ID, 4) };
		PTM_TRY(ptm_array_push(&file->bpf_functions, function));
		within += size;
	}
	return PTM_OK;
}

ptm_status ptm_bpf_info_read(ptm_trace_file *file, uint64_t offset, ptm_bytes *bytes)
{
	const uint8_t *start = bytes->at;
	uint32_t count = ptm_bytes_u32(bytes);
	for (uint32_t i = 0; i < count && !bytes->failed; i++) {
		uint32_t info_size = ptm_bytes_u32(bytes), data_size = ptm_bytes_u32(bytes);
		ptm_bytes_skip(bytes, 8); /* which arrays there are: the others have no elements */
		const uint8_t *info = ptm_bytes_take(bytes, info_size);
		uint64_t data_offset = offset + (uint64_t)(bytes->at - start);
		const uint8_t *data = ptm_bytes_take(bytes, data_size);
		if (info && data && info_size >= INFO_LEAST)
			PTM_TRY(read_program(file, info, data, data_size, data_offset));
	}
	return PTM_OK;
}
