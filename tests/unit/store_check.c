/* SPDX-License-Identifier: MIT */
/*
 * Recounts what the store counts: see store_check() in store_world.h. Unit
 * tests and fuzzers call it.
 */
#include "store/history.h"
#include "store/transaction.h"
#include "store/watch.h"
#include "store_world.h"

#include <string.h>

struct sums {
    uint64_t live, slots, history, blocks;
    uint64_t nodes, bytes; /* of the owner that is looked at */
};

/* One list of siblings; back links, parents, no mixture of live and not. */
static bool check_list(const struct node *parent, const struct node *head,
                       bool live, uint64_t *names)
{
    for (const struct node *n = head; n; n = n->next) {
        if (n->parent != parent || (n->content.perms != NULL) != live)
            return false;
        if ((n->next ? n->next->prev : head->prev) != n)
            return false;
        *names += n->length + 1u;
    }
    return true;
}

static bool check_past(const struct node *n)
{
    uint64_t until = n->changed;

    for (const struct past *p = n->past; p; p = p->older) {
        if (p->node != n || p->until > until || p->from >= p->until ||
            !p->content.perms)
            return false;
        until = p->from;
    }
    return true;
}

static bool check_node(const struct store *s, const struct node *n,
                       struct sums *sums)
{
    uint64_t names = 0, ghosts = 0;

    sums->slots++;
    sums->live += n->content.perms != NULL;
    if (n->parent && n != node_slot(s, n->parent, n->name, n->length))
        return false;
    if (!n->content.perms && (n->children || (!n->past && !n->ghosts)))
        return false;
    return check_list(n, n->children, true, &names) &&
           check_list(n, n->ghosts, false, &ghosts) &&
           names == n->child_bytes && check_past(n);
}

static bool check_nodes(const struct store *s, struct sums *sums)
{
    const struct hash_link *l = hash_any(&s->nodes);

    for (; l; l = hash_after(&s->nodes, l)) {
        if (!check_node(s, (const struct node *)(const void *)l, sums))
            return false;
    }
    return sums->live == s->live && sums->slots == s->nodes.count;
}

static bool check_owned(const struct owner *d, struct sums *sums)
{
    sums->nodes = sums->bytes = 0;
    for (const struct node *n = d->owned; n; n = n->owned_next) {
        if (perms_owner(n->content.perms) != d)
            return false;
        sums->nodes++;
        sums->bytes += node_cost(n->length, &n->content);
    }
    return sums->nodes == d->nodes;
}

static uint64_t shadow_bytes(const struct shadow *x)
{
    uint64_t bytes = shadow_cost(x->length);

    if (x->content.size)
        bytes += pool_cost(x->content.size);
    for (x = x->children; x; x = x->next)
        bytes += shadow_bytes(x);
    return bytes;
}

static uint64_t past_bytes(const struct past *p)
{
    return pool_cost(sizeof(*p)) +
           pool_cost(sizeof(struct node) + p->node->length) +
           (p->content.size ? pool_cost(p->content.size) : 0);
}

static void add_connections(const struct store *s, const struct owner *d,
                            struct sums *sums)
{
    for (const struct store_connection *c = s->connections; c; c = c->next) {
        if (c->domain != d)
            continue;
        for (const struct watch *w = c->watches; w; w = w->next)
            sums->bytes += watch_cost(w->group->point->length, w->length);
        for (const struct transaction *t = c->transactions; t; t = t->next) {
            sums->bytes += pool_cost(sizeof(*t));
            sums->bytes += t->root ? shadow_bytes(t->root) : 0;
            for (const struct past *p = t->pasts; p; p = p->next)
                sums->history += past_bytes(p);
        }
    }
}

static bool check_owners(const struct store *s, struct sums *sums)
{
    const struct hash_link *l = hash_any(&s->domains);
    uint64_t nodes = 0, charged = 0;

    for (; l; l = hash_after(&s->domains, l)) {
        const struct owner *d = (const struct owner *)(const void *)l;

        if (!check_owned(d, sums))
            return false;
        sums->history = 0;
        add_connections(s, d, sums);
        if (sums->bytes != d->bytes || sums->history != d->history)
            return false;
        nodes += d->nodes;
        charged += d == s->control ? 0 : d->bytes;
    }
    return nodes == s->live && charged == s->charged;
}

static bool check_history(const struct store *s)
{
    uint64_t bytes = 0, last = 0;

    for (const struct transaction *t = s->transactions; t; t = t->all_next) {
        if (t->snapshot < last)
            return false;
        last = t->snapshot;
        for (const struct past *p = t->pasts; p; p = p->next) {
            if (t->snapshot < p->from || t->snapshot >= p->until)
                return false;
            bytes += past_bytes(p);
        }
    }
    return bytes == s->history && !s->spare && !s->spares;
}

/* Watches of a list of groups; how many groups. */
static uint32_t count_groups(const struct watch_point *p,
                             const struct watch_group *g, bool privileged,
                             uint32_t *watches)
{
    uint32_t n = 0;

    for (; g; g = g->next, n++) {
        if (g->point != p || g->connection->privileged != privileged ||
            !g->watches)
            return UINT32_MAX;
        for (const struct watch *w = g->watches; w; w = w->peer_next) {
            if (g->missed && !w->missed)
                return UINT32_MAX;
            *watches += w->group == g;
        }
    }
    return n;
}

static bool check_points(const struct store *s)
{
    const struct hash_link *l = hash_any(&s->points);
    uint32_t watches = 0, groups = 0;

    for (; l; l = hash_after(&s->points, l)) {
        const struct watch_point *p =
            (const struct watch_point *)(const void *)l;
        uint32_t limited = count_groups(p, p->limited, false, &watches);

        if (limited != p->limited_count || (!p->limited && !p->privileged))
            return false;
        groups += limited;
        groups += count_groups(p, p->privileged, true, &watches);
    }
    return watches == s->watches.count && groups == s->groups.count;
}

static bool check_watches(const struct store *s)
{
    uint32_t watches = 0;

    for (const struct store_connection *c = s->connections; c; c = c->next) {
        uint32_t n = 0;

        for (const struct watch *w = c->watches; w; w = w->next)
            n += w->group->connection == c;
        if (n != c->watch_count)
            return false;
        watches += n;
    }
    return watches == s->watches.count && check_points(s);
}

bool store_check(const struct store *s)
{
    struct sums sums = {0};

    return check_nodes(s, &sums) && check_owners(s, &sums) &&
           check_history(s) && check_watches(s);
}
