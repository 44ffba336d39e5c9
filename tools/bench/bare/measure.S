/* SPDX-License-Identifier: MIT */
/*
 * The floor of the hypercall figures: what SYSCALL and SYSRET cost on this
 * machine with nothing around them. A PVH kernel of its own: 32-bit entry,
 * identity map of the first GiB (user accessible), then bare_main() in C.
 *
 * measure(handler): drops to CPL 3, which calls `syscall` in a loop; the
 * handler counts down r15 and leaves after the last. Returns TSC ticks.
 */
        .section .note.pvh, "a", @note
        .long   4, 4, 18                /* XEN_ELFNOTE_PHYS32_ENTRY */
        .asciz  "Xen"
        .long   start

        .text
        .code32
        .globl  start
start:
        cli
        mov     $stack_top, %esp
        movl    $pdpt + 7, pml4
        movl    $0x87, pdpt             /* 1 GiB page: P W U PS */
        mov     $pml4, %eax
        mov     %eax, %cr3
        mov     %cr4, %eax
        or      $0x620, %eax            /* PAE OSFXSR OSXMMEXCPT */
        mov     %eax, %cr4
        mov     $0xc0000080, %ecx
        rdmsr
        or      $0x101, %eax            /* EFER: SCE LME */
        wrmsr
        mov     %cr0, %eax
        or      $0x80000000, %eax
        mov     %eax, %cr0
        lgdt    gdt_pointer
        ljmp    $8, $1f
        .code64
1:      mov     $16, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $0xc0000081, %ecx       /* STAR */
        xor     %eax, %eax
        mov     $0x00100008, %edx       /* user base 0x10, kernel 0x08 */
        wrmsr
        mov     $0xc0000084, %ecx       /* SFMASK */
        mov     $0x200, %eax
        xor     %edx, %edx
        wrmsr
        call    bare_main
2:      hlt
        jmp     2b

/* uint64_t measure(void (*handler)(void), uint64_t count) */
        .globl  measure
measure:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     $0xc0000082, %ecx       /* LSTAR */
        mov     %rdi, %rax
        mov     %rdi, %rdx
        shr     $32, %rdx
        wrmsr
        mov     %rsi, %r15
        mov     %rsp, kernel_rsp
        rdtsc
        shl     $32, %rdx
        or      %rdx, %rax
        mov     %rax, %r14
        mov     $user_loop, %ecx
        mov     $2, %r11d
        sysretq
done:
        mov     kernel_rsp, %rsp
        rdtsc
        shl     $32, %rdx
        or      %rdx, %rax
        sub     %r14, %rax
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret

user_loop:
        syscall
        jmp     user_loop

        .globl  handler_empty
handler_empty:
        dec     %r15
        jz      done
        sysretq

        .globl  handler_full
handler_full:
        swapgs
        mov     %rsp, user_rsp
        mov     kernel_rsp, %rsp
        push    %rax
        push    %rcx
        push    %rdx
        push    %rbx
        push    %rbp
        push    %rsi
        push    %rdi
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rdi
        pop     %rsi
        pop     %rbp
        pop     %rbx
        pop     %rdx
        pop     %rcx
        pop     %rax
        mov     user_rsp, %rsp
        swapgs
        dec     %r15
        jz      done
        sysretq

        .data
        .balign 8
gdt:    .quad   0
        .quad   0x00af9b000000ffff      /* 08 kernel code */
        .quad   0x00cf93000000ffff      /* 10 kernel data, user base */
        .quad   0x00cff3000000ffff      /* 18 user data */
        .quad   0x00affb000000ffff      /* 20 user code */
gdt_pointer:
        .word   . - gdt - 1
        .long   gdt
        .bss
        .balign 4096
pml4:   .skip   4096
pdpt:   .skip   4096
        .skip   4096
stack_top:
kernel_rsp: .skip 8
user_rsp:   .skip 8
        .section .note.GNU-stack, "", @progbits
