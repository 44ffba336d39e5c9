/* SPDX-License-Identifier: MIT */
/* See lookup.h. */
#include "control/lookup.h"

#include <stdlib.h>

#define SIZE_LEAST 64

static void put(struct lookup *t, struct lookup_link *l)
{
    struct lookup_link **head = &t->heads[l->hash & (t->size - 1)];

    l->next = *head;
    *head = l;
}

bool lookup_open(struct lookup *t)
{
    *t = (struct lookup){
        .heads = calloc(SIZE_LEAST, sizeof(*t->heads)),
        .size = SIZE_LEAST,
    };
    return t->heads != NULL;
}

static void rehash(struct lookup *t)
{
    struct lookup old = *t;
    struct lookup_link **heads = calloc((size_t)t->size * 2, sizeof(*heads));

    if (!heads)
        return;
    t->heads = heads;
    t->size *= 2;
    for (uint32_t i = 0; i < old.size; i++) {
        struct lookup_link *next;

        for (struct lookup_link *l = old.heads[i]; l; l = next) {
            next = l->next;
            put(t, l);
        }
    }
    free(old.heads);
}

void lookup_add(struct lookup *t, struct lookup_link *l, uint32_t hash)
{
    if (t->count >= t->size)
        rehash(t);
    l->hash = hash;
    put(t, l);
    t->count++;
}

void lookup_remove(struct lookup *t, struct lookup_link *l)
{
    struct lookup_link **at = &t->heads[l->hash & (t->size - 1)];

    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    t->count--;
}

struct lookup_link *lookup_first(const struct lookup *t, uint32_t hash)
{
    return t->heads[hash & (t->size - 1)];
}

void lookup_clear(struct lookup *t)
{
    free(t->heads);
    *t = (struct lookup){0};
}

uint32_t lookup_hash_bytes(const void *bytes, size_t n, uint32_t seed)
{
    const uint8_t *p = bytes;
    uint32_t h = seed ^ 2166136261u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 16777619u;
    return h ^ h >> 15;
}
