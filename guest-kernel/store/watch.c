/* SPDX-License-Identifier: MIT */
/*
 * See watch.h.
 */
#include "store/watch.h"

#include <string.h>

#include "store/connection.h"

#define SPECIAL_HASH UINT64_MAX

/* The hash of the node with this path, or of a special name. */
static uint32_t path_hash(const struct store *s, const char *path,
                          size_t length)
{
    uint32_t hash = s->root->link.hash;

    if (path[0] == '@')
        return hash_bytes(s->key, SPECIAL_HASH, path, length);
    for (size_t at = 1; at < length;) {
        size_t n = names_component(path, length, at);

        hash = node_hash(s, hash, path + at, n);
        at += n + 1;
    }
    return hash;
}

static struct watch_point *point_find(const struct store *s, uint32_t hash,
                                      const char *path, size_t length)
{
    struct hash_link *l = hash_first(&s->points, hash);

    for (; l; l = hash_next(l)) {
        struct watch_point *p = (struct watch_point *)(void *)l;

        if (p->length == length && !memcmp(p->path, path, length))
            return p;
    }
    return NULL;
}

static struct watch_point *point_get(struct store *s, const char *path,
                                     size_t length)
{
    uint32_t hash = path_hash(s, path, length);
    struct watch_point *p = point_find(s, hash, path, length);

    if (p)
        return p;
    p = pool_alloc(&s->pool, sizeof(*p) + length + 1);
    if (!p)
        return NULL;
    *p = (struct watch_point){.length = (uint16_t)length};
    memcpy(p->path, path, length);
    p->path[length] = 0;
    hash_add(&s->points, &p->link, hash);
    return p;
}

static void point_settle(struct store *s, struct watch_point *p)
{
    if (p->privileged || p->limited)
        return;
    hash_remove(&s->points, &p->link);
    pool_free(&s->pool, p, sizeof(*p) + p->length + 1u);
}

static uint32_t group_hash(const struct store_connection *c, uint32_t point)
{
    return hash_bytes(c->store->key, point, &c, sizeof(c));
}

static struct watch_group *group_find(const struct store_connection *c,
                                      const struct watch_point *p)
{
    uint32_t hash = group_hash(c, p->link.hash);
    struct hash_link *l = hash_first(&c->store->groups, hash);

    for (; l; l = hash_next(l)) {
        struct watch_group *g = (struct watch_group *)(void *)l;

        if (g->connection == c && g->point == p)
            return g;
    }
    return NULL;
}

static struct watch_group *group_get(struct store_connection *c,
                                     struct watch_point *p)
{
    struct store *s = c->store;
    struct watch_group *g = group_find(c, p);

    if (g)
        return g;
    g = pool_alloc(&s->pool, sizeof(*g));
    if (!g)
        return NULL;
    *g = (struct watch_group){.connection = c, .point = p};
    hash_add(&s->groups, &g->link, group_hash(c, p->link.hash));
    if (c->privileged) {
        LIST_APPEND(p->privileged, g, next, prev);
    } else {
        LIST_APPEND(p->limited, g, next, prev);
        p->limited_count++;
    }
    return g;
}

static void group_settle(struct store *s, struct watch_group *g)
{
    struct watch_point *p = g->point;

    if (g->watches)
        return;
    if (g->connection->privileged) {
        LIST_REMOVE(p->privileged, g, next, prev);
    } else {
        LIST_REMOVE(p->limited, g, next, prev);
        p->limited_count--;
    }
    hash_remove(&s->groups, &g->link);
    pool_free(&s->pool, g, sizeof(*g));
    point_settle(s, p);
}

static uint32_t watch_hash(const struct store_connection *c, uint32_t point,
                           const char *token)
{
    return hash_bytes(c->store->key, group_hash(c, point), token,
                      strlen(token));
}

uint64_t watch_cost(size_t path, size_t token)
{
    return pool_cost(sizeof(struct watch) + token + 1) +
           pool_cost(sizeof(struct watch_group)) +
           pool_cost(sizeof(struct watch_point) + path + 1);
}

/* The group of c at a path, new if need be; NULL: no memory. */
static struct watch_group *find_place(struct store_connection *c,
                                      const char *path, size_t length)
{
    struct watch_point *p = point_get(c->store, path, length);
    struct watch_group *g = p ? group_get(c, p) : NULL;

    if (p && !g)
        point_settle(c->store, p);
    return g;
}

struct watch *watch_add(struct store_connection *c, const char *path,
                        size_t length, const char *token)
{
    struct store *s = c->store;
    size_t n = strlen(token);
    struct watch *w = pool_alloc(&s->pool, sizeof(*w) + n + 1);
    struct watch_group *g = w ? find_place(c, path, length) : NULL;

    if (!g) {
        pool_free(&s->pool, w, sizeof(*w) + n + 1);
        return NULL;
    }
    *w = (struct watch){.group = g, .length = (uint16_t)n};
    memcpy(w->token, token, n + 1);
    LIST_APPEND(c->watches, w, next, prev);
    LIST_APPEND(g->watches, w, peer_next, peer_prev);
    g->missed = false;
    hash_add(&s->watches, &w->link, watch_hash(c, g->point->link.hash, token));
    c->watch_count++;
    owner_charge(s, c->domain, (int64_t)watch_cost(length, n));
    return w;
}

struct watch *watch_find(const struct store_connection *c, const char *path,
                         size_t length, const char *token)
{
    const struct store *s = c->store;
    uint32_t hash = watch_hash(c, path_hash(s, path, length), token);
    struct hash_link *l = hash_first(&s->watches, hash);

    for (; l; l = hash_next(l)) {
        struct watch *w = (struct watch *)(void *)l;
        const struct watch_point *p = w->group->point;

        if (w->group->connection == c && p->length == length &&
            !memcmp(p->path, path, length) && !strcmp(w->token, token))
            return w;
    }
    return NULL;
}

static void unmiss(struct watch *w)
{
    if (w->missed)
        LIST_REMOVE(w->group->connection->missed, w, missed_next, missed_prev);
    w->missed = false;
    w->group->missed = false;
}

void watch_remove(struct watch *w)
{
    struct watch_group *g = w->group;
    struct store_connection *c = g->connection;
    struct store *s = c->store;

    unmiss(w);
    owner_charge(s, c->domain,
                 -(int64_t)watch_cost(g->point->length, w->length));
    c->watch_count--;
    hash_remove(&s->watches, &w->link);
    LIST_REMOVE(g->watches, w, peer_next, peer_prev);
    LIST_REMOVE(c->watches, w, next, prev);
    group_settle(s, g);
    pool_free(&s->pool, w, sizeof(*w) + w->length + 1u);
}

void watch_remove_all(struct store_connection *c)
{
    while (c->watches)
        watch_remove(c->watches);
}

/* A relative watch hears of paths relative to the domain's home. */
static void put_event(struct watch *w, const char *path, size_t length)
{
    struct store_connection *c = w->group->connection;
    struct store *s = c->store;
    char home[NAMES_HOME_MAX];
    size_t skip = w->relative ? names_home(c->domain->id, home) : 0;
    size_t size = length - skip + 1;

    memcpy(s->event.body, path + skip, size - 1);
    s->event.body[size - 1] = 0;
    memcpy(s->event.body + size, w->token, w->length + 1u);
    s->event.head = (struct xsd_sockmsg){
        .type = XS_WATCH_EVENT,
        .len = (uint32_t)(size + w->length + 1),
    };
    s->counts.events++;
    connection_send(c, &s->event);
}

static void miss(struct watch *w)
{
    struct store_connection *c = w->group->connection;

    if (!w->missed)
        LIST_APPEND(c->missed, w, missed_next, missed_prev);
    w->missed = true;
}

static void send_event(struct watch *w, const char *path, size_t length)
{
    const struct watch_point *p = w->group->point;

    if (connection_full(w->group->connection))
        miss(w);
    else if (length + w->length + 2 > XENSTORE_PAYLOAD_MAX)
        put_event(w, p->path, p->length);
    else
        put_event(w, path, length);
}

void watch_first(struct watch *w)
{
    send_event(w, w->group->point->path, w->group->point->length);
}

void watch_catch_up(struct store_connection *c)
{
    while (c->missed && !connection_full(c)) {
        struct watch *w = c->missed;

        unmiss(w);
        put_event(w, w->group->point->path, w->group->point->length);
    }
}

static bool may_know(const struct watch_readers *r,
                     const struct store_connection *c)
{
    return (r->now && perms_rights(r->now, c) & PERMS_READ) ||
           (r->before && perms_rights(r->before, c) & PERMS_READ) ||
           (r->parent && perms_rights(r->parent, c) & PERMS_READ);
}

struct firing {
    const struct watch_readers *readers;
    const char *path;
    size_t length;
};

/* A crowd that takes nothing costs a look at each, however many watches it
 * has. */
static void fire_group(const struct firing *f, struct watch_group *g)
{
    bool missed = true;

    if ((g->missed && connection_full(g->connection)) ||
        !may_know(f->readers, g->connection))
        return;
    for (struct watch *w = g->watches; w; w = w->peer_next) {
        send_event(w, f->path, f->length);
        missed &= w->missed;
    }
    g->missed = missed;
}

/* The groups at p of those whom a set of permissions names. */
static void fire_named(struct store *s, const struct firing *f,
                       const struct watch_point *p, const struct perms *perms)
{
    for (uint32_t i = 0; perms && i < perms->count; i++) {
        const struct owner *d = perms->entry[i].domain;
        struct store_connection *c = NULL;

        if (d && d != s->control)
            c = d->connections;
        for (; c; c = c->peer_next) {
            struct watch_group *g = group_find(c, p);

            if (!g || c->privileged || g->firing == s->firing)
                continue;
            g->firing = s->firing;
            fire_group(f, g);
        }
    }
}

static bool is_public(const struct perms *p)
{
    return p && p->entry[0].rights & PERMS_READ;
}

/* Nobody but those named may know, and nobody acts for another. */
static bool is_private(const struct store *s, const struct watch_readers *r)
{
    return !s->targets && !is_public(r->now) && !is_public(r->before) &&
           !is_public(r->parent);
}

/* What is sent does not change the lists: see store_calls.send. */
static void fire_point(struct store *s, const struct firing *f,
                       const struct watch_point *p)
{
    for (struct watch_group *g = p->privileged; g; g = g->next)
        fire_group(f, g);
    if (p->limited_count > s->scan && is_private(s, f->readers)) {
        s->firing++;
        fire_named(s, f, p, f->readers->now);
        fire_named(s, f, p, f->readers->before);
        fire_named(s, f, p, f->readers->parent);
        return;
    }
    for (struct watch_group *g = p->limited; g; g = g->next)
        fire_group(f, g);
}

void watch_fire(struct store *s, const char *path, size_t length,
                const struct watch_readers *readers)
{
    struct firing f = {readers, path, length};
    uint32_t hash = s->root->link.hash;
    size_t done = 1, n;

    if (!s->points.count)
        return;
    for (;;) {
        const struct watch_point *p = point_find(s, hash, path, done);

        if (p)
            fire_point(s, &f, p);
        if (done == length)
            return;
        done += done > 1;
        n = names_component(path, length, done);
        hash = node_hash(s, hash, path + done, n);
        done += n;
    }
}

void watch_fire_exact(struct store *s, const struct node *n)
{
    struct watch_readers readers = {
        .now = n->content.perms,
        .parent = n->parent->content.perms,
    };
    struct firing f = {&readers, s->fired, 0};
    const struct watch_point *p;

    if (!hash_first(&s->points, n->link.hash))
        return;
    f.length = node_path(n, s->fired);
    p = point_find(s, n->link.hash, s->fired, f.length);
    if (p)
        fire_point(s, &f, p);
}

void watch_fire_special(struct store *s, const char *name,
                        const struct perms *perms)
{
    struct watch_readers readers = {.now = perms};
    struct firing f = {&readers, name, strlen(name)};
    const struct watch_point *p =
        point_find(s, path_hash(s, name, f.length), name, f.length);

    if (p)
        fire_point(s, &f, p);
}
