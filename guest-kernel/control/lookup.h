/* SPDX-License-Identifier: MIT */
/*
 * A hash table of things that hold their own links: O(1), grows by doubling,
 * never shrinks. A full memory leaves it as it is: longer chains, nothing else.
 */
#ifndef CONTROL_LOOKUP_H
#define CONTROL_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lookup_link {
    struct lookup_link *next;
    uint32_t hash;
};

struct lookup {
    struct lookup_link **heads;
    uint32_t size; /* a power of two */
    uint32_t count;
};

/* The thing that holds a link. */
#define LOOKUP_OF(link, type, member)                                          \
    ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Before anything else. false: no memory. */
bool lookup_open(struct lookup *t);
void lookup_add(struct lookup *t, struct lookup_link *l, uint32_t hash);
void lookup_remove(struct lookup *t, struct lookup_link *l);
/* The first of the chain that `hash` is in; go on by ->next and compare. */
struct lookup_link *lookup_first(const struct lookup *t, uint32_t hash);
/* Forgets everything; the things are the caller's. */
void lookup_clear(struct lookup *t);

static inline uint32_t lookup_hash_number(uint32_t n)
{
    n *= 0x9e3779b1u;
    return n ^ n >> 15;
}
uint32_t lookup_hash_bytes(const void *bytes, size_t n, uint32_t seed);

#endif
