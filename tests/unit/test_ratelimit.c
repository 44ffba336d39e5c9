/* SPDX-License-Identifier: MIT */
/* What a rate lets through, in the long run and at once. */
#include "io/ratelimit.h"
#include "unit.h"

#define SECOND 1000000000ull

/* Bytes that get through in `ns`, offered in pieces of `size` without end. */
static uint64_t through(struct ratelimit *r, uint32_t size, uint64_t start,
                        uint64_t ns)
{
    uint64_t bytes = 0;

    for (uint64_t now = start; now < start + ns; now += ns / 1000) {
        while (bytes < 100000000 && ratelimit_take(r, size, now))
            bytes += size;
    }
    return bytes;
}

static void no_rate_is_no_limit(void)
{
    struct ratelimit r;

    ratelimit_init(&r, 0, 0);
    for (unsigned i = 0; i < 1000; i++)
        CU_ASSERT(ratelimit_take(&r, 4096, 5));
    ratelimit_init(&r, UINT64_MAX, 1);
    CU_ASSERT(ratelimit_take(&r, 4096, 5));
    CU_ASSERT(ratelimit_take(&r, 4096, 5));
}

static void holds_the_rate(void)
{
    static const uint64_t rates[] = {1000, 65536, 1000000, 12345678};

    for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
        struct ratelimit r;
        uint64_t bytes;

        ratelimit_init(&r, rates[i], rates[i] / 100 + 3000);
        bytes = through(&r, 1000, SECOND, 4 * SECOND);
        CU_ASSERT(bytes >= 4 * rates[i] / 100 * 99);
        CU_ASSERT(bytes <= 4 * rates[i] + rates[i] / 100 + 5000);
    }
}

static void idleness_earns_one_burst_only(void)
{
    struct ratelimit r;

    ratelimit_init(&r, 1000, 5000);
    (void)through(&r, 500, 0, SECOND);
    while (ratelimit_take(&r, 500, SECOND))
        continue;
    for (unsigned i = 0; i < 11; i++)
        CU_ASSERT(ratelimit_take(&r, 500, 1000 * SECOND));
    CU_ASSERT_FALSE(ratelimit_take(&r, 500, 1000 * SECOND));
}

static void says_when(void)
{
    struct ratelimit r;
    uint64_t when;

    ratelimit_init(&r, 1000, 1000);
    while (ratelimit_take(&r, 100, SECOND))
        continue;
    when = ratelimit_when(&r);
    CU_ASSERT(when > SECOND && when <= SECOND + SECOND / 10);
    CU_ASSERT_FALSE(ratelimit_take(&r, 100, when - 1));
    CU_ASSERT(ratelimit_take(&r, 100, when));
    ratelimit_refund(&r, 100);
    CU_ASSERT_EQUAL(ratelimit_when(&r), when);
    r.paid_until = 5;
    ratelimit_refund(&r, 4096);
    CU_ASSERT_EQUAL(r.paid_until, 0);
}

static void survives_extremes(void)
{
    struct ratelimit r;

    ratelimit_init(&r, 1, UINT64_MAX);
    CU_ASSERT(ratelimit_take(&r, 4096, UINT64_MAX / 4));
    CU_ASSERT(r.paid_until > UINT64_MAX / 4);
    ratelimit_init(&r, 1ull << 40, 1);
    CU_ASSERT(ratelimit_take(&r, 1, 0));
}

void suite_ratelimit(void)
{
    static const struct unit_test tests[] = {
        {"no rate is no limit", no_rate_is_no_limit},
        {"holds the rate", holds_the_rate},
        {"idleness earns one burst only", idleness_earns_one_burst_only},
        {"says when", says_when},
        {"survives extremes", survives_extremes},
    };
    UNIT_SUITE("ratelimit", tests);
}
