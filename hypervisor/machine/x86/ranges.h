/* SPDX-License-Identifier: MIT */
/*
 * RAM, as ranges of whole frames: filled from the loader's memory map, minus
 * what is in use; the boot code takes single frames; the rest becomes
 * machine_info.ram.
 */
#ifndef X86_RANGES_H
#define X86_RANGES_H

#include "machine/machine.h"

/* RAM [a, a + size): its whole frames. Ranges too many are left unused. */
void ranges_add(uint64_t a, uint64_t size);
/* Takes out every frame that [a, a + size) touches. */
void ranges_remove(uint64_t a, uint64_t size);
/* A zeroed frame below 4 GiB, for good. Panics when there is none. */
mfn_t ranges_take(void);
/* Ascending. Nothing can be taken afterwards. */
unsigned ranges_export(struct machine_range out[MACHINE_RANGES]);

#endif
