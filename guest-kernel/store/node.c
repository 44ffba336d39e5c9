/* SPDX-License-Identifier: MIT */
/*
 * See node.h.
 */
#include "store/node.h"

#include <string.h>

#include "store/history.h"
#include "store/state.h"
#include "store/transaction.h"

uint32_t node_hash(const struct store *s, uint32_t parent, const char *name,
                   size_t length)
{
    return hash_bytes(s->key, parent, name, length);
}

struct node *node_slot(const struct store *s, const struct node *parent,
                       const char *name, size_t length)
{
    uint32_t hash = node_hash(s, parent->link.hash, name, length);
    struct hash_link *l = hash_first(&s->nodes, hash);

    for (; l; l = hash_next(l)) {
        struct node *n = (struct node *)(void *)l;

        if (n->parent == parent && n->length == length &&
            !memcmp(n->name, name, length))
            return n;
    }
    return NULL;
}

struct walk node_walk(const struct store *s, const char *path, size_t length)
{
    struct walk w = {s->root, 1};

    for (size_t at = 1; at < length;) {
        size_t n = names_component(path, length, at);
        struct node *child = node_slot(s, w.node, path + at, n);

        if (!child || !child->content.perms)
            break;
        w.node = child;
        w.done = at + n;
        at = w.done + 1;
    }
    return w;
}

struct node *node_find(const struct store *s, const char *path, size_t length)
{
    struct walk w = node_walk(s, path, length);

    return w.done == length ? w.node : NULL;
}

struct node *node_new(struct store *s, const char *name, size_t length)
{
    struct node *n = pool_alloc(&s->pool, sizeof(*n) + length);

    if (!n)
        return NULL;
    *n = (struct node){.length = (uint16_t)length};
    memcpy(n->name, name, length);
    return n;
}

void node_discard(struct store *s, struct node *n)
{
    if (n)
        pool_free(&s->pool, n, sizeof(*n) + n->length);
}

struct node *node_root(struct store *s)
{
    struct node *n = node_new(s, "", 0);

    if (n)
        hash_add(&s->nodes, &n->link, node_hash(s, 0, "", 0));
    return n;
}

struct node *node_place(struct store *s, struct node *parent, struct node *n)
{
    struct node *ghost = node_slot(s, parent, n->name, n->length);

    if (ghost) {
        node_discard(s, n);
        return ghost;
    }
    n->parent = parent;
    LIST_APPEND(parent->ghosts, n, next, prev);
    hash_add(&s->nodes, &n->link,
             node_hash(s, parent->link.hash, n->name, n->length));
    return n;
}

void *node_value(struct store *s, const void *value, size_t size)
{
    void *copy = size ? pool_alloc(&s->pool, size) : NULL;

    if (copy)
        memcpy(copy, value, size);
    return copy;
}

void content_free(struct store *s, struct content *c)
{
    pool_free(&s->pool, c->value, c->size);
    perms_drop(s, c->perms);
    *c = (struct content){0};
}

uint64_t node_cost(size_t name, const struct content *c)
{
    uint64_t cost = pool_cost(sizeof(struct node) + name);

    if (c->size)
        cost += pool_cost(c->size);
    if (c->perms->count > 1)
        cost += c->perms->count * sizeof(c->perms->entry[0]);
    return cost;
}

static void own(struct store *s, struct node *n)
{
    struct owner *d = perms_owner(n->content.perms);

    LIST_APPEND(d->owned, n, owned_next, owned_prev);
    d->nodes++;
    owner_charge(s, d, (int64_t)node_cost(n->length, &n->content));
}

static void disown(struct store *s, struct node *n)
{
    struct owner *d = perms_owner(n->content.perms);

    LIST_REMOVE(d->owned, n, owned_next, owned_prev);
    d->nodes--;
    owner_charge(s, d, -(int64_t)node_cost(n->length, &n->content));
}

bool node_shared(const struct store *s, const struct node *n)
{
    const struct transaction *oldest = s->transactions;

    return oldest && n->content.perms &&
           oldest->all_prev->snapshot >= n->changed;
}

/* The content becomes history, or is freed. */
static void let_go(struct store *s, struct node *n)
{
    disown(s, n);
    if (node_shared(s, n))
        history_keep(s, n);
    else
        content_free(s, &n->content);
}

static void enlist(struct node *n, uint64_t generation)
{
    struct node *p = n->parent;

    LIST_REMOVE(p->ghosts, n, next, prev);
    LIST_APPEND(p->children, n, next, prev);
    p->child_bytes += n->length + 1u;
    p->listed = generation;
    n->listed = generation;
}

void node_set(struct store *s, struct node *n, struct content content)
{
    if (n->content.perms) {
        let_go(s, n);
    } else {
        s->live++;
        if (n->parent)
            enlist(n, s->generation);
    }
    n->content = content;
    n->changed = s->generation;
    own(s, n);
}

void node_clear(struct store *s, struct node *n)
{
    struct node *p = n->parent;

    let_go(s, n);
    n->content = (struct content){0};
    n->changed = s->generation;
    s->live--;
    if (!p)
        return;
    LIST_REMOVE(p->children, n, next, prev);
    LIST_APPEND(p->ghosts, n, next, prev);
    p->child_bytes -= n->length + 1u;
    p->listed = s->generation;
    node_settle(s, n);
}

void node_settle(struct store *s, struct node *n)
{
    while (n && !n->content.perms && !n->past && !n->ghosts && n->parent) {
        struct node *p = n->parent;

        LIST_REMOVE(p->ghosts, n, next, prev);
        hash_remove(&s->nodes, &n->link);
        node_discard(s, n);
        n = p;
    }
}

const struct content *node_at(const struct node *n, uint64_t generation)
{
    if (n->changed <= generation)
        return n->content.perms ? &n->content : NULL;
    for (const struct past *p = n->past; p; p = p->older) {
        if (p->from <= generation)
            return p->until > generation ? &p->content : NULL;
    }
    return NULL;
}

size_t node_path(const struct node *n, char *path)
{
    size_t length = 0, at;

    for (const struct node *up = n; up->parent; up = up->parent)
        length += up->length + 1u;
    if (length == 0)
        path[length++] = '/';
    path[at = length] = 0;
    for (; n->parent; n = n->parent) {
        at -= n->length;
        memcpy(path + at, n->name, n->length);
        path[--at] = '/';
    }
    return length;
}

struct node *node_leaf(struct node *n)
{
    while (n->children)
        n = n->children;
    return n;
}

struct node *node_after(struct node *n, const struct node *top)
{
    if (n == top)
        return NULL;
    return n->next ? node_leaf(n->next) : n->parent;
}

uint64_t node_count(const struct node *n)
{
    uint64_t count = 0;

    for (struct node *at = node_leaf((struct node *)n); at;
         at = node_after(at, n))
        count++;
    return count;
}
