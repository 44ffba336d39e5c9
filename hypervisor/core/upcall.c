/* SPDX-License-Identifier: MIT */
/*
 * Events and faults into a flat guest: see upcall.h and scree/upcall.h.
 */
#include "core/upcall.h"

#include "core/domain.h"
#include "core/guestmem.h"

#define FLAG_TF 0x100u
#define FLAG_DF 0x400u
#define FLAG_NT 0x4000u
#define FLAG_RF 0x10000u
#define FLAG_AC 0x40000u

/* Pushes the frame of v's present context at `to` and enters the handler. */
static int enter(struct vcpu *v, uint64_t to, uint64_t handler,
                 const struct scree_frame *cause)
{
    struct machine_regs *r = &v->m.regs;
    struct scree_frame frame = {
        .rip = r->rip,
        .rflags = r->rflags,
        .rsp = r->rsp,
        .error = cause->error,
        .cr2 = cause->cr2,
    };
    int result;

    lock_take(&v->domain->lock);
    result = guestmem_write(v->domain, gva(to), &frame, sizeof(frame));
    lock_release(&v->domain->lock);
    if (result)
        return result;
    r->rsp = to;
    r->rip = handler;
    r->rflags &= ~(uint64_t)(FLAG_TF | FLAG_DF | FLAG_NT | FLAG_RF | FLAG_AC);
    return 0;
}

static uint64_t below_red_zone(const struct vcpu *v)
{
    return v->m.regs.rsp - SCREE_RED_ZONE - sizeof(struct scree_frame);
}

int upcall_event(struct vcpu *v)
{
    static const struct scree_frame cause = {
        .error = (uint64_t)SCREE_VECTOR_EVENT << 32,
    };
    int result;

    if (!vcpu_pending(v) || vcpu_masked(v) || !v->event_handler.a)
        return 0;
    result = enter(v, below_red_zone(v), v->event_handler.a, &cause);
    if (!result)
        v->info->evtchn_upcall_mask = 1;
    return result;
}

/* Where the frame of a fault goes. */
static uint64_t fault_frame(const struct vcpu *v)
{
    uint64_t top = v->fault_stack_top.a;
    uint64_t rsp = v->m.regs.rsp;

    if (v->fault_stack_size == 0 ||
        (rsp >= top - v->fault_stack_size && rsp <= top))
        return below_red_zone(v);
    return top - sizeof(struct scree_frame);
}

int upcall_fault(struct vcpu *v, const struct vcpu_exit *why)
{
    const struct scree_frame cause = {
        .error = (uint64_t)why->vector << 32 | why->error_code,
        .cr2 = why->address,
    };
    int result;

    if (why->vector >= SCREE_TRAPS || !v->trap_handlers[why->vector])
        return -XEN_ENOENT;
    result = enter(v, fault_frame(v), v->trap_handlers[why->vector], &cause);
    if (!result && v->trap_flags[why->vector] & SCREE_TRAP_MASK_EVENTS)
        v->info->evtchn_upcall_mask = 1;
    return result;
}
