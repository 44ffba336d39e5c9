/* SPDX-License-Identifier: MIT */
/*
 * Permissions of nodes. The first entry names the owner and gives what all
 * others may; each further one gives what one domain may. Sets are kept once
 * and counted: nearly all nodes share a few.
 */
#ifndef STORE_PERMS_H
#define STORE_PERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/owner.h"

#define PERMS_READ  1u
#define PERMS_WRITE 2u
#define PERMS_OWNER 4u
#define PERMS_ALL   (PERMS_READ | PERMS_WRITE | PERMS_OWNER)
#define PERMS_TEXT  12 /* "b4294967295" and its end */

struct perms_entry {
    struct owner *domain; /* held; NULL: was not known when this was set */
    uint32_t id;
    uint32_t rights;
};

struct perms {
    struct hash_link link;
    uint32_t refs;
    uint32_t count; /* >= 1 */
    struct perms_entry entry[];
};

struct store_connection;

/* A set with the entries' ids and rights; the caller holds it. may_create:
 * domains that are not known become so; the owner always does. NULL: no
 * memory. */
struct perms *perms_get(struct store *s, const struct perms_entry *entries,
                        uint32_t count, bool may_create);
/* p with another owner, held. */
struct perms *perms_with_owner(struct store *s, struct perms *p,
                               struct owner *owner);
struct perms *perms_hold(struct perms *p);
void perms_drop(struct store *s, struct perms *p);

static inline struct owner *perms_owner(const struct perms *p)
{
    return p->entry[0].domain;
}

/* What c may do to a node with p. */
uint32_t perms_rights(const struct perms *p, const struct store_connection *c);

/* One entry from its text "r5"; false: it is none. */
bool perms_parse(const char *text, struct perms_entry *entry);
/* "r5" with its end; returns the length without it. */
size_t perms_print(const struct perms_entry *entry, char text[PERMS_TEXT]);

#endif
