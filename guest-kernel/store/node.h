/* SPDX-License-Identifier: MIT */
/*
 * The tree. A node is found by its parent and name in one hash table; its
 * content is a value and permissions. What open transactions may still see of
 * an older state stays with the node as its past (history.h): a node without
 * content is a ghost, kept for its past or for ghosts below it, and stands in
 * no list of children.
 *
 * Invariants: the parent of a live node is live; the root always is. `changed`
 * is the generation in which content came, changed or went, `listed` that in
 * which a child came or went. Content is charged to its owner, history to
 * nobody.
 *
 * What may fail is done before: node_new() and history_reserve() take memory,
 * the node_set() and node_clear() that follow cannot fail.
 */
#ifndef STORE_NODE_H
#define STORE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/hash.h"
#include "store/perms.h"

struct past;
struct store;

struct content {
    struct perms *perms; /* held; NULL: there is none, the node is a ghost */
    void *value;
    uint32_t size;
};

/* What a walk looks at stands at both ends: few lines of cache. */
struct node {
    struct hash_link link;
    struct node *parent;
    struct node *next, *prev; /* of the parent's children, or ghosts */
    struct node *children;    /* in the order they were made */
    struct node *ghosts;
    struct node *owned_next, *owned_prev; /* of the owner's */
    struct past *past;                    /* newest first */
    uint64_t changed, listed;
    struct content content;
    uint32_t child_bytes; /* names of the children, with their ends */
    uint16_t length;      /* of the name */
    char name[];
};

/* The deepest live node on the way along a path. */
struct walk {
    struct node *node;
    size_t done; /* so much of the path is node's; all: it is the path's */
};

struct walk node_walk(const struct store *s, const char *path, size_t length);
/* The node of a whole path; NULL: not live. */
struct node *node_find(const struct store *s, const char *path, size_t length);
/* With ghosts; NULL: none. */
struct node *node_slot(const struct store *s, const struct node *parent,
                       const char *name, size_t length);
uint32_t node_hash(const struct store *s, uint32_t parent, const char *name,
                   size_t length);

/* The root, made at the start. NULL: no memory. */
struct node *node_root(struct store *s);
/* A node that is nowhere yet; NULL: no memory. */
struct node *node_new(struct store *s, const char *name, size_t length);
void node_discard(struct store *s, struct node *n);
/* Puts a new one below its parent, as a ghost. If there is a ghost of its name,
 * that is used in its place: returns which. */
struct node *node_place(struct store *s, struct node *parent, struct node *n);

/* Copies a value; NULL also when size is 0. */
void *node_value(struct store *s, const void *value, size_t size);

/* Takes over the content; a ghost comes to life. The past needs one reserved
 * entry if node_shared(). */
void node_set(struct store *s, struct node *n, struct content content);
/* Takes the content away. It has no children. n may be gone afterwards. */
void node_clear(struct store *s, struct node *n);
/* Frees n, and then its parents, if they are ghosts that nobody needs. */
void node_settle(struct store *s, struct node *n);

/* Does an open transaction see the present state? */
bool node_shared(const struct store *s, const struct node *n);
/* The content as of a generation; NULL: it was not there. */
const struct content *node_at(const struct node *n, uint64_t generation);

void content_free(struct store *s, struct content *c);
/* What a node costs its owner. */
uint64_t node_cost(size_t name, const struct content *c);

/* The whole path into `path` (STORE_PATH_MAX + 1 bytes); its length. */
size_t node_path(const struct node *n, char *path);

/* Live nodes below and with n. */
uint64_t node_count(const struct node *n);
/* The first leaf below n, or n; and what follows n when a subtree `top` is
 * passed from the leaves upwards (NULL: n was top). */
struct node *node_leaf(struct node *n);
struct node *node_after(struct node *n, const struct node *top);

#endif
