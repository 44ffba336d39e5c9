/* SPDX-License-Identifier: MIT */
/*
 * A hash table of structs that carry their own links. Several may have the same
 * key; who looks compares the rest.
 */
#ifndef SCREED_TABLE_H
#define SCREED_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct link {
    struct link *next;
    uint64_t key;
};

/* Zero-initialised is empty. */
struct table {
    struct link **slots;
    size_t size; /* a power of two, or 0 */
    size_t count;
};

#define table_item(link, type, member)                                         \
    ((type *)(void *)((char *)(link)-offsetof(type, member)))

void table_add(struct table *t, struct link *l, uint64_t key);
void table_remove(struct table *t, struct link *l); /* it is in there */
/* The first with that key, or the next one after `after`; NULL: none. */
struct link *table_find(const struct table *t, uint64_t key,
                        const struct link *after);
void table_free(struct table *t);

uint64_t table_hash(const char *text);

#endif
