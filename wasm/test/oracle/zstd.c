/* SPDX-License-Identifier: Apache-2.0 */
/* Oracle test of the Zstandard decoder: what libzstd packed, in pieces that
 * were flushed as perf record flushes them, comes out as it went in; at all
 * levels, fed in pieces of any size, and again from copies made on the way.
 *
 *   gcc -std=gnu11 -O2 -Iinclude -Isrc test/oracle/zstd.c src/base/zstd.c src/base/zstd_entropy.c src/base/array.c -lzstd -o zstd
 *   ./zstd [-s SEED] [-n ROUNDS] [FILE...]
 *
 * (Debian: libzstd-dev.) FILEs are packed too. Exit code 1 on a difference. */
#include "base/zstd.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define MOST_BYTES (8u << 20)
#define MOST_COPIES 8

static uint64_t seed = 1;
static unsigned passed, failed;

static uint32_t random_below(uint32_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % limit;
}

/* Bytes with repetitions near and far, runs, and few or many symbols. */
static size_t make_bytes(uint8_t *into, size_t most)
{
	size_t length = 1 + random_below((uint32_t)most), at = 0;
	uint32_t symbols = 1 + random_below(256);

	while (at < length) {
		size_t run = 1 + random_below(1u << random_below(12));
		if (run > length - at)
			run = length - at;
		uint32_t kind = random_below(4);
		if (kind == 0 && at) {
			size_t back = 1 + random_below((uint32_t)(at < 300000 ? at : 300000));
			for (size_t i = 0; i < run; i++)
				into[at + i] = into[at + i - back];
		} else if (kind == 1) {
			memset(into + at, (int)random_below(symbols), run);
		} else {
			for (size_t i = 0; i < run; i++)
				into[at + i] = (uint8_t)(random_below(symbols) * random_below(2 + kind));
		}
		at += run;
	}
	return length;
}

/* One frame, flushed after pieces; sometimes ended and begun again. */
static size_t pack(const uint8_t *bytes, size_t length, int level, uint8_t *into, size_t room)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	ZSTD_outBuffer out = { into, room, 0 };
	ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, (int)random_below(2));
	for (size_t at = 0; at < length;) {
		size_t piece = 1 + random_below(1u << random_below(20));
		if (piece > length - at)
			piece = length - at;
		ZSTD_inBuffer in = { bytes + at, piece, 0 };
		ZSTD_EndDirective mode = random_below(20) ? ZSTD_e_flush : ZSTD_e_end;
		while (ZSTD_compressStream2(context, &out, &in, mode))
			;
		at += piece;
	}
	ZSTD_freeCCtx(context);
	return out.pos;
}

typedef struct copy {
	ptm_zstd *zstd;
	size_t fed, decoded;
} copy;

static void fail(const char *what, size_t at)
{
	failed++;
	fprintf(stderr, "%s at byte %zu\n", what, at);
}

/* Decodes everything from a state on; makes copies on the way when there is room for them. */
static void unpack(copy from, const uint8_t *packed, size_t packed_length, const uint8_t *bytes, size_t length, copy *copies, uint32_t *count)
{
	while (from.fed < packed_length || ptm_zstd_undecoded(from.zstd)) {
		const uint8_t *at;
		size_t got, piece = 1 + random_below(1u << random_below(18));
		ptm_status status;
		if (piece > packed_length - from.fed)
			piece = packed_length - from.fed;
		if (ptm_zstd_feed(from.zstd, packed + from.fed, piece) != PTM_OK)
			return fail("no memory", from.fed);
		from.fed += piece;
		while ((status = ptm_zstd_next(from.zstd, &at, &got)) == PTM_OK) {
			if (got > length - from.decoded || memcmp(at, bytes + from.decoded, got))
				return fail("other bytes", from.decoded);
			from.decoded += got;
			if (copies && *count < MOST_COPIES && !random_below(8)) {
				copies[*count] = from;
				if (ptm_zstd_copy(from.zstd, &copies[*count].zstd) == PTM_OK)
					++*count;
			}
		}
		if (status != PTM_END)
			return fail("refused", from.fed);
		if (!piece)
			break;
	}
	if (from.decoded != length)
		return fail("ends early", from.decoded);
	passed++;
}

static void check(const uint8_t *bytes, size_t length, int level)
{
	static uint8_t packed[MOST_BYTES * 2];
	copy copies[MOST_COPIES], first = { 0 };
	uint32_t count = 0;
	size_t packed_length = pack(bytes, length, level, packed, sizeof packed);

	if (ptm_zstd_new(&first.zstd) != PTM_OK)
		exit(2);
	unpack(first, packed, packed_length, bytes, length, copies, &count);
	ptm_zstd_free(first.zstd);
	for (uint32_t i = 0; i < count; i++) {
		unpack(copies[i], packed, packed_length, bytes, length, NULL, NULL);
		ptm_zstd_free(copies[i].zstd);
	}
}

int main(int argc, char **argv)
{
	static uint8_t bytes[MOST_BYTES];
	long rounds = 200;
	int first = 1;

	for (; first + 1 < argc && argv[first][0] == '-'; first += 2) {
		if (argv[first][1] == 's')
			seed = strtoull(argv[first + 1], NULL, 0) | 1;
		if (argv[first][1] == 'n')
			rounds = strtol(argv[first + 1], NULL, 0);
	}
	for (int i = first; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		size_t length = file ? fread(bytes, 1, sizeof bytes, file) : 0;
		for (int level = 1; length && level <= 22; level += 3)
			check(bytes, length, level);
		if (file)
			fclose(file);
	}
	for (long round = 0; round < rounds; round++) {
		size_t length = make_bytes(bytes, round % 10 ? 1u << 18 : 4u << 20);
		check(bytes, length, 1 + (int)random_below(round % 10 ? 19 : 9));
	}
	printf("zstd: %u passed, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}
