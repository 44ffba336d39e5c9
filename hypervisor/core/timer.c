/* SPDX-License-Identifier: MIT */
/*
 * Timers, one heap per CPU: see timer.h. Reprogramming the machine costs a
 * device access, so struct cpu.deadline remembers what it was told last and
 * is UINT64_MAX when nothing is armed there.
 */
#include "core/timer.h"

#include "core/cell.h"

#define BATCH 64 /* callbacks in one timer_run() */

void timer_init(struct timer *t, timer_fn *fire)
{
    *t = (struct timer){
        .deadline = UINT64_MAX,
        .fire = fire,
        .slot = HEAP_NONE,
    };
}

void timer_program(struct cpu *c, uint64_t ns)
{
    if (ns >= c->deadline)
        return;
    c->deadline = ns;
    if (c->id == machine_cpu())
        machine_deadline(ns);
    else
        machine_kick(c->id);
}

void timer_set(struct cpu *c, struct timer *t, uint64_t deadline)
{
    if (deadline == UINT64_MAX) {
        timer_stop(c, t);
        return;
    }
    lock_take(&c->lock);
    if (t->deadline != deadline) {
        t->deadline = deadline;
        if (t->slot == HEAP_NONE)
            ASSERT(heap_insert(&c->timers, deadline, t, &t->slot));
        else
            heap_update(&c->timers, &t->slot, deadline);
        timer_program(c, deadline);
    }
    lock_release(&c->lock);
}

uint64_t timer_stop(struct cpu *c, struct timer *t)
{
    uint64_t deadline;

    lock_take(&c->lock);
    if (t->slot != HEAP_NONE)
        heap_remove(&c->timers, &t->slot);
    deadline = t->deadline;
    t->deadline = UINT64_MAX;
    lock_release(&c->lock);
    return deadline;
}

uint64_t timer_deadline(struct cpu *c, const struct timer *t)
{
    uint64_t deadline;

    lock_take(&c->lock);
    deadline = t->deadline;
    lock_release(&c->lock);
    return deadline;
}

bool timer_due(const struct cpu *c, uint64_t now)
{
    return now >= c->deadline;
}

/* Takes the first timer that is due off the heap. */
static struct timer *take_due(struct cpu *c, uint64_t now)
{
    const struct heap_entry *top;
    struct timer *t = NULL;

    lock_take(&c->lock);
    top = heap_top(&c->timers);
    if (top && top->key <= now) {
        t = top->item;
        heap_remove(&c->timers, &t->slot);
        t->deadline = UINT64_MAX;
    }
    lock_release(&c->lock);
    return t;
}

/* What the machine should wake us for: the first timer, the end of the slice
 * when somebody waits for it, or dead domains. */
static uint64_t next_deadline(const struct cpu *c)
{
    uint64_t next = heap_least(&c->timers);

    if (c->current && c->queue.count)
        next = min_u64(next, c->slice_end);
    return min_u64(next, c->recheck);
}

void timer_rearm(struct cpu *c)
{
    lock_take(&c->lock);
    c->deadline = next_deadline(c);
    machine_deadline(c->deadline);
    lock_release(&c->lock);
}

void timer_run(struct cpu *c, uint64_t now)
{
    struct timer *t;

    for (int n = 0; n < BATCH && (t = take_due(c, now)); n++)
        t->fire(t, now);
}
