/* SPDX-License-Identifier: Apache-2.0 */
/* The joined profile is the same whatever the cut and the order of merging;
 * damaged parts are refused or harmless. */
#include "profile_random.h"

typedef struct bytes {
	uint8_t *at;
	size_t length;
} bytes;

typedef struct parts {
	PTM_ARRAY(bytes) all;
} parts;

static void close_part(parts *parts, ptm_part *part, uint64_t offset, uint64_t packets)
{
	const uint8_t *data;
	bytes copy;

	CHECK_EQ(ptm_part_finish(part, offset, packets), PTM_OK);
	CHECK_EQ(ptm_part_serialize(part, &data, &copy.length), PTM_OK);
	copy.at = malloc(copy.length);
	memcpy(copy.at, data, copy.length);
	CHECK_EQ(ptm_array_push(&parts->all, copy), PTM_OK);
	ptm_part_free(part);
}

/* Plays one queue into parts, cut at about `per_mille` of the possible places. */
static void play_queue(random_trace *trace, random_trace *dice, uint32_t queue, uint32_t per_mille, uint32_t *segment, parts *parts)
{
	const script *script = &trace->queues[queue];
	ptm_part *part;
	uint64_t packets = 0, offset = 0;

	CHECK_EQ(ptm_part_new(&part, (*segment)++, queue, &trace->blocks, NULL), PTM_OK);
	for (uint32_t i = 0; i < script->marks.length; i++) {
		const mark *mark = &script->marks.at[i];
		if (!mark->is_psb) {
			CHECK_EQ(ptm_part_add(part, &mark->item), PTM_OK);
			packets++;
			continue;
		}
		offset += 100;
		bool is_cut = chance(dice, per_mille);
		if (is_cut) {
			close_part(parts, part, offset, packets);
			packets = 0;
			CHECK_EQ(ptm_part_new(&part, (*segment)++, queue, &trace->blocks, NULL), PTM_OK);
		}
		CHECK_EQ(ptm_part_checkpoint(part, offset, mark->item.start_ns, packets), PTM_OK);
		if (is_cut && mark->is_on) {
			ptm_item begin = { .kind = PTM_ITEM_BEGIN, .thread = mark->item.thread, .to_ip = mark->ip,
					   .start_ns = mark->item.start_ns, .end_ns = mark->item.start_ns };
			CHECK_EQ(ptm_part_add(part, &begin), PTM_OK);
		}
	}
	close_part(parts, part, offset + 100, packets);
}

static void play(random_trace *trace, random_trace *dice, uint32_t per_mille, parts *parts)
{
	uint32_t segment = 0;

	for (uint32_t i = 0; i < trace->queue_count; i++)
		play_queue(trace, dice, i, per_mille, &segment, parts);
}

static void shuffle(random_trace *dice, parts *parts)
{
	for (uint32_t i = parts->all.length; i > 1; i--) {
		uint32_t other = random_below(dice, i);
		bytes moved = parts->all.at[i - 1];
		parts->all.at[i - 1] = parts->all.at[other];
		parts->all.at[other] = moved;
	}
}

static void add_everything(text *text, ptm_profile *profile, const ptm_blocks *blocks)
{
	text_tree(text, profile);
	text_calls(text, profile);
	text_gaps(text, profile);
	text_runs(text, profile);
	text_rest(text, profile, blocks);
}

/* Merges the parts and frees them; looks at the answers on the way when `is_watched`. */
static text merge_all(parts *parts, bool is_watched)
{
	ptm_blocks blocks;
	ptm_profile *profile;
	text result = { 0 };

	ptm_blocks_init(&blocks, NULL);
	CHECK_EQ(ptm_profile_new(&profile, &blocks, NULL), PTM_OK);
	for (uint32_t i = 0; i < parts->all.length; i++) {
		text seen = { 0 };
		CHECK_EQ(ptm_profile_merge(profile, parts->all.at[i].at, parts->all.at[i].length), PTM_OK);
		if (is_watched)
			add_everything(&seen, profile, &blocks);
		free(seen.at);
		free(parts->all.at[i].at);
	}
	add_everything(&result, profile, &blocks);
	ptm_profile_free(profile);
	ptm_blocks_free(&blocks);
	ptm_array_free(&parts->all);
	return result;
}

/* Shows the first line that differs. */
static void check_same(const text *got, const text *wanted, uint64_t seed)
{
	if (got->length == wanted->length && !memcmp(got->at, wanted->at, got->length)) {
		check_passed++;
		return;
	}
	const char *a = got->at, *b = wanted->at;
	while (*a && *b) {
		size_t length_a = strcspn(a, "\n"), length_b = strcspn(b, "\n");
		if (length_a != length_b || memcmp(a, b, length_a))
			break;
		a += length_a + 1, b += length_b + 1;
	}
	check_failed++;
	fprintf(stderr, "seed %" PRIu64 ": cut gives\n  %.*s\nwhole gives\n  %.*s\n", seed, (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
}

static void any_cut_any_order(uint64_t seed)
{
	random_trace trace, dice = { .seed = seed ^ 0x5555 };
	parts whole = { 0 };

	random_trace_make(&trace, seed, 5 + seed % 40);
	play(&trace, &dice, 0, &whole);
	text wanted = merge_all(&whole, false);
	for (uint32_t per_mille = 20; per_mille <= 1000; per_mille *= 7) {
		parts cut = { 0 };
		play(&trace, &dice, per_mille, &cut);
		shuffle(&dice, &cut);
		text got = merge_all(&cut, per_mille == 140);
		check_same(&got, &wanted, seed);
		free(got.at);
	}
	free(wanted.at);
	random_trace_free(&trace);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, last = argc > 2 ? strtoull(argv[2], NULL, 10) : first + 150;

	for (uint64_t seed = first; seed < last && check_failed < 5; seed++)
		any_cut_any_order(seed);
	return check_report("profile");
}
