/* SPDX-License-Identifier: MIT */
/*
 * The binary heap. Invariants: no entry's key is less than its parent's, and
 * *entries[i].slot == i for every i < count.
 */
#include "base/heap.h"

static void place(struct heap *h, uint32_t i, struct heap_entry e)
{
    h->entries[i] = e;
    *e.slot = i;
}

static void sift_up(struct heap *h, uint32_t i, struct heap_entry e)
{
    while (i > 0) {
        uint32_t parent = (i - 1) / 2;

        if (h->entries[parent].key <= e.key)
            break;
        place(h, i, h->entries[parent]);
        i = parent;
    }
    place(h, i, e);
}

static void sift_down(struct heap *h, uint32_t i, struct heap_entry e)
{
    for (;;) {
        uint32_t child = 2 * i + 1;

        if (child >= h->count)
            break;
        if (child + 1 < h->count &&
            h->entries[child + 1].key < h->entries[child].key)
            child++;
        if (e.key <= h->entries[child].key)
            break;
        place(h, i, h->entries[child]);
        i = child;
    }
    place(h, i, e);
}

/* Puts e into the gap at i, in whichever direction order asks for. */
static void settle(struct heap *h, uint32_t i, struct heap_entry e)
{
    if (i > 0 && e.key < h->entries[(i - 1) / 2].key)
        sift_up(h, i, e);
    else
        sift_down(h, i, e);
}

void heap_init(struct heap *h, struct heap_entry *storage, uint32_t capacity)
{
    h->entries = storage;
    h->count = 0;
    h->capacity = capacity;
}

bool heap_insert(struct heap *h, uint64_t key, void *item, uint32_t *slot)
{
    struct heap_entry e = {.key = key, .slot = slot, .item = item};
    uint32_t i = h->count;

    if (i == h->capacity)
        return false;
    h->count++;
    if (i == 0) /* as often as not, on a CPU that is not busy */
        place(h, 0, e);
    else
        sift_up(h, i, e);
    return true;
}

void heap_remove(struct heap *h, uint32_t *slot)
{
    uint32_t i = *slot;
    uint32_t last = --h->count;

    *slot = HEAP_NONE;
    if (i != last)
        settle(h, i, h->entries[last]);
}

void heap_update(struct heap *h, uint32_t *slot, uint64_t key)
{
    struct heap_entry e = h->entries[*slot];

    e.key = key;
    settle(h, *slot, e);
}
