/* SPDX-License-Identifier: MIT */
/*
 * Spin locks with ranks. A CPU takes locks in ascending rank only; two domain
 * locks (same rank) in ascending domain id. Release builds link lock_plain.c;
 * debug and host builds link lock_checked.c, which verifies the order.
 *
 * hypercall_fast() waits for no lock below RANK_CPU: whoever holds a domain's
 * lock may wait for its guest to leave its CPU (core/space.h).
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
    RANK_RANDOM,   /* the random number generator */
    RANK_CHANNEL,  /* the channel's queues */
    RANK_JOURNAL,  /* what was printed and not yet taken */
    RANK_CHANGES,  /* domains that the control domain should look at */
};

struct lock {
    atomic_uint held; /* 0, or the holder's CPU + 1 */
    uint16_t rank;
    uint16_t reserved;
    uint32_t order; /* among equals: the domain id */
};

void lock_init(struct lock *l, enum lock_rank rank, uint32_t order);
void lock_take(struct lock *l);
/* Takes l if nobody holds it. Never waits; any order is allowed. */
must_check bool lock_try(struct lock *l);
void lock_release(struct lock *l);
bool lock_is_held(const struct lock *l); /* by somebody */
bool lock_is_mine(const struct lock *l); /* by this CPU */

/* This CPU forgets what it holds, and the order in which it took it: for a
 * panic, and for tests that come back from one. */
void lock_abandon(void);

#endif
