/* SPDX-License-Identifier: MIT */
/* Upcall entries of the frozen guest, with its own headers. */
#include "scree/layout.h"

        .macro SAVE
        push %rax; push %rcx; push %rdx; push %rsi; push %rdi; push %r8
        push %r9; push %r10; push %r11; push %rbx
        mov %rsp, %rbx
        lea 80(%rsp), %rdi
        and $-16, %rsp
        .endm
        .macro RESTORE
        mov %rbx, %rsp
        pop %rbx; pop %r11; pop %r10; pop %r9; pop %r8; pop %rdi
        pop %rsi; pop %rdx; pop %rcx; pop %rax
        .endm

        .globl event_entry, fault_entry
event_entry:
        SAVE
        call on_event
        RESTORE
        jmp SCREE_RETURN
fault_entry:
        SAVE
        call on_fault
        RESTORE
        jmp SCREE_RETURN_KEEP

        .section .note.GNU-stack, "", @progbits
