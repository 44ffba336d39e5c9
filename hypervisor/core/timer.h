/* SPDX-License-Identifier: MIT */
/*
 * Timers: a binary heap per CPU under the CPU's lock, O(log n).
 *
 * The machine's one-shot is reprogrammed only when an earlier deadline comes;
 * when it strikes for a timer that was stopped or moved later, the next pass
 * programs the true one. So rearming later costs no device access.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "base/heap.h"
#include "base/types.h"

struct cpu;
struct timer;

typedef void timer_fn(struct timer *t, uint64_t now);

struct timer {
    uint64_t deadline; /* ns, machine_clock(); UINT64_MAX: not armed */
    timer_fn *fire;    /* called without locks, on the CPU of its heap */
    uint32_t slot;     /* in the heap, or HEAP_NONE */
};

void timer_init(struct timer *t, timer_fn *fire);
/* (Re)arms on c. UINT64_MAX: stops. From any CPU; one timer always uses the
 * same c. The heap has room for every timer (cell_init). */
void timer_set(struct cpu *c, struct timer *t, uint64_t deadline);
/* What it was armed for, or UINT64_MAX. */
uint64_t timer_stop(struct cpu *c, struct timer *t);
uint64_t timer_deadline(struct cpu *c, const struct timer *t);
/* True when c's heap or slice may be due. */
bool timer_due(const struct cpu *c, uint64_t now);
/* Fires what is due on this CPU, a batch at most. timer_rearm() must follow,
 * when it is known who runs next. */
void timer_run(struct cpu *c, uint64_t now);
/* Programs the machine for the first timer or the end of the slice; also
 * after any interrupt, because the one-shot may be spent. */
void timer_rearm(struct cpu *c);
/* Lowers the machine's deadline to `ns` at least. c's lock is held. */
void timer_program(struct cpu *c, uint64_t ns);

#endif
