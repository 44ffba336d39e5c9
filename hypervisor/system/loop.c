/* SPDX-License-Identifier: MIT */
/*
 * The event loop: see loop.h.
 *
 * A hypercall costs one exit, one dispatch and one entry: a vcpu's turn goes on
 * from exit to exit, and timers, devices and the run queue are looked at only
 * when an interrupt, a wake-up or the vcpu's own state ends it. A hypercall
 * that gave way (HC_AGAIN) goes on in the vcpu's next turn, before its guest
 * runs.
 */
#include "system/loop.h"

#include "core/domain.h"
#include "core/upcall.h"
#include "io/channel.h"
#include "io/console.h"
#include "io/switch.h"
#include "system/crash.h"
#include "system/hypercall.h"
#include "system/reaper.h"

/* Devices, after an interrupt. */
static void poll_devices(struct cpu *c)
{
    net_poll(c->cell, c->id);
    if (c->id != 0)
        return;
    console_poll(c->cell);
    channel_poll(c->cell);
}

static bool running(const struct vcpu *v)
{
    return v && atomic_load(&v->sched.state) == VCPU_RUNNING;
}

/* Does what is due and says who runs now, or NULL. */
static struct vcpu *next(struct cpu *c)
{
    bool due = timer_due(c, c->now) || c->interrupted;

    if (due)
        timer_run(c, c->now);
    if (due || atomic_load(&c->resched) || !running(c->current))
        (void)sched_pick(c);
    if (due)
        timer_rearm(c);
    c->interrupted = false;
    return c->current;
}

/* Nothing can run here: sleeps until an interrupt. */
static void idle(struct cpu *c)
{
    uint64_t from = c->now;

    atomic_store(&c->idle_since, from);
    atomic_store(&c->idle, true);
    if (!atomic_load(&c->resched) && !atomic_load(&c->dead))
        machine_idle();
    atomic_store(&c->idle, false);
    c->now = machine_clock();
    atomic_store(&c->idle_ns, c->idle_ns + c->now - from);
    c->interrupted = true;
}

/* --------------------------------------------------------------- exits */

static void page_fault(struct vcpu *v, const struct vcpu_exit *why, int *result)
{
    struct domain *d = v->domain;

    lock_take(&d->lock);
    *result = space_fault(&d->space, gva(why->address),
                          why->error_code & FAULT_PAGE_WRITE,
                          why->error_code & FAULT_PAGE_EXECUTE);
    lock_release(&d->lock);
}

static void fault(struct vcpu *v, const struct vcpu_exit *why)
{
    int result = -XEN_EFAULT;

    if (why->vector == FAULT_PAGE)
        page_fault(v, why, &result);
    if (result == -XEN_EFAULT)
        result = upcall_fault(v, why);
    if (result == -XEN_ENOENT)
        crash_fault(v->domain, why);
    else if (result == -XEN_EFAULT)
        crash(v->domain,
              "exception %u, error code 0x%x at 0x%lx; its frame does not "
              "fit on the stack",
              why->vector, why->error_code, why->address);
    else if (result)
        crash(v->domain, "no memory for a page that was promised");
}

static void exit_dispatch(struct cpu *c, struct vcpu *v,
                          const struct vcpu_exit *why)
{
    switch (why->kind) {
    case EXIT_INTERRUPT:
        c->interrupted = true;
        break;
    case EXIT_HYPERCALL:
        if (!v->completed)
            hypercall_dispatch(v);
        v->completed = false;
        break;
    case EXIT_FAULT:
        fault(v, why);
        break;
    }
}

/* ----------------------------------------------------------------- runs */

/* Makes v the one whose state this CPU has loaded. */
static void load(struct cpu *c, struct vcpu *v)
{
    if (c->loaded == v)
        return;
    machine_domain_switch(); /* after one that is gone, too */
    c->loaded = v;
}

/* Into the guest, and what it wanted when it came back. */
static void run(struct cpu *c, struct vcpu *v)
{
    struct vcpu_exit why;

    if (vcpu_upcall_due(v) && upcall_event(v)) {
        crash(v->domain, "the frame of an event does not fit on the stack");
        return;
    }
    space_enter(&v->domain->space, c->id);
    do
        why = machine_run(&v->m);
    while (why.kind == EXIT_FAULT && upcall_fault_quickly(v, &why));
    space_leave(&v->domain->space);
    exit_dispatch(c, v, &why);
}

/* May v go on without a look at anything else? */
static bool undisturbed(const struct cpu *c, const struct vcpu *v)
{
    return !c->interrupted && !atomic_load(&c->resched) && running(v) &&
           v->again[0].nr == CONTINUATION_NONE;
}

static void turn(struct cpu *c, struct vcpu *v)
{
    if (atomic_load(&v->wait) != WAIT_NONE)
        vcpu_wait_end(v, c->now);
    if (v->again[0].nr != CONTINUATION_NONE) {
        hypercall_dispatch(v);
        c->interrupted = true; /* no guest ran that one could interrupt */
        return;
    }
    load(c, v);
    do
        run(c, v);
    while (undisturbed(c, v));
}

/* v, and after it whoever is next as soon as it blocks or gives way: nothing
 * else is due before it interrupts a guest. Blocking has looked at the clock.
 */
static void turns(struct cpu *c, struct vcpu *v)
{
    do {
        turn(c, v);
        if (c->interrupted || atomic_load(&c->dead))
            break;
        if (c->current)
            c->now = machine_clock();
        v = sched_pick(c);
    } while (v);
    c->now = machine_clock();
}

void cpu_pass(struct cpu *c)
{
    bool reaped = false;
    struct vcpu *v;

    atomic_store(&c->passes, atomic_load(&c->passes) + 1);
    if (c->interrupted)
        poll_devices(c);
    if (atomic_load(&c->dead) || c->dying || c->reaped)
        reaped = reap(c);
    v = next(c);
    if (v) {
        turns(c, v);
    } else if (!reaped) {
        idle(c);
    } else {
        c->now = machine_clock();
        c->interrupted = true; /* no guest ran that one could interrupt */
    }
}

void cpu_loop(struct cpu *c)
{
    atomic_store(&c->idle, false);
    c->now = machine_clock();
    c->interrupted = true;
    for (;;)
        cpu_pass(c);
}
