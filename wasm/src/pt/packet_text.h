/* SPDX-License-Identifier: Apache-2.0 */
/* Packets as text, word for word as the dump of `perf script -D` prints them:
 * name, a space and the payload's text where there is one. */
#ifndef PTM_PT_PACKET_TEXT_H
#define PTM_PT_PACKET_TEXT_H

#include "pt/packet.h"

/* Longest text with its 0: that of a long TNT. */
#define PTM_PACKET_TEXT_SIZE 96

/* "TIP.PGE"; "Bad" for what is no packet. Never NULL. */
const char *ptm_packet_name(uint8_t kind);

/* Writes the payload's text and a 0, cut to `size` bytes. Returns its length, 0
 * for packets without payload. */
size_t ptm_packet_text(const ptm_packet *packet, char *into, size_t size);

#endif
