/* SPDX-License-Identifier: MIT */
/*
 * What the control domain should look at: one queue of domains in the cell,
 * each in it at most once with the bits that say why. A domain holds no port
 * and no memory for it but its own link.
 *
 * Marking needs no lock of the caller's and takes the queue's own (a leaf in
 * rank), so it is allowed under any lock and from any CPU. A domain that is
 * freed is taken out first.
 */
#ifndef CORE_CHANGES_H
#define CORE_CHANGES_H

#include "base/types.h"

struct cell;
struct domain;

/* Queues d for `happened` (SCREE_HAPPENED_*) and raises the control domain's
 * SCREE_PORT_CONTROL if the queue was empty. No effect without one. */
void change_mark(struct domain *d, uint32_t happened);
/* The next one: its id, and *happened cleared in it. false: the queue is
 * empty. */
must_check bool change_next(struct cell *cell, uint32_t *id,
                            uint32_t *happened);
/* d is about to be freed. */
void change_forget(struct domain *d);
/* Raises the control domain's SCREE_PORT_CONTROL, if there is one. */
void change_notify(struct cell *cell);

#endif
