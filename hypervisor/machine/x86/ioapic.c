/* SPDX-License-Identifier: MIT */
/*
 * I/O APICs: every line masked until machine_irq_line() routes it. ISA lines
 * (below 16) are edge, high, unless ACPI says otherwise; others are level,
 * high, as QEMU wires PCI and virtio-mmio lines.
 */
#include "machine/x86/ioapic.h"

#include "scree/xen.h"

#include "machine/machine.h"
#include "machine/x86/acpi.h"
#include "machine/x86/asm.h"
#include "machine/x86/layout.h"
#include "machine/x86/percpu.h"
#include "machine/x86/uart.h"

#define PIC1_COMMAND    0x20
#define PIC1_DATA       0x21
#define PIC2_COMMAND    0xa0
#define PIC2_DATA       0xa1

#define DEFAULT_ADDRESS 0xfec00000
#define REG_VERSION     1
#define REG_LINE        0x10 /* + 2 * line */
#define LINE_MASKED     0x10000u
#define LINE_LEVEL      0x8000u
#define LINE_LOW        0x2000u
#define ISA_LINES       16u

struct ioapic {
    volatile uint32_t *registers;
    uint32_t first, count;
};

static struct ioapic ioapics[ACPI_IOAPICS];
static uint32_t busy;

static uint32_t get(const struct ioapic *io, uint32_t reg)
{
    io->registers[0] = reg;
    return io->registers[4];
}

static void set(const struct ioapic *io, uint32_t reg, uint32_t value)
{
    io->registers[0] = reg;
    io->registers[4] = value;
}

/* Remapped, so that a spurious one looks like nothing else, and masked. */
static void pic_off(void)
{
    out_b(PIC1_COMMAND, 0x11);
    out_b(PIC2_COMMAND, 0x11);
    out_b(PIC1_DATA, VECTOR_IRQ);
    out_b(PIC2_DATA, VECTOR_IRQ + 8);
    out_b(PIC1_DATA, 4);
    out_b(PIC2_DATA, 2);
    out_b(PIC1_DATA, 1);
    out_b(PIC2_DATA, 1);
    out_b(PIC1_DATA, 0xff);
    out_b(PIC2_DATA, 0xff);
}

static void start(struct ioapic *io, const struct acpi_ioapic *found)
{
    uint32_t version;

    io->registers = machine_device_map(maddr(found->address), 0x20);
    if (!io->registers)
        return;
    version = get(io, REG_VERSION);
    io->first = found->first_gsi;
    io->count = version == UINT32_MAX ? 0 : (version >> 16 & 0xff) + 1;
    for (uint32_t line = 0; line < io->count; line++)
        set(io, REG_LINE + 2 * line, LINE_MASKED);
}

void ioapic_init(void)
{
    pic_off();
    if (acpi.ioapic_count == 0) /* no ACPI: where a PC has its first one */
        acpi.ioapics[acpi.ioapic_count++].address = DEFAULT_ADDRESS;
    for (unsigned i = 0; i < acpi.ioapic_count; i++)
        start(&ioapics[i], &acpi.ioapics[i]);
}

/* Where the line goes and how: an ISA number is mapped by the overrides. */
static uint32_t line_mode(unsigned *gsi)
{
    for (unsigned i = 0; i < acpi.override_count; i++) {
        const struct acpi_override *o = &acpi.overrides[i];

        if (o->irq != *gsi)
            continue;
        *gsi = o->gsi;
        return (o->level ? LINE_LEVEL : 0) | (o->low ? LINE_LOW : 0);
    }
    return *gsi < ISA_LINES ? 0 : LINE_LEVEL;
}

static void route(const struct ioapic *io, uint32_t line, uint32_t mode,
                  unsigned cpu)
{
    while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        machine_relax();
    set(io, REG_LINE + 2 * line + 1, percpus[cpu].apic_id << 24);
    set(io, REG_LINE + 2 * line, mode);
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

int machine_irq_line(unsigned gsi, unsigned cpu)
{
    uint32_t vector = gsi == UART_GSI ? VECTOR_CONSOLE : VECTOR_DEVICE;
    uint32_t mode = line_mode(&gsi) | vector;

    for (unsigned i = 0; i < acpi.ioapic_count; i++) {
        const struct ioapic *io = &ioapics[i];

        if (io->registers && gsi >= io->first && gsi - io->first < io->count) {
            route(io, gsi - io->first, mode, cpu);
            return 0;
        }
    }
    return -XEN_ENODEV;
}
