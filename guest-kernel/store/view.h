/* SPDX-License-Identifier: MIT */
/*
 * The store as one request sees it: as it is, or as its transaction sees it.
 */
#ifndef STORE_VIEW_H
#define STORE_VIEW_H

#include "store/wire.h"

struct view {
    const struct content *content; /* NULL: there is no such node */
    const struct content *near;    /* of the deepest that is on its path */
    size_t done;                   /* so much of the path is there */
    bool parent;                   /* there is, right above */
    struct node *node;             /* outside transactions */
    struct shadow *shadow;         /* inside */
};

/* What is at r's path, if r may do this to it. 0, ENOENT, EACCES, ENOMEM,
 * ENOSPC; EAGAIN: the transaction was given up. A view stays good until
 * something is changed. */
int view_get(struct request *r, uint32_t rights, struct view *v);

/* The changes, after view_get() with what they need. */
int view_put(struct request *r, struct view *v, const void *value, size_t size);
int view_remove(struct request *r, struct view *v);
int view_set_perms(struct request *r, struct view *v, struct perms *perms);

/* Names of children from byte `offset` of their list on, as many whole ones as
 * fit; *end: they reach the end. *size bytes. 0 or an errno. */
struct view_list {
    uint64_t offset;
    char *to;
    size_t room, size;
    bool end;
    uint64_t generation; /* grows when the list changes; 0: the offset is too
                          * far from where the client was, it must begin anew */
};
/* A part of n's list as it is. */
void view_list_node(struct request *r, struct node *n, struct view_list *list);
int view_list(struct request *r, struct view *v, struct view_list *list);

#endif
