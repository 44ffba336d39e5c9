/* SPDX-License-Identifier: MIT */
/*
 * A binary heap of (key, item), smallest key on top, O(log n). Every entry
 * keeps its index in *slot, so that it can be removed from the middle. The
 * storage is the caller's. Used by run queues and timers.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include "base/types.h"

#define HEAP_NONE UINT32_MAX /* *slot of an item that is in no heap */

struct heap_entry {
    uint64_t key;
    uint32_t *slot;
    void *item;
};

struct heap {
    struct heap_entry *entries;
    uint32_t count, capacity;
};

void heap_init(struct heap *h, struct heap_entry *storage, uint32_t capacity);
/* False: it is full. *slot was HEAP_NONE and is the entry's index from now. */
must_check bool heap_insert(struct heap *h, uint64_t key, void *item,
                            uint32_t *slot);
/* Removes the entry at index *slot and sets *slot to HEAP_NONE. */
void heap_remove(struct heap *h, uint32_t *slot);
/* Gives the entry at *slot a new key. */
void heap_update(struct heap *h, uint32_t *slot, uint64_t key);

/* The smallest entry, or NULL. */
static inline const struct heap_entry *heap_top(const struct heap *h)
{
    return h->count ? &h->entries[0] : NULL;
}

/* Its key; UINT64_MAX: the heap is empty. */
static inline uint64_t heap_least(const struct heap *h)
{
    return h->count ? h->entries[0].key : UINT64_MAX;
}

/* How many there are, for a look without the lock that guards h: a moment old,
 * perhaps. */
__attribute__((no_sanitize("thread"))) static inline uint32_t
heap_glance(const struct heap *h)
{
    return h->count;
}

#endif
