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
    if (p->watches)
        return;
    hash_remove(&s->points, &p->link);
    pool_free(&s->pool, p, sizeof(*p) + p->length + 1u);
}

static uint32_t watch_hash(const struct store_connection *c, uint32_t point,
                           const char *token)
{
    const struct store *s = c->store;
    uint64_t from = hash_bytes(s->key, point, &c, sizeof(c));

    return hash_bytes(s->key, from, token, strlen(token));
}

uint64_t watch_cost(size_t path, size_t token)
{
    return pool_cost(sizeof(struct watch) + token + 1) +
           pool_cost(sizeof(struct watch_point) + path + 1);
}

struct watch *watch_add(struct store_connection *c, const char *path,
                        size_t length, const char *token)
{
    struct store *s = c->store;
    size_t n = strlen(token);
    struct watch *w = pool_alloc(&s->pool, sizeof(*w) + n + 1);
    struct watch_point *p = w ? point_get(s, path, length) : NULL;

    if (!p) {
        pool_free(&s->pool, w, sizeof(*w) + n + 1);
        return NULL;
    }
    *w = (struct watch){
        .connection = c,
        .point = p,
        .length = (uint16_t)n,
    };
    memcpy(w->token, token, n + 1);
    LIST_APPEND(c->watches, w, next, prev);
    LIST_APPEND(p->watches, w, peer_next, peer_prev);
    hash_add(&s->watches, &w->link, watch_hash(c, p->link.hash, token));
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

        if (w->connection == c && w->point->length == length &&
            !memcmp(w->point->path, path, length) && !strcmp(w->token, token))
            return w;
    }
    return NULL;
}

static void unmiss(struct watch *w)
{
    if (w->missed)
        LIST_REMOVE(w->connection->missed, w, missed_next, missed_prev);
    w->missed = false;
}

void watch_remove(struct watch *w)
{
    struct store_connection *c = w->connection;
    struct store *s = c->store;
    struct watch_point *p = w->point;

    unmiss(w);
    owner_charge(s, c->domain, -(int64_t)watch_cost(p->length, w->length));
    c->watch_count--;
    hash_remove(&s->watches, &w->link);
    LIST_REMOVE(p->watches, w, peer_next, peer_prev);
    LIST_REMOVE(c->watches, w, next, prev);
    point_settle(s, p);
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
    struct store *s = w->connection->store;
    char home[NAMES_HOME_MAX];
    size_t skip = w->relative ? names_home(w->connection->domain->id, home) : 0;
    size_t size = length - skip + 1;

    memcpy(s->event.body, path + skip, size - 1);
    s->event.body[size - 1] = 0;
    memcpy(s->event.body + size, w->token, w->length + 1u);
    s->event.head = (struct xsd_sockmsg){
        .type = XS_WATCH_EVENT,
        .len = (uint32_t)(size + w->length + 1),
    };
    s->counts.events++;
    connection_send(w->connection, &s->event);
}

static void miss(struct watch *w)
{
    if (!w->missed)
        LIST_APPEND(w->connection->missed, w, missed_next, missed_prev);
    w->missed = true;
}

static void send_event(struct watch *w, const char *path, size_t length)
{
    if (connection_full(w->connection))
        miss(w);
    else if (length + w->length + 2 > XENSTORE_PAYLOAD_MAX)
        put_event(w, w->point->path, w->point->length);
    else
        put_event(w, path, length);
}

void watch_first(struct watch *w)
{
    send_event(w, w->point->path, w->point->length);
}

void watch_catch_up(struct store_connection *c)
{
    while (c->missed && !connection_full(c)) {
        struct watch *w = c->missed;

        unmiss(w);
        put_event(w, w->point->path, w->point->length);
    }
}

static bool may_know(const struct watch_readers *r,
                     const struct store_connection *c)
{
    return (r->now && perms_rights(r->now, c) & PERMS_READ) ||
           (r->before && perms_rights(r->before, c) & PERMS_READ) ||
           (r->parent && perms_rights(r->parent, c) & PERMS_READ);
}

/* What is sent must not change the point's list: see store_calls.send. */
static void fire_point(const struct watch_point *p, const char *path,
                       size_t length, const struct watch_readers *readers)
{
    for (struct watch *w = p->watches; w; w = w->peer_next) {
        if (may_know(readers, w->connection))
            send_event(w, path, length);
    }
}

void watch_fire(struct store *s, const char *path, size_t length,
                const struct watch_readers *readers)
{
    uint32_t hash = s->root->link.hash;
    size_t done = 1, n;

    if (!s->points.count)
        return;
    for (;;) {
        const struct watch_point *p = point_find(s, hash, path, done);

        if (p)
            fire_point(p, path, length, readers);
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
    const struct watch_point *p;
    size_t length;

    if (!hash_first(&s->points, n->link.hash))
        return;
    length = node_path(n, s->fired);
    p = point_find(s, n->link.hash, s->fired, length);
    if (p)
        fire_point(p, s->fired, length, &readers);
}

void watch_fire_special(struct store *s, const char *name,
                        const struct perms *perms)
{
    struct watch_readers readers = {.now = perms};
    size_t length = strlen(name);
    const struct watch_point *p =
        point_find(s, path_hash(s, name, length), name, length);

    if (p)
        fire_point(p, name, length, &readers);
}
