/* SPDX-License-Identifier: MIT */
/*
 * See tree.h.
 */
#include "store/tree.h"

#include <errno.h>
#include <string.h>

#include "store/history.h"
#include "store/watch.h"

static void fire(const struct spot *p, const struct node *n,
                 const struct perms *before)
{
    struct watch_readers readers = {
        .now = n->content.perms,
        .before = before,
        .parent = n->parent ? n->parent->content.perms : NULL,
    };

    watch_fire(p->s, p->path, p->length, &readers);
    if (p->c && p->s->calls->changed)
        p->s->calls->changed(p->s->user, p->path);
}

static int update(const struct spot *p, struct node *n, const void *value,
                  size_t size)
{
    struct content content = {n->content.perms, NULL, (uint32_t)size};
    int error = quota_value(p, size);

    if (!error)
        error = quota_growth(p, perms_owner(content.perms),
                             node_cost(n->length, &n->content),
                             node_cost(n->length, &content));
    if (error)
        return error;
    content.value = node_value(p->s, value, size);
    if ((size && !content.value) ||
        !history_reserve(p->s, node_shared(p->s, n))) {
        pool_free(&p->s->pool, content.value, size);
        return ENOMEM;
    }
    p->s->generation++;
    perms_hold(content.perms);
    node_set(p->s, n, content);
    fire(p, n, NULL);
    return 0;
}

/* Frees a chain of nodes that were not placed. */
static void discard(struct store *s, struct node *chain)
{
    while (chain) {
        struct node *next = chain->next;

        node_discard(s, chain);
        chain = next;
    }
}

/* Nodes for what is missing on p's path behind `done`, linked by `next`. */
static struct node *make_chain(const struct spot *p, size_t done)
{
    struct node *chain = NULL, **last = &chain;

    for (size_t at = done == 1 ? 1 : done + 1; at < p->length;) {
        size_t n = names_component(p->path, p->length, at);

        *last = node_new(p->s, p->path + at, n);
        if (!*last) {
            discard(p->s, chain);
            return NULL;
        }
        last = &(*last)->next;
        at += n + 1;
    }
    return chain;
}

static int quota_chain(const struct spot *p, size_t done, size_t size)
{
    uint64_t bytes = size ? pool_cost(size) : 0;
    uint64_t count = 0;

    for (size_t at = done == 1 ? 1 : done + 1; at < p->length; count++) {
        size_t n = names_component(p->path, p->length, at);

        bytes += pool_cost(sizeof(struct node) + n);
        at += n + 1;
    }
    return quota_nodes(p, count, bytes);
}

static struct node *place_chain(struct store *s, struct node *parent,
                                struct node *chain, struct content *last)
{
    while (chain) {
        struct node *next = chain->next;
        struct content content = {perms_hold(last->perms), NULL, 0};

        if (!next) {
            content.value = last->value;
            content.size = last->size;
        }
        parent = node_place(s, parent, chain);
        node_set(s, parent, content);
        chain = next;
    }
    return parent;
}

static int create(const struct spot *p, const struct walk *w, const void *value,
                  size_t size)
{
    struct store *s = p->s;
    struct perms *near = w->node->content.perms;
    struct content content = {NULL, NULL, (uint32_t)size};
    struct node *chain;
    int error = quota_value(p, size);

    if (!error)
        error = quota_chain(p, w->done, size);
    if (error)
        return error;
    content.perms = spot_limited(p) ? perms_with_owner(s, near, p->c->domain)
                                    : perms_hold(near);
    content.value = node_value(s, value, size);
    chain = make_chain(p, w->done);
    if (!content.perms || (size && !content.value) || !chain) {
        discard(s, chain);
        content_free(s, &content);
        return ENOMEM;
    }
    s->generation++;
    fire(p, place_chain(s, w->node, chain, &content), NULL);
    perms_drop(s, content.perms);
    return 0;
}

int tree_put(const struct spot *p, const void *value, size_t size)
{
    struct walk w = node_walk(p->s, p->path, p->length);

    if (w.done == p->length)
        return update(p, w.node, value, size);
    return create(p, &w, value, size);
}

int tree_remove(const struct spot *p)
{
    struct store *s = p->s;
    struct node *top = node_find(s, p->path, p->length), *next;

    if (s->transactions && !history_reserve(s, node_count(top)))
        return ENOMEM;
    s->generation++;
    for (struct node *n = node_leaf(top); n; n = next) {
        next = node_after(n, top);
        if (next)
            watch_fire_exact(s, n);
        else
            fire(p, n, NULL);
        node_clear(s, n);
    }
    return 0;
}

int tree_set_perms(const struct spot *p, struct perms *perms)
{
    struct store *s = p->s;
    struct node *n = node_find(s, p->path, p->length);
    struct content content = {perms, NULL, n->content.size};
    struct perms *before;
    int error =
        quota_growth(p, perms_owner(perms), node_cost(n->length, &n->content),
                     node_cost(n->length, &content));

    content.value =
        error ? NULL : node_value(s, n->content.value, content.size);
    if (!error && ((content.size && !content.value) ||
                   !history_reserve(s, node_shared(s, n))))
        error = ENOMEM;
    if (error) {
        content_free(s, &content);
        return error;
    }
    before = perms_hold(n->content.perms);
    s->generation++;
    node_set(s, n, content);
    fire(p, n, before);
    perms_drop(s, before);
    return 0;
}

static bool at_cursor(const struct store_connection *c, const struct node *n,
                      uint64_t offset)
{
    return c->cursor.parent == n && c->cursor.listed == n->listed &&
           c->cursor.offset == offset;
}

bool tree_is_near(const struct store_connection *c, const struct node *n,
                  uint64_t offset)
{
    return c->privileged || offset <= TREE_FAR || at_cursor(c, n, offset);
}

/* Where the list stands at *offset: the child whose name that is in; *offset
 * becomes the offset inside its name. */
static struct node *seek(const struct store_connection *c, struct node *n,
                         uint64_t *offset)
{
    struct node *child = n->children;

    if (at_cursor(c, n, *offset)) {
        *offset = 0;
        return c->cursor.child;
    }
    for (; child && *offset > child->length; child = child->next)
        *offset -= child->length + 1u;
    return child;
}

size_t tree_list(struct store_connection *c, struct node *n, uint64_t offset,
                 char *to, size_t room)
{
    uint64_t skip = offset;
    struct node *child = seek(c, n, &skip);
    size_t size = 0;

    for (; child; child = child->next) {
        size_t bytes = child->length + 1 - (size_t)skip;

        if (size + bytes > room)
            break;
        memcpy(to + size, child->name + skip, bytes - 1);
        to[size + bytes - 1] = 0;
        size += bytes;
        skip = 0;
    }
    if (!size)
        return 0;
    c->cursor.parent = n;
    c->cursor.child = child;
    c->cursor.listed = n->listed;
    c->cursor.offset = (uint32_t)(offset + size);
    return size;
}
