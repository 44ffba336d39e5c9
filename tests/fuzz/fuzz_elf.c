/* SPDX-License-Identifier: MIT */
/*
 * The bundle tool's ELF reader. What it accepts must keep every promise that
 * the bundle makes to the hypervisor.
 */
#include "elf64.h"
#include "fuzz.h"
#include "scree/layout.h"

static void check_segment(const struct elf_segment *s, uint64_t from,
                          const uint8_t *data, size_t size)
{
    FUZZ_CHECK(s->address % SCREE_PAGE_SIZE == 0 && s->address >= from);
    FUZZ_CHECK(s->memory_size && s->file_size <= s->memory_size);
    FUZZ_CHECK(s->lead <= s->file_size);
    FUZZ_CHECK(s->address < SCREE_GUEST_END &&
               s->memory_size <= SCREE_GUEST_END - s->address);
    FUZZ_CHECK(s->flags != (SCREE_SEGMENT_WRITE | SCREE_SEGMENT_EXEC));
    if (s->file_size > s->lead) {
        FUZZ_CHECK(s->bytes >= data && s->bytes <= data + size);
        FUZZ_CHECK(s->file_size - s->lead <= (size_t)(data + size - s->bytes));
    }
}

static void check(const struct elf_image *e, const uint8_t *data, size_t size)
{
    uint64_t from = SCREE_IMAGE_BASE, last = 0;

    FUZZ_CHECK(e->segment_count && e->segment_count <= SCREE_SEGMENTS);
    for (uint32_t i = 0; i < e->segment_count; i++) {
        const struct elf_segment *s = &e->segments[i];

        check_segment(s, from, data, size);
        from = s->address + s->memory_size;
    }
    FUZZ_CHECK(e->end >= from && e->end % SCREE_PAGE_SIZE == 0);
    FUZZ_CHECK(e->symbol_count <= ELF_SYMBOLS_MAX);
    for (uint32_t i = 0; i < e->symbol_count; i++) {
        FUZZ_CHECK(e->symbols[i].address >= last);
        last = e->symbols[i].address;
        for (const char *p = e->symbols[i].name; *p; p++)
            FUZZ_CHECK((const uint8_t *)p < data + size);
    }
    (void)elf_least_memory(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct why w = {{0}};
    struct elf_image e;

    if (elf_read(&e, data, size, &w))
        check(&e, data, size);
    else
        FUZZ_CHECK(w.text[0]);
    elf_free(&e);
    return 0;
}
