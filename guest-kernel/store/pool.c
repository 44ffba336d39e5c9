/* SPDX-License-Identifier: MIT */
/*
 * Slabs and regions: see pool.h. A slab is one aligned page of equal blocks
 * behind a head, found from a block by its address. A region is one block of
 * malloc with POOL_SLABS slabs; those with a free slab stand in a list.
 */
#include "store/pool.h"

#include <stdbool.h>
#include <stdlib.h>

#define SLAB_SIZE  4096u
#define SLAB_COUNT 30u /* with its head a region is just below 128 KiB */

struct pool_slab {
    struct pool_slab *next, *prev; /* in the list of open slabs */
    struct pool_region *region;
    void *free;
    uint16_t used, fresh, all; /* blocks: handed out, never used yet, in all */
    uint16_t class;
};

struct pool_region {
    struct pool_region *next, *prev;
    char *slabs;
    uint32_t free; /* bitmap of slabs */
};

#define SLAB_HEAD 48u
#define ALL_FREE  ((1u << SLAB_COUNT) - 1)

_Static_assert(sizeof(struct pool_slab) <= SLAB_HEAD, "slab head");
_Static_assert(4 * POOL_SMALL + SLAB_HEAD <= SLAB_SIZE, "four to a slab");

void pool_init(struct pool *p)
{
    *p = (struct pool){0};
}

static void region_link(struct pool *p, struct pool_region *r)
{
    r->prev = NULL;
    r->next = p->regions;
    if (r->next)
        r->next->prev = r;
    p->regions = r;
}

static void region_unlink(struct pool *p, struct pool_region *r)
{
    if (r->prev)
        r->prev->next = r->next;
    else
        p->regions = r->next;
    if (r->next)
        r->next->prev = r->prev;
}

static struct pool_region *region_new(struct pool *p)
{
    size_t size = sizeof(struct pool_region) + (SLAB_COUNT + 1) * SLAB_SIZE;
    struct pool_region *r = malloc(size);

    if (!r)
        return NULL;
    r->slabs = (char *)(((uintptr_t)(r + 1) + SLAB_SIZE - 1) &
                        ~(uintptr_t)(SLAB_SIZE - 1));
    r->free = ALL_FREE;
    p->held += size;
    region_link(p, r);
    return r;
}

static void region_free(struct pool *p, struct pool_region *r)
{
    region_unlink(p, r);
    p->held -= sizeof(*r) + (SLAB_COUNT + 1) * SLAB_SIZE;
    free(r);
}

void pool_end(struct pool *p)
{
    struct pool_region *next;

    for (struct pool_region *r = p->regions; r; r = next) {
        next = r->next;
        if (r->free == ALL_FREE)
            region_free(p, r);
    }
}

static void slab_open(struct pool *p, struct pool_slab *s)
{
    s->prev = NULL;
    s->next = p->open[s->class];
    if (s->next)
        s->next->prev = s;
    p->open[s->class] = s;
}

static void slab_close(struct pool *p, struct pool_slab *s)
{
    if (s->prev)
        s->prev->next = s->next;
    else
        p->open[s->class] = s->next;
    if (s->next)
        s->next->prev = s->prev;
}

static struct pool_slab *slab_new(struct pool *p, unsigned class)
{
    struct pool_region *r = p->regions ? p->regions : region_new(p);
    struct pool_slab *s;
    unsigned i;

    if (!r)
        return NULL;
    i = (unsigned)__builtin_ctz(r->free);
    r->free &= r->free - 1;
    if (!r->free)
        region_unlink(p, r);
    s = (struct pool_slab *)(void *)(r->slabs + i * SLAB_SIZE);
    *s = (struct pool_slab){.region = r, .class = (uint16_t) class};
    s->all = (uint16_t)((SLAB_SIZE - SLAB_HEAD) / ((class + 1) * POOL_STEP));
    s->fresh = s->all;
    slab_open(p, s);
    return s;
}

/* Keeps one region, so that a store that breathes does not call malloc. */
static void slab_free(struct pool *p, struct pool_slab *s)
{
    struct pool_region *r = s->region;
    unsigned i = (unsigned)(((char *)s - r->slabs) / SLAB_SIZE);

    slab_close(p, s);
    if (!r->free)
        region_link(p, r);
    r->free |= 1u << i;
    if (r->free == ALL_FREE && (r->next || r->prev))
        region_free(p, r);
}

static void *slab_take(struct pool *p, struct pool_slab *s)
{
    void *block = s->free;

    if (block) {
        s->free = *(void **)block;
    } else {
        s->fresh--;
        block =
            (char *)s + SLAB_HEAD + s->fresh * ((s->class + 1u) * POOL_STEP);
    }
    if (++s->used == s->all)
        slab_close(p, s);
    return block;
}

static void slab_give(struct pool *p, void *block)
{
    struct pool_slab *s =
        (struct pool_slab *)((uintptr_t)block & ~(uintptr_t)(SLAB_SIZE - 1));

    if (s->used == s->all)
        slab_open(p, s);
    *(void **)block = s->free;
    s->free = block;
    if (--s->used == 0)
        slab_free(p, s);
}

static unsigned class_of(size_t size)
{
    return size ? (unsigned)((size - 1) / POOL_STEP) : 0;
}

size_t pool_cost(size_t size)
{
    if (size > SLAB_SIZE / 2)
        return (size + SLAB_SIZE - 1) & ~(size_t)(SLAB_SIZE - 1);
    return size > POOL_SMALL ? size : (class_of(size) + 1) * POOL_STEP;
}

static bool fails(struct pool *p)
{
    return p->fail && --p->fail == 0;
}

void *pool_alloc(struct pool *p, size_t size)
{
    void *block = NULL;

    if (fails(p))
        return NULL;
    if (size > POOL_SMALL) {
        block = malloc(size);
        p->held += block ? size : 0;
    } else {
        struct pool_slab *s = p->open[class_of(size)];

        if (!s)
            s = slab_new(p, class_of(size));
        if (s)
            block = slab_take(p, s);
    }
    if (block) {
        p->bytes += pool_cost(size);
        p->blocks++;
    }
    return block;
}

void pool_free(struct pool *p, void *block, size_t size)
{
    if (!block)
        return;
    p->bytes -= pool_cost(size);
    p->blocks--;
    if (size > POOL_SMALL) {
        p->held -= size;
        free(block);
    } else {
        slab_give(p, block);
    }
}
