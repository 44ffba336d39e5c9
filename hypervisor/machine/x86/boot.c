/* SPDX-License-Identifier: MIT */
/*
 * From the loader to cpu_main(): a readable list. Runs on the boot CPU, first
 * on the boot tables, then on our own.
 */
#include "machine/x86/boot.h"

#include "base/string.h"
#include "machine/machine.h"
#include "machine/x86/acpi.h"
#include "machine/x86/apic.h"
#include "machine/x86/clock.h"
#include "machine/x86/descriptors.h"
#include "machine/x86/device.h"
#include "machine/x86/entry.h"
#include "machine/x86/features.h"
#include "machine/x86/ioapic.h"
#include "machine/x86/layout.h"
#include "machine/x86/paging.h"
#include "machine/x86/percpu.h"
#include "machine/x86/ranges.h"
#include "machine/x86/rtc.h"
#include "machine/x86/smp.h"
#include "machine/x86/speculation.h"
#include "machine/x86/stacks.h"
#include "machine/x86/uart.h"

#define LOW_MEMORY 0x100000 /* below: firmware's, and the trampoline */

struct boot_facts boot_facts;
static struct machine_info info;

const struct machine_info *machine_info(void)
{
    return &info;
}

const void *boot_bytes(uint64_t address)
{
    if (address >= BOOT_MAPPED)
        return NULL;
    return (const void *)(uintptr_t)(DIRECT_BASE + address);
}

void boot_add_ram(uint64_t address, uint64_t size)
{
    struct boot_ram *r = &boot_facts.ram[boot_facts.ram_count];

    if (boot_facts.ram_count == BOOT_RAM_MAX || size > UINT64_MAX - address)
        return;
    *r = (struct boot_ram){address, size};
    boot_facts.ram_count++;
}

void boot_set_cmdline(const char *text)
{
    string_copy(boot_facts.cmdline, sizeof(boot_facts.cmdline), text);
}

/* The loader's map without what is in use. */
static void find_ram(void)
{
    uint64_t image = (uint64_t)(uintptr_t)image_limit - IMAGE_BASE;

    for (unsigned i = 0; i < boot_facts.ram_count; i++)
        ranges_add(boot_facts.ram[i].address, boot_facts.ram[i].size);
    ranges_remove(0, LOW_MEMORY);
    ranges_remove(IMAGE_PHYSICAL, image - IMAGE_PHYSICAL);
    if (boot_facts.module_size)
        ranges_remove(boot_facts.module, boot_facts.module_size);
}

static void fill_info(unsigned cpus)
{
    uint64_t seconds = rtc_read();

    info.ram_count = ranges_export(info.ram);
    if (boot_facts.module_size) {
        info.module.first = maddr_mfn(maddr(boot_facts.module));
        info.module.count = pages(boot_facts.module_size);
        info.module_size = boot_facts.module_size;
    }
    info.cmdline = boot_facts.cmdline;
    info.cpus = cpus;
    if (seconds)
        info.wall_clock_ns = seconds * 1000000000ull - machine_clock();
    clock_describe(&info);
    info.hypercall_page =
        maddr_mfn(maddr((uint64_t)(uintptr_t)hypercall_page - IMAGE_BASE));
}

static void read_facts(uint32_t magic, uint32_t address)
{
    if (magic == BOOT_PVH)
        pvh_read(address);
    else if (magic == BOOT_MULTIBOOT2)
        multiboot2_read(address);
    else
        panic("unknown loader, magic %x", magic);
    if (boot_facts.module & PAGE_MASK)
        panic("the boot module is not page aligned");
    acpi_read(boot_facts.rsdp);
}

void boot_main(uint32_t magic, uint32_t address)
{
    unsigned cpus;

    percpu_init(0);
    uart_init();
    features_find();
    descriptors_init(true);
    read_facts(magic, address);
    find_ram();
    features_enable();
    paging_init();
    device_init();
    stacks_map(0);
    descriptors_init(false);
    if (acpi.sleep_address)
        acpi.sleep_control = machine_device_map(maddr(acpi.sleep_address), 1);
    speculation_init();
    apic_map();
    apic_init();
    ioapic_init();
    clock_init();
    cpus = smp_boot();
    fill_info(cpus);
    uart_enable_interrupt();
    boot_jump(0, stack_top(0, STACK_MAIN));
}
