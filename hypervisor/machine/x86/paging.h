/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own tables: slots SLOT_FIRST..SLOT_END of every space.
 * Built on the boot CPU before any space exists; afterwards only device
 * mappings are added, in tables that exist already (device.c), so that the
 * slots, once copied into a space, stay right.
 */
#ifndef X86_PAGING_H
#define X86_PAGING_H

#include "base/types.h"

#define PTE_PRESENT    (1ull << 0)
#define PTE_WRITE      (1ull << 1)
#define PTE_USER       (1ull << 2)
#define PTE_UNCACHED   (3ull << 3)
#define PTE_ACCESSED   (1ull << 5)
#define PTE_DIRTY      (1ull << 6)
#define PTE_LARGE      (1ull << 7)
#define PTE_GLOBAL     (1ull << 8)
#define PTE_NX         (1ull << 63)
#define PTE_ADDRESS    0x000ffffffffff000ull

#define PAGE_2M        0x200000ull
#define PAGE_1G        0x40000000ull

#define PAGING_WRITE   1u
#define PAGING_EXECUTE 2u

/* Builds and loads them. The boot tables are gone then. */
void paging_init(void);
/* Maps one page of 4 KiB, 2 MiB or 1 GiB; takes early frames for tables. */
void paging_map(uint64_t va, maddr_t a, uint64_t page, unsigned flags);
/* The third-level table of one of our slots. */
uint64_t *paging_slot(unsigned slot);
/* The root to run on when no domain's is wanted. */
uint64_t paging_root(void);
/* Copies our slots into a fresh root. */
void paging_share(uint64_t *root);
/* This CPU onto our own root. */
void paging_load(void);

#endif
