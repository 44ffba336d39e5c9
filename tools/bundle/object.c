/* SPDX-License-Identifier: MIT */
/* Objects; see object.h. The header, one record, then the contents. */
#include "object.h"

#include <string.h>

#include "elf64.h"
#include "files.h"
#include "record.h"
#include "scree/layout.h"

#define PAGE      ((uint64_t)SCREE_PAGE_SIZE)
#define OBJECT_AT ((uint64_t)sizeof(struct scree_bundle)) /* its one record */

/* Writes header and record where room was left for them. */
static void finish(struct buffer *out, const void *record, size_t size,
                   bool is_image)
{
    struct scree_bundle h = {.magic = SCREE_BUNDLE_MAGIC,
                             .version = SCREE_BUNDLE_VERSION,
                             .header_size = sizeof(h),
                             .size = buffer_align(out, SCREE_PAGE_SIZE),
                             .images = OBJECT_AT,
                             .modules = OBJECT_AT,
                             .domains = OBJECT_AT,
                             .image_count = is_image,
                             .module_count = !is_image};

    buffer_put(out, 0, &h, sizeof(h));
    buffer_put(out, OBJECT_AT, record, size);
}

bool object_make_image(const char *path, struct buffer *out, struct why *w)
{
    struct scree_bundle_image record;
    struct buffer file;
    struct elf_image e;
    bool good;

    if (!file_read(path, ELF_BYTES_MAX, &file, w))
        return false;
    good = elf_read(&e, file.bytes, file.size, w);
    if (good) {
        buffer_add(out, NULL, OBJECT_AT + sizeof(record));
        record_write_image(out, path, &e, &record);
        finish(out, &record, sizeof(record), true);
    }
    elf_free(&e);
    buffer_free(&file);
    return good;
}

bool object_make_files(const char *directory, struct buffer *out, struct why *w)
{
    struct scree_bundle_module record = {0};

    record_label(record.name, directory);
    buffer_add(out, NULL, OBJECT_AT + sizeof(record));
    record.offset = buffer_align(out, SCREE_PAGE_SIZE);
    if (!files_pack(directory, out, w))
        return false;
    record.size = out->size - record.offset;
    finish(out, &record, sizeof(record), false);
    return true;
}

/* As elf_least_memory(), of a record. False if it has no good segment. */
static bool least_memory(const struct scree_bundle_image *m, uint64_t *least)
{
    uint64_t end = SCREE_IMAGE_BASE, stack, asked;

    if (!m->segment_count || m->segment_count > SCREE_SEGMENTS ||
        m->stack_bytes > SCREE_GUEST_END || m->min_memory > SCREE_GUEST_END)
        return false;
    for (uint32_t i = 0; i < m->segment_count; i++) {
        const struct scree_segment *s = &m->segments[i];
        if (s->address < end || s->address > SCREE_GUEST_END ||
            s->memory_size > SCREE_GUEST_END - s->address)
            return false;
        end = (s->address + s->memory_size + PAGE - 1) & ~(PAGE - 1);
    }
    stack = (m->stack_bytes + PAGE - 1) & ~(PAGE - 1);
    asked = (m->min_memory + PAGE - 1) & ~(PAGE - 1);
    *least = end - SCREE_IMAGE_BASE + stack;
    if (*least < asked)
        *least = asked;
    return true;
}

static bool look_image(const uint8_t *record, struct object_facts *f)
{
    struct scree_bundle_image m;

    memcpy(&m, record, sizeof(m));
    f->is_image = true;
    memcpy(f->name, m.name, sizeof(f->name));
    return least_memory(&m, &f->least_memory);
}

bool object_look(const uint8_t *bytes, size_t there, uint64_t size,
                 struct object_facts *f, struct why *w)
{
    struct scree_bundle h;
    uint64_t at;

    *f = (struct object_facts){0};
    if (there < sizeof(h) || there > size)
        return why_set(w, "too short for an object");
    memcpy(&h, bytes, sizeof(h));
    if (h.magic != SCREE_BUNDLE_MAGIC || h.version != SCREE_BUNDLE_VERSION ||
        h.header_size != sizeof(h) || h.size != size)
        return why_set(w, "not an object of this version of scree");
    if (h.image_count + (uint64_t)h.module_count != 1 || h.domain_count)
        return why_set(w, "not an object: it holds more than one thing");
    at = h.image_count ? h.images : h.modules;
    if (at > there ||
        there - at < (h.image_count ? sizeof(struct scree_bundle_image)
                                    : sizeof(struct scree_bundle_module)))
        return why_set(w, "damaged: its record is outside");
    if (h.image_count && !look_image(bytes + at, f))
        return why_set(w, "damaged: a segment is not in order");
    if (!h.image_count)
        memcpy(f->name, bytes + at, sizeof(f->name));
    f->name[sizeof(f->name) - 1] = 0;
    return true;
}
