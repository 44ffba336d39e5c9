/* SPDX-License-Identifier: MIT */
/*
 * The one virtual CPU of a domain. Its own CPU writes it while it runs there;
 * what others may touch is under the CPU's lock (sched, timers) or atomic.
 */
#ifndef CORE_VCPU_H
#define CORE_VCPU_H

#include "base/types.h"
#include "core/sched.h"
#include "core/timer.h"
#include "machine/machine.h"
#include "scree/upcall.h"
#include "scree/xen.h"

struct domain;

/* What a blocked vcpu waits for; decides rax when it wakes. */
enum vcpu_wait { WAIT_NONE, WAIT_IDLE, WAIT_BLOCK, WAIT_POLL };

/*
 * A hypercall in progress that gave way to others. The arguments were copied
 * in when it began; the guest does not run before it ends.
 */
struct continuation {
    uint32_t nr; /* the hypercall, or CONTINUATION_NONE */
    uint32_t cmd;
    uint64_t done; /* entries or extents finished */
    uint64_t count;
    gva_t list;
    uint64_t extra; /* the handler's own */
};

#define CONTINUATION_NONE UINT32_MAX

struct vcpu {
    struct machine_vcpu m; /* first: the machine hands it back */
    struct domain *domain;
    struct vcpu_info *info; /* in the shared page */
    struct cpu *cpu;
    struct sched_node sched;
    struct timer timer;      /* set_timer_op */
    struct timer wait_timer; /* idle's and poll's deadline */
    _Atomic enum vcpu_wait wait;
    gva_t event_handler; /* 0: none */
    gva_t fault_stack_top;
    uint64_t fault_stack_size;
    uint64_t wait_deadline; /* ns; idle and poll */
    uint64_t hypercalls;    /* it made, of those that exist; multicall's one */
    atomic_bool ready;      /* it has slept at least once */
    bool completed; /* hypercall_fast() did the call; the loop does the rest */
    struct continuation again[2];        /* [1]: of a call inside a multicall */
    uint32_t trap_handlers[SCREE_TRAPS]; /* guest address, or 0 */
    uint8_t trap_flags[SCREE_TRAPS];
};

/* Is an event pending that evtchn_upcall_pending announces? */
static inline bool vcpu_pending(const struct vcpu *v)
{
    return __atomic_load_n(&v->info->evtchn_upcall_pending, __ATOMIC_SEQ_CST);
}

static inline bool vcpu_masked(const struct vcpu *v)
{
    return __atomic_load_n(&v->info->evtchn_upcall_mask, __ATOMIC_SEQ_CST);
}

/* Pending and not masked: mostly the first says no. */
static inline bool vcpu_upcall_due(const struct vcpu *v)
{
    return __builtin_expect(vcpu_pending(v), 0) && !vcpu_masked(v);
}

/* Makes v a stopped vcpu of d on c; v->info is set by the caller. */
void vcpu_init(struct vcpu *v, struct domain *d, struct cpu *c,
               uint32_t weight);
/* How many hypercalls v has made; any CPU. */
uint64_t vcpu_hypercalls(const struct vcpu *v);
/* v was blocked and runs again: sets its rax, stops its wait timer. */
void vcpu_wait_end(struct vcpu *v, uint64_t now);
/* SCREE_WAKE_* that hold for a deadline now. */
uint32_t vcpu_wake_bits(const struct vcpu *v, uint64_t deadline, uint64_t now);
/* Times in each state up to now, as Xen defines them. */
void vcpu_runstate(const struct vcpu *v, uint64_t now,
                   struct vcpu_runstate_info *r);

#endif
