/* SPDX-License-Identifier: MIT */
/*
 * Multiboot2 information: the same facts as PVH's, as a list of tags, each
 * {type, size} and aligned to 8 bytes.
 */
#include "machine/x86/boot.h"

#include "machine/machine.h"

enum {
    TAG_END = 0,
    TAG_CMDLINE = 1,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
};

struct tag {
    uint32_t type, size;
};

struct tag_module {
    struct tag tag;
    uint32_t start, end;
};

struct tag_map {
    struct tag tag;
    uint32_t entry_size, entry_version;
};

struct map_entry {
    uint64_t address, size;
    uint32_t type, reserved;
};

static void read_map(const struct tag_map *t)
{
    const char *end = (const char *)t + t->tag.size;
    const char *at = (const char *)(t + 1);

    if (t->entry_size < sizeof(struct map_entry))
        panic("multiboot2: memory map entries of %u bytes", t->entry_size);
    for (; at + t->entry_size <= end; at += t->entry_size) {
        const struct map_entry *e = (const void *)at;

        if (e->type == 1)
            boot_add_ram(e->address, e->size);
    }
}

static void read_module(const struct tag_module *t)
{
    if (boot_facts.module_size)
        return; /* the bundle is the first one */
    boot_facts.module = t->start;
    boot_facts.module_size = t->end - t->start;
}

static void read_tag(const struct tag *t)
{
    switch (t->type) {
    case TAG_CMDLINE:
        boot_set_cmdline((const char *)(t + 1));
        break;
    case TAG_MODULE:
        read_module((const struct tag_module *)t);
        break;
    case TAG_MEMORY_MAP:
        read_map((const struct tag_map *)t);
        break;
    case TAG_ACPI_OLD:
        if (!boot_facts.rsdp)
            boot_facts.rsdp = t + 1;
        break;
    case TAG_ACPI_NEW:
        boot_facts.rsdp = t + 1;
        break;
    default:
        break;
    }
}

void multiboot2_read(uint32_t info)
{
    const char *start = boot_bytes(info);
    uint32_t total = *(const uint32_t *)(const void *)start;
    uint32_t at = 8;

    while (at + sizeof(struct tag) <= total) {
        const struct tag *t = (const void *)(start + at);

        if (t->type == TAG_END || t->size < sizeof(*t))
            break;
        read_tag(t);
        at += (t->size + 7) & ~7u;
    }
}
