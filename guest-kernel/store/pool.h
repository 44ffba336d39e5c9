/* SPDX-License-Identifier: MIT */
/*
 * The store's memory: size classes over malloc, whose linear free lists would
 * make every operation as slow as the store is large. Blocks of up to
 * POOL_SMALL bytes come from slabs of one page, kept in regions of malloc;
 * larger ones straight from malloc. What is empty goes back at once, but for
 * one region.
 */
#ifndef STORE_POOL_H
#define STORE_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_STEP    16
#define POOL_SMALL   1008
#define POOL_CLASSES (POOL_SMALL / POOL_STEP)

struct pool_slab;
struct pool_region;

struct pool {
    struct pool_slab *open[POOL_CLASSES]; /* with a free block */
    struct pool_region *regions;          /* with a free slab */
    size_t bytes;                         /* handed out, rounded up */
    size_t blocks;
    size_t held; /* taken from malloc */
    /* For tests: this many allocations from now on succeed, then one fails;
     * 0: none does. */
    unsigned long fail;
};

void pool_init(struct pool *p);
/* What is left empty goes back to malloc. */
void pool_end(struct pool *p);

/* Not zeroed; NULL: no memory. */
void *pool_alloc(struct pool *p, size_t size);
/* `size` as it was asked for. NULL is fine. */
void pool_free(struct pool *p, void *block, size_t size);
/* Bytes that a block of this size takes. */
size_t pool_cost(size_t size);

#endif
