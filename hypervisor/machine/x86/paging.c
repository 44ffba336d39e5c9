/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own tables. W^X everywhere: text is r-x at its link address
 * and read-only, no-execute in the direct map; everything else no-execute.
 */
#include "machine/x86/paging.h"

#include "base/string.h"
#include "machine/x86/asm.h"
#include "machine/x86/boot.h"
#include "machine/x86/entry.h"
#include "machine/x86/features.h"
#include "machine/x86/layout.h"
#include "machine/x86/percpu.h"
#include "machine/x86/ranges.h"

static uint64_t root_address;

void *machine_frame(mfn_t frame)
{
    /* a sum of pointers is never NULL, as the compiler knows */
    return (char *)DIRECT_BASE + (frame.n << PAGE_SHIFT);
}

static uint64_t *table_at(uint64_t entry)
{
    return machine_frame(maddr_mfn(maddr(entry & PTE_ADDRESS)));
}

static unsigned index_of(uint64_t va, unsigned level)
{
    return (unsigned)(va >> (PAGE_SHIFT + 9 * level)) & 511;
}

static uint64_t *step_down(uint64_t *table, unsigned index)
{
    if (!(table[index] & PTE_PRESENT))
        table[index] = mfn_maddr(ranges_take()).a | PTE_PRESENT | PTE_WRITE;
    ASSERT(!(table[index] & PTE_LARGE));
    return table_at(table[index]);
}

void paging_map(uint64_t va, maddr_t a, uint64_t page, unsigned flags)
{
    unsigned leaf = page == PAGE_1G ? 2 : page == PAGE_2M ? 1 : 0;
    uint64_t *table = table_at(root_address);
    uint64_t entry = a.a | PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | PTE_GLOBAL;

    for (unsigned level = 3; level > leaf; level--)
        table = step_down(table, index_of(va, level));
    entry |= leaf ? PTE_LARGE : 0;
    entry |= flags & PAGING_WRITE ? PTE_WRITE : 0;
    entry |= flags & PAGING_EXECUTE ? 0 : PTE_NX;
    table[index_of(va, leaf)] = entry;
}

static uint64_t image_address(const uint8_t *mark)
{
    return (uint64_t)(uintptr_t)mark - IMAGE_BASE;
}

static void map_image(void)
{
    uint64_t text = image_address(image_text);
    uint64_t rodata = image_address(image_rodata);
    uint64_t data = image_address(image_data);

    for (uint64_t a = text; a < image_address(image_limit); a += PAGE_SIZE)
        paging_map(IMAGE_BASE + a, maddr(a), PAGE_SIZE,
                   a < rodata ? PAGING_EXECUTE
                   : a < data ? 0
                              : PAGING_WRITE);
}

/* Text and read-only data have no writable alias. */
static unsigned direct_flags(uint64_t a)
{
    return a >= image_address(image_text) && a < image_address(image_data)
               ? 0
               : PAGING_WRITE;
}

static bool fits(uint64_t a, uint64_t end, uint64_t page)
{
    return a % page == 0 && end - a >= page &&
           (a >= image_address(image_limit) || a + page <= IMAGE_PHYSICAL);
}

static void map_direct(uint64_t a, uint64_t size)
{
    uint64_t end = (a + size) & ~(uint64_t)PAGE_MASK;
    uint64_t page;

    end = min_u64(end, DIRECT_END - DIRECT_BASE);
    for (a = pages(a) << PAGE_SHIFT; a < end; a += page) {
        page = features.gib_pages && fits(a, end, PAGE_1G) ? PAGE_1G
               : fits(a, end, PAGE_2M)                     ? PAGE_2M
                                                           : PAGE_SIZE;
        paging_map(DIRECT_BASE + a, maddr(a), page, direct_flags(a));
    }
}

void paging_init(void)
{
    uint64_t *root;

    root_address = mfn_maddr(ranges_take()).a;
    root = table_at(root_address);
    map_image();
    for (unsigned i = 0; i < boot_facts.ram_count; i++)
        map_direct(boot_facts.ram[i].address, boot_facts.ram[i].size);
    /* Every slot that is ever used exists before spaces copy it. */
    step_down(root, SLOT_DEVICE);
    step_down(root, SLOT_STACK);
    paging_load();
}

uint64_t *paging_slot(unsigned slot)
{
    return step_down(table_at(root_address), slot);
}

uint64_t paging_root(void)
{
    return root_address;
}

void paging_share(uint64_t *root)
{
    const uint64_t *own = table_at(root_address);

    memset(root, 0, PAGE_SIZE);
    for (unsigned i = SLOT_FIRST; i < SLOT_END; i++)
        root[i] = own[i];
}

void paging_load(void)
{
    this_cpu()->root = root_address;
    write_cr3(root_address);
}
