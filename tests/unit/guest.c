/* SPDX-License-Identifier: MIT */
/*
 * Playing a domain: see guest.h.
 */
#include "guest.h"

#include <string.h>

#include "core/guestmem.h"
#include "system/hypercall.h"
#include "system/loop.h"

#define CALL_STEPS 10000

struct domain *guest_make(struct world *w)
{
    struct domain *d = world_domain(w, GUEST_PAGES);

    strcpy(d->info->name, "guest");
    machine_vcpu_init(&d->vcpu.m, &d->space.m, gva(SCREE_IMAGE_BASE),
                      gva(d->info->memory_end), SCREE_INFO_PAGE);
    domain_start(d);
    return d;
}

void guest_world_start(struct guest_world *x)
{
    world_start(&x->w, NULL);
    x->d = guest_make(&x->w);
}

void guest_run(struct domain *d)
{
    struct cpu *c = d->vcpu.cpu;

    for (int i = 0; i < 100 && c->current != &d->vcpu; i++) {
        c->now = machine_clock();
        sched_give_way(c);
        c->current = sched_pick(c);
    }
    CU_ASSERT_PTR_EQUAL_FATAL(c->current, &d->vcpu);
}

static void set_registers(struct domain *d, uint64_t nr, uint64_t a, uint64_t b,
                          uint64_t c)
{
    struct machine_regs *r = &d->vcpu.m.regs;

    r->rax = nr;
    r->rdi = a;
    r->rsi = b;
    r->rdx = c;
}

int64_t guest_call(struct domain *d, uint64_t nr, uint64_t a, uint64_t b,
                   uint64_t c)
{
    struct vcpu *v = &d->vcpu;

    guest_run(d);
    v->cpu->now = machine_clock();
    set_registers(d, nr, a, b, c);
    for (int i = 0; i < CALL_STEPS; i++) {
        hypercall_dispatch(v);
        if (v->again[0].nr == CONTINUATION_NONE)
            break;
    }
    CU_ASSERT_EQUAL(v->again[0].nr, CONTINUATION_NONE);
    if (atomic_load(&v->sched.state) != VCPU_RUNNING &&
        atomic_load(&v->wait) != WAIT_NONE)
        return INT64_MIN;
    return domain_state(d) == DOMAIN_RUNNING ? (int64_t)v->m.regs.rax
                                             : INT64_MIN;
}

bool guest_fast(struct domain *d, uint64_t nr, uint64_t a, uint64_t b,
                int64_t *result)
{
    guest_run(d);
    set_registers(d, nr, a, b, 0);
    if (!hypercall_fast(&d->vcpu.m))
        return false;
    *result = (int64_t)d->vcpu.m.regs.rax;
    return true;
}

void guest_put(struct domain *d, uint64_t at, const void *bytes, size_t n)
{
    lock_take(&d->lock);
    CU_ASSERT_EQUAL_FATAL(guestmem_write(d, gva(at), bytes, n), 0);
    lock_release(&d->lock);
}

void guest_get(struct domain *d, uint64_t at, void *bytes, size_t n)
{
    lock_take(&d->lock);
    CU_ASSERT_EQUAL_FATAL(guestmem_read(d, bytes, gva(at), n), 0);
    lock_release(&d->lock);
}

void guest_pass(struct world *w, unsigned n)
{
    struct cpu *c = &w->cell->cpus[0];

    c->now = machine_clock();
    c->interrupted = true;
    while (n-- > 0)
        cpu_pass(c);
}
