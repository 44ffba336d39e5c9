/* SPDX-License-Identifier: MIT */
/*
 * Into a guest and back. enter_guest() leaves by SYSRET or IRET and returns
 * at the guest's next exit, whichever of the three ways that takes:
 *
 *   syscall_entry   a hypercall that hypercall_fast() did not complete
 *   trap_from_guest (trap_entry.S) a fault or an interrupt
 *   both leave percpu.vector and .error, and the registers in *percpu.regs
 *
 * Interrupts are off throughout; NMI, #DB, #MC, #DF and #GP have stacks of their
 * own and find GS by themselves, so RSP may point into machine_regs here.
 */
#include "machine/x86/layout.h"
#include "machine/x86/offsets.h"
#include "scree/layout.h"

#define STUBS_END \
    (SCREE_HYPERCALL_PAGE + SCREE_HYPERCALLS * SCREE_HYPERCALL_STRIDE)

    .text

    /*
     * void enter_guest(struct machine_regs *regs, bool sysret)
     * RDI = regs = percpu.regs, ESI = may RCX and R11 be lost. Rip is below
     * SCREE_GUEST_END; rflags are clean.
     */
    .globl enter_guest
    .balign 16
enter_guest:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq $0 /* align */
    movq %rsp, %gs:PERCPU_RUN_RSP
    testl %esi, %esi
    jz enter_iret
    leaq REGS_R15(%rdi), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    jmp sysret_tail

    /* RDI = regs; the stack is ours. */
enter_iret:
    pushq $SEL_GUEST_DATA
    pushq REGS_RSP(%rdi)
    pushq REGS_RFLAGS(%rdi)
    pushq $SEL_GUEST_CODE
    pushq REGS_RIP(%rdi)
    movq REGS_R15(%rdi), %r15
    movq REGS_R14(%rdi), %r14
    movq REGS_R13(%rdi), %r13
    movq REGS_R12(%rdi), %r12
    movq REGS_RBP(%rdi), %rbp
    movq REGS_RBX(%rdi), %rbx
    movq REGS_R9(%rdi), %r9
    movq REGS_R8(%rdi), %r8
    movq REGS_R10(%rdi), %r10
    movq REGS_RDX(%rdi), %rdx
    movq REGS_RSI(%rdi), %rsi
    movq REGS_R11(%rdi), %r11
    movq REGS_RCX(%rdi), %rcx
    movq REGS_RAX(%rdi), %rax
    movq REGS_RDI(%rdi), %rdi
    swapgs
    iretq

    /*
     * SYSCALL at CPL 3: RCX = rip, R11 = rflags, RSP and GS the guest's;
     * flags masked by SFMASK. All other registers the guest's.
     */
    .globl syscall_entry
    .balign 16
syscall_entry:
    swapgs
    movq %rsp, %gs:PERCPU_GUEST_RSP
    movq %gs:PERCPU_REGS_END, %rsp
    pushq %gs:PERCPU_GUEST_RSP
    pushq %r11
    pushq %rcx
    pushq %rax
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %r10
    pushq %r8
    pushq %r9
    leaq -REGS_R9(%rsp), %rdi
    movq %gs:PERCPU_RUN_RSP, %rsp
    cmpq $STUBS_END, %rcx /* no code is mapped below the stubs */
    ja syscall_elsewhere
    call hypercall_fast /* the vcpu begins with its registers */
    testb %al, %al
    jz syscall_slow
    movq %gs:PERCPU_REGS_ARGS, %rsp

    /* RSP = &regs->r9; RBX, RBP, R12-R15 are the guest's already. Should rip
     * not be canonical after all, Intel's SYSRET faults here with the guest's
     * RSP: #GP has a stack of its own. */
sysret_tail:
    popq %r9
    popq %r8
    popq %r10
    popq %rdx
    popq %rsi
    popq %rdi
    popq %rax
    popq %rcx
    popq %r11
    popq %rsp
    swapgs
    sysretq

    /* RBX, RBP, R12-R15 still the guest's; RSP = percpu.run_rsp. */
syscall_slow:
    movl $EXIT_SYSCALL, %gs:PERCPU_VECTOR
    movq %gs:PERCPU_REGS, %rdi
syscall_exit:
    movl $0, %gs:PERCPU_ERROR
    movq REGS_RIP(%rdi), %rcx /* what SYSCALL left in them */
    movq REGS_RFLAGS(%rdi), %rdx
    movq %rcx, REGS_RCX(%rdi)
    movq %rdx, REGS_R11(%rdi)
    movq %rbx, REGS_RBX(%rdi)
    movq %rbp, REGS_RBP(%rdi)
    movq %r12, REGS_R12(%rdi)
    movq %r13, REGS_R13(%rdi)
    movq %r14, REGS_R14(%rdi)
    movq %r15, REGS_R15(%rdi)
    /* Falls through: back in machine_run(). RSP = percpu.run_rsp. */
    .globl leave_guest
leave_guest:
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

    /* SYSCALL outside the hypercall page: #UD at the instruction. */
syscall_elsewhere:
    movl $6, %gs:PERCPU_VECTOR
    subq $2, REGS_RIP(%rdi)
    jmp syscall_exit

    /* SYSCALL from compatibility mode, which no guest can reach. */
    .globl syscall_compat_entry
syscall_compat_entry:
    swapgs
    movq %rsp, %gs:PERCPU_GUEST_RSP
    movq %gs:PERCPU_REGS, %rsp
    movq %rdi, REGS_RDI(%rsp)
    movq %rsi, REGS_RSI(%rsp)
    movq %rdx, REGS_RDX(%rsp)
    movq %r10, REGS_R10(%rsp)
    movq %r8, REGS_R8(%rsp)
    movq %r9, REGS_R9(%rsp)
    movq %rax, REGS_RAX(%rsp)
    movq %rcx, REGS_RIP(%rsp)
    movq %r11, REGS_RFLAGS(%rsp)
    movq %rsp, %rdi
    movq %gs:PERCPU_GUEST_RSP, %rax
    movq %rax, REGS_RSP(%rdi)
    movq %gs:PERCPU_RUN_RSP, %rsp
    jmp syscall_elsewhere

    .section .note.GNU-stack, "", @progbits
