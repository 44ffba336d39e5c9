/* SPDX-License-Identifier: MIT */
/*
 * What each CPU has of its own, reached through GS in the hypervisor. In a
 * guest GS is the guest's; every entry swaps. Nobody but its CPU writes it,
 * except the start-up fields, written before that CPU starts.
 */
#ifndef X86_PERCPU_H
#define X86_PERCPU_H

#include "machine/machine.h"
#include "machine/x86/offsets.h"

struct tss {
    uint32_t reserved0;
    uint32_t rsp[3][2];
    uint32_t reserved1[2];
    uint32_t ist[7][2];
    uint32_t reserved2[2];
    uint16_t reserved3, io_map;
};

struct percpu {
    struct percpu *self;
    uint64_t run_rsp;              /* stack of the machine_run() under way */
    struct machine_regs *regs;     /* of the loaded vcpu */
    struct machine_regs *regs_end; /* one past them: SYSCALL pushes there */
    uint64_t *regs_args;           /* &regs->r9: SYSRET pops from there */
    uint64_t guest_rsp;            /* for two instructions */
    uint32_t vector, error;        /* of the last exit or idle interrupt */
    uint32_t id;
    uint32_t apic_id;
    uint64_t gdt[8]; /* SGDT finds this struct whatever GS is */
    struct tss tss;
    struct machine_vcpu *loaded; /* its FPU, segments, debug registers are in */
    uint64_t root;               /* CR3 */
    uint64_t tsc_offset;         /* add to this TSC to get CPU 0's */
    uint64_t timer;              /* ns its APIC timer is armed for; 0: not */
    uint32_t up;                 /* set by the CPU itself */
} __attribute__((aligned(64)));

extern struct percpu percpus[MACHINE_CPUS];

static inline struct percpu *this_cpu(void)
{
    struct percpu *c;

    __asm__("mov %%gs:%c1, %0" : "=r"(c) : "i"(PERCPU_SELF));
    return c;
}

/* Points GS at percpus[id]. First thing on each CPU. */
void percpu_init(unsigned id);

#endif
