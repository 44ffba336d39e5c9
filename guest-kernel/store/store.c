/* SPDX-License-Identifier: MIT */
/*
 * The store's life, and what the domain manager does to it without a
 * connection. See store.h.
 */
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/history.h"
#include "store/special.h"
#include "store/transaction.h"
#include "store/tree.h"
#include "store/watch.h"

static bool make_tables(struct store *s)
{
    return hash_init(&s->nodes, &s->pool) && hash_init(&s->perms, &s->pool) &&
           hash_init(&s->domains, &s->pool) &&
           hash_init(&s->points, &s->pool) && hash_init(&s->groups, &s->pool) &&
           hash_init(&s->watches, &s->pool) && hash_init(&s->shadows, &s->pool);
}

/* The root and the special names are the control domain's alone. */
static bool make_root(struct store *s)
{
    static const struct perms_entry own = {.id = 0, .rights = 0};
    struct perms *p;

    s->control = owner_get(s, 0);
    s->root = s->control ? node_root(s) : NULL;
    p = s->root ? perms_get(s, &own, 1, true) : NULL;
    if (!p)
        return false;
    node_set(s, s->root, (struct content){p, NULL, 0});
    for (unsigned i = 0; i < SPECIALS; i++)
        s->special[i] = perms_hold(p);
    return true;
}

struct store *store_create(const struct store_limits *limits,
                           const struct store_calls *calls, void *user,
                           uint64_t seed)
{
    struct store *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->limits = limits ? *limits : store_limits_default;
    s->calls = calls;
    s->user = user;
    s->key[0] = seed;
    s->key[1] = seed * 0x9e3779b97f4a7c15ull + 1;
    s->scan = WATCH_SCAN;
    pool_init(&s->pool);
    if (make_tables(s) && make_root(s))
        return s;
    store_destroy(s);
    return NULL;
}

static void drop_nodes(struct store *s)
{
    struct node *next;

    if (!s->root)
        return;
    for (unsigned i = 0; i < SPECIALS; i++)
        perms_drop(s, s->special[i]);
    for (struct node *n = node_leaf(s->root); n; n = next) {
        next = node_after(n, s->root);
        if (n->content.perms)
            node_clear(s, n);
    }
    hash_remove(&s->nodes, &s->root->link);
    node_discard(s, s->root);
}

void store_clear(struct store *s)
{
    while (s->connections)
        store_disconnect(s->connections);
    drop_nodes(s);
    owner_forget_all(s);
    hash_end(&s->nodes);
    hash_end(&s->perms);
    hash_end(&s->domains);
    hash_end(&s->points);
    hash_end(&s->groups);
    hash_end(&s->watches);
    hash_end(&s->shadows);
    pool_end(&s->pool);
}

void store_destroy(struct store *s)
{
    store_clear(s);
    free(s);
}

void store_set_limits(struct store *s, const struct store_limits *limits)
{
    s->limits = *limits;
}

/* A checked spot for the manager. */
static int spot(struct store *s, const char *path, struct spot *p)
{
    *p = (struct spot){s, NULL, path, strlen(path)};
    return names_valid(path, p->length) ? 0 : EINVAL;
}

static int finish(struct store *s, int error)
{
    history_trim(s);
    history_bound(s);
    return error;
}

int store_write(struct store *s, const char *path, const void *value,
                size_t size)
{
    struct spot p;
    int error = spot(s, path, &p);

    if (!error && size > XENSTORE_PAYLOAD_MAX)
        error = E2BIG;
    if (!error)
        error = tree_put(&p, value, size);
    return finish(s, error);
}

int store_read(struct store *s, const char *path, void *value, size_t *size)
{
    struct spot p;
    const struct node *n;
    int error = spot(s, path, &p);

    if (error)
        return error;
    n = node_find(s, path, p.length);
    if (!n)
        return ENOENT;
    if (n->content.size > *size)
        return E2BIG;
    *size = n->content.size;
    if (*size)
        memcpy(value, n->content.value, *size);
    return 0;
}

int store_remove(struct store *s, const char *path)
{
    struct spot p;
    int error = spot(s, path, &p);

    if (!error && p.length == 1)
        error = EINVAL;
    if (!error && !node_find(s, path, p.length))
        error = ENOENT;
    if (!error)
        error = tree_remove(&p);
    return finish(s, error);
}

#define PERMIT_MAX 16u

/* Words between blanks; 0: something is no permission. */
static uint32_t parse_words(const char *text, struct perms_entry *e)
{
    uint32_t n = 0;

    while (*text) {
        char word[PERMS_TEXT];
        size_t length = strcspn(text, " ");

        if (n == PERMIT_MAX || length >= sizeof(word))
            return 0;
        memcpy(word, text, length);
        word[length] = 0;
        if (!perms_parse(word, &e[n++]))
            return 0;
        text += length;
        text += *text == ' ';
    }
    return n;
}

int store_permit(struct store *s, const char *path, const char *permissions)
{
    struct perms_entry e[PERMIT_MAX];
    uint32_t n = parse_words(permissions, e);
    struct perms *perms;
    struct spot p;
    int error = spot(s, path, &p);

    if (!error && !n)
        error = EINVAL;
    if (!error && !node_find(s, path, p.length))
        error = ENOENT;
    if (error)
        return error;
    perms = perms_get(s, e, n, true);
    return finish(s, perms ? tree_set_perms(&p, perms) : ENOMEM);
}

void store_domain_introduced(struct store *s, uint32_t domid)
{
    struct owner *d = owner_get(s, domid);

    if (d && d->introduced)
        owner_drop(s, d);
    else if (d)
        d->introduced = true;
    special_fire(s, SPECIAL_INTRODUCE, domid);
}

/* Removes a node even when memory is short: what transactions still see is
 * given up, if need be. */
static void remove_surely(struct store *s, const struct node *n)
{
    struct spot p = {s, NULL, s->path, node_path(n, s->path)};

    while (tree_remove(&p))
        transaction_give_up(s, s->transactions);
    finish(s, 0);
}

/* All that d owns goes, but for the root: that is the control domain's again.
 */
static void remove_owned(struct store *s, struct owner *d)
{
    struct perms *p;

    if (perms_owner(s->root->content.perms) == d) {
        p = perms_with_owner(s, s->root->content.perms, s->control);
        if (p)
            tree_set_perms(&(struct spot){s, NULL, "/", 1}, p);
    }
    while (d->owned && d->owned != s->root)
        remove_surely(s, d->owned);
}

static void forget(struct store *s, struct owner *d)
{
    owner_hold(d);
    remove_owned(s, d);
    owner_retire(s, d);
    if (d->introduced)
        owner_drop(s, d);
    d->introduced = false;
    owner_drop(s, d);
}

void store_domain_released(struct store *s, uint32_t domid)
{
    struct owner *d = owner_find(s, domid);
    char home[NAMES_HOME_MAX];
    struct node *n;

    if (d == s->control)
        return;
    if (d)
        forget(s, d);
    n = node_find(s, home, names_home(domid, home) - 1);
    if (n)
        remove_surely(s, n);
    special_fire(s, SPECIAL_RELEASE, domid);
}

void store_count(const struct store *s, struct store_counts *counts)
{
    *counts = s->counts;
    counts->nodes = s->live;
    counts->bytes = s->pool.bytes;
    counts->watches = s->watches.count;
    counts->transactions = s->open;
}
