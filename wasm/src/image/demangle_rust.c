/* SPDX-License-Identifier: Apache-2.0 */
#include "image/demangle_tree.h"

ptm_status ptm_demangle_rust(const char *symbol, ptm_text *into)
{
	(void)symbol, (void)into;
	return PTM_NOT_FOUND;
}
