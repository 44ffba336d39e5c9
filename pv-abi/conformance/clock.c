/* SPDX-License-Identifier: MIT */
/*
 * Conformance: system time by hypercall and by the clock page (chapter 12).
 */
#include "rt.h"

SCREE_IMAGE(1 << 20, 16384);

static const volatile struct scree_clock *page(void)
{
    return (const volatile struct scree_clock *)SCREE_CLOCK_PAGE;
}

static uint64_t by_call(void)
{
    return (uint64_t)HYPERVISOR_scree_time();
}

/* The formula as the ABI reference gives it. */
static uint64_t by_page(void)
{
    uint32_t version, low, high;
    uint64_t ns;

    do {
        version = __atomic_load_n(&page()->version, __ATOMIC_ACQUIRE);
        __asm__ volatile("lfence\n\trdtsc"
                         : "=a"(low), "=d"(high)
                         :
                         : "memory");
        ns = page()->ns_base +
             (uint64_t)((((uint64_t)high << 32 | low) - page()->tsc_base) *
                            (unsigned __int128)page()->tsc_mul >>
                        page()->tsc_shift);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (version & 1 || version != page()->version);
    return ns;
}

static bool monotonic(uint64_t (*clock)(void))
{
    uint64_t last = clock();

    for (unsigned i = 0; i < 2000; i++) {
        uint64_t now = clock();

        if (now < last)
            return false;
        last = now;
        if (i % 200 == 0)
            HYPERVISOR_scree_idle(by_call() + RT_MS);
    }
    return true;
}

static void by_tsc(void)
{
    uint64_t worst = 0;
    bool between = true;

    if (!(rt_info()->features & SCREE_FEATURE_TSC)) {
        tap_ok(monotonic(by_call), "ABI-CLK-05 without TSC, by call only");
        tap_skip("ABI-CLK-02 no usable TSC here");
        return;
    }
    tap_ok(monotonic(by_page), "ABI-CLK-03 the page never goes back");
    for (unsigned i = 0; i < 100; i++) {
        uint64_t a = by_call(), b = by_page(), c = by_call();

        between = between && b + RT_MS >= a && b <= c + RT_MS;
        if (b < a && a - b > worst)
            worst = a - b;
        if (b > c && b - c > worst)
            worst = b - c;
    }
    rt_printf("# the two differ by at most %lu ns\n", worst);
    tap_ok(between, "ABI-CLK-02 the formula gives system time");
    tap_ok(between, "ABI-CLK-03 both agree within 1 ms");
    tap_ok(true, "ABI-CLK-05 the feature bit is set");
}

static void wall(void)
{
    struct {
        uint64_t now;
    } w = {rt_info()->wall_clock_ns + by_call()};

    tap_ok(w.now > 1577836800ull * RT_SECOND &&
               w.now < 7258118400ull * RT_SECOND,
           "ABI-CLK-06 wall-clock time is between 2020 and 2200");
}

int guest_main(void)
{
    uint64_t start = by_call();

    HYPERVISOR_scree_idle(start + 20 * RT_MS);
    tap_ok(by_call() - start >= 20 * RT_MS && by_call() - start < RT_SECOND,
           "ABI-CLK-01 nanoseconds");
    tap_ok(monotonic(by_call), "ABI-CLK-03 the call never goes back");
    tap_ok(page()->tsc_shift < 64 && page()->tsc_mul != 0 &&
               page()->tsc_hz != 0,
           "ABI-CLK-04 the page's fields");
    tap_is(rt_try_write(SCREE_CLOCK_PAGE), 14, "ABI-MAP-04 read-only");
    by_tsc();
    wall();
    return tap_done();
}
