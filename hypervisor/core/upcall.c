/* SPDX-License-Identifier: MIT */
/*
 * Events and faults into a flat guest: see upcall.h and scree/upcall.h.
 */
#include "core/upcall.h"

#include "base/string.h"
#include "core/domain.h"
#include "core/guestmem.h"

#define FLAG_TF 0x100u
#define FLAG_DF 0x400u
#define FLAG_NT 0x4000u
#define FLAG_RF 0x10000u
#define FLAG_AC 0x40000u

#define FIELD(to, name, value)                                                 \
    memcpy((char *)(to) + offsetof(struct scree_frame, name), &(value),        \
           sizeof(uint64_t))

/* A struct scree_frame at `to`, which need not be aligned. */
static inline void fill(void *to, const struct machine_regs *r, uint64_t error,
                        uint64_t cr2)
{
    FIELD(to, rip, r->rip);
    FIELD(to, rflags, r->rflags);
    FIELD(to, rsp, r->rsp);
    FIELD(to, error, error);
    FIELD(to, cr2, cr2);
}

static void jump(struct machine_regs *r, uint64_t frame, uint64_t handler)
{
    r->rsp = frame;
    r->rip = handler;
    r->rflags &= ~(uint64_t)(FLAG_TF | FLAG_DF | FLAG_NT | FLAG_RF | FLAG_AC);
}

/* Pushes the frame of v's present context at `to`, where that lies in one page
 * that the guest can write now, and enters the handler. */
static bool enter_at_hand(struct vcpu *v, uint64_t to, uint64_t handler,
                          uint64_t error, uint64_t cr2)
{
    uint64_t offset = to & PAGE_MASK;
    char *page;

    if (offset > PAGE_SIZE - sizeof(struct scree_frame))
        return false;
    page = machine_space_bytes(&v->domain->space.m, gva_gfn(gva(to)), true);
    if (!page)
        return false;
    fill(page + offset, &v->m.regs, error, cr2);
    jump(&v->m.regs, to, handler);
    return true;
}

static __attribute__((noinline)) int enter_far(struct vcpu *v, uint64_t to,
                                               uint64_t handler, uint64_t error,
                                               uint64_t cr2)
{
    struct scree_frame frame;
    int result;

    fill(&frame, &v->m.regs, error, cr2);
    result = guestmem_write(v->domain, gva(to), &frame, sizeof(frame));
    if (!result)
        jump(&v->m.regs, to, handler);
    return result;
}

/* The same wherever the frame lies. */
static int enter(struct vcpu *v, uint64_t to, uint64_t handler, uint64_t error,
                 uint64_t cr2)
{
    int result = 0;

    lock_take(&v->domain->lock);
    if (!enter_at_hand(v, to, handler, error, cr2))
        result = enter_far(v, to, handler, error, cr2);
    lock_release(&v->domain->lock);
    return result;
}

static uint64_t below_red_zone(uint64_t rsp)
{
    return rsp - SCREE_RED_ZONE - sizeof(struct scree_frame);
}

#define EVENT_ERROR ((uint64_t)SCREE_VECTOR_EVENT << 32)

int upcall_event(struct vcpu *v)
{
    uint64_t to = below_red_zone(v->m.regs.rsp);
    int result;

    if (!vcpu_upcall_due(v) || !v->event_handler.a)
        return 0;
    result = enter(v, to, v->event_handler.a, EVENT_ERROR, 0);
    if (!result)
        v->info->evtchn_upcall_mask = 1;
    return result;
}

bool upcall_event_quickly(struct vcpu *v)
{
    uint64_t to = below_red_zone(v->m.regs.rsp);

    if (!v->event_handler.a ||
        !enter_at_hand(v, to, v->event_handler.a, EVENT_ERROR, 0))
        return false;
    v->info->evtchn_upcall_mask = 1;
    return true;
}

/* Where the frame of a fault goes. */
static uint64_t fault_frame(const struct vcpu *v)
{
    uint64_t top = v->fault_stack_top.a;
    uint64_t rsp = v->m.regs.rsp;

    if (v->fault_stack_size == 0 ||
        (rsp >= top - v->fault_stack_size && rsp <= top))
        return below_red_zone(rsp);
    return top - sizeof(struct scree_frame);
}

static void entered_fault(struct vcpu *v, uint32_t vector)
{
    if (v->trap_flags[vector] & SCREE_TRAP_MASK_EVENTS)
        v->info->evtchn_upcall_mask = 1;
}

static uint64_t fault_error(const struct vcpu_exit *why)
{
    return (uint64_t)why->vector << 32 | why->error_code;
}

int upcall_fault(struct vcpu *v, const struct vcpu_exit *why)
{
    int result;

    if (why->vector >= SCREE_TRAPS || !v->trap_handlers[why->vector])
        return -XEN_ENOENT;
    result = enter(v, fault_frame(v), v->trap_handlers[why->vector],
                   fault_error(why), why->address);
    if (!result)
        entered_fault(v, why->vector);
    return result;
}

/* A guest that handles its own faults takes this way often: in line. */
__attribute__((flatten)) bool upcall_fault_quickly(struct vcpu *v,
                                                   const struct vcpu_exit *why)
{
    if (why->vector >= SCREE_TRAPS || why->vector == FAULT_PAGE ||
        !v->trap_handlers[why->vector] || vcpu_upcall_due(v) ||
        !enter_at_hand(v, fault_frame(v), v->trap_handlers[why->vector],
                       fault_error(why), why->address))
        return false;
    entered_fault(v, why->vector);
    return true;
}
