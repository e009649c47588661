/* SPDX-License-Identifier: Apache-2.0 */
#include "file/sample.h"

#define BRANCH_WORDS 3
enum { READ_ENABLED = 1, READ_RUNNING = 2, READ_ID = 4, READ_GROUP = 8, READ_LOST = 16 };

/* Takes `count` words, or fails when the record has not that many. */
static ptm_words take_words(ptm_bytes *bytes, uint64_t count)
{
	if (count > ptm_bytes_left(bytes) / 8) {
		bytes->failed = true;
		return (ptm_words){ 0 };
	}
	return (ptm_words){ ptm_bytes_take(bytes, (size_t)count * 8), (uint32_t)count };
}

static const uint8_t *take_bytes(ptm_bytes *bytes, uint64_t size)
{
	if (size > ptm_bytes_left(bytes)) {
		bytes->failed = true;
		return NULL;
	}
	return ptm_bytes_take(bytes, (size_t)size);
}

static ptm_words take_read(ptm_bytes *bytes, uint64_t format)
{
	uint32_t each = 1 + !!(format & READ_ID) + !!(format & READ_LOST);
	uint32_t times = !!(format & READ_ENABLED) + !!(format & READ_RUNNING);

	if (!(format & READ_GROUP))
		return take_words(bytes, each + times);
	ptm_bytes ahead = *bytes;
	uint64_t members = ptm_bytes_u64(&ahead);
	if (ahead.failed || members > ptm_bytes_left(&ahead) / 8) {
		bytes->failed = true;
		return (ptm_words){ 0 };
	}
	return take_words(bytes, 1 + times + members * each);
}

static void take_branches(ptm_bytes *bytes, uint64_t branch_type, ptm_sample *sample)
{
	uint64_t count = ptm_bytes_u64(bytes);

	if (branch_type & PTM_BRANCH_HW_INDEX)
		sample->hw_index = ptm_bytes_u64(bytes);
	if (count > ptm_bytes_left(bytes) / (8 * BRANCH_WORDS)) {
		bytes->failed = true;
		return;
	}
	sample->branch_count = (uint32_t)count;
	sample->branches = take_words(bytes, count * BRANCH_WORDS);
	if (branch_type & PTM_BRANCH_COUNTERS)
		(void)take_words(bytes, count);
}

static void take_registers(ptm_bytes *bytes, uint64_t mask, ptm_registers *registers)
{
	registers->abi = ptm_bytes_u64(bytes);
	registers->mask = mask;
	if (registers->abi)
		registers->words = take_words(bytes, (uint64_t)__builtin_popcountll(mask));
}

static void take_stack(ptm_bytes *bytes, ptm_sample *sample)
{
	sample->stack_size = ptm_bytes_u64(bytes);
	if (!sample->stack_size)
		return;
	sample->stack = take_bytes(bytes, sample->stack_size);
	sample->stack_used = ptm_bytes_u64(bytes);
	if (sample->stack_used > sample->stack_size)
		sample->stack_used = sample->stack_size;
}

static void take_weight(ptm_bytes *bytes, ptm_sample *sample)
{
	sample->weight = ptm_bytes_u64(bytes);
	if (sample->type & PTM_SAMPLE_WEIGHT)
		return;
	sample->weight2 = (uint16_t)(sample->weight >> 32);
	sample->weight3 = (uint16_t)(sample->weight >> 48);
	sample->weight &= UINT32_MAX;
}

/* IDENTIFIER to PERIOD: a word each. */
static void take_head(ptm_bytes *bytes, ptm_sample *sample)
{
	uint64_t type = sample->type;

	if (type & PTM_SAMPLE_IDENTIFIER)
		sample->id = ptm_bytes_u64(bytes);
	if (type & PTM_SAMPLE_IP)
		sample->ip = ptm_bytes_u64(bytes);
	if (type & PTM_SAMPLE_TID) {
		sample->pid = (int32_t)ptm_bytes_u32(bytes);
		sample->tid = (int32_t)ptm_bytes_u32(bytes);
	}
	if (type & PTM_SAMPLE_TIME)
		sample->time = ptm_bytes_u64(bytes);
	if (type & PTM_SAMPLE_ADDR)
		sample->addr = ptm_bytes_u64(bytes);
	if (type & PTM_SAMPLE_ID)
		sample->id = ptm_bytes_u64(bytes);
	if (type & PTM_SAMPLE_STREAM_ID)
		sample->stream_id = ptm_bytes_u64(bytes);
	if (type & PTM_SAMPLE_CPU) {
		sample->cpu = (int32_t)ptm_bytes_u32(bytes);
		ptm_bytes_skip(bytes, 4);
	}
	if (type & PTM_SAMPLE_PERIOD)
		sample->period = ptm_bytes_u64(bytes);
}

/* Takes one of the fields behind PERIOD. */
static void take_field(ptm_bytes *bytes, const ptm_attr *attr, uint64_t field, ptm_sample *sample)
{
	switch (field) {
	case PTM_SAMPLE_READ: sample->read = take_read(bytes, attr->read_format); break;
	case PTM_SAMPLE_CALLCHAIN: sample->callchain = take_words(bytes, ptm_bytes_u64(bytes)); break;
	case PTM_SAMPLE_RAW:
		sample->raw_size = ptm_bytes_u32(bytes);
		sample->raw = take_bytes(bytes, sample->raw_size);
		break;
	case PTM_SAMPLE_BRANCH_STACK: take_branches(bytes, attr->branch_sample_type, sample); break;
	case PTM_SAMPLE_REGS_USER: take_registers(bytes, attr->sample_regs_user, &sample->user); break;
	case PTM_SAMPLE_STACK_USER: take_stack(bytes, sample); break;
	case PTM_SAMPLE_WEIGHT: case PTM_SAMPLE_WEIGHT_STRUCT: take_weight(bytes, sample); break;
	case PTM_SAMPLE_DATA_SRC: sample->data_source = ptm_bytes_u64(bytes); break;
	case PTM_SAMPLE_TRANSACTION: sample->transaction = ptm_bytes_u64(bytes); break;
	case PTM_SAMPLE_REGS_INTR: take_registers(bytes, attr->sample_regs_intr, &sample->interrupted); break;
	case PTM_SAMPLE_PHYS_ADDR: sample->physical_address = ptm_bytes_u64(bytes); break;
	case PTM_SAMPLE_CGROUP: sample->cgroup = ptm_bytes_u64(bytes); break;
	case PTM_SAMPLE_DATA_PAGE_SIZE: sample->data_page_size = ptm_bytes_u64(bytes); break;
	case PTM_SAMPLE_CODE_PAGE_SIZE: sample->code_page_size = ptm_bytes_u64(bytes); break;
	case PTM_SAMPLE_AUX:
		sample->aux_size = ptm_bytes_u64(bytes);
		sample->aux = take_bytes(bytes, sample->aux_size);
		break;
	}
}

ptm_status ptm_sample_decode(const ptm_attr *attr, const uint8_t *bytes, uint32_t size, ptm_sample *sample, const char **field)
{
	/* In the order in which the kernel writes them, which is not that of the bits. */
	static const struct { uint64_t bits; const char *name; } order[] = {
		{ PTM_SAMPLE_READ, "read values" }, { PTM_SAMPLE_CALLCHAIN, "call chain" }, { PTM_SAMPLE_RAW, "raw data" },
		{ PTM_SAMPLE_BRANCH_STACK, "branch stack" }, { PTM_SAMPLE_REGS_USER, "user registers" },
		{ PTM_SAMPLE_STACK_USER, "user stack" }, { PTM_SAMPLE_WEIGHT | PTM_SAMPLE_WEIGHT_STRUCT, "weight" },
		{ PTM_SAMPLE_DATA_SRC, "data source" }, { PTM_SAMPLE_TRANSACTION, "transaction" },
		{ PTM_SAMPLE_REGS_INTR, "registers" }, { PTM_SAMPLE_PHYS_ADDR, "physical address" }, { PTM_SAMPLE_CGROUP, "cgroup" },
		{ PTM_SAMPLE_DATA_PAGE_SIZE, "data page size" }, { PTM_SAMPLE_CODE_PAGE_SIZE, "code page size" },
		{ PTM_SAMPLE_AUX, "AUX data" },
	};
	ptm_bytes body = ptm_bytes_of(bytes, size);

	*sample = (ptm_sample){ .type = attr->sample_type, .pid = -1, .tid = -1, .cpu = -1, .time = PTM_NO_TIME,
				.period = attr->sample_period, .hw_index = UINT64_MAX };
	ptm_bytes_skip(&body, 4);
	sample->misc = ptm_bytes_u16(&body);
	ptm_bytes_skip(&body, 2);
	take_head(&body, sample);
	*field = "fixed part";
	for (uint32_t i = 0; i < sizeof order / sizeof *order && !body.failed; i++) {
		uint64_t wanted = attr->sample_type & order[i].bits;
		if (!wanted)
			continue;
		*field = order[i].name;
		if (wanted == PTM_SAMPLE_STACK_USER)
			sample->stack_at = (uint32_t)(body.at - bytes);
		take_field(&body, attr, wanted & PTM_SAMPLE_WEIGHT ? PTM_SAMPLE_WEIGHT : wanted, sample);
	}
	sample->left = (uint32_t)ptm_bytes_left(&body);
	return body.failed ? PTM_BAD_DATA : PTM_OK;
}

ptm_branch ptm_sample_branch(const ptm_sample *sample, uint32_t row)
{
	enum { TYPE_EXTENDED = 15 };
	uint64_t flags = ptm_words_get(&sample->branches, row * BRANCH_WORDS + 2);

	return (ptm_branch){
		.from = ptm_words_get(&sample->branches, row * BRANCH_WORDS),
		.to = ptm_words_get(&sample->branches, row * BRANCH_WORDS + 1),
		.mispredicted = flags & 1, .predicted = flags >> 1 & 1, .in_transaction = flags >> 2 & 1, .abort = flags >> 3 & 1,
		.cycles = (uint16_t)(flags >> 4),
		.type = flags >> 20 & 15, .speculation = flags >> 24 & 3, .new_type = flags >> 26 & 15, .privilege = flags >> 30 & 7,
		.not_taken = flags >> 33 & 1,
	};
}

ptm_status ptm_sample_read(const ptm_trace_file *file, uint32_t row, ptm_sample *sample)
{
	const ptm_sample_ref *ref = &file->samples.at[row];
	const uint8_t *bytes;
	const char *field;

	PTM_TRY(ptm_trace_file_view(file, ref->file_offset, ref->size, &bytes));
	PTM_TRY(ptm_sample_decode(&file->attrs.at[ref->attr], bytes, ref->size, sample, &field));
	sample->attr = ref->attr;
	return PTM_OK;
}

ptm_status ptm_sample_index_append(ptm_trace_file *file, uint32_t attr, const uint8_t *bytes, uint32_t size, uint64_t offset, const char **field)
{
	ptm_sample sample;
	uint32_t count = file->samples.length;

	PTM_TRY(ptm_sample_decode(&file->attrs.at[attr], bytes, size, &sample, field));
	uint64_t time = sample.time;
	if (time == PTM_NO_TIME)
		time = count ? file->samples.at[count - 1].time : 0;
	ptm_sample_ref ref = { .time = time, .file_offset = offset, .size = size, .attr = attr, .branches = sample.branch_count,
			       .pid = sample.pid, .tid = sample.tid, .cpu = sample.cpu, .ip = sample.ip,
			       .in_kernel = (sample.misc & PTM_MODE_MASK) == PTM_MODE_KERNEL };
	for (uint32_t i = 0; i < sample.branch_count && !ref.timed; i++)
		ref.timed = ptm_sample_branch(&sample, i).cycles;
	if (sample.aux_size)
		PTM_TRY(ptm_array_push(&file->aux_pieces, ((ptm_aux_piece){ .file_offset = offset + (uint64_t)(sample.aux - bytes),
			.size = sample.aux_size, .time = time, .id = sample.id, .tid = sample.tid, .cpu = sample.cpu })));
	return ptm_array_push(&file->samples, ref);
}

static int compare_refs(const void *left, const void *right)
{
	const ptm_sample_ref *a = left, *b = right;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->file_offset < b->file_offset ? -1 : a->file_offset > b->file_offset;
}

void ptm_sample_index_sort(ptm_trace_file *file)
{
	if (file->samples.length)
		qsort(file->samples.at, file->samples.length, sizeof *file->samples.at, compare_refs);
}
