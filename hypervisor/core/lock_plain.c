/* SPDX-License-Identifier: MIT */
/*
 * Spin locks as the product runs them: test, then test-and-set. The rank is
 * kept for whoever reads a dump, and checked in debug builds only.
 */
#include "core/lock.h"
#include "machine/machine.h"

void lock_init(struct lock *l, enum lock_rank rank, uint32_t order)
{
    atomic_init(&l->held, 0);
    l->rank = (uint16_t)rank;
    l->reserved = 0;
    l->order = order;
}

bool lock_try(struct lock *l)
{
    unsigned nobody = 0;

    return atomic_compare_exchange_strong_explicit(
        &l->held, &nobody, machine_cpu() + 1, memory_order_acquire,
        memory_order_relaxed);
}

void lock_take(struct lock *l)
{
    while (!lock_try(l)) {
        while (atomic_load_explicit(&l->held, memory_order_relaxed))
            machine_relax();
    }
}

void lock_release(struct lock *l)
{
    atomic_store_explicit(&l->held, 0, memory_order_release);
}

bool lock_is_held(const struct lock *l)
{
    return atomic_load_explicit(&l->held, memory_order_relaxed) != 0;
}

bool lock_is_mine(const struct lock *l)
{
    return atomic_load_explicit(&l->held, memory_order_relaxed) ==
           machine_cpu() + 1;
}

void lock_abandon(void)
{
    /* no order is recorded, so there is none to forget */
}
