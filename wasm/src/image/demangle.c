/* SPDX-License-Identifier: Apache-2.0 */
#include "image/demangle.h"

ptm_status ptm_demangle(const char *symbol, ptm_text *into)
{
	(void)symbol, (void)into;
	return PTM_NOT_FOUND;
}
