/* SPDX-License-Identifier: MIT */
/*
 * The page that every guest has at SCREE_HYPERCALL_PAGE: one stub for each
 * call number, and the two return stubs (scree/upcall.h is the contract).
 *
 * A return stub starts with RSP = struct scree_frame and all other registers
 * as the frame's context wants them. It moves {rflags, rip} to the context's
 * own stack, below its red zone, and points RSP at them; from then on nothing
 * but two pops is left. Only then are events unmasked. Whoever is interrupted
 * after that (from hypercall_return_open on) is shown to the core as if it
 * had returned already (return_stub.c), so that an upcall starts on the
 * resumed context and stacks do not grow. It needs 24 bytes below the frame,
 * which must not overlap the 16 it writes at the context's rsp - 144.
 *
 * When an event waits, or the context wants TF or RF, which popfq would apply
 * too early or not at all, the hypervisor finishes the return: `int`.
 */
#include "machine/x86/layout.h"
#include "scree/layout.h"

#define FRAME_RIP     0
#define FRAME_RFLAGS  8
#define FRAME_RSP     16
#define BELOW         144 /* red zone and the two words */
#define PENDING       SCREE_SHARED_PAGE /* of vcpu_info 0 */
#define MASK          (SCREE_SHARED_PAGE + 1)
#define FLAGS_SPECIAL 0x10100 /* RF, TF */

    .section .hypercall_page, "a", @progbits
    .balign 4096
    .globl hypercall_page
hypercall_page:
    .set number, 0
    .rept SCREE_HYPERCALLS
    .balign SCREE_HYPERCALL_STRIDE, 0xcc
    movl $number, %eax
    syscall
    ret
    .set number, number + 1
    .endr

/* Every register final but RSP, which then points at {rflags, rip}. */
.macro RETURN_PREPARE
    pushq %rax
    pushq %rcx
    pushq %rdx
    movq 24 + FRAME_RIP(%rsp), %rcx
    movq 24 + FRAME_RFLAGS(%rsp), %rdx
    movq 24 + FRAME_RSP(%rsp), %rax
    leaq -BELOW(%rax), %rax
    movq %rdx, (%rax)
    movq %rcx, 8(%rax)
    movq %rax, 24 + FRAME_RIP(%rsp)
    popq %rdx
    popq %rcx
    popq %rax
    movq FRAME_RIP(%rsp), %rsp
.endm

    .balign 0x800, 0xcc
    RETURN_PREPARE
    movb $0, MASK
    .globl hypercall_return_open, hypercall_return_popped
    .globl hypercall_return_end
hypercall_return_open:
    cmpb $0, PENDING
    jne 1f
    testl $FLAGS_SPECIAL, (%rsp)
    jne 1f
    popfq
hypercall_return_popped:
    ret $128
1:  int $VECTOR_RETURN
hypercall_return_end:

    .balign 0x400, 0xcc
    RETURN_PREPARE
    .globl hypercall_keep_open, hypercall_keep_popped, hypercall_keep_end
hypercall_keep_open:
    testl $FLAGS_SPECIAL, (%rsp)
    jne 1f
    popfq
hypercall_keep_popped:
    ret $128
1:  int $VECTOR_RETURN
hypercall_keep_end:

    .balign 4096, 0xcc

    .section .note.GNU-stack, "", @progbits
