/* SPDX-License-Identifier: MIT */
/*
 * The end of a transaction: nothing of it was overtaken; everything it needs is
 * there; then it is done, and cannot fail; then the watches fire.
 */
#include <errno.h>
#include <string.h>

#include "store/connection.h"
#include "store/history.h"
#include "store/transaction.h"
#include "store/watch.h"

/* What removing and making does to the domain's number of nodes. */
struct balance {
    uint64_t removed; /* of the domain's own nodes */
    uint64_t pasts;   /* at most needed */
};

/* Nothing below and with top has changed; counts it. */
static bool check_subtree(const struct transaction *t, struct node *top,
                          struct balance *b)
{
    for (struct node *n = node_leaf(top); n; n = node_after(n, top)) {
        if (n->changed > t->snapshot || n->listed > t->snapshot)
            return false;
        b->removed += perms_owner(n->content.perms) == t->connection->domain;
        b->pasts++;
    }
    return true;
}

/* Is what was not there still not there? */
static bool check_absent(const struct store *s, const struct shadow *x)
{
    const struct shadow *up = x->parent;
    const struct node *n;

    if (!x->seen || !up->base || up->removed)
        return true;
    n = node_slot(s, up->base, x->name, x->length);
    return !n || !n->content.perms;
}

static bool check(const struct transaction *t, const struct shadow *x,
                  struct balance *b)
{
    if (!x->base)
        return check_absent(t->connection->store, x);
    if ((x->seen || x->changed) && x->base->changed > t->snapshot)
        return false;
    if (x->listed && x->base->listed > t->snapshot)
        return false;
    b->pasts += x->changed;
    return !x->removed || check_subtree(t, x->base, b);
}

static struct shadow *next_shadow(const struct shadow *x)
{
    if (x->children)
        return x->children;
    while (x && !x->next)
        x = x->parent;
    return x ? x->next : NULL;
}

static bool check_all(const struct transaction *t, struct balance *b)
{
    for (const struct shadow *x = t->root; x; x = next_shadow(x)) {
        if (!check(t, x, b))
            return false;
    }
    return true;
}

static bool is_new(const struct shadow *x)
{
    return x->content.perms && (!x->base || x->removed);
}

/* Memory for all of it. */
static bool prepare(struct transaction *t, const struct balance *b)
{
    struct store *s = t->connection->store;

    for (struct shadow *x = t->changed; x; x = x->changed_next) {
        if (!is_new(x))
            continue;
        x->fresh = node_new(s, x->name, x->length);
        if (!x->fresh)
            return false;
    }
    return !s->transactions || history_reserve(s, b->pasts);
}

static int quota(struct transaction *t, const struct balance *b)
{
    struct store_connection *c = t->connection;

    if (c->privileged || !t->made ||
        c->domain->nodes - b->removed + t->made <= c->store->limits.nodes)
        return 0;
    return connection_refuse(c, ENOSPC);
}

static void remove_base(struct store *s, struct node *top)
{
    struct node *next;

    for (struct node *n = node_leaf(top); n; n = next) {
        next = node_after(n, top);
        if (next)
            watch_fire_exact(s, n);
        node_clear(s, n);
    }
}

/* x's content leaves the transaction's account for its owner's. */
static struct content take_content(struct transaction *t, struct shadow *x)
{
    struct content c = x->content;

    if (c.size)
        owner_charge(t->connection->store, t->connection->domain,
                     -(int64_t)pool_cost(c.size));
    x->content = (struct content){0};
    return c;
}

static void apply(struct transaction *t, struct shadow *x)
{
    struct store *s = t->connection->store;

    if (x->base)
        x->before = perms_hold(x->base->content.perms);
    if (is_new(x) || x->removed) {
        if (x->removed)
            remove_base(s, x->base);
        x->base = NULL;
        if (x->fresh)
            x->base = node_place(s, x->parent->base, x->fresh);
        x->fresh = NULL;
    }
    if (x->content.perms)
        node_set(s, x->base, take_content(t, x));
}

static size_t shadow_path(const struct shadow *x, char *path)
{
    size_t length = 0, at;

    for (const struct shadow *up = x; up->parent; up = up->parent)
        length += up->length + 1u;
    if (length == 0)
        path[length++] = '/';
    path[at = length] = 0;
    for (; x->parent; x = x->parent) {
        at -= x->length;
        memcpy(path + at, x->name, x->length);
        path[--at] = '/';
    }
    return length;
}

static const struct perms *perms_of(const struct shadow *x)
{
    return x && x->base ? x->base->content.perms : NULL;
}

/* What came and went within the transaction is nobody's business. */
static void fire(struct transaction *t, const struct shadow *x)
{
    struct store *s = t->connection->store;
    struct watch_readers readers = {
        .now = perms_of(x),
        .before = x->before,
        .parent = perms_of(x->parent),
    };
    size_t length;

    if (!x->named || (!readers.now && !readers.before))
        return;
    length = shadow_path(x, s->path);
    watch_fire(s, s->path, length, &readers);
    if (s->calls->changed)
        s->calls->changed(s->user, s->path);
}

static int commit(struct transaction *t)
{
    struct store *s = t->connection->store;
    struct balance b = {0};
    int error;

    if (!t->root || !check_all(t, &b))
        return EAGAIN;
    transaction_close(t);
    error = quota(t, &b);
    if (error)
        return error;
    if (!prepare(t, &b))
        return ENOMEM;
    s->generation += t->changed != NULL;
    for (struct shadow *x = t->changed; x; x = x->changed_next)
        apply(t, x);
    for (struct shadow *x = t->changed; x; x = x->changed_next)
        fire(t, x);
    return 0;
}

int transaction_commit(struct transaction *t)
{
    int error = commit(t);

    if (error == EAGAIN)
        t->connection->store->counts.conflicts++;
    transaction_abort(t);
    return error;
}
