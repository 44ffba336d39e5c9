/* SPDX-License-Identifier: MIT */
/*
 * The least that a handler can do, so that figures show the hypervisor's part.
 * rsp = struct scree_frame on entry.
 */
#include "scree/layout.h"

        .text
        .globl  bench_upcall_entry
/* Clears the pending flags of word 0 and counts. */
bench_upcall_entry:
        movb    $0, SCREE_SHARED_PAGE           /* evtchn_upcall_pending */
        movq    $0, SCREE_SHARED_PAGE + 8       /* evtchn_pending_sel */
        movq    $0, SCREE_SHARED_PAGE + 2048    /* evtchn_pending[0] */
        incq    bench_upcalls(%rip)
        jmp     SCREE_RETURN

        .globl  bench_fault_entry
/* Steps over a ud2. */
bench_fault_entry:
        addq    $2, (%rsp)
        jmp     SCREE_RETURN_KEEP

        .bss
        .balign 8
        .globl  bench_upcalls
bench_upcalls: .skip 8
        .section .note.GNU-stack, "", @progbits
