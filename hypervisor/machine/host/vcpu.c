/* SPDX-License-Identifier: MIT */
/*
 * Vcpus of the host machine: guests that are callbacks or queues of exits. A
 * vcpu's state lives in its machine_vcpu, so that a domain's end ends it.
 */
#include <string.h>

#include "machine/host/private.h"
#include "scree/xen.h"

struct step {
    struct vcpu_exit exit;
    uint64_t nr, arguments[5];
};

struct host_vcpu {
    host_guest *guest;
    void *argument;
    uint64_t fast_calls;
    uint64_t base[2];
    uint64_t debug[8];
    uint32_t first, count;
    struct step queue[HOST_QUEUE];
};

_Static_assert(sizeof(struct host_vcpu) <= MACHINE_VCPU_PRIVATE, "it fits");

static struct host_vcpu *own(const struct machine_vcpu *mv)
{
    return (struct host_vcpu *)(uintptr_t)mv->private_state;
}

void machine_vcpu_init(struct machine_vcpu *mv, struct machine_space *space,
                       gva_t entry, gva_t stack, uint64_t rdi)
{
    memset(mv, 0, sizeof(*mv));
    mv->space = space;
    mv->regs.rip = entry.a;
    mv->regs.rsp = stack.a;
    mv->regs.rdi = rdi;
    mv->regs.rflags = 0x202;
}

/* The next exit of the queue, with the registers it comes with. */
static struct vcpu_exit from_queue(struct machine_vcpu *mv)
{
    struct host_vcpu *h = own(mv);
    struct step s;

    if (h->count == 0)
        return (struct vcpu_exit){.kind = EXIT_INTERRUPT};
    s = h->queue[h->first];
    h->first = (h->first + 1) % HOST_QUEUE;
    h->count--;
    if (s.exit.kind == EXIT_HYPERCALL) {
        mv->regs.rax = s.nr;
        mv->regs.rdi = s.arguments[0];
        mv->regs.rsi = s.arguments[1];
        mv->regs.rdx = s.arguments[2];
        mv->regs.r10 = s.arguments[3];
        mv->regs.r8 = s.arguments[4];
    }
    return s.exit;
}

struct vcpu_exit machine_run(struct machine_vcpu *mv)
{
    struct host_vcpu *h = own(mv);
    struct vcpu_exit e;

    host_load_space(mv->space);
    host_cpu()->registers = mv->space;
    do {
        host_end_if_asked();
        if (host_interrupt_taken())
            return (struct vcpu_exit){.kind = EXIT_INTERRUPT};
        e = h->guest ? h->guest(mv, h->argument) : from_queue(mv);
    } while (e.kind == EXIT_HYPERCALL && hypercall_fast(mv) && ++h->fast_calls);
    return e;
}

void machine_vcpu_leave(struct machine_vcpu *mv)
{
    if (host_cpu()->loaded == mv->space)
        host_load_space(NULL);
    if (host_cpu()->registers == mv->space)
        host_cpu()->registers = NULL;
}

int machine_set_segment_base(struct machine_vcpu *mv, enum machine_segment s,
                             gva_t base)
{
    if (base.a >= SCREE_GUEST_END)
        return -XEN_EINVAL;
    own(mv)->base[s] = base.a;
    return 0;
}

uint64_t host_segment_base(const struct machine_vcpu *mv,
                           enum machine_segment s)
{
    return own(mv)->base[s];
}

int machine_set_debugreg(struct machine_vcpu *mv, unsigned reg, uint64_t value)
{
    if (reg > 7 || reg == 4 || reg == 5)
        return -XEN_EINVAL;
    if (reg < 4 && value >= SCREE_GUEST_END)
        return -XEN_EINVAL;
    own(mv)->debug[reg] = value;
    return 0;
}

int machine_get_debugreg(struct machine_vcpu *mv, unsigned reg, uint64_t *value)
{
    if (reg > 7 || reg == 4 || reg == 5)
        return -XEN_EINVAL;
    *value = own(mv)->debug[reg];
    return 0;
}

void host_vcpu_guest(struct machine_vcpu *mv, host_guest *guest, void *argument)
{
    own(mv)->guest = guest;
    own(mv)->argument = argument;
}

static void push(struct machine_vcpu *mv, const struct step *s)
{
    struct host_vcpu *h = own(mv);

    ASSERT(h->count < HOST_QUEUE);
    h->queue[(h->first + h->count++) % HOST_QUEUE] = *s;
}

void host_vcpu_hypercall(struct machine_vcpu *mv, uint64_t nr,
                         const uint64_t arguments[5])
{
    struct step s = {.exit = {.kind = EXIT_HYPERCALL}, .nr = nr};

    memcpy(s.arguments, arguments, sizeof(s.arguments));
    push(mv, &s);
}

void host_vcpu_fault(struct machine_vcpu *mv, uint32_t vector,
                     uint32_t error_code, uint64_t address)
{
    struct step s = {.exit = {EXIT_FAULT, vector, error_code, address}};

    push(mv, &s);
}

unsigned host_vcpu_waiting(const struct machine_vcpu *mv)
{
    return own(mv)->count;
}

uint64_t host_fast_calls(const struct machine_vcpu *mv)
{
    return own(mv)->fast_calls;
}
