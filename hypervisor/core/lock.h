/* SPDX-License-Identifier: MIT */
/*
 * Spin locks with ranks. A CPU takes locks in ascending rank only; two domain
 * locks (same rank) in ascending domain id. LOCK_CHECKS (debug and host
 * builds link lock_checked.c, release links lock_plain.c) verifies it.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include <stdatomic.h>

#include "base/types.h"

enum lock_rank {
    RANK_CELL = 1, /* domain table, creation, death */
    RANK_DOMAIN,   /* one domain: space, ports, grants, devices */
    RANK_UPLINK,   /* the physical NIC's queues */
    RANK_CPU,      /* run queue and timers of a CPU */
    RANK_FRAMES,   /* free lists and counts */
    RANK_CONSOLE,  /* the cell's console */
};

struct lock {
    atomic_uint held;
    uint16_t rank;
    uint16_t reserved;
    uint32_t order; /* among equals: the domain id */
};

void lock_init(struct lock *l, enum lock_rank rank, uint32_t order);
void lock_take(struct lock *l);
void lock_release(struct lock *l);
bool lock_is_held(const struct lock *l); /* by somebody */

#endif
