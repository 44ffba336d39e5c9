/* SPDX-License-Identifier: MIT */
/*
 * Domains with a whole life, for the suites about it: a cell that the system
 * itself boots from life_bundle, and what a domain in it does to end. Make the
 * bundle, change it, boot, and stop at last: that checks that nothing is left.
 */
#ifndef UNIT_LIFE_H
#define UNIT_LIFE_H

#include "guest.h"
#include "small_bundle.h"

extern struct small_bundle life_bundle;

/* Idling takes no time from now on. */
void life_awake(void);
/* Boots a cell from life_bundle as main does, awake. */
void life_boot(struct world *w, const struct host_config *more);
void life_stop(struct world *w);
/* Whether the console has shown this. */
bool life_said(const char *text);
/* NULL: there is none. */
struct domain *life_find(struct world *w, uint32_t id);
/* Moves time on by ms and lets the loop see it. */
void life_later(struct world *w, uint64_t ms);

/* Domain `id` makes this exit; then the loop does what follows. */
void life_faults(struct world *w, uint32_t id, uint32_t vector, uint32_t error,
                 uint64_t address);
void life_shuts_down(struct world *w, uint32_t id, uint32_t reason);
/* d sets a watchdog; the call's result. */
int64_t life_watchdog(struct domain *d, uint32_t id, uint32_t seconds);

#endif
