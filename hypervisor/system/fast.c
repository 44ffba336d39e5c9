/* SPDX-License-Identifier: MIT */
/*
 * The short way: hypercalls that are done before the machine has saved all
 * registers. Each case either completes, with nothing pending for the vcpu and
 * nobody waiting for the CPU, or has changed nothing and returns false: then
 * the loop does the same call the long way, with the same result.
 *
 * No domain lock is taken here (core/space.h says why).
 */
#include "base/string.h"
#include "system/hypercall.h"

/* A deadline that has passed raises an event: the long way. */
static bool fast_timer(struct vcpu *v, uint64_t deadline)
{
    struct cpu *c = v->cpu;

    if (deadline != 0 && deadline <= machine_clock())
        return false;
    timer_set(c, &v->timer, deadline ? deadline : UINT64_MAX);
    return true;
}

/* The caller's own word at a, without a lock: a page that another CPU unmaps
 * now is not freed before this vcpu has left the guest, which it has not as far
 * as the space knows. */
static bool fast_read(struct vcpu *v, uint64_t a, uint32_t *word)
{
    struct mapping m;

    if (a >= SCREE_GUEST_END || (a & PAGE_MASK) > PAGE_SIZE - sizeof(*word))
        return false;
    m = space_get(&v->domain->space, gva_gfn(gva(a)));
    if (!(m.rights & MAP_READ))
        return false;
    memcpy(word, (char *)machine_frame(m.frame) + (a & PAGE_MASK),
           sizeof(*word));
    return true;
}

static bool fast_event(struct vcpu *v, uint64_t cmd, uint64_t at)
{
    struct evtchn_send send;

    return (uint32_t)cmd == EVTCHNOP_send && fast_read(v, at, &send.port) &&
           event_send_quietly(v->domain, send.port);
}

/* Is something due before this vcpu may go on? */
static bool busy(const struct vcpu *v)
{
    return atomic_load_explicit(&v->cpu->resched, memory_order_relaxed) ||
           (vcpu_pending(v) && !vcpu_masked(v));
}

/* Apart, so that what stands before it needs no stack frame. */
__attribute__((noinline)) static bool fast_known(struct vcpu *v,
                                                 struct machine_regs *r)
{
    switch (r->rax) {
    case __HYPERVISOR_set_timer_op:
        if (!fast_timer(v, r->rdi))
            return false;
        r->rax = 0;
        return true;
    case __HYPERVISOR_event_channel_op:
        if (!fast_event(v, r->rdi, r->rsi))
            return false;
        r->rax = 0;
        return true;
    case __HYPERVISOR_scree_time:
        r->rax = machine_clock();
        return true;
    default:
        return false;
    }
}

bool hypercall_fast(struct machine_vcpu *mv)
{
    struct vcpu *v = container_of(mv, struct vcpu, m);
    struct machine_regs *r = &mv->regs;

    if (busy(v))
        return false;
    if (r->rax == __HYPERVISOR_xen_version &&
        (uint32_t)r->rdi == XENVER_version) {
        r->rax = SCREE_XEN_VERSION;
        return true;
    }
    if (!hypercall_known(r->rax)) {
        r->rax = (uint64_t)-XEN_ENOSYS;
        return true;
    }
    return fast_known(v, r);
}
