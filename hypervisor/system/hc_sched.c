/* SPDX-License-Identifier: MIT */
/*
 * sched_op, scree_idle, set_timer_op, scree_time: when a vcpu runs and when it
 * is woken. ABI-SCHED, ABI-IDLE, ABI-TMR in docs/abi.md.
 */
#include "core/changes.h"
#include "system/crash.h"
#include "system/hypercall.h"

#define POLL_MAX       128
#define NS_PER_S       1000000000ull
#define TIMEOUT_MAX    (UINT64_MAX / NS_PER_S / 2) /* seconds */

#define WATCHDOG_AGAIN 100000000ull /* ns, while its domain is paused */

/* Apart, so that who waits for events alone saves few registers. */
static __attribute__((noinline)) void wait_until(struct vcpu *v,
                                                 uint64_t deadline)
{
    timer_set(v->cpu, &v->wait_timer, deadline);
}

/* Blocks v until an event or v->wait_deadline; false: not even begun. */
static bool wait(struct vcpu *v, enum vcpu_wait why, uint64_t deadline)
{
    v->wait_deadline = deadline;
    atomic_store(&v->wait, why);
    if (deadline != UINT64_MAX)
        wait_until(v, deadline);
    return sched_block(v->cpu, v, why != WAIT_POLL);
}

/* Apart, since it is rare: an event came while v was about to wait. */
static __attribute__((noinline)) void wait_cancel(struct vcpu *v)
{
    atomic_store(&v->wait, WAIT_NONE);
    timer_stop(v->cpu, &v->wait_timer);
}

int64_t hypercall_idle(struct vcpu *v, uint64_t deadline)
{
    bool forever = deadline == SCREE_IDLE_FOREVER;
    uint32_t bits = vcpu_wake_bits(v, deadline, forever ? 0 : machine_clock());

    if (bits || deadline == 0)
        return bits;
    if (wait(v, WAIT_IDLE, deadline))
        return HC_WAIT;
    wait_cancel(v);
    return vcpu_wake_bits(v, deadline, machine_clock());
}

int64_t hc_scree_idle(struct vcpu *v, const struct hypercall *call)
{
    return hypercall_idle(v, call->a[0]);
}

static int64_t block(struct vcpu *v)
{
    v->info->evtchn_upcall_mask = 0;
    if (wait(v, WAIT_BLOCK, UINT64_MAX))
        return HC_WAIT;
    wait_cancel(v);
    return 0;
}

/* --------------------------------------------------------------- poll */

/* Looks at the ports: 1 one is pending, 0 none, or -XEN_EINVAL, -XEN_EFAULT. */
static int any_pending(struct vcpu *v, const struct sched_poll *p)
{
    uint64_t at = (uint64_t)(uintptr_t)p->ports.p;
    evtchn_port_t ports[POLL_MAX];
    int pending = 0;

    if (copy_in(v, ports, at, p->nr_ports * sizeof(ports[0])))
        return -XEN_EFAULT;
    for (unsigned i = 0; i < p->nr_ports; i++) {
        if (ports[i] >= SCREE_PORTS)
            return -XEN_EINVAL;
        if (event_pending(v->domain, ports[i]))
            pending = 1;
    }
    return pending;
}

/* Any event wakes a poller: it looks for itself, as after a time-out. An event
 * that came between the look and the block is seen by the second look. */
static int64_t poll(struct vcpu *v, uint64_t at)
{
    struct sched_poll p;
    int result = copy_in(v, &p, at, sizeof(p));

    if (result)
        return result;
    if (p.nr_ports > POLL_MAX)
        return -XEN_EINVAL;
    result = any_pending(v, &p);
    if (result || (p.timeout && p.timeout <= machine_clock()))
        return result < 0 ? result : 0;
    if (!wait(v, WAIT_POLL, p.timeout ? p.timeout : UINT64_MAX)) {
        wait_cancel(v); /* another CPU has just ended it */
        return 0;
    }
    if (any_pending(v, &p) != 0)
        sched_wake(v);
    return HC_WAIT;
}

/* ----------------------------------------------------------- watchdogs */

static void watchdog_expired(struct timer *t, uint64_t now)
{
    struct domain *d = container_of(t, struct watchdog, timer)->domain;

    /* paused since a moment; or it was set by a call that was under way then */
    if (domain_state(d) == DOMAIN_PAUSED)
        timer_set(d->vcpu.cpu, t, now + WATCHDOG_AGAIN);
    else
        crash_watchdog(d);
}

/* Watchdogs are set under the domain's lock: another CPU may just be pausing
 * it, and a call that is under way then changes what stands still. */
static bool armed(struct domain *d, const struct watchdog *w)
{
    return w->left || timer_deadline(d->vcpu.cpu, &w->timer) != UINT64_MAX;
}

static void arm(struct domain *d, struct watchdog *w, uint64_t deadline)
{
    bool paused = domain_state(d) == DOMAIN_PAUSED && deadline != UINT64_MAX;

    w->left = paused ? deadline - machine_clock() : 0;
    timer_set(d->vcpu.cpu, &w->timer, paused ? UINT64_MAX : deadline);
}

/* For the control domain. */
static void note_seconds(struct domain *d, uint64_t seconds)
{
    uint16_t s = (uint16_t)min_u64(seconds, UINT16_MAX);

    if (atomic_exchange(&d->watchdog_s, s) != s)
        change_mark(d, SCREE_HAPPENED_STATE);
}

static int64_t watchdog_start(struct domain *d, uint64_t deadline)
{
    for (unsigned i = 0; i < DOMAIN_WATCHDOGS; i++) {
        struct watchdog *w = &d->watchdogs[i];

        if (armed(d, w))
            continue;
        timer_init(&w->timer, watchdog_expired);
        arm(d, w, deadline);
        return i + 1;
    }
    return -XEN_ENOSPC;
}

/* Sets (or, with timeout 0, stops) one that runs. */
static int64_t watchdog_change(struct domain *d, const struct sched_watchdog *s,
                               uint64_t deadline)
{
    struct watchdog *w = &d->watchdogs[s->id - 1];

    if (!armed(d, w))
        return -XEN_EINVAL;
    arm(d, w, s->timeout ? deadline : UINT64_MAX);
    return 0;
}

static int64_t watchdog(struct vcpu *v, uint64_t at)
{
    struct sched_watchdog w;
    struct domain *d = v->domain;
    uint64_t deadline;
    int64_t result = copy_in(v, &w, at, sizeof(w));

    if (result)
        return result;
    if (w.id > DOMAIN_WATCHDOGS || (w.id == 0 && w.timeout == 0))
        return -XEN_EINVAL;
    deadline = machine_clock() + min_u64(w.timeout, TIMEOUT_MAX) * NS_PER_S;
    lock_take(&d->lock);
    result =
        w.id ? watchdog_change(d, &w, deadline) : watchdog_start(d, deadline);
    lock_release(&d->lock);
    if (result >= 0)
        note_seconds(d, w.timeout);
    return result;
}

/* --------------------------------------------------------------- others */

static int64_t shutdown(struct vcpu *v, uint64_t at)
{
    struct sched_shutdown s;
    int result = copy_in(v, &s, at, sizeof(s));

    if (result)
        return result;
    if ((s.reason & 0xff) > SHUTDOWN_MAX || s.reason > UINT16_MAX)
        return -XEN_EINVAL;
    crash_shutdown(v->domain, s.reason);
    return HC_WAIT;
}

int64_t hc_sched_op(struct vcpu *v, const struct hypercall *call)
{
    switch ((uint32_t)call->a[0]) {
    case SCHEDOP_yield:
        sched_give_way(v->cpu);
        return 0;
    case SCHEDOP_block:
        return block(v);
    case SCHEDOP_poll:
        return poll(v, call->a[1]);
    case SCHEDOP_shutdown:
        return shutdown(v, call->a[1]);
    case SCHEDOP_watchdog:
        return watchdog(v, call->a[1]);
    default:
        return -XEN_ENOSYS;
    }
}

int64_t hc_set_timer_op(struct vcpu *v, const struct hypercall *call)
{
    uint64_t deadline = call->a[0];

    if (deadline != 0 && deadline <= machine_clock()) {
        timer_stop(v->cpu, &v->timer);
        event_virq(v->domain, VIRQ_TIMER);
        return 0;
    }
    timer_set(v->cpu, &v->timer, deadline ? deadline : UINT64_MAX);
    return 0;
}

int64_t hc_scree_time(struct vcpu *v, const struct hypercall *call)
{
    (void)v;
    (void)call;
    return (int64_t)machine_clock();
}
