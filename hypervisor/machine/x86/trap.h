/* SPDX-License-Identifier: MIT */
/*
 * Traps that end the cell: our own bugs and the machine's failures.
 */
#ifndef X86_TRAP_H
#define X86_TRAP_H

#include "machine/machine.h"

/* An NMI: another CPU stops the cell, or somebody asks where we are. `r` are
 * the interrupted guest's registers. */
__attribute__((noreturn)) void trap_nmi(const struct machine_regs *r);
/* #MC, or #DF while in a guest. */
__attribute__((noreturn)) void trap_machine_check(uint32_t vector);

#endif
