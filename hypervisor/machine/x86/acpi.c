/* SPDX-License-Identifier: MIT */
/*
 * ACPI fixed tables (ACPI 6.4, chapter 5). Tables with a bad checksum are
 * skipped; nothing is interpreted.
 */
#include "machine/x86/acpi.h"

#include "base/string.h"
#include "machine/x86/boot.h"

struct rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t rest[4];
} __attribute__((packed));

struct table {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char rest[26];
} __attribute__((packed));

_Static_assert(sizeof(struct rsdp) == 36, "rsdp");
_Static_assert(sizeof(struct table) == 36, "table");

struct acpi acpi;

static bool sums_to_zero(const void *bytes, size_t n)
{
    const uint8_t *b = bytes;
    uint8_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum = (uint8_t)(sum + b[i]);
    return sum == 0;
}

static uint64_t field(const void *at, unsigned offset, unsigned width)
{
    uint64_t v = 0;

    memcpy(&v, (const char *)at + offset, width);
    return v;
}

static void add_override(const uint8_t *e)
{
    struct acpi_override *o = &acpi.overrides[acpi.override_count];
    uint32_t flags = (uint32_t)field(e, 8, 2);

    if (acpi.override_count == ACPI_OVERRIDES)
        return;
    acpi.override_count++;
    o->irq = e[3];
    o->gsi = (uint32_t)field(e, 4, 4);
    o->low = (flags & 3) == 3;
    o->level = (flags >> 2 & 3) == 3;
}

static void read_madt_entry(const uint8_t *e)
{
    if (e[0] == 0 && e[1] >= 8 && e[4] & 1 && acpi.cpu_count < MACHINE_CPUS)
        acpi.cpus[acpi.cpu_count++] = e[3];
    if (e[0] == 1 && e[1] >= 12 && acpi.ioapic_count < ACPI_IOAPICS)
        acpi.ioapics[acpi.ioapic_count++] =
            (struct acpi_ioapic){field(e, 4, 4), (uint32_t)field(e, 8, 4)};
    if (e[0] == 2 && e[1] >= 10)
        add_override(e);
}

static void read_madt(const struct table *t)
{
    const uint8_t *at = (const uint8_t *)t + 44;
    const uint8_t *end = (const uint8_t *)t + t->length;

    for (; at + 2 <= end && at[1] >= 2 && at + at[1] <= end; at += at[1])
        read_madt_entry(at);
}

static void read_mcfg(const struct table *t)
{
    if (t->length < 60 || field(t, 52, 2) != 0)
        return; /* segment 0 only, the first entry */
    acpi.pci_config = field(t, 44, 8);
    acpi.pci_first_bus = (uint32_t)field(t, 54, 1);
    acpi.pci_last_bus = (uint32_t)field(t, 55, 1);
}

static void read_fadt(const struct table *t)
{
    if (t->length >= 80) {
        acpi.pm_control = (uint16_t)field(t, 64, 4);
        acpi.pm_timer = (uint16_t)field(t, 76, 4);
    }
    /* sleep control register, in memory space */
    if (t->length >= 256 && field(t, 244, 1) == 0)
        acpi.sleep_address = field(t, 248, 8);
}

static void read_table(const struct table *t)
{
    if (!t || t->length < sizeof(*t) || !sums_to_zero(t, t->length))
        return;
    if (memcmp(t->signature, "APIC", 4) == 0)
        read_madt(t);
    else if (memcmp(t->signature, "MCFG", 4) == 0)
        read_mcfg(t);
    else if (memcmp(t->signature, "FACP", 4) == 0)
        read_fadt(t);
}

static void read_all(const struct table *list, unsigned width)
{
    if (!list || !sums_to_zero(list, list->length))
        return;
    for (unsigned at = sizeof(*list); at + width <= list->length; at += width)
        read_table(boot_bytes(field(list, at, width)));
}

static const struct rsdp *search(uint64_t from, uint64_t to)
{
    for (; from < to; from += 16) {
        const struct rsdp *r = boot_bytes(from);

        if (memcmp(r->signature, "RSD PTR ", 8) == 0 && sums_to_zero(r, 20))
            return r;
    }
    return NULL;
}

void acpi_read(const void *rsdp)
{
    const struct rsdp *r = rsdp;

    if (!r)
        r = search(0xe0000, 0x100000);
    if (!r)
        return;
    if (r->revision >= 2 && r->xsdt)
        read_all(boot_bytes(r->xsdt), 8);
    else
        read_all(boot_bytes(r->rsdt), 4);
}
