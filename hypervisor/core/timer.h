/* SPDX-License-Identifier: MIT */
/*
 * Timers: a binary heap per CPU, O(log n). Under the CPU's lock.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "base/types.h"

struct cpu;
struct timer;

typedef void timer_fn(struct timer *t, uint64_t now);

#define TIMER_OFF UINT32_MAX

struct timer {
    uint64_t deadline; /* ns, machine_clock() */
    timer_fn *fire;    /* called without locks on the timer's CPU */
    uint32_t slot;     /* in the heap, or TIMER_OFF */
    uint32_t cpu;
};

void timer_init(struct timer *t, uint32_t cpu, timer_fn *fire);
/* (Re)arms. UINT64_MAX: stops. Reprograms the machine when it is the first. */
void timer_set(struct cpu *c, struct timer *t, uint64_t deadline);
void timer_stop(struct cpu *c, struct timer *t);
/* Fires what is due, at most a batch; then sets the machine's deadline. */
void timer_run(struct cpu *c, uint64_t now);

#endif
