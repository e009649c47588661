/* SPDX-License-Identifier: Apache-2.0 */
/* Samples that are in the trace itself (PEBS via PT, --itrace=o): blocks of values become samples of the events that
 * were recorded with aux-output. The layout of blocks: Intel SDM vol. 3, "PEBS Output to Intel Processor Trace". */
#include "api/samples_state.h"

/* Types of blocks. */
enum { REGISTERS = 0x01, BASIC = 0x04, MEMORY = 0x05, BRANCHES_0 = 0x08, BRANCHES_2 = 0x0a, VECTORS = 0x10 };
/* Values of a block. */
enum { BASIC_IP, BASIC_COUNTERS, BASIC_TSC };
enum { REGISTER_FLAGS, REGISTER_IP, REGISTER_AX };
enum { MEMORY_ADDRESS, MEMORY_LATENCY = 2, MEMORY_TRANSACTION = 3 };

/* PERF_MEM_*: nothing is known of the access. */
#define NO_DATA_SOURCE 0x1e05080021ull

static uint64_t *value_of(ptm_pebs *pebs, uint32_t block, uint32_t id)
{
	return &pebs->values[block][id];
}

static bool has(const ptm_pebs *pebs, uint32_t block, uint32_t id)
{
	return pebs->masks[block] >> id & 1;
}

void ptm_samples_take_pebs(ptm_pebs *pebs, const ptm_item *item)
{
	uint32_t block = item->bytes >> 8 & 31, id = item->bytes & 31;

	pebs->masks[block] |= 1u << id;
	*value_of(pebs, block, id) = item->payload;
	if (block == REGISTERS)
		pebs->is_32_bit = item->bytes & PTM_PEBS_SMALL;
}

/* perf's register numbers up to R15, as bits, of the registers of a block in its order. */
static void take_registers(ptm_pebs *pebs, uint64_t wanted, ptm_registers *registers)
{
	/* AX BX CX DX SI DI BP SP IP FLAGS, no segments, R8 … R15 */
	static const uint8_t ids[24] = { 2, 5, 3, 4, 8, 9, 7, 6, 1, 0, 99, 99, 99, 99, 99, 99, 10, 11, 12, 13, 14, 15, 16, 17 };
	enum { ABI_32 = 1, ABI_64 = 2, FIRST_VECTOR = 32 };
	uint32_t count = 0;

	*registers = (ptm_registers){ .abi = pebs->is_32_bit ? ABI_32 : ABI_64 };
	for (uint32_t bit = 0; bit < 64; bit++) {
		uint32_t block = bit < FIRST_VECTOR ? REGISTERS : VECTORS, id = bit < 24 ? ids[bit] : bit - FIRST_VECTOR;
		if (!(wanted >> bit & 1) || id > 31 || !has(pebs, block, id))
			continue;
		registers->mask |= (uint64_t)1 << bit;
		pebs->words[count++] = *value_of(pebs, block, id);
	}
	registers->words = (ptm_words){ (const uint8_t *)pebs->words, count };
}

/* The flags of a branch as a sample has them. */
static uint64_t branch_flags(uint64_t info)
{
	bool mispredicted = info >> 63;
	return (mispredicted ? 1u : 2u) | (info >> 62 & 1) << 2 | (info >> 61 & 1) << 3 | (info & 0xffff) << 4;
}

/* Branches are three values each, and count where all are there. */
static void take_branches(ptm_pebs *pebs, ptm_sample *sample)
{
	uint32_t count = 0;

	for (uint32_t block = BRANCHES_0; block <= BRANCHES_2; block++) {
		for (uint32_t id = 0; id + 2 < 32; id += 3) {
			if ((pebs->masks[block] >> id & 7) != 7)
				continue;
			pebs->branches[count++] = *value_of(pebs, block, id);
			pebs->branches[count++] = *value_of(pebs, block, id + 1);
			pebs->branches[count++] = branch_flags(*value_of(pebs, block, id + 2));
		}
	}
	sample->branch_count = count / 3;
	sample->branches = (ptm_words){ (const uint8_t *)pebs->branches, count };
}

/* Newer CPUs tell the latency of the memory in the upper half, and that of the instruction in the lower. */
static void take_weight(ptm_pebs *pebs, ptm_sample *sample)
{
	uint64_t latency = has(pebs, MEMORY, MEMORY_LATENCY) ? *value_of(pebs, MEMORY, MEMORY_LATENCY) : 0;

	sample->weight = latency >> 32 ? latency >> 32 & 0xffff : latency;
	sample->weight2 = latency >> 32 ? (uint16_t)latency : 0;
	if (!sample->weight && has(pebs, MEMORY, MEMORY_TRANSACTION))
		sample->weight = (uint32_t)*value_of(pebs, MEMORY, MEMORY_TRANSACTION);
}

static ptm_status put_one(ptm_session *session, ptm_samples *samples, ptm_lane *from, const ptm_script_row *state, uint32_t event)
{
	ptm_pebs *pebs = &from->pebs;
	const ptm_attr *attr = &session->file.attrs.at[event];
	uint64_t type = attr->sample_type;
	ptm_sample sample = { .attr = event, .type = type, .period = attr->frequency ? 0 : attr->sample_period };
	ptm_script_row row = *state;

	row.flags = 0;
	row.addr = 0;
	if (has(pebs, BASIC, BASIC_IP))
		row.ip = *value_of(pebs, BASIC, BASIC_IP);
	else if (has(pebs, REGISTERS, REGISTER_IP))
		row.ip = *value_of(pebs, REGISTERS, REGISTER_IP);
	sample.ip = row.ip;
	if (row.length == PTM_LENGTH_UNKNOWN)
		row.code_ip = row.ip;
	if (has(pebs, BASIC, BASIC_TSC))
		row.ns = ptm_time_ns(&session->time, *value_of(pebs, BASIC, BASIC_TSC));
	if (type & PTM_SAMPLE_REGS_INTR && (pebs->masks[REGISTERS] || pebs->masks[VECTORS]))
		take_registers(pebs, attr->sample_regs_intr, &sample.interrupted);
	if (type & PTM_SAMPLE_BRANCH_STACK && (pebs->masks[BRANCHES_0] || pebs->masks[BRANCHES_0 + 1] || pebs->masks[BRANCHES_2]))
		take_branches(pebs, &sample);
	if (type & PTM_SAMPLE_ADDR && has(pebs, MEMORY, MEMORY_ADDRESS))
		sample.addr = *value_of(pebs, MEMORY, MEMORY_ADDRESS);
	if (type & (PTM_SAMPLE_WEIGHT | PTM_SAMPLE_WEIGHT_STRUCT))
		take_weight(pebs, &sample);
	if (type & PTM_SAMPLE_DATA_SRC)
		sample.data_source = NO_DATA_SOURCE;
	row.sample = &sample;
	return ptm_samples_put(session, samples, from, from->tsc, &row);
}

static uint32_t first_in_trace(const ptm_trace_file *file)
{
	uint32_t event = 0;
	while (event < file->attrs.length && !file->attrs.at[event].aux_output)
		event++;
	return event;
}

ptm_status ptm_samples_tell_pebs(ptm_session *session, ptm_samples *samples, ptm_lane *from, const ptm_script_row *state)
{
	ptm_pebs *pebs = &from->pebs;
	uint32_t first = first_in_trace(&session->file);
	uint64_t counters = has(pebs, BASIC, BASIC_COUNTERS) ? *value_of(pebs, BASIC, BASIC_COUNTERS) : 0;
	ptm_status status = PTM_OK;
	bool told = false;

	if (first == session->file.attrs.length || !(samples->script.options.want & PTM_WANT_OTHERS)) {
		memset(pebs->masks, 0, sizeof pebs->masks);
		return PTM_OK;
	}
	/* A counter that no record told of means the first event, and the others do not count. */
	for (uint32_t counter = 0; status == PTM_OK && counter < PTM_PEBS_COUNTERS; counter++) {
		if (!(counters >> counter & 1))
			continue;
		uint32_t event = pebs->events[counter];
		told = true;
		status = put_one(session, samples, from, state, event ? event - 1 : first);
		if (!event)
			break;
	}
	if (status == PTM_OK && !told)
		status = put_one(session, samples, from, state, first);
	memset(pebs->masks, 0, sizeof pebs->masks);
	return status;
}

void ptm_samples_take_counter(const ptm_session *session, ptm_samples *samples, const ptm_record *record)
{
	if (record->attr >= session->file.attrs.length || record->as.output.counter >= PTM_PEBS_COUNTERS)
		return;
	for (uint32_t row = 0; row < samples->lanes.length; row++) {
		const ptm_queue *queue = ptm_stream_queue(&samples->lanes.at[row].stream);
		if (queue->tid > 0 ? queue->tid == record->tid : queue->cpu == record->cpu)
			samples->lanes.at[row].pebs.events[record->as.output.counter] = record->attr + 1;
	}
}
