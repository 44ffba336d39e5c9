/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: proportional share in virtual-deadline order, one run queue
 * per CPU, O(log n) in runnable vcpus and free in sleeping ones.
 *
 * A vcpu's virtual time advances by run time / weight. Whoever wakes is placed
 * no further back than one slice before the queue's own virtual time: who
 * idled early is favoured (Denali's rule), who slept long gains no more.
 *
 * A vcpu's state changes under its CPU's lock, and only its own CPU makes it
 * RUNNING. struct cpu.current is the vcpu that is RUNNING there.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include <stdatomic.h>

#include "base/types.h"

struct cpu;
struct vcpu;

#define SCHED_SLICE_NS   5000000ull
#define SCHED_PREEMPT_NS 500000ull /* lead that makes a waker go first */

enum vcpu_state {
    VCPU_STOPPED,  /* paused, crashed, dying or not started */
    VCPU_BLOCKED,  /* idle, block or poll; waits for an event or its timer */
    VCPU_RUNNABLE, /* in its CPU's queue */
    VCPU_RUNNING,
};

struct sched_node {
    uint64_t vtime;    /* ns scaled by 256 / weight */
    uint64_t started;  /* machine_clock() up to which it is accounted */
    uint64_t run_ns;   /* total */
    uint64_t since;    /* when `state` was entered */
    uint64_t spent[4]; /* total ns in each state, before `since` */
    uint64_t wakeups;  /* from BLOCKED */
    uint32_t slot;     /* in the run queue's heap, or HEAP_NONE */
    uint32_t weight;   /* 1..65535 */
    atomic_uint state; /* enum vcpu_state */
};

/* A stopped vcpu of c, not started yet. */
void sched_init(struct vcpu *v, struct cpu *c, uint32_t weight);

/*
 * Who runs next on c: accounts c->current up to c->now and lets it go on
 * unless it stopped, its slice is over or somebody woken is far behind it.
 * The result is RUNNING and c->current; NULL: nothing can run.
 */
struct vcpu *sched_pick(struct cpu *c);
/* c->current gives way to everybody who is runnable now. */
void sched_give_way(struct cpu *c);
/* Blocks v, which is c->current. With unless_pending not if an event is
 * pending for it: then false, and v goes on. */
must_check bool sched_block(struct cpu *c, struct vcpu *v, bool unless_pending);
/* Makes a blocked vcpu runnable; any CPU; no effect in other states. */
void sched_wake(struct vcpu *v);
/* Makes v's CPU come back from the guest if v is running on another one. */
void sched_poke(struct vcpu *v);
/* Stops v wherever it is and keeps it from running. Does not wait: v is off
 * its CPU when that CPU has passed its loop. */
void sched_stop(struct vcpu *v);
/* Makes a stopped vcpu runnable, unless its domain has ended or crashed. */
void sched_start(struct vcpu *v);
void sched_set_weight(struct vcpu *v, uint32_t weight);
/* What v has used so far. */
struct sched_use {
    uint64_t run_ns;
    uint64_t wakeups;
    uint32_t weight;
};
struct sched_use sched_use(struct vcpu *v);

#endif
