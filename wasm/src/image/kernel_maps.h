/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's maps and what was written into its code, over time. Each change
 * begins an epoch; most traces have one.
 *
 *     epoch 0            1               2
 *     ──────────────┬───────────────┬────────────> time
 *     text, modules │ eBPF program  │ jump label patched
 */
#ifndef PTM_IMAGE_KERNEL_MAPS_H
#define PTM_IMAGE_KERNEL_MAPS_H

#include "image/kernel.h"
#include "image/map_tree.h"

typedef struct ptm_kernel_change {
	uint64_t time;
	ptm_map map;             /* image and name 0: nothing is there any more, or a poke */
	bool symbol;             /* of a function that came or went while the kernel ran: above what files say */
	uint32_t poke;           /* row of pokes + 1; 0: a map */
} ptm_kernel_change;

typedef struct ptm_kernel_poke {
	uint64_t address;
	uint32_t bytes, length;  /* in the pool */
} ptm_kernel_poke;

/* That a change of `epoch` touched a page of code. */
typedef struct ptm_kernel_touch { uint64_t page; uint32_t epoch, poke; /* row + 1; 0: a map */ } ptm_kernel_touch;
typedef struct ptm_kernel_epoch { uint64_t time; uint32_t maps; /* root in the tree */ } ptm_kernel_epoch;

typedef struct ptm_kernel_maps {
	PTM_ARRAY(ptm_kernel_change) changes;    /* in order of time */
	PTM_ARRAY(ptm_kernel_poke) pokes;
	PTM_ARRAY(uint8_t) pool;
	PTM_ARRAY(ptm_kernel_epoch) epochs;      /* sorted by time; at least one */
	PTM_ARRAY(ptm_kernel_touch) touches;     /* sorted by (page, epoch), in order */
} ptm_kernel_maps;

ptm_status ptm_kernel_maps_init(ptm_kernel_maps *maps) PTM_MUST_CHECK;
void ptm_kernel_maps_free(ptm_kernel_maps *maps);
/* Forgets all changes. */
ptm_status ptm_kernel_maps_clear(ptm_kernel_maps *maps) PTM_MUST_CHECK;

/* Notes that `length` bytes of code at `address` became `bytes` (copied). */
ptm_status ptm_kernel_maps_poke(ptm_kernel_maps *maps, uint64_t time, uint64_t address, const uint8_t *bytes, uint32_t length) PTM_MUST_CHECK;

/* Lays out all epochs, by the changes and the files given for the kernel. */
ptm_status ptm_kernel_maps_settle(ptm_kernel_maps *maps, ptm_map_tree *tree, const ptm_kernel *kernel) PTM_MUST_CHECK;

uint32_t ptm_kernel_maps_epoch(const ptm_kernel_maps *maps, uint64_t time);
/* The last epoch up to `epoch` in which code changed within 4 KB behind `ip`: until then a block at `ip` is the same. */
uint32_t ptm_kernel_maps_version(const ptm_kernel_maps *maps, uint32_t epoch, uint64_t ip);
/* Writes what was poked into the `length` (at most 15) bytes at `ip`, of which
 * bit i of `known` says that byte i holds; sets the bits of what it writes. */
void ptm_kernel_maps_patch(const ptm_kernel_maps *maps, uint32_t epoch, uint64_t ip, uint8_t *code, uint32_t length, uint32_t *known);

#endif
