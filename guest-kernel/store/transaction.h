/* SPDX-License-Identifier: MIT */
/*
 * Transactions. One sees the store as it was when it started (`snapshot`), and
 * over that what it did itself: a tree of shadows, one for each node on a path
 * that it touched. At its end every shadow is held against the store as it is:
 * if nothing that was read or written has changed, nor any list of children
 * that was read, nor anything below what was removed, all is done at once, else
 * nothing (EAGAIN). The cost is that of what was touched.
 *
 * A shadow's `base` is the node that was visible at the snapshot. It stays
 * where it is as long as the transaction is open, since at least its past does.
 */
#ifndef STORE_TRANSACTION_H
#define STORE_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/node.h"

struct past;
struct store;
struct store_connection;

struct shadow {
    struct hash_link link;
    struct shadow *parent;
    struct shadow *next, *prev; /* of the parent's children */
    struct shadow *children;
    struct shadow *changed_next, *changed_prev; /* in the order of changes */
    struct node *base;  /* NULL: it was not there, or a parent was removed */
    struct node *fresh; /* at the end: its node, if it is new */
    struct content content; /* if changed: what it is now */
    struct perms *before;   /* at the end: what it was */
    bool seen;              /* base's content, or its absence, was read */
    bool listed;            /* base's children were read */
    bool changed;
    bool named;   /* a change was of just this path: watches fire for it */
    bool removed; /* base and all below it went */
    uint16_t length;
    char name[];
};

struct transaction {
    struct transaction *next, *prev;         /* of the connection's */
    struct transaction *all_next, *all_prev; /* of all that are open */
    struct store_connection *connection;
    struct past *pasts;  /* kept for it */
    struct shadow *root; /* NULL: given up */
    struct shadow *changed;
    uint64_t snapshot; /* the generation it sees */
    uint64_t changes;  /* so far */
    uint64_t made;     /* nodes that its domain would own */
    uint32_t shadows;
    uint32_t id;
    bool removals; /* something was removed */
};

/* NULL: no memory. */
struct transaction *transaction_start(struct store_connection *c);
/* NULL: the connection has none of this number. */
struct transaction *transaction_find(const struct store_connection *c,
                                     uint32_t id);
/* Does what it did. 0, EAGAIN, ENOSPC or ENOMEM; it is gone in any case. */
int transaction_commit(struct transaction *t);
void transaction_abort(struct transaction *t);
void transaction_abort_all(struct store_connection *c);
/* Its snapshot and all it did goes; it can only end with EAGAIN. */
void transaction_give_up(struct store *s, struct transaction *t);

/* ------------------------------------------ shadows, for overlay and commit */

/* NULL: none. */
struct shadow *shadow_find(const struct store *s, const struct shadow *parent,
                           const char *name, size_t length);
/* A new one; NULL: no memory. */
struct shadow *shadow_new(struct transaction *t, struct shadow *parent,
                          const char *name, size_t length);
/* Everything below x. */
void shadow_free_below(struct transaction *t, struct shadow *x);
/* Replaces what x is now; takes over c. */
void shadow_change(struct transaction *t, struct shadow *x, struct content c);
uint64_t shadow_cost(size_t length);
/* What x is in the eyes of t; NULL: nothing. */
const struct content *shadow_content(const struct transaction *t,
                                     const struct shadow *x);

/* The open one becomes a closed one: its history may go. */
void transaction_close(struct transaction *t);

#endif
