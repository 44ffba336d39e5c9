/* SPDX-License-Identifier: MIT */
/*
 * The short way: hypercalls that are done before the machine has saved all
 * registers. Each case
 *   - completes, with nothing left to do for this vcpu or CPU: true;
 *   - completes, and the loop must look (somebody was woken, v sleeps, an
 * upcall does not fit here): false, with v->completed set;
 *   - or has changed nothing: false. Then the loop does the same call the long
 *     way, with the same result.
 *
 * No domain lock is taken here (core/space.h says why), but around vio, which
 * counts as out of the guest meanwhile.
 */
#include "base/string.h"
#include "core/upcall.h"
#include "io/vio.h"
#include "system/hypercall.h"

/* One function each: a case pays for the registers that it needs itself, and
 * what it calls stands in line. */
#define FAST __attribute__((noinline, flatten)) static bool

/* The call is done, and an upcall is due. */
FAST fast_upcall(struct vcpu *v)
{
    v->completed = !upcall_event_quickly(v);
    return !v->completed;
}

/* The call is done. Is there something left for the loop? */
static inline bool finish(struct vcpu *v)
{
    if (__builtin_expect(
            atomic_load_explicit(&v->cpu->resched, memory_order_relaxed), 0)) {
        v->completed = true;
        return false;
    }
    return !vcpu_upcall_due(v) || fast_upcall(v);
}

/* The shortest call there is: in line. */
static inline bool fast_version(struct vcpu *v)
{
    if (__builtin_expect((uint32_t)v->m.regs.rdi != XENVER_version, 0))
        return false;
    v->m.regs.rax = SCREE_XEN_VERSION;
    return true;
}

/* A deadline that has passed raises an event: the long way. */
FAST fast_timer(struct vcpu *v)
{
    struct machine_regs *r = &v->m.regs;
    uint64_t deadline = r->rdi;

    if (deadline != 0 && deadline <= machine_clock())
        return false;
    timer_set(v->cpu, &v->timer, deadline ? deadline : UINT64_MAX);
    r->rax = 0;
    return finish(v);
}

/* To another domain, which may have to be woken. What is no dynamic port may be
 * the store's: the long way. */
FAST fast_send(struct vcpu *v, uint32_t port, struct port p)
{
    if (event_send_by(v->domain, port, p) != 0)
        return false;
    v->m.regs.rax = 0;
    return finish(v);
}

/* An EVTCHNOP_send whose argument lies in one page. That is read without a
 * lock: a page that another CPU unmaps now is not freed before this vcpu has
 * left the guest, which it has not as far as the space knows. */
static inline bool send_event(struct vcpu *v)
{
    uint64_t at = v->m.regs.rsi;
    const char *page =
        machine_space_bytes(&v->domain->space.m, gva_gfn(gva(at)), false);
    struct evtchn_send send;
    struct port p;

    if (!page)
        return false;
    memcpy(&send, page + (at & PAGE_MASK), sizeof(send));
    p = event_port(v->domain, send.port);
    if (p.state != PORT_IPI)
        return fast_send(v, send.port, p);
    event_raise_self(v->domain, send.port);
    v->m.regs.rax = 0;
    return !vcpu_upcall_due(v) || fast_upcall(v);
}

/* Apart, since looking a far page up needs a stack frame. */
FAST fast_event_far(struct vcpu *v)
{
    return send_event(v);
}

FAST fast_event(struct vcpu *v)
{
    const struct machine_regs *r = &v->m.regs;

    if ((uint32_t)r->rdi != EVTCHNOP_send ||
        (r->rsi & PAGE_MASK) > PAGE_SIZE - sizeof(struct evtchn_send))
        return false;
    if (r->rsi >> PAGE_SHIFT >= MACHINE_NEAR)
        return fast_event_far(v);
    return send_event(v);
}

/* The loop need not look whether to block, only whom to run then. */
FAST fast_idle(struct vcpu *v)
{
    int64_t result = hypercall_idle(v, v->m.regs.rdi);

    if (result == HC_WAIT) {
        v->completed = true;
        return false;
    }
    v->m.regs.rax = (uint64_t)result;
    return finish(v);
}

/* Nobody else to run: nothing to do. Who is woken later says so itself. */
FAST fast_yield(struct vcpu *v)
{
    struct machine_regs *r = &v->m.regs;

    if ((uint32_t)r->rdi != SCHEDOP_yield || heap_glance(&v->cpu->queue) != 0)
        return false;
    r->rax = 0;
    return finish(v);
}

FAST fast_vio(struct vcpu *v)
{
    struct machine_regs *r = &v->m.regs;
    struct space *s = &v->domain->space;

    if (r->rdi != SCREE_VIO_KICK || r->rsi != SCREE_VIO_NET)
        return false;
    space_leave(s);
    r->rax = (uint64_t)vio_op(v->domain, SCREE_VIO_KICK, SCREE_VIO_NET, r->rdx);
    space_enter(s, v->cpu->id);
    return finish(v);
}

__attribute__((noinline)) static bool fast_known(struct vcpu *v)
{
    uint64_t nr = v->m.regs.rax;

    if (nr == __HYPERVISOR_scree_idle)
        return fast_idle(v);
    if (nr == __HYPERVISOR_scree_vio)
        return fast_vio(v);
    if (nr == __HYPERVISOR_set_timer_op)
        return fast_timer(v);
    if (nr == __HYPERVISOR_sched_op)
        return fast_yield(v);
    if (nr != __HYPERVISOR_scree_time)
        return false;
    v->m.regs.rax = machine_clock();
    return true;
}

/* A call that exists was made. Those that do not are not worth an instruction
 * more of everybody's. */
static inline void count(struct vcpu *v)
{
    v->hypercalls++;
}

/* resched is not asked for first: whoever sets it for this CPU from another
 * one interrupts the guest, and nobody else runs on this one. No function here
 * needs a stack frame before it knows what to do. */
bool hypercall_fast(struct machine_vcpu *mv)
{
    struct vcpu *v = container_of(mv, struct vcpu, m);
    uint64_t nr = mv->regs.rax;

    if (vcpu_upcall_due(v)) {
        count(v);
        return false;
    }
    if (nr == __HYPERVISOR_xen_version) {
        count(v);
        return fast_version(v);
    }
    if (nr == __HYPERVISOR_event_channel_op) {
        count(v);
        return fast_event(v);
    }
    if (hypercall_known(nr)) {
        count(v);
        return fast_known(v);
    }
    mv->regs.rax = (uint64_t)-XEN_ENOSYS;
    return true;
}
