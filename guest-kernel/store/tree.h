/* SPDX-License-Identifier: MIT */
/*
 * Changes of the store at once, outside transactions: each is checked and has
 * its memory before it begins, is a generation of its own, and fires watches.
 * Rights are the caller's to check; quotas are checked here. 0 or an errno.
 */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "store/node.h"
#include "store/state.h"

/* A path, and who is there. */
struct spot {
    struct store *s;
    struct store_connection *c; /* NULL: the domain manager */
    const char *path;
    size_t length;
};

static inline bool spot_limited(const struct spot *p)
{
    return p->c && !p->c->privileged;
}

/* Writes; a node that is missing is made, with its parents. */
int tree_put(const struct spot *p, const void *value, size_t size);
/* There is such a node; not the root. */
int tree_remove(const struct spot *p);
/* There is such a node. Takes over one reference to perms. */
int tree_set_perms(const struct spot *p, struct perms *perms);

/* The names of n's children from byte `offset` of their list on, each with its
 * end: as many whole ones as fit; how many bytes. All of them: n->child_bytes.
 */
size_t tree_list(struct store_connection *c, struct node *n, uint64_t offset,
                 char *to, size_t room);

/* Need no long way be gone to that offset? Who is limited gets to the first
 * TREE_FAR bytes, and on from where his last part ended. */
#define TREE_FAR 16384u
bool tree_is_near(const struct store_connection *c, const struct node *n,
                  uint64_t offset);

/* Quotas for making nodes and for a value: 0 or ENOSPC. */
int quota_value(const struct spot *p, size_t size);
int quota_nodes(const struct spot *p, uint64_t nodes, uint64_t bytes);
/* Growth of a node that may be another's. */
int quota_growth(const struct spot *p, const struct owner *owner,
                 uint64_t before, uint64_t after);

#endif
