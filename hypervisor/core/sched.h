/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: proportional share in virtual-deadline order, one run queue
 * per CPU, O(log n) in runnable vcpus and free in sleeping ones.
 *
 * A vcpu's virtual time advances by run time / weight. Whoever wakes is placed
 * no further back than one slice before the queue's own virtual time: who
 * idled early is favoured (Denali's rule), who slept long gains no more.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "base/types.h"

struct cpu;
struct vcpu;

#define SCHED_SLICE_NS 5000000ull

enum vcpu_state {
    VCPU_BLOCKED,  /* idle, block or poll; waits for an event or its timer */
    VCPU_RUNNABLE, /* in its CPU's queue */
    VCPU_RUNNING,
    VCPU_STOPPED, /* paused, crashed, dying or not started */
};

struct sched_node {
    uint64_t vtime;   /* ns scaled by 256 / weight */
    uint64_t started; /* machine_clock() when it last ran */
    uint64_t run_ns;  /* total */
    uint32_t slot;    /* in the run queue's heap, or UINT32_MAX */
    uint32_t weight;
    enum vcpu_state state;
};

/* The next vcpu to run on c, already RUNNING, or NULL: nothing to do. */
struct vcpu *sched_pick(struct cpu *c);
/* Accounts v's run, which just came back from machine_run(). */
void sched_account(struct cpu *c, struct vcpu *v, uint64_t now);
/* True when somebody else on c should run now instead of v. */
bool sched_preempt(struct cpu *c, const struct vcpu *v, uint64_t now);
/* Stops running v, which stays runnable (yield, end of slice). */
void sched_requeue(struct cpu *c, struct vcpu *v);
/* Blocks v (RUNNING on c) unless an event is pending for it: false then. */
bool sched_block(struct cpu *c, struct vcpu *v);
/* Makes a blocked vcpu runnable; any CPU; no effect in other states. */
void sched_wake(struct vcpu *v);
/* Stops v wherever it is and keeps it from running. Does not wait: v is off
 * its CPU when that CPU has passed its loop. */
void sched_stop(struct vcpu *v);
/* Makes a stopped vcpu runnable. */
void sched_start(struct vcpu *v);

#endif
