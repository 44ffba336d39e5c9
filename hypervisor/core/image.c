/* SPDX-License-Identifier: MIT */
/*
 * Mapping images and modules into domains. Each mapping takes a reference to
 * the bundle's frame, so the bytes live as long as anybody sees them. The
 * bundle pads a segment's last page with zeros: copy-on-write of that page
 * gives data and the beginning of bss at once.
 */
#include "core/image.h"

#include "base/string.h"
#include "core/space.h"
#include "scree/xen.h"

void content_read(const struct content *c, uint64_t offset, void *to, size_t n)
{
    char *out = to;

    while (n > 0) {
        uint64_t in_page = offset & PAGE_MASK;
        size_t k = min_u64(n, PAGE_SIZE - in_page);
        mfn_t m = content_frame(c, offset >> PAGE_SHIFT);

        memcpy(out, (const char *)machine_frame(m) + in_page, k);
        out += k;
        offset += k;
        n -= k;
    }
}

/* ------------------------------------------------------------- mapping */

static gfn_t segment_gfn(const struct scree_segment *g)
{
    return gva_gfn(gva(g->address));
}

static gfn_t segment_end(const struct scree_segment *g)
{
    return gfn(segment_gfn(g).n + pages(g->memory_size));
}

/* Some pages of a content, and how they are seen. */
struct part {
    const struct content *content;
    uint64_t first, count;
    uint8_t rights;
    enum space_soft soft;
};

/* One reference for each frame. */
static int map_part(struct space *s, gfn_t at, const struct part *p)
{
    for (uint64_t i = 0; i < p->count; i++) {
        mfn_t m = content_frame(p->content, p->first + i);
        int result;

        if (frame_get(s->frames, m, FRAME_SHARED))
            return -XEN_ENOMEM;
        result = space_map(s, gfn(at.n + i), m, p->rights, p->soft);
        if (result) {
            frame_put(s->frames, s->quota, m);
            return result;
        }
    }
    return 0;
}

/* Of p's pages, those that are also in [from, from + most). */
static struct part cut(struct part p, uint64_t from, uint64_t most)
{
    uint64_t skipped = min_u64(from, p.count);

    p.first += skipped;
    p.count = min_u64(p.count - skipped, most);
    return p;
}

static bool fits(const struct scree_segment *g, const struct space *s)
{
    return segment_gfn(g).n >= s->ram_start.n &&
           segment_end(g).n <= s->ram_end.n;
}

static struct part segment_part(const struct image *i,
                                const struct scree_segment *g)
{
    struct part p = {.content = &i->content,
                     .first = g->offset >> PAGE_SHIFT,
                     .count = pages(g->file_size),
                     .rights = MAP_READ,
                     .soft = SOFT_SHARED};

    if (g->flags & SCREE_SEGMENT_WRITE)
        p.soft = SOFT_COW;
    if (g->flags & SCREE_SEGMENT_EXEC)
        p.rights |= MAP_EXEC;
    return p;
}

int image_map(const struct image *i, struct space *s, uint64_t from,
              uint64_t most)
{
    for (uint32_t k = 0; k < i->record->segment_count; k++) {
        const struct scree_segment *g = &i->record->segments[k];
        struct part all = segment_part(i, g), p = cut(all, from, most);
        int result;

        if (!fits(g, s))
            return -XEN_EINVAL;
        result = map_part(s, gfn(segment_gfn(g).n + p.first - all.first), &p);
        if (result)
            return result;
        from -= min_u64(from, all.count);
        most -= p.count;
    }
    return 0;
}

uint64_t image_pages(const struct image *i)
{
    uint64_t n = 0;

    for (uint32_t k = 0; k < i->record->segment_count; k++)
        n += pages(i->record->segments[k].file_size);
    return n;
}

int module_map(const struct module *m, struct space *s, gfn_t at, uint64_t from,
               uint64_t most)
{
    const struct part all = {.content = &m->content,
                             .first = m->record->offset >> PAGE_SHIFT,
                             .count = module_pages(m),
                             .rights = MAP_READ,
                             .soft = SOFT_SHARED};
    struct part p = cut(all, from, most);

    return map_part(s, gfn(at.n + p.first - all.first), &p);
}

uint64_t module_pages(const struct module *m)
{
    return pages(m->record->size);
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

/* ------------------------------------------------------------- symbols */

static struct scree_symbol symbol_at(const struct image *i, uint32_t n)
{
    struct scree_symbol y;

    content_read(&i->content, i->record->symbols + n * sizeof(y), &y,
                 sizeof(y));
    return y;
}

/* How many symbols begin at or before a. */
static uint32_t symbols_up_to(const struct image *i, uint64_t a)
{
    uint32_t low = 0, high = i->record->symbol_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (symbol_at(i, middle).address <= a)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool image_symbol(const struct image *i, uint64_t a,
                  char name[IMAGE_SYMBOL_MAX], uint64_t *offset)
{
    const struct scree_bundle_image *r = i->record;
    uint32_t n = symbols_up_to(i, a);
    struct scree_symbol y;

    if (n == 0)
        return false;
    y = symbol_at(i, n - 1);
    if (y.size != 0 && a - y.address >= y.size)
        return false;
    *offset = a - y.address;
    n = (uint32_t)min_u64(r->strings_size - y.name, IMAGE_SYMBOL_MAX - 1);
    content_read(&i->content, r->strings + y.name, name, n);
    name[n] = '\0';
    return true;
}
