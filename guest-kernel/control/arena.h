/* SPDX-License-Identifier: MIT */
/*
 * Memory for very many small things that come and go in any order: O(1) for
 * small sizes, O(log n) for whole pages, no search, no header at a thing. Pages
 * that were never needed are never touched.
 *
 * Pages are handed out in runs of 2^k (buddies). Small things lie in runs of
 * their size's own. A run that is empty again goes back, unless it is about all
 * that its size has free: who fills the memory with things of one size leaves
 * room for those of another when they are gone.
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
    uint16_t *things;      /* handed out of the small run that begins there */
    uint32_t pages, fresh; /* from `fresh` on never used */
    struct arena_free *small[ARENA_CLASSES];
    uint32_t spare[ARENA_CLASSES]; /* things in small[] */
    struct arena_free *runs[ARENA_ORDERS];
    size_t used; /* bytes handed out, rounded as they are */
};

/* Takes [memory, memory + size); nothing of it is touched but for three bytes
 * for each page that comes to use. */
void arena_open(struct arena *a, void *memory, size_t size);
/* Aligned to 16; NULL: there is none. */
void *arena_take(struct arena *a, size_t size);
/* p came from arena_take(), not NULL. */
void arena_give(struct arena *a, void *p);
/* What p has room for. */
size_t arena_room(const struct arena *a, const void *p);

#endif
