/* SPDX-License-Identifier: MIT */
/*
 * Offsets that assembly uses; percpu.c and vcpu.c hold them by static asserts.
 */
#ifndef X86_OFFSETS_H
#define X86_OFFSETS_H

/* struct percpu */
#define PERCPU_SELF      0
#define PERCPU_RUN_RSP   8
#define PERCPU_REGS      16
#define PERCPU_REGS_END  24
#define PERCPU_REGS_ARGS 32
#define PERCPU_GUEST_RSP 40
#define PERCPU_VECTOR    48
#define PERCPU_ERROR     52
#define PERCPU_GDT       64

/* struct machine_regs */
#define REGS_R11         0
#define REGS_RCX         8
#define REGS_R15         16
#define REGS_R14         24
#define REGS_R13         32
#define REGS_R12         40
#define REGS_RBP         48
#define REGS_RBX         56
#define REGS_R9          64
#define REGS_R8          72
#define REGS_R10         80
#define REGS_RDX         88
#define REGS_RSI         96
#define REGS_RDI         104
#define REGS_RAX         112
#define REGS_RIP         120
#define REGS_RFLAGS      128
#define REGS_RSP         136
#define REGS_SIZE        144

#endif
