/* SPDX-License-Identifier: MIT */
/*
 * Spin locks that verify their order, for debug and host builds.
 *
 * Each CPU keeps the locks it holds, in the order of taking. The array is the
 * one mutable static above the machine layer: it is the checker's own, tells
 * nothing about a cell, and a lock must not need a cell to be checked.
 */
#include "core/lock.h"
#include "machine/machine.h"

#define DEPTH 8

struct held {
    struct lock *lock[DEPTH];
    unsigned count;
};

static struct held held_by[MACHINE_CPUS];

static struct held *mine(void)
{
    unsigned cpu = machine_cpu();

    ASSERT(cpu < MACHINE_CPUS);
    return &held_by[cpu];
}

void lock_init(struct lock *l, enum lock_rank rank, uint32_t order)
{
    atomic_init(&l->held, 0);
    l->rank = (uint16_t)rank;
    l->reserved = 0;
    l->order = order;
}

static bool in_order(const struct lock *before, const struct lock *l)
{
    if (before->rank != l->rank)
        return before->rank < l->rank;
    return before->order < l->order;
}

static void check_order(const struct lock *l)
{
    const struct held *h = mine();

    ASSERT(l->rank >= RANK_CELL);
    for (unsigned i = 0; i < h->count; i++) {
        const struct lock *b = h->lock[i];

        if (!in_order(b, l))
            panic("lock of rank %u:%u taken after rank %u:%u",
                  (unsigned)l->rank, l->order, (unsigned)b->rank, b->order);
    }
}

static bool acquire(struct lock *l)
{
    unsigned nobody = 0;

    return atomic_compare_exchange_strong_explicit(
        &l->held, &nobody, machine_cpu() + 1, memory_order_acquire,
        memory_order_relaxed);
}

static void note(struct lock *l)
{
    struct held *h = mine();

    ASSERT(h->count < DEPTH);
    h->lock[h->count++] = l;
}

void lock_take(struct lock *l)
{
    check_order(l);
    while (!acquire(l)) {
        while (atomic_load_explicit(&l->held, memory_order_relaxed))
            machine_relax();
    }
    note(l);
}

bool lock_try(struct lock *l)
{
    if (!acquire(l))
        return false;
    note(l);
    return true;
}

void lock_release(struct lock *l)
{
    struct held *h = mine();
    unsigned i = h->count;

    while (i > 0 && h->lock[i - 1] != l)
        i--;
    if (i == 0)
        panic("lock of rank %u:%u released by who does not hold it",
              (unsigned)l->rank, l->order);
    for (; i < h->count; i++)
        h->lock[i - 1] = h->lock[i];
    h->count--;
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
    mine()->count = 0;
}
