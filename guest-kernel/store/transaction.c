/* SPDX-License-Identifier: MIT */
/*
 * A transaction's life and its shadows: see transaction.h.
 */
#include "store/transaction.h"

#include <string.h>

#include "store/history.h"
#include "store/state.h"

static uint32_t shadow_hash(const struct store *s, const struct shadow *parent,
                            const char *name, size_t length)
{
    return hash_bytes(s->key, (uintptr_t)parent, name, length);
}

struct shadow *shadow_find(const struct store *s, const struct shadow *parent,
                           const char *name, size_t length)
{
    uint32_t hash = shadow_hash(s, parent, name, length);
    struct hash_link *l = hash_first(&s->shadows, hash);

    for (; l; l = hash_next(l)) {
        struct shadow *x = (struct shadow *)(void *)l;

        if (x->parent == parent && x->length == length &&
            !memcmp(x->name, name, length))
            return x;
    }
    return NULL;
}

uint64_t shadow_cost(size_t length)
{
    return pool_cost(sizeof(struct shadow) + length);
}

static void charge(struct transaction *t, int64_t bytes)
{
    struct store_connection *c = t->connection;

    owner_charge(c->store, c->domain, bytes);
}

struct shadow *shadow_new(struct transaction *t, struct shadow *parent,
                          const char *name, size_t length)
{
    struct store *s = t->connection->store;
    struct shadow *x = pool_alloc(&s->pool, sizeof(*x) + length);

    if (!x)
        return NULL;
    *x = (struct shadow){.parent = parent, .length = (uint16_t)length};
    memcpy(x->name, name, length);
    hash_add(&s->shadows, &x->link, shadow_hash(s, parent, name, length));
    if (parent)
        LIST_APPEND(parent->children, x, next, prev);
    t->shadows++;
    charge(t, (int64_t)shadow_cost(length));
    return x;
}

static bool is_own(const struct transaction *t, const struct shadow *x)
{
    return x->content.perms && (!x->base || x->removed) &&
           perms_owner(x->content.perms) == t->connection->domain;
}

static void drop_content(struct transaction *t, struct shadow *x)
{
    struct store *s = t->connection->store;

    t->made -= is_own(t, x);
    if (x->content.size)
        charge(t, -(int64_t)pool_cost(x->content.size));
    content_free(s, &x->content);
}

void shadow_change(struct transaction *t, struct shadow *x, struct content c)
{
    drop_content(t, x);
    x->content = c;
    t->made += is_own(t, x);
    if (c.size)
        charge(t, (int64_t)pool_cost(c.size));
    if (!x->changed)
        LIST_APPEND(t->changed, x, changed_next, changed_prev);
    x->changed = true;
    t->changes++;
}

/* It has no children. */
static void shadow_free(struct transaction *t, struct shadow *x)
{
    struct store *s = t->connection->store;

    drop_content(t, x);
    perms_drop(s, x->before);
    node_discard(s, x->fresh);
    if (x->changed)
        LIST_REMOVE(t->changed, x, changed_next, changed_prev);
    if (x->parent)
        LIST_REMOVE(x->parent->children, x, next, prev);
    hash_remove(&s->shadows, &x->link);
    t->shadows--;
    charge(t, -(int64_t)shadow_cost(x->length));
    pool_free(&s->pool, x, sizeof(*x) + x->length);
}

void shadow_free_below(struct transaction *t, struct shadow *x)
{
    struct shadow *at = x;

    while (x->children) {
        struct shadow *up;

        while (at->children)
            at = at->children;
        up = at->parent;
        shadow_free(t, at);
        at = up;
    }
}

const struct content *shadow_content(const struct transaction *t,
                                     const struct shadow *x)
{
    if (x->changed)
        return x->content.perms ? &x->content : NULL;
    return x->base ? node_at(x->base, t->snapshot) : NULL;
}

static uint32_t new_id(struct store_connection *c)
{
    uint32_t id;

    do
        id = c->next_transaction++;
    while (id == 0 || transaction_find(c, id));
    return id;
}

struct transaction *transaction_start(struct store_connection *c)
{
    struct store *s = c->store;
    struct transaction *t = pool_alloc(&s->pool, sizeof(*t));

    if (!t)
        return NULL;
    *t = (struct transaction){.connection = c, .snapshot = s->generation};
    t->root = shadow_new(t, NULL, "", 0);
    if (!t->root) {
        pool_free(&s->pool, t, sizeof(*t));
        return NULL;
    }
    t->root->base = s->root;
    t->id = new_id(c);
    LIST_APPEND(c->transactions, t, next, prev);
    LIST_APPEND(s->transactions, t, all_next, all_prev);
    c->transaction_count++;
    owner_charge(s, c->domain, (int64_t)pool_cost(sizeof(*t)));
    s->open++;
    return t;
}

struct transaction *transaction_find(const struct store_connection *c,
                                     uint32_t id)
{
    struct transaction *t = c->transactions;

    while (t && t->id != id)
        t = t->next;
    return t;
}

void transaction_close(struct transaction *t)
{
    struct store *s = t->connection->store;

    if (!t->all_prev)
        return;
    history_end(s, t);
    LIST_REMOVE(s->transactions, t, all_next, all_prev);
}

static void drop_shadows(struct transaction *t)
{
    if (!t->root)
        return;
    shadow_free_below(t, t->root);
    shadow_free(t, t->root);
    t->root = NULL;
}

void transaction_abort(struct transaction *t)
{
    struct store_connection *c = t->connection;
    struct store *s = c->store;

    drop_shadows(t);
    transaction_close(t);
    LIST_REMOVE(c->transactions, t, next, prev);
    c->transaction_count--;
    owner_charge(s, c->domain, -(int64_t)pool_cost(sizeof(*t)));
    s->open--;
    pool_free(&s->pool, t, sizeof(*t));
}

void transaction_abort_all(struct store_connection *c)
{
    while (c->transactions)
        transaction_abort(c->transactions);
}

void transaction_give_up(struct store *s, struct transaction *t)
{
    drop_shadows(t);
    transaction_close(t);
    s->counts.conflicts++;
}
