/* SPDX-License-Identifier: MIT */
/*
 * Start of day. On entry rsp = info.memory_end, events are masked and every
 * other register is as docs/abi.md says. Calls pebble_start(), which does not
 * return. rbp = 0 ends backtraces.
 */
        .section .text.start, "ax", @progbits
        .globl _start
        .type _start, @function
_start:
        xor     %ebp, %ebp
        and     $-16, %rsp
        call    pebble_start
        ud2
        .size _start, . - _start

        .section .note.GNU-stack, "", @progbits
