/* SPDX-License-Identifier: MIT */
/*
 * The stacks of a CPU, each with an unmapped page below: running over one is
 * a double fault with a backtrace, not corruption.
 */
#ifndef X86_STACKS_H
#define X86_STACKS_H

#include "base/types.h"

enum stack_kind {
    STACK_MAIN,  /* cpu_main() and all that it calls */
    STACK_ENTRY, /* what the processor pushes when a guest traps */
    STACK_DB,
    STACK_NMI,
    STACK_DF,
    STACK_MC,
    STACK_GP,
    STACK_KINDS
};

/* One past its last byte; 16-byte aligned. */
uint64_t stack_top(unsigned cpu, enum stack_kind kind);
/* Takes early frames and maps them. Once for each CPU, on the boot CPU. */
void stacks_map(unsigned cpu);

#endif
