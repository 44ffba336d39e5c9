/* SPDX-License-Identifier: MIT */
/*
 * A token bucket in time: `paid_until` is when everything that was let
 * through so far would have left at exactly the rate. What may run ahead of
 * the clock is the burst. No division once it is set up. The owner's lock
 * guards it.
 */
#ifndef IO_RATELIMIT_H
#define IO_RATELIMIT_H

#include "base/types.h"

#define RATELIMIT_SHIFT 20

struct ratelimit {
    uint64_t paid_until; /* ns */
    uint64_t byte_cost;  /* ns << RATELIMIT_SHIFT per byte; 0: no limit */
    uint64_t burst_ns;
};

/* `rate` bytes per second, 0 for no limit; at least `burst` bytes (up to 1 MiB)
 * may go at once. */
void ratelimit_init(struct ratelimit *r, uint64_t rate, uint64_t burst);

/* The time at which `bytes` (up to 4096) may go: at most `now` if at once. */
static inline uint64_t ratelimit_when(const struct ratelimit *r)
{
    return r->paid_until > r->burst_ns ? r->paid_until - r->burst_ns : 0;
}

static inline bool ratelimit_take(struct ratelimit *r, uint32_t bytes,
                                  uint64_t now)
{
    if (r->byte_cost == 0)
        return true;
    if (ratelimit_when(r) > now)
        return false;
    if (r->paid_until < now)
        r->paid_until = now;
    r->paid_until += (bytes * r->byte_cost) >> RATELIMIT_SHIFT;
    return true;
}

/* Gives back what a take of `bytes` cost. */
static inline void ratelimit_refund(struct ratelimit *r, uint32_t bytes)
{
    uint64_t cost = (bytes * r->byte_cost) >> RATELIMIT_SHIFT;

    r->paid_until -= cost < r->paid_until ? cost : r->paid_until;
}

#endif
