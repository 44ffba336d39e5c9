/* SPDX-License-Identifier: MIT */
/*
 * Entries in blocks of about a page, named by index + 1, in two tables of
 * chains. The tables double when they are full; a table that cannot grow makes
 * longer chains, nothing else. See names.h.
 */
#include "dns/names.h"

#include <stdlib.h>
#include <string.h>

#include "dns/key.h"

#define BLOCK       100
#define NAMES_MAX   UINT16_MAX
#define SLOTS_FIRST 64
#define LOAD        2 /* entries for each slot, before a table grows */

struct dns_name {
    uint32_t address;
    uint16_t next_name, next_address;
    uint8_t length; /* 0: free */
    bool stale;
    char name[DNS_NAMES_LENGTH];
};

_Static_assert(sizeof(struct dns_name) <= 44, "they are many");

static struct dns_name *entry(const struct dns_names *n, uint32_t index)
{
    return &n->blocks[(index - 1) / BLOCK][(index - 1) % BLOCK];
}

static uint16_t *name_slot(const struct dns_names *n, const char *name,
                           size_t length)
{
    return &n->by_name[dns_hash_name(name, length) & (n->slots - 1)];
}

static uint16_t *address_slot(const struct dns_names *n, uint32_t address)
{
    return &n->by_address[dns_hash_address(address) & (n->slots - 1)];
}

void dns_names_open(struct dns_names *n)
{
    *n = (struct dns_names){0};
}

void dns_names_close(struct dns_names *n)
{
    for (uint32_t i = 0; i < n->used; i += BLOCK)
        free(n->blocks[i / BLOCK]);
    free(n->blocks);
    free(n->by_name);
    free(n->by_address);
    dns_names_open(n);
}

/* ------------------------------------------------------------ tables */

static void link_address(struct dns_names *n, uint16_t index)
{
    struct dns_name *e = entry(n, index);
    uint16_t *slot = address_slot(n, e->address);

    e->next_address = *slot;
    *slot = index;
}

static void unlink_address(struct dns_names *n, uint16_t index)
{
    struct dns_name *e = entry(n, index);
    uint16_t *at = address_slot(n, e->address);

    while (*at != index)
        at = &entry(n, *at)->next_address;
    *at = e->next_address;
}

static void link_name(struct dns_names *n, uint16_t index)
{
    struct dns_name *e = entry(n, index);
    uint16_t *slot = name_slot(n, e->name, e->length);

    e->next_name = *slot;
    *slot = index;
}

static void unlink_name(struct dns_names *n, uint16_t index)
{
    struct dns_name *e = entry(n, index);
    uint16_t *at = name_slot(n, e->name, e->length);

    while (*at != index)
        at = &entry(n, *at)->next_name;
    *at = e->next_name;
}

static void link_all(struct dns_names *n)
{
    for (uint32_t i = 1; i <= n->used; i++) {
        struct dns_name *e = entry(n, i);

        if (e->length > 0)
            link_name(n, (uint16_t)i);
        if (e->length > 0 && e->address != 0)
            link_address(n, (uint16_t)i);
    }
}

/* False: there are no tables at all. */
static bool grow_tables(struct dns_names *n)
{
    uint32_t slots = n->slots ? n->slots * 2 : SLOTS_FIRST;
    uint16_t *names, *addresses;

    if (n->slots > 0 && n->count < n->slots * LOAD)
        return true;
    names = calloc(slots, sizeof(*names));
    addresses = calloc(slots, sizeof(*addresses));
    if (!names || !addresses) {
        free(names);
        free(addresses);
        return n->slots > 0;
    }
    free(n->by_name);
    free(n->by_address);
    n->by_name = names;
    n->by_address = addresses;
    n->slots = slots;
    link_all(n);
    return true;
}

/* ----------------------------------------------------------- entries */

static bool grow_blocks(struct dns_names *n)
{
    struct dns_name **blocks, *block;
    size_t count = n->used / BLOCK;

    blocks = realloc(n->blocks, (count + 1) * sizeof(*blocks));
    if (!blocks)
        return false;
    n->blocks = blocks;
    block = calloc(BLOCK, sizeof(*block));
    blocks[count] = block;
    return block != NULL;
}

/* A free entry's index, or 0. */
static uint16_t take_entry(struct dns_names *n)
{
    uint16_t index = n->free;

    if (index) {
        n->free = entry(n, index)->next_name;
        return index;
    }
    if (n->used == NAMES_MAX || (n->used % BLOCK == 0 && !grow_blocks(n)))
        return 0;
    return (uint16_t)++n->used;
}

static uint16_t find(const struct dns_names *n, const char *name, size_t length)
{
    uint16_t index = n->slots ? *name_slot(n, name, length) : 0;

    while (index) {
        const struct dns_name *e = entry(n, index);

        if (e->length == length && dns_same_name(e->name, name, length))
            return index;
        index = e->next_name;
    }
    return 0;
}

/* The entry of a name, a new one if need be; 0: no memory, or no name. */
static uint16_t find_or_add(struct dns_names *n, const char *name,
                            size_t length)
{
    struct dns_name *e;
    uint16_t index;

    if (length == 0 || length > DNS_NAMES_LENGTH)
        return 0;
    index = find(n, name, length);
    if (index)
        return index;
    if (!grow_tables(n))
        return 0;
    index = take_entry(n);
    if (!index)
        return 0;
    e = entry(n, index);
    *e = (struct dns_name){.length = (uint8_t)length};
    memcpy(e->name, name, length);
    link_name(n, index);
    n->count++;
    return index;
}

static void remove_entry(struct dns_names *n, uint16_t index)
{
    struct dns_name *e = entry(n, index);

    if (e->address != 0)
        unlink_address(n, index);
    unlink_name(n, index);
    *e = (struct dns_name){.next_name = n->free};
    n->free = index;
    n->count--;
}

bool dns_names_set(struct dns_names *n, const char *name, size_t length,
                   uint32_t address)
{
    uint16_t index = find_or_add(n, name, length);
    struct dns_name *e;

    if (!index)
        return false;
    e = entry(n, index);
    e->stale = false;
    if (e->address == address)
        return true;
    if (e->address != 0)
        unlink_address(n, index);
    e->address = address;
    if (address != 0)
        link_address(n, index);
    return true;
}

void dns_names_remove(struct dns_names *n, const char *name, size_t length)
{
    uint16_t index = find(n, name, length);

    if (index)
        remove_entry(n, index);
}

/* ----------------------------------------------------------- look-up */

static struct dns_host host_of(const struct dns_name *e)
{
    return (struct dns_host){
        .address = e->address, .name = e->name, .length = e->length};
}

bool dns_names_name(const struct dns_names *n, const char *name, size_t length,
                    struct dns_host *host)
{
    uint16_t index = find(n, name, length);

    if (!index || entry(n, index)->address == 0)
        return false;
    *host = host_of(entry(n, index));
    return true;
}

bool dns_names_address(const struct dns_names *n, uint32_t address,
                       struct dns_host *host)
{
    uint16_t index = n->slots ? *address_slot(n, address) : 0;

    while (index && entry(n, index)->address != address)
        index = entry(n, index)->next_address;
    if (!index)
        return false;
    *host = host_of(entry(n, index));
    return true;
}

/* -------------------------------------------------------- whole lists */

void dns_names_mark(struct dns_names *n)
{
    for (uint32_t i = 1; i <= n->used; i++)
        entry(n, i)->stale = true;
}

bool dns_names_keep(struct dns_names *n, const char *name, size_t length)
{
    uint16_t index = find_or_add(n, name, length);

    if (index)
        entry(n, index)->stale = false;
    return index != 0;
}

void dns_names_sweep(struct dns_names *n)
{
    for (uint32_t i = 1; i <= n->used; i++) {
        struct dns_name *e = entry(n, i);

        if (e->length > 0 && e->stale)
            remove_entry(n, (uint16_t)i);
    }
}

bool dns_names_unread(const struct dns_names *n, uint32_t *at,
                      struct dns_host *host)
{
    while (*at < n->used) {
        const struct dns_name *e = entry(n, ++*at);

        if (e->length > 0 && e->address == 0) {
            *host = host_of(e);
            return true;
        }
    }
    return false;
}
