/* SPDX-License-Identifier: MIT */
/*
 * Entry points of a test guest: start of day, the fault handler, the event
 * upcall, and rt_try(), which runs a function and survives its fault.
 * See rt.h for the C side.
 */
#include "scree/layout.h"

/* Offset of struct scree_frame behind the 15 saved registers. */
#define FRAME 120

        .macro SAVE
        push %rax
        push %rbx
        push %rcx
        push %rdx
        push %rsi
        push %rdi
        push %rbp
        push %r8
        push %r9
        push %r10
        push %r11
        push %r12
        push %r13
        push %r14
        push %r15
        .endm

        .macro RESTORE
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %r11
        pop %r10
        pop %r9
        pop %r8
        pop %rbp
        pop %rdi
        pop %rsi
        pop %rdx
        pop %rcx
        pop %rbx
        pop %rax
        .endm

        .section .text.start, "ax", @progbits
        .globl _start
        .type _start, @function
/* Start of day: rsp = info.memory_end, everything else as docs/abi.md says.
 * What it was is kept in struct rt_start for the conformance guests. */
_start:
        mov     %rax, rt_start+0(%rip)
        mov     %rcx, rt_start+8(%rip)
        mov     %rdx, rt_start+16(%rip)
        mov     %rbx, rt_start+24(%rip)
        mov     %rbp, rt_start+32(%rip)
        mov     %rsi, rt_start+40(%rip)
        mov     %rdi, rt_start+48(%rip)
        mov     %rsp, rt_start+56(%rip)
        mov     %r8, rt_start+64(%rip)
        mov     %r9, rt_start+72(%rip)
        mov     %r10, rt_start+80(%rip)
        mov     %r11, rt_start+88(%rip)
        mov     %r12, rt_start+96(%rip)
        mov     %r13, rt_start+104(%rip)
        mov     %r14, rt_start+112(%rip)
        mov     %r15, rt_start+120(%rip)
        mov     -8(%rsp), %rax
        mov     %rax, rt_start+136(%rip)
        pushfq
        pop     rt_start+128(%rip)
        xor     %ebp, %ebp
        and     $-16, %rsp
        call    rt_main
        ud2
        .size _start, . - _start

        .text
        .globl rt_fault_entry
        .type rt_fault_entry, @function
/* A fault: rsp = struct scree_frame, every other register the faulter's. */
rt_fault_entry:
        SAVE
        mov     %rsp, %rdi
        mov     %rsp, %rbx
        and     $-16, %rsp
        call    rt_fault_taken
        test    %al, %al
        jz      rt_recover
        mov     %rbx, %rsp
        RESTORE
        jmp     SCREE_RETURN_KEEP
        .size rt_fault_entry, . - rt_fault_entry

        .globl rt_upcall_entry
        .type rt_upcall_entry, @function
/* An event upcall: the same, with evtchn_upcall_mask = 1. */
rt_upcall_entry:
        SAVE
        mov     %rsp, %rdi
        mov     %rsp, %rbx
        and     $-16, %rsp
        call    rt_upcall_taken
        mov     %rbx, %rsp
        RESTORE
        jmp     SCREE_RETURN
        .size rt_upcall_entry, . - rt_upcall_entry

        .globl rt_try
        .type rt_try, @function
/* int rt_try(void (*fn)(void *), void *arg) */
rt_try:
        push    %rbp
        push    %rbx
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        pushfq
        push    rt_recover_rsp(%rip)
        sub     $8, %rsp
        mov     %rsp, rt_recover_rsp(%rip)
        mov     %rdi, %rax
        mov     %rsi, %rdi
        call    *%rax
        mov     $-1, %eax
        jmp     1f
/* From the fault handler: forget its stack, undo what the faulter changed. */
rt_recover:
        mov     rt_recover_rsp(%rip), %rsp
        xor     %eax, %eax
        mov     %eax, %ds
        mov     %eax, %es
        fninit
        movl    $0x1f80, 4(%rsp)
        ldmxcsr 4(%rsp)
        mov     rt_fault(%rip), %eax
1:      add     $8, %rsp
        pop     rt_recover_rsp(%rip)
        popfq
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
        ret
        .size rt_try, . - rt_try

        .section .note.GNU-stack, "", @progbits
