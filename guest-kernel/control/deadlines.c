/* SPDX-License-Identifier: MIT */
/* See deadlines.h. */
#include "control/deadlines.h"

#include <stdlib.h>

static void place(struct deadlines *h, uint32_t i, struct deadline *d)
{
    h->heap[i] = d;
    d->place = i;
}

static void rise(struct deadlines *h, uint32_t i)
{
    struct deadline *d = h->heap[i];

    for (; i > 1 && h->heap[i / 2]->at > d->at; i /= 2)
        place(h, i, h->heap[i / 2]);
    place(h, i, d);
}

static void sink(struct deadlines *h, uint32_t i)
{
    struct deadline *d = h->heap[i];

    for (uint32_t next; (next = 2 * i) <= h->count; i = next) {
        if (next < h->count && h->heap[next + 1]->at < h->heap[next]->at)
            next++;
        if (h->heap[next]->at >= d->at)
            break;
        place(h, i, h->heap[next]);
    }
    place(h, i, d);
}

static bool make_room(struct deadlines *h)
{
    uint32_t room = h->room ? h->room * 2 : 64;
    struct deadline **heap;

    if (h->count + 1 < h->room)
        return true;
    heap = realloc(h->heap, room * sizeof(*heap));
    if (!heap)
        return false;
    h->heap = heap;
    h->room = room;
    return true;
}

bool deadline_set(struct deadlines *h, struct deadline *d, uint64_t at)
{
    deadline_clear(h, d);
    if (!make_room(h))
        return false;
    d->at = at;
    place(h, ++h->count, d);
    rise(h, h->count);
    return true;
}

void deadline_clear(struct deadlines *h, struct deadline *d)
{
    uint32_t i = d->place;
    struct deadline *last;

    if (!i)
        return;
    d->place = 0;
    last = h->heap[h->count--];
    if (last == d)
        return;
    place(h, i, last);
    rise(h, i);
    sink(h, last->place);
}

struct deadline *deadline_due(struct deadlines *h, uint64_t now)
{
    struct deadline *d = h->count ? h->heap[1] : NULL;

    if (!d || d->at > now)
        return NULL;
    deadline_clear(h, d);
    return d;
}

void deadlines_free(struct deadlines *h)
{
    free(h->heap);
    *h = (struct deadlines){0};
}
