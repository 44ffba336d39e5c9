/* SPDX-License-Identifier: MIT */
/*
 * What is due when: a heap of things, each with at most one time. O(log n).
 */
#ifndef CONTROL_DEADLINES_H
#define CONTROL_DEADLINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct deadline {
    uint64_t at;
    uint32_t place; /* in the heap, from 1; 0: not in it */
};

struct deadlines {
    struct deadline **heap; /* [1..count] */
    uint32_t count, room;
};

#define DEADLINE_NONE UINT64_MAX

/* Sets or moves it. false: no memory; it is not set. */
bool deadline_set(struct deadlines *h, struct deadline *d, uint64_t at);
void deadline_clear(struct deadlines *h, struct deadline *d);
/* The earliest, or DEADLINE_NONE. */
static inline uint64_t deadlines_next(const struct deadlines *h)
{
    return h->count ? h->heap[1]->at : DEADLINE_NONE;
}
/* Takes out one that is due at `now`; NULL: none. */
struct deadline *deadline_due(struct deadlines *h, uint64_t now);
void deadlines_free(struct deadlines *h);

#endif
