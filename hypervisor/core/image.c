/* SPDX-License-Identifier: MIT */
/*
 * Mapping images and modules into domains. Each mapping takes a reference to
 * the bundle's frame, so the bytes live as long as anybody sees them. The
 * bundle pads a segment's last page with zeros: copy-on-write of that page
 * gives data and the beginning of bss at once.
 */
#include "core/image.h"

#include "core/space.h"
#include "scree/xen.h"

static gfn_t segment_gfn(const struct scree_segment *g)
{
    return gva_gfn(gva(g->address));
}

static gfn_t segment_end(const struct scree_segment *g)
{
    return gfn(segment_gfn(g).n + pages(g->memory_size));
}

/* n frames from `first` on, one reference each. */
static int map_frames(struct space *s, gfn_t at, mfn_t first, uint64_t n,
                      uint8_t rights, enum space_soft soft)
{
    for (uint64_t i = 0; i < n; i++) {
        mfn_t m = mfn(first.n + i);
        int result;

        if (frame_get(s->frames, m, FRAME_SHARED))
            return -XEN_ENOMEM;
        result = space_map(s, gfn(at.n + i), m, rights, soft);
        if (result) {
            frame_put(s->frames, s->quota, m);
            return result;
        }
    }
    return 0;
}

static int map_segment(const struct image *i, const struct scree_segment *g,
                       struct space *s)
{
    mfn_t first = mfn(i->first.n + (g->offset >> PAGE_SHIFT));
    uint64_t n = pages(g->file_size);

    if (segment_gfn(g).n < s->ram_start.n || segment_end(g).n > s->ram_end.n)
        return -XEN_EINVAL;
    if (g->flags & SCREE_SEGMENT_WRITE)
        return map_frames(s, segment_gfn(g), first, n, MAP_READ, SOFT_COW);
    if (g->flags & SCREE_SEGMENT_EXEC)
        return map_frames(s, segment_gfn(g), first, n, MAP_READ | MAP_EXEC,
                          SOFT_SHARED);
    return map_frames(s, segment_gfn(g), first, n, MAP_READ, SOFT_SHARED);
}

int image_map(struct image *i, struct space *s)
{
    for (uint32_t k = 0; k < i->record->segment_count; k++) {
        int result = map_segment(i, &i->record->segments[k], s);

        if (result)
            return result;
    }
    return 0;
}

int module_map(struct module *m, struct space *s, gfn_t at)
{
    return map_frames(s, at, m->first, pages(m->record->size), MAP_READ,
                      SOFT_SHARED);
}

uint64_t image_shared_pages(const struct image *i)
{
    uint64_t n = 0;

    for (uint32_t k = 0; k < i->record->segment_count; k++) {
        const struct scree_segment *g = &i->record->segments[k];

        if (!(g->flags & SCREE_SEGMENT_WRITE))
            n += pages(g->file_size);
    }
    return n;
}

gfn_t image_end(const struct image *i)
{
    uint32_t count = i->record->segment_count;

    if (count == 0)
        return gva_gfn(gva(SCREE_IMAGE_BASE));
    return segment_end(&i->record->segments[count - 1]);
}

/* How many symbols begin at or before a. */
static uint32_t symbols_up_to(const struct scree_symbol *symbols,
                              uint32_t count, uint64_t a)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (symbols[middle].address <= a)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const char *image_symbol(const struct image *i, uint64_t a, uint64_t *offset)
{
    const struct scree_bundle_image *r = i->record;
    const struct scree_symbol *symbols, *y;
    const void *table;
    uint32_t n;

    if (r->symbol_count == 0)
        return NULL;
    table = i->base + r->symbols;
    symbols = table;
    n = symbols_up_to(symbols, r->symbol_count, a);
    if (n == 0)
        return NULL;
    y = &symbols[n - 1];
    if (y->size != 0 && a - y->address >= y->size)
        return NULL;
    *offset = a - y->address;
    return i->base + r->strings + y->name;
}
