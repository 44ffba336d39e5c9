/* SPDX-License-Identifier: MIT */
/*
 * Linear hashing, after Larson: bucket `buckets - low` is the next to be split.
 * See hash.h.
 */
#include "store/hash.h"

#include <string.h>

#include "siphash.h"

static struct hash_link **slot(const struct hash *h, uint32_t bucket)
{
    return &h->segments[bucket / HASH_SEGMENT][bucket % HASH_SEGMENT];
}

static struct hash_link **bucket_of(const struct hash *h, uint32_t hash)
{
    uint32_t bucket = hash & (2 * h->low - 1);

    return slot(h, bucket < h->buckets ? bucket : bucket - h->low);
}

static bool make_room(struct hash *h)
{
    uint32_t room = h->room ? 2 * h->room : 4;
    struct hash_link ***segments;

    if (h->buckets / HASH_SEGMENT < h->room)
        return true;
    segments = pool_alloc(h->pool, room * sizeof(*segments));
    if (!segments)
        return false;
    memset(segments, 0, room * sizeof(*segments));
    if (h->segments)
        memcpy(segments, h->segments, h->room * sizeof(*segments));
    pool_free(h->pool, h->segments, h->room * sizeof(*segments));
    h->segments = segments;
    h->room = room;
    return true;
}

/* Bucket number `buckets` gets its place. */
static bool make_segment(struct hash *h)
{
    struct hash_link **segment;

    if (h->buckets % HASH_SEGMENT)
        return true;
    if (!make_room(h))
        return false;
    segment = pool_alloc(h->pool, HASH_SEGMENT * sizeof(*segment));
    if (!segment)
        return false;
    memset(segment, 0, HASH_SEGMENT * sizeof(*segment));
    h->segments[h->buckets / HASH_SEGMENT] = segment;
    return true;
}

bool hash_init(struct hash *h, struct pool *pool)
{
    *h = (struct hash){.pool = pool};
    if (!make_segment(h)) {
        pool_free(pool, h->segments, h->room * sizeof(*h->segments));
        return false;
    }
    h->buckets = h->low = 1;
    return true;
}

void hash_end(struct hash *h)
{
    uint32_t n = (h->buckets + HASH_SEGMENT - 1) / HASH_SEGMENT;

    for (uint32_t i = 0; i < n; i++)
        pool_free(h->pool, h->segments[i],
                  HASH_SEGMENT * sizeof(*h->segments[i]));
    pool_free(h->pool, h->segments, h->room * sizeof(*h->segments));
    *h = (struct hash){0};
}

static void grow(struct hash *h)
{
    struct hash_link **from, *l, *next;

    if (h->count <= h->buckets || h->buckets >= 1u << 30 || !make_segment(h))
        return;
    from = slot(h, h->buckets - h->low);
    l = *from;
    *from = NULL;
    h->buckets++;
    if (h->buckets == 2 * h->low)
        h->low = h->buckets;
    for (; l; l = next) {
        struct hash_link **to = bucket_of(h, l->hash);

        next = l->next;
        l->next = *to;
        *to = l;
    }
}

static void shrink(struct hash *h)
{
    struct hash_link **to, *l;

    if (h->count >= h->buckets / 2 || h->buckets <= 1)
        return;
    if (h->buckets == h->low)
        h->low /= 2;
    h->buckets--;
    l = *slot(h, h->buckets);
    to = slot(h, h->buckets - h->low);
    while (*to)
        to = &(*to)->next;
    *to = l;
    if (h->buckets % HASH_SEGMENT == 0)
        pool_free(h->pool, h->segments[h->buckets / HASH_SEGMENT],
                  HASH_SEGMENT * sizeof(*h->segments[0]));
    else
        *slot(h, h->buckets) = NULL;
}

void hash_add(struct hash *h, struct hash_link *l, uint32_t hash)
{
    struct hash_link **at = bucket_of(h, hash);

    l->hash = hash;
    l->next = *at;
    *at = l;
    h->count++;
    grow(h);
}

void hash_remove(struct hash *h, struct hash_link *l)
{
    struct hash_link **at = bucket_of(h, l->hash);

    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    h->count--;
    shrink(h);
    shrink(h);
}

struct hash_link *hash_first(const struct hash *h, uint32_t hash)
{
    struct hash_link *l = *bucket_of(h, hash);

    while (l && l->hash != hash)
        l = l->next;
    return l;
}

struct hash_link *hash_next(const struct hash_link *l)
{
    uint32_t hash = l->hash;

    do
        l = l->next;
    while (l && l->hash != hash);
    return (struct hash_link *)l;
}

static struct hash_link *from_bucket(const struct hash *h, uint32_t bucket)
{
    for (; bucket < h->buckets; bucket++) {
        if (*slot(h, bucket))
            return *slot(h, bucket);
    }
    return NULL;
}

struct hash_link *hash_any(const struct hash *h)
{
    return from_bucket(h, 0);
}

struct hash_link *hash_after(const struct hash *h, const struct hash_link *l)
{
    uint32_t bucket = l->hash & (2 * h->low - 1);

    if (l->next)
        return l->next;
    return from_bucket(h, (bucket < h->buckets ? bucket : bucket - h->low) + 1);
}

uint32_t hash_bytes(const uint64_t key[2], uint64_t from, const void *bytes,
                    size_t n)
{
    return (uint32_t)siphash_1_3(key, from, bytes, n);
}
