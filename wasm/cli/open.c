/* SPDX-License-Identifier: Apache-2.0 */
/* The native way from a file name to a decoded trace, through the public API. */
#include "open.h"
#include "base/table.h"
#include "host.h"
#include <stdio.h>

/* Offers the binary at symfs + path; a file that is not there or not wanted is no failure. */
static ptm_status offer(ptm_session *session, const char *symfs, const char *path, uint32_t length)
{
	char name[4096];
	uint32_t source;
	uint64_t size;
	int written = snprintf(name, sizeof name, "%s/%.*s", symfs, (int)length, path);
	if (written < 0 || (size_t)written >= sizeof name || !ptm_host_open(name, &source, &size))
		return PTM_OK;
	ptm_status status = ptm_session_add_image(session, source, size, name + snprintf(NULL, 0, "%s/", symfs));
	return status == PTM_NO_MEMORY || status == PTM_READ_FAILED ? status : PTM_OK;
}

ptm_status ptm_open_with_symfs(ptm_session *session, const char *path, const char *symfs)
{
	uint32_t source;
	uint64_t size;
	ptm_table *images;
	if (!ptm_host_open(path, &source, &size))
		return PTM_NOT_FOUND;
	PTM_TRY(ptm_session_open(session, source, size));
	ptm_request request = { .table = PTM_TABLE_images, .thread = PTM_ALL, .queue = PTM_ALL };
	PTM_TRY(ptm_query(session, &request, &images));
	const uint32_t *offsets = ptm_table_data(images, PTM_images_path);
	uint32_t length;
	const char *pool = ptm_table_pool(images, PTM_images_path, &length);
	ptm_status status = PTM_OK;
	for (uint32_t row = 0; row < ptm_table_rows(images) && status == PTM_OK; row++)
		if (offsets[row + 1] > offsets[row])
			status = offer(session, symfs, pool + offsets[row], offsets[row + 1] - offsets[row]);
	ptm_table_free(images);
	return status;
}

ptm_status ptm_decode_all(ptm_session *session, uint32_t budget)
{
	uint32_t segments = ptm_session_segments(session);
	for (uint32_t segment = 0; segment < segments; segment++) {
		ptm_status status;
		size_t length;
		PTM_TRY(ptm_decode_start(session, segment));
		while ((status = ptm_decode_step(session, budget)) == PTM_MORE)
			;
		if (status != PTM_END)
			return status;
		const uint8_t *part = ptm_decode_part(session, &length);
		PTM_TRY(ptm_session_merge(session, part, length));
	}
	return PTM_OK;
}
