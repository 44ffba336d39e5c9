/* SPDX-License-Identifier: MIT */
/* See arena.h. */
#include "control/arena.h"

/* A free thing or run. Runs are linked both ways, for their buddies. */
struct arena_free {
    struct arena_free *next, *previous;
};

/* What is known of a page: of the first one of a run, and of each one of a
 * small size; 0: inside a run, or never used. */
#define KIND_SMALL 0x80 /* | class */
#define KIND_RUN   0x40 /* | order */
#define KIND_FREE  0x20 /* | order */
#define KIND_VALUE 0x1f

#define STEP       16u
#define STEP_LAST  256u /* classes by 16 up to here, then four to a doubling */
#define SMALL_MAX  2048u

/* ------------------------------------------------------------- classes */

/* 16, 32, ... 256, 320, 384, 448, 512, 640, ... 2048. */
static unsigned class_of(size_t size)
{
    unsigned shift;

    if (size <= STEP_LAST)
        return size ? (unsigned)((size - 1) / STEP) : 0;
    shift = 63u - (unsigned)__builtin_clzll(size - 1);
    return 12 + (shift - 8) * 4 + (unsigned)((size - 1) >> (shift - 2) & 3) + 4;
}

static size_t class_size(unsigned class)
{
    unsigned shift, quarter;

    if (class < STEP_LAST / STEP)
        return (class + 1) * (size_t)STEP;
    shift = (class - 16) / 4 + 8;
    quarter = (class - 16) % 4 + 1;
    return (1ul << shift) + quarter * (1ul << (shift - 2));
}

/* ---------------------------------------------------------------- runs */

static uint32_t page_of(const struct arena *a, const void *p)
{
    return (uint32_t)((size_t)((const uint8_t *)p - a->base) / ARENA_PAGE);
}

static struct arena_free *page_at(const struct arena *a, uint32_t page)
{
    return (struct arena_free *)(void *)(a->base + (size_t)page * ARENA_PAGE);
}

static void run_add(struct arena *a, uint32_t page, unsigned order)
{
    struct arena_free *f = page_at(a, page);

    a->kind[page] = (uint8_t)(KIND_FREE | order);
    f->previous = NULL;
    f->next = a->runs[order];
    if (f->next)
        f->next->previous = f;
    a->runs[order] = f;
}

static void run_remove(struct arena *a, struct arena_free *f, unsigned order)
{
    a->kind[page_of(a, f)] = 0;
    if (f->next)
        f->next->previous = f->previous;
    if (f->previous)
        f->previous->next = f->next;
    else
        a->runs[order] = f->next;
}

/* Pages that were never used, from a place where such a run may begin; those
 * before it become free runs. */
static void *run_fresh(struct arena *a, unsigned order)
{
    uint32_t n = 1u << order, at = (a->fresh + n - 1) & ~(n - 1);

    if (at < a->fresh || at > a->pages || n > a->pages - at)
        return NULL;
    while (a->fresh < at) {
        unsigned k = (unsigned)__builtin_ctz(a->fresh);

        run_add(a, a->fresh, k);
        a->fresh += 1u << k;
    }
    a->fresh = at + n;
    a->kind[at] = (uint8_t)(KIND_RUN | order);
    return page_at(a, at);
}

static void *run_take(struct arena *a, unsigned order)
{
    struct arena_free *f;
    unsigned k = order;

    while (k < ARENA_ORDERS && !a->runs[k])
        k++;
    if (k == ARENA_ORDERS)
        return run_fresh(a, order);
    f = a->runs[k];
    run_remove(a, f, k);
    while (k > order) {
        k--;
        run_add(a, page_of(a, f) + (1u << k), k);
    }
    a->kind[page_of(a, f)] = (uint8_t)(KIND_RUN | order);
    return f;
}

static void run_give(struct arena *a, uint32_t page, unsigned order)
{
    a->kind[page] = 0;
    for (; order + 1 < ARENA_ORDERS; order++) {
        uint32_t buddy = page ^ 1u << order;

        if (buddy >= a->fresh || a->kind[buddy] != (KIND_FREE | order))
            break;
        run_remove(a, page_at(a, buddy), order);
        page &= ~(1u << order);
    }
    run_add(a, page, order);
}

static unsigned order_of(size_t size)
{
    size_t pages = (size + ARENA_PAGE - 1) / ARENA_PAGE;

    return pages < 2 ? 0 : 64u - (unsigned)__builtin_clzll(pages - 1);
}

/* --------------------------------------------------------------- small */

/* One page, or four for sizes that would waste much of one. */
static unsigned small_order(unsigned class)
{
    return class_size(class) > 512 ? 2 : 0;
}

/* Things in a run. */
static uint32_t small_count(unsigned class)
{
    size_t all = (size_t)ARENA_PAGE << small_order(class);

    return (uint32_t)(all / class_size(class));
}

/* The first page of the run that it is in. */
static uint32_t small_run(const struct arena *a, const struct arena_free *f,
                          unsigned class)
{
    return page_of(a, f) & ~((1u << small_order(class)) - 1);
}

static void small_add(struct arena *a, struct arena_free *f, unsigned class)
{
    f->previous = NULL;
    f->next = a->small[class];
    if (f->next)
        f->next->previous = f;
    a->small[class] = f;
    a->spare[class]++;
}

static void small_remove(struct arena *a, struct arena_free *f, unsigned class)
{
    if (f->next)
        f->next->previous = f->previous;
    if (f->previous)
        f->previous->next = f->next;
    else
        a->small[class] = f->next;
    a->spare[class]--;
}

static void small_mark(struct arena *a, uint32_t page, unsigned class,
                       uint8_t kind)
{
    for (uint32_t i = 0; i < 1u << small_order(class); i++)
        a->kind[page + i] = kind;
    a->things[page] = 0;
}

static struct arena_free *small_thing(const struct arena *a, uint32_t page,
                                      unsigned class, uint32_t n)
{
    return (void *)((uint8_t *)page_at(a, page) + n * class_size(class));
}

static void small_fill(struct arena *a, unsigned class)
{
    uint8_t *run = run_take(a, small_order(class));
    uint32_t page = run ? page_of(a, run) : 0;

    if (!run)
        return;
    small_mark(a, page, class, (uint8_t)(KIND_SMALL | class));
    for (uint32_t n = small_count(class); n; n--)
        small_add(a, small_thing(a, page, class, n - 1), class);
}

/* Nothing of it is handed out. */
static void small_empty(struct arena *a, uint32_t page, unsigned class)
{
    for (uint32_t n = small_count(class); n; n--)
        small_remove(a, small_thing(a, page, class, n - 1), class);
    small_mark(a, page, class, 0);
    run_give(a, page, small_order(class));
}

static void small_give(struct arena *a, struct arena_free *f, unsigned class)
{
    uint32_t page = small_run(a, f, class);

    small_add(a, f, class);
    if (--a->things[page] == 0 && a->spare[class] >= 2 * small_count(class))
        small_empty(a, page, class);
}

/* ------------------------------------------------------------- exported */

void arena_open(struct arena *a, void *memory, size_t size)
{
    uint8_t *from = memory;
    size_t skip = -(uintptr_t)from & (ARENA_PAGE - 1);
    size_t pages, kinds;

    *a = (struct arena){.base = NULL};
    if (size < skip + 2 * ARENA_PAGE)
        return;
    pages = (size - skip) / ARENA_PAGE;
    if (pages > 1ul << (ARENA_ORDERS - 1))
        pages = 1ul << (ARENA_ORDERS - 1);
    kinds = (3 * pages + ARENA_PAGE) / ARENA_PAGE;
    a->kind = from + skip;
    a->things = (uint16_t *)(void *)(a->kind + pages + pages % 2);
    a->base = a->kind + kinds * ARENA_PAGE;
    a->pages = (uint32_t)(pages - kinds);
}

void *arena_take(struct arena *a, size_t size)
{
    unsigned class, order;
    struct arena_free *f;

    if (size > SMALL_MAX) {
        order = size <= (size_t)a->pages * ARENA_PAGE ? order_of(size) : 32;
        f = order < ARENA_ORDERS ? run_take(a, order) : NULL;
        a->used += f ? (size_t)ARENA_PAGE << order : 0;
        return f;
    }
    class = class_of(size);
    if (!a->small[class])
        small_fill(a, class);
    f = a->small[class];
    if (!f)
        return NULL;
    small_remove(a, f, class);
    a->things[small_run(a, f, class)]++;
    a->used += class_size(class);
    return f;
}

size_t arena_room(const struct arena *a, const void *p)
{
    uint8_t kind = a->kind[page_of(a, p)];

    return kind & KIND_SMALL ? class_size(kind & KIND_VALUE)
                             : (size_t)ARENA_PAGE << (kind & KIND_VALUE);
}

void arena_give(struct arena *a, void *p)
{
    uint8_t kind = a->kind[page_of(a, p)];

    a->used -= arena_room(a, p);
    if (kind & KIND_SMALL)
        small_give(a, p, kind & KIND_VALUE);
    else
        run_give(a, page_of(a, p), kind & KIND_VALUE);
}
