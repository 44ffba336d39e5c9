/* SPDX-License-Identifier: MIT */
/*
 * Time under the hypervisor: the clock page and the TSC when they may be used
 * (SCREE_FEATURE_TSC), the hypercall otherwise. Formula: scree/info.h.
 */
#include "timer.h"

#include "env.h"
#include "scree/hypercall.h"

static uint64_t rdtsc_ordered(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static uint64_t read_clock(const struct scree_clock *c)
{
    uint64_t delta, ns;
    uint32_t version;

    do {
        version = __atomic_load_n(&c->version, __ATOMIC_ACQUIRE);
        delta = rdtsc_ordered() - c->tsc_base;
        ns = c->ns_base + (uint64_t)((delta * (unsigned __int128)c->tsc_mul) >>
                                     c->tsc_shift);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((version & 1) ||
             version != __atomic_load_n(&c->version, __ATOMIC_RELAXED));
    return ns;
}

uint64_t timer_now(void)
{
    if (env_info()->features & SCREE_FEATURE_TSC)
        return read_clock((const struct scree_clock *)SCREE_CLOCK_PAGE);
    return (uint64_t)HYPERVISOR_scree_time();
}

uint64_t timer_wall_base(void)
{
    return env_info()->wall_clock_ns;
}
