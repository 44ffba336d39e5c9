/* SPDX-License-Identifier: MIT */
/*
 * See view.h.
 */
#include "store/view.h"

#include <errno.h>

#include "store/overlay.h"

static int find(struct request *r, struct view *v)
{
    struct walk w;

    if (r->t)
        return overlay_find(r, v);
    w = node_walk(r->s, r->at.path, r->at.length);
    *v = (struct view){
        .near = &w.node->content,
        .done = w.done,
        .parent = w.done >= names_parent(r->at.path, r->at.length),
    };
    if (w.done == r->at.length) {
        v->node = w.node;
        v->content = v->near;
    }
    return 0;
}

int view_get(struct request *r, uint32_t rights, struct view *v)
{
    int error = find(r, v);
    uint32_t has;

    if (error)
        return error;
    has = perms_rights(v->near->perms, r->c);
    if (!v->content)
        return has & rights ? ENOENT : EACCES;
    return (has & rights) == rights ? 0 : EACCES;
}

int view_put(struct request *r, struct view *v, const void *value, size_t size)
{
    if (r->t)
        return overlay_put(r, v, value, size);
    return tree_put(&r->at, value, size);
}

int view_remove(struct request *r, struct view *v)
{
    if (r->t)
        return overlay_remove(r, v);
    return tree_remove(&r->at);
}

int view_set_perms(struct request *r, struct view *v, struct perms *perms)
{
    if (r->t)
        return overlay_set_perms(r, v, perms);
    return tree_set_perms(&r->at, perms);
}

void view_list_node(struct request *r, struct node *n, struct view_list *list)
{
    list->size = 0;
    list->end = list->offset >= n->child_bytes;
    if (list->end)
        return;
    if (!tree_is_near(r->c, n, list->offset)) {
        list->generation = 0;
        return;
    }
    list->size = tree_list(r->c, n, list->offset, list->to, list->room);
    list->end = list->offset + list->size == n->child_bytes;
}

int view_list(struct request *r, struct view *v, struct view_list *list)
{
    if (r->t)
        return overlay_list(r, v, list);
    list->generation = v->node->listed;
    view_list_node(r, v->node, list);
    return 0;
}
