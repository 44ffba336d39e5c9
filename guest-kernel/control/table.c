/* SPDX-License-Identifier: MIT */
/* See table.h. */
#include "control/table.h"

#include <stdlib.h>

#define SIZE_LEAST 64

static void put(struct table *t, struct table_link *l)
{
    struct table_link **head = &t->heads[l->hash & (t->size - 1)];

    l->next = *head;
    *head = l;
}

bool table_open(struct table *t)
{
    *t = (struct table){
        .heads = calloc(SIZE_LEAST, sizeof(*t->heads)),
        .size = SIZE_LEAST,
    };
    return t->heads != NULL;
}

static void rehash(struct table *t)
{
    struct table old = *t;
    struct table_link **heads = calloc((size_t)t->size * 2, sizeof(*heads));

    if (!heads)
        return;
    t->heads = heads;
    t->size *= 2;
    for (uint32_t i = 0; i < old.size; i++) {
        struct table_link *next;

        for (struct table_link *l = old.heads[i]; l; l = next) {
            next = l->next;
            put(t, l);
        }
    }
    free(old.heads);
}

void table_add(struct table *t, struct table_link *l, uint32_t hash)
{
    if (t->count >= t->size)
        rehash(t);
    l->hash = hash;
    put(t, l);
    t->count++;
}

void table_remove(struct table *t, struct table_link *l)
{
    struct table_link **at = &t->heads[l->hash & (t->size - 1)];

    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    t->count--;
}

struct table_link *table_first(const struct table *t, uint32_t hash)
{
    return t->heads[hash & (t->size - 1)];
}

void table_clear(struct table *t)
{
    free(t->heads);
    *t = (struct table){0};
}

uint32_t table_hash_bytes(const void *bytes, size_t n, uint32_t seed)
{
    const uint8_t *p = bytes;
    uint32_t h = seed ^ 2166136261u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 16777619u;
    return h ^ h >> 15;
}
