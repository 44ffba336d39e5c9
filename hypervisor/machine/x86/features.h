/* SPDX-License-Identifier: MIT */
/*
 * What this processor has, found once on the boot CPU, and the control
 * registers every CPU runs with. Called by boot.c and smp.c.
 */
#ifndef X86_FEATURES_H
#define X86_FEATURES_H

#include "base/types.h"

struct features {
    bool smep, smap, umip, pge, xsave, avx, gib_pages, rdrand, rdtscp;
    bool ibpb, md_clear;   /* barriers of machine_domain_switch() */
    bool meltdown;         /* a guest could read what the tables forbid it */
    bool fpu_leak;         /* FXRSTOR leaves FIP, FDP, FOP (AMD) */
    bool tcg;              /* QEMU's software processor */
    uint64_t address_mask; /* bits of a physical address */
};

extern struct features features;

void features_find(void);
/* Control registers, EFER and extended state of this CPU. */
void features_enable(void);

#endif
