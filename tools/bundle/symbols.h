/* SPDX-License-Identifier: MIT */
/*
 * The function names of an image, for crash reports: from .symtab, sorted by
 * address, one name for each address. Internal to the ELF reader.
 */
#ifndef BUNDLE_SYMBOLS_H
#define BUNDLE_SYMBOLS_H

#include <elf.h>

#include "elf64.h"

/* A file in memory, with its header copied out. */
struct elf_file {
    const uint8_t *bytes;
    uint64_t size;
    Elf64_Ehdr header;
};

/* Whether [offset, offset + size) lies in the file. */
bool elf_range(const struct elf_file *f, uint64_t offset, uint64_t size);

/* Fills e->symbols; an image without .symtab has none, a damaged one is
 * refused. The segments of e are read already. */
bool symbols_read(const struct elf_file *f, struct elf_image *e, struct why *w);

#endif
