/* SPDX-License-Identifier: Apache-2.0 */
/* Samples: every field in the kernel's order, and records that do not add up. */
#include "check.h"
#include "file/sample.h"
#include "perf_image.h"

static image_bytes body;

/* Puts the header of the record in front of `body` and decodes it. */
static ptm_status decode(const ptm_attr *attr, ptm_sample *sample, const char **field)
{
	static image_bytes record;
	record.length = 0;
	put_u32(&record, 9);
	put_u16(&record, 2);
	put_u16(&record, (uint16_t)(8 + body.length));
	put(&record, body.at, body.length);
	body.length = 0;
	return ptm_sample_decode(attr, record.at, (uint32_t)record.length, sample, field);
}

static void put_head(void)
{
	put_u64(&body, 77);     /* IDENTIFIER */
	put_u64(&body, 0x1000); /* IP */
	put_u32(&body, 10);
	put_u32(&body, 11);     /* TID */
	put_u64(&body, 5000);   /* TIME */
	put_u64(&body, 0xadd);  /* ADDR */
	put_u64(&body, 77);     /* ID */
	put_u64(&body, 78);     /* STREAM_ID */
	put_u32(&body, 3);
	put_u32(&body, 0);      /* CPU */
	put_u64(&body, 99);     /* PERIOD */
}

static void put_stacks(void)
{
	put_u64(&body, 2);      /* READ: a group of two with ids and both times */
	for (uint64_t word = 0; word < 6; word++)
		put_u64(&body, word);
	put_u64(&body, 2);      /* CALLCHAIN */
	put_u64(&body, 0xfffffffffffffe00);
	put_u64(&body, 0x1000);
	put_u32(&body, 4);      /* RAW */
	put_u32(&body, 0xfeed);
	put_u64(&body, 1);      /* BRANCH_STACK with hw_idx */
	put_u64(&body, 31);
	put_u64(&body, 0x10);
	put_u64(&body, 0x20);
	put_u64(&body, 1 | 1 << 2 | 1234 << 4 | 5 << 20 | 3 << 24 | (uint64_t)1 << 30);
}

static void put_rest(void)
{
	put_u64(&body, 2);      /* REGS_USER */
	put_u64(&body, 0xa0);
	put_u64(&body, 0xa1);
	put_u64(&body, 8);      /* STACK_USER */
	put_u64(&body, 0x57ac);
	put_u64(&body, 4);
	put_u64(&body, (uint64_t)7 << 48 | (uint64_t)6 << 32 | 5); /* WEIGHT_STRUCT */
	put_u64(&body, 0xd5);   /* DATA_SRC */
	put_u64(&body, 0x7a);   /* TRANSACTION */
	put_u64(&body, 0);      /* REGS_INTR: none */
	put_u64(&body, 0x9a);   /* PHYS_ADDR */
	put_u64(&body, 0xc6);   /* CGROUP */
	put_u64(&body, 4096);
	put_u64(&body, 2 << 20);/* page sizes */
	put_u64(&body, 8);      /* AUX */
	put_u64(&body, 0xaaaa);
}

static const ptm_attr everything = {
	.sample_type = PTM_SAMPLE_KNOWN & ~(uint64_t)PTM_SAMPLE_WEIGHT, .read_format = 1 | 2 | 4 | 8,
	.branch_sample_type = PTM_BRANCH_ANY | PTM_BRANCH_HW_INDEX, .sample_regs_user = 0x81, .sample_regs_intr = 0xff,
};

static void test_every_field(void)
{
	ptm_sample sample;
	const char *field;

	put_head();
	put_stacks();
	put_rest();
	CHECK_EQ(decode(&everything, &sample, &field), PTM_OK);
	CHECK_EQ(sample.left, 0);
	CHECK_EQ(sample.misc, PTM_MODE_USER);
	CHECK_EQ(sample.ip, 0x1000);
	CHECK_EQ(sample.pid, 10);
	CHECK_EQ(sample.tid, 11);
	CHECK_EQ(sample.time, 5000);
	CHECK_EQ(sample.addr, 0xadd);
	CHECK_EQ(sample.id, 77);
	CHECK_EQ(sample.stream_id, 78);
	CHECK_EQ(sample.cpu, 3);
	CHECK_EQ(sample.period, 99);
	CHECK_EQ(sample.read.count, 7);
	CHECK_EQ(sample.callchain.count, 2);
	CHECK_EQ(ptm_words_get(&sample.callchain, 1), 0x1000);
	CHECK_EQ(sample.raw_size, 4);
	CHECK_EQ(sample.hw_index, 31);
	CHECK_EQ(sample.user.words.count, 2);
	CHECK_EQ(ptm_words_get(&sample.user.words, 1), 0xa1);
	CHECK_EQ(sample.stack_size, 8);
	CHECK_EQ(sample.stack_used, 4);
	CHECK_EQ(sample.weight, 5);
	CHECK_EQ(sample.weight2, 6);
	CHECK_EQ(sample.weight3, 7);
	CHECK_EQ(sample.data_source, 0xd5);
	CHECK_EQ(sample.transaction, 0x7a);
	CHECK_EQ(sample.interrupted.words.count, 0);
	CHECK_EQ(sample.physical_address, 0x9a);
	CHECK_EQ(sample.cgroup, 0xc6);
	CHECK_EQ(sample.data_page_size, 4096);
	CHECK_EQ(sample.code_page_size, 2 << 20);
	CHECK_EQ(sample.aux_size, 8);
}

static void test_branch_entry(void)
{
	ptm_sample sample;
	const char *field;

	put_head();
	put_stacks();
	put_rest();
	CHECK_EQ(decode(&everything, &sample, &field), PTM_OK);
	CHECK_EQ(sample.branch_count, 1);
	ptm_branch branch = ptm_sample_branch(&sample, 0);
	CHECK_EQ(branch.from, 0x10);
	CHECK_EQ(branch.to, 0x20);
	CHECK(branch.mispredicted && !branch.predicted && branch.in_transaction && !branch.abort);
	CHECK_EQ(branch.cycles, 1234);
	CHECK_EQ(branch.type, 5);
	CHECK_EQ(branch.speculation, 3);
	CHECK_EQ(branch.new_type, 0);
	CHECK_EQ(branch.privilege, 1);
}

/* The event's period counts where the sample has none, and unknown bits of
 * sample_type leave what they add unread. */
static void test_small(void)
{
	ptm_attr attr = { .sample_type = PTM_SAMPLE_IP | (uint64_t)1 << 40, .sample_period = 4000 };
	ptm_sample sample;
	const char *field;

	put_u64(&body, 0x42);
	put_u64(&body, 1);
	CHECK_EQ(decode(&attr, &sample, &field), PTM_OK);
	CHECK_EQ(sample.ip, 0x42);
	CHECK_EQ(sample.period, 4000);
	CHECK_EQ(sample.tid, (uint64_t)-1);
	CHECK_EQ(sample.time, PTM_NO_TIME);
	CHECK_EQ(sample.left, 8);
}

/* A count that the record cannot hold, or whose bytes overflow 64 bits. */
static void test_absurd_counts(void)
{
	static const struct { uint64_t type; const char *field; } cases[] = {
		{ PTM_SAMPLE_READ, "read values" }, { PTM_SAMPLE_CALLCHAIN, "call chain" }, { PTM_SAMPLE_RAW, "raw data" },
		{ PTM_SAMPLE_BRANCH_STACK, "branch stack" }, { PTM_SAMPLE_STACK_USER, "user stack" }, { PTM_SAMPLE_AUX, "AUX data" },
		{ PTM_SAMPLE_REGS_USER, "user registers" },
	};
	static const uint64_t counts[] = { 2, 0x20000000, 0x2000000000000001, 0x0aaaaaaaaaaaaaab, UINT64_MAX };

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ptm_attr attr = { .sample_type = cases[i].type, .read_format = 8, .sample_regs_user = UINT64_MAX };
		for (uint32_t k = 0; k < sizeof counts / sizeof *counts; k++) {
			ptm_sample sample;
			const char *field = "";
			put_u64(&body, cases[i].type == PTM_SAMPLE_RAW ? counts[k] << 8 | 0x80 : counts[k]);
			CHECK_EQ(decode(&attr, &sample, &field), PTM_BAD_DATA);
			CHECK_TEXT(field, cases[i].field);
		}
	}
}

/* Samples are indexed by time; those that do not add up are counted and named. */
static void test_index(void)
{
	static image_bytes file;
	static ptm_strings strings;
	image_attr attr = { .type = 1, .config = 0, .sample_type = PTM_SAMPLE_IP | PTM_SAMPLE_TIME | PTM_SAMPLE_CALLCHAIN };
	ptm_trace_file trace;
	ptm_source source;
	ptm_message message;
	ptm_sample sample;

	image_start(&file, &attr, 1);
	static const uint64_t words[4][3] = { { 0x10, 200, 0 }, { 0x20, 300, 9 }, { 0x30, 100, 0 }, { 0x40, 100, 0 } };
	for (uint32_t i = 0; i < 4; i++) {
		put(&body, words[i], sizeof words[i]);
		image_record(&file, 9, 2, &body);
	}
	image_end_data(&file);
	ptm_source_init_memory(&source, file.at, file.length);
	CHECK_EQ(ptm_trace_file_open(&trace, &source, &strings, &message), PTM_OK);
	CHECK_EQ(trace.sample_count, 4);
	CHECK_EQ(trace.samples.length, 3);
	CHECK_EQ(ptm_sample_read(&trace, 0, &sample), PTM_OK);
	CHECK_EQ(sample.ip, 0x30);
	CHECK_EQ(ptm_sample_read(&trace, 1, &sample), PTM_OK);
	CHECK_EQ(sample.ip, 0x40);
	CHECK_EQ(ptm_sample_read(&trace, 2, &sample), PTM_OK);
	CHECK_EQ(sample.ip, 0x10);
	CHECK_EQ(trace.warnings.length, 1);
	CHECK_TEXT(ptm_strings_get(&strings, trace.warnings.at[0]),
		   "1 sample does not add up and is skipped (at byte 280: its call chain goes beyond the record's end).");
	ptm_trace_file_free(&trace);
	ptm_strings_free(&strings);
}

int main(void)
{
	test_every_field();
	test_branch_entry();
	test_small();
	test_absurd_counts();
	test_index();
	return check_report("sample");
}
