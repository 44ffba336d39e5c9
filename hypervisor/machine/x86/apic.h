/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of this CPU (xAPIC registers).
 */
#ifndef X86_APIC_H
#define X86_APIC_H

#include "base/types.h"

#define APIC_ADDRESS 0xfee00000ull

/* Maps the registers; on the boot CPU, once. */
void apic_map(void);
/* Enables this CPU's; its timer is one-shot and stopped. */
void apic_init(void);
uint32_t apic_id(void);
/* No effect for vectors that want none (faults, 8259, spurious). */
void apic_end_of_interrupt(uint32_t vector);
/* Starts the one-shot timer; 0 stops it. */
void apic_timer_set(uint32_t ticks);
uint32_t apic_timer_left(void);
void apic_send(uint32_t id, uint32_t command);
void apic_stop_others(void);

#define APIC_FIXED   0x4000u /* | vector */
#define APIC_INIT    0x4500u
#define APIC_STARTUP 0x4600u /* | page */

#endif
