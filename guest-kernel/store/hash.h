/* SPDX-License-Identifier: MIT */
/*
 * A hash table that grows by one bucket with an insertion and shrinks by two
 * with a removal (linear hashing): no operation ever waits for a table to be
 * copied, and running out of memory makes chains longer, nothing else. Links
 * stand in what is kept; hashes are keyed, so that nobody outside can aim at a
 * chain.
 */
#ifndef STORE_HASH_H
#define STORE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/pool.h"

struct hash_link {
    struct hash_link *next;
    uint32_t hash;
};

#define HASH_SEGMENT 64u /* buckets */

struct hash {
    struct pool *pool;
    struct hash_link ***segments;
    uint32_t room;    /* of segments[] */
    uint32_t buckets; /* in use */
    uint32_t low;     /* the largest power of two <= buckets */
    uint32_t count;
};

/* false: no memory. */
bool hash_init(struct hash *h, struct pool *pool);
/* It must be empty. */
void hash_end(struct hash *h);

void hash_add(struct hash *h, struct hash_link *l, uint32_t hash);
void hash_remove(struct hash *h, struct hash_link *l);
/* The first link with this hash, and the next one after l. */
struct hash_link *hash_first(const struct hash *h, uint32_t hash);
struct hash_link *hash_next(const struct hash_link *l);
/* All links, in any order: the first, and the one after l. The table must not
 * change between. */
struct hash_link *hash_any(const struct hash *h);
struct hash_link *hash_after(const struct hash *h, const struct hash_link *l);

/* SipHash-1-3 of `from` and n bytes under the key. */
uint32_t hash_bytes(const uint64_t key[2], uint64_t from, const void *bytes,
                    size_t n);

#endif
