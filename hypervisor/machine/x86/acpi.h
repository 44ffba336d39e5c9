/* SPDX-License-Identifier: MIT */
/*
 * What we take from ACPI's fixed tables: CPUs and interrupt controllers
 * (MADT), PCI's memory-mapped configuration (MCFG), power and timer (FADT).
 */
#ifndef X86_ACPI_H
#define X86_ACPI_H

#include "machine/machine.h"

#define ACPI_IOAPICS   8
#define ACPI_OVERRIDES 24

struct acpi_ioapic {
    uint64_t address;
    uint32_t first_gsi;
};

/* An ISA line that is not gsi = irq, edge, high. */
struct acpi_override {
    uint32_t irq, gsi;
    bool level, low;
};

struct acpi {
    uint32_t cpus[MACHINE_CPUS]; /* APIC ids, enabled ones */
    unsigned cpu_count;
    struct acpi_ioapic ioapics[ACPI_IOAPICS];
    unsigned ioapic_count;
    struct acpi_override overrides[ACPI_OVERRIDES];
    unsigned override_count;
    uint64_t pci_config; /* of bus 0, or 0 */
    uint32_t pci_first_bus, pci_last_bus;
    uint16_t pm_timer, pm_control; /* ports, or 0 */
    uint64_t sleep_address;        /* reduced hardware, or 0 */
    volatile void *sleep_control;  /* mapped by boot.c */
};

extern struct acpi acpi;

/* Reads the tables while the boot tables are loaded. Without ACPI everything
 * stays 0. rsdp NULL: looks for it where a BIOS puts it. */
void acpi_read(const void *rsdp);

#endif
