/* SPDX-License-Identifier: MIT */
/*
 * A vcpu's waits and times: see vcpu.h.
 */
#include "core/vcpu.h"

#include "base/string.h"
#include "core/domain.h"

static void timer_expired(struct timer *t, uint64_t now)
{
    struct vcpu *v = container_of(t, struct vcpu, timer);

    (void)now;
    event_virq(v->domain, VIRQ_TIMER);
}

static void wait_expired(struct timer *t, uint64_t now)
{
    (void)now;
    sched_wake(container_of(t, struct vcpu, wait_timer));
}

void vcpu_init(struct vcpu *v, struct domain *d, struct cpu *c, uint32_t weight)
{
    v->domain = d;
    v->again[0].nr = v->again[1].nr = CONTINUATION_NONE;
    timer_init(&v->timer, timer_expired);
    timer_init(&v->wait_timer, wait_expired);
    sched_init(v, c, weight);
}

uint32_t vcpu_wake_bits(const struct vcpu *v, uint64_t deadline, uint64_t now)
{
    uint32_t bits = vcpu_pending(v) ? SCREE_WAKE_EVENT : 0;

    if (deadline && now >= deadline)
        bits |= SCREE_WAKE_TIMER;
    return bits;
}

void vcpu_wait_end(struct vcpu *v, uint64_t now)
{
    enum vcpu_wait wait = atomic_exchange(&v->wait, WAIT_NONE);

    if (wait == WAIT_IDLE)
        v->m.regs.rax = vcpu_wake_bits(v, v->wait_deadline, now);
    else
        v->m.regs.rax = 0;
    if (v->wait_timer.slot != HEAP_NONE)
        timer_stop(v->cpu, &v->wait_timer);
}

/* Its CPU counts by plain additions, since that is one instruction of the
 * short way: a number that may be a moment old, but is never torn. */
__attribute__((no_sanitize("thread"))) uint64_t
vcpu_hypercalls(const struct vcpu *v)
{
    return *(const volatile uint64_t *)&v->hypercalls;
}

void vcpu_runstate(const struct vcpu *v, uint64_t now,
                   struct vcpu_runstate_info *r)
{
    const struct sched_node *s = &v->sched;
    uint64_t running = s->run_ns + (now > s->started ? now - s->started : 0);

    memset(r, 0, sizeof(*r)); /* the guest sees its padding, too */
    r->state = RUNSTATE_running;
    r->state_entry_time = s->since;
    r->time[RUNSTATE_running] = running;
    r->time[RUNSTATE_runnable] = s->spent[VCPU_RUNNABLE];
    r->time[RUNSTATE_blocked] = s->spent[VCPU_BLOCKED];
}
