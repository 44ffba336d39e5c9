/* SPDX-License-Identifier: MIT */
/*
 * See overlay.h. A walk makes shadows as far as nodes are there, and one more
 * for the first that is not. What is read is marked `seen`; whoever finds
 * nothing has read the node above as well: it gives rights, and the owner of
 * what is made below.
 */
#include "store/overlay.h"

#include <errno.h>
#include <string.h>

#include "store/connection.h"

/* The node below base, if t sees it. */
static struct node *base_below(const struct request *r, const struct shadow *x,
                               const char *name, size_t length)
{
    struct node *n;

    if (!x->base || x->removed)
        return NULL;
    n = node_slot(r->s, x->base, name, length);
    return n && node_at(n, r->t->snapshot) ? n : NULL;
}

static int quota_shadow(struct request *r, size_t length)
{
    if (r->c->privileged)
        return 0;
    if (r->t->shadows > r->s->limits.transaction_nodes ||
        !owner_affords(r->s, r->c->domain, shadow_cost(length)))
        return connection_refuse(r->c, ENOSPC);
    return 0;
}

/* The shadow below x, new if need be. */
static int step(struct request *r, struct shadow **x, const char *name,
                size_t length)
{
    struct shadow *child = shadow_find(r->s, *x, name, length);
    int error;

    if (!child) {
        error = quota_shadow(r, length);
        if (error)
            return error;
        child = shadow_new(r->t, *x, name, length);
        if (!child)
            return ENOMEM;
        child->base = base_below(r, *x, name, length);
    }
    *x = child;
    return 0;
}

int overlay_find(struct request *r, struct view *v)
{
    const char *path = r->at.path;
    struct shadow *x = r->t->root;
    size_t length = r->at.length, done = 1, n;
    int error;

    if (!x)
        return EAGAIN;
    *v = (struct view){.near = shadow_content(r->t, x), .done = 1};
    v->content = v->near;
    for (size_t at = 1; at < length && v->content; at = done + 1) {
        n = names_component(path, length, at);
        error = step(r, &x, path + at, n);
        if (error)
            return error;
        done = at + n;
        v->content = shadow_content(r->t, x);
        if (v->content) {
            v->near = v->content;
            v->done = done;
        }
    }
    v->shadow = x;
    v->parent = v->done >= names_parent(path, length);
    x->seen = true;
    if (!v->content)
        x->parent->seen = true;
    return 0;
}

/* A copy of a value with perms, held. */
static int make_content(struct request *r, struct perms *perms,
                        const void *value, size_t size, struct content *c)
{
    if (!r->c->privileged && size &&
        !owner_affords(r->s, r->c->domain, pool_cost(size)))
        return connection_refuse(r->c, ENOSPC);
    *c = (struct content){perms, node_value(r->s, value, size), (uint32_t)size};
    if (size && !c->value)
        return ENOMEM;
    perms_hold(perms);
    return 0;
}

/* What the domain would own at the end. Who removed something is only counted
 * then. */
static int quota_made(struct request *r, uint64_t count)
{
    uint64_t have = r->t->removals ? 0 : r->c->domain->nodes;

    if (!r->c->privileged && have + r->t->made + count > r->s->limits.nodes)
        return connection_refuse(r->c, ENOSPC);
    return 0;
}

/* Shadows for all that is missing on the path; *last: the path's. */
static int make_shadows(struct request *r, const struct view *v,
                        struct shadow **last, uint64_t *count)
{
    size_t at = v->done == 1 ? 1 : v->done + 1, n;
    struct shadow *x = v->shadow;
    int error = 0;

    at += names_component(r->at.path, r->at.length, at) + 1;
    for (*count = 1; at < r->at.length && !error; (*count)++) {
        n = names_component(r->at.path, r->at.length, at);
        error = step(r, &x, r->at.path + at, n);
        at += n + 1;
    }
    *last = x;
    return error;
}

static void fill_shadows(struct request *r, const struct view *v,
                         struct shadow *last, struct content *content)
{
    struct shadow *x = v->shadow;

    for (; x != last; x = x->children)
        shadow_change(r->t, x,
                      (struct content){perms_hold(content->perms), NULL, 0});
    shadow_change(r->t, last, *content);
    last->named = true;
}

static int create(struct request *r, struct view *v, const void *value,
                  size_t size)
{
    struct content content = {0};
    struct perms *perms;
    struct shadow *last;
    uint64_t count;
    int error = make_shadows(r, v, &last, &count);

    if (!error)
        error = quota_made(r, count);
    if (!error) {
        perms = r->c->privileged
                    ? perms_hold(v->near->perms)
                    : perms_with_owner(r->s, v->near->perms, r->c->domain);
        error = perms ? make_content(r, perms, value, size, &content) : ENOMEM;
        perms_drop(r->s, perms);
    }
    if (error)
        shadow_free_below(r->t, v->shadow);
    else
        fill_shadows(r, v, last, &content);
    return error;
}

int overlay_put(struct request *r, struct view *v, const void *value,
                size_t size)
{
    struct content content = {0};
    int error = quota_value(&r->at, size);

    if (error)
        return error;
    if (!v->content)
        return create(r, v, value, size);
    error = make_content(r, v->content->perms, value, size, &content);
    if (!error) {
        shadow_change(r->t, v->shadow, content);
        v->shadow->named = true;
    }
    return error;
}

int overlay_remove(struct request *r, struct view *v)
{
    struct shadow *x = v->shadow;

    shadow_free_below(r->t, x);
    shadow_change(r->t, x, (struct content){0});
    x->removed = x->base != NULL;
    x->named = true;
    r->t->removals = true;
    return 0;
}

int overlay_set_perms(struct request *r, struct view *v, struct perms *perms)
{
    const struct content *now = v->content;
    struct content content = {0};
    int error = make_content(r, perms, now->value, now->size, &content);

    if (!error) {
        shadow_change(r->t, v->shadow, content);
        v->shadow->named = true;
    }
    perms_drop(r->s, perms);
    return error;
}

/* Adds a name, or what of it is behind the offset; false: no room. */
static bool emit(struct view_list *list, const char *name, size_t length)
{
    size_t size = length + 1, skip = 0;

    if (list->offset >= size) {
        list->offset -= size;
        return true;
    }
    skip = (size_t)list->offset;
    size -= skip;
    if (list->size + size > list->room)
        return false;
    memcpy(list->to + list->size, name + skip, size - 1);
    list->size += size;
    list->to[list->size - 1] = 0;
    list->offset = 0;
    return true;
}

/* Is the base's child still that? */
static bool stays(const struct request *r, const struct shadow *x,
                  const struct node *n)
{
    const struct shadow *child = shadow_find(r->s, x, n->name, n->length);

    return !child || !child->changed ||
           (child->content.perms && !child->removed);
}

static bool emit_nodes(struct request *r, const struct shadow *x,
                       const struct node *n, struct view_list *list)
{
    for (; n; n = n->next) {
        if (node_at(n, r->t->snapshot) && stays(r, x, n) &&
            !emit(list, n->name, n->length))
            return false;
    }
    return true;
}

static bool emit_made(const struct shadow *x, struct view_list *list)
{
    for (x = x->children; x; x = x->next) {
        if (x->content.perms && (!x->base || x->removed) &&
            !emit(list, x->name, x->length))
            return false;
    }
    return true;
}

static bool changed_below(const struct shadow *x)
{
    for (x = x->children; x && !x->changed;)
        x = x->next;
    return x != NULL;
}

/* A list that has changed is put together anew for each part; of a long one
 * that is too dear for what can only end with EAGAIN. */
int overlay_list(struct request *r, struct view *v, struct view_list *list)
{
    struct shadow *x = v->shadow;
    struct node *n = x->removed ? NULL : x->base;
    bool overtaken = n && n->listed > r->t->snapshot;

    list->generation = 1 + r->t->snapshot + r->t->changes;
    list->size = 0;
    if (n)
        x->listed = true;
    if (n && !overtaken && !changed_below(x)) {
        view_list_node(r, n, list);
        return 0;
    }
    if (overtaken && !r->c->privileged && n->child_bytes > TREE_FAR)
        return EAGAIN;
    list->end = (!n || (emit_nodes(r, x, n->children, list) &&
                        emit_nodes(r, x, n->ghosts, list))) &&
                emit_made(x, list);
    return 0;
}
