/* SPDX-License-Identifier: MIT */
/*
 * What the control domain should look at: one queue of domains in the cell,
 * each in it at most once with the bits that say why. A domain holds no port
 * and no memory for it but its own link.
 *
 * Marking needs no lock of the caller's and takes the queue's own, then raises
 * a port, which takes a CPU's lock: so no lock from RANK_CPU on may be held.
 * Any CPU may mark. A domain that is freed is taken out first.
 *
 * When a control domain starts, every domain is told of: not by queueing them
 * all but by one sweep over the ids, a step in each change_next().
 */
#ifndef CORE_CHANGES_H
#define CORE_CHANGES_H

#include "base/types.h"
#include "scree/control.h"

struct cell;
struct domain;

/* Queues d for `happened` (SCREE_HAPPENED_*) and raises the control domain's
 * SCREE_PORT_CONTROL if the queue was empty. No effect for the control domain
 * itself, or in a cell without one. */
void change_mark(struct domain *d, uint32_t happened);
/* The next one: its id, and *happened cleared in it. false: the queue is
 * empty. */
must_check bool change_next(struct cell *cell, uint32_t *id,
                            uint32_t *happened);
/* d is about to be freed. */
void change_forget(struct domain *d);
/* A control domain has started: every domain is to be told of. */
void change_all(struct cell *cell);
/* Raises the control domain's SCREE_PORT_CONTROL, if there is one. */
void change_notify(struct cell *cell);

#endif
