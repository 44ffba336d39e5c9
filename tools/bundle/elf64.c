/* SPDX-License-Identifier: MIT */
/*
 * The ELF64 reader: header, program headers, note; the symbols are in
 * symbols.c. Structures are copied out of the file before they are looked at,
 * since nothing promises their alignment.
 */
#include "elf64.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "scree/layout.h"
#include "symbols.h"

#define PAGE        ((uint64_t)SCREE_PAGE_SIZE)
#define HEADERS_MAX 64
#define LINUX       " (a program for Linux is no image; see docs/porting.md)"
#define STACK_MAX   (1ull << 30)

static uint64_t round_up(uint64_t n, uint64_t unit)
{
    return (n + unit - 1) & ~(unit - 1);
}

bool elf_range(const struct elf_file *f, uint64_t offset, uint64_t size)
{
    return offset <= f->size && size <= f->size - offset;
}

static bool check_header(const struct elf_file *f, struct why *w)
{
    const Elf64_Ehdr *h = &f->header;

    if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        return why_set(w, "not an ELF file");
    if (h->e_ident[EI_CLASS] != ELFCLASS64 ||
        h->e_ident[EI_DATA] != ELFDATA2LSB)
        return why_set(w, "not a 64-bit little-endian ELF file; compile with "
                          "-m64");
    if (h->e_ident[EI_VERSION] != EV_CURRENT || h->e_version != EV_CURRENT)
        return why_set(w, "unknown ELF version");
    if (h->e_machine != EM_X86_64)
        return why_set(w, "made for machine %u, not for x86-64", h->e_machine);
    if (h->e_type == ET_DYN)
        return why_set(w, "position independent or a shared library; link "
                          "with -static -no-pie" LINUX);
    if (h->e_type != ET_EXEC)
        return why_set(w, "not a linked program (type %u); link it first",
                       h->e_type);
    if (h->e_phentsize != sizeof(Elf64_Phdr) || !h->e_phnum ||
        h->e_phnum > HEADERS_MAX ||
        !elf_range(f, h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr)))
        return why_set(w, "damaged program headers");
    return true;
}

/* What must hold of one PT_LOAD, alone. */
static bool check_load(const struct elf_file *f, const Elf64_Phdr *p,
                       struct why *w)
{
    if (p->p_filesz > p->p_memsz || !elf_range(f, p->p_offset, p->p_filesz))
        return why_set(w, "a segment's contents are not in the file; is it "
                          "cut short?");
    if (p->p_vaddr < SCREE_IMAGE_BASE || p->p_vaddr >= SCREE_GUEST_END ||
        p->p_memsz > SCREE_GUEST_END - p->p_vaddr)
        return why_set(w,
                       "segment at 0x%" PRIx64 "+0x%" PRIx64
                       " is outside a guest; link at 0x%x",
                       p->p_vaddr, p->p_memsz, SCREE_IMAGE_BASE);
    if ((p->p_flags & PF_W) && (p->p_flags & PF_X))
        return why_set(w,
                       "segment at 0x%" PRIx64 " is writable and executable; "
                       "separate code from data in the linker script",
                       p->p_vaddr);
    return true;
}

/* Appends a checked PT_LOAD; it must begin on a page of its own. */
static bool add_load(const struct elf_file *f, struct elf_image *e,
                     const Elf64_Phdr *p, struct why *w)
{
    uint64_t lead = p->p_vaddr % PAGE;
    struct elf_segment *s = &e->segments[e->segment_count];

    if (e->segment_count == SCREE_SEGMENTS)
        return why_set(w,
                       "more than %d segments; merge some in the linker "
                       "script",
                       SCREE_SEGMENTS);
    if (p->p_vaddr - lead < e->end)
        return why_set(w,
                       "segment at 0x%" PRIx64 " shares a page with the one "
                       "before or is out of order; align each to 4096",
                       p->p_vaddr);
    *s = (struct elf_segment){.address = p->p_vaddr - lead,
                              .memory_size = p->p_memsz + lead,
                              .bytes = f->bytes + p->p_offset};
    if (p->p_filesz) {
        s->lead = lead;
        s->file_size = p->p_filesz + lead;
    }
    if (p->p_flags & PF_W)
        s->flags |= SCREE_SEGMENT_WRITE;
    if (p->p_flags & PF_X)
        s->flags |= SCREE_SEGMENT_EXEC;
    e->end = round_up(p->p_vaddr + p->p_memsz, PAGE);
    e->segment_count++;
    return true;
}

/* Looks for the note in n bytes at offset, its entries aligned to align. */
static bool find_note(const struct elf_file *f, uint64_t offset, uint64_t n,
                      uint64_t align, struct scree_note *out)
{
    uint64_t at = 0;

    while (n - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr h;
        uint64_t name = at + sizeof(h), desc, next;

        memcpy(&h, f->bytes + offset + at, sizeof(h));
        desc = round_up(name + h.n_namesz, align);
        next = round_up(desc + h.n_descsz, align);
        if (desc + h.n_descsz > n)
            return false;
        if (h.n_type == SCREE_NOTE_TYPE &&
            h.n_namesz == sizeof(SCREE_NOTE_NAME) &&
            h.n_descsz == sizeof(*out) &&
            !memcmp(f->bytes + offset + name, SCREE_NOTE_NAME, h.n_namesz)) {
            memcpy(out, f->bytes + offset + desc, sizeof(*out));
            return true;
        }
        if (next > n)
            return false;
        at = next;
    }
    return false;
}

static bool take_note(const struct elf_file *f, struct elf_image *e,
                      const Elf64_Phdr *p, struct why *w)
{
    struct scree_note n;

    if (!elf_range(f, p->p_offset, p->p_filesz))
        return why_set(w, "a note is not in the file; is it cut short?");
    if (!find_note(f, p->p_offset, p->p_filesz, 4, &n) &&
        !find_note(f, p->p_offset, p->p_filesz, 8, &n))
        return true;
    if (e->note.abi_major)
        return why_set(w, "more than one scree note; use SCREE_IMAGE() once");
    if (n.abi_major != SCREE_ABI_MAJOR || n.abi_minor > SCREE_ABI_MINOR)
        return why_set(w,
                       "built for ABI %" PRIu32 ".%" PRIu32
                       ", this is %d.%d; rebuild it or use a newer scree",
                       n.abi_major, n.abi_minor, SCREE_ABI_MAJOR,
                       SCREE_ABI_MINOR);
    if (n.stack_bytes > STACK_MAX ||
        n.min_memory > SCREE_GUEST_END - SCREE_IMAGE_BASE)
        return why_set(w, "its note asks for more memory than a guest can "
                          "have");
    e->note = n;
    return true;
}

static bool take_program_header(const struct elf_file *f, struct elf_image *e,
                                const Elf64_Phdr *p, struct why *w)
{
    switch (p->p_type) {
    case PT_INTERP:
    case PT_DYNAMIC:
        return why_set(w, "dynamically linked; link with -static "
                          "-no-pie" LINUX);
    case PT_NOTE:
        return take_note(f, e, p, w);
    case PT_LOAD:
        if (!p->p_memsz)
            return true;
        return check_load(f, p, w) && add_load(f, e, p, w);
    default:
        return true;
    }
}

static bool check_image(const struct elf_image *e, struct why *w)
{
    if (!e->note.abi_major)
        return why_set(
            w, "no scree note; write SCREE_IMAGE(memory, stack) in "
               "one source file and keep .note.scree in a PT_NOTE" LINUX);
    for (uint32_t i = 0; i < e->segment_count; i++) {
        const struct elf_segment *s = &e->segments[i];
        if ((s->flags & SCREE_SEGMENT_EXEC) && e->entry >= s->address &&
            e->entry - s->address < s->memory_size)
            return true;
    }
    return why_set(w,
                   "entry 0x%" PRIx64 " is not in an executable segment; name "
                   "it with ENTRY() in the linker script",
                   e->entry);
}

bool elf_read(struct elf_image *e, const uint8_t *bytes, size_t size,
              struct why *w)
{
    struct elf_file f = {.bytes = bytes, .size = size};

    *e = (struct elf_image){0};
    if (size < sizeof(f.header))
        return why_set(w, "not an ELF file");
    memcpy(&f.header, bytes, sizeof(f.header));
    if (!check_header(&f, w))
        return false;
    for (unsigned i = 0; i < f.header.e_phnum; i++) {
        Elf64_Phdr p;
        memcpy(&p, bytes + f.header.e_phoff + i * sizeof(p), sizeof(p));
        if (!take_program_header(&f, e, &p, w))
            return false;
    }
    e->entry = f.header.e_entry;
    return check_image(e, w) && symbols_read(&f, e, w);
}

void elf_free(struct elf_image *e)
{
    free(e->symbols);
    *e = (struct elf_image){0};
}

uint64_t elf_least_memory(const struct elf_image *e)
{
    uint64_t used = e->end - SCREE_IMAGE_BASE;
    uint64_t need = used + round_up(e->note.stack_bytes, PAGE);
    uint64_t asked = round_up(e->note.min_memory, PAGE);

    return need > asked ? need : asked;
}
