/* SPDX-License-Identifier: MIT */
/*
 * Token buckets: see ratelimit.h.
 */
#include "io/ratelimit.h"

#define SECOND_NS 1000000000ull
#define RATE_MAX  (1ull << 40) /* more is no limit at all */
#define BURST_MAX (1ull << 20)

void ratelimit_init(struct ratelimit *r, uint64_t rate, uint64_t burst)
{
    *r = (struct ratelimit){0, 0, 0};
    if (rate == 0 || rate > RATE_MAX)
        return;
    r->byte_cost = (SECOND_NS << RATELIMIT_SHIFT) / rate;
    /* In two steps: a slow rate's burst does not fit 64 bits when scaled. */
    r->burst_ns = min_u64(burst, BURST_MAX) * SECOND_NS / rate;
}
