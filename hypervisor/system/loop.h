/* SPDX-License-Identifier: MIT */
/*
 * The event loop of a CPU. One stack, nothing blocks: each pass does what is
 * due, runs a guest until its next exit, and handles the exit.
 */
#ifndef SYSTEM_LOOP_H
#define SYSTEM_LOOP_H

#include "core/cell.h"

/* One pass. For the loop and for tests. */
void cpu_pass(struct cpu *c);
/* The life of a CPU. */
__attribute__((noreturn)) void cpu_loop(struct cpu *c);

#endif
