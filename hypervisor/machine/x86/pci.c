/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space: memory-mapped where ACPI tells of it (mapped on
 * first use, it is large), else ports 0xcf8 and 0xcfc, which reach the first
 * 256 bytes. A machine without PCI reads all ones.
 */
#include "machine/machine.h"

#include "machine/x86/acpi.h"
#include "machine/x86/asm.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc
#define ENABLE       0x80000000u
#define FUNCTION     4096u /* bytes of memory-mapped space */

static uint32_t busy;
static volatile uint8_t *mapped;
static bool map_tried;

static void take(void)
{
    while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        machine_relax();
}

static void drop(void)
{
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

static bool ports_work(void)
{
    out_l(PORT_ADDRESS, ENABLE);
    return in_l(PORT_ADDRESS) == ENABLE;
}

/* Lock held. NULL: not there. */
static volatile uint8_t *memory_register(uint32_t bdf, unsigned offset)
{
    uint32_t bus = bdf >> 8;
    uint64_t buses = acpi.pci_last_bus - acpi.pci_first_bus + 1;

    if (!map_tried && acpi.pci_config)
        mapped =
            machine_device_map(maddr(acpi.pci_config), buses * 256 * FUNCTION);
    map_tried = true;
    if (!mapped || bus < acpi.pci_first_bus || bus > acpi.pci_last_bus ||
        offset >= FUNCTION)
        return NULL;
    return mapped + (bdf - (acpi.pci_first_bus << 8)) * FUNCTION + offset;
}

static bool by_ports(uint32_t bdf, unsigned offset)
{
    if (offset >= 256 || bdf > 0xffff || !ports_work())
        return false;
    out_l(PORT_ADDRESS, ENABLE | bdf << 8 | (offset & 0xfc));
    return true;
}

static uint32_t port_read(unsigned offset, unsigned width)
{
    uint16_t port = (uint16_t)(PORT_DATA + (offset & 3));

    return width == 1 ? in_b(port) : width == 2 ? in_w(port) : in_l(port);
}

static void port_write(unsigned offset, unsigned width, uint32_t value)
{
    uint16_t port = (uint16_t)(PORT_DATA + (offset & 3));

    if (width == 1)
        out_b(port, (uint8_t)value);
    else if (width == 2)
        out_w(port, (uint16_t)value);
    else
        out_l(port, value);
}

uint32_t machine_pci_read(uint32_t bdf, unsigned offset, unsigned width)
{
    uint32_t value = UINT32_MAX >> (32 - 8 * width);
    volatile uint8_t *reg;

    take();
    if (by_ports(bdf, offset)) {
        value = port_read(offset, width);
    } else {
        reg = memory_register(bdf, offset);
        if (reg)
            value = (uint32_t)machine_device_read(reg, width);
    }
    drop();
    return value;
}

void machine_pci_write(uint32_t bdf, unsigned offset, unsigned width,
                       uint32_t value)
{
    volatile uint8_t *reg;

    take();
    if (by_ports(bdf, offset)) {
        port_write(offset, width, value);
    } else {
        reg = memory_register(bdf, offset);
        if (reg)
            machine_device_write(reg, width, value);
    }
    drop();
}
