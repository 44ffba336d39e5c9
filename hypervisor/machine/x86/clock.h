/* SPDX-License-Identifier: MIT */
/*
 * Time: machine_clock() from the TSC, deadlines by the APIC timer, both rates
 * measured once against the 8254 or the ACPI timer.
 */
#ifndef X86_CLOCK_H
#define X86_CLOCK_H

#include "machine/machine.h"

/* On the boot CPU, after apic_init(). Time starts. */
void clock_init(void);
/* Fills the clock's part of machine_info. */
void clock_describe(struct machine_info *info);
/* Another CPU's TSC differs: give up the plain TSC for guests. */
void clock_distrust_tsc(void);

/* Reference timers, for clock.c: ticks since timer_start(), modulo the
 * counter's width, and their rate. */
struct reference {
    uint32_t hz;
    uint32_t mask;
    uint32_t (*read)(void);
};
/* The machine's best; panics when there is none. */
struct reference reference_start(void);
void reference_stop(void);

#endif
