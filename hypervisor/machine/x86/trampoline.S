/* SPDX-License-Identifier: MIT */
/*
 * Where the other CPUs begin: real mode, at TRAMPOLINE, where smp.c copies
 * this. Straight to long mode on the boot tables, then to smp_entry.
 */
#include "machine/x86/layout.h"

#define HERE(x) (TRAMPOLINE + (x) - trampoline)

    .section .rodata
    .globl trampoline, trampoline_end
    .code16
trampoline:
    cli
    xorl %eax, %eax
    movw %ax, %ds
    lgdtl HERE(trampoline_gdt_pointer)
    movl $0x20, %eax /* PAE */
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x900, %eax /* LME, NXE */
    wrmsr
    movl $0x80010033, %eax
    movl %eax, %cr0
    ljmpl $SEL_CODE, $HERE(trampoline_long)
    .code64
trampoline_long:
    movl $SEL_DATA, %eax
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movabsq $smp_entry, %rax
    jmp *%rax
    .balign 8
trampoline_gdt_pointer:
    .short 23
    .long boot_gdt
trampoline_end:

    /* Long mode, boot tables, interrupts off, no stack yet. */
    .text
smp_entry:
    movq smp_root(%rip), %rax
    movq %rax, %cr3
    movq smp_stack(%rip), %rsp
    xorl %ebp, %ebp
    call smp_main
    ud2

    .section .note.GNU-stack, "", @progbits
