/* SPDX-License-Identifier: MIT */
/*
 * The life of the cell, seen from its daemon: QEMU is adopted or started, and
 * started again when it dies; the channel is kept; whenever domain 0 or the
 * whole cell has begun anew, the domains are made again as their restart
 * policies say.
 */
#ifndef SCREED_CELL_H
#define SCREED_CELL_H

#include "tools/bundle/conf.h"
#include "tools/screed/screed.h"

/* Once: e NULL: QEMU runs; else it does not start. */
typedef void cell_first(struct screed *s, const struct error *e);

struct cell;
struct cell *cell_new(struct screed *s, cell_first *first);
void cell_free(struct cell *c);
void cell_begin(struct cell *c);

/* An event of the cell, and a line in screed.log; why may be NULL. */
void cell_note(struct screed *s, const char *event, const char *why);

/* Ends QEMU, then the loop. */
void cell_down(struct screed *s);

/* The definition and all that screed holds of a domain is gone. */
void cell_forget_domain(struct domain *d);
/* A domain of the definition (taken), counted with its objects and noted. */
struct domain *cell_define(struct screed *s, struct conf_domain *def);

#endif
