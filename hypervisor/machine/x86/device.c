/* SPDX-License-Identifier: MIT */
/*
 * Device registers: 4 KiB pages for small ranges, 2 MiB pages for large ones,
 * handed out upwards from DEVICE_BASE and never taken back. The tables are
 * static, so that mapping works after RAM was given away.
 */
#include "machine/x86/device.h"

#include "machine/machine.h"
#include "machine/x86/asm.h"
#include "machine/x86/layout.h"
#include "machine/x86/paging.h"

#define SMALL_TABLES 8u
#define SMALL_PAGES  (SMALL_TABLES * 512u)
#define LARGE_PAGES  (512u - SMALL_TABLES)

/* Slots 0..SMALL_TABLES-1 of `upper` lead to `small`; the others are 2 MiB. */
static uint64_t upper[512] __attribute__((aligned(4096)));
static uint64_t small[SMALL_PAGES] __attribute__((aligned(4096)));
static unsigned small_used, large_used;
static uint32_t busy;

static uint64_t physical(const void *table)
{
    return (uint64_t)(uintptr_t)table - IMAGE_BASE;
}

void device_init(void)
{
    uint64_t *top = paging_slot(SLOT_DEVICE);

    for (unsigned i = 0; i < SMALL_TABLES; i++)
        upper[i] = physical(&small[i * 512]) | PTE_PRESENT | PTE_WRITE;
    top[0] = physical(upper) | PTE_PRESENT | PTE_WRITE;
}

static uint64_t leaf(uint64_t a)
{
    return a | PTE_PRESENT | PTE_WRITE | PTE_UNCACHED | PTE_ACCESSED |
           PTE_DIRTY | PTE_GLOBAL | PTE_NX;
}

static uint64_t map_small(uint64_t first, uint64_t count)
{
    uint64_t va = DEVICE_BASE + (uint64_t)small_used * PAGE_SIZE;

    if (count > SMALL_PAGES - small_used)
        return 0;
    for (uint64_t i = 0; i < count; i++)
        small[small_used++] = leaf(first + i * PAGE_SIZE);
    return va;
}

static uint64_t map_large(uint64_t first, uint64_t count)
{
    uint64_t va = DEVICE_BASE + (SMALL_TABLES + large_used) * PAGE_2M;

    if (count > LARGE_PAGES - large_used)
        return 0;
    for (uint64_t i = 0; i < count; i++, large_used++)
        upper[SMALL_TABLES + large_used] =
            leaf(first + i * PAGE_2M) | PTE_LARGE;
    return va;
}

volatile void *machine_device_map(maddr_t a, uint64_t size)
{
    uint64_t page = size >= PAGE_2M ? PAGE_2M : PAGE_SIZE;
    uint64_t first = a.a & ~(page - 1);
    uint64_t count, va;

    if (size == 0 || size > DEVICE_MAP_MAX)
        return NULL;
    count = (a.a - first + size + page - 1) / page;
    while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        machine_relax();
    va = page == PAGE_2M ? map_large(first, count) : map_small(first, count);
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
    return va ? (volatile void *)(uintptr_t)(va + (a.a - first)) : NULL;
}

uint64_t machine_device_read(const volatile void *reg, unsigned width)
{
    switch (width) {
    case 1:
        return *(const volatile uint8_t *)reg;
    case 2:
        return *(const volatile uint16_t *)reg;
    case 4:
        return *(const volatile uint32_t *)reg;
    default:
        return *(const volatile uint64_t *)reg;
    }
}

void machine_device_write(volatile void *reg, unsigned width, uint64_t value)
{
    switch (width) {
    case 1:
        *(volatile uint8_t *)reg = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)reg = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)reg = (uint32_t)value;
        break;
    default:
        *(volatile uint64_t *)reg = value;
        break;
    }
}
