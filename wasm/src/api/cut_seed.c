/* SPDX-License-Identifier: Apache-2.0 */
/* A trace cut out of a longer one holds, in feature 255 of its perf.data, the
 * clock's state at the start of each queue. perf ignores that feature.
 * Layout, little-endian: "PTMC", u32 version (1), u32 queues, u32 words a queue;
 * then for each queue u64 idx of its AUXTRACE records and the words. A version
 * or count that is not known is as good as no feature at all. */
#include "api/cut.h"
#include "base/bytes.h"
#include "pt/clock_words.h"

#define SEED_HEADER 16
#define SEED_ROW ((1 + PTM_CLOCK_WORDS) * 8)

ptm_status ptm_cut_seed(const ptm_session *session, uint32_t queue, ptm_clock *clock, bool *seeded)
{
	const ptm_trace_file *file = &session->file;
	const uint8_t *at;

	*seeded = false;
	if (file->cut_size < SEED_HEADER || file->cut_offset > file->source->size || file->cut_size > file->source->size - file->cut_offset)
		return PTM_OK;
	PTM_TRY(ptm_source_view(file->source, file->cut_offset, SEED_HEADER, &at));
	ptm_bytes header = ptm_bytes_of(at, SEED_HEADER);
	const uint8_t *magic = ptm_bytes_take(&header, 4);
	uint32_t version = ptm_bytes_u32(&header), count = ptm_bytes_u32(&header), words = ptm_bytes_u32(&header);
	if (memcmp(magic, "PTMC", 4) || version != 1 || words != PTM_CLOCK_WORDS || count > (file->cut_size - SEED_HEADER) / SEED_ROW)
		return PTM_OK;
	for (uint32_t row = 0; row < count && !*seeded; row++) {
		uint64_t state[PTM_CLOCK_WORDS];
		PTM_TRY(ptm_source_view(file->source, file->cut_offset + SEED_HEADER + (uint64_t)row * SEED_ROW, SEED_ROW, &at));
		ptm_bytes bytes = ptm_bytes_of(at, SEED_ROW);
		if (ptm_bytes_u64(&bytes) != file->queues.at[queue].index)
			continue;
		memcpy(state, bytes.at, sizeof state);
		*seeded = ptm_clock_words_take(clock, state);
	}
	return PTM_OK;
}
