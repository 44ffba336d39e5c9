/* SPDX-License-Identifier: MIT */
/*
 * The end of dead domains and the return of those that shall come back.
 *
 * on_crash = restart, and SHUTDOWN_reboot: the domain is built anew from its
 * record after a delay that starts at 100 ms, doubles each time up to 30 s, and
 * starts over when the domain had lived for a minute.
 */
#ifndef SYSTEM_REAPER_H
#define SYSTEM_REAPER_H

#include "core/cell.h"

/* One for each record of the bundle. */
struct restart {
    struct cell *cell;
    uint32_t index;
    uint64_t delay;     /* ns, the last one; 0: none yet */
    struct timer timer; /* on CPU 0 */
};

/* Makes cell->restarts for the bundle's domains. -XEN_ENOMEM. */
must_check int restart_init(struct cell *cell);
/* Builds and starts the domain of a record, and says so. */
must_check int domain_launch(struct cell *cell, uint32_t index);
/* Takes apart a domain that died on this CPU, or the next part of it, if its
 * time has come; true: it did, and there may be more. */
bool reap(struct cpu *c);

#endif
