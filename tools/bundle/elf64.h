/* SPDX-License-Identifier: MIT */
/*
 * A flat guest image, read from a static ELF64 file in memory. Everything in
 * the file is distrusted: each offset and size is checked before it is used,
 * without sums that can wrap. What passes here is what the bundle promises to
 * the hypervisor: whole pages, ascending, never writable and executable.
 */
#ifndef BUNDLE_ELF64_H
#define BUNDLE_ELF64_H

#include <stddef.h>
#include <stdint.h>

#include "scree/bundle.h"
#include "scree/note.h"
#include "why.h"

#define ELF_BYTES_MAX   (64u << 20)
#define ELF_SYMBOLS_MAX 65536

struct elf_segment {
    uint64_t address; /* page aligned */
    uint64_t memory_size;
    uint64_t file_size; /* of the contents: lead zeros, then bytes */
    uint64_t lead;      /* zero bytes before them */
    const uint8_t *bytes;
    uint32_t flags; /* SCREE_SEGMENT_* */
};

struct elf_symbol {
    uint64_t address;
    uint32_t size;
    const char *name; /* within the file */
};

/* Points into the file's bytes, which must outlive it. */
struct elf_image {
    uint64_t entry;
    struct scree_note note;
    uint64_t end; /* first byte after the last segment, page aligned */
    uint32_t segment_count;
    uint32_t symbol_count;
    struct elf_segment segments[SCREE_SEGMENTS];
    struct elf_symbol *symbols; /* by address, one for each */
};

/* Reads and checks the image; on failure says why (without the file's name).
 * Either way elf_free(e) is due. */
bool elf_read(struct elf_image *e, const uint8_t *bytes, size_t size,
              struct why *w);
void elf_free(struct elf_image *e);

/* Bytes of RAM that the image needs: segments and stack, and at least what
 * its note says; whole pages. */
uint64_t elf_least_memory(const struct elf_image *e);

#endif
