/* SPDX-License-Identifier: Apache-2.0 */
/* Builds small perf.data files in memory, for tests: attributes, then records,
 * then features, in that order. Sizes are fixed; a test that overflows them
 * asserts. */
#ifndef PTM_TEST_PERF_IMAGE_H
#define PTM_TEST_PERF_IMAGE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* sample_type bits */
enum {
	IMAGE_IP = 1, IMAGE_TID = 2, IMAGE_TIME = 4, IMAGE_ADDR = 8, IMAGE_ID = 64, IMAGE_CPU = 128,
	IMAGE_STREAM_ID = 512, IMAGE_IDENTIFIER = 65536,
	IMAGE_USUAL = IMAGE_IP | IMAGE_TID | IMAGE_TIME | IMAGE_CPU | IMAGE_IDENTIFIER
};
enum { IMAGE_ATTR_SIZE = 128, IMAGE_SAMPLE_ID_ALL = 1 << 18, IMAGE_EXCLUDE_KERNEL = 1 << 5 };

/* Bytes being put together: a record's body, a feature, or the file. */
typedef struct image_bytes {
	uint8_t at[32768];
	size_t length;
} image_bytes;

static inline void put(image_bytes *bytes, const void *data, size_t length)
{
	assert(bytes->length + length <= sizeof bytes->at);
	memcpy(bytes->at + bytes->length, data, length);
	bytes->length += length;
}
static inline void put_u16(image_bytes *bytes, uint16_t value) { put(bytes, &value, sizeof value); }
static inline void put_u32(image_bytes *bytes, uint32_t value) { put(bytes, &value, sizeof value); }
static inline void put_u64(image_bytes *bytes, uint64_t value) { put(bytes, &value, sizeof value); }

/* Text with its NUL, padded to a multiple of 8. */
static inline void put_text(image_bytes *bytes, const char *text)
{
	static const uint8_t zeros[8];
	size_t length = strlen(text) + 1;
	put(bytes, text, length);
	put(bytes, zeros, -length & 7);
}

/* A feature's string: padded length, then the text. */
static inline void put_string(image_bytes *bytes, const char *text)
{
	put_u32(bytes, (uint32_t)((strlen(text) + 8) & ~(size_t)7));
	put_text(bytes, text);
}

static inline void patch_u64(image_bytes *bytes, size_t offset, uint64_t value)
{
	assert(offset + sizeof value <= bytes->length);
	memcpy(bytes->at + offset, &value, sizeof value);
}

/* The trailer that sample_type IMAGE_USUAL lays out. */
static inline void put_trailer(image_bytes *body, int32_t pid, int32_t tid, uint64_t time, uint32_t cpu, uint64_t id)
{
	put_u32(body, (uint32_t)pid);
	put_u32(body, (uint32_t)tid);
	put_u64(body, time);
	put_u32(body, cpu);
	put_u32(body, 0);
	put_u64(body, id);
}

typedef struct image_attr {
	uint32_t type;
	uint64_t config, sample_type, flags;
	uint64_t ids[4];
	uint32_t id_count;
	uint32_t size; /* 0: IMAGE_ATTR_SIZE */
} image_attr;

static inline void put_attr(image_bytes *file, const image_attr *attr, uint32_t size)
{
	size_t start = file->length;
	put_u32(file, attr->type);
	put_u32(file, size);
	put_u64(file, attr->config);
	put_u64(file, 1); /* period */
	put_u64(file, attr->sample_type);
	put_u64(file, 0);
	put_u64(file, attr->flags);
	while (file->length - start < size)
		put(file, "", 1);
}

/* Starts a file: header, ids, attributes (all of the first one's size). */
static inline void image_start(image_bytes *file, const image_attr *attrs, uint32_t count)
{
	uint32_t size = attrs[0].size ? attrs[0].size : IMAGE_ATTR_SIZE;
	uint64_t ids[8];

	file->length = 0;
	put(file, "PERFILE2", 8);
	put_u64(file, 104);
	put_u64(file, size + 16);
	while (file->length < 104)
		put_u64(file, 0);
	assert(count <= 8);
	for (uint32_t i = 0; i < count; i++) {
		ids[i] = file->length;
		put(file, attrs[i].ids, attrs[i].id_count * 8);
	}
	patch_u64(file, 24, file->length);
	patch_u64(file, 32, count * (size + 16));
	for (uint32_t i = 0; i < count; i++) {
		put_attr(file, &attrs[i], size);
		put_u64(file, ids[i]);
		put_u64(file, attrs[i].id_count * 8);
	}
	patch_u64(file, 40, file->length);
}

/* Appends a record and empties `body`; returns its offset. */
static inline size_t image_record(image_bytes *file, uint32_t type, uint16_t misc, image_bytes *body)
{
	size_t offset = file->length;
	put_u32(file, type);
	put_u16(file, misc);
	put_u16(file, (uint16_t)(8 + body->length));
	put(file, body->at, body->length);
	body->length = 0;
	return offset;
}

/* Ends the data section. */
static inline void image_end_data(image_bytes *file)
{
	uint64_t start;
	memcpy(&start, file->at + 40, sizeof start);
	patch_u64(file, 48, file->length - start);
}

/* Appends the features; their bits must be below 64 and ascend. */
static inline void image_features(image_bytes *file, const uint32_t *bits, image_bytes *const *contents, uint32_t count)
{
	uint64_t flags = 0;
	size_t table = file->length;

	for (uint32_t i = 0; i < count; i++) {
		flags |= (uint64_t)1 << bits[i];
		put_u64(file, 0);
		put_u64(file, contents[i]->length);
	}
	for (uint32_t i = 0; i < count; i++) {
		patch_u64(file, table + 16 * i, file->length);
		put(file, contents[i]->at, contents[i]->length);
	}
	patch_u64(file, 72, flags);
}

/* Writes the file as perf would have into a pipe: attributes and features (bits
 * below 64) become records ahead of the others, FINISHED_ROUND ends it. */
static inline void image_as_pipe(const image_bytes *file, image_bytes *pipe)
{
	static image_bytes body;
	uint64_t header[13], entry[2];

	memcpy(header, file->at, sizeof header);
	pipe->length = 0;
	put(pipe, "PERFILE2", 8);
	put_u64(pipe, 16);
	for (uint64_t at = header[3]; at < header[3] + header[4]; at += header[2]) {
		memcpy(entry, file->at + at + header[2] - 16, sizeof entry);
		put(&body, file->at + at, header[2] - 16);
		put(&body, file->at + entry[0], entry[1]);
		image_record(pipe, 64, 0, &body);
	}
	uint64_t table = header[5] + header[6];
	for (uint64_t bit = 0; bit < 64; bit++) {
		if (!(header[9] >> bit & 1))
			continue;
		memcpy(entry, file->at + table, sizeof entry);
		table += 16;
		if (bit == 2) { /* build-ids are records already, of no type */
			size_t start = pipe->length;
			put(pipe, file->at + entry[0], entry[1]);
			for (uint16_t size; start < pipe->length; start += size) {
				pipe->at[start] = 67;
				memcpy(&size, pipe->at + start + 6, sizeof size);
			}
			continue;
		}
		put_u64(&body, bit);
		put(&body, file->at + entry[0], entry[1]);
		image_record(pipe, 80, 0, &body);
	}
	put(pipe, file->at + header[5], header[6]);
	image_record(pipe, 68, 0, &body);
}

/* The bodies of the records that most tests need, with trailers of id 1. */
static inline size_t image_comm(image_bytes *file, uint64_t time, int32_t pid, int32_t tid, const char *name, int exec)
{
	static image_bytes body;
	put_u32(&body, (uint32_t)pid);
	put_u32(&body, (uint32_t)tid);
	put_text(&body, name);
	put_trailer(&body, pid, tid, time, 0, 1);
	return image_record(file, 3, exec ? 1 << 13 : 0, &body);
}

static inline size_t image_fork(image_bytes *file, uint64_t time, int32_t pid, int32_t tid, int32_t ppid, int32_t ptid)
{
	static image_bytes body;
	put_u32(&body, (uint32_t)pid);
	put_u32(&body, (uint32_t)ppid);
	put_u32(&body, (uint32_t)tid);
	put_u32(&body, (uint32_t)ptid);
	put_u64(&body, time);
	put_trailer(&body, ppid, ptid, time, 0, 1);
	return image_record(file, 7, 0, &body);
}

static inline size_t image_itrace_start(image_bytes *file, uint64_t time, uint32_t cpu, int32_t pid, int32_t tid)
{
	static image_bytes body;
	put_u32(&body, (uint32_t)pid);
	put_u32(&body, (uint32_t)tid);
	put_trailer(&body, pid, tid, time, cpu, 1);
	return image_record(file, 12, 0, &body);
}

/* A SWITCH; the record's own thread is `tid` of process `tid`. */
static inline size_t image_switch(image_bytes *file, uint64_t time, uint32_t cpu, int32_t tid, int out)
{
	static image_bytes body;
	put_trailer(&body, tid, tid, time, cpu, 1);
	return image_record(file, 14, out ? 1 << 13 : 0, &body);
}

static inline size_t image_switch_cpu_wide(image_bytes *file, uint64_t time, uint32_t cpu, int32_t tid, int out, int32_t other)
{
	static image_bytes body;
	put_u32(&body, (uint32_t)other);
	put_u32(&body, (uint32_t)other);
	put_trailer(&body, tid, tid, time, cpu, 1);
	return image_record(file, 15, out ? 1 << 13 : 0, &body);
}

/* An AUXTRACE record with `size` bytes of payload. */
static inline size_t image_auxtrace(image_bytes *file, uint64_t size, uint64_t offset, uint32_t index, int32_t tid, int32_t cpu)
{
	static image_bytes body;
	put_u64(&body, size);
	put_u64(&body, offset);
	put_u64(&body, 0x1234);
	put_u32(&body, index);
	put_u32(&body, (uint32_t)tid);
	put_u32(&body, (uint32_t)cpu);
	put_u32(&body, 0);
	size_t start = image_record(file, 71, 0, &body);
	for (uint64_t i = 0; i < size; i++)
		put(file, "\xff", 1);
	return start;
}

#endif
