/* SPDX-License-Identifier: MIT */
/*
 * The 256 doors of the IDT. Each pushes {error code, vector} over the frame
 * that the processor pushed and is sorted by the saved CS.RPL, never by an
 * error code:
 *
 *   from a guest      save it and return from enter_guest()
 *   interrupt, ours   only machine_idle() has them on: note it and go back
 *                     with interrupts off
 *   fault, ours       a bug (or #DB, NMI, #MC at any instruction, GS unknown):
 *                     SGDT tells this CPU; trap_inside() decides
 */
#include "machine/x86/layout.h"
#include "machine/x86/offsets.h"

#define MSR_GS_BASE 0xc0000101

/* Above the frame of a door, in bytes from RSP. */
#define DOOR_VECTOR 0
#define DOOR_ERROR  8
#define DOOR_RIP    16
#define DOOR_CS     24
#define DOOR_RFLAGS 32
#define DOOR_RSP    40

    .text
    .globl trap_doors
    .balign 16
trap_doors: /* 16 bytes each */
    .set vector, 0
    .rept 256
    .balign 16
    .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || \
        vector == 21 || vector == 29 || vector == 30
    .else
    pushq $0
    .endif
    pushq $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

    .balign 16
trap_common:
    testb $3, DOOR_CS(%rsp)
    jz trap_ours

    /* From CPL 3: GS is the guest's for certain. */
trap_from_guest:
    swapgs
    lfence /* no speculation with the wrong GS */
    pushq %rdi
    movq %gs:PERCPU_REGS, %rdi
    popq REGS_RDI(%rdi)
    movq %r15, REGS_R15(%rdi)
    movq %r14, REGS_R14(%rdi)
    movq %r13, REGS_R13(%rdi)
    movq %r12, REGS_R12(%rdi)
    movq %rbp, REGS_RBP(%rdi)
    movq %rbx, REGS_RBX(%rdi)
    movq %r9, REGS_R9(%rdi)
    movq %r8, REGS_R8(%rdi)
    movq %r10, REGS_R10(%rdi)
    movq %rdx, REGS_RDX(%rdi)
    movq %rsi, REGS_RSI(%rdi)
    movq %r11, REGS_R11(%rdi)
    movq %rcx, REGS_RCX(%rdi)
    movq %rax, REGS_RAX(%rdi)
    popq %rax
    movl %eax, %gs:PERCPU_VECTOR
    popq %rax
    movl %eax, %gs:PERCPU_ERROR
    popq REGS_RIP(%rdi)
    popq %rax
    popq REGS_RFLAGS(%rdi)
    popq REGS_RSP(%rdi)
    movq %gs:PERCPU_RUN_RSP, %rsp
    pushq $2 /* AC, DF and NT may be the guest's */
    popfq
    jmp leave_guest

trap_ours:
    cmpl $VECTOR_IRQ, DOOR_VECTOR(%rsp)
    jb trap_paranoid
    pushq %rax
    movl 8 + DOOR_VECTOR(%rsp), %eax
    movl %eax, %gs:PERCPU_VECTOR
    popq %rax
    andl $~0x200, DOOR_RFLAGS(%rsp) /* one interrupt at a time */
    addq $16, %rsp
    iretq

    /* At CPL 0, anywhere. Makes a struct trap_frame. */
trap_paranoid:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq $2
    popfq
    movl $MSR_GS_BASE, %ecx
    rdmsr
    movl %eax, %r12d /* R13:R12 = GS as it was */
    movl %edx, %r13d
    subq $16, %rsp
    sgdt (%rsp)
    movq 2(%rsp), %rax
    addq $16, %rsp
    subq $PERCPU_GDT, %rax
    movq %rax, %rdx
    shrq $32, %rdx
    wrmsr
    movq %rsp, %rdi
    movq %rsp, %rbx
    andq $-16, %rsp
    call trap_inside
    movq %rbx, %rsp
    movl $MSR_GS_BASE, %ecx
    movl %r12d, %eax
    movl %r13d, %edx
    wrmsr
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits
