/* SPDX-License-Identifier: MIT */
/*
 * A world for unit tests: the host machine and a small cell on it, without any
 * bundle. Domains are made by hand. world_stop() ends what is left and checks
 * that nothing leaked: free frames are back, run queues and timers are empty.
 */
#ifndef UNIT_WORLD_H
#define UNIT_WORLD_H

#include "core/cell.h"
#include "core/domain.h"
#include "machine/host/host.h"
#include "unit.h"

#define WORLD_DOMAINS 64 /* ids are below */

struct world {
    struct cell *cell;
    struct frames *frames;
    uint64_t free; /* frames, without any domain */
};

/* NULL: the defaults of struct host_config. Never fails: aborts. */
void world_start(struct world *w, const struct host_config *config);
void world_stop(struct world *w);
/* The same, but the boot module is left for bundle_open(); whoever draws
 * frames that stay sets w->free anew. */
void world_start_bare(struct world *w, const struct host_config *config);
/* The same without the cell: machine and frames only. */
void world_start_frames(struct world *w, const struct host_config *config);
void world_stop_frames(struct world *w);

/* A stopped domain with the lowest free id, `memory` pages of RAM at
 * SCREE_IMAGE_BASE and quota for everything io may want. */
struct domain *world_domain(struct world *w, uint64_t memory);
/* domain_create(), and it is found at once, not when it is started. */
int world_create(struct world *w, const struct domain_shape *shape,
                 struct domain **d);
/* The same in the id's own words. NULL: domain_create() refused. */
struct domain *world_domain_shaped(struct world *w,
                                   const struct domain_shape *shape);
void world_domain_end(struct world *w, struct domain *d);
/* A started control domain; what it was told so far is forgotten. */
struct domain *world_control(struct world *w);
/* Has it been told of something new since the last time? */
bool world_told(struct world *w);

/* Runs fn(argument) and tells whether it ended in a panic. What the cell
 * printed is in host_console_text(); locks are forgotten, not released. */
must_check bool world_panics(void (*fn)(void *argument), void *argument);

#endif
