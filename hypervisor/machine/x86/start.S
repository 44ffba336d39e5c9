/* SPDX-License-Identifier: MIT */
/*
 * Where the machine's loader leaves us: 32-bit protected mode without paging,
 * from PVH (EBX = hvm_start_info) or multiboot2 (EAX = magic, EBX = info).
 * Goes to long mode on tables that map the first 4 GiB at 0, at IMAGE_BASE and
 * at DIRECT_BASE, and calls boot_main(magic, info) at its link address.
 *
 * This section is linked at its physical address. Its tables also carry the
 * other CPUs from real mode (trampoline.S).
 */
#include "machine/x86/layout.h"

#define PVH_MAGIC  0x336ec578
#define MB2_MAGIC  0xe85250d6
#define MB2_LENGTH (mb2_end - mb2_header)

    .section .boot, "awx", @progbits
    .code32

    .balign 8
mb2_header:
    .long MB2_MAGIC, 0, MB2_LENGTH, -(MB2_MAGIC + MB2_LENGTH)
    .short 3, 0 /* the entry address: GRUB would take ELF's, too */
    .long 12, mb2_start
    .balign 8
    .short 6, 0 /* modules page aligned */
    .long 8
    .balign 8
    .short 0, 0
    .long 8
mb2_end:

    .globl pvh_start
pvh_start:
    movl $PVH_MAGIC, %eax
mb2_start:
    cli
    cld
    movl %eax, %ebp /* EBP = magic, ESI = info: kept to the end */
    movl %ebx, %esi
    movl $boot_stack_low, %esp

    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    andl $(1 << 29 | 1 << 20), %edx /* long mode, no-execute */
    cmpl $(1 << 29 | 1 << 20), %edx
    jne no_long_mode

    /* One table of 1 GiB entries serves all three places. */
    movl $(boot_pml3 + 3), boot_pml4
    movl $(boot_pml3 + 3), boot_pml4 + 8 * SLOT_IMAGE
    movl $(boot_pml3 + 3), boot_pml4 + 8 * SLOT_DIRECT
    movl $(boot_pml2 + 3), %eax
    xorl %ecx, %ecx
1:  movl %eax, boot_pml3(, %ecx, 8)
    addl $4096, %eax
    incl %ecx
    cmpl $4, %ecx
    jb 1b
    movl $0x83, %eax
    xorl %ecx, %ecx
2:  movl %eax, boot_pml2(, %ecx, 8)
    addl $0x200000, %eax
    incl %ecx
    cmpl $2048, %ecx
    jb 2b

    movl $0x20, %eax /* PAE */
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x900, %eax /* LME, NXE */
    wrmsr
    movl $0x80010033, %eax /* PG WP NE ET MP PE */
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $SEL_CODE, $start_long

no_long_mode:
    movl $no_long_mode_text, %esi
    movw $0x3f8, %dx
3:  lodsb
    testb %al, %al
    jz 4f
    outb %al, %dx
    jmp 3b
4:  hlt
    jmp 4b

    .code64
start_long:
    movl $SEL_DATA, %eax
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movabsq $start_high, %rax
    jmp *%rax

    .balign 8
    .globl boot_gdt, boot_gdt_pointer, boot_pml4
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* SEL_CODE */
    .quad 0x00cf93000000ffff /* SEL_DATA */
boot_gdt_pointer:
    .short 23
    .long boot_gdt
no_long_mode_text:
    .asciz "scree: this processor lacks long mode or no-execute\r\n"

    .section .boot.bss, "aw", @nobits
    .balign 4096
boot_pml4:
    .skip 4096
boot_pml3:
    .skip 4096
boot_pml2:
    .skip 4 * 4096
    .skip 64
boot_stack_low:

    /* At the link address; EBP, ESI as above. */
    .text
start_high:
    leaq boot_stack_end(%rip), %rsp
    movl %ebp, %edi
    xorl %ebp, %ebp
    call boot_main
    ud2

    /* void boot_jump(unsigned cpu, uint64_t stack): cpu_main() on it. */
    .globl boot_jump
boot_jump:
    movq %rsi, %rsp
    xorl %ebp, %ebp
    call cpu_main
    ud2

    .bss
    .balign 4096
    .skip 16384
boot_stack_end:

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad pvh_start

    .section .note.GNU-stack, "", @progbits
