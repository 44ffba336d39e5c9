/* SPDX-License-Identifier: MIT */
/*
 * libc's malloc and its family, for the control domain only: on an arena of the
 * whole heap. libc's own keeps one list of all that is free, sorted by address;
 * a store of 100,000 nodes walks it for each one that is freed. Linked before
 * libc, these take their place.
 */
#include <errno.h>
#include <reent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/arena.h"
#include "pebble.h"

static struct arena heap;

static void *take(size_t size)
{
    void *p;

    if (!heap.base) {
        size_t all = pebble_heap_size();

        arena_open(&heap, sbrk((ptrdiff_t)all), all);
    }
    p = arena_take(&heap, size);
    if (!p)
        errno = ENOMEM;
    return p;
}

static void *take_zeroed(size_t n, size_t size)
{
    size_t all;
    void *p;

    if (__builtin_mul_overflow(n, size, &all)) {
        errno = ENOMEM;
        return NULL;
    }
    p = take(all);
    return p ? memset(p, 0, all) : NULL;
}

static void *change(void *old, size_t size)
{
    size_t room;
    void *p;

    if (!old)
        return take(size);
    room = arena_room(&heap, old);
    if (size <= room && size >= room / 4)
        return old;
    p = take(size);
    if (!p)
        return NULL;
    memcpy(p, old, size < room ? size : room);
    arena_give(&heap, old);
    return p;
}

static void give(void *p)
{
    if (p)
        arena_give(&heap, p);
}

void *malloc(size_t size)
{
    return take(size);
}

void *calloc(size_t n, size_t size)
{
    return take_zeroed(n, size);
}

void *realloc(void *old, size_t size)
{
    return change(old, size);
}

void free(void *p)
{
    give(p);
}

/* The names under which libc calls them itself. */

void *_malloc_r(struct _reent *r, size_t size)
{
    (void)r;
    return take(size);
}

void *_calloc_r(struct _reent *r, size_t n, size_t size)
{
    (void)r;
    return take_zeroed(n, size);
}

void *_realloc_r(struct _reent *r, void *old, size_t size)
{
    (void)r;
    return change(old, size);
}

void _free_r(struct _reent *r, void *p)
{
    (void)r;
    give(p);
}
