/* SPDX-License-Identifier: Apache-2.0 */
/* What CPUs do wrong in their Intel PT packets, as libipt names it: by the number
 * in Intel's specification updates. BDM70 (and SKD024, SKL021, KBL021) and SKL014 (with
 * an address filter) are always allowed for, and SKL168, which loses a CYC before a PSB, costs time only until
 * that PSB's own. */
#ifndef PTM_PT_ERRATA_H
#define PTM_PT_ERRATA_H

#include <stddef.h>
#include <stdint.h>

typedef enum ptm_erratum {
	PTM_BDM64 = 1 << 0,      /* a branch right before a transaction's abort may lead elsewhere than its packet says */
	PTM_SKD007 = 1 << 1,     /* an OVF may stand in place of all but the first byte of a CYC */
	PTM_SKD022 = 1 << 2,     /* a VM entry that turns tracing off may put a FUP before its TIP.PGD */
	PTM_SKD010 = 1 << 3,     /* the FUP or TIP.PGE after an OVF may be missing */
	PTM_APL12 = 1 << 4,      /* an OVF outside of traced code may be followed by a FUP */
	PTM_APL11 = 1 << 5,      /* an OVF may be followed by a TIP.PGD */
	PTM_SKZ84 = 1 << 6       /* in a guest a TMA may be spoiled, and one byte longer */
} ptm_erratum;

/* Errata (enum ptm_erratum, joined) of a CPU as perf names it: "GenuineIntel-6-94-3" or
 * "GenuineIntel,6,94,3" for vendor, family, model, stepping. 0 where nothing is known of it. */
uint32_t ptm_errata_of(const char *cpuid, size_t length);

#endif
