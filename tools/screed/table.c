/* SPDX-License-Identifier: MIT */
/* See table.h. */
#include "tools/screed/table.h"

#include <stdlib.h>

#include "tools/bundle/why.h"

static size_t slot(const struct table *t, uint64_t key)
{
    return (size_t)((key * 0x9e3779b97f4a7c15ull) >> 20) & (t->size - 1);
}

static void insert(struct table *t, struct link *l)
{
    struct link **at = &t->slots[slot(t, l->key)];

    l->next = *at;
    *at = l;
}

static void grow(struct table *t)
{
    struct table old = *t;

    t->size = old.size ? old.size * 2 : 64;
    t->slots = must_alloc(t->size, sizeof(*t->slots));
    for (size_t i = 0; i < old.size; i++) {
        for (struct link *l = old.slots[i], *next; l; l = next) {
            next = l->next;
            insert(t, l);
        }
    }
    free(old.slots);
}

void table_add(struct table *t, struct link *l, uint64_t key)
{
    if (t->count >= t->size)
        grow(t);
    l->key = key;
    insert(t, l);
    t->count++;
}

void table_remove(struct table *t, struct link *l)
{
    struct link **at = &t->slots[slot(t, l->key)];

    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    l->next = NULL;
    t->count--;
}

struct link *table_find(const struct table *t, uint64_t key,
                        const struct link *after)
{
    struct link *l;

    if (!t->size)
        return NULL;
    l = after ? after->next : t->slots[slot(t, key)];
    while (l && l->key != key)
        l = l->next;
    return l;
}

void table_free(struct table *t)
{
    free(t->slots);
    *t = (struct table){0};
}

uint64_t table_hash(const char *text)
{
    uint64_t h = 14695981039346656037ull;

    while (*text)
        h = (h ^ (unsigned char)*text++) * 1099511628211ull;
    return h;
}
