/* SPDX-License-Identifier: MIT */
/* Function names of an image; see symbols.h. */
#include "symbols.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MOST 255

static bool section(const struct elf_file *f, unsigned index, Elf64_Shdr *out)
{
    if (index >= f->header.e_shnum)
        return false;
    memcpy(out, f->bytes + f->header.e_shoff + index * sizeof(*out),
           sizeof(*out));
    return out->sh_type == SHT_NOBITS ||
           elf_range(f, out->sh_offset, out->sh_size);
}

/* Finds .symtab and its strings; *found says whether there is one. */
static bool find_table(const struct elf_file *f, Elf64_Shdr *table,
                       Elf64_Shdr *strings, bool *found)
{
    const Elf64_Ehdr *h = &f->header;

    *found = false;
    if (!h->e_shnum)
        return true;
    if (h->e_shentsize != sizeof(Elf64_Shdr) ||
        !elf_range(f, h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr)))
        return false;
    for (unsigned i = 0; i < h->e_shnum; i++) {
        if (!section(f, i, table))
            return false;
        if (table->sh_type != SHT_SYMTAB)
            continue;
        *found = true;
        return table->sh_entsize == sizeof(Elf64_Sym) &&
               section(f, table->sh_link, strings) &&
               strings->sh_type == SHT_STRTAB && strings->sh_size &&
               !f->bytes[strings->sh_offset + strings->sh_size - 1];
    }
    return true;
}

static bool in_code(const struct elf_image *e, uint64_t address)
{
    for (uint32_t i = 0; i < e->segment_count; i++) {
        const struct elf_segment *s = &e->segments[i];
        if ((s->flags & SCREE_SEGMENT_EXEC) && address >= s->address &&
            address - s->address < s->memory_size)
            return true;
    }
    return false;
}

/* Printable and of a sane length: it will stand in a crash report. */
static bool good_name(const char *name)
{
    size_t length = strnlen(name, NAME_MOST + 1);

    for (size_t i = 0; i < length; i++)
        if (name[i] <= ' ' || name[i] > '~')
            return false;
    return length && length <= NAME_MOST;
}

/* A function, or an assembler's label in code. */
static bool wanted(const struct elf_image *e, const Elf64_Sym *s,
                   const char *name)
{
    unsigned type = ELF64_ST_TYPE(s->st_info);

    if (type != STT_FUNC && type != STT_NOTYPE)
        return false;
    return good_name(name) && s->st_shndx != SHN_UNDEF &&
           s->st_shndx != SHN_ABS && in_code(e, s->st_value);
}

/* By address; of several at one address the largest, then by name. */
static int compare(const void *left, const void *right)
{
    const struct elf_symbol *a = left, *b = right;

    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void sort_unique(struct elf_image *e)
{
    uint32_t kept = 0;

    qsort(e->symbols, e->symbol_count, sizeof(*e->symbols), compare);
    for (uint32_t i = 0; i < e->symbol_count; i++) {
        if (kept && e->symbols[kept - 1].address == e->symbols[i].address)
            continue;
        e->symbols[kept++] = e->symbols[i];
    }
    e->symbol_count = kept;
}

bool symbols_read(const struct elf_file *f, struct elf_image *e, struct why *w)
{
    Elf64_Shdr table, strings;
    bool found;
    uint64_t count;

    if (!find_table(f, &table, &strings, &found))
        return why_set(w, "damaged symbol table; link it again, or strip it");
    if (!found)
        return true;
    count = table.sh_size / sizeof(Elf64_Sym);
    if (count > ELF_SYMBOLS_MAX)
        return why_set(w, "more than %d symbols; strip some", ELF_SYMBOLS_MAX);
    e->symbols = must_alloc(count, sizeof(*e->symbols));
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Sym s;
        const char *name = (const char *)f->bytes + strings.sh_offset;
        memcpy(&s, f->bytes + table.sh_offset + i * sizeof(s), sizeof(s));
        if (s.st_name >= strings.sh_size)
            return why_set(w, "damaged symbol table; link it again, or strip "
                              "it");
        name += s.st_name;
        if (wanted(e, &s, name))
            e->symbols[e->symbol_count++] =
                (struct elf_symbol){.address = s.st_value,
                                    .size = (uint32_t)s.st_size,
                                    .name = name};
    }
    sort_unique(e);
    return true;
}
