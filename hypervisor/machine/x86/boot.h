/* SPDX-License-Identifier: MIT */
/*
 * What the loader said, copied out of its memory before any of it is reused.
 * Filled by pvh.c or multiboot2.c, read by boot.c and paging.c.
 */
#ifndef X86_BOOT_H
#define X86_BOOT_H

#include "base/types.h"

#define BOOT_RAM_MAX     128
#define BOOT_CMDLINE_MAX 2048

struct boot_ram {
    uint64_t address, size;
};

struct boot_facts {
    struct boot_ram ram[BOOT_RAM_MAX];
    unsigned ram_count;
    uint64_t module, module_size; /* size 0: none */
    char cmdline[BOOT_CMDLINE_MAX];
    const void *rsdp; /* NULL: the loader did not say */
};

extern struct boot_facts boot_facts;

#define BOOT_PVH        0x336ec578u
#define BOOT_MULTIBOOT2 0x36d76289u

/* The loader's bytes, while the boot tables are loaded. NULL beyond them. */
const void *boot_bytes(uint64_t address);
void boot_add_ram(uint64_t address, uint64_t size);
/* Takes the text after the program's name, if the loader gives one. */
void boot_set_cmdline(const char *text);

void pvh_read(uint32_t info);
void multiboot2_read(uint32_t info);

/* True when `name=` is on the command line and its value is `value`. */
bool boot_option_is(const char *name, const char *value);

#endif
