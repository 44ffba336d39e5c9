/* SPDX-License-Identifier: MIT */
/* Interrupt lines: 8259s off, I/O APICs on; machine.h has the rest. */
#ifndef X86_IOAPIC_H
#define X86_IOAPIC_H

void ioapic_init(void);

#endif
