/* SPDX-License-Identifier: MIT */
/*
 * What stands in the store about the cell and its domains, as Xen's tools
 * write it: /local/domain/N, /vm/UUID, /tool; and of our own /scree. Written
 * when a domain comes, removed when it goes.
 */
#ifndef CONTROL_NODES_H
#define CONTROL_NODES_H

#include "control/definition.h"
#include "store/store.h"

struct nodes {
    struct store *store;
    uint64_t cell_life; /* Unix time in ns of the cell's start */
};

/* Those that are always there. name: of the cell, or NULL. */
void nodes_open(struct nodes *n, struct store *store, uint64_t cell_life,
                const char *name);
/* d has a domain now, or has lost it. */
void nodes_came(struct nodes *n, const struct definition *d);
void nodes_went(struct nodes *n, const struct definition *d);
/* Its name is known, or no longer. */
void nodes_name(struct nodes *n, const struct definition *d);
void nodes_forget_name(struct nodes *n, const struct definition *d);

/* Is the path a domain's control/shutdown? Its id goes to *domain. */
bool nodes_is_shutdown(const char *path, uint32_t *domain);
/* SHUTDOWN_* that is asked for there, or -1: nothing to do. */
int nodes_shutdown_reason(struct nodes *n, uint32_t domain);

#endif
