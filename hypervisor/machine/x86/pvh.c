/* SPDX-License-Identifier: MIT */
/*
 * PVH start information (xen/arch-x86/hvm/start_info.h): memory map, the one
 * module, command line, RSDP.
 */
#include "machine/x86/boot.h"

#include "scree/xen.h"

#include <xen/arch-x86/hvm/start_info.h>

#include "machine/machine.h"

void pvh_read(uint32_t info)
{
    const struct hvm_start_info *s = boot_bytes(info);
    const struct hvm_memmap_table_entry *map;
    const struct hvm_modlist_entry *module;

    if (s->magic != XEN_HVM_START_MAGIC_VALUE || s->version < 1 ||
        s->memmap_entries == 0)
        panic("PVH start information without a memory map");
    map = boot_bytes(s->memmap_paddr);
    for (uint32_t i = 0; map && i < s->memmap_entries; i++)
        if (map[i].type == XEN_HVM_MEMMAP_TYPE_RAM)
            boot_add_ram(map[i].addr, map[i].size);
    module = boot_bytes(s->modlist_paddr);
    if (s->nr_modules > 0 && module) {
        boot_facts.module = module->paddr;
        boot_facts.module_size = module->size;
    }
    if (s->cmdline_paddr)
        boot_set_cmdline(boot_bytes(s->cmdline_paddr));
    if (s->rsdp_paddr)
        boot_facts.rsdp = boot_bytes(s->rsdp_paddr);
}
