/* SPDX-License-Identifier: MIT */
/*
 * A hash table of things that hold their own links: O(1), grows by doubling,
 * never shrinks. A full memory leaves it as it is: longer chains, nothing else.
 */
#ifndef CONTROL_TABLE_H
#define CONTROL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_link {
    struct table_link *next;
    uint32_t hash;
};

struct table {
    struct table_link **heads;
    uint32_t size; /* a power of two */
    uint32_t count;
};

/* The thing that holds a link. */
#define TABLE_OF(link, type, member)                                           \
    ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Before anything else. false: no memory. */
bool table_open(struct table *t);
void table_add(struct table *t, struct table_link *l, uint32_t hash);
void table_remove(struct table *t, struct table_link *l);
/* The first of the chain that `hash` is in; go on by ->next and compare. */
struct table_link *table_first(const struct table *t, uint32_t hash);
/* Forgets everything; the things are the caller's. */
void table_clear(struct table *t);

static inline uint32_t table_hash_number(uint32_t n)
{
    n *= 0x9e3779b1u;
    return n ^ n >> 15;
}
uint32_t table_hash_bytes(const void *bytes, size_t n, uint32_t seed);

#endif
