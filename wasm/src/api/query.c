/* SPDX-License-Identifier: Apache-2.0 */
/* One verb out: a request becomes a table. */
#include "api/session.h"

ptm_status ptm_query(ptm_session *session, const ptm_request *request, ptm_table **table)
{
	PTM_TRY(ptm_table_new(request->table, table));
	ptm_status status;
	switch (request->table) {
	case PTM_TABLE_samples: status = ptm_query_samples(session, request, *table); break;
	default: status = PTM_BAD_REQUEST; break;
	}
	if (status != PTM_OK) {
		ptm_table_free(*table);
		*table = NULL;
	}
	return status;
}
