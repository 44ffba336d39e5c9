/* SPDX-License-Identifier: MIT */
/*
 * The per-CPU structures, and the proof that assembly sees them right.
 */
#include "machine/x86/percpu.h"

#include "machine/x86/asm.h"

struct percpu percpus[MACHINE_CPUS];

#define HOLD(offset, type, member)                                             \
    _Static_assert(offsetof(type, member) == (offset), #member)
HOLD(PERCPU_SELF, struct percpu, self);
HOLD(PERCPU_RUN_RSP, struct percpu, run_rsp);
HOLD(PERCPU_REGS, struct percpu, regs);
HOLD(PERCPU_REGS_END, struct percpu, regs_end);
HOLD(PERCPU_REGS_ARGS, struct percpu, regs_args);
HOLD(PERCPU_GUEST_RSP, struct percpu, guest_rsp);
HOLD(PERCPU_VECTOR, struct percpu, vector);
HOLD(PERCPU_ERROR, struct percpu, error);
HOLD(PERCPU_GDT, struct percpu, gdt);

HOLD(REGS_R15, struct machine_regs, r15);
HOLD(REGS_R14, struct machine_regs, r14);
HOLD(REGS_R13, struct machine_regs, r13);
HOLD(REGS_R12, struct machine_regs, r12);
HOLD(REGS_RBP, struct machine_regs, rbp);
HOLD(REGS_RBX, struct machine_regs, rbx);
HOLD(REGS_R9, struct machine_regs, r9);
HOLD(REGS_R8, struct machine_regs, r8);
HOLD(REGS_R10, struct machine_regs, r10);
HOLD(REGS_RDX, struct machine_regs, rdx);
HOLD(REGS_RSI, struct machine_regs, rsi);
HOLD(REGS_RDI, struct machine_regs, rdi);
HOLD(REGS_R11, struct machine_regs, r11);
HOLD(REGS_RCX, struct machine_regs, rcx);
HOLD(REGS_RAX, struct machine_regs, rax);
HOLD(REGS_RIP, struct machine_regs, rip);
HOLD(REGS_RFLAGS, struct machine_regs, rflags);
HOLD(REGS_RSP, struct machine_regs, rsp);
_Static_assert(sizeof(struct machine_regs) == REGS_SIZE, "regs");
_Static_assert(sizeof(struct tss) == 104, "tss");

void percpu_init(unsigned id)
{
    struct percpu *c = &percpus[id];

    c->self = c;
    c->id = id;
    write_msr(MSR_GS_BASE, (uint64_t)(uintptr_t)c);
}

unsigned machine_cpu(void)
{
    uint32_t id;

    __asm__("movl %%gs:%c1, %0" : "=r"(id) : "i"(offsetof(struct percpu, id)));
    return id;
}
