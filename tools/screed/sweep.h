/* SPDX-License-Identifier: MIT */
/* Asks the cell how its domains are, and notes what it says. */
#ifndef SCREED_SWEEP_H
#define SCREED_SWEEP_H

#include "tools/screed/screed.h"

struct sweep;
struct sweep *sweep_new(struct screed *s);
void sweep_free(struct sweep *w);

/* All domains: what was asked before the call is not enough. done (or NULL) is
 * called once, with an error if the cell is not up. */
typedef void sweep_done(void *context, const struct error *e);
void sweep_all(struct screed *s, sweep_done *done, void *context);

/* The same after SYNC: those that nobody has defined here are defined, and
 * those that are not seen are left as they are. */
void sweep_adopt(struct screed *s, sweep_done *done, void *context);

/* Only the one of that name. */
void sweep_one(struct screed *s, const char *name, sweep_done *done,
               void *context);

/* A domain that nobody has defined here: of a RUN that was given up before it
 * was done. It is killed, or removed if it is down. */
void sweep_end_stranger(struct screed *s, const char *name, bool down);

#endif
