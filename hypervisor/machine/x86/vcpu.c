/* SPDX-License-Identifier: MIT */
/*
 * Running a vcpu. Its FPU, segments and debug registers stay in the processor
 * until another vcpu runs here or machine_vcpu_leave(); its tables until
 * another space or idle. So a run after a run costs no more than its entry.
 */
#include "machine/machine.h"

#include "base/string.h"
#include "machine/x86/apic.h"
#include "machine/x86/asm.h"
#include "machine/x86/entry.h"
#include "machine/x86/layout.h"
#include "machine/x86/paging.h"
#include "machine/x86/percpu.h"
#include "machine/x86/trap.h"
#include "machine/x86/vcpu_state.h"

_Static_assert(offsetof(struct machine_vcpu, regs) == 0, "entry.S relies");

#define VECTOR_DB  1u
#define VECTOR_NMI 2u
#define VECTOR_DF  8u
#define VECTOR_GP  13u
#define VECTOR_MC  18u

void machine_vcpu_init(struct machine_vcpu *mv, struct machine_space *space,
                       gva_t entry, gva_t stack, uint64_t rdi)
{
    memset(mv, 0, sizeof(*mv));
    mv->space = space;
    mv->regs.rip = entry.a;
    mv->regs.rsp = stack.a;
    mv->regs.rdi = rdi;
    mv->regs.rflags = FLAG_FIXED | FLAG_IF;
    fpu_init(vcpu_private(mv)->fpu);
    debug_init(&vcpu_private(mv)->debug);
}

/* Nothing of it is wanted any more, but it still is in the processor. */
static void save(struct vcpu_private *p)
{
    fpu_save(p->fpu);
    segments_save(&p->segments);
    debug_unload(&p->debug);
}

static void load(struct percpu *c, struct machine_vcpu *mv)
{
    struct vcpu_private *p = vcpu_private(mv);
    const struct segments *before = NULL;

    if (c->loaded) {
        save(vcpu_private(c->loaded));
        before = &vcpu_private(c->loaded)->segments;
    }
    fpu_load(p->fpu);
    segments_load(before, &p->segments);
    debug_load(&p->debug);
    c->loaded = mv;
    c->regs = &mv->regs;
    c->regs_end = &mv->regs + 1;
    c->regs_args = &mv->regs.r9;
}

static void load_space(struct percpu *c, const struct machine_space *s)
{
    uint64_t root = mfn_maddr(s->root).a;

    if (c->root == root)
        return;
    c->root = root;
    write_cr3(root);
}

static struct vcpu_exit exit_fault(struct percpu *c, struct machine_vcpu *mv)
{
    struct vcpu_exit e = {EXIT_FAULT, c->vector, c->error, 0};

    /* Faults save RF set, for instruction breakpoints that were reported. Kept
     * for #DB only: the return stub would need us to restore it. */
    if (c->vector != VECTOR_DB)
        mv->regs.rflags &= ~FLAG_RF;
    switch (c->vector) {
    case FAULT_PAGE:
        e.address = read_cr2();
        fault_normalise(mv, &e);
        break;
    case VECTOR_DB:
        e.address = debug_take_status(&vcpu_private(mv)->debug);
        break;
    case VECTOR_NMI:
        trap_nmi(&mv->regs);
        break;
    case VECTOR_DF:
    case VECTOR_MC:
        trap_machine_check(c->vector);
    case VECTOR_GP:
        fault_normalise(mv, &e);
        break;
    default:
        break;
    }
    return e;
}

/* `int` of the return stub; anywhere else it is a guest's forbidden `int`. */
static struct vcpu_exit exit_return(struct machine_vcpu *mv)
{
    uint64_t rip = mv->regs.rip;

    return_stub_finish(mv);
    if (mv->regs.rip != rip)
        return (struct vcpu_exit){.kind = EXIT_INTERRUPT};
    mv->regs.rip -= 2;
    return (struct vcpu_exit){EXIT_FAULT, VECTOR_GP, VECTOR_RETURN * 8 + 2, 0};
}

static struct vcpu_exit exit_described(struct percpu *c,
                                       struct machine_vcpu *mv)
{
    if (c->vector == EXIT_SYSCALL)
        return (struct vcpu_exit){.kind = EXIT_HYPERCALL};
    if (c->vector < VECTOR_IRQ)
        return exit_fault(c, mv);
    if (c->vector == VECTOR_RETURN)
        return exit_return(mv);
    apic_end_of_interrupt(c->vector);
    return_stub_finish(mv);
    return (struct vcpu_exit){.kind = EXIT_INTERRUPT};
}

struct vcpu_exit machine_run(struct machine_vcpu *mv)
{
    struct percpu *c = this_cpu();
    struct vcpu_private *p = vcpu_private(mv);

    if (mv->regs.rip >= SCREE_GUEST_END)
        return (struct vcpu_exit){EXIT_FAULT, VECTOR_GP, 0, 0};
    mv->regs.rflags = (mv->regs.rflags & FLAGS_GUEST) | FLAG_IF | FLAG_FIXED;
    if (c->loaded != mv)
        load(c, mv);
    load_space(c, mv->space);
    enter_guest(&mv->regs, p->syscall_exit);
    p->syscall_exit = c->vector == EXIT_SYSCALL;
    return exit_described(c, mv);
}

void machine_vcpu_leave(struct machine_vcpu *mv)
{
    struct percpu *c = this_cpu();

    if (c->loaded == mv) {
        save(vcpu_private(mv));
        c->loaded = NULL;
    }
    if (mv->space && mfn_valid(mv->space->root) &&
        c->root == mfn_maddr(mv->space->root).a)
        paging_load();
}

void machine_idle(void)
{
    struct percpu *c = this_cpu();

    if (c->root != paging_root())
        paging_load();
    c->vector = 0;
    /* The door of an interrupt returns with interrupts off again. */
    __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
    apic_end_of_interrupt(c->vector);
}

void machine_relax(void)
{
    __asm__ volatile("pause" : : : "memory");
}
