/* SPDX-License-Identifier: MIT */
/*
 * Shows a bundle for people. It may come from anywhere, so its tables are
 * checked before they are read; what the hypervisor checks beyond that (rights,
 * order, memory) is the hypervisor's business.
 */
#include <inttypes.h>
#include <string.h>

#include "bundle.h"

struct view {
    const uint8_t *bytes;
    size_t size;
    struct scree_bundle header;
};

static bool table_fits(const struct view *v, uint64_t offset, uint64_t count,
                       size_t each)
{
    return offset <= v->size && count <= (v->size - offset) / each;
}

static bool check_header(struct view *v, struct why *w)
{
    const struct scree_bundle *h = &v->header;

    if (v->size < sizeof(*h))
        return why_set(w, "too short for a bundle");
    memcpy(&v->header, v->bytes, sizeof(v->header));
    if (h->magic != SCREE_BUNDLE_MAGIC)
        return why_set(w, "not a scree bundle");
    if (h->version != SCREE_BUNDLE_VERSION || h->header_size != sizeof(*h))
        return why_set(w, "a bundle of version %" PRIu32 ", this tool knows %d",
                       h->version, SCREE_BUNDLE_VERSION);
    if (h->size != v->size)
        return why_set(w, "cut short: %zu bytes of %" PRIu64, v->size, h->size);
    if (!table_fits(v, h->images, h->image_count,
                    sizeof(struct scree_bundle_image)) ||
        !table_fits(v, h->modules, h->module_count,
                    sizeof(struct scree_bundle_module)) ||
        !table_fits(v, h->domains, h->domain_count,
                    sizeof(struct scree_domain_config)))
        return why_set(w, "damaged: a table is outside the file");
    return true;
}

static const char *rights(uint32_t flags)
{
    if (flags & SCREE_SEGMENT_EXEC)
        return "r-x";
    return flags & SCREE_SEGMENT_WRITE ? "rw-" : "r--";
}

static void print_image(const struct view *v, uint32_t i, FILE *out)
{
    struct scree_bundle_image m;
    uint32_t count;

    memcpy(&m, v->bytes + v->header.images + i * sizeof(m), sizeof(m));
    fprintf(out,
            "image %" PRIu32 " %.*s: entry 0x%" PRIx64 ", ABI %" PRIu32
            ".%" PRIu32 ", at least %" PRIu64 " bytes, stack %" PRIu64
            ", %" PRIu32 " symbols\n",
            i, SCREE_NAME_MAX - 1, m.name, m.entry, m.abi_major, m.abi_minor,
            m.min_memory, m.stack_bytes, m.symbol_count);
    count = m.segment_count < SCREE_SEGMENTS ? m.segment_count : SCREE_SEGMENTS;
    for (uint32_t s = 0; s < count; s++)
        fprintf(out,
                "  %s 0x%" PRIx64 " memory 0x%" PRIx64 " file 0x%" PRIx64
                " at 0x%" PRIx64 "\n",
                rights(m.segments[s].flags), m.segments[s].address,
                m.segments[s].memory_size, m.segments[s].file_size,
                m.segments[s].offset);
}

static void print_module(const struct view *v, uint32_t i, FILE *out)
{
    struct scree_bundle_module m;

    memcpy(&m, v->bytes + v->header.modules + i * sizeof(m), sizeof(m));
    fprintf(out,
            "module %" PRIu32 " %.*s: %" PRIu64 " bytes at 0x%" PRIx64 "\n", i,
            SCREE_NAME_MAX - 1, m.name, m.size, m.offset);
}

static void print_domain(const struct view *v, uint32_t i, FILE *out)
{
    static const char *const ends[] = {"destroy", "restart", "preserve"};
    struct scree_domain_config d;

    memcpy(&d, v->bytes + v->header.domains + i * sizeof(d), sizeof(d));
    fprintf(out,
            "domain %.*s: image %" PRIu32 ", memory %" PRIu64
            "K, weight %" PRIu32 ", group %" PRIu32 ", on_crash %s",
            SCREE_NAME_MAX - 1, d.name, d.image, d.memory >> 10, d.weight,
            d.group, d.on_crash < 3 ? ends[d.on_crash] : "?");
    if (d.module != SCREE_NO_MODULE)
        fprintf(out, ", module %" PRIu32, d.module);
    if (d.ipv4)
        fprintf(out, ", address %s", address_text(d.ipv4).text);
    if (d.net_rate)
        fprintf(out, ", net-rate %" PRIu64, d.net_rate);
    if (d.cmdline[0])
        fprintf(out, ", cmdline '%.*s'", SCREE_CMDLINE_MAX - 1, d.cmdline);
    fputc('\n', out);
}

bool bundle_print(const uint8_t *bytes, size_t size, FILE *out, struct why *w)
{
    struct view v = {.bytes = bytes, .size = size};
    const struct scree_bundle *h = &v.header;

    if (!check_header(&v, w))
        return false;
    fprintf(out, "bundle: %" PRIu64 " bytes, network %s/%" PRIu32, h->size,
            address_text(h->network).text, h->prefix);
    fprintf(out, ", gateway %s", address_text(h->gateway).text);
    fprintf(out, ", resolver %s, seed %s\n", address_text(h->resolver).text,
            h->seed[0] | h->seed[1] | h->seed[2] | h->seed[3] ? "yes" : "no");
    for (uint32_t i = 0; i < h->image_count; i++)
        print_image(&v, i, out);
    for (uint32_t i = 0; i < h->module_count; i++)
        print_module(&v, i, out);
    for (uint32_t i = 0; i < h->domain_count; i++)
        print_domain(&v, i, out);
    return true;
}
