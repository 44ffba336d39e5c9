/* SPDX-License-Identifier: MIT */
/*
 * Memory for very many small things that come and go in any order: O(1) for
 * small sizes, O(log n) for whole pages, no search, no header at a thing. Pages
 * that were never needed are never touched.
 *
 * Pages are handed out in runs of 2^k (buddies). Small things lie in pages of
 * their size's own, and a page that was given to a size stays with it.
 */
#ifndef CONTROL_ARENA_H
#define CONTROL_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define ARENA_PAGE    4096
#define ARENA_ORDERS  28
#define ARENA_CLASSES 28

struct arena_free;

struct arena {
    uint8_t *base;         /* page-aligned */
    uint8_t *kind;         /* of each page */
    uint32_t pages, fresh; /* from `fresh` on never used */
    struct arena_free *small[ARENA_CLASSES];
    struct arena_free *runs[ARENA_ORDERS];
    size_t used; /* bytes handed out, rounded as they are */
};

/* Takes [memory, memory + size); nothing of it is touched but for one byte for
 * each page that comes to use. */
void arena_open(struct arena *a, void *memory, size_t size);
/* Aligned to 16; NULL: there is none. */
void *arena_take(struct arena *a, size_t size);
/* p came from arena_take(), not NULL. */
void arena_give(struct arena *a, void *p);
/* What p has room for. */
size_t arena_room(const struct arena *a, const void *p);

#endif
