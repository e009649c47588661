/* SPDX-License-Identifier: Apache-2.0 */
/* IP compression: the last IP, and how a packet's IP bytes update it. SDM vol.
 * 3, "IP Compression". */
#ifndef PTM_PT_LAST_IP_H
#define PTM_PT_LAST_IP_H

#include "pt/packet.h"

/* Returns the full IP of a packet with IP bytes; `last` is left alone when it has none (count 0). */
static inline uint64_t ptm_last_ip_update(uint64_t last, const ptm_packet *packet)
{
	switch (packet->count) {
	case 1: return (last & ~0xffffull) | packet->payload;
	case 2: return (last & ~0xffffffffull) | packet->payload;
	case 3: return (uint64_t)((int64_t)(packet->payload << 16) >> 16);
	case 4: return (last & ~0xffffffffffffull) | packet->payload;
	case 6: return packet->payload;
	default: return last;
	}
}

#endif
