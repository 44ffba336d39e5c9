/* SPDX-License-Identifier: MIT */
/*
 * A domain manager on a fake cell, with a record of the events it said. The
 * cell has one image, digest 0x11.., and one file module, digest 0x22...
 */
#ifndef UNIT_MANAGED_H
#define UNIT_MANAGED_H

#include "control/manager.h"
#include "fake_cell.h"

#define MANAGED_EVENTS 64

struct managed {
    struct fake_cell *cell;
    struct manager m;
    struct scree_event events[MANAGED_EVENTS];
    unsigned event_count;
    unsigned came, went, down;
    struct scree_reply why;
};

struct managed *managed_make(void);
void managed_free(struct managed *w);
/* The control domain has gone and comes again. */
void managed_restart(struct managed *w);
/* Tells the manager what the cell has queued, and does what is due. */
void managed_settle(struct managed *w);
void managed_wait(struct managed *w, uint64_t ns);

/* A request for 1 MiB, weight 256, no address. */
struct scree_manage_run managed_request(const char *name);
/* Runs it; NULL: refused, w->why says why. */
struct definition *managed_run(struct managed *w,
                               const struct scree_manage_run *r);
/* The same of managed_request(name) with this restart policy. */
struct definition *managed_run_named(struct managed *w, const char *name,
                                     uint32_t restart);
/* Its domain ends; the manager sees it. */
void managed_end(struct managed *w, const struct definition *d, uint32_t reason,
                 uint32_t code);
uint32_t managed_phase(struct managed *w, const char *name);
/* Events of this kind so far; forgets none. */
unsigned managed_said(const struct managed *w, uint32_t event);

#endif
