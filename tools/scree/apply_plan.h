/* SPDX-License-Identifier: MIT */
/*
 * What `apply` would do: the domains that a file wants, beside those that are.
 * Pure, so that it can be tested without a cell.
 */
#ifndef SCREE_APPLY_PLAN_H
#define SCREE_APPLY_PLAN_H

#include "tools/scree/definition.h"

/* One that is, from the API. */
struct apply_is {
    struct conf_domain domain;
    const char *phase; /* of the API */
    bool wanted;       /* apply_make(): the file names it */
};

enum apply_kind {
    APPLY_KEEP,
    APPLY_ADD,
    APPLY_SET,     /* while it runs */
    APPLY_REPLACE, /* stop, remove, make it anew */
    APPLY_START,   /* it should run, but was stopped */
    APPLY_STOP,    /* stopped = yes, but it runs */
    APPLY_REMOVE,
};

struct apply_step {
    enum apply_kind kind;
    const struct conf_domain *is, *want; /* or NULL */
    char text[256];                      /* what differs */
};

struct apply_plan {
    size_t count;
    struct apply_step *steps; /* in the order of the file, then the rest */
};

struct apply_want {
    const struct conf_domain *domains;
    size_t count;
    bool prune; /* what is not among them is removed */
};

/*
 * Plans so that what is wanted is there. Refused if something of it would clash
 * with what stays: an address, a host's port. free(p->steps) is due either way.
 */
bool apply_make(struct apply_plan *p, struct apply_is *is, size_t is_count,
                const struct apply_want *want, struct error *e);

size_t apply_count(const struct apply_plan *p, enum apply_kind kind);

#endif
