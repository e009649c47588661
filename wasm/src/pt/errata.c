/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPU has which erratum: Intel's specification updates, as libipt's cases list them. */
#include "pt/errata.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	BROADWELL = PTM_BDM64,
	SKYLAKE = PTM_SKD007 | PTM_SKD022 | PTM_SKD010,
	SKYLAKE_SERVER = PTM_SKD022 | PTM_SKZ84,
	ICE_LAKE = PTM_SKD022,
	SAPPHIRE_RAPIDS = PTM_SKD022 | PTM_SKZ84,
	ALDER_LAKE = PTM_SKD022 | PTM_APL11,
	GOLDMONT = PTM_APL12 | PTM_APL11,
	TREMONT = PTM_APL11
};

/* Models of family 6. */
static const struct { uint8_t model, errata; } models[] = {
	{ 0x3d, BROADWELL }, { 0x47, BROADWELL }, { 0x4f, BROADWELL }, { 0x56, BROADWELL },
	{ 0x4e, SKYLAKE }, { 0x5e, SKYLAKE }, { 0x8e, SKYLAKE }, { 0x9e, SKYLAKE }, { 0xa5, SKYLAKE }, { 0xa6, SKYLAKE },
	{ 0x55, SKYLAKE_SERVER }, { 0x6a, SKYLAKE_SERVER }, { 0x6c, SKYLAKE_SERVER },
	{ 0x66, ICE_LAKE }, { 0x7d, ICE_LAKE }, { 0x7e, ICE_LAKE }, { 0x8c, ICE_LAKE }, { 0x8d, ICE_LAKE }, { 0xa7, ICE_LAKE }, { 0xa8, ICE_LAKE },
	{ 0x8f, SAPPHIRE_RAPIDS }, { 0xad, SAPPHIRE_RAPIDS }, { 0xae, SAPPHIRE_RAPIDS }, { 0xcf, SAPPHIRE_RAPIDS },
	{ 0x97, ALDER_LAKE }, { 0x9a, ALDER_LAKE }, { 0xaa, ALDER_LAKE }, { 0xac, ALDER_LAKE }, { 0xb5, ALDER_LAKE }, { 0xb7, ALDER_LAKE },
	{ 0xba, ALDER_LAKE }, { 0xbd, ALDER_LAKE }, { 0xbf, ALDER_LAKE }, { 0xc5, ALDER_LAKE }, { 0xc6, ALDER_LAKE }, { 0xcc, ALDER_LAKE },
	{ 0xd5, PTM_SKD022 },
	{ 0x5c, GOLDMONT }, { 0x5f, GOLDMONT },
	{ 0x7a, TREMONT }, { 0x86, TREMONT }, { 0x96, TREMONT }, { 0x9c, TREMONT }, { 0xaf, TREMONT }, { 0xb6, TREMONT }, { 0xdd, TREMONT },
};

static uint32_t errata_of_model(unsigned long family, unsigned long model)
{
	if (family == 18 && (model == 1 || model == 3))
		return PTM_SKD022;
	if (family == 19 && model == 1)
		return SAPPHIRE_RAPIDS;
	for (size_t i = 0; family == 6 && i < sizeof models / sizeof *models; i++)
		if (models[i].model == model)
			return models[i].errata;
	return 0;
}

/* Takes the separator and the number behind it. */
static bool take_number(const char **at, unsigned long *number)
{
	char *end;
	if ((**at != '-' && **at != ',') || (*at)[1] < '0' || (*at)[1] > '9')
		return false;
	*number = strtoul(*at + 1, &end, 10);
	*at = end;
	return true;
}

uint32_t ptm_errata_of(const char *cpuid, size_t length)
{
	static const char vendor[] = "GenuineIntel";
	const size_t vendor_length = sizeof vendor - 1;
	char text[64];
	const char *at = text + vendor_length;
	unsigned long family, model;

	if (length <= vendor_length || length >= sizeof text || memcmp(cpuid, vendor, vendor_length))
		return 0;
	memcpy(text, cpuid, length);
	text[length] = 0;
	return take_number(&at, &family) && take_number(&at, &model) ? errata_of_model(family, model) : 0;
}
