/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space: see pci.h.
 */
#include "io/pci.h"

#include "machine/machine.h"
#include "scree/xen.h"

#define REG_IDENTITY     0x00
#define REG_COMMAND      0x04
#define REG_STATUS       0x06
#define REG_HEADER       0x0e
#define REG_BAR          0x10
#define REG_BUS          0x19 /* of a bridge: the bus behind it */
#define REG_CAPABILITIES 0x34

#define COMMAND_MEMORY   0x0002u
#define COMMAND_MASTER   0x0004u
#define COMMAND_NO_INTX  0x0400u
#define STATUS_CAPS      0x0010u
#define HEADER_MULTI     0x80u
#define HEADER_BRIDGE    1u
#define BARS             6u
#define BAR_IO           1u
#define BAR_TYPE         6u
#define BAR_64           4u
#define CAPABILITIES_MAX 48 /* more do not fit: then it is a loop */

#define MSIX_ENABLE      0x8000u
#define MSIX_MASK_ALL    0x4000u

static uint32_t get(uint32_t bdf, unsigned at, unsigned width)
{
    return machine_pci_read(bdf, at, width);
}

uint32_t pci_identity(uint32_t bdf)
{
    return get(bdf, REG_IDENTITY, 4);
}

void pci_walk_begin(struct pci_walk *w)
{
    *w = (struct pci_walk){.buses = {1}};
}

/* Looks at one function and moves on. True when it exists. */
static bool step(struct pci_walk *w, uint32_t bdf)
{
    bool there = (pci_identity(bdf) & 0xffff) != 0xffff;
    uint32_t header = there ? get(bdf, REG_HEADER, 1) : 0;
    uint32_t behind = get(bdf, REG_BUS, 1);

    if ((header & ~HEADER_MULTI) == HEADER_BRIDGE && behind > bdf >> 8)
        bitmap_set(w->buses, behind);
    /* Functions 1..7 exist only where function 0 says so. */
    w->next = (bdf & 7) == 0 && !(header & HEADER_MULTI) ? bdf + 8 : bdf + 1;
    return there;
}

uint32_t pci_walk_next(struct pci_walk *w)
{
    while (w->next < 256u << 8) {
        uint32_t bdf = w->next;

        if (!bitmap_test(w->buses, bdf >> 8)) {
            w->next =
                (uint32_t)min_u64(bitmap_next(w->buses, 256, bdf >> 8), 256)
                << 8;
            continue;
        }
        if (step(w, bdf))
            return bdf;
    }
    return PCI_NONE;
}

unsigned pci_capability(uint32_t bdf, uint8_t id, unsigned previous)
{
    unsigned at = previous ? previous + 1 : REG_CAPABILITIES;

    if (!(get(bdf, REG_STATUS, 2) & STATUS_CAPS))
        return 0;
    for (unsigned i = 0; i < CAPABILITIES_MAX; i++) {
        at = get(bdf, at, 1) & 0xfcu;
        if (at < 0x40)
            return 0;
        if (get(bdf, at, 1) == id)
            return at;
        at++;
    }
    return 0;
}

bool pci_bar(uint32_t bdf, unsigned bar, maddr_t *a)
{
    uint32_t low;

    if (bar >= BARS)
        return false;
    low = get(bdf, REG_BAR + 4 * bar, 4);
    if (low & BAR_IO)
        return false;
    a->a = low & ~15u;
    if ((low & BAR_TYPE) == BAR_64) {
        if (bar + 1 >= BARS)
            return false;
        a->a |= (uint64_t)get(bdf, REG_BAR + 4 * bar + 4, 4) << 32;
    }
    return a->a != 0;
}

void pci_enable(uint32_t bdf)
{
    machine_pci_write(bdf, REG_COMMAND, 2,
                      get(bdf, REG_COMMAND, 2) | COMMAND_MEMORY |
                          COMMAND_MASTER | COMMAND_NO_INTX);
}

int pci_msix(uint32_t bdf, unsigned cpu)
{
    unsigned cap = pci_capability(bdf, PCI_CAP_MSIX, 0);
    volatile uint8_t *entry;
    uint32_t table, data;
    uint64_t address;
    maddr_t bar;

    if (!cap)
        return -XEN_EOPNOTSUPP;
    table = get(bdf, cap + 4, 4);
    if (!pci_bar(bdf, table & 7, &bar))
        return -XEN_EIO;
    entry = machine_device_map(maddr(bar.a + (table & ~7u)), 16);
    if (!entry)
        return -XEN_ENOMEM;
    machine_msi(cpu, &address, &data);
    machine_device_write(entry, 4, (uint32_t)address);
    machine_device_write(entry + 4, 4, address >> 32);
    machine_device_write(entry + 8, 4, data);
    machine_device_write(entry + 12, 4, 0); /* not masked */
    machine_pci_write(bdf, cap + 2, 2,
                      (get(bdf, cap + 2, 2) | MSIX_ENABLE) & ~MSIX_MASK_ALL);
    return 0;
}
