/* SPDX-License-Identifier: MIT */
/*
 * memcpy, memmove, memset, memcmp: eight bytes at a time. In assembly so that
 * no compiler turns them into calls to themselves.
 */
    .text

    /* RDI = to, RSI = from, RDX = n; returns to. */
    .globl memcpy
    .balign 16
memcpy:
    movq %rdi, %rax
    movq %rdx, %rcx
    shrq $3, %rcx
    rep movsq
    andl $7, %edx
    jz 1f
    movl %edx, %ecx
    rep movsb
1:  ret

    .globl memmove
memmove:
    movq %rdi, %rcx
    subq %rsi, %rcx
    cmpq %rdx, %rcx
    jae memcpy /* to is not inside [from, from + n) */
    movq %rdi, %rax
    movq %rdx, %rcx
    leaq -1(%rdi, %rdx), %rdi
    leaq -1(%rsi, %rdx), %rsi
    std
    rep movsb
    cld
    ret

    /* RDI = to, ESI = byte, RDX = n; returns to. */
    .globl memset
    .balign 16
memset:
    movq %rdi, %r8
    movzbl %sil, %eax
    movabsq $0x0101010101010101, %rcx
    imulq %rcx, %rax
    movq %rdx, %rcx
    shrq $3, %rcx
    rep stosq
    andl $7, %edx
    jz 1f
    movl %edx, %ecx
    rep stosb
1:  movq %r8, %rax
    ret

    /* RDI = a, RSI = b, RDX = n; <0, 0, >0. */
    .globl memcmp
memcmp:
    xorl %eax, %eax
    xorl %ecx, %ecx
1:  cmpq %rdx, %rcx
    jae 2f
    movzbl (%rdi, %rcx), %eax
    movzbl (%rsi, %rcx), %r8d
    incq %rcx
    subl %r8d, %eax
    jz 1b
2:  ret

    .section .note.GNU-stack, "", @progbits
