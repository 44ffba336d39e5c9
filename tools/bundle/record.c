/* SPDX-License-Identifier: MIT */
/* The records of one image or module; see record.h. */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "scree/layout.h"
#include "value.h"

void record_label(char name[SCREE_NAME_MAX], const char *path)
{
    size_t length;
    const char *base = value_base(path, &length);

    if (length >= SCREE_NAME_MAX)
        length = SCREE_NAME_MAX - 1;
    memset(name, 0, SCREE_NAME_MAX);
    memcpy(name, base, length);
}

static void write_segment(struct buffer *out, const struct elf_segment *from,
                          struct scree_segment *to)
{
    *to = (struct scree_segment){.address = from->address,
                                 .file_size = from->file_size,
                                 .memory_size = from->memory_size,
                                 .flags = from->flags};
    if (!from->file_size)
        return;
    to->offset = buffer_align(out, SCREE_PAGE_SIZE);
    buffer_add(out, NULL, from->lead);
    buffer_add(out, from->bytes, from->file_size - from->lead);
    buffer_align(out, SCREE_PAGE_SIZE);
}

static void write_symbols(struct buffer *out, const struct elf_image *e,
                          struct scree_bundle_image *to)
{
    struct scree_symbol *table = must_alloc(e->symbol_count, sizeof(*table));
    struct buffer strings = {0};

    for (uint32_t i = 0; i < e->symbol_count; i++) {
        const struct elf_symbol *s = &e->symbols[i];
        table[i].address = s->address;
        table[i].size = s->size;
        table[i].name =
            (uint32_t)buffer_add(&strings, s->name, strlen(s->name) + 1);
    }
    buffer_add(&strings, "", 1);
    to->symbol_count = e->symbol_count;
    to->symbols = buffer_align(out, SCREE_PAGE_SIZE);
    buffer_add(out, table, e->symbol_count * sizeof(*table));
    to->strings = buffer_add(out, strings.bytes, strings.size);
    to->strings_size = strings.size;
    buffer_free(&strings);
    free(table);
}

void record_write_image(struct buffer *out, const char *path,
                        const struct elf_image *e,
                        struct scree_bundle_image *to)
{
    *to = (struct scree_bundle_image){.entry = e->entry,
                                      .min_memory = e->note.min_memory,
                                      .stack_bytes = e->note.stack_bytes,
                                      .abi_major = e->note.abi_major,
                                      .abi_minor = e->note.abi_minor,
                                      .segment_count = e->segment_count};
    record_label(to->name, path);
    for (uint32_t i = 0; i < e->segment_count; i++)
        write_segment(out, &e->segments[i], &to->segments[i]);
    write_symbols(out, e, to);
}
